"""Ensembles: all runs and branches of a plan, in cache-sized chunks, in this process or in several."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Shocks
from alignsim.errors import TooLarge
from alignsim.mechanisms import adoption
from alignsim.plan import Plan, bytes_for
from alignsim.plan.plan import Batch
from alignsim.results import record
from alignsim.results.measures import OWN_THEORY
from alignsim.study import rival_laws

Progress = Callable[[int, int], None]
"""Called with the runs done and the runs there are."""

SECONDS_TO_CLOSE = 0.5
"""How long a pool whose processes were killed is waited for."""

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
    plan: Plan, runs: NDArray[np.int64], matrices: bool = True, watched_only: bool = False
) -> tuple[dict[str, record.Arrays], record.Arrays]:
    """All branches of some runs, on one thread of linear algebra; a run's numbers do not depend on the others.

    `watched_only` keeps nothing but what the plan watches.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        batch = plan.batch(runs)
        shocks = batch.shocks()
        if watched_only:
            branches = {b: record.watched_only(batch, months(batch, b, shocks, explain=False)) for b in plan.branches}
        else:
            branches = {b: record.record(batch, months(batch, b, shocks), matrices) for b in plan.branches}
    values = batch.draws.values
    by_run = {
        "parameters": np.stack([values[path].mean(axis=(1, 2)) for path in plan.priors], axis=1),
        "happened": batch.happened,
        "gain": batch.draws.gain,
        "attempts": batch.draws.attempts,
    }
    return branches, by_run


def months(batch: Batch, branch: str, shocks: list[Shocks], explain: bool = True) -> Iterator[Any]:
    """The months of one branch under the plan's theory, from the eve on; rival theories know no shocks.

    `explain` keeps each motive's contribution at the frames.
    """
    if batch.plan.theory == OWN_THEORY:
        return batch.simulate(branch, shocks, explain=None if explain else lambda month: False)
    return rival_laws.trajectory(batch.plan.theory, batch, branch)


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
    own = adoption.for_processes()
    pool = ProcessPoolExecutor(jobs, mp_context=_Workers(), initializer=_begin, initargs=(own,))
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.kill()
        thread: Any = pool._executor_manager_thread
        pool.shutdown(wait=False, cancel_futures=True)
        if thread is not None:  # it may wait for ever, for the rest of what a killed worker was sending
            thread.join(SECONDS_TO_CLOSE)
        raise
    pool.shutdown()


class _Worker(SpawnProcess):
    """A fresh process that does not run the user's script again, so that a script needs no `if __name__` guard.

    Nothing that a worker does is defined there.
    """

    def start(self) -> None:
        main = sys.modules["__main__"]
        hidden: dict[str, Any] = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
        vars(main).pop("__file__", None)
        vars(main)["__spec__"] = None
        try:
            super().start()
        finally:
            vars(main).update(hidden)


class _Workers(SpawnContext):
    Process = _Worker


def _begin(adopted: list[adoption.Message]) -> None:
    """Leave interrupts to the parent, end with it, and take over the mechanisms it has adopted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    adoption.adopt_again(adopted)


def _end_with_the_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
