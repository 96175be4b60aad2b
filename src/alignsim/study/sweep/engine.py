"""Carry a sweep out: chunks that are not there yet go to processes, and come back into a journal.

A row that fails is a row with its error. A worker that is killed is replaced and its chunks are tried again, then
alone, then in halves, until the row that kills is found and is a row with its error as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.errors import AlignsimError
from alignsim.study import ensemble
from alignsim.study.sweep.journal import Store
from alignsim.study.sweep.request import Chunk, Request, chunks
from alignsim.study.sweep.simulation import Rows, failed, joined, simulate

Progress = Callable[[int, int, int, int], None]
"""Called with the rows done, the rows there are, how many of those done have failed, and how many were done before."""
Results = Generator[tuple["Task", Rows], None, None]
ATTEMPTS = 2
"""How often a chunk may be lost with its worker before it is run alone."""
KILLED = "the worker was killed (out of memory?)"


@dataclass
class Task:
    """Some rows of a chunk."""

    number: int
    which: NDArray[np.intp]
    """Places of the rows in their chunk."""
    lost: int = 0
    """Workers that died with it."""


def carry_out(
    asked: Request,
    store: Store,
    jobs: int = 1,
    executor: Executor | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> None:
    """Simulate what the store does not hold yet; with `retry_failed` also the rows that have failed.

    `jobs` is the number of processes, or of chunks that the `executor` works on at a time.
    Raises AlignsimError where the executor takes no more work, and FileProblem; what is finished then stays.
    """
    listed = list(chunks(len(asked.points), asked.runs, store.size))
    finished = store.finished()
    told = _Told(progress, asked.rows)
    tasks = deque[Task]()
    done = failures = 0
    for number, (points, _) in enumerate(listed):
        if number not in finished:
            tasks.append(Task(number, np.arange(len(points))))
        elif retry_failed and finished[number]:
            tasks.append(Task(number, np.flatnonzero(store.get(number)["error"] != "")))
            done += len(points) - finished[number]
        else:
            done, failures = done + len(points), failures + finished[number]
    told.begun(done, failures)
    assembly = _Assembly(store, listed, told)
    with closing(_results(asked, listed, tasks, jobs, executor)) as results:
        for task, rows in results:
            assembly.add(task, rows)


class _Told:
    """What is told of the progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done, self.failed, self.before = progress, total, 0, 0, 0

    def begun(self, rows: int, failures: int) -> None:
        """Say what was there before."""
        self.before = rows
        if rows:
            self.finished(rows, failures)

    def finished(self, rows: int, failures: int) -> None:
        self.done, self.failed = self.done + rows, self.failed + failures
        if self.progress:
            self.progress(self.done, self.total, self.failed, self.before)


class _Assembly:
    """Puts a chunk into the store when all its rows are there, also where it came in pieces."""

    def __init__(self, store: Store, listed: Sequence[Chunk], told: _Told) -> None:
        self.store, self.listed, self.told = store, listed, told
        self.pieces: dict[int, list[tuple[NDArray[np.intp], Rows]]] = {}
        self.known = store.finished()

    def add(self, task: Task, rows: Rows) -> None:
        own = self.pieces.setdefault(task.number, [])
        own.append((task.which, rows))
        size, have = len(self.listed[task.number][0]), sum(len(which) for which, _ in own)
        if task.number in self.known:
            before = self.store.get(task.number)
            wanted = int((before["error"] != "").sum())
            if have < wanted:
                return
            own = [(np.flatnonzero(before["error"] == ""), _picked(before, before["error"] == "")), *own]
        elif have < size:
            return
        order = np.argsort(np.concatenate([which for which, _ in own]))
        whole = _picked(joined([piece for _, piece in own]), order)
        self.store.put(task.number, whole)
        del self.pieces[task.number]
        self.told.finished(have, int((whole["error"] != "").sum()))


def _picked(rows: Rows, which: Any) -> Rows:
    return {name: values[which] for name, values in rows.items()}


def _results(
    asked: Request, listed: Sequence[Chunk], tasks: deque[Task], jobs: int, executor: Executor | None
) -> Results:
    """Every task with its rows, as they finish."""
    if executor is None and jobs <= 1:
        for task in tasks:
            yield task, simulate(*_rows(asked, listed, task))
    elif executor is not None:
        yield from _on(executor, asked, listed, tasks, jobs)
        if tasks:
            raise AlignsimError("the executor takes no more work; the same command continues with what is finished")
    else:
        yield from _on_own_processes(asked, listed, tasks, jobs)


def _on_own_processes(asked: Request, listed: Sequence[Chunk], tasks: deque[Task], jobs: int) -> Results:
    """Pools of our own, replaced when a worker is killed; suspects are then run alone."""
    while tasks:
        calm = deque(task for task in tasks if task.lost < ATTEMPTS)
        suspects = [task for task in tasks if task.lost >= ATTEMPTS]
        tasks.clear()
        if calm:
            with ensemble.workers(min(jobs, len(calm))) as pool:
                yield from _on(pool, asked, listed, calm, jobs)
            tasks.extend([*suspects, *calm])
            continue
        for suspect in suspects:
            yield from _alone(asked, listed, suspect, tasks)


def _alone(asked: Request, listed: Sequence[Chunk], suspect: Task, tasks: deque[Task]) -> Results:
    """One task with a process of its own; in halves where that is killed too, and a failed row in the end."""
    own = deque([suspect])
    with ensemble.workers(1) as pool:
        yield from _on(pool, asked, listed, own, 1)
    if not own:
        return
    if len(suspect.which) == 1:
        _refuse_dead_processes()
        yield suspect, failed(asked.swept, 1, KILLED)
        return
    half = len(suspect.which) // 2
    for which in (suspect.which[:half], suspect.which[half:]):
        tasks.append(Task(suspect.number, which, ATTEMPTS))


def _refuse_dead_processes() -> None:
    """Raise AlignsimError where a process of our own cannot even start."""
    try:
        with ensemble.workers(1) as pool:
            pool.submit(int).result()
    except BrokenExecutor as error:
        raise AlignsimError(f"no worker process can start ({error}); run it in this process with --jobs 1") from error


def _on(executor: Executor, asked: Request, listed: Sequence[Chunk], tasks: deque[Task], jobs: int) -> Results:
    """Run tasks on an executor, a few ahead; what is left in `tasks` at the end was lost when it broke."""
    waiting: dict[Future[Rows], Task] = {}
    broken = False
    while (tasks and not broken) or waiting:
        while tasks and not broken and len(waiting) < 2 * jobs:
            try:
                future = executor.submit(simulate, *_rows(asked, listed, tasks[0]))
            except (BrokenExecutor, RuntimeError):  # an executor that was shut down says RuntimeError
                broken = True
                break
            waiting[future] = tasks.popleft()
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            task = waiting.pop(future)
            try:
                rows = future.result()
            except BrokenExecutor:
                broken = True
                task.lost += 1
                tasks.append(task)
                continue
            except Exception as error:  # an executor of somebody else's has its own ways to fail
                task.lost += 1
                if task.lost >= ATTEMPTS:
                    raise AlignsimError(
                        f"the executor failed twice on the same rows ({type(error).__name__}: {error}); what is "
                        "finished is kept: give the same command again"
                    ) from error
                tasks.append(task)
                continue
            yield task, rows


def _rows(asked: Request, listed: Sequence[Chunk], task: Task) -> tuple[Any, ...]:
    points, runs = listed[task.number]
    return asked.swept, asked.points[points[task.which]], runs[task.which]
