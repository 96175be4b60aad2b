"""Shared friends: the friend of my friend. Structural balance, first half (Heider 1946)."""

from __future__ import annotations

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight("friends in common")
    reference = reference(0.3, "share of world output")


def motive(scene: Scene, p: Params) -> Array:
    """Capability-weighted friends in common, (R, N, N), symmetric."""
    return (scene.friends * scene.share[:, None, :]) @ scene.friends
