"""Small tables and YAML files of one folder, read with every problem named at once and nothing of it executed."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.errors import FileProblem, Problem, did_you_mean
from alignsim.files import reason
from alignsim.world.columns import Column, Layout
from alignsim.world.world import Array

TOO_DEEP = "aliases and nesting beyond 12 are refused"
MOST_BYTES = 20_000_000
MOST_PROBLEMS = 60


def shortened(problems: list[Problem]) -> list[Problem]:
    """The first problems, and how many more there are."""
    extra = len(problems) - MOST_PROBLEMS
    more = [Problem(10**9, 0, "", f"and {extra} more problems")] if extra > 0 else []
    return problems[:MOST_PROBLEMS] + more


class Tables:
    """Reads the small tables of one folder and gathers problems, so that all of them can be told together.

    `layout` is file name -> key columns and numeric columns; `what` names the folder's content in messages.
    """

    def __init__(self, folder: Path, layout: Layout, what: str) -> None:
        self.folder, self.layout, self.what = folder, layout, what
        self.problems: list[Problem] = []

    def shortened(self) -> list[Problem]:
        """The first problems, and how many more there are."""
        return shortened(self.problems)

    def problem(self, file: str, line: int, column: int, field: str, message: str) -> None:
        """Keep a problem of `file`; line and column count from 1, and 0 is unknown."""
        self.problems.append(Problem(line, column, f"{file} {field}".strip(), message))

    def text(self, file: str) -> str:
        """The text of a file. Raises FileProblem where it cannot be read, is too large or is not UTF-8."""
        path = self.folder / file
        try:
            if path.stat().st_size > MOST_BYTES:
                raise FileProblem(
                    f"{path} is larger than {MOST_BYTES // 10**6} MB; a {self.what} is a few small tables"
                )
            return path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise FileProblem(f"{path} is missing; it is one of the tables of a {self.what}") from error
        except OSError as error:
            raise FileProblem(f"could not read {path}: {reason(error)}") from error
        except UnicodeDecodeError as error:
            raise FileProblem(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from error

    def yaml(self, file: str, required: bool = True) -> dict[str, Any]:
        """A YAML mapping in which every scalar is text: `NO` stays a word. No alias or deep nesting is taken."""
        import yaml

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        if not required and not (self.folder / file).is_file():
            return {}
        text, depth = self.text(file), 0
        try:
            for event in yaml.parse(text, Loader=loader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if isinstance(event, yaml.AliasEvent) or depth > 12:
                    mark = event.start_mark
                    self.problem(file, mark.line + 1, mark.column + 1, "", TOO_DEEP)
                    return {}
            loaded = yaml.load(text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            said = TOO_DEEP if "nesting" in str(error.problem) else str(error.problem)  # libyaml may refuse it first
            self.problem(file, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, "", said)
            return {}
        if not isinstance(loaded, dict):
            self.problem(file, 1, 1, "", "should be a mapping of keys to values")
            return {}
        return loaded

    def table(self, file: str) -> tuple[list[tuple[int, tuple[str, ...]]], dict[str, Array]]:
        """The keys of each row, with its line, and one float array for each numeric column."""
        key_names, columns = self.layout[file]
        rows = list(csv.reader(io.StringIO(self.text(file), newline="")))
        header = [cell.strip() for cell in rows[0]] if rows else []
        known = {*key_names, *(c.name for c in columns)}
        for place, cell in enumerate(header, 1):
            if cell not in known:
                self.problem(file, 1, place, cell, f"is not a known column{did_you_mean(cell, known)}")
        for name in key_names + tuple(c.name for c in columns if c.default is None):
            if name not in header:
                self.problem(file, 1, 0, name, "column is missing")
        if self.problems and not set(key_names) <= set(header):
            return [], {c.name: np.zeros(0) for c in columns}
        body = [(line, row) for line, row in enumerate(rows[1:], 2) if any(row)]
        for line, row in body:
            if len(row) != len(header):
                self.problem(file, line, len(row), "", f"has {len(row)} cells, the header has {len(header)}")
        body = [(line, row) for line, row in body if len(row) == len(header)]
        places = [header.index(name) for name in key_names]
        keys = [(line, tuple(row[p].strip() for p in places)) for line, row in body]
        return keys, {c.name: self._numbers(file, c, header, body) for c in columns}

    def _numbers(self, file: str, column: Column, header: list[str], body: list[tuple[int, list[str]]]) -> Array:
        values = np.full(len(body), math.nan if column.default is None else column.default)
        if column.name not in header:
            return values
        place = header.index(column.name)
        for k, (line, row) in enumerate(body):
            cell = row[place].strip()
            if not cell:
                if column.default is None:
                    self.problem(file, line, place + 1, column.name, "is blank; it needs a number")
                continue
            try:
                values[k] = float(cell)
            except ValueError:
                self.problem(file, line, place + 1, column.name, f"{cell!r} is not a number")
                continue
            if not column.low <= values[k] <= column.high:
                message = f"{cell} is outside {column.low:g} to {column.high:g} ({column.unit})"
                self.problem(file, line, place + 1, column.name, message)
        return values
