"""Figures of a judged claim: the verdict over theories and beliefs, its path, dose, reversal, causes and failures.

They read the claims of `judgement.json` and carry no heading of their own, because the report's caption is their
heading; `headed` gives one to a figure that stands alone. All are narrow enough to be read on a phone without zooming.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alignsim.show.events import Marker, mark
from alignsim.show.labels import width, wrap
from alignsim.show.style import (
    INK,
    LINE,
    MUTED,
    OKABE_ITO,
    SMALL,
    Look,
    Page,
    Picture,
    end_labels,
    limits,
    styled,
    time_axis,
)

WIDE = 4.5
"""Inches; narrow, so that the text of a figure keeps four fifths of its size on a phone."""
EDGE = 0.08
LEFT = 0.88
"""Inches for the numbers and the name of an upright axis."""
OURS = "consent"
"""The law of motion that the beliefs of a claim belong to; the others are its rivals."""
BLUE, ORANGE, GREEN, PINK = OKABE_ITO[:4]
QUANTILES = ("q05", "q25", "q50", "q75", "q95")
MOST = 160
"""Letters of a label that are looked at at all."""
LOOKS = {
    "signed": Look(BLUE, "-"),
    "sceptical": Look(MUTED, (0, (4, 1.6))),
    "calibrated-signed": Look(GREEN, (0, (6, 1.4, 1.2, 1.4))),
    "calibrated-sceptical": Look(PINK, (0, (6, 1.4, 1.2, 1.4, 1.2, 1.4))),
    "fixed": Look(INK, (0, (1.2, 1.1))),
}
"""How each belief family is drawn everywhere."""
OTHER = Look(PINK, (0, (2.6, 1.2)))
CLOSER, APART = BLUE, ORANGE


@dataclass(frozen=True)
class Specification:
    """The same claim under one theory and one belief family."""

    theory: str
    belief: str
    effect: Mapping[str, float]
    """Quantiles q05, q25, q50, q75, q95; of the outcome itself where the claim is about a level."""
    verdict: str

    @property
    def name(self) -> str:
        return " · ".join(part for part in (self.theory, self.belief) if part)

    @property
    def middle(self) -> float:
        """Median effect; nan where the theory is silent."""
        return _number(self.effect.get("q50"))


def specifications(claim: Mapping[str, Any]) -> list[Specification]:
    """Every theory and belief under which the claim was judged, the largest median effect first."""
    own = [Specification(OURS, b, said["effect"], said["verdict"]) for b, said in claim["beliefs"].items()]
    there = {(s.theory, s.belief) for s in own}
    rivals = [
        Specification(str(r["theory"]), str(r.get("belief") or ""), r["effect"], r["verdict"])
        for r in claim.get("rivals") or []
    ]
    own += [s for s in rivals if (s.theory, s.belief) not in there]
    if level := _line(claim):
        own = [replace(s, effect={q: level + _number(s.effect.get(q)) for q in QUANTILES}) for s in own]
    return sorted(own, key=lambda s: (np.isnan(s.middle), -s.middle))


@styled
def specification_curve(claim: Mapping[str, Any], heading: bool = False) -> Figure:
    """The effect under every theory and belief, one a row: median, 50% and 90% of the runs, and the verdict.

    The grey strip holds effects smaller than the margin of the claim. Filled marks are this model, open ones rivals.
    Of a claim about a level the outcome itself is drawn, and a line at the level.
    `heading` puts the claim above, for a figure that stands alone.
    """
    says = _short(f"“{claim.get('says') or claim.get('id')}”", WIDE - 2 * EDGE, 8.5, "bold") if heading else ""
    above = LINE * (says.count("\n") + 1) + 0.12 if heading else 0.0
    rows = specifications(claim)
    left = min(1.75, max(width(s.name, SMALL, "bold") for s in rows) + 0.15)
    right = max(width(s.verdict, SMALL, "bold") for s in rows) + 0.12
    what = claim.get("outcome") or "the outcome"
    label = _short(what if _of_a_level(claim) else f"effect on {what}", WIDE - left - 2 * EDGE, 8.5)
    tall = 0.29 * len(rows) + 0.1
    sheet = _sheet(above + 0.12 + tall + 0.24 + 0.16 * (1 + label.count("\n")))
    if heading:
        sheet.text(EDGE, 0.06, says, fontsize=8.5, weight="bold", linespacing=1.25)
    ax = sheet.axes(EDGE + left, above + 0.1, WIDE - left - right - 2 * EDGE, tall)
    _margin(ax, claim, upright=True)
    for place, row in enumerate(rows):
        _interval(ax, place, row)
        across = ax.get_yaxis_transform()
        weight, inches = "bold" if row.theory == OURS else "normal", ax.get_position().width * WIDE
        name = _short(row.name, left - 0.1, SMALL, weight)
        ax.text(-0.1 / inches, place, name, transform=across, ha="right", va="center", fontsize=SMALL, weight=weight)
        ax.text(1 + 0.1 / inches, place, row.verdict, transform=across, va="center", fontsize=SMALL, weight=weight)
    drawn = [(_number(s.effect.get("q05")), _number(s.effect.get("q95"))) for s in rows if not np.isnan(s.middle)]
    ax.set(xlim=limits([*drawn, (_line(claim),) * 2], least=0.1), ylim=(len(rows) - 0.4, -0.6), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_xlabel(label)
    return sheet.figure


def _interval(ax: Axes, place: float, row: Specification) -> None:
    """One effect: thin line 90% of the runs, thick line 50%, a mark at the median."""
    q05, q25, q50, q75, q95 = (_number(row.effect.get(q)) for q in ("q05", "q25", "q50", "q75", "q95"))
    look, ours = LOOKS.get(row.belief, OTHER), row.theory == OURS
    ax.plot([q05, q95], [place, place], color=look.colour, lw=1.1, zorder=3)
    ax.plot([q25, q75], [place, place], color=look.colour, lw=4.5, alpha=0.75 if ours else 0.45, zorder=3)
    face = look.colour if ours else "#ffffff"
    ax.plot([q50], [place], "o", color=look.colour, markerfacecolor=face, markersize=6, zorder=4, gid="median")


@styled
def effect_path(claim: Mapping[str, Any], events: Sequence[Marker] = ()) -> Figure:
    """The difference of the two branches month by month under each belief, and the events that both branches share.

    Of a claim about a level it is the outcome, and the level it is held against.

    Bands hold 50% and 90% of the runs of the first belief; of the others, only their 90% outline is drawn.
    """
    path = claim["path"]
    beliefs = {b: path[b] for b in path if b != "months"}
    sheet, ax = _plot(2.55, top=0.34, right=0.95, below=0.32)
    x = time_axis(ax, _months(path["months"]))
    _margin(ax, claim)
    ranges = [_band(ax, x, q, LOOKS.get(b, OTHER), full=k == 0) for k, (b, q) in enumerate(beliefs.items())]
    ax.set_ylim(*limits([*ranges, (_line(claim),) * 2], least=0.1))
    mark(ax, [event for event in events if x[0] <= event.when <= x[-1]], numbered=True)
    end_labels(ax, {_label(b): (_number(q["q50"][-1]), LOOKS.get(b, OTHER)) for b, q in beliefs.items()}, 0.9)
    ax.set_ylabel(_effect(claim))
    return sheet.figure


@styled
def dose_response(claim: Mapping[str, Any]) -> Figure:
    """The effect at each dose with bands, where it first holds, and how many runs have their largest effect there."""
    dose = claim["dose"]
    levels = np.asarray(dose["levels"], float)
    beliefs = {b: dose[b] for b in dose if b != "levels" and dose[b]}
    first = next(iter(beliefs))
    shares = np.asarray((beliefs[first].get("peak") or {}).get("level") or [], float)
    sheet, ax = _plot(2.3, top=0.3, right=0.95, below=1.2 if shares.size == levels.size else 0.45)
    _margin(ax, claim)
    ranges = []
    for k, (name, said) in enumerate(beliefs.items()):
        bands = {q: [level.get(q) for level in said["effect"]] for q in ("q05", "q25", "q50", "q75", "q95")}
        ranges.append(_band(ax, levels, bands, LOOKS.get(name, OTHER), full=k == 0, mark="o"))
    ax.set_ylim(*limits([*ranges, (0.0, 0.0)], least=0.1))
    aside = 0.25 * float(np.diff(levels).min()) if len(levels) > 1 and shares.size == levels.size else 0.0
    ax.set_xlim(levels[0] - aside, levels[-1] + aside + 1e-9)
    _threshold(ax, beliefs[first].get("threshold"), LOOKS.get(first, OTHER))
    ends = {_label(b): (_number(said["effect"][-1].get("q50")), LOOKS.get(b, OTHER)) for b, said in beliefs.items()}
    end_labels(ax, ends, 0.9)
    ax.set_ylabel(_effect(claim))
    if shares.size != levels.size:
        ax.set_xlabel("dose (share of the strength in the file)")
        return sheet.figure
    ax.tick_params(labelbottom=False)
    _peaks(sheet.axes(LEFT, 2.74, WIDE - LEFT - 0.95, 0.62), levels, shares, LOOKS.get(first, OTHER), ax.get_xlim())
    return sheet.figure


def _threshold(ax: Axes, threshold: Mapping[str, Any] | None, look: Look) -> None:
    """The level at which the claim first holds, with its interval."""
    level = _number((threshold or {}).get("level"))
    if not threshold or np.isnan(level):
        return
    low, high = threshold.get("low"), threshold.get("high")
    first, last = ax.get_xlim()
    ax.axvspan(first if low is None else low, last if high is None else high, color=look.colour, alpha=0.12, lw=0)
    ax.axvline(level, color=look.colour, lw=1.1, ls=(0, (1, 1.2)), gid="threshold")
    words = f"first holds at {level:.2g}"
    place = (level - first) / (last - first)
    ax.text(min(max(place, 0.2), 0.8), 1.02, words, transform=ax.transAxes, ha="center", fontsize=SMALL,
            color=look.colour)  # fmt: skip


def _peaks(ax: Axes, levels: Any, shares: Any, look: Look, span: tuple[float, float]) -> None:
    """Share of runs whose largest effect lies at each level."""
    thick = 0.5 * float(np.diff(levels).min()) if len(levels) > 1 else 0.5
    ax.bar(levels, shares * 100, width=thick, color=look.colour, alpha=0.7, clip_on=False)
    ax.set(xlim=span, ylim=(0, max(10.0, float(shares.max()) * 115)))
    ax.set_ylabel("largest here\n(% of runs)")
    ax.set_xlabel("dose (share of the strength in the file)")


@styled
def reverse_test(claim: Mapping[str, Any]) -> Figure:
    """The effect when the cause stays and when it is taken back half-way: does what it made come undone?"""
    reverse = claim["reverse"]
    sheet, ax = _plot(2.3, top=0.1, right=0.95, below=0.32)
    x = time_axis(ax, _months(reverse["months"]))
    _margin(ax, claim)
    on, relieved = reverse["on"], reverse["relieved"]
    apart = max(0, _parting(on["q50"], relieved["q50"]) - 1)
    later = {q: values[apart:] for q, values in relieved.items() if isinstance(values, list)}
    stays, back = LOOKS["signed"], Look(ORANGE, (0, (5, 1.4)))
    ranges = [_band(ax, x, on, stays, full=True), _band(ax, x[apart:], later, back, full=True)]
    ax.set_ylim(*limits([*ranges, (0.0, 0.0)], least=0.1))
    ends = {"cause stays": (_number(on["q50"][-1]), stays), "taken back": (_number(relieved["q50"][-1]), back)}
    end_labels(ax, ends, 0.9)
    ax.set_ylabel(_effect(claim))
    return sheet.figure


def _parting(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Index from which two paths differ; 0 when they never do."""
    return next((k for k, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), 0)


@styled
def attribution(claim: Mapping[str, Any]) -> Figure:
    """What each group of mechanisms adds to the effect (Shapley), beside what it does alone and what it leaves behind.

    Bars are Shapley values and sum to the whole; lines are their intervals. A ring is the effect with this group only,
    a diamond how much the effect falls when only this group is off.
    """
    said = claim["attribution"]
    groups = ranked(said["groups"])
    left = min(1.6, max(width(str(g["name"]), 8.5) for g in [*groups, {"name": "all together"}]) + 0.12)
    tall = 0.3 * (len(groups) + 1.4)
    sheet = _sheet(0.36 + tall + 0.5)
    ax = sheet.axes(EDGE + left, 0.32, WIDE - left - 4 * EDGE, tall)
    places = np.arange(len(groups) + 1, dtype=float)
    places[-1] += 0.4
    for place, group in zip(places[:-1], groups, strict=True):
        _contribution(ax, place, group)
    _bar(ax, places[-1], _number(said["total"]), whole=True)
    reach = max([0.01, *(abs(value) for group in groups for value in _drawn(group)), abs(_number(said["total"]))])
    _numbers(ax, places, groups, _number(said["total"]), reach)
    ax.axvline(0, color=INK, lw=0.9)
    ax.axhline(places[-1] - 0.7, color=MUTED, lw=0.7)
    ax.set(xlim=(-1.42 * reach, 1.42 * reach), ylim=(places[-1] + 0.55, -0.6), xlabel=_effect(claim))
    ax.xaxis.set_major_locator(MaxNLocator(5, prune="both"))
    names = [_short(str(g["name"]), left - 0.08, 8.5) for g in groups]
    ax.set_yticks(places, [*names, "all together"], fontsize=8.5, color=INK)
    ax.get_yticklabels()[-1].set_fontweight("bold")
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)
    _key(sheet, EDGE, 0.06, [("▬", CLOSER, "share"), ("○", INK, "alone"), ("◇", INK, "falls by this when left out")])
    return sheet.figure


def ranked(groups: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Groups of an attribution, the largest share, up or down, first."""
    return sorted(groups, key=lambda group: -abs(_number(group["shapley"])))


def _contribution(ax: Axes, place: float, group: Mapping[str, Any]) -> None:
    """One group: bar, interval, ring and diamond."""
    _bar(ax, place, _number(group["shapley"]))
    ax.plot([_number(group["low"]), _number(group["high"])], [place, place], color=INK, lw=1.0, zorder=3)
    for key, shape in (("alone", "o"), ("left_out", "D")):
        if group.get(key) is not None:
            ax.plot([group[key]], [place], shape, color=INK, markerfacecolor="#ffffff", markersize=4.5,
                    markeredgewidth=0.9, zorder=4)  # fmt: skip


def _drawn(group: Mapping[str, Any]) -> list[float]:
    """Every number of a group that its row shows."""
    return [group[key] for key in ("shapley", "low", "high", "alone", "left_out") if group.get(key) is not None]


def _bar(ax: Axes, place: float, value: float, whole: bool = False) -> None:
    ax.barh(place, value, height=0.66, color=CLOSER if value >= 0 else APART, alpha=1.0 if whole else 0.75,
            hatch=None if value >= 0 else "////", edgecolor="#ffffff", linewidth=0)  # fmt: skip


def _numbers(ax: Axes, places: Any, groups: Sequence[Mapping[str, Any]], total: float, reach: float) -> None:
    """The value of each bar beyond everything that is drawn on its row."""
    rows = [(_number(group["shapley"]), _drawn(group)) for group in groups] + [(total, [total])]
    for place, (value, drawn) in zip(places, rows, strict=True):
        sign = 1 if value >= 0 else -1
        beyond = max(*drawn, 0.0) if sign > 0 else min(*drawn, 0.0)
        ax.annotate(f"{value:+.3f}".replace("-", "−"), (beyond, place), (5 * sign, 0), textcoords="offset points",
                    fontsize=SMALL, va="center", ha="left" if sign > 0 else "right",
                    weight="bold" if place == places[-1] else "normal")  # fmt: skip


@styled
def failure_region(claim: Mapping[str, Any]) -> Figure:
    """The runs over the two parameters that matter most, where the claim holds and fails, and the boxes of failure."""
    failure = claim["failure"]
    points = failure["points"]
    x, y = np.asarray(points["x"], float), np.asarray(points["y"], float)
    holds = np.asarray(points["holds"], bool)
    sheet, ax = _plot(2.9, top=0.32, right=0.15)
    ax.plot(x[holds], y[holds], "o", color=BLUE, alpha=0.45, markersize=3.2, markeredgewidth=0, gid="holds")
    ax.plot(x[~holds], y[~holds], "x", color="#b34a00", alpha=0.9, markersize=4, markeredgewidth=1.0, gid="fails")
    ax.set(xlim=limits([_span(x)], least=1e-6, pad=0.03), ylim=limits([_span(y)], least=1e-6, pad=0.03))
    for number, box in enumerate(failure.get("boxes") or [], start=1):
        _box(ax, number, box, points["parameters"])
    ax.set_xlabel(_short(readable(points["parameters"][0]), WIDE - LEFT - 0.2, 8.5))
    ax.set_ylabel(_short(readable(points["parameters"][1]), 2.8, 8.5))
    _key(sheet, LEFT, 0.06, [("●", BLUE, "holds"), ("×", "#b34a00", "fails"), ("▭", INK, "where failures are dense")])
    return sheet.figure


def _box(ax: Axes, number: int, box: Mapping[str, Any], parameters: Sequence[str]) -> None:
    """A box as a rectangle over the two parameters; open sides reach the edge. One that limits neither is not drawn."""
    found = {limit["parameter"]: limit for limit in box["limits"]}
    if not any(parameter in found for parameter in parameters):
        return
    edges = []
    for parameter, (low, high) in zip(parameters, (ax.get_xlim(), ax.get_ylim()), strict=True):
        limit = found.get(parameter, {})
        inset = 0.006 * (high - low)
        edges.append((_inside(limit.get("low"), low + inset, high), _inside(limit.get("high"), low, high - inset, 1)))
    (left, right), (bottom, top) = edges
    ax.fill([left, right, right, left], [bottom, bottom, top, top], facecolor=ORANGE, alpha=0.1, zorder=0)
    ax.plot([left, right, right, left, left], [bottom, bottom, top, top, bottom], color=INK, lw=1.5, gid="box")
    others = len(set(found) - set(parameters))
    words = f"box {number}" + (f" (and {others} more limit{'s' if others > 1 else ''})" if others else "")
    ax.annotate(words, ((left + right) / 2, top), (0, -3), textcoords="offset points", fontsize=SMALL, weight="bold",
                va="top", ha="center", bbox={"facecolor": "#ffffff", "alpha": 0.85, "pad": 1.5, "lw": 0})  # fmt: skip


def _inside(value: Any, low: float, high: float, side: int = 0) -> float:
    """A limit within the axes; the edge on its side where it is open."""
    open_side = value is None or not np.isfinite(float(value))
    return (low, high)[side] if open_side else min(max(float(value), low), high)


@styled
def peeling(claim: Mapping[str, Any]) -> Figure:
    """The trade-off of the search for a box: each peel makes failures denser inside and leaves more of them outside."""
    failure = claim["failure"]
    steps = failure["trajectory"]
    coverage = 100 * np.array([_number(step["coverage"]) for step in steps])
    density = 100 * np.array([_number(step["density"]) for step in steps])
    sheet, ax = _plot(1.9, top=0.1, right=0.15)
    ax.plot(coverage, density, "-o", color=MUTED, lw=1.1, markersize=3, zorder=3)
    for number, box in enumerate(failure.get("boxes") or [], start=1):
        place = (100 * _number(box["coverage"]), 100 * _number(box["density"]))
        ax.plot(*place, "s", color=ORANGE, markersize=7, markeredgecolor=INK, zorder=4, gid="chosen")
        ax.annotate(f"box {number}", place, (9, -2), textcoords="offset points", fontsize=SMALL, weight="bold",
                    ha="left", va="top")  # fmt: skip
    ax.set(xlim=(104, -2), ylim=(0, 104))
    ax.set_xlabel("failing runs that are inside (%), fewer with each peel")
    ax.set_ylabel("runs inside\nthat fail (%)")
    return sheet.figure


BANDS = "Line: median of the runs; bands: 50% and 90% of them. Grey strip: too small to matter."
NOTES = {
    "path": f"Difference of the branches month by month. {BANDS}",
    "dose": f"Effect at each dose. {BANDS} Below: at which dose a run has its largest effect.",
    "reverse": f"The cause stays, or is taken back half-way. {BANDS}",
    "attribution": "What each group of mechanisms adds to the mean effect; shares sum to the whole (Shapley).",
    "failure": "Each mark is a run, over the two parameters that tell failures apart best.",
    "curve": "Mark: median; thick line: 50% of the runs; thin: 90%. Filled: this model; open: rival theories.",
}
"""What stands below the claim above a figure, by its name in `api.judging.FIGURES`."""


@styled
def headed(figure: Figure, claim: Mapping[str, Any], name: str, events: Sequence[Marker] = ()) -> Figure:
    """The same figure, taller, with the claim above it and what is drawn, and the events of the claim's own branch."""
    wide, tall = figure.get_size_inches()
    room = wide - 2 * EDGE
    says = wrap(f"“{' '.join(str(claim.get('says') or claim.get('id')).split())}”"[:MOST], room, 8.5, "bold")[:3]
    own = [f"{event.number}: {event.words}." for event in events if event.look.colour != MUTED]
    several = name in ("path", "dose") and len(claim["beliefs"]) > 1
    others = ["Dotted: 90% of the runs under other beliefs."] if several else []
    note = wrap(" ".join([NOTES[name], *others, *own]), room, SMALL)
    above = 0.08 + 0.16 * len(says) + 0.05 + LINE * len(note) + 0.08
    share = tall / (tall + above)
    for ax in figure.axes:
        box = ax.get_position()
        ax.set_position((box.x0, box.y0 * share, box.width, box.height * share))
    for text in figure.texts:
        text.set_y(text.get_position()[1] * share)
    figure.set_size_inches(wide, tall + above)
    sheet = Page(figure, 0.0, wide)
    sheet.text(EDGE, 0.08, "\n".join(says), fontsize=8.5, weight="bold", linespacing=1.25)
    sheet.text(EDGE, 0.13 + 0.16 * len(says), "\n".join(note), color=MUTED, linespacing=1.25)
    return figure


def numbered(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Events in order of their month, with a `number` from 1: the numbers above the path of an effect."""
    ordered = sorted(events, key=lambda event: str(event.get("at")))
    return [{**event, "number": number} for number, event in enumerate(ordered, start=1)]


def markers(events: Sequence[Mapping[str, Any]], claim: Mapping[str, Any]) -> list[Marker]:
    """What to mark on the path of a claim: the events that happen in the branches it compares, numbered."""
    compared = {None, "", claim.get("branch"), *str(claim.get("contrast") or "").split(" against ")}
    drawn = []
    for event in numbered(events):
        try:
            when = float(mdates.date2num(np.datetime64(str(event.get("at")), "D")))
        except ValueError:  # not a month: told in the table, not drawn
            continue
        if event.get("branch") in compared:
            look = Look(MUTED if not event.get("branch") else ORANGE, "-")
            drawn.append(Marker(event["number"], when, str(event.get("label")), look))
    return drawn


def readable(path: str) -> str:
    """ "secondary sanctions: chill" for secondary_sanctions.chill."""
    return str(path).replace("_", " ").replace(".", ": ", 1)


# --- the sheet and what all of them share


def _sheet(tall: float) -> Page:
    return Page(Picture(figsize=(WIDE, tall)), 0.0, WIDE)


def _plot(tall: float, top: float, right: float, below: float = 0.55) -> tuple[Page, Axes]:
    """A sheet with one plot of `tall` inches, room for tick labels, and `right` inches for labels of lines."""
    sheet = _sheet(top + tall + below)
    ax = sheet.axes(LEFT, top, WIDE - LEFT - right, tall)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    return sheet, ax


def _short(text: str, room: float, size: float, weight: str = "normal") -> str:
    """At most two lines in `room` inches; what is cut is in the tables in full."""
    lines = wrap(text[:MOST], room, size, weight)
    return "\n".join(lines if len(lines) <= 2 else [lines[0], lines[1][:-1] + "…"])


def _key(sheet: Page, left: float, top: float, entries: Sequence[tuple[str, str, str]]) -> None:
    """Signs and their meaning in a line."""
    for sign, colour, words in entries:
        sheet.text(left, top, sign, color=colour, weight="bold")
        sheet.text(left + 0.15, top, words)
        left += 0.15 + width(words, SMALL) + 0.2


def _band(ax: Axes, x: Any, bands: Mapping[str, Any], look: Look, full: bool, mark: str = "") -> tuple[float, float]:
    """Median with its bands, or only with the outline of 90% of the runs. Returns the lowest and highest value."""
    q = {name: np.array([_number(v) for v in bands.get(name) or bands["q50"]]) for name in
         ("q05", "q25", "q50", "q75", "q95")}  # fmt: skip
    if full:
        ax.fill_between(x, q["q05"], q["q95"], color=look.colour, alpha=0.12, linewidth=0)
        ax.fill_between(x, q["q25"], q["q75"], color=look.colour, alpha=0.22, linewidth=0)
    else:
        for edge in ("q05", "q95"):
            ax.plot(x, q[edge], color=look.colour, lw=0.8, ls=(0, (1, 1.6)), zorder=2)
    ax.plot(x, q["q50"], color=look.colour, linestyle=look.dash, marker=mark, markersize=4, zorder=3, clip_on=not mark,
            gid="median")  # fmt: skip
    return float(np.nanmin(q["q05"])), float(np.nanmax(q["q95"]))


def _margin(ax: Axes, claim: Mapping[str, Any], upright: bool = False) -> None:
    """The zero line, and the strip of effects too small to matter; of a claim about a level, a line at the level."""
    span, line = (ax.axvspan, ax.axvline) if upright else (ax.axhspan, ax.axhline)
    margin = _number(claim.get("margin"))
    if margin > 0:
        span(-margin, margin, color="#000000", alpha=0.06, lw=0, gid="margin")
    line(_line(claim), color=INK, lw=0.9, gid="level" if _of_a_level(claim) else "zero")


def _of_a_level(claim: Mapping[str, Any]) -> bool:
    return claim.get("level") is not None


def _line(claim: Mapping[str, Any]) -> float:
    """What the claim is held against: no effect, or its level."""
    return _number(claim["level"]) if _of_a_level(claim) else 0.0


def _label(belief: str) -> str:
    """A belief at the end of its line: "calibrated signed", which can be broken between the words."""
    return belief.replace("-", " ")


def _effect(claim: Mapping[str, Any]) -> str:
    """What the axis of an effect says; of a level, that of its outcome."""
    measure = str(claim.get("outcome") or "").split(" of ")[0].split(" at ")[0]
    if _of_a_level(claim):
        return wrap(measure, 1.9, 8.5)[0] if measure else "outcome"
    return "effect" + (f" ({wrap(measure, 1.6, 8.5)[0]})" if measure else "")


def _months(months: Sequence[str]) -> Any:
    return np.array(months, dtype="datetime64[M]").astype("datetime64[ns]")


def _span(values: Any) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


def _number(value: Any) -> float:
    """A number; nan, which is drawn as nothing, where there is none."""
    return float("nan") if value is None else float(value)
