"""`alignsim validate`: every mistake of every file, with its line and a way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from alignsim.errors import AlignsimError, Exit, FileProblem, InvalidInput, Problem


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the file; repeatable.")
@click.option("--strict", is_flag=True, help="Count warnings as mistakes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, and nothing else.")
def command(files: tuple[str, ...], settings: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Check scenario files and tell every mistake with its line. `-` reads standard input.

    \b
    alignsim validate scenarios/isolation.yaml
    alignsim validate scenarios/*.yaml --strict
    """
    found = [_checked(name, settings, strict) for name in files]
    if as_json:
        import json

        click.echo(json.dumps({"format": 1, "files": found}, indent=2, ensure_ascii=False))
    else:
        for entry in found:
            _tell(entry)
    worst = max((entry["code"] for entry in found), default=0)
    click.get_current_context().exit(int(worst))


def _checked(name: str, settings: tuple[str, ...], strict: bool) -> dict[str, Any]:
    """One file as a JSON-ready entry: what is wrong with it, and the exit code that this means."""
    from alignsim.plan.check import load
    from alignsim.scenario.document import LandscapeFile

    try:
        document, world, warnings = load(name, settings)
    except LandscapeFile as found:
        return _landscape(name, found, settings)
    except InvalidInput as error:
        return _entry(name, Exit.INVALID, error.problems, message=str(error))
    except FileProblem as error:
        return _entry(name, Exit.FILES, message=str(error))
    except AlignsimError as error:
        return _entry(name, error.code, message=str(error))
    listed = sorted(warnings)
    if strict and listed:
        return _entry(name, Exit.INVALID, listed, message=str(InvalidInput(document.name, listed, "has warnings")))
    scenario = document.scenario
    branches = len(scenario.branch_names)
    summary = (
        f"{scenario.time.months} months, {len(world.states)} states, {branches} branch{'' if branches == 1 else 'es'}"
    )
    count = len(scenario.claims)
    message = f"{document.name}: ok ({summary}, {count} claim{'' if count == 1 else 's'})"
    return _entry(name, Exit.OK, warnings=listed, message=message)


def _landscape(name: str, found: Any, settings: tuple[str, ...]) -> dict[str, Any]:
    from alignsim.scenario.landscape import load

    try:
        landscape = load(found, settings).landscape
    except AlignsimError as error:
        return _entry(name, error.code, getattr(error, "problems", ()), message=str(error))
    pairs = sum(len(others) for others in landscape.propensity.values())
    return _entry(name, Exit.OK, message=f"{name}: ok (a landscape of {len(landscape.actors)} actors, {pairs} pairs)")


def _entry(
    name: str,
    code: Exit,
    problems: Sequence[Problem] = (),
    warnings: Sequence[Problem] = (),
    message: str = "",
) -> dict[str, Any]:
    return {
        "file": name,
        "ok": code == Exit.OK,
        "code": int(code),
        "message": message,
        "problems": [vars(problem) for problem in problems],
        "warnings": [vars(warning) for warning in warnings],
    }


def _tell(entry: dict[str, Any]) -> None:
    click.echo(entry["message"], err=not entry["ok"])
    for warning in entry["warnings"]:
        click.echo(f"  {Problem(**warning)} (warning)", err=True)
