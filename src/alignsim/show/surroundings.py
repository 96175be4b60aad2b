"""What surrounds a pair: isolation felt, dependence in trade, arms both ways, know-how and capacity, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alignsim.show.events import key, mark, markers
from alignsim.show.style import (
    MARGIN,
    Page,
    bands,
    dyad_name,
    end_labels,
    label_room,
    limits,
    looks,
    name,
    page,
    sides,
    styled,
    time_axis,
)

PAGE, LEFT = 10.5, 0.72
ABOVE, PANEL, BETWEEN, BELOW = 0.54, 1.25, 0.2, 0.35


@dataclass(frozen=True)
class Row:
    """One quantity: its variable, what the axis says (with the other's name), its factor, and the least span."""

    variable: str
    label: str
    factor: float
    least: float


ROWS = (
    Row("isolation", "isolation felt\n(0 to 1)", 1.0, 0.05),
    Row("trade_share", "trade with the\nother (% of trade)", 100.0, 1.0),
    Row("arms", "arms to the other\n(TIV a month)", 1.0, 1.0),
    Row("know_how", "evasion know-how\n(0 to 1)", 1.0, 0.05),
    Row("capacity", "output\n(start = 1)", 1.0, 0.05),
)


@styled
def surroundings(data: Any, dyad: str | None = None) -> Figure:
    """Five conditions of the two members of `dyad` (default: the first), in every branch, with 50% and 90% bands.

    The scales of a row are shared, so that the two sides compare. Raises KeyError for an unknown dyad.
    """
    dyad = str(data.dyad.values[0]) if dyad is None else dyad
    if dyad not in data.dyad.values:
        raise KeyError(f"{dyad!r} is not a focus dyad of these results")
    branches, events = looks(data), markers(data)
    rows = [row for row in ROWS if row.variable in data]
    listed = key(events, PAGE - 2 * MARGIN)
    body = ABOVE + len(rows) * (PANEL + BETWEEN) + BELOW + (0.3 + listed.height + 0.05 if events else 0.0)
    outline = "outline" if len(branches) > 1 else "light band"
    note = f"Line: median of the runs; band: 50% of the runs; {outline}: 90%. The two sides of a row share a scale."
    sheet = page(data, f"What surrounds {dyad_name(data, dyad)}", note, PAGE, body)
    for number, row in enumerate(rows):
        _row(sheet, data, dyad, row, number, last=number == len(rows) - 1)
    if events:
        top = ABOVE + len(rows) * (PANEL + BETWEEN) + BELOW
        sheet.text(MARGIN, top + 0.02, "Events (a number is above its month)", weight="bold")
        listed.draw(sheet, MARGIN, top + 0.22)
    return sheet.figure


def _row(sheet: Page, data: Any, dyad: str, row: Row, number: int, last: bool) -> None:
    """The two panels of one quantity."""
    branches, events = looks(data), markers(data)
    room = label_room(list(branches))
    each = (PAGE - 2 * MARGIN) / 2
    panels, ranges = [], []
    for side, code in enumerate(sides(dyad)):
        left, top = MARGIN + LEFT + side * each, ABOVE + number * (PANEL + BETWEEN)
        ax = sheet.axes(left, top, each - LEFT - room, PANEL)
        if not number:
            sheet.text(left, 0.02, name(data, code), fontsize=10.5, weight="bold")
        x = time_axis(ax, data.time.values, label=last)
        for branch, look in branches.items():
            ranges.append(bands(ax, x, row.factor * _values(data, row, dyad, side, branch), look, len(branches) > 1))
        panels.append(ax)
    panels[0].set_ylabel(row.label)
    low, high = limits(ranges, row.least)
    if row.variable in ("arms", "trade_share"):
        low = max(low, -0.02 * high)
    for side, ax in enumerate(panels):
        ax.set_ylim(low, high)
        mark(ax, events, numbered=not number)
        ends = {b: row.factor * float(np.median(_values(data, row, dyad, side, b)[:, -1])) for b in branches}
        end_labels(ax, {b: (end, branches[b]) for b, end in ends.items()}, room)


def _values(data: Any, row: Row, dyad: str, side: int, branch: str) -> Any:
    """Samples (run, time)."""
    of = data[row.variable].sel(branch=branch)
    if "dyad" in of.dims:
        return of.sel(dyad=dyad, side=side).values
    return of.sel(member=sides(dyad)[side]).values
