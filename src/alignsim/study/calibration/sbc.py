"""Simulation-based calibration: does the chain give back parameters that are known? (Talts et al. 2018)

Histories are simulated from parameters drawn from the prior, or from what history matching left of it, and each is
fitted as if it had been observed. If the posteriors mean what they say, the rank of the true parameter among L
posterior draws is uniform on 0..L. A hump in the middle says the posteriors are too wide, a heap at both ends that they
are too narrow, a slope that they are shifted. All fits share one table of simulations, as in Prangle et al. (2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array
from alignsim.study.calibration.abc import Table, posterior
from alignsim.study.calibration.simulations import Simulations

DRAWS = 99
"""Posterior draws a rank is taken among: 100 ranks, which 5, 10 or 20 bins divide evenly."""


@dataclass(frozen=True)
class Check:
    """Ranks of true parameters among posterior draws."""

    names: tuple[str, ...]
    ranks: NDArray[np.int64]  # (truths, a) each 0..DRAWS
    error: Array  # (a,) rms of posterior mean minus truth, in sds of the truths: 1 where nothing is learnt

    def p_values(self, bins: int = 10) -> Array:
        """(a,) chance of ranks as uneven as these, were they uniform (chi-square, `bins` of equal width)."""
        from scipy.stats import chisquare

        counts = np.stack([np.bincount(r * bins // (DRAWS + 1), minlength=bins) for r in self.ranks.T])
        return np.array([chisquare(c).pvalue for c in counts])

    def coverage(self, level: float) -> Array:
        """(a,) share of truths inside the central interval of that level."""
        below = (self.ranks + 0.5) / (DRAWS + 1)
        return (np.abs(below - 0.5) <= level / 2).mean(axis=0)

    def in_words(self) -> list[str]:
        """One line a parameter."""
        lines = []
        columns = (self.p_values(), self.coverage(0.5), self.coverage(0.9), self.error)
        for name, p, half, most, error in zip(self.names, *columns, strict=True):
            verdict = "recovered as it should be" if p > 0.01 else "NOT recovered as it should be"
            lines.append(
                f"{name}: {verdict} (ranks uniform with p = {p:.3f}; of {len(self.ranks)} truths the 50 % interval "
                f"holds {half:.0%} and the 90 % interval {most:.0%}; error of the mean {error:.2f} sds of the truths)"
            )
        return lines


def recover(names: tuple[str, ...], table: Table, truths: Table, share: float, simulations: Simulations) -> Check:
    """Fit every row of `truths` from `table` and rank the parameters that made it. The two must not share rows."""
    at = simulations.uniforms("ranks", len(truths.scores), DRAWS)
    ranks, misses = [], []
    for true, seen, places in zip(truths.scores, truths.summaries, at, strict=True):
        sample = posterior(table, seen, share)
        ranks.append((sample.rows(places) < true).sum(axis=0))
        misses.append(sample.weights @ sample.scores - true)
    error = np.sqrt(np.square(misses).mean(axis=0)) / truths.scores.std(axis=0)
    return Check(names, np.array(ranks, dtype=np.int64), error)
