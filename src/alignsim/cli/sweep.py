"""`alignsim sweep`: run a scenario over a design of its numbers."""

from __future__ import annotations

from typing import Any

import click


def _paths(context: click.Context, parameter: click.Parameter, typed: str) -> list[Any]:
    """Paths that can follow --vary, for the shell: parameters, and the figures of the scenario's events."""
    from click.shell_completion import CompletionItem

    from alignsim.plan.numbers import numbers
    from alignsim.scenario import load

    try:
        known = list(numbers(load(context.params["scenario"] or context.args[0])))
    except Exception:  # a shell is no place for messages
        from alignsim.mechanisms.registry import PARAMETERS

        known = list(PARAMETERS)
    return [CompletionItem(f"{path}=") for path in known if path.startswith(typed)]


@click.command("sweep")
@click.argument("scenario", is_eager=True)
@click.option("--vary", "varied", multiple=True, metavar="PATH=LEVELS", shell_complete=_paths,
              help="What varies: low:high:count, low..high or a,b,c; repeatable.")  # fmt: skip
@click.option("--design", metavar="NAME", help="grid, lhs, sobol, morris or saltelli (default: grid, lhs for ranges).")
@click.option("--points", type=click.IntRange(2, 1_000_000),
              help="Points of lhs or sobol, base N of saltelli, trajectories of morris.")  # fmt: skip
@click.option("--runs", type=click.IntRange(1, 1_000_000), help="Runs of every point (default: 20).")
@click.option("--outcome", "outcomes", multiple=True, metavar="TEXT", help="What is measured besides the claims.")
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only these claims and the branches they compare.")
@click.option("--group", "groups", multiple=True, metavar="NAME=PATH,PATH", help="Inputs that vary together as one.")
@click.option("--fixed-others", is_flag=True, default=None, help="All other parameters at the median of their belief.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set anything in the file; repeatable.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed, instead of the file's.")
@click.option("--belief", help="signed, sceptical or fixed, instead of the file's.")
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; changes no number (default: all processors).")
@click.option("--scheduler", metavar="ADDRESS", help="A dask scheduler, tcp://host:port, in the place of processes.")
@click.option("--out", default="results", metavar="FOLDER", help="Where sweeps go (default: results).")
@click.option("--format", "tables", multiple=True, default=("csv",), metavar="csv|parquet",
              help="Format of the table of all runs; repeatable (default: csv).")  # fmt: skip
@click.option("--fresh", is_flag=True, help="Begin anew, whatever is finished.")
@click.option("--retry-failed", is_flag=True, help="Try the runs again that have failed.")
@click.option("--dry-run", is_flag=True, help="Say how many runs, how long, how much memory and disk; run a few rows.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output, and nothing else.")
@click.option("--quiet", "-q", is_flag=True, help="Print only the folder of the sweep.")
def command(scenario: str, varied: tuple[str, ...], groups: tuple[str, ...], **given: Any) -> None:
    """Run SCENARIO at every point of a design and write results/<scenario>/sweep-<hash>/.

    The same command continues a sweep that was interrupted.

    \b
    alignsim sweep scenarios/isolation.yaml --vary sanctions.bite=0:0.5:11
    alignsim sweep scenarios/isolation.yaml --vary 'events[8].intensity=0.2..1' --vary trust.weight=0..1 --points 64
    """
    import json

    from alignsim import api
    from alignsim.cli.progress import bar
    from alignsim.errors import Exit

    what = {name: given[name] for name in ("design", "points", "runs", "fixed_others", "seed", "belief", "jobs", "out")}
    what |= {"vary": _pairs(varied, "--vary", "sanctions.bite=0:0.5:11"), "set": given["settings"]}
    what |= {"outcomes": given["outcomes"] or None, "claims": given["claims"] or None}
    named = _pairs(groups, "--group", "economy=sanctions.bite,trade.elasticity")
    what["groups"] = {name: [path.strip() for path in paths.split(",")] for name, paths in named.items()}
    if given["dry_run"]:
        _tell(api.estimate(scenario, **what))
        return
    with bar("sweeping", show=not (given["quiet"] or given["as_json"])) as progress:
        made = api.sweep(
            scenario,
            **what,
            tables=given["tables"],
            fresh=given["fresh"],
            retry_failed=given["retry_failed"],
            scheduler=given["scheduler"],
            progress=progress or (lambda *done: None),
        )
    if given["as_json"]:
        click.echo(json.dumps(_about(made), indent=2, ensure_ascii=False))
    elif given["quiet"]:
        click.echo(made.folder)
    else:
        from alignsim.cli.tables import sweep as summary

        summary(made)
        click.echo(f"\n{made.folder}")
    if made.errors:
        raise click.exceptions.Exit(Exit.SOME_RUNS_FAILED)


def _about(made: Any) -> dict[str, Any]:
    about = {key: made.manifest[key] for key in ("points", "runs", "rows", "failed", "runaway", "seed", "belief")}
    return about | {"effects": made.summary(), "folder": str(made.folder)}


def _pairs(arguments: tuple[str, ...], option: str, example: str) -> dict[str, str]:
    """`NAME=TEXT` arguments; raises UsageError for what is not one and for a name that comes twice."""
    from alignsim.errors import UsageError

    found: dict[str, str] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or not name.strip() or not text.strip():
            raise UsageError(f"{option} {argument[:80]!r} is not NAME=TEXT; write, say, {option} '{example}'")
        if name.strip() in found:
            raise UsageError(f"{option} {name.strip()!r} is given twice; say it once")
        found[name.strip()] = text.strip()
    return found


def _tell(estimate: Any) -> None:
    """What a sweep would take."""
    for what, words in estimate.lines():
        click.echo(f"{what:<9}{words}")
