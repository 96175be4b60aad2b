"""Citations of every column of a built world."""

from __future__ import annotations

from typing import Any, NamedTuple

from alignsim.world import curated
from alignsim.world.alignment import Agreement

_BY_MONTH = {"war", "hostility", "oil", "sanction_trade", "sanction_financial", "sanction_symbolic", "embargo",
             "secondary", "salience", "position", "attention", "groups", "actors"}  # fmt: skip
"""Columns that cited tables bring up to the month; the others are of the last complete year."""
RECORDED = {
    "gdp": "gdp", "trade": "trade", "arms": "arms", "arms_capacity": "arms", "replenishment": "arms", "war": "wars",
    "democracy": "democracy", "hostility": "disputes", "alignment": "pacts", "know_how": "sanctions",
    **dict.fromkeys(("sanction_trade", "sanction_financial", "sanction_symbolic", "embargo"), "sanctions"),
}  # fmt: skip
"""Column of a world -> what of the official files it hangs on, as `upstream.last_years` names it."""


class Facts(NamedTuple):
    """What citations say of one month: all of it text, so that it can be kept in a file and read back."""

    month: str
    points: str
    """Year of the latest ideal points."""
    agreement: str
    """Where agreement comes from, in a sentence."""
    floor: str
    """Least arms capacity, TIV a year for each bn USD of military spending."""
    mapping: list[dict[str, str]]
    """Knots that turn ideal-point distance into agreement, with the spread round them."""


def facts(month: str, agreed: Agreement, points_year: int, floor: float) -> Facts:
    """The facts of one build."""
    knots = [{key: str(value) for key, value in knot.items()} for knot in agreed.knots]
    return Facts(month, str(points_year), agreed.note, f"{floor:.2g}", knots)


def columns(table: str = "sources") -> dict[str, dict[str, str]]:
    """Column -> title, author, year, url, unit, terms and note, with "{year}" and other words not yet filled in."""
    import yaml

    with open(curated.FOLDER / f"{table}.yaml", encoding="utf-8") as handle:
        return yaml.load(handle, Loader=yaml.BaseLoader)


def cite(about: Facts, template: dict[str, dict[str, str]] | None = None) -> dict[str, Any]:
    """`columns()`, or another template, filled in with the facts, and with the date that its figures are of.

    `mapping` under alignment holds the knots that turn ideal-point distance into agreement, with the spread round them.
    """
    year = str(curated.complete_year(about.month))
    words = {"{year}": year, "{points}": about.points, "{agreement}": about.agreement, "{floor}": about.floor}
    out: dict[str, Any] = {}
    for column, entry in (columns() if template is None else template).items():
        note = entry.get("note", "")
        for word, filled in words.items():
            note = note.replace(word, filled)
        dated = {"ideal_point": about.points, "alignment": about.points}.get(column, year)
        dated = entry.get("year", "") if column in ("latitude", "longitude", "distance") else dated
        out[column] = {**entry, "note": note, "date": about.month if column in _BY_MONTH else dated}
    if "alignment" in out:
        out["alignment"]["mapping"] = about.mapping
    return out


def frozen(cited: dict[str, Any], year: int, recorded: dict[str, int]) -> dict[str, Any]:
    """Citations of the world of `year`, saying of each column which of its official files ends before that year.

    `recorded` is what the files tell of, and the last year of which they do.
    """
    out = dict(cited)
    for column, what in RECORDED.items():
        last = recorded.get(what, year)
        if column in out and last < year:
            out[column] = {**out[column], "note": f"{out[column]['note']}; {what} on file end in {last}"}
    return out
