"""Global Sanctions Database, case level: lists of names that contain commas, EU, UN and G7 unexpanded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import numbers, table

if TYPE_CHECKING:
    import pandas as pd

# Organisations as GSDB names them -> our groups; their members are those of the year in question.
ORGANISATIONS = {
    "eu": "@eu", "eec": "@eu", "un": "@un", "g7": "@g7", "g8": "@g7", "nato": "@nato", "western countries": "@west",
    "league of arab states": "@arab-league", "eeu": "@eaeu", "african union": "@african-union",
    "organisation of african unity": "@african-union", "ecowas": "@ecowas", "mercosur": "@mercosur",
    "commonwealth": "@commonwealth", "organization of american states": "@oas", "cocom": "@west",
}  # fmt: skip
_PARTIAL = 0.12
"""A partial trade sanction on MODEL's scale, 0.174 / 1.43 of a complete embargo (CESifo 10910)."""


def names(cell: str, codes: Codes) -> list[str]:
    """Codes and "@groups" of a comma-separated list whose names may hold commas ("Korea, South, Gambia, The").

    The longest run of parts that is a known name wins; what is no state or known organisation is left out.
    """
    parts = [part.strip() for part in cell.split(",") if part.strip()]
    found, k = [], 0
    while k < len(parts):
        for size in (3, 2, 1):
            name = ", ".join(parts[k : k + size])
            code = ORGANISATIONS.get(name.casefold()) or codes.named(name)
            if code and k + size <= len(parts):
                break
        if code:
            found.append(code)
        k += size if code else 1
    return list(dict.fromkeys(found))


def cases(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `case, by, on, begin, end, targets, trade, financial, symbolic, embargo, ongoing`, one row a sender.

    `by` is a code or "@group"; the four kinds are intensities in 0..1 before cases are combined; `targets` is how many
    states the case names; `ongoing` marks cases that the last year of the file does not close.
    """
    import pandas as pd

    frame = table(path, "case_id", "sanctioned_state", "sanctioning_state", "begin", "end", "trade", "descr_trade")
    last = int(numbers(frame["end"]).max())
    found = []
    for row in frame.itertuples(index=False):
        targets = [code for code in names(row.sanctioned_state, codes) if not code.startswith("@")]
        kinds = _intensities(row)
        for by in names(row.sanctioning_state, codes):
            for on in targets:
                begin, end = int(row.begin), int(row.end)
                found.append((int(row.case_id), by, on, begin, end, max(len(targets), 1), *kinds, end >= last))
    columns = ["case", "by", "on", "begin", "end", "targets", "trade", "financial", "symbolic", "embargo", "ongoing"]
    return pd.DataFrame(found, columns=columns)


def _intensities(row) -> tuple[float, float, float, float]:
    """Trade, financial, symbolic and arms intensity of one case.

    Trade: each of exports and imports counts half where completely cut, and a partial cut of either is worth 0.12.
    Financial 0.1 (nearly all are lists of names), travel 0.1, other 0.05, arms 0.8 and military assistance 0.3 are
    expert judgement; financial regimes that bite are rows of sanctions.csv.
    """
    complete = len(re.findall(r"(?:exp|imp)_compl", row.descr_trade))
    partial = "part" in row.descr_trade or (row.trade == "1" and not complete)
    trade = 1 - (1 - 0.5 * complete) * (1 - _PARTIAL * partial)
    symbolic = 1 - (1 - 0.1 * (row.travel == "1")) * (1 - 0.05 * (row.other == "1"))
    embargo = max(0.8 * (row.arms == "1"), 0.3 * (row.military == "1"))
    return trade, 0.1 * (row.financial == "1"), symbolic, embargo
