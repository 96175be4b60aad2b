"""`alignsim calibrate`: fit the parameters that matter to the training years of a panel, or ask what could be told."""

from __future__ import annotations

import click

FAMILIES = ("signed", "sceptical")


@click.command("calibrate")
@click.option("--panel", "name", help="A panel: a folder, its panel.yaml, or a packaged name (default: history).")
@click.option("--train", default="1992:2008", help="Years to learn from (1992:2008).")
@click.option(
    "--belief", "families", multiple=True, type=click.Choice(FAMILIES), help="Prior to start from (default: both)."
)
@click.option(
    "--table", type=click.IntRange(200, 1_000_000), default=4000, help="Simulations behind a posterior (4000)."
)
@click.option("--truths", type=click.IntRange(0, 100_000), default=200, help="Known truths it is checked on (200).")
@click.option(
    "--recovery",
    is_flag=True,
    help="Instead of fitting, ask on known truths what the record could tell of a direct reward for isolation.",
)
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of all that is drawn (1).")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--out", default="results/calibration", show_default=True, help="Folder for posteriors and simulations.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and nothing else.")
def command(
    name: str | None,
    train: str,
    families: tuple[str, ...],
    table: int,
    truths: int,
    recovery: bool,
    seed: int,
    jobs: int | None,
    out: str,
    as_json: bool,
) -> None:
    """Fit the parameters that matter to what happened in the training years, and check the fit on known truths.

    Interrupted, the same command goes on where it stopped. Each posterior is a table of equally likely parameter
    vectors with its provenance; what is packaged as `belief: calibrated` was made this way.

    \b
    alignsim calibrate
    alignsim calibrate --belief signed --table 1000 --truths 0
    alignsim calibrate --recovery --truths 400
    """
    import json
    from functools import partial

    from alignsim import api
    from alignsim.cli.progress import bar

    say = partial(bar, show=not as_json, unit="histories" if recovery else "simulations")
    ask, where = (api.recovery, f"{out}/recovery") if recovery else (api.calibrate, out)
    found = ask(
        name, train, families or FAMILIES, table=table, truths=truths, seed=seed, jobs=jobs, out=out, progress=say
    )
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for family, own in found.items():
        click.echo(f"From the {family} prior:")
        for line in own["words"]:
            click.echo(f"  {line}")
        click.echo(f"  written to {where}/{family}")
