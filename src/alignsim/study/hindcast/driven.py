"""What a theory says the drivers did: changes of ties, trade and arms after an origin, without any noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from alignsim.arrays import ALIGNMENT_BOUND, Shocks
from alignsim.kernel import Timeline, simulate
from alignsim.plan.plan import Batch, Plan
from alignsim.scenario.schema import BASELINE
from alignsim.study import ensemble, rivals
from alignsim.study.contrasts import gather
from alignsim.theories import consent

Array = Any


@dataclass(frozen=True)
class Driven:
    """Changes since the origin under each of R draws of the parameters, at each horizon H (years).

    `tie` (R, H, N, N) in z, the latent scale of alignment; `trade` (R, H, N, N) log change of the share of a state's
    external trade; `arms` (R, H, N, N) deliveries, TIV a month, five-year running mean. The last two are None for
    theories that are silent about them.
    """

    tie: Array
    trade: Array | None = None
    arms: Array | None = None


def drivens(
    plans: Sequence[Plan],
    horizons: Sequence[Sequence[int]],
    theory: str = "consent",
    executor: Executor | None = None,
    progress: Any = None,
) -> list[Driven]:
    """Simulate every run of some plans without noise, and keep what has changed at each plan's horizons (years)."""
    tasks, owner = [], []
    for k, plan in enumerate(plans):
        size = ensemble.chunk_size(plan)
        for first in range(0, plan.runs, size):
            tasks.append((plan, np.arange(first, min(first + size, plan.runs)), tuple(horizons[k])))
            owner.append(k)
    sizes = [len(runs) for _, runs, _ in tasks]
    parts = gather(partial(_chunk, theory), tasks, executor, progress, sizes)
    return [joined([p for p, k in zip(parts, owner, strict=True) if k == own]) for own in range(len(plans))]


def joined(parts: Sequence[Driven]) -> Driven:
    """Runs of several chunks one after another."""

    def whole(name: str) -> Array | None:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    return Driven(whole("tie"), whole("trade"), whole("arms"))


def of_batch(batch: Batch, horizons: Sequence[int], theory: str = "consent") -> Driven:
    """What has changed at the horizons for the runs of a batch."""
    from threadpoolctl import threadpool_limits

    months = {12 * h: k for k, h in enumerate(horizons)}
    with threadpool_limits(1):
        kept = [(t, now) for t, now in enumerate(_trajectory(batch, max(months), theory)) if t == 0 or t in months]
    start, later = kept[0][1], [now for _, now in kept[1:]]
    if theory != "consent":
        at = [_latent(now.alignment) for now in (start, *later)]
        return Driven(np.stack([z - at[0] for z in at[1:]], axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        trade = [np.log(now.trade_share / start.trade_share) for now in later]
    return Driven(
        np.stack([now.z - start.z for now in later], axis=1),
        np.nan_to_num(np.stack(trade, axis=1), posinf=0.0, neginf=0.0),
        np.stack([now.stream for now in later], axis=1),
    )


def _chunk(theory: str, plan: Plan, runs: Array, horizons: tuple[int, ...]) -> Driven:
    return of_batch(plan.batch(runs), horizons, theory)


def _trajectory(batch: Batch, months: int, theory: str) -> Iterator[Any]:
    if theory != "consent":
        yield from rivals.trajectory(theory, batch, BASELINE)
        return
    plan = batch.plan
    n, issues = len(plan.states), len(plan.issues)
    still = Shocks(np.zeros((1, n, n)), np.zeros((1, n, issues)))
    timeline = Timeline(plan.eve, plan.branches[BASELINE], batch.happened)
    yield from simulate(consent, batch.eve, timeline, [still] * months, lambda month: False)


def _latent(alignment: Array) -> Array:
    return np.arctanh(np.clip(alignment, -ALIGNMENT_BOUND, ALIGNMENT_BOUND))
