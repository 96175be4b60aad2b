"""World Bank indicators in long form: `Country Name,Country Code,Year,Value`, aggregates among the states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd


def indicator(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, year, value` in the file's own unit (USD or people); aggregates such as AFE are left out."""
    frame = table(path, "Country Code", "Year", "Value")
    out = frame.assign(
        state=frame["Country Code"].map(lambda code: codes.iso3(code)),
        year=numbers(frame["Year"]),
        value=numbers(frame["Value"]),
    )[["state", "year", "value"]].dropna()
    return out.astype({"year": int})
