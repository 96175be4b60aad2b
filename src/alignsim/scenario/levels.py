"""The small grammar of what a sweep varies: `0:0.5:11` (levels), `0.2..1` (a range), `0.1, 0.2, 0.5` (a list)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alignsim.scenario.outcomes import Misread

MOST = 10_000
"""Levels of one input."""
_EXAMPLES = "write 0:0.5:11 (from 0 to 0.5 in 11 levels), 0.2..1 (anything between) or 0.1,0.2,0.5 (these)"


@dataclass(frozen=True)
class Levels:
    """What one input may be: one of `values`, or anything from `low` to `high` where there are none."""

    text: str
    low: float
    high: float
    values: tuple[float, ...] = ()

    @property
    def told(self) -> tuple[float, ...]:
        """Every value that is known beforehand: all levels, or both ends of a range."""
        return self.values or (self.low, self.high)

    def __str__(self) -> str:
        return self.text


def parse_levels(given: str | Sequence[float]) -> Levels:
    """Read levels, from text or from a list of numbers; raises Misread with the place of what does not fit."""
    if not isinstance(given, str):
        return _listed([_checked(number, 0) for number in given], ", ".join(f"{number:g}" for number in given))
    text = given.strip()
    if ".." in text:
        low, high = _numbers(text, "..", 2)
        if not low < high:
            raise Misread(f"the range goes from {low:g} to {high:g}; the first number must be the lower", 0)
        return Levels(text, low, high)
    if ":" in text:
        return _counted(text)
    return _listed(_numbers(text, ",", None), text)


def _counted(text: str) -> Levels:
    low, high, count = _numbers(text, ":", 3)
    if not low < high:
        raise Misread(f"the levels go from {low:g} to {high:g}; the first number must be the lower", 0)
    if count != int(count) or not 2 <= count <= MOST:
        raise Misread(f"{count:g} is no number of levels; the third number is a whole one, 2 to {MOST}", 0)
    steps = int(count) - 1
    inner = [float(f"{low + (high - low) * k / steps:.12g}") for k in range(1, steps)]
    return Levels(text, low, high, (low, *inner, high))


def _listed(values: Sequence[float], text: str) -> Levels:
    if len(values) < 2:
        raise Misread(f"one value varies nothing; {_EXAMPLES}", 0)
    if len(values) > MOST:
        raise Misread(f"{len(values)} values are more than {MOST}", 0)
    twice = next((value for k, value in enumerate(values) if value in values[:k]), None)
    if twice is not None:
        raise Misread(f"{twice:g} is listed twice; remove one", 0)
    return Levels(text, min(values), max(values), tuple(values))


def _numbers(text: str, between: str, count: int | None) -> list[float]:
    """The numbers of a text; their number must be `count`, where that is said."""
    parts = text.split(between)
    if count is not None and len(parts) != count:
        raise Misread(f"{text[:40]!r} has {len(parts)} parts in the place of {count}; {_EXAMPLES}", 0)
    numbers, offset = [], 0
    for part in parts:
        try:
            numbers.append(_checked(float(part), offset))
        except ValueError as error:
            if isinstance(error, Misread):
                raise
            said = f"{part.strip()[:40]!r} is not a number" if part.strip() else "a number is missing"
            raise Misread(f"{said}; {_EXAMPLES}", offset) from None
        offset += len(part) + len(between)
    return numbers


def _checked(number: float, offset: int) -> float:
    if not math.isfinite(number):
        raise Misread(f"{number} is not an ordinary number", offset)
    return float(number)
