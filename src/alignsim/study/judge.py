"""Every claim of a scenario, judged: the verdict, then why, how far, where it fails, and what rival theories say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alignsim.errors import UsageError, did_you_mean
from alignsim.kernel import Effect
from alignsim.mechanisms.parameters import POSTERIORS
from alignsim.plan.plan import Plan
from alignsim.plan.posterior import packaged
from alignsim.plan.resolution import resolve
from alignsim.scenario.document import Document
from alignsim.scenario.schema import BASELINE, Claim
from alignsim.study import dose, explain, gates, rivals, verdicts
from alignsim.study.account import assumed, belief_as_json, dose_as_json, quantiles, spread
from alignsim.study.answers import Answer, How, Say, answer, under
from alignsim.study.attribution import Attribution
from alignsim.study.contrasts import Simulated, asked, gather, path, simulate, watching
from alignsim.study.outcomes import in_words, refuse_what_cannot_be_measured
from alignsim.study.verdicts import Probability, combine, disagreement, sentence
from alignsim.world import World

__all__ = ["How", "Judged", "Say", "beliefs_of", "judge"]

Array = Any

RIVAL_RUNS = 60
"""Runs of each rival theory."""


@dataclass(frozen=True)
class Judged:
    """The judgement as `judgement.json` holds it, and all branches' runs under the first belief (not if quick)."""

    judgement: dict[str, Any]
    plan: Plan
    runs: Simulated | None


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
        answers[belief], main = under(plans[belief], document, world, claims, how, belief, first, runs)
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
        "margin": claim.margin if claim.compares else None,
        "level": claim.level,
        "branch": None if claim.compares else claim.place,
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
        "sentence": in_a_sentence(claim, own, plan, overall.label),
        "beliefs": {belief: belief_as_json(claim, a.verdict, a.effects, a.rel, a.of) for belief, a in own.items()},
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
    if sceptical is None or gates.of_a_tie(sceptical.question) or not sceptical.question.claim.compares:
        return of_a_tie
    share = sceptical.verdict.positive.value
    return f"P(effect > 0) = {share:.2f} under the sceptical family; only ties are expected to have no sign"


def supports(claim: Claim, measured: Array) -> Array:
    """Which runs bear the claim out, (R,)."""
    assert claim.expect is not None
    nowhere = np.inf if claim.expect == "at most" else -np.inf
    return verdicts._events(np.nan_to_num(measured, nan=nowhere), claim.needed, claim.expect, None)[0]


def in_a_sentence(claim: Claim, own: Mapping[str, Answer], plan: Plan, label: str) -> str:
    """The verdict in plain words: that of the posteriors, where there are two, else that of the first belief."""
    assert claim.outcome is not None
    what = in_words(claim.outcome, plan.about["names"], "by" if claim.compares else "in")
    if claim.level is not None:
        cause = f"given {described(claim.branch, plan)}," if claim.branch not in (None, BASELINE) else ""
        what = f"{what} is {claim.expect} {claim.level:g}"
    elif claim.contrast is not None:
        cause = f"{described(claim.contrast.branch, plan)} rather than {described(claim.contrast.against, plan)}"
    else:
        assert claim.dose is not None
        low, high = claim.dose.levels[0], claim.dose.levels[-1]
        cause = f"more and more of {described(claim.dose.of, plan)}, from {low:g} to {high:g},"
    posteriors = [own[belief].verdict for belief in POSTERIORS if belief in own]
    if len(posteriors) < len(POSTERIORS):
        first = next(iter(own))
        return f"{sentence(own[first].verdict, cause, what, f'{first} model')} {label.capitalize()}."
    one, other = posteriors
    if one.outcome != other.outcome:
        return disagreement(one, other, cause, what)
    before = own["signed"].verdict.support if "signed" in own else None
    return f"{sentence(one, cause, what, 'calibrated model', before)} {label.capitalize()}."


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
    found = {f"G{k}": gates.unasked(f"G{k}", name) for k in range(1, 8)}
    found["G1"] = gates.no_direct_reward([scenario])
    found["G6"] = gates.prior_and_posterior(_odds(answers))
    if "sceptical" in answers:
        control = [own for own in answers["sceptical"].values() if gates.of_a_tie(own.question)]
        found["G2"] = gates.neutrality(dict(_sign(own, plan.name) for own in control))
    if kept:
        found["G4"] = gates.bounded({who: (own["gain"], own["attempts"]) for who, own in kept.items()})
    if kept and not how.quick:
        with how.say("each motive alone") as progress:
            moved = gather(gates.alone, [(scenario,)], how.executor, progress)[0]
        found["G3"], found["G5"] = gates.potency(moved), gates.both_signs(moved)
    if shared:
        found["G7"] = gates.shared_out(shared)
    return gates.as_json(list(found.values()))


def _odds(answers: Mapping[str, Mapping[str, Answer]]) -> dict[str, float] | None:
    """Posterior to prior odds of each claim's verdict; None without posteriors."""
    if not {*POSTERIORS} <= {*answers}:
        return None
    ids = next(iter(answers.values()))
    return {name: combine({belief: own[name].verdict for belief, own in answers.items()}).odds for name in ids}


def _sign(own: Answer, scenario: str) -> tuple[str, Probability | None]:
    """What is compared, and P(effect > 0); a dose is its whole branch against the baseline."""
    question, claim = own.question, own.question.claim
    if claim.dose is None:
        return gates.what(scenario, question), gates.positive(question, own.of)
    whole = replace(question, against=BASELINE, levels=())
    return gates.what(scenario, replace(whole, branch=claim.dose.of)), gates.positive(whole, own.of)


def _explain(found: dict[str, dict[str, Any]], plan: Plan, claims: list[Claim], how: How) -> dict[str, Attribution]:
    """Add attributions; all claims share one set of simulations. A dose is explained by its branch as it is filed, and
    a level, which is no effect, is not.
    """
    claims = [claim for claim in claims if claim.compares]
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
            if not given or (k and theory in rivals.OWN_BELIEF):
                continue
            with how.say(f"asking {theory}, {belief} beliefs") as progress:
                simulated = _rival(theory, [*given.values()], how.executor, progress)
            for own in given.values():
                row = _rival_row(theory, belief, answer(own.question, simulated))
                found[own.question.claim.id]["rivals"].append(row)


def _rival(theory: str, answers: list[Answer], executor: Executor | None, progress: Any) -> Simulated:
    """The branches that the questions compare, as a rival theory has them."""
    branches: dict[str, tuple[Effect, ...]] = {}
    for own in answers:
        question, there = own.question, own.of.plan.branches
        wanted = (BASELINE, question.branch, question.against, *question.levels)
        branches |= {name: there[name] for name in wanted}
    first = answers[0].of
    runs = first.runs[:RIVAL_RUNS]
    return simulate(replace(first.plan, theory=theory, branches=branches), runs, executor=executor, progress=progress)


def _rival_row(theory: str, belief: str, own: Answer) -> dict[str, Any]:
    size = own.effects if own.effects.ndim == 1 else own.effects[:, -1] - own.effects[:, 0]
    size = size[np.isfinite(size)]
    silent, level = own.verdict.outcome == "not testable", own.question.claim.level
    words = "says nothing about this outcome" if silent else rivals.in_words(theory, size, level)
    return {
        "theory": theory,
        "belief": "its own" if theory in rivals.OWN_BELIEF else belief,
        "effect": spread(size),
        "verdict": own.verdict.outcome,
        "runs": own.verdict.n,
        "support": None if silent else own.verdict.support.value,
        "words": words,
    }
