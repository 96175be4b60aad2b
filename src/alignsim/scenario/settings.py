"""`--set path=value`: a file with some values replaced, checked again by the same schema."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from alignsim.errors import InvalidInput, Problem, UsageError
from alignsim.scenario.document import Document, examined, flatten_parameters
from alignsim.scenario.parsing import MAX_DEPTH, parse
from alignsim.scenario.tree import Node, Path, Tree

_STEP = re.compile(r"([^.\[\]=]+)|\[([0-9]{1,6})\]")
_EMPTY = "leads nowhere: the list is empty"
_EXAMPLE = "runs=10 or branches.isolation[0].sanction.intensity=0.5"


def apply(document: Document, arguments: Iterable[str]) -> Document:
    """The document with each `path=value` put in its place; paths are spelt as in messages.

    Raises UsageError for an argument that is not `path=value`, and InvalidInput, naming the `--set` argument, where the
    path leads nowhere or the value is refused.
    """
    return examine(document, arguments).whole()


def examine(document: Document, arguments: Iterable[str]) -> Document:
    """As `apply`, but keeping the problems with the document, as `alignsim.scenario.examine` does."""
    given = tuple(arguments)
    if not given:
        return document
    tree, problems = put_into(document.tree, given)
    problems = [*document.problems, *problems, *flatten_parameters(tree)]
    again = replace(document, tree=tree, problems=tuple(problems), settings=(*document.settings, *given))
    return examined(again)


def put_into(tree: Tree, arguments: Iterable[str]) -> tuple[Tree, list[Problem]]:
    """The tree with each `path=value` in its place, and what cannot be put anywhere."""
    problems = list[Problem]()
    tree = replace(tree, root=copied(tree.root))
    for argument in arguments:
        path, value = _read(argument)
        if message := _parameter(path) or put(tree.root, path, value):
            problems.append(Problem(0, 0, tree.spell(path), f"{message} (from {value.source})"))
    return tree, problems


def _parameter(path: Path) -> str | None:
    """What to write where the path is that of a parameter, `sanctions.bite` for `parameters.sanctions.bite`."""
    if len(path) != 2:
        return None
    from alignsim.mechanisms.registry import PARAMETERS

    name = f"{path[0]}.{path[1]}"
    return f"is a parameter; write parameters.{name}" if name in PARAMETERS else None


def _read(argument: str) -> tuple[Path, Node]:
    spelt, equals, text = argument.partition("=")
    path = _path(spelt.strip())
    if not equals or not path:
        raise UsageError(f"--set {argument[:80]!r} is not path=value; write, say, --set {_EXAMPLE}")
    source = f"--set {argument[:80]!r}"
    try:
        value, problems = parse(text if text.strip() else "null", source, source)
    except InvalidInput as error:
        raise UsageError(f"--set {argument[:80]!r}: {error.problems[0].message}") from None
    if problems:
        raise UsageError(f"--set {argument[:80]!r}: {problems[0].message}")
    return path, value


def _path(spelt: str) -> Path:
    """`events[0].at` as ("events", 0, "at"); everything below `parameters` is one name. Empty where misspelt."""
    head, dot, rest = spelt.partition(".")
    if head == "parameters" and dot:
        return ("parameters", rest) if rest else ()
    steps: list[str | int] = []
    position = 0
    while position < len(spelt):
        if len(steps) == MAX_DEPTH:
            return ()
        if steps and spelt[position] == ".":
            position += 1
        found = _STEP.match(spelt, position)
        if not found or (found[2] and not steps):
            return ()
        steps.append(found[1] if found[1] else int(found[2]))
        position = found.end()
    return tuple(steps)


def copied(root: Node) -> Node:
    """A copy whose containers may be changed without touching the original."""
    if isinstance(root.value, dict):
        return replace(root, value={k: copied(node) for k, node in root.value.items()}, keys=dict(root.keys))
    if isinstance(root.value, list):
        return replace(root, value=[copied(node) for node in root.value])
    return root


def spelt(path: Path) -> str:
    """`events[0].sanction.intensity`, as an argument names a place; entries of a list are counted in the whole."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


def put(root: Node, path: Path, value: Node) -> str | None:
    """Put `value` at `path`, making mappings on the way; says why where that cannot be."""
    around = root
    for depth, step in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(step, int):
            if not isinstance(around.value, list):
                return f"leads nowhere: [{step}] is asked of something that is not a list"
            if step >= len(around.value):
                return f"leads nowhere: the last entry there is [{len(around.value) - 1}]" if around.value else _EMPTY
        elif around.value is None and depth:
            around.value = {}
        if isinstance(step, str) and not isinstance(around.value, dict):
            return f"leads nowhere: {step!r} is asked of something that is not a mapping"
        if last:
            around.value[step] = value
            if isinstance(step, str):
                around.keys.setdefault(step, (value.line, value.column))
            return None
        if isinstance(step, str) and step not in around.value:
            around.value[step] = Node({}, around.line, around.column, value.source)
            around.keys[step] = (around.line, around.column)
        around = around.value[step]
    return None
