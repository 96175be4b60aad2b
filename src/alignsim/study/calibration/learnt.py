"""What the data taught: how much each parameter's doubt shrank, and what cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from alignsim.arrays import Array

LITTLE, MUCH = 0.25, 0.75
"""Shrinkage, 1 - posterior over prior variance, below which a parameter is not learnt, and from which well learnt."""
TIED = 0.7
"""Correlation from which two parameters cannot be told apart: half of either's doubt goes with the other's."""
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Learnt:
    """Prior and posterior of the fitted parameters. Shrinkage and correlation are of normal scores of u."""

    names: tuple[str, ...]
    prior: Array  # (a, 3) 5, 50 and 95 % of each parameter's prior
    posterior: Array  # (a, 3) the same of its posterior
    shrinkage: (
        Array  # (a,) 1 - posterior variance / prior variance; 1 is certainty, 0 nothing, below 0 more doubt than before
    )
    correlation: Array  # (a, a) of the posterior
    directions: Array  # (a,) shrinkage along the posterior's principal directions, the best first

    def tied(self) -> list[tuple[str, str, float]]:
        """Pairs that cannot be told apart, with their correlation, the closest first."""
        pairs = [(i, j, float(self.correlation[i, j])) for i, j in combinations(range(len(self.names)), 2)]
        found = [(self.names[i], self.names[j], r) for i, j, r in pairs if abs(r) >= TIED]
        return sorted(found, key=lambda pair: -abs(pair[2]))

    def in_words(self) -> list[str]:
        """One line a parameter, one a pair that cannot be told apart, and one on how many directions were learnt."""
        lines = [
            f"{name}: {verdict(shrunk)}, {doubt(shrunk)}; before {_range(before)}, after {_range(after)}"
            for name, shrunk, before, after in zip(self.names, self.shrinkage, self.prior, self.posterior, strict=True)
        ]
        for a, b, r in self.tied():
            fixed = "only the one relative to the other" if r > 0 else "only the two together"
            lines.append(f"{a} and {b} cannot be told apart (correlation {r:+.2f}): the data fix {fixed}")
        learnt = int((self.directions >= LITTLE).sum())
        lines.append(f"the data speak on {learnt} of {len(self.names)} independent directions of these parameters")
        return lines


def learnt(names: tuple[str, ...], scores: Array, prior: Array, posterior: Array) -> Learnt:
    """From the posterior's normal scores (rows, a), which are standard normal a priori, and values of both."""
    covariance = np.atleast_2d(np.cov(scores, rowvar=False))
    sd = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    return Learnt(
        names,
        np.quantile(prior, QUANTILES, axis=0).T,
        np.quantile(posterior, QUANTILES, axis=0).T,
        1 - np.diag(covariance),
        covariance / np.outer(sd, sd),
        np.asarray(1 - np.linalg.eigvalsh(covariance), dtype=float),
    )


def verdict(shrunk: float) -> str:
    return "not learnt" if shrunk < LITTLE else "well learnt" if shrunk >= MUCH else "partly learnt"


def _range(quantiles: Array) -> str:
    low, middle, high = (f"{round(float(q), 9):.3g}" for q in quantiles)
    return f"{middle} ({low} to {high})"


def doubt(shrunk: float) -> str:
    factor = np.sqrt(max(1 - shrunk, 0.0))
    return f"doubt {factor:.0%} of what it was"
