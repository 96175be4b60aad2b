"""Every claim of a scenario, judged: the verdict, then why, how far, where it fails, and what rival theories say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import ceil, log2
from typing import Any

import numpy as np

from alignsim.errors import UsageError, did_you_mean
from alignsim.mechanisms.parameters import POSTERIORS
from alignsim.plan.plan import Plan
from alignsim.plan.posterior import packaged
from alignsim.plan.resolution import resolve
from alignsim.scenario.document import Document
from alignsim.scenario.schema import BASELINE, Claim
from alignsim.study import dose, ensemble, explain, gates, rivals, verdicts
from alignsim.study.account import assumed, belief_as_json, dose_as_json, quantiles, spread
from alignsim.study.attribution import Attribution
from alignsim.study.contrasts import Asked, Simulated, asked, effects, gather, path, relative, simulate, watching
from alignsim.study.outcomes import in_words, refuse_what_cannot_be_measured
from alignsim.study.verdicts import (
    CONFIDENCE,
    Probability,
    Verdict,
    combine,
    confidence_per_look,
    decided,
    sentence,
    verdict,
)
from alignsim.world import World

Array = Any
Say = Callable[[str], AbstractContextManager[ensemble.Progress | None]]
"""Given a few words, a context that yields a progress callback (or None)."""

FIRST_LOOK = 100
"""Runs before the first look where runs go on until all is decided; they double from look to look. Fewer could not
decide even a unanimous claim once the interval allows for all looks."""
RIVAL_RUNS = 60
"""Runs of each rival theory."""
FAMILIES = ("signed", "sceptical", "fixed")
"""Belief families that a specification curve asks; the first decides."""


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
class Judged:
    """The judgement as `judgement.json` holds it, and all branches' runs under the first belief (not if quick)."""

    judgement: dict[str, Any]
    plan: Plan
    runs: Simulated | None


@dataclass(frozen=True)
class Answer:
    """One claim under one belief."""

    question: Asked
    of: Simulated
    verdict: Verdict
    effects: Array
    rel: Array | None


def judge(document: Document, world: World, how: How) -> Judged:
    """Judge every claim of a scenario under the beliefs that have a say.

    Raises InvalidInput for a claim that leaves nothing to measure, UsageError where the file asks for another theory.
    """
    scenario = document.scenario
    if scenario.theory != "consent":
        raise UsageError(
            f"{document.name} asks for theory {scenario.theory!r}; claims are judged under consent, and rival theories "
            "are asked beside it: set `theory: consent` (or --set theory=consent)"
        )
    beliefs = how.beliefs or beliefs_of(scenario.belief, how.quick)
    plans = {belief: resolve(document, world, belief) for belief in beliefs}
    refuse_what_cannot_be_measured(document, plans[beliefs[0]])
    wanted = _wanted(document, how.claims)
    claims = [claim for claim in wanted if claim.testable]
    answers: dict[str, dict[str, Answer]] = {}
    kept: Simulated | None = None
    for belief in beliefs:
        first = belief == beliefs[0]
        runs = None if first else {claim_id: len(a.of.runs) for claim_id, a in answers[beliefs[0]].items()}
        answers[belief], main = _under(plans[belief], document, world, claims, how, belief, first, runs)
        kept = main if first else kept
    found = {claim.id: _claim(claim, document, plans, answers, how) for claim in wanted}
    shared: dict[str, Attribution] = {}
    if not how.quick:
        shared = _explain(found, plans[beliefs[0]], claims, how) if how.reasons else {}
        _ask_rivals(found, answers, how)
    plan = plans[beliefs[0]]
    judgement = {
        "title": scenario.title,
        "scenario": plan.name,
        "world": plan.world,
        "seed": plan.seed,
        "command": [],
        "seconds": None,
        "hash": plan.hash,
        "claims": list(found.values()),
        "gates": _gates(document, plans, answers, shared, how) if how.reasons else None,
        "assumed": assumed(document, plan, world),
    }
    return Judged(judgement, plan, kept)


def _wanted(document: Document, ids: tuple[str, ...]) -> list[Claim]:
    """The claims with these ids, or all; raises UsageError where one is not there."""
    known = [claim.id for claim in document.scenario.claims]
    for name in ids:
        if name not in known:
            hint = did_you_mean(name, known) or f"; there are {', '.join(known) or 'none'}"
            raise UsageError(f"{document.name} has no claim {name!r}{hint}")
    return [claim for claim in document.scenario.claims if not ids or claim.id in ids]


def beliefs_of(given: Sequence[str], quick: bool) -> tuple[str, ...]:
    """The belief that comes first, the posteriors beside it where there are some, and the sceptical control.

    A quick answer has the first alone. A file that asks for `fixed` or `sceptical` only is not given posteriors.
    """
    ordered = sorted({*given} - {"calibrated"}, key=("signed", "fixed", "sceptical").index) or ["signed"]
    if quick:
        return (ordered[0],)
    fitted = {"signed", "calibrated"} & {*given} and all(packaged(family) for family in POSTERIORS.values())
    return tuple(dict.fromkeys([*ordered, *(POSTERIORS if fitted else ()), "sceptical"]))


def _under(
    plan: Plan,
    document: Document,
    world: World,
    claims: list[Claim],
    how: How,
    belief: str,
    first: bool,
    runs: dict[str, int] | None,
) -> tuple[dict[str, Answer], Simulated | None]:
    """Answers under one belief: contrasts together, doses together; the first belief keeps all branches in full."""
    plan = watching(plan, claims)
    compared = [claim for claim in claims if claim.contrast is not None]
    dosed = [claim for claim in claims if claim.dose is not None]
    answers: dict[str, Answer] = {}
    so_far: Simulated | None = None
    whole = first and not how.quick
    if compared or whole:
        used = {BASELINE, *(b for c in compared for b in (c.contrast.branch, c.contrast.against))}  # type: ignore[union-attr]
        branches = {name: own for name, own in plan.branches.items() if whole or name in used}
        own = replace(plan, branches=branches)
        for claim in compared if whole and how.reasons else []:
            own = _with_reverse(own, document, world, claim)
        questions = [asked(claim, own) for claim in compared]
        limit = max((runs[c.id] for c in compared), default=plan.runs) if runs else plan.runs
        words = f"{belief} beliefs"
        given, so_far = _looked_at(own, questions, document, how, words, limit, full=whole)
        answers |= given
    if dosed:
        own, questions = replace(plan, branches={BASELINE: plan.branches[BASELINE]}), []
        for claim in dosed:
            assert claim.dose is not None
            own = replace(own, branches={**plan.branches, **own.branches})
            own = dose.with_levels(own, document, world, claim.dose.of, claim.dose.levels)
        added = {name: e for name, e in own.branches.items() if name not in plan.branches or name == BASELINE}
        own = replace(own, branches=added)
        for claim in dosed:
            assert claim.dose is not None
            questions.append(asked(claim, own, [dose.level_name(claim.dose.of, level) for level in claim.dose.levels]))
        limit = max(runs[c.id] for c in dosed) if runs else plan.runs
        words = f"doses, {belief} beliefs"
        given, _ = _looked_at(own, questions, document, how, words, limit, known=so_far)
        answers |= given
    return answers, so_far if whole else None


def _looked_at(
    plan: Plan,
    questions: list[Asked],
    document: Document,
    how: How,
    words: str,
    limit: int,
    full: bool = False,
    known: Simulated | None = None,
) -> tuple[dict[str, Answer], Simulated]:
    """Simulate and judge: all runs at once, or looking at 100, 200, 400 ... until every claim is decided.

    Branches that are `known` from these runs are not simulated again.
    """
    stepwise = how.quick or document.scenario.runs.until == "decided"
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
    judged = verdict(measured, claim.margin, claim.expect, rel=rel, confidence=confidence)
    return Answer(question, of, judged, measured, rel)


def _with_reverse(plan: Plan, document: Document, world: World, claim: Claim) -> Plan:
    """The plan with the claim's branch relieved half-way, where it can be."""
    assert claim.contrast is not None and claim.outcome is not None
    month = dose.relief_month(document, claim.contrast.branch, claim.outcome.end)
    if month is None or claim.contrast.branch == BASELINE:
        return plan
    return dose.with_relief(plan, document, world, claim.contrast.branch, month)[0]


def _claim(
    claim: Claim, document: Document, plans: dict[str, Plan], answers: dict[str, dict[str, Answer]], how: How
) -> dict[str, Any]:
    """A claim as `judgement.json` holds it, but for reasons and rivals."""
    empty = dict.fromkeys(("path", "dose", "reverse", "attribution", "failure"))
    out: dict[str, Any] = {
        "id": claim.id,
        "says": claim.says,
        "source": claim.source,
        "note": claim.note,
        "testable": claim.testable,
        "why": claim.why,
        "outcome": None if claim.outcome is None else str(claim.outcome),
        "expect": claim.expect,
        "margin": claim.margin,
        "contrast": None if claim.contrast is None else str(claim.contrast),
        "beliefs": {},
        "rivals": [],
        **empty,
    }
    if not claim.testable:
        return out | {"verdict": "not testable", "label": "", "sentence": f"Not testable here: {claim.why}"}
    own = {belief: given[claim.id] for belief, given in answers.items()}
    overall = combine({belief: a.verdict for belief, a in own.items()})
    first = next(iter(own))
    plan = plans[first]
    out |= {
        "verdict": overall.outcome,
        "label": overall.label,
        "control": _control(own, overall.control),
        "sentence": in_a_sentence(claim, own[first], plan, f"{first} model") + f" {overall.label.capitalize()}.",
        "beliefs": {belief: belief_as_json(a.verdict, a.effects, a.rel, a.of) for belief, a in own.items()},
        "path": {
            "months": [str(t)[:7] for t in plan.times],
            **{belief: quantiles(path(a.question, a.of)) for belief, a in own.items()},
        },
    }
    if claim.dose is not None:
        out["dose"] = {
            "levels": list(claim.dose.levels),
            **{belief: dose_as_json(claim, a.verdict, a.effects) for belief, a in own.items()},
        }
    if how.reasons and not how.quick:
        out["failure"] = explain.failure(supports(claim, own[first].effects), own[first].of)
        out["reverse"] = _reverse(claim, document, own[first])
    return out


def _control(own: Mapping[str, Answer], of_a_tie: str) -> str:
    """What the sceptical family says of a built-in answer; that sanctions isolate is none."""
    sceptical = own.get("sceptical")
    if sceptical is None or gates.of_a_tie(sceptical.question):
        return of_a_tie
    share = sceptical.verdict.positive.value
    return f"P(effect > 0) = {share:.2f} under the sceptical family; only ties are expected to have no sign"


def supports(claim: Claim, measured: Array) -> Array:
    """Which runs bear the claim out, (R,)."""
    assert claim.expect is not None
    return verdicts._events(np.nan_to_num(measured, nan=-np.inf), claim.margin, claim.expect, None)[0]


def in_a_sentence(claim: Claim, own: Answer, plan: Plan, model: str) -> str:
    """The verdict in plain words."""
    assert claim.outcome is not None
    if claim.contrast is not None:
        cause = f"{described(claim.contrast.branch, plan)} rather than {described(claim.contrast.against, plan)}"
    else:
        assert claim.dose is not None
        low, high = claim.dose.levels[0], claim.dose.levels[-1]
        cause = f"more and more of {described(claim.dose.of, plan)}, from {low:g} to {high:g},"
    return sentence(own.verdict, cause, in_words(claim.outcome, plan.about["names"]), model)


def described(branch: str, plan: Plan) -> str:
    """A branch by what happens in it."""
    if branch == BASELINE:
        return "what happens anyway"
    labels = [event["label"] for event in plan.about["events"] if event["branch"] == branch]
    return f"“{branch}” ({'; '.join(labels[:2])}{'; ...' if len(labels) > 2 else ''})" if labels else f"“{branch}”"


def _reverse(claim: Claim, document: Document, own: Answer) -> dict[str, Any] | None:
    """The same branch, relieved half-way: does what it made come undone?"""
    if claim.contrast is None or claim.outcome is None:
        return None
    month = dose.relief_month(document, claim.contrast.branch, claim.outcome.end)
    name = f"{claim.contrast.branch} until {month}"
    if month is None or name not in own.of.branches:
        return None
    on = path(own.question, own.of)
    relieved = path(replace(own.question, branch=name), own.of)
    halfway, end = int(month) - own.of.plan.start + 1, int(claim.outcome.end) - own.of.plan.start + 1
    shares = dose.undone(on[:, halfway], relieved[:, end], claim.margin)
    return {
        "what": f"{claim.contrast.branch} ends after {month}",
        "months": [str(t)[:7] for t in own.of.plan.times],
        "on": quantiles(on),
        "relieved": quantiles(relieved),
        "undone": {q: value for q, value in spread(shares).items() if q in ("q05", "q50", "q95")},
        "runs": len(shares),
        "words": dose.undone_in_words(shares, len(on)),
    }


def _gates(
    document: Document,
    plans: Mapping[str, Plan],
    answers: Mapping[str, Mapping[str, Answer]],
    shared: Mapping[str, Attribution],
    how: How,
) -> dict[str, Any]:
    """What the gates say, as far as this judgement can tell; where that costs runs of their own, only if not quick."""
    name, first = document.name, next(iter(plans))
    plan = watching(plans[first], [claim for claim in document.scenario.claims if claim.testable])
    scenario = gates.Audited(document, plan, plans.get("sceptical", plan))
    kept = {f"{plans[b].world}, {b}": own.of.by_run for b, given in answers.items() for own in given.values()}
    found = [gates.no_direct_reward([scenario]), gates.unasked("G2", name), gates.unasked("G3", name)]
    found += [gates.unasked(gate, name) for gate in ("G4", "G5")]
    found += [gates.prior_and_posterior(), gates.shared_out(shared) if shared else gates.unasked("G7", name)]
    if kept:
        found[3] = gates.bounded({who: (own["gain"], own["attempts"]) for who, own in kept.items()})
    if "sceptical" in answers:
        control = [own for own in answers["sceptical"].values() if gates.of_a_tie(own.question)]
        found[1] = gates.neutrality(dict(_sign(own, plan.name) for own in control))
    if not how.quick and kept:
        with how.say("each motive alone") as progress:
            moved = gather(gates.alone, [(scenario,)], how.executor, progress)[0]
        found[2], found[4] = gates.potency(moved), gates.both_signs(moved)
    return gates.as_json(found)


def _sign(own: Answer, scenario: str) -> tuple[str, Probability | None]:
    """What is compared, and P(effect > 0); a dose is its whole branch against the baseline."""
    question, claim = own.question, own.question.claim
    if claim.dose is None:
        return gates.what(scenario, question), gates.positive(question, own.of)
    whole = replace(question, against=BASELINE, levels=())
    return gates.what(scenario, replace(whole, branch=claim.dose.of)), gates.positive(whole, own.of)


def _explain(found: dict[str, dict[str, Any]], plan: Plan, claims: list[Claim], how: How) -> dict[str, Attribution]:
    """Add attributions; all claims share one set of simulations. A dose is explained by its branch as it is filed."""
    if not claims or not how.attribution_runs:
        return {}
    plan = watching(plan, claims)
    questions = [asked(claim, plan) for claim in claims]
    questions = [replace(q, branch=q.claim.dose.of) if q.claim.dose is not None else q for q in questions]
    runs = np.arange(min(how.attribution_runs, plan.runs))
    with how.say("attributing") as progress:
        shared = explain.attributions(plan, questions, runs, how.executor, progress)
    for question, own in zip(questions, shared, strict=True):
        found[question.claim.id]["attribution"] = explain.attribution_as_json(own)
    return {gates.what(plan.name, question): own for question, own in zip(questions, shared, strict=True)}


def _ask_rivals(found: dict[str, dict[str, Any]], answers: dict[str, dict[str, Answer]], how: How) -> None:
    """Add what rival theories say of the same branches under the same beliefs."""
    for theory in how.theories:
        for k, (belief, given) in enumerate(answers.items()):
            if k and theory in rivals.OWN_BELIEF:
                continue
            for together in _by_plan(given):
                with how.say(f"asking {theory}, {belief} beliefs") as progress:
                    simulated = _rival(theory, together, how.executor, progress)
                for own in together:
                    row = _rival_row(theory, belief, answer(own.question, simulated))
                    found[own.question.claim.id]["rivals"].append(row)


def _by_plan(answers: dict[str, Answer]) -> list[list[Answer]]:
    """Answers that come from the same simulation, together."""
    groups: dict[int, list[Answer]] = {}
    for own in answers.values():
        groups.setdefault(id(own.of), []).append(own)
    return list(groups.values())


def _rival(theory: str, together: list[Answer], executor: Executor | None, progress: Any) -> Simulated:
    """The branches that the questions compare, as a rival theory has them."""
    of = together[0].of
    branches = dict.fromkeys([BASELINE])
    for own in together:
        branches |= dict.fromkeys([own.question.branch, own.question.against, *own.question.levels])
    runs = of.runs[:RIVAL_RUNS]
    plan = replace(of.plan, theory=theory, branches={name: of.plan.branches[name] for name in branches})
    return replace(simulate(plan, runs, executor=executor, progress=progress), plan=of.plan)


def _rival_row(theory: str, belief: str, own: Answer) -> dict[str, Any]:
    size = own.effects if own.effects.ndim == 1 else own.effects[:, -1] - own.effects[:, 0]
    size = size[np.isfinite(size)]
    silent = own.verdict.outcome == "not testable"
    words = "says nothing about this outcome" if silent else rivals.in_words(theory, size)
    return {
        "theory": theory,
        "belief": "its own" if theory in rivals.OWN_BELIEF else belief,
        "effect": spread(size),
        "verdict": own.verdict.outcome,
        "runs": own.verdict.n,
        "support": None if silent else own.verdict.support.value,
        "words": words,
    }
