"""CEPII GeoDist: distances between states. Its codes are old: ROM, ZAR, TMP and YUG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd


def distances(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `a, b, km` for ordered pairs: between capitals, or between the largest cities where that is missing."""
    frame = table(path, "iso_o", "iso_d", "dist", "distcap")
    km = numbers(frame["distcap"])
    out = frame.assign(
        a=frame["iso_o"].map(lambda code: codes.iso3(code)),
        b=frame["iso_d"].map(lambda code: codes.iso3(code)),
        km=km.where(km.notna(), numbers(frame["dist"])),
    )[["a", "b", "km"]].dropna()
    return out[out.a != out.b]
