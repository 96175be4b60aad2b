"""Scores agree with well-kept libraries and with what can be worked out by hand, and their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from alignsim.study import resampling, scoreboard, scores
from alignsim.study.resampling import Clusters

NAN = float("nan")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def all_pairs(states, years=1):
    i, j = np.triu_indices(states, 1)
    return np.tile(i, years), np.tile(j, years)


# --- distributions


def test_the_crps_of_an_ensemble_is_worked_out_by_hand():
    # members 0 and 2, outcome 1: E|X - y| = 1, E|X - X'| = 1 over all four pairs, 2 over the two distinct ones
    assert scores.crps_ensemble([[0.0], [2.0]], [1.0]) == pytest.approx(0.5)
    assert scores.crps_ensemble([[0.0], [2.0]], [1.0], fair=True) == pytest.approx(0.0)


def test_one_member_scores_its_absolute_error_and_has_no_fair_score():
    assert scores.crps_ensemble([[3.0]], [1.0]) == pytest.approx(2.0)
    assert np.isnan(scores.crps_ensemble([[3.0]], [1.0], fair=True)).all()


def test_the_crps_agrees_with_scoringrules(rng):
    library = pytest.importorskip("scoringrules")
    samples, observed = rng.normal(size=(7, 50)).round(1), rng.normal(size=50).round(1)
    assert_allclose(
        scores.crps_ensemble(samples, observed), library.crps_ensemble(observed, samples.T, estimator="nrg")
    )
    fair = library.crps_ensemble(observed, samples.T, estimator="fair")
    assert_allclose(scores.crps_ensemble(samples, observed, fair=True), fair)
    mean, sd = rng.normal(size=50), rng.uniform(0.1, 3, size=50)
    assert_allclose(scores.crps_normal(mean, sd, observed), library.crps_normal(observed, mean, sd))


def test_a_normal_forecast_without_spread_scores_its_absolute_error():
    assert_allclose(scores.crps_normal([1.0, 1.0], [0.0, 1e-9], [3.0, 3.0]), 2.0, atol=1e-8)


def test_a_large_ensemble_of_normal_draws_scores_like_the_normal(rng):
    samples, observed = rng.normal(0.3, 2.0, size=(20_000, 3)), np.array([-1.0, 0.3, 4.0])
    assert_allclose(scores.crps_ensemble(samples, observed), scores.crps_normal(0.3, 2.0, observed), rtol=0.03)


def test_the_fair_score_of_few_members_is_that_of_many_on_average(rng):
    samples, observed = rng.normal(size=(3, 40_000)), rng.normal(size=40_000)
    whole = scores.crps_normal(0.0, 1.0, observed).mean()
    assert scores.crps_ensemble(samples, observed, fair=True).mean() == pytest.approx(whole, rel=0.02)
    assert scores.crps_ensemble(samples, observed).mean() > 1.2 * whole


def test_telling_what_one_believes_is_best_on_average(rng):
    observed = rng.normal(0.0, 1.0, size=20_000)
    honest = scores.crps_normal(0.0, 1.0, observed).mean()
    for mean, sd in ((0.3, 1.0), (0.0, 0.7), (0.0, 1.5)):
        assert scores.crps_normal(mean, sd, observed).mean() > honest + 0.005


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.floats(-5, 5), st.floats(-3, 3), st.floats(0.1, 4))
@settings(max_examples=60, deadline=None)
def test_the_crps_moves_with_the_origin_and_the_unit(members, outcome, shift, unit):
    samples = np.array(members)[:, None]
    once = scores.crps_ensemble(samples, [outcome])
    assert once >= -1e-9
    assert_allclose(scores.crps_ensemble(samples * unit + shift, [outcome * unit + shift]), once * unit, atol=1e-9)


def test_what_is_unknown_has_no_score():
    samples = np.array([[0.0, NAN, 1.0], [1.0, 2.0, 3.0]])
    observed = np.array([0.5, 0.5, NAN])
    for values in (
        scores.crps_ensemble(samples, observed),
        scores.pit(samples, observed),
        scores.covered(*scores.central_interval(samples, 0.5), observed),
        scores.chance_of_change(samples, observed, 0.1),
    ):
        assert np.isfinite(values).tolist() == [True, False, False]


def test_only_cases_that_all_forecasters_speak_about_are_compared():
    kept = scores.paired(np.array([1.0, NAN, 1.0]), np.array([[1.0, 1.0, 1.0], [1.0, 1.0, np.inf]]))
    assert kept.tolist() == [True, False, False]


def test_rmse_leaves_out_what_is_unknown():
    assert scores.rmse(np.array([0.0, 0.0, NAN]), np.array([3.0, 4.0, 1.0])) == pytest.approx(np.sqrt(12.5))
    assert np.isnan(scores.rmse(np.array([NAN]), np.array([1.0])))


# --- calibration


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_central_intervals_of_a_small_ensemble_hold_what_they_promise(rng, level):
    samples, observed = rng.normal(size=(19, 20_000)), rng.normal(size=20_000)
    held = scores.covered(*scores.central_interval(samples, level), observed).mean()
    assert held == pytest.approx(level, abs=0.012)


def test_normal_intervals_and_pit_are_those_of_scipy():
    low, high = scores.normal_interval(np.array([1.0]), np.array([2.0]), 0.9)
    assert_allclose([low[0], high[0]], stats.norm.interval(0.9, 1.0, 2.0))
    assert_allclose(scores.pit_normal(1.0, 2.0, np.array([0.0, 2.0])), stats.norm.cdf([0.0, 2.0], 1.0, 2.0))


def test_the_ends_of_an_interval_belong_to_it():
    assert scores.covered(np.array([0.0] * 3), np.array([1.0] * 3), np.array([0.0, 1.0, 1.1])).tolist() == [1, 1, 0]


def test_pit_values_of_a_right_forecast_are_flat_and_of_a_narrow_one_hollow(rng):
    right = scores.pit(rng.normal(size=(9, 5000)), rng.normal(size=5000))
    assert stats.kstest(right, "uniform").pvalue > 0.01
    narrow = scores.histogram(scores.pit(rng.normal(0, 0.5, size=(99, 5000)), rng.normal(size=5000)))
    assert narrow[0] > 0.2 and narrow[-1] > 0.2 and narrow.sum() == pytest.approx(1.0)


def test_pit_values_are_flat_where_everything_ties():
    values = scores.pit(np.zeros((20, 4000)), np.zeros(4000))
    assert stats.kstest(values, "uniform").pvalue > 0.01


def test_pit_values_depend_on_the_seed_alone(rng):
    samples, observed = rng.normal(size=(5, 20)), rng.normal(size=20)
    assert_allclose(scores.pit(samples, observed, seed=3), scores.pit(samples, observed, seed=3), rtol=0)
    assert (scores.pit(samples, observed, seed=3) != scores.pit(samples, observed, seed=4)).all()


# --- change and its probability


def test_rank_correlation_and_auc_agree_with_scipy_and_scikit_learn(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = rng.integers(0, 6, 80) / 2, rng.integers(0, 9, 80) / 3 + 0.0
    assert scores.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    event = (y + rng.normal(size=80) > 1.2).astype(float)
    assert scores.auc(x, event) == pytest.approx(metrics.roc_auc_score(event, x))
    assert scores.brier(x / 3, event).mean() == pytest.approx(metrics.brier_score_loss(event, x / 3))


def test_forecasts_of_no_change_have_no_order_and_no_power_to_tell():
    assert np.isnan(scores.spearman(np.zeros(5), np.arange(5.0)))
    assert scores.auc(np.full(4, 0.3), np.array([0, 1, 1, 0])) == 0.5
    assert np.isnan(scores.auc(np.arange(3.0), np.ones(3)))


def by_weights(statistic, x, y, places):
    """The derivative of a statistic by the weight of each case, by adding one copy to four hundred of each."""
    copies = 400
    base = statistic(np.repeat(x, copies), np.repeat(y, copies))
    found = []
    for k in places:
        more = np.full(len(x), copies)
        more[k] += 1
        found.append((statistic(np.repeat(x, more), np.repeat(y, more)) - base) * copies * len(x))
    return np.array(found)


def test_what_each_case_adds_is_what_another_copy_of_it_would_change(rng):
    x = rng.integers(0, 7, 25).astype(float)
    y = x + rng.integers(-4, 5, 25)
    added = scores.spearman_values(x, y)
    assert added.mean() == pytest.approx(scores.spearman(x, y))
    assert_allclose(added[:9] - added.mean(), by_weights(scores.spearman, x, y, range(9)), atol=0.02)
    event = (y > 3).astype(float)
    added = scores.auc_values(x, event)
    assert added.mean() == pytest.approx(scores.auc(x, event))
    assert_allclose(added[:9] - added.mean(), by_weights(scores.auc, x, event, range(9)), atol=0.02)


def test_a_tie_deepens_in_the_direction_of_the_step():
    samples = np.array([[0.0, 0.0], [0.2, -0.2], [0.4, -0.4], [0.1, 0.1]])
    assert scores.chance_of_change(samples, np.array([0.1, 0.1]), 0.1).tolist() == [0.5, 0.0]
    assert scores.chance_of_change(samples, np.array([0.1, 0.1]), -0.15).tolist() == [0.0, 0.5]
    assert scores.changed(np.zeros(3), np.array([-0.2, 0.2, NAN]), -0.15)[:2].tolist() == [1.0, 0.0]
    sure = scores.chance_of_change_normal(np.array([-0.15]), np.array([0.2]), np.array([0.0]), -0.15)
    assert sure == pytest.approx(0.5)


def test_the_brier_score_is_the_sum_of_its_parts_and_agrees_with_scikit_learn(rng):
    isotonic = pytest.importorskip("sklearn.isotonic")
    p = rng.integers(0, 11, 200) / 10
    event = (rng.uniform(size=200) < 0.2 + 0.4 * p).astype(float)
    parts = scores.reliability(p, event)
    whole = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert whole == pytest.approx(scores.brier(p, event).mean())
    assert parts.uncertainty == pytest.approx(event.mean() * (1 - event.mean()))
    assert parts.miscalibration > 0 and parts.discrimination > 0
    assert_allclose(parts.came, isotonic.IsotonicRegression().fit(p, event).predict(parts.said))


def test_reliability_worked_out_by_hand():
    # 0.2 came true half the time, 0.8 always: recalibrated they cost (0.25 + 0.25 + 0 + 0) / 4
    parts = scores.reliability(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 1.0, 1.0, 1.0]))
    assert parts.came.tolist() == [0.5, 1.0] and parts.cases.tolist() == [2, 2]
    assert parts.uncertainty == pytest.approx(0.1875)
    assert parts.discrimination == pytest.approx(0.0625)
    assert parts.miscalibration == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4 - 0.125)


def test_reliability_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no case"):
        scores.reliability(np.array([NAN]), np.array([1.0]))


# --- intervals


def test_a_dyad_is_one_cluster_whichever_way_round_it_is_named():
    who = Clusters(np.array([3, 9, 3]), np.array([9, 3, 5]))
    assert who.dyads == 2 and who.states == 3 and who.dyad[0] == who.dyad[1]


def test_states_count_as_many_as_the_cases_hang_on():
    assert Clusters(*all_pairs(12)).effective_states == pytest.approx(12)
    star = Clusters(np.zeros(30, int), np.arange(1, 31))
    assert star.effective_states < 5 < star.states


def test_resampled_means_are_those_of_cases_drawn_one_by_one(rng):
    i, j = all_pairs(6, years=2)
    values = rng.normal(size=len(i))
    who = Clusters(i, j, resamples=20)
    for drawn, mean in zip(who.drawn, who.means([values])[:, 0], strict=True):
        cases = np.concatenate([np.tile(values[who.dyad == d], int(n)) for d, n in enumerate(drawn)])
        assert cases.mean() == pytest.approx(mean, rel=1e-4, abs=1e-6)
    assert (who.drawn.sum(axis=1) == who.dyads).all()


def test_the_error_by_state_counts_every_two_dyads_that_share_a_state(rng):
    i, j = all_pairs(7, years=2)
    values = rng.normal(size=len(i))
    left = (values - values.mean()) / len(values)
    slow = sum(left[a] * left[b] for a in range(len(i)) for b in range(len(i)) if {i[a], j[a]} & {i[b], j[b]})
    alone = sum(left[a] * left[b] for a in range(len(i)) for b in range(len(i)) if {i[a], j[a]} == {i[b], j[b]})
    by_dyad, by_state = Clusters(i, j).errors(values)
    assert by_dyad == pytest.approx(np.sqrt(alone))
    assert by_state == pytest.approx(np.sqrt(max(alone, slow * 7 / 6)))


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_intervals_hold_the_truth_as_often_as_they_say(rng, shared):
    i, j = all_pairs(30)
    who = Clusters(i, j, resamples=400)
    by_dyad = by_state = 0
    trials = 150
    for _ in range(trials):
        of_state = shared * rng.normal(size=30)
        found = resampling.mean(of_state[i] + of_state[j] + rng.normal(size=len(i)), who)
        by_dyad += found.low <= 0 <= found.high
        by_state += found.low_by_state <= 0 <= found.high_by_state
    assert by_state / trials > 0.88  # 0.95 less three standard errors and a little for 30 states
    if shared:
        assert by_dyad / trials < 0.6  # dyads that share states are not independent
    else:
        assert by_dyad / trials > 0.88


def test_resampling_ranks_to_first_order_is_like_ranking_anew(rng):
    i, j = all_pairs(25, years=2)
    who = Clusters(i, j, resamples=600)
    x = rng.normal(size=who.dyads)[who.dyad] + 0.3 * rng.normal(size=who.n)
    y = x + rng.normal(size=who.dyads)[who.dyad]
    event = (y > 0.5).astype(float)
    anew = []
    for drawn in who.drawn[:300]:
        cases = np.repeat(np.arange(who.n), drawn[who.dyad].astype(int))
        anew.append((scores.spearman(x[cases], y[cases]), scores.auc(x[cases], event[cases])))
    for found, exact in zip(
        (resampling.rank_correlation(x, y, who), resampling.area_under_curve(x, event, who)),
        np.quantile(anew, (0.025, 0.975), axis=0).T,
        strict=True,
    ):
        assert found.high - found.low == pytest.approx(exact[1] - exact[0], rel=0.2)
        assert found.low == pytest.approx(exact[0], abs=0.02)


def test_skill_is_nil_against_oneself_and_worked_out_by_hand_else(rng):
    who = Clusters(*all_pairs(8))
    loss = rng.uniform(1, 2, size=who.n)
    same = resampling.skill(loss, loss, who)
    assert same.value == same.low == same.high == same.low_by_state == 0.0
    half = resampling.skill(loss / 4, loss, who, root=True)
    assert (half.value, half.low, half.high) == pytest.approx((0.5, 0.5, 0.5))
    assert (half.low_by_state, half.high_by_state) == pytest.approx((0.5, 0.5))
    assert np.isnan(resampling.skill(loss, np.zeros(who.n), who).value)


@pytest.mark.parametrize("root", [False, True])
def test_the_two_intervals_of_a_skill_agree_where_dyads_are_independent(rng, root):
    i, j = all_pairs(40)
    who = Clusters(i, j)
    loss, reference = rng.exponential(1.0, who.n), rng.exponential(1.2, who.n)
    found = resampling.skill(loss, reference, who, root)
    assert found.high - found.low == pytest.approx(found.high_by_state - found.low_by_state, rel=0.35)
    assert found.value == pytest.approx(1 - (loss.mean() / reference.mean()) ** (0.5 if root else 1.0))


def test_root_mean_has_the_interval_of_its_square(rng):
    who = Clusters(*all_pairs(30))
    square = rng.exponential(1.0, who.n)
    root, plain = resampling.root_mean(square, who), resampling.mean(square, who)
    assert (root.value**2, root.low**2, root.high**2) == pytest.approx((plain.value, plain.low, plain.high), rel=1e-3)
    assert root.high_by_state**2 == pytest.approx(plain.high_by_state, rel=0.02)


def test_few_dyads_or_states_have_no_interval():
    few = resampling.mean(np.arange(8.0), Clusters(np.zeros(8, int), np.repeat([1, 2], 4)))
    assert few.value == 3.5 and few.n == 8
    assert np.isnan([few.low, few.high, few.low_by_state, few.high_by_state]).all()
    star = resampling.mean(np.arange(9.0), Clusters(np.zeros(9, int), np.arange(1, 10)))
    assert np.isfinite(star.low) and np.isnan(star.low_by_state)


def test_diebold_and_mariano_tell_a_better_forecaster_from_an_equal_one(rng):
    i, j = all_pairs(20, years=3)
    who = Clusters(i, j)
    loss = rng.exponential(1.0, who.n)
    better = resampling.diebold_mariano(loss - 0.3 + 0.1 * rng.normal(size=who.n), loss, who)
    assert better.difference.value > 0.25 and better.p_by_dyad < 0.001 and better.p_by_state < 0.001
    equal = resampling.diebold_mariano(loss + 0.3 * rng.normal(size=who.n), loss, who)
    assert equal.p_by_dyad > 0.01 and equal.p_by_state > 0.01


def test_diebold_and_mariano_without_dependence_is_the_textbook_t_test(rng):
    who = Clusters(*all_pairs(40))
    gained = 0.05 + rng.normal(size=who.n)
    found = resampling.diebold_mariano(-gained, np.zeros(who.n), who)
    assert found.p_by_dyad == pytest.approx(stats.ttest_1samp(gained, 0).pvalue, abs=0.03)


def test_the_test_of_a_histogram_is_that_of_pearson_until_cases_repeat_each_other(rng):
    i, j = all_pairs(35)
    flat = rng.uniform(size=len(i))
    once = resampling.uniformity(flat, Clusters(i, j))
    expected = stats.chisquare(np.histogram(flat, 10, (0, 1))[0])
    assert (once.statistic, once.p_independent) == pytest.approx((expected.statistic, expected.pvalue))
    assert once.inflation_by_dyad == pytest.approx(1.0, abs=0.15)
    copied = resampling.uniformity(np.tile(flat, 6), Clusters(np.tile(i, 6), np.tile(j, 6)))
    assert copied.inflation_by_dyad == pytest.approx(6.0, rel=0.15)
    assert copied.p_by_dyad == pytest.approx(once.p_by_dyad, abs=0.02)
    assert copied.p_independent < once.p_independent


# --- the table


def forecasts(rng, observed, noise):
    kept = {}
    for name, sd in noise.items():
        samples = observed + sd * rng.normal(size=observed.size) + sd * rng.normal(size=(60, observed.size))
        low, quarter, three, high = np.quantile(samples, (0.05, 0.25, 0.75, 0.95), axis=0)
        kept[name] = {
            "crps": scores.crps_ensemble(samples, observed), "mean": samples.mean(axis=0), "q05": low, "q25": quarter,
            "q75": three, "q95": high, "pit": scores.pit(samples, observed),
            "deepens": scores.chance_of_change(samples, np.zeros(observed.size), 0.5),
        }  # fmt: skip
    return kept


@pytest.fixture
def board(rng):
    i, j = all_pairs(12, years=2)
    observed = rng.normal(size=len(i))
    kept = forecasts(rng, observed, {"persistence": 1.0, "better": 0.5})
    return kept, observed, observed - rng.normal(size=len(i)), i, j


def table(board, **how):
    found = scoreboard.rows(*board, step=0.5, resamples=200, outcome="agreement", horizon=3, group="all", **how)
    return {(row["forecaster"], row["score"]): row for row in found}


def test_every_forecaster_has_every_score_but_none_is_compared_with_itself(board):
    found = table(board)
    for name in ("persistence", "better"):
        expected = set(scoreboard.SCORES) - ({"dm"} if name == "persistence" else set())
        assert {score for who, score in found if who == name} == expected
    row = found["better", "crps skill"]
    assert (row["outcome"], row["horizon"], row["group"], row["n"]) == ("agreement", 3, "all", 132)
    assert 0.3 < row["low"] < row["value"] < row["high"] < 0.7
    assert found["better", "dm"]["p"] < 0.01 and found["better", "dm"]["value"] > 0
    assert found["better", "auc"]["value"] > found["persistence", "auc"]["value"]
    ranks = resampling.rank_correlation(
        board[0]["better"]["mean"] - board[2], board[1] - board[2], Clusters(*board[3:])
    )
    assert found["better", "rank correlation"]["value"] == ranks.value
    assert found["persistence", "coverage 90"]["value"] == pytest.approx(0.9, abs=0.1)


def test_every_forecaster_is_held_against_the_other_naive_ones_too(board, rng):
    board[0]["dyad mean"] = forecasts(rng, board[1], {"": 2.0})[""]
    found = table(board)
    asked = {who for who, score in found if score == "crps skill against dyad mean"}
    assert asked == {"better"}
    row, crps = found["better", "crps skill against dyad mean"], {w: found[w, "crps"]["value"] for w in board[0]}
    assert row["value"] == pytest.approx(1 - crps["better"] / crps["dyad mean"])
    assert row["low"] > found["better", "crps skill"]["value"]


def test_a_case_one_forecaster_is_silent_about_counts_for_none(board):
    kept, observed, *rest = board
    before = table(board)
    kept["better"]["crps"][:10] = NAN
    after = table(board)
    assert before["persistence", "crps"]["n"] == 132 and after["persistence", "crps"]["n"] == 122
    alone = {name: {key: v[10:] for key, v in own.items()} for name, own in kept.items()}
    cut = table((alone, observed[10:], *(x[10:] for x in rest)))
    assert after["persistence", "crps"]["value"] == pytest.approx(cut["persistence", "crps"]["value"])


def test_a_forecaster_that_never_speaks_does_not_silence_the_others(board):
    board[0]["mute"] = {key: np.full(132, NAN) for key in board[0]["better"]}
    found = table(board)
    assert found["better", "crps"]["n"] == 132 and not any(who == "mute" for who, _ in found)


def test_a_group_is_scored_by_itself(board):
    within = board[3] == 0
    assert table(board, within=within)["better", "crps"]["n"] == within.sum() == 22
    assert table(board, within=np.zeros(132, bool)) == {}


def test_an_unknown_reference_is_named(board):
    with pytest.raises(KeyError, match="yesterday"):
        table(board, reference="yesterday")


def test_histograms_are_over_the_same_cases(board):
    found = scoreboard.histograms(board[0], board[1], bins=5)
    assert set(found) == {"persistence", "better"} and all(h.sum() == pytest.approx(1) for h in found.values())
