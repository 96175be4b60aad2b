"""Event markers on a time axis, numbered, and the key that says what each number was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes

from alignsim.show.labels import clusters, width, wrap
from alignsim.show.style import INK, LINE, MUTED, SMALL, Look, Page, looks, month, size_of, structured


@dataclass(frozen=True)
class Marker:
    """One event of the scenario as it is drawn."""

    number: int
    when: float
    """Days, as matplotlib counts them."""
    words: str
    look: Look
    """Of its branch; grey when it is in all of them."""


def markers(data: Any) -> list[Marker]:
    """The events of all branches in order of time, numbered from 1; those outside the window are left out."""
    styles, (start, end) = looks(data), mdates.date2num(data.time.values[[0, -1]])
    listed = []
    for place, event in enumerate(structured(data, "events", [])):
        when = float(mdates.date2num(np.datetime64(event["at"], "D")))
        if start <= when <= end:
            listed.append((when, place, event))
    drawn = []
    for number, (when, _, event) in enumerate(sorted(listed, key=lambda item: item[:2]), start=1):
        branch, probability = event.get("branch"), float(event.get("probability", 1.0))
        limits = [f"only in {branch}"] if branch else []
        limits += [f"in {probability:.0%} of runs"] if probability < 1 else []
        words = f"{month(event['at'])}  {event['label']}" + (f" ({', '.join(limits)})" if limits else "")
        drawn.append(Marker(number, when, words, styles.get(str(branch), Look(MUTED, "-"))))
    return drawn


def mark(ax: Axes, events: list[Marker], numbered: bool) -> None:
    """A thin upright line at the month of each event and, above the axes, its number (or "4–6" where crowded)."""
    months: dict[float, set[str]] = {}
    for event in events:
        months.setdefault(event.when, set()).add(event.look.colour)
    shades = [min(colours) if len(colours) == 1 else MUTED for colours in months.values()]
    ax.vlines(list(months), 0, 1, transform=ax.get_xaxis_transform(), colors=shades, lw=0.7, ls=(0, (1, 1.6)),
              alpha=0.85, zorder=1, gid="events")  # fmt: skip
    if not numbered or not events:
        return
    inches = size_of(ax)[0]
    first, last = ax.get_xlim()
    places = [(event.when - first) / (last - first) * inches for event in events]

    def words(a: int, b: int) -> str:
        return f"{events[a].number}" if a == b else f"{events[a].number}–{events[b].number}"

    for a, b, stand in clusters(places, words, inches, gap=0.07, far=0.6):
        _number(ax, words(a, b), [places[a] / inches, places[b] / inches], stand / inches, events[a : b + 1])


def _number(ax: Axes, words: str, feet: list[float], stand: float, events: list[Marker]) -> None:
    """One number above the axes, tied to its month (or to the first and last of its months)."""
    colours = {event.look.colour for event in events}
    colour = colours.pop() if len(colours) == 1 else INK
    tall = size_of(ax)[1]
    for foot in set(feet):
        ax.plot([foot, stand], [1, 1 + 0.12 / tall], transform=ax.transAxes, color=colour, lw=0.6, clip_on=False)
    ax.text(stand, 1 + 0.14 / tall, words, transform=ax.transAxes, fontsize=SMALL, ha="center", va="bottom",
            color=colour, gid="event-number")  # fmt: skip


@dataclass(frozen=True)
class Key:
    """The numbered list below a figure, wrapped into columns."""

    entries: tuple[tuple[Marker, tuple[str, ...]], ...]
    columns: int
    room: float
    """Width of a column, inches."""

    @property
    def height(self) -> float:
        """Inches, without what is above or below."""
        return max((sum(len(lines) for _, lines in column) for column in self._columns()), default=0) * LINE

    def _columns(self) -> list[list[tuple[Marker, tuple[str, ...]]]]:
        total = sum(len(lines) for _, lines in self.entries)
        columns: list[list[Any]] = [[]]
        filled = 0
        for entry in self.entries:
            if columns[-1] and len(columns) < self.columns and filled >= total * len(columns) / self.columns - 1e-9:
                columns.append([])
            columns[-1].append(entry)
            filled += len(entry[1])
        return columns

    def draw(self, sheet: Page, left: float, top: float) -> None:
        """Write the list at a place of the page, in inches."""
        for place, column in enumerate(self._columns()):
            across, down = left + place * self.room, top
            for marker, lines in column:
                sheet.text(across + 0.2, down, f"{marker.number}", color=marker.look.colour, weight="bold", ha="right")
                for line in lines:
                    sheet.text(
                        across + 0.28, down, line, color=marker.look.colour if marker.look.colour != MUTED else INK
                    )
                    down += LINE


def key(events: list[Marker], room: float) -> Key:
    """The list of events laid out in as many columns of about four inches as fit into `room` inches."""
    longest = max((width(event.words, SMALL) for event in events), default=0.0) + 0.55
    columns = max(1, int(room / min(max(longest, 2.2), 4.0)))
    columns = min(columns, max(1, len(events)))
    each = room / columns
    return Key(tuple((e, tuple(wrap(e.words, each - 0.45, SMALL))) for e in events), columns, each)
