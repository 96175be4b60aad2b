"""What synthetic truths say of a residual: what is found of it, and which fitted parameters take it up unfitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alignsim.show.labels import width
from alignsim.show.style import FAINT, INK, MARGIN, MUTED, OKABE_ITO, SMALL, limits, sheet, styled
from alignsim.study.calibration.recovered import absorbed
from alignsim.study.calibration.recovery import Recovery, View

Array = Any

BLUE, ORANGE = OKABE_ITO[:2]
EACH, TALL, LEFT, BETWEEN, LANE = 2.5, 2.5, 0.5, 0.45, 0.23
"""Inches of the axes of one size of the errors, beside them, and of one parameter's row."""


@styled
def recovered(found: Recovery, source: str = "") -> Figure:
    """Above, the fitted residual against the true one, below, what the other parameters make of it unfitted; a column
    for each size of the errors."""
    names = found.names[:-1]
    room = max(LEFT, max(width(name, SMALL) for name in names) + 0.12)
    wide = 2 * MARGIN + room + len(found.views) * EACH + (len(found.views) - 1) * BETWEEN
    body = 0.5 + TALL + 0.75 + LANE * len(names) + 0.5
    page = sheet(
        f"Could the record tell {found.residual}?",
        "Above: posterior mean and 90% interval of each synthetic truth; on the dashed line the truth is found, on the "
        "level line nothing is. Below: how far one prior sd of it moves the other parameters' posteriors when it is "
        "not fitted (whiskers: two standard errors).",
        source, wide, body,
    )  # fmt: skip
    reach = limits([_span(absorbed(view), _errors(view)) for view in found.views], least=0.5)
    span = limits([_extent(view, found.sd) for view in found.views], least=0.1)
    for column, view in enumerate(found.views):
        left = MARGIN + room + column * (EACH + BETWEEN)
        page.text(left, 0.12, _words(view), fontsize=10, weight="bold")
        _truths(page.axes(left, 0.5, EACH, TALL), view, found.sd, span, first=column == 0)
        ax = page.axes(left, 0.5 + TALL + 0.75, EACH, LANE * len(names))
        _taken(ax, view, names, reach, first=column == 0)
    return page.figure


def _words(view: View) -> str:
    return "Errors as in the record" if view.errors == 1 else f"Errors {view.errors:g} times the record's"


def _errors(view: View) -> Array:
    return view.shift()[1] / np.sqrt(np.square(view.missed.sd).mean(axis=0))


def _span(values: Array, errors: Array) -> tuple[float, float]:
    return float(min(0.0, (values - 2 * errors).min())), float(max(0.0, (values + 2 * errors).max()))


def _extent(view: View, sd: float) -> tuple[float, float]:
    own = view.with_it
    ends = sd * np.concatenate([part[:, -1] for part in (own.truths, own.low, own.high)])
    return float(ends.min()), float(ends.max())


def _truths(ax: Axes, view: View, sd: float, span: tuple[float, float], first: bool) -> None:
    own = view.with_it
    truth, mean, low, high = (sd * part[:, -1] for part in (own.truths, own.mean, own.low, own.high))
    out = (truth < low) | (truth > high)
    for where, colour in ((~out, BLUE), (out, ORANGE)):
        ax.vlines(truth[where], low[where], high[where], color=colour, lw=0.5, alpha=0.35, zorder=1.5)
        ax.plot(truth[where], mean[where], "o", color=colour, markersize=2.2, zorder=2.5, markeredgewidth=0)
    ax.axline((0, 0), slope=1, color=INK, lw=0.9, ls=(0, (5, 2)), gid="found")
    ax.axhline(0, color=MUTED, lw=0.8, zorder=1.2, gid="nil")
    ax.set(xlim=span, ylim=span)
    ax.set_xlabel("true (z)")
    held = f"orange: outside its interval, {out.mean():.0%}"
    ax.text(0, 1.02, held, transform=ax.transAxes, fontsize=SMALL, color=MUTED)
    if first:
        ax.set_ylabel("fitted (z)")


def _taken(ax: Axes, view: View, names: tuple[str, ...], reach: tuple[float, float], first: bool) -> None:
    ax.set(xlim=reach, ylim=(len(names) - 0.5, -0.5))
    ax.set_yticks(range(len(names)), names if first else [], fontsize=SMALL, color=INK)
    ax.grid(axis="y", visible=False)
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=INK, lw=1.0, zorder=1.5, gid="nil")
    for lane, (value, error) in enumerate(zip(absorbed(view), _errors(view), strict=True)):
        ax.axhspan(lane - 0.5, lane + 0.5, color=FAINT, alpha=0.3 if lane % 2 == 0 else 0.0, lw=0)
        ax.plot([value - 2 * error, value + 2 * error], [lane, lane], color=BLUE, lw=1.2, zorder=2.5)
        ax.plot([value], [lane], "o", color=BLUE, markersize=4.4, zorder=3, gid="taken")
    ax.set_xlabel("shift, sds of the posterior")
