"""The World: one month of states, ties, flows and issues, as arrays that nobody can change."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Actor:
    """An armed group that is no state: it acts through the patron that arms it and against its opponents."""

    code: str
    name: str
    patron: str
    opponents: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True, eq=False)
class World:
    """The state of the world at the end of `month` ("2024-09").

    N states in the order of `states` (sorted ISO 3166-1 alpha-3 codes), D issues in the order of `issues`; every array
    is float64 and read-only. `x[i, j]` is "of i toward j", "from i to j" or "by i on j"; ties and distances are
    symmetric; the diagonal is zero. `sources` says, for every column, where its figures come from.
    """

    name: str
    title: str
    month: str
    states: tuple[str, ...]
    names: dict[str, str]
    gdp: Array  # (N,) bn USD a year, current prices
    home: Array  # (N,) domestic sales of own output, bn USD a year
    arms_capacity: Array  # (N,) what it could export, SIPRI TIV a month
    replenishment: Array  # (N,) what a full war would make it seek abroad, TIV a month
    know_how: Array  # (N,) practice in evading sanctions, 0..1
    war: Array  # (N,) load of present wars on its arsenal, 0..1
    democracy: Array  # (N,) V-Dem polyarchy, 0..1
    ideal_point: Array  # (N,) UN ideal point, final-passage votes
    milex: Array  # (N,) bn constant 2023 USD a year
    latitude: Array  # (N,) degrees
    longitude: Array  # (N,) degrees
    alignment: Array  # (N, N) symmetric, -1..1
    alignment_sd: Array  # (N, N) symmetric, its standard deviation
    hostility: Array  # (N, N) symmetric, direct hostility, 0..1
    distance: Array  # (N, N) symmetric, km
    trade: Array  # (N, N) bn USD a year, exporter to importer
    oil: Array  # (N, N) crude oil, million barrels a day, exporter to importer
    arms: Array  # (N, N) five-year mean of deliveries, TIV a month, supplier to recipient
    sanction_trade: Array  # (N, N) by, on, 0..1
    sanction_financial: Array  # (N, N) by, on, 0..1
    sanction_symbolic: Array  # (N, N) by, on, 0..1
    embargo: Array  # (N, N) arms embargo by, on, 0..1
    secondary: Array  # (N, N) threat by i to those who deal with j, 0..1
    issues: tuple[str, ...]
    salience: Array  # (D,) 0..1
    position: Array  # (N, D) -1..1
    position_sd: Array  # (N, D)
    attention: Array  # (N, D) how much the state cares, 0..1
    groups: dict[str, tuple[str, ...]]
    senders: tuple[str, ...]
    actors: dict[str, Actor]
    sources: dict[str, Any] = field(repr=False, default_factory=dict)
    descriptions: dict[str, dict[str, str]] = field(repr=False, default_factory=dict)
    """What each issue is about and what its poles mean: name -> {title, plus, minus}."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def __repr__(self) -> str:
        return f"<World {self.name} {self.month}: {len(self.states)} states, {len(self.issues)} issues>"

    def index(self, code: str) -> int:
        """The place of a state on axis 0. Raises KeyError when it is not in this world."""
        try:
            return self.states.index(code)
        except ValueError:
            raise KeyError(f"{code!r} is not a state of world {self.name}") from None
