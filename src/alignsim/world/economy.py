"""Output, trade and oil at one month: last observed figures carried forward, gaps closed from the cited tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignsim.world import curated
from alignsim.world.world import Array

if TYPE_CHECKING:
    import pandas as pd

LOOK_BACK = 5
"""Years that a missing bilateral flow may be carried; older is taken as no trade."""
FLOOR = 0.001
"""bn USD a year between a state that trades with nobody and its nearest large partner, so that no market is empty."""
_EU_OIL = {"DEU": 0.2, "NLD": 0.14, "ITA": 0.16, "ESP": 0.16, "FRA": 0.11, "POL": 0.08, "BEL": 0.06, "GRC": 0.05,
           "ROU": 0.02, "HUN": 0.01, "CZE": 0.01, "SVK": 0.0}  # fmt: skip
"""How crude bound for the EU is split among refiners: shares of 2023, rounded (Eurostat; the rest elsewhere)."""
_DRUZHBA = {"HUN": 0.45, "SVK": 0.35, "CZE": 0.2}
"""The same for Russian pipeline crude after December 2022."""


def gdp(month: str, states: list[str], worldbank: pd.DataFrame) -> Array:
    """GDP in bn USD, current prices, (N,): the newer of World Bank and gdp.csv, of complete years.

    A state that neither knows by then has nan, and is left out of the world.
    """
    year = curated.complete_year(month)
    known = worldbank[worldbank.year <= year].sort_values("year").groupby("state").last()
    out = np.full(len(states), np.nan)
    stamp = np.zeros(len(states), dtype=int)
    for k, code in enumerate(states):
        if code in known.index:
            out[k], stamp[k] = known.value[code] / 1e9, known.year[code]
    for row in curated.rows("gdp"):
        if row["state"] in states and int(row["year"]) <= year:
            k = states.index(row["state"])
            if int(row["year"]) > stamp[k]:
                out[k], stamp[k] = float(row["gdp"]), int(row["year"])
    return out


def trade(
    month: str, states: list[str], baci: pd.DataFrame, cow: pd.DataFrame, groups: dict[str, tuple[str, ...]]
) -> Array:
    """Goods in bn USD a year, exporter to importer, (N, N), for the last complete year.

    Each pair's last observed flow (BACI, before 2000 COW; COW also for states that BACI does not cover) is carried by
    the growth of world exports, at most five years back from the last year on file. Then rows of trade.csv replace it.
    """
    place = {code: k for k, code in enumerate(states)}
    year = curated.complete_year(month)
    growth = {int(row["year"]): float(row["exports"]) for row in curated.rows("world_trade")}
    now = growth[min(year, max(growth))]
    out, seen = np.zeros((len(states), len(states))), np.zeros((len(states), len(states)), dtype=int)
    covered = set(baci[baci.year <= year].exporter) if len(baci) else set()
    for source, only_missing in ((cow, True), (baci, False)):
        known = source[source.year <= year]
        if known.empty:
            continue
        last = known.sort_values("year").groupby(["exporter", "importer"], as_index=False).last()
        for row in last[last.year > known.year.max() - LOOK_BACK].itertuples(index=False):
            if row.exporter in place and row.importer in place and row.exporter != row.importer:
                if only_missing and {row.exporter, row.importer} <= covered:
                    continue
                i, j = place[row.exporter], place[row.importer]
                out[i, j], seen[i, j] = row.value * now / growth.get(int(row.year), now), row.year
    _replace(out, seen, year, place, groups)
    return out


def _replace(out: Array, seen: Array, year: int, place: dict[str, int], groups: dict[str, tuple[str, ...]]) -> None:
    """Rows of trade.csv up to `year` and newer than the flow; a group's total is split by its members' flows."""
    for row in sorted(curated.rows("trade"), key=lambda row: int(row["year"])):
        if int(row["year"]) > year:
            continue
        sellers = [place[c] for c in curated.expand([row["exporter"]], groups) if c in place]
        buyers = [place[c] for c in curated.expand([row["importer"]], groups) if c in place]
        if not sellers or not buyers:
            continue
        cells = np.ix_(sellers, buyers)
        if int(row["year"]) <= seen[cells].max():
            continue
        shares = np.maximum(out[cells], 1e-9)
        out[cells] = float(row["value"]) * shares / shares.sum()
        seen[cells] = int(row["year"])


def connect(trade: Array) -> Array:
    """No state without any export or import: a thousandth of a bn with the largest trader."""
    largest = int(np.argmax(trade.sum(axis=0) + trade.sum(axis=1)))
    second = int(np.argsort(trade.sum(axis=0) + trade.sum(axis=1))[-2])
    for i in range(len(trade)):
        partner = largest if i != largest else second
        if trade[i].sum() <= 0:
            trade[i, partner] = FLOOR
        if trade[:, i].sum() <= 0:
            trade[partner, i] = FLOOR
    return trade


def oil(month: str, states: list[str], groups: dict[str, tuple[str, ...]]) -> Array:
    """Crude oil in million barrels a day, exporter to importer, (N, N), from the stylised table oil.csv."""
    place = {code: k for k, code in enumerate(states)}
    out = np.zeros((len(states), len(states)))
    for row in curated.at("oil", month):
        key = {row["importer"]: 1.0}
        if row["importer"] == "@eu":
            key = _DRUZHBA if "Druzhba" in row["source"] else _EU_OIL
            key = {code: share for code, share in key.items() if code in groups.get("eu", ())}
        for code, share in key.items():
            if row["exporter"] in place and code in place:
                out[place[row["exporter"]], place[code]] += float(row["value"]) * share
    return out


def latest(month: str, states: list[str], frame: pd.DataFrame, column: str = "value", oldest: int = 100) -> Array:
    """Each state's last figure up to the last complete year, (N,); nan where there is none in `oldest` years."""
    year = curated.complete_year(month)
    known = frame[(frame.year <= year) & (frame.year > year - oldest)].dropna(subset=[column])
    return known.sort_values("year").groupby("state")[column].last().reindex(states).to_numpy(dtype=float)


def military_expenditure(month: str, states: list[str], sipri: pd.DataFrame, nmc: pd.DataFrame, gdp: Array) -> Array:
    """Military expenditure in bn constant 2023 USD, (N,).

    SIPRI's last figure of ten years, unless it is below 0.1 % of GDP (Venezuela's exchange rate); else milex.csv; else
    COW's (current USD, as it is, for want of a deflator); else 1.5 % of GDP.
    """
    first = latest(month, states, sipri, oldest=10)
    first = np.where(first > 0.001 * gdp, first, np.nan)
    for row in curated.rows("milex"):
        if row["state"] in states and int(row["year"]) <= curated.complete_year(month):
            k = states.index(row["state"])
            first[k] = first[k] if np.isfinite(first[k]) else float(row["milex"])
    second = latest(month, states, nmc, "milex", oldest=10) / 1e6
    third = 0.015 * gdp
    return np.where(np.isfinite(first), first, np.where(np.isfinite(second) & (second > 0), second, third))
