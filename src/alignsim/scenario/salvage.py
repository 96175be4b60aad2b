"""What can still be checked in a file with mistakes, so that all of them are told at once and none twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from alignsim.errors import Problem, nearest
from alignsim.scenario import wording
from alignsim.scenario.month import FIRST_YEAR, LAST_YEAR
from alignsim.scenario.schema import Scenario
from alignsim.scenario.tree import Node, Path, Tree

UNKNOWN = "?"
"""Stands for a title or world that is missing or wrong."""

_BY_ENTRY = {"events": 2, "branches": 3, "claims": 2, "focus": 2, "parameters": 2, "mechanisms": 2, "groups": 2}
"""How many steps of a path name the part that is left out when something in it is wrong."""

_NEEDED: dict[str, Any] = {
    "alignsim": 1,
    "title": UNKNOWN,
    "world": UNKNOWN,
    "time": {"start": f"{FIRST_YEAR}-01", "end": f"{LAST_YEAR}-12"},
}


def validate(tree: Tree) -> tuple[Scenario | None, Tree, list[Problem]]:
    """The scenario of the parts that are right (None where nothing holds together), their tree, and all mistakes."""
    kept, found, needed = tree, list[Problem](), dict[str, Any]()
    for _ in range(4):  # what is left out or renamed may have hidden another mistake
        try:
            return Scenario.model_validate({**needed, **kept.plain()}), kept, found
        except ValidationError as error:
            found += wording.problems(error, kept, Scenario)
            kept, needed = _kept(kept, error), _NEEDED
    return None, tree, found


def _kept(tree: Tree, error: ValidationError) -> Tree:
    root = _renamed(tree.root)
    places = [entry["loc"] for entry in error.errors() if entry["loc"] and entry["loc"][0] in root.value]
    for path in sorted({place[: _BY_ENTRY.get(str(place[0]), 1)] for place in places}, key=_last_first, reverse=True):
        root = _dropped(root, path)
    return replace(tree, root=root, whole=tree.whole or tree.root)


def _last_first(path: Path) -> tuple[Any, ...]:
    return tuple(f"{step:09d}" if isinstance(step, int) else step for step in path)


def _renamed(root: Node) -> Node:
    """The root with misspelt keys under the names that were meant, where those are free."""
    known, value, keys = list(Scenario.model_fields), {}, {}
    for key, node in root.value.items():
        guess = None if key in known else nearest(key, known)
        name = guess if guess and guess not in root.value and guess not in value else key
        value[name], keys[name] = node, root.keys[key]
    return replace(root, value=value, keys=keys)


def _dropped(node: Node, path: Path) -> Node:
    """`node` without what stands at `path`; only what surrounds it is copied."""
    step = path[0]
    child = node.child(step)
    if child is None:
        return node
    value = node.value.copy()
    if len(path) == 1 or not isinstance(child.value, (dict, list)):
        del value[step]
    else:
        value[step] = _dropped(child, path[1:])
    return replace(node, value=value)
