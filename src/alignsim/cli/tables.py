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

    content = results.summary()
    table = Table(title=content["title"], title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    for name in ("tie", "branch", "start", "end", "change", "90 % of runs", "P(>+.05)", "P(<-.05)"):
        table.add_column(name, justify="left" if name in ("tie", "branch") else "right", no_wrap=True)
    for row in content["ties"]:
        change = row.get("difference")
        numbers = ("", "", "", "")
        if change:
            numbers = (
                f"{change['q50']:+.3f}",
                f"{change['q05']:+.2f} to {change['q95']:+.2f}",
                f"{change['probability_above_margin']:.2f}",
                f"{change['probability_below_minus_margin']:.2f}",
            )
        table.add_row(
            row["dyad"],
            row["branch"],
            f"{row['start']['q50']:+.2f}",
            f"{row['end']['q50']:+.2f}",
            *numbers,
        )
    show(table)
    show(
        "Medians of alignment; change is against the baseline, run by run on the same shocks. "
        f"{content['runs']} runs of {content['months']} months, seed {content['seed']}, belief {content['belief']} "
        f"(uncalibrated); {content['rejected_draws']:.0%} of parameter draws rejected for a loop gain of 0.95 or more.",
    )
