"""Branches compared run by run: the same parameters, doubts and shocks, so that only what differs between them shows.

The difference of two branches in one run is free of everything that both share; far fewer runs are needed than with
seeds of their own (common random numbers; measured in benchmarks/pairing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from alignsim.kernel import Effect
from alignsim.plan.plan import Plan
from alignsim.results import record
from alignsim.results.measures import OTHER_TIES
from alignsim.scenario.schema import BASELINE, Claim
from alignsim.study import ensemble
from alignsim.study.outcomes import over_window, watched

Array = Any
Branches = Mapping[str, tuple[Effect, ...]]


@dataclass(frozen=True)
class Asked:
    """A claim, and where its numbers stand among what is recorded."""

    claim: Claim
    value: int
    """Place of its measure in `plan.watched`."""
    others: int | None
    """Place of its members' other ties, where it is about an alignment."""
    branch: str
    """The branch at stake; the highest level of a dose."""
    against: str
    """What it is compared with; the lowest level of a dose; the branch itself where a level is asked for."""
    levels: tuple[str, ...] = ()
    """Branches at the levels of a dose, ascending."""


@dataclass(frozen=True)
class Simulated:
    """Some runs of a plan's branches: what was recorded by branch, and what branches share."""

    plan: Plan
    branches: dict[str, record.Arrays]
    by_run: record.Arrays
    runs: Array

    def series(self, branch: str, place: int) -> Array:
        """A watched number in every run and month, (R, T)."""
        return self.branches[branch]["watched"][:, place]

    def joined(self, more: Simulated) -> Simulated:
        """These runs and further ones."""
        branches = {name: _joined([own, more.branches[name]]) for name, own in self.branches.items()}
        return replace(
            self,
            branches=branches,
            by_run=_joined([self.by_run, more.by_run]),
            runs=np.concatenate([self.runs, more.runs]),
        )


def watching(plan: Plan, claims: Sequence[Claim]) -> Plan:
    """The plan that also keeps what the claims measure, each thing once."""
    wanted = [item for claim in claims if claim.outcome is not None for item in watched(claim.outcome, plan)]
    return replace(plan, watched=tuple(dict.fromkeys(wanted)))


def asked(claim: Claim, plan: Plan, levels: Sequence[str] = ()) -> Asked:
    """Where a claim's numbers stand in a plan that watches it."""
    assert claim.outcome is not None
    value = watched(claim.outcome, plan)[0]
    members = tuple(sorted({*value.of, *value.toward})) if value.measure == "alignment" else None
    others = [k for k, w in enumerate(plan.watched) if w.measure == OTHER_TIES and w.of == members and claim.compares]
    if claim.level is not None:
        branch = against = claim.place
    elif claim.contrast is not None:
        branch, against = claim.contrast.branch, claim.contrast.against
    else:
        branch, against = (levels[-1], levels[0]) if levels else (BASELINE, BASELINE)
    return Asked(claim, plan.watched.index(value), others[0] if others else None, branch, against, tuple(levels))


def path(question: Asked, of: Simulated) -> Array:
    """Effect of the branch in every run and month, (R, T); of a claim about a level, the outcome itself."""
    if not question.claim.compares:
        return of.series(question.branch, question.value)
    return of.series(question.branch, question.value) - of.series(question.against, question.value)


def effects(question: Asked, of: Simulated) -> Array:
    """The effect on the outcome of a contrast, (R,); of a dose at each level against the baseline, (R, D).

    Of a claim about a level it is the outcome less the level, (R,).
    """
    outcome = question.claim.outcome
    assert outcome is not None
    if question.claim.level is not None:
        return over_window(path(question, of), outcome, of.plan) - question.claim.level
    if not question.levels:
        return over_window(path(question, of), outcome, of.plan)
    base = over_window(of.series(BASELINE, question.value), outcome, of.plan)
    ends = [over_window(of.series(name, question.value), outcome, of.plan) for name in question.levels]
    return np.stack(ends, axis=1) - base[:, None]


def relative(question: Asked, of: Simulated) -> Array | None:
    """REL: the effect on the pair less that on its members' other ties, (R,); None where it is no alignment."""
    if question.others is None:
        return None
    outcome = question.claim.outcome
    assert outcome is not None
    others = of.series(question.branch, question.others) - of.series(question.against, question.others)
    return over_window(path(question, of) - others, outcome, of.plan)


def simulate(
    plan: Plan,
    runs: Array,
    full: bool = False,
    executor: Executor | None = None,
    progress: ensemble.Progress | None = None,
    known: Sequence[Simulated] = (),
) -> Simulated:
    """The given runs of every branch, equal branches once; the same numbers whatever the chunks or the executor.

    Only what is watched is kept, unless all that results need is asked for (`full`). Branches that do the same as one
    of those `known`, of plans that differ in their branches only, are taken from there where they have these runs.

    Raises TooLarge before anything is allocated when they would not fit into memory.
    """
    runs, twin = np.asarray(runs), _twins(plan.branches)
    done, shared = ({}, {}) if full else _done(known, plan, runs)
    there = {name: done[meaning] for name in set(twin.values()) if (meaning := _meaning(plan.branches[name])) in done}
    wanted = [name for name in dict.fromkeys(twin.values()) if name not in there]
    if not wanted:
        return Simulated(plan, {name: there[twin[name]] for name in plan.branches}, shared, runs)
    lean = replace(plan, branches={name: plan.branches[name] for name in wanted})
    size = ensemble.chunk_size(plan)
    ensemble.refuse_what_does_not_fit(replace(lean, runs=int(max(runs)) + 1 if full else len(runs)), size)
    work = partial(_chunk, lean, full=full)
    chunks = [runs[k : k + size] for k in range(0, len(runs), size)]
    parts = gather(work, [(chunk,) for chunk in chunks], executor, progress, [len(chunk) for chunk in chunks])
    whole = there | {name: _joined([branches[name] for branches, _ in parts]) for name in lean.branches}
    shared = _joined([by_run for _, by_run in parts])
    return Simulated(plan, {name: whole[twin[name]] for name in plan.branches}, shared, runs)


def _chunk(plan: Plan, runs: Array, full: bool) -> tuple[dict[str, record.Arrays], record.Arrays]:
    return ensemble.simulate_chunk(plan, runs, matrices=full, watched_only=not full)


def _done(known: Sequence[Simulated], plan: Plan, runs: Array) -> tuple[dict[Any, record.Arrays], record.Arrays]:
    """What is watched in the branches that are known of these runs, by what the branches do; and what they share."""
    done: dict[Any, record.Arrays] = {}
    shared: record.Arrays = {}
    for own in known:
        if own.plan.watched != plan.watched or not np.isin(runs, own.runs).all():
            continue
        rows = np.searchsorted(own.runs, runs)
        for name, kept in own.branches.items():
            done[_meaning(own.plan.branches[name])] = {"watched": kept["watched"][rows]}
        shared = {name: values[rows] for name, values in own.by_run.items()}
    return done, shared


def gather(
    work: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    executor: Executor | None = None,
    progress: ensemble.Progress | None = None,
    sizes: Sequence[int] | None = None,
) -> list[Any]:
    """`work(*task)` of every task, in their order; a few at a time are handed to the executor.

    `sizes` says how much of the progress each task is, 1 where not said.
    """
    results: list[Any] = [None] * len(tasks)
    sizes = sizes or [1] * len(tasks)
    done = 0

    def finished(k: int, result: Any) -> None:
        nonlocal done
        results[k], done = result, done + sizes[k]
        if progress:
            progress(done, sum(sizes))

    if executor is None:
        for k, task in enumerate(tasks):
            finished(k, work(*task))
        return results
    queue = list(enumerate(tasks))[::-1]
    waiting: dict[Future[Any], int] = {}
    while queue or waiting:
        while queue and len(waiting) < 2 * getattr(executor, "_max_workers", 2):
            k, task = queue.pop()
            waiting[executor.submit(work, *task)] = k
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            finished(waiting.pop(future), future.result())
    return results


def same(one: tuple[Effect, ...], other: tuple[Effect, ...]) -> bool:
    """Whether two lists of effects do the same."""
    return _meaning(one) == _meaning(other)


def _twins(branches: Branches) -> dict[str, str]:
    """For each branch the first one that does the same."""
    seen: dict[Any, str] = {}
    return {name: seen.setdefault(_meaning(own), name) for name, own in branches.items()}


def _meaning(effects: tuple[Effect, ...]) -> Any:
    """What effects do, without those that do nothing: raising to nothing, scaling by one, adding nothing."""
    idle = {("raise", 0.0), ("scale", 1.0), ("add", 0.0)}
    return tuple(
        (e.driver, tuple(map(bytes, e.index)), e.operation, e.value, e.first, e.last, e.uncertain, e.share)
        for e in effects
        if (e.operation, e.value) not in idle and e.share > 0.0
    )


def _joined(parts: Sequence[record.Arrays]) -> record.Arrays:
    """Chunks of runs as one: sums over runs are added, all else is put one after another."""
    whole = {}
    for name in parts[0]:
        own = [part[name] for part in parts]
        whole[name] = np.sum(own, axis=0) if name in record.FIXED else np.concatenate(own)
    return whole
