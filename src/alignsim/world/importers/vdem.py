"""V-Dem's electoral democracy index (polyarchy), from the full file or a state-year extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd


def polyarchy(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, year, value` in 0..1. The code column is `country_text_id` in V-Dem's file, else `iso3`."""
    frame = table(path, "year", "v2x_polyarchy")
    column = "country_text_id" if "country_text_id" in frame.columns else "iso3"
    out = frame.assign(
        state=frame[column].map(lambda code: codes.iso3(code)),
        year=numbers(frame["year"]),
        value=numbers(frame["v2x_polyarchy"]),
    )[["state", "year", "value"]].dropna()
    return out.astype({"year": int})
