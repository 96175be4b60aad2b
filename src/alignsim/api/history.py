"""The model held against the past: hindcast and calibrate, as the command line does them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alignsim.api.folders import RESULTS, usable_folder, write_folder
from alignsim.api.origin import command_line, version, versions
from alignsim.api.running import cores, told
from alignsim.errors import UsageError, did_you_mean
from alignsim.study import ensemble

THEORIES = {
    "consent": ("consent, signed", "consent, sceptical", "consent, calibrated"),
    "gravity": ("gravity only",),
    "friedkin-johnsen": ("Friedkin–Johnsen only",),
    "balance": ("balance",),
    "landscape": ("landscape",),
    "one-coefficient": ("one coefficient",),
}
"""Theory -> the forecasters it adds; persistence, dyad mean, AR(1) and "no mechanisms" are always there."""
FAMILIES = ("signed", "sceptical")


@dataclass(frozen=True)
class Hindcast:
    """Forecasts of the past with their scores: `table` is one dict for each score, `words` what it says."""

    found: Any
    table: list[dict[str, Any]]
    words: list[str]
    provenance: dict[str, Any]

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.hindcast(self)

    def save(self, out: str | os.PathLike[str] = RESULTS, figures: bool = True) -> Path:
        """Write `out/hindcast/<time>-<hash>/`: scores, loadings, forecasts of the named dyads, words, figures."""
        import pandas

        from alignsim.files import write_text
        from alignsim.study.hindcast import report

        def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
            text = pandas.DataFrame(rows).to_csv(index=False, float_format="%.6g", lineterminator="\n")
            write_text(path, text)

        def fill(folder: Path) -> None:
            write_csv(folder / "scores.csv", self.table)
            write_csv(folder / "loadings.csv", report.loadings(self.found))
            write_csv(folder / "named-dyads.csv", report.cases(self.found))
            write_text(folder / "summary.txt", "\n".join(self.words) + "\n")
            write_text(folder / "manifest.json", json.dumps(self.provenance, indent=2, ensure_ascii=False) + "\n")
            if figures:
                from alignsim.show.past import draw_all

                (folder / "figures").mkdir()
                draw_all(self.found, self.table, folder / "figures")

        digest = hashlib.sha256(json.dumps(self.table, default=str).encode()).hexdigest()
        return write_folder(Path(out) / "hindcast", digest, fill)


class Calibrations(dict[str, dict[str, Any]]):
    """What calibration.json says, by the prior that was started from."""

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.calibrations(self)


def hindcast(
    panel: str | os.PathLike[str] | None = None,
    train: str = "1992:2008",
    test: str = "2009:2015",
    theory: str | Iterable[str] = "all",
    *,
    runs: int = 60,
    seed: int = 1,
    jobs: int | None = None,
    progress: Any = told,
) -> Hindcast:
    """Forecast the past from every origin and score the forecasts against naive ones; writes nothing.

    `panel` is a folder, a packaged name, or a table of outcomes by pair and year (.csv or .parquet) that is laid over
    the worlds of the packaged panel; years are written 1992:2008. What these years do not allow is left out and said.
    Raises UsageError for years that the panel does not hold and for unknown theories, and what `world.panel.read`
    raises.
    """
    from alignsim.study.hindcast import engine, report
    from alignsim.world import panel as panels

    own, window = panels.read(None if panel is None else str(panel)), window_of(train, test)
    window.check(own)
    names = [report.SILENT, *(name for chosen in _theories(theory) for name in THEORIES[chosen])]
    with ensemble.workers(jobs or cores()) as pool:
        found = engine.hindcast(own, window, names, runs=runs, seed=seed, executor=pool, say=progress)
    with progress("scoring") as said:
        table = report.rows(found, said)
    best = next((n for n in ("consent, calibrated", "consent, signed") if n in names), names[-1])
    words = [*own.built.get("said", ()), *report.in_words(table, best), *report.silences(found, table)]
    words += _seen_before(names, window)
    settings = {"panel": own.name, "train": train, "test": test, "theories": names, "runs": runs, "seed": seed}
    settings |= {"table": own.built} if "table" in own.built else {}
    return Hindcast(found, table, words, _origin() | settings)


def _seen_before(names: list[str], window: Any) -> list[str]:
    """A warning where the posterior was fitted to years that are to judge it."""
    from alignsim.plan.posterior import packaged

    posterior = packaged(FAMILIES[0]) if "consent, calibrated" in names else None
    fitted = str(posterior.provenance["years"]) if posterior else ""
    last = int(fitted.split()[-1]) if fitted and fitted.split()[-1].isdigit() else 0
    if window.test[0] > last:
        return []
    return [
        f"The calibrated belief was fitted to {fitted} and has seen the test years to {min(last, window.test[1])}: "
        "its scores there are no test."
    ]


def calibrate(
    panel: str | os.PathLike[str] | None = None,
    train: str = "1992:2008",
    belief: str | Iterable[str] = FAMILIES,
    *,
    table: int = 4000,
    truths: int = 200,
    seed: int = 1,
    jobs: int | None = None,
    out: str | os.PathLike[str] = "results/calibration",
    progress: Any = None,
) -> Calibrations:
    """Fit the parameters that matter to the training years; writes `out/<belief>/` and returns what its JSON says.

    Called again after an interruption it goes on where it stopped. Raises what `study.calibration.calibrate` raises.
    """
    from alignsim.study.calibration import Settings
    from alignsim.study.hindcast import fitting

    def fitted(family: str, own: Any, window: Any, place: Path, **how: Any) -> dict[str, Any]:
        chosen = Settings(table=table, truths=truths, share=fitting.SHARE)
        found = fitting.calibrated(own, window, family, seed=seed, settings=chosen, command=_words(), **how)
        return fitting.save(*found, place)

    say = progress or partial(told, unit="simulations")
    return Calibrations(_by_family(panel, train, belief, out, jobs, say, "", fitted))


def recovery(
    panel: str | os.PathLike[str] | None = None,
    train: str = "1992:2008",
    belief: str | Iterable[str] = FAMILIES,
    *,
    table: int = 4000,
    truths: int = 200,
    seed: int = 1,
    jobs: int | None = None,
    out: str | os.PathLike[str] = "results/calibration",
    progress: Any = None,
) -> dict[str, dict[str, Any]]:
    """Ask on synthetic truths whether the record could tell a direct reward for isolation from what is fitted.

    Writes `out/recovery/<belief>/` and returns what its JSON says; called again after an interruption it goes on where
    it stopped. Raises UsageError for fewer than 200 truths, and what `study.calibration.recovery.study` raises.
    """
    from alignsim.show import recovery as draw
    from alignsim.show.style import save
    from alignsim.study.hindcast import residual

    if truths < residual.FEWEST:
        raise UsageError(f"{truths} truths say too little of ranks and intervals; use --truths {residual.FEWEST}")

    def studied(family: str, own: Any, window: Any, place: Path, **how: Any) -> dict[str, Any]:
        study = residual.recovery(own, window, family, seed=seed, table=table, truths=truths, **how)
        origin = residual.provenance(own, window, family, seed, _words())
        found = residual.save(study, origin, place)
        save(draw.recovered(study, source="  ·  ".join(residual.source(origin))), place / "recovery.png")
        return found

    say = progress or partial(told, unit="histories")
    return _by_family(panel, train, belief, Path(out) / "recovery", jobs, say, "recovery, ", studied)


def _by_family(
    panel: str | os.PathLike[str] | None,
    train: str,
    belief: str | Iterable[str],
    out: str | os.PathLike[str],
    jobs: int | None,
    say: Any,
    prefix: str,
    work: Callable[..., dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """What `work` finds for each belief family, each in a folder of its own below `out`, with its simulations."""
    from alignsim.world import panel as panels

    own, window = panels.read(None if panel is None else str(panel)), window_of(train, None)
    folder = usable_folder(out)
    found = {}
    with ensemble.workers(jobs or cores()) as pool:
        for family in [belief] if isinstance(belief, str) else belief:
            stages, place = _Stages(say, f"{prefix}{family}"), folder / family
            try:
                found[family] = work(
                    family, own, window, place, folder=place / "simulations", executor=pool, progress=stages
                )
            finally:
                stages.close()
    return found


def _words() -> str:
    return " ".join(command_line())


def window_of(train: str, test: str | None) -> Any:
    """The years asked for as a `Window`; raises UsageError with the way out."""
    from alignsim.study.hindcast.engine import TEST, Window
    from alignsim.world.panel import span

    try:
        learnt, judged = span(train), span(test) if test else range(TEST[0], TEST[1] + 1)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Window((learnt[0], learnt[-1]), (judged[0], judged[-1]))


def _theories(asked: str | Iterable[str]) -> list[str]:
    names = [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name != "all" and name not in THEORIES:
            raise UsageError(
                f"there is no theory {name!r}{did_you_mean(name, THEORIES)}; there are {', '.join(THEORIES)}"
            )
    return list(THEORIES) if not names or "all" in names else list(dict.fromkeys(names))


def _origin() -> dict[str, Any]:
    return {"alignsim": version(), "command": command_line(), "versions": versions()}


class _Stages:
    """Progress stage by stage: a bar each."""

    def __init__(self, say: Any, family: str) -> None:
        self.say, self.family, self.stage = say, family, ""
        self.context: Any = None
        self.bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self.stage:
            self.close()
            self.stage, self.context = stage, self.say(f"{self.family}: {stage}")
            self.bar = self.context.__enter__()
        if self.bar:
            self.bar(done, total)

    def close(self) -> None:
        if self.context:
            self.context.__exit__(None, None, None)
        self.context = None
