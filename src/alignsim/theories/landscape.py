r"""Landscape theory: actors change sides one at a time until nobody can lower its own frustration.

Axelrod and Bennett (1993, British Journal of Political Science 23(2), 211-233). Two sides; actor i has a
size s_i and a propensity p_ij to be with j. Being apart from a friend, or together with an enemy,
frustrates:

.. math:: F_i = \sum_j s_j p_{ij} d_{ij}, \qquad E = \sum_i s_i F_i,

with d_ij = 1 when i and j are on different sides, else 0. Where p is symmetric, a switch that changes F_i
changes E by 2 s_i times as much, so energy never rises and every path ends in a local minimum.

Sides are arrays of 0 and 1 (..., N). Swapping the names of the sides changes nothing, so there are 2^(N-1)
configurations; configuration m puts actor 0 on side 0 and actor k >= 1 on side ``m >> (k - 1) & 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = Any
Descent = Literal["steepest", "random"]

LARGEST = 20
"""Most actors whose landscape is enumerated: 524,288 configurations, about 0.2 GB while it runs."""


@dataclass(frozen=True)
class Minimum:
    """A configuration that no actor would leave."""

    sides: tuple[int, ...]
    """0 or 1 for each actor; actor 0 is on side 0."""
    energy: float
    """In units of size squared times propensity."""
    basin: float
    """Configurations from which descent ends here (expected number under random descent), of 2^(N-1)."""
    share: float
    """The basin as a share of all starts, 0..1."""

    def coalitions(self, names: list[str]) -> tuple[list[str], list[str]]:
        """The names on the first actor's side, and the others, in the order given."""
        pairs = list(zip(names, self.sides, strict=True))
        return [name for name, side in pairs if side == 0], [name for name, side in pairs if side == 1]


def frustration(sides: Array, size: Array, propensity: Array) -> Array:
    """How much each actor suffers from where it stands; sides (..., N) to (..., N), size times propensity."""
    sign = 1.0 - 2.0 * np.asarray(sides)
    weight = np.asarray(propensity, float) * np.asarray(size, float)
    return 0.5 * (weight.sum(axis=1) - sign * np.einsum("ij,...j->...i", weight, sign))


def relief_of_switching(sides: Array, size: Array, propensity: Array) -> Array:
    """What each actor's frustration would fall by if it alone changed sides; (..., N), negative where it
    would rise."""
    here = frustration(sides, size, propensity)
    apart_from_all = (np.asarray(propensity, float) * np.asarray(size, float)).sum(axis=1)
    own = np.asarray(size, float) * np.diagonal(np.asarray(propensity, float))
    return 2.0 * here - (apart_from_all - own)


def energy(sides: Array, size: Array, propensity: Array) -> Array:
    """Energy of configurations (..., N) to (...): the sum of frustrations, each weighted by the actor's
    size."""
    return (np.asarray(size, float) * frustration(sides, size, propensity)).sum(axis=-1)


def same_side(sides: Array) -> Array:
    """The alignment that the theory predicts: 1 together, -1 apart, 0 with itself; (..., N) to (..., N,
    N)."""
    sign = 1.0 - 2.0 * np.asarray(sides)
    together = sign[..., :, None] * sign[..., None, :]
    return together * (1.0 - np.eye(sign.shape[-1]))


def descend(start: Array, size: Array, propensity: Array, descent: Descent = "steepest", seed: int = 0) -> Array:
    """Follow single switches, each to the switcher's own relief, from starts (R, N) until nobody wants to
    move.

    ``steepest``: the switch that lowers energy most goes first (the first-named actor on a tie).
    ``random``: any actor who would gain, with equal chance; start r draws from its own stream (seed, r), so
    a further start changes no other. Returns the final sides (R, N), actor 0 on side 0. Raises ValueError
    when propensities are not symmetric: then energy may rise and switching need not end.
    """
    joint = _joint(size, propensity)
    sides = np.array(np.atleast_2d(start), dtype=np.int8)
    tolerance = _tolerance(joint)
    streams = [_stream(seed, r) for r in range(len(sides))] if descent == "random" else []
    moving = np.arange(len(sides))
    while len(moving):
        gain = np.asarray(size, float) * relief_of_switching(sides[moving], size, propensity)
        willing = gain > tolerance
        moving, gain, willing = (part[willing.any(axis=1)] for part in (moving, gain, willing))
        if descent == "random":
            mover = [streams[r].choice(np.flatnonzero(who)) for r, who in zip(moving, willing, strict=True)]
        else:
            mover = gain.argmax(axis=1)
        sides[moving, mover] ^= 1
    return sides ^ sides[:, :1]


def minima(size: Array, propensity: Array, descent: Descent = "steepest") -> list[Minimum]:
    """Every local minimum and its exact basin, by enumeration of all 2^(N-1) configurations; lowest energy
    first.

    ``steepest`` sends each configuration to one minimum; ``random`` (any actor who gains, with equal
    chance) gives the expected basin. Both rules give the published basins of Axelrod and Bennett's Unix
    case and of Axelrod's 2016 Middle East case. Raises ValueError beyond 20 actors (use sampled_minima) or
    when propensities are not symmetric.
    """
    joint = _joint(size, propensity)
    if len(joint) > LARGEST:
        raise ValueError(
            f"{len(joint)} actors have 2^{len(joint) - 1} configurations; enumeration stops at {LARGEST}: "
            "use sampled_minima"
        )
    height, tolerance = _energies(joint), _tolerance(joint)
    steps = _neighbours(len(joint))
    bottom = _bottoms(height, steps, tolerance)
    if descent == "steepest":
        end = _steepest_end(height, steps, tolerance)
        basin = np.bincount(end, minlength=len(height))[bottom].astype(float)
    else:
        basin = _expected_basins(height, steps, tolerance, bottom)
    found = [
        Minimum(_sides_of(m, len(joint)), float(height[m]), float(b), float(b / len(height)))
        for m, b in zip(bottom, basin, strict=True)
    ]
    return sorted(found, key=lambda minimum: (round(minimum.energy, 6), minimum.sides))


def sampled_minima(
    size: Array, propensity: Array, starts: int = 1000, seed: int = 0, descent: Descent = "steepest"
) -> list[Minimum]:
    """Local minima reached from random starts, for any number of actors; the most often reached first.

    Start r is drawn from its own stream (seed, r). `basin` counts starts, `share` divides by `starts`; a
    minimum whose basin is small may be missed, so the list is a lower bound on what exists.
    """
    count = len(np.asarray(size))
    start = np.stack([_stream(seed, r, first=0).integers(0, 2, count) for r in range(starts)])
    ends, reached = np.unique(descend(start, size, propensity, descent, seed), axis=0, return_counts=True)
    heights = energy(ends, size, propensity)
    found = [
        Minimum(tuple(int(side) for side in end), float(height), float(n), float(n / starts))
        for end, height, n in zip(ends, heights, reached, strict=True)
    ]
    return sorted(found, key=lambda minimum: (-minimum.basin, minimum.sides))


def _joint(size: Array, propensity: Array) -> Array:
    """s_i s_j p_ij without the diagonal, (N, N); ValueError unless p is square, finite and symmetric."""
    size, propensity = np.asarray(size, float), np.asarray(propensity, float)
    if propensity.shape != (len(size), len(size)):
        raise ValueError(f"{len(size)} sizes need propensities {len(size)} by {len(size)}, not {propensity.shape}")
    if not (np.isfinite(size).all() and np.isfinite(propensity).all() and (size >= 0).all()):
        raise ValueError("sizes must be finite and not negative, propensities finite")
    if not np.array_equal(propensity, propensity.T):
        raise ValueError("propensities must be symmetric, or energy may rise: use (p + p.T) / 2")
    joint = size[:, None] * size[None, :] * propensity
    np.fill_diagonal(joint, 0.0)
    return joint


def _tolerance(joint: Array) -> float:
    """Below this, a change of energy is rounding."""
    return 1e-12 * float(np.abs(joint).sum())


def _stream(seed: int, start: int, first: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, start], counter=[0, 0, 0, first]))


def _energies(joint: Array) -> Array:
    """Energy of all configurations (2^(N-1),), one actor at a time: each doubles the list."""
    height = np.zeros(1)
    for k in range(1, len(joint)):
        opposite = np.zeros(1)  # pull of the actors before k that are on side 1
        for j in range(1, k):
            opposite = np.concatenate([opposite, opposite + joint[k, j]])
        height = np.concatenate([height + 2 * opposite, height + 2 * (joint[k, :k].sum() - opposite)])
    return height


def _neighbours(count: int) -> list[int]:
    """For each actor, the bits that its switch turns; actor 0 stays on side 0, so its switch turns all
    others."""
    return [(1 << (count - 1)) - 1] + [1 << k for k in range(count - 1)]


def _sides_of(configuration: int, count: int) -> tuple[int, ...]:
    return (0, *(int(configuration) >> k & 1 for k in range(count - 1)))


def _bottoms(height: Array, steps: list[int], tolerance: float) -> Array:
    everyone, stays = np.arange(len(height)), np.ones(len(height), bool)
    for step in steps:
        stays &= height[everyone ^ step] >= height - tolerance
    return np.flatnonzero(stays)


def _steepest_end(height: Array, steps: list[int], tolerance: float) -> Array:
    """Where steepest descent ends from each configuration: point at the best neighbour, then follow by
    doubling."""
    everyone = np.arange(len(height))
    best, end = height - tolerance, everyone.copy()
    for step in steps:
        other = height[everyone ^ step]
        better = other < best
        end = np.where(better, everyone ^ step, end)
        # a rival must be lower by more than rounding, so that a tie goes to the first-named actor
        best = np.where(better, other - tolerance, best)
    while True:
        further = end[end]
        if np.array_equal(further, end):
            return end
        end = further


def _expected_basins(height: Array, steps: list[int], tolerance: float, bottom: Array) -> Array:
    """Sum over starts of the chance to end in each minimum: mass flows down, each configuration passing on
    all it will ever get once every higher neighbour has passed on its own."""
    everyone = np.arange(len(height))
    lower = [height[everyone ^ step] < height - tolerance for step in steps]
    ways = np.sum(lower, axis=0)
    waiting = np.sum([low[everyone ^ step] for low, step in zip(lower, steps, strict=True)], axis=0)
    mass, ready = np.ones(len(height)), np.flatnonzero(waiting == 0)
    while len(ready):
        freed = []
        for low, step in zip(lower, steps, strict=True):
            giver = ready[low[ready]]
            taker = giver ^ step  # distinct, for one step: so += counts each once
            mass[taker] += mass[giver] / ways[giver]
            waiting[taker] -= 1
            freed.append(taker[waiting[taker] == 0])
        ready = np.concatenate(freed)
    return mass[bottom]
