"""Bilateral trade: CEPII BACI (products or totals, thousand USD) and COW trade 4.0 (imports, million USD)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd


def flows(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `exporter, importer, year, value` in bn USD, one row for each pair and year that traded.

    Takes BACI as published (`t,i,j,k,v,q`, product rows, numeric codes, thousand USD) and its bilateral totals
    (`exporter,importer,year,value_kusd`). A pair that is not listed is unknown, not zero.
    """
    frame = table(path)
    if {"t", "i", "j", "v"} <= set(frame.columns):
        out = frame.assign(
            exporter=frame["i"].map(lambda n: codes.number(n)),
            importer=frame["j"].map(lambda n: codes.number(n)),
            year=numbers(frame["t"]),
            value=numbers(frame["v"]) / 1e6,
        )
    else:
        frame = table(path, "exporter", "importer", "year", "value_kusd")
        out = frame.assign(
            exporter=frame["exporter"].map(lambda code: codes.iso3(code)),
            importer=frame["importer"].map(lambda code: codes.iso3(code)),
            year=numbers(frame["year"]),
            value=numbers(frame["value_kusd"]) / 1e6,
        )
    out = out[["exporter", "importer", "year", "value"]].dropna().astype({"year": int})
    return out.groupby(["exporter", "importer", "year"], as_index=False)["value"].sum()


def cow_flows(path: Path, codes: Codes) -> pd.DataFrame:
    """The same columns from COW's dyadic trade: `flow1` is what 1 imports from 2, so it runs 2 to 1; -9 is missing.

    Takes `Dyadic_COW_4.0.csv` and its extract with `imp1_from2_musd`.
    """
    import pandas as pd

    frame = table(path, "ccode1", "ccode2", "year")
    first, second = ("flow1", "flow2") if "flow1" in frame.columns else ("imp1_from2_musd", "imp2_from1_musd")
    one = frame["ccode1"].map(lambda n: codes.cow(int(float(n))))
    two = frame["ccode2"].map(lambda n: codes.cow(int(float(n))))
    year = numbers(frame["year"])
    parts = [
        pd.DataFrame({"exporter": two, "importer": one, "year": year, "value": numbers(frame[first]) / 1e3}),
        pd.DataFrame({"exporter": one, "importer": two, "year": year, "value": numbers(frame[second]) / 1e3}),
    ]
    out = pd.concat(parts).dropna().astype({"year": int})
    return out.groupby(["exporter", "importer", "year"], as_index=False)["value"].sum()
