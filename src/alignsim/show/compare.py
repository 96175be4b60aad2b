"""Two runs over each other: the tie in both, and how far B lies from A, for each tie and branch."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alignsim.show.events import Marker, key, mark, markers
from alignsim.show.style import (
    MARGIN,
    MUTED,
    OKABE_ITO,
    Look,
    Page,
    bands,
    dyad_name,
    end_labels,
    limits,
    page,
    structured,
    styled,
    time_axis,
)
from alignsim.study.compare import aligned, differences

A, B, BETWEEN = Look(OKABE_ITO[1], (0, (5, 1.4))), Look(OKABE_ITO[0], "-"), Look("#1f1f1f", "-")
MOST_DYADS, MOST_BRANCHES = 3, 4
LEFT, LABELS = 0.66, 0.5
ABOVE, LEVEL, GAP, CHANGE, BELOW = 0.5, 1.7, 0.16, 1.0, 0.4
"""Heights in inches: name and numbers, alignment, space, difference, ticks."""
PER_RUN = 300
"""Runs of each side whose pairs are drawn where runs are not paired."""


@styled
def comparison(found: Any, a: Any, b: Any, dyads: Any = None, branches: Any = None) -> Figure:
    """Alignment in two runs (datasets `a` and `b`), one panel for each tie and branch, with B less A beneath.

    `found` is the `study.compare.Comparison` of the two; `dyads` and `branches` default to the first three and four
    that both have. Bands hold 50% and 90% of the runs. Raises AlignsimError where the runs share nothing.
    """
    one, other = aligned(a, b)
    shown = [str(d) for d in one.dyad.values][:MOST_DYADS] if dyads is None else list(dyads)
    rows = [str(n) for n in one.branch.values][:MOST_BRANCHES] if branches is None else list(branches)
    wide = 2 * MARGIN + max(1, len(shown)) * (3.6 if len(shown) > 1 else 7.0)
    events = [replace(event, look=Look(MUTED, "-")) for event in markers(_with_all_events(a, b))]
    listed = key(events, wide - 2 * MARGIN)
    block = ABOVE + LEVEL + GAP + CHANGE + BELOW
    body = len(rows) * block + (0.3 + listed.height + 0.05 if events else 0.0)
    sheet = page(a, *_words(found), wide, body)
    drawn = _samples(one, other, found.paired, shown, rows)
    scales = _scales(drawn, float(found.margin))
    each = (wide - 2 * MARGIN) / len(shown)
    for r, branch in enumerate(rows):
        for c, dyad in enumerate(shown):
            place = (MARGIN + LEFT + c * each, r * block + ABOVE, each - LEFT - LABELS)
            title = f"{dyad_name(a, dyad)}, {branch}"
            _panel(sheet, title, one.time.values, drawn[dyad, branch], place, events, scales[dyad], scales[""],
                   float(found.margin), first=c == 0)  # fmt: skip
    if events:
        sheet.text(MARGIN, len(rows) * block + 0.02, "Events (a number is above its month)", weight="bold")
        listed.draw(sheet, MARGIN, len(rows) * block + 0.22)
    return sheet.figure


def _samples(one: Any, other: Any, paired: bool, dyads: list[str], branches: list[str]) -> dict[tuple[str, str], Any]:
    """Runs of A, of B and of B less A, each (runs, time)."""
    drawn = {}
    for dyad in dyads:
        for branch in branches:
            a, b = (side.alignment.sel(dyad=dyad, branch=branch).values for side in (one, other))
            change = differences(a, b, True) if paired else differences(a[:PER_RUN], b[:PER_RUN], False)
            drawn[dyad, branch] = (a, b, change)
    return drawn


def _scales(drawn: dict[tuple[str, str], Any], margin: float) -> dict[str, tuple[float, float]]:
    """Limits of alignment for each tie, the same in all branches; under "" those of all differences."""
    scales = {}
    for dyad in dict.fromkeys(dyad for dyad, _ in drawn):
        ends = [np.quantile(s, [0.05, 0.95], axis=0) for (d, _), own in drawn.items() if d == dyad for s in own[:2]]
        scales[dyad] = limits([(float(low.min()), float(high.max())) for low, high in ends], least=0.1)
    ends = [np.quantile(own[2], [0.05, 0.95], axis=0) for own in drawn.values()]
    ranges = [(float(low.min()), float(high.max())) for low, high in ends]
    return scales | {"": limits([*ranges, (-1.5 * margin, 1.5 * margin)], least=0.05)}


def _panel(
    sheet: Page, title: str, times: Any, samples: Any, place: tuple[float, float, float], events: list[Marker],
    level_range: tuple[float, float], change_range: tuple[float, float], margin: float, first: bool,
) -> None:  # fmt: skip
    """One tie in one branch: both runs above, their difference below."""
    left, top, wide = place
    a, b, change = samples
    sheet.text(left, top - ABOVE + 0.06, title, fontsize=9.5, weight="bold")
    above = sheet.axes(left, top, wide, LEVEL)
    x = time_axis(above, times, label=False)
    for values, look in ((a, A), (b, B)):
        bands(above, x, values, look, crowded=True)
    above.set_ylim(*level_range)
    mark(above, events, numbered=True)
    ends = {"A": (float(np.median(a[:, -1])), A), "B": (float(np.median(b[:, -1])), B)}
    end_labels(above, ends, LABELS)
    below = sheet.axes(left, top + LEVEL + GAP, wide, CHANGE)
    time_axis(below, times)
    below.axhspan(-margin, margin, color="#000000", alpha=0.06, lw=0, gid="margin")
    below.axhline(0, color="#9a9a9a", lw=0.8)
    bands(below, x, change, BETWEEN)
    below.set_ylim(*change_range)
    mark(below, events, numbered=False)
    if first:
        above.set_ylabel("alignment (−1 to 1)")
        below.set_ylabel("B less A\n(alignment)")


def _with_all_events(a: Any, b: Any) -> Any:
    """A's dataset with the events of both; those of one side say so."""
    sides = {"A": structured(a, "events", []), "B": structured(b, "events", [])}
    events = []
    for side, own in sides.items():
        others = sides["B" if side == "A" else "A"]
        for event in own:
            if event not in others:
                events.append(event | {"label": f"{event['label']} [only in {side}]"})
            elif side == "A":
                events.append(event)
    return a.assign_attrs(events=json.dumps(events, ensure_ascii=False))


def _words(found: Any) -> tuple[str, str]:
    note = (
        f"A, orange and dashed: {found.a}. B, blue: {found.b}. Line: median of the runs; band: 50%; outline: 90%. "
        f"Below, B less A. {found.how} Grey strip: less than {found.margin:g}, too small to matter. The last line "
        "tells of A."
    )
    return "Alignment in two runs, and how far they are apart", note
