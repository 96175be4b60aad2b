"""YAML text to values that know their line and column: the YAML 1.2 core schema, within hard limits, running nothing.

Only PyYAML's event stream is used, never its loaders: they read `NO` as a truth value (YAML 1.1), recurse once per
bracket, expand merge keys without limit and keep the last of two equal keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from alignsim.errors import InvalidInput, Problem
from alignsim.scenario.tree import Node

MAX_BYTES = 5_000_000
MAX_DEPTH = 32
MAX_NODES = 500_000
MAX_ALIASED = 200_000
MAX_SCALAR = 100_000
MAX_KEY = 256
MAX_DIGITS = 40

_LOADER = getattr(yaml, "CLoader", yaml.Loader)  # only scans and parses here: it constructs nothing

# Control characters, line separators that readers disagree on, byte-order marks, and marks that reorder text on screen.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_WORDS |= {"": None, "~": None, "null": None, "Null": None, "NULL": None}


def parse(text: str, name: str, source: str = "") -> tuple[Node, list[Problem]]:
    """The one document in `text`, and what is wrong with it that did not stop the reading.

    Raises InvalidInput where the reading had to stop: wrong YAML, a limit passed, an alias to itself.
    """
    if found := _FORBIDDEN.search(text):
        raise InvalidInput(name, [_forbidden_character(text, found.start())])
    builder = _Builder(source)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise InvalidInput(name, [*builder.problems, _syntax(error, text)]) from None
    except _Stop as stop:
        raise InvalidInput(name, [*builder.problems, stop.problem]) from None
    if builder.root is None:
        raise InvalidInput(name, [Problem(1, 1, "", "is empty; start with `alignsim: 1` and a title")])
    return builder.root, builder.problems


class _Stop(Exception):
    def __init__(self, mark: Any, message: str) -> None:
        self.problem = Problem(mark.line + 1, mark.column + 1, "", message)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read."""

    node: Node
    anchor: str | None
    expanded_before: int
    key: str | None = None
    expects_key: bool = True
    height: int = 1


class _Builder:
    """Turns events into nodes without recursion, counting what aliases would expand to."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}  # node, expanded size, height
        self._nodes = self._aliased = self._documents = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(event)

    def _wrong(self, mark: Any, message: str) -> None:
        self.problems.append(Problem(mark.line + 1, mark.column + 1, "", message))

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Stop(event.start_mark, "a second document begins here; a file holds one scenario: remove '---'")
        if event.version not in (None, (1, 2)) or event.tags:
            self._wrong(event.start_mark, "has a directive (%YAML or %TAG); remove it, the format is YAML 1.2")

    def _count(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Stop(event.start_mark, f"more than {MAX_NODES:,} values; split the file")
        if event.tag is not None and event.tag != "!":
            self._wrong(event.start_mark, f"the tag {event.tag[:60]!r} is not allowed; write the plain value")

    def _scalar(self, event: Any) -> None:
        self._count(event)
        if len(event.value) > MAX_SCALAR:
            raise _Stop(event.start_mark, f"a text of {len(event.value):,} characters; the most is {MAX_SCALAR:,}")
        if found := _FORBIDDEN.search(event.value):  # written as an escape, such as "\x1b"
            self._wrong(event.start_mark, f"holds the character U+{ord(found.group()):04X}, which is not allowed")
            event.value = _FORBIDDEN.sub("?", event.value)
        if self._awaits_key():
            self._key(event)
            return
        value = _resolve(event.value) if event.implicit[0] else event.value
        if isinstance(value, int) and len(event.value) > MAX_DIGITS:
            self._wrong(event.start_mark, f"a number of {len(event.value)} digits; the most is {MAX_DIGITS}")
            value = 0
        self._place(self._node(value, event), event.anchor, size=1, height=1)

    def _key(self, event: Any) -> None:
        top, key = self._open[-1], event.value
        top.expects_key, top.key = False, None
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if key == "<<" and event.implicit[0]:
            self._wrong(event.start_mark, "merge keys ('<<') are not read; write the values out, or use `extends`")
        elif len(key) > MAX_KEY:
            self._wrong(event.start_mark, f"a key of {len(key)} characters; the most is {MAX_KEY}")
        elif event.implicit[0] and (not key or not isinstance(_resolve(key), str)):
            self._wrong(event.start_mark, f"keys are words; write {key!r} in quotes if it is meant as one")
        elif key in top.node.value:
            first = "{}:{}".format(*top.node.keys[key])
            self._wrong(event.start_mark, f"the key {key!r} is here a second time (first at {first}); keep one")
        else:
            top.key, top.node.keys[key] = key, place

    def _start(self, event: Any) -> None:
        self._count(event)
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(event.start_mark, f"more than {MAX_DEPTH} levels of lists and mappings")
        mapping = isinstance(event, yaml.MappingStartEvent)
        if self._awaits_key():
            raise _Stop(event.start_mark, "a list or mapping cannot be a key; keys are words")
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._open.append(_Open(self._node({} if mapping else [], event), event.anchor, self._expanded()))

    def _end(self) -> None:
        done = self._open.pop()
        self._place(done.node, done.anchor, self._expanded() - done.expanded_before + 1, done.height)

    def _alias(self, event: Any) -> None:
        if any(frame.anchor == event.anchor for frame in self._open):
            raise _Stop(event.start_mark, f"'*{event.anchor}' stands inside what it names; write the values out")
        if event.anchor not in self._anchors:
            raise _Stop(event.start_mark, f"'*{event.anchor}' names nothing above; quote it if it is meant as text")
        if self._awaits_key():
            raise _Stop(event.start_mark, "an alias cannot be a key; write the word")
        node, size, height = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise _Stop(event.start_mark, f"aliases stand for more than {MAX_ALIASED:,} values; write fewer")
        if len(self._open) + height > MAX_DEPTH + 1:
            raise _Stop(event.start_mark, f"more than {MAX_DEPTH} levels of lists and mappings")
        self._place(node, None, size, height)

    def _place(self, node: Node, anchor: str | None, size: int, height: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, size, height)
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        top.height = max(top.height, height + 1)
        if isinstance(top.node.value, list):
            top.node.value.append(node)
            return
        if top.key is not None:
            top.node.value[top.key] = node
        top.expects_key, top.key = True, None

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].node.value, dict) and self._open[-1].expects_key

    def _expanded(self) -> int:
        return self._nodes + self._aliased

    def _node(self, value: Any, event: Any) -> Node:
        return Node(value, event.start_mark.line + 1, event.start_mark.column + 1, self.source)


def _resolve(text: str) -> Any:
    """The value of an unquoted scalar under the YAML 1.2 core schema: `NO` and 2024-10 stay text, 1e-3 is a number."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            return 0
        return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
    if _FLOAT.fullmatch(text):
        return float(re.sub(r"\.(?=[iInN])", "", text))
    return text


def _forbidden_character(text: str, position: int) -> Problem:
    before = text[:position]
    column = position - (before.rfind("\n") + 1) + 1
    return Problem(
        before.count("\n") + 1, column, "", f"the character U+{ord(text[position]):04X} is not allowed; delete it"
    )


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Problem:
    """A YAML mistake in words, at the place where it shows."""
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    here = lines[mark.line][mark.column : mark.column + 1] if mark and mark.line < len(lines) else ""
    message = next((words for pattern, words in _MISTAKES if re.search(pattern, _said(error))), None)
    if here == "\t":
        message = "a tab; indent with spaces"
    if message is None:
        message = f"is not YAML ({error.problem or error.context}); check quotes, brackets and indentation nearby"
    if error.context_mark and error.context_mark.line != getattr(mark, "line", None):
        message += f" (what it belongs to begins at {error.context_mark.line + 1}:{error.context_mark.column + 1})"
    line = mark.line if mark else 0
    if mark and line >= len(lines):  # the end of the file: point at its last line
        return Problem(max(len(lines), 1), len(lines[-1]) + 1 if lines else 1, "", message)
    return Problem(line + 1, (mark.column if mark else 0) + 1, "", message)


def _said(error: yaml.MarkedYAMLError) -> str:
    return f"{error.context or ''}: {error.problem or ''}"


_MISTAKES: list[tuple[str, str]] = [
    (
        r"mapping values are not allowed",
        "a ':' where no key can stand; put text with ': ' in quotes, mend the indentation, "
        "or give the line above its ':'",
    ),
    (r"cannot start any token", "a text cannot begin with this character; put it in quotes"),
    (r"could not find expected ':'", "this line has no ':' after its key"),
    (r"quoted scalar", "a quote is opened and never closed"),
    (r"node content", "a value is missing here, or a bracket above is not closed"),
    (r"flow sequence", "a list in [ ] lacks a ',' or its ']'"),
    (r"flow mapping", "a mapping in { } lacks a ',' or its '}'"),
    (r"block mapping|block collection", "the indentation does not fit the lines above, or a ':' is missing"),
    (r"undefined alias|anchor|alias", "'&' and '*' name parts of a file in YAML; put the text in quotes"),
    (r"document start", "cannot follow what stands above; check brackets and indentation"),
    (r"tag", "'!' begins a tag in YAML, and tags are not allowed; put the text in quotes"),
    (r"block scalar", "the text block after '|' or '>' is not indented as it should be"),
    (r"directive", "'%' begins a directive in YAML, and directives are not allowed; put the text in quotes"),
]  # fmt: skip
