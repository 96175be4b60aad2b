"""`alignsim sensitivity`: what the outcomes of a sweep depend on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from alignsim.api import Sensitivities

MOST = 12
"""Inputs that the table on the screen has."""


@click.command("sensitivity")
@click.argument("sweep", metavar="SWEEP")
@click.option("--outcome", "outcomes", multiple=True, metavar="NAME", help="Only this outcome or effect; repeatable.")
@click.option("--method", metavar="NAME", help="sobol, morris or pawn (default: what the design is made for).")
@click.option("--format", "formats", multiple=True, default=("png",), help="Figures as png, svg or pdf; repeatable.")
@click.option("--no-figures", is_flag=True, help="Write the tables only.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and nothing else.")
def command(
    sweep: str,
    outcomes: tuple[str, ...],
    method: str | None,
    formats: tuple[str, ...],
    no_figures: bool,
    as_json: bool,
) -> None:
    """Tell what the outcomes of SWEEP, a folder that `alignsim sweep` wrote, depend on; nothing is simulated.

    Which indices there are follows from the design of the sweep: saltelli has Sobol' indices, morris elementary
    effects, lhs and sobol PAWN; a grid has response curves, maps and tornados. Tables go into the folder, figures into
    its folder `figures`.

    \b
    alignsim sweep scenarios/isolation.yaml --vary sanctions.bite=0.7..2.8 --vary trust.weight=0..0.34 \\
      --design saltelli --points 64
    alignsim sensitivity results/isolation/sweep-1a2b3c4d
    """
    import json

    from alignsim import api

    found = api.sensitivity(sweep, outcomes=outcomes or None, method=method)
    written = found.save()
    if not no_figures:
        written += found.plot(formats=formats)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1, ensure_ascii=False, allow_nan=False))
        return
    _tell(found)
    for path in written:
        click.echo(path)


def _tell(found: Sensitivities) -> None:
    """A sentence and a table for each outcome."""
    from alignsim.cli.tables import show

    for name, words in found.words.items():
        click.secho(name, bold=True)
        show(words)
        show(_table(found, name))
    if runaway := int(found.sweep.runaway.sum()):
        show(
            f"{runaway:,} of {found.sweep.runaway.size:,} runs have a loop gain that the belief would not allow; "
            "they count here as all others do. Vary over narrower ranges to leave them out."
        )


def _table(found: Sensitivities, name: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    said = found.analyses.get(name)
    if said is None:
        for head in ("input", "low", "high", "difference"):
            table.add_column(head, justify="left" if head == "input" else "right")
        for s in found.swings[name][:MOST]:
            table.add_row(s.input, f"{s.low:+.3f}", f"{s.high:+.3f}", f"{s.size:+.3f} ± {s.half:.3f}")
        return table
    for head in ("input", "rank", *(m.name for m in said.measures.values())):
        table.add_column(head, justify="left" if head == "input" else "right")
    from alignsim.study.sensitivity import ranking

    for rank in ranking(said)[:MOST]:
        d = said.labels.index(rank.label)
        cells = [_cell(float(m.values[d]), float(m.half[d])) for m in said.measures.values()]
        table.add_row(rank.label, f"{rank.best}" if rank.best == rank.worst else f"{rank.best}–{rank.worst}", *cells)
    return table


def _cell(value: float, half: float) -> str:
    """An index and its half-width; a dash where it is not defined."""
    return "–" if math.isnan(value) else f"{value:.3f} ± {half:.3f}"
