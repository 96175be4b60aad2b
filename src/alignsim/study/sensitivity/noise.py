"""What of an outcome's variance comes from what was varied, and what from the runs (shocks and other parameters).

With the same runs at every point the values are a table of points and runs, y = mean + point + run + interplay, and
the law of total variance is the two-way analysis of variance with random effects (Searle, Casella and McCulloch
1992, ch. 4). What a run adds at every point alike is noise in an outcome, but not in its comparison between points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Noise:
    """Shares of the variance of one run at one point, 0..1, sum 1; a component estimated below zero counts as zero."""

    runs: int
    varied: float
    """What was varied: the variance over points of the mean over runs."""
    alike: float
    """What a run adds at every point alike; pairing takes it out of every comparison of points."""
    interplay: float
    """What a run's shocks do at some points and not at others."""

    @property
    def share(self) -> float:
        """All that is not what was varied."""
        return self.alike + self.interplay

    @property
    def left(self) -> float:
        """Share of the variance of the means over runs that is still interplay: what indices mistake for effects."""
        rest = self.interplay / self.runs
        return rest / (self.varied + rest) if self.varied + rest > 0 else 0.0

    @property
    def words(self) -> str:
        return (
            f"Of the variance of single runs {_percent(self.varied)} comes from what was varied and "
            f"{_percent(self.share)} from the runs, that is from shocks and all other parameters: "
            f"{_percent(self.alike)} is alike at all points and cancels, since the points share their runs; "
            f"{_percent(self.interplay)} differs between points. In the means over {self.runs} runs that the indices "
            f"use, {_percent(self.left)} of the variance is still of this second kind."
        )

    def as_json(self) -> dict[str, Any]:
        numbers = {name: round(getattr(self, name), 6) for name in ("varied", "alike", "interplay", "share", "left")}
        return {"runs": self.runs, **numbers, "words": self.words}


def noise(values: Array) -> Noise | None:
    """Shares of the variance of `values` (n, R); None with one run, where noise and effect cannot be told apart, and
    where nothing varies at all."""
    values = np.asarray(values, float)
    n, runs = values.shape
    if runs < 2 or n < 2:
        return None
    points, by_run = values.mean(axis=1), values.mean(axis=0)
    rest = values - points[:, None] - by_run + values.mean()
    interplay = float((rest**2).sum() / ((n - 1) * (runs - 1)))
    varied = max(0.0, float(points.var(ddof=1)) - interplay / runs)
    alike = max(0.0, float(by_run.var(ddof=1)) - interplay / n)
    total = varied + alike + interplay
    return Noise(runs, varied / total, alike / total, interplay / total) if total > 0 else None


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"
