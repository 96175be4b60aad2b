"""Blocs as a network: who is tied to whom at the start and at the end, each state in the same place."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from alignsim.show.blocs import find_blocs, refine
from alignsim.show.labels import width, wrap
from alignsim.show.style import (
    INK,
    LINE,
    MARGIN,
    MUTED,
    OKABE_ITO,
    PAPER,
    SMALL,
    Page,
    branch_to_show,
    month,
    name,
    page,
    structured,
    styled,
)

PAGE, GAP, LAYOUT_SEED = 12.0, 0.3, 7
TIES, RIVALRIES = 2.5, 0.6
"""Edges drawn for each state: the strongest positive and the strongest negative, as a multiple of the states."""
ALL_WRITTEN, WRITTEN = 60, 36
"""Up to so many states all codes are written; of more, so many: the focus and the largest traders."""


@styled
def network(data: Any, branch: str | None = None) -> Figure:
    """The strongest ties and rivalries at the start and at the end of `branch` (default: the first after the baseline).

    The place of a state comes from the start (Fruchterman and Reingold 1991, with a fixed seed) and stays. The
    thresholds for an edge are those of the start, so a bloc that closes ranks gains lines. Sizes grow with the log of
    total trade. Blocs are those of signed modularity; a black ring marks a state that changed its bloc.
    """
    branch = branch_to_show(data, branch)
    mean = data.alignment_mean.sel(branch=branch).values
    codes = data.state.values.astype(str)
    first = find_blocs(mean[0])
    last = refine(mean[-1], first)
    traded = data.trade_mean.sel(branch=branch).values
    side = (PAGE - 2 * MARGIN - GAP) / 2
    sizes = _diameters(traded[0], side)
    place = _layout(mean[0], sizes, side)
    written = _written(data, codes, traded[0])
    when = [month(t) for t in data.frame.values[[0, -1]]]
    strong, bitter = _thresholds(mean[0])
    note = (
        f"Full line: alignment of {strong:.2f} or more. Dashed: {bitter:.2f} or less. ".replace("-", "−")
        + "Size: log of total trade. Colour and shape: bloc. Black ring: the state changed its bloc."
    )
    title = f"Blocs of {len(codes)} states in {when[0]} and, in branch {branch}, in {when[1]}"
    legend = _legend(data, codes, first, last, traded[0].sum(axis=0) + traded[0].sum(axis=1), PAGE - 2 * MARGIN)
    sheet = page(data, title, note, PAGE, 0.3 + side + 0.1 + LINE * sum(len(lines) for _, lines in legend) + 0.05)
    shown = ((mean[0], first, when[0]), (mean[-1], last, f"{when[1]}, {branch}"))
    for column, (values, blocs, words) in enumerate(shown):
        ax = sheet.axes(MARGIN + column * (side + GAP), 0.3, side, side)
        ax.set_title(words, pad=5)
        _edges(ax, values, place, blocs, (strong, bitter))
        _nodes(ax, codes, place, sizes, blocs, first, written, side)
    _write_legend(sheet, legend, 0.3 + side + 0.1)
    return sheet.figure


def _thresholds(alignment: Any) -> tuple[float, float]:
    """The alignment from which a tie, and below which a rivalry, is drawn."""
    ties = np.sort(alignment[np.triu_indices(len(alignment), 1)])
    if not len(ties):
        return 1.0, -1.0
    strong = ties[-min(len(ties), max(1, round(TIES * len(alignment))))]
    bitter = ties[min(len(ties), max(1, round(RIVALRIES * len(alignment)))) - 1]
    return max(float(strong), 0.05), min(float(bitter), -0.05)


def _layout(alignment: Any, sizes: Any, side: float) -> Any:
    """Places (N, 2) in inches: springs where alignment is above the usual, turned and spread to fill the frame."""
    ties = alignment[np.triu_indices(len(alignment), 1)]
    usual = float(np.quantile(ties, 0.6)) if len(ties) else 0.0
    pull = np.maximum(alignment - usual, 0.0)
    np.fill_diagonal(pull, 0.0)
    graph = nx.from_numpy_array(pull / max(pull.max(), 1e-9))
    springs = nx.spring_layout(graph, k=2.2 / np.sqrt(len(alignment)), seed=LAYOUT_SEED, iterations=120)
    spots = np.array([springs[i] for i in range(len(alignment))])
    spots = spots - spots.mean(axis=0)
    spots = spots @ np.linalg.svd(spots, full_matrices=False)[2].T
    # ranks in place of distances: the crowd gets as much room as the outliers
    even = np.argsort(np.argsort(spots, axis=0, kind="stable"), axis=0) / max(len(spots) - 1, 1) * 2 - 1
    spots = 0.3 * spots / np.maximum(np.abs(spots).max(axis=0), 1e-9) + 0.7 * even
    inset = side / 2 - sizes.max() / 2 - 0.08
    return _apart(spots * inset, sizes, inset)


def _apart(spots: Any, sizes: Any, inset: float, rounds: int = 200) -> Any:
    """Overlapping discs moved apart step by step, inside the square."""
    spots = np.array(spots)
    least = (sizes[:, None] + sizes) / 2 * 1.3
    for _ in range(rounds):
        offset = spots[:, None] - spots[None]
        distance = np.sqrt((offset**2).sum(axis=-1))
        np.fill_diagonal(distance, np.inf)
        overlap = np.maximum(least - distance, 0.0)
        np.fill_diagonal(overlap, 0.0)
        if overlap.max() < 1e-3:
            break
        spots += (offset / np.maximum(distance, 1e-6)[..., None] * overlap[..., None]).sum(axis=1) * 0.4
        spots = np.clip(spots, -inset, inset)
    return spots


def _diameters(trade: Any, side: float) -> Any:
    """Diameters of the discs in inches, from the log of total trade; they cover a like share of any panel."""
    total = np.log10(1 + trade.sum(axis=0) + trade.sum(axis=1))
    spread = float(np.ptp(total))
    share = (total - total.min()) / spread if spread > 0 else np.full(len(total), 0.5)
    room = 0.32 * min(1.0, np.sqrt(48 / len(total)))
    return room * (0.95 + 0.45 * share)


def _written(data: Any, codes: Any, trade: Any) -> Any:
    """Which states have their code on the disc, (N,) of bool."""
    focus = {code for dyad in structured(data, "focus", []) for code in dyad}
    weight = trade.sum(axis=0) + trade.sum(axis=1) + np.isin(codes, sorted(focus)) * 1e12
    return np.argsort(np.argsort(-weight, kind="stable")) < (len(codes) if len(codes) <= ALL_WRITTEN else WRITTEN)


def _edges(ax: Axes, alignment: Any, place: Any, blocs: Any, thresholds: tuple[float, float]) -> None:
    """Lines of ties and dashes of rivalries."""
    rows, columns = np.triu_indices(len(alignment), 1)
    values, ends = alignment[rows, columns], np.stack([place[rows], place[columns]], axis=1)
    tied, opposed = values >= thresholds[0], values <= thresholds[1]
    colours = [colour_of(blocs[i]) if blocs[i] == blocs[j] else MUTED for i, j in zip(rows, columns, strict=True)]
    chosen = [colour for colour, tie in zip(colours, tied, strict=True) if tie]
    ax.add_collection(LineCollection(ends[tied], colors=chosen, lw=1.0, alpha=0.5, zorder=1, gid="ties"))
    dashes = LineCollection(ends[opposed], colors=INK, lw=0.6, ls=(0, (4, 4)), alpha=0.3, zorder=0.9, gid="rivalries")
    ax.add_collection(dashes)


def _nodes(ax: Axes, codes: Any, place: Any, sizes: Any, blocs: Any, first: Any, written: Any, side: float) -> None:
    """Discs and codes."""
    ax.set(xlim=(-side / 2, side / 2), ylim=(-side / 2, side / 2), aspect="equal", xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set(visible=True, color="#e2e2e2")
    moved = blocs != first
    for bloc in set(blocs.tolist()):
        its = blocs == bloc
        ax.scatter(
            place[its, 0],
            place[its, 1],
            s=(sizes[its] * 72) ** 2 * SHAPE_AREA.get(shape_of(bloc), 1.0),
            color=colour_of(bloc),
            marker=shape_of(bloc),
            edgecolor=np.where(moved[its], INK, PAPER),
            linewidth=np.where(moved[its], 2.0, 0.8),
            zorder=2,
        )
    for i in np.flatnonzero(written):
        if width(codes[i], SMALL, "bold") < sizes[i] * 0.98:
            ax.text(place[i, 0], place[i, 1], codes[i], fontsize=SMALL, zorder=3, ha="center",
                    va="center_baseline", color=PAPER, weight="bold")  # fmt: skip
        else:
            halo = [withStroke(linewidth=2, foreground=PAPER)]
            ax.text(place[i, 0], place[i, 1] - sizes[i] / 2 - 0.07, codes[i], fontsize=SMALL, zorder=4, ha="center",
                    va="center_baseline", color=INK, path_effects=halo)  # fmt: skip


def colour_of(bloc: int) -> str:
    """Colour of a bloc."""
    return BLOC_COLOURS[int(bloc) % len(BLOC_COLOURS)]


def shape_of(bloc: int) -> str:
    """Shape of a bloc, which says without colour who belongs to it."""
    return BLOC_SHAPES[int(bloc) % len(BLOC_SHAPES)]


BLOC_SHAPES = ("o", "s", "h", "D", "8", "p")
SHAPE_AREA = {"s": 0.85, "D": 0.6}
"""So that a square or a diamond looks no larger than a disc."""
BLOC_COLOURS = (OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[2], "#8e4b86", "#8a6a00", "#555555")
"""Okabe-Ito, the light ones darkened so that white letters read on them."""


def _legend(data: Any, codes: Any, first: Any, last: Any, weight: Any, room: float) -> list[tuple[int, list[str]]]:
    """A line for each bloc: its largest traders at the start, its sizes, who joined."""
    lines = []
    for bloc in range(int(max(first.max(), last.max())) + 1):
        members = sorted(np.flatnonzero(first == bloc), key=lambda i: (-weight[i], codes[i]))
        joined = [name(data, codes[i]) for i in np.flatnonzero((last == bloc) & (first != bloc))]
        words = f"{', '.join(name(data, codes[i]) for i in members[:5])}" + (" …" if len(members) > 5 else "")
        words += f": {len(members)} states, {int((last == bloc).sum())} at the end"
        words += f"; joined by {', '.join(joined[:8])}{' …' if len(joined) > 8 else ''}" if joined else ""
        lines.append((bloc, wrap(words, room - 0.25, SMALL)))
    return lines


def _write_legend(sheet: Page, legend: list[tuple[int, list[str]]], top: float) -> None:
    """Coloured squares and words under the panels."""
    for bloc, lines in legend:
        ax = sheet.axes(MARGIN, top - 0.02, LINE, LINE, xticks=[], yticks=[], frame_on=False)
        ax.plot(0, 0, shape_of(bloc), color=colour_of(bloc), markersize=6)
        for words in lines:
            sheet.text(MARGIN + 0.2, top, words, color=INK)
            top += LINE
