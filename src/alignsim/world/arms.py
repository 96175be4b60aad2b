"""Arms flows between states and what each could export or would need, from SIPRI deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignsim.world import curated
from alignsim.world.world import Array

if TYPE_CHECKING:
    import pandas as pd

YEARS = 5
FIRST = 1992  # the Soviet Union's exports are not Russia's capacity


def flows(month: str, states: list[str], deliveries: pd.DataFrame) -> Array:
    """Deliveries in TIV a month, supplier to recipient, (N, N): the mean of the last five complete years."""
    year = curated.complete_year(month)
    recent = deliveries[(deliveries.year <= year) & (deliveries.year > year - YEARS)]
    place = {code: k for k, code in enumerate(states)}
    out = np.zeros((len(states), len(states)))
    for row in recent.itertuples(index=False):
        if row.supplier in place and row.recipient in place and row.supplier != row.recipient:
            out[place[row.supplier], place[row.recipient]] += row.tiv / (12 * YEARS)
    return out


def capacity(month: str, states: list[str], deliveries: pd.DataFrame, milex: Array) -> tuple[Array, float]:
    """What each state could export, TIV a month, (N,), and the floor in TIV a year for each bn USD of spending.

    The largest annual exports since 1992 up to the last complete year, or a share k of military spending where that is
    more. k is the lower quartile of exports over spending among exporters: most states that never exported buy what
    they spend on, and the median would make arms exporters of them.
    """
    year = curated.complete_year(month)
    known = deliveries[(deliveries.year <= year) & (deliveries.year >= min(FIRST, year))]
    yearly = known.groupby(["supplier", "year"]).tiv.sum()
    largest = yearly.groupby("supplier").max().reindex(states).fillna(0).to_numpy()
    exporters = (largest > 0) & (milex > 0)
    k = float(np.quantile(largest[exporters] / milex[exporters], 0.25)) if exporters.any() else 0.0
    return np.maximum(largest, k * milex) / 12, k


def replenishment(month: str, states: list[str], deliveries: pd.DataFrame, capacity: Array) -> Array:
    """What a full war would make a state seek abroad, TIV a month, (N,).

    Its largest annual imports of the last ten complete years, at least 5 % of its export capacity (expert judgement).
    """
    year = curated.complete_year(month)
    known = deliveries[(deliveries.year <= year) & (deliveries.year > year - 10)]
    yearly = known.groupby(["recipient", "year"]).tiv.sum()
    largest = yearly.groupby("recipient").max().reindex(states).fillna(0).to_numpy()
    return np.maximum(largest / 12, 0.05 * capacity)
