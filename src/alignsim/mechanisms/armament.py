"""Armament: the partner that fills an arsenal, the more so the larger the need (Yarhi-Milo, Lanoszka and Cooper 2016)."""

from __future__ import annotations

from alignsim.arrays import Array, transpose
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
    received = transpose(scene.stream)
    return received / (received + scene.need[:, :, None] + SCALE)
