"""Tables for the terminal."""

from __future__ import annotations

from typing import Any


def show(*content: Any) -> None:
    """Print tables and text as wide as the terminal; a reader that goes away is noticed as with `click.echo`."""
    import click
    from rich.console import Console

    console = Console()
    with console.capture() as captured:
        for part in content:
            console.print(part, markup=False, highlight=False)
    click.echo(captured.get(), nl=False, color=True if console.is_terminal else None)


def summary(results: Any) -> None:
    """Print the ends of all focus ties, and what a reader must know before using them."""
    from rich import box
    from rich.table import Table

    from alignsim.study.verdicts import signed

    content = results.summary()
    table = Table(title=content["title"], title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    for name in ("tie", "branch", "start", "end", "change", "90 % of runs", "P(>+.05)", "P(<−.05)"):
        table.add_column(name, justify="left" if name in ("tie", "branch") else "right", no_wrap=True)
    for row in content["ties"]:
        change = row.get("difference")
        numbers = ("", "", "", "")
        if change:
            numbers = (
                signed(change["q50"]),
                between(change),
                f"{change['probability_above_margin']:.2f}",
                f"{change['probability_below_minus_margin']:.2f}",
            )
        table.add_row(
            row["dyad"],
            row["branch"],
            signed(row["start"]["q50"], 2),
            signed(row["end"]["q50"], 2),
            *numbers,
        )
    show(table)
    uncalibrated = "" if content["belief"].startswith("calibrated") else " (uncalibrated)"
    show(
        "Medians of alignment; change is against the baseline, run by run on the same shocks. "
        f"{content['runs']} runs of {content['months']} months, seed {content['seed']}, theory {content['theory']}, "
        f"belief {content['belief']}{uncalibrated}; {content['rejected_draws']:.0%} of parameter draws rejected for a "
        "loop gain of 0.95 or more.",
    )


def between(effect: Any) -> str:
    """ "−0.10 to +0.14", within which 90 % of the runs lie."""
    from alignsim.study.verdicts import signed

    return f"{signed(effect['q05'], 2)} to {signed(effect['q95'], 2)}"


def specifications(claims: Any) -> None:
    """Print every claim under every theory and belief, the largest effect first."""
    from rich import box
    from rich.table import Table

    from alignsim.study.account import specifications as rows_of
    from alignsim.study.verdicts import signed

    for claim in claims:
        if not claim["beliefs"]:
            show(f"{claim['id']}: not testable. {claim['why']}\n")
            continue
        table = Table(title=claim["id"], title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.show_edge = table.pad_edge = False
        for name in ("theory", "belief", "verdict", "effect", "90 % of runs", "P(claim)", "runs"):
            table.add_column(name, justify="left" if name in ("theory", "belief", "verdict") else "right")
        ordered = sorted(rows_of([claim]), key=lambda row: (row["q50"] is None, -(row["q50"] or 0.0)))
        for row in ordered:
            silent = row["q50"] is None
            share = "" if row["p_claim"] is None else f"{row['p_claim']:.2f}"
            numbers = ("", "", "", "") if silent else (signed(row["q50"]), between(row), share, str(row["runs"]))
            table.add_row(row["theory"], row["belief"], "says nothing" if silent else row["verdict"], *numbers)
        show(table)
        show(_claimed(claim) + "\n")


def _claimed(claim: Any) -> str:
    """What the numbers under a claim are numbers of."""
    if claim["level"] is not None:
        where = f"{claim['outcome']} in {claim['branch']}"
        return f"Claimed: {where} is {claim['expect']} {claim['level']:g}; an effect is here the outcome less that."
    return f"Claimed: {claim['expect']} of {claim['outcome']}; smallest effect that matters: {claim['margin']:g}."


def minima(content: Any) -> None:
    """Print the minima of a landscape with their energies and basins, from what its summary holds."""
    from rich import box
    from rich.table import Table

    table = Table(title=content["title"], title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    for name in ("minimum", "energy", "basin", "one side", "the other"):
        table.add_column(name, justify="right" if name in ("energy", "basin") else "left")
    for row in content["minima"]:
        energy = f"{row['energy']:,.10g}".replace("-", "−")
        basin = f"{row['basin']:,.10g} ({row['share']:.0%})"
        sides = (row[side].replace(";", ",") for side in ("side_1", "side_2"))
        table.add_row(str(row["minimum"]), energy, basin, *sides)
    show(table)
    how = "All configurations were looked at" if content["complete"] else "Small basins may be missing"
    counts = f"{content['configurations']:,} configurations, {content['starts']:,} starts"
    show(f"{content['actors']} actors, {counts}. {how}.")


def sweep(made: Any) -> None:
    """Print where each effect of a sweep is least and largest, and what failed."""
    from rich import box
    from rich.table import Table

    from alignsim.study.verdicts import signed

    points, runs = made.gain.shape
    inputs = ", ".join(made.names)
    table = Table(title=f"{inputs}: {points} points, {runs} runs each", title_justify="left", box=box.SIMPLE_HEAD)
    table.show_edge = table.pad_edge = False
    for name in ("mean over runs", "least", "at", "largest", "at", "P(> margin)", "P(< −margin)"):
        table.add_column(name, justify="left" if name in ("mean over runs", "at") else "right", overflow="fold")
    for row in made.summary():
        if "least" in row:
            at = [" ".join(f"{value:.3g}" for value in row[f"{word}_at"].values()) for word in ("least", "largest")]
            beyond = [f"{row[side]:.2f}" if side in row else "" for side in ("above", "below")]
            table.add_row(row["name"], signed(row["least"], 3), at[0], signed(row["largest"], 3), at[1], *beyond)
        else:
            table.add_row(row["name"], "no run has a value")
    show(table)
    runaway, failed = int(made.runaway.sum()), len(made.errors)
    if runaway:
        show(f"{runaway} of {points * runs} runs have a loop gain that the belief would not allow (column `runaway`).")
    if failed:
        show(f"{failed} of {points * runs} runs failed (column `error`); --retry-failed tries them again:")
        show(*(f"  point {p}, run {r}: {words}" for (p, r), words in list(made.errors.items())[:3]))
