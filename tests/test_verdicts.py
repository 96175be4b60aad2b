"""Verdicts: planted truths come out right, and the words, intervals and stopping rule mean what they say."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.study import verdicts
from alignsim.study.verdicts import combine, decided, dose_response, more_runs, verdict, wilson

ROOT = Path(__file__).resolve().parents[1]
MARGIN = 0.05
LEVELS = np.linspace(0, 1, 6)


def right_in(judge, count: int = 100) -> int:
    """In how many of `count` seeds the judgement is right."""
    return sum(bool(judge(np.random.default_rng(seed))) for seed in range(count))


def effects(rng: np.random.Generator, mean: float, sd: float = 0.02, runs: int = 400) -> np.ndarray:
    return rng.normal(mean, sd, runs)


@pytest.mark.parametrize(
    ("truth", "expect", "outcome"),
    [
        (0.10, "increase", "supported"),
        (0.00, "increase", "refuted"),
        (-0.10, "increase", "contradicted"),
        (0.10, "decrease", "contradicted"),
        (0.00, "decrease", "refuted"),
        (-0.10, "decrease", "supported"),
        (0.10, "none", "refuted"),
        (0.00, "none", "supported"),
        (-0.10, "none", "refuted"),
    ],
)
def test_planted_effects_are_judged_right(truth, expect, outcome):
    assert right_in(lambda rng: verdict(effects(rng, truth), MARGIN, expect).outcome == outcome) >= 95


@pytest.mark.parametrize(
    ("beyond", "expect", "outcome"),
    [
        (-0.10, "at most", "supported"),
        (0.10, "at most", "refuted"),
        (0.00, "at most", "inconclusive"),
        (0.10, "at least", "supported"),
        (-0.10, "at least", "refuted"),
        (0.00, "at least", "inconclusive"),
    ],
)
def test_planted_outcomes_are_judged_right_against_a_level(beyond, expect, outcome):
    """However far an outcome is beyond its level, that is refuted and never contradicted."""
    assert right_in(lambda rng: verdict(effects(rng, beyond), 0.0, expect).outcome == outcome) >= 95
    assert verdict(effects(np.random.default_rng(0), 100 * beyond), 0.0, expect).contradiction.value == 0


def test_an_outcome_just_at_its_level_keeps_to_it():
    for expect in ("at most", "at least"):
        judged = verdict(np.zeros(50), 0.0, expect)
        assert (judged.outcome, judged.support.value, judged.refutation.value) == ("supported", 1, 0)


def test_a_level_has_no_sign_for_the_control_to_expose():
    families = {name: verdict(np.full(400, -0.1), 0.0, "at most") for name in ("signed", "sceptical")}
    control = combine(families).control
    assert "built in:" not in control and "P(it holds) = 1.00" in control
    assert "built in:" in combine({name: verdict(np.full(400, 0.1), 0.05) for name in families}).control


def test_a_sentence_about_a_level_names_no_cause_and_no_move():
    what = "the isolation of Russia in 2029-12 is at least 0.5"
    said = verdicts.sentence(verdict(np.array([0.1] * 3 + [-0.1] * 97), 0.0, "at least"), "", what)
    assert said.startswith(f"Refuted under the signed model: {what} with probability 0.03, almost no chance. This is")
    given = verdicts.sentence(verdict(np.array([0.1, -0.1] * 20), 0.0, "at least"), "given “isolation”,", what)
    assert f"model: given “isolation”, {what} with probability 0.50 and is not with 0.50, and a verdict" in given
    silent = verdicts.sentence(verdict(None, 0.0, "at least"), "", what)
    assert silent == f"Nothing the model observes can decide whether {what}."


def test_effects_spread_wide_round_the_margin_are_inconclusive():
    assert right_in(lambda rng: verdict(effects(rng, MARGIN, 0.1), MARGIN).outcome == "inconclusive") >= 95


def test_a_general_drift_is_not_sold_as_a_special_tie():
    def judge(rng, special):
        judged = verdict(effects(rng, 0.10), MARGIN, rel=effects(rng, special, 0.05))
        return judged.outcome, judged.reason

    assert right_in(lambda rng: judge(rng, 0.2)[0] == "supported") >= 95
    assert right_in(lambda rng: judge(rng, 0.0)[0] == "inconclusive" and "drift" in judge(rng, 0.0)[1]) >= 95


def responses(rng: np.random.Generator, shape: np.ndarray, runs: int = 300) -> np.ndarray:
    """Runs share a shape, differ in strength, and carry a wobble far below the tolerance."""
    return rng.normal(1, 0.1, (runs, 1)) * shape + rng.normal(0, 0.0005, (runs, len(shape)))


@pytest.mark.parametrize(
    ("shape", "outcome"),
    [
        (0.2 * LEVELS, "supported"),
        (0.2 * np.sqrt(LEVELS), "supported"),
        (0.8 * LEVELS * (1 - LEVELS), "refuted"),
        (0.6 * LEVELS * (1.3 - LEVELS), "refuted"),
        (0.0 * LEVELS, "refuted"),
        (-0.2 * LEVELS, "contradicted"),
    ],
)
def test_rising_peaked_flat_and_falling_responses_are_judged_right(shape, outcome):
    assert right_in(lambda rng: verdict(responses(rng, shape), MARGIN, "rising").outcome == outcome) >= 95


def test_responses_of_mixed_shape_are_inconclusive():
    def judge(rng):
        mixed = np.vstack([responses(rng, 0.2 * LEVELS, 150), responses(rng, 0.8 * LEVELS * (1 - LEVELS), 150)])
        return verdict(mixed, MARGIN, "rising").outcome == "inconclusive"

    assert right_in(judge) >= 95


def test_a_threshold_is_found_where_it_is_and_not_where_there_is_none():
    step = np.where(LEVELS > 0.5, 0.12, 0.0)
    assert right_in(lambda rng: verdict(responses(rng, step), MARGIN, "threshold").outcome == "supported") >= 95
    for none in (0 * LEVELS, 0.12 + 0 * LEVELS, step[::-1]):
        judged = [verdict(responses(np.random.default_rng(s), none), MARGIN, "threshold") for s in range(100)]
        assert sum(j.outcome == "refuted" for j in judged) >= 95


def test_the_peak_of_a_dose_response_is_found():
    peaked = 0.8 * LEVELS * (1 - LEVELS) + 0.02 * LEVELS  # largest at 0.6
    summaries = [dose_response(LEVELS, responses(np.random.default_rng(s), peaked), MARGIN) for s in range(100)]
    assert sum(d.peak == pytest.approx(0.6) and d.peaked.value > 0.95 for d in summaries) >= 95
    assert all(d.peak_interval == pytest.approx((0.6, 0.6)) for d in summaries)
    rising = dose_response(LEVELS, responses(np.random.default_rng(0), 0.2 * LEVELS), MARGIN)
    assert rising.rising.value > 0.95 and rising.peaked.value == 0 and rising.falling.value == 0


def test_the_level_at_which_a_claim_first_holds_lies_in_its_interval():
    """An effect of 0.2 x dose + N(0, 0.02) passes 0.05 in 90 % of the runs at dose (0.05 + 1.2816 * 0.02) / 0.2."""
    levels, truth = np.linspace(0, 1, 21), (MARGIN + 1.281552 * 0.02) / 0.2

    def judge(rng):
        found = dose_response(levels, 0.2 * levels + rng.normal(0, 0.02, (300, 1)), MARGIN)
        low, high = found.first_interval
        return low <= truth <= high and abs(found.first - truth) < 0.06

    assert right_in(judge) >= 90


def test_a_claim_that_never_holds_has_no_first_level():
    found = dose_response(LEVELS, responses(np.random.default_rng(0), 0 * LEVELS), MARGIN)
    assert found.first is None and found.first_interval == (None, None)
    assert dose_response(LEVELS, np.ones((50, 6)), MARGIN).first == 0.0


def test_doses_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        dose_response([0, 0.5, 0.5], np.ones((5, 3)), MARGIN)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)]
)
def test_wilson_intervals_are_those_of_newcombe_1998(k, n, low, high):
    interval = wilson(k, n)
    assert interval.low == pytest.approx(low, abs=6e-5) and interval.high == pytest.approx(high, abs=6e-5)


@given(st.integers(1, 500), st.data())
def test_an_interval_holds_its_share_and_mirrors(n, data):
    k = data.draw(st.integers(0, n))
    here, mirrored = wilson(k, n), wilson(n - k, n)
    assert 0 <= here.low <= here.value <= here.high <= 1
    assert here.low == pytest.approx(1 - mirrored.high, abs=1e-9)


def test_wilson_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9):
        covered = [(p.low <= share <= p.high) for p in (wilson(k, 200) for k in rng.binomial(200, share, 2000))]
        assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("p", "word"),
    [
        (0.01, "almost no chance"),
        (0.1, "very unlikely"),
        (0.3, "unlikely"),
        (0.5, "roughly even chance"),
        (0.7, "likely"),
        (0.9, "very likely"),
        (0.97, "almost certain"),
        (1.0, "almost certain"),
    ],
)
def test_words_of_estimative_probability(p, word):
    assert verdicts.words(p) == word


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.floats(0, 0.3))
@settings(max_examples=300)
def test_a_claim_of_decrease_is_a_claim_of_increase_in_the_mirror(values, margin):
    up, down = verdict(np.array(values), margin, "increase"), verdict(-np.array(values), margin, "decrease")
    assert (up.outcome, up.support, up.refutation) == (down.outcome, down.support, down.refutation)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.floats(0.001, 0.3))
def test_an_order_of_runs_does_not_matter_and_no_claim_is_both_held_and_denied(values, margin):
    judged = verdict(np.array(values), margin)
    assert judged.outcome == verdict(np.array(values[::-1]), margin).outcome
    assert judged.support.value + judged.refutation.value <= 1 + 1e-12
    assert judged.contradiction.value <= judged.refutation.value


def test_runs_without_a_number_are_left_out_and_counted():
    values = np.r_[np.full(95, 0.1), np.full(5, np.nan)]
    judged = verdict(values, MARGIN, rel=np.r_[np.nan, np.ones(99)])
    assert (judged.n, judged.dropped, judged.outcome) == (94, 6, "supported")


def test_without_anything_observable_a_claim_is_not_testable():
    for nothing in (None, np.array([]), np.full(3, np.nan)):
        judged = verdict(nothing, MARGIN)
        assert judged.outcome == "not testable" and judged.n == 0 and decided(judged)
    assert "Nothing" in verdicts.sentence(verdict(None, MARGIN), "a summit", "their alignment")


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="expect"):
        verdict(np.ones(5), MARGIN, "more")
    with pytest.raises(ValueError, match="margin"):
        verdict(np.ones(5), -0.1)
    with pytest.raises(ValueError, match="runs, levels"):
        verdict(np.ones(5), MARGIN, "rising")
    with pytest.raises(ValueError, match="rel"):
        verdict(np.ones(5), MARGIN, rel=np.ones(4))


def test_a_verdict_is_decided_when_its_interval_clears_the_level():
    few = verdict(np.r_[np.full(28, 0.1), np.full(2, 0.0)], MARGIN)  # 93 % of 30
    many = verdict(np.r_[np.full(1860, 0.1), np.full(140, 0.0)], MARGIN)  # 93 % of 2000
    assert few.outcome == many.outcome == "supported"
    assert not decided(few) and decided(many) and many.decided
    assert more_runs(many) == 0


@given(st.integers(20, 400), st.data())
@settings(max_examples=200)
def test_the_runs_said_to_be_missing_are_just_enough(n, data):
    k = data.draw(st.integers(0, n))
    judged = verdict(np.r_[np.full(k, 0.1), np.full(n - k, 0.0)], MARGIN)
    missing = more_runs(judged)
    if missing is None:
        assert verdicts.LEVEL in (judged.support.value, judged.refutation.value)
    elif missing == 0:
        assert decided(judged)
    else:
        scale = (n + missing + 1) / n

        def at(factor):
            grown = (wilson(p.value * n * factor, round(n * factor, 9)) for p in (judged.support, judged.refutation))
            support, refutation = grown
            return decided(replace(judged, support=support, refutation=refutation))

        assert not decided(judged) and at(scale)


def test_each_of_several_looks_needs_more_confidence_than_a_single_one():
    assert verdicts.confidence_per_look(1) == pytest.approx(0.95)
    assert verdicts.confidence_per_look(10) == pytest.approx(0.995)


def test_stopping_when_decided_rarely_stops_on_the_wrong_side():
    """The truth, P = 0.87, is inconclusive; ten looks at growing data must seldom end in a decided support."""
    looks = [100 * k for k in range(1, 11)]
    confidence = verdicts.confidence_per_look(len(looks))

    def fooled(rng):
        values = np.where(rng.random(looks[-1]) < 0.87, 0.1, 0.0)
        for n in looks:
            judged = verdict(values[:n], MARGIN, confidence=confidence)
            if decided(judged):
                return judged.outcome == "supported"
        return False

    assert right_in(fooled, 200) <= 10


def family(share: float, n: int = 1000, expect: str = "increase") -> verdicts.Verdict:
    k = round(share * n)
    return verdict(np.r_[np.full(k, 0.1), np.full(n - k, -0.1)], MARGIN, expect)


def test_until_there_is_a_posterior_the_signed_verdict_stands_as_theory():
    overall = combine({"signed": family(0.95), "sceptical": family(0.5)})
    assert (overall.outcome, overall.label) == ("supported", "theory, not evidence")
    assert overall.control.startswith("no sign is built in")


def test_the_sceptical_control_exposes_a_built_in_answer():
    overall = combine({"signed": family(0.95), "sceptical": family(0.8)})
    assert overall.control.startswith("an answer is built in")
    assert combine({"sceptical": family(0.95)}).label == "control only, decides nothing"


def test_both_posteriors_must_agree_and_have_learnt_something():
    prior = {"signed": family(0.6), "sceptical": family(0.5)}
    agreed = combine({**prior, "calibrated-signed": family(0.95), "calibrated-sceptical": family(0.93)})
    assert (agreed.outcome, agreed.label) == ("supported", "calibrated")
    assert agreed.odds == pytest.approx((0.95 / 0.05) / (0.6 / 0.4), rel=0.02)  # smaller than 0.93 over 0.5
    split = combine({**prior, "calibrated-signed": family(0.95), "calibrated-sceptical": family(0.6)})
    assert (split.outcome, split.label) == ("inconclusive", "the two posteriors disagree")
    assumed = combine(
        {
            "signed": family(0.93),
            "sceptical": family(0.5),
            "calibrated-signed": family(0.95),
            "calibrated-sceptical": family(0.95),
        }
    )
    assert (assumed.outcome, assumed.label) == ("supported", "model assumption, not evidence")
    assert assumed.odds < verdicts.ODDS_OF_EVIDENCE


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="families"):
        combine({"hopeful": family(0.9)})


def test_a_sentence_speaks_of_the_model_and_never_of_evidence_that_x_will():
    text = verdicts.sentence(
        family(0.95), "isolating both for 60 months", "their alignment", before=wilson(60, 100), skill=0.04
    )
    assert "raises their alignment by more than 0.05 with probability 0.95 (before data: 0.60)" in text
    assert "statement about the model" in text and "was 0.04" in text and "evidence" not in text


def test_what_verdicts_say_of_the_past_is_what_the_committed_hindcast_found():
    with (ROOT / "results" / "hindcast" / "scores.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["score"] == "crps skill" and row["group"] == "all pairs"]
    skill = {(row["outcome"], row["horizon"], row["forecaster"]): float(row["value"]) for row in rows}
    votes = [key[:2] for key in skill if key[0] in ("agreement", "distance") and key[2] == "consent, calibrated"]
    added = [skill[*key, "consent, calibrated"] - skill[*key, "no mechanisms"] for key in votes]
    assert len(added) == 6
    assert (max(map(abs, added)) < 0.005) == ("added nothing" in verdicts.RECORD)
