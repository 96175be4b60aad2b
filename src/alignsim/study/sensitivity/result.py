"""An analysis of one outcome: the indices with their intervals, as a table, as JSON and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignsim.study.sensitivity.noise import Noise
from alignsim.study.sensitivity.ranking import in_words, ranking

Array = Any


@dataclass(frozen=True)
class Measure:
    """One kind of index with the half-widths of its interval; shape (D,), or (D, D) for pairs."""

    name: str
    symbol: str
    means: str
    """What a value of it says, in words."""
    values: Array
    over_points: Array
    """Half-width from the sampling of points (bootstrap)."""
    over_runs: Array
    """Half-width from the sampling of runs (jackknife); zero with one run a point."""

    @property
    def half(self) -> Array:
        """Half-width of the interval: both sources, which are independent, in quadrature."""
        return np.hypot(self.over_points, self.over_runs)

    @property
    def low(self) -> Array:
        return self.values - self.half

    @property
    def high(self) -> Array:
        return self.values + self.half


@dataclass(frozen=True)
class Sensitivity:
    """What one outcome depends on."""

    method: str
    """ "sobol", "morris" or "pawn"."""
    outcome: str
    labels: tuple[str, ...]
    """Inputs or groups, (D,)."""
    measures: Mapping[str, Measure]
    """By key; the first is the one that ranks."""
    pairs: Measure | None
    """Second-order indices, (D, D), upper triangle, NaN elsewhere."""
    noise: Noise | None
    kind: str
    base: int
    block: int
    """Points of the design that one more of N costs."""
    runs: int
    level: float
    inert: float = 0.0
    """What an input without any effect may reach by chance; an index is seen when its interval lies above."""

    @property
    def main(self) -> Measure:
        """The measure that ranks: total order, mu* or PAWN."""
        return next(iter(self.measures.values()))

    @property
    def points(self) -> int:
        """Points of the design."""
        return self.base * self.block

    @property
    def words(self) -> str:
        """What was found, one plain sentence first."""
        return in_words(self)

    def to_rows(self) -> list[dict[str, Any]]:
        """One row for each input and measure, then one for each pair; `None` where an index is not defined.

        `rank_best` and `rank_worst` bound the rank that the intervals allow; only the measure that ranks has them.
        """
        ranks = {rank.label: rank for rank in ranking(self)}
        common: dict[str, Any] = {"outcome": self.outcome, "method": self.method}
        about: dict[str, Any] = {"level": self.level, "N": self.base, "points": self.points, "runs": self.runs}
        rows: list[dict[str, Any]] = []
        for key, measure in self.measures.items():
            for d, label in enumerate(self.labels):
                placed = (ranks[label].best, ranks[label].worst) if measure is self.main else (None, None)
                rank: dict[str, Any] = {"rank_best": placed[0], "rank_worst": placed[1]}
                rows.append(common | {"input": label, "measure": key} | _numbers(measure, d) | rank | about)
        for a, b in self.interacting() if self.pairs else ():
            pair = {"input": f"{self.labels[a]} × {self.labels[b]}", "measure": "second"}
            none: dict[str, Any] = {"rank_best": None, "rank_worst": None}
            rows.append(common | pair | _numbers(self.pairs, (a, b)) | none | about)
        return rows

    def interacting(self) -> list[tuple[int, int]]:
        """All pairs of inputs that have a second-order index, the largest first."""
        if self.pairs is None:
            return []
        d, values = len(self.labels), self.pairs.values
        return sorted(((a, b) for a in range(d) for b in range(a + 1, d)), key=lambda pair: -values[pair])

    def as_json(self) -> dict[str, Any]:
        """Everything, with finite numbers or None, for `json.dumps(..., allow_nan=False)`."""
        return {
            "outcome": self.outcome,
            "method": self.method,
            "words": self.words,
            "design": self.kind,
            "N": self.base,
            "points": self.points,
            "runs": self.runs,
            "level": self.level,
            "inert": _finite(self.inert),
            "inputs": list(self.labels),
            "measures": {k: {"symbol": m.symbol, "means": m.means} for k, m in self.measures.items()},
            "indices": self.to_rows(),
            "noise": self.noise.as_json() if self.noise else None,
        }


def _numbers(measure: Measure | None, place: Any) -> dict[str, float | None]:
    if measure is None:
        return {}
    return {
        "estimate": _finite(measure.values[place]),
        "low": _finite(measure.low[place]),
        "high": _finite(measure.high[place]),
        "half_over_points": _finite(measure.over_points[place]),
        "half_over_runs": _finite(measure.over_runs[place]),
    }


def _finite(value: Any) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
