"""Planted truths: scenarios whose answer is known are judged as any other, over many seeds, and the answer is right.

The quick suite judges every plant under five seeds, `pytest -m science` under a hundred: 95 must come out right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import planted
from alignsim.study.judge import Judged
from alignsim.study.verdicts import LEVEL
from planted import LEVELS, MARGIN, Plant

Array = Any

SEEDS = pytest.mark.parametrize("seeds", [5, pytest.param(100, marks=pytest.mark.science)])
POINTS = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}

EFFECTS: dict[str, tuple[Callable[[], Plant], dict[str, str]]] = {
    "+0.10": (
        lambda: planted.known_effect(0.10, 0.09),
        {"increase": "supported", "decrease": "contradicted", "none": "refuted"},
    ),
    "0": (
        lambda: planted.known_effect(0.0, 0.05),
        {"increase": "refuted", "decrease": "refuted", "none": "supported"},
    ),
    "0 in the mean, but wide": (
        lambda: planted.known_effect(0.0, 0.3),
        {"increase": "inconclusive", "decrease": "inconclusive", "none": "inconclusive"},
    ),
    "-0.10": (
        lambda: planted.known_effect(-0.10, 0.09),
        {"increase": "contradicted", "decrease": "supported", "none": "refuted"},
    ),
    "+0.15 in seven runs of ten": (
        lambda: planted.known_effect(0.15, 0.04, probability=0.7),
        {"increase": "inconclusive", "decrease": "refuted", "none": "inconclusive"},
    ),
}
"""A meeting of known effect, and the verdict that the definitions demand of each claim about it.

No share of runs lies within half a percent of 0 or 1 but the ends themselves: there Wilson's interval is known to cover
less than it says (Brown, Cai and DasGupta 2001).
"""
PLANTS: dict[str, Callable[[], Plant]] = {name: make for name, (make, _) in EFFECTS.items()} | {
    "on the edge": planted.on_the_edge,
    "drift": planted.general_drift,
    "level": planted.known_level,
    "rising": planted.rising_response,
    "peaked": planted.peaked_response,
    "mixed": planted.mixed_response,
    "apart or either": planted.known_shares,
    "needed": planted.needed_shares,
    "box": planted.known_box,
    "side": planted.known_side,
}
HOW = {"apart or either": planted.EXPLAINED, "needed": planted.EXPLAINED, "box": planted.SEARCHED}
HOW |= {"side": planted.SEARCHED}


@cache
def plant(name: str) -> Plant:
    return PLANTS[name]()


@cache
def judged(name: str, seed: int) -> Judged:
    return plant(name).judged(seed, HOW.get(name))


def claims(name: str, seeds: int, claim: str = "") -> list[dict[str, Any]]:
    """What was found about one claim (the first where not named) under every seed."""
    found = [judged(name, seed).judgement["claims"] for seed in range(seeds)]
    return [next(c for c in own if claim in ("", c["id"])) for own in found]


def signed(name: str, seeds: int, claim: str = "") -> list[dict[str, Any]]:
    return [c["beliefs"]["signed"] for c in claims(name, seeds, claim)]


def enough(right: Iterable[bool]) -> bool:
    """Whether all seeds but one in twenty came out right; of few seeds one may miss."""
    listed = list(right)
    print(f"{sum(listed)} of {len(listed)}", end="; ")
    return sum(listed) >= len(listed) - max(1, len(listed) // 20)


def near(value: float, truth: float, wide: float) -> bool:
    return abs(value - truth) <= wide


def covers(interval: list[float], truth: float) -> bool:
    return interval[0] <= truth <= interval[1]


# --- (a) an effect of known size --------------------------------------------------------------------------------------


@SEEDS
@pytest.mark.parametrize(("name", "claim"), [(n, c) for n, (_, own) in EFFECTS.items() for c in own])
def test_an_effect_of_known_size_gets_the_verdict_it_deserves(name, claim, seeds):
    assert enough(own["verdict"] == EFFECTS[name][1][claim] for own in signed(name, seeds, claim))


@pytest.mark.parametrize("name", EFFECTS)
def test_what_the_definitions_demand_follows_from_the_shares_of_all_runs(name):
    """The verdicts listed above are no record of what the program said: they follow from the closed form."""
    truth, expected = plant(name).truth, {}
    above, below, within = (truth > MARGIN).mean(), (truth < -MARGIN).mean(), (np.abs(truth) <= MARGIN).mean()
    for claim, holds, opposite in (("increase", above, below), ("decrease", below, above)):
        fails = (truth < MARGIN if claim == "increase" else truth > -MARGIN).mean()
        ranked = (("contradicted", opposite), ("refuted", fails), ("supported", holds))
        expected[claim] = next((word for word, share in ranked if share >= LEVEL), "inconclusive")
    expected["none"] = "supported" if within >= LEVEL else "refuted" if 1 - within >= LEVEL else "inconclusive"
    assert expected == EFFECTS[name][1]


@SEEDS
@pytest.mark.parametrize("name", EFFECTS)
def test_mean_and_quantiles_of_the_effect_are_those_of_all_runs(name, seeds):
    truth = plant(name).truth
    found = signed(name, seeds)
    assert enough(near(o["effect"]["mean"], truth.mean(), 3 * truth.std() / o["runs"] ** 0.5) for o in found)
    assert enough(all(placed(o, truth, point) for point in POINTS) for o in found)
    assert enough(covers([o["effect"]["q05"], o["effect"]["q95"]], truth.mean()) for o in found)


def placed(own: dict[str, Any], truth: Array, point: str) -> bool:
    """Whether a quantile of some runs lies where it should among all runs, within three standard errors and a run."""
    value, rank = own["effect"][point], POINTS[point]
    wide = 3 * (rank * (1 - rank) / own["runs"]) ** 0.5 + 1 / own["runs"]
    return (truth < value).mean() <= rank + wide and (truth <= value).mean() >= rank - wide


@SEEDS
@pytest.mark.parametrize("name", EFFECTS)
def test_wilson_intervals_cover_the_share_of_all_runs(name, seeds):
    truth = plant(name).truth
    shares = {"above": truth > MARGIN, "below_minus": truth < -MARGIN, "within": np.abs(truth) <= MARGIN}
    for share, which in shares.items():
        assert enough(covers(own["wilson"][share], which.mean()) for own in signed(name, seeds))


@SEEDS
def test_a_claim_on_the_very_edge_is_pursued_to_the_last_run_and_not_called_decided(seeds):
    assert (plant("on the edge").truth > MARGIN).mean() == pytest.approx(0.90, abs=1e-4)
    found = signed("on the edge", seeds, "increase")
    assert enough(not own["decided"] and own["runs"] == 400 for own in found)
    assert enough(covers([own["support"]["low"], own["support"]["high"]], 0.90) for own in found)


@SEEDS
def test_a_general_drift_is_not_sold_as_a_special_tie(seeds):
    effect, rel = plant("drift").truth.T
    assert (effect > MARGIN).mean() > 0.99 and 0.6 < (rel > 0).mean() < 0.8
    found = signed("drift", seeds)
    assert enough(own["verdict"] == "inconclusive" and "general drift" in own["reason"] for own in found)
    assert enough(covers(own["relative"]["wilson"], (rel > 0).mean()) for own in found)
    assert enough(near(o["relative"]["effect"]["mean"], rel.mean(), 3 * rel.std() / o["runs"] ** 0.5) for o in found)


LEVEL_VERDICTS = {
    "at-most": ("refuted", "inconclusive", "supported"),
    "at-least": ("supported", "inconclusive", "refuted"),
}


@SEEDS
@pytest.mark.parametrize(("expect", "place"), [(e, k) for e in LEVEL_VERDICTS for k in range(3)])
def test_where_a_tie_stands_gets_the_verdict_it_deserves(expect, place, seeds):
    found = signed("level", seeds, f"{expect}-{place}")
    assert enough(own["verdict"] == LEVEL_VERDICTS[expect][place] for own in found)
    below = planted.LEVEL_POINTS[place]
    share = below if expect == "at-most" else 1.0 - below
    assert enough(covers([own["support"]["low"], own["support"]["high"]], share) for own in found)


@SEEDS
def test_the_share_of_runs_in_which_a_tie_is_among_the_nearest_is_that_of_all_runs(seeds):
    rank = plant("level").truth[:, 1]
    assert 0.05 < (rank == 0).mean() < 0.95  # the three ties are close enough for chance to order them
    for level in planted.RANKS:
        found = signed("level", seeds, f"rank-{level:g}")
        share = (rank <= level).mean()
        assert enough(covers([own["support"]["low"], own["support"]["high"]], share) for own in found)
        assert enough(near(o["outcome"]["mean"], rank.mean(), 3 * rank.std() / o["runs"] ** 0.5) for o in found)


# --- (b) a response of known shape ------------------------------------------------------------------------------------

VERDICTS = {
    "rising": {"rising": "supported", "threshold": "supported"},
    "peaked": {"rising": "refuted", "threshold": "refuted"},
    "mixed": {"rising": "inconclusive", "threshold": "inconclusive"},
}


def shape(effects: Array) -> dict[str, Array]:
    """Which runs climb all the way, and which peak inside, from effects (K, D); slowly, run by run and step by step."""
    climbs, peaks = np.zeros(len(effects), bool), np.zeros(len(effects), bool)
    for k, own in enumerate(effects.tolist()):
        falls = [later - now for now, later in pairwise(own)]
        climbs[k] = min(falls) >= -0.1 * MARGIN and own[-1] - own[0] > MARGIN
        peaks[k] = max(own) > max(own[0], own[-1]) + MARGIN
    return {"climbs": climbs, "peaks": peaks, "top": effects.argmax(axis=1)}


@cache
def known(name: str) -> dict[str, Array]:
    return shape(plant(name).truth(LEVELS))


@SEEDS
@pytest.mark.parametrize(("name", "claim"), [(n, c) for n, own in VERDICTS.items() for c in own])
def test_a_response_of_known_shape_gets_the_verdict_it_deserves(name, claim, seeds):
    assert enough(own["verdict"] == VERDICTS[name][claim] for own in signed(name, seeds, claim))


@SEEDS
@pytest.mark.parametrize("name", VERDICTS)
def test_shares_of_monotone_and_of_peaked_runs_are_those_of_all_runs(name, seeds):
    doses = [claim["dose"]["signed"] for claim in claims(name, seeds)]
    assert enough(covers(dose["monotone_wilson"], known(name)["climbs"].mean()) for dose in doses)
    assert enough(
        covers([dose["peaked"]["low"], dose["peaked"]["high"]], known(name)["peaks"].mean()) for dose in doses
    )


@SEEDS
@pytest.mark.parametrize("name", VERDICTS)
def test_the_peak_is_where_it_was_put(name, seeds):
    truth, tops = plant(name).truth(LEVELS), known(name)["top"]
    shares = np.bincount(tops, minlength=len(LEVELS)) / len(tops)
    doses = [claim["dose"]["signed"] for claim in claims(name, seeds)]
    assert enough(np.abs(np.array(dose["peak"]["level"]) - shares).max() < 0.15 for dose in doses)
    middle = truth.mean(axis=0)
    ties = {level for level, size in zip(LEVELS, middle, strict=True) if size > middle.max() - 0.01}
    assert enough(dose["peak"]["of_mean"] in ties for dose in doses)


@SEEDS
@pytest.mark.parametrize("name", VERDICTS)
def test_the_level_from_which_a_claim_holds_is_found(name, seeds):
    at = plant(name).truth
    holds = (at(LEVELS) > MARGIN).mean(axis=0)
    first = int(np.argmax(holds >= LEVEL))
    truth = float(np.interp(LEVEL, holds[first - 1 : first + 1], LEVELS[first - 1 : first + 1]))
    exact = np.linspace(LEVELS[first - 1], LEVELS[first], 21)
    exactly = exact[np.argmax((at(exact) > MARGIN).mean(axis=0) >= LEVEL)]
    found = [claim["dose"]["signed"]["threshold"] for claim in claims(name, seeds)]
    assert enough(own is not None and near(own["level"], truth, 0.08) for own in found)
    assert enough(own is not None and near(own["level"], exactly, 0.2) for own in found)  # between the same two levels
    bounds = [[own["low"] or 0.0, 1.0 if own["high"] is None else own["high"]] for own in found if own]
    assert enough(covers(own, truth) for own in bounds)


# --- (c) mechanisms of known share ------------------------------------------------------------------------------------

JOINED = [("apart or either", "together"), ("apart or either", "either"), ("needed", "needed")]


def shares(claim: dict[str, Any]) -> dict[str, float]:
    return {group["name"]: group["shapley"] for group in claim["attribution"]["groups"]}


@SEEDS
@pytest.mark.parametrize(("name", "claim"), JOINED)
def test_mechanisms_get_the_shares_that_they_have(name, claim, seeds):
    truth = plant(name).truth[claim].shares_of_all
    found = claims(name, seeds, claim)
    for group, share in truth.groups.items():
        assert enough(near(shares(c)[group], share, 0.1 * abs(truth.effect)) for c in found)
    assert enough(near(c["attribution"]["interaction_share"], truth.interaction, 0.05) for c in found)


@SEEDS
@pytest.mark.parametrize(("name", "claim"), JOINED)
def test_shares_are_exact_for_the_strengths_that_were_drawn(name, claim, seeds):
    for seed, own in enumerate(claims(name, seeds, claim)):
        truth = plant(name).truth[claim].shares_of_drawn(judged(name, seed))
        assert {group: shares(own)[group] for group in truth.groups} == pytest.approx(truth.groups, abs=1e-5)
        assert own["attribution"]["interaction_share"] == pytest.approx(truth.interaction, abs=1e-4)
        assert max(abs(share) for group, share in shares(own).items() if group not in truth.groups) < 1e-12


@SEEDS
@pytest.mark.parametrize(("name", "claim"), JOINED)
def test_shares_sum_to_the_effect_that_was_judged(name, claim, seeds):
    for own in claims(name, seeds, claim):
        assert sum(shares(own).values()) == pytest.approx(own["attribution"]["total"], abs=1e-12)
        assert own["attribution"]["total"] == pytest.approx(own["beliefs"]["signed"]["effect"]["mean"], abs=1e-7)


@SEEDS
def test_no_cause_is_named_where_neither_mechanism_does_anything_alone(seeds):
    for own in claims("needed", seeds):
        groups = {group["name"]: group for group in own["attribution"]["groups"]}
        assert abs(groups["fear"]["alone"]) < 1e-5 and abs(groups["arms"]["alone"]) < 1e-5
        assert "no single group can be named" in own["attribution"]["words"]


# --- (d) a region of known failure ------------------------------------------------------------------------------------


@SEEDS
@pytest.mark.parametrize("name", ["box", "side"])
def test_a_known_region_of_failure_is_found_and_nothing_else(name, seeds):
    limits = plant(name).truth
    boxes = [claim["failure"]["boxes"] for claim in claims(name, seeds)]
    assert enough(len(own) == 1 and {side["parameter"] for side in own[0]["limits"]} == {*limits} for own in boxes)
    assert enough(bool(own) and all(at_the_edge(side, limits) for side in own[0]["limits"]) for own in boxes)
    assert enough(bool(own) and own[0]["density"] > 0.95 and own[0]["coverage"] > 0.95 for own in boxes)


def at_the_edge(side: dict[str, Any], limits: dict[str, float]) -> bool:
    """Whether a limit of the box is open below, and above within 5 % of where the claim begins to hold."""
    edge = limits.get(side["parameter"], np.inf)
    return side["low"] is None and side["high"] is not None and near(side["high"], edge, 0.05 * edge)


@SEEDS
@pytest.mark.parametrize("name", ["box", "side"])
def test_a_tree_finds_the_same_region(name, seeds):
    trees = [claim["failure"]["cart"] for claim in claims(name, seeds)]
    assert enough(tree is not None and tree["agrees"] and tree["overlap"] > 0.9 for tree in trees)


@SEEDS
@pytest.mark.parametrize("name", ["box", "side"])
def test_the_share_of_runs_that_fail_is_the_size_of_the_region(name, seeds):
    size = 1 / 1.8**2 if name == "box" else 1 / 2.5
    wide = 3 * (size * (1 - size) / planted.BOX_RUNS) ** 0.5
    found = claims(name, seeds)
    assert enough(near(claim["failure"]["fails_share"], size, wide) for claim in found)
    assert all(c["failure"]["fails_share"] == pytest.approx(1 - c["beliefs"]["signed"]["support"]["p"]) for c in found)
