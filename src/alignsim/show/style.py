"""One look for every figure: the page, its colours and lines, and the bytes of the file.

A page is laid out in inches from its top left corner, so that text keeps its size whatever is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from alignsim.files import write_atomically
from alignsim.show.labels import spread, width, wrap

INK, MUTED, FAINT, PAPER = "#1f1f1f", "#5c5c5c", "#dcdcdc", "#ffffff"
GREY_LAND = "#dfdfdf"
SMALL = 8.0
"""Points; nothing is smaller."""
LINE = 1.35 * SMALL / 72
"""Height of a line of small text, inches."""

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that the colour-blind tell apart (Okabe and Ito 2008); black is the baseline's."""
DASHES: tuple[Any, ...] = ((0, (5, 1.4)), (0, (1.2, 1.1)), (0, (6, 1.4, 1.2, 1.4)), (0, (2.6, 1.2)), (0, (8, 2)))
OPPOSED_TO_ALIGNED = LinearSegmentedColormap.from_list(
    "opposed_to_aligned", ["#8a3800", "#d55e00", "#f3b27f", "#f7f5f2", "#8cbcdb", "#0072b2", "#00385c"]
)
"""-1 orange, 0 paper, 1 blue: the two Okabe-Ito hues that differ most in hue and least in doubt."""

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "text.parse_math": False,
    "axes.edgecolor": "#9a9a9a", "axes.labelcolor": INK, "axes.labelsize": 8.5, "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "axes.titlesize": 10, "axes.titlelocation": "left", "axes.titleweight": "bold",
    "grid.color": "#ebebeb", "grid.linewidth": 0.7, "lines.linewidth": 1.7, "lines.solid_capstyle": "round",
    "xtick.labelsize": 8, "ytick.labelsize": 8, "xtick.color": MUTED, "ytick.color": MUTED,
    "xtick.major.size": 3, "ytick.major.size": 0, "xtick.major.width": 0.7, "hatch.linewidth": 0.5,
    "svg.hashsalt": "alignsim", "svg.fonttype": "path", "savefig.dpi": 150, "figure.facecolor": PAPER,
}  # fmt: skip

BELIEFS = {
    "signed": "uncalibrated: theory-signed prior",
    "sceptical": "uncalibrated: sceptical prior",
    "calibrated-signed": "calibrated on the past, from the theory-signed prior",
    "calibrated-sceptical": "calibrated on the past, from the sceptical prior",
    "fixed": "fixed parameters",
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw under this look, whatever the user's own matplotlib settings are."""

    @wraps(draw)
    def under_the_look(*arguments: Any, **options: Any) -> Figure:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC)
            return draw(*arguments, **options)

    return under_the_look


class Picture(Figure):
    """A figure that a notebook shows by itself, under this look."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        content = BytesIO()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC)
            self.savefig(content, format="png", dpi=150, metadata={"Software": None})
        wide, tall = self.get_size_inches()
        return content.getvalue(), {"width": round(90 * wide), "height": round(90 * tall)}


# --- what a dataset says of itself


def structured(data: Any, key: str, default: Any) -> Any:
    """An attribute that holds JSON text, read; `default` where it is absent."""
    return json.loads(data.attrs[key]) if data.attrs.get(key) else default


def name(data: Any, code: str) -> str:
    """English name of a state, or its code."""
    return structured(data, "names", {}).get(str(code), str(code))


def dyad_name(data: Any, dyad: str) -> str:
    """ "Iran – Russia" for "IRN-RUS"."""
    return " – ".join(name(data, code) for code in sides(dyad))


def sides(dyad: str) -> tuple[str, str]:
    """Codes of the first-named and the second member."""
    first, second = str(dyad).split("-", 1)
    return first, second


def branch_to_show(data: Any, branch: str | None) -> str:
    """The branch asked for, else the first that is not the baseline, else the baseline. Raises KeyError if unknown."""
    known = [str(b) for b in data.branch.values]
    if branch is None:
        return known[min(1, len(known) - 1)]
    if branch not in known:
        raise KeyError(f"{branch!r} is not a branch of these results; there are {', '.join(known)}")
    return branch


def month(time: Any) -> str:
    """ "Feb 2025"."""
    return f"{mdates.num2date(mdates.date2num(np.datetime64(time, 'D'))):%b %Y}"


# --- lines


@dataclass(frozen=True)
class Look:
    """How a branch is drawn everywhere: the dash tells it apart where colour is lost."""

    colour: str
    dash: Any


def looks(data: Any) -> dict[str, Look]:
    """A look for each branch; the baseline is a full black line."""
    others = [str(b) for b in data.branch.values][1:]
    colours, dashes = islice(cycle(OKABE_ITO), len(others)), islice(cycle(DASHES), len(others))
    drawn = dict(zip(others, map(Look, colours, dashes), strict=True))
    return {str(data.branch.values[0]): Look(INK, "-"), **drawn}


def bands(ax: Axes, x: Any, samples: Any, look: Look, crowded: bool = False) -> tuple[float, float]:
    """Median line with 50% and 90% bands of `samples` (run, time). Returns the lowest and highest value drawn.

    Where several bands lie over each other (`crowded`) the 90% band is an outline, so that colours do not mix to mud.
    """
    q05, q25, q50, q75, q95 = np.quantile(samples, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    if crowded:
        for edge in (q05, q95):
            ax.plot(x, edge, color=look.colour, lw=0.6, alpha=0.55, zorder=2)
    else:
        ax.fill_between(x, q05, q95, color=look.colour, alpha=0.1, linewidth=0)
    ax.fill_between(x, q25, q75, color=look.colour, alpha=0.1 if crowded else 0.2, linewidth=0)
    ax.plot(x, q50, color=look.colour, linestyle=look.dash, zorder=3, gid="median")
    return float(q05.min()), float(q95.max())


def limits(ranges: list[tuple[float, float]], least: float, pad: float = 0.06) -> tuple[float, float]:
    """Limits round all ranges that are never narrower than `least`, so that a constant stays a flat line."""
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    missing = max(0.0, least - (high - low)) / 2
    low, high = low - missing, high + missing
    return low - pad * (high - low), high + pad * (high - low)


def size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of axes, in inches."""
    box, page_size = ax.get_position(), ax.figure.bbox_inches  # type: ignore[union-attr]
    return box.width * page_size.width, box.height * page_size.height


def time_axis(ax: Axes, times: Any, label: bool = True) -> Any:
    """Ticks at months, years or decades, whatever the span asks for. Returns the times as numbers to plot against."""
    x = mdates.date2num(times)
    ax.set_xlim(x[0], x[-1])
    years = (x[-1] - x[0]) / 365.25
    room = size_of(ax)[0]
    if years <= 2.5:
        months = (1, 7) if years > 1 else (1, 4, 7, 10)
        ax.xaxis.set_major_locator(mdates.MonthLocator(bymonth=months))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%b %Y"))
    else:
        step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if years / s * 0.42 <= room)
        ax.xaxis.set_major_locator(mdates.YearLocator(step))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%Y"))
    ax.tick_params(labelbottom=label)
    return x


def end_labels(ax: Axes, ends: Mapping[str, tuple[float, Look]], room: float) -> None:
    """Names of lines at their right end, moved apart, in at most `room` inches; call it when the limits are set."""
    low, high = ax.get_ylim()
    across_inches, tall = size_of(ax)
    per_inch = (high - low) / tall
    lines = {label: wrap(label, room - 0.16, SMALL) for label in ends}
    heights = [len(lines[label]) * LINE * per_inch for label in ends]
    half = heights[0] / 2 if heights else 0
    placed = spread([ends[label][0] for label in ends], heights, low + half, high - half)
    ticks = 0.13 / across_inches
    for (label, (value, look)), y in zip(ends.items(), placed, strict=True):
        across = ax.get_yaxis_transform()
        ax.plot([1, 1 + ticks], [value, y], transform=across, color=look.colour, lw=0.7, clip_on=False)
        words, colour = "\n".join(lines[label]), readable(look.colour)
        ax.text(1 + ticks * 1.25, y, words, transform=across, color=colour, fontsize=SMALL, va="center", ha="left",
                linespacing=1.1)  # fmt: skip


def readable(colour: str) -> Any:
    """A colour dark enough for small text on paper: its contrast is 4.5 and more (WCAG 2.1, 1.4.3)."""
    share = np.array(to_rgb(colour))
    while 1.05 / (_luminance(share) + 0.05) < 4.5:
        share = share * 0.95
    return tuple(share)


def _luminance(rgb: Any) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.1)."""
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def label_room(labels: list[str], most: float = 1.15) -> float:
    """Inches that end labels need, at most `most`."""
    return min(most, 0.2 + max((width(label, SMALL) for label in labels), default=0.0))


# --- the page

MARGIN = 0.35


@dataclass(frozen=True)
class Page:
    """A figure with its heading and footer drawn; the body is the space between, in inches from the top left."""

    figure: Figure
    top: float
    width: float

    def axes(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
        """Axes at a place of the body, in inches."""
        page_width, page_height = self.figure.get_size_inches()
        bottom = page_height - self.top - top - height
        place = (left / page_width, bottom / page_height, width / page_width, height / page_height)
        return self.figure.add_axes(place, **options)

    def text(self, left: float, top: float, words: str, **options: Any) -> Any:
        """Text whose upper left corner is at a place of the body, in inches."""
        page_width, page_height = self.figure.get_size_inches()
        place: dict[str, Any] = {"va": "top", "ha": "left", "fontsize": SMALL}
        return self.figure.text(left / page_width, 1 - (self.top + top) / page_height, words, **(place | options))


def page(data: Any, title: str, note: str, wide: float, body: float, key: list[str] | None = None) -> Page:
    """A sheet `wide` inches with a body of `body` inches under a heading, and a footer that says what was run."""
    return sheet(title, note, provenance(data), wide, body)


def sheet(title: str, note: str, source: str, wide: float, body: float) -> Page:
    """A page of numbers that are no results dataset; `source` is its footer."""
    room = (wide - 2 * MARGIN) * 0.98
    headline, explained = wrap(title, room, 13, "bold"), wrap(note, room, 9) if note else []
    imprint = wrap(source, room, SMALL)
    top = 0.28 + 0.25 * len(headline) + 0.17 * len(explained) + 0.12
    foot = 0.24 + LINE * len(imprint) + 0.12
    height = top + body + foot
    figure = Picture(figsize=(wide, height))
    left, up = MARGIN / wide, lambda inches: 1 - inches / height
    figure.text(left, up(0.24), "\n".join(headline), fontsize=13, weight="bold", va="top", linespacing=1.25)
    start = 0.24 + 0.25 * len(headline)
    figure.text(left, up(start), "\n".join(explained), fontsize=9, color=MUTED, va="top", linespacing=1.25)
    rule = foot - 0.12
    figure.add_artist(matplotlib.lines.Line2D([left, 1 - left], [rule / height] * 2, color=FAINT, lw=0.8))
    figure.text(
        left, (rule - 0.06) / height, "\n".join(imprint), fontsize=SMALL, color=MUTED, va="top", linespacing=1.3
    )
    figure.set_label(" ".join([title.rstrip(".") + ".", note]).strip())
    return Page(figure, top, wide)


def provenance(data: Any) -> str:
    """Scenario, world, runs, seed and what is believed, for the footer."""
    facts = data.attrs
    belief = str(facts.get("belief", ""))
    parts = [
        str(facts.get("title", "")),
        f"world {facts['world']}" if facts.get("world") else "",
        f"{data.sizes['run']:,} run{'s' if data.sizes['run'] != 1 else ''} a branch",
        f"seed {facts['seed']}" if "seed" in facts else "",
        f"theory: {facts['theory']}" if facts.get("theory") else "",
        BELIEFS.get(belief, belief),
    ]
    return "  ·  ".join(part for part in parts if part)


# --- files


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG or SVG, whole or not at all; the same figure gives the same bytes.

    The description that a screen reader needs (`figure.get_label()`) is kept in the file.
    """
    kind = path.suffix.lstrip(".").lower()
    words = {"Title": figure.get_label()} if kind == "png" else {"Description": figure.get_label()}
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    metadata = dates | ({"Subject": figure.get_label()} if kind == "pdf" else words)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        return write_atomically(path, lambda temporary: figure.savefig(temporary, format=kind, metadata=metadata))
