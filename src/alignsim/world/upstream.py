"""The official files of one folder, read once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alignsim.errors import FileProblem
from alignsim.world.codes import Codes
from alignsim.world.importers import (
    atop,
    baci,
    cepii,
    cow,
    find_all,
    gsdb,
    require_pandas,
    sipri,
    ucdp,
    vdem,
    voeten,
    worldbank,
)

if TYPE_CHECKING:
    import pandas as pd

FILES: dict[str, tuple[str, ...]] = {
    "gdp": ("worldbank_gdp.csv", "gdp.csv"),
    "register": ("*trade-register*.csv",),
    "milex": ("sipri_milex*.csv",),
    "gsdb": ("GSDB_V4.csv", "GSDB_V*.csv"),
    "points": ("ideal_points*.tab", "*dealpoint*.csv", "*dealpoint*.dta"),
    "votes": ("unga_rollcall*.parquet", "UNVotes*.csv"),
    "conflicts": ("UcdpPrioConflict*.csv",),
    "baci": ("baci_*.parquet", "BACI_*.csv"),
    "cow_trade": ("cow_trade*.parquet", "Dyadic_COW*.csv"),
    "atop": ("atop*.parquet", "atop*.csv", "alliance_v*_by_dyad.csv"),
    "capabilities": ("cow_nmc*.csv", "NMC*.csv"),
    "disputes": ("dyadic_mid*.csv", "dyad_year*.parquet"),
    "distances": ("cepii_dist*.csv", "dist_cepii*.csv"),
    "democracy": ("vdem*.csv", "V-Dem*.csv"),
}
"""Table -> the names its file may have, anywhere below the folder given with --from."""

_READERS = {
    "gdp": worldbank.indicator,
    "register": sipri.deliveries,
    "milex": sipri.military_expenditure,
    "gsdb": gsdb.cases,
    "points": voeten.ideal_points,
    "votes": voeten.roll_calls,
    "conflicts": ucdp.conflicts,
    "baci": baci.flows,
    "cow_trade": baci.cow_flows,
    "atop": atop.defence,
    "capabilities": cow.capabilities,
    "disputes": cow.disputes,
    "distances": cepii.distances,
    "democracy": vdem.polyarchy,
}


class Upstream(NamedTuple):
    """The tables that a world is built from, as the importers return them."""

    gdp: pd.DataFrame
    register: pd.DataFrame
    milex: pd.DataFrame
    gsdb: pd.DataFrame
    points: pd.DataFrame
    votes: pd.DataFrame
    conflicts: pd.DataFrame
    baci: pd.DataFrame
    cow_trade: pd.DataFrame
    atop: pd.DataFrame
    capabilities: pd.DataFrame
    disputes: pd.DataFrame
    distances: pd.DataFrame
    democracy: pd.DataFrame


_CONTINUED = ("points", "votes")
"""Tables that may lie in several files, a later one with later years."""
_ONE_SCALE = ("points",)
"""Of these the files of one format alone: another edition has another scale."""


def locate(folder: Path) -> dict[str, list[Path]]:
    """Table -> its file below `folder`; of votes all files, of ideal points all of one format, the largest first.

    Raises FileProblem naming all that are missing.
    """
    if not folder.is_dir():
        raise FileProblem(f"{folder} is not a folder; give the one that holds the official files with --from")
    paths, missing = {}, []
    for table, patterns in FILES.items():
        try:
            found = find_all(folder, *patterns, what=table)
            if table in _CONTINUED and table not in _ONE_SCALE:
                every = {path for pattern in patterns for path in folder.rglob(pattern)}
                found = sorted(every, key=lambda path: (-path.stat().st_size, str(path)))
            paths[table] = found if table in _CONTINUED else found[:1]
        except FileProblem:
            missing.append(f"{table} ({' or '.join(patterns)})")
    if missing:
        raise FileProblem(f"these files are not below {folder}: {'; '.join(missing)}")
    return paths


def read(folder: Path) -> Upstream:
    """Read every official file below `folder`.

    Where votes or ideal points lie in several files, a smaller one adds the years that the larger ones do not hold.
    Raises FileProblem naming all that are missing, and InvalidInput for a file that is not in its published format.
    """
    require_pandas()
    paths, codes = locate(folder), Codes()
    return Upstream(
        **{table: _together([_READERS[table](path, codes) for path in found]) for table, found in paths.items()}
    )


def last_year(files: Upstream) -> int:
    """The last year of which any of the files says anything."""
    return max(int(frame.year.max()) for frame in files if "year" in frame.columns and len(frame))


def last_years(files: Upstream) -> dict[str, int]:
    """What the files tell of, and the last year of which they do; a later world has these figures carried on."""

    def last(*frames: pd.DataFrame, column: str = "year") -> int:
        return max((int(frame[column].max()) for frame in frames if len(frame)), default=0)

    return {
        "votes": last(files.votes),
        "points": last(files.points),
        "pacts": last(files.atop),
        "disputes": last(files.disputes),
        "wars": last(files.conflicts),
        "sanctions": max(last(files.gsdb, column="begin"), last(files.gsdb, column="end")),
        "trade": last(files.baci, files.cow_trade),
        "arms": last(files.register),
        "gdp": last(files.gdp),
        "democracy": last(files.democracy),
    }


def _together(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    whole = frames[0]
    for frame in frames[1:]:
        whole = pd.concat([whole, frame[~frame.year.isin(whole.year.unique())]], ignore_index=True)
    return whole
