"""Approximate Bayesian computation by regression adjustment, for ten parameters or fewer.

Simulations whose summaries come near the observed ones are kept, weighted by nearness, and each is moved to where it
would have lain had it met the observed summaries: by its regression on them (Beaumont, Zhang and Balding 2002), and
in spread by a second regression (Blum and Francois 2010, here linear in both). Observation error and model discrepancy
are added to the simulated summaries, so that the posterior allows for them (Wilkinson 2013). Distances are in units of
the spread of the simulations at hand, those that history matching left, not of the prior (Prangle 2017). Parameters are
adjusted as normal scores of their u, and so cannot leave their range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from alignsim.arrays import Array
from alignsim.study.calibration.history_matching import whole
from alignsim.study.calibration.simulations import Simulations

EDGE = 1e-9
"""Nearest that a u comes to 0 or 1."""
LOG_SQUARE = 4.93
"""Variance of the logarithm of a squared standard normal, pi^2 / 2."""
SLOPE = 0.3
"""Prior sd of how the log variance changes over the spread of a summary (expert judgement, 0.1 to 1). Without a prior,
ten summaries and a few hundred simulations leave the spread at the observed ones uncertain by a quarter."""


@dataclass(frozen=True)
class Table:
    """Simulations from what is left of the prior: parameters and noisy summaries, row by row."""

    scores: Array  # (rows, a) normal scores of the fitted parameters' u
    summaries: Array  # (rows, s) with observation error and discrepancy added


@dataclass(frozen=True)
class Sample:
    """A weighted posterior sample."""

    scores: Array  # (n, a)
    weights: Array  # (n,) summing to 1

    @property
    def size(self) -> float:
        """Effective number of rows, 1 / sum of squared weights (Kish 1965)."""
        return float(1 / np.square(self.weights).sum())

    def rows(self, at: Array) -> Array:
        """The rows (len(at), a) at the given points in (0, 1) of the summed weights: equally weighted scores."""
        return self.scores[np.minimum(np.searchsorted(np.cumsum(self.weights), at), len(self.weights) - 1)]


def posterior(table: Table, observed: Array, share: float) -> Sample:
    """The posterior given `observed` (s,), from the `share` of the table whose summaries are nearest to it."""
    gap = table.summaries - observed
    spread = 1.4826 * np.median(np.abs(table.summaries - np.median(table.summaries, axis=0)), axis=0)
    gap = gap / np.where(spread > 0, spread, 1.0)
    distance = np.sqrt(np.square(gap).sum(axis=1))
    count = rows_kept(len(gap), gap.shape[1], share)
    near = np.argsort(distance, kind="stable")[:count]
    weights = 1 - (distance[near] / (distance[near[-1]] * (1 + 1e-9) or 1.0)) ** 2  # Epanechnikov
    weights /= weights.sum()
    effective = 1 / np.square(weights).sum()
    design = np.hstack([np.ones((count, 1)), gap[near]])
    scores = table.scores[near]
    level = _regress(design, scores, weights, 1e-6)
    freedom = max(effective - design.shape[1], 1.0)
    off = (scores - design @ level) * np.sqrt(effective / freedom)
    spread_of = _regress(design, np.log(np.square(off) + 1e-12), weights, LOG_SQUARE / SLOPE**2 / effective)
    change = np.exp(0.5 * (spread_of[0] - design @ spread_of))  # sd at the observed summaries over sd where simulated
    return Sample(level[0] + off * np.clip(change, 0.2, 5.0), weights)


def rows_kept(rows: int, summaries: int, share: float) -> int:
    """How many of the rows of a table `posterior` keeps: the share, but three for each coefficient where there are."""
    return min(rows, max(int(np.ceil(share * rows)), 3 * (summaries + 1)))


def _regress(design: Array, y: Array, weights: Array, ridge: float) -> Array:
    """Weighted ridge regression of y (n, a) on design (n, b), whose first column is ones: coefficients (b, a)."""
    weighted = design * weights[:, None]
    penalty = ridge * np.diag([0.0, *[1.0] * (design.shape[1] - 1)])
    return np.asarray(np.linalg.solve(design.T @ weighted + penalty, weighted.T @ y), dtype=float)


def simulate_table(simulations: Simulations, fitted: Array, columns: tuple[int, ...], stage: str = "table") -> Table:
    """Simulations at `fitted` (rows, a) uniforms of the parameters `columns`, the others from their priors."""
    found = simulations.run(stage, whole(simulations, stage, fitted, columns))
    target = simulations.target
    errors = ndtri(simulations.uniforms(f"{stage} errors", *found.shape))
    return Table(ndtri(np.clip(fitted, EDGE, 1 - EDGE)), found + target.tolerance * errors)


def uniform(scores: Array) -> Array:
    """Normal scores back to uniforms in (0, 1)."""
    return np.clip(ndtr(scores), EDGE, 1 - EDGE)
