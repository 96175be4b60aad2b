"""Pacts and direct hostility between states, from ATOP, COW disputes, UCDP and the cited tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignsim.world import curated
from alignsim.world.world import Array

if TYPE_CHECKING:
    import pandas as pd

PACT = {"defence": 0.5, "partnership": 0.25, "none": 0.0}
"""Share of the way to close alignment that a tie covers (expert judgement)."""
WIDE = 0.25
"""The same for a pact between two members of one continent-wide organisation (Arab League, African Union, OAS)."""
_WIDE_GROUPS = ("arab-league", "african-union", "oas")
_STRICT_GROUPS = ("nato", "gcc")
_DISPUTE = {1: 0.0, 2: 0.1, 3: 0.2, 4: 0.3, 5: 0.8}  # COW's highest hostility level: none, threat, display, use, war
_WAR = {1: 0.6, 2: 0.9}  # UCDP between states: minor, war
_MEMORY = 0.85  # what is left of a clash a year later: half after four years


def pacts(month: str, states: list[str], atop: pd.DataFrame, groups: dict[str, tuple[str, ...]]) -> Array:
    """Weight of the defence tie of each pair, (N, N) in 0..0.5.

    ATOP's last year up to `month` is carried on; later pacts, partnerships and ends are rows of alliances.csv.
    """
    place = {code: k for k, code in enumerate(states)}
    weight = np.zeros((len(states), len(states)))
    known = atop[atop.year <= curated.complete_year(month)]
    for pair in known[known.year == known.year.max()].itertuples(index=False):
        _set(weight, place, pair.a, pair.b, WIDE if _wide(pair.a, pair.b, groups) else PACT["defence"])
    for row in curated.at("alliances", month):
        for other in curated.expand([row["b"]], groups):
            if other != row["a"]:
                old = weight[place[row["a"]], place[other]] if {row["a"], other} <= set(place) else 0.0
                new = PACT[row["kind"]]
                _set(weight, place, row["a"], other, 0.0 if row["kind"] == "none" else max(new, old))
    return weight


def hostility(month: str, states: list[str], disputes: pd.DataFrame, conflicts: pd.DataFrame) -> Array:
    """Direct hostility of each pair, (N, N) in 0..1: the rivalry table where it speaks, else fading clashes.

    Each COW dispute or UCDP war between two states counts by its level and loses 15 % a year, over ten years.
    """
    place = {code: k for k, code in enumerate(states)}
    out, year = np.zeros((len(states), len(states))), curated.complete_year(month)
    for row in disputes[(disputes.year <= year) & (disputes.year > year - 10)].itertuples(index=False):
        _raise(out, place, row.a, row.b, _DISPUTE.get(int(row.level), 0.0) * _MEMORY ** (year - row.year))
    wars = conflicts[(conflicts.opponent != "") & (conflicts.year <= year) & (conflicts.year > year - 10)]
    for row in wars.itertuples(index=False):
        _raise(out, place, row.state, row.opponent, _WAR[int(row.intensity)] * _MEMORY ** (year - row.year))
    for row in curated.at("rivalries", month):
        _set(out, place, row["a"], row["b"], float(row["hostility"]))
    return out


def war_load(month: str, states: list[str], conflicts: pd.DataFrame) -> Array:
    """Load of present wars, (N,) in 0..1: wars.csv where it speaks, else UCDP's last complete year.

    A state at war (1,000 deaths a year) carries 0.5 and in a minor conflict 0.15, as primary party (expert judgement).
    """
    load, year = np.zeros(len(states)), curated.complete_year(month)
    for k, code in enumerate(states):
        level = conflicts[(conflicts.state == code) & (conflicts.year == year)].intensity.max()
        load[k] = {1: 0.15, 2: 0.5}.get(level, 0.0)
    for row in curated.at("wars", month):
        if row["state"] in states:
            load[states.index(row["state"])] = float(row["load"])
    return load


def _wide(a: str, b: str, groups: dict[str, tuple[str, ...]]) -> bool:
    def both(names: tuple[str, ...]) -> bool:
        return any(a in groups.get(name, ()) and b in groups.get(name, ()) for name in names)

    return both(_WIDE_GROUPS) and not both(_STRICT_GROUPS)


def _set(square: Array, place: dict[str, int], a: str, b: str, value: float) -> None:
    if a in place and b in place:
        square[place[a], place[b]] = square[place[b], place[a]] = value


def _raise(square: Array, place: dict[str, int], a: str, b: str, value: float) -> None:
    if a in place and b in place:
        _set(square, place, a, b, max(value, square[place[a], place[b]]))
