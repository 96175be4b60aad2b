"""Who is aligned with whom: the whole matrix, bloc by bloc, at the start and at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alignsim.show.blocs import find_blocs, order_by_bloc
from alignsim.show.labels import spread, thin, wrap
from alignsim.show.style import (
    GREY_LAND,
    INK,
    MARGIN,
    MUTED,
    OPPOSED_TO_ALIGNED,
    PAPER,
    SMALL,
    Page,
    branch_to_show,
    month,
    page,
    size_of,
    structured,
    styled,
)

PAGE, CODES, GAP = 12.0, 0.42, 0.3
MOVED = 0.1
"""A change of mean alignment that is marked with a triangle."""
CAPITALS = 0.095
"""Inches that a code needs: 8 points without descenders."""
MARKED_UP_TO = 60
"""States; in a larger matrix the triangles would hide the cells."""


@styled
def matrix(data: Any, branch: str | None = None) -> Figure:
    """Mean alignment of all pairs at the start and at the end of `branch` (default: the first after the baseline).

    Both matrices have the same order: blocs of the start (`blocs.find_blocs`), alike states side by side.
    """
    branch = branch_to_show(data, branch)
    mean = data.alignment_mean.sel(branch=branch).values
    start, end = mean[0], mean[-1]
    blocs = find_blocs(start)
    order = order_by_bloc(start, blocs)
    codes = data.state.values[order].astype(str)
    side = (PAGE - 2 * MARGIN - 2 * CODES - GAP) / 2
    when = [month(t) for t in data.frame.values[[0, -1]]]
    marked = len(codes) <= MARKED_UP_TO
    note = f"Mean of the runs; states in the order of the blocs of {when[0]}, which the lines divide."
    if marked:
        note += f" Triangles: cells that rose or fell by {MOVED:g} or more."
    title = f"Alignment of {len(codes)} states in {when[0]} and, in branch {branch}, in {when[1]}"
    sheet = page(data, title, note, PAGE, 0.3 + side + CODES + 0.75)
    shown = _labelled(data, codes, start[order], side)
    for place, (values, words) in enumerate(((start, when[0]), (end, f"{when[1]}, {branch}"))):
        ax = sheet.axes(MARGIN + CODES + place * (side + GAP + CODES), 0.3, side, side)
        _cells(ax, values[np.ix_(order, order)], codes, shown, np.flatnonzero(np.diff(blocs[order])) + 1)
        ax.set_title(words, pad=5)
    if marked:
        _triangles(ax, (end - start)[np.ix_(order, order)], side)
    scale(sheet, MARGIN + CODES, 0.3 + side + CODES + 0.18, 3.2)
    _share_moved(sheet, start, end, MARGIN + 2 * CODES + side + GAP, 0.3 + side + CODES + 0.16, side)
    return sheet.figure


def _cells(ax: Axes, values: Any, codes: Any, shown: list[int], borders: Any) -> None:
    """One matrix with its codes and the lines between blocs."""
    size = len(codes)
    cells = np.ma.masked_array(values, np.eye(size, dtype=bool))
    colours = OPPOSED_TO_ALIGNED.with_extremes(bad=GREY_LAND)
    ax.imshow(cells, cmap=colours, vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
    for border in borders:
        ax.axhline(border - 0.5, color=INK, lw=1.0)
        ax.axvline(border - 0.5, color=INK, lw=1.0)
    ax.grid(False)
    ax.tick_params(length=0, pad=2)
    if len(shown) == size:
        ax.set_xticks(shown, codes, rotation=90, fontsize=SMALL, color=INK)
        ax.set_yticks(shown, codes, fontsize=SMALL, color=INK)
    else:
        ax.set(xticks=[], yticks=[])
        _some_codes(ax, codes, shown)
    ax.spines[:].set_visible(False)


def _triangles(ax: Axes, change: Any, side: float) -> None:
    """Marks on the cells that moved."""
    points = max(1.5, 0.45 * side * 72 / len(change))
    for sign, shape in ((1, "^"), (-1, "v")):
        rows, columns = np.nonzero(sign * change >= MOVED - 1e-9)
        ax.scatter(columns, rows, s=points**2, marker=shape, color=PAPER, edgecolor=INK, linewidth=0.5)


def _some_codes(ax: Axes, codes: Any, shown: list[int]) -> None:
    """Codes of some rows and columns, moved apart where crowded and tied to their cells."""
    side = size_of(ax)[0]
    cell = side / len(codes)
    placed = spread(np.array(shown) * cell, CAPITALS, 0, (len(codes) - 1) * cell) / cell
    near, far = 0.02 / side, 0.12 / side
    down, across = ax.get_yaxis_transform(), ax.get_xaxis_transform()
    for i, place in zip(shown, placed, strict=True):
        ax.plot([-near, -far], [i, place], transform=down, color=MUTED, lw=0.5, clip_on=False)
        ax.plot([i, place], [-near, -far], transform=across, color=MUTED, lw=0.5, clip_on=False)
        style: dict[str, Any] = {"fontsize": SMALL, "color": INK, "gid": "code"}
        ax.text(-far * 1.15, place, codes[i], transform=down, ha="right", va="center_baseline", **style)
        ax.text(place, -far * 1.15, codes[i], transform=across, ha="center", va="top", rotation=90, **style)


def _labelled(data: Any, codes: Any, start: Any, side: float) -> list[int]:
    """Which codes are written: all when there is room, else the focus states and the best connected."""
    focus = np.isin(codes, [code for dyad in structured(data, "focus", []) for code in dyad])
    kept = thin(np.arange(len(codes)) * side / len(codes), np.abs(start).sum(axis=1) + focus * 1e6, CAPITALS)
    return sorted({*kept, *np.flatnonzero(focus).tolist()})


def scale(sheet: Page, left: float, top: float, wide: float, reach: float = 1.0, words: str = "alignment") -> None:
    """The colour bar with what its ends mean; `reach` is the value at both ends."""
    ax = sheet.axes(left, top, wide, 0.13)
    ax.imshow(np.linspace(-1, 1, 256)[None], cmap=OPPOSED_TO_ALIGNED, aspect="auto", extent=(-reach, reach, 0, 1))
    ax.set_yticks([])
    ax.set_xticks(np.linspace(-reach, reach, 5), [f"{v:+.2g}".replace("-", "−") if v else "0"
                                                   for v in np.linspace(-reach, reach, 5)])  # fmt: skip
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ends = ("opposed", "aligned") if words == "alignment" else ("further apart", "closer")
    ax.set_xlabel(f"{ends[0]}  ←  {words} ({-reach:g} to {reach:g})  →  {ends[1]}".replace("-", "−"))


def _share_moved(sheet: Page, start: Any, end: Any, left: float, top: float, room: float) -> None:
    """A sentence on how much changed."""
    upper = np.triu_indices(len(start), 1)
    change = (end - start)[upper]
    rose, fell = (change >= MOVED - 1e-9).mean(), (change <= -MOVED + 1e-9).mean()
    text = (
        f"{rose:.0%} of the {len(change):,} pairs came closer by {MOVED:g} or more, {fell:.0%} moved apart as far; "
        f"mean {change.mean():+.3f}."
    ).replace("-", "−")
    sheet.text(left, top, "\n".join(wrap(text, room, SMALL)), color=MUTED, linespacing=1.3)
