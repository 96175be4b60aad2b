"""Armament: the partner that fills an arsenal, the more so the larger the need.

Arms follow shared threat and the client's lack of means of its own (Yarhi-Milo, Lanoszka and Cooper 2016).
"""

from __future__ import annotations

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight

SCALE = 0.5
"""TIV a month that would satisfy a state with no need."""


class Params(BaseParams):
    weight = weight("arms received")
    reference = reference(0.5, "share of need met")


def motive(scene: Scene, p: Params) -> Array:
    """Share of i's need that j's deliveries meet, (R, N, N) in 0..1."""
    return scene.received / (scene.received + (scene.need[:, :, None] + SCALE))
