"""SIPRI: deliveries from the trade register or the TIV tables, and military expenditure."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.errors import InvalidInput, Problem
from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table, text

if TYPE_CHECKING:
    import pandas as pd

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def deliveries(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `supplier, recipient, year, tiv` from a trade register; the recipient is "" where it is no state.

    The register gives no value per year, so a deal's TIV of delivered weapons is spread evenly over its years of
    delivery (r = .95 with SIPRI's own yearly figures). Latin-1 with eleven lines before the header, or re-saved as
    UTF-8 without them; three nameless columns hold "?"; suppliers that are rebels (*), organisations (**) or unknown
    are left out, and such recipients are "".
    """
    import pandas as pd

    rows, header, top = _rows(path, "Supplier")
    try:
        place = {name: header.index(name) for name in ("Recipient", "Supplier")}
        years, value = _column(header, r"year\(?s?\)? of deliver"), _column(header, r"tiv of delivered")
    except ValueError as error:
        raise InvalidInput(str(path), [Problem(top, 0, "", str(error))], "is not a SIPRI trade register") from error
    found = []
    for row in rows:
        if len(row) < len(header):
            continue
        supplier, recipient = codes.named(row[place["Supplier"]]), codes.named(row[place["Recipient"]])
        delivered = [int(y) for y in _YEAR.findall(row[years])]
        tiv = float(row[value].strip() or 0)
        if supplier and delivered and tiv:
            found += [(supplier, recipient or "", year, tiv / len(delivered)) for year in delivered]
    out = pd.DataFrame(found, columns=["supplier", "recipient", "year", "tiv"])
    return out.groupby(["supplier", "recipient", "year"], as_index=False)["tiv"].sum()


def partner_values(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `partner, year, tiv` from a TIV table of one state's (or the world's) exports or imports.

    The old site has ten lines before the header, a blank first heading and a Total row; the new one a "Recipient" or
    "Supplier" heading, cells like "0 " and columns of totals and shares. Blank is none; 0 is less than half a million.
    """
    import pandas as pd

    lines = list(csv.reader(io.StringIO(text(path))))
    top = next((k for k, row in enumerate(lines) if sum(cell.strip().isdigit() for cell in row) > 3), None)
    if top is None or any("%" in cell for cell in lines[top][:1]):
        raise InvalidInput(str(path), [Problem(1, 0, "", "no header row of years")], "is not a SIPRI TIV table")
    years = {k: int(cell) for k, cell in enumerate(lines[top]) if re.fullmatch(r"(19|20)\d\d", cell.strip())}
    found = []
    for row in lines[top + 1 :]:
        partner = codes.named(row[0]) if row else None
        if partner:
            cells = ((year, row[k].strip()) for k, year in years.items() if k < len(row))
            found += [(partner, year, float(cell)) for year, cell in cells if cell]
    out = pd.DataFrame(found, columns=["partner", "year", "tiv"])
    return out.groupby(["partner", "year"], as_index=False)["tiv"].sum()


def military_expenditure(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, year, value` in bn constant 2023 USD, from `country,year,milex_const2023_usd_m`."""
    frame = table(path, "country", "year", "milex_const2023_usd_m")
    out = frame.assign(
        state=frame["country"].map(lambda name: codes.named(name)),
        year=numbers(frame["year"]),
        value=numbers(frame["milex_const2023_usd_m"]) / 1e3,
    )[["state", "year", "value"]].dropna()
    out = out.astype({"year": int})
    return out.groupby(["state", "year"], as_index=False)["value"].last()


def _rows(path: Path, mark: str) -> tuple[list[list[str]], list[str], int]:
    """Body, header and header line of a SIPRI export, wherever the header is."""
    lines = list(csv.reader(io.StringIO(text(path))))
    for k, row in enumerate(lines):
        if mark in [cell.strip() for cell in row]:
            return lines[k + 1 :], [cell.strip() for cell in row], k + 1
    raise InvalidInput(str(path), [Problem(1, 0, mark, "no header row has this column")], "is not a SIPRI export")


def _column(header: list[str], pattern: str) -> int:
    for k, name in enumerate(header):
        if re.search(pattern, name, re.IGNORECASE):
            return k
    raise ValueError(f"no column like {pattern!r}")
