"""`alignsim judge`: what becomes of a scenario's claims, in a sentence, a table and a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from alignsim.plan.plan import Plan
    from alignsim.scenario import Document
    from alignsim.study.contrasts import Simulated
    from alignsim.study.judge import Judged

THEORIES = ("all", "none", "balance", "landscape", "persistence", "one-coefficient")


@click.command("judge")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@click.option("--runs", type=click.IntRange(1, 1_000_000), help="Number of runs, instead of the files'.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed, instead of the files'.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--quick", is_flag=True, help="Verdicts only, on no more runs than they need.")
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Judge this claim only; repeatable.")
@click.option("--theory", "theories", multiple=True, type=click.Choice(THEORIES), help="Rival theories (default: all).")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the files; repeatable.")
@click.option("--out", default="results", metavar="FOLDER", help="Where run folders go (default: results).")
@click.option("--table", metavar="FILE", help="Write the verdicts of all claims as one CSV table, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the judgements as JSON, and nothing else.")
def command(
    scenarios: tuple[str, ...],
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    quick: bool,
    claims: tuple[str, ...],
    theories: tuple[str, ...],
    settings: tuple[str, ...],
    out: str,
    table: str | None,
    as_json: bool,
) -> None:
    """Judge every claim of each SCENARIO and write results/<scenario>/<time>-<hash>/judgement.json.

    \b
    alignsim judge scenarios/isolation.yaml --quick
    alignsim judge scenarios/*.yaml --runs 400

    With --quick there is no control, no reason, no rival theory and no report.
    """
    from functools import partial

    from alignsim import api
    from alignsim.cli.progress import bar
    from alignsim.study import ensemble, rivals
    from alignsim.study.judge import How

    api.usable_folder(out)
    documents = [api.configured(name, runs, seed, settings) for name in scenarios]
    asked = rivals.THEORIES if not theories or "all" in theories else tuple(t for t in theories if t != "none")
    with ensemble.workers(jobs or api.cores()) as pool:
        how = How(quick, claims, asked, executor=pool, say=partial(bar, show=not as_json))
        judged = []
        for document in documents:
            judgement, folder = _one(document, how, out)
            judged.append(judgement | {"folder": str(folder)})
            if not as_json:
                _tell(judgement, folder)
    if table:
        write_table(judged, Path(table))
    if as_json:
        click.echo(json.dumps(judged[0] if len(judged) == 1 else judged, indent=2, ensure_ascii=False))


COLUMNS = (
    "scenario", "claim", "says", "outcome", "contrast", "expect", "margin", "verdict", "belief", "runs",
    "median", "q05", "q95", "p_above", "p_below", "p_relative",
)  # fmt: skip


def write_table(judged: list[dict[str, Any]], path: Path) -> Path:
    """One row for each claim and belief, as CSV; a claim that is not tested has one row that says why.

    Raises FileProblem where the file may not be written.
    """
    import csv
    from io import StringIO

    from alignsim.files import write_text

    text = StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="")
    rows.writeheader()
    for judgement in judged:
        for claim in judgement["claims"]:
            known = {"scenario": judgement["scenario"], "claim": claim["id"], "says": " ".join(claim["says"].split())}
            known |= {key: claim[key] for key in ("outcome", "contrast", "expect", "margin") if claim.get(key)}
            for belief, found in (claim.get("beliefs") or {"": None}).items():
                rows.writerow(known | {"belief": belief, "verdict": claim["verdict"]} | _numbers(found))
    return write_text(path, text.getvalue())


def _numbers(found: dict[str, Any] | None) -> dict[str, Any]:
    """What one belief finds of a claim, rounded for a table."""
    if not found:
        return {}
    effect, share, relative = found["effect"], found["probabilities"], found.get("relative")
    numbers = {
        "median": effect["q50"],
        "q05": effect["q05"],
        "q95": effect["q95"],
        "p_above": share["above"],
        "p_below": share["below_minus"],
        "p_relative": relative["above_zero"] if relative else None,
    }
    rounded = {name: "" if value is None else f"{value:.3f}" for name, value in numbers.items()}
    return rounded | {"verdict": found["verdict"], "runs": found["runs"]}


def _one(document: Document, how: Any, out: str) -> tuple[dict[str, Any], Path]:
    """Judge one scenario and write what came of it."""
    import time

    from alignsim import api
    from alignsim.plan.check import world_of
    from alignsim.study.judge import judge

    started = time.perf_counter()
    judged = judge(document, world_of(document), how)
    judgement = judged.judgement | {
        "command": api.command_line(),
        "seconds": round(time.perf_counter() - started, 1),
    }
    return judgement, _write(judgement, judged, document, out)


def _write(judgement: dict[str, Any], judged: Judged, document: Document, out: str) -> Path:
    """Write the run folder: the judgement, the runs of the first belief and, where there is a writer, the report."""
    from alignsim import api
    from alignsim.files import write_text
    from alignsim.show.report import write_report

    results = None if judged.runs is None else _as_results(judged.plan, judged.runs, document, judgement)

    def fill(folder: Path) -> None:
        text = json.dumps(judgement, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_text(folder / "judgement.json", text)
        if results is not None:
            results.save(folder)
            write_report(judgement, results.data, folder / "report.html")

    return api.write_folder(Path(out) / judged.plan.name, judged.plan.hash, fill)


def _as_results(plan: Plan, runs: Simulated, document: Document, judgement: dict[str, Any]) -> Any:
    """The runs under the first belief as results: the file's own branches, without those added for judging."""
    from dataclasses import replace

    from alignsim import api, results
    from alignsim.plan.check import world_of
    from alignsim.plan.resolved import resolved_text

    plan = replace(plan, runs=len(runs.runs))
    branches = {
        name: {key: values for key, values in runs.branches[name].items() if key != "watched"} for name in plan.branches
    }
    data = results.dataset(plan, branches, runs.by_run, runs.runs)
    manifest = api.provenance(document, plan, judgement["seconds"])
    text = resolved_text(document, world_of(document), plan.belief)
    return api.Results(data, manifest, None, document.text, text)


HEADINGS = ("belief", "verdict", "effect", "90 % of runs", "P(>m)", "interval", "P(<-m)", "REL>0", "runs")
LINE = "  {:<9}  {:<12} {:>6}  {:>14}  {:>5} {:>9} {:>6} {:>5} {:>6}"


def _tell(judgement: dict[str, Any], folder: Path) -> None:
    """One sentence on each claim, then the table."""
    from textwrap import fill

    claims = judgement["claims"]
    for claim in claims:
        click.secho(claim["id"], bold=True)
        click.echo(fill(claim["sentence"], 100, initial_indent="  ", subsequent_indent="  ") + "\n")
    click.secho(judgement["title"], bold=True)
    click.echo(LINE.format(*HEADINGS))
    for claim in claims:
        click.secho(claim["id"], bold=True)
        if not claim["testable"]:
            click.echo("  not testable")
        for belief, own in claim["beliefs"].items():
            click.echo(LINE.format(belief, *_row(own)))
        for rival in claim["rivals"]:
            click.echo(f"  {rival['theory']} ({rival['belief']}): {rival['verdict']}; {rival['words']}")
        if note := _further(claim):
            click.echo(fill(note, 100, initial_indent="  ", subsequent_indent="  "))
    click.echo(
        "P(>m): share of runs in which the effect passes the margin, with its interval; P(<-m): in which it passes it\n"
        "the other way; REL>0: in which the tie moves more than its members' other ties. "
        f"{judgement['seconds']:.0f} s."
    )
    click.echo(str(folder))


def _row(own: dict[str, Any]) -> list[str]:
    """What one belief says, as cells."""
    effect, chance, relative = own["effect"], own["probabilities"], own["relative"]
    if effect["mean"] is None:
        return [own["verdict"], *[""] * 6, str(own["runs"])]
    low, high = own["wilson"]["above"]
    return [
        own["verdict"],
        f"{effect['q50']:+.3f}",
        f"{effect['q05']:+.2f} to {effect['q95']:+.2f}",
        f"{chance['above']:.2f}",
        f"{low:.2f}-{high:.2f}",
        f"{chance['below_minus']:.2f}",
        f"{relative['above_zero']:.2f}" if relative else "-",
        str(own["runs"]),
    ]


def _further(claim: dict[str, Any]) -> str:
    """What else was found, in a few sentences."""
    said = [claim[part]["words"] for part in ("attribution", "reverse", "failure") if claim[part]]
    first = next(iter(claim["beliefs"].values()), None)
    if first and not first["decided"]:
        more = first["more_runs"]
        said.append(f"About {more} more runs would decide it." if more else "No number of runs would decide it.")
    return " ".join(said)
