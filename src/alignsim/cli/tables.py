"""Tables for the terminal."""

from __future__ import annotations

from typing import Any


def summary(results: Any) -> None:
    """Print the ends of all focus ties, and what a reader must know before using them."""
    from rich.console import Console
    from rich.table import Table

    content = results.summary()
    console = Console(width=None, soft_wrap=False)
    table = Table(title=content["title"], title_justify="left", show_edge=False, pad_edge=False)
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
            end_section=row["branch"] == content["ties"][-1]["branch"],
        )
    console.print(table)
    console.print(
        "Medians of alignment; change is against the baseline, run by run on the same shocks. "
        f"{content['runs']} runs of {content['months']} months, seed {content['seed']}, belief {content['belief']} "
        f"(uncalibrated); {content['rejected_draws']:.0%} of parameter draws rejected for a loop gain of 0.95 or more.",
        highlight=False,
    )
