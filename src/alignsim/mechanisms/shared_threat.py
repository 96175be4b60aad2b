"""Shared threat: states draw together against what threatens both.

Threat grows with hostility, capability and proximity (Walt 1987). Sharing enemies makes pairs both friends and foes
more often (Maoz et al. 2007), so nothing here is a law. A threat below the threshold of attention counts in proportion
and one above it with its root: with the root alone, ties near zero would answer any nudge without bound.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    threshold = param(
        0.1,
        low=0.001,
        high=2.0,
        unit="threat",
        source="expert judgement, 0.03 to 0.3; a distant great power seen as a foe at -0.3 poses about 0.06",
        doc="Threat at which a state begins to take full notice.",
    )
    weight = weight("a threat in common")
    reference = reference(0.25, "alarm shared")


def motive(scene: Scene, p: Params) -> Array:
    """Sum over third states of the product of how much they alarm i and j, (R, N, N), symmetric."""
    threat = scene.foes * np.sqrt(scene.share)[:, None, :]
    threat *= scene.given.proximity
    threat += scene.drivers.hostility
    threat /= np.sqrt(threat + p.threshold)
    return threat @ threat.swapaxes(1, 2)
