"""Which sides form in a landscape: each minimum as two coalitions, with what every actor suffers where it stands."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from alignsim.show.labels import width, wrap
from alignsim.show.style import INK, LINE, MARGIN, MUTED, OKABE_ITO, SMALL, Page, Picture, styled

WIDE = 8.0
MOST = 4
"""Minima that are drawn; the table has all of them."""
BLUE, ORANGE = OKABE_ITO[:2]


@styled
def sides(found: Any) -> Figure:
    """Every minimum of a `study.landscapes.Minima` (the first four): bars to the left stand with the first actor, bars
    to the right against it; their length is the actor's size, hatched where it misses friends on the other side.
    """
    landscape, shown = found.landscape, found.minima[:MOST]
    heading = wrap(landscape.title, WIDE - 2 * MARGIN, 13, "bold")
    note = wrap(_note(found), WIDE - 2 * MARGIN, SMALL)
    row = 0.22
    tall = row * len(landscape.actors) + 0.95
    top, foot = 0.4 + 0.25 * len(heading), 0.25 + LINE * len(note)
    page = Page(Picture(figsize=(WIDE, top + tall * len(shown) + foot)), 0.0, WIDE)
    page.text(MARGIN, 0.2, "\n".join(heading), fontsize=13, weight="bold", va="top", linespacing=1.25)
    names = max(width(name, 8.5) for name in landscape.names) + 0.15
    for k, minimum in enumerate(shown, 1):
        ax = page.axes(MARGIN + names, top + (k - 1) * tall + 0.3, WIDE - 2 * MARGIN - names, tall - 0.95)
        _minimum(ax, [own for own in found.by_actor() if own["minimum"] == k])
        words = (
            f"Minimum {k}: energy {minimum.energy:,.10g}, reached from {minimum.basin:,.10g} of {found.starts:,} starts"
        )
        page.text(MARGIN, top + (k - 1) * tall, words.replace("-", "−"), fontsize=9.5, weight="bold", va="top")
    page.text(MARGIN, top + tall * len(shown), "\n".join(note), color=MUTED, va="top", linespacing=1.35)
    page.figure.set_label(f"{landscape.title} {_note(found)}")
    return page.figure


def _minimum(ax: Axes, actors: list[dict[str, Any]]) -> None:
    reach = 1.25 * max(own["size"] for own in actors)
    for place, own in enumerate(actors):
        sign = -1 if own["side"] == 1 else 1
        suffers = own["frustration"] > 0
        ax.barh(place, sign * own["size"], height=0.72, color=ORANGE if suffers else BLUE, alpha=0.8,
                hatch="////" if suffers else None, edgecolor="#ffffff", linewidth=0)  # fmt: skip
        words = f"{own['frustration']:+,.6g}".replace("-", "−") if own["frustration"] else "0"
        ax.annotate(words, (sign * own["size"], place), (4 * sign, 0), textcoords="offset points", fontsize=SMALL,
                    va="center", ha="left" if sign > 0 else "right", color=MUTED)  # fmt: skip
    ax.axvline(0, color=INK, lw=0.9)
    ax.set(xlim=(-reach, reach), ylim=(len(actors) - 0.4, -0.6))
    ax.set_yticks(range(len(actors)), [own["actor"] for own in actors], fontsize=8.5, color=INK)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"size of those with {actors[0]['actor']}  ←  →  size of the others")


def _note(found: Any) -> str:
    more = len(found.minima) - MOST
    parts = [
        "Grey numbers: frustration, size times propensity summed over those on the other side; negative where an actor "
        "is rid of foes, positive (orange, hatched) where it misses friends.",
        f"All {found.starts:,} configurations were looked at." if found.complete
        else f"Sought from {found.starts:,} random starts: minima with small basins may be missing.",
        f"{more} more minima are in the table." if more > 0 else "",
        "Landscape theory: Axelrod and Bennett (1993).",
    ]  # fmt: skip
    return " ".join(part for part in parts if part)
