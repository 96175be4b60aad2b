"""The Plan: a scenario and a world resolved into numbers, with nothing left to interpret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import ALIGNMENT_BOUND, Array, Drivers, Given, Shocks, Snapshot, transpose
from alignsim.kernel import Effect, Noise, Timeline, simulate
from alignsim.mechanisms.priors import Constant, Prior
from alignsim.mechanisms.registry import MOTIVES, PARAMETERS
from alignsim.plan.draws import Draws, accepted
from alignsim.plan.posterior import CalibratedBelief
from alignsim.random import name_keys, normals, uniforms
from alignsim.theories import consent

FRAME = 12
"""Months between the frames at which whole matrices are kept."""


@dataclass(frozen=True)
class Coin:
    """An event that happens in a share of the runs, the same runs in every branch."""

    key: int  # address of its draw: what the event is, not where it stands
    probability: float
    label: str


@dataclass(frozen=True)
class Watched:
    """One number a run and month that is kept because a claim asks for it; `results.measures` says how it is measured.

    `of` and `toward` are states (several where a claim names a group), `issue` an issue; `months` are those in which it
    is worked out, all where None (elsewhere it is nan).
    """

    measure: str
    of: tuple[int, ...] = ()
    toward: tuple[int, ...] = ()
    issue: int = -1
    months: frozenset[int] | None = None


@dataclass(frozen=True)
class Plan:
    """Everything a simulation needs. Arrays have the axes of `arrays.Given`; runs are drawn by `batch`."""

    name: str
    title: str
    world: str
    states: tuple[str, ...]
    issues: tuple[str, ...]
    start: int  # the scenario's first month, counted since year 0
    months: int  # steps, one a month
    focus: tuple[tuple[int, int], ...]
    branches: dict[str, tuple[Effect, ...]]
    coins: tuple[Coin, ...]
    belief: str
    priors: Mapping[str, Prior]
    off: frozenset[str]  # motives that are not computed
    seed: int
    runs: int
    given: Mapping[str, Any]  # fields of `Given` that all runs share
    eve: Drivers
    alignment: tuple[Array, Array]  # mean and sd, (N, N)
    position: tuple[Array, Array]  # mean and sd, (N, D)
    theory: str = "consent"
    about: Mapping[str, Any] = field(default_factory=dict)  # what figures and reports need: names, groups, events
    hash: str = ""
    watched: tuple[Watched, ...] = ()

    @property
    def times(self) -> NDArray[np.datetime64]:
        """The months of the results, (months + 1,); the first is the eve."""
        passed = np.arange(self.start - 1, self.start + self.months).astype("timedelta64[M]")
        return (np.datetime64("0000-01", "M") + passed).astype("datetime64[ns]")

    @property
    def frames(self) -> list[int]:
        """Months at which whole matrices are kept: the eve, every twelfth month, the last."""
        return sorted({*range(0, self.months + 1, FRAME), self.months})

    def batch(self, runs: NDArray[np.int64]) -> Batch:
        """Draw everything that differs between the given runs, and work out their eve."""
        world = self._initial(runs)
        place = {int(run): k for k, run in enumerate(runs)}
        values = CalibratedBelief(self.priors, PARAMETERS, self.states, self.seed)

        def gain(some: NDArray[np.int64], drawn: dict[str, Array]) -> Array:
            rows = np.array([place[int(run)] for run in some], dtype=np.intp)
            return consent.loop_gain(self._eve(_rows(world, rows), drawn))

        draws = accepted(values, runs, gain, consent.LARGEST_GAIN)
        coins = np.array([coin.key for coin in self.coins], dtype=np.uint64)
        happened = uniforms(self.seed, "events", runs, coins) < np.array([c.probability for c in self.coins])
        doubt = draws.values["consent.initial_doubt"]
        return Batch(self, runs, draws, happened, self._eve(world, draws.values), doubt)

    def _initial(self, runs: NDArray[np.int64]) -> tuple[Array, Array]:
        """Standard normal doubts about the start: of ties (R, N, N), symmetric, and of positions (R, N, D)."""
        n, issues = len(self.states), len(self.issues)
        upper = np.triu_indices(n, 1)
        ties = np.zeros((len(runs), n, n))
        ties[:, upper[0], upper[1]] = normals(self.seed, "initial alignment", runs, self._pairs(), 1)[:, 0]
        views = normals(self.seed, "initial position", runs, self._views(), 1)[:, 0].reshape(-1, n, issues)
        return ties + transpose(ties), views

    def _eve(self, doubts: tuple[Array, Array], values: dict[str, Array]) -> consent.Eve:
        doubt = values["consent.initial_doubt"]
        alignment = self.alignment[0] + doubt * self.alignment[1] * doubts[0]
        position = self.position[0] + doubt * self.position[1] * doubts[1]
        given = Given(
            **self.given,
            eve=self.eve,
            alignment=np.clip(alignment, -ALIGNMENT_BOUND, ALIGNMENT_BOUND),
            position=np.clip(position, -1.0, 1.0),
        )
        return consent.prepare(given, consent.parameters(values), self.off)

    def noise(self, runs: NDArray[np.int64]) -> Noise:
        return Noise(self.seed, runs, self._pairs(), self._views(), (len(self.states), len(self.issues)))

    def _pairs(self) -> NDArray[np.uint64]:
        upper = np.triu_indices(len(self.states), 1)
        return name_keys([tuple(sorted((self.states[i], self.states[j]))) for i, j in zip(*upper, strict=True)])

    def _views(self) -> NDArray[np.uint64]:
        return name_keys([(state, issue) for state in self.states for issue in self.issues])


@dataclass(frozen=True)
class Batch:
    """Some runs of a plan, ready to be simulated branch by branch."""

    plan: Plan
    runs: NDArray[np.int64]
    draws: Draws
    happened: NDArray[np.bool_]  # (R, coins)
    eve: consent.Eve
    doubt: Array

    def changed(self, values: Mapping[str, float | Array]) -> Batch:
        """The same runs with the same draws and shocks, but for some parameters: a number for all runs, or one a run.

        Nothing is drawn anew, whatever it does to the loop gain, so that the two batches can be compared run by run.
        Motives whose weight is nil in every run are not computed.
        """
        drawn = dict(self.draws.values)
        for path, value in values.items():
            drawn[path] = np.ones((len(self.runs), 1, 1)) * np.reshape(value, (-1, 1, 1))
        idle = {name for name in MOTIVES if f"{name}.weight" in drawn and not drawn[f"{name}.weight"].any()}
        woken = {name for name in MOTIVES if f"{name}.weight" in values} - idle
        plan = replace(self.plan, off=(self.plan.off | idle) - woken)
        eve = plan._eve(plan._initial(self.runs), drawn)
        return Batch(plan, self.runs, replace(self.draws, values=drawn), self.happened, eve, self.doubt)

    def shocks(self) -> list[Shocks]:
        """The shocks of every month; branches share them."""
        return self.plan.noise(self.runs).months(1, self.plan.months)

    def simulate(self, branch: str, shocks: list[Shocks], theory: ModuleType = consent, explain: Any = None):
        """Yield the snapshots of one branch, from the eve on."""
        timeline = Timeline(self.plan.eve, self.plan.branches[branch], self.happened)
        frames = set(self.plan.frames)
        return simulate(theory, self.eve, timeline, shocks, explain or frames.__contains__)


def _rows(doubts: tuple[Array, Array], rows: NDArray[np.intp]) -> tuple[Array, Array]:
    return doubts[0][rows], doubts[1][rows]


def bytes_for(plan: Plan, chunk: int, runs: int | None = None) -> int:
    """Memory a simulation of the plan takes at most, in bytes: a chunk's working set and the kept results."""
    runs = plan.runs if runs is None else runs
    n, t, b = len(plan.states), plan.months + 1, len(plan.branches)
    working = 8 * chunk * (n * n * 75 + t * n * n * 2 + n * len(plan.issues) * t)
    frames = len(plan.frames)
    kept = 8 * runs * b * len(plan.focus) * t * 10 + 8 * runs * b * len(plan.focus) * 2 * len(MOTIVES) * frames
    matrices = b * frames * n * n * (4 * runs + 8 * 12)
    return int(working + 2 * kept + 2 * matrices)


__all__ = ["Batch", "Coin", "Constant", "Plan", "Snapshot", "Watched", "bytes_for"]
