"""How an outcome moves with what was varied: response curves, heat maps, tornados and where a claim fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alignsim.show.labels import width, wrap, wrap_path
from alignsim.show.style import (
    INK,
    LINE,
    MARGIN,
    MUTED,
    OKABE_ITO,
    OPPOSED_TO_ALIGNED,
    SMALL,
    Look,
    Page,
    bands,
    limits,
    sheet,
    styled,
)

Array = Any
BLUE, ORANGE = OKABE_ITO[0], OKABE_ITO[1]
RUST = "#b34a00"
"""Of what fails, as in the failure region of a claim."""
HOLDS = "#3f87b5"
PALE = ("#b9d7ea", "#f3cfb3")
"""Blue and orange of what is not seen to differ from nothing."""
BAR = 0.24
"""Width of the bars along an axis, of the space to the next."""
COLUMNS, MOST_CURVES, MOST_ROWS, MOST_LINES, MOST_AXES = 3, 12, 24, 150, 10
NAME_ROOM = 2.3
MOST_NUMBERS = 8
"""Cells along either side of a heat map up to which each has its number."""


@styled
def response_curves(
    curves: Sequence[tuple[str, Array, Array]], *, outcome: str, unit: str, source: str = "", margin: float = 0.0,
    averaged: bool = True, scattered: bool = False,
) -> Figure:  # fmt: skip
    """The outcome against each input: `curves` are (label of the axis, places (m,), samples (runs, m)).

    Each run is averaged over all other inputs (`averaged`), so that a band is what runs differ by. Where points are
    `scattered` they do not average out wholly, which the note says.
    """
    shown = list(curves)[:MOST_CURVES]
    columns = min(COLUMNS, len(shown))
    wide = {1: 6.4, 2: 9.0}.get(columns, 11.5)
    left, block, tall = 0.72, 2.75, 2.0
    rows = -(-len(shown) // columns)
    one = all(len(samples) == 1 for _, _, samples in shown)
    strip = f" Grey strip: changes of less than {margin:g}, too small to matter." if margin else ""
    drawn = "The outcome of one run" if one else "Line: median of the runs; bands: 50% and 90% of the runs"
    jags = " Points are scattered: jags are what is left of the other inputs." if scattered and averaged else ""
    note = f"{drawn}{', each averaged over all other inputs' if averaged else ''}.{jags}{strip}"
    page = sheet(f"{_capital(outcome)} against what was varied", note, source, wide, rows * block + 0.1)
    each = (wide - 2 * MARGIN) / columns
    spans = [(float(q[0].min()), float(q[1].max())) for q in (np.quantile(s, [0.05, 0.95], axis=0) for *_, s in shown)]
    shared = limits([*spans, *([(-margin, margin)] if margin else [])], least=1e-3)
    for place, (label, x, samples) in enumerate(shown):
        row, column = divmod(place, columns)
        ax = page.axes(MARGIN + left + column * each, 0.15 + row * block, each - left - 0.15, tall)
        if margin:
            ax.axhspan(-margin, margin, color="#000000", alpha=0.06, lw=0, gid="margin")
        if shared[0] < 0 < shared[1]:
            ax.axhline(0, color=INK, lw=0.9)
        bands(ax, np.asarray(x, float), np.asarray(samples, float), Look(BLUE, "-"))
        ax.plot(x, np.median(samples, axis=0), "o", color=BLUE, markersize=3, zorder=4)
        ax.set(xlim=limits([(float(np.min(x)), float(np.max(x)))], least=1e-9, pad=0.03), ylim=shared)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        ax.set_xlabel("\n".join(wrap_path(label, each - left, 8.5)[:2]))
        if column == 0:
            ax.set_ylabel("\n".join(wrap(unit, tall, 8.5)[:2]))
    return page.figure


@styled
def heat_map(
    x: Array, y: Array, values: Array, *, names: tuple[str, str], outcome: str, unit: str, source: str = "",
    margin: float = 0.0, labels: tuple[str, str] | None = None, scattered: bool = False,
) -> Figure:  # fmt: skip
    """The outcome over two inputs: `values` (len(y), len(x)), nan where nothing was run; lines where it is ±`margin`.

    Colours part at zero where the outcome takes both signs, and are of one hue else. Where cells are few, each has its
    number. `labels` are those of the axes, with units, where they differ from the names. Of `scattered` points each
    place is the mean of those of its slice.
    """
    x, y, values = np.asarray(x, float), np.asarray(y, float), np.asarray(values, float)
    wide, tall, left = 7.2, 4.3, 0.75
    drawn = [words for level, words in ((margin, f"full: +{margin:g}"), (-margin, f"dashed: −{margin:g}"))
             if margin and np.isfinite(values).all() and values.min() < level < values.max()]  # fmt: skip
    lines = f" Black line: where it begins to matter ({', '.join(drawn)})." if drawn else ""
    slices = " Cells: equal shares of the points, at their mean." if scattered else ""
    empty = " Hatched: nothing was run." if np.isnan(values).any() else ""
    note = f"Mean over the runs and all other inputs.{slices}{lines}{empty}"
    page = sheet(f"{_capital(outcome)} over {names[0]} and {names[1]}", note, source, wide, tall + 0.75)
    ax = page.axes(MARGIN + left, 0.2, wide - 2 * MARGIN - left - 1.25, tall)
    ax.set_facecolor("#f2f2f2")
    ax.patch.set(hatch="////", edgecolor="#c4c4c4")
    ax.grid(False)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low < 0 < high:
        reach = max(-low, high)
        look: dict[str, Any] = {"cmap": OPPOSED_TO_ALIGNED, "norm": TwoSlopeNorm(0.0, -reach, reach)}
    else:
        half = OPPOSED_TO_ALIGNED(np.linspace(0.5, 1.0, 64) if low >= 0 else np.linspace(0.0, 0.5, 64))
        look = {"cmap": ListedColormap(half), "vmin": low, "vmax": high if high > low else low + 1e-9}
    mesh = ax.pcolormesh(_edges(x), _edges(y), np.ma.masked_invalid(values), rasterized=True, **look)
    few = max(values.shape) <= MOST_NUMBERS
    if margin and min(values.shape) > 1:
        _contour(ax, x, y, values, margin, named=not few)
    if few:
        _numbers(ax, x, y, values, mesh)
        ax.set_xticks(x, [f"{place:.3g}" for place in x])
        ax.set_yticks(y, [f"{place:.3g}" for place in y])
    across, up = labels or names
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    bar_ax = page.axes(wide - MARGIN - 0.95, 0.2 + 0.1 * tall, 0.16, 0.8 * tall)
    bar = page.figure.colorbar(mesh, cax=bar_ax)
    bar.outline.set_visible(False)
    bar.set_label("\n".join(wrap(unit, 0.8 * tall, 8.5)[:2]), fontsize=8.5)
    if low < 0 < high and margin:
        bar_ax.hlines([-margin, margin], 0, 1, transform=bar_ax.get_yaxis_transform(), color=INK, lw=1.1)
    return page.figure


def _numbers(ax: Axes, x: Array, y: Array, values: Array, mesh: Any) -> None:
    """The value of each cell, on its own colour, so that a line that passes below does not touch it."""
    digits = 2 if np.nanmax(np.abs(values)) >= 0.02 else 3
    colours = mesh.cmap(mesh.norm(values))
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        colour = colours[row, column]
        dark = float(colour[:3] @ (0.299, 0.587, 0.114)) < 0.5
        text = f"{value:+.{digits}f}"
        words = (text if float(text) else text[1:]).replace("-", "−")
        ax.text(x[column], y[row], words, fontsize=SMALL, ha="center", va="center",
                color="#ffffff" if dark else INK, bbox={"facecolor": colour, "pad": 1.2, "lw": 0}, zorder=4,
                gid="number")  # fmt: skip


def _contour(ax: Axes, x: Array, y: Array, values: Array, margin: float, named: bool) -> None:
    """Lines where the outcome is as large as the margin, with its value; none where places are empty (nan)."""
    levels = [level for level in (-margin, margin) if values.min() < level < values.max()]
    if not levels:
        return
    drawn = ax.contour(x, y, values, levels=levels, colors=INK, linewidths=1.3,
                       linestyles=["-" if level > 0 else "--" for level in levels])  # fmt: skip
    drawn.set_gid("margin")
    if not named:
        return
    written = ax.clabel(drawn, fmt={level: f"{level:+g}".replace("-", "−") for level in levels}, fontsize=SMALL)
    for text in written:
        text.set_bbox({"facecolor": "#ffffff", "alpha": 0.75, "pad": 0.8, "lw": 0})


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _edges(places: Array) -> Array:
    """Edges of cells round their places."""
    if len(places) == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    middles = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - middles[0]], middles, [2 * places[-1] - middles[-1]]])


@styled
def tornado(
    labels: Sequence[str], low: Array, high: Array, half: Array, *, middle: float, outcome: str, unit: str,
    source: str = "", ends: str = "lower and upper fifth of its values",
) -> Figure:  # fmt: skip
    """The mean outcome where each input is low and where it is high, the largest swing on top.

    `low`, `high` and `half` are (D,), the last the half-width of the interval of their difference; `middle` is the mean
    over all points.
    """
    low, high, half = (np.asarray(v, float) for v in (low, high, half))
    order = np.argsort(-np.abs(high - low), kind="stable")[:MOST_ROWS]
    names = [labels[d] for d in order]
    left = min(NAME_ROOM, max(width(name, SMALL) for name in names) + 0.15)
    wide, tall = 8.0, 0.34 * max(len(order), 2)
    right = 1.25
    missing = len(labels) - len(order)
    page = sheet(
        f"How far each input moves {outcome}",
        f"Mean outcome over the {ends}, all others averaged. Upright line: mean of all points, {middle:.3g}. "
        "Numbers: the difference between the ends and the half-width of its 95% interval; grey where that holds zero."
        + (f" The {missing} smallest are in the table only." if missing else ""),
        source, wide, tall + 1.15,
    )  # fmt: skip
    plot = wide - 2 * MARGIN - left - right
    ax = page.axes(MARGIN + left, 0.42, plot, tall)
    for row, d in enumerate(order):
        sure = abs(high[d] - low[d]) > half[d]
        blue, orange = (BLUE, ORANGE) if sure else PALE
        both = [(float(high[d]), blue, "", "high"), (float(low[d]), orange, "////", "low")]
        for value, colour, hatch, name in sorted(both, key=lambda end: -abs(end[0] - middle)):
            ax.barh(row, value - middle, left=middle, height=0.6, color=colour, hatch=hatch, edgecolor="#ffffff",
                    linewidth=0, gid=name)  # fmt: skip
        across = ax.get_yaxis_transform()
        ax.text(-0.08 / plot, row, "\n".join(wrap_path(labels[d], left - 0.1, SMALL)[:2]), transform=across,
                ha="right", va="center", fontsize=SMALL)  # fmt: skip
        ax.text(1 + 0.1 / plot, row, _plus_minus(high[d] - low[d], half[d]), transform=across, va="center",
                fontsize=SMALL, color=INK if sure else "#7a7a7a", weight="bold" if sure else "normal")  # fmt: skip
    ax.axvline(middle, color=INK, lw=1.0)
    drawn = np.concatenate([low[order], high[order], [middle]])
    ax.set(xlim=limits([(float(drawn.min()), float(drawn.max()))], 1e-6), ylim=(len(order) - 0.45, -0.55), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(unit)
    key = MARGIN + left
    for colour, words in ((ORANGE, "input low (hatched)"), (BLUE, "input high")):
        page.text(key, 0.08, "■", color=colour)
        page.text(key + 0.16, 0.08, words)
        key += 0.16 + width(words, SMALL) + 0.25
    return page.figure


def _plus_minus(value: float, half: float) -> str:
    """A value and its half-width, to two figures of the latter."""
    places = int(np.clip(1 - np.floor(np.log10(half)), 0, 8)) if half > 0 else 3
    text = f"{value:+.{places}f}"
    return f"{text if float(text) else text[1:]} ± {half:.{places}f}".replace("-", "−")


@styled
def parallel_coordinates(
    labels: Sequence[str], bounds: Array, points: Array, fails: Array, *, claim: str, source: str = "",
    rule: str = "", box: Sequence[tuple[float, float]] | None = None,
) -> Figure:  # fmt: skip
    """Points as lines over all inputs, those where the claim fails standing out, and the share that fails along each.

    bounds (k, 2), points (n, k), fails (n,) of bool; `box` the limits of a region of failure, infinite where open, from
    `study.discovery`. At most 150 lines are drawn, evenly taken from all, so that the shares stay as they are; the
    bars count every point. The ten inputs in which failing and other points differ most are shown, in that order.
    """
    bounds, points, fails = np.asarray(bounds, float), np.asarray(points, float), np.asarray(fails, bool)
    n = len(points)
    kept = np.unique(np.linspace(0, n - 1, min(n, MOST_LINES)).round().astype(int))
    span = np.where(bounds[:, 1] > bounds[:, 0], bounds[:, 1] - bounds[:, 0], 1.0)
    scaled = (points - bounds[:, 0]) / span
    order = _apart(scaled, fails)[:MOST_AXES]
    each = max(0.95, min(1.7, 9.0 / max(len(order) - 1, 1)))
    inset, tall = 0.6, 3.4
    wide = max(7.8, 2 * MARGIN + 2 * inset + each * (len(order) - 1) + BAR * each)
    names = [wrap_path(labels[c], each * 0.94, SMALL)[:3] for c in order]
    below = 0.34 + LINE * max(len(lines) for lines in names)
    missing = len(labels) - len(order)
    note = _shares(fails, rule, len(kept), box is not None) + (
        f" Not shown: {missing} inputs in which failing points differ least." if missing else ""
    )
    page = sheet(f"Where {claim} fails", note, source, wide, 0.55 + tall + below)
    ax = page.axes(MARGIN + inset, 0.55, wide - 2 * (MARGIN + inset), tall)
    few_first = ((fails, RUST, "fails"), (~fails, HOLDS, "holds"))
    for which, colour, name in sorted(few_first, key=lambda side: -side[0].sum()):
        rows = kept[which[kept]]
        lines = [np.column_stack([np.arange(len(order)), row]) for row in scaled[rows][:, order]]
        dashes = (0, (6, 1.5)) if name == "fails" else "-"
        look = {"colors": colour, "alpha": float(np.clip(40 / max(len(rows), 1), 0.3, 0.8)), "linewidths": 0.8}
        ax.add_collection(LineCollection(lines, linestyles=[dashes], gid=name, zorder=1, **look))
    for place, column in enumerate(order):
        _along(ax, place, scaled[:, column], fails)
        _axis(ax, place, names[place], bounds[column])
        if box is not None:
            _limit(ax, place, box[column], bounds[column], span[column])
    ax.set(xlim=(-0.02, max(len(order) - 1, 1) + BAR + 0.02), ylim=(-0.01, 1.01), xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    _signs(page, box is not None)
    return page.figure


def _apart(scaled: Array, fails: Array) -> Array:
    """Inputs in the order in which the means of failing and other points lie apart."""
    if fails.all() or not fails.any():
        return np.arange(scaled.shape[1])
    return np.argsort(-np.abs(scaled[fails].mean(axis=0) - scaled[~fails].mean(axis=0)), kind="stable")


def _along(ax: Axes, place: int, scaled: Array, fails: Array) -> None:
    """Sideways bars: the share of points that fail in each tenth of an input's range; the full width is all of them."""
    tenth = np.clip((scaled * 10).astype(int), 0, 9)
    count = np.bincount(tenth, minlength=10)
    share = np.divide(np.bincount(tenth, fails, 10), count, out=np.zeros(10), where=count > 0)
    ax.barh((np.arange(10) + 0.5) / 10, np.full(10, BAR), left=place, height=0.1, color="#ffffff", alpha=0.8, zorder=2)
    ax.barh((np.arange(10) + 0.5) / 10, BAR * share, left=place, height=0.092, color=RUST, zorder=3, gid="share")
    ax.plot([place + BAR] * 2, [0, 1], color="#9a9a9a", lw=0.6, ls=(0, (2, 2)), zorder=3)


def _axis(ax: Axes, place: int, name: list[str], bounds: Array) -> None:
    """The upright axis of one input: its ends and its name."""
    ax.plot([place, place], [0, 1], color=INK, lw=1.1, zorder=4)
    for end, value, va, shift in ((0, bounds[0], "top", -3), (1, bounds[1], "bottom", 3)):
        ax.annotate(f"{value:.4g}".replace("-", "−"), (place, end), (0, shift), textcoords="offset points",
                    ha="center", va=va, fontsize=SMALL, color=MUTED, annotation_clip=False)  # fmt: skip
    ax.annotate("\n".join(name), (place, 0), (0, -4 - LINE * 72), textcoords="offset points", ha="center", va="top",
                fontsize=SMALL, annotation_clip=False, linespacing=1.15)  # fmt: skip


def _limit(ax: Axes, place: int, limit: tuple[float, float], bounds: Array, span: float) -> None:
    """A thick bar along an axis between the limits of a box that restricts it."""
    if not np.isfinite(limit).any():
        return
    low, high = (float(np.clip((value - bounds[0]) / span, 0, 1)) for value in limit)
    ax.plot([place, place], [low, high], color=INK, lw=5.0, solid_capstyle="butt", zorder=5, gid="box")


def _signs(page: Page, boxed: bool) -> None:
    left = MARGIN
    share = "share that fails in a tenth of the range (dotted: all)"
    entries = [(HOLDS, "—", "holds"), (RUST, "╌", "fails"), (RUST, "■", share)]
    for colour, sign, words in entries + ([(INK, "▮", "limits of the failure region")] if boxed else []):
        page.text(left, 0.02, sign, color=colour, weight="bold")
        page.text(left + 0.2, 0.02, words)
        left += 0.2 + width(words, SMALL) + 0.25


def _shares(fails: Array, rule: str, drawn: int, boxed: bool) -> str:
    n, what = len(fails), f"it fails, for {rule}," if rule else "it fails"
    share = f"One line a point of the design: {what} in {int(fails.sum()):,} of {n:,} ({fails.mean():.0%})."
    some = f" {drawn:,} lines are drawn, evenly taken." if drawn < n else ""
    return share + some + (" Thick bars: the region where failures are densest." if boxed else "")
