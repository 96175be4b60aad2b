"""`alignsim run`: simulate a scenario and leave a folder of tables and figures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

ALL = "all"


@click.command("run")
@click.argument("scenario")
@click.option("--out", default="results", metavar="FOLDER", help="Where run folders go (default: results).")
@click.option("--runs", type=click.IntRange(1, 1_000_000), help="Number of runs, instead of the file's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed, instead of the file's.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--theory", metavar="NAME|all", help="The law of motion, instead of the file's; all: each in turn.")
@click.option("--belief", help="signed, sceptical or fixed, instead of the file's.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the file; repeatable.")
@click.option("--figures/--no-figures", default=True, help="Whether figures are drawn.")
@click.option("--format", "tables", multiple=True, default=("csv",), metavar="csv|parquet",
              help="Format of the table of all runs; repeatable (default: csv).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output, and nothing else.")
@click.option("--quiet", "-q", is_flag=True, help="Print only the folder of the run.")
def command(
    scenario: str,
    out: str,
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    theory: str | None,
    belief: str | None,
    settings: tuple[str, ...],
    figures: bool,
    tables: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate SCENARIO and write results/<scenario>/<time>-<hash>/.

    \b
    alignsim run scenarios/isolation.yaml
    alignsim run scenarios/isolation.yaml --runs 100 --set parameters.sanctions.bite=0.5
    alignsim run scenarios/isolation.yaml --theory all
    alignsim run scenarios/landscape-mideast-2016.yaml

    Theories are consent (the default), balance, landscape, persistence and one-coefficient. With --theory all the
    file's claims are put to each of them under every belief: the specification curve. A file of actors and
    propensities is a landscape; it is searched for every minimum.
    """
    from alignsim import api
    from alignsim.results.table import usable_formats
    from alignsim.scenario.document import LandscapeFile

    api.usable_folder(out)
    usable_formats(tables)
    asked = {"runs": runs, "seed": seed, "jobs": jobs, "set": settings, "belief": belief}
    tell = partial(_tell, as_json=as_json, quiet=quiet)
    try:
        if theory == ALL:
            _under_all(scenario, asked, out, figures, tables, tell)
        else:
            _under_one(scenario, asked | {"theory": theory}, out, figures, tables, tell)
    except LandscapeFile as found:
        ignored = {"--runs": runs, "--seed": seed, "--theory": theory, "--belief": belief}
        _landscape(found, settings, [name for name, value in ignored.items() if value is not None], out, figures, tell)


def _under_one(scenario: str, asked: dict[str, Any], out: str, figures: bool, tables: Any, tell: Any) -> None:
    """Simulate under one theory."""
    from alignsim import api
    from alignsim.cli.progress import bar
    from alignsim.cli.tables import summary

    with bar("simulating", show=not _silent(tell)) as progress:
        results = api.run(scenario, **asked, progress=progress)
    folder = api.save(results, out, figures=figures, tables=tables)
    tell(folder, results.summary, lambda: summary(results))


def _under_all(scenario: str, asked: dict[str, Any], out: str, figures: bool, tables: Any, tell: Any) -> None:
    """Put the claims to every theory under every belief."""
    from alignsim import api
    from alignsim.cli.progress import bar
    from alignsim.cli.tables import specifications

    judgement = api.specifications(scenario, **asked, progress=partial(bar, show=not _silent(tell)))
    folder = api.save_specifications(judgement, out, figures=figures, tables=tables)
    tell(folder, lambda: judgement.content, lambda: specifications(judgement.claims))


def _landscape(found: Any, settings: tuple[str, ...], ignored: list[str], out: str, figures: bool, tell: Any) -> None:
    """Search a landscape for its minima."""
    from alignsim import api
    from alignsim.cli.tables import minima
    from alignsim.errors import UsageError

    if ignored:
        raise UsageError(f"{found.source} is a landscape, which has no use for {', '.join(ignored)}; leave it out")
    result = api.landscape(found, set=settings)
    folder = api.save_landscape(result, out, figures=figures)
    tell(folder, result.summary, lambda: minima(result.summary()))


def _silent(tell: Any) -> bool:
    return tell.keywords["quiet"] or tell.keywords["as_json"]


def _tell(folder: Path, content: Any, show: Any, as_json: bool, quiet: bool) -> None:
    """What came of it: as JSON, as the folder alone, or as a table with the files that were written."""
    if as_json:
        click.echo(json.dumps({**content(), "folder": str(folder)}, indent=2, ensure_ascii=False))
    elif quiet:
        click.echo(folder)
    else:
        show()
        click.echo(f"\n{folder}")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                click.echo(f"  {path.relative_to(folder)}")
