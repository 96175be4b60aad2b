"""What a scenario can get wrong without knowing the world: dates, branches, claims, a state against itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

from alignsim.errors import Problem, did_you_mean
from alignsim.scenario.events import Event
from alignsim.scenario.outcomes import RANGES, Outcome
from alignsim.scenario.schema import BASELINE, Claim, Scenario, branch_name_problem
from alignsim.scenario.tree import Path, Tree
from alignsim.scenario.wording import text_offset

DOSED = ("sanction", "lift", "offer")
"""Kinds of event that a dose can scale."""

Groups = Mapping[str, tuple[str, ...]]


def check(scenario: Scenario, tree: Tree) -> tuple[list[Problem], list[Problem]]:
    """All problems and warnings of one scenario that need no world."""
    problems = [
        *_focus(scenario, tree),
        *(p for path, event in dated_events(scenario) for p in _event(event, path, scenario, tree)),
        *_branches(scenario, tree),
        *(p for k, claim in enumerate(scenario.claims) for p in _claim(claim, ("claims", k), scenario, tree)),
        *_repeated_claims(scenario, tree),
    ]
    if tree.whole is None and not any(p.path.startswith("branches") for p in problems):
        problems += identical_branches(scenario, tree, scenario.groups)
    return problems, [*_unused_branches(scenario, tree), *_impossible(scenario, tree)]


def dated_events(scenario: Scenario) -> Iterator[tuple[Path, Event]]:
    """Every event of the file with its path."""
    for k, event in enumerate(scenario.events):
        yield ("events", k), event
    for branch, events in scenario.branches.items():
        for k, event in enumerate(events):
            yield ("branches", branch, k), event


def expand(who: Iterable[str], groups: Groups) -> tuple[str, ...]:
    """Codes and groups as codes, each once, in the order given."""
    return tuple(dict.fromkeys(code for name in who for code in groups.get(name, (name,))))


def _focus(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    seen: dict[frozenset[str], int] = {}
    for k, pair in enumerate(scenario.focus):
        if pair[0] == pair[1]:
            yield tree.problem(("focus", k), f"pairs {pair[0]} with itself; name two states")
        elif (first := seen.setdefault(frozenset(pair), k)) != k:
            yield tree.problem(("focus", k), f"is the same pair as focus[{first}]; remove one")


def _event(event: Event, path: Path, scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    start, end = scenario.time.start, scenario.time.end
    if not start <= event.at <= end:
        yield tree.problem((*path, "at"), f"{event.at} is outside {start} to {end}: this event would never happen")
    if event.until is not None and event.until < event.at:
        yield tree.problem((*path, "until"), f"{event.until} is before the event begins ({event.at})")
    yield from self_reference(event, path, scenario.groups, tree)


TWO_SIDES = {
    "sanction": ("by", "on"),
    "lift": ("by", "on"),
    "embargo": ("by", "on"),
    "arms": ("from_", "to"),
    "licence": ("from_", "to"),
    "war": ("of", "against"),
    "breach": ("by", "toward"),
    "offer": ("to", "away_from"),
}
"""The two sides of each kind of event that has sides."""

ONE_SIDE = {"peace": "of", "meeting": "of", "treaty": "of", "agreement": "of", "hostility": "between"}
"""The list of those who do something together."""


def self_reference(event: Event, path: Path, groups: Groups, tree: Tree) -> Iterator[Problem]:
    """A state on both sides of an event, or alone in something that takes two."""
    what, kind = event.what, event.kind
    if kind == "war" and what.against is None and "hostility" in what.model_fields_set:
        yield tree.problem((*path, kind, "hostility"), "needs `against`: hostility toward whom?")
    if kind in TWO_SIDES:
        one, other = (getattr(what, side) for side in TWO_SIDES[kind])
        if one is None or other is None:
            return
        both = set(expand(_names(one), groups)) & set(expand(_names(other), groups))
        first, second = TWO_SIDES[kind][0].rstrip("_"), TWO_SIDES[kind][1]
        if both:
            words = f"{', '.join(sorted(both))} is both in `{first}` and in `{second}`; remove it from one"
            yield tree.problem((*path, kind, second), words)
    elif kind in ONE_SIDE:
        named = getattr(what, ONE_SIDE[kind])
        if len(set(named)) < len(named):
            twice = sorted(name for name in set(named) if named.count(name) > 1)
            yield tree.problem((*path, kind, ONE_SIDE[kind]), f"names {', '.join(twice)} twice; remove one")


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _branches(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    for name in scenario.branches:
        if problem := branch_name_problem(name):
            yield tree.problem(("branches", name), problem, key=True)


def identical_branches(scenario: Scenario, tree: Tree, groups: Groups) -> list[Problem]:
    """Branches that resolve to the same events, which would compare a thing with itself."""
    seen: dict[Any, str] = {}
    found = []
    for branch in scenario.branch_names:
        meaning = frozenset(_counted(_meaning(event, groups) for event in scenario.branch_events(branch)))
        first = seen.setdefault(meaning, branch)
        if first != branch:
            words = f"resolves to the same events as {first!r}; a comparison of the two would say nothing"
            found.append(tree.problem(("branches", branch), words, key=True))
    return found


def _counted(meanings: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    counts: dict[Any, int] = {}
    for meaning in meanings:
        if meaning is not None:
            counts[meaning] = counts.get(meaning, 0) + 1
    yield from counts.items()


def _meaning(event: Event, groups: Groups) -> Any:
    """What an event does, without what only readers see; None where it never happens."""
    if event.probability == 0:
        return None
    fields = tuple((name, _normal(value, groups)) for name, value in event.what)
    return event.at, event.until, event.probability, event.kind, fields


def _normal(value: Any, groups: Groups) -> Any:
    if isinstance(value, tuple):
        return tuple(sorted(expand(value, groups)))
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def _claim(claim: Claim, path: Path, scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    if claim.contrast is not None:
        both = (claim.contrast.branch, claim.contrast.against)
        for branch, offset in zip(both, claim.contrast.offsets, strict=True):
            if not _is_branch(branch, scenario, tree):
                words = f"{branch!r} is not a branch of this file{did_you_mean(branch, scenario.branch_names)}"
                yield tree.problem((*path, "contrast"), words, offset=text_offset(tree, (*path, "contrast"), offset))
    if claim.outcome is not None:
        yield from outcome_problems(claim.outcome, (*path, "outcome"), scenario, tree)
    if claim.dose is not None:
        yield from _dose(claim.dose.of, (*path, "dose", "of"), scenario, tree)
    if claim.branch is not None and not _is_branch(claim.branch, scenario, tree):
        words = f"{claim.branch!r} is not a branch of this file{did_you_mean(claim.branch, scenario.branch_names)}"
        yield tree.problem((*path, "branch"), words)
    if claim.level is not None and claim.outcome is not None and (words := _level(claim, claim.outcome.measure)):
        yield tree.problem((*path, "level"), words)


def _level(claim: Claim, measure: str) -> str:
    """Why a level decides nothing, "" where it may: it is beyond what the outcome can be, or cannot be missed."""
    low, high = RANGES[measure]
    span = f"{low:g} to {high:g}" if high < inf else f"{low:g} and above"
    level = claim.level
    assert level is not None
    if not low <= level <= high:
        return f"{level:g} is no {measure}, which is {span}"
    if level == (high if claim.expect == "at most" else low):
        return f"{claim.expect} {level:g} holds of every {measure}, which is {span}; name a level that it could miss"
    return ""


def _is_branch(name: str, scenario: Scenario, tree: Tree) -> bool:
    """Whether the file has this branch, also where it was left out because something in it is wrong."""
    node = tree.whole.child("branches") if tree.whole else None
    if name in scenario.branch_names or node is None:
        return name in scenario.branch_names
    return not isinstance(node.value, dict) or name in node.value


def outcome_problems(outcome: Outcome, path: Path, scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    """An outcome about one state alone, or about months that are not simulated."""
    start, end = scenario.time.start, scenario.time.end
    if outcome.state is not None and outcome.state == outcome.partner:
        offset = text_offset(tree, path, outcome.offset("partner"))
        yield tree.problem(path, f"measures {outcome.state} with itself; name two", offset=offset)
    for part in ("start",) if outcome.start == outcome.end else ("start", "end"):
        month = getattr(outcome, part)
        if not start <= month <= end:
            offset = text_offset(tree, path, outcome.offset(part))
            yield tree.problem(path, f"{month} is outside {start} to {end}, the months simulated", offset=offset)


def _dose(branch: str, path: Path, scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    if branch == BASELINE:
        yield tree.problem(path, "the baseline has no measure to scale; name one of the branches")
    elif not _is_branch(branch, scenario, tree):
        words = f"{branch!r} is not a branch of this file{did_you_mean(branch, scenario.branches)}"
        yield tree.problem(path, words)
    elif tree.whole is None and not any(event.kind in DOSED for event in scenario.branches[branch]):
        yield tree.problem(path, f"branch {branch!r} has nothing to scale: a dose needs a sanction, a lift or an offer")


def _repeated_claims(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for k, claim in enumerate(scenario.claims):
        if (first := seen.setdefault(claim.id, k)) != k:
            yield tree.problem(("claims", k, "id"), f"{claim.id!r} is the id of claims[{first}] too; ids must differ")


def _unused_branches(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    used = {c.contrast.branch for c in scenario.claims if c.contrast}
    used |= {c.contrast.against for c in scenario.claims if c.contrast}
    used |= {c.dose.of for c in scenario.claims if c.dose}
    used |= {c.place for c in scenario.claims if c.level is not None}
    if used:
        for branch in scenario.branches:
            if branch not in used:
                yield tree.problem(("branches", branch), "is used by no claim; it will be run and shown", key=True)


def _impossible(scenario: Scenario, tree: Tree) -> Iterator[Problem]:
    for path, event in dated_events(scenario):
        if event.probability == 0:
            yield tree.problem((*path, "probability"), "is 0: this event never happens")
