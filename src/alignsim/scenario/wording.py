"""What the schema refuses, in plain words: what is wrong, and the nearest right word or the allowed range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from alignsim.errors import Problem, did_you_mean, nearest
from alignsim.scenario.tree import Path, Tree

_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "an ordinary number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list, in [ ] or with '- ' before each entry",
    "list_type": "a list, in [ ] or with '- ' before each entry",
    "dict_type": "a mapping of `key: value`",
    "model_type": "a mapping of `key: value`",
    "model_attributes_type": "a mapping of `key: value`",
}


def problems(error: ValidationError, tree: Tree, root: type[BaseModel]) -> list[Problem]:
    """Every mistake that the schema found, with its place in the file."""
    found = []
    listed = error.errors(include_url=False)
    mistyped = _mistyped(listed, tree, root)
    for entry in listed:
        path = tuple(entry["loc"])
        if entry["type"] == "missing" and (path[:-1], path[-1]) in mistyped:
            continue  # said already, at the key that was meant
        found.append(_problem(entry, path, tree, root))
    return found


def _problem(entry: Any, path: Path, tree: Tree, root: type[BaseModel]) -> Problem:
    kind, context = entry["type"], entry.get("ctx", {})
    if kind == "extra_forbidden":
        return tree.problem(path, _unknown_key(path, tree, root), key=True)
    if kind == "missing" and isinstance(path[-1], int):
        return tree.problem(path[:-1], f"needs {path[-1] + 1} entries, has {path[-1]}")
    if kind == "missing":
        return tree.problem(path, "is missing")
    if path and path[-1] == "[key]":
        path = path[:-1]
        return tree.problem(path, f"the key {_shown(path[-1])} must be a word of 1 to 64 characters", key=True)
    path = _existing(path, tree)
    words = _words(kind, entry["input"], context, entry["msg"])
    return tree.problem(path, words, offset=text_offset(tree, path, context.get("offset", 0)))


def _words(kind: str, given: Any, context: Any, fallback: str) -> str:
    if kind == "words":
        return str(context["words"])
    if given is None and kind != "finite_number":
        return "has no value; write one, or remove the key"
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, not {_shown(given)}{_number_hint(kind, given)}"
    if kind in ("literal_error", "enum"):
        return _one_of(given, re.findall(r"'([^']*)'|(\d+)", str(context.get("expected", ""))))
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        return _range(kind, given, context)
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        return _length(kind, context)
    if kind == "string_pattern_mismatch":
        return f"{_shown(given)} may hold letters, digits, '-', '_' and '.' only"
    return f"{fallback[:1].lower()}{fallback[1:]}"


def _one_of(given: Any, expected: list[tuple[str, str]]) -> str:
    known = [text or number for text, number in expected]
    if str(given) in known:
        return f"must be {given}, without quotes"
    allowed = known[0] if len(known) == 1 else f"one of {', '.join(known)}"
    return f"{_shown(given)} is not {allowed}{did_you_mean(str(given), known)}"


def _range(kind: str, given: Any, context: Any) -> str:
    limit = next(iter(context.values()))
    return {
        "greater_than_equal": f"{_shown(given)} is below the smallest allowed value, {limit:g}",
        "less_than_equal": f"{_shown(given)} is above the largest allowed value, {_figure(limit)}",
        "greater_than": f"{_shown(given)} must be above {limit:g}",
        "less_than": f"{_shown(given)} must be below {limit:g}",
    }[kind]


def _length(kind: str, context: Any) -> str:
    if kind.startswith("string"):
        return "is empty" if kind == "string_too_short" else f"is longer than {context['max_length']} characters"
    least, most, has = context.get("min_length"), context.get("max_length"), context.get("actual_length")
    number = f"at least {least}" if kind == "too_short" else f"at most {most}"
    return f"needs {number} {'entry' if (least or most) == 1 else 'entries'}, has {has}"


_YES_NO = {"yes": True, "on": True, "no": False, "off": False}
"""Words that other readers of YAML take for true and false; here NO is a text, such as a country's code."""


def _number_hint(kind: str, given: Any) -> str:
    if isinstance(given, str) and given.casefold() in _YES_NO and kind.startswith(("int", "float", "bool")):
        yes = _YES_NO[given.casefold()]
        return f"; write {str(yes).lower() if kind.startswith('bool') else int(yes)}"
    if not isinstance(given, str) or not kind.startswith(("int", "float")):
        return ""
    if found := re.fullmatch(r"\s*([-+]?[0-9.]+)\s*%\s*", given):
        return f"; write {float(found[1]) / 100:g}"
    if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", given):
        return f"; write {given.replace(',', '.')}"
    if re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", given):
        return "; remove the quotes"
    return ""


def _unknown_key(path: Path, tree: Tree, root: type[BaseModel]) -> str:
    if guess := meant_key(path, tree, root):
        return f"is not a known key; did you mean {guess!r}?"
    known = known_keys(root, path[:-1])
    return f"is not a known key; known here are {', '.join(known)}" if known else "is not a known key"


def meant_key(path: Path, tree: Tree, root: type[BaseModel]) -> str | None:
    """The key that was probably meant: a near one, rather one that does not stand beside it already."""
    word, around = str(path[-1]), tree.node(path[:-1])
    present = around.value if around is not None and isinstance(around.value, dict) else ()
    known = known_keys(root, path[:-1])
    free = [key for key in known if key not in present]
    return nearest(word, free) or next((key for key in (*free, *known) if _one_edit(word, key)), None)


def _one_edit(a: str, b: str) -> bool:
    """Whether one letter more, less or other, or two swapped, makes `b` of `a`; `nearest` misses it in short words."""
    if len(a) == len(b):
        differ = [k for k in range(len(a)) if a[k] != b[k]]
        return len(differ) == 1 or (len(differ) == 2 and sorted(a) == sorted(b) and differ[1] == differ[0] + 1)
    short, long = sorted((a, b), key=len)
    return any(short == long[:k] + long[k + 1 :] for k in range(len(long)))


def _figure(value: Any) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _shown(value: Any) -> str:
    """A value as a user would recognise it, on one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _existing(path: Path, tree: Tree) -> Path:
    """`path` without the steps that the schema adds inside a single value (`by: USA` is read as a list of one)."""
    return list(tree.walk(path))[-1][0]


def text_offset(tree: Tree, path: Path, offset: int) -> int:
    """Where character `offset` of a one-line text stands, counted from the value's column (which may be a quote)."""
    node = tree.node(path)
    if not offset or node is None or node.source or not tree.text:
        return 0
    lines = tree.text.splitlines()
    rest = lines[node.line - 1][node.column - 1 :] if node.line <= len(lines) else ""
    quoted = rest[:1] in "'\""
    return offset + quoted if rest[quoted:].startswith(str(node.value)) else 0


def _mistyped(listed: list[Any], tree: Tree, root: type[BaseModel]) -> set[tuple[Path, str | int]]:
    """Missing keys that stand in the file under a misspelt name."""
    meant = set[tuple[Path, str | int]]()
    for entry in listed:
        path = tuple(entry["loc"])
        if entry["type"] == "extra_forbidden" and (guess := meant_key(path, tree, root)):
            meant.add((path[:-1], guess))
    return meant


def known_keys(root: type[BaseModel], path: Path) -> list[str]:
    """The keys that the schema knows at a path."""
    model: type[BaseModel] = root
    free = 0  # steps that are an index or a name of the user's own
    for step in path:
        if free:
            free -= 1
            continue
        field = next((f for name, f in model.model_fields.items() if (f.alias or name) == step), None)
        found = next(_models(field.annotation), None) if field else None
        if field is None or found is None:
            return []
        model, free = found, _containers(field.annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def _containers(annotation: Any) -> int:
    """How many lists or mappings are wrapped round the model of an annotation."""
    inner = max((_containers(part) for part in get_args(annotation)), default=0)
    return inner + (get_origin(annotation) in (tuple, dict))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside an annotation such as `tuple[Event, ...]` or `Sanction | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _models(part)
