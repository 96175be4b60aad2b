"""`alignsim judge`: what becomes of a scenario's claims, in a sentence, a table and a report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

THEORIES = ("all", "none", "balance", "landscape", "persistence", "one-coefficient")


@click.command("judge")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@click.option("--runs", type=click.IntRange(1, 1_000_000), help="Number of runs, instead of the files'.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed, instead of the files'.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--quick", is_flag=True, help="Verdicts only, on no more runs than they need.")
@click.option(
    "--no-reasons", is_flag=True, help="Verdicts under every belief and theory, but not why nor where they fail."
)
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
    no_reasons: bool,
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
    alignsim judge scenarios/*.yaml --no-reasons --theory none --table verdicts.csv

    With --quick there is no control, no reason, no rival theory and no report.
    """
    from functools import partial

    from alignsim import api
    from alignsim.cli.progress import bar
    from alignsim.study import ensemble

    api.usable_folder(out)
    documents = documents_of(scenarios, runs, seed, settings)
    rivals = None if not theories or "all" in theories else [name for name in theories if name != "none"]
    say = partial(bar, show=not as_json)
    judged = []
    with ensemble.workers(jobs or api.cores()) as pool:
        for document in documents:
            judgement = api.judge(
                document,
                quick=quick,
                reasons=not no_reasons,
                claims=claims,
                theories=rivals,
                executor=pool,
                progress=say,
            )
            folder = api.save_judgement(judgement, out)
            judged.append(judgement.content | {"folder": str(folder)})
            if not as_json:
                _tell(judgement.content, folder)
    if table:
        write_table(judged, Path(table))
    if as_json:
        click.echo(json.dumps(judged[0] if len(judged) == 1 else judged, indent=2, ensure_ascii=False))


def documents_of(
    names: Sequence[str], runs: int | None = None, seed: int | None = None, settings: Sequence[str] = ()
) -> list[Any]:
    """The scenarios; of several files, those that are landscapes, which claim nothing, are left out with a word."""
    from alignsim import api
    from alignsim.errors import UsageError
    from alignsim.scenario.document import LandscapeFile

    documents = []
    for name in names:
        try:
            documents.append(api.configured(name, runs, seed, settings))
        except LandscapeFile:
            if len(names) == 1:
                raise
            click.echo(f"{name} is a landscape and makes no claim: left out", err=True)
    if not documents:
        raise UsageError("none of these files makes a claim; `alignsim run` explores a landscape")
    return documents


COLUMNS = (
    "scenario", "claim", "says", "outcome", "contrast", "expect", "margin", "verdict", "belief", "runs",
    "median", "q05", "q95", "p_above", "p_below", "p_relative", "branch", "level",
)  # fmt: skip


def write_table(judged: list[dict[str, Any]], path: Path) -> Path:
    """One row for each claim and belief, as CSV; a claim that is not tested has one row that says why.

    Quantiles are those of the effect, or of the outcome where the claim is about a level; then p_above and p_below are
    the shares of runs above and below the level.

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
            told = ("outcome", "contrast", "expect", "margin", "branch", "level")
            known |= {key: claim[key] for key in told if claim.get(key) is not None}
            for belief, found in (claim.get("beliefs") or {"": None}).items():
                rows.writerow(known | {"belief": belief, "verdict": claim["verdict"]} | _numbers(found))
    return write_text(path, text.getvalue())


def _numbers(found: dict[str, Any] | None) -> dict[str, Any]:
    """What one belief finds of a claim, rounded for a table."""
    if not found:
        return {}
    effect, share = found.get("outcome") or found["effect"], found["probabilities"]
    relative = found.get("relative")
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


HEADINGS = ("belief", "verdict", "effect", "90 % of runs", "P(>m)", "interval", "P(<−m)", "REL>0", "runs")
LINE = "  {:<{wide}}  {:<12} {:>6}  {:>14}  {:>5} {:>9} {:>6} {:>5} {:>6}"
KEY = """\
P(>m): share of runs in which the effect passes the margin, with its interval; P(<−m): in which it passes it
the other way; REL>0: in which the tie moves more than its members' other ties."""


def _tell(judgement: dict[str, Any], folder: Path) -> None:
    """One sentence on each claim, then the table."""
    claims = judgement["claims"]
    for claim in claims:
        click.secho(claim["id"], bold=True)
        _say(claim["sentence"] + "\n")
    click.secho(judgement["title"], bold=True)
    wide = max(len(belief) for belief in ("sceptical", *(name for claim in claims for name in claim["beliefs"])))
    click.echo(LINE.format(*HEADINGS, wide=wide))
    for place, claim in enumerate(claims):
        click.secho(claim["id"], bold=True)
        if not claim["testable"]:
            click.echo("  not testable")
        for belief, own in claim["beliefs"].items():
            if claim["dose"]:
                click.echo(_dosed(belief.ljust(wide), own, claim["dose"][belief]))
            elif claim["level"] is not None:
                click.echo(_held(belief.ljust(wide), own, claim))
            else:
                click.echo(LINE.format(belief, *_row(own), wide=wide))
        for theory in dict.fromkeys(rival["theory"] for rival in claim["rivals"]):
            said = [rival for rival in claim["rivals"] if rival["theory"] == theory]
            _say(_rival(theory, said, claim["level"]))
        if note := _further(claim, claims[:place]):
            _say(note)
    _say_what_stands_out_nowhere(claims)
    _say_gates(judgement["gates"])
    click.echo(f"{KEY} {judgement['seconds']:.0f} s.")
    click.echo(str(folder))


def _say(words: str) -> None:
    from textwrap import fill

    click.echo(fill(words, 100, initial_indent="  ", subsequent_indent="  ", replace_whitespace=False))


def _row(own: dict[str, Any]) -> list[str]:
    """What one belief says, as cells."""
    from alignsim.cli.tables import between
    from alignsim.study.verdicts import signed

    effect, chance, relative = own["effect"], own["probabilities"], own["relative"]
    if effect["mean"] is None:
        return [own["verdict"], *[""] * 6, str(own["runs"])]
    low, high = own["wilson"]["above"]
    return [
        own["verdict"],
        signed(effect["q50"]),
        between(effect),
        f"{chance['above']:.2f}",
        f"{low:.2f}–{high:.2f}",
        f"{chance['below_minus']:.2f}",
        f"{relative['above_zero']:.2f}" if relative else "–",
        str(own["runs"]),
    ]


def _rival(theory: str, said: list[dict[str, Any]], level: float | None = None) -> str:
    """What a rival theory says, in a line for all beliefs under which it says the same."""
    verdicts: dict[str, list[dict[str, Any]]] = {}
    for rival in said:
        verdicts.setdefault(rival["verdict"], []).append(rival)
    parts = []
    for verdict, agreed in verdicts.items():
        words = list(dict.fromkeys(rival["words"] for rival in agreed))
        under = "" if len(verdicts) == 1 else f" ({', '.join(rival['belief'] for rival in agreed)})"
        parts.append(f"{verdict}{under}; {words[0] if len(words) == 1 else _between_medians(agreed, level)}")
    return f"{theory}: {'. '.join(parts)}"


def _between_medians(said: list[dict[str, Any]], level: float | None = None) -> str:
    from alignsim.study.verdicts import signed

    middles = [rival["effect"]["q50"] for rival in said if rival["effect"]["q50"] is not None]
    if level is not None:
        return f"{level + min(middles):.2f} to {level + max(middles):.2f} in the median run, by belief"
    return f"moves it by {signed(min(middles))} to {signed(max(middles))} in the median run, by belief"


def _held(belief: str, own: dict[str, Any], claim: Mapping[str, Any]) -> str:
    """What one belief says of a level: where the outcome stands, and how often it keeps to the level."""
    outcome, support = own["outcome"], own["support"]
    if outcome["mean"] is None:
        return f"  {belief}  {own['verdict']}"
    return (
        f"  {belief}  {own['verdict']:<12} {outcome['q50']:.2f} ({outcome['q05']:.2f} to {outcome['q95']:.2f}); "
        f"{claim['expect']} {claim['level']:g} in {support['p']:.0%} of {own['runs']} runs "
        f"({support['low']:.0%}–{support['high']:.0%})"
    )


def _dosed(belief: str, own: dict[str, Any], response: dict[str, Any]) -> str:
    """What one belief says of a dose: the shape of the response, since its size is that of the contrast."""
    support = own["support"]
    first = response["threshold"]
    starts = f"first holds at {first['level']:.2g} of the dose" if first else "first holds at no dose tried"
    peak = ", largest inside in {:.0%}".format(response["peaked"]["p"]) if response["peaked"]["p"] else ""
    return (
        f"  {belief}  {own['verdict']:<12} holds in {support['p']:.0%} of {own['runs']} runs "
        f"({support['low']:.0%}–{support['high']:.0%}); rises at every step in {response['monotone_share']:.0%}{peak}; "
        f"{starts}"
    )


def _further(claim: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> str:
    """What else was found, in a few sentences; what an earlier claim has said already is not said again."""
    said = []
    if shared := claim["attribution"]:
        same = next((other["id"] for other in before if other["attribution"] == shared), None)
        said.append(f"What moves it is as for {same}." if same else shared["words"])
    said += [claim["reverse"]["words"]] if claim["reverse"] else []
    if claim["failure"] and claim["failure"]["boxes"]:
        said.append(claim["failure"]["words"])
    first = next(iter(claim["beliefs"].values()), None)
    if first and not first["decided"]:
        more = first["more_runs"]
        said.append(f"About {more} more runs would decide it." if more else "No number of runs would decide it.")
    return " ".join(said)


def _say_what_stands_out_nowhere(claims: Sequence[Mapping[str, Any]]) -> None:
    nowhere = [claim["id"] for claim in claims if claim["failure"] and not claim["failure"]["boxes"]]
    if nowhere:
        _say(f"No region of the parameters stands out in which these fail: {', '.join(nowhere)}.")


def _say_gates(gates: Mapping[str, Any] | None) -> None:
    """Which gates pass, fail or are open, and why those that fail do."""
    for passes, words in ((True, "pass"), (False, "FAIL"), (None, "open")):
        names = [name for name, gate in (gates or {}).items() if gate["passes"] is passes]
        if names:
            click.echo(f"  gates {words}: {', '.join(names)}")
        for name in names if passes is False else ():
            _say("; ".join([f"{name}: {gates[name]['says']}", *gates[name]["details"]]))  # type: ignore[index]
