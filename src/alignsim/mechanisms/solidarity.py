"""Solidarity of the sanctioned: the direct effect that the founding claim would need. Off in every shipped belief.

Among co-sanctioned pairs since 1992 it is near zero once state-years are taken out, so it is a diagnostic, not a
mechanism: switching it on answers "how strong would it have to be?".
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, clear_diagonal
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight(
        "being isolated together",
        default=0.0,
        signed=None,
        sceptical=None,
        source="computed: co-sanctioned pairs 1992-2022 show -0.03 (0.02) and 0.00 (0.03) on UN distance",
    )
    reference = reference(0.5, "isolation")


def motive(scene: Scene, p: Params) -> Array:
    """Geometric mean of both states' isolation, (R, N, N), symmetric."""
    root = np.sqrt(scene.isolation)
    return clear_diagonal(root[:, :, None] * root[:, None, :])
