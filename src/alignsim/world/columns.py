"""The columns of world and panel folders: their unit, range and default. Loading and writing follow this list."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One numeric column; `default` fills a blank or absent cell, and None means that the cell must be filled."""

    name: str
    unit: str
    low: float
    high: float
    default: float | None
    about: str
    digits: int = 3


STATES = (
    Column("gdp", "bn USD a year", 1e-3, 1e6, None, "gross domestic product, current prices", 4),
    Column(
        "home", "bn USD a year", 0, 1e6, float("nan"), "domestic sales of own output (blank: from gdp and trade)", 4
    ),
    Column("arms_capacity", "TIV a month", 0, 1e5, 0.0, "arms the state could export"),
    Column("replenishment", "TIV a month", 0, 1e5, 0.0, "arms a full war would make it seek abroad"),
    Column("know_how", "0..1", 0, 1, 0.0, "practice in evading sanctions"),
    Column("war", "0..1", 0, 1, 0.0, "load of present wars on the state's arsenal"),
    Column("democracy", "0..1", 0, 1, 0.5, "V-Dem polyarchy"),
    Column("ideal_point", "scale", -6, 6, 0.0, "UN ideal point, final-passage votes", 4),
    Column("milex", "bn USD of 2023 a year", 0, 1e5, 0.0, "military expenditure"),
    Column("latitude", "degrees", -90, 90, None, "capital", 5),
    Column("longitude", "degrees", -180, 180, None, "capital", 5),
)
DYADS = (
    Column("alignment", "-1..1", -1, 1, 0.0, "closeness of policy at the start"),
    Column("alignment_sd", "0..1", 0.01, 1, 0.35, "standard deviation of alignment"),
    Column("hostility", "0..1", 0, 1, 0.0, "direct hostility: wars and rivalries"),
    Column("distance", "km", 0, 20040, float("nan"), "between the capitals (blank: great circle)", 4),
)
FLOWS = (
    Column("trade", "bn USD a year", 0, 1e5, 0.0, "goods, exporter to importer"),
    Column("oil", "million barrels a day", 0, 100, 0.0, "crude oil, exporter to importer"),
    Column("arms", "TIV a month", 0, 1e5, 0.0, "deliveries, mean of five years, supplier to recipient"),
)
SANCTIONS = (
    Column("trade", "0..1", 0, 1, 0.0, "material trade sanctions; 1 is a complete embargo"),
    Column("financial", "0..1", 0, 1, 0.0, "material financial sanctions"),
    Column("symbolic", "0..1", 0, 1, 0.0, "travel bans, listings and other gestures"),
    Column("embargo", "0..1", 0, 1, 0.0, "arms embargo"),
    Column("secondary", "0..1", 0, 1, 0.0, "enforcement against third parties that deal with the target"),
)
POSITIONS = (
    Column("position", "-1..1", -1, 1, 0.0, "the state's position on the issue"),
    Column("position_sd", "0..1", 0.01, 1, 0.3, "standard deviation of the position"),
    Column("attention", "0..1", 0, 1, 0.1, "how much the state cares"),
)
OUTCOMES = (
    Column("pi_sq", "-1..1", -1, 1, float("nan"), "chance-corrected agreement in UN votes (Scott's pi)"),
    Column("ip_dist", "scale", 0, 12, float("nan"), "distance of UN ideal points"),
)
PACTS = (Column("pact", "0..1", 0, 1, 0.0, "weight of the defence tie: 0.5 a duty to defend, 0.25 a partnership"),)

Layout = dict[str, tuple[tuple[str, ...], tuple[Column, ...]]]
"""File name -> its key columns and its numeric columns."""

TABLES: Layout = {
    "states.csv": (("code", "name"), STATES),
    "dyads.csv": (("a", "b"), DYADS),
    "flows.csv": (("from", "to"), FLOWS),
    "sanctions.csv": (("by", "on"), SANCTIONS),
    "positions.csv": (("state", "issue"), POSITIONS),
}
"""The tables of a world. A row that is not there has every default."""
PANEL_TABLES: Layout = {
    "outcomes.csv": (("year", "a", "b"), OUTCOMES),
    "pacts.csv": (("year", "a", "b"), PACTS),
}
"""The tables of a panel: outcomes has a row for each year and pair of states, blank where unknown; pacts, which may be
absent, the ties of the years after the votes on file."""
