"""What only the world and the mechanisms can tell: unknown states, groups, issues, parameters, switches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from alignsim.errors import FileProblem, InvalidInput, Problem, did_you_mean, nearest
from alignsim.plan import numbers
from alignsim.scenario import settings as set_values
from alignsim.scenario.consistency import (
    dated_events,
    expand,
    identical_branches,
    outcome_problems,
    self_reference,
)
from alignsim.scenario.document import Document, examine
from alignsim.scenario.events import Event
from alignsim.scenario.month import Month
from alignsim.scenario.salvage import UNKNOWN
from alignsim.scenario.tree import Path
from alignsim.scenario.wording import text_offset

if TYPE_CHECKING:
    from alignsim.world import World

FAR = 12
"""Months between the world and the start of a scenario beyond which a warning is given."""

_OTHER_NAMES = {
    "uk": "GBR", "britain": "GBR", "england": "GBR", "us": "USA", "america": "USA", "uae": "ARE", "emirates": "ARE",
    "turkey": "TUR", "syria": "SYR", "south korea": "KOR", "north korea": "PRK", "dprk": "PRK", "persia": "IRN",
    "no": "NOR", "holland": "NLD", "burma": "MMR", "czechia": "CZE", "ivory coast": "CIV", "germany": "DEU",
    "ger": "DEU",
}  # fmt: skip

_STATES_OR_GROUPS = {
    "sanction": ("by", "on"),
    "lift": ("by", "on"),
    "embargo": ("by", "on"),
    "war": ("of", "against"),
    "peace": ("of",),
    "meeting": ("of",),
    "treaty": ("of",),
    "agreement": ("of",),
    "breach": ("by", "toward"),
    "position": ("of",),
    "capacity": ("of",),
    "arsenal": ("of",),
    "offer": ("by", "to", "away_from"),
}
_SINGLE_STATES = {"arms": ("from",), "licence": ("from", "to"), "hostility": ("between",)}
_TAKES_TWO = ("peace", "meeting", "treaty", "agreement")


def load(path: str | os.PathLike[str], arguments: Iterable[str] = ()) -> tuple[Document, World, tuple[Problem, ...]]:
    """Read a scenario, apply `--set` arguments, load its world, and check all of it: document, world, warnings.

    Raises InvalidInput with every problem that can be told at once, of the file, its settings and its world.
    """
    document = set_values.examine(examine(path), arguments)
    try:
        world = world_of(document)
    except InvalidInput:
        document.whole()  # first what is wrong in the scenario itself
        raise
    except FileProblem as error:
        if document.scenario.world == UNKNOWN:
            document.whole()
        problem = document.tree.problem(("world",), str(error))
        raise InvalidInput(document.name, [*document.problems, problem]) from None
    problems, warnings = check(document, world)
    replace(document, problems=(*document.problems, *problems)).whole()
    return document, world, tuple(warnings)


def world_of(document: Document) -> World:
    """The world that a scenario names: packaged, or a folder (relative to the scenario's own folder first)."""
    from alignsim import world

    wanted = document.scenario.world
    if document.file is not None and wanted not in world.packaged():
        beside = FilePath(document.file).resolve().parent / wanted
        if (beside / "world.yaml").is_file():
            return world.load(beside)
    return world.load(wanted)


def resolved_groups(document: Document, world: World) -> dict[str, tuple[str, ...]]:
    """The world's groups and the scenario's own, which come first and may be made of the world's."""
    own = {name: expand(members, world.groups) for name, members in document.scenario.groups.items()}
    return {**world.groups, **own}


def check(document: Document, world: World) -> tuple[list[Problem], list[Problem]]:
    """Problems and warnings of a scenario in a world; the document may have problems of its own."""
    checker = _Checker(document, world)
    problems = [
        *checker.groups_of_the_file(),
        *checker.focus(),
        *(p for path, event in dated_events(document.scenario) for p in checker.event(event, path)),
        *checker.claims(),
        *checker.parameters(),
        *checker.switches(),
        *checker.beliefs(),
        *checker.sweep(),
    ]
    if not problems and not document.problems and document.tree.whole is None:
        problems += identical_branches(document.scenario, document.tree, checker.groups)
    return problems, [*document.warnings, *checker.distance()]


class _Checker:
    """The names that one scenario may use, and what is wrong with those it does use."""

    def __init__(self, document: Document, world: World) -> None:
        self.document, self.scenario, self.tree, self.world = document, document.scenario, document.tree, world
        self.states = frozenset(world.states)
        self.groups = resolved_groups(document, world)
        self.wrong_groups = self._wrong_groups()
        self.issues = {*world.issues, *self._new_issues()}

    def _wrong_groups(self) -> frozenset[str]:
        """Groups that the file names but whose members could not be read."""
        node = self.tree.whole.child("groups") if self.tree.whole else None
        named = node.value if node is not None and isinstance(node.value, dict) else {}
        return frozenset(named) - frozenset(self.scenario.groups)

    def _new_issues(self) -> set[str]:
        events = [event.issue for _, event in dated_events(self.scenario) if event.issue is not None]
        return {issue.name for issue in events if issue.positions is not None}

    def groups_of_the_file(self) -> Iterator[Problem]:
        for name, members in self.scenario.groups.items():
            if name in self.states:
                yield self.tree.problem(("groups", name), "is the code of a state; rename the group", key=True)
            for k, member in enumerate(members):
                path = ("groups", name, k)
                if member not in self.states and member not in self.world.groups:
                    yield self.tree.problem(path, self._unknown(member, self.world.groups, "a state"))
                elif member in members[:k]:
                    yield self.tree.problem(path, f"{member} is in this group already; remove it once")

    def focus(self) -> Iterator[Problem]:
        for k, pair in enumerate(self.scenario.focus):
            for side, code in enumerate(pair):
                yield from self._state(code, ("focus", k, side))

    def event(self, event: Event, path: Path) -> Iterator[Problem]:
        what, kind = event.what, event.kind
        unknown = list(self._references(what, kind, (*path, kind)))
        yield from unknown
        if unknown:
            return
        yield from self_reference(event, path, self.groups, self.tree)
        if kind in _TAKES_TWO and len(what.of) == 1 and len(expand(what.of, self.groups)) < 2:
            yield self.tree.problem((*path, kind, "of"), "names one state; it takes two")
        if kind == "arms" and what.to in self.world.actors:
            yield from self._armed_actor(what, (*path, kind))

    def _references(self, what: Any, kind: str, path: Path) -> Iterator[Problem]:
        for key in _STATES_OR_GROUPS.get(kind, ()):
            for k, name in enumerate(getattr(what, key) or ()):
                yield from self._state_or_group(name, (*path, key, k))
        for key in _SINGLE_STATES.get(kind, ()):
            given = what.from_ if key == "from" else getattr(what, key)
            for k, code in enumerate((given,) if isinstance(given, str) else given):
                yield from self._state(code, (*path, key, k))
        if kind == "arms" and what.to not in self.states and what.to not in self.world.actors:
            words = self._unknown(what.to, self.world.actors, "a state or non-state actor")
            yield self.tree.problem((*path, "to"), words)
        if kind == "position":
            yield from self._issue(what.issue, (*path, "issue"))
        if kind == "issue":
            yield from self._new_issue(what, path)

    def _new_issue(self, issue: Any, path: Path) -> Iterator[Problem]:
        if issue.name not in self.issues:
            words = f"{self._no_issue(issue.name)} (a new issue needs `positions`)"
            yield self.tree.problem((*path, "name"), words)
        for who in issue.positions or {}:
            if who not in self.states and who not in self.groups and who not in self.wrong_groups:
                words = self._unknown(who, self.groups, "a state or group")
                yield self.tree.problem((*path, "positions", who), words, key=True)

    def _armed_actor(self, arms: Any, path: Path) -> Iterator[Problem]:
        actor = self.world.actors[arms.to]
        if actor.patron not in self.states:
            words = f"{actor.name} acts through its patron {actor.patron}, which is not in world {self.world.name}"
            yield self.tree.problem((*path, "to"), words)

    def claims(self) -> Iterator[Problem]:
        for k, claim in enumerate(self.scenario.claims):
            if claim.outcome is not None:
                yield from self._outcome(claim.outcome, ("claims", k, "outcome"))

    def parameters(self) -> Iterator[Problem]:
        from alignsim.mechanisms.registry import PARAMETERS

        for path, given in self.scenario.parameters.items():
            where = ("parameters", path)
            if path not in PARAMETERS:
                yield self.tree.problem(where, _unknown_parameter(path, list(PARAMETERS)), key=True)
                continue
            low, high = PARAMETERS[path].low, PARAMETERS[path].high
            for name in ("value", "low", "mode", "high"):
                number = getattr(given, name)
                if number is not None and not low <= number <= high:
                    at = where if name == "value" else (*where, name)
                    side = f"above the largest allowed value, {high:g}" if number > high else ""
                    side = side or f"below the smallest allowed value, {low:g}"
                    yield self.tree.problem(at, f"{number:g} is {side}")

    def beliefs(self) -> Iterator[Problem]:
        """A belief that nobody can draw from yet."""
        from alignsim.plan.posterior import packaged

        if "calibrated" in self.scenario.belief and packaged("signed") is None:
            yield self.tree.problem(("belief",), "nothing has been calibrated yet; use signed, sceptical or fixed")

    def sweep(self) -> Iterator[Problem]:
        """Inputs, outcomes, claims and groups of the `sweep` block."""
        block = self.scenario.sweep
        if block is None:
            return
        yield from self._varied(block)
        for k, outcome in enumerate(block.outcomes):
            yield from self._outcome(outcome, ("sweep", "outcomes", k))
            yield from outcome_problems(outcome, ("sweep", "outcomes", k), self.scenario, self.tree)
        ids = [claim.id for claim in self.scenario.claims]
        for k, wanted in enumerate(block.claims or ()):
            if wanted not in ids:
                hint = did_you_mean(wanted, ids) or (f"; there are {', '.join(ids)}" if ids else "; it has no claim")
                yield self.tree.problem(("sweep", "claims", k), f"no claim of this file has the id {wanted!r}{hint}")
        yield from self._grouped(block)

    def _varied(self, block: Any) -> Iterator[Problem]:
        known, seen = numbers.numbers(self.document), dict[str, str]()
        for spelt, levels in block.vary.items():
            where = ("sweep", "vary", spelt)
            try:
                number = numbers.find(spelt, known)
            except numbers.Misnamed as error:
                yield self.tree.problem(where, str(error), key=True)
                continue
            if (first := seen.setdefault(number.path, spelt)) != spelt:
                yield self.tree.problem(where, f"is the same number as {first}; vary it once", key=True)
            elif off := numbers.switched_off(self.document, number.path):
                yield self.tree.problem(where, f"is idle: this file switches {off} off (`mechanisms`)", key=True)
            elif number.whole and not levels.values:
                yield self.tree.problem(where, "takes whole numbers only; write low:high:count or a list")
            else:
                said = (words for value in levels.told for words in numbers.refusals(self.document, number, value))
                yield from (self.tree.problem(where, words) for words in islice(said, 1))

    def _grouped(self, block: Any) -> Iterator[Problem]:
        placed: dict[str, str] = {}
        known = {numbers.spelling(path): path for path in block.vary}
        for name, members in block.groups.items():
            for k, path in enumerate(members):
                where = ("sweep", "groups", name, k)
                if numbers.spelling(path) not in known:
                    yield self.tree.problem(where, f"{path!r} is not varied{did_you_mean(path, block.vary)}")
                elif (first := placed.setdefault(numbers.spelling(path), name)) != name:
                    yield self.tree.problem(where, f"is in the group {first!r} already; keep it in one")

    def _outcome(self, outcome: Any, path: Path) -> Iterator[Problem]:
        """States, groups and issue that an outcome names."""
        for part in ("state", "partner"):
            name = getattr(outcome, part)
            if name is not None:
                yield from self._state_or_group(name, path, text_offset(self.tree, path, outcome.offset(part)))
        if outcome.issue is not None:
            yield from self._issue(outcome.issue, path, text_offset(self.tree, path, outcome.offset("issue")))

    def switches(self) -> Iterator[Problem]:
        from alignsim.mechanisms.registry import SWITCHES

        for name in self.scenario.mechanisms:
            if name not in SWITCHES:
                hint = did_you_mean(name, SWITCHES) or f"; there are {', '.join(SWITCHES)}"
                yield self.tree.problem(("mechanisms", name), f"is not a mechanism to switch{hint}", key=True)

    def distance(self) -> Iterator[Problem]:
        start, month = self.scenario.time.start, Month(self.world.month)
        if self.tree.whole is not None and self.tree.node(("time",)) is None:
            return
        months = start - month
        if months <= 0:
            words = f"{start} is not after {month}, the month of world {self.world.name}: it knows what is to come"
            yield self.tree.problem(("time", "start"), words)
        elif months > FAR:
            words = f"{start} is {months} months after {month}, the month of world {self.world.name}"
            yield self.tree.problem(("time", "start"), words)

    def _state(self, code: str, path: Path) -> Iterator[Problem]:
        if code in self.groups and code not in self.states:
            yield self.tree.problem(path, f"{code!r} is a group; name one state here")
        elif code not in self.states:
            yield self.tree.problem(path, self._unknown(code, (), "a state"))

    def _state_or_group(self, name: str, path: Path, offset: int = 0) -> Iterator[Problem]:
        if name in self.states or name in self.wrong_groups:
            return
        if name not in self.groups:
            yield self.tree.problem(path, self._unknown(name, self.groups, "a state or group"), offset=offset)
        elif not self.groups[name]:
            yield self.tree.problem(path, f"group {name!r} has no member in world {self.world.name}", offset=offset)

    def _issue(self, name: str, path: Path, offset: int = 0) -> Iterator[Problem]:
        if name not in self.issues:
            yield self.tree.problem(path, self._no_issue(name), offset=offset)

    def _no_issue(self, name: str) -> str:
        hint = did_you_mean(name, self.issues) or f"; there are {', '.join(sorted(self.issues))}"
        return f"{name!r} is not an issue of world {self.world.name}{hint}"

    def _unknown(self, word: str, others: Iterable[str], what: str) -> str:
        """`word` is not what was wanted, and the code that was probably meant."""
        return f"{word!r} is not {what} of world {self.world.name}{self._elsewhere(word) or self._guess(word, others)}"

    def _elsewhere(self, word: str) -> str:
        """The packaged world that has this state, where this one has not."""
        from alignsim.world.folder import codes, packaged

        for name in packaged():
            known = codes(name)
            code = {w.casefold(): c for c, w in known.items()}.get(
                word.casefold(), _OTHER_NAMES.get(word.casefold(), word)
            )
            if code in known and code not in self.states:
                return f"; {name} is a packaged world that has {code}"
        return ""

    def _guess(self, word: str, others: Iterable[str]) -> str:
        by_name = {name.casefold(): code for code, name in self.world.names.items() if code in self.states}
        by_name |= {name: code for name, code in _OTHER_NAMES.items() if code in self.states}
        found = nearest(word, [*self.states, *others, *by_name])
        meant = by_name.get(found.casefold(), found) if found else None
        return f"; did you mean {meant!r}?" if meant else ""


def _unknown_parameter(path: str, known: list[str]) -> str:
    module, _, key = path.partition(".")
    modules = list(dict.fromkeys(name.partition(".")[0] for name in known))
    if module in modules:
        keys = [name.partition(".")[2] for name in known if name.partition(".")[0] == module]
        hint = did_you_mean(key, keys) or f"; {module} has {', '.join(keys)}"
        return f"is not a known key{hint}"
    guess = nearest(path, known)
    if guess:
        return f"is not a known parameter; did you mean {guess!r}?"
    return f"is not a known parameter; it begins with one of {', '.join(modules)}"
