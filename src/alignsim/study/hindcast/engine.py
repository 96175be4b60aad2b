"""The hindcast: forecasts from every origin by every forecaster, each held against what was then observed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from alignsim.errors import UsageError
from alignsim.study import baselines, ensemble, scores
from alignsim.study.hindcast import observation, past
from alignsim.study.hindcast.driven import Driven, drivens
from alignsim.world.panel import Panel

Array = Any
Say = Callable[[str], AbstractContextManager[ensemble.Progress | None]]

OUTCOMES = ("agreement", "distance", "trade", "arms")
DIRECTED = ("trade", "arms")
HORIZONS = (1, 3, 5)
"""Years."""
TRAIN, TEST = (1992, 2008), (2009, 2015)
MEMBERS = 240
"""Of a forecast's ensemble."""
RUNS = 60
"""Draws of the parameters behind an ensemble of a mechanistic forecast."""
DEEPENS = {"agreement": 0.10, "distance": -0.15}
"""A tie deepens when it changes by this much or more (distance: 0.15 in ideal points over the horizon, EVIDENCE 4.4;
agreement: about the same share of its spread, expert judgement; both fixed before any test year was scored)."""


@dataclass(frozen=True)
class Window:
    """Years to learn from and years to be judged by (those in which outcomes fall), and horizons in years."""

    train: tuple[int, int] = TRAIN
    test: tuple[int, int] = TEST
    horizons: tuple[int, ...] = HORIZONS

    def learning(self, horizon: int) -> list[int]:
        """Origins whose outcome is still in the training years."""
        return list(range(self.train[0] + observation.RECENT - 1, self.train[1] - horizon + 1))

    def judged(self, horizon: int) -> list[int]:
        """Origins, none before the end of training, whose outcome falls in the test years."""
        return [o for o in range(self.train[1], self.test[1] - horizon + 1) if o + horizon >= self.test[0]]

    def possible(self) -> tuple[int, ...]:
        """Horizons with three origins to learn from and one to be judged from."""
        return tuple(h for h in self.horizons if len(self.learning(h)) >= 3 and self.judged(h))

    def origins(self) -> list[int]:
        return sorted({o for h in self.horizons for o in (*self.learning(h), *self.judged(h))})

    def check_training(self, panel: Panel, horizon: int) -> None:
        """Raise UsageError where the panel does not hold the training years, or they are too few for a horizon."""
        first, last = panel.years[0], panel.years[-1]
        if self.train[0] < first or self.train[1] > last:
            raise UsageError(
                f"panel {panel.name} has the years {first} to {last}; --train {self.train[0]}:{self.train[1]} reaches "
                "beyond it: choose years within, or take a longer panel (`alignsim world panel`)"
            )
        if len(self.learning(horizon)) < 3:
            least = self.train[0] + observation.RECENT + horizon + 1
            raise UsageError(f"these years are too few: train to {least} or later for what is {horizon} years ahead")

    def check(self, panel: Panel) -> None:
        """Raise UsageError, saying what to ask for, where the panel or the window itself does not allow this."""
        first, last = panel.years[0], panel.years[-1]
        if self.train[0] < first or self.test[1] > last:
            raise UsageError(
                f"panel {panel.name} has the years {first} to {last}; --train {self.train[0]}:{self.train[1]} and "
                f"--test {self.test[0]}:{self.test[1]} reach beyond it: choose years within, or take a longer panel "
                "(`alignsim world panel`) or table (--panel FILE)"
            )
        if self.test[0] <= self.train[1]:
            raise UsageError(
                f"the test years start in {self.test[0]}, while training lasts to {self.train[1]}: a forecast must not "
                "be judged by what it learnt from; "
                f"use --test {self.train[1] + 1}:{max(self.test[1], self.train[1] + 1)}"
            )
        if not self.possible():
            shortest, longest = min(self.horizons), max(self.horizons)
            least = self.train[0] + observation.RECENT + shortest + 1
            raise UsageError(
                f"these years are too few: train to {least} or later for a horizon of {shortest}, to "
                f"{least + longest - shortest} or later for horizons up to {longest} years"
            )


@dataclass(frozen=True)
class Cases:
    """Every forecast that met an outcome, for one outcome and horizon; C cases, in one order for all forecasters."""

    outcome: str
    horizon: int
    origin: Array  # (C,) year
    first: Array  # (C,) index of the state; of trade, whose share it is; of arms, the supplier
    second: Array  # (C,)
    last: Array  # (C,) what was on record at the origin
    observed: Array  # (C,)
    forecasts: dict[str, dict[str, Array]] = field(default_factory=dict)
    """Forecaster -> crps, mean, q05, q25, q50, q75, q95, pit, deepens (a probability); each (C,)."""

    def origins(self) -> list[int]:
        """Years from which there is any case."""
        return np.unique(self.origin).tolist()


@dataclass(frozen=True)
class Hindcast:
    panel: Panel
    window: Window
    cases: list[Cases]
    observations: dict[tuple[str, str, int], observation.Observation]
    """(forecaster, outcome, horizon) -> the observation model that was fitted."""
    asked: Window | None = None
    """The window with all horizons that were asked for; `window` has those that its years allow."""
    unfitted: dict[tuple[str, int], str] = field(default_factory=dict)
    """(outcome, horizon) -> why no observation model could be fitted to the training years."""


@dataclass(frozen=True)
class Forecaster:
    """A law of motion with a belief: which plans to simulate, and under which theory."""

    name: str
    theory: str = "consent"
    belief: str = "signed"
    runs: int = RUNS
    only: tuple[str, ...] | None = None

    def settings(self) -> dict[str, Any]:
        from alignsim.mechanisms.registry import MOTIVES

        off = () if self.only is None else tuple(name for name in MOTIVES if name not in self.only)
        return {"belief": self.belief, "runs": self.runs, "off": off}


MECHANISTIC: dict[str, Forecaster] = {
    "no mechanisms": Forecaster("no mechanisms"),
    "consent, signed": Forecaster("consent, signed"),
    "consent, sceptical": Forecaster("consent, sceptical", belief="sceptical"),
    "consent, calibrated": Forecaster("consent, calibrated", belief="calibrated"),
    "gravity only": Forecaster("gravity only", belief="fixed", runs=1, only=("dependence",)),
    "Friedkin–Johnsen only": Forecaster("Friedkin–Johnsen only", belief="fixed", runs=1, only=("common_interests",)),
    "balance": Forecaster("balance", "balance", "fixed", 1, ()),
    "landscape": Forecaster("landscape", "landscape", "fixed", 1, ()),
    "one coefficient": Forecaster("one coefficient", "one-coefficient", "fixed", 1, ()),
}
"""All of them speak through the same observation model, fitted for each on the training years."""

STATISTICAL = {
    "persistence": baselines.fit_persistence,
    "dyad mean": baselines.fit_dyad_mean,
    "AR(1) with drift": baselines.fit_autoregression,
}
"""Naive forecasters, fitted on the training years."""


def outcomes(panel: Panel) -> dict[str, Array]:
    """What is on record, (Y, N, N) each: agreement and distance by calendar year, shares of a state's external trade,
    and arms as five-year means, TIV a month, supplier to recipient. Trade that a world only carries on is nan."""
    trade, arms = [], []
    for year in panel.years:
        world = panel.world(year)
        flows = world.trade + world.trade.T
        total = flows.sum(axis=1, keepdims=True)
        known = (total > 0) & (year <= panel.recorded("trade"))
        trade.append(np.divide(flows, total, out=np.full_like(flows, np.nan), where=known))
        arms.append(np.array(world.arms))
    record = {
        "agreement": panel.agreement,
        "distance": panel.distance,
        "trade": np.stack(trade),
        "arms": np.stack(arms),
    }
    between = np.where(np.eye(len(panel.states), dtype=bool), np.nan, 0.0)
    return {name: np.asarray(values) + between for name, values in record.items()}


def hindcast(
    panel: Panel,
    window: Window,
    names: Sequence[str],
    *,
    runs: int | None = None,
    seed: int = 1,
    executor: Executor | None = None,
    say: Say = lambda words: nullcontext(None),
) -> Hindcast:
    """Forecast from every origin and score every case. Raises UsageError for years that the panel does not hold."""
    window.check(panel)
    asked, window = window, replace(window, horizons=window.possible())
    record = outcomes(panel)
    known = features(record, panel, window)
    cases = {(o, h): _cases(panel, record, known, window, o, h) for o in OUTCOMES for h in window.horizons}
    for key, own in cases.items():
        _statistical(own, record[key[0]], panel, window)
    fitted: dict[tuple[str, str, int], observation.Observation] = {}
    unfitted: dict[tuple[str, int], str] = {}
    for name in names:
        changes = changes_of(MECHANISTIC[name], panel, window, runs, seed, executor, say)
        for (outcome, horizon), own in cases.items():
            seen = bearing(outcome, horizon, changes, window, panel)
            if seen is None or not own.origins():
                continue
            try:
                model = learn(outcome, horizon, record, known, panel, window, seen)
            except ValueError as error:
                unfitted[outcome, horizon] = str(error)
                continue
            fitted[name, outcome, horizon] = model
            own.forecasts[name] = _joined(
                [scored(model.forecast(known[outcome, o], seen[o], MEMBERS), own, o) for o in own.origins()]
            )
    return Hindcast(panel, window, list(cases.values()), fitted, asked, unfitted)


def changes_of(
    who: Forecaster, panel: Panel, window: Window, runs: int | None, seed: int, executor: Executor | None, say: Say
) -> dict[int, Driven] | None:
    """What the forecaster says the drivers did after each origin; None where it has no mechanisms at all."""
    if who.name == "no mechanisms":
        return None
    origins = window.origins()
    settings = who.settings()
    if runs is not None and settings["runs"] > 1:
        settings["runs"] = runs
    plans, horizons = [], []
    for origin in origins:
        last = window.test[1] - origin
        horizons.append(tuple(h for h in window.horizons if h <= last))
        plans.append(past.plan(panel, origin, max(horizons[-1]), seed=seed, **settings))
    with say(f"simulating the past: {who.name}") as progress:
        found = drivens(plans, horizons, who.theory, executor, progress)
    return dict(zip(origins, found, strict=True))


def bearing(
    outcome: str, horizon: int, changes: dict[int, Driven] | None, window: Window, panel: Panel
) -> dict[int, Array] | None:
    """The changes (R, N, N) that bear on an outcome, by origin; None where the theory has nothing to say about it."""
    if changes is None:
        return nothing(panel, window)
    wanted = sorted({*window.learning(horizon), *window.judged(horizon)})
    name = {"trade": "trade", "arms": "arms"}.get(outcome, "tie")
    if getattr(changes[wanted[0]], name) is None:
        return None
    k = window.horizons.index(horizon)
    found = {o: getattr(changes[o], name)[:, k] for o in wanted}
    if name != "arms":
        return found
    to = observation.SCALES["arms"].to
    return {o: to(values) - to(np.array(panel.world(o).arms)) for o, values in found.items()}


def carried(past: dict[str, Array], outcome: str) -> dict[str, Array]:
    """The same past, with the last year of the other outcome of votes carried on where it is no longer on record."""
    other = {"agreement": "distance", "distance": "agreement"}.get(outcome)
    if other is None or np.isfinite(past[other][-1]).any():
        return past
    there = np.flatnonzero(np.isfinite(past[other]).any(axis=(1, 2)))
    if not len(there):
        return past
    own = past[other].copy()
    own[there[-1] + 1 :] = own[there[-1]]
    return {**past, other: own}


def nothing(panel: Panel, window: Window) -> dict[int, Array]:
    """No change at all, by origin, (1, N, N)."""
    n = len(panel.states)
    return {origin: np.zeros((1, n, n)) for origin in window.origins()}


def until(record: Mapping[str, Array], panel: Panel, origin: int) -> dict[str, Array]:
    """What was on record at the end of a year; nothing later is handed to any forecaster."""
    last = panel.years.index(origin) + 1
    return {name: values[:last] for name, values in record.items()}


def features(record: Mapping[str, Array], panel: Panel, window: Window) -> dict[tuple[str, int], observation.Known]:
    """What was on record at each origin, by (outcome, origin); see `observation.features`."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return {
            (outcome, origin): observation.features(carried(until(record, panel, origin), outcome), outcome)
            for origin in window.origins()
            for outcome in OUTCOMES
        }


def learn(
    outcome: str,
    horizon: int,
    record: Mapping[str, Array],
    known: Mapping[tuple[str, int], observation.Known],
    panel: Panel,
    window: Window,
    changes: Mapping[int, Array],
    mask: Array | None = None,
    trust: float | None = None,
) -> observation.Observation:
    """The observation model, fitted on the training years; `mask` and `trust` as `observation.fit` has them."""
    cases = []
    for origin in window.learning(horizon):
        seen = record[outcome][panel.years.index(origin + horizon)]
        cases.append((known[outcome, origin], changes[origin].mean(axis=0), seen))
    return observation.fit(outcome, cases, mask, trust)


def _cases(
    panel: Panel,
    record: Mapping[str, Array],
    known: Mapping[tuple[str, int], observation.Known],
    window: Window,
    outcome: str,
    horizon: int,
) -> Cases:
    """All pairs of all judged origins with something on record then and at the horizon."""
    parts = []
    for origin in window.judged(horizon):
        year = panel.years.index(origin)
        seen = record[outcome][year + horizon]
        there = known[outcome, origin].there() & np.isfinite(seen) & np.isfinite(record[outcome][year])
        i, j = observation.pairs_of(outcome, len(panel.states))
        i, j = i[there[i, j]], j[there[i, j]]
        parts.append((np.full(len(i), origin), i, j, record[outcome][year][i, j], seen[i, j]))
    columns: list[Array] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Cases(outcome, horizon, *columns)


def _statistical(own: Cases, values: Array, panel: Panel, window: Window) -> None:
    """Add the statistical forecasters, fitted on the training years."""
    years = np.array(panel.years)
    levels = ndtri((np.arange(MEMBERS) + 0.5) / MEMBERS)
    for name, fit in STATISTICAL.items():
        model = fit(values, years, window.train, (own.horizon,))
        parts = []
        for origin in own.origins():
            mean, sd = model.forecast(values[: panel.years.index(origin) + 1], origin)
            parts.append(scored(mean[0] + sd[0] * levels[:, None, None], own, origin))
        if parts:
            own.forecasts[name] = _joined(parts)


def scored(members: Array, own: Cases, origin: int) -> dict[str, Array]:
    """What is kept of an ensemble (K, N, N) at the cases of one origin."""
    here = own.origin == origin
    at = np.ascontiguousarray(members[:, own.first[here], own.second[here]])
    low, quarter, middle, three, high = np.quantile(at, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
    kept = {
        "crps": scores.crps_ensemble(at, own.observed[here]),
        "mean": at.mean(axis=0),
        "q05": low,
        "q25": quarter,
        "q50": middle,
        "q75": three,
        "q95": high,
        "pit": scores.pit(at, own.observed[here]),
    }
    if own.outcome in DEEPENS:
        step = DEEPENS[own.outcome]
        kept["deepens"] = ((at - own.last[here]) * np.sign(step) >= abs(step)).mean(axis=0)
    return kept


def _joined(parts: Sequence[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
