"""The small grammar of claims: `alignment of IRN with RUS at 2029-12`, `isolation against baseline`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf

from alignsim.errors import did_you_mean
from alignsim.scenario.month import Month

MEASURES: dict[str, tuple[str, ...]] = {
    "alignment": ("state", "partner"),
    "tie rank": ("state", "partner"),
    "trade dependence": ("state", "partner"),
    "arms flow": ("state", "partner"),
    "bloc membership": ("state", "partner"),
    "sanctions pressure": ("state",),
    "isolation": ("state",),
    "evasion": ("state",),
    "capacity": ("state",),
    "position": ("state", "issue"),
    "polarisation": (),
}
"""What can be measured, and of whom: a dyad, a state, a state and an issue, or the whole system."""

RANGES: dict[str, tuple[float, float]] = {
    "alignment": (-1.0, 1.0),
    "tie rank": (0.0, 1.0),
    "trade dependence": (0.0, 1.0),
    "arms flow": (0.0, inf),
    "bloc membership": (0.0, 1.0),
    "sanctions pressure": (0.0, 1.0),
    "isolation": (0.0, 1.0),
    "evasion": (0.0, 1.0),
    "capacity": (0.0, inf),
    "position": (-1.0, 1.0),
    "polarisation": (-1.0, 1.0),
}
"""The least and the largest value that each measure can have."""

_FIRST = ("of", "from")
_SECOND = ("with", "toward", "to", "on")


class Misread(ValueError):
    """Words that the grammar does not know, and how many characters in they stand."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class Outcome:
    """What a claim is about: a measure, of whom, with whom or on what, in a month or a window (start = end: a month).

    `state` and `partner` are codes or names of groups; `offsets` says where each word stands in the text.
    """

    text: str
    measure: str
    state: str | None
    partner: str | None
    issue: str | None
    start: Month
    end: Month
    offsets: tuple[tuple[str, int], ...] = ()

    def offset(self, part: str) -> int:
        """How many characters into the text `state`, `partner`, `issue`, `start` or `end` stands."""
        return dict(self.offsets).get(part, 0)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Contrast:
    """Two branches to compare, run by run."""

    branch: str
    against: str
    offsets: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return f"{self.branch} against {self.against}"


class _Words:
    """The words of a text with their places, read one at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = [(found.group(), found.start()) for found in re.finditer(r"\S+", text)]
        self.next = 0

    def peek(self) -> tuple[str, int]:
        return self.words[self.next] if self.next < len(self.words) else ("", len(self.text.rstrip()))

    def take(self) -> tuple[str, int]:
        word = self.peek()
        self.next += 1
        return word

    def expect(self, allowed: tuple[str, ...], example: str) -> str:
        word, offset = self.peek()
        if word not in allowed:
            wanted = " or ".join(repr(a) for a in allowed)
            found = f"not {word!r}" if word else "but the text ends"
            raise Misread(f"{wanted} should stand here, {found}; write it like `{example}`", offset)
        self.next += 1
        return word

    def name(self, what: str, example: str) -> tuple[str, int]:
        word, offset = self.peek()
        if not word or word in ("at", "over", *_FIRST, *_SECOND):
            raise Misread(f"{what} is missing here; write it like `{example}`", offset)
        return self.take()


def parse_outcome(text: str) -> Outcome:
    """Read an outcome; raises Misread with the place of the first word that does not fit."""
    words = _Words(text)
    measure = _measure(words)
    parts = MEASURES[measure]
    example = _example(measure)
    found: dict[str, tuple[str, int]] = {}
    if parts:
        words.expect(_FIRST, example)
        found["state"] = words.name("a state or group", example)
    if len(parts) > 1:
        words.expect(("on",) if parts[1] == "issue" else _SECOND, example)
        found[parts[1]] = words.name("an issue" if parts[1] == "issue" else "a state or group", example)
    start, end = _when(words, found, example)
    if words.peek()[0]:
        raise Misread(f"nothing should follow the date; write it like `{example}`", words.peek()[1])
    names = {part: word for part, (word, _) in found.items()}
    return Outcome(
        text=text,
        measure=measure,
        state=names.get("state"),
        partner=names.get("partner"),
        issue=names.get("issue"),
        start=start,
        end=end,
        offsets=tuple((part, offset) for part, (_, offset) in found.items()),
    )


def parse_contrast(text: str) -> Contrast:
    """Read `X against Y`; raises Misread with the place of the first word that does not fit."""
    words, example = _Words(text), "isolation against baseline"
    branch, first = words.name("a branch", example)
    words.expect(("against",), example)
    against, second = words.name("a branch", example)
    if words.peek()[0]:
        raise Misread(f"nothing should follow the second branch; write it like `{example}`", words.peek()[1])
    if branch == against:
        raise Misread(f"compares {branch!r} with itself; name two branches", second)
    return Contrast(branch, against, (first, second))


def _measure(words: _Words) -> str:
    said: list[str] = []
    place = words.peek()[1]
    while words.peek()[0] and words.peek()[0] not in (*_FIRST, "at", "over"):
        said.append(words.take()[0])
    measure = " ".join(said)
    if measure not in MEASURES:
        known = did_you_mean(measure, MEASURES) or f"; known are {', '.join(MEASURES)}"
        raise Misread(f"{measure!r} is not an outcome{known}", place)
    return measure


def _when(words: _Words, found: dict[str, tuple[str, int]], example: str) -> tuple[Month, Month]:
    if words.expect(("at", "over"), example) == "at":
        word, offset = words.name("a month", example)
        found["start"] = found["end"] = (word, offset)
        month = _month(word, offset)
        return month, month
    word, offset = words.name("a window", "over 2025-01..2029-12")
    first, dots, last = word.partition("..")
    if not dots:
        raise Misread(f"{word!r} is not a window; write first..last month, such as 2025-01..2029-12", offset)
    found["start"], found["end"] = (first, offset), (last, offset + len(first) + 2)
    start, end = _month(first, offset), _month(last, offset + len(first) + 2)
    if end <= start:
        raise Misread(f"the window ends ({end}) before it has begun ({start})", offset)
    return start, end


def _month(word: str, offset: int) -> Month:
    try:
        return Month(word)
    except ValueError as error:
        raise Misread(str(error), offset) from None


def _example(measure: str) -> str:
    tail = {2: " of IRN with RUS", 1: " of IRN", 0: ""}[len(MEASURES[measure])]
    return f"{measure}{' of IRN on syria' if measure == 'position' else tail} at 2029-12"
