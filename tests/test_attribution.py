"""Attribution: planted shares come out, and Shapley's axioms hold for any values."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.study import attribution
from alignsim.study.attribution import attribute, dividends, interaction_share, shapley, subsets


def any_values(seed: int, groups: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2**groups, 3))


games = st.builds(any_values, st.integers(0, 10_000), st.integers(1, 5))


@given(games)
@settings(max_examples=100, deadline=None)
def test_shares_are_the_average_over_all_orders_and_sum_to_the_effect(values):
    groups = len(values).bit_length() - 1
    slow = np.zeros((groups, values.shape[1]))
    orders = list(permutations(range(groups)))
    for order in orders:
        on = 0
        for g in order:
            slow[g] += (values[on | 1 << g] - values[on]) / len(orders)
            on |= 1 << g
    assert np.allclose(shapley(values), slow, atol=1e-12)
    assert np.allclose(shapley(values).sum(axis=0), values[-1] - values[0], atol=1e-12)


@given(games)
@settings(max_examples=100, deadline=None)
def test_dividends_add_up_to_the_values_and_split_equally_into_the_shares(values):
    on = subsets(len(values).bit_length() - 1)
    parts = dividends(values)
    for m, members in enumerate(on):
        within = ~(on & ~members).any(axis=1)
        assert np.allclose(parts[within].sum(axis=0), values[m], atol=1e-10)
    for g in range(on.shape[1]):
        has = on[:, g]
        split = (parts[has] / on[has].sum(axis=1)[:, None]).sum(axis=0)
        assert np.allclose(split, shapley(values)[g], atol=1e-10)


@given(games, st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_a_group_that_never_matters_gets_nothing_and_relabelling_relabels(values, seed):
    groups = len(values).bit_length() - 1
    idle = np.concatenate([values, values])  # one more group, which changes nothing
    assert np.allclose(shapley(idle)[-1], 0.0, atol=1e-12)
    assert np.allclose(shapley(idle)[:-1], shapley(values), atol=1e-12)
    order = np.random.default_rng(seed).permutation(groups)
    relabelled = values[[sum(1 << int(order[g]) for g in range(groups) if m >> g & 1) for m in range(len(values))]]
    assert np.allclose(shapley(relabelled), shapley(values)[order], atol=1e-12)


def planted(rng: np.random.Generator, runs: int = 200) -> np.ndarray:
    """Two mechanisms of known share (0.06 and 0.02), one that is idle, 0.02 more from the first two together."""
    a, b = rng.normal(0.06, 0.02, runs), rng.normal(0.02, 0.02, runs)
    both = rng.normal(0.02, 0.01, runs)
    on = subsets(3)
    return on[:, [0]] * a + on[:, [1]] * b + (on[:, [0]] & on[:, [1]]) * both + rng.normal(0, 0.01, runs)


def test_two_mechanisms_of_known_share_are_told_apart():
    right = 0
    for seed in range(100):
        found = attribute(["threat", "arms", "idle"], planted(np.random.default_rng(seed)), resamples=200)
        threat, arms, idle = found.contributions
        right += (
            abs(threat.share - 0.07) < 0.006
            and abs(arms.share - 0.03) < 0.006
            and abs(idle.share) < 1e-9
            and abs(threat.alone - 0.06) < 0.006
            and abs(threat.left_out - 0.08) < 0.006
            and abs(found.interaction - 0.2) < 0.05
            and not found.unclear
        )
    assert right >= 95


def test_intervals_of_the_mean_cover_the_planted_share():
    covered = 0
    for seed in range(100):
        found = attribute(["threat", "arms", "idle"], planted(np.random.default_rng(seed)), 0.95, resamples=300)
        low, high = found.contributions[0].share_interval
        covered += low <= 0.07 <= high
        wide = found.contributions[0].runs_interval
        assert wide[0] < low < high < wide[1]
    assert covered >= 90


def test_an_additive_effect_has_no_interaction_and_a_joint_one_is_all_interaction():
    on = subsets(3).astype(float)
    assert interaction_share(on @ np.array([0.1, -0.2, 0.05])) == pytest.approx(0.0, abs=1e-12)
    assert interaction_share(on.prod(axis=1)) == 1.0
    assert interaction_share(np.zeros(8)) == 0.0
    assert attribute(["a", "b", "c"], np.outer(on.prod(axis=1), np.ones(5))).unclear


def test_effects_that_cancel_still_show():
    on = subsets(2).astype(float)
    found = attribute(["up", "down"], np.outer(on @ np.array([0.1, -0.1]), np.ones(4)))
    assert found.effect == pytest.approx(0.0)
    assert [c.share for c in found.contributions] == pytest.approx([0.1, -0.1])


def test_the_pairing_of_runs_makes_intervals_narrow():
    """Noise that all subsets share, run by run, cancels out of every share."""
    noise = np.random.default_rng(0).normal(0, 1.0, 100)
    values = subsets(2) @ np.array([[0.1], [0.2]]) + noise
    low, high = attribute(["a", "b"], values).contributions[0].share_interval
    assert high - low < 1e-9


def test_a_run_that_failed_under_one_subset_is_left_out_of_all():
    values = planted(np.random.default_rng(1))
    values[3, 7] = np.nan
    found = attribute(["a", "b", "c"], values)
    assert (found.runs, found.dropped) == (199, 1)
    assert np.isfinite(found.effect)
    assert sum(c.share for c in found.contributions) == pytest.approx(found.effect, abs=1e-12)


def test_the_same_seed_gives_the_same_intervals():
    values = planted(np.random.default_rng(2))
    assert attribute(["a", "b", "c"], values, seed=4) == attribute(["a", "b", "c"], values, seed=4)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="8 subsets"):
        attribute(["a", "b", "c"], np.ones((4, 10)))
    with pytest.raises(ValueError, match="no run"):
        attribute(["a"], np.full((2, 3), np.nan))
    with pytest.raises(ValueError, match="merge"):
        subsets(attribution.MOST_GROUPS + 1)
    with pytest.raises(ValueError, match="subsets"):
        shapley(np.ones(3))
