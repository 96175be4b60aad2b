"""`alignsim evidence`: what the data themselves say of the claim, before any model."""

from __future__ import annotations

from typing import Any

import click


@click.command("evidence")
@click.option("--panel", "name", help="A panel: a folder, its panel.yaml, or a packaged name (default: history).")
@click.option("--from", "source", help="A folder of data with a table of pairs and years (dyad_year*.parquet) instead.")
@click.option("--out", default="results", show_default=True, help="Folder for results.")
@click.option("--no-figures", is_flag=True, help="Write the table only.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON, and nothing else.")
def command(name: str | None, source: str | None, out: str, no_figures: bool, as_json: bool) -> None:
    """Are states that are sanctioned together closer in UN votes and arms, and do they grow closer from then on?

    Regressions over pairs of states outside the West, with fixed effects and intervals that know that pairs share
    states; leads and lags around the onset, with false dates; measures that disagree; Iran–Russia beside other ties.

    \b
    alignsim evidence
    alignsim evidence --from DATA
    """
    import json
    from functools import partial

    from alignsim import api
    from alignsim.cli.progress import bar

    api.usable_folder(out)
    found = api.evidence(name, source, progress=partial(bar, show=not as_json, unit="steps"))
    folder = found.save(out, figures=not no_figures)
    if as_json:
        click.echo(json.dumps(found.plain(), indent=1, ensure_ascii=False))
        return
    click.echo(found.words[0] + "\n")
    _coefficients(found.table)
    for line in found.words[1:]:
        click.echo(line)
    click.echo(f"Table and figures are in {folder}")


def _coefficients(rows: list[dict[str, Any]]) -> None:
    """The co-sanctioned pairs: a line for each outcome and reading of sanctions, a column for each set of effects."""
    from rich import box
    from rich.table import Table

    from alignsim.cli.tables import show
    from alignsim.show.notebook import coefficients

    columns, lines, note = coefficients(rows)
    table = Table(title="What being under sanctions together makes", title_justify="left", box=box.SIMPLE_HEAD)
    table.show_edge = table.pad_edge = False
    for name in columns:
        table.add_column(name, justify="left" if name in ("outcome", "under") else "right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    show(table, note + "\n")
