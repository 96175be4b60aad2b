"""Citations of every column of a built world."""

from __future__ import annotations

from typing import Any

from alignsim.world import curated
from alignsim.world.alignment import Agreement

_BY_MONTH = {"war", "hostility", "oil", "sanction_trade", "sanction_financial", "sanction_symbolic", "embargo",
             "secondary", "salience", "position", "attention", "groups", "actors"}  # fmt: skip
"""Columns that cited tables bring up to the month; the others are of the last complete year."""


def cite(month: str, agreed: Agreement, points_year: int, floor: float) -> dict[str, Any]:
    """Column -> title, author, year, url, unit, terms, note and the date its figures are of, filled in for `month`.

    `mapping` under alignment holds the knots that turn ideal-point distance into agreement, with the spread round them.
    """
    import yaml

    year = curated.complete_year(month)
    words = {"{year}": str(year), "{points}": str(points_year), "{agreement}": agreed.note, "{floor}": f"{floor:.2g}"}
    with open(curated.FOLDER / "sources.yaml", encoding="utf-8") as handle:
        template = yaml.load(handle, Loader=yaml.BaseLoader)
    out: dict[str, Any] = {}
    for column, about in template.items():
        for word, filled in words.items():
            about["note"] = about["note"].replace(word, filled)
        dated = {"ideal_point": str(points_year), "alignment": str(points_year)}.get(column, str(year))
        dated = about["year"] if column in ("latitude", "longitude", "distance") else dated
        out[column] = {**about, "date": month if column in _BY_MONTH else dated}
    out["alignment"]["mapping"] = [{key: str(value) for key, value in knot.items()} for knot in agreed.knots]
    return out
