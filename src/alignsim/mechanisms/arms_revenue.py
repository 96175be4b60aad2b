"""Arms revenue: what selling does to the seller: income and influence, or depletion and exposure; a contested sign."""

from __future__ import annotations

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.priors import Normal
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight(
        "arms sold",
        default=0.0,
        signed=Normal(0.0, 0.15),
        source="expert judgement, -0.3 to 0.3: revenue against depletion",
    )
    reference = reference(0.25, "share of export capacity")


def motive(scene: Scene, p: Params) -> Array:
    """Deliveries of i to j against i's capacity, (R, N, N) in 0..1."""
    return scene.stream / (scene.stream + scene.capacity[:, :, None])
