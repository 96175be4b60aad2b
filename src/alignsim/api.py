"""Everything the command line does, as one call with the same name: load, run, plot.

>>> import alignsim
>>> results = alignsim.run("scenarios/isolation.yaml", runs=100)
>>> results.plot.trajectories()
"""

from __future__ import annotations

import os
import platform
import resource
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alignsim import results as outcomes
from alignsim.errors import FileProblem
from alignsim.files import reason, sync_folder
from alignsim.plan import check
from alignsim.plan.plan import Plan
from alignsim.plan.resolution import resolve
from alignsim.plan.resolved import resolved_text
from alignsim.scenario import Document
from alignsim.scenario.settings import apply
from alignsim.study import ensemble

RESULTS = "results"


class Results(outcomes.Results):
    """A simulation's outcome that can draw itself: `results.plot.trajectories()`; see `alignsim.show.FIGURES`."""

    @property
    def plot(self) -> Plots:
        return Plots(self)


class Plots:
    """The figures of one run, each a method named after it."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def __getattr__(self, name: str) -> Any:
        from alignsim.show import FIGURES

        if name not in FIGURES:
            raise AttributeError(f"there is no figure {name!r}; there are {', '.join(FIGURES)}")
        return lambda **how: FIGURES[name](self._results.data, **how)

    def __dir__(self) -> list[str]:
        from alignsim.show import FIGURES

        return list(FIGURES)


def run(
    scenario: str | os.PathLike[str] | Document,
    *,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    set: Iterable[str] = (),
    belief: str | None = None,
    progress: ensemble.Progress | None = None,
) -> Results:
    """Simulate a scenario, a file or a loaded Document, and return labelled results; writes nothing.

    `set` takes `path=value` settings as on the command line. Raises InvalidInput, FileProblem or TooLarge.
    """
    started, cpu = time.perf_counter(), _cpu()
    document = configured(scenario, runs, seed, set)
    plan, text = planned(document, belief)
    jobs = jobs or cores()
    recorded = ensemble.simulate(plan, jobs=jobs, progress=progress)
    data = outcomes.dataset(plan, recorded.branches, recorded.by_run, recorded.runs)
    manifest = provenance(document, plan, time.perf_counter() - started) | {
        "jobs": jobs,
        "cpu_seconds": round(_cpu() - cpu, 3),
        "peak_memory_mb": round(_peak() / 1e6, 1),
    }
    return Results(data, manifest, None, document.text, text)


def provenance(document: Document, plan: Plan, seconds: float) -> dict[str, Any]:
    """How results came about: version, command, scenario, seed, platform and the time it took."""
    return {
        "alignsim": version(),
        "command": command_line(),
        "scenario": document.path,
        "settings": list(document.settings),
        "scenario_hash": plan.hash,
        "world": plan.world,
        "seed": plan.seed,
        "runs": plan.runs,
        "belief": plan.belief,
        "theory": plan.theory,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
    }


def configured(
    scenario: str | os.PathLike[str] | Document,
    runs: int | None = None,
    seed: int | None = None,
    set: Iterable[str] = (),
) -> Document:
    """A scenario with settings applied through the same schema; a file is checked against its world at once."""
    settings = [*set]
    if runs is not None:
        settings.append(f"runs={runs}")
    if seed is not None:
        settings.append(f"seed={seed}")
    if isinstance(scenario, Document):
        return apply(scenario, settings) if settings else scenario
    document, _, _ = check.load(scenario, settings)
    return document


def planned(document: Document, belief: str | None = None) -> tuple[Plan, str]:
    """The plan of a document, and the resolved scenario as text."""
    world = check.world_of(document)
    return resolve(document, world, belief), resolved_text(document, world, belief)


def usable_folder(out: str | os.PathLike[str]) -> Path:
    """The folder for results, made if absent. Raises FileProblem, before any work, where nothing can be written."""
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise FileProblem(f"{folder} is a file; choose a folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(4)}.tmp"
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        words = (error.strerror or "it cannot be made").lower()
        raise FileProblem(f"{folder} cannot be written to ({words}); choose another folder with --out") from error
    return folder


def save(
    results: Results, out: str | os.PathLike[str] = RESULTS, figures: bool = True, formats: Iterable[str] = ("png",)
) -> Path:
    """Write a run folder `out/<scenario>/<time>-<hash>/`: it appears whole, or not at all.

    Raises FileProblem where the disk is full or the folder may not be written.
    """
    data = results.data

    def fill(folder: Path) -> None:
        results.save(folder)
        if figures:
            from alignsim.show import draw_all

            (folder / "figures").mkdir()
            draw_all(data, folder / "figures", formats=tuple(formats))

    results.folder = write_folder(Path(out) / str(data.attrs["scenario"]), str(data.attrs["scenario_hash"]), fill)
    return results.folder


def write_folder(parent: Path, fingerprint: str, fill: Callable[[Path], None]) -> Path:
    """A new folder `parent/<time>-<hash>/` that `fill` has filled: it appears whole, or not at all.

    Raises FileProblem where the disk is full or the folder may not be written.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    temporary = parent / f".{stamp}-{secrets.token_hex(4)}.tmp"
    try:
        temporary.mkdir(parents=True)
        fill(temporary)
        final = _free(parent, f"{stamp}-{fingerprint[:8]}")
        os.replace(temporary, final)
        sync_folder(parent)
    except OSError as error:
        raise FileProblem(f"could not write {parent}: {reason(error)}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return final


def _free(parent: Path, name: str) -> Path:
    """The first of name, name-2, name-3 ... that no run has."""
    candidate, k = parent / name, 2
    while candidate.exists():
        candidate, k = parent / f"{name}-{k}", k + 1
    return candidate


def open_run(folder: str | Path) -> Results:
    """Read a run folder that `save` wrote. Raises FileProblem."""
    return Results.load(folder)


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def version() -> str:
    from importlib.metadata import version as installed

    return installed("alignsim")


def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    from importlib.metadata import version as installed

    return {name: installed(name) for name in ("numpy", "scipy", "xarray", "h5netcdf", "mesa", "matplotlib")}


def command_line() -> list[str]:
    return [Path(sys.argv[0]).name or "python", *sys.argv[1:]]


def _cpu() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak() -> float:
    scale = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return scale * max(own.ru_maxrss, children.ru_maxrss)
