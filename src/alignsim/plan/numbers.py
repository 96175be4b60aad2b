"""The numbers of a scenario that a sweep may vary: every parameter, and every figure of an event, by its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from alignsim.errors import InvalidInput, did_you_mean, nearest
from alignsim.scenario import settings
from alignsim.scenario.consistency import dated_events
from alignsim.scenario.document import Document, examined
from alignsim.scenario.salvage import validate
from alignsim.scenario.tree import Node, Path, Tree

ELSEWHERE = {
    "runs": "the number of runs is no input; say --runs",
    "seed": "the seed is no input; more runs (--runs) meet other shocks",
    "time": "the months decide the shape of the results; sweep a file for each period",
    "claims": "a claim changes nothing that is simulated; judge it with another margin",
    "world": "the figures of a world are not in this file; build another world",
}
"""What a file also says in numbers, and why it cannot be varied."""

_NOTHING_LIKE_IT = (
    "; `alignsim show FILE --resolved` lists the parameters, and figures of events are like events[0].intensity"
)


@dataclass(frozen=True)
class Number:
    """One number: its path as it is spelt, where it stands in the file, and what it is in the file.

    `now` is None for a parameter that the file leaves to its belief; `whole` where only whole numbers make sense.
    """

    path: str
    steps: Path
    now: float | None = None
    whole: bool = False

    @property
    def parameter(self) -> bool:
        """Whether it is a parameter of the model, not a figure of the file."""
        return self.steps[0] == "parameters"

    def typed(self, value: float) -> float | int:
        """The value as the schema wants it."""
        return int(value) if self.whole and value == int(value) else float(value)


class Misnamed(ValueError):
    """A path that leads to no number."""


def numbers(document: Document) -> dict[str, Number]:
    """Every number that may be varied, by its path: parameters first, then events in the order of the file.

    Events are counted as `--set` counts them: those of a file that is extended come first.
    """
    from alignsim.mechanisms.registry import PARAMETERS

    pinned = document.scenario.parameters
    found = {p: Number(p, ("parameters", p), pinned[p].value if p in pinned else None) for p in PARAMETERS}
    for place, event in dated_events(document.scenario):
        for steps, value in _figures(event, place):
            path = settings.spelt(steps)
            found[path] = Number(path, steps, float(value), isinstance(value, int) and not isinstance(value, bool))
    return found


def _figures(model: BaseModel, place: Path) -> Iterator[tuple[Path, float]]:
    """The numbers below a model, with their places."""
    for name, field in type(model).model_fields.items():
        value, here = getattr(model, name), (*place, field.alias or name)
        if name in ("at", "until"):
            continue
        if isinstance(value, BaseModel):
            yield from _figures(value, here)
        elif isinstance(value, dict):
            yield from (((*here, key), entry) for key, entry in value.items() if isinstance(entry, (int, float)))
        elif isinstance(value, (int, float)):
            yield here, value


def find(spelt: str, known: Mapping[str, Number]) -> Number:
    """The number that a path means; a leading `parameters.` and the kind of an event may be left out.

    Raises Misnamed, with the nearest path or why it may not be varied.
    """
    path = spelling(spelt)
    if path in known:
        return known[path]
    for number in known.values():
        if path == _short(number):
            return number
    head = path.replace("[", ".").partition(".")[0]
    if head in ELSEWHERE:
        raise Misnamed(ELSEWHERE[head])
    around = path[: path.rfind("]") + 1]
    same = [_short(number) for number in known.values() if around and number.path.startswith(f"{around}.")]
    short = [_short(number) for number in known.values()]
    hint = _listed(path, same) if same else did_you_mean(path, [*short, *known]) or _NOTHING_LIKE_IT
    raise Misnamed(f"{spelt!r} is no number of this scenario{hint}")


def spelling(path: str) -> str:
    """A path without what may be left out of a parameter's."""
    return path.strip().removeprefix("parameters.")


def _short(number: Number) -> str:
    """`events[3].intensity` for `events[3].sanction.intensity`; a parameter's own path."""
    steps = number.steps
    deep = 2 if steps[0] == "events" else 3
    if number.parameter or len(steps) != deep + 2:
        return number.path
    return settings.spelt((*steps[:deep], steps[-1]))


def _listed(path: str, same: list[str]) -> str:
    """The number of the same event that was meant, or all that it has."""
    last = {own.rpartition(".")[2]: own for own in same}
    guess = nearest(path.rpartition(".")[2], last)
    return f"; did you mean {last[guess]!r}?" if guess else f"; this event has {', '.join(same)}"


def with_values(document: Document, values: Mapping[Path, float | int]) -> Document:
    """The document with other numbers at some places. Raises InvalidInput where the schema refuses one.

    Branches may come to the same by their numbers (a share of 0), which a file as it is written may not.
    """
    scenario, tree, problems = validate(_with(document, values))
    if scenario is None or problems:
        raise InvalidInput(document.name, problems)
    return replace(document, tree=tree, scenario=scenario)


def _with(document: Document, values: Mapping[Path, float | int]) -> Tree:
    tree = replace(document.tree, root=settings.copied(document.tree.root), whole=None)
    tree.root.value.pop("sweep", None)
    for steps, value in values.items():
        settings.put(tree.root, steps, Node(value, *document.tree.place(steps)))
    return tree


def refusals(document: Document, number: Number, value: float) -> list[str]:
    """Why a number may not have a value, in the words of the schema; nothing where it may."""
    if number.parameter:
        return _outside(number, value)
    again = examined(replace(document, tree=_with(document, {number.steps: number.typed(value)}), problems=()))
    place = again.tree.spell(number.steps)
    return [problem.message for problem in again.problems if problem.path == place]


def _outside(number: Number, value: float) -> list[str]:
    from alignsim.mechanisms.registry import PARAMETERS

    low, high = PARAMETERS[number.path].low, PARAMETERS[number.path].high
    if low <= value <= high:
        return []
    side = (
        f"above the largest allowed value, {high:g}" if value > high else f"below the smallest allowed value, {low:g}"
    )
    return [f"{value:g} is {side}"]


def switched_off(document: Document, path: str) -> str | None:
    """The mechanism that the file switches off and that this parameter belongs to, if there is one."""
    from alignsim.mechanisms.registry import SWITCHES

    off: list[Any] = [name for name, on in document.scenario.mechanisms.items() if not on]
    return next((name for name in off if path in SWITCHES.get(name, {})), None)
