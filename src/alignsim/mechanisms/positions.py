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


def listening(friends: Array, share: Array) -> Array:
    """Whom each state listens to, (R, N, N), rows summing to 1; a state with no friends listens to itself."""
    weights = friends * share[:, None, :]
    total = weights.sum(axis=2, keepdims=True)
    alone = total[..., 0] <= 0.0
    weights /= np.where(total > 0.0, total, 1.0)
    if alone.any():
        run, state = np.nonzero(alone)
        weights[run, state, state] = 1.0
    return weights


def innate(position: Array, friends: Array, share: Array, p: Params) -> Array:
    """The views (R, N, D) that make the given positions stand still among the given friends."""
    heard = listening(friends, share) @ position
    return (position - (1.0 - p.stubbornness) * heard) / p.stubbornness


def update(
    position: Array,
    innate: Array,
    friends: Array,
    share: Array,
    accusation: Array,
    weight: Array,
    noise: Array,
    p: Params,
) -> Array:
    """Positions after this month, (R, N, D) in -1..1.

    accusation (1|R, N, N) is the change of condemnation [by, on] since the eve, weight (N,) the senders', noise
    (R, N, D) standard normal.
    """
    social = (
        (1.0 - p.stubbornness) * (listening(friends, share) @ position) + p.stubbornness * innate - position
    )
    room = 1.0 - position * position
    moved = position + p.pull * social + p.noise * (1.0 / np.sqrt(12.0)) * noise * room
    line = position[..., 0]
    accused = weight[:, None] * accusation
    toward = np.einsum("rsi,rs->ri", np.broadcast_to(accused, (len(line), *accused.shape[1:])), line)
    toward -= accused.sum(axis=1) * line
    moved[..., 0] -= p.defiance[..., 0] * toward * room[..., 0]
    return np.clip(moved, -1.0, 1.0)
