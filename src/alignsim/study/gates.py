"""The gates that keep an answer from being built in: seven checks, fixed beforehand, of the model and its scenarios.

`alignsim audit` runs them all; a judgement holds what it can tell of them from what it has simulated anyway.
G1 nothing in the model rewards two states for being isolated together; G2 without directions from theory the sign of
every contrast is open; G3 every mechanism can matter somewhere, or is declared inert; G4 ties do not run away, and few
draws are thrown away to keep them so; G5 mechanisms pull both ways; G6 data move the answer, or it is called an
assumption; G7 the effect is shared out among mechanisms. Each returns what it found, whether or not it passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from alignsim.mechanisms.parameters import POSTERIORS
from alignsim.mechanisms.priors import Constant
from alignsim.mechanisms.registry import MOTIVES, PARAMETERS
from alignsim.mechanisms.scene import Scene
from alignsim.plan.plan import Batch, Plan
from alignsim.plan.posterior import packaged
from alignsim.plan.resolution import resolve
from alignsim.results.results import MARGIN
from alignsim.scenario.document import Document
from alignsim.study import explain
from alignsim.study.attribution import Attribution
from alignsim.study.contrasts import Asked, Simulated, asked, effects, simulate, watching
from alignsim.study.outcomes import over_window
from alignsim.study.verdicts import ODDS_OF_EVIDENCE, Probability, neutral, wilson
from alignsim.theories import consent
from alignsim.world import World

Array = Any

SCEPTICAL_RUNS = 200
"""Runs of the sceptical control in G2."""
GAIN_RUNS = 200
"""Runs whose draws G4 looks at."""
ATTRIBUTION_RUNS = 12
"""Runs of the attribution in G7."""
STRONG = 0.95
"""Point of its prior at which a mechanism must show what it can do."""
SEEN = 0.1
"""Share of the margin from which a mechanism alone counts as pulling one way (expert judgement, 0.05 to 0.2)."""
EACH_WAY = 3
"""Mechanisms that must pull each way."""
MOST_REJECTED = 0.5
"""Share of draws beyond which throwing them away would make the prior another one (expert judgement, 0.4 to 0.6)."""
QUIET = {"consent.noise": 0.0, "positions.noise": 0.0, "consent.initial_doubt": 0.0}
"""No chance in what is compared mechanism by mechanism."""


@dataclass(frozen=True)
class Gate:
    """One gate: what it found. `passes` is None where there is nothing to judge yet."""

    name: str
    passes: bool | None
    says: str
    details: tuple[str, ...] = ()
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Audited:
    """A scenario that is audited, with its plan under each belief."""

    document: Document
    signed: Plan
    sceptical: Plan

    @property
    def name(self) -> str:
        return self.signed.name

    def contrasts(self, plan: Plan) -> list[Asked]:
        """Claims as questions about a branch against another; a dose is one about its branch, a level is none."""
        claims = [claim for claim in self.document.scenario.claims if claim.testable and claim.compares]
        found = [asked(claim, plan) for claim in claims]
        found = [replace(q, branch=q.claim.dose.of) if q.claim.dose is not None else q for q in found]
        unique = {(q.branch, q.against, q.value, str(q.claim.outcome)): q for q in found}
        return list(unique.values())


def audited(document: Document, world: World) -> Audited:
    """A scenario ready for its audit."""
    claims = [claim for claim in document.scenario.claims if claim.testable]
    plans = [watching(resolve(document, world, belief), claims) for belief in ("signed", "sceptical")]
    return Audited(document, *plans)


def no_direct_reward(scenarios: Sequence[Audited]) -> Gate:
    """G1: no scenario gives solidarity a weight, and no motive answers the pressure on both states jointly.

    Every motive is evaluated with nobody, i, j, and both i and j pressed harder (isolation and accusation), all else
    equal. For a motive without a direct co-isolation term the answers add up: both - i - j + nobody = 0.
    """
    details = [
        f"{s.name}: solidarity.weight is {s.signed.priors['solidarity.weight']}"
        for s in scenarios
        if s.signed.priors["solidarity.weight"] != Constant(0.0)
    ]
    eve = still_eve(scenarios[0].signed)
    joint = {name: joint_answer(name, eve) for name in MOTIVES if name != "solidarity"}
    details += [f"{name} answers joint pressure directly ({size:.2g})" for name, size in joint.items() if size > 1e-12]
    control = joint_answer("solidarity", eve)
    if not control > 1e-6:
        details.append("the check is blind: it does not see solidarity, which does answer joint pressure")
    says = (
        f"none of {len(joint)} motives rewards two states for being isolated together; the other one, solidarity, "
        "would, and is off"
    )
    return Gate("G1", not details, says if not details else "an answer is built in", tuple(details), joint)


def still_eve(plan: Plan) -> consent.Eve:
    """The eve of the first run, without noise or doubt."""
    return plan.batch(np.arange(1)).changed(QUIET).eve


def joint_answer(name: str, eve: consent.Eve) -> float:
    """Largest answer of a motive to pressure on both sides of a pair that is not the sum of those to each side."""
    scene, own = eve.scene, getattr(eve.parameters, name)
    n = eve.given.states
    pressed = [k for k in range(n) if scene.isolation[0, k] < 0.9]
    largest = 0.0
    for i, j in pairwise(pressed):
        none, only_i, only_j, both = (
            np.broadcast_to(MOTIVES[name].motive(_pressed(scene, who), own)[0], (n, n))
            for who in ((), (i,), (j,), (i, j))
        )
        largest = max(largest, float(np.abs(both - only_i - only_j + none)[[i, j], [j, i]].max()))
    return largest


def _pressed(scene: Scene, who: tuple[int, ...]) -> Scene:
    """The scene with some states under more isolation and more accusation by everybody, and all else equal."""
    isolation = np.array(scene.isolation)
    accusers = np.array(scene.accusers)
    for k in who:
        isolation[:, k] += 0.1
        accusers[:, :, k] += 0.01
    return replace(scene, isolation=isolation, accusers=accusers)


def sign_neutrality(scenarios: Sequence[Audited], controls: dict[str, Simulated]) -> Gate:
    """G2: under the sceptical belief P(effect > 0) lies between 0.35 and 0.65 in every contrast of alignments."""
    return neutrality(
        {
            what(scenario.name, question): positive(question, controls[scenario.name])
            for scenario in scenarios
            for question in scenario.contrasts(controls[scenario.name].plan)
            if of_a_tie(question)
        }
    )


def of_a_tie(question: Asked) -> bool:
    """Whether it is about a change of alignment: that isolation isolates and deliveries are delivered is no built-in
    answer, and where a tie stands has no sign.
    """
    claim = question.claim
    return claim.compares and claim.outcome is not None and claim.outcome.measure == "alignment"


def neutrality(shares: Mapping[str, Probability | None]) -> Gate:
    """G2 of some contrasts, given P(effect > 0) of each; None where nothing moves the outcome.

    It fails where a Wilson interval lies wholly beyond 0.35 to 0.65, and is open where some interval crosses an end.
    """
    if not shares:
        return Gate("G2", None, "no contrast of alignments is asked for")
    moved = {what: share for what, share in shares.items() if share is not None}
    found = {what: neutral(share) for what, share in moved.items()}
    details = [
        f"{what}: P(effect > 0) = {moved[what].value:.2f} ({moved[what].low:.2f} to {moved[what].high:.2f}), "
        + ("a sign is built in" if yes is False else f"{moved[what].n} runs cannot tell")
        for what, yes in found.items()
        if not yes
    ]
    counts = [(list(found.values()).count(yes), words) for yes, words in _SIGNS.items()]
    says = "; ".join(f"{count} of {len(found)} contrasts of alignment {words}" for count, words in counts if count)
    passes = False if False in found.values() else None if None in found.values() else True
    numbers = {what: share.value for what, share in moved.items()}
    return Gate("G2", passes, f"under the sceptical belief {says or 'nothing moves'}", tuple(details), numbers)


_SIGNS = {True: "have no sign", False: "have a sign", None: "cannot be told at this number of runs"}


def positive(question: Asked, of: Simulated) -> Probability | None:
    """P(effect > 0), ties counting half; None where nothing moves the outcome in any run."""
    size = effects(question, of)
    size = size[np.isfinite(size)]
    if not len(size) or not size.any():
        return None
    return wilson(float((size > 0).sum() + 0.5 * (size == 0).sum()), len(size))


def controls(
    scenarios: Sequence[Audited], executor: Any = None, say: Any = None, runs: int = SCEPTICAL_RUNS
) -> dict[str, Simulated]:
    """Runs of every scenario under the sceptical belief, of the branches that claims compare."""
    made = {}
    for scenario in scenarios:
        questions = scenario.contrasts(scenario.sceptical)
        used = {b for q in questions for b in (q.branch, q.against)}
        plan = replace(scenario.sceptical, branches={b: e for b, e in scenario.sceptical.branches.items() if b in used})
        if used:
            with say(f"{scenario.name}, sceptical beliefs") as progress:
                made[scenario.name] = simulate(plan, np.arange(runs), executor=executor, progress=progress)
        else:
            made[scenario.name] = Simulated(plan, {}, {}, np.arange(0))
    return made


def alone(scenario: Audited) -> dict[str, dict[str, float]]:
    """Effect of every contrast of alignments with one motive switched on at a time, at the strong point of its prior.

    One batch: run k has only motive k; all else is at its default, without noise or doubt. Uncertain events do not
    happen. By contrast, then motive.
    """
    names = [name for name in MOTIVES if name != "solidarity"]
    batch = scenario.signed.batch(np.arange(len(names)))
    values: dict[str, Any] = {path: p.default for path, p in PARAMETERS.items()} | QUIET
    for k, name in enumerate(names):
        path = f"{name}.weight"
        declared = PARAMETERS[path]
        strong = float(declared.prior("signed").quantile(np.array([STRONG]), declared.low, declared.high)[0])
        values[path] = np.where(np.arange(len(names)) == k, strong, 0.0)
    batch = replace(batch.changed(values), happened=np.zeros_like(batch.happened))
    found: dict[str, dict[str, float]] = {}
    series: dict[str, Array] = {}
    for question in filter(of_a_tie, scenario.contrasts(scenario.signed)):
        for branch in (question.branch, question.against):
            if branch not in series:
                series[branch] = _watched(batch, branch)
        moved = series[question.branch][:, question.value] - series[question.against][:, question.value]
        assert question.claim.outcome is not None
        effect = over_window(moved, question.claim.outcome, scenario.signed)
        found[what(scenario.name, question)] = dict(zip(names, effect.tolist(), strict=True))
    return found


def _watched(batch: Batch, branch: str) -> Array:
    """What the plan watches in one branch of a batch, (R, W, T)."""
    from threadpoolctl import threadpool_limits

    from alignsim.results import record

    with threadpool_limits(1):
        return record.record(batch, batch.simulate(branch, batch.shocks()), matrices=False)["watched"]


def potency(moved: dict[str, dict[str, float]]) -> Gate:
    """G3: each motive alone, at the 95 % point of its prior, passes the margin in some contrast, or is declared inert.

    It fails when none does; which are inert depends on what the scenarios at hand ask (a wedge needs an offer).
    """
    largest = {
        name: max((abs(own[name]) for own in moved.values()), default=0.0) for name in MOTIVES if name != "solidarity"
    }
    inert = {name: size for name, size in largest.items() if size < MARGIN}
    listed = ", ".join(f"{name} ({size:.3f})" for name, size in sorted(inert.items(), key=lambda pair: -pair[1]))
    details = (f"declared inert here, with what each moves alone: {listed}",) if inert else ()
    says = (
        f"{len(largest) - len(inert)} of {len(largest)} motives pass the margin of {MARGIN:g} alone; the "
        f"{len(MOTIVES)}th, solidarity, is off in every scenario that passes G1 and is not asked"
    )
    return Gate("G3", len(inert) < len(largest) if moved else None, says, details, largest)


def loop_gain(scenarios: Sequence[Audited]) -> Gate:
    """G4: every kept draw has a loop gain below 0.95, and at most half of the draws are thrown away for it."""
    draws = {}
    for world, scenario in {s.signed.world: s for s in scenarios}.items():
        for plan in (scenario.signed, scenario.sceptical):
            own = plan.batch(np.arange(GAIN_RUNS)).draws
            draws[f"{world}, {plan.belief}"] = (own.gain, own.attempts)
    return bounded(draws)


def bounded(draws: Mapping[str, tuple[Array, Array]]) -> Gate:
    """G4 of some draws: for each world and belief the loop gains of the kept draws (R,) and the attempts (R,)."""
    details, numbers = [], {}
    for name, (gain, attempts) in draws.items():
        rejected = 1.0 - len(attempts) / attempts.sum()
        numbers[name] = {"median_gain": float(np.median(gain)), "rejected": float(rejected)}
        if rejected > MOST_REJECTED or gain.max() >= consent.LARGEST_GAIN:
            details.append(f"{name}: {rejected:.0%} rejected, largest gain {gain.max():.2f}")
    words = [
        f"{name}: median {own['median_gain']:.2f}, {own['rejected']:.0%} rejected" for name, own in numbers.items()
    ]
    return Gate("G4", not details, "loop gain in " + "; ".join(words), tuple(details), numbers)


def both_signs(moved: dict[str, dict[str, float]]) -> Gate:
    """G5: in some contrast at least three motives alone pull up and three pull down; one-signed ones are disclosed."""
    details, reached = [], False
    for what, own in moved.items():
        up = [name for name, size in own.items() if size > SEEN * MARGIN]
        down = [name for name, size in own.items() if size < -SEEN * MARGIN]
        if len(up) >= EACH_WAY and len(down) >= EACH_WAY:
            reached = True
        else:
            details.append(f"{what}: up {', '.join(up) or 'none'}; down {', '.join(down) or 'none'}")
    both = f"{len(moved) - len(details)} of {len(moved)} contrasts"
    says = f"{both} are pulled both ways, by {EACH_WAY} motives each way at least"
    return Gate("G5", reached if moved else None, says, tuple(details))


def prior_and_posterior(odds: Mapping[str, float] | None = None) -> Gate:
    """G6: data move a verdict, or it is called an assumption. `odds` of posterior to prior by claim; nan where neither
    belief has a verdict that data could have moved.
    """
    if odds is None and all(packaged(family) for family in POSTERIORS.values()):
        return Gate("G6", None, "there is a posterior; `alignsim judge` prints it beside the prior")
    if odds is None:
        words = f"theory, not evidence (odds of {ODDS_OF_EVIDENCE:g} are wanted)"
        return Gate("G6", None, f"no posterior yet: every verdict is labelled {words}")
    shown = {claim: ratio for claim, ratio in odds.items() if np.isfinite(ratio)}
    moved = sum(ratio >= ODDS_OF_EVIDENCE for ratio in shown.values())
    says = (
        f"{len(shown)} of {len(odds)} claims have a verdict after data, and data make {moved} of these "
        f"{ODDS_OF_EVIDENCE:g} times likelier or more; the rest are called assumptions"
        if shown
        else f"none of {len(odds)} claims has a verdict after data, so there is none that data could have moved"
    )
    return Gate("G6", True, says, (), shown)


def attribution(scenario: Audited, executor: Any = None, say: Any = None, runs: int | None = None) -> Gate:
    """G7: the effect of the first contrast is shared out among groups, the shares sum to it, interaction is told."""
    questions = scenario.contrasts(scenario.signed)[:1]
    if not questions:
        return shared_out({})
    with say(f"{scenario.name}, attribution") as progress:
        shared = explain.attributions(
            scenario.signed, questions, np.arange(runs or ATTRIBUTION_RUNS), executor, progress
        )[0]
    return shared_out({what(scenario.name, questions[0]): shared})


def shared_out(found: Mapping[str, Attribution]) -> Gate:
    """G7 of some attributions: the shares of each sum to its effect."""
    if not found:
        return Gate("G7", None, "no effect was shared out")
    gaps = {what: abs(sum(c.share for c in own.contributions) - own.effect) for what, own in found.items()}
    details = tuple(f"{what}: shares miss the effect by {gap:.2g}" for what, gap in gaps.items() if gap >= 1e-9)
    what, first = next(iter(found.items()))
    numbers = {c.name: c.share for c in first.contributions} | {"interaction": first.interaction}
    return Gate("G7", not details, f"{what}: {explain.attribution_in_words(first)}", details, numbers)


def unasked(name: str, scenario: str) -> Gate:
    """A gate that a judgement leaves open, and who answers it."""
    return Gate(name, None, f"not looked at here; `alignsim audit` does ({scenario})")


def as_json(found: Sequence[Gate]) -> dict[str, Any]:
    """As judgement.json holds them, by name."""
    return {gate.name: {key: value for key, value in asdict(gate).items() if key != "name"} for gate in found}


def table(found: Sequence[Gate]) -> list[dict[str, Any]]:
    """One row for each number of each gate (or for the gate, where it has none): for a CSV file."""
    rows = []
    for gate in found:
        about = {"gate": gate.name, "result": WORDS[gate.passes]}
        for what, value in (gate.numbers or {"": ""}).items():
            parts = value if isinstance(value, dict) else {"": value}
            for key, number in parts.items():
                shown = f"{number:.6g}" if isinstance(number, float) else number
                rows.append(about | {"of": ", ".join(word for word in (what, key) if word), "number": shown})
    return rows


WORDS = {True: "passes", False: "FAILS", None: "open"}
"""How the result of a gate is said."""


def what(scenario: str, question: Asked) -> str:
    return f"{scenario}: {question.branch} against {question.against}, {question.claim.outcome}"
