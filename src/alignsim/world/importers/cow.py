"""Correlates of War: national capabilities and militarized disputes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd


def capabilities(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, year, cinc, milex` (share of the world's capabilities; thousand current USD); -9 is missing."""
    frame = table(path, "ccode", "year", "milex", "cinc")
    out = frame.assign(
        state=frame["ccode"].map(lambda n: codes.cow(int(float(n)))),
        year=numbers(frame["year"]),
        cinc=numbers(frame["cinc"]),
        milex=numbers(frame["milex"]),
    )[["state", "year", "cinc", "milex"]]
    return out.dropna(subset=["state", "year"]).astype({"year": int})


def disputes(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `a, b, year, level` with a < b: the highest hostility of a dispute, 1 (none) to 5 (war).

    Takes `dyadic_mid_4.03.csv` (Latin-1) and a dyad-year panel with `mid_hihost`.
    """
    import pandas as pd

    if path.suffix == ".parquet":
        frame = pd.read_parquet(path, columns=["iso3_1", "iso3_2", "year", "mid_hihost"])
        one, two = frame["iso3_1"].map(codes.iso3), frame["iso3_2"].map(codes.iso3)
        level = numbers(frame["mid_hihost"])
    else:
        frame = table(path, "statea", "stateb", "year", "hihost")
        one = frame["statea"].map(lambda n: codes.cow(int(n)))
        two = frame["stateb"].map(lambda n: codes.cow(int(n)))
        level = numbers(frame["hihost"])
    out = pd.DataFrame({"one": one, "two": two, "year": numbers(frame["year"]), "level": level}).dropna()
    out = out[out.level > 0]
    out = out.assign(a=out[["one", "two"]].min(axis=1), b=out[["one", "two"]].max(axis=1)).astype({"year": int})
    return out.groupby(["a", "b", "year"], as_index=False)["level"].max()
