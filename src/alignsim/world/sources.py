"""Citations of every column of a built world."""

from __future__ import annotations

from typing import Any

from alignsim.world import curated
from alignsim.world.alignment import Agreement


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
        by_month = column in ("war", "hostility", "oil", "secondary", "salience", "position", "attention", "groups", "actors")
        out[column] = {**about, "date": month if by_month or column.startswith("sanction") else dated}
    out["alignment"]["mapping"] = [{key: str(value) for key, value in knot.items()} for knot in agreed.knots]
    return out
