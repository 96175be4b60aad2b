"""The resolved scenario: every default written out, and beside each number its unit, range and source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alignsim.plan.check import resolved_groups
from alignsim.scenario.document import Document
from alignsim.scenario.events import Event
from alignsim.scenario.schema import Claim, Runs, Scenario

if TYPE_CHECKING:
    from alignsim.world import World

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]*( [A-Za-z0-9_.\-]+)*")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def resolved_text(document: Document, world: World, belief: str | None = None) -> str:
    """The scenario as YAML that loads to the same plan: groups spelt out, all parameters with their priors as comments.

    A parameter that the file pins stands as a value; one that it leaves alone stands as a comment with the prior of
    the `belief` (the file's first where not said), so that the text is a scenario again.
    """
    scenario = document.scenario
    belief = belief or scenario.belief[0]
    lines = [
        f"# {document.name}, resolved" + "".join(f"\n# --set {argument}" for argument in document.settings),
        "alignsim: 1",
        f"title: {_text(scenario.title)}",
        *([f"about: {_text(scenario.about)}"] if scenario.about else []),
        f"world: {_text(scenario.world)}  # {_comment(_world_words(world))}",
        f"time: {{start: {scenario.time.start}, end: {scenario.time.end}}}  # {scenario.time.months} months",
        f"focus: {_flow([list(pair) for pair in scenario.dyads])}",
        *_groups(document, world),
        f"belief: {_flow(list(scenario.belief))}",
        f"theory: {scenario.theory}",
        *_mechanisms(scenario),
        *_parameters(scenario, belief),
        *_events("events", scenario.events),
        *_branches(scenario),
        *_claims(scenario.claims),
        f"runs: {_runs(scenario.runs)}",
        f"seed: {scenario.seed}",
        *([f"sweep: {_flow(scenario.sweep.model_dump(mode='json', exclude_defaults=True))}"] if scenario.sweep else []),
    ]
    return "\n".join(lines) + "\n"


def _world_words(world: World) -> str:
    return f"{world.title or world.name}: {len(world.states)} states at the end of {world.month}"


def _groups(document: Document, world: World) -> Iterator[str]:
    yield "groups:"
    for name, members in sorted(resolved_groups(document, world).items()):
        if members:  # a group without a member can be used nowhere
            origin = "this file" if name in document.scenario.groups else f"world {world.name}"
            yield f"  {_text(name)}: {_flow(list(members))}  # {_comment(origin)}"


def _mechanisms(scenario: Scenario) -> Iterator[str]:
    from alignsim.mechanisms.registry import SWITCHES

    yield "mechanisms:"
    for name in SWITCHES:
        yield f"  {name}: {json.dumps(scenario.mechanisms.get(name, True))}"


def _parameters(scenario: Scenario, belief: str) -> Iterator[str]:
    from alignsim.mechanisms.registry import PARAMETERS
    from alignsim.plan.resolution import believed

    yield "parameters:" if scenario.parameters else f"# parameters, as the {belief} belief has them:"
    chosen = believed(belief)
    for path, parameter in PARAMETERS.items():
        given = scenario.parameters.get(path)
        each = f", one for each {parameter.each}" if parameter.each else ""
        about = f"{parameter.unit}{each}; {parameter.low:g} to {parameter.high:g}; {parameter.source}"
        if given is None:
            yield f"  # {path}: {chosen[path]}  # {_comment(about)}"
        else:
            value = f"{given.value!r}" if given.value is not None else _flow(given.model_dump(exclude_none=True))
            yield f"  {path}: {value}  # set in this file; {_comment(about)}"


def _events(key: str, events: tuple[Event, ...], indent: str = "") -> Iterator[str]:
    yield f"{indent}{key}:" if events else f"{indent}{key}: []"
    for event in events:
        content = event.model_dump(mode="json", by_alias=True, exclude_none=True)
        yield f"{indent}  - {_flow(content)}"


def _branches(scenario: Scenario) -> Iterator[str]:
    yield "branches:" if scenario.branches else "branches: {}"
    for name, events in scenario.branches.items():
        yield from _events(name, events, indent="  ")


def _claims(claims: tuple[Claim, ...]) -> Iterator[str]:
    yield "claims:" if claims else "claims: []"
    for claim in claims:
        unsaid = set() if claim.compares else {"margin"}
        content = claim.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=unsaid)
        for k, (key, value) in enumerate(content.items()):
            yield f"  {'-' if k == 0 else ' '} {key}: {_flow(value)}"


def _runs(runs: Runs) -> str:
    return _flow({"until": runs.until, "at_most": runs.at_most}) if runs.until else str(runs.at_most)


def _flow(value: Any) -> str:
    """A value in YAML's one-line form."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(str(key))}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _key(word: str) -> str:
    return word if _PLAIN.fullmatch(word) and word not in ("true", "false", "null") else json.dumps(word)


def _text(text: str) -> str:
    """Text as YAML reads it back: plain where that is safe, else in double quotes."""
    plain = _PLAIN.fullmatch(text) or re.fullmatch(r"[0-9]{4}-[0-9]{2}", text)
    return text if plain and text.casefold() not in _RESERVED else json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join(text.split())
