"""Substitution: other patrons within reach make this one less needed.

Patrons are counted by what they trade and deliver, and by how friendly they are, not by their size in the world.
"""

from __future__ import annotations

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight

FLOOR = 0.5
"""TIV a month below which an arms import share means little."""


class Params(BaseParams):
    weight = weight("other patrons within reach")
    reference = reference(0.25, "share of trade and arms")


def motive(scene: Scene, p: Params) -> Array:
    """Minus the trade and arms shares of all friends but j, (R, N, N)."""
    reach = scene.received / (scene.received.sum(axis=2, keepdims=True) + FLOOR)
    reach += scene.trade_share
    reach *= 0.5
    reach *= scene.friends
    return reach - reach.sum(axis=2, keepdims=True)
