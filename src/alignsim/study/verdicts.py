"""What a claim's runs amount to: supported, refuted, contradicted, inconclusive, or not testable.

The rules are fixed before any run. With m the smallest change that matters and p the level (0.90), a claim
of increase is **supported** when P(effect > m) >= p, **refuted** when P(effect < m) >= p, **contradicted**
(the stronger word, so it is said first) when P(effect < -m) >= p, and **inconclusive** otherwise.
A claim about a level puts the outcome less the level in the place of the effect, and has no margin: it holds in a
run or it does not, so that nothing contradicts it.
Probabilities are shares of equally weighted runs, with intervals of Wilson (1927, JASA 22, 209-212) and the
words of estimative probability of ICD 203 (2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, isfinite, nan, sqrt
from statistics import NormalDist
from typing import Any, Literal, get_args

import numpy as np

Array = Any
Expect = Literal["increase", "decrease", "none", "rising", "threshold", "at most", "at least"]
Outcome = Literal["supported", "refuted", "contradicted", "inconclusive", "not testable"]

LEVEL = 0.90
"""Share of runs from which an outcome counts as shown."""
CONFIDENCE = 0.95
"""Of the Wilson intervals."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ODDS_OF_EVIDENCE = 3.0
"""Least ratio of posterior to prior odds for which data, and not only assumptions, speak."""
NEUTRAL = (0.35, 0.65)
"""Range of P(effect > 0) under the sceptical control within which no sign is built in; see `neutral`."""
NOT_WORTH_COUNTING = 10_000_000
"""More runs than this to decide is as good as never."""

_WORDS = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even chance"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (inf, "almost certain"),
)


@dataclass(frozen=True)
class Probability:
    """A share of runs and its Wilson interval, all 0..1; nan where there are no runs."""

    value: float
    low: float
    high: float
    n: int

    @property
    def words(self) -> str:
        """ICD 203's words for it."""
        return "unknown" if self.n == 0 else next(word for top, word in _WORDS if self.value < top)

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f}, {self.words})"


@dataclass(frozen=True)
class Verdict:
    """One claim under one belief family."""

    outcome: Outcome
    reason: str
    """Why, in a line."""
    expect: Expect
    margin: float
    level: float
    support: Probability
    refutation: Probability
    contradiction: Probability
    positive: Probability
    """P(effect > 0), an exact zero counting half."""
    special: Probability | None
    """P(the pair moves more than its other ties do), where the claim is about a pair."""
    effect: dict[float, float]
    """Quantiles of the effect over runs; of top less bottom level where the claim is about doses."""
    mean: float
    n: int
    dropped: int
    """Runs left out because their effect was not a number."""
    confidence: float

    @property
    def decided(self) -> bool:
        """Whether more runs could hardly change the outcome."""
        return decided(self)


def wilson(successes: float, n: int, confidence: float = CONFIDENCE) -> Probability:
    """Share of successes among n runs with Wilson's score interval; the whole of 0..1 when n is 0."""
    if n == 0:
        return Probability(nan, 0.0, 1.0, 0)
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes are not between 0 and {n} runs")
    z, share = _z(confidence), successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Probability(share, low, high, n)


def words(probability: float) -> str:
    """ICD 203's words of estimative probability for a number 0..1."""
    return Probability(probability, probability, probability, 1).words


def signed(value: float | None, digits: int = 3) -> str:
    """ "+0.050", "−0.050", "0.000"; a dash where there is no number."""
    if value is None or not isfinite(value):
        return "–"
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def neutral(positive: Probability) -> bool | None:
    """Whether P(effect > 0) shows no sign: its interval lies within NEUTRAL (True), beyond it (False), or neither."""
    if NEUTRAL[0] <= positive.low and positive.high <= NEUTRAL[1]:
        return True
    return False if positive.high < NEUTRAL[0] or positive.low > NEUTRAL[1] else None


def verdict(
    effects: Array | None,
    margin: float,
    expect: Expect = "increase",
    rel: Array | None = None,
    level: float = LEVEL,
    confidence: float = CONFIDENCE,
    tolerance: float | None = None,
) -> Verdict:
    """Judge a claim from paired effects, one a run.

    effects: (R,) branch less baseline, or outcome less level for `at most` and `at least`; (R, D) at ascending
    doses for `rising` and `threshold`; None where nothing observable decides. margin: the smallest change that
    matters, at least 0, in units of the effect. rel: (R,) change of the pair less the mean change of its members'
    other ties; a directional claim then also needs it to have the claimed sign in a share `level` of runs, or a
    general drift would pass for a special tie.

    * ``increase``, ``decrease``: as in the module's rules, mirrored for a decrease. * ``none``: supported
    when |effect| <= margin, refuted when above. * ``rising``: supported when the top level is more than the
    margin above the bottom and no step falls by more than
      `tolerance` (a tenth of the margin, by judgement); refuted when the response falls by more than the
      margin from any level to a later one, or never rises by the margin; contradicted when it ends more
      than the margin below.
    * ``threshold``: supported when a run is not above the margin at the lowest level, is at the highest,
    and once above
      stays above; refuted when not.
    * ``at most``, ``at least``: supported when the outcome is not beyond its level (by more than the margin, which is
      0 for claims of a file), refuted when it is; never contradicted.

    Runs whose effect is not finite are left out and counted. Raises ValueError for a shape or setting that
    cannot be.
    """
    if expect not in get_args(Expect):
        raise ValueError(f"expect must be one of {', '.join(get_args(Expect))}, not {expect!r}")
    if not margin >= 0 or not 0.5 < level < 1:
        raise ValueError("the margin must not be negative, and the level lies between 0.5 and 1")
    effects, special, dropped = _finite(effects, rel, 2 if expect in ("rising", "threshold") else 1)
    supports, refutes, contradicts, size = _events(effects, margin, expect, tolerance)
    n = len(size)
    support, refutation, contradiction = (wilson(e.sum(), n, confidence) for e in (supports, refutes, contradicts))
    toward = None
    if special is not None and expect in ("increase", "decrease", "rising"):
        toward = wilson(int((special < 0 if expect == "decrease" else special > 0).sum()), n, confidence)
    outcome, reason = _outcome(support, refutation, contradiction, toward, level)
    return Verdict(
        outcome=outcome,
        reason=reason,
        expect=expect,
        margin=float(margin),
        level=level,
        support=support,
        refutation=refutation,
        contradiction=contradiction,
        positive=wilson(float((size > 0).sum() + 0.5 * (size == 0).sum()), n, confidence),
        special=toward,
        effect={q: float(np.quantile(size, q)) if n else nan for q in QUANTILES},
        mean=float(size.mean()) if n else nan,
        n=n,
        dropped=dropped,
        confidence=confidence,
    )


def decided(judged: Verdict) -> bool:
    """The stopping rule: every interval on which the outcome rests lies wholly on one side of the level.

    Looking again and again makes a chance crossing likelier: judge with ``confidence_per_look`` when there
    are several.
    """
    if judged.outcome == "not testable":
        return True
    return not any(p.low < judged.level <= p.high for p in _resting_on(judged))


def more_runs(judged: Verdict) -> int | None:
    """How many further runs would decide it if the shares stay as they are; 0 when decided, None when
    hopeless.

    Wilson's interval inverts the score test, so it clears the level L at n = z^2 L (1 - L) / (share - L)^2.
    """
    if judged.outcome == "not testable":
        return 0
    z, level, needed = _z(judged.confidence), judged.level, 0.0
    for p in _resting_on(judged):
        gap = p.value - level
        needed = max(needed, z * z * level * (1 - level) / (gap * gap) if gap else inf)
    return None if needed > NOT_WORTH_COUNTING else max(0, ceil(needed) - judged.n, 0 if decided(judged) else 1)


def confidence_per_look(looks: int, confidence: float = CONFIDENCE) -> float:
    """Confidence for each of several looks at growing data, so that all together err at most 1 - confidence
    (Bonferroni)."""
    return 1 - (1 - confidence) / max(1, looks)


@dataclass(frozen=True)
class Overall:
    """One claim over the belief families."""

    outcome: Outcome
    label: str
    """How far the outcome may be trusted, in the words fixed beforehand."""
    odds: float
    """Posterior to prior odds of the outcome, the smaller of both priors; nan without a posterior."""
    control: str
    """What the sceptical family says of a built-in answer."""
    families: dict[str, Verdict]


def combine(families: Mapping[str, Verdict]) -> Overall:
    """One line from the families `signed`, `sceptical`, `calibrated-signed`, `calibrated-sceptical`, `fixed`.

    With both posteriors: the outcome on which they agree, "calibrated" when the odds of it grew at least
    threefold over each one's own prior, else "model assumption, not evidence"; inconclusive when they
    disagree. Without: the signed verdict as "theory, not evidence". The sceptical family never decides; it
    is the control for a built-in sign. Raises ValueError for an unknown family or none.
    """
    known = ("signed", "sceptical", "calibrated-signed", "calibrated-sceptical", "fixed")
    if not families or set(families) - set(known):
        raise ValueError(f"families must be some of {', '.join(known)}, not {', '.join(families) or 'none'}")
    kept, control = dict(families), _control(families.get("sceptical"))
    first, second = families.get("calibrated-signed"), families.get("calibrated-sceptical")
    if first and second:
        if first.outcome != second.outcome:
            return Overall("inconclusive", "the two posteriors disagree", nan, control, kept)
        priors = (families.get("signed"), families.get("sceptical"))
        odds = float(np.min([_odds_ratio(a, b) for a, b in zip((first, second), priors, strict=True)]))
        shown = first.outcome in ("supported", "refuted", "contradicted")
        label = "calibrated" if odds >= ODDS_OF_EVIDENCE or not shown else "model assumption, not evidence"
        return Overall(first.outcome, label, odds if shown else nan, control, kept)
    for name, label in (
        ("signed", "theory, not evidence"),
        ("fixed", "one set of numbers, not a belief"),
        ("sceptical", "control only, decides nothing"),
    ):
        if name in families:
            return Overall(families[name].outcome, label, nan, control, kept)
    alone = first or second
    return Overall(alone.outcome if alone else "inconclusive", "one posterior: agreement not shown", nan, control, kept)


RECORD = "in the hindcast its mechanisms added nothing to forecasts of UN votes"
"""What `results/hindcast/summary.txt` says of the model; change it when `alignsim hindcast` says otherwise."""


def sentence(
    judged: Verdict,
    cause: str,
    what: str,
    model: str = "signed model",
    before: Probability | None = None,
    skill: float | None = None,
) -> str:
    """The verdict as prose that claims no more than the model can.

    cause: "isolating both countries for 60 months"; what: "their alignment"; before: the probability under
    the prior; skill: RMSE skill against persistence, where there is a hindcast. Of a level, `cause` is what it is
    given ("given “isolation”,"), or nothing, and `what` all that is claimed ("their alignment is at most 0.3").
    """
    does = claimed(judged, cause, what)
    if judged.outcome == "not testable":
        moot = does if judged.expect in ("at most", "at least") else f"{cause} moves {what}"
        return f"Nothing the model observes can decide whether {moot}."
    prior = f" (before data: {before.value:.2f})" if before else ""
    tested = RECORD if skill is None else f"its hindcast skill against persistence was {skill:.2f}"
    return (
        f"{judged.outcome.capitalize()} under the {model}: {does} with probability "
        f"{judged.support.value:.2f}{prior}{_qualified(judged)}. This is a statement about the model; {tested}."
    )


def disagreement(one: Verdict, other: Verdict, cause: str, what: str) -> str:
    """Posteriors with different outcomes, as prose: `one` comes from the signed prior, `other` from the sceptical."""
    return (
        f"Inconclusive, for the two posteriors disagree: {claimed(one, cause, what)} with probability "
        f"{one.support.value:.2f} when fitted from the signed prior ({one.outcome}), and {other.support.value:.2f} "
        f"from the sceptical ({other.outcome}). This is a statement about the model; {RECORD}."
    )


def claimed(judged: Verdict, cause: str, what: str) -> str:
    """What the claim says happens, for instance "isolating both raises their alignment by more than 0.05"."""
    does = {
        "at most": what,
        "at least": what,
        "increase": f"raises {what} by more than {judged.margin:g}",
        "decrease": f"lowers {what} by more than {judged.margin:g}",
        "none": f"moves {what} by no more than {judged.margin:g}",
        "rising": f"raises {what} at every step, by more than {judged.margin:g} in all",
        "threshold": f"raises {what} by more than {judged.margin:g} only beyond some level",
    }[judged.expect]
    return f"{cause} {does}".strip()


def _qualified(judged: Verdict) -> str:
    """What else a reader must know of the probability of a claim, to understand the outcome."""
    if judged.outcome == "contradicted":
        return f"; the opposite has probability {judged.contradiction.value:.2f}"
    if judged.outcome != "inconclusive":
        return f", {judged.support.words}"
    if judged.special is not None and judged.support.value >= judged.level:
        return f"; but the tie moves more than its members' other ties with {judged.special.value:.2f} only"
    fails = "is not" if judged.expect in ("at most", "at least") else "does not"
    return f" and {fails} with {judged.refutation.value:.2f}, and a verdict needs {judged.level:.2f}"


@dataclass(frozen=True)
class DoseResponse:
    """How the effect grows with the dose."""

    levels: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    """5 % of runs lie below, at each level."""
    high: tuple[float, ...]
    """5 % of runs lie above."""
    holds: tuple[Probability, ...]
    """P(effect > margin) at each level."""
    rising: Probability
    """Share of runs that never fall by more than the tolerance and rise by more than the margin in all."""
    falling: Probability
    """Share of runs that never rise by more than the tolerance and fall by more than the margin in all."""
    peaked: Probability
    """Share of runs whose largest effect lies inside, more than the margin above both ends."""
    peak: float
    """Level at which the mean effect is largest."""
    peak_interval: tuple[float, float]
    """Between which 90 % of the runs have their largest effect."""
    first: float | None
    """Level at which P(effect > margin) first reaches the verdict level, between levels by straight line;
    None: never."""
    first_interval: tuple[float | None, float | None]
    """The same read off the upper and the lower Wilson bound; None: not within the levels tried."""


def dose_response(
    levels: Array,
    effects: Array,
    margin: float,
    level: float = LEVEL,
    confidence: float = CONFIDENCE,
    tolerance: float | None = None,
) -> DoseResponse:
    """Summarise effects (R, D) at ascending doses `levels` (D,), paired run by run; pass -effects for a
    claim of decrease."""
    levels = np.asarray(levels, float)
    effects, _, _ = _finite(effects, None, 2)
    if effects.shape[1] != len(levels) or len(levels) < 2 or np.any(np.diff(levels) <= 0):
        raise ValueError("levels must ascend, at least two of them, one for each column of effects")
    if len(effects) == 0:
        raise ValueError("no run has an effect at every level")
    n = len(effects)
    rises, _, _, _ = _events(effects, margin, "rising", tolerance)
    falls, _, _, _ = _events(-effects, margin, "rising", tolerance)
    top, ends = effects.max(axis=1), np.maximum(effects[:, 0], effects[:, -1])
    holds = [wilson(int(k), n, confidence) for k in (effects > margin).sum(axis=0)]
    where = levels[effects.argmax(axis=1)]
    return DoseResponse(
        levels=tuple(levels.tolist()),
        mean=tuple(effects.mean(axis=0).tolist()),
        low=tuple(np.quantile(effects, 0.05, axis=0).tolist()),
        high=tuple(np.quantile(effects, 0.95, axis=0).tolist()),
        holds=tuple(holds),
        rising=wilson(int(rises.sum()), n, confidence),
        falling=wilson(int(falls.sum()), n, confidence),
        peaked=wilson(int((top > ends + margin).sum()), n, confidence),
        peak=float(levels[effects.mean(axis=0).argmax()]),
        peak_interval=(float(np.quantile(where, 0.05)), float(np.quantile(where, 0.95))),
        first=_first(levels, [p.value for p in holds], level),
        first_interval=(
            _first(levels, [p.high for p in holds], level),
            _first(levels, [p.low for p in holds], level),
        ),
    )


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _finite(effects: Array | None, rel: Array | None, axes: int) -> tuple[Array, Array | None, int]:
    """Effects and rel of the runs in which both are numbers, and how many runs were left out."""
    if effects is None:
        effects = np.empty((0, 2) if axes == 2 else 0)
    effects = np.asarray(effects, float)
    if effects.ndim != axes:
        raise ValueError(f"effects must be {'(runs, levels)' if axes == 2 else '(runs,)'}, not {effects.shape}")
    good = np.isfinite(effects) if axes == 1 else np.isfinite(effects).all(axis=1)
    if rel is not None:
        rel = np.asarray(rel, float)
        if rel.shape != good.shape:
            raise ValueError(f"rel must have one number a run, {good.shape}, not {rel.shape}")
        good &= np.isfinite(rel)
        rel = rel[good]
    return effects[good], rel, int((~good).sum())


def _events(
    effects: Array, margin: float, expect: Expect, tolerance: float | None
) -> tuple[Array, Array, Array, Array]:
    """For each run: does it support, refute, contradict; and the size of its effect."""
    never = np.zeros(len(effects), bool)
    if expect == "increase":
        return effects > margin, effects < margin, effects < -margin, effects
    if expect == "decrease":
        return effects < -margin, effects > -margin, effects > margin, effects
    if expect == "none":
        return np.abs(effects) <= margin, np.abs(effects) > margin, never, effects
    if expect == "at most":
        return effects <= margin, effects > margin, never, effects
    if expect == "at least":
        return effects >= -margin, effects < -margin, never, effects
    size = effects[:, -1] - effects[:, 0]
    if expect == "rising":
        slack = 0.1 * margin if tolerance is None else tolerance
        steady = (np.diff(effects, axis=1) >= -slack).all(axis=1)
        fall = (np.maximum.accumulate(effects, axis=1) - effects).max(axis=1)
        rise = (effects - np.minimum.accumulate(effects, axis=1)).max(axis=1)
        supports = steady & (size > margin)
        return supports, ~supports & ((fall > margin) | (rise <= margin)), size < -margin, size
    above = effects > margin
    stays = (np.diff(above.astype(int), axis=1) >= 0).all(axis=1)
    supports = ~above[:, 0] & above[:, -1] & stays
    return supports, ~supports, never, size


def _outcome(
    support: Probability,
    refutation: Probability,
    contradiction: Probability,
    special: Probability | None,
    level: float,
) -> tuple[Outcome, str]:
    if support.n == 0:
        return "not testable", "no run has an effect that can be observed"
    if contradiction.value >= level:
        return "contradicted", f"the opposite holds in {contradiction.value:.0%} of the runs"
    if refutation.value >= level:
        return "refuted", f"it does not hold in {refutation.value:.0%} of the runs"
    if support.value >= level and special is not None and special.value < level:
        return "inconclusive", f"a general drift: this tie moves more than others in {special.value:.0%} of the runs"
    if support.value >= level:
        return "supported", f"it holds in {support.value:.0%} of the runs"
    return "inconclusive", f"it holds in {support.value:.0%} of the runs and fails in {refutation.value:.0%}"


def _resting_on(judged: Verdict) -> list[Probability]:
    """The shares that would have to cross the level for the outcome to change."""
    if judged.outcome == "contradicted":
        return [judged.contradiction]
    if judged.outcome == "refuted":
        return [judged.refutation, judged.contradiction]
    if judged.outcome == "supported":
        return [judged.support, *([judged.special] if judged.special else [])]
    if judged.special and judged.special.value < judged.level <= judged.support.value:
        return [judged.special]
    return [judged.support, judged.refutation, judged.contradiction]


def _odds_ratio(posterior: Verdict, prior: Verdict | None) -> float:
    """Odds of the posterior's outcome after data to those before, half a run added to each count; nan
    without a prior."""
    if prior is None:
        return nan
    field = {"supported": "support", "refuted": "refutation", "contradicted": "contradiction"}.get(posterior.outcome)
    if field is None:
        return nan
    after, before = getattr(posterior, field), getattr(prior, field)
    odds = [(p.value * p.n + 0.5) / ((1 - p.value) * p.n + 0.5) for p in (after, before)]
    return odds[0] / odds[1]


def _control(sceptical: Verdict | None) -> str:
    if sceptical is None or sceptical.n == 0:
        return "no control was run"
    if sceptical.expect in ("at most", "at least"):
        return (
            f"a level has no sign that could be built in; P(it holds) = {sceptical.support} under the sceptical family"
        )
    own = sceptical.positive
    share = f"P(effect > 0) = {own.value:.2f} ({own.low:.2f} to {own.high:.2f}) under the sceptical family"
    sure = sceptical.outcome == "contradicted" or (
        sceptical.outcome == "supported" and sceptical.expect in ("increase", "decrease")
    )
    if sure or neutral(own) is False:
        return f"an answer is built in: {share}"
    found = "no sign is built in" if neutral(own) else f"{own.n} runs cannot tell whether a sign is built in"
    return f"{found}: {share}"


def _first(levels: Array, curve: list[float], threshold: float) -> float | None:
    """Where the curve first reaches the threshold, by straight line between levels."""
    for k, value in enumerate(curve):
        if value >= threshold:
            if k == 0:
                return float(levels[0])
            part = (threshold - curve[k - 1]) / (value - curve[k - 1])
            return float(levels[k - 1] + part * (levels[k] - levels[k - 1]))
    return None
