"""What forecasts of the past were worth: skill, coverage, PIT histograms, changes foreseen, and fans over the record.

Scores come as rows, one dict each: outcome, horizon (years), group, forecaster, score, value, low and high (interval by
dyad), low_by_state and high_by_state, n. An interval that could not be had is nan or None and is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from alignsim.show.labels import spread, width, wrap
from alignsim.show.style import (
    FAINT,
    INK,
    LINE,
    MARGIN,
    MUTED,
    OKABE_ITO,
    PAPER,
    SMALL,
    Look,
    limits,
    sheet,
    size_of,
    styled,
)

Array = Any
Rows = Sequence[Mapping[str, Any]]

BLUE, ORANGE = OKABE_ITO[:2]
ROW = 0.235
"""Inches for one forecaster."""
NAME_ROOM = 1.9
ABOVE, BELOW, BETWEEN = 0.52, 0.5, 0.36
"""Inches over and under the axes of an outcome, and between horizons."""
PAGE = 9.6
LEAST_SKILL = -0.5
"""Skill below this is not drawn to scale but written at the edge."""
COLUMNS = 3
UNITS = {
    "agreement": "agreement in UN votes (chance-corrected, −1 to 1)",
    "distance": "distance of UN ideal points (standard deviations)",
    "trade": "share of a state's external trade",
    "arms": "arms deliveries (TIV a month)",
}
SCORE_WORDS = {
    "crps skill": "CRPS skill: how much of {reference}'s score a forecast saves",
    "rmse skill": "RMSE skill: how much of {reference}'s error a forecast saves",
    "brier skill": "Brier skill for “the tie deepens”: how much of {reference}'s score a forecast saves",
    "rank correlation": "Rank correlation of predicted and observed change",
    "auc": "Area under the ROC curve for “the tie deepens”",
}
NIL = {"auc": 0.5}
"""What a forecast that knows nothing reaches; 0 for other scores."""
WHISKERS = "Thick line: 95% interval from resampling dyads. Thin line: 95% interval that knows that dyads share states."


@styled
def skill(
    rows: Rows, *, score: str = "crps skill", group: str = "all pairs", reference: str = "persistence",
    ours: str = "consent", source: str = "",
) -> Figure:  # fmt: skip
    """One score of every forecaster by outcome (down) and horizon (across), with both intervals and a line at nil.

    Forecasters whose name begins with `ours` are coloured. Raises ValueError when no row has this score and group.
    """
    found = _chosen(rows, (score,), group)
    relative = score.endswith("skill")
    nil = NIL.get(score, 0.0)
    note = (
        f"Right of the line is better than {reference}. {WHISKERS}"
        if relative
        else f"Right of the line is better than no knowledge. {WHISKERS}"
    )
    title = SCORE_WORDS.get(score, score).format(reference=reference)
    who = [r for r in found if not (relative and r["forecaster"] == reference)]

    def draw(ax: Axes, own: Rows, names: list[str]) -> None:
        ax.axvline(nil, color=INK, lw=1.2, zorder=1.5, gid="nil")
        for row in own:
            _dot(ax, row, names.index(row["forecaster"]), ours)
        if relative:
            ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))

    return _grid(f"{title}; {group}", note, source, who, draw, lambda own: _reach(own, nil, relative))


@styled
def coverage(
    rows: Rows, *, group: str = "all pairs", ours: str = "consent", source: str = "",
    wanted: tuple[float, float] | None = (0.85, 0.95),
) -> Figure:  # fmt: skip
    """How many outcomes the 50% (rings) and 90% intervals (dots) of every forecaster held, by outcome and horizon.

    `wanted` is a grey strip for the 90% intervals. Raises ValueError when no row tells of coverage in this group.
    """
    found = _chosen(rows, ("coverage 50", "coverage 90"), group)
    note = "Rings: 50% intervals, dots: 90%; each should be at its dotted line, left of it is too sure. "
    note += "" if wanted is None else f"Grey: {wanted[0]:.0%} to {wanted[1]:.0%}. "

    def draw(ax: Axes, own: Rows, names: list[str]) -> None:
        if wanted is not None:
            ax.axvspan(*wanted, color="#000000", alpha=0.07, lw=0)
        for nominal in (0.5, 0.9):
            ax.axvline(nominal, color=INK, lw=1.0, ls=(0, (1, 1.4)), zorder=1.5, gid="nominal")
        for row in own:
            _dot(ax, row, names.index(row["forecaster"]), ours, hollow=row["score"] == "coverage 50")
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))

    title = f"Outcomes that forecast intervals held; {group}"
    return _grid(title, note + WHISKERS, source, found, draw, lambda own: (0.18, 1.02))


def _chosen(rows: Rows, scores: Sequence[str], group: str) -> list[Mapping[str, Any]]:
    """The rows of a group with one of the scores and a value."""
    found = [r for r in rows if r["score"] in scores and r["group"] == group and np.isfinite(_number(r["value"]))]
    if not found:
        raise ValueError(f"there is no {' or '.join(scores)} for {group!r} among these rows")
    return found


def _grid(title: str, note: str, source: str, rows: Rows, draw: Any, reach: Any) -> Figure:
    """A block of axes for each outcome, one for each horizon, and forecasters down each."""
    outcomes, horizons = _distinct(rows, "outcome"), sorted({r["horizon"] for r in rows})
    blocks = {o: [r for r in rows if r["outcome"] == o] for o in outcomes}
    names = {o: _distinct(own, "forecaster") for o, own in blocks.items()}
    room = min(NAME_ROOM, max(width(str(n), SMALL) for own in names.values() for n in own) + 0.12)
    body = sum(ABOVE + ROW * len(own) + BELOW for own in names.values())
    page = sheet(title, note, source, PAGE, body)
    each = (PAGE - 2 * MARGIN - room - BETWEEN * (len(horizons) - 1)) / len(horizons)
    top = 0.0
    for outcome, own in blocks.items():
        tall = ROW * len(names[outcome])
        page.text(MARGIN, top + 0.06, _capital(UNITS.get(outcome, outcome)), fontsize=10, weight="bold")
        for column, horizon in enumerate(horizons):
            ax = page.axes(MARGIN + room + column * (each + BETWEEN), top + ABOVE, each, tall)
            at = [r for r in own if r["horizon"] == horizon]
            _lanes(ax, names[outcome], labelled=column == 0, room=room)
            ax.set_xlim(*reach(own))
            draw(ax, at, names[outcome])
            ax.xaxis.set_major_locator(MaxNLocator(5 if each > 2 else 4, steps=[1, 2, 2.5, 5, 10]))
            ax.text(0, 1 + 0.06 / tall, _ahead(horizon, at), transform=ax.transAxes, fontsize=SMALL, color=MUTED)
        top += ABOVE + tall + BELOW
    return page.figure


def _lanes(ax: Axes, names: list[str], labelled: bool, room: float) -> None:
    """A row for each forecaster, the first on top."""
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names if labelled else [], fontsize=SMALL, color=INK)
    if labelled:
        for label, name in zip(ax.get_yticklabels(), names, strict=True):
            label.set_text("\n".join(wrap(name, room - 0.1, SMALL)[:1]))
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)
    for lane in range(0, len(names), 2):
        ax.axhspan(lane - 0.5, lane + 0.5, color="#000000", alpha=0.025, lw=0)


def _dot(ax: Axes, row: Mapping[str, Any], lane: int, ours: str, hollow: bool = False) -> None:
    """A score with both of its intervals; beyond the left edge, an arrow and the number."""
    colour = BLUE if str(row["forecaster"]).startswith(ours) else MUTED
    value, edge = _number(row["value"]), ax.get_xlim()[0]
    if value < edge:
        ax.text(edge, lane, f" ◂ {value:.0%}".replace("-", "−"), fontsize=SMALL, color=colour, va="center", gid="off")
        return
    ends = [(_number(row.get(a)), _number(row.get(b))) for a, b in (("low", "high"), ("low_by_state", "high_by_state"))]
    for (low, high), thick, name in zip(ends, (2.6, 0.9), ("by dyad", "by state"), strict=True):
        if np.isfinite(low) and np.isfinite(high):
            ax.plot([low, high], [lane, lane], color=colour, lw=thick, solid_capstyle="butt", zorder=2.5, gid=name)
    ax.plot([value], [lane], "o", color=colour, markerfacecolor=PAPER if hollow else colour, markersize=4.6, zorder=3,
            markeredgewidth=1.1, gid="value")  # fmt: skip


def _reach(rows: Rows, nil: float, relative: bool) -> tuple[float, float]:
    """Limits that hold all values and intervals of an outcome, but no skill below LEAST_SKILL."""
    keys = ("value", "low", "high", "low_by_state", "high_by_state")
    drawn = [r for r in rows if not relative or _number(r["value"]) >= LEAST_SKILL]
    ends = [v for r in drawn for key in keys if np.isfinite(v := _number(r.get(key)))] + [nil]
    low, high = limits([(min(ends), max(ends))], least=0.1, pad=0.05)
    return (max(low, LEAST_SKILL), high) if relative else (low, high)


def _ahead(horizon: Any, rows: Rows) -> str:
    """ "3 years ahead, 3,900 cases"."""
    counts = sorted({int(r["n"]) for r in rows})
    cases = "" if not counts else f", {counts[0]:,} case{'s' if counts[-1] != 1 else ''}"
    cases = cases if len(counts) < 2 else f", {counts[0]:,} to {counts[-1]:,} cases"
    return f"{_years(horizon)} ahead{cases}"


# --- calibration


@styled
def pit_histograms(
    shares: Mapping[tuple[str, int], Array], *, outcome: str, group: str = "all pairs", ours: str = "consent",
    source: str = "",
) -> Figure:  # fmt: skip
    """PIT histograms: (forecaster, horizon in years) to the shares (bins,) of cases in equal bins; flat is good."""
    names, horizons = list(dict.fromkeys(n for n, _ in shares)), sorted({h for _, h in shares})
    room, each, gap, block = NAME_ROOM, 2.1, 0.3, 0.92
    wide = 2 * MARGIN + room + len(horizons) * (each + gap)
    page = sheet(
        f"Where in their forecasts the outcomes fell: {UNITS.get(outcome, outcome)}; {group}",
        "PIT histograms. The dotted line is what a forecast with the right spread shows: a hollow has too narrow a "
        "spread, a hump too wide a one, a slope leans to one side (outcomes were higher than said when it rises).",
        source, wide, 0.3 + block * len(names) + 0.42,
    )  # fmt: skip
    top = max(max(float(np.max(s)) * len(s) for s in shares.values()) * 1.08, 2.0)
    for line, name in enumerate(names):
        at = 0.3 + line * block
        page.text(MARGIN, at + 0.18, "\n".join(wrap(name, room - 0.35, SMALL)), color=_colour(name, ours))
        for column, horizon in enumerate(horizons):
            if (name, horizon) not in shares:
                continue
            ax = page.axes(MARGIN + room + column * (each + gap), at, each, block - 0.26)
            _bars(ax, np.asarray(shares[name, horizon], float), _colour(name, ours), top)
            if line == 0:
                ax.text(0, 1.08, f"{_years(horizon)} ahead", transform=ax.transAxes, fontsize=SMALL, color=MUTED)
            last = line == len(names) - 1
            ax.set_xticks([0, 0.5, 1], ["lowest", "", "highest"] if last else [])
            if last:
                ax.get_xticklabels()[0].set_horizontalalignment("left")
                ax.get_xticklabels()[-1].set_horizontalalignment("right")
            ax.set_yticks([0, 1, 2] if top < 4 else [0, 2, 4] if top < 7 else [0, 5])
            ax.tick_params(labelleft=column == 0)
            if column == 0 and line == (len(names) - 1) // 2:
                ax.set_ylabel("density", fontsize=SMALL)
    page.text(MARGIN + room, 0.3 + block * len(names) + 0.12, "place of the outcome in its forecast")
    return page.figure


def _bars(ax: Axes, shares: Array, colour: str, top: float) -> None:
    bins = len(shares)
    ax.bar((np.arange(bins) + 0.5) / bins, shares * bins, width=0.94 / bins, color=colour, alpha=0.6, linewidth=0)
    ax.axhline(1.0, color=INK, lw=1.0, ls=(0, (1, 1.4)), gid="flat")
    ax.set(xlim=(0, 1), ylim=(0, top))
    ax.grid(axis="x", visible=False)


# --- change foreseen


@styled
def change(
    panels: Sequence[Mapping[str, Any]], *, outcome: str, forecaster: str, source: str = "", group: str = "all pairs"
) -> Figure:
    """Predicted against observed change, all cases as hexagons and some dyads by name.

    Each panel has `horizon` (years), `predicted` and `observed` changes (K,), and `named`, which maps a label to a pair
    of predicted and observed change.
    The line of dots is the mean observed change by tenths of the cases, in order of what was predicted.
    """
    names = [label for panel in panels for label in panel.get("named", {})]
    each, left, tall = 2.6, 0.62, 2.75
    gap = 0.45 + (0.2 + max(width(name, SMALL) for name in names) if names else 0.0)
    wide = max(7.0, 2 * MARGIN + left + len(panels) * (each + gap))
    page = sheet(
        f"Change foreseen and change that came: {forecaster}, {group}",
        "Hexagons: cases (darker is more). Dashed: change came as foreseen. Orange: what came on average, by tenths of "
        "the cases in order of what was foreseen. Axes differ in scale: far less change is foreseen than comes.",
        source, wide, 0.3 + tall + 0.55,
    )  # fmt: skip
    for column, panel in enumerate(panels):
        ax = page.axes(MARGIN + left + column * (each + gap), 0.3, each, tall)
        _changes(ax, panel)
        cases = f"{_years(panel['horizon'])} ahead, {int(np.isfinite(panel['observed']).sum()):,} cases"
        ax.text(0, 1.03, cases, transform=ax.transAxes, fontsize=SMALL, color=MUTED)
        ax.set_xlabel("change foreseen")
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        if column == 0:
            ax.set_ylabel("\n".join(wrap(f"change of {UNITS.get(outcome, outcome)}", tall, 8.5)))
    return page.figure


def _changes(ax: Axes, panel: Mapping[str, Any]) -> None:
    x, y = np.asarray(panel["predicted"], float), np.asarray(panel["observed"], float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    named = dict(panel.get("named", {}))
    shown = np.array([*named.values()], float).reshape(-1, 2)
    across = limits([_middle(x), *([_range(shown[:, 0])] if named else [])], least=1e-3)
    up = limits([_middle(y), *([_range(shown[:, 1])] if named else [])], least=1e-3)
    ax.set(xlim=across, ylim=up)
    ax.hexbin(x, y, gridsize=26, extent=(*across, *up), bins="log", mincnt=1, cmap="Greys", linewidths=0,
              alpha=0.75, zorder=1)  # fmt: skip
    for line in (ax.axhline, ax.axvline):
        line(0, color=FAINT, lw=0.9, zorder=1.2)
    ax.axline((0, 0), slope=1, color=INK, lw=0.9, ls=(0, (5, 2)), gid="as foreseen")
    tenths = [part for part in np.array_split(np.argsort(x, kind="stable"), 10) if part.size]
    if np.ptp(x) > 0:
        ax.plot([x[t].mean() for t in tenths], [y[t].mean() for t in tenths], "o-", color=ORANGE, lw=1.3,
                markersize=3.4, gid="tenths", zorder=2.6)  # fmt: skip
    _names(ax, named)


def _names(ax: Axes, named: Mapping[str, tuple[float, float]]) -> None:
    """Named dyads as points, their names right of the axes, moved apart and tied to them."""
    if not named:
        return
    low, high = ax.get_ylim()
    across, tall = size_of(ax)
    labels = sorted(named, key=lambda label: named[label][1])
    gap = LINE * (high - low) / tall
    places = spread([named[label][1] for label in labels], gap, low + gap / 2, high - gap / 2)
    right = ax.get_xlim()[1] + 0.1 / across * np.diff(ax.get_xlim())[0]
    for label, place in zip(labels, places, strict=True):
        x, y = named[label]
        ax.plot([x, right], [y, place], color=BLUE, lw=0.6, alpha=0.8, zorder=2.7, clip_on=False)
        ax.plot([x], [y], "o", color=BLUE, markersize=4, markeredgecolor=PAPER, markeredgewidth=0.6, zorder=3,
                gid="named")  # fmt: skip
        ax.text(right, place, f" {label}", fontsize=SMALL, color=BLUE, va="center", gid="name")


def _middle(values: Array) -> tuple[float, float]:
    """The range of all but the outermost half per cent on each side, and nil."""
    low, high = np.quantile(values, (0.005, 0.995)) if values.size else (0.0, 0.0)
    return min(0.0, float(low)), max(0.0, float(high))


def _range(values: Array) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


# --- fans


@styled
def fans(
    record: Mapping[str, tuple[Array, Array]], rows: Rows, *, outcome: str, forecaster: str, trained: int | None = None,
    source: str = "",
) -> Figure:  # fmt: skip
    """What was on record of some dyads, and the forecasts that started from it.

    `record` is a dyad's name to its years (Y,) and values (Y,), nan unknown. `rows` are forecasts: dyad, origin and
    horizon (years), last (the value at the origin), q05, q25, q50, q75, q95. `trained` is the last year of training.
    """
    names = list(record)
    columns = min(COLUMNS, len(names))
    left, gap, tall, above = 0.55, 0.3, 1.5, 0.42
    wide = {1: 6.5, 2: 8.6}.get(columns, 10.6)
    each = (wide - 2 * MARGIN - left - gap * (columns - 1)) / columns
    lines = -(-len(names) // columns)
    page = sheet(
        f"Forecasts over the record: {forecaster}",
        "Dots: on record. Fans: forecasts from the year at their point, with median, 50% and 90% intervals. "
        + ("" if trained is None else f"Left of the dotted line ({trained}): training years."),
        source, wide, 0.1 + lines * (above + tall + 0.34) + 0.1,
    )  # fmt: skip
    fan = {name: _by_origin([r for r in rows if r["dyad"] == name]) for name in names}
    everything = _extent(record, [r for r in rows if r["dyad"] in record])
    for place, name in enumerate(names):
        row, column = divmod(place, columns)
        ax = page.axes(MARGIN + left + column * (each + gap), 0.1 + above + row * (above + tall + 0.34), each, tall)
        ax.set(xlim=everything[0], ylim=everything[1])
        if trained is not None:
            ax.axvline(trained + 0.5, color=MUTED, lw=0.9, ls=(0, (1, 1.4)))
        for k, (origin, own) in enumerate(fan[name].items()):
            _fan(ax, origin, own, Look(OKABE_ITO[k % 2], "-"))
        years, values = (np.asarray(v, float) for v in record[name])
        ax.plot(years, values, "-", color=INK, lw=0.7, alpha=0.6, zorder=3)
        ax.plot(years, values, "o", color=INK, markersize=2.6, zorder=3.2, gid="record")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.yaxis.set_major_locator(MaxNLocator(5))
        ax.tick_params(labelleft=column == 0)
        ax.text(0, 1.05, name, transform=ax.transAxes, fontsize=9, weight="bold")
        if column == 0 and row == (lines - 1) // 2:
            ax.set_ylabel(UNITS.get(outcome, outcome), fontsize=SMALL)
    return page.figure


def _by_origin(rows: Rows) -> dict[int, list[Mapping[str, Any]]]:
    origins = sorted({int(r["origin"]) for r in rows})
    return {o: sorted((r for r in rows if r["origin"] == o), key=lambda r: r["horizon"]) for o in origins}


def _fan(ax: Axes, origin: int, rows: Rows, look: Look) -> None:
    """One forecast: it opens from what was on record at its origin."""
    years = [origin, *(origin + r["horizon"] for r in rows)]
    q05, q25, q50, q75, q95 = ([_number(rows[0]["last"]), *(_number(r[q]) for r in rows)]
                               for q in ("q05", "q25", "q50", "q75", "q95"))  # fmt: skip
    ax.fill_between(years, q05, q95, color=look.colour, alpha=0.14, linewidth=0, gid="90")
    ax.fill_between(years, q25, q75, color=look.colour, alpha=0.26, linewidth=0, gid="50")
    ax.plot(years, q50, color=look.colour, linestyle=look.dash, lw=1.4, zorder=2.8, gid="median")


def _extent(record: Mapping[str, tuple[Array, Array]], rows: Rows) -> tuple[tuple[float, float], tuple[float, float]]:
    """The same years and values for all dyads, so that they compare."""
    ends = [[r["origin"] + r["horizon"]] for r in rows]
    years = np.concatenate([*(np.asarray(y, float) for y, _ in record.values()), *ends])
    values = [v for _, own in record.values() for v in np.asarray(own, float)]
    values += [_number(r[q]) for r in rows for q in ("q05", "q95")]
    known = np.array([v for v in values if np.isfinite(v)] or [0.0])
    return limits([_range(years)], least=2.0, pad=0.02), limits([_range(known)], least=0.1)


# --- words


def _number(value: Any) -> float:
    """A number of a row; nan where there is none."""
    return float("nan") if value is None else float(value)


def _distinct(rows: Rows, key: str) -> list[Any]:
    return list(dict.fromkeys(r[key] for r in rows))


def _colour(forecaster: str, ours: str) -> str:
    return BLUE if forecaster.startswith(ours) else MUTED


def _years(horizon: Any) -> str:
    return f"{horizon} year{'s' if horizon != 1 else ''}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
