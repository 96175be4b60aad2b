"""`alignsim show`: what a scenario says once every default is written out, or what a run has found."""

from __future__ import annotations

from typing import Any

import click


@click.command("show")
@click.argument("file")
@click.option("--resolved", is_flag=True, help="Print the scenario with every default, its source and its unit.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the file; repeatable.")
@click.option("--belief", help="Show the priors of signed, sceptical, calibrated or fixed, instead of the file's.")
def command(file: str, resolved: bool, settings: tuple[str, ...], belief: str | None) -> None:
    """Print what FILE says, as a scenario that can be run again.

    \b
    alignsim show scenarios/isolation.yaml
    alignsim show scenarios/isolation.yaml --resolved
    alignsim show results/isolation/20260101-120000-1a2b3c4d
    """
    from pathlib import Path

    if file != "-" and Path(file).is_dir():
        _run(file)
    else:
        _scenario(file, resolved, settings, belief)


def _run(folder: str) -> None:
    from alignsim.api import open_run
    from alignsim.cli.tables import summary

    summary(open_run(folder))


def _scenario(file: str, resolved: bool, settings: tuple[str, ...], belief: str | None) -> None:
    from alignsim.errors import UsageError, did_you_mean
    from alignsim.mechanisms.parameters import BELIEFS
    from alignsim.plan.check import load

    if belief is not None and belief not in BELIEFS:
        hint = did_you_mean(belief, BELIEFS) or f"; there are {', '.join(BELIEFS)}"
        raise UsageError(f"--belief {belief}: there is no such belief{hint}")
    document, world, warnings = load(file, settings)
    if resolved:
        from alignsim.plan.resolved import resolved_text

        click.echo(resolved_text(document, world, belief), nl=False)
    else:
        _brief(document, world)
    for warning in warnings:
        click.echo(f"{warning} (warning)", err=True)


def _brief(document: Any, world: Any) -> None:
    """The scenario on one screen."""
    from alignsim.scenario.schema import BASELINE

    scenario = document.scenario
    time = scenario.time
    click.echo(scenario.title)
    click.echo(f"{time.start} to {time.end}, {time.months} months; {scenario.world}: {len(world.states)} states")
    for branch in scenario.branch_names:
        click.echo(f"\n{branch}")
        for event in scenario.events if branch == BASELINE else scenario.branches[branch]:
            unsure = f" (probability {event.probability:g})" if event.probability < 1 else ""
            words = event.note or ", ".join(f"{key} {_short(value)}" for key, value in event.what if value is not None)
            click.echo(f"  {event.at}  {event.kind}: {words}{unsure}")
    for claim in scenario.claims:
        click.echo(f"\n{claim.id}: {claim.says}")
        if claim.testable:
            how = claim.contrast or f"dose of {claim.dose.of}"
            click.echo(f"  {claim.outcome}, {how}: expect {claim.expect}")
        else:
            click.echo(f"  not testable: {claim.why}")
    click.echo("\n`alignsim show FILE --resolved` writes out every default with its unit and source.")


def _short(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
