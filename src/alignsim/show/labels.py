"""Words on paper: how wide they are, where they wrap, and how they keep out of each other's way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

POINTS = 72.0
"""To the inch."""


def width(text: str, size: float, weight: str = "normal") -> float:
    """Width of one line of text, in inches; `size` in points."""
    gaps = text.count(" ") * (_width("n n", size, weight) - _width("nn", size, weight))
    return sum(_width(word, size, weight) for word in text.split(" ") if word) + gaps


@lru_cache(maxsize=4096)
def _width(word: str, size: float, weight: str) -> float:
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(word, font, False)[0] / POINTS


def wrap(text: str, room: float, size: float, weight: str = "normal") -> list[str]:
    """The text in lines at most `room` inches wide; a word that is wider by itself is broken."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if width(joined, size, weight) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while width(word, size, weight) > room and len(word) > 1:
            fits = max(1, next(n for n in range(len(word), 0, -1) if n == 1 or width(word[:n], size, weight) <= room))
            lines[-1], word = word[:fits], word[fits:]
            lines.append("")
        lines[-1] = word
    return lines


def wrap_path(path: str, room: float, size: float) -> list[str]:
    """The path of an input in lines at most `room` inches wide, broken after a dot, an underscore or a space."""
    if width(path, size) <= room:
        return [path]
    lines = wrap(path.replace(".", ". ").replace("_", "_ "), room, size)
    return [line.replace(". ", ".").replace("_ ", "_") for line in lines]


def spread(places: Any, gaps: Any, low: float, high: float) -> Any:
    """Places moved as little as possible, so that no two are nearer than their gap, inside low..high if they fit.

    `gaps` is one number or one height for each place (neighbours then stay half of both apart). The shift is least in
    squares: runs of crowded labels share their mean, as in isotonic regression (pool adjacent violators).
    """
    wanted = np.asarray(places, float)
    if not len(wanted):
        return wanted
    heights = np.broadcast_to(np.asarray(gaps, float), wanted.shape)
    order = np.argsort(wanted, kind="stable")
    tall = heights[order]
    offsets = np.concatenate([[0.0], np.cumsum((tall[1:] + tall[:-1]) / 2)])
    blocks: list[list[float]] = []
    for value in wanted[order] - offsets:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    level = np.concatenate([np.full(int(n), value) for value, n in blocks])
    moved = np.clip(level, low, max(low, high - offsets[-1])) + offsets
    placed = np.empty_like(moved)
    placed[order] = moved
    return placed


def clusters(places: Sequence[float], texts: Any, room: float, gap: float, far: float) -> list[tuple[int, int, float]]:
    """Neighbours merged until their labels fit side by side, each no further than `far` from what it names.

    Those that span least are merged first. `places` are sorted, in inches from the left end of `room` inches;
    `texts(first, last)` gives the label of a merged group. Returns (first, last, where the label stands). What is at
    one place has one label.
    """
    groups: list[tuple[int, int]] = []
    for i, place in enumerate(places):
        same = bool(groups) and place - places[groups[-1][1]] < 1e-9
        groups[-1:] = [(groups[-1][0], i)] if same else [*groups[-1:], (i, i)]
    while True:
        middles = np.array([(places[a] + places[b]) / 2 for a, b in groups])
        sizes = [width(texts(a, b), 8) + gap for a, b in groups]
        stands = spread(middles, sizes, sizes[0] / 2, room - sizes[-1] / 2) if groups else middles
        fits = sum(sizes) <= room and (np.abs(stands - middles) <= far).all()
        if fits or len(groups) < 2:
            return [(a, b, float(stand)) for (a, b), stand in zip(groups, stands, strict=True)]
        k = min(range(len(groups) - 1), key=lambda k: places[groups[k + 1][1]] - places[groups[k][0]])
        groups[k : k + 2] = [(groups[k][0], groups[k + 1][1])]


def thin(places: Any, importance: Any, gap: float) -> list[int]:
    """Which labels to keep, most important first, so that no two stand nearer than `gap`; indices in order."""
    kept: list[int] = []
    for i in sorted(range(len(places)), key=lambda i: (-importance[i], i)):
        if all(abs(places[i] - places[k]) >= gap * 0.999 for k in kept):
            kept.append(i)
    return sorted(kept)
