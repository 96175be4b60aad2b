"""UN General Assembly: ideal points in each format they were published in, and roll-call votes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.errors import InvalidInput, Problem
from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table, text

if TYPE_CHECKING:
    import pandas as pd

# Names of (point, low, high) by edition, newest first; low and high bound 90 % of the posterior.
_EDITIONS = (
    ("IdealPointFP", "Q5%FP", "Q95%FP"),
    ("idealpointfp", "q5fp", "q95fp"),
    ("IdealPoint", "Q5%", "Q95%"),
    ("idealpointall", "q5all", "q95all"),
)
_YEAR_OF_SESSION = 1945  # session 79 opened in September 2024


def ideal_points(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, year, point, low, high`; final-passage votes where the edition has them.

    Tab-separated from 2025, comma-separated before (April 2020 in Latin-1, with `session` in place of `year`), or
    Stata; 90 % bounds are missing where the edition gives none.
    """
    if path.suffix == ".dta":
        import pandas as pd

        frame = pd.read_stata(path, convert_categoricals=False)
    else:
        separator = "\t" if "\t" in text(path).partition("\n")[0] else ","
        frame = table(path, separator=separator)
    names = next((edition for edition in _EDITIONS if edition[0] in frame.columns), None)
    if names is None or not {"year", "session"} & set(frame.columns):
        problem = Problem(1, 0, "IdealPointFP", "column is missing; is this the file as published?")
        raise InvalidInput(str(path), [problem], "is not in the expected format")
    if "year" not in frame.columns:
        frame = frame.assign(year=numbers(frame["session"]) + _YEAR_OF_SESSION)
    point, low, high = (numbers(frame[name]) if name in frame.columns else float("nan") for name in names)
    state = frame["ccode"].map(lambda n: codes.cow(int(float(n))))
    out = frame.assign(state=state, year=numbers(frame["year"]), point=point, low=low, high=high)
    out = out[["state", "year", "point", "low", "high"]].dropna(subset=["state", "year", "point"])
    return out.astype({"year": int}).drop_duplicates(["state", "year"], keep="last")


def roll_calls(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, year, item, vote` with vote 1 yes, 2 abstain, 3 no; absence (8) and non-members (9) left out.

    Takes `UNVotes.csv` (`rcid`, `session`, `date`) and extracts with `resid` and `year`.
    """
    frame = table(path, "ccode", "vote")
    item = "rcid" if "rcid" in frame.columns else "resid"
    if "year" in frame.columns:
        year = numbers(frame["year"])
    else:
        year = frame["date"].str.extract(r"((?:19|20)\d\d)", expand=False).astype(float)
    states = {n: codes.cow(int(float(n))) for n in frame["ccode"].unique()}
    out = frame.assign(state=frame["ccode"].map(states), year=year, item=frame[item], vote=numbers(frame["vote"]))
    out = out[["state", "year", "item", "vote"]].dropna()
    return out[out.vote.isin([1, 2, 3])].astype({"year": int, "vote": int})
