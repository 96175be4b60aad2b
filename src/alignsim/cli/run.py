"""`alignsim run`: simulate a scenario and leave a folder of tables and figures."""

from __future__ import annotations

import click


@click.command("run")
@click.argument("scenario")
@click.option("--out", default="results", metavar="FOLDER", help="Where run folders go (default: results).")
@click.option("--runs", type=click.IntRange(1, 1_000_000), help="Number of runs, instead of the file's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed, instead of the file's.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--belief", help="signed, sceptical or fixed, instead of the file's.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the file; repeatable.")
@click.option("--figures/--no-figures", default=True, help="Whether figures are drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output, and nothing else.")
@click.option("--quiet", "-q", is_flag=True, help="Print only the folder of the run.")
def command(
    scenario: str,
    out: str,
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    belief: str | None,
    settings: tuple[str, ...],
    figures: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate SCENARIO and write results/<scenario>/<time>-<hash>/.

    \b
    alignsim run scenarios/isolation.yaml
    alignsim run scenarios/isolation.yaml --runs 100 --set parameters.sanctions.bite=0.5
    """
    from alignsim import api
    from alignsim.cli.progress import bar

    api.usable_folder(out)
    with bar("simulating", show=not (quiet or as_json)) as progress:
        results = api.run(scenario, runs=runs, seed=seed, jobs=jobs, set=settings, belief=belief, progress=progress)
    folder = api.save(results, out, figures=figures)
    if as_json:
        import json

        click.echo(json.dumps(results.summary() | {"folder": str(folder)}, indent=2, ensure_ascii=False))
    elif quiet:
        click.echo(folder)
    else:
        from alignsim.cli.tables import summary

        summary(results)
        click.echo(f"\n{folder}")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                click.echo(f"  {path.relative_to(folder)}")
