"""Ensembles: all runs and branches of a plan, in cache-sized chunks, in this process or in several."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from alignsim.errors import TooLarge
from alignsim.plan import Plan, bytes_for
from alignsim.results import record

Progress = Callable[[int, int], None]
"""Called with the runs done and the runs there are."""

CACHE = 400_000
"""Bytes of one (run, state, partner) array of a chunk: small enough for the cache, and large enough that arithmetic
takes the time, not the calling of NumPy."""


@dataclass(frozen=True)
class Recorded:
    """Arrays by branch, what branches share, and the runs' numbers."""

    branches: dict[str, record.Arrays]
    by_run: record.Arrays
    runs: NDArray[np.int64]


def chunk_size(plan: Plan) -> int:
    """Runs that are simulated together."""
    return int(np.clip(CACHE // (8 * len(plan.states) ** 2), 1, 64))


def simulate_chunk(
    plan: Plan, runs: NDArray[np.int64], matrices: bool = True
) -> tuple[dict[str, record.Arrays], record.Arrays]:
    """All branches of some runs, on one thread of linear algebra; a run's numbers do not depend on the others."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        batch = plan.batch(runs)
        shocks = batch.shocks()
        branches = {b: record.record(batch, batch.simulate(b, shocks), matrices) for b in plan.branches}
    values = batch.draws.values
    by_run = {
        "parameters": np.stack([values[path].mean(axis=(1, 2)) for path in plan.priors], axis=1),
        "happened": batch.happened,
        "gain": batch.draws.gain,
        "attempts": batch.draws.attempts,
    }
    return branches, by_run


def simulate(
    plan: Plan,
    jobs: int = 1,
    progress: Progress | None = None,
    chunk: int | None = None,
    matrices: bool = True,
    executor: Executor | None = None,
) -> Recorded:
    """Simulate every run of the plan. The result is the same for any `jobs`, `chunk` or `executor`.

    Raises TooLarge when the estimate exceeds the memory that is free, before anything is allocated.
    """
    size = chunk or chunk_size(plan)
    refuse_what_does_not_fit(plan, size * max(jobs, 1))
    runs = np.arange(plan.runs, dtype=np.int64)
    chunks = [runs[k : k + size] for k in range(0, len(runs), size)]
    whole = {b: record.empty(plan, len(runs), matrices) for b in plan.branches}
    shared: list[record.Arrays | None] = [None] * len(chunks)
    done = 0
    for k, (branches, by_run) in _finished(plan, chunks, jobs, matrices, executor):
        for branch, arrays in branches.items():
            record.merge(whole[branch], arrays, chunks[k])
        shared[k] = by_run
        done += len(chunks[k])
        if progress:
            progress(done, len(runs))
    parts = [part for part in shared if part is not None]
    return Recorded(whole, {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}, runs)


def _finished(plan: Plan, chunks: list, jobs: int, matrices: bool, executor: Executor | None) -> Iterator:
    """(number, result) of every chunk as it finishes."""
    if executor is None and (jobs <= 1 or len(chunks) == 1):
        for k, runs in enumerate(chunks):
            yield k, simulate_chunk(plan, runs, matrices)
        return
    with workers(jobs) if executor is None else _borrowed(executor) as pool:
        waiting: dict[Future, int] = {}
        queue = iter(enumerate(chunks))
        ahead = 2 * max(jobs, 1)
        while True:
            while len(waiting) < ahead and (item := next(queue, None)) is not None:
                waiting[pool.submit(simulate_chunk, plan, item[1], matrices)] = item[0]
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()


@contextmanager
def _borrowed(executor: Executor) -> Iterator[Executor]:
    yield executor


@contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes that is gone, with all its children, when the block is left for whatever reason."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def refuse_what_does_not_fit(plan: Plan, chunk: int) -> None:
    """Raise TooLarge with the estimate when the plan would not fit into the memory that is free."""
    needed, free = bytes_for(plan, chunk), free_memory()
    if needed > free:
        raise TooLarge(
            f"this needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free: "
            f"{plan.runs} runs of {len(plan.branches)} branches, {len(plan.states)} states and {plan.months} months. "
            "Use fewer runs (--runs), a smaller world or a shorter time"
        )


def free_memory() -> int:
    """Bytes of memory that may be used: what is available, or the control group's limit where that is lower."""
    try:
        with open("/proc/meminfo", encoding="ascii") as handle:
            fields = dict(line.split(":", 1) for line in handle)
        free = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as handle:
            return min(free, int(handle.read()))
    except (OSError, ValueError):
        return free
