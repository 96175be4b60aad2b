"""Each mechanism alone: its sign, its limits, and what it must not do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given as for_all

from alignsim.arrays import Drivers
from alignsim.kernel import no_drivers
from alignsim.mechanisms import (
    armament,
    arms,
    arms_revenue,
    capacity,
    common_interests,
    consent,
    cross_pressure,
    dependence,
    diplomacy,
    evasion,
    oil_rivalry,
    positions,
    sanctions,
    secondary_sanctions,
    shared_friends,
    shared_threat,
    solidarity,
    stigma,
    substitution,
    trade,
    trust,
    wedge,
)
from alignsim.mechanisms.registry import MOTIVES
from worlds import PROPERTY, SEEDS, SIZES, case, given, matrix, one_scene, params

N = 4


def felt(module: Any, scene: Any, **values: float) -> np.ndarray:
    """The motive of one run, (N, N)."""
    return np.broadcast_to(module.motive(scene, params(module, **values)), (1, N, N))[0]


def drivers(**changes: Any) -> Drivers:
    """One month of four states and three issues; matrices by `matrix`."""
    return Drivers(**(no_drivers(N, 3) | {"salience": np.ones((1, 3))} | changes))


def mutual(**entries: float) -> np.ndarray:
    x = matrix(N, **entries)
    return x + x.swapaxes(1, 2)


# --- all motives ------------------------------------------------------------------------------------------------


@PROPERTY
@for_all(SEEDS, SIZES)
def test_a_motive_is_bounded_by_its_weight_whatever_happens(seed: int, n: int):
    busy = case(n, seed, months=3)
    for now in busy.run(explain=lambda month: True):
        for name, moved in now.contributions.items():
            assert (np.abs(moved) <= np.abs(busy.values[f"{name}.weight"]) + 1e-15).all()


@PROPERTY
@for_all(SEEDS, SIZES)
def test_desires_are_the_eves_tie_less_estrangement_plus_every_motive(seed: int, n: int):
    busy = case(n, seed, months=4, sanctions__hostility=0.0)
    first, *later = busy.run(explain=lambda month: True)
    others = ~np.eye(n, dtype=bool)
    for now in later:
        total = first.z + sum(now.contributions.values())
        assert np.abs(total - now.desire)[:, others].max() < 1e-13


@pytest.mark.parametrize("name", MOTIVES)
def test_a_motive_of_weight_zero_is_as_good_as_not_computed(name: str):
    from worlds import Case, simulate
    from worlds import consent as theory

    busy: Case = case(5, seed=3, **{f"{name}__weight": 0.0})
    left_out = theory.prepare(busy.world, theory.parameters(busy.values), frozenset({name}))
    without = list(simulate(theory, left_out, busy.timeline, busy.shocks, lambda month: False))
    assert np.abs(busy.run()[-1].z - without[-1].z).max() < 1e-15


def test_a_motive_reads_its_scene_and_leaves_it_as_it_was():
    rng = np.random.default_rng(1)
    scene = one_scene(
        friends=mutual(_01=0.5, _23=0.3), foes=mutual(_02=0.4), stream=rng.random((1, N, N)),
        isolation=rng.random((1, N)), know_how=rng.random((1, N)),
        position=rng.random((1, N, 3)), accusers=rng.random((1, N, N)),
    )  # fmt: skip
    before = {name: np.copy(x) for name, x in vars(scene).items() if isinstance(x, np.ndarray)}
    for module in MOTIVES.values():
        module.motive(scene, params(module))
    for name, x in before.items():
        assert np.array_equal(x, getattr(scene, name)), name


# --- views ------------------------------------------------------------------------------------------------------


def test_common_interests_fall_with_distance_and_vanish_at_indifference():
    position = np.zeros((1, N, 3))
    position[0, 1] = 0.6
    position[0, 2] = 1.0
    close = felt(common_interests, one_scene(position=position), indifference=0.6)
    assert close[0, 3] == pytest.approx(0.6)  # of one mind on all issues
    assert close[0, 1] == pytest.approx(0.0)
    assert close[0, 2] == pytest.approx(-0.4)
    assert np.array_equal(close, close.T)


def test_an_issue_that_dies_takes_only_its_own_contribution():
    position = np.zeros((1, N, 3))
    position[0, 1] = [0.9, 0.1, 0.3]

    def closeness(*salience: float) -> float:
        importance = common_interests.importance(np.array([salience]), np.ones((N, 3)))
        return felt(common_interests, one_scene(position=position, importance=importance))[0, 1]

    assert closeness(1, 1, 1) == pytest.approx(closeness(1, 0, 0) + closeness(0, 1, 0) + closeness(0, 0, 1))
    assert closeness(0, 1, 1) - closeness(1, 1, 1) == pytest.approx((0.9 - 0.6) / 3)


def test_an_issue_counts_only_where_both_attend_to_it():
    attention = np.array([[1.0, 0.0], [0.25, 1.0], [1.0, 1.0]])
    counts = common_interests.importance(np.array([[0.8, 0.5]]), attention)  # (D, 1, N, N)
    assert counts[0, 0, 0, 1] == pytest.approx(0.8 * np.sqrt(0.25) / 2)
    assert counts[1, 0, 0, 1] == 0.0
    assert counts[1, 0, 1, 2] == pytest.approx(0.5 / 2)


def test_positions_do_not_pass_their_ends_nor_does_noise_push_there():
    ends = np.array([[[1.0, -1.0], [0.0, 0.0]]])
    p = params(positions, noise=0.5, pull=0.0, defiance=0.1)
    nothing, loud = np.zeros((1, 2, 2)), np.full((1, 2, 2), 3.0)
    moved = positions.update(ends, ends, nothing, np.full((1, 2), 0.5), np.ones((1, 2, 2)), loud, p)
    assert np.array_equal(moved[0, 0], [1.0, -1.0])
    assert np.abs(moved).max() <= 1.0
    assert moved[0, 1, 1] == pytest.approx(0.5 * 3.0 / np.sqrt(12))


def test_defiance_leads_away_from_accusers_on_the_first_issue_only_and_appeasement_toward_them():
    view = np.array([[[0.5, 0.5], [0.0, 0.0]]])
    accused, still = matrix(2, _01=0.6), np.zeros((1, 2, 2))

    def after(defiance: float) -> np.ndarray:
        p = params(positions, defiance=defiance, pull=0.0)
        return positions.update(view, view, still, np.full((1, 2), 0.5), accused, still, p)[0]

    assert after(0.1)[1, 0] == pytest.approx(-0.1 * 0.6 * 0.5)
    assert after(-0.1)[1, 0] == pytest.approx(0.1 * 0.6 * 0.5)
    assert np.array_equal(after(0.1)[0], view[0, 0])  # the accuser
    assert after(0.1)[1, 1] == 0.0  # the other issue


def test_innate_views_make_the_eve_stand_still():
    rng = np.random.default_rng(1)
    view, friends, share = rng.uniform(-1, 1, (2, N, 3)), rng.random((2, N, N)), rng.random((2, N))
    p, still = params(positions, pull=0.3, stubbornness=0.4), np.zeros((2, N, 3))
    own = positions.innate(view, friends, share, p)
    moved = positions.update(view, own, friends, share, np.zeros((1, N, N)), still, p)
    assert np.abs(moved - view).max() < 1e-15


# --- friends and foes -------------------------------------------------------------------------------------------


def test_friends_in_common_count_by_their_size():
    share = np.array([[0.1, 0.1, 0.5, 0.3]])
    bond = felt(shared_friends, one_scene(friends=mutual(_02=0.8, _12=0.5), share=share))
    assert bond[0, 1] == bond[1, 0] == pytest.approx(0.5 * 0.8 * 0.5)
    assert bond[0, 3] == 0.0
    assert felt(shared_friends, one_scene(foes=mutual(_02=0.8, _12=0.5))).max() == 0.0


def test_a_foe_of_a_friend_divides_and_so_does_a_friend_of_a_foe():
    share = np.array([[0.1, 0.1, 0.5, 0.3]])

    def strain(friends: np.ndarray, foes: np.ndarray) -> np.ndarray:
        friction = cross_pressure.friction(friends, foes, share)
        return felt(cross_pressure, one_scene(friction=friction))

    divided = strain(mutual(_02=0.8), mutual(_12=0.5))
    assert divided[0, 1] == divided[1, 0] == pytest.approx(-0.8 * 0.5 * 0.5)
    assert strain(mutual(_02=0.8, _12=0.5), matrix(N)).any() == np.False_
    assert strain(matrix(N), mutual(_02=0.8, _12=0.5)).any() == np.False_


def test_friction_is_of_friends_of_the_first_that_are_foes_of_the_second():
    share = np.array([[0.1, 0.1, 0.5, 0.3]])
    friction = cross_pressure.friction(matrix(N, _02=0.8), matrix(N, _21=0.5), share)
    assert friction[0, 0, 1] == pytest.approx(0.8 * 0.5 * 0.5)
    assert friction[0, 1, 0] == 0.0


def test_a_threat_unites_only_those_whom_it_threatens():
    foes = mutual(_02=0.8, _12=0.8)
    united = felt(shared_threat, one_scene(foes=foes))
    assert united[0, 1] == united[1, 0] > 0.0
    assert united[0, 3] == 0.0
    assert felt(shared_threat, one_scene(friends=foes)).max() == 0.0


def test_threat_grows_with_size_nearness_and_hostility():
    foes = mutual(_02=0.5, _12=0.5)

    def unity(**changes: Any) -> float:
        return felt(shared_threat, one_scene(foes=foes, **changes))[0, 1]

    large = np.array([[0.1, 0.1, 0.7, 0.1]])
    flat = one_scene().given
    far = replace(flat, proximity=np.full((N, N), 0.3))
    hostile = drivers(hostility=mutual(_02=0.9))
    assert unity(share=large) > unity() > unity(given=far) > 0.0
    assert unity(drivers=hostile) > unity()


def test_alarm_is_the_square_of_a_small_threat_and_the_threat_itself_when_large():
    """t/sqrt(t + k): of one threat to both, t^2/k in the small and t in the large."""

    def unity(t: float) -> float:
        return felt(shared_threat, one_scene(drivers=drivers(hostility=mutual(_02=t, _12=t))), threshold=0.1)[0, 1]

    assert unity(1e-4) == pytest.approx(1e-8 / 0.1, rel=2e-3)
    assert unity(1e4) == pytest.approx(1e4, rel=1e-4)
    assert unity(0.0) == 0.0


# --- trade ------------------------------------------------------------------------------------------------------


def shares(*of_first: float) -> np.ndarray:
    both = np.full((1, N, N), 1.0 / (N - 1))
    both[0, 0, 1:] = of_first
    both[0, np.arange(N), np.arange(N)] = 0.0
    return both


def test_dependence_is_of_a_partners_share_and_leverage_of_ones_own_in_its_trade():
    def wants(leverage: float, *of_first: float) -> np.ndarray:
        return felt(dependence, one_scene(trade_share=shares(*of_first)), leverage=leverage)

    assert wants(0.0, 0.6, 0.2, 0.2)[0, 1] == pytest.approx(np.log(0.62))
    assert wants(0.5, 0.6, 0.2, 0.2)[1, 0] == pytest.approx(np.log(1 / 3 + 0.02) + 0.5 * np.log(0.62))
    assert wants(0.0, 0.6, 0.2, 0.2)[1, 0] == wants(0.0, 0.2, 0.2, 0.6)[1, 0]
    assert np.isfinite(wants(1.0, 0.0, 0.5, 0.5)).all()  # no trade at all


def test_barriers_fear_and_cost_cut_trade_and_alignment_lifts_it():
    p = params(trade, alignment_pull=0.3)
    zero = matrix(N)

    def change(**given_: np.ndarray) -> float:
        inputs = {name: zero.copy() for name in ("barrier", "fear", "alignment", "cost")} | given_
        return trade.log_change(**inputs, chill=np.full((1, 1, 1), 0.4), bite=np.full((1, 1, 1), 1.43), p=p)[0, 0, 1]

    assert change(barrier=mutual(_01=0.5)) == pytest.approx(-0.715)
    assert change(fear=matrix(N, _01=0.5)) == change(fear=matrix(N, _10=0.5)) == pytest.approx(-0.1)
    assert change(alignment=mutual(_01=0.5)) == pytest.approx(0.15)
    assert change(cost=mutual(_01=0.2)) == pytest.approx(-0.2)


def test_a_full_embargo_cuts_trade_by_76_percent_before_it_finds_other_ways():
    assert 1 - np.exp(-params(sanctions).bite[0, 0, 0]) == pytest.approx(0.76, abs=0.005)


def test_trade_shares_leave_out_home_and_count_both_directions():
    flows = np.array([[[9.0, 1.0, 0.0], [2.0, 9.0, 3.0], [4.0, 0.0, 9.0]]])
    assert trade.external_share(flows)[0, 0] == pytest.approx([0, 3 / 7, 4 / 7])
    assert trade.home_share(flows)[0] == pytest.approx([9 / 15, 9 / 10, 9 / 12])


def test_output_falls_with_the_home_shares_rise():
    loss = capacity.loss(np.array([[0.9, 0.5]]), np.array([[0.8, 0.5]]), np.full((1, 1, 1), 5.0))
    assert loss[0] == pytest.approx([np.log(0.9 / 0.8) / 5, 0.0])
    assert np.array_equal(
        capacity.output(np.array([-9.0, 9.0, -0.1]), np.array([0.0, 0.0, -0.2])), [-1.5, 1.0, -0.1 - 0.2]
    )


def test_a_partners_decline_lowers_what_is_wanted_of_it_not_what_it_wants():
    wants = felt(capacity, one_scene(output=np.array([[0.0, -0.3, 0.0, 0.0]])))
    assert wants[0, 1] == wants[2, 1] == -0.3
    assert wants[1, 0] == 0.0


def test_oil_sellers_compete_in_the_measure_of_the_buyers_they_share():
    flat = replace(one_scene().given, exporters=np.array([0, 2]), importers=np.array([1, 3]))
    apart = felt(oil_rivalry, one_scene(given=flat, oil=np.array([[[1.0, 0.0], [0.0, 2.0]]])))
    assert not apart.any()
    oil = np.array([[[1.0, 0.0], [3.0, 1.0]]])
    rivals = felt(oil_rivalry, one_scene(given=flat, oil=oil))
    assert rivals[0, 2] == pytest.approx(-3 / 4)  # all of 0's oil goes where 2 holds three quarters
    assert rivals[2, 0] == pytest.approx(-3 / 4 * 1 / 4)
    assert not rivals[[1, 3]].any()  # those who sell none
    assert not rivals[:, [1, 3]].any()


# --- sanctions --------------------------------------------------------------------------------------------------


def test_material_sanctions_weigh_trade_and_finance():
    month = drivers(sanction_trade=matrix(N, _01=1.0), sanction_financial=matrix(N, _21=1.0, _01=0.5))
    material = sanctions.material(month, params(sanctions, trade_weight=0.6))
    assert material[0, 0, 1] == pytest.approx(0.6 + 0.4 * 0.5)
    assert material[0, 2, 1] == pytest.approx(0.4)
    assert material[0, 1, 0] == 0.0


def test_a_target_that_evades_feels_less_and_its_sender_no_less():
    hit = sanctions.felt(matrix(N, _01=1.0, _10=1.0), np.array([[0.0, 0.5, 0.0, 0.0]]), np.full((1, 1, 1), 0.4))
    assert hit[0, 0, 1] == pytest.approx(0.8)
    assert hit[0, 1, 0] == 1.0


def test_a_state_that_evades_everything_feels_nothing():
    hit = sanctions.felt(np.ones((1, N, N)), np.ones((1, N)), np.ones((1, 1, 1)))
    assert not hit.any()


def test_the_heavier_direction_is_the_barrier_of_both():
    barrier = sanctions.barrier(matrix(N, _01=0.3, _10=0.7))
    assert barrier[0, 0, 1] == barrier[0, 1, 0] == 0.7


def test_isolation_adds_up_senders_and_stops_at_one():
    weight = np.array([0.5, 0.3, 0.4, 0.0])
    assert sanctions.isolation(matrix(N, _01=1.0, _21=0.5, _31=1.0), weight)[0] == pytest.approx([0, 0.7, 0, 0])
    assert sanctions.isolation(np.ones((1, N, N)), weight)[0] == pytest.approx(1.0)


def test_material_sanctions_condemn_too():
    month = drivers(sanction_symbolic=matrix(N, _01=0.3, _10=0.9))
    condemned = sanctions.condemnation(matrix(N, _01=0.6, _10=0.6), month)
    assert condemned[0, 0, 1] == 0.6
    assert condemned[0, 1, 0] == 0.9


def test_estrangement_is_mutual_and_measured_by_the_target():
    p = params(sanctions)
    p.hostility = np.array([[[0.5], [2.0], [0.0], [0.0]]])
    apart = sanctions.estrangement(matrix(N, _01=0.3), p)  # state 0 condemns state 1
    assert apart[0, 0, 1] == apart[0, 1, 0] == pytest.approx(0.6)
    assert np.count_nonzero(apart) == 2


def test_only_the_smaller_can_be_made_to_fear():
    share = np.array([[0.5, 0.1, 0.2, 0.2]])
    trade_share = np.full((1, N, N), 1 / 3)
    enforced = matrix(N, _03=1.0)  # state 0 against those who deal with 3
    fear = secondary_sanctions.fear(enforced, trade_share, share, slice(None))[0]
    assert fear[1, 3] == pytest.approx((0.5 - 0.1) / 0.6 / 3)
    assert fear[1, 3] > fear[2, 3] > 0.0
    assert not fear[:, :3].any()
    weak = secondary_sanctions.fear(matrix(N, _13=1.0), trade_share, share, slice(None))[0]
    assert not weak.any()  # nobody is smaller than state 1


def test_exposure_is_the_trade_at_stake_whoever_is_stronger():
    share, trade_share = np.array([[0.1, 0.5, 0.2, 0.2]]), np.full((1, N, N), 1 / 3)
    enforced = matrix(N, _03=0.5)
    exposure = secondary_sanctions.exposure(enforced, trade_share, slice(None))[0]
    assert exposure[1, 3] == exposure[2, 3] == pytest.approx(0.5 / 3)
    assert np.count_nonzero(exposure) == 3
    assert (secondary_sanctions.fear(enforced, trade_share, share, slice(None))[0] <= exposure).all()


def test_a_state_with_no_trade_with_the_enforcer_fears_nothing():
    share, trade_share = np.array([[0.7, 0.1, 0.1, 0.1]]), np.full((1, N, N), 0.4)
    trade_share[0, 1, 0] = 0.0
    fear = secondary_sanctions.fear(matrix(N, _03=1.0), trade_share, share, slice(None))[0]
    assert fear[1, 3] == 0.0 < fear[2, 3]


def test_naming_the_enforcers_changes_no_fear():
    rng = np.random.default_rng(2)
    enforced = matrix(N, _03=1.0, _21=0.4)
    arguments = enforced, rng.random((3, N, N)), rng.dirichlet(np.ones(N), 3)
    whole = secondary_sanctions.fear(*arguments, slice(None))
    assert whole.any()
    assert secondary_sanctions.fear(*arguments, np.array([0, 2])) == pytest.approx(whole, abs=1e-16)


def test_fear_lowers_what_is_wanted_of_the_target():
    assert felt(secondary_sanctions, one_scene(fear=matrix(N, _13=0.2)))[1, 3] == -0.2


def test_stigma_is_paid_for_friends_among_the_accusers_and_a_little_by_all():
    scene = one_scene(friends=mutual(_02=0.8), accusers=matrix(N, _21=0.5))
    cost = felt(stigma, scene, diffuse=0.1)
    assert cost[0, 1] == pytest.approx(-(0.8 + 0.1) * 0.5)
    assert cost[3, 1] == pytest.approx(-0.1 * 0.5)
    assert cost[2, 1] == 0.0  # the accuser does not stigmatise itself
    assert not cost[:, [0, 2, 3]].any()


def test_an_isolated_state_seeks_those_who_know_more_and_others_seek_nobody():
    scene = one_scene(know_how=np.array([[0.2, 0.7, 0.1, 0.0]]), isolation=np.array([[0.5, 0.5, 0.0, 0.0]]))
    seeks = felt(evasion, scene)
    assert seeks[0, 1] == pytest.approx(0.5 * 0.5)
    assert seeks[1, 0] == seeks[0, 2] == 0.0
    assert not seeks[2:].any()


def test_only_the_isolated_learn_and_all_forget():
    know_how = np.array([[0.2, 0.7, 0.0, 0.4]])
    p = params(evasion, learning=0.1, diffusion=0.2, forgetting=0.05)
    change = evasion.change(know_how, np.array([[0.5, 0.0, 0.0, 0.0]]), mutual(_01=0.6), shares(0.25, 0.5, 0.25), p)[0]
    assert change[0] == pytest.approx(0.1 * 0.5 * 0.8 + 0.2 * 0.5 * (0.5 * 0.6 * 0.5) - 0.05 * 0.2)
    assert change[1:] == pytest.approx(-0.05 * know_how[0, 1:])


# --- arms -------------------------------------------------------------------------------------------------------


def test_arms_received_count_by_the_need_they_meet():
    stream = matrix(N, _10=2.0)  # state 1 delivers to state 0
    need = np.array([[1.0, 1.0, 1.0, 1.0]])
    worth = felt(armament, one_scene(stream=stream, need=need))
    assert worth[0, 1] == pytest.approx(2.0 / (2.0 + 1.0 + 0.5))
    assert worth[1, 0] == 0.0
    assert felt(armament, one_scene(stream=stream, need=9 * need))[0, 1] < worth[0, 1]


def test_arms_sold_count_by_the_capacity_they_take():
    worth = felt(arms_revenue, one_scene(stream=matrix(N, _10=2.0), capacity=np.array([[1.0, 6.0, 1.0, 1.0]])))
    assert worth[1, 0] == pytest.approx(2.0 / 8.0)
    assert worth[0, 1] == 0.0


def test_capacity_to_export_follows_output_and_arsenals_and_shrinks_with_war_to_a_floor():
    p = params(arms, war_drain=0.8)
    month = drivers(war=np.array([[0.0, 0.5, 1.0, 0.0]]), arsenal=np.array([[1.0, 1.0, 1.0, 0.5]]))
    supply = arms.export_capacity(np.full((1, N), 10.0), month, np.array([[0.0, 0.0, 0.0, -0.2]]), p)[0]
    assert supply == pytest.approx([10.0, 6.0, 2.0, 5.0 * np.exp(-0.2)])
    drained = arms.export_capacity(np.full((1, N), 10.0), month, np.zeros((1, N)), params(arms, war_drain=1.0))[0]
    assert drained[2] == pytest.approx(0.5)


def test_capacity_is_raised_to_what_was_exported_on_the_eve_in_spite_of_war():
    raised = arms.peacetime_capacity(
        np.array([10.0, 10.0]), np.array([4.0, 9.0]), np.array([[0.5, 0.5]]), params(arms, war_drain=0.8)
    )
    assert raised[0] == pytest.approx([10.0, 15.0])


def test_need_grows_with_war_and_does_not_shrink_with_peace():
    p = params(arms, peace_need=0.1, war_need=2.0)
    needs = arms.need(np.full(3, 10.0), np.array([[0.8, 0.3, 0.0]]), np.array([[0.3, 0.3, 0.3]]), p)[0]
    assert needs == pytest.approx([10 * (0.1 + 2 * 0.5), 1.0, 1.0])


def test_a_war_that_cools_asks_less_of_old_suppliers_and_one_that_grows_no_more():
    p = params(arms, peace_need=0.1, war_need=1.0)
    asked = arms.appetite(np.array([[0.0, 0.3, 0.8, 0.0]]), np.array([[0.6, 0.6, 0.6, 0.0]]), p)[0]
    assert asked == pytest.approx([0.1 / 0.7, 0.4 / 0.7, 1.0, 1.0])


def test_a_state_that_never_had_a_need_asks_of_old_suppliers_what_it_did():
    """No need in peace and no war on the eve: nothing to compare with, and nothing cooled."""
    for war in (0.0, 0.5):
        asked = arms.appetite(np.array([[war]]), np.array([[0.0]]), params(arms, peace_need=0.0))
        assert asked.tolist() == [[1.0]]


BIDDER = {"alignment_pull": 1.3, "fear": 2.0, "objection": 3.0, "own_supply": 0.7}


def bid(own_supply: float = 0.7, **changes: np.ndarray) -> np.ndarray:
    """The tender of a world in which everyone can supply 1e9 and state 1 alone needs 10, (N, N)."""
    p = params(arms, **(BIDDER | {"own_supply": own_supply}))
    zero = matrix(N)
    inputs = {"alignment": zero, "openness": np.ones((1, N, N)), "objection": zero, "local": zero} | changes
    warmth = arms.warmth(inputs["alignment"], inputs.pop("exposure", zero), p)
    supply = inputs.pop("supply", np.full((1, N), 1e9))
    return arms.tender(supply=supply, need=np.array([[0.0, 10.0, 0.0, 0.0]]), warmth=warmth, p=p, **inputs)[0]


def test_a_tender_is_shared_by_willingness_and_never_exceeds_the_need():
    offers = bid()
    assert offers[0, 1] == offers[2, 1] == offers[3, 1] == pytest.approx(10 * 0.5 / (0.7 + 1.5), rel=1e-6)
    assert not offers[:, [0, 2, 3]].any()
    assert offers[1, 1] == 0.0
    assert bid(own_supply=0.01)[:, 1].sum() < 10.0


@pytest.mark.parametrize(
    ("what", "factor"),
    [
        ({"alignment": mutual(_01=0.5)}, np.exp(1.3 * 0.5) * (1 + 0.5 / np.hypot(0.5, 0.15))),
        ({"alignment": mutual(_01=-0.5)}, np.exp(-1.3 * 0.5) * (1 - 0.5 / np.hypot(0.5, 0.15))),
        ({"exposure": matrix(N, _01=0.3)}, np.exp(-2.0 * 0.3)),
        ({"objection": matrix(N, _01=0.3)}, np.exp(-3.0 * 0.3)),
        ({"openness": 1 - 0.9 * matrix(N, _01=1.0)}, 0.1),
        ({"local": matrix(N, _01=0.4)}, 0.6),
        ({"supply": np.array([[arms.SCALE, 1e9, 1e9, 1e9]])}, 0.5),
    ],
    ids=["friend", "foe", "exposure", "objection", "embargo", "localised", "small"],
)
def test_a_supplier_bids_by_what_it_can_and_will(what: dict, factor: float):
    """Against a supplier to whom nothing applies."""
    offers = bid(**what)
    assert offers[0, 1] / offers[2, 1] == pytest.approx(factor, rel=1e-6)


def test_embargoes_and_open_hostility_close_the_way_for_arms():
    p = params(arms, embargo_effect=0.9)
    opened = arms.openness(matrix(N, _01=1.0, _02=0.5, _03=1.0), matrix(N, _03=1.0, _12=1.0), p)[0]
    assert opened[0, 1] == pytest.approx(0.1)
    assert opened[0, 2] == pytest.approx(0.55)
    assert opened[1, 2] == pytest.approx(0.01)
    assert opened[0, 3] == pytest.approx(0.001)
    assert opened[1, 0] == 1.0  # the other direction


def test_a_foe_does_not_bid():
    assert bid(alignment=mutual(_01=-0.9))[0, 1] < 0.01 * bid()[0, 1]


def test_requests_within_capacity_are_met_and_others_cut_alike():
    requests = np.array([[[0.0, 2.0, 4.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]])
    delivered = arms.deliveries(requests, np.array([[3.0, 3.0, 0.0]]))[0]
    assert delivered[0] == pytest.approx([0.0, 1.0, 2.0])
    assert np.array_equal(delivered[1], requests[0, 1])
    assert not delivered[2].any()


def test_goods_are_localised_under_licence_or_at_war_and_never_wholly():
    p, at_peace, at_war = (
        params(arms, localisation=0.1),
        np.zeros((1, N), bool),
        np.array([[False, True, False, False]]),
    )
    extra, none = matrix(N, _01=arms.LESSON, _02=arms.LESSON), matrix(N)
    made = arms.localised(none, extra, none, at_war, p)[0]
    assert made[0, 1] == pytest.approx(0.1 * 0.5)
    assert np.count_nonzero(made) == 1
    assert arms.localised(none, none, matrix(N, _23=0.5), at_peace, p)[0, 2, 3] == pytest.approx(0.05)
    assert not arms.localised(none, extra, none, at_peace, p).any()
    nearly = matrix(N, _01=0.949)
    assert arms.localised(nearly, extra, matrix(N, _01=1.0), at_war, params(arms, localisation=0.3))[0, 0, 1] == 0.95


def test_trust_is_built_by_unusual_deliveries_and_lost_by_broken_promises():
    p, start = params(trust, gain=0.1, loss=0.2), np.full((1, N, N), 0.5)
    usual = matrix(N, _10=5.0)[0]  # state 1 delivers 5 to state 0 on the eve

    def after(received: float, breach: np.ndarray | None = None) -> np.ndarray:
        return trust.update(start, matrix(N, _01=received), usual, matrix(N) if breach is None else breach, p)[0]

    assert after(6.0)[0, 1] == 0.5  # up to 1.2 times is taken for granted
    assert after(8.0)[0, 1] == pytest.approx(0.5 + 0.1 * 0.5 * 0.5)
    assert after(0.0)[0, 1] == 0.5  # being let down quietly is not a broken promise
    broken = after(6.0, matrix(N, _01=0.5))
    assert broken[0, 1] == pytest.approx(0.5 - 0.2 * 0.5 * 0.5)
    assert broken[1, 0] == 0.5


def test_a_partner_trusted_is_wanted():
    assert felt(trust, one_scene(trust=matrix(N, _01=0.9)))[0, 1] == 0.9


def test_other_friendly_patrons_make_this_one_less_needed():
    patrons = one_scene(friends=mutual(_01=0.5, _02=0.8), trade_share=shares(0.5, 0.3, 0.2))
    spare = felt(substitution, patrons)
    assert spare[0, 1] == pytest.approx(-0.5 * 0.3 * 0.8)
    assert spare[0, 2] == pytest.approx(-0.5 * 0.5 * 0.5)
    assert spare[0, 3] == pytest.approx(-0.5 * (0.3 * 0.8 + 0.5 * 0.5))
    armed = felt(substitution, replace_stream(patrons, matrix(N, _20=1.5)))
    assert armed[0, 1] == pytest.approx(-0.8 * (0.5 * 0.3 + 0.5 * 1.5 / 2.0))
    assert armed[0, 2] == spare[0, 2]


def replace_stream(scene: Any, stream: np.ndarray) -> Any:
    return replace(scene, stream=stream, received=stream.swapaxes(1, 2).copy())


# --- diplomacy --------------------------------------------------------------------------------------------------


def test_an_offer_works_on_the_one_who_gets_it():
    drawn = felt(wedge, one_scene(drivers=drivers(offer=matrix(N, _01=0.7))))
    assert drawn[0, 1] == -0.7
    assert np.count_nonzero(drawn) == 1


def test_a_meeting_lifts_the_tie_and_no_other():
    assert np.array_equal(felt(diplomacy, one_scene(pulse=mutual(_01=0.4))), mutual(_01=0.4)[0])


def test_solidarity_needs_both_to_be_isolated():
    together = felt(solidarity, one_scene(isolation=np.array([[0.9, 0.4, 0.0, 0.0]])))
    assert together[0, 1] == together[1, 0] == pytest.approx(0.6)
    assert np.count_nonzero(together) == 2


@PROPERTY
@for_all(SEEDS, SIZES)
def test_agreement_is_symmetric_and_rises_with_either_sides_desire(seed: int, n: int):
    rng = np.random.default_rng(seed)
    u, sharp = rng.normal(0, 1.5, (2, n, n)), np.full((2, 1, 1), rng.lognormal(0.7, 1.0))
    agreed = consent.soft_minimum(u, sharp)
    assert np.array_equal(agreed, agreed.swapaxes(1, 2))
    more = u.copy()
    more[:, 0, 1] += 0.5
    change = consent.soft_minimum(more, sharp) - agreed
    assert (change[:, 0, 1] >= 0).all()
    assert (change[:, 0, 1] <= 0.5 + 1e-12).all()
    change[:, [0, 1], [1, 0]] = 0.0
    assert not change.any()


def test_the_default_world_of_these_tests_moves_every_driver():
    from alignsim.arrays import DRIVER_AXES
    from worlds import events

    assert {e.driver for e in events(5, 3, 8, seed=1)} == set(DRIVER_AXES)
    assert given(5).eve.war.shape == (1, 5)
