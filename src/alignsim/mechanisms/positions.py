"""Positions: states hold to their own views, listen to capable friends, and may defy or appease those who condemn them.

Friedkin and Johnsen (1990) on every issue. Whether condemned states move away from their accusers' line depends on the
state: votes diverge after costly sanctions (Adhikari, Jeong and Peksen 2022), those of the aid-dependent converge
(Lektzian and Biglaiser 2023), so `defiance` has no fixed sign.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Beta, LogNormal, Normal


class Params(BaseParams):
    pull = param(
        0.02,
        low=0.0,
        high=0.5,
        unit="per month",
        signed=LogNormal(0.02, 0.5),
        source="expert judgement, 0.007 to 0.05",
        doc="Speed at which a position follows its social equilibrium.",
    )
    stubbornness = param(
        0.8,
        low=0.05,
        high=1.0,
        unit="share",
        signed=Beta(8, 2),
        source="expert judgement, 0.5 to 0.95",
        doc="Weight of one's own view against friends'.",
    )
    defiance = param(
        0.01,
        low=-0.1,
        high=0.1,
        unit="per month",
        each="state",
        signed=Normal(0.01, 0.012),
        sceptical=Normal(0.0, 0.012),
        source="Adhikari et al. 2022 (+), Lektzian and Biglaiser 2023 (-)",
        doc="Move away from the line of those who condemn the state, on the first issue.",
    )
    noise = param(
        0.03,
        low=0.0,
        high=0.5,
        unit="per square root of a year",
        signed=LogNormal(0.03, 0.4),
        source="computed: state innovations of UN ideal points, 0.12 a year on a scale of 3.5",
        doc="Unexplained moves of a position.",
    )


def heard(position: Array, friends: Array, share: Array) -> Array:
    """Mean view of those each state listens to, (R, N, D): its friends, by capability; itself if it has none."""
    size = share[:, :, None]
    voices = friends @ np.concatenate([size * position, size], axis=2)
    total = voices[..., -1:]
    alone = total <= 0.0
    if alone.any():
        total = np.where(alone, 1.0, total)
        return np.where(alone, position, voices[..., :-1] / total)
    return voices[..., :-1] / total


def innate(position: Array, friends: Array, share: Array, p: Params) -> Array:
    """The views (R, N, D) that make the given positions stand still among the given friends."""
    return (position - (1.0 - p.stubbornness) * heard(position, friends, share)) / p.stubbornness


def update(
    position: Array,
    innate: Array,
    friends: Array,
    share: Array,
    accused: Array,
    noise: Array,
    p: Params,
) -> Array:
    """Positions after this month, (R, N, D) in -1..1.

    accused (1|R, N, N) is the change since the eve of condemnation [by, on], weighted by the accuser's share of the
    coalition; noise (R, N, D) is standard normal.
    """
    listened = (1.0 - p.stubbornness) * heard(position, friends, share)
    social = listened + p.stubbornness * innate - position
    room = 1.0 - position * position
    moved = position + p.pull * social + p.noise * (1.0 / np.sqrt(12.0)) * noise * room
    line = position[..., 0]
    away = np.matmul(line[:, None, :], accused)[:, 0] - accused.sum(axis=1) * line
    moved[..., 0] -= p.defiance[..., 0] * away * room[..., 0]
    return np.minimum(np.maximum(moved, -1.0, out=moved), 1.0, out=moved)
