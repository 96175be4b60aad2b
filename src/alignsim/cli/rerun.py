"""`alignsim rerun`: a run again from its own folder, and whether it gives the same numbers."""

from __future__ import annotations

import click


@click.command("rerun")
@click.argument("run", metavar="MANIFEST|FOLDER")
@click.option("--check", is_flag=True, help="Write nothing; exit 7 unless every number is the same to the last bit.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--out", default="results", metavar="FOLDER", help="Where run folders go (default: results).")
@click.option("--figures/--no-figures", default=True, help="Whether figures are drawn.")
@click.option("--quiet", "-q", is_flag=True, help="Print only the folder of the run, or nothing with --check.")
def command(run: str, check: bool, jobs: int | None, out: str, figures: bool, quiet: bool) -> None:
    """Run a run folder again: its scenario with the settings, the seed, the number of runs and the belief it had.

    \b
    alignsim rerun results/isolation/20260101-120000-1a2b3c4d
    alignsim rerun results/isolation/20260101-120000-1a2b3c4d/manifest.json --check

    Of a judgement, the runs under its first belief are run again.
    """
    from alignsim import api
    from alignsim.cli.progress import bar

    if not check:
        api.usable_folder(out)
    with bar("simulating", show=not quiet) as progress:
        results = api.rerun(run, check=check, jobs=jobs, progress=progress)
    if not check:
        folder = api.save(results, out, figures=figures)
        click.echo(folder)
    elif not quiet:
        branches, runs = (results.data.sizes[key] for key in ("branch", "run"))
        click.echo(f"{run} is reproduced to the last bit: {runs} runs of {branches} branches")
