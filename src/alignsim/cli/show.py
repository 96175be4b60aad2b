"""`alignsim show`: what a scenario says once every default is written out, or what a run has found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("show")
@click.argument("file")
@click.option("--resolved", is_flag=True, help="Print the scenario with every default, its source and its unit.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the file; repeatable.")
@click.option("--belief", help="Show the priors of signed, sceptical, calibrated or fixed, instead of the file's.")
def command(file: str, resolved: bool, settings: tuple[str, ...], belief: str | None) -> None:
    """Print what FILE says: a scenario, or the folder of a run or a judgement.

    \b
    alignsim show scenarios/isolation.yaml
    alignsim show scenarios/isolation.yaml --resolved
    alignsim show results/isolation/20260101-120000-1a2b3c4d
    """
    if file != "-" and Path(file).is_dir():
        _run(Path(file), resolved)
    else:
        _scenario(file, resolved, settings, belief)


def _run(folder: Path, resolved: bool) -> None:
    """What a run or a judgement has found and how it came about, or the scenario it was of."""
    import json

    from alignsim.api import open_run
    from alignsim.cli.tables import minima, summary
    from alignsim.files import read_text
    from alignsim.results.again import MANIFEST, read_manifest

    if (folder / "minima.csv").is_file():
        minima(json.loads(read_text(folder / "summary.json")))
        return _origin(read_manifest(folder))
    judged = (folder / "judgement.json").is_file()
    if resolved:
        click.echo(read_text(folder / "scenario.resolved.yaml"), nl=False)
        return
    if judged:
        _judgement(folder)
    if (folder / "result.nc").is_file() or not judged:
        summary(open_run(folder))
    if (folder / MANIFEST).is_file():
        _origin(read_manifest(folder))


def _judgement(folder: Path) -> None:
    from textwrap import fill

    from alignsim.show.report import read_judgement

    for claim in read_judgement(folder)["claims"]:
        click.secho(f"{claim['id']}: {claim['verdict']}", bold=True)
        click.echo(fill(claim["sentence"], 100, initial_indent="  ", subsequent_indent="  ") + "\n")


def _origin(manifest: dict[str, Any]) -> None:
    """How a run came about, in two lines."""
    import shlex

    parts = {key: manifest.get(key) for key in ("alignsim", "finished", "python", "platform")}
    if manifest.get("command"):
        click.echo(f"\n{shlex.join(map(str, manifest['command']))}")
    click.echo(", ".join(f"{key} {value}" for key, value in parts.items() if value))


def _scenario(file: str, resolved: bool, settings: tuple[str, ...], belief: str | None) -> None:
    from alignsim.errors import UsageError, did_you_mean
    from alignsim.mechanisms.parameters import BELIEFS
    from alignsim.plan.check import load
    from alignsim.scenario.document import LandscapeFile

    if belief is not None and belief not in BELIEFS:
        hint = did_you_mean(belief, BELIEFS) or f"; there are {', '.join(BELIEFS)}"
        raise UsageError(f"--belief {belief}: there is no such belief{hint}")
    try:
        document, world, warnings = load(file, settings)
    except LandscapeFile as found:
        return _landscape(found, settings)
    if resolved:
        from alignsim.plan.resolved import resolved_text

        click.echo(resolved_text(document, world, belief), nl=False)
    else:
        _brief(document, world)
    for warning in warnings:
        click.echo(f"{warning} (warning)", err=True)


def _landscape(found: Any, settings: tuple[str, ...]) -> None:
    """Actors with their sizes, and whom each would rather be with or without."""
    from textwrap import fill

    from alignsim.scenario.landscape import load

    landscape = load(found, settings).landscape
    click.echo(landscape.title)
    if landscape.source:
        click.echo(fill(" ".join(landscape.source.split()), 100))
    click.echo()
    for (name, size), row in zip(landscape.actors.items(), landscape.matrix(), strict=True):
        pairs = [
            (other, f"{value:+g}".replace("-", "−"))
            for other, value in zip(landscape.actors, row, strict=True)
            if value
        ]
        click.echo(f"{name} (size {size:g}): {', '.join(map(' '.join, pairs)) or 'indifferent'}")


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
            click.echo(f"  {claim.outcome}, {_how(claim)}: expect {claim.expect}{_level(claim)}")
        else:
            click.echo(f"  not testable: {claim.why}")
    click.echo("\n`alignsim show FILE --resolved` writes out every default with its unit and source.")


def _how(claim: Any) -> str:
    """What is compared, or where the outcome is read."""
    if claim.level is not None:
        return f"in {claim.place}"
    return str(claim.contrast or f"dose of {claim.dose.of}")


def _level(claim: Any) -> str:
    return "" if claim.level is None else f" {claim.level:g}"


def _short(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
