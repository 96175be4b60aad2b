"""What an outcome depends on: bars of indices with intervals, Morris' scatter, and convergence.

Indices come as arrays (D, 3) of estimate, lower and upper end of the interval; D inputs or groups in `labels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from alignsim.show.labels import spread, width, wrap, wrap_path
from alignsim.show.style import (
    DASHES,
    FAINT,
    INK,
    LINE,
    MARGIN,
    MUTED,
    OKABE_ITO,
    SMALL,
    Look,
    Page,
    end_labels,
    label_room,
    limits,
    sheet,
    size_of,
    styled,
)

Array = Any
BLUE, ORANGE = OKABE_ITO[0], OKABE_ITO[1]
PALE = "#b9d7ea"
ROW = 0.36
"""Inches for one input."""
NAME_ROOM = 2.3
"""Most inches for the name of an input, which may take two lines."""
MOST_ROWS, MOST_PAIRS, MOST_LINES = 24, 10, 6
CROWD = 0.7
"""Inches from the origin of a scatter within which names cannot be joined to their points."""
CORNER = "in the lower left corner:"
SEEN, UNSEEN = "#1f1f1f", "#8a8a8a"


@styled
def sobol_bars(
    labels: Sequence[str], total: Array, first: Array, pairs: Sequence[tuple[str, Array]] = (), *,
    outcome: str, source: str = "", level: float = 0.95,
) -> Figure:  # fmt: skip
    """Sobol' indices of every input, the largest total first, and beside them the strongest interactions.

    `total` and `first` are (D, 3), `pairs` are ("a × b", (3,)) from the largest down. A rank is given as the range that
    the intervals allow. Pairs whose interval holds zero are pale.
    """
    total, first = np.asarray(total, float), np.asarray(first, float)
    order = np.argsort(-total[:, 0], kind="stable")[:MOST_ROWS]
    shown = list(pairs)[:MOST_PAIRS]
    names = [labels[d] for d in order]
    left, gap = _name_room(names), 0.95
    other = _name_room([name for name, _ in shown]) if shown else 0.0
    wide = 7.5 if not shown else 9.4 + other
    plot = 3.9 if shown else wide - 2 * MARGIN - left - gap
    tall = ROW * max(len(order), len(shown), 2)
    page = sheet(
        f"What {outcome} depends on: shares of its variance",
        f"Dark bar: the input alone (first order, S1). Pale bar: with all its interactions (total order, ST). Lines: "
        f"{level:.0%} intervals; where it is grey no share can be. Ranks are by total order; a range means that "
        f"intervals overlap.{_left_out(labels, order)}",
        source, wide, tall + 0.95,
    )  # fmt: skip
    ax = page.axes(MARGIN + left, 0.3, plot, tall)
    _rows(page, ax, names, left)
    for row, d in enumerate(order):
        ax.barh(row - 0.17, total[d, 0], height=0.32, color=PALE, edgecolor=BLUE, linewidth=0.6, gid="total")
        ax.barh(row + 0.17, first[d, 0], height=0.32, color=BLUE, edgecolor=BLUE, linewidth=0.6, gid="first")
        _interval(ax, total[d], row - 0.17)
        _interval(ax, first[d], row + 0.17)
        ax.text(1 + 0.1 / plot, row, _rank(total, d), transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL)
    ax.set_xlim(_from_zero(np.concatenate([total[order], first[order]])))
    _impossible(ax)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("share of variance")
    page.text(MARGIN + left + plot + 0.1, 0.08, "rank", color=MUTED)
    if shown:
        at = MARGIN + left + plot + gap + other
        _pairs(page, shown, at, wide - MARGIN - at, tall, other)
    return page.figure


def _pairs(page: Page, pairs: list[tuple[str, Array]], left: float, wide: float, tall: float, room: float) -> None:
    """Second-order indices beside those of the inputs."""
    values = np.array([value for _, value in pairs], float)
    ax = page.axes(left, 0.3, wide, tall * len(pairs) / max(len(pairs), round(tall / ROW)))
    _rows(page, ax, [name for name, _ in pairs], room)
    for row, value in enumerate(values):
        sure = value[1] > 0
        ax.barh(row, value[0], height=0.5, color=ORANGE if sure else "#f0ddd0", edgecolor=ORANGE, lw=0.6, gid="pair")
        _interval(ax, value, row, SEEN if sure else UNSEEN)
    ax.set_xlim(_from_zero(values))
    _impossible(ax)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("share of variance, both together (S2)")
    page.text(left - room, 0.08, "interactions", color=MUTED)


@styled
def index_bars(
    labels: Sequence[str], index: Array, *, outcome: str, measure: str, unit: str, source: str = "",
    inert: float | None = None, level: float = 0.95,
) -> Figure:  # fmt: skip
    """One index (D, 3) of every input, the largest first: PAWN, or mu* of groups.

    `inert` is what an input without effect may reach by chance; bars whose interval touches it are pale.
    """
    index = np.asarray(index, float)
    order = np.argsort(-index[:, 0], kind="stable")[:MOST_ROWS]
    names = [labels[d] for d in order]
    left, wide = _name_room(names), 7.5
    tall = ROW * 0.85 * max(len(order), 2)
    plot = wide - 2 * MARGIN - left - 0.8
    floor = (
        f" Dotted: what an input without any effect stays below in 95 of 100 cases ({inert:.2g}); pale bars are not "
        "seen to differ from it."
        if inert
        else ""
    )
    page = sheet(
        f"What {outcome} depends on: {measure}",
        f"Lines: {level:.0%} intervals. A range of ranks means overlap.{floor}{_left_out(labels, order)}",
        source, wide, tall + 0.95,
    )  # fmt: skip
    ax = page.axes(MARGIN + left, 0.3, plot, tall)
    _rows(page, ax, names, left)
    for row, d in enumerate(order):
        sure = index[d, 1] > (inert or 0.0)
        ax.barh(row, index[d, 0], height=0.55, color=BLUE if sure else PALE, edgecolor=BLUE, linewidth=0.6, gid="index")
        _interval(ax, index[d], row)
        ax.text(1 + 0.1 / plot, row, _rank(index, d), transform=ax.get_yaxis_transform(), va="center", fontsize=SMALL)
    ax.set_xlim(_from_zero(index[order]))
    if inert:
        ax.axvline(inert, color=INK, lw=1.2, ls=(0, (1, 1.4)), gid="inert", zorder=4)
    ax.set_xlabel(unit)
    page.text(MARGIN + left + plot + 0.1, 0.08, "rank", color=MUTED)
    return page.figure


@styled
def morris_scatter(
    labels: Sequence[str], mu_star: Array, sigma: Array, *, outcome: str, unit: str, source: str = "",
    level: float = 0.95,
) -> Figure:  # fmt: skip
    """Mean size of the elementary effects against their spread, (D, 3) each, with intervals.

    Rays part inputs by sigma / mu*: below 0.1 nearly linear, to 0.5 monotonic, to 1 nearly so, above curved or acting
    with others (Garcia Sanchez et al. 2014, Energy and Buildings 68, 741-750).
    """
    mu_star, sigma = np.asarray(mu_star, float), np.asarray(sigma, float)
    named = np.sort(np.argsort(-mu_star[:, 0], kind="stable")[:MOST_ROWS])
    wide, tall, left = 8.0, max(4.2, LINE * 1.2 * (len(named) + 2)), 0.75
    room = min(2.6, 0.35 + max(width(label, SMALL) for label in [*labels, CORNER]))
    page = sheet(
        f"What {outcome} depends on: elementary effects",
        f"Right: matters much. High above a ray: its effect depends on where one stands, for it is curved or acts with "
        f"others. Lines: {level:.0%} intervals; pale where that of μ* holds zero."
        f"{_left_out(labels, named, 'are not named')}",
        source, wide, tall + 0.75,
    )  # fmt: skip
    plot = wide - 2 * MARGIN - left - room
    ax = page.axes(MARGIN + left, 0.25, plot, tall)
    right, top = 1.06 * float(mu_star[:, 2].max()) or 1.0, 1.08 * float(sigma[:, 2].max()) or 1.0
    ax.set(xlim=(0, right), ylim=(0, top))
    for slope, words in ((0.1, "σ = 0.1 μ*"), (0.5, "σ = 0.5 μ*"), (1.0, "σ = μ*")):
        _ray(ax, slope, words, right, top)
    for d in range(len(labels)):
        (x, x_low, x_high), (y, y_low, y_high) = mu_star[d], sigma[d]
        ax.plot([max(0, x_low), x_high], [y, y], color=UNSEEN, lw=0.9, zorder=3)
        ax.plot([x, x], [max(0, y_low), y_high], color=UNSEEN, lw=0.9, zorder=3)
        ax.plot([x], [y], "o", color=BLUE if x_low > 0 else PALE, markeredgecolor=BLUE, markersize=5.5, zorder=4,
                clip_on=False, gid="input")  # fmt: skip
    inches = np.column_stack([mu_star[named, 0] * plot / right, sigma[named, 0] * tall / top])
    near = (inches < CROWD).all(axis=1)
    near &= near.sum() > 2
    _named(ax, [labels[d] for d in named[~near]], mu_star[named[~near], 0], sigma[named[~near], 0], room,
           [labels[d] for d in named[near]])  # fmt: skip
    along = f"μ*: mean size of the change over an input's whole range ({unit})"
    ax.set_xlabel("\n".join(wrap(along, plot, 8.5)[:2]))
    ax.set_ylabel("\n".join(wrap(f"σ: spread of the change ({unit})", tall, 8.5)[:2]))
    return page.figure


def _ray(ax: Axes, slope: float, words: str, right: float, top: float) -> None:
    """A line through the origin, with its name along it where it leaves the axes."""
    end = min(right, top / slope)
    ax.plot([0, end], [0, slope * end], color="#b5b5b5", lw=0.8, ls=(0, (4, 2)), zorder=1)
    inches = size_of(ax)
    angle = float(np.degrees(np.arctan2(slope * inches[1] / top, inches[0] / right)))
    ax.text(0.97 * end, 0.97 * slope * end, words, fontsize=SMALL, color=MUTED, rotation=angle, ha="right",
            va="bottom", rotation_mode="anchor", zorder=1)  # fmt: skip


def _named(ax: Axes, labels: Sequence[str], x: Array, y: Array, room: float, crowd: Sequence[str]) -> None:
    """Names at the right edge, each joined to its point; below them those of the `crowd` at the lower left."""
    low, high = ax.get_ylim()
    across, tall = size_of(ax)
    right = ax.get_xlim()[1]
    gap = LINE * 1.1 * (high - low) / tall
    floor = low + gap * (len(crowd) + 2.2 if crowd else 0.5)
    placed = spread(y, gap, floor, high - gap / 2)
    step = right / across
    for row, words in enumerate([CORNER, *crowd] if crowd else []):
        ax.text(right + (0.2 if row else 0.06) * step, low + gap * (len(crowd) - row + 0.5), _line(words, room - 0.25),
                fontsize=SMALL, va="center", clip_on=False, color=MUTED)  # fmt: skip
    for label, at, value, place in zip(labels, x, y, placed, strict=True):
        ax.plot([at, right + 0.04 * step, right + 0.16 * step], [value, place, place], color=FAINT, lw=0.7,
                clip_on=False, zorder=1.5)  # fmt: skip
        ax.text(right + 0.2 * step, place, _line(label, room - 0.25), fontsize=SMALL, va="center", clip_on=False)


@styled
def convergence(
    sizes: Sequence[int], index: Array, labels: Sequence[str], *, outcome: str, measure: str, source: str = "",
    level: float = 0.95,
) -> Figure:  # fmt: skip
    """An index (sizes, D, 3) against N, the base sample: bands are intervals, which should narrow round a level line.

    The six inputs with the largest index are named; the others are thin grey lines.
    """
    index = np.asarray(index, float)
    order = np.argsort(-index[-1, :, 0], kind="stable")
    named, rest = order[:MOST_LINES], order[MOST_LINES:]
    room = label_room([labels[d] for d in named], most=2.2)
    wide, tall, left = 8.0, 3.4, 0.7
    grey = f" Grey: the smallest {len(rest) if len(rest) > 1 else 'one'}." if len(rest) else ""
    page = sheet(
        f"Would more points change what {outcome} depends on?",
        f"Each index from the first N of the design alone; upright lines: {level:.0%} intervals. What is level and "
        f"apart from the others has converged.{grey}",
        source, wide, tall + 0.8,
    )  # fmt: skip
    ax = page.axes(MARGIN + left, 0.2, wide - 2 * MARGIN - left - room, tall)
    x = np.log2(np.asarray(sizes, float))
    for d in rest:
        ax.plot(x, index[:, d, 0], color="#bdbdbd", lw=0.8, zorder=1)
    looks = [Look(*pair) for pair in zip(OKABE_ITO, islice(cycle(["-", *DASHES]), MOST_LINES), strict=True)]
    ends = {}
    for place, (d, look) in enumerate(zip(named, looks, strict=False)):
        beside = x + 0.035 * (place - (len(named) - 1) / 2)
        ax.vlines(beside, index[:, d, 1], index[:, d, 2], color=look.colour, lw=1.3, zorder=2, gid="interval")
        ax.plot(beside, index[:, d, 0], color=look.colour, linestyle=look.dash, marker="o", markersize=3.5, zorder=3,
                gid="index")  # fmt: skip
        ends[labels[d]] = (float(index[-1, d, 0]), look)
    late = index[len(sizes) // 2 :]
    ax.set_ylim(*limits([(0.0, 0.0), (float(late[..., 1].min()), float(late[..., 2].max()))], least=0.1))
    ax.set_xlim(x[0] - 0.15, x[-1] + 0.15)
    ax.set_xticks(x, [f"{size:,}" for size in sizes])
    ax.axhline(0, color=INK, lw=0.9)
    ax.set_xlabel("N, base sample (each step doubles the runs)")
    ax.set_ylabel("\n".join(wrap(measure, tall, 8.5)[:2]))
    end_labels(ax, ends, room)
    return page.figure


# --- rows of bars


def _name_room(names: Sequence[str]) -> float:
    return min(NAME_ROOM, max(width(name, SMALL) for name in names) + 0.15)


def _short(name: str, room: float) -> list[str]:
    """A name in at most two lines, a pair in one each; what is cut is in the tables."""
    if " × " in name and width(name, SMALL) > room:
        return [_line(part, room - 0.15) + end for part, end in zip(name.split(" × ", 1), (" ×", ""), strict=True)]
    lines = wrap_path(name, room, SMALL)
    return lines if len(lines) <= 2 else [lines[0], _line("".join(lines[1:]), room)]


def _line(name: str, room: float) -> str:
    """A name in one line; of one that is too long the end is kept, which says most of a path."""
    cut = name
    while len(cut) > 1 and width(cut if cut == name else f"…{cut}", SMALL) > room:
        cut = cut[1:]
    return cut if cut == name else f"…{cut}"


def _rows(page: Page, ax: Axes, names: Sequence[str], left: float) -> None:
    """Names at the left of a row each, the first on top."""
    inches = size_of(ax)[0]
    for row, name in enumerate(names):
        ax.text(-0.08 / inches, row, "\n".join(_short(name, left - 0.1)), transform=ax.get_yaxis_transform(),
                ha="right", va="center", fontsize=SMALL, linespacing=1.15)  # fmt: skip
    ax.set(ylim=(len(names) - 0.45, -0.55), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=INK, lw=0.9)


def _interval(ax: Axes, index: Array, row: float, colour: str = SEEN) -> None:
    ax.plot(index[1:], [row, row], color=colour, lw=1.1, zorder=3, solid_capstyle="butt", gid="interval")


def _from_zero(index: Array) -> tuple[float, float]:
    """Limits that hold zero and every interval."""
    low, high = min(0.0, float(index[:, 1].min())), max(0.02, float(index[:, 2].max()))
    return low - (0.03 * (high - low) if low < 0 else 0.0), high + 0.03 * (high - low)


def _impossible(ax: Axes) -> None:
    """Grey where a share of variance cannot be: below nothing and above all."""
    low, high = ax.get_xlim()
    for start, end in ((low, 0.0), (1.0, high)):
        if end > start:
            ax.axvspan(start, end, color="#000000", alpha=0.07, lw=0, zorder=0.5, gid="impossible")


def _rank(index: Array, d: int) -> str:
    """The ranks that the intervals allow."""
    best = 1 + int((index[:, 1] > index[d, 2]).sum())
    worst = len(index) - int((index[:, 2] < index[d, 1]).sum())
    return f"{best}" if best == worst else f"{best}–{worst}"


def _left_out(labels: Sequence[str], order: Array, what: str = "are in the table only") -> str:
    missing = len(labels) - len(order)
    return f" The {missing} smallest {what}." if missing else ""
