"""`alignsim plot`: draw a run's figures again, from its files alone."""

from __future__ import annotations

import click


@click.command("plot")
@click.argument("run")
@click.option("--figure", "chosen", multiple=True, metavar="NAME", help="Draw only this figure; repeatable.")
@click.option("--format", "formats", multiple=True, default=("png",), help="png, svg or pdf; repeatable.")
@click.option("--state", metavar="CODE", help="Whose alignment the map shows (default: the first of the focus).")
@click.option("--branch", metavar="NAME", help="What figures of one branch show (default: the first after baseline).")
@click.option("--out", metavar="FOLDER", help="Where to draw (default: the run's figures folder).")
def command(
    run: str,
    chosen: tuple[str, ...],
    formats: tuple[str, ...],
    state: str | None,
    branch: str | None,
    out: str | None,
) -> None:
    """Draw the figures of RUN, a folder that `alignsim run` wrote.

    \b
    alignsim plot results/isolation/20260101-120000-1a2b3c4d
    alignsim plot results/isolation/20260101-120000-1a2b3c4d --figure trajectories --format svg
    alignsim plot results/isolation/20260101-120000-1a2b3c4d --figure map --state RUS --branch relief
    """
    from pathlib import Path

    from alignsim.api import open_run
    from alignsim.errors import FileProblem, UsageError, did_you_mean
    from alignsim.show import FIGURES, draw_all

    for name in chosen:
        if name not in FIGURES:
            hint = did_you_mean(name, FIGURES) or f"; there are {', '.join(FIGURES)}"
            raise UsageError(f"--figure {name}: there is no such figure{hint}")
    for name in formats:
        if name not in ("png", "svg", "pdf"):
            raise UsageError(f"--format {name}: must be png, svg or pdf")
    results = open_run(run)
    folder = Path(out) if out else Path(run) / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"{folder} cannot be made: {error.strerror}; choose another with --out") from error
    for path in draw_all(
        results.data, folder, formats=formats, figures=list(chosen) or None, state=state, branch=branch
    ):
        click.echo(path)
