r"""Who did it: the effect of a scenario shared out among groups of mechanisms (Shapley 1953).

The same runs are simulated with every subset of the groups switched on; v(S) is the effect with subset S. A
group's share is what it adds, averaged over all orders in which the groups could be switched on:

.. math:: \phi_g = \sum_{S \not\ni g} \frac{|S|! \, (G - |S| - 1)!}{G!} \, \bigl( v(S \cup g) - v(S) \bigr)

Shares sum to v(all) - v(none), a group that never matters gets nothing, and equals get equal shares. What a
subset adds beyond all its smaller ones is its dividend (Harsanyi 1963); dividends of two groups and more
are interaction.

Subset m of G groups is the number whose bit g says whether group g is on: 0 is none, 2^G - 1 is all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np

Array = Any

MOST_GROUPS = 12
"""4,096 subsets: more would not be simulated."""


@dataclass(frozen=True)
class Contribution:
    """What one group does, in units of the effect; means over runs."""

    name: str
    share: float
    """Shapley value."""
    share_interval: tuple[float, float]
    """Of the mean, by resampling runs."""
    runs_interval: tuple[float, float]
    """Within which 90 % of the runs' own values lie."""
    alone: float
    """Effect with this group only."""
    left_out: float
    """How much the effect falls when only this group is off."""


@dataclass(frozen=True)
class Attribution:
    """An effect, shared out."""

    effect: float
    effect_interval: tuple[float, float]
    contributions: tuple[Contribution, ...]
    interaction: float
    """Share of all that moves the effect, up or down, that needs two groups or more; 0 (additive) to 1."""
    interaction_interval: tuple[float, float]
    runs: int
    dropped: int
    """Runs left out because some subset gave no number."""

    @property
    def unclear(self) -> bool:
        """Whether more than half is interaction, so that no group can be named as the cause."""
        return self.interaction > 0.5


def subsets(groups: int) -> Array:
    """Which groups are on in each subset: (2^G, G) of bool, in the order that attribute() expects."""
    if not 1 <= groups <= MOST_GROUPS:
        raise ValueError(f"attribution takes 1 to {MOST_GROUPS} groups of mechanisms, not {groups}: merge some")
    return (np.arange(2**groups)[:, None] >> np.arange(groups) & 1).astype(bool)


def shapley(values: Array) -> Array:
    """Shapley values of v (2^G, ...) over its first axis, (G, ...); they sum to v[all] - v[none]."""
    values = np.asarray(values, float)
    on = subsets(_groups(values))
    groups, size = on.shape[1], on.sum(axis=1)
    weight = np.array([factorial(s) * factorial(groups - s - 1) / factorial(groups) for s in range(groups)])
    shares = []
    for g in range(groups):
        without = np.flatnonzero(~on[:, g])
        shares.append(np.tensordot(weight[size[without]], values[without | 1 << g] - values[without], axes=1))
    return np.stack(shares)


def dividends(values: Array) -> Array:
    """What each subset adds beyond all its smaller ones, (2^G, ...); v(S) is the sum of dividends within
    S."""
    left = np.array(values, float)
    members = np.arange(len(left))
    for g in range(_groups(left)):
        has = np.flatnonzero(members >> g & 1)
        left[has] -= left[has ^ 1 << g]
    return left


def interaction_share(values: Array) -> Array:
    """Sum of absolute dividends of two groups and more over that of all, (...), 0..1; 0 where nothing
    happens."""
    size = np.abs(dividends(values))
    members = subsets(_groups(size)).sum(axis=1)
    together, anything = size[members >= 2].sum(axis=0), size[members >= 1].sum(axis=0)
    return np.divide(together, anything, out=np.zeros(np.shape(anything)), where=anything > 0)


def attribute(
    names: list[str], values: Array, confidence: float = 0.90, resamples: int = 1000, seed: int = 0
) -> Attribution:
    """Share out an effect among groups `names` (G,), given the effects (2^G, R) of all subsets on the same
    R runs.

    Runs in which any subset is not finite are left out. Intervals of means come from resampling whole runs,
    so that the pairing is kept; the same seed gives the same interval. Raises ValueError when the shapes do
    not fit or no run is left.
    """
    values = np.asarray(values, float)
    if values.ndim != 2 or values.shape[0] != len(subsets(len(names))):
        raise ValueError(f"{len(names)} groups need values for {2 ** len(names)} subsets by runs, not {values.shape}")
    good = np.isfinite(values).all(axis=0)
    values, dropped = values[:, good], int((~good).sum())
    runs = values.shape[1]
    if runs == 0:
        raise ValueError("no run has an effect under every subset of the groups")
    rng = np.random.default_rng(seed)
    resampled = values @ (rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples).T / runs)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    mean, per_run, drawn = values.mean(axis=1), shapley(values), shapley(resampled)
    share, everything = shapley(mean), len(mean) - 1
    return Attribution(
        effect=float(mean[-1] - mean[0]),
        effect_interval=_interval(resampled[-1] - resampled[0], tails),
        contributions=tuple(
            Contribution(
                name=name,
                share=float(share[g]),
                share_interval=_interval(drawn[g], tails),
                runs_interval=_interval(per_run[g], [0.05, 0.95]),
                alone=float(mean[1 << g] - mean[0]),
                left_out=float(mean[-1] - mean[everything ^ 1 << g]),
            )
            for g, name in enumerate(names)
        ),
        interaction=float(interaction_share(mean)),
        interaction_interval=_interval(interaction_share(resampled), tails),
        runs=runs,
        dropped=dropped,
    )


def _groups(values: Array) -> int:
    groups = len(values).bit_length() - 1
    if groups < 1 or len(values) != 2**groups:
        raise ValueError(f"values must be given for all 2^G subsets of the groups, not for {len(values)}")
    return groups


def _interval(draws: Array, tails: list[float]) -> tuple[float, float]:
    low, high = np.quantile(draws, tails)
    return float(low), float(high)
