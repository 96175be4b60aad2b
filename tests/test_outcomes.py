"""What claims measure: every outcome of the grammar, read off months whose answer is known by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import small_judging as small
from alignsim.errors import InvalidInput
from alignsim.plan.plan import Watched
from alignsim.plan.resolution import resolve
from alignsim.results.measures import OTHER_TIES, camps, measured, third_partners
from alignsim.scenario.outcomes import MEASURES, RANGES, parse_outcome
from alignsim.study.contrasts import simulate, watching
from alignsim.study.outcomes import in_words, over_window, refuse_what_cannot_be_measured, unmeasurable, watched

TWO_CAMPS = np.array([1, 1, -1, -1, 1, -1])


def month(**fields):
    """A month's condition for two runs and six states; the second run is the first with everything halved."""
    return SimpleNamespace(**{name: np.stack([x, x / 2]) for name, x in fields.items()})


def test_alignment_of_groups_is_the_mean_over_their_pairs_without_a_state_and_itself():
    tie = np.arange(36.0).reshape(6, 6)
    now = month(alignment=tie)
    assert measured(now, Watched("alignment", (0,), (1,)), 1, None).tolist() == [1.0, 0.5]
    assert measured(now, Watched("alignment", (0, 1), (1, 2)), 1, None)[0] == np.mean([1, 2, 8])


def test_a_tie_rank_is_the_share_of_other_ties_that_are_closer_and_equals_count_half():
    tie = np.zeros((6, 6))
    tie[0, 1:] = [0.4, 0.9, 0.4, 0.1, -0.2]  # of state 0: one other is closer than 1, one as close, two are farther
    tie[1, [0, 2, 3, 4, 5]] = [-0.5, 0.1, 0.2, 0.3, 0.4]  # of state 1: all are closer than 0
    tie[np.diag_indices(6)] = 1.0  # what stands between a state and itself is no tie
    now = month(alignment=tie)
    assert measured(now, Watched("tie rank", (0,), (1,)), 1, None).tolist() == [1.5 / 4, 1.5 / 4]
    assert measured(now, Watched("tie rank", (0,), (2,)), 1, None)[0] == 0.0
    assert measured(now, Watched("tie rank", (1,), (0,)), 1, None)[0] == 1.0
    assert measured(now, Watched("tie rank", (0, 1), (0, 1)), 1, None)[0] == (1.5 / 4 + 1.0) / 2


def test_a_rank_among_two_states_is_refused_with_the_way_out():
    outcome = parse_outcome("tie rank of IRN with RUS at 2025-01")
    alone = SimpleNamespace(states=("IRN", "RUS"))
    assert "it takes a third" in unmeasurable(outcome, Watched("tie rank", (0,), (1,)), alone)
    three = SimpleNamespace(states=("IRN", "RUS", "USA"))
    assert unmeasurable(outcome, Watched("tie rank", (0,), (1,)), three) == ""


def test_trade_dependence_adds_partners_and_averages_members():
    share = np.zeros((6, 6))
    share[0, 2], share[0, 3], share[1, 2] = 0.2, 0.1, 0.5
    assert measured(month(trade_share=share), Watched("trade dependence", (0, 1), (2, 3)), 1, None)[0] == 0.4


def test_arms_flow_from_supplier_to_recipient_is_a_sum():
    sent = np.zeros((6, 6))
    sent[0, 2], sent[2, 0], sent[1, 2] = 3.0, 7.0, 2.0
    assert measured(month(deliveries=sent), Watched("arms flow", (0, 1), (2,)), 1, None)[0] == 5.0


def test_two_camps_are_found_and_membership_and_polarisation_follow():
    now = month(alignment=0.6 * np.outer(TWO_CAMPS, TWO_CAMPS) * ~np.eye(6, dtype=bool))
    assert (camps(now.alignment) == TWO_CAMPS).all()
    assert measured(now, Watched("bloc membership", (0,), (1, 2)), 1, None).tolist() == [0.5, 0.5]
    assert measured(now, Watched("polarisation"), 1, None) == pytest.approx([0.6, 0.3])


def test_a_world_of_friends_is_not_polarised():
    now = month(alignment=0.5 * (np.ones((6, 6)) - np.eye(6)))
    assert measured(now, Watched("polarisation"), 1, None).tolist() == [0.0, 0.0]


def test_pressure_is_isolation_less_what_is_evaded():
    batch = SimpleNamespace(
        eve=SimpleNamespace(parameters=SimpleNamespace(evasion=SimpleNamespace(ceiling=np.full((2, 1, 1), 0.5))))
    )
    now = month(isolation=np.full(6, 0.8), know_how=np.full(6, 1.0))
    assert measured(now, Watched("sanctions pressure", (3,)), 1, batch) == pytest.approx([0.4, 0.4 * 0.75])


def test_a_costly_measure_is_worked_out_only_in_the_months_that_count():
    now = month(alignment=np.zeros((6, 6)))
    assert np.isnan(measured(now, Watched("polarisation", months=frozenset({2})), 1, None)).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_every_outcome_of_the_grammar_is_watched_and_measured_in_a_run(measure):
    tail = {(): "", ("state",): " of IRN", ("state", "issue"): " of IRN on syria"}.get(
        MEASURES[measure], " of IRN with RUS"
    )
    text = f"{measure}{tail} over 2025-09..2026-09"
    plan = resolve(small.scenario(runs=2), small.world())
    outcome = parse_outcome(text)
    plan = replace(plan, watched=watched(outcome, plan))
    of = simulate(plan, np.arange(2))
    values = over_window(of.series("isolation", 0), outcome, plan)
    assert values.shape == (2,) and np.isfinite(values).all()
    low, high = RANGES[measure]
    assert ((values >= low) & (values <= high)).all()
    assert measure.split()[-1] in in_words(outcome, {"IRN": "Iran", "RUS": "Russia"})


def test_a_month_and_a_window_count_the_months_they_name():
    plan = resolve(small.scenario(), small.world())
    series = np.arange(25.0)  # the eve is September 2024
    assert over_window(series, parse_outcome("isolation of IRN at 2024-10"), plan) == 1
    assert over_window(series, parse_outcome("isolation of IRN over 2024-10..2025-09"), plan) == np.mean(range(1, 13))


def test_third_partners_are_those_who_sanction_neither_member_in_any_branch():
    plan = resolve(small.scenario(), small.world())
    iran, russia, china, turkey = (plan.states.index(code) for code in ("IRN", "RUS", "CHN", "TUR"))
    assert set(third_partners((iran, russia), plan)) == {china, turkey}
    kept = watched(parse_outcome("alignment of IRN with RUS at 2026-09"), plan)
    assert kept[1] == Watched(OTHER_TIES, (iran, russia), tuple(sorted((china, turkey))))


def test_what_is_watched_does_not_depend_on_the_chunks():
    plan = watching(resolve(small.scenario(runs=5), small.world()), small.scenario().scenario.claims)
    whole = simulate(plan, np.arange(5))
    alone = simulate(plan, np.array([3]))
    for branch in plan.branches:
        assert whole.branches[branch]["watched"][3].tobytes() == alone.branches[branch]["watched"][0].tobytes()


def test_a_claim_that_leaves_nobody_to_measure_is_refused_with_its_place():
    claims = """
  - {id: self, says: x, outcome: alignment of IRN with persia at 2026-09, contrast: isolation against baseline,
     expect: increase}
"""
    document = small.scenario(claims)
    document = replace(document, scenario=document.scenario.model_copy(update={"groups": {"persia": ("IRN",)}}))
    with pytest.raises(InvalidInput, match=r"claims\[0\].outcome: leaves no pair") as refused:
        plan = resolve(small.scenario(), small.world())
        plan.about["groups"]["persia"] = ["IRN"]
        refuse_what_cannot_be_measured(document, plan)
    assert refused.value.problems[0].line > 0
