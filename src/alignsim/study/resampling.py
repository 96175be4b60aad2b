"""How sure a score is: intervals that know of what the cases of a dyad, and the dyads of a state, have in common.

The cases of one dyad follow each other in time, and dyads share their states; cases are therefore no independent draws.
Two intervals of 95 % answer this, and both are reported:

* *by dyad*: a bootstrap that draws dyads with replacement, each with all its cases. It knows dependence within a dyad,
  of any kind and length, and none between dyads.
* *by state*: the dyadic-robust standard error (Fafchamps and Gubert 2007; Aronow, Samii and Assenova 2015), by which
  any two dyads that share a state may move together. It is never taken below the standard error by dyad, and t has as
  many degrees of freedom as the states that the cases hang on, less one. This is the one to believe.

Drawing states with replacement, a dyad counting as the product of its members (Snijders and Borgatti 1999), was tried
and left out: a dyad's weight then has a variance of 3 instead of 1, so that where dyads have little in common the
interval is too wide by up to the square root of 3. `tests/test_scores.py` shows how often the two that are kept hold
the truth, with and without effects of states.

Neither knows of what moves all dyads in the same year: few years are few, whatever the number of dyads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtr
from scipy.stats import chi2
from scipy.stats import t as student

from alignsim.random import uniforms
from alignsim.study.scores import BINS, auc_values, spearman_values

Array = Any

RESAMPLES = 2000
LEVEL = 0.95
LEAST = 5
"""Dyads, or states, below which an interval would be make-believe."""
CHUNK = 4_000_000
"""Draws held at a time."""


@dataclass(frozen=True)
class Estimate:
    """A score over n cases with its interval by dyad and by state; ends are nan where there are too few of either."""

    value: float
    low: float
    high: float
    low_by_state: float
    high_by_state: float
    n: int

    def row(self) -> dict[str, float | int]:
        return asdict(self)


class Clusters:
    """K cases as C dyads of states, with the bootstrap's draws, which are the same for all scores and forecasters."""

    def __init__(self, first: Array, second: Array, seed: int = 1, resamples: int = RESAMPLES) -> None:
        """`first` and `second` (K,) are any indices of the two members; i toward j and j toward i are one dyad."""
        ends = np.sort(np.stack([np.asarray(first), np.asarray(second)]), axis=0)
        pairs, dyad = np.unique(ends, axis=1, return_inverse=True)
        names, members = np.unique(pairs, return_inverse=True)
        self.dyad, self.members = dyad.reshape(-1), members.reshape(pairs.shape)
        self.n, self.dyads, self.states = ends.shape[1], pairs.shape[1], len(names)
        self.seed, self.resamples = seed, resamples
        share = np.bincount(self.members.ravel(), np.tile(np.bincount(self.dyad, minlength=self.dyads), 2))
        self.effective_states = float(share.sum() ** 2 / np.square(share).sum()) if self.n else 0.0
        """How many states the cases hang on: all when each has as many cases, few when a few are in most of them."""

    @cached_property
    def drawn(self) -> Array:
        """How often each dyad was drawn, (resamples, C)."""
        counts = np.empty((self.resamples, self.dyads), dtype=np.float32)
        who = np.arange(self.dyads, dtype=np.uint64)
        for own in self._slices():
            runs = np.arange(self.resamples)[own]
            places = (uniforms(self.seed, "bootstrap dyads", runs, who) * self.dyads).astype(np.intp)
            places += np.arange(len(runs))[:, None] * self.dyads
            counts[own] = np.bincount(places.ravel(), minlength=len(runs) * self.dyads).reshape(len(runs), -1)
        return counts

    def _slices(self) -> Iterator[slice]:
        """Resamples a few at a time, so that they fit in memory."""
        step = max(1, CHUNK // max(1, self.dyads))
        return (slice(start, min(start + step, self.resamples)) for start in range(0, self.resamples, step))

    def sums(self, values: Array) -> Array:
        """Sums over the cases of each dyad, values (F, K) to (F, C)."""
        return np.stack([np.bincount(self.dyad, row, minlength=self.dyads) for row in values])

    def means(self, values: Array) -> Array:
        """Means over cases in every resample, values (F, K) to (resamples, F)."""
        sums = self.sums([*values, np.ones(self.n)]).astype(np.float32)
        totals = (self.drawn @ sums.T).astype(float)
        return totals[:, :-1] / totals[:, -1:]

    def errors(self, values: Array) -> tuple[float, float]:
        """Standard errors of a mean of `values` (K,), by dyad and by state; nan where there are fewer than LEAST."""
        own = self.sums(np.atleast_2d((values - np.mean(values)) / self.n))[0]
        by_state = sum(np.bincount(side, own, minlength=self.states) for side in self.members)
        alone = float(np.square(own).sum())
        shared = float(np.square(by_state).sum() - alone) * self.states / max(1, self.states - 1)
        dyad = float(np.sqrt(alone)) if self.dyads >= LEAST else float("nan")
        return dyad, float(np.sqrt(max(alone, shared))) if self.effective_states >= LEAST else float("nan")

    def estimate(self, value: float, resampled: Array, values: Array) -> Estimate:
        """A score with the percentiles of its resampled values, and its interval by state.

        `values` (K,) are the score plus each case's influence on it, so that their mean is the score.
        """
        low = high = reach = float("nan")
        if self.dyads >= LEAST and np.isfinite(resampled).all():
            low, high = (float(q) for q in np.quantile(resampled, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)))
        if self.effective_states >= LEAST:
            reach = self.errors(values)[1] * float(student.ppf((1 + LEVEL) / 2, self.effective_states - 1))
        return Estimate(float(value), low, high, float(value) - reach, float(value) + reach, self.n)

    def p(self, value: float, error: float) -> float:
        """Two-sided p of a score by state that would be nil; nan without a standard error."""
        return float(2 * student.sf(abs(value) / error, self.effective_states - 1)) if error > 0 else float("nan")


# --- scores with intervals; arrays (K,) without nan (see `scores.paired`)


def mean(values: Array, clusters: Clusters) -> Estimate:
    """A mean over cases."""
    values = np.asarray(values, float)
    return clusters.estimate(values.mean(), clusters.means([values])[:, 0], values)


def root_mean(values: Array, clusters: Clusters) -> Estimate:
    """The root of a mean: the RMSE from squared errors."""
    values = np.asarray(values, float)
    root = np.sqrt(values.mean())
    influence = (values - root**2) / (2 * root) if root > 0 else np.zeros_like(values)
    return clusters.estimate(root, np.sqrt(clusters.means([values])[:, 0]), root + influence)


def skill(losses: Array, reference: Array, clusters: Clusters, root: bool = False) -> Estimate:
    """1 - mean loss / mean loss of the reference: 1 perfect, below 0 worse; nan where the reference is perfect.

    With `root` the losses are squared errors and it is the skill of the RMSE.
    """
    losses, reference = np.asarray(losses, float), np.asarray(reference, float)
    power = 0.5 if root else 1.0
    own, other = losses.mean(), reference.mean()
    if not other > 0:
        return _nothing(clusters)
    ratio = own / other
    slope = power * ratio ** (power - 1) if ratio > 0 else 0.0
    influence = -slope * (losses - ratio * reference) / other
    drawn = clusters.means([losses, reference])
    quotient = np.divide(drawn[:, 0], drawn[:, 1], out=np.full(len(drawn), np.nan), where=drawn[:, 1] > 0)
    value = 1 - ratio**power
    return clusters.estimate(value, 1 - quotient**power, value + influence)


def rank_correlation(predicted: Array, observed: Array, clusters: Clusters) -> Estimate:
    """Spearman's correlation of predicted and observed change; resampled to first order, without ranking anew."""
    values = spearman_values(predicted, observed)
    return mean(values, clusters) if np.isfinite(values).all() else _nothing(clusters)


def area_under_curve(probability: Array, event: Array, clusters: Clusters) -> Estimate:
    """The area under the ROC curve of a probability for an event of 0 or 1; resampled to first order."""
    values = auc_values(probability, event)
    return mean(values, clusters) if np.isfinite(values).all() else _nothing(clusters)


def _nothing(clusters: Clusters) -> Estimate:
    nan = float("nan")
    return Estimate(nan, nan, nan, nan, nan, clusters.n)


@dataclass(frozen=True)
class Comparison:
    """Diebold and Mariano's comparison: mean loss of the reference minus that of the forecaster, and its p-values."""

    difference: Estimate
    p_by_dyad: float
    p_by_state: float


def diebold_mariano(losses: Array, reference: Array, clusters: Clusters) -> Comparison:
    """Are two forecasters equally good (Diebold and Mariano 1995)? Two-sided p, by the dyads' bootstrap and by state.

    Resampling whole dyads allows for any dependence in time within one, as the long-run variance does for a series.
    """
    gained = np.asarray(reference, float) - losses
    drawn = clusters.means([gained])[:, 0]
    found = clusters.estimate(gained.mean(), drawn, gained)
    error = float(drawn.std()) if clusters.dyads >= LEAST else float("nan")
    by_dyad = float(2 * ndtr(-abs(found.value) / error)) if error > 0 else float("nan")
    return Comparison(found, by_dyad, clusters.p(found.value, clusters.errors(gained)[1]))


@dataclass(frozen=True)
class Uniformity:
    """Pearson's test of a PIT histogram: the statistic, how much dependence inflates it, p without and with that."""

    statistic: float
    p_independent: float
    inflation_by_dyad: float
    p_by_dyad: float
    inflation_by_state: float
    p_by_state: float


def uniformity(pit: Array, clusters: Clusters, bins: int = BINS) -> Uniformity:
    """Are PIT values (K,) uniform? Chi-square of bins - 1 degrees of freedom, divided by the mean design effect.

    The design effects (Rao and Scott 1981, first order) come from the standard errors of the bins' shares;
    p_independent takes the cases of a dyad as independent, which they are not, and is too small.
    """
    inside = np.eye(bins)[np.minimum((np.asarray(pit, float) * bins).astype(int), bins - 1)]
    statistic = float(clusters.n * bins * np.square(inside.mean(axis=0) - 1 / bins).sum())
    errors = np.array([clusters.errors(share) for share in inside.T])
    found = [statistic, float(chi2.sf(statistic, bins - 1))]
    for inflation in clusters.n * bins * np.square(errors).sum(axis=0) / (bins - 1):
        found += [float(inflation), float(chi2.sf(statistic / inflation, bins - 1)) if inflation > 0 else float("nan")]
    return Uniformity(*found)
