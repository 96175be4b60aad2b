"""From the words of a claim to one number a run: what is to be watched, and when it counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.errors import InvalidInput
from alignsim.plan.plan import Plan, Watched
from alignsim.results.measures import other_ties, pairs
from alignsim.scenario.document import Document
from alignsim.scenario.outcomes import Outcome

Array = Any

COSTLY = ("bloc membership", "polarisation")
"""Measures that look at the whole system; they are worked out at the frames and in the months that count."""


def watched(outcome: Outcome, plan: Plan) -> tuple[Watched, ...]:
    """What the plan must keep for an outcome: its measure and, for an alignment, its members' other ties."""
    months = frozenset({*plan.frames, *window(outcome, plan)}) if outcome.measure in COSTLY else None
    issue = -1 if outcome.issue is None else plan.issues.index(outcome.issue)
    asked = Watched(outcome.measure, _states(outcome.state, plan), _states(outcome.partner, plan), issue, months)
    members = tuple(sorted({*asked.of, *asked.toward}))
    others = other_ties(members, plan) if outcome.measure == "alignment" else None
    return (asked,) if others is None else (asked, others)


def window(outcome: Outcome, plan: Plan) -> range:
    """The months that count, as steps of the plan (0 is the eve)."""
    return range(int(outcome.start) - plan.start + 1, int(outcome.end) - plan.start + 2)


def over_window(series: Array, outcome: Outcome, plan: Plan) -> Array:
    """The mean of a series (..., T) over the months that count."""
    when = window(outcome, plan)
    return np.ascontiguousarray(series[..., when.start : when.stop]).mean(axis=-1)


def refuse_what_cannot_be_measured(document: Document, plan: Plan) -> None:
    """Raise InvalidInput for claims whose groups leave nobody to measure."""
    problems = []
    for k, claim in enumerate(document.scenario.claims):
        outcome = claim.outcome
        if not claim.testable or outcome is None or outcome.partner is None:
            continue
        if words := unmeasurable(outcome, watched(outcome, plan)[0], plan):
            problems.append(document.tree.problem(("claims", k, "outcome"), words))
    if problems:
        raise InvalidInput(document.name, problems, "cannot be judged")


def unmeasurable(outcome: Outcome, asked: Watched, plan: Plan) -> str:
    """Why there is nothing to measure in a pair of groups or a rank, "" where there is something."""
    if outcome.partner is not None and not pairs(asked)[0]:
        return f"leaves no pair: {outcome.state} and {outcome.partner} are the same state; name another"
    if outcome.measure == "tie rank" and len(plan.states) < 3:
        return f"ranks a tie among {len(plan.states)} states; it takes a third, or measure the alignment"
    return ""


def in_words(outcome: Outcome, names: dict[str, str], at: str = "by") -> str:
    """For instance "the alignment of Iran with Russia by 2029-12"; `at` is said before a single month."""
    when = f"{at} {outcome.end}" if outcome.start == outcome.end else f"over {outcome.start} to {outcome.end}"
    who = [names.get(code, code) for code in (outcome.state, outcome.partner) if code is not None]
    if outcome.measure == "tie rank":
        return f"the tie rank of {' with '.join(who)} (the share of other states that are closer) {when}"
    joint = {"arms flow": "to", "trade dependence": "on"}.get(outcome.measure, "with")
    measure = {
        "arms flow": "the arms flow from",
        "polarisation": "polarisation",
        "evasion": "the evasion know-how of",
        "sanctions pressure": "the sanctions pressure on",
    }.get(outcome.measure, f"the {outcome.measure} of")
    about = f" on {outcome.issue}" if outcome.issue else ""
    subject = " ".join([measure, f" {joint} ".join(who)]).strip() + about
    return f"{subject} {when}"


def _states(name: str | None, plan: Plan) -> tuple[int, ...]:
    """Indices of a state or a group's members, in the world's order."""
    if name is None:
        return ()
    codes = {name} if name in plan.states else set(plan.about["groups"][name])
    return tuple(k for k, code in enumerate(plan.states) if code in codes)
