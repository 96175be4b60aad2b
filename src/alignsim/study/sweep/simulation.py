"""Rows of a sweep: a row is one run at one point, and rows of many points are simulated together.

Run r has the same shocks, doubts, coins and other parameters at every point, so that points are compared run by run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array, Shocks
from alignsim.kernel import Effect
from alignsim.mechanisms.parameters import Parameter
from alignsim.plan.numbers import Number, with_values
from alignsim.plan.plan import Batch, Plan
from alignsim.plan.resolution import compiled
from alignsim.random import uniforms
from alignsim.results import record
from alignsim.scenario import Document
from alignsim.scenario.consistency import dated_events
from alignsim.scenario.outcomes import Outcome
from alignsim.study import ensemble
from alignsim.study.outcomes import over_window, watched
from alignsim.theories import consent
from alignsim.world import World

Rows = dict[str, NDArray]
"""What is kept of some rows: values (c, branches, outcomes), gain (c,), parameters (c, P), happened (c, coins), error
(c,), empty where nothing failed."""


@dataclass(frozen=True)
class Swept:
    """All that a process needs to simulate any row of a sweep."""

    document: Document
    world: World
    plan: Plan
    """The file's own plan, which watches the outcomes; its branches are those that are run."""
    outcomes: tuple[Outcome, ...]
    inputs: tuple[Number, ...]
    """(k,) in the order of the columns of points."""

    @property
    def figures(self) -> list[int]:
        """Columns of the inputs that are figures of the file, not parameters."""
        return [k for k, number in enumerate(self.inputs) if not number.parameter]

    @property
    def events(self) -> frozenset[int]:
        """Places of the events that an input belongs to."""
        return events(self.document, self.inputs)


def events(document: Document, inputs: Sequence[Number]) -> frozenset[int]:
    """Places of the events that some of the inputs belong to."""
    places = [place for place, _ in dated_events(document.scenario)]
    return frozenset(k for k, place in enumerate(places) if any(own.steps[: len(place)] == place for own in inputs))


def simulate(swept: Swept, points: Array, runs: NDArray[np.int64]) -> Rows:
    """Simulate rows: points (c, k) in the inputs' units, runs (c,). A row's numbers do not depend on the others.

    A row that fails carries its error and the others go on.
    """
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):
            return _simulated(swept, points, runs)
    except Exception as error:  # whatever it is, it is told in the row that it belongs to
        if len(runs) == 1:
            return failed(swept, 1, f"{type(error).__name__}: {error}")
    half = len(runs) // 2
    return joined([simulate(swept, points[:half], runs[:half]), simulate(swept, points[half:], runs[half:])])


def failed(swept: Swept, rows: int, error: str) -> Rows:
    """Rows that have nothing but an error."""
    return {
        "values": np.full((rows, len(swept.plan.branches), len(swept.outcomes)), np.nan),
        "gain": np.full(rows, np.nan),
        "parameters": np.full((rows, len(swept.plan.priors)), np.nan),
        "happened": np.zeros((rows, len(swept.plan.coins)), dtype=bool),
        "error": np.full(rows, " ".join(error.split())[:500]),
    }


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _simulated(swept: Swept, points: Array, runs: NDArray[np.int64]) -> Rows:
    settings, of = np.unique(points[:, swept.figures], axis=0, return_inverse=True)
    of = of.reshape(-1)  # NumPy 2.0 gives it another shape
    plans = [_plan(swept, setting) for setting in settings]
    kinds: dict[Any, list[int]] = {}
    for k, plan in enumerate(plans):
        kinds.setdefault(_shape(plan), []).append(k)
    found = failed(swept, len(runs), "")
    found["error"] = found["error"].astype(object)
    for alike in kinds.values():
        rows = np.flatnonzero(np.isin(of, alike))
        own = _together(swept, [plans[k] for k in alike], np.searchsorted(alike, of[rows]), points[rows], runs[rows])
        for name, values in own.items():
            found[name][rows] = values
    return found | {"error": np.array(found["error"].tolist())}


def _plan(swept: Swept, setting: Array) -> Plan:
    """The plan with the figures of one point; what is watched stays what it is in the file."""
    if not len(setting):
        return swept.plan
    figures = [swept.inputs[k] for k in swept.figures]
    values = {number.steps: number.typed(value) for number, value in zip(figures, setting.tolist(), strict=True)}
    other = compiled(with_values(swept.document, values), swept.world, swept.plan.belief, varied=swept.events)
    # a coin's address stays that of the event as the file has it
    coins = tuple(replace(new, key=own.key) for new, own in zip(other.coins, swept.plan.coins, strict=True))
    branches = {name: other.branches[name] for name in swept.plan.branches}
    return replace(
        swept.plan, branches=branches, coins=coins, given=other.given, eve=other.eve, position=other.position
    )


def _shape(plan: Plan) -> Any:
    """What plans must have in common to be simulated together: all but the sizes of effects and the odds of events."""
    effects = tuple(
        (e.driver, tuple(map(bytes, e.index)), e.operation, e.first, e.last, e.uncertain, e.share, e.event)
        for own in plan.branches.values()
        for e in own
    )
    arrays = [*plan.position, *(plan.given[name] for name in ("attention", "enforcers")), plan.eve.salience]
    return effects, tuple(coin.key for coin in plan.coins), tuple(a.tobytes() for a in arrays)


def _together(swept: Swept, plans: list[Plan], of: NDArray, points: Array, runs: NDArray[np.int64]) -> Rows:
    """Rows of plans of one shape; `of` (c,) says which plan each row is under."""
    plan = replace(plans[0], branches=_merged(plans, of, swept.events))
    batch = _batch(swept, plan, plans, of, points, runs)
    shocks = _shocks(plan, runs)
    own = np.empty((len(runs), len(plan.branches), len(swept.outcomes)))
    for b, branch in enumerate(plan.branches):
        series = record.watched_only(batch, ensemble.months(batch, branch, shocks, explain=False))["watched"]
        for o, outcome in enumerate(swept.outcomes):
            place = plan.watched.index(watched(outcome, swept.plan)[0])
            own[:, b, o] = over_window(series[:, place], outcome, plan)
    parameters = [batch.draws.values[path].mean(axis=(1, 2)) for path in plan.priors]
    return {
        "values": own,
        "gain": batch.draws.gain,
        "parameters": np.stack(parameters, axis=1),
        "happened": batch.happened,
        "error": np.array([_not_finite(swept, values) for values in own]),
    }


def _batch(swept: Swept, plan: Plan, plans: list[Plan], of: NDArray, points: Array, runs: NDArray[np.int64]) -> Batch:
    """The rows as a batch: what a run draws is drawn once for all points that share it."""
    each, place = np.unique(runs, return_inverse=True)
    base = plan.batch(each)
    drawn = {path: values[place] for path, values in base.draws.values.items()}
    draws = replace(base.draws, values=drawn, gain=base.draws.gain[place], attempts=base.draws.attempts[place])
    odds = np.array([[coin.probability for coin in own.coins] for own in plans]).reshape(len(plans), -1)
    keys = np.array([coin.key for coin in plan.coins], dtype=np.uint64)
    happened = uniforms(plan.seed, "events", runs, keys) < odds[of]
    varied = {number.path: points[:, k] for k, number in enumerate(swept.inputs) if number.parameter}
    batch = Batch(plan, runs, draws, happened, base.eve, base.doubt[place]).changed(varied)
    if not varied:
        return batch
    return replace(batch, draws=replace(batch.draws, gain=consent.loop_gain_near(batch.eve, base.eve, place)))


def _shocks(plan: Plan, runs: NDArray[np.int64]) -> list[Shocks]:
    """The shocks of every month, drawn once for all rows of a run."""
    each, place = np.unique(runs, return_inverse=True)
    drawn = plan.noise(each).months(1, plan.months)
    return [Shocks(shock.alignment[place], shock.position[place]) for shock in drawn]


def _merged(plans: list[Plan], of: NDArray, varied: frozenset[int]) -> dict[str, tuple[Effect, ...]]:
    """The branches with one value a row for the effects of events that vary, whatever rows they are simulated with."""
    if len(plans) == 1 and not varied:
        return plans[0].branches
    branches = {}
    for name in plans[0].branches:
        beside = zip(*(plan.branches[name] for plan in plans), strict=True)
        branches[name] = tuple(
            replace(own[0], value=np.array([effect.value for effect in own])[of][:, None])
            if own[0].event in varied
            else own[0]
            for own in beside
        )
    return branches


def _not_finite(swept: Swept, values: Array) -> str:
    """Which outcome of a row has no finite value, "" where all have."""
    if np.isfinite(values).all():
        return ""
    branch, outcome = np.argwhere(~np.isfinite(values))[0]
    return f"no finite value: {swept.outcomes[outcome]} in {list(swept.plan.branches)[branch]}"


def at_median(plan: Plan, declared: dict[str, Parameter]) -> Plan:
    """The plan in which every parameter stands at the median of its belief."""
    from alignsim.mechanisms.priors import Constant

    fixed = {
        path: Constant(float(prior.quantile(np.array(0.5), declared[path].low, declared[path].high)))
        for path, prior in plan.priors.items()
    }
    return replace(plan, priors=fixed)
