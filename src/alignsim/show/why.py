"""Why: what each motive adds to the change of desire on both sides, and which side holds back."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alignsim.show.labels import width
from alignsim.show.style import (
    INK,
    MARGIN,
    MUTED,
    OKABE_ITO,
    branch_to_show,
    month,
    name,
    page,
    sides,
    styled,
)

PAGE, BAR, GAP, ABOVE, BELOW = 10.5, 0.27, 0.35, 0.6, 0.5
TOO_SMALL = 0.08
"""Of the largest motive; those that stay below it on both sides are gathered in one bar."""
CLOSER, APART = OKABE_ITO[0], OKABE_ITO[1]


@styled
def why(data: Any, dyad: str | None = None, branch: str | None = None) -> Figure:
    """Contribution of each motive to the change of desire of both sides of `dyad`, at the last month.

    The change is that of `branch` (default: the first after the baseline) against the baseline, run by run; for the
    baseline itself it is the change since the start. Bars are means over runs, in z units; ticks hold 90% of the runs.
    The side with the lower desire binds, because a tie needs both. Raises KeyError for an unknown dyad or branch.
    """
    dyad = str(data.dyad.values[0]) if dyad is None else dyad
    if dyad not in data.dyad.values:
        raise KeyError(f"{dyad!r} is not a focus dyad of these results")
    branch = branch_to_show(data, branch)
    baseline, end = str(data.branch.values[0]), month(data.frame.values[-1])
    names, changes = _largest_first(*_changes(data, dyad, branch))
    against = f"since {month(data.frame.values[0])}" if branch == baseline else f"against {baseline}"
    both = " and ".join(name(data, code) for code in sides(dyad))
    title = f"What moves {both} in branch {branch}, {against} ({end})"
    note = (
        "Bar: mean over runs of what a motive adds to the change of a side's desire. Tick: 90% of the runs. "
        "Blue, full: toward the other. Orange, hatched: away. The side with the lower desire binds."
    )
    tall = BAR * (len(names) + 1.4)
    left = max(width(n, 8.5) for n in [*names, "all together"]) + 0.15
    sheet = page(data, title, note, PAGE, ABOVE + tall + BELOW)
    each = (PAGE - 2 * MARGIN - left - GAP) / 2
    quantiles = np.quantile(_with_sum(changes), [0.05, 0.95], axis=1)
    means = _with_sum(changes).mean(axis=1)
    reach = max(float(np.abs(quantiles).max()), float(np.abs(means).max()), 0.05) * 1.38
    for side, code in enumerate(sides(dyad)):
        ax = sheet.axes(MARGIN + left + side * (each + GAP), ABOVE, each, tall)
        _bars(ax, means[side], quantiles[:, side], reach, names if side == 0 else None)
        sheet.text(MARGIN + left + side * (each + GAP), 0.04, name(data, code), fontsize=10.5, weight="bold")
        sheet.text(MARGIN + left + side * (each + GAP), 0.29, _binding(data, dyad, branch, side), fontsize=8.5)
    return sheet.figure


def _changes(data: Any, dyad: str, branch: str) -> tuple[list[str], Any]:
    """Names of motives, and their changes (side, run, motive) in z units."""
    baseline = str(data.branch.values[0])
    shares = data.motive_share.sel(dyad=dyad).transpose("branch", "side", "run", "motive", "frame")
    end = shares.sel(branch=branch).values[..., -1]
    before = shares.sel(branch=baseline).values[..., 0 if branch == baseline else -1]
    return [str(m).replace("_", " ") for m in data.motive.values], end - before


def _largest_first(names: list[str], changes: Any) -> tuple[list[str], Any]:
    """Motives by the size of their mean change; those that do next to nothing become one."""
    size = np.abs(changes).mean(axis=1).max(axis=0)
    order = [int(i) for i in np.argsort(-size, kind="stable") if size[i] > max(TOO_SMALL * size.max(), 1e-9)]
    rest = [i for i in range(len(names)) if i not in order]
    kept, values = [names[i] for i in order], changes[:, :, order]
    if not rest:
        return kept, values
    words = f"{len(rest)} others" if len(rest) > 1 else names[rest[0]]
    return [*kept, words], np.concatenate([values, changes[:, :, rest].sum(axis=2, keepdims=True)], axis=2)


def _with_sum(changes: Any) -> Any:
    """The changes with their sum as one more motive."""
    return np.concatenate([changes, changes.sum(axis=2, keepdims=True)], axis=2)


def _bars(ax: Axes, means: Any, quantiles: Any, reach: float, names: list[str] | None) -> None:
    """Diverging bars of one side; the last is the sum, set apart."""
    places = np.arange(len(means), dtype=float)
    places[-1] += 0.4
    for place, value, low, high in zip(places, means, *quantiles, strict=True):
        whole = place == places[-1]
        ax.barh(place, value, height=0.66, color=CLOSER if value >= 0 else APART, alpha=1.0 if whole else 0.75,
                hatch=None if value >= 0 else "////", edgecolor="#ffffff", linewidth=0)  # fmt: skip
        ax.plot([low, high], [place, place], color=INK, lw=0.9, solid_capstyle="butt")
        ax.plot([low, high], [place, place], color=INK, lw=0, marker="|", markersize=5, markeredgewidth=0.9)
        beyond, sign = (max(high, value, 0.0), 1) if value >= 0 else (min(low, value, 0.0), -1)
        ax.annotate(signed(value), (beyond, place), (4 * sign, 0), textcoords="offset points",
                    fontsize=8, va="center", ha="left" if sign > 0 else "right",
                    weight="bold" if whole else "normal")  # fmt: skip
    ax.axvline(0, color=INK, lw=0.9)
    ax.axhline(places[-1] - 0.7, color=MUTED, lw=0.7)
    ax.set(xlim=(-reach, reach), ylim=(places[-1] + 0.55, -0.6))
    ax.set_xlabel("change of desire (z units)")
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)
    ax.set_yticks(places, [*names, "all together"] if names else [""] * len(places), fontsize=8.5, color=INK)
    if names:
        ax.get_yticklabels()[-1].set_fontweight("bold")


def signed(value: float) -> str:
    """ "+0.12", "−0.12" or "0.00"."""
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _binding(data: Any, dyad: str, branch: str, side: int) -> str:
    """In how many runs this side is the one that holds back at the end, and how high its desire is."""
    desire = data.desire.sel(dyad=dyad, branch=branch).transpose("side", "run", "time").values[..., -1]
    share = float((desire[side] < desire[1 - side]).mean())
    mark = "▶ binds" if share > 0.5 else "binds"
    return f"{mark} in {share:.0%} of runs; mean desire {signed(float(desire[side].mean()))} z"
