"""`alignsim hindcast`: what the model would have said, held against what happened, beside naive forecasts."""

from __future__ import annotations

from typing import Any

import click

THEORIES = ("consent", "gravity", "friedkin-johnsen", "balance", "landscape", "one-coefficient")


@click.command("hindcast")
@click.option("--panel", "name", metavar="FILE",
              help="A table of pairs and years (.csv, .parquet), a panel's folder, its panel.yaml, or a packaged name "
              "(default: history).")  # fmt: skip
@click.option("--train", default="1992:2008", show_default=True, help="Years to learn from.")
@click.option("--test", default="2009:2015", show_default=True, help="Years to be judged by.")
@click.option(
    "--theory",
    "theories",
    multiple=True,
    type=click.Choice(["all", *THEORIES]),
    help="Theory to be asked; again for more (default: all).",
)
@click.option("--runs", type=click.IntRange(2, 10_000), default=60, show_default=True, help="Draws of the parameters.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of all that is drawn.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--out", default="results", show_default=True, help="Folder for results.")
@click.option("--no-figures", is_flag=True, help="Write the tables only.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON, and nothing else.")
def command(
    name: str | None,
    train: str,
    test: str,
    theories: tuple[str, ...],
    runs: int,
    seed: int,
    jobs: int | None,
    out: str,
    no_figures: bool,
    as_json: bool,
) -> None:
    """Forecast the past from every origin and score the forecasts against naive ones, however it turns out.

    Each forecast starts from the world as it was, is fed only with what came from outside (sanctions, embargoes,
    hostility, wars, the salience of issues), and never sees a vote, delivery or treaty after its origin.

    \b
    alignsim hindcast
    alignsim hindcast --train 1992:2005 --test 2006:2015 --theory consent
    alignsim hindcast --panel dyad_year.parquet --train 1992:2008 --test 2016:2021

    A table has a row for each pair and year: year, iso3_1, iso3_2 (or a, b), pi_sq (chance-corrected agreement
    in UN votes) and ip_dist (distance of ideal points), blank where unknown. Outcomes are taken from it; drivers
    and starting worlds come from the packaged panel (40 states, 1992 to 2024), so other columns, states and
    years of the table are not used. After 2015 the worlds' alignment is computed from the table's last three
    years.
    """
    import json
    from functools import partial

    from alignsim import api
    from alignsim.cli.progress import bar

    api.usable_folder(out)
    say = partial(bar, show=not as_json)
    found = api.hindcast(name, train, test, theories or "all", runs=runs, seed=seed, jobs=jobs, progress=say)
    folder = found.save(out, figures=not no_figures)
    if as_json:
        click.echo(json.dumps(found.table, indent=1, ensure_ascii=False))
        return
    for line in found.words:
        click.echo(line)
    _skills(found.table)
    click.echo(f"Tables and figures are in {folder}")


def _skills(scores: list[dict[str, Any]]) -> None:
    """CRPS skill of every forecaster, better or worse; votes and flows in a table each, so that they fit a terminal."""
    from rich import box
    from rich.table import Table

    from alignsim.cli.tables import show
    from alignsim.study.hindcast import report

    for outcomes in (("agreement", "distance"), ("trade", "arms")):
        names, lines = report.skills([row for row in scores if row["outcome"] in outcomes])
        if not lines:
            continue
        title = f"CRPS skill against persistence, all pairs, %: {' and '.join(outcomes)} by years ahead"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.show_edge = table.pad_edge = False
        for k, name in enumerate(names):
            short = name.replace("agreement", "agr.").replace("distance", "dist.")
            table.add_column(short, justify="right" if k else "left", no_wrap=True)
        for line in lines:
            table.add_row(*line)
        show(table, "")
    show("+ better, − worse than persistence: the 95 % interval by dyad excludes nil; twice: that by state does too.")
