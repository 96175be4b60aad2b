"""From a file to a checked scenario: read, extend, validate, and tell every problem at once."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alignsim.errors import FileProblem, InvalidInput, Problem, did_you_mean
from alignsim.files import reason
from alignsim.scenario import consistency
from alignsim.scenario.parsing import MAX_BYTES, parse
from alignsim.scenario.salvage import validate
from alignsim.scenario.schema import Scenario
from alignsim.scenario.tree import Node, Tree

STANDARD_INPUT = "-"
UNREAD = Scenario.model_construct()


@dataclass(frozen=True)
class Document:
    """A scenario file that was read: its text, its plain data, the checked `Scenario`, and where everything stands.

    `problems` is empty in what `load` returns. In what `examine` returns it may not be: then `scenario` and `tree`
    hold only the parts that are right, so that these can be checked further before all is told at once.
    """

    name: str
    text: str
    tree: Tree
    scenario: Scenario
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    settings: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def path(self) -> str:
        """The name of the file, as it is shown to users."""
        return self.name

    @property
    def data(self) -> dict[str, Any]:
        """The plain data, with what the file extends and what was set."""
        return self.tree.plain()

    def place(self, path: tuple[str | int, ...], key: bool = False) -> tuple[int, int]:
        """Line and column (1-based) of the value at `path`, or of its key; of what surrounds it where it is absent."""
        return self.tree.place(path, key)

    def whole(self) -> Document:
        """This document; raises InvalidInput where it has problems."""
        if self.problems:
            raise InvalidInput(self.name, self.problems)
        return self


class LandscapeFile(InvalidInput):
    """A landscape, met where a scenario of states was expected: it carries what was read (see `scenario.landscape`)."""

    def __init__(self, tree: Tree, mistakes: list[Problem], file: Path | None) -> None:
        words = "makes this a landscape of its own; `alignsim run`, `show` and `validate` take it, nothing else does"
        super().__init__(tree.name, [tree.problem(("propensity",), words, key=True)], "is no scenario of states")
        self.tree, self.mistakes, self.file = tree, mistakes, file

    def __reduce__(self):
        return type(self), (self.tree, self.mistakes, self.file)


def load(path: str | os.PathLike[str]) -> Document:
    """Read and check a scenario file; `-` is standard input.

    Raises FileProblem when it cannot be read, and InvalidInput with every problem, in file order, when it is wrong.
    """
    return examine(path).whole()


def load_text(text: str, name: str = "scenario") -> Document:
    """Read and check a scenario given as text; it cannot extend a file. Raises InvalidInput."""
    return examine_text(text, name).whole()


def examine(path: str | os.PathLike[str]) -> Document:
    """Read a scenario file and keep its problems with it; raises InvalidInput only where nothing can be kept."""
    if str(path) == STANDARD_INPUT:
        return examine_text(_decode(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input"), "standard input")
    file = Path(path)
    return examine_text(_decode(_read(file), str(path)), str(path), file)


def examine_text(text: str, name: str, file: Path | None = None) -> Document:
    """As `examine`, for text that was read from `file` or nowhere."""
    root, problems = parse(text, name)
    tree = Tree(name, root, text)
    if not isinstance(root.value, dict):
        problems.append(tree.problem((), "must be a mapping of `key: value`; start with `alignsim: 1`"))
        raise InvalidInput(name, problems)
    if "propensity" in root.value:
        raise LandscapeFile(tree, problems, file)
    problems += flatten_parameters(tree)
    if "extends" in root.value:
        tree, more = _extended(tree, file)
        problems += more
    return examined(Document(name, text, tree, UNREAD, tuple(problems), file=file))


def examined(document: Document) -> Document:
    """The document with the scenario that its tree holds, and the problems found in it added to its own."""
    scenario, tree, problems = validate(document.tree)
    problems = [*document.problems, *problems]
    if scenario is None:
        raise InvalidInput(document.name, problems)
    wrong, warnings = consistency.check(scenario, tree)
    return replace(document, tree=tree, scenario=scenario, problems=(*problems, *wrong), warnings=tuple(warnings))


def _read(file: Path) -> bytes:
    try:
        with open(file, "rb") as handle:
            return handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileProblem(f"{file} is not there{_neighbour(file)}") from None
    except IsADirectoryError:
        raise FileProblem(f"{file} is a folder; name a scenario file in it") from None
    except PermissionError:
        raise FileProblem(f"{file} may not be read; check its permissions") from None
    except (OSError, ValueError) as error:
        raise FileProblem(f"{file} could not be read: {reason(error)}") from error


def _neighbour(file: Path) -> str:
    try:
        return did_you_mean(file.name, (entry.name for entry in file.parent.iterdir()))
    except (OSError, ValueError):
        return ""


def _decode(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise InvalidInput(name, [Problem(0, 0, "", f"is larger than {MAX_BYTES // 1_000_000} MB; a scenario is text")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise InvalidInput(name, [Problem(line, column, "", "is not UTF-8 text; save the file as UTF-8")]) from None


def _extended(tree: Tree, file: Path | None) -> tuple[Tree, list[Problem]]:
    """The tree laid over the one it extends; where that fails, the tree alone and why."""
    wanted = tree.root.value["extends"].value
    try:
        parent, problems = _parent(wanted, file)
    except (FileProblem, ValueError) as error:
        return tree, [tree.problem(("extends",), str(error))]
    except InvalidInput as error:
        return tree, [_told(tree, wanted, problem) for problem in error.problems]
    if problems:
        return tree, [_told(tree, wanted, problem) for problem in problems]
    return replace(tree, root=_merged(parent.root, tree.root)), []


def _told(tree: Tree, parent: str, problem: Problem) -> Problem:
    where = f"{problem.path}: " if problem.path else ""
    return tree.problem(("extends",), f"{parent} {problem.line}:{problem.column} {where}{problem.message}")


def _parent(wanted: Any, file: Path | None) -> tuple[Tree, list[Problem]]:
    """The file that is extended; raises ValueError where it may not be."""
    if not isinstance(wanted, str) or not wanted:
        raise ValueError("must be the name of a scenario file, such as base.yaml")
    if file is None:
        raise ValueError("only a scenario read from a file can extend another; write its contents out")
    folder = file.resolve().parent
    try:
        found = (folder / wanted).resolve()
    except (OSError, ValueError):
        raise ValueError("must be the name of a scenario file, such as base.yaml") from None
    if not found.is_relative_to(folder):
        raise ValueError(f"{wanted!r} is outside the folder of this file; extend a file in it or below it")
    if found == file.resolve():
        raise ValueError("is this file itself; name another")
    try:
        content = _read(found)
    except FileProblem:
        raise ValueError(f"{wanted!r} cannot be read{_neighbour(found)}") from None
    text = _decode(content, wanted)
    root, problems = parse(text, wanted, source=wanted)
    tree = Tree(wanted, root, text)
    if not isinstance(root.value, dict):
        raise ValueError(f"{wanted} is not a mapping of `key: value`")
    if "extends" in root.value:
        raise ValueError(f"{wanted} itself extends a file; a scenario may extend once")
    return tree, problems + flatten_parameters(tree)


_MERGED_BY_KEY = ("groups", "parameters", "mechanisms", "branches")


def _merged(parent: Node, child: Node) -> Node:
    """The child's keys replace the parent's, mappings entry by entry; events and claims follow the parent's."""
    value, keys = dict(parent.value), {**parent.keys, **child.keys}
    for key, node in child.value.items():
        before = value.get(key, node)
        if key not in value:
            value[key] = node
        elif key in _MERGED_BY_KEY and _both(before, node, dict):
            value[key] = Node(
                {**before.value, **node.value}, node.line, node.column, node.source, {**before.keys, **node.keys}
            )
        elif key == "events" and _both(before, node, list):
            value[key] = Node([*before.value, *node.value], node.line, node.column, node.source)
        elif key == "claims" and _both(before, node, list):
            value[key] = Node(_claims(before.value, node.value), node.line, node.column, node.source)
        else:
            value[key] = node
    return Node(value, child.line, child.column, child.source, keys)


def _both(before: Node, node: Node, kind: type) -> bool:
    return isinstance(before.value, kind) and isinstance(node.value, kind)


def _claims(before: list[Node], own: list[Node]) -> list[Node]:
    """The parent's claims, each replaced by the child's claim of the same id, then the child's others."""
    mine = {_id(claim): claim for claim in own if _id(claim) is not None}
    kept = [mine.get(_id(claim), claim) for claim in before]
    placed = {id(claim) for claim in kept}
    return kept + [claim for claim in own if id(claim) not in placed]


def _id(claim: Node) -> Any:
    node = claim.child("id") if isinstance(claim.value, dict) else None
    return node.value if node is not None and isinstance(node.value, str) else None


_RANGE = {"low", "mode", "high"}


def flatten_parameters(tree: Tree) -> list[Problem]:
    """Rewrite `parameters: {sanctions: {bite: 0.2}}` as `{sanctions.bite: 0.2}`, in place; says what is given twice."""
    node = tree.root.value.get("parameters")
    if node is None or not isinstance(node.value, dict):
        return []
    flat, keys, problems = dict[str, Node](), dict[str, tuple[int, int]](), list[Problem]()
    for name, entry in node.value.items():
        nested = isinstance(entry.value, dict) and "." not in name and not set(entry.value) & _RANGE
        inner = entry.value.items() if nested else [("", entry)]
        for short, value in inner:
            path = f"{name}.{short}" if nested else name
            place = entry.keys[short] if nested else node.keys[name]
            if path in flat:
                first = "{}:{}".format(*keys[path])
                problems.append(
                    Problem(place[0], place[1], f"parameters.{path}", f"is here a second time (first at {first})")
                )
            else:
                flat[path], keys[path] = value, place
    node.value, node.keys = flat, keys
    return problems
