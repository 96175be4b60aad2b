"""Stigma: being seen with the condemned costs a state its standing with the accusers, most of all with friends there.

A small diffuse part is paid by everyone, estranged states included: third parties and publics at home watch too.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, clear_diagonal
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Beta
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    diffuse = param(
        0.15,
        low=0.0,
        high=1.0,
        unit="alignment",
        signed=Beta(2, 10),
        source="expert judgement, 0.02 to 0.4",
        doc="Cost that is paid even by a state that is no friend of the accuser, in units of friendship.",
    )
    weight = weight("standing lost by dealing with the condemned")
    reference = reference(0.25, "condemnation")


def motive(scene: Scene, p: Params) -> Array:
    """Minus the accusers of j that i cares for, by weight, (R, N, N); a state does not stigmatise itself."""
    care = clear_diagonal(scene.friends + p.diffuse)
    return -np.matmul(care, scene.accusers)
