"""Sanctions in force as intensities, and the practice in evading them that years under sanctions leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignsim.world import curated
from alignsim.world.world import Array

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("trade", "financial", "symbolic", "embargo", "secondary")
PRACTICE = 6.0
"""Years under a full embargo by the whole coalition that bring know-how to 1 - 1/e (expert judgement; 4 to 9)."""
HALF_LIFE = 15.0
"""Years in which half of the practice is forgotten (expert judgement; 8 to 25)."""
UN_COMPLIANCE = 0.5
"""How far members apply a UN measure (expert judgement); of its trade measures at most a partial sanction counts."""
_UN_TRADE = 0.12
_MANY_TARGETS = 3
"""A case against more states than this is a list of firms and persons: its weight is spread over its targets."""


def intensities(month: str, states: list[str], cases: pd.DataFrame, groups: dict) -> dict[str, Array]:
    """Kind -> (N, N) by, on, in 0..1, in force at the end of `month`.

    GSDB cases begun by the last complete year combine as 1 - prod(1 - s); those open at the end of the file go on.
    Rows of sanctions.csv then replace the cell of their sender, target and kind, a later row an earlier one.
    """
    place = {code: k for k, code in enumerate(states)}
    year = curated.complete_year(month)
    left = {kind: np.ones((len(states), len(states))) for kind in KINDS}
    alive = cases[(cases.begin <= year) & ((cases.end >= year) | cases.ongoing)]
    members = {name: [place[c] for c in codes if c in place] for name, codes in groups.items()}
    for row in alive.itertuples(index=False):
        if row.on not in place:
            continue
        on, un = place[row.on], row.by == "@un"
        by = range(len(states)) if un else members.get(row.by[1:], []) if row.by[0] == "@" else [place.get(row.by)]
        by = [k for k in by if k is not None and k != on]
        share = (UN_COMPLIANCE if un else 1.0) / (row.targets if row.targets > _MANY_TARGETS else 1)
        for kind in ("trade", "financial", "symbolic", "embargo"):
            value = min(getattr(row, kind), _UN_TRADE) if un and kind == "trade" else getattr(row, kind)
            if value:
                left[kind][by, on] *= 1 - share * value
    out = {kind: 1 - left[kind] for kind in KINDS}
    _replace(out, month, place, groups)
    return out


def _replace(out: dict[str, Array], month: str, place: dict[str, int], groups: dict) -> None:
    """Rows for groups first, then those for single states, which are more exact."""
    listed = curated.at("sanctions", month)
    for single in (False, True):
        for row in listed:
            if (row["by"][0] != "@" and row["on"][0] != "@") != single:
                continue
            for by in curated.expand([row["by"]], groups):
                for on in curated.expand([row["on"]], groups):
                    if by in place and on in place and by != on:
                        out[row["kind"]][place[by], place[on]] = float(row["intensity"])


def pressure(sanctions: dict[str, Array], senders: Array) -> Array:
    """Material pressure of the coalition on each state, (N,) in 0..1; `senders` are weights (N,) that sum to 1."""
    return senders @ np.maximum(sanctions["trade"], 0.5 * sanctions["financial"])


def know_how(month: str, states: list[str], cases: pd.DataFrame, senders: Array, first: int = 1960) -> Array:
    r"""Practice in evading sanctions, (N,) in 0..1.

    .. math:: K_i = 1 - \exp(-\tfrac16 \sum_t \bar S_i(t) \, 2^{-\text{age}/15})

    with the coalition's material pressure at the end of each complete year since 1960. The exponential form is the
    model's own learning equation; six years and the half-life put Iran near 0.8 and Russia near 0.35 in 2024.
    """
    total, last = np.zeros(len(states)), curated.complete_year(month)
    for year in range(first, last + 1):
        at = f"{year}-12"
        felt = pressure(intensities(at, states, cases, curated.groups_at(at)), senders)
        total += felt * 0.5 ** ((last - year) / HALF_LIFE)
    return 1 - np.exp(-total / PRACTICE)
