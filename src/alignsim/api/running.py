"""Run a scenario and hold what came of it; check and resolve one."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from alignsim import results as outcomes
from alignsim.api.origin import provenance
from alignsim.errors import Problem
from alignsim.plan import check
from alignsim.plan.plan import Plan
from alignsim.plan.resolution import resolve
from alignsim.plan.resolved import resolved_text
from alignsim.scenario import Document
from alignsim.scenario.settings import apply
from alignsim.study import ensemble


class Results(outcomes.Results):
    """A simulation's outcome that can draw itself: `results.plot.trajectories()`; see `alignsim.show.FIGURES`."""

    @property
    def plot(self) -> Plots:
        return Plots(self)

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.results(self.summary())


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
    theory: str | None = None,
    progress: ensemble.Progress | None = None,
) -> Results:
    """Simulate a scenario, a file or a loaded Document, and return labelled results; writes nothing.

    `set` takes `path=value` settings as on the command line; `theory` sets the law of motion. A rival theory speaks of
    ties and isolation only, and the results hold no more; `specifications` asks all theories. `progress` is called with
    the runs done and all runs; a notebook draws a bar where it is not given. Raises InvalidInput, FileProblem or
    TooLarge.
    """
    started, cpu = time.perf_counter(), _cpu()
    document = configured(scenario, runs, seed, [*set, f"theory={theory}"] if theory else set)
    plan, text = planned(document, belief)
    jobs = jobs or cores()
    with nullcontext(progress) if progress else told("simulating") as say:
        recorded = ensemble.simulate(plan, jobs=jobs, progress=say)
    data = outcomes.dataset(plan, recorded.branches, recorded.by_run, recorded.runs)
    manifest = provenance(document, plan, time.perf_counter() - started) | {
        "jobs": jobs,
        "cpu_seconds": round(_cpu() - cpu, 3),
        "peak_memory_mb": round(_peak() / 1e6, 1),
    }
    return Results(data, manifest, None, document.text, text)


class Warnings(tuple[Problem, ...]):
    """What is odd in a scenario, but no mistake; empty where nothing is."""

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.warnings(self)


class Text(str):
    """Plain text that a notebook shows line by line."""

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.text(self)


def validate(scenario: str | os.PathLike[str], set: Iterable[str] = ()) -> Warnings:
    """Check a scenario file against its schema and its world, and return the warnings.

    Raises InvalidInput with every mistake, its line, column and a way out, and FileProblem.
    """
    return Warnings(check.load(scenario, set)[2])


def resolved(scenario: str | os.PathLike[str] | Document, set: Iterable[str] = (), belief: str | None = None) -> Text:
    """The scenario with every default written out, as `alignsim show FILE --resolved` prints it."""
    document = configured(scenario, set=set)
    return Text(resolved_text(document, check.world_of(document), belief))


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


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def told(words: str, unit: str = "runs") -> AbstractContextManager[ensemble.Progress | None]:
    """A progress bar in a notebook, nothing elsewhere."""
    if not in_notebook():
        return nullcontext(None)
    from alignsim.show.notebook import bar

    return bar(words, unit)


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def _cpu() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak() -> float:
    scale = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return scale * max(own.ru_maxrss, children.ru_maxrss)
