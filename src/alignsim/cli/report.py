"""`alignsim report`: build the page about a judgement again, from its files alone."""

from __future__ import annotations

import click


@click.command("report")
@click.argument("folder")
@click.option("--open", "show", is_flag=True, help="Show the page in the browser.")
def command(folder: str, show: bool) -> None:
    """Write report.html into FOLDER, which `alignsim judge` wrote; one file that works offline and in print.

    \b
    alignsim report results/isolation/20260101-120000-1a2b3c4d
    alignsim report results/isolation/20260101-120000-1a2b3c4d --open
    """
    from alignsim import api

    path = api.report(folder)
    click.echo(path)
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
