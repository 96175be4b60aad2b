"""A panel: the world at the end of each of consecutive years, and how close each pair of states was in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.errors import FileProblem, InvalidInput, Problem, UsageError, did_you_mean
from alignsim.world.columns import PANEL_TABLES
from alignsim.world.folder import CODE, load
from alignsim.world.sources import Facts, cite, frozen
from alignsim.world.tables import Tables
from alignsim.world.world import Array, World

PACKAGED = Path(__file__).resolve().parents[1] / "data" / "panels"
DEFAULT = "history"
TABLE_FORMATS = (".csv", ".parquet")
YEARS = re.compile(r"((?:19|20)\d\d):((?:19|20)\d\d)")


@dataclass(frozen=True, eq=False)
class Panel:
    """Y consecutive `years` of N `states` (sorted ISO 3166-1 alpha-3 codes): their worlds, and how close each pair was.

    Both outcomes are (Y, N, N), symmetric, nan where unknown and on the diagonal. `sources` holds the citations of the
    outcomes and of the worlds' columns; `built` says which command made the panel from which files.
    """

    name: str
    title: str
    states: tuple[str, ...]
    years: tuple[int, ...]
    agreement: Array
    """(Y, N, N) chance-corrected agreement in the UN votes of the calendar year, Scott's pi, -1..1."""
    distance: Array
    """(Y, N, N) distance of the ideal points of the year, 0 or more."""
    sources: dict[str, Any] = field(repr=False, default_factory=dict)
    built: dict[str, Any] = field(repr=False, default_factory=dict)
    worlds: dict[int, World] = field(repr=False, default_factory=dict)
    pacts: dict[int, Array] = field(repr=False, default_factory=dict)
    """Year after the votes on file -> (N, N) weight of the defence tie in its world, so that its alignment can be
    computed again once there are votes."""

    def recorded(self, what: str) -> int:
        """The last year that the official files tell of ("votes", "trade", ...); later worlds carry its figures on."""
        return int(self.sources.get("recorded", {}).get(what, self.years[-1]))

    def world(self, year: int) -> World:
        """The world at the end of December of `year`, all `states` in order. Raises UsageError for another year."""
        if year not in self.worlds:
            raise UsageError(f"panel {self.name} has no world of {year}; it holds {self.years[0]} to {self.years[-1]}")
        return self.worlds[year]


def packaged() -> list[str]:
    """Names of the panels that come with alignsim."""
    return sorted(path.parent.name for path in PACKAGED.glob("*/panel.yaml"))


def read(path: str | Path | None = None) -> Panel:
    """Read a panel: the packaged one, another packaged one by name, a folder, or the `panel.yaml` in it; or a table of
    outcomes by pair and year (.csv or .parquet), with the worlds of the packaged panel.

    Every table of every year is read and checked. Raises FileProblem when there is no such panel, and InvalidInput with
    all problems found.
    """
    folder = Path(DEFAULT if path is None else path)
    if path is not None and folder.suffix.lower() in TABLE_FORMATS and not folder.is_dir():
        from alignsim.world import dyad_years

        return dyad_years.over(folder, read())
    if path is not None and folder.name == "panel.yaml":
        folder = folder.parent
    if path is None or not (folder / "panel.yaml").is_file():
        if str(folder) not in packaged():
            guess = did_you_mean(str(path), packaged())
            raise FileProblem(
                f"no panel {str(path or DEFAULT)!r}{guess}; packaged are {', '.join(packaged()) or 'none'}, "
                "or give a folder that holds a panel.yaml (`alignsim world panel` builds one), or a table of pairs and "
                f"years ({' or '.join(TABLE_FORMATS)})"
            )
        folder = PACKAGED / folder
    return _Reader(folder, PANEL_TABLES, "panel").panel()


def span(text: str) -> tuple[int, ...]:
    """The years of "1992:2015". Raises ValueError with what is wrong."""
    found = YEARS.fullmatch(text.replace(" ", ""))
    if not found:
        raise ValueError(f"{text!r} is not a span of years; write it as 1992:2015")
    first, last = int(found[1]), int(found[2])
    if first > last:
        raise ValueError(f"{text!r} ends before it begins; write it as {last}:{first}")
    return tuple(range(first, last + 1))


class _Reader(Tables):
    """Reads one panel folder."""

    def panel(self) -> Panel:
        meta = self.yaml("panel.yaml")
        sources = self.yaml("sources.yaml", required=False)
        states, years = (self._states(meta), self._years(meta)) if meta else ((), ())
        if states and years:
            outcomes = self._outcomes(states, years)
            pacts = self._pacts(states, years, sources)
            worlds = self._worlds(states, years, self._citations(sources, years))
        if self.problems:
            raise InvalidInput(str(self.folder), self.shortened(), "cannot be used as a panel")
        return Panel(
            name=str(meta.get("name") or self.folder.name),
            title=str(meta.get("title", "")),
            states=states,
            years=years,
            agreement=outcomes["pi_sq"],
            distance=outcomes["ip_dist"],
            sources=sources,
            built=built if isinstance(built := meta.get("built"), dict) else {},
            worlds=worlds,
            pacts=pacts,
        )

    def _states(self, meta: dict[str, Any]) -> tuple[str, ...]:
        listed, before = meta.get("states"), len(self.problems)
        codes = [str(code) for code in listed] if isinstance(listed, list) else []
        for code in dict.fromkeys(codes):
            if not CODE.fullmatch(code):
                self._wrong("states", f"{code!r} is not a code of three capitals such as IRN")
            if codes.count(code) > 1:
                self._wrong("states", f"{code!r} is listed {codes.count(code)} times")
        if len(codes) < 2:
            self._wrong("states", "needs a list of at least two codes")
        return tuple(sorted(codes)) if len(self.problems) == before else ()

    def _years(self, meta: dict[str, Any]) -> tuple[int, ...]:
        try:
            return span(str(meta.get("years", "")))
        except ValueError as error:
            self._wrong("years", str(error))
            return ()

    def _wrong(self, key: str, message: str) -> None:
        """A problem of panel.yaml, at the line of its key."""
        lines = self.text("panel.yaml").splitlines()
        line = next((k for k, text in enumerate(lines, 1) if text.startswith(f"{key}:")), 0)
        self.problem("panel.yaml", line, 1 if line else 0, key, message)

    def _outcomes(self, states: tuple[str, ...], years: tuple[int, ...]) -> dict[str, Array]:
        """Column -> (Y, N, N) of outcomes.csv, with every pair of every year accounted for."""
        keys, values = self.table("outcomes.csv")
        row, place = {str(year): k for k, year in enumerate(years)}, {code: k for k, code in enumerate(states)}
        lines = np.zeros((len(years), len(states), len(states)), dtype=int)
        out = {name: np.full(lines.shape, np.nan) for name in values}
        for k, (line, (year, a, b)) in enumerate(keys):
            if not self._row_is_known("outcomes.csv", line, (year, a, b), row, place):
                continue
            t, i, j = row[year], place[a], place[b]
            if lines[t, i, j]:
                message = f"{a}-{b} of {year} is also on line {lines[t, i, j]}; keep one of them"
                self.problem("outcomes.csv", line, 1, "", message)
                continue
            lines[t, i, j] = lines[t, j, i] = line
            for name, column in values.items():
                out[name][t, i, j] = out[name][t, j, i] = column[k]
        if keys or not self.problems:
            self._complete(lines, states, years)
        return out

    def _pacts(self, states: tuple[str, ...], years: tuple[int, ...], sources: dict[str, Any]) -> dict[int, Array]:
        """Year after the votes on file -> (N, N) of pacts.csv; a pair that is not listed has none."""
        last = self._recorded(sources).get("votes", years[-1])
        out = {year: np.zeros((len(states), len(states))) for year in years if year > last}
        if not (self.folder / "pacts.csv").is_file():
            return {}
        row, place = {str(year): year for year in out}, {code: k for k, code in enumerate(states)}
        keys, values = self.table("pacts.csv")
        for k, (line, (year, a, b)) in enumerate(keys):
            if self._row_is_known("pacts.csv", line, (year, a, b), row, place):
                own = out[row[year]]
                own[place[a], place[b]] = own[place[b], place[a]] = values["pact"][k]
        return out

    def _recorded(self, sources: dict[str, Any]) -> dict[str, int]:
        """What the official files tell of -> the last year of which they do."""
        said, out = sources.get("recorded", {}), {}
        for what, year in said.items() if isinstance(said, dict) else ():
            if str(year).isdigit():
                out[what] = int(year)
        if not isinstance(said, dict) or len(out) < len(said):
            self.problem("sources.yaml", 0, 0, "recorded", "should be a mapping of words to years")
        return out

    def _row_is_known(
        self, file: str, line: int, key: tuple[str, ...], row: dict[str, int], place: dict[str, int]
    ) -> bool:
        (year, *pair), before = key, len(self.problems)
        if year not in row:
            among = f"the years {next(iter(row))}:{next(reversed(row))}" if row else "any of the years"
            self.problem(file, line, 1, "year", f"{year!r} is not in {among} of panel.yaml")
        for column, name, code in zip((2, 3), "ab", pair, strict=True):
            if code not in place:
                message = f"{code!r} is not a state of panel.yaml{did_you_mean(code, place)}"
                self.problem(file, line, column, name, message)
        if pair[0] == pair[1]:
            self.problem(file, line, 2, "", f"{pair[0]} is paired with itself; remove the row")
        return len(self.problems) == before

    def _complete(self, lines: Array, states: tuple[str, ...], years: tuple[int, ...]) -> None:
        """One problem for each year without rows for all pairs."""
        pairs = len(states) * (len(states) - 1) // 2
        for t, year in enumerate(years):
            absent = np.argwhere(np.triu(lines[t] == 0, 1))
            if not len(absent):
                continue
            first = "-".join(states[k] for k in absent[0])
            what = "has no rows" if len(absent) == pairs else f"lacks {len(absent)} of {pairs} pairs ({first} first)"
            message = f"{year} {what}; add a row for each pair, blank where unknown"
            self.problem("outcomes.csv", 0, 0, "year", message)

    def _citations(self, sources: dict[str, Any], years: tuple[int, ...]) -> dict[int, dict[str, Any]]:
        """Year -> the sources of that year's world, from the panel's own; empty where it gives none."""
        template, said = sources.get("columns", {}), sources.get("years", {})
        entries = (
            [*template.values(), *said.values()] if isinstance(template, dict) and isinstance(said, dict) else [""]
        )
        if not all(isinstance(entry, dict) for entry in entries):
            self.problem("sources.yaml", 0, 0, "", "columns and years should each be a mapping of mappings")
            return {}
        out, recorded = {}, self._recorded(sources)
        for year in years if said else ():
            about = said.get(str(year), {})
            if set(about) == set(Facts._fields):
                out[year] = frozen(cite(Facts(**about), template), year, recorded)
            else:
                self.problem("sources.yaml", 0, 0, f"years.{year}", f"needs {', '.join(Facts._fields)} and no more")
        return out

    def _worlds(self, states: tuple[str, ...], years: tuple[int, ...], sources: dict[int, Any]) -> dict[int, World]:
        found = {}
        for year in years:
            world = self._world(year, states)
            if world is not None:
                found[year] = replace(world, sources=sources.get(year) or world.sources)
        return found

    def _world(self, year: int, states: tuple[str, ...]) -> World | None:
        where = f"worlds/{year}"
        if not (self.folder / where / "world.yaml").is_file():
            way_out = "a panel needs a world for each year: build it again or shorten years"
            self.problem(where, 0, 0, "", f"has no world.yaml; {way_out}")
            return None
        try:
            world = load(self.folder / where)
        except InvalidInput as error:
            self.problems += [Problem(p.line, p.column, f"{where}/{p.path}", p.message) for p in error.problems]
            return None
        except FileProblem as error:
            self.problem(where, 0, 0, "", str(error))
            return None
        if world.month != f"{year}-12":
            self.problem(f"{where}/world.yaml", 0, 0, "month", f"is {world.month}; it should be {year}-12")
        for words, codes in (("lacks", set(states) - set(world.states)), ("also has", set(world.states) - set(states))):
            if codes:
                message = f"{words} {' '.join(sorted(codes))}; it should hold the states of panel.yaml"
                self.problem(f"{where}/states.csv", 0, 0, "code", message)
        return world
