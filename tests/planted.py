"""Scenarios whose answer is known by construction, and what is known of them.

Four states over half a year. Every mechanism is off but the few that are planted, and for these the tie has a closed
form: a desire shifted by s from a month on moves the tie by (1 - (1 - speed)^n) s in z after n months, chance adds a
normal of known size, and alignment is tanh z. Chance enters through the doubt about the start, the noise of every month
and the planted strengths, each drawn anew in every run. What is true of *all* runs is worked out here from the closed
form over a dense grid of chances (`chances`), without a line of the code that is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import qmc

from alignsim.mechanisms.registry import MOTIVES
from alignsim.scenario import load_text
from alignsim.study.judge import How, Judged, judge
from alignsim.world import load
from alignsim.world.build import subset
from alignsim.world.world import World

Array = Any
Range = tuple[float, float]

MARGIN = 0.05
UNTIL_DECIDED = "{until: decided, at_most: 400}"
STATES = ["CHN", "IRN", "RUS", "USA"]
PLANTED = ("diplomacy", "trust", "wedge")
SPEED, NOISE, DOUBT = 0.3, 0.02, 0.4
MONTHS, AFTER = 6, 5
"""Months that are simulated, and those from the event to the outcome, both included."""
ARRIVED = 1.0 - (1.0 - SPEED) ** AFTER
BLUR = NOISE * float(np.sqrt(np.sum((1.0 - SPEED) ** (2.0 * np.arange(MONTHS)))))
"""Standard deviation in z of all that the months' noise has added by the outcome."""
TURN = float(np.tanh(1.0))
"""What a meeting, an offer or a reference's worth of anything moves a desire by, per weight."""
LOST = float(np.tanh(0.5 / 0.25))
"""The same for a breach that takes all trust, of 0.5, against the reference of 0.25."""


@cache
def world() -> World:
    return subset(load("west-asia-2024"), STATES)


# --- the closed form ------------------------------------------------------------------------------------------------


@cache
def chances(kinds: int) -> Array:
    """Uniforms that fill (0, 1) evenly, (65536, kinds): a run's luck of each kind."""
    return qmc.Sobol(kinds, seed=1).random_base2(16)


def between(bounds: Range, u: Array) -> Array:
    return bounds[0] + (bounds[1] - bounds[0]) * u


@cache
def eve() -> tuple[float, float]:
    """Mean and standard deviation of the alignment of Iran with Russia."""
    i, j = STATES.index("IRN"), STATES.index("RUS")
    return float(world().alignment[i, j]), float(world().alignment_sd[i, j])


def start(u: Array, doubt: float = DOUBT) -> Array:
    """The tie in z on the eve."""
    mean, sd = eve()
    return np.arctanh(np.clip(mean + doubt * sd * ndtri(u), -0.95, 0.95))


def effect(shift: Array, luck: Array) -> Array:
    """The change of alignment that a shift of the desire makes, in runs with this luck (K, >= 2)."""
    without = start(luck[:, 0]) + BLUR * ndtri(luck[:, 1])
    if np.ndim(shift) == 2:
        without = without[:, None]
    return np.tanh(without + ARRIVED * shift) - np.tanh(without)


# --- scenarios ------------------------------------------------------------------------------------------------------


JUDGED = How(quick=True, reasons=False)
"""Verdicts alone."""


@dataclass(frozen=True)
class Plant:
    """A scenario without its seed, and what is true of it."""

    text: str
    truth: Any
    """Effects in a population of runs, (K,), or at each level of a dose, (K, D); or what the maker says."""

    def judged(self, seed: int, how: How | None = None) -> Judged:
        return judge(load_text(self.text + f"seed: {seed}\n"), world(), how or JUDGED)


def scenario(
    parameters: dict[str, float | Range], branches: str, claims: str, runs: int | str, end: str = "2025-03"
) -> str:
    """The text of a scenario from October 2024 in which only `PLANTED` can act; a range is one of equal chances."""
    off = ", ".join(f"{name}: false" for name in MOTIVES if name not in PLANTED and name != "solidarity")
    pinned = {"consent.speed": SPEED, "consent.noise": NOISE, "consent.initial_doubt": DOUBT, "diplomacy.decay": 1.0}
    pinned |= {f"{name}.weight": 0.0 for name in PLANTED} | {"sanctions.hostility": 0.0}
    lines = "".join(f"  {path}: {_written(value)}\n" for path, value in (pinned | parameters).items())
    return (
        f"alignsim: 1\ntitle: Planted\nworld: west-asia-2024\ntime: {{start: 2024-10, end: {end}}}\n"
        f"mechanisms: {{{off}, defiance: false}}\nparameters:\n{lines}"
        f"branches:\n{branches}claims:\n{claims}runs: {runs}\n"
    )


def _written(value: float | Range) -> str:
    return f"{{low: {value[0]!r}, high: {value[1]!r}}}" if isinstance(value, tuple) else repr(float(value))


def claim(name: str, what: str, expect: str, end: str = "2025-03", margin: float = MARGIN) -> str:
    return (
        f"  - {{id: {name}, says: it is planted, outcome: alignment of IRN with RUS at {end}, {what}, "
        f"expect: {expect}, margin: {margin}}}\n"
    )


COURTSHIP = """\
  courtship:
    - {at: 2024-11, offer: {by: USA, to: IRN, away_from: RUS, strength: 1}}
    - {at: 2024-11, offer: {by: USA, to: RUS, away_from: IRN, strength: 1}}
"""
"""Both are offered something for distance: desires shift by -wedge.weight tanh(strength), on both sides alike."""
RECOGNITION = COURTSHIP.rstrip("\n") + "\n    - {at: 2024-11, sanction: {by: IRN, on: RUS, kind: symbolic}}\n"
"""And one condemns the other: desires shift by -hostility as well, in proportion to the dose."""


# --- (a) an effect of known size --------------------------------------------------------------------------------------


def known_effect(size: float, half_width: float, probability: float = 1.0) -> Plant:
    """A meeting that changes alignment by `size`, in the mean over the runs in which it happens.

    The weight of diplomacy is uniform with this half-width; its middle is solved for.
    """
    return _meeting(lambda effects: float(effects.mean()) - size, half_width, probability)


def on_the_edge() -> Plant:
    """A meeting whose effect passes the margin in exactly nine runs of ten, so that no number of runs can decide."""
    return _meeting(lambda effects: float((effects > MARGIN).mean()) - 0.90, half_width=0.1, probability=1.0)


def _meeting(miss: Callable[[Array], float], half_width: float, probability: float) -> Plant:
    luck = chances(4)

    def effects(middle: float) -> Array:
        return effect(TURN * between((middle - half_width, middle + half_width), luck[:, 2]), luck)

    middle = brentq(lambda m: miss(effects(m)), -1.0, 1.0, xtol=1e-9)
    odds = f", probability: {probability}" if probability < 1 else ""
    branches = f"  meeting:\n    - {{at: 2024-11{odds}, meeting: {{of: [IRN, RUS], strength: 1}}}}\n"
    claims = "".join(claim(e, "contrast: meeting against baseline", e) for e in ("increase", "decrease", "none"))
    weight = (middle - half_width, middle + half_width)
    truth = np.where(luck[:, 3] < probability, effects(middle), 0.0)
    return Plant(scenario({"diplomacy.weight": weight}, branches, claims, UNTIL_DECIDED), truth)


def general_drift() -> Plant:
    """A meeting of three that lifts the tie by as much in z as its members' ties with the third.

    The truth is (K, 2): the effect, and REL, the effect less the mean of those on the two other ties.
    """
    weight, luck = (0.2, 0.3), chances(7)
    shift = ARRIVED * TURN * between(weight, luck[:, 6])
    moved = []
    for k, pair in enumerate((("IRN", "RUS"), ("IRN", "CHN"), ("RUS", "CHN"))):
        i, j = (STATES.index(code) for code in pair)
        eve_tie = world().alignment[i, j] + DOUBT * world().alignment_sd[i, j] * ndtri(luck[:, 2 * k])
        without = np.arctanh(np.clip(eve_tie, -0.95, 0.95)) + BLUR * ndtri(luck[:, 2 * k + 1])
        moved.append(np.tanh(without + shift) - np.tanh(without))
    branches = "  summit:\n    - {at: 2024-11, meeting: {of: [CHN, IRN, RUS], strength: 1}}\n"
    claims = claim("increase", "contrast: summit against baseline", "increase")
    truth = np.column_stack([moved[0], moved[0] - (moved[1] + moved[2]) / 2])
    return Plant(scenario({"diplomacy.weight": weight}, branches, claims, UNTIL_DECIDED), truth)


def known_level() -> Plant:
    """Nothing happens: where a tie and its rank stand in the end is chance alone.

    The truth is (K, 2): the alignment of Iran with Russia, and the share of Iran's two other ties that are closer.
    """
    i, luck = STATES.index("IRN"), chances(6)
    ties = {}
    for k, code in enumerate(("RUS", "CHN", "USA")):
        mean, sd = (float(own[i, STATES.index(code)]) for own in (world().alignment, world().alignment_sd))
        z = np.arctanh(np.clip(mean + DOUBT * sd * ndtri(luck[:, 2 * k]), -0.95, 0.95))
        ties[code] = np.tanh(z + BLUR * ndtri(luck[:, 2 * k + 1]))
    truth = np.column_stack([ties["RUS"], ((ties["CHN"] > ties["RUS"]) + 1.0 * (ties["USA"] > ties["RUS"])) / 2])
    claims = "".join(
        f"  - {{id: {expect.replace(' ', '-')}-{k}, says: x, outcome: alignment of IRN with RUS at 2025-03, "
        f"expect: {expect}, level: {float(np.quantile(truth[:, 0], point))!r}}}\n"
        for expect in ("at most", "at least")
        for k, point in enumerate(LEVEL_POINTS)
    )
    claims += "".join(
        f"  - {{id: rank-{level:g}, says: x, outcome: tie rank of IRN with RUS at 2025-03, expect: at most, "
        f"level: {level}}}\n"
        for level in RANKS
    )
    branches = "  meeting:\n    - {at: 2024-11, meeting: {of: [IRN, RUS], strength: 1}}\n"
    return Plant(scenario({"diplomacy.weight": 0.5}, branches, claims, "{until: decided, at_most: 400}"), truth)


LEVEL_POINTS = (0.02, 0.5, 0.98)
"""Shares of all runs in which the tie is below the level that a claim names."""
RANKS = (0.0, 0.5)
"""Levels of the rank among three ties, which is 0, a half or 1."""


# --- (b) a response of known shape ------------------------------------------------------------------------------------

LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DOSE = f"dose: {{of: courtship, levels: {list(LEVELS)}}}"
RESPONSES = claim("rising", _DOSE, "rising") + claim("threshold", _DOSE, "threshold")


def response(hostility: Range, reference: float, weight: Range = (0.25, 0.45)) -> tuple[Callable[[Array], Array], dict]:
    """Effects (K, D) at given levels, and the parameters that make them: a saturating lift less a growing grudge."""
    luck = chances(4)
    lift, grudge = between(weight, luck[:, 2]), between(hostility, luck[:, 3])

    def at(levels: Array) -> Array:
        shift = lift[:, None] * np.tanh(np.asarray(levels) / reference) - grudge[:, None] * np.asarray(levels)
        return effect(shift, luck)

    parameters: dict[str, float | Range] = {
        "wedge.weight": (-weight[1], -weight[0]),
        "wedge.reference": reference,
        "sanctions.hostility": hostility if hostility[1] > hostility[0] else hostility[0],
    }
    return at, parameters


def rising_response() -> Plant:
    """More is always more: without a grudge the response climbs in every run. The truth is a function of levels."""
    at, parameters = response((0.0, 0.0), reference=1.0, weight=(0.3, 0.5))
    return Plant(scenario(parameters, COURTSHIP, RESPONSES, UNTIL_DECIDED), at)


def peaked_response() -> Plant:
    """A lift that saturates early and a grudge that does not: the response peaks inside. The truth as above."""
    at, parameters = response((0.4, 0.5), reference=0.3, weight=(0.28, 0.5))
    return Plant(scenario(parameters, RECOGNITION, RESPONSES, UNTIL_DECIDED), at)


def mixed_response() -> Plant:
    """The same with grudges from none to large: the response climbs in some runs and peaks in others."""
    at, parameters = response((0.0, 0.3), reference=0.5)
    return Plant(scenario(parameters, RECOGNITION, RESPONSES, UNTIL_DECIDED), at)


# --- (c) mechanisms of known share ------------------------------------------------------------------------------------

SUDDEN: dict[str, float | Range] = {
    "consent.speed": 1.0, "consent.noise": 0.0, "consent.initial_doubt": 0.0, "consent.sharpness": 1e6,
    "trust.loss": 1.0,
}  # fmt: skip
"""Without chance but in the strengths, and within the month; the less willing side decides alone."""
SHARES = 24
"""Runs of an attribution."""
EXPLAINED = How(theories=(), beliefs=("signed",), attribution_runs=SHARES)

APART = """\
  together:
    - {at: 2024-11, offer: {by: USA, to: IRN, away_from: RUS, strength: 1}}
    - {at: 2024-11, offer: {by: USA, to: RUS, away_from: IRN, strength: 1}}
    - {at: 2024-11, breach: {by: IRN, toward: RUS, severity: 1}}
    - {at: 2024-11, breach: {by: RUS, toward: IRN, severity: 1}}
    - {at: 2024-11, sanction: {by: IRN, on: RUS, kind: symbolic}}
"""
"""A wedge (of the group `fear`), broken promises (`arms`), a condemnation (`threat`), on both sides: they add up."""
EITHER = """\
  either:
    - {at: 2024-11, offer: {by: USA, to: IRN, away_from: RUS, strength: 1}}
    - {at: 2024-11, breach: {by: IRN, toward: RUS, severity: 1}}
"""
"""The wedge moves Iran's desire and the breach Russia's; the lower one binds, so that one of the two is enough."""
GRUDGE = 0.1
"""What the condemnation takes from the desires, in z."""

Shifts = dict[str, Array]
"""What each group does to the desires that it moves, in every run, (K,)."""


def added(shifts: Shifts) -> Array:
    return sum(shifts.values(), np.zeros(1))


def lower(shifts: Shifts) -> Array:
    return np.minimum(shifts["fear"], shifts["arms"])


@dataclass(frozen=True)
class Shares:
    """Which group does how much of an effect, and how much of all that moves it needs more than one."""

    groups: dict[str, float]
    interaction: float
    effect: float

    @classmethod
    def of(cls, shifts: Shifts, joined: Callable[[Shifts], Array]) -> Shares:
        """Slowly: over all orders in which the groups may come, and subset by subset."""
        z, none = np.arctanh(eve()[0]), np.zeros_like(shifts["fear"])
        value, dividend = {}, {}
        for on in (set(own) for size in range(len(shifts) + 1) for own in combinations(shifts, size)):
            tie = np.tanh(z + joined({group: shift if group in on else none for group, shift in shifts.items()}))
            value[frozenset(on)] = float(np.mean(tie - np.tanh(z)))
            dividend[frozenset(on)] = value[frozenset(on)] - sum(own for part, own in dividend.items() if part < on)
        orders = list(permutations(shifts))
        groups = dict.fromkeys(shifts, 0.0)
        for order in orders:
            for k, group in enumerate(order):
                groups[group] += (value[frozenset(order[: k + 1])] - value[frozenset(order[:k])]) / len(orders)
        moves = sum(map(abs, dividend.values()))
        together = sum(abs(own) for on, own in dividend.items() if len(on) > 1)
        return cls(groups, together / moves, value[frozenset(shifts)])


@dataclass(frozen=True)
class Joint:
    """A branch in which groups act together: the weights of the wedge and of trust, and how desires join."""

    wedge: Range
    trust: Range
    grudge: float
    joined: Callable[[Shifts], Array]

    def shares(self, wedge: Array, trust: Array) -> Shares:
        """Of runs with these weights, (K,) each."""
        threat = np.full_like(wedge, -self.grudge)
        return Shares.of({"fear": -TURN * wedge, "arms": -LOST * trust, "threat": threat}, self.joined)

    @property
    def shares_of_all(self) -> Shares:
        """What is true over all runs."""
        luck = chances(2)
        return self.shares(between(self.wedge, luck[:, 0]), between(self.trust, luck[:, 1]))

    def shares_of_drawn(self, found: Judged) -> Shares:
        """What is true of the strengths that these runs have drawn."""
        assert found.runs is not None
        drawn = dict(zip(found.plan.priors, found.runs.by_run["parameters"][:SHARES].T, strict=True))
        return self.shares(drawn["wedge.weight"], drawn["trust.weight"])


def known_shares() -> Plant:
    """Mechanisms that add up, and two of which one is enough. The truth is a `Joint` by branch."""
    wedge, trust = (0.15, 0.25), (0.07, 0.13)
    truth = {"together": Joint(wedge, trust, GRUDGE, added), "either": Joint(wedge, trust, 0.0, lower)}
    return _explained(truth, APART + EITHER, "decrease")


def needed_shares() -> Plant:
    """Two that do nothing one without the other: with negative weights offers and breaches attract, each one side."""
    truth = {"needed": Joint((-0.25, -0.15), (-0.45, -0.3), 0.0, lower)}
    return _explained(truth, EITHER.replace("either", "needed"), "increase")


def _explained(truth: dict[str, Joint], branches: str, expect: str) -> Plant:
    claims = "".join(claim(name, f"contrast: {name} against baseline", expect, "2024-11") for name in truth)
    first = next(iter(truth.values()))
    weights = {"wedge.weight": first.wedge, "trust.weight": first.trust, "sanctions.hostility": GRUDGE}
    return Plant(scenario(SUDDEN | weights, branches, claims, SHARES, "2024-11"), truth)


# --- (d) a region of known failure ------------------------------------------------------------------------------------

SEARCHED = How(theories=(), beliefs=("signed",), attribution_runs=0)
BOX_RUNS = 200


def _enough(margin: float, each: float) -> float:
    """The weight from which a mechanism alone lowers the tie by more than the margin."""
    z = np.arctanh(eve()[0])
    return float(z - np.arctanh(eve()[0] - margin)) / each


def known_box() -> Plant:
    """Either mechanism is enough to loosen the tie, so the claim fails only where both are weak: a box.

    The truth is the upper limit of the box in each parameter. All others vary too, and none of them matters.
    """
    limits = {"wedge.weight": _enough(MARGIN, TURN), "trust.weight": _enough(MARGIN, LOST)}
    parameters: dict[str, float | Range] = {path: (0.0, 1.8 * limit) for path, limit in limits.items()}
    claims = claim("looser", "contrast: either against baseline", "decrease", "2024-11")
    return Plant(scenario(SUDDEN | parameters, EITHER, claims, BOX_RUNS, "2024-11"), limits)


def known_side() -> Plant:
    """One mechanism acts, and the claim fails below a strength of its own."""
    limits = {"wedge.weight": _enough(MARGIN, TURN)}
    parameters: dict[str, float | Range] = {path: (0.0, 2.5 * limit) for path, limit in limits.items()}
    claims = claim("looser", "contrast: either against baseline", "decrease", "2024-11")
    return Plant(scenario(SUDDEN | parameters, EITHER, claims, BOX_RUNS, "2024-11"), limits)
