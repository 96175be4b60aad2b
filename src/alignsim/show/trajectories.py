"""How close the two were, month by month, in every branch, and what each branch changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alignsim.show.events import Marker, key, mark, markers
from alignsim.show.style import (
    MARGIN,
    Look,
    Page,
    bands,
    dyad_name,
    end_labels,
    label_room,
    limits,
    looks,
    page,
    styled,
    time_axis,
)

COLUMNS = 3
PAGE, LEFT = 12.0, 0.66
ABOVE, LEVEL, BETWEEN, CHANGE, BELOW = 0.62, 2.35, 0.2, 1.35, 0.4
"""Heights in inches: title and numbers, alignment, space, difference, ticks."""


@styled
def trajectories(data: Any, dyads: Sequence[str] | None = None) -> Figure:
    """Alignment of each focus dyad by branch, and beneath it the difference of each branch to the baseline.

    `data` is a results Dataset; `dyads` such as ["IRN-RUS"] are all of the focus unless given. Bands hold 50% and 90%
    of the runs. Differences are taken run by run, so that parameters and shocks are the same on both sides; the
    grey strip is the smallest change that would matter, where the results name one (attribute `margin`).
    """
    shown = [str(d) for d in (data.dyad.values if dyads is None else dyads)]
    columns = min(COLUMNS, len(shown))
    branches, events = looks(data), markers(data)
    compared = len(branches) > 1
    wide = {1: 8.0, 2: 11.0}.get(columns, PAGE)
    listed = key(events, wide - 2 * MARGIN)
    block = ABOVE + LEVEL + (BETWEEN + CHANGE if compared else 0) + BELOW
    rows = -(-len(shown) // columns)
    body = rows * block + (0.3 + listed.height + 0.05 if events else 0.0)
    sheet = page(data, *_words(data, shown, compared), wide, body)
    ranges = _ranges(data, shown, list(branches))
    labels = label_room(list(branches))
    each = (wide - 2 * MARGIN) / columns
    for place, dyad in enumerate(shown):
        row, column = divmod(place, columns)
        at = (MARGIN + LEFT + column * each, row * block + ABOVE, each - LEFT - labels)
        _dyad(sheet, data, dyad, at, branches, events, ranges, first=column == 0, room=labels)
    if events:
        sheet.text(MARGIN, rows * block + 0.02, "Events (a number is above its month)", weight="bold")
        listed.draw(sheet, MARGIN, rows * block + 0.22)
    return sheet.figure


def _dyad(
    sheet: Page, data: Any, dyad: str, place: tuple[float, float, float], branches: dict[str, Look],
    events: list[Marker], ranges: tuple[dict[str, tuple[float, float]], tuple[float, float]], first: bool, room: float,
) -> None:  # fmt: skip
    """The two panels of one dyad at (left, top, width) of the page."""
    left, top, inner = place
    compared = len(branches) > 1
    samples = {b: data.alignment.sel(branch=b, dyad=dyad).values for b in branches}
    level = sheet.axes(left, top, inner, LEVEL)
    sheet.text(left, top - ABOVE + 0.08, dyad_name(data, dyad), fontsize=10.5, weight="bold")
    x = time_axis(level, data.time.values, label=not compared)
    for branch, look in branches.items():
        bands(level, x, samples[branch], look, crowded=compared)
    level.set_ylim(*ranges[0][dyad])
    mark(level, events, numbered=True)
    end_labels(level, {b: (float(np.median(samples[b][:, -1])), look) for b, look in branches.items()}, room)
    if first:
        level.set_ylabel("alignment (−1 to 1)")
    if not compared:
        return
    baseline = next(iter(branches))
    change = sheet.axes(left, top + LEVEL + BETWEEN, inner, CHANGE)
    time_axis(change, data.time.values)
    if margin := float(data.attrs.get("margin", 0.0)):
        change.axhspan(-margin, margin, color="#000000", alpha=0.06, lw=0, gid="margin")
    change.axhline(0, color=branches[baseline].colour, lw=1.2)
    paired = {b: samples[b] - samples[baseline] for b in branches if b != baseline}
    for branch, values in paired.items():
        bands(change, x, values, branches[branch])
    change.set_ylim(*ranges[1])
    mark(change, events, numbered=False)
    end_labels(change, {b: (float(np.median(v[:, -1])), branches[b]) for b, v in paired.items()}, room)
    if first:
        change.set_ylabel(f"difference to\n{baseline} (alignment)")


def _ranges(data: Any, dyads: list[str], branches: list[str]) -> tuple[dict[str, Any], tuple[float, float]]:
    """Limits of alignment for each dyad, all of the same span so that slopes compare, and of the difference for all."""
    kept = data.alignment.sel(dyad=dyads)
    edges = np.quantile(kept.values, [0.05, 0.95], axis=1)  # (2, branch, dyad, time)
    low, high = edges[0].min(axis=(0, 2)), edges[1].max(axis=(0, 2))
    span = max(float((high - low).max()) * 1.12, 0.1)
    levels = {}
    for dyad, bottom, top in zip(dyads, low, high, strict=True):
        middle = (bottom + top) / 2
        middle = min(max(middle, -1.02 + span / 2), 1.02 - span / 2) if span < 2.04 else 0.0
        levels[dyad] = (middle - span / 2, middle + span / 2)
    if len(branches) == 1:
        return levels, (-0.1, 0.1)
    paired = (kept.sel(branch=branches[1:]) - kept.sel(branch=branches[0], drop=True)).values
    low5, high95 = np.quantile(paired, [0.05, 0.95], axis=1)
    margin = float(data.attrs.get("margin", 0.0)) * 1.5
    return levels, limits([(float(low5.min()), float(high95.max())), (-margin, margin)], least=0.05)


def _words(data: Any, dyads: list[str], compared: bool) -> tuple[str, str]:
    """Title and explanation."""
    who = dyad_name(data, dyads[0]) if len(dyads) == 1 else f"{len(dyads)} pairs of states"
    title = f"Alignment of {who}" + (" in every branch, and what each branch changes" if compared else "")
    if not compared:
        return title, "Line: median of the runs. Dark and light band: 50% and 90% of the runs."
    note = (
        "Line: median of the runs; band: 50% of the runs; outline or light band: 90%. Lower panels: difference to "
        f"{data.branch.values[0]}, run by run with the same parameters and the same shocks."
    )
    margin = float(data.attrs.get("margin", 0.0))
    return title, note + (f" Grey strip: changes of less than {margin:g}, too small to matter." if margin else "")
