"""`alignsim sensitivity`: what the outcomes of a sweep depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from alignsim.api import Sensitivities


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
    from alignsim.show.notebook import indices, runaway

    for name, words in found.words.items():
        click.secho(name, bold=True)
        show(words)
        show(_table(*indices(found, name)))
    if words := runaway(found.sweep):
        show(words)


def _table(columns: list[str], rows: list[list[str]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    for name in columns:
        table.add_column(name, justify="left" if name == "input" else "right")
    for row in rows:
        table.add_row(*row)
    return table
