"""UCDP/PRIO armed conflicts: one row for each conflict and year, states by Gleditsch-Ward numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.world.codes import Codes
from alignsim.world.importers import table

if TYPE_CHECKING:
    import pandas as pd

_INTERSTATE = "2"


def conflicts(path: Path, codes: Codes) -> pd.DataFrame:
    """Columns `state, opponent, year, intensity`: primary warring states; intensity 1 minor, 2 war (1,000 deaths).

    `opponent` is a code where two states fight (both directions are listed), else "" for a war against a group.
    Secondary parties, who send support, are left out; a cell such as "200,  2" names two states.
    """
    import pandas as pd

    frame = table(path, "year", "intensity_level", "type_of_conflict", "gwno_a", "gwno_b")
    found = []
    for row in frame.itertuples(index=False):
        sides = [_states(row.gwno_a, codes), _states(row.gwno_b, codes)]
        between = row.type_of_conflict == _INTERSTATE
        for own, other in (sides, sides[::-1]):
            for state in own:
                for opponent in other if between else [""]:
                    found.append((state, opponent, int(row.year), int(row.intensity_level)))
    out = pd.DataFrame(found, columns=["state", "opponent", "year", "intensity"])
    return out.groupby(["state", "opponent", "year"], as_index=False)["intensity"].max()


def _states(cell: str, codes: Codes) -> list[str]:
    numbers = (codes.gleditsch_ward(int(part)) for part in cell.split(",") if part.strip())
    return [code for code in numbers if code]
