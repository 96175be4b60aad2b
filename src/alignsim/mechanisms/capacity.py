"""Output: what trade losses, sanctions' drag and war take from a state, and its worth as a partner.

Losses through trade follow from the change of the home share (Arkolakis, Costinot and Rodríguez-Clare 2012). The drag
of sanctions beyond trade accumulates slowly and heals slowly, as growth losses of 2-3 points a year over ten years
(Neuenkirch and Neumeier 2015) ask for.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import OUTPUT_BOUNDS, Array
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import HalfNormal, LogNormal
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    adjustment = param(
        0.08,
        low=0.0,
        high=1.0,
        unit="per month",
        source="expert judgement, 0.04 to 0.15: trade shocks are passed through within a year",
        doc="Speed at which output answers a loss of trade.",
    )
    recovery = param(
        0.01,
        low=0.0,
        high=0.2,
        unit="per month",
        source="expert judgement, 0.005 to 0.02; effects last about 8 years (GSDB, Syropoulos et al. 2024)",
        doc="Speed at which damage heals.",
    )
    drag = param(
        0.0015,
        low=0.0,
        high=0.02,
        unit="log output per month",
        signed=LogNormal(0.0015, 0.6),
        source="Neuenkirch and Neumeier 2015: 0.5 to 3.5 points of growth a year",
        doc="Monthly drag under the full coalition's sanctions, beyond lost trade.",
    )
    war_drag = param(
        0.0007,
        low=0.0,
        high=0.02,
        unit="log output per month",
        signed=HalfNormal(0.001),
        source="expert judgement, 0 to 0.002",
        doc="Monthly drag of a full war.",
    )
    weight = weight("a partner's growth or decline")
    reference = reference(0.1, "log output")


def loss(home: Array, home_at_eve: Array, elasticity: Array) -> Array:
    """Log output lost by trading less with others, (R, N); negative is a gain."""
    return np.log(home / home_at_eve) / elasticity[..., 0]


def output(shortfall: Array, damage: Array) -> Array:
    """Log output relative to the eve, (R, N)."""
    return np.clip(shortfall + damage, *OUTPUT_BOUNDS)


def motive(scene: Scene, p: Params) -> Array:
    """The partner's log output relative to the eve, (R, 1, N)."""
    return scene.output[:, None, :]
