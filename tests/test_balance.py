"""Balance and the two plainest rivals: closed forms, limits, and symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.theories import balance, one_coefficient, persistence


def symmetric(seed: int, runs: int, count: int, diagonal: bool = False, spread: float = 0.5) -> np.ndarray:
    draws = np.random.default_rng(seed).uniform(-spread, spread, (runs, count, count))
    upper = np.triu(draws, 1)
    own = draws * np.eye(count) if diagonal else 0.0
    return upper + np.swapaxes(upper, 1, 2) + own


def test_the_pure_form_equals_its_closed_form_until_nine_tenths_of_the_blow_up():
    for start in symmetric(1, 20, 8, diagonal=True):
        time = 0.9 * balance.blow_up_time(start)
        exact = balance.exact(start, time)
        assert np.abs(balance.integrate_pure(start, time) - exact).max() < 1e-8 * np.abs(exact).max()


def test_the_closed_form_solves_the_equation():
    start = symmetric(2, 10, 6, diagonal=True)
    time = 0.5 * balance.blow_up_time(start).min()
    slope = (balance.exact(start, time + 1e-5) - balance.exact(start, time - 1e-5)) / 2e-5
    here = balance.exact(start, time)
    assert np.allclose(slope, here @ here, rtol=1e-6, atol=1e-6)
    assert np.array_equal(balance.exact(start, 0.0), start)


def test_two_friends_blow_up_when_the_formula_says():
    start = np.array([[0.0, 0.5], [0.5, 0.0]])
    assert balance.blow_up_time(start) == pytest.approx(2.0)
    assert balance.exact(start, 1.0)[0, 1] == pytest.approx(0.5 / (1 - 0.25))
    with pytest.raises(ValueError, match="blows up at 2"):
        balance.exact(start, 2.0)


def test_nothing_blows_up_when_no_eigenvalue_is_positive():
    assert balance.blow_up_time(-np.eye(3)) == np.inf
    assert np.allclose(balance.exact(-np.eye(3), 9.0), -np.eye(3) / 10)


def test_near_the_blow_up_the_camps_are_those_of_the_leading_eigenvector():
    start = symmetric(3, 100, 10)
    predicted = balance.factions(start)
    for x, camp in zip(start, predicted, strict=True):
        close = balance.exact(x, balance.blow_up_time(x) * (1 - 1e-9))
        assert np.array_equal(np.sign(close), np.outer(camp, camp))


@pytest.mark.parametrize("count", [4, 6, 12])
def test_the_bounded_form_ends_with_every_triad_balanced(count):
    start = symmetric(4, 50, count)
    assert balance.balanced_share(start).mean() < 0.7
    assert (balance.balanced_share(balance.integrate(start, 200 / count)) == 1.0).all()


@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0, 2), st.floats(0, 2), st.floats(0, 20))
@settings(max_examples=60, deadline=None)
def test_the_bounded_form_stays_symmetric_bounded_and_without_diagonal(seed, count, pull, anchor, months):
    start, toward = symmetric(seed, 3, count, spread=1.0), symmetric(seed + 1, 3, count, spread=1.0)
    end = balance.integrate(start, months, pull, anchor, toward)
    assert np.allclose(end, np.swapaxes(end, 1, 2), atol=1e-12)
    assert (np.abs(end) <= 1).all()
    assert (np.diagonal(end, axis1=1, axis2=2) == 0).all()


@given(st.integers(0, 10_000), st.integers(3, 8))
@settings(max_examples=30, deadline=None)
def test_relabelling_states_relabels_the_outcome(seed, count):
    start = symmetric(seed, 2, count)
    order = np.random.default_rng(seed).permutation(count)
    moved = balance.integrate(start[:, order][:, :, order], 2.0, 0.7, 0.3, 0.1)
    assert np.allclose(moved, balance.integrate(start, 2.0, 0.7, 0.3, 0.1)[:, order][:, :, order], atol=1e-10)


def test_runs_do_not_see_each_other():
    start = symmetric(5, 6, 7)
    together = balance.integrate(start, 3.0, 0.5, 0.1)
    assert np.array_equal(together[2:3], balance.integrate(start[2:3], 3.0, 0.5, 0.1))


def test_equal_friends_follow_the_closed_form_of_the_bounded_equation():
    """With all pairs equal, da/dt = (N - 2) (1 - a^2) a^2, so that artanh(a) - 1/a grows by (N - 2) t."""
    for count in (3, 5):
        start = 0.3 * (np.ones((count, count)) - np.eye(count))
        end = balance.integrate(start, 1.5)[0, 1]
        grown = (np.arctanh(end) - 1 / end) - (np.arctanh(0.3) - 1 / 0.3)
        assert grown == pytest.approx(1.5 * (count - 2), rel=1e-4)


def test_a_total_enmity_that_all_others_contradict_gives_way():
    start = np.full((6, 6), 0.9)
    start[0, 1] = start[1, 0] = -1.0
    assert balance.integrate(start, 12.0)[0, 1] > 0.9


def test_without_balance_alignment_decays_to_its_anchor():
    start, toward = symmetric(6, 4, 5), symmetric(7, 1, 5)
    end = balance.integrate(start, 12.0, pull=0.0, anchor=0.1, toward=toward)
    assert np.allclose(end, toward + (start - toward) * np.exp(-1.2), atol=1e-6)


def test_steps_are_short_enough_that_shorter_ones_change_nothing():
    start = symmetric(8, 10, 10)
    whole, piecewise = balance.integrate(start, 0.4, 1.0, 0.5, 0.2), start
    for _ in range(20):
        piecewise = balance.integrate(piecewise, 0.02, 1.0, 0.5, 0.2)
    assert np.abs(whole - piecewise).max() < 1e-6


def test_negative_rates_and_alignment_out_of_range_are_refused():
    with pytest.raises(ValueError, match="negative"):
        balance.integrate(symmetric(9, 1, 3), 1.0, pull=-1.0)
    with pytest.raises(ValueError, match="between -1 and 1"):
        balance.integrate(3 * np.ones((1, 3, 3)), 1.0)


def test_balanced_share_counts_signs_and_leaves_neutral_triads_out():
    enemies = 1.0 - 2.0 * (np.ones((3, 3)) - np.eye(3))
    assert balance.balanced_share(enemies) == 0.0
    assert balance.balanced_share(np.outer([1, 1, -1, -1], [1, 1, -1, -1])) == 1.0
    one_unbalanced_of_four = np.ones((4, 4))
    one_unbalanced_of_four[0, 1] = one_unbalanced_of_four[1, 0] = -1.0
    assert balance.balanced_share(one_unbalanced_of_four) == 0.5
    assert np.isnan(balance.balanced_share(np.zeros((3, 3))))


def test_persistence_without_noise_is_persistence():
    start = symmetric(10, 3, 4)
    assert np.array_equal(persistence.step(start), start)


def test_the_random_walk_spreads_with_the_square_root_of_time_and_favours_no_side():
    rng, now = np.random.default_rng(11), np.zeros((4000, 2, 2))
    for _ in range(25):
        now = persistence.step(now, rng.normal(size=now.shape), volatility=0.02)
    assert np.array_equal(now, np.swapaxes(now, 1, 2))
    assert now[:, 0, 1].std() == pytest.approx(0.1, rel=0.05)
    assert abs(now[:, 0, 1].mean()) < 4 * 0.1 / np.sqrt(4000)
    assert (now[:, 0, 0] == 0).all()


@given(st.floats(-9, 9))
def test_reflection_folds_any_walk_into_the_range_and_leaves_the_inside_alone(x):
    folded = persistence.reflect(x)
    assert -1 <= folded <= 1
    if -1 <= x <= 1:
        assert folded == pytest.approx(x, abs=1e-12)
    assert persistence.reflect(2 - x) == pytest.approx(folded, abs=1e-9)


def test_one_coefficient_moves_only_those_who_are_isolated_together():
    isolation = np.array([[0.25, 1.0, 0.0]])
    moved = one_coefficient.step(np.zeros((1, 3, 3)), isolation, coefficient=0.02)
    assert moved[0, 0, 1] == moved[0, 1, 0] == pytest.approx(0.02 * 0.5)
    assert (moved[0, 2] == 0).all() and (moved[0, :, 2] == 0).all()
    assert moved[0, 0, 0] == 0


def test_one_coefficient_can_never_predict_a_rift():
    with pytest.raises(ValueError, match="claim"):
        one_coefficient.step(np.zeros((1, 2, 2)), np.ones(2), coefficient=-0.1)
    assert one_coefficient.step(np.full((1, 2, 2), 0.99), np.ones(2), 0.5).max() == 1.0


def test_the_coefficient_is_recovered_from_data_made_with_it_and_is_zero_where_pairs_part():
    rng = np.random.default_rng(12)
    joint = rng.uniform(0, 12, 500)
    change = 0.01 * joint + rng.normal(0, 0.02, 500)
    change[:3] = np.nan
    assert one_coefficient.fitted_coefficient(change, joint) == pytest.approx(0.01, rel=0.03)
    assert one_coefficient.fitted_coefficient(-change, joint) == 0.0
    with pytest.raises(ValueError, match="jointly isolated"):
        one_coefficient.fitted_coefficient(change, np.zeros(500))
