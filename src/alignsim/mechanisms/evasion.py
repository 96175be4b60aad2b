"""Evasion: targets learn to evade, teach one another through trade with friends, and forget.

Learning by the sanctioned and from the sanctioned is the claim behind "share knowledge on how to evade sanctions";
that re-exports undo 5-10 % of lost trade (Chupilkin, Javorcik and Plekhanov 2023) and deflection two thirds (Haidar
2017) brackets the ceiling.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Beta, LogNormal
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    ceiling = param(
        0.33,
        low=0.0,
        high=0.95,
        unit="share",
        signed=Beta(2, 4),
        source="Chupilkin et al. 2023 (5-10 %) to Haidar 2017 (two thirds) as brackets",
        doc="Share of a sanction that full know-how undoes.",
    )
    learning = param(
        0.02,
        low=0.0,
        high=0.5,
        unit="per month",
        signed=LogNormal(0.02, 0.5),
        source="expert judgement, 0.007 to 0.05",
        doc="Learning by a fully isolated state.",
    )
    diffusion = param(
        0.04,
        low=0.0,
        high=1.0,
        unit="per month",
        signed=LogNormal(0.04, 0.5),
        source="expert judgement, 0.015 to 0.11",
        doc="Learning from friends that trade and know more.",
    )
    forgetting = param(
        0.01,
        low=0.0,
        high=0.2,
        unit="per month",
        signed=LogNormal(0.01, 0.5),
        source="expert judgement, 0.004 to 0.03",
        doc="Know-how lost when it is not used.",
    )
    weight = weight("a partner that knows how to evade what I face")
    reference = reference(0.25, "know-how times isolation")


def motive(scene: Scene, p: Params) -> Array:
    """What j could teach an isolated i: (K_j - K_i)+ times i's isolation, (R, N, N) in 0..1."""
    lesson = np.zeros_like(scene.friends)
    isolated = np.flatnonzero(scene.isolation.any(axis=0))
    lesson[:, isolated] = _gap(scene.know_how, isolated) * scene.isolation[:, isolated, None]
    return lesson


def change(know_how: Array, isolation: Array, friends: Array, trade_share: Array, p: Params) -> Array:
    """Monthly change of know-how (R, N) before the drift of the eve is taken off."""
    learning, diffusion, forgetting = p.learning[..., 0], p.diffusion[..., 0], p.forgetting[..., 0]
    isolated = np.flatnonzero(isolation.any(axis=0))  # others learn nothing
    contact = np.sqrt(trade_share[:, isolated])
    contact *= friends[:, isolated]
    contact *= _gap(know_how, isolated)
    spread = np.zeros_like(know_how)
    spread[:, isolated] = contact.sum(axis=2)
    return isolation * (learning * (1.0 - know_how) + diffusion * spread) - forgetting * know_how


def _gap(know_how: Array, of: Any) -> Array:
    """By how much each partner knows more, (R, len(of), N)."""
    return np.maximum(know_how[:, None, :] - know_how[:, of, None], 0.0)
