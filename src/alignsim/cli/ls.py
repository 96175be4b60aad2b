"""`alignsim ls`: what lies in a folder of results."""

from __future__ import annotations

import click


@click.command("ls")
@click.argument("folder", default="results")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, and nothing else.")
def command(folder: str, as_json: bool) -> None:
    """List the runs, judgements and sweeps in FOLDER (default: results) and below it, the oldest first.

    \b
    alignsim ls
    alignsim ls results/isolation --json
    """
    from alignsim.api.folders import ls

    found = ls(folder)
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif not found:
        click.echo(f"{folder} holds no run, judgement or sweep")
    else:
        _tell(found)


def _tell(found: list[dict]) -> None:
    """Two lines for each: where it is, and what it is."""
    for entry in found:
        click.echo(entry["folder"])
        when = entry["finished"][:16].replace("T", " ")
        count = entry["runs"]
        runs = "" if count is None else f"{count} run{'' if count == 1 else 's'}"
        seed = "" if entry["seed"] is None else f"seed {entry['seed']}"
        about = [entry["kind"], when, runs, seed, entry["belief"], entry["headline"]]
        click.echo("  " + " · ".join(part for part in about if part))
