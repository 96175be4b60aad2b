"""A panel from a table of outcomes by pair and year, laid over the worlds of another panel.

The table says how close each pair was, the panel below it everything else: its drivers and its worlds. Where those
worlds rest on votes that are older than they are, their alignment is computed again from the table, by the builder's
rule and from nothing later than the world's own year.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.errors import FileProblem, InvalidInput, Problem, did_you_mean
from alignsim.files import reason, slug
from alignsim.world import alignment
from alignsim.world.build import subset
from alignsim.world.codes import Codes
from alignsim.world.columns import OUTCOMES
from alignsim.world.panel import Panel
from alignsim.world.sources import Facts, cite, frozen
from alignsim.world.tables import shortened
from alignsim.world.world import Array, World

PAIRS = (("iso3_1", "iso3_2"), ("a", "b"))
"""Names that the two columns of codes may have."""
JOINT, LEAST_JOINT = "n_joint", 10
"""A column that may be there, votes that both cast; under ten of them tell nothing of agreement, as in the builder."""
SHARES = ("agree", "agree_half", "s_abs")
"""Columns that are often taken for chance-corrected agreement, and are not."""
UNKNOWN = ("", "na", "nan", "null", "none", ".", "..")
"""How tables write a number that is not known, in small letters. In a column of codes they are no code."""


def over(path: Path, base: Panel) -> Panel:
    """The outcomes of a .csv or .parquet table with the worlds of `base`, for the states and years that both have.

    Columns `year`, `iso3_1` and `iso3_2` (or `a` and `b`), `pi_sq` and `ip_dist`, one row for a pair and year in either
    order, blank where unknown; others are not looked at. Raises FileProblem where there is no such file, and
    InvalidInput with all problems found in it.
    """
    return _Table(path).panel(base)


@dataclass
class _Rows:
    """What a file holds, as it is written: the number of each row, and the cells of the columns that are used."""

    lines: list[int]
    cells: dict[str, list[Any]]
    places: dict[str, int]
    """Column -> its place in the file, from 1."""


class _Table:
    """Reads one table and gathers problems, so that all of them can be told together."""

    def __init__(self, path: Path) -> None:
        self.path, self.problems = path, list[Problem]()
        self.parquet = path.suffix.lower() == ".parquet"
        try:
            self.digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        except FileNotFoundError as error:
            raise FileProblem(f"there is no file {path}; give a panel, or a table of pairs and years") from error
        except OSError as error:
            raise FileProblem(f"could not read {path}: {reason(error)}") from error

    def panel(self, base: Panel) -> Panel:
        rows = self._parquet() if self.parquet else self._csv()
        if not rows.lines:
            self._stop()
        first, second = next(pair for pair in PAIRS if set(pair) <= set(rows.cells))
        year, known = self._years(rows), Codes()
        a, b = (self._codes(rows, name, known, base.states) for name in (first, second))
        values = {c.name: self._numbers(rows, c.name, c.low, c.high) for c in OUTCOMES}
        if JOINT in rows.cells:
            joint = self._numbers(rows, JOINT, 0, math.inf)
            values["pi_sq"] = np.where(joint < LEAST_JOINT, np.nan, values["pi_sq"])
        self._pairs(rows, year, a, b, first)
        held = np.isin(year, base.years) & np.isin(a, base.states) & np.isin(b, base.states)
        years = self._consecutive(sorted({int(y) for y in year[held]}), rows, base)
        states = sorted({str(code) for code in (*a[held], *b[held])})
        if len(states) < 2:
            self._wrong(0, rows.places[first], first, f"holds fewer than two states of panel {base.name}; "
                        f"it knows {' '.join(base.states)}")  # fmt: skip
        self._stop()
        t = year[held].astype(int) - years[0]
        i, j = np.searchsorted(states, a[held]), np.searchsorted(states, b[held])
        record = {name: np.full((len(years), len(states), len(states)), np.nan) for name in values}
        for name, square in record.items():
            square[t, i, j] = square[t, j, i] = values[name][held]
        others = len((set(a) | set(b)) - set(states) - {""})
        outside = sorted({int(y) for y in year[np.isfinite(year)]} - set(years))
        return _laid_over(base, self, tuple(states), years, record, others, outside)

    def _wrong(self, line: int, column: int, name: str, message: str) -> None:
        self.problems.append(Problem(line, column, name, message))

    def _stop(self) -> None:
        if not self.problems:
            return
        where = "row:column" if self.parquet else "line:column"
        told = shortened(sorted(set(self.problems)))
        raise InvalidInput(f"{self.path} ({where})", told, "cannot be used as a panel")

    # --- files

    def _csv(self) -> _Rows:
        rows = _Rows([], {}, {})
        try:
            with open(self.path, encoding="utf-8-sig", newline="") as handle:
                reader = csv.reader(handle)
                header = [cell.strip() for cell in next(reader, [])]
                if len(header) == 1 and {";", "\t"} & set(header[0]):
                    self._wrong(1, 1, "", "the cells are not separated by commas; save it as CSV with commas")
                elif self._header(header, rows):
                    self._lines(reader, header, rows)
        except UnicodeDecodeError as error:
            self._wrong(0, 0, "", f"is not UTF-8 at byte {error.start}; save it as UTF-8")
        except csv.Error as error:
            self._wrong(reader.line_num, 0, "", f"is not CSV ({error}); export it again")
        return rows

    def _lines(self, reader: Any, header: list[str], rows: _Rows) -> None:
        used = [(rows.cells[name], place - 1) for name, place in rows.places.items()]
        for row in reader:
            if not any(row):
                continue
            if len(row) != len(header):
                message = f"has {len(row)} cells, the header has {len(header)}"
                message += "; write decimals with a point" if len(row) > len(header) else ""
                self._wrong(reader.line_num, len(row), "", message)
                continue
            rows.lines.append(reader.line_num)
            for cells, place in used:
                cells.append(row[place])
        if not rows.lines and not self.problems:
            self._wrong(1, 0, "", "has a header and no row; it needs one for each pair and year")

    def _parquet(self) -> _Rows:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise FileProblem(
                f"{self.path.name} needs pyarrow, which is not installed; install it with: "
                "pip install 'alignsim[parquet]', or give the table as CSV"
            ) from error
        rows = _Rows([], {}, {})
        try:
            file = parquet.ParquetFile(self.path)
            if self._header(list(file.schema_arrow.names), rows):
                table = file.read(columns=list(rows.cells))
                rows.cells = {name: table.column(name).to_pylist() for name in rows.cells}
                rows.lines = list(range(1, table.num_rows + 1))
                if not rows.lines:
                    self._wrong(0, 0, "", "has no row; it needs one for each pair and year")
        except (pyarrow.lib.ArrowException, OSError, ValueError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            self._wrong(0, 0, "", f"cannot be read as Parquet ({said}); export it again")
        return rows

    def _header(self, header: list[str], rows: _Rows) -> bool:
        """Enter the columns that are used; False, with problems, where one is missing."""
        if not any(header):
            self._wrong(0, 0, "", "is empty; it needs a header and a row for each pair and year")
            return False
        codes = next((pair for pair in PAIRS if set(pair) <= set(header)), None)
        if codes is None:
            told = " nor ".join(" and ".join(pair) for pair in PAIRS)
            self._wrong(1, 0, PAIRS[0][0], f"has neither the columns {told}; name the two columns of codes so")
        wanted = ["year", *(c.name for c in OUTCOMES)]
        for name in wanted:
            if name not in header:
                self._wrong(1, 0, name, f"column is missing; {_way_out(name, header)}")
        used = [*wanted, *(codes or ()), *((JOINT,) if JOINT in header else ())]
        for name in used:
            if header.count(name) > 1:
                self._wrong(1, 0, name, f"is the name of {header.count(name)} columns; keep one")
        if not self.problems:
            rows.places = {name: header.index(name) + 1 for name in used}
            rows.cells = {name: [] for name in used}
        return not self.problems

    # --- cells

    def _numbers(self, rows: _Rows, name: str, low: float, high: float) -> Array:
        """A column of numbers, nan where unknown or wrong."""
        values = np.full(len(rows.lines), np.nan)
        for k, cell in enumerate(rows.cells[name]):
            if cell is None or cell == "":
                continue
            number = _number(cell)
            if number is None:
                comma = isinstance(cell, str) and _number(cell.replace(",", ".")) is not None
                way = "write it with a point" if comma else "write a number, or leave it blank where it is unknown"
                way = "write it as 2016" if name == "year" else way
                self._wrong(rows.lines[k], rows.places[name], name, f"{cell!r} is not a number; {way}")
            elif not (low <= number <= high or math.isnan(number)):
                message = f"{cell} is outside {low:g} to {high:g}; correct it, or leave it blank where it is unknown"
                self._wrong(rows.lines[k], rows.places[name], name, message)
            else:
                values[k] = number
        return values

    def _years(self, rows: _Rows) -> Array:
        """Years as floats, nan where they are wrong."""
        values = self._numbers(rows, "year", 1800, 2200)
        told = {problem.line for problem in self.problems}
        for k in np.flatnonzero(~(values == np.floor(values))):
            if rows.lines[k] not in told:
                message = f"{rows.cells['year'][k]!r} is not a year; write it as 2016"
                self._wrong(rows.lines[k], rows.places["year"], "year", message)
            values[k] = np.nan
        return values

    def _codes(self, rows: _Rows, name: str, known: Codes, likely: Iterable[str]) -> Array:
        """A column of codes as the panel spells them, "" where they are wrong."""
        cells = ["" if cell is None else str(cell).strip() for cell in rows.cells[name]]
        spelt = {cell: known.iso3(cell) or "" for cell in set(cells)}
        for k, cell in enumerate(cells):
            if not spelt[cell]:
                what = f"{cell!r} is not a code of a state" if cell else "is blank"
                way = "; Namibia is NAM" if cell == "NA" else did_you_mean(cell, likely)
                way = way or "; write an ISO 3166-1 code of three letters, such as IRN"
                self._wrong(rows.lines[k], rows.places[name], name, what + way)
        return np.array([spelt[cell] for cell in cells], dtype="U3")

    # --- what rows say together

    def _pairs(self, rows: _Rows, year: Array, a: Array, b: Array, name: str) -> None:
        """Problems of pairs that are there twice, in either order, and of states paired with themselves."""
        column = rows.places[name]
        good = np.isfinite(year) & (a != "") & (b != "")
        for k in np.flatnonzero(good & (a == b)):
            self._wrong(rows.lines[k], column, name, f"{a[k]} is paired with itself; remove the row")
        where = np.flatnonzero(good & (a != b))
        swapped = a[where] > b[where]
        low, high = np.where(swapped, b[where], a[where]), np.where(swapped, a[where], b[where])
        order = np.lexsort((where, high, low, year[where]))
        ordered = [x[order] for x in (year[where], low, high)]
        again = np.r_[False, np.logical_and.reduce([x[1:] == x[:-1] for x in ordered])]
        earliest = np.maximum.accumulate(np.where(again, 0, np.arange(len(again)))) if len(again) else again
        for place in np.flatnonzero(again):
            k, first = where[order[place]], where[order[earliest[place]]]
            where_else = f"{'in row' if self.parquet else 'on line'} {rows.lines[first]}"
            message = f"{a[k]}-{b[k]} of {int(year[k])} is also {where_else}"
            message += f" as {a[first]}-{b[first]}" if a[k] != a[first] else ""
            self._wrong(rows.lines[k], column, name, f"{message}; keep one of them")

    def _consecutive(self, found: list[int], rows: _Rows, base: Panel) -> tuple[int, ...]:
        if not found:
            self._wrong(0, rows.places["year"], "year", f"holds no row of two states of panel {base.name} in its years "
                        f"{base.years[0]} to {base.years[-1]}")  # fmt: skip
            return ()
        for gap in sorted(set(range(found[0], found[-1])) - set(found)):
            message = f"{gap} has no rows, while there are some before and after it; add them, blank where unknown"
            self._wrong(0, rows.places["year"], "year", message)
        return tuple(range(found[0], found[-1] + 1))


def _number(cell: Any) -> float | None:
    """A cell as a number, nan where it says that nothing is known, None where it is no number."""
    if isinstance(cell, str) and cell.strip().casefold() in UNKNOWN:
        return math.nan
    try:
        return None if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError):
        return None


def _way_out(name: str, header: list[str]) -> str:
    shares = [other for other in SHARES if other in header]
    if name == "pi_sq" and shares:
        return (
            f"{shares[0]} cannot stand for it, since it is not corrected for chance: compute Scott's pi with squared "
            "weights over the votes of the year"
        )
    if name == "pi_sq":
        return "it is the chance-corrected agreement in the votes of the year (Scott's pi, squared weights)"
    if name == "ip_dist":
        return "it is the distance of the two ideal points of the year; leave its cells blank where it is unknown"
    return "name the column of calendar years so"


# --- laying it over worlds


def _laid_over(
    base: Panel, table: _Table, states: tuple[str, ...], years: tuple[int, ...], record: dict[str, Array], others: int,
    outside: Sequence[int],
) -> Panel:  # fmt: skip
    keep = np.array([base.states.index(code) for code in states])
    agreed, apart = record["pi_sq"], record["ip_dist"]
    worlds, about, anew = {}, dict(base.sources.get("years", {})), []
    for year in years:
        world = base.world(year) if states == base.states else subset(base.world(year), list(states))
        if year in base.pacts and _news(base, years, year, agreed, apart):
            pact = base.pacts[year][np.ix_(keep, keep)]
            world, note = _realigned(world, year, years, agreed, apart, pact)
            about[str(year)] = {**about.get(str(year), {}), "agreement": f"{note}, of {table.path.name}"}
            latest = _latest(years, year, agreed, apart)
            world = replace(world, sources=_cited(base, about[str(year)], year, world, latest))
            anew.append(year)
        worlds[year] = world
    own = {"title": table.path.name, "author": "the table's", "terms": "the table's"}
    return Panel(
        name=slug(table.path.stem),
        title=f"Outcomes of {table.path.name} over the worlds of {base.name}",
        states=states,
        years=years,
        agreement=agreed,
        distance=apart,
        sources={**base.sources, "years": about, "outcomes": {c.name: {**own, "unit": c.unit} for c in OUTCOMES}},
        built={
            "table": table.path.name,
            "sha256": table.digest,
            "worlds": base.name,
            "said": _said(base, table, states, years, anew, others, outside),
        },
        worlds=worlds,
    )


def _news(base: Panel, years: tuple[int, ...], year: int, agreed: Array, apart: Array) -> bool:
    """Does the table tell of a year up to this one of which the worlds know nothing?"""
    fresh = [k for k, own in enumerate(years) if base.recorded("votes") < own <= year]
    return bool(np.isfinite(agreed[fresh]).any() or np.isfinite(apart[fresh]).any())


def _realigned(
    world: World, year: int, years: tuple[int, ...], agreed: Array, apart: Array, pact: Array
) -> tuple[World, str]:
    """The world with the alignment that the table gives it; pairs of which it tells nothing keep theirs."""
    said = world.sources.get("alignment", {}).get("mapping", [])
    knots = [{name: float(value) for name, value in knot.items()} for knot in said]
    found = alignment.agreement_of_pairs(year, years, agreed, apart, knots)
    known = np.isfinite(found.value)
    value, sd = (np.where(known, x, 0.0) for x in (found.value, found.sd))
    value, sd = alignment.override(value, sd, pact, world.hostility)
    known |= np.eye(len(known), dtype=bool)
    return (
        replace(
            world,
            alignment=np.where(known, value, world.alignment),
            alignment_sd=np.where(known, sd, world.alignment_sd),
        ),
        found.note,
    )


def _latest(years: tuple[int, ...], year: int, agreed: Array, apart: Array) -> int:
    """The last year up to this one of which the table tells anything."""
    return max(
        own for k, own in enumerate(years) if own <= year and (np.isfinite(agreed[k]) | np.isfinite(apart[k])).any()
    )


def _cited(base: Panel, about: dict[str, Any], year: int, world: World, latest: int) -> dict[str, Any]:
    """The citations of a world whose alignment is the table's."""
    if set(about) != set(Facts._fields):
        return world.sources
    recorded = {what: int(last) for what, last in base.sources.get("recorded", {}).items()}
    out = frozen(cite(Facts(**about), base.sources.get("columns", {})), year, recorded)
    if "alignment" in out:
        out["alignment"] = {**out["alignment"], "date": str(latest)}
    return out


def _said(
    base: Panel, table: _Table, states: tuple[str, ...], years: tuple[int, ...], anew: list[int], others: int,
    outside: Sequence[int],
) -> list[str]:  # fmt: skip
    """What a reader of the scores should know of the table, in sentences."""
    found = [
        f"Outcomes of {table.path.name}, {len(states)} states, {years[0]} to {years[-1]}; drivers and worlds are those "
        f"of panel {base.name}."
    ]
    absent = sorted(set(base.states) - set(states))
    if absent:
        found.append(f"States of the panel that the table does not have: {' '.join(absent)}.")
    senders = sorted({code for year in years for code in base.world(year).senders} & set(absent))
    if senders:
        found.append(f"Nothing is known of sanctions by states that the table lacks: {' '.join(senders)}.")
    if others or outside:
        parts = [f"{others} other states"] if others else []
        parts += [f"the years {spans(outside)}"] if outside else []
        found.append(f"Not used, for want of a world: {' and '.join(parts)} of the table.")
    if anew:
        found.append(f"Alignment at the start of forecasts from {spans(anew)} is that of the table's last three years.")
    return found


def spans(years: Iterable[int]) -> str:
    """Years in words: "2016", "2016 to 2019", "2016, 2018 to 2020"."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
