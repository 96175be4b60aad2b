"""`alignsim world`: list the packaged worlds, show what one says and where it has it from, build one or a panel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.group("world")
def command() -> None:
    """List, show or build worlds: the states, ties, flows and issues that a scenario starts from.

    \b
    alignsim world list
    alignsim world show west-asia-2024 IRN
    alignsim world build gulf-2014 --month 2014-01 --from data --states preset:west-asia
    alignsim world panel mine --years 1992:2015 --from data --states preset:history
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_worlds(as_json: bool) -> None:
    """List the packaged worlds."""
    from alignsim.world.describe import worlds

    found = worlds()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    _table("", ("name", "month", "states", "title"), found)


@command.command("show")
@click.argument("world")
@click.argument("state", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(world: str, state: str | None, as_json: bool) -> None:
    """Print WORLD (a packaged name or a folder), or what it says of one STATE, with unit, date and source.

    \b
    alignsim world show west-asia-2024
    alignsim world show west-asia-2024 IRN
    alignsim world show my-world Iran --json
    """
    from alignsim.world import load
    from alignsim.world.describe import find_state, state_summary, world_summary

    loaded = load(world)
    content = world_summary(loaded) if state is None else state_summary(loaded, find_state(loaded, state))
    if as_json:
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
    elif state is None:
        _print_world(content)
    else:
        _print_state(content)


@command.command("build")
@click.argument("name")
@click.option("--month", required=True, metavar="YYYY-MM", help="Build the world at the end of this month, 1992-01 on.")
@click.option("--from", "source", required=True, type=click.Path(path_type=Path), help="Folder of the official files.")
@click.option("--states", default="all", show_default=True, metavar="WHICH",
              help="all, largest:40, preset:west-asia, a comma list of codes, or a file of codes.")  # fmt: skip
@click.option("--title", default="", help="A title; by default it names the month.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; by default NAME here.")
@click.option("--force", is_flag=True, help="Write over a world that is already there.")
def build(name: str, month: str, source: Path, states: str, title: str, out: Path | None, force: bool) -> None:
    """Build a world called NAME from the official files, with nothing that was not known by the month.

    \b
    The files are found anywhere below --from by their published names: World Bank GDP, SIPRI register and
    military expenditure, GSDB, UN votes and ideal points, UCDP, BACI, COW trade, capabilities and disputes,
    ATOP, CEPII distances and V-Dem. Needs `pip install 'alignsim[world]'`.
    """
    from alignsim.errors import FileProblem, UsageError
    from alignsim.files import slug
    from alignsim.world import write
    from alignsim.world.build import build as build_world

    if slug(name) != name:
        raise UsageError(f"{name!r} cannot name a folder; {slug(name)!r} can")
    folder = out or Path(name)
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise FileProblem(f"{folder} is not empty; give another folder with --out, or write over it with --force")
    world = build_world(name, month, source, states, title)
    write(world, folder)
    click.echo(f"{folder}: {len(world.states)} states, {len(world.issues)} issues at the end of {month}")
    click.echo(f"next: alignsim world show {folder}", err=True)


@command.command("panel")
@click.argument("name")
@click.option("--years", required=True, metavar="FIRST:LAST", help="Consecutive years from 1992 on, such as 1992:2015.")
@click.option("--from", "source", required=True, type=click.Path(path_type=Path), help="Folder of the official files.")
@click.option("--states", default="all", show_default=True, metavar="WHICH",
              help="all, largest:40, preset:history, a comma list of codes, or a file of codes.")  # fmt: skip
@click.option("--title", default="", help="A title; by default it counts states and years.")
@click.option("--votes-until", type=int, metavar="YEAR",
              help="Leave UN votes and ideal points after this year out, of outcomes and of worlds.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; by default NAME here.")
@click.option("--force", is_flag=True, help="Write over a panel that is already there.")
def panel(
    name: str, years: str, source: Path, states: str, title: str, votes_until: int | None, out: Path | None, force: bool
) -> None:
    """Build a panel called NAME: the world at the end of each year, and how each pair voted in it.

    \b
    alignsim world panel mine --years 1992:2015 --from data --states preset:history
    A state without figures in one of the years is left out. Where the files hold no votes or ideal points of a
    year, its outcomes stay blank. Later votes in a file of their own beside the others are found too. The files are
    those of `alignsim world build`.
    """
    from alignsim.cli.progress import bar
    from alignsim.errors import UsageError
    from alignsim.files import slug
    from alignsim.world import history
    from alignsim.world.panel import span

    if slug(name) != name:
        raise UsageError(f"{name!r} cannot name a folder; {slug(name)!r} can")
    try:
        listed = span(years)
    except ValueError as error:
        raise UsageError(f"--years {error}") from error
    folder = out or Path(name)
    history.free(folder, force)
    with bar("building", unit="years") as progress:
        made = history.build(name, listed, source, states, progress, title, votes_until)
    history.save(made, folder, force)
    click.echo(f"{folder}: {len(made.states)} states, {listed[0]} to {listed[-1]}")
    for code, why in made.built["left_out"].items():
        click.echo(f"left out: {code}, {why}", err=True)
    for what, values in (("votes", made.agreement), ("ideal points", made.distance)):
        blank = [str(year) for year, square in zip(made.years, values, strict=True) if not (square == square).any()]
        if blank:
            click.echo(f"the files hold no {what} of {', '.join(blank)}: blank in outcomes.csv", err=True)
    click.echo(f"next: alignsim hindcast --panel {folder}", err=True)


def _print_world(content: dict[str, Any]) -> None:
    from alignsim.world.describe import sections

    heading, tables = sections(content)
    click.echo(f"{heading}\n")
    for title, columns, rows in tables:
        if title == "States":
            click.echo("States\n" + ", ".join(f"{row['code']} {row['state']}" for row in rows) + "\n")
        else:
            _table(title, columns, rows)


def _print_state(content: dict[str, Any]) -> None:
    from alignsim.world.describe import sections

    heading, tables = sections(content)
    click.echo(heading)
    click.echo(f"groups: {', '.join(content['groups']) or 'none'}\n")
    for table in tables:
        _table(*table)
    if content["actors"]:
        click.echo(f"Patron of: {', '.join(content['actors'])}")


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """A table on standard output; nothing at all when there are no rows."""
    if not rows:
        return
    from rich.table import Table

    from alignsim.cli.tables import show as print_table

    table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False)
    for name in columns:
        number = all(isinstance(row.get(name, ""), float | int) for row in rows)
        table.add_column(name, justify="right" if number else "left", no_wrap=number)
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    print_table(table)
    click.echo()
