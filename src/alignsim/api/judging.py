"""Judge the claims of a scenario, keep the judgement, and write the report."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignsim import results as outcomes
from alignsim.api.folders import RESULTS, open_run, write_folder
from alignsim.api.origin import command_line, provenance
from alignsim.api.running import Results, configured, cores, told
from alignsim.errors import UsageError, did_you_mean
from alignsim.files import read_text, slug, write_text
from alignsim.plan import check
from alignsim.plan.resolved import resolved_text
from alignsim.results.results import write_origin
from alignsim.scenario import Document
from alignsim.study import account, ensemble

if TYPE_CHECKING:
    from alignsim.plan.plan import Plan
    from alignsim.study.contrasts import Simulated
    from alignsim.study.gates import Gate
    from alignsim.study.judge import How, Say


@dataclass
class Judgement:
    """What became of a scenario's claims: `content` as judgement.json holds it, and how it came about.

    `results` holds the runs of the file's own branches under the first belief; None where only a quick answer was
    asked for.
    """

    content: dict[str, Any]
    manifest: dict[str, Any]
    scenario_text: str
    resolved_text: str
    results: Results | None
    folder: Path | None = None

    @property
    def claims(self) -> list[dict[str, Any]]:
        return self.content["claims"]

    @property
    def plot(self) -> ClaimPlots:
        return ClaimPlots(self.content)

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.judgement(self.content)


FIGURES = {
    "path": "effect_path",
    "curve": "specification_curve",
    "dose": "dose_response",
    "attribution": "attribution",
    "failure": "failure_region",
    "reverse": "reverse_test",
}
"""Figures of a judged claim, and the functions of `alignsim.show.verdicts` that draw them."""


class ClaimPlots:
    """The figures of a judgement's claims: `judgement.plot.path("some-claim")`; the first claim where none is named."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        if name not in FIGURES:
            raise AttributeError(f"there is no figure {name!r}; there are {', '.join(FIGURES)}")
        return lambda claim="": self._drawn(name, claim)

    def __dir__(self) -> list[str]:
        return list(FIGURES)

    def _drawn(self, name: str, claim: str) -> Any:
        from alignsim.show import verdicts

        claims = {own["id"]: own for own in self._content["claims"]}
        wanted = claim or next(iter(claims), "")
        if wanted not in claims:
            hint = did_you_mean(wanted, claims) or f"; there are {', '.join(claims) or 'none'}"
            raise UsageError(f"there is no claim {wanted!r}{hint}")
        own = claims[wanted]
        if not own.get({"curve": "beliefs"}.get(name, name)):
            raise UsageError(f"the judgement of {wanted!r} has nothing for the figure {name!r}; a quick one has little")
        marks = verdicts.markers(self._content["assumed"]["events"], own) if name == "path" else []
        drawn = getattr(verdicts, FIGURES[name])(own, *([marks] if name == "path" else []))
        return verdicts.headed(drawn, own, name, marks)


def judge(
    scenario: str | os.PathLike[str] | Document,
    *,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    set: Iterable[str] = (),
    quick: bool = False,
    reasons: bool = True,
    claims: Iterable[str] = (),
    theories: Iterable[str] | None = None,
    executor: Executor | None = None,
    progress: Say | None = None,
) -> Judgement:
    """Judge every claim of a scenario (or those with the ids `claims`); writes nothing.

    `quick` gives verdicts under the first belief only; without `reasons` there are those of all beliefs, but no
    attribution, failure region, reverse test or gates; `theories` are the rivals to ask, all where not said.
    `progress`, given a few words, returns a context that yields a progress callback; a notebook draws bars where it is
    not given. Raises InvalidInput, FileProblem, UsageError or TooLarge.
    """
    from alignsim.study import rivals
    from alignsim.study.judge import How

    document = configured(scenario, runs, seed, set)
    with nullcontext(executor) if executor else ensemble.workers(jobs or cores()) as pool:
        asked = rivals.THEORIES if theories is None else tuple(theories)
        return _judged(document, How(quick, tuple(claims), asked, reasons=reasons, executor=pool, say=progress or told))


def specifications(
    scenario: str | os.PathLike[str] | Document,
    *,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    set: Iterable[str] = (),
    belief: str | None = None,
    progress: Say | None = None,
) -> Judgement:
    """Every claim of a scenario under every theory and belief family (or one `belief`): its specification curve.

    As `judge`, but without reasons; writes nothing (see `save_specifications`). Raises UsageError where the scenario
    has no claim that can be tested.
    """
    from alignsim.plan.resolution import known_belief
    from alignsim.study.judge import How, beliefs_of

    document = configured(scenario, runs, seed, [*set, "theory=consent"])
    if not any(claim.testable for claim in document.scenario.claims):
        raise UsageError(f"{document.name} has no claim to put to every theory; name one theory, or add `claims`")
    with ensemble.workers(jobs or cores()) as pool:
        beliefs = (known_belief(belief),) if belief else beliefs_of(("signed", "fixed"), quick=False)
        return _judged(document, How(beliefs=beliefs, reasons=False, executor=pool, say=progress or told))


def _judged(document: Document, how: How) -> Judgement:
    from alignsim.study.judge import judge as judged_by

    started = time.perf_counter()
    judged = judged_by(document, check.world_of(document), how)
    seconds = round(time.perf_counter() - started, 1)
    content = judged.judgement | {"command": command_line(), "seconds": seconds}
    plan = judged.plan if judged.runs is None else replace(judged.plan, runs=len(judged.runs.runs))
    texts = document.text, resolved_text(document, check.world_of(document), plan.belief)
    manifest = provenance(document, plan, seconds)
    data = None if judged.runs is None else _data(plan, judged.runs)
    return Judgement(content, manifest, *texts, None if data is None else Results(data, manifest, None, *texts))


def _data(plan: Plan, runs: Simulated) -> Any:
    """The runs as labelled data: the file's own branches, without those added for judging."""
    branches = {
        name: {key: values for key, values in runs.branches[name].items() if key != "watched"} for name in plan.branches
    }
    return outcomes.dataset(plan, branches, runs.by_run, runs.runs)


def save_specifications(
    judgement: Judgement,
    out: str | os.PathLike[str] = RESULTS,
    figures: bool = True,
    tables: Iterable[str] = ("csv",),
) -> Path:
    """Write a run folder as `save` does, with specifications.csv and, as a figure, the curve of each claim, besides
    the judgement: it appears whole, or not at all. Raises FileProblem.
    """
    from alignsim.show.report import JUDGEMENT

    content, results = judgement.content, judgement.results
    assert results is not None

    def fill(folder: Path) -> None:
        results.save(folder, tables)
        write_text(folder / JUDGEMENT, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        write_text(folder / "specifications.csv", account.as_csv(account.specifications(content["claims"])))
        if figures:
            from alignsim.show import draw_all
            from alignsim.show.style import save
            from alignsim.show.verdicts import specification_curve

            draw_all(results.data, folder / "figures")
            for claim in (claim for claim in content["claims"] if claim["beliefs"]):
                save(
                    specification_curve(claim, heading=True),
                    folder / "figures" / f"specifications-{slug(claim['id'])}.png",
                )

    judgement.folder = write_folder(Path(out) / content["scenario"], content["hash"], fill)
    return judgement.folder


def save_judgement(judgement: Judgement, out: str | os.PathLike[str] = RESULTS) -> Path:
    """Write a run folder `out/<scenario>/<time>-<hash>/` with the judgement and, unless it was quick, its runs and
    the report: it appears whole, or not at all. Raises FileProblem.
    """
    from alignsim.show.report import JUDGEMENT, write_report

    content, results = judgement.content, judgement.results

    def fill(folder: Path) -> None:
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_text(folder / JUDGEMENT, text)
        write_origin(folder, judgement.manifest, judgement.scenario_text, judgement.resolved_text)
        if results is not None:
            results.save(folder)
            write_report(content, results.data, folder / "report.html")

    judgement.folder = write_folder(Path(out) / content["scenario"], content["hash"], fill)
    return judgement.folder


def open_judgement(folder: str | os.PathLike[str]) -> Judgement:
    """Read a folder that `save_judgement` wrote. Raises FileProblem."""
    from alignsim.results.again import read_manifest
    from alignsim.show.report import read_judgement

    place = Path(folder)
    content, manifest = read_judgement(place), read_manifest(place)
    given, resolved = (place / name for name in ("scenario.yaml", "scenario.resolved.yaml"))
    texts = read_text(given), read_text(resolved) if resolved.is_file() else ""
    results = open_run(place) if (place / "result.nc").is_file() else None
    return Judgement(content, manifest, *texts, results, place)


def report(folder: str | os.PathLike[str]) -> Path:
    """Build report.html of a folder that `judge` wrote, from its files alone. Raises FileProblem."""
    from alignsim.show.report import read_judgement, write_report

    place = Path(folder)
    judgement = read_judgement(place)
    data = open_run(place).data if (place / "result.nc").is_file() else None
    return write_report(judgement, data, place / "report.html")


class Findings(list["Gate"]):
    """What an audit found, gate by gate; each says whether it passes (None where that is open) and why."""

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.gates(self)


def audit(
    *scenarios: str | os.PathLike[str] | Document,
    runs: int = 200,
    jobs: int | None = None,
    progress: Say | None = None,
) -> Findings:
    """Check by the gates G1 to G7 that scenarios have no answer built in.

    `runs` are those of the sceptical control; `progress` is as in `judge`. Raises InvalidInput and FileProblem.
    """
    from alignsim.study import gates

    if not scenarios:
        raise UsageError("name the scenarios to audit")
    say = progress or told
    documents = [configured(scenario) for scenario in scenarios]
    with ensemble.workers(jobs or cores()) as pool:
        audited = [gates.audited(document, check.world_of(document)) for document in documents]
        compared = [scenario for scenario in audited if scenario.contrasts(scenario.signed)]
        moved = {what: own for scenario in compared for what, own in gates.alone(scenario).items()}
        found = [
            gates.no_direct_reward(audited),
            gates.sign_neutrality(compared, gates.controls(compared, pool, say, runs)),
            gates.potency(moved),
            gates.loop_gain(audited),
            gates.both_signs(moved),
            gates.prior_and_posterior(),
            gates.attribution(compared[0] if compared else audited[0], pool, say),
        ]
    return Findings(found)
