"""`alignsim audit`: is an answer built in? The gates G1 to G7, for scenarios."""

from __future__ import annotations

from typing import Any

import click


@click.command("audit")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...]")
@click.option("--runs", type=click.IntRange(20, 100_000), default=200, help="Runs of the sceptical control (200).")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and nothing else.")
def command(scenarios: tuple[str, ...], runs: int, jobs: int | None, as_json: bool) -> None:
    """Check that SCENARIOs (default: scenarios/*.yaml) have no answer built in; exit 1 where a gate fails.

    \b
    alignsim audit scenarios/isolation.yaml
    """
    import json
    from dataclasses import asdict
    from functools import partial

    from alignsim import api
    from alignsim.cli.progress import bar
    from alignsim.plan.check import world_of
    from alignsim.study import ensemble

    documents = [api.configured(name) for name in scenarios or _shipped()]
    say = partial(bar, show=not as_json)
    with ensemble.workers(jobs or api.cores()) as pool:
        found = _gates([(document, world_of(document)) for document in documents], pool, say, runs)
    if as_json:
        click.echo(json.dumps([asdict(gate) for gate in found], indent=2, ensure_ascii=False))
    else:
        for gate in found:
            word = {True: "passes", False: "FAILS", None: "open"}[gate.passes]
            click.echo(f"{gate.name}  {word:<6}  {gate.says}")
            for detail in gate.details:
                click.echo(f"            {detail}")
    if any(gate.passes is False for gate in found):
        raise click.exceptions.Exit(1)


def _gates(given: list[tuple[Any, Any]], pool: Any, say: Any, runs: int) -> list[Any]:
    from alignsim.study import gates

    audited = [gates.audited(document, world) for document, world in given]
    compared = [scenario for scenario in audited if scenario.contrasts(scenario.signed)]
    moved = {what: own for scenario in compared for what, own in gates.alone(scenario).items()}
    return [
        gates.no_direct_reward(audited),
        gates.sign_neutrality(compared, gates.controls(compared, pool, say, runs)),
        gates.potency(moved),
        gates.loop_gain(audited),
        gates.both_signs(moved),
        gates.prior_and_posterior(),
        gates.attribution(compared[0] if compared else audited[0], pool, say),
    ]


def _shipped() -> list[str]:
    """The scenario files of the folder `scenarios`. Raises UsageError where there are none."""
    from pathlib import Path

    from alignsim.errors import UsageError

    found = sorted(str(path) for path in Path("scenarios").glob("*.yaml"))
    if not found:
        raise UsageError("there is no folder `scenarios` here; name the scenario files to audit")
    return found
