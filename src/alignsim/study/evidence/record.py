"""What is on record of each pair of non-Western states and year: votes, arms, and who is under whose sanctions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignsim.errors import FileProblem, InvalidInput, Problem, UsageError
from alignsim.world import curated
from alignsim.world.importers import require_pandas
from alignsim.world.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

Array = Any

FIRST = 1992
"""The first year of a table: before it Russia's votes and deliveries are the Soviet Union's."""
WINDOW = 5
"""Years over which a packaged world gives the mean of arms deliveries."""
LEAST_STATES = 4
"""State-year effects leave nothing of fewer than four states (n(n - 3) / 2 contrasts a year)."""
TABLE = "dyad_year*.parquet"
_PAIR = ("iso3_1", "iso3_2", "year")
_OUTCOMES = {"distance": "ip_dist", "agreement": "pi_sq", "S-score": "s_abs"}
_MATERIAL = ("sanc_trade", "sanc_financial")


@dataclass(frozen=True, eq=False)
class Record:
    """Y consecutive years of N states outside the sanctioning coalition.

    Outcomes and arms are nan where unknown; outcomes are symmetric, arms run from supplier to recipient.
    """

    name: str
    title: str
    states: tuple[str, ...]
    names: Mapping[str, str]
    years: tuple[int, ...]
    outcomes: Mapping[str, Array]
    """`distance` of ideal points, `agreement` (Scott's pi) and perhaps `S-score`, each (Y, N, N)."""
    by_us: Array
    """(Y, N) material sanctions (trade or finance, the larger) by the United States, 0..1."""
    by_eu: Array
    """(Y, N) the same by the median member of the European Union."""
    arms: Array
    """(Y, N, N) deliveries, TIV, over the `arms_years` years that end with the row's; nan where not on record."""
    arms_years: int = 1
    graded: bool = False
    """Are sanctions intensities, or only there (1) and not there (0)?"""
    sources: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if len(self.states) < LEAST_STATES:
            raise UsageError(
                f"{self.name} holds {len(self.states)} states that are no senders of sanctions; at least "
                f"{LEAST_STATES} are needed: take a panel with more states"
            )

    def voted(self) -> tuple[int, int]:
        """First and last year with UN outcomes."""
        known = np.isfinite(self.outcomes["distance"]).any(axis=(1, 2))
        known |= np.isfinite(self.outcomes["agreement"]).any(axis=(1, 2))
        own = [year for year, there in zip(self.years, known, strict=True) if there]
        if not own:
            raise UsageError(f"{self.name} holds no UN votes and no ideal points; there is nothing to look at")
        return own[0], own[-1]


def of_panel(panel: Panel) -> Record:
    """The record that a panel holds, without the West, to its last year with an outcome.

    Raises UsageError where it lacks the United States or the EU.
    """
    known = np.isfinite(panel.agreement).any(axis=(1, 2)) | np.isfinite(panel.distance).any(axis=(1, 2))
    years = panel.years[: int(np.flatnonzero(known)[-1]) + 1] if known.any() else panel.years
    worlds = [panel.world(year) for year in years]
    west = set().union(*(set(world.groups.get("west", ())) | set(world.senders) for world in worlds))
    keep = [k for k, code in enumerate(panel.states) if code not in west]
    members = [[world.index(code) for code in world.groups.get("eu", ())] for world in worlds]
    if "USA" not in panel.states or not all(members):
        raise UsageError(
            f"panel {panel.name} lacks the United States or any member of the European Union; add them to its states"
        )
    felt = [np.maximum(world.sanction_trade, world.sanction_financial)[:, keep] for world in worlds]
    pairs = np.ix_(range(len(worlds)), keep, keep)
    arms = np.stack([world.arms for world in worlds])[pairs] * 12 * WINDOW
    arms[: WINDOW - 1] = np.nan
    return Record(
        name=panel.name,
        title=panel.title,
        states=tuple(panel.states[k] for k in keep),
        names=worlds[-1].names,
        years=years,
        outcomes={"distance": panel.distance[pairs], "agreement": panel.agreement[pairs]},
        by_us=np.stack([own[panel.states.index("USA")] for own in felt]),
        by_eu=np.stack([np.median(own[rows], axis=0) for own, rows in zip(felt, members, strict=True)]),
        arms=arms,
        arms_years=WINDOW,
        graded=True,
        sources=panel.sources.get("outcomes", {}),
    )


def of_folder(folder: str | Path) -> Record:
    """The record of a table of pairs and years (`dyad_year*.parquet`, anywhere below `folder`), from 1992 on.

    Its years end with its sanctions. Raises FileProblem where there is no such table or it cannot be read, and
    InvalidInput with every column it lacks.
    """
    path, table = _read(Path(folder))
    table = table[(table.year >= FIRST) & (table.year <= _last_sanctions(table))]
    if not len(table):
        raise InvalidInput(str(path), [Problem(0, 0, "year", f"holds no sanctions from {FIRST} on")], "cannot be used")
    years = tuple(range(int(table.year.min()), int(table.year.max()) + 1))
    states = sorted(set(table.iso3_1) | set(table.iso3_2))
    square = _squares(table, states, years)
    place = {code: k for k, code in enumerate(states)}
    west, eu = _circles(years)
    senders = [[place[code] for code in own if code in place] for own in eu]
    if "USA" not in place or not all(senders):
        message = "lacks the United States or any member of the European Union, the senders"
        raise InvalidInput(str(path), [Problem(0, 0, "iso3_1", message)], "cannot be used")
    material = np.nan_to_num(np.fmax(*(square(name, directed=True) for name in _MATERIAL)))
    outcomes = {name: square(column) for name, column in _OUTCOMES.items() if column in table}
    seen = np.isfinite(outcomes["distance"]).any(axis=(0, 1)) | np.isfinite(outcomes["agreement"]).any(axis=(0, 1))
    keep = [k for k, code in enumerate(states) if code not in west and seen[k]]
    pairs = np.ix_(range(len(years)), keep, keep)
    return Record(
        name=path.name,
        title=f"{len(keep)} states, {years[0]} to {years[-1]}",
        states=tuple(states[k] for k in keep),
        names={row["code"]: row["name"] for row in curated.rows("states")},
        years=years,
        outcomes={name: values[pairs] for name, values in outcomes.items()},
        by_us=material[:, place["USA"]][:, keep],
        by_eu=np.stack([np.median(material[t][rows], axis=0) for t, rows in enumerate(senders)])[:, keep],
        arms=square("arms_tiv", directed=True)[pairs],
    )


def _read(folder: Path) -> tuple[Path, pd.DataFrame]:
    if not folder.is_dir():
        raise FileProblem(f"there is no folder {str(folder)!r}; give one that holds a {TABLE}")
    found = sorted(folder.rglob(TABLE))
    if not found:
        raise FileProblem(
            f"no {TABLE} in {folder} or below; build a panel of your files with `alignsim world panel` "
            "and give it with --panel"
        )
    require_pandas()
    import pandas

    try:
        table = pandas.read_parquet(found[0])
    except (OSError, ValueError, ImportError) as error:
        raise FileProblem(f"{found[0]} cannot be read as Parquet ({error}); export it again") from error
    needed = [*_PAIR, "ip_dist", "pi_sq", *(f"{n}_{way}" for n in (*_MATERIAL, "arms_tiv") for way in ("12", "21"))]
    lacking = [Problem(0, 0, name, "no such column; the table needs it") for name in needed if name not in table]
    if lacking:
        raise InvalidInput(str(found[0]), lacking, "cannot be used")
    twice = table.duplicated(list(_PAIR))
    if twice.any():
        first = table.loc[twice, list(_PAIR)].iloc[0].tolist()
        message = f"{int(twice.sum())} pairs of a year are there twice ({first[0]}-{first[1]} of {first[2]} first)"
        raise InvalidInput(str(found[0]), [Problem(0, 0, "year", f"{message}; keep one row of each")], "cannot be used")
    return found[0], table


def _last_sanctions(table: pd.DataFrame) -> int:
    known = table[f"{_MATERIAL[0]}_12"].notna()
    return int(table.year[known].max()) if known.any() else 0


def _squares(table: pd.DataFrame, states: list[str], years: tuple[int, ...]) -> Callable[..., Array]:
    """A function that turns a column, or the pair of its two directions, into (Y, N, N)."""
    place = {code: k for k, code in enumerate(states)}
    t = table.year.to_numpy(dtype=int) - years[0]
    i, j = (table[side].map(place).to_numpy(dtype=int) for side in ("iso3_1", "iso3_2"))

    def square(name: str, directed: bool = False) -> Array:
        out = np.full((len(years), len(states), len(states)), np.nan)
        out[t, i, j] = table[f"{name}_12" if directed else name]
        out[t, j, i] = table[f"{name}_21" if directed else name]
        return out

    return square


def _circles(years: Collection[int]) -> tuple[set[str], list[tuple[str, ...]]]:
    """Who belonged to the West in any of the years, and the European Union of each."""
    groups = [curated.groups_at(f"{year}-12") for year in years]
    return set().union(*(own["west"] for own in groups)), [own["eu"] for own in groups]
