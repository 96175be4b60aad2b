"""Defence pacts: ATOP 5.1 dyad-years, or COW's alliance spells by dyad."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd


def defence(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `a, b, year` with a < b: pairs bound to defend each other, of a mutual or one-sided pact.

    Takes ATOP (`atop_defense`, `defense`) and COW's `alliance_v4.1_by_dyad.csv` (spells; an open end is to 2012).
    """
    import pandas as pd

    frame = table(path, "ccode1", "ccode2")
    if "dyad_st_year" in frame.columns:
        frame = _years(frame)
    duty = "atop_defense" if "atop_defense" in frame.columns else "defense"
    frame = frame[numbers(frame[duty]) == 1]
    pairs = [
        sorted((codes.cow(int(float(one))) or "", codes.cow(int(float(two))) or ""))
        for one, two in zip(frame["ccode1"], frame["ccode2"], strict=True)
    ]
    out = pd.DataFrame(pairs, columns=["a", "b"]).assign(year=numbers(frame["year"]).astype(int).to_numpy())
    return out[(out.a != "") & (out.a != out.b)].drop_duplicates().reset_index(drop=True)


def _years(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each year of each spell."""
    start = numbers(frame["dyad_st_year"]).astype(int)
    end = numbers(frame["dyad_end_year"]).fillna(2012).astype(int)
    years = [list(range(first, last + 1)) for first, last in zip(start, end, strict=True)]
    return frame.assign(year=years).explode("year")
