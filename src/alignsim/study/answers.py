"""Each claim put to simulated runs under one belief: no more runs than asked for, and no branch simulated twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import ceil, log2
from typing import Any

import numpy as np

from alignsim.plan.plan import Plan
from alignsim.scenario.document import Document
from alignsim.scenario.schema import BASELINE, Claim
from alignsim.study import dose, ensemble, explain, rivals
from alignsim.study.contrasts import Asked, Simulated, asked, effects, relative, simulate, watching
from alignsim.study.verdicts import CONFIDENCE, Verdict, confidence_per_look, decided, verdict
from alignsim.world import World

Array = Any
Say = Callable[[str], AbstractContextManager[ensemble.Progress | None]]
"""Given a few words, a context that yields a progress callback (or None)."""


FIRST_LOOK = 100
"""Runs before the first look where runs go on until all is decided; they double from look to look. Fewer could not
decide even a unanimous claim once the interval allows for all looks."""


@dataclass(frozen=True)
class How:
    """What is to be done about a scenario, and with what."""

    quick: bool = False
    """Verdicts under the first belief only, on no more runs than they need: no control, no reasons, no rivals."""
    claims: tuple[str, ...] = ()
    """Ids of the claims to judge; all where none is named."""
    theories: tuple[str, ...] = rivals.THEORIES
    """Rival theories to be asked as well."""
    beliefs: tuple[str, ...] = ()
    """Belief families; those of the file, and the control, where none is named."""
    reasons: bool = True
    """Whether attributions, failure regions, reverse tests and gates are wanted besides the verdicts."""
    attribution_runs: int = explain.RUNS
    executor: Executor | None = None
    say: Say = lambda words: nullcontext(None)


@dataclass(frozen=True)
class Answer:
    """One claim under one belief."""

    question: Asked
    of: Simulated
    verdict: Verdict
    effects: Array
    rel: Array | None


def under(
    plan: Plan,
    document: Document,
    world: World,
    claims: list[Claim],
    how: How,
    belief: str,
    first: bool,
    runs: dict[str, int] | None,
) -> tuple[dict[str, Answer], Simulated | None]:
    """Answers under one belief: contrasts and levels together, doses together; the first belief keeps all branches in
    full.
    """
    plan, whole = watching(plan, claims), first and not how.quick
    compared = [claim for claim in claims if claim.dose is None]
    dosed = [claim for claim in claims if claim.dose is not None]
    plans = {f"{belief} beliefs": _with_contrasts(plan, document, world, compared, whole, how.reasons)}
    plans |= {f"doses, {belief} beliefs": _with_doses(plan, document, world, dosed)} if dosed else {}
    known: tuple[Simulated, ...] = ()
    if compared and dosed and not whole:
        limit = max(runs.values()) if runs else plan.runs
        both = replace(plan, branches={name: own for made in plans.values() for name, own in made.branches.items()})
        with how.say(f"simulating, {belief} beliefs") as progress:
            some = np.arange(min(FIRST_LOOK, limit) if _stepwise(document, how) else limit)
            known = (simulate(both, some, executor=how.executor, progress=progress),)
    answers: dict[str, Answer] = {}
    main: Simulated | None = None
    for (words, own), asking in zip(plans.items(), (compared, dosed), strict=False):
        if not asking and not (whole and own is next(iter(plans.values()))):
            continue
        limit = max((runs[claim.id] for claim in asking), default=plan.runs) if runs else plan.runs
        questions = [asked(claim, own, _levels(claim)) for claim in asking]
        full = whole and main is None
        given, so_far = _looked_at(own, questions, document, how, words, limit, full, known)
        answers |= given
        main, known = so_far if full else main, (*known, so_far)
    return answers, main


def _with_contrasts(
    plan: Plan, document: Document, world: World, claims: list[Claim], whole: bool, reasons: bool
) -> Plan:
    """The plan with the branches that claims speak of; the whole plan, and branches that are relieved, where wanted."""
    used = {BASELINE, *(b for c in claims if c.contrast for b in (c.contrast.branch, c.contrast.against))}
    used |= {c.branch for c in claims if c.branch}
    plan = replace(plan, branches={name: own for name, own in plan.branches.items() if whole or name in used})
    for claim in (c for c in claims if c.contrast) if whole and reasons else []:
        plan = _with_reverse(plan, document, world, claim)
    return plan


def _with_doses(plan: Plan, document: Document, world: World, claims: list[Claim]) -> Plan:
    """The plan with the baseline and the levels of the claims' doses, and no other branch."""
    own = plan
    for claim in claims:
        assert claim.dose is not None
        own = dose.with_levels(own, document, world, claim.dose.of, claim.dose.levels)
    levels = {name for claim in claims for name in _levels(claim)}
    return replace(own, branches={name: e for name, e in own.branches.items() if name in levels or name == BASELINE})


def _levels(claim: Claim) -> list[str]:
    """Names of the branches at the levels of a dose; none of another claim."""
    return [dose.level_name(claim.dose.of, level) for level in claim.dose.levels] if claim.dose else []


def _stepwise(document: Document, how: How) -> bool:
    """Whether runs go on until all is decided."""
    return how.quick or document.scenario.runs.until == "decided"


def _looked_at(
    plan: Plan,
    questions: list[Asked],
    document: Document,
    how: How,
    words: str,
    limit: int,
    full: bool = False,
    known: Sequence[Simulated] = (),
) -> tuple[dict[str, Answer], Simulated]:
    """Simulate and judge: all runs at once, or looking at 100, 200, 400 ... until every claim is decided.

    Branches that are `known` from these runs are not simulated again.
    """
    stepwise = _stepwise(document, how)
    looks = 1 + max(0, ceil(log2(limit / FIRST_LOOK))) if stepwise else 1
    confidence = confidence_per_look(looks)
    done = min(FIRST_LOOK, limit) if stepwise else limit
    with how.say(f"simulating, {words}") as progress:
        so_far = simulate(plan, np.arange(done), full, how.executor, progress, known)
    while True:
        answers = {q.claim.id: answer(q, so_far, confidence) for q in questions}
        if done >= limit or all(decided(a.verdict) for a in answers.values()):
            return answers, so_far
        more = np.arange(done, min(2 * done, limit))
        with how.say(f"simulating {len(more)} more, {words}") as progress:
            so_far = so_far.joined(simulate(plan, more, full, how.executor, progress, known))
        done += len(more)


def answer(question: Asked, of: Simulated, confidence: float = CONFIDENCE) -> Answer:
    """Judge one claim on the runs so far."""
    claim = question.claim
    assert claim.expect is not None
    measured, rel = effects(question, of), relative(question, of)
    judged = verdict(measured, claim.needed, claim.expect, rel=rel, confidence=confidence)
    return Answer(question, of, judged, measured, rel)


def _with_reverse(plan: Plan, document: Document, world: World, claim: Claim) -> Plan:
    """The plan with the claim's branch relieved half-way, where it can be."""
    assert claim.contrast is not None and claim.outcome is not None
    month = dose.relief_month(document, claim.contrast.branch, claim.outcome.end)
    if month is None or claim.contrast.branch == BASELINE:
        return plan
    return dose.with_relief(plan, document, world, claim.contrast.branch, month)[0]
