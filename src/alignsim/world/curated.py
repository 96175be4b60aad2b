"""The small cited tables that close the gaps of the official files, each row dated from when it was known."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

from alignsim.errors import FileProblem

FOLDER = Path(__file__).resolve().parents[1] / "data" / "curated"


@cache
def rows(name: str) -> list[dict[str, str]]:
    """All rows of a cited table, in file order, not to be changed; lines that start with '#' are comments."""
    path = FOLDER / f"{name}.csv"
    if not path.is_file():
        raise FileProblem(f"the table {path.name} is missing from the installation; install alignsim again")
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(line for line in handle if not line.startswith("#")))


def at(name: str, month: str) -> list[dict[str, str]]:
    """Rows of a table of spells that hold at `month`: start <= month < end ("" is open). Nothing later is read."""
    return [row for row in rows(name) if row["start"] <= month and (not row["end"] or month < row["end"])]


def complete_year(month: str) -> int:
    """The last calendar year that had ended by the end of `month`: 2023 for 2024-09, 2024 for 2024-12."""
    year, number = (int(part) for part in month.split("-"))
    return year if number == 12 else year - 1


def groups_at(month: str) -> dict[str, tuple[str, ...]]:
    """Members of every group at `month`, sorted; "@eu" inside a group stands for the members of that group."""
    listed = at("groups", month)
    members: dict[str, set[str]] = {row["group"]: set() for row in listed}
    for row in listed:
        members[row["group"]] |= set(row["members"].split())
    for name in members:
        members[name] = set(expand(members[name], members))
    return {name: tuple(sorted(found)) for name, found in members.items()}


def expand(words: Iterable[str], groups: Mapping[str, Collection[str]]) -> list[str]:
    """Codes, with each "@group" replaced by its members, sorted and once each."""
    found: set[str] = set()
    for word in words:
        found |= set(expand(groups.get(word[1:], ()), groups)) if word.startswith("@") else {word}
    return sorted(found)
