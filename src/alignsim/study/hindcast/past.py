"""A stretch of the past as a plan: the world as it was, fed with what came from outside, and with nothing else.

What is fed in after the origin are the drivers of the panel's later worlds: sanctions, embargoes, threats of
enforcement, hostility, wars and the salience of issues. Votes, arms, trade, treaties and meetings after the origin
are what is to be forecast, and stay out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from alignsim.kernel import Effect
from alignsim.plan.plan import Plan
from alignsim.plan.resolution import resolve
from alignsim.scenario.document import load_text
from alignsim.scenario.schema import BASELINE
from alignsim.world.panel import Panel
from alignsim.world.world import World

Array = Any

FED = ("sanction_trade", "sanction_financial", "sanction_symbolic", "embargo", "secondary", "hostility", "war")
"""Drivers that are taken from the later worlds; the salience of issues is the eighth."""
ONSET = 7
"""The month of its year in which a yearly figure takes effect: July, since the month is not on record."""


def plan(
    panel: Panel,
    origin: int,
    years: int,
    *,
    belief: str = "signed",
    runs: int = 60,
    seed: int = 1,
    off: tuple[str, ...] = (),
    parameters: Mapping[str, float] | None = None,
    fed: bool = True,
) -> Plan:
    """The `years` after the end of `origin` (a year of the panel) as a plan with one branch, the baseline.

    `off` names switches of the model, `parameters` pins some of its numbers; with `fed` false nothing happens after the
    origin.
    Raises KeyError for a year that the panel does not have.
    """
    world = panel.world(origin)
    lines = [
        "alignsim: 1",
        f"title: The years after {origin}",
        f"world: {panel.name}",
        f"time: {{start: {origin + 1}-01, end: {origin + years}-12}}",
        f"focus: [[{world.states[0]}, {world.states[1]}]]",
        f"runs: {runs}",
        f"seed: {seed}",
    ]
    if off:
        lines += ["mechanisms:", *(f"  {name}: false" for name in off)]
    if parameters:
        lines += ["parameters:", *(f"  {path}: {float(value)!r}" for path, value in parameters.items())]
    own = resolve(load_text("\n".join(lines), f"after-{origin}"), world, belief)
    events = effects(panel, origin, years) if fed else ()
    enforcers = {
        *own.given["enforcers"].tolist(),
        *(int(i) for e in events if e.driver == "secondary" for i in e.index[0]),
    }
    given = {**own.given, "enforcers": np.array(sorted(enforcers), dtype=np.intp)}
    return replace(own, branches={BASELINE: events}, given=given, name=f"{panel.name}-{origin}")


def effects(panel: Panel, origin: int, years: int) -> tuple[Effect, ...]:
    """What came from outside in the years after the origin, each year's figures from July of that year on."""
    found: list[Effect] = []
    start = before = panel.world(origin)
    for year in range(origin + 1, origin + years + 1):
        after = panel.world(year)
        first = (year - origin - 1) * 12 + ONSET
        for driver in FED:
            found += _changes(driver, getattr(before, driver), getattr(after, driver), first, 12 * years)
        found += _changes("salience", _salience(start, before), _salience(start, after), first, 12 * years)
        before = after
    return tuple(found)


def _changes(driver: str, before: Array, after: Array, first: int, last: int) -> list[Effect]:
    where = np.nonzero(np.abs(after - before) > 1e-9)
    if not len(where[0]):
        return []
    return [Effect(driver, where, "set", np.array(after[where]), first, last)]


def _salience(wanted: World, of: World) -> Array:
    """Salience of the issues of one world as another has them; an issue that it does not have keeps none."""
    known = dict(zip(of.issues, of.salience, strict=True))
    return np.array([known.get(name, 0.0) for name in wanted.issues])


def co_sanctioned(panel: Panel, origin: int, years: int, least: float = 0.1) -> Array:
    """Pairs of states that are no senders and are both under material sanctions by some sender in all of these years,
    (N, N)."""
    out: Array = np.ones((len(panel.states),) * 2, dtype=bool)
    for year in range(origin + 1, origin + years + 1):
        world = panel.world(year)
        senders = [world.index(code) for code in world.senders]
        material = np.maximum(world.sanction_trade, world.sanction_financial)[senders].max(axis=0, initial=0.0)
        target: Array = material >= least
        target[senders] = False
        out = out & (target[:, None] & target)
    np.fill_diagonal(out, False)
    return out
