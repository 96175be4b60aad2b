"""resolve(document, world) -> Plan: every name becomes an index, every default a number."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np

from alignsim.arrays import Drivers
from alignsim.errors import InvalidInput, UsageError, did_you_mean
from alignsim.files import slug
from alignsim.kernel import Effect, no_drivers
from alignsim.mechanisms.parameters import BELIEFS, POSTERIORS
from alignsim.mechanisms.priors import Constant, Prior
from alignsim.mechanisms.registry import MOTIVES, PARAMETERS, SWITCHES
from alignsim.plan import posterior
from alignsim.plan.check import check, resolved_groups
from alignsim.plan.effects import Places, effects
from alignsim.plan.plan import Coin, Plan
from alignsim.random import name_key
from alignsim.world import World

TRADE_FLOOR = 0.002
"""Least trade of a pair, as a share of Y_i Y_j / Y: 1 % of a usual flow, so that no tie is closed for ever."""
OIL_FLOOR = 0.001
"""Least oil of an exporter and an importer, mb/d."""
NEAR_KM = 4000.0
"""Distance at which proximity has fallen by 63 % of its range (expert judgement, 2000 to 8000)."""
STRANGER_ATTENTION = 0.3
"""Attention to an issue that a scenario brings in, by states it does not name."""


def resolve(document: Any, world: World, belief: str | None = None, runs: int | None = None) -> Plan:
    """Compile a scenario document against a world.

    `belief` picks one of the scenario's beliefs; `runs` replaces the file's number of runs. Raises InvalidInput with
    every problem that only the world or the mechanisms can show: unknown states, groups, issues, parameters, switches.
    """
    problems, _ = check(document, world)
    if problems:
        raise InvalidInput(document.path, problems)
    return compiled(document, world, belief, runs)


def compiled(
    document: Any,
    world: World,
    belief: str | None = None,
    runs: int | None = None,
    varied: frozenset[int] = frozenset(),
) -> Plan:
    """As `resolve`, for a document that was checked against this world, whatever its figures are by now.

    The events whose places are in `varied` have a coin each, also where they are certain, so that plans of other
    figures have the same coins.
    """
    scenario = document.scenario
    groups = resolved_groups(document, world)
    chosen = known_belief(belief or scenario.belief[0])
    issues, salience, position, position_sd, attention = _issues(scenario, world, groups)
    branches, coins, listed = _branches(scenario, world, groups, issues, varied)
    eve = _eve(world, salience, len(issues))
    places = {code: k for k, code in enumerate(world.states)}
    plan = Plan(
        name=slug(PurePath(document.name).stem),
        title=scenario.title,
        world=world.name,
        states=world.states,
        issues=issues,
        start=int(scenario.time.start),
        months=scenario.time.months,
        focus=tuple((places[a], places[b]) for a, b in scenario.dyads),
        branches=branches,
        coins=coins,
        belief=chosen,
        priors=priors(scenario, chosen),
        off=_off(scenario),
        seed=scenario.seed,
        runs=runs or scenario.runs.at_most,
        given=_given(world, attention) | {"enforcers": _enforcers(eve, branches)},
        eve=eve,
        alignment=(np.array(world.alignment), np.array(world.alignment_sd)),
        position=(position, position_sd),
        theory=scenario.theory,
        about={
            "names": dict(world.names),
            "groups": {k: list(v) for k, v in groups.items()},
            "events": listed,
            "latitude": world.latitude.tolist(),
            "longitude": world.longitude.tolist(),
            "gdp": world.gdp.tolist(),
            "world_hash": world_fingerprint(world),
        },
        hash=fingerprint(document, world),
    )
    return plan


def known_belief(belief: str) -> str:
    """The belief, if there is such a one to draw from; raises UsageError with the way out where there is none."""
    belief = "calibrated-signed" if belief == "calibrated" else belief
    if belief in POSTERIORS and posterior.packaged(POSTERIORS[belief]) is None:
        raise UsageError("there is no calibrated belief yet: nothing has been fitted; use signed, sceptical or fixed")
    if belief not in (*BELIEFS, *POSTERIORS):
        raise UsageError(f"there is no belief {belief!r}{did_you_mean(belief, BELIEFS)}; use {', '.join(BELIEFS)}")
    return belief


def believed(belief: str) -> dict[str, Prior]:
    """What a belief says of every parameter. Raises UsageError where there is no such belief."""
    known = known_belief(belief)
    fitted = posterior.packaged(POSTERIORS[known]) if known in POSTERIORS else None
    return fitted.belief() if fitted else {path: p.prior(known) for path, p in PARAMETERS.items()}


def priors(scenario: Any, belief: str) -> dict[str, Prior]:
    """The prior of every parameter: the belief's, unless the scenario pins it or a switch turns it off."""
    chosen = believed(belief)
    for path, value in scenario.parameters.items():
        chosen[path] = value.prior
    for name, on in scenario.mechanisms.items():
        if not on:
            chosen.update({path: Constant(value) for path, value in SWITCHES[name].items()})
    return chosen


def _off(scenario: Any) -> frozenset[str]:
    switched = {name for name, on in scenario.mechanisms.items() if not on and name in MOTIVES}
    idle = {"solidarity"} if "solidarity.weight" not in scenario.parameters else set()
    return frozenset(switched | idle)


def _given(world: World, attention: Any) -> dict[str, Any]:
    n = len(world.states)
    between = ~np.eye(n, dtype=bool)
    trade = np.array(world.trade)
    floor = TRADE_FLOOR * np.outer(world.gdp, world.gdp) / world.gdp.sum()
    trade = np.where(between, np.maximum(trade, floor), 0.0) + np.diag(world.home)
    exporters = np.flatnonzero(world.oil.sum(axis=1) > 0)
    importers = np.flatnonzero(world.oil.sum(axis=0) > 0)
    oil = world.oil[np.ix_(exporters, importers)]
    oil = np.where(exporters[:, None] != importers, np.maximum(oil, OIL_FLOOR), 1e-9)
    coalition = [world.states.index(code) for code in world.senders or world.states]
    weight = world.gdp / world.gdp[coalition].sum()
    return {
        "gdp": np.array(world.gdp),
        "weight": weight,
        "proximity": 0.3 + 0.7 * np.exp(-world.distance / NEAR_KM),
        "capacity": np.maximum(world.arms_capacity, 0.01),
        "replenishment": np.array(world.replenishment),
        "know_how": np.array(world.know_how),
        "trade": trade,
        "exporters": exporters,
        "importers": importers,
        "oil": oil,
        "arms": np.array(world.arms),
        "attention": attention,
    }


def _enforcers(eve: Drivers, branches: dict[str, tuple[Effect, ...]]) -> Any:
    """States that enforce against third parties at the eve or through some event."""
    found = set(np.flatnonzero(eve.secondary.any(axis=(0, 2))))
    for effect in (e for own in branches.values() for e in own if e.driver == "secondary"):
        found.update(effect.index[0].tolist())
    return np.array(sorted(found), dtype=np.intp)


def _eve(world: World, salience: Any, issues: int) -> Drivers:
    drivers = no_drivers(len(world.states), issues)
    for name in (
        "sanction_trade",
        "sanction_financial",
        "sanction_symbolic",
        "embargo",
        "secondary",
        "hostility",
        "war",
    ):
        drivers[name] = np.array(getattr(world, name))[None]
    drivers["salience"] = salience[None]
    return Drivers(**drivers)


def _events(scenario: Any) -> list[tuple[str | None, Any]]:
    """Every event with the branch it belongs to, None for those in every branch."""
    listed = [(None, event) for event in scenario.events]
    return listed + [(branch, event) for branch, own in scenario.branches.items() for event in own]


def _issues(scenario: Any, world: World, groups: dict[str, tuple[str, ...]]) -> tuple[Any, ...]:
    """Issues of the world, and those that events bring in, with salience, positions, their doubt and attention."""
    names, salience = list(world.issues), list(world.salience)
    position, doubt, attention = np.array(world.position), np.array(world.position_sd), np.array(world.attention)
    for _, event in _events(scenario):
        if event.kind != "issue" or event.issue.name in names:
            continue
        names.append(event.issue.name)
        salience.append(0.0)
        views, sd, cares = np.zeros(len(world.states)), np.full(len(world.states), 0.2), np.full(len(world.states), 0.3)
        for who, view in (event.issue.positions or {}).items():
            for code in groups.get(who, (who,)):
                k = world.states.index(code)
                views[k], sd[k], cares[k] = view, 0.1, 1.0
        position = np.column_stack([position, views])
        doubt = np.column_stack([doubt, sd])
        attention = np.column_stack([attention, cares])
    return tuple(names), np.array(salience), position, doubt, attention


def _branches(
    scenario: Any,
    world: World,
    groups: dict[str, tuple[str, ...]],
    issues: tuple[str, ...],
    varied: frozenset[int] = frozenset(),
) -> tuple[dict[str, tuple[Effect, ...]], tuple[Coin, ...], list[dict[str, Any]]]:
    at = Places(world, groups, issues)
    start = int(scenario.time.start)
    months = int(scenario.time.end) - start + 1
    # the same event at other odds is the same draw against another threshold
    coins: dict[tuple[int, float, int], int] = {}
    drawn: list[Coin] = []
    branches: dict[str, list[Effect]] = {"baseline": [], **{name: [] for name in scenario.branches}}
    listed = []
    for number, (branch, event) in enumerate(_events(scenario)):
        uncertain = -1
        if event.probability < 1 or number in varied:
            odds = (coin_key(event), event.probability, number if number in varied else -1)
            uncertain = coins.setdefault(odds, len(coins))
            if uncertain == len(drawn):
                drawn.append(Coin(*odds[:2], label(event)))
        own = [replace(e, event=number) for e in effects(event, event.kind, at, start, months, uncertain)]
        for name in branches if branch is None else [branch]:
            branches[name].extend(own)
        listed.append(
            {
                "at": event.at.text,
                "branch": branch,
                "label": label(event),
                "probability": event.probability,
                "kind": event.kind,
                "source": event.source or "",
            }
        )
    return {name: tuple(own) for name, own in branches.items()}, tuple(drawn), listed


def coin_key(event: Any) -> int:
    """Address of an uncertain event's draw: what happens and when, not its place, note or probability."""
    content = event.model_dump(mode="json", exclude={"note", "source", "probability", "until"}, exclude_none=True)
    return name_key(json.dumps(content, sort_keys=True))


def label(event: Any) -> str:
    """An event in a few words: its note, or what it does."""
    if event.note:
        return event.note.strip()
    own = getattr(event, event.kind).model_dump(mode="json", by_alias=True, exclude_none=True)
    words = [", ".join(v) if isinstance(v, list) else str(v) for v in own.values() if isinstance(v, (str, list))]
    return f"{event.kind}: {' '.join(words)}"


def fingerprint(document: Any, world: World) -> str:
    """A hash of what is simulated: the resolved scenario and the world's figures."""
    content = document.scenario.model_dump(mode="json", by_alias=True, exclude={"about", "claims"})
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    _add_figures(digest, world)
    return digest.hexdigest()


def world_fingerprint(world: World) -> str:
    """A hash of the world's states and figures."""
    digest = hashlib.sha256(" ".join(world.states).encode())
    _add_figures(digest, world)
    return digest.hexdigest()


def _add_figures(digest: Any, world: World) -> None:
    for name, value in sorted(vars(world).items()):
        if isinstance(value, np.ndarray):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(value).tobytes())
