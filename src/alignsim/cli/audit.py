"""`alignsim audit`: is an answer built in? The gates G1 to G7, for scenarios."""

from __future__ import annotations

import click


@click.command("audit")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...]")
@click.option("--runs", type=click.IntRange(20, 100_000), default=200, help="Runs of the sceptical control (200).")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--out", metavar="FILE", help="Write every number that was looked at as one CSV table, too.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and nothing else.")
def command(scenarios: tuple[str, ...], runs: int, jobs: int | None, out: str | None, as_json: bool) -> None:
    """Check that SCENARIOs (default: scenarios/*.yaml) have no answer built in; exit 1 where a gate fails.

    \b
    alignsim audit scenarios/isolation.yaml
    alignsim audit scenarios/*.yaml --out gates.csv

    A gate is open where there is nothing to judge yet, or where so many runs cannot tell.
    """
    import json
    from dataclasses import asdict
    from functools import partial
    from pathlib import Path

    from alignsim import api
    from alignsim.cli.judge import documents_of
    from alignsim.cli.progress import bar
    from alignsim.files import write_text
    from alignsim.study import account, gates

    documents = documents_of(scenarios or _shipped())
    found = api.audit(*documents, runs=runs, jobs=jobs, progress=partial(bar, show=not as_json))
    if out is not None:
        write_text(Path(out), account.as_csv(gates.table(found)))
    if as_json:
        click.echo(json.dumps([asdict(gate) for gate in found], indent=2, ensure_ascii=False))
    else:
        for gate in found:
            click.echo(f"{gate.name}  {gates.WORDS[gate.passes]:<6}  {gate.says}")
            for detail in gate.details:
                click.echo(f"            {detail}")
    if any(gate.passes is False for gate in found):
        raise click.exceptions.Exit(1)


def _shipped() -> list[str]:
    """The scenario files of the folder `scenarios`. Raises UsageError where there are none."""
    from pathlib import Path

    from alignsim.errors import UsageError

    found = sorted(str(path) for path in Path("scenarios").glob("*.yaml"))
    if not found:
        raise UsageError("there is no folder `scenarios` here; name the scenario files to audit")
    return found
