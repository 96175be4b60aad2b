"""Cross-pressure: my friend's foe, my foe's friend. Structural balance, second half, and what pulls hedgers back."""

from __future__ import annotations

from alignsim.arrays import Array, transpose
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight("friends who are the partner's foes, or foes who are its friends,")
    reference = reference(0.3, "share of world output")


def friction(friends: Array, foes: Array, share: Array) -> Array:
    """Capability-weighted friends of i that are foes of j, (R, N, N)."""
    return (friends * share[:, None, :]) @ foes


def motive(scene: Scene, p: Params) -> Array:
    """Minus the friction both ways, (R, N, N), symmetric."""
    return -(scene.friction + transpose(scene.friction))
