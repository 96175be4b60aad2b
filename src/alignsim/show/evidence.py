"""What the data say by themselves: coefficients, onsets, measures that disagree, and ties through the years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alignsim.show.labels import wrap
from alignsim.show.style import (
    FAINT,
    INK,
    MARGIN,
    MUTED,
    OKABE_ITO,
    SMALL,
    Look,
    end_labels,
    label_room,
    limits,
    save,
    sheet,
    styled,
)
from alignsim.study.evidence import pairs, report, ties
from alignsim.study.evidence.record import Record

Rows = Sequence[Mapping[str, Any]]

BLUE, ORANGE, GREEN = OKABE_ITO[:3]
PAGE = 8.6
ROW = 0.24
UNITS = {
    "distance": "distance of UN ideal points",
    "agreement": "agreement in UN votes (chance-corrected)",
    "S-score": "S-score of UN votes",
    "arms": "share of directed pairs with arms deliveries",
}
STYLES = {
    "distance": Look(BLUE, "-"),
    "agreement": Look(ORANGE, (0, (5, 1.4))),
    "S-score": Look(GREEN, (0, (1.2, 1.1))),
}


def draw_all(record: Record, table: Rows, folder: Path, formats: tuple[str, ...] = ("png",)) -> None:
    """Write every figure of the evidence into `folder`, which must exist. Raises FileProblem."""
    first, last = record.voted()
    source = (
        f"alignsim evidence, {record.name}: {len(record.states)} states outside the West, UN votes {first} to {last}"
    )
    figures = {"co-sanctioned": co_sanctioned(table, source=source)}
    if any(row["fact"] == "onset" and np.isfinite(row["value"]) for row in table):
        figures["onset"] = onset(table, source=source)
    if {row["treatment"] for row in table if row["fact"] == "tie"}:
        figures["ties"] = named_ties(record, source=source)
    if set(ties.FOUNDING) <= set(record.states):
        figures["measures"] = measures(record, source=source)
    for name, figure in figures.items():
        for kind in formats:
            save(figure, folder / f"{name}.{kind}")


@styled
def co_sanctioned(table: Rows, *, source: str = "") -> Figure:
    """Every coefficient of being under sanctions together with its interval of 95 %, by outcome.

    `table` are the rows of `study.evidence.report`; an interval that could not be had is not drawn.
    """
    found = [row for row in table if row["fact"] == "co-sanctioned"]
    outcomes = list(dict.fromkeys(row["outcome"] for row in found))
    heights = [ROW * sum(row["outcome"] == outcome for row in found) + 0.12 for outcome in outcomes]
    above, below, left = 0.34, 0.52, 2.45
    page = sheet(
        "Pairs under sanctions together, against what else is known of them",
        "Dots: difference that being under sanctions together makes within a pair. Lines: 95% intervals that know that "
        "pairs share states. Thick: if only the years of a pair hung together. Filled: net of each state's years.",
        source, PAGE, sum(heights) + len(outcomes) * (above + below),
    )  # fmt: skip
    top = 0.0
    for outcome, tall in zip(outcomes, heights, strict=True):
        own = [row for row in found if row["outcome"] == outcome]
        ax = page.axes(MARGIN + left, top + above, PAGE - 2 * MARGIN - left, tall)
        ends = [row[end] for row in own for end in ("low", "high", "value") if np.isfinite(row[end])]
        reach = max([abs(end) for end in ends] or [1.0]) * 1.08
        ax.set(xlim=(-reach, reach), ylim=(len(own) - 0.4, -0.6))
        ax.axvline(0, color=INK, lw=1.1, zorder=1.5)
        for k, row in enumerate(own):
            _coefficient(ax, row, k)
        ax.set_yticks(range(len(own)), [_named(row) for row in own])
        ax.grid(axis="y", visible=False)
        ax.set_xlabel(f"difference in {UNITS[outcome]}")
        ax.set_title(outcome.capitalize(), pad=16, fontsize=9.5)
        sides = ("farther", "closer") if pairs.CLOSER[outcome] > 0 else ("closer", "farther")
        sides = ("fewer", "more") if outcome == "arms" else sides
        for place, side, words in ((0, "left", f"← {sides[0]}"), (1, "right", f"{sides[1]} →")):
            ax.text(place, 1.02, words, transform=ax.transAxes, fontsize=SMALL, color=MUTED, ha=side, va="bottom")
        top += above + tall + below
    return page.figure


def _coefficient(ax: Axes, row: Mapping[str, Any], place: int) -> None:
    if not np.isfinite(row["value"]):
        ax.text(0, place, "  no case", fontsize=SMALL, color=MUTED, va="center")
        return
    by_state = report.is_net(row)
    colour = BLUE if by_state else MUTED
    if np.isfinite(row["low"]):
        ax.plot([row["low"], row["high"]], [place, place], color=colour, lw=1.0, gid="interval")
        reach = 1.96 * row["error_by_dyad"]
        ax.plot([row["value"] - reach, row["value"] + reach], [place] * 2, color=colour, lw=3.0, alpha=0.45)
    ax.plot(row["value"], place, "o", color=colour, markersize=5, markerfacecolor=colour if by_state else "white",
            zorder=3, gid="value")  # fmt: skip


def _named(row: Mapping[str, Any]) -> str:
    effects = "net" if report.is_net(row) else "pair, year"
    return f"{row['treatment']} ({int(row['treated_pairs'])} pairs), {effects}"


@styled
def onset(table: Rows, *, source: str = "") -> Figure:
    """Leads and lags around the onset of US and EU sanctions on both of a pair, and around false dates."""
    each, tall, left, gap = 3.15, 2.5, 0.62, 0.92
    outcomes = [o for o in ("distance", "agreement") if any(row["outcome"] == o for row in table)]
    page = sheet(
        "From the year in which both of a pair are under US and EU sanctions",
        f"Difference to the year before, net of each state's years. Blue: the true year; grey, dashed: a false one, "
        f"{pairs.PLACEBO} years earlier. Bands: 95% intervals that know that pairs share states. The ends hold all "
        "years beyond.",
        source, PAGE, 0.3 + tall + 0.55,
    )  # fmt: skip
    for column, outcome in enumerate(outcomes):
        ax = page.axes(MARGIN + left + column * (each + gap), 0.3, each, tall)
        ax.axhline(0, color=INK, lw=0.9)
        ax.axvline(-0.5, color=MUTED, lw=0.9, ls=(0, (1, 1.4)))
        for fact, look in (("placebo onset", Look(MUTED, (0, (5, 1.4)))), ("onset", Look(BLUE, "-"))):
            _event_line(ax, [r for r in table if r["fact"] == fact and r["outcome"] == outcome], look)
        ax.set_xticks(range(-pairs.BEFORE, pairs.AFTER + 1))
        ax.set_xlabel("years from the onset")
        ax.set_title(outcome.capitalize(), fontsize=9.5)
        ax.set_ylabel("\n".join(wrap(f"difference in {UNITS[outcome]}", tall, 8.5)))
        away = "down: closer" if pairs.CLOSER[outcome] < 0 else "up: closer"
        ax.text(1, 1.02, away, transform=ax.transAxes, fontsize=SMALL, color=MUTED, ha="right", va="bottom")
    return page.figure


def _event_line(ax: Axes, rows: Rows, look: Look) -> None:
    known = {int(r["when"]): r for r in rows if r["when"][0] in "+-" and np.isfinite(r["value"])}
    if not known:
        return
    known[-1] = {"value": 0.0, "low": 0.0, "high": 0.0}
    years = sorted(known)
    low, high, value = ([known[year][end] for year in years] for end in ("low", "high", "value"))
    ax.fill_between(years, low, high, color=look.colour, alpha=0.15, linewidth=0, gid="band")
    ax.plot(years, value, "o", color=look.colour, linestyle=look.dash, markersize=3.4, lw=1.4, gid="line")


@styled
def named_ties(record: Record, *, source: str = "") -> Figure:
    """Distance of named pairs through the years, as measured and net of what each state does to all."""
    measured = record.outcomes["distance"]
    net = ties.net(measured)
    place = {code: k for k, code in enumerate(record.states)}
    named = [(a, b) for a, b in ties.NAMED if a in place and b in place]
    columns, tall, gap, left, above = 4, 1.15, 0.24, 0.5, 0.34
    lines = -(-len(named) // columns)
    wide = 9.6
    each = (wide - 2 * MARGIN - left - gap * (columns - 1)) / columns
    upper = np.triu_indices(len(record.states), 1)
    page = sheet(
        "Distance of pairs in UN votes, as measured and net of what each state does to all",
        "Black: distance of ideal points. Blue, dashed: what is left of it without an effect of each member's year; "
        "0 is what the two states' distances to all others would say. Grey: nine in ten of all pairs, net. Upright "
        "lines part the periods of the table.",
        source, wide, lines * (above + tall) + 0.25,
    )  # fmt: skip
    shown = np.isfinite(measured).any(axis=(1, 2))
    years = np.array(record.years)[shown]
    band = np.nanquantile(net[shown][:, *upper], (0.05, 0.95), axis=1)
    values = [v[shown][:, place[a], place[b]] for a, b in named for v in (measured, net)]
    y = limits([(float(np.nanmin(v)), float(np.nanmax(v))) for v in values if np.isfinite(v).any()], least=0.5)
    for k, (a, b) in enumerate(named):
        row, column = divmod(k, columns)
        ax = page.axes(MARGIN + left + column * (each + gap), above - 0.15 + row * (above + tall), each, tall)
        ax.fill_between(years, *band, color=MUTED, alpha=0.16, linewidth=0)
        ax.axhline(0, color=MUTED, lw=0.7)
        for first, _, _ in ties.PERIODS[1:]:
            if years[0] < first <= years[-1]:
                ax.axvline(first - 0.5, color=FAINT, lw=0.9)
        ax.plot(years, values[2 * k], color=INK, lw=1.4, gid="measured")
        ax.plot(years, values[2 * k + 1], color=BLUE, lw=1.3, ls=(0, (5, 1.4)), gid="net")
        ax.set(xlim=(years[0], years[-1] if len(years) > 1 else years[0] + 1), ylim=y)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True, prune="upper"))
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.grid(axis="x", visible=False)
        ax.tick_params(labelleft=column == 0, labelbottom=k + columns >= len(named))
        names = " – ".join(record.names.get(code, code) for code in (a, b))
        ax.text(0, 1.05, names, transform=ax.transAxes, fontsize=SMALL, weight="bold" if k == 0 else "normal")
        if column == 0 and row == (lines - 1) // 2:
            ax.set_ylabel(UNITS["distance"], fontsize=SMALL)
    return page.figure


@styled
def measures(record: Record, *, pair: tuple[str, str] = ties.FOUNDING, source: str = "") -> Figure:
    """One pair by every measure, all turned so that up is closer, in standard deviations of all pairs and years."""
    i, j = (record.states.index(code) for code in pair)
    names = " – ".join(record.names.get(code, code) for code in pair)
    shown = np.isfinite(np.stack([*record.outcomes.values()])).any(axis=(0, 2, 3))
    years = np.array(record.years)[shown]
    room = label_room(list(record.outcomes))
    begun = [(first, words) for first, _, words in ties.PERIODS[1:] if years[0] < first <= years[-1]]
    left, tall, wide = 0.55, 2.6, 7.6
    page = sheet(
        f"{names} by {'two' if len(record.outcomes) == 2 else 'three'} measures of the same votes",
        "Up is closer. 0 is the mean of all pairs outside the West over these years, 1 their standard deviation. "
        f"Dotted: {'; '.join(f'{first} {words}' for first, words in begun)}.",
        source, wide, 0.15 + tall + 0.45,
    )  # fmt: skip
    ax = page.axes(MARGIN + left, 0.15, wide - 2 * MARGIN - left - room, tall)
    ends, ranges = {}, []
    for outcome, values in record.outcomes.items():
        own = pairs.CLOSER[outcome] * (values[shown, i, j] - np.nanmean(values)) / np.nanstd(values)
        if not np.isfinite(own).any():
            continue
        ax.plot(years, own, color=STYLES[outcome].colour, linestyle=STYLES[outcome].dash, gid=outcome)
        ends[outcome] = (float(own[np.isfinite(own)][-1]), STYLES[outcome])
        ranges.append((float(np.nanmin(own)), float(np.nanmax(own))))
    ax.axhline(0, color=INK, lw=0.9)
    for first, _ in begun:
        ax.axvline(first - 0.5, color=MUTED, lw=0.9, ls=(0, (1, 1.4)))
    ax.set(xlim=(years[0], years[-1]), ylim=limits([*ranges, (0.0, 0.0)], least=1.0))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.set_ylabel("standard deviations, up is closer")
    end_labels(ax, ends, room)
    return page.figure
