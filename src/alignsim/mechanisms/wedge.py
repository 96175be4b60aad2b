"""Wedge: relief or reward offered to one partner for distance from the other (Crawford 2011)."""

from __future__ import annotations

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight("an offer made for distance from a partner")
    reference = reference(1.0, "strength of the offer")


def motive(scene: Scene, p: Params) -> Array:
    """Minus what i is offered for distance from j, (1|R, N, N)."""
    return -scene.drivers.offer
