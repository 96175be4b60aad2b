"""A world as a folder of small tables, read with every problem named at once."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.errors import FileProblem, InvalidInput, did_you_mean
from alignsim.world.columns import DYADS, FLOWS, POSITIONS, SANCTIONS, STATES, TABLES, Column
from alignsim.world.derived import domestic_sales, great_circle
from alignsim.world.tables import Tables
from alignsim.world.world import Actor, Array, World

PACKAGED = Path(__file__).resolve().parents[1] / "data" / "worlds"
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
CODE = re.compile(r"[A-Z][A-Z0-9]{2}")


def packaged() -> list[str]:
    """Names of the worlds that come with alignsim."""
    return sorted(path.parent.name for path in PACKAGED.glob("*/world.yaml"))


def codes(name: str) -> dict[str, str]:
    """Codes and names of the states of a packaged world, without reading the rest of it."""
    with open(PACKAGED / name / "states.csv", encoding="utf-8", newline="") as handle:
        return {row["code"]: row["name"] for row in csv.DictReader(handle)}


def load(name_or_folder: str | Path) -> World:
    """Read a packaged world by name, or a folder with the same tables.

    Raises FileProblem when there is no such world, and InvalidInput with every problem found in its tables.
    """
    folder = Path(name_or_folder)
    if not (folder / "world.yaml").is_file():
        folder = PACKAGED / str(name_or_folder)
        if str(name_or_folder) not in packaged():
            guess = did_you_mean(str(name_or_folder), packaged())
            raise FileProblem(
                f"no world {str(name_or_folder)!r}{guess}; packaged are {', '.join(packaged()) or 'none'}, "
                "or give a folder that holds a world.yaml"
            )
    return _Reader(folder, TABLES, "world").world()


class _Reader(Tables):
    """Reads one world folder."""

    def world(self) -> World:
        meta, sources = self.yaml("world.yaml"), self.yaml("sources.yaml", required=False)
        keys, columns = self.table("states.csv")
        codes = [key[0] for _, key in keys]
        self._check_codes(keys)
        order = np.argsort(np.array(codes, dtype=str), kind="stable")
        states = tuple(codes[k] for k in order)
        names = {key[0]: key[1] or key[0] for _, key in keys}
        state = {c.name: columns[c.name][order] for c in STATES}
        issues = [str(issue.get("name", "")) for issue in _records(meta, "issues")]
        dyad = self._square("dyads.csv", DYADS, states, symmetric=True)
        flow = self._square("flows.csv", FLOWS, states)
        sanction = self._square("sanctions.csv", SANCTIONS, states)
        position = self._positions(states, issues)
        salience = self._salience(meta, issues)
        groups, actors = self._groups(meta, states), self._actors(meta, states)
        month = str(meta.get("month", ""))
        if not MONTH.fullmatch(month):
            self.problem("world.yaml", 0, 0, "month", f"{month!r} is not a month like 2024-09")
        if self.problems:
            raise InvalidInput(str(self.folder), self.shortened(), "cannot be used as a world")
        _fill(state, dyad, flow)
        return World(
            name=str(meta.get("name") or self.folder.name),
            title=str(meta.get("title", "")),
            month=month,
            states=states,
            names={code: names[code] for code in states},
            **state,
            **dyad,
            **flow,
            sanction_trade=sanction["trade"],
            sanction_financial=sanction["financial"],
            sanction_symbolic=sanction["symbolic"],
            embargo=sanction["embargo"],
            secondary=sanction["secondary"],
            issues=tuple(issues),
            salience=salience,
            **position,
            groups={name: members for name, members in groups.items() if name != "senders"},
            senders=groups.get("senders", ()),
            actors=actors,
            sources=sources,
            descriptions={i["name"]: {k: i.get(k, "") for k in ("title", "plus", "minus")} for i in meta["issues"]},
        )

    def _check_codes(self, keys: list[tuple[int, tuple[str, ...]]]) -> None:
        seen: dict[str, int] = {}
        for line, (code, *_) in keys:
            if not CODE.fullmatch(code):
                self.problem("states.csv", line, 1, "code", f"{code!r} is not a code of three capitals such as IRN")
            if code in seen:
                self.problem("states.csv", line, 1, "code", f"{code!r} is also on line {seen[code]}")
            seen.setdefault(code, line)
        if len(seen) < 2:
            self.problem("states.csv", 0, 0, "code", "a world needs at least two states")

    def _square(
        self, file: str, columns: tuple[Column, ...], states: tuple[str, ...], symmetric: bool = False
    ) -> dict[str, Array]:
        """(N, N) arrays from a sparse table of pairs; a pair that is not listed has the defaults."""
        place = {code: k for k, code in enumerate(states)}
        keys, values = self.table(file)
        rows, cols, keep = [], [], []
        seen: dict[tuple[str, ...], int] = {}
        for k, (line, (a, b)) in enumerate(keys):
            for number, code in enumerate((a, b), 1):
                if code not in place:
                    self.problem(file, line, number, TABLES[file][0][number - 1],
                                  f"{code!r} is not in states.csv{did_you_mean(code, states)}")  # fmt: skip
            if a == b:
                self.problem(file, line, 1, "", f"{a} is paired with itself")
            pair = (min(a, b), max(a, b)) if symmetric else (a, b)
            if pair in seen:
                self.problem(file, line, 1, "", f"{a}-{b} is also on line {seen[pair]}")
            seen.setdefault(pair, line)
            if a in place and b in place and a != b:
                rows.append(place[a])
                cols.append(place[b])
                keep.append(k)
        out = {}
        for column in columns:
            square = np.full((len(states), len(states)), column.default)
            square[rows, cols] = values[column.name][keep]
            if symmetric:
                square[cols, rows] = values[column.name][keep]
            np.fill_diagonal(square, 0.0)
            out[column.name] = square
        return out

    def _positions(self, states: tuple[str, ...], issues: list[str]) -> dict[str, Array]:
        row, col = {c: k for k, c in enumerate(states)}, {c: k for k, c in enumerate(issues)}
        keys, values = self.table("positions.csv")
        out = {c.name: np.full((len(states), len(issues)), c.default) for c in POSITIONS}
        seen: dict[tuple[str, ...], int] = {}
        for k, (line, (state, issue)) in enumerate(keys):
            if state not in row:
                message = f"{state!r} is not in states.csv{did_you_mean(state, states)}"
                self.problem("positions.csv", line, 1, "state", message)
            if issue not in col:
                message = f"{issue!r} is not an issue of world.yaml{did_you_mean(issue, issues)}"
                self.problem("positions.csv", line, 2, "issue", message)
            if (state, issue) in seen:
                self.problem("positions.csv", line, 1, "", f"{state} on {issue} is also on line {seen[state, issue]}")
            seen.setdefault((state, issue), line)
            if state in row and issue in col:
                for c in POSITIONS:
                    out[c.name][row[state], col[issue]] = values[c.name][k]
        return out

    def _salience(self, meta: dict[str, Any], issues: list[str]) -> Array:
        salience = np.zeros(len(issues))
        if not issues or len(set(issues)) != len(issues) or not all(issues):
            self.problem("world.yaml", 0, 0, "issues", "needs a list of issues, each with its own name")
        for k, issue in enumerate(_records(meta, "issues")):
            try:
                salience[k] = float(issue.get("salience", "nan"))
            except ValueError:
                salience[k] = math.nan
            if not 0 <= salience[k] <= 1:
                message = f"{issue.get('salience')!r} is not a number from 0 to 1"
                self.problem("world.yaml", 0, 0, f"issues[{k}].salience", message)
        return salience

    def _groups(self, meta: dict[str, Any], states: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        listed = _mapping(meta, "groups")
        groups = {**listed, "senders": meta.get("senders") or []}
        for name, members in groups.items():
            for code in members if isinstance(members, list) else [members]:
                if code not in states:
                    message = f"{code!r} is not in states.csv{did_you_mean(str(code), states)}"
                    self.problem("world.yaml", 0, 0, f"groups.{name}", message)
        return {name: tuple(sorted(members)) for name, members in groups.items() if isinstance(members, list)}

    def _actors(self, meta: dict[str, Any], states: tuple[str, ...]) -> dict[str, Actor]:
        actors = {}
        listed = _mapping(meta, "actors")
        for code in listed:
            about = _mapping(listed, code)
            patron, opponents = str(about.get("patron", "")), tuple(about.get("opponents") or ())
            for other in (patron, *opponents):
                if other not in states:
                    message = f"{other!r} is not in states.csv{did_you_mean(other, states)}"
                    self.problem("world.yaml", 0, 0, f"actors.{code}", message)
            if code in states:
                self.problem("world.yaml", 0, 0, f"actors.{code}", "is also a state")
            name, source = str(about.get("name", code)), str(about.get("source", ""))
            actors[code] = Actor(code, name, patron, opponents, source)
        return actors


def _records(meta: dict[str, Any], key: str) -> list[dict[str, Any]]:
    listed = meta.get(key)
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _mapping(meta: dict[str, Any], key: str) -> dict[str, Any]:
    listed = meta.get(key)
    return listed if isinstance(listed, dict) else {}


def _fill(state: dict[str, Array], dyad: dict[str, Array], flow: dict[str, Array]) -> None:
    """Blank distances become great circles; blank domestic sales, what output is left after exports."""
    missing = np.isnan(dyad["distance"])
    dyad["distance"][missing] = great_circle(state["latitude"], state["longitude"])[missing]
    blank = np.isnan(state["home"])
    state["home"][blank] = domestic_sales(state["gdp"], flow["trade"])[blank]
