"""What is kept of a simulation: every month of the focus ties run by run, and whole matrices at a few frames.

Sums over runs are taken in fixed point, so that they are exact and the same whatever the chunks or their order.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Snapshot
from alignsim.plan.plan import Batch, Plan
from alignsim.results.measures import measured

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
    frames = len(plan.frames)
    arrays: Arrays = {
        "alignment": np.empty((runs, f, t)),
        "other_ties": np.empty((runs, f, t)),
        "trade_share": np.empty((runs, f, 2, t)),
        "arms": np.empty((runs, f, 2, t)),
        "desire": np.empty((runs, f, 2, t)),
        "motive_share": np.zeros((runs, f, 2, len(motives(plan)), frames)),
        "isolation": np.empty((runs, m, t)),
        "capacity": np.empty((runs, m, t)),
        "know_how": np.empty((runs, m, t)),
        "position": np.empty((runs, m, t)),
    }
    if plan.watched:
        arrays["watched"] = np.empty((runs, len(plan.watched), t))
    if matrices:
        arrays |= {
            "matrix": np.empty((runs, frames, n * (n - 1) // 2), dtype=np.float32),
            "trade_sum": np.zeros((frames, n, n), dtype=np.int64),
            "arms_sum": np.zeros((frames, n, n), dtype=np.int64),
            "pressure_sum": np.zeros((t, n), dtype=np.int64),
        }
    return arrays


def record(batch: Batch, snapshots: Iterable[Snapshot], matrices: bool = True) -> Arrays:
    """Record one branch of a batch; arrays as in `empty`, with the batch's runs."""
    plan = batch.plan
    kept = empty(plan, len(batch.runs), matrices)
    of = members(plan)
    first = np.array([i for i, _ in plan.focus], dtype=np.intp)
    second = np.array([j for _, j in plan.focus], dtype=np.intp)
    sides, partners = np.stack([first, second], 1), np.stack([second, first], 1)
    upper = np.triu_indices(len(plan.states), 1)
    frame = {month: k for k, month in enumerate(plan.frames)}
    third = max(2 * (len(plan.states) - 2), 1)
    for t, now in enumerate(snapshots):
        tie = now.alignment[:, first, second]
        kept["alignment"][:, :, t] = tie
        total = now.alignment.sum(axis=2)
        kept["other_ties"][:, :, t] = (total[:, first] + total[:, second] - 2.0 * tie) / third
        for name, source in (("trade_share", now.trade_share), ("arms", now.deliveries), ("desire", now.desire)):
            kept[name][:, :, :, t] = source[:, sides, partners]
        kept["isolation"][:, :, t] = now.isolation[:, of]
        kept["capacity"][:, :, t] = np.exp(now.output[:, of])
        kept["know_how"][:, :, t] = now.know_how[:, of]
        kept["position"][:, :, t] = now.position[:, of, 0]
        for w, watched in enumerate(plan.watched):
            kept["watched"][:, w, t] = measured(now, watched, t, batch)
        if matrices:
            kept["pressure_sum"][t] += _fixed(now.isolation, "pressure_sum")
        if t in frame:
            k = frame[t]
            for m, name in enumerate(motives(plan)):
                kept["motive_share"][:, :, :, m, k] = now.contributions[name][:, sides, partners]
            if matrices:
                kept["matrix"][:, k] = now.alignment[:, upper[0], upper[1]]
                kept["trade_sum"][k] += _fixed(now.trade, "trade_sum")
                kept["arms_sum"][k] += _fixed(now.deliveries, "arms_sum")
    return kept


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
