"""Shared threat: states draw together against what threatens both.

Threat grows with hostility, capability and proximity (Walt 1987). Sharing enemies makes pairs both friends and foes
more often (Maoz et al. 2007), so nothing here is a law.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight("a threat in common")
    reference = reference(0.15, "threat")


def motive(scene: Scene, p: Params) -> Array:
    """Sum over third states of the geometric mean of the threats they pose to i and j, (R, N, N), symmetric."""
    threat = scene.foes * np.sqrt(scene.share)[:, None, :]
    threat *= scene.given.proximity
    threat += scene.drivers.hostility
    np.sqrt(threat, out=threat)
    return threat @ threat.swapaxes(1, 2)
