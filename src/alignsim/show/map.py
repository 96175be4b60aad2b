"""The world as one state sees it: who is aligned with it at the start, and who has moved by the end."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from alignsim.show.labels import width
from alignsim.show.matrix import scale
from alignsim.show.style import (
    GREY_LAND,
    INK,
    LINE,
    MARGIN,
    OPPOSED_TO_ALIGNED,
    PAPER,
    SMALL,
    branch_to_show,
    month,
    name,
    page,
    sides,
    styled,
)

OUTLINES = Path(__file__).resolve().parents[1] / "data" / "map" / "outlines.json"
SOUTH, NORTH = -57.0, 90.0
PAGE = 10.5
SMALL_LAND = 0.0016
"""Land smaller than this on the unit globe (about 65,000 km2) is shown as a dot as well."""
NAMED = 8
"""The largest changes that are written on the map."""
CHOSEN = "#111111"
_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796


def equal_earth(longitude: Any, latitude: Any) -> tuple[Any, Any]:
    r"""Degrees to the plane of the unit globe; areas are true (Savric, Patterson and Jenny 2018).

    .. math::
        \sin\theta = \tfrac{\sqrt 3}{2} \sin\varphi, \quad
        x = \frac{2 \sqrt 3 \, \lambda \cos\theta}{3 (9 A_4 \theta^8 + 7 A_3 \theta^6 + 3 A_2 \theta^2 + A_1)}, \quad
        y = A_4 \theta^9 + A_3 \theta^7 + A_2 \theta^3 + A_1 \theta
    """
    lam, phi = np.radians(longitude), np.radians(latitude)
    theta = np.arcsin(np.sqrt(3) / 2 * np.sin(phi))
    square = theta * theta
    sixth = square**3
    slope = 9 * _A4 * sixth * square + 7 * _A3 * sixth + 3 * _A2 * square + _A1
    x = 2 * np.sqrt(3) * lam * np.cos(theta) / (3 * slope)
    return x, theta * (_A1 + _A2 * square + sixth * (_A3 + _A4 * square))


@cache
def outlines() -> tuple[tuple[str, Any], ...]:
    """Pairs (code, ring (M, 2) on the plane) in the order to draw; a code that begins with "-" is no state of ours."""
    shapes = json.loads(OUTLINES.read_text(encoding="utf-8"))
    rings = []
    for code, flat_rings in shapes.items():
        for flat in flat_rings:
            degrees = np.array(flat, float).reshape(-1, 2) / 10
            rings.append((code, np.column_stack(equal_earth(*degrees.T))))
    return tuple(rings)


@styled
def world_map(data: Any, state: str | None = None, branch: str | None = None) -> Figure:
    """Mean alignment with `state` (default: first of the focus) at the start, and its change to the end of `branch`.

    Equal Earth projection, so that no state is larger than it is. Light grey: not a state of this world. Raises
    KeyError for a state or branch that the results do not hold.
    """
    state = sides(data.dyad.values[0])[0] if state is None else state
    codes = data.state.values.astype(str)
    if state not in codes:
        raise KeyError(f"{state!r} is not a state of these results")
    branch = branch_to_show(data, branch)
    mean = data.alignment_mean.sel(branch=branch, state=state).values
    change, other = mean[-1] - mean[0], codes != state
    reach = _round_up(float(np.quantile(np.abs(change[other]), 0.98)) if other.any() else 0.1)
    when = [month(t) for t in data.frame.values[[0, -1]]]
    who = name(data, state)
    title = f"Alignment with {who} in {when[0]}, and how it has changed by {when[1]} in branch {branch}"
    note = f"Mean of the runs. {who} is black. Light grey: not part of this world. Dots: states too small to see."
    high, low = equal_earth(0, NORTH)[1] + 0.01, equal_earth(0, SOUTH)[1] - 0.01
    half = equal_earth(180, 0)[0]
    wide = PAGE - 2 * MARGIN
    tall = wide * (high - low) / (2 * half)
    each = 0.28 + tall + 0.62
    sheet = page(data, title, note, PAGE, 2 * each + LINE * 2.3)
    panels = (
        (mean[0], 1.0, f"Alignment in {when[0]}", "alignment"),
        (change, reach, f"Change from {when[0]} to {when[1]}, {branch}", "change of alignment"),
    )
    for row, (values, limit, words, unit) in enumerate(panels):
        ax = sheet.axes(MARGIN, row * each + 0.28, wide, tall)
        ax.set(xlim=(-half, half), ylim=(low, high), xticks=[], yticks=[])
        ax.set_title(words, pad=5)
        shown = dict(zip(codes, values / limit, strict=True))
        _land(ax, shown, state)
        _dots(ax, data, shown, state)
        if row:
            _names(ax, data, codes, values, state, wide / (2 * half))
        scale(sheet, MARGIN + (wide - 3.4) / 2, row * each + 0.28 + tall + 0.04, 3.4, limit, unit)
    borders = (
        "Borders: Natural Earth 4.1, 1:110m (public domain), drawn as controlled in fact; "
        "no position on any border is meant. Projection: Equal Earth."
    )
    sheet.text(MARGIN, 2 * each + 0.08, borders)
    return sheet.figure


def _round_up(value: float) -> float:
    """The next step of a scale, 0.05 to 1."""
    return next((step for step in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75) if value <= step), 1.0)


def _colour(value: float) -> Any:
    """Colour of -1..1."""
    return OPPOSED_TO_ALIGNED((value + 1) / 2)


def _land(ax: Axes, shown: dict[str, float], state: str) -> None:
    """Graticule and land."""
    ax.grid(False)
    ax.spines[:].set_visible(False)
    along, across = np.linspace(-180, 180, 91), np.linspace(SOUTH, NORTH, 60)
    net = [np.column_stack(equal_earth(along, np.full_like(along, at))) for at in (SOUTH, -30, 0, 30, 60, NORTH)]
    net += [np.column_stack(equal_earth(np.full_like(across, at), across)) for at in range(-180, 181, 60)]
    ax.add_collection(LineCollection(net, colors="#eeeeee", linewidths=0.6, zorder=0))
    colours = [
        CHOSEN if code == state else _colour(shown[code]) if code in shown else GREY_LAND for code, _ in outlines()
    ]
    edges = ["#7d7d7d" if code in shown else PAPER for code, _ in outlines()]
    rings = [ring for _, ring in outlines()]
    ax.add_collection(PolyCollection(rings, facecolors=colours, edgecolors=edges, linewidths=0.4, gid="land"))


def _dots(ax: Axes, data: Any, shown: dict[str, float], state: str) -> None:
    """States that the outlines lack or that would hardly be seen, at their coordinates."""
    size: dict[str, float] = {}
    for code, ring in outlines():
        size[code] = size.get(code, 0.0) + abs(_area(ring))
    small = [i for i, code in enumerate(data.state.values.astype(str)) if size.get(code, 0.0) < SMALL_LAND]
    if not small:
        return
    codes = data.state.values.astype(str)[small]
    x, y = equal_earth(data.longitude.values[small], data.latitude.values[small])
    colours = [CHOSEN if code == state else _colour(shown[code]) for code in codes]
    ax.scatter(x, y, s=20, color=colours, edgecolor="#6f6f6f", linewidth=0.5, zorder=3, gid="dots")


def _area(ring: Any) -> float:
    """Signed area of a closed ring (the surveyor's formula)."""
    x, y = ring.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def _names(ax: Axes, data: Any, codes: Any, change: Any, state: str, inches: float) -> None:
    """The largest changes by name and number, leaving out what would lie over another."""
    taken: list[tuple[float, float, float]] = []
    for i in sorted(range(len(codes)), key=lambda i: (-abs(change[i]), codes[i])):
        if len(taken) == NAMED or abs(change[i]) < 0.005:
            return
        if codes[i] == state:
            continue
        words = f"{name(data, codes[i])} {change[i]:+.2f}".replace("-", "−")
        half, up = width(words, SMALL) / inches / 2, LINE / inches
        x, y = _middle(codes[i]) or _above(data, i, up * 0.9)
        x = float(np.clip(x, ax.get_xlim()[0] + half, ax.get_xlim()[1] - half))
        if all(abs(x - a) > half + b or abs(y - c) > up for a, c, b in taken):
            taken.append((x, y, half))
            ax.text(x, y, words, fontsize=SMALL, ha="center", va="center", color=INK, zorder=5,
                    path_effects=[withStroke(linewidth=2.2, foreground=PAPER)], gid="named")  # fmt: skip


def _middle(code: str) -> tuple[float, float] | None:
    """The centre of the largest piece of a state's land; None for one that is drawn as a dot."""
    pieces = [ring for owner, ring in outlines() if owner == code]
    if sum(abs(_area(ring)) for ring in pieces) < SMALL_LAND:
        return None
    x, y = max(pieces, key=lambda ring: abs(_area(ring))).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    across, up = (float(((v[:-1] + v[1:]) * cross).sum() / (3 * cross.sum())) for v in (x, y))
    return across, up


def _above(data: Any, i: int, up: float) -> tuple[float, float]:
    """Just above a state's dot."""
    x, y = equal_earth(data.longitude.values[i], data.latitude.values[i])
    return float(x), float(y) + up
