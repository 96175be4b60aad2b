"""Diplomacy: a meeting or a treaty lifts a tie and fades."""

from __future__ import annotations

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import HalfNormal, Normal
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    decay = param(
        0.9,
        low=0.0,
        high=1.0,
        unit="per month",
        source="expert judgement, 0.8 to 0.97",
        doc="Share of a meeting's lift that is left a month later.",
    )
    weight = weight(
        "meetings and treaties",
        default=0.03,
        signed=HalfNormal(0.05),
        sceptical=Normal(0.0, 0.05),
        source="expert judgement, 0 to 0.1: summits are mostly effects, not causes",
    )
    reference = reference(1.0, "strength of a meeting")


def motive(scene: Scene, p: Params) -> Array:
    """What is left of meetings between i and j, (R, N, N), symmetric."""
    return scene.pulse
