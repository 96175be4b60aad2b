"""A branch at other strengths, or undone half-way: what a dose-response and the reverse test are made of.

Both are further branches of the same plan, so all levels share parameters, doubts, coins and shocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from alignsim.kernel import Effect
from alignsim.plan.effects import Places, effects
from alignsim.plan.plan import Plan
from alignsim.plan.resolution import coin_key
from alignsim.scenario.consistency import DOSED
from alignsim.scenario.document import Document
from alignsim.scenario.events import Event
from alignsim.scenario.month import Month
from alignsim.world import World

Array = Any

COMES_UNDONE, STAYS = 0.8, 0.2
"""Share of an effect that relief must undo for it to have come undone, and below which it has stayed."""


def level_name(branch: str, level: float) -> str:
    """What a branch at another strength is called; no branch of a file can be called so."""
    return f"{branch} at {level:g}"


def with_levels(plan: Plan, document: Document, world: World, branch: str, levels: tuple[float, ...]) -> Plan:
    """The plan with a branch added for every level.

    A level is the share of the way from what is in force anyway (0) to all that the branch's sanctions, lifts and
    offers ask for (1): where a target is sanctioned already, half a dose is half of what is added, not nothing.
    """
    events = [(event, event) for event in document.scenario.branches[branch]]
    added = {level_name(branch, level): _branch(plan, document, world, events, level) for level in levels}
    return replace(plan, branches={**plan.branches, **added})


def relief_month(document: Document, branch: str, end: Month) -> Month | None:
    """The month half-way between a branch's first sanction and the outcome; None where nothing can be relieved."""
    starts = [event.at for event in document.scenario.branches.get(branch, ()) if event.kind in DOSED]
    if not starts or end - min(starts) < 6:
        return None
    return Month(int(min(starts)) + (int(end) - int(min(starts))) // 2)


def with_relief(plan: Plan, document: Document, world: World, branch: str, until: Month) -> tuple[Plan, str]:
    """The plan with a branch whose own sanctions, lifts and offers end with the month `until`; and its name."""
    name = f"{branch} until {until}"
    events = [
        (e, e.model_copy(update={"until": min(e.until or until, until)}) if e.kind in DOSED and e.at <= until else e)
        for e in document.scenario.branches[branch]
    ]
    return replace(plan, branches={**plan.branches, name: _branch(plan, document, world, events)}), name


def undone(made: Array, left: Array, margin: float) -> Array:
    """Share of an effect that relief has undone in each run, (K,), of the K runs in which there was one.

    `made` (R,) is the effect when relief comes, `left` (R,) what is left of it at the end; runs in which it had not
    passed the margin are left out, for nothing cannot come undone. Above 1: it turned into its opposite.
    """
    had = np.abs(made) > margin
    return 1.0 - left[had] / made[had]


def undone_in_words(shares: Array, runs: int) -> str:
    """What relief does, in a sentence."""
    if len(shares) < 0.1 * runs:
        return "There was little to undo: when relief came, the effect had passed the margin in too few runs."
    middle = float(np.median(shares))
    low, high = np.quantile(shares, [0.05, 0.95])
    if middle < -STAYS:
        return (
            f"What was made goes on growing after half-way relief: by the end it is {1 - middle:.0%} of what it was "
            f"then in the median run (90 % of runs: {1 - high:.0%} to {1 - low:.0%})."
        )
    what = "comes undone" if middle >= COMES_UNDONE else "stays" if middle <= STAYS else "comes undone in part"
    return (
        f"What was made {what}: by the end half-way relief has undone {middle:.0%} of it in the median run "
        f"(90 % of runs: {low:.0%} to {high:.0%})."
    )


def _branch(
    plan: Plan, document: Document, world: World, own: list[tuple[Event, Event]], share: float = 1.0
) -> tuple[Effect, ...]:
    """Effects of the common events and of a branch's own, given as (as in the file, as wanted).

    `share` is how much of the branch's own sanctions, lifts and offers is done. Coins are those of the events as they
    stand in the file, so that a change of strength tosses nothing anew.
    """
    groups = {name: tuple(members) for name, members in plan.about["groups"].items()}
    at = Places(world, groups, plan.issues)
    coin = {(c.key, c.probability): k for k, c in enumerate(plan.coins)}
    made: list[Effect] = []
    common = [(event, event, 1.0) for event in document.scenario.events]
    for event, wanted, part in common + [(e, w, share if w.kind in DOSED else 1.0) for e, w in own]:
        uncertain = coin[coin_key(event), event.probability] if event.probability < 1 else -1
        for effect in effects(wanted, wanted.kind, at, plan.start, plan.months, uncertain):
            made.append(replace(effect, share=part))
    return tuple(made)
