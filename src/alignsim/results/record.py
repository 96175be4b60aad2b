"""What is kept of a simulation: every month of the focus ties run by run, and whole matrices at a few frames.

Of a rival theory only what it speaks of is kept: ties and isolation. Sums over runs are taken in fixed point, so that
they are exact and the same whatever the chunks or their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Snapshot
from alignsim.plan.plan import Batch, Plan
from alignsim.results.measures import OWN_THEORY, measured, other_ties, spoken_of

FIXED = {"trade_sum": 2.0**20, "arms_sum": 2.0**30, "pressure_sum": 2.0**40}
"""Units of the fixed-point sums: trade to a thousandth of a million USD, arms and pressure finer."""

Arrays = dict[str, NDArray]


def members(plan: Plan) -> list[int]:
    """The states that occur in focus dyads, in the order of the world."""
    return sorted({state for dyad in plan.focus for state in dyad})


def motives(plan: Plan) -> list[str]:
    """Motives whose contributions are recorded: those that are switched on."""
    from alignsim.mechanisms.registry import MOTIVES

    return [name for name in MOTIVES if name not in plan.off]


def empty(plan: Plan, runs: int, matrices: bool = True) -> Arrays:
    """Arrays for one branch and `runs` runs; sums start at zero."""
    n, t, f, m = len(plan.states), plan.months + 1, len(plan.focus), len(members(plan))
    frames, whole = len(plan.frames), plan.theory == OWN_THEORY
    arrays: Arrays = {name: np.empty((runs, f, t)) for name in ("alignment", "other_ties")}
    if whole:
        arrays |= {name: np.empty((runs, f, 2, t)) for name in ("trade_share", "arms", "desire")}
        arrays["motive_share"] = np.zeros((runs, f, 2, len(motives(plan)), frames))
    arrays |= {name: np.empty((runs, m, t)) for name in ("isolation", *(_OF_A_STATE if whole else ()))}
    if plan.watched:
        arrays["watched"] = np.full((runs, len(plan.watched), t), np.nan)
    if matrices:
        arrays["matrix"] = np.empty((runs, frames, n * (n - 1) // 2), dtype=np.float32)
        if whole:
            arrays |= {name: np.zeros((frames, n, n), dtype=np.int64) for name in ("trade_sum", "arms_sum")}
        arrays["pressure_sum"] = np.zeros((t, n), dtype=np.int64)
    return arrays


_OF_A_STATE = ("capacity", "know_how", "position")


def record(batch: Batch, snapshots: Iterable[Any], matrices: bool = True) -> Arrays:
    """Record one branch of a batch; arrays as in `empty`, with the batch's runs."""
    plan = batch.plan
    kept = empty(plan, len(batch.runs), matrices)
    first = np.array([i for i, _ in plan.focus], dtype=np.intp)
    second = np.array([j for _, j in plan.focus], dtype=np.intp)
    sides, partners = np.stack([first, second], 1), np.stack([second, first], 1)
    upper = np.triu_indices(len(plan.states), 1)
    others = [other_ties((min(dyad), max(dyad)), plan) for dyad in plan.focus]
    frame = {month: k for k, month in enumerate(plan.frames)}
    for t, now in enumerate(snapshots):
        kept["alignment"][:, :, t] = now.alignment[:, first, second]
        for f, watched in enumerate(others):
            kept["other_ties"][:, f, t] = np.nan if watched is None else measured(now, watched, t, batch)
        kept["isolation"][:, :, t] = now.isolation[:, members(plan)]
        if plan.theory == OWN_THEORY:
            _record_surroundings(kept, now, t, plan, sides, partners)
        for w in spoken_of(plan):
            kept["watched"][:, w, t] = measured(now, plan.watched[w], t, batch)
        if matrices:
            kept["pressure_sum"][t] += _fixed(now.isolation, "pressure_sum")
        if t in frame:
            _record_frame(kept, now, frame[t], sides, partners, upper)
    return kept


def watched_only(batch: Batch, snapshots: Iterable[Any]) -> Arrays:
    """Record nothing but what the plan watches."""
    plan = batch.plan
    kept = np.full((len(batch.runs), len(plan.watched), plan.months + 1), np.nan)
    for t, now in enumerate(snapshots):
        for w in spoken_of(plan):
            kept[:, w, t] = measured(now, plan.watched[w], t, batch)
    return {"watched": kept}


def _record_surroundings(kept: Arrays, now: Snapshot, t: int, plan: Plan, sides: NDArray, partners: NDArray) -> None:
    of = members(plan)
    for name, source in (("trade_share", now.trade_share), ("arms", now.deliveries), ("desire", now.desire)):
        kept[name][:, :, :, t] = source[:, sides, partners]
    kept["capacity"][:, :, t] = np.exp(now.output[:, of])
    kept["know_how"][:, :, t] = now.know_how[:, of]
    kept["position"][:, :, t] = now.position[:, of, 0]


def _record_frame(kept: Arrays, now: Any, k: int, sides: NDArray, partners: NDArray, upper: Any) -> None:
    """What is kept at a frame only."""
    if "motive_share" in kept:
        for m, own in enumerate(now.contributions.values()):
            kept["motive_share"][:, :, :, m, k] = own[:, sides, partners]
    if "matrix" in kept:
        kept["matrix"][:, k] = now.alignment[:, upper[0], upper[1]]
    for name, source in (("trade_sum", "trade"), ("arms_sum", "deliveries")):
        if name in kept:
            kept[name][k] += _fixed(getattr(now, source), name)


def _fixed(values: NDArray, name: str) -> NDArray[np.int64]:
    """The sum over runs in whole units."""
    return np.rint(values * FIXED[name]).astype(np.int64).sum(axis=0)


def merge(whole: Arrays, part: Arrays, rows: NDArray[np.int64]) -> None:
    """Put the runs of a chunk into their rows of the whole, and add its sums."""
    for name, values in part.items():
        if name in FIXED:
            whole[name] += values
        else:
            whole[name][rows] = values
