"""`alignsim compare`: what differs between two runs, in what was asked and in what came out."""

from __future__ import annotations

from typing import Any

import click


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--runs", type=click.IntRange(1, 1_000_000), help="Number of runs of scenarios.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of scenarios.")
@click.option("--belief", help="Belief of scenarios: signed, sceptical or fixed.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--out", metavar="FOLDER", help="Write tables, JSON and a figure into this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, and nothing else.")
def command(
    a: str,
    b: str,
    runs: int | None,
    seed: int | None,
    belief: str | None,
    jobs: int | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Compare two runs, A and B: folders that `alignsim run` wrote, or scenario files, which are run first.

    \b
    alignsim compare results/isolation/20260101-120000-1a2b3c4d results/isolation/20260102-093000-5e6f7a8b
    alignsim compare scenarios/isolation.yaml scenarios/snapback.yaml --runs 100 --out comparison

    Scenarios are run with one seed, number of runs and belief (those of A unless given), so that run 17 of both meets
    the same chance, and differences are taken run by run.
    """
    from alignsim import api
    from alignsim.cli.progress import bar

    if out is not None:
        api.usable_folder(out)
    with bar("simulating", show=not as_json) as progress:
        comparison = api.compare(a, b, runs=runs, seed=seed, belief=belief, jobs=jobs, progress=progress)
    written = comparison.save(out) if out is not None else []
    if as_json:
        import json

        click.echo(json.dumps(comparison.found.as_dict(), indent=1, ensure_ascii=False))
        return
    _tell(comparison.found)
    for path in written:
        click.echo(path)


def _tell(found: Any) -> None:
    """What was asked differently, then how far apart the outcomes are."""
    from alignsim.cli.tables import show

    click.echo(f"A: {found.a}\nB: {found.b}\n")
    if found.inputs:
        click.echo("What differs")
        for row in found.inputs:
            click.echo(f"  {row.what}: {_clipped(row.a)}  →  {_clipped(row.b)}")
    else:
        click.echo("Nothing differs in what was asked.")
    titles = {"alignment": f"Alignment in {found.month}", "effect": "What each branch changes against its baseline"}
    for measure, title in titles.items():
        rows = [own for own in found.outcomes if own.measure == measure]
        if rows:
            click.echo()
            show(_table(title, rows))
    show(f"Medians. {found.how} {found.runs} runs{'' if found.paired else ' of each'}.")


def _clipped(text: str, most: int = 90) -> str:
    """At most so many letters; --json and --out have all of it."""
    return text if 0 < len(text) <= most else f"{text[: most - 1]}…" if text else "–"


def _table(title: str, rows: list[Any]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    for name in ("tie", "branch", "A", "B", "B-A", "90 % of runs", "P(>+.05)", "P(<-.05)"):
        text = name in ("tie", "branch")
        table.add_column(name, justify="left" if text else "right", no_wrap=name != "branch", overflow="fold")
    for own in rows:
        size = own.difference
        table.add_row(
            own.dyad,
            own.branch,
            f"{own.a:+.2f}",
            f"{own.b:+.2f}",
            f"{size['q50']:+.3f}",
            f"{size['q05']:+.2f} to {size['q95']:+.2f}",
            f"{own.probability_above_margin:.2f}",
            f"{own.probability_below_minus_margin:.2f}",
        )
    return table
