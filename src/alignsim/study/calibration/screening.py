"""Which parameters the summaries feel at all: elementary effects (Morris 1991; Campolongo, Cariboni and Saltelli 2007).

A parameter is moved alone, from many places, over the middle 90 % of its prior. Its importance is the mean absolute
change of a summary, in units of that summary's tolerance (observation error and model discrepancy): one that moves
nothing by a fraction of what could be told apart is inert, whatever its share of the variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignsim.arrays import Array
from alignsim.random import name_key
from alignsim.study.calibration.simulations import Simulations

MIDDLE = (0.05, 0.95)
"""Quantiles between which a parameter is moved."""
NOTHING = "(nothing)"
"""A column that no simulator sees: its effect is the noise that an inert parameter has too."""


@dataclass(frozen=True)
class Screening:
    """The importance of every parameter for every summary, and which parameters are to be fitted."""

    names: tuple[str, ...]
    summaries: tuple[str, ...]
    effects: Array  # (k, s) mean absolute elementary effect, in tolerances
    noise: float  # the largest effect that nothing at all had, in tolerances
    fitted: tuple[int, ...]  # columns, the most important first

    @property
    def importance(self) -> Array:
        """(k,) the largest effect of each parameter on any summary, in tolerances."""
        return self.effects.max(axis=1)

    def in_words(self) -> str:
        left = len(self.names) - len(self.fitted)
        order = [f"{self.names[j]} ({self.importance[j]:.2g})" for j in self.fitted]
        return (
            f"fitted, with the change of their summary in tolerances: {', '.join(order) or 'none'}; "
            f"{left} others keep their prior"
        )


def screen(simulations: Simulations, trajectories: int = 20, at_most: int = 10, least: float = 0.25) -> Screening:
    """Morris screening with `trajectories` x (k + 2) simulations.

    At most `at_most` parameters are fitted, those with an importance of `least` tolerances or more that is also twice
    what a column without any effect shows.
    """
    from SALib.analyze import morris as effects_of
    from SALib.sample import morris as design

    target = simulations.target
    k = len(target.names)
    seed = name_key("screening", str(simulations.seed)) % 2**31 + 1  # SALib takes 0 for no seed
    problem = {"num_vars": k + 1, "names": [*target.names, NOTHING], "bounds": [list(MIDDLE)] * (k + 1)}
    points = design.sample(problem, trajectories, num_levels=4, seed=seed)
    by_step = points.reshape(trajectories, k + 2, k + 1).swapaxes(0, 1).reshape(-1, k + 1)  # one block a step
    found = simulations.run("screening", np.ascontiguousarray(by_step[:, :k]), paired=trajectories)
    found = found.reshape(k + 2, trajectories, -1).swapaxes(0, 1).reshape(len(points), -1) / target.tolerance
    effects = np.stack(
        [np.asarray(effects_of.analyze(problem, points, y, num_levels=4, seed=seed)["mu_star"]) for y in found.T],
        axis=1,
    )
    noise = float(effects[k].max())
    importance = effects[:k].max(axis=1)
    order = [int(j) for j in np.argsort(-importance, kind="stable") if importance[j] >= max(least, 2 * noise)]
    return Screening(target.names, target.summaries, effects[:k], noise, tuple(order[:at_most]))
