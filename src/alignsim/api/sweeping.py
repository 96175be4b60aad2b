"""Run a scenario over a design of its numbers: begun, continued, and read back."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.api.folders import usable_folder
from alignsim.api.origin import provenance
from alignsim.api.running import configured, cores, told
from alignsim.errors import TooLarge, UsageError
from alignsim.plan import check
from alignsim.plan.plan import bytes_for
from alignsim.results.table import usable_formats
from alignsim.scenario import Document
from alignsim.scenario.document import examined
from alignsim.scenario.settings import copied
from alignsim.scenario.tree import Node
from alignsim.study import ensemble
from alignsim.study.sweep import (
    Journal,
    Memory,
    Progress,
    Request,
    assembled,
    carry_out,
    chunk_size,
    opened,
    requested,
)
from alignsim.study.sweep import Sweep as Swept
from alignsim.study.sweep.request import chunks
from alignsim.study.sweep.simulation import simulate
from alignsim.study.sweep.table import MANIFEST

Varied = Mapping[str, str | Sequence[float]]
"""Paths with levels: `{"sanctions.bite": "0:0.5:11", "events[8].intensity": "0.2..1", "trust.weight": [0, 0.5]}`."""
DIGITS_A_CELL = 11
"""Bytes of a number in runs.csv, about."""


class Sweep(Swept):
    """A scenario at every point of a design; `table()`, `to_xarray()`, and `alignsim.sensitivity(sweep)` for more."""

    @classmethod
    def of(cls, swept: Swept) -> Sweep:
        return cls(**{own.name: getattr(swept, own.name) for own in fields(swept)})

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.sweep(self)


def sweep(
    scenario: str | os.PathLike[str] | Document,
    vary: Varied | None = None,
    *,
    design: str | None = None,
    points: int | None = None,
    runs: int | None = None,
    outcomes: Iterable[str] | None = None,
    claims: Iterable[str] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    fixed_others: bool | None = None,
    set: Iterable[str] = (),
    seed: int | None = None,
    belief: str | None = None,
    out: str | os.PathLike[str] | None = None,
    tables: Iterable[str] = ("csv",),
    fresh: bool = False,
    retry_failed: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Run a scenario at every point of a design; what is not said here stands in the file's `sweep:` block.

    Without `out` nothing is written. With it every finished chunk is kept in `out/<scenario>/sweep-<hash>/`; the same
    call continues a sweep that was interrupted (`fresh` begins anew, `retry_failed` tries failed runs again), and the
    same numbers come of it for any `jobs`, `executor` (of concurrent.futures) or `scheduler` (tcp://host:port of
    dask). Runs that failed are in `errors`. Raises InvalidInput, UsageError, FileProblem, FolderInUse or TooLarge.
    """
    wanted = usable_formats(tables)
    given = _block(vary, design, points, runs, outcomes, claims, groups, fixed_others)
    document = varied(scenario, given, set, seed)
    asked = requested(document, check.world_of(document), belief)
    jobs = jobs or cores()
    refuse_what_does_not_fit(asked, jobs)
    started = time.perf_counter()
    with ExitStack() as stack:
        store: Journal | Memory = Memory(chunk_size(asked))
        folder = None
        if out is not None:
            folder = place(asked, usable_folder(out))
            store = stack.enter_context(opened(folder, asked.key, chunk_size(asked), fresh))
        before = len(store.finished())
        with _executor(executor, scheduler, jobs) as (pool, wide), nullcontext(progress) if progress else _bar() as say:
            carry_out(asked, store, wide, pool, retry_failed, say)
        made = Sweep.of(assembled(asked, store))
        made.manifest = _manifest(asked, document, made, time.perf_counter() - started)
        if folder is not None:
            if before == len(store.finished()) and not retry_failed:
                made.manifest = _kept(folder) or made.manifest
            made.save(folder, wanted)
    return made


def open_sweep(folder: str | os.PathLike[str]) -> Sweep:
    """Read a sweep that is finished. Raises FileProblem."""
    return Sweep.load(Path(folder))


@dataclass(frozen=True)
class Estimate:
    """What a sweep would take: seconds, and bytes of memory and disk."""

    points: int
    runs: int
    branches: int
    seconds: float
    memory: int
    disk: int
    folder: Path | None

    def lines(self) -> list[tuple[str, str]]:
        """The same in words, (what, how much)."""
        rows = f"{self.points * self.runs:,} ({self.runs:,} at each point), in {self.branches} branches"
        return [
            ("points", f"{self.points:,}"),
            ("runs", rows),
            ("time", f"about {_duration(self.seconds)}, as fast as the first runs were just now"),
            ("memory", f"about {_size(self.memory)}"),
            ("disk", f"about {_size(self.disk)}"),
            *([("folder", str(self.folder))] if self.folder else []),
        ]

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.estimate(self)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, count / 1e6):.0f} MB"


def estimate(
    scenario: str | os.PathLike[str] | Document,
    vary: Varied | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    set: Iterable[str] = (),
    seed: int | None = None,
    belief: str | None = None,
    **how: Any,
) -> Estimate:
    """How long a sweep takes, from the time of its first chunk, and how much memory and disk, in bytes.

    `how` as for `sweep`; nothing is written. Raises what `sweep` raises.
    """
    document = varied(scenario, _block(vary, **how), set, seed)
    asked = requested(document, check.world_of(document), belief)
    points, numbers = next(chunks(len(asked.points), asked.runs, chunk_size(asked)))
    started = time.perf_counter()
    with told("running the first rows"):
        rows = simulate(asked.swept, asked.points[points], numbers)
    each = (time.perf_counter() - started) / len(points)
    kept = io.BytesIO()
    np.savez(kept, **rows)  # type: ignore[arg-type]
    columns = len(asked.names) + len(asked.plan.priors) + len(asked.swept.outcomes) + len(asked.effects) + 8
    table = DIGITS_A_CELL * columns * len(asked.plan.branches)
    disk = asked.rows * (len(kept.getvalue()) / len(points) + table)
    parallel = min(jobs or cores(), -(-asked.rows // chunk_size(asked)))
    return Estimate(
        len(asked.points),
        asked.runs,
        len(asked.plan.branches),
        each * asked.rows / parallel,
        memory(asked, parallel),
        int(disk),
        place(asked, Path(out)) if out is not None else None,
    )


def place(asked: Request, out: Path) -> Path:
    """The folder of a sweep: the same for the same scenario, design, seed and version."""
    return out / asked.plan.name / f"sweep-{asked.key[:8]}"


def memory(asked: Request, jobs: int) -> int:
    """Bytes that a sweep takes at most: the chunks at work, and all rows as tables."""
    plan = asked.plan
    columns = 2 * (len(plan.priors) + len(asked.names) + len(asked.effects) + len(asked.swept.outcomes)) + 10
    return jobs * bytes_for(plan, chunk_size(asked), 0) + 8 * columns * asked.rows * len(plan.branches)


def refuse_what_does_not_fit(asked: Request, jobs: int) -> None:
    """Raise TooLarge, before anything is begun, where a sweep would not fit into the memory that is free."""
    needed, free = memory(asked, jobs), ensemble.free_memory()
    if needed > free:
        raise TooLarge(
            f"this needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free: {len(asked.points):,} "
            f"points of {asked.runs:,} runs with {len(asked.plan.branches)} branches. Use fewer points, runs or --jobs"
        )


def varied(
    scenario: str | os.PathLike[str] | Document,
    given: dict[str, Node],
    set: Iterable[str] = (),
    seed: int | None = None,
) -> Document:
    """The document whose `sweep` block has what is given in the place of the file's own, checked against its world."""
    document = configured(scenario, seed=seed, set=set)
    if not given:
        return document
    tree = replace(document.tree, root=copied(document.tree.root))
    block = tree.root.value.get("sweep")
    own = dict(block.value) if block is not None and isinstance(block.value, dict) else {}
    tree.root.value["sweep"] = Node(own | given, 0, 0, "--vary", dict.fromkeys(own | given, (0, 0)))
    tree.root.keys.setdefault("sweep", (0, 0))
    again = examined(replace(document, tree=tree, problems=()))
    problems, _ = check.check(again, check.world_of(again))
    return replace(again, problems=(*again.problems, *problems)).whole()


def _block(
    vary: Varied | None = None,
    design: str | None = None,
    points: int | None = None,
    runs: int | None = None,
    outcomes: Iterable[str] | None = None,
    claims: Iterable[str] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    fixed_others: bool | None = None,
) -> dict[str, Node]:
    """The keys of a `sweep` block that are given, each knowing the option that it comes from."""
    block: dict[str, Node] = {}
    if vary:
        nodes = {path: _node(levels, f"--vary {_told(path, levels)!r}") for path, levels in vary.items()}
        block["vary"] = Node(nodes, 0, 0, "--vary", dict.fromkeys(nodes, (0, 0)))
    for name, value, option in (
        ("design", design, "--design"),
        ("points", points, "--points"),
        ("runs", runs, "--runs"),
        ("outcomes", outcomes, "--outcome"),
        ("claims", claims, "--claim"),
        ("fixed_others", fixed_others, "--fixed-others"),
    ):
        if value is not None:
            block[name] = _node(value, option)
    if groups:
        nodes = {name: _node(members, f"--group {name}") for name, members in groups.items()}
        block["groups"] = Node(nodes, 0, 0, "--group", dict.fromkeys(nodes, (0, 0)))
    return block


def _node(value: Any, source: str) -> Node:
    if isinstance(value, (str, bool, int, float)):
        return Node(value, 0, 0, source)
    return Node([_node(_plain(entry), source) for entry in value], 0, 0, source)


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _told(path: str, levels: Any) -> str:
    text = levels if isinstance(levels, str) else ",".join(f"{value:g}" for value in levels)
    return f"{path}={text}"[:80]


@contextmanager
def _executor(executor: Executor | None, scheduler: str | None, jobs: int) -> Iterator[tuple[Executor | None, int]]:
    """The executor that was handed in, or one of a dask cluster, and how many chunks are worked on at a time."""
    if scheduler is None:
        yield executor, getattr(executor, "_max_workers", jobs)
        return
    if executor is not None:
        raise UsageError("say either an executor or a scheduler, not both")
    from alignsim.study.sweep.cluster import connected

    with connected(scheduler) as found:
        yield found


@contextmanager
def _bar() -> Iterator[Progress | None]:
    with told("sweeping") as bar:
        yield None if bar is None else lambda done, total, failed, before: bar(done, total)


def _manifest(asked: Request, document: Document, made: Sweep, seconds: float) -> dict[str, Any]:
    block = document.scenario.sweep
    assert block is not None
    return provenance(document, asked.plan, seconds) | {
        "kind": "sweep",
        "key": asked.key,
        "points": len(asked.points),
        "rows": asked.rows,
        "failed": len(made.errors),
        "runaway": int(made.runaway.sum()),
        "sweep": block.model_dump(mode="json", exclude_none=True) | {"design": asked.kind},
    }


def _kept(folder: Path) -> dict[str, Any] | None:
    """The manifest of a sweep that was finished before."""
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
