"""Values that know their line and column, so that every mistake can be answered with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from alignsim.errors import Problem

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Node:
    """A value (scalar, list of nodes, or dict of nodes), where it stands, and where its keys stand (1-based).

    `source` is "" for the file itself, else the file it extends or the argument (`--set ...`) that the value comes
    from.
    """

    value: Any
    line: int
    column: int
    source: str = ""
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """The entry of a mapping or list, or None."""
        if isinstance(self.value, dict):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None


@dataclass(frozen=True)
class Tree:
    """A parsed file (with what it extends and what was set), able to say where every path stands."""

    name: str
    root: Node
    text: str = ""
    whole: Node | None = None
    """The tree before anything was left out of it; paths are spelt as they are there."""

    def plain(self) -> Any:
        return self.root.plain()

    def walk(self, path: Path) -> Iterator[tuple[Path, Node]]:
        """The nodes along `path`, as far as it exists, each with its path; the root first."""
        node: Node | None = self.root
        yield (), self.root
        for depth, step in enumerate(path, 1):
            node = node.child(step) if node else None
            if node is None:
                return
            yield path[:depth], node

    def node(self, path: Path) -> Node | None:
        """The node at `path`, or None."""
        found, node = list(self.walk(path))[-1]
        return node if found == path else None

    def place(self, path: Path, key: bool = False) -> tuple[int, int]:
        """Line and column (1-based) of the value at `path`, or of its key; of the nearest thing around it if absent."""
        return self._place(path, key)[:2]

    def _place(self, path: Path, key: bool) -> tuple[int, int, str]:
        steps = list(self.walk(path))
        found, node = steps[-1]
        if key and found and isinstance(steps[-2][1].value, dict) and found[-1] in steps[-2][1].keys:
            return (*steps[-2][1].keys[str(found[-1])], node.source)
        return node.line, node.column, node.source

    def spell(self, path: Path) -> str:
        """`events[0].sanction.on`; entries of a list are counted within the file that they come from."""
        words, whole = "", self.whole or self.root
        nodes = [node for _, node in self.walk(path)]
        for depth, step in enumerate(path, 1):
            node = nodes[depth] if depth < len(nodes) else None
            if isinstance(step, int):
                words += f"[{_own_index(whole, node, step)}]"
                whole = node or whole
            else:
                words += f".{step}" if words else step
                whole = whole.child(step) or whole
        return words

    def problem(self, path: Path, message: str, key: bool = False, offset: int = 0) -> Problem:
        """A problem at `path`, told in terms of the file or argument that the value comes from."""
        *_, (found, node) = self.walk(path)
        if not isinstance(node.value, (dict, list)) and node.value is not None:
            path = found  # a single value stands for a list of one
        line, column, source = self._place(path, key)
        source = _set_within(node) or source
        where = self.spell(path)
        if not source:
            return Problem(line, column + offset, where, message)
        if source.startswith("--"):
            return Problem(0, 0, where, f"{message} (from {source})")
        at = self.place(("extends",))
        return Problem(*at, "extends", f"{source} {line}:{column + offset} {where}: {message}")


def _set_within(node: Node) -> str:
    """The `--set` argument of an entry of a mapping that is wrong as a whole; empty where none was set."""
    entries = node.value.values() if isinstance(node.value, dict) else ()
    return next((entry.source for entry in entries if entry.source.startswith("--set")), "")


def _own_index(around: Node, entry: Node | None, index: int) -> int:
    """The place of an entry among those of its list that come from the same file."""
    if entry is None or not isinstance(around.value, list):
        return index
    same = [other for other in around.value if other.source == entry.source]
    return next((k for k, other in enumerate(same) if other is entry), index)
