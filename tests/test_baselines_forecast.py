"""Statistical forecasters learn what they should from the training years, and know nothing of what came after."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from alignsim.study import baselines
from alignsim.study.scores import crps_normal

YEARS = tuple(range(1992, 2016))
TRAIN = (1992, 2008)
ORIGIN = YEARS.index(2009)
EVERY = {**baselines.FORECASTERS, "time by region mean": baselines.region_mean("AAABBBCCCA")}
LEVEL, OWN_LEVEL = "one level for all pairs", "a level for each pair"


def symmetric(x):
    upper = np.triu(x, 1)
    return upper + np.swapaxes(upper, -1, -2) + np.where(np.eye(x.shape[-1], dtype=bool), np.nan, 0.0)


def walks(seed=3, states=10, rho=1.0, drift=0.0, noise=0.1, levels=0.0, years=24):
    """Yearly values y' = m + rho (y - m) + drift + noise, started where they will stay."""
    rng = np.random.default_rng(seed)
    level = levels * rng.normal(size=(states, states))
    start = noise / np.sqrt(1 - rho**2) if rho < 1 else 0.3
    y = level + start * rng.normal(size=(states, states))
    out = []
    for _ in range(years):
        out.append(y)
        y = level + rho * (y - level) + drift + noise * rng.normal(size=(states, states))
    return symmetric(np.stack(out))


def before(history, origin=ORIGIN):
    return history[: origin + 1]


@pytest.fixture(scope="module")
def history():
    values = walks(rho=0.9, levels=0.3)
    values[3:6, 2, :] = values[3:6, :, 2] = np.nan  # a state that does not vote
    values[:, 0, 1] = values[:, 1, 0] = np.nan  # a pair that is never on record
    return values


@pytest.mark.parametrize("name", EVERY)
def test_nothing_after_training_changes_what_is_fitted(history, name):
    changed = history.copy()
    changed[YEARS.index(2009) :] = np.random.default_rng(1).normal(9.0, 5.0, changed[YEARS.index(2009) :].shape)
    one, other = (EVERY[name](values, YEARS, TRAIN, (1, 5)) for values in (history, changed))
    assert one.chosen == other.chosen and one.training_crps == other.training_crps
    for mine, its in zip(one.forecast(before(history), 2009), other.forecast(before(history), 2009), strict=True):
        assert_array_equal(mine, its)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_after_the_origin_can_be_handed_to_a_forecast(history, name):
    model = EVERY[name](history, YEARS, TRAIN)
    for too_much_or_little in (history, history[:ORIGIN], history[:0]):
        with pytest.raises(ValueError, match="history from 1992 to 2009, no more"):
            model.forecast(too_much_or_little, 2009)


@pytest.mark.parametrize("name", EVERY)
def test_what_happened_until_the_origin_does_change_a_forecast(history, name):
    model = EVERY[name](history, YEARS, TRAIN)
    moved = before(history).copy()
    moved[-1] += 0.5
    assert (model.forecast(moved, 2009).mean - model.forecast(before(history), 2009).mean)[:, 3, 4].min() > 0.01


@pytest.mark.parametrize("rule", [baselines._autoregression, baselines._dyad_autoregression])
def test_a_year_of_training_forecasts_with_what_was_known_then(history, rule):
    """The errors behind the spread are those of a rule that was itself fitted on the years before."""
    values = history[: YEARS.index(2008) + 1]
    later = values.copy()
    later[12:] = 3.0
    kept = baselines.rolling_errors(rule, values, 3)[: 12 - baselines.FIRST - 2]
    assert_array_equal(kept, baselines.rolling_errors(rule, later, 3)[: len(kept)])


@pytest.mark.parametrize("name", baselines.FORECASTERS)
def test_the_order_of_states_and_the_unit_change_nothing(history, name):
    order = np.random.default_rng(2).permutation(10)
    plain = EVERY[name](history, YEARS, TRAIN, (3,)).forecast(before(history), 2009)
    turned = 4.0 * history[:, order][:, :, order] + 7.0
    model = EVERY[name](turned, YEARS, TRAIN, (3,))
    mean, sd = model.forecast(before(turned), 2009)
    assert_allclose(mean[0], 4 * plain.mean[0][order][:, order] + 7, atol=1e-9)
    assert_allclose(sd[0], 4 * plain.sd[0][order][:, order], rtol=1e-9)


def test_persistence_says_the_last_value_on_record(history):
    blank = before(history).copy()
    blank[-2:, 3, 4] = np.nan
    mean, _ = baselines.fit_persistence(history, YEARS, TRAIN).forecast(blank, 2009)
    assert_array_equal(mean[0], mean[2])
    assert mean[0, 3, 4] == history[ORIGIN - 2, 3, 4] and mean[0, 5, 6] == history[ORIGIN, 5, 6]
    assert np.isnan(mean[:, 0, 1]).all()


def test_the_dyad_mean_is_that_of_five_years_or_of_all(history):
    recent = baselines.fit_dyad_mean(history, YEARS, TRAIN).forecast(before(history), 2009).mean
    long = baselines.fit_long_mean(history, YEARS, TRAIN).forecast(before(history), 2009).mean
    assert_allclose(recent[1, 3, 4], history[ORIGIN - 4 : ORIGIN + 1, 3, 4].mean())
    assert_allclose(long[1, 3, 4], history[: ORIGIN + 1, 3, 4].mean())


def test_the_spread_of_persistence_grows_with_the_root_of_time_in_a_random_walk():
    values = walks(states=40, noise=0.1)
    sd = baselines.fit_persistence(values, YEARS, TRAIN).sd
    assert_allclose(np.sqrt(np.square(sd).mean(axis=(1, 2))), 0.1 * np.sqrt([1, 3, 5]), rtol=0.06)


def test_dyads_that_are_steadier_than_others_get_a_narrower_forecast():
    noise = symmetric(np.where(np.arange(20) < 10, 0.02, 0.3)[:, None] * np.ones((20, 20)))
    steps = np.random.default_rng(5).normal(size=(len(YEARS), 20, 20))
    values = np.cumsum(symmetric(steps) * noise, axis=0)
    model = baselines.fit_persistence(values, YEARS, TRAIN, (1,))
    steady, restless = model.sd[0, 0, 5:10].mean(), model.sd[0, 10, 15:].mean()
    assert "spread by dyad" in model.chosen[0]
    assert steady < 0.1 and restless > 0.2
    equal = walks(states=20)
    assert "spread by dyad, 30" in (c := baselines.fit_persistence(equal, YEARS, TRAIN, (1,)).chosen[0]) or "all" in c


def test_a_pair_without_any_error_on_record_has_the_spread_of_all(history):
    errors = baselines.rolling_errors(lambda v: lambda k, h: k[-1], history[:17], 1)
    sd = baselines.spread(errors, 5.0)
    assert sd[0, 1] == pytest.approx(np.sqrt(np.nanmean(errors**2)))
    # one error of 2 where all others are 0, drawn toward their mean square of 1 by 3 errors
    assert baselines.spread(np.array([[[2.0, 0.0, 0.0, 0.0]]]), 3.0)[0, 0] == pytest.approx(np.sqrt((4 + 3) / 4))


def test_an_autoregression_finds_the_pull_and_the_drift_that_made_the_data():
    values = walks(states=40, rho=0.8, drift=0.02, noise=0.1)
    mean = baselines._autoregression(values)(values, 1)
    y = values[-1]
    rho = (mean[0, 1] - mean[2, 3]) / (y[0, 1] - y[2, 3])
    assert rho == pytest.approx(0.8, abs=0.03)
    assert np.nanmean(mean - rho * y) == pytest.approx(0.02, abs=0.005)
    ten = baselines._autoregression(values)(values, 60)
    assert_allclose(ten[0, 1], 0.02 / 0.2, atol=0.02)  # all revert to c / (1 - rho)


def test_each_pair_reverts_to_its_own_level_where_pairs_have_levels():
    values = walks(states=30, rho=0.3, levels=1.0, noise=0.1)
    model = baselines.fit_autoregression(values, YEARS, TRAIN)
    assert all(chosen.startswith(OWN_LEVEL) for chosen in model.chosen)
    far = model.forecast(before(values), 2009).mean[2]
    level = before(values).mean(axis=0)
    assert np.nanmax(np.abs(far - level)) < 0.1


def test_all_pairs_revert_to_one_level_where_there_is_one():
    values = walks(states=30, rho=0.8, noise=0.1)
    model = baselines.fit_autoregression(values, YEARS, TRAIN, (5,))
    assert model.chosen[0].startswith(LEVEL)


def test_a_common_drift_is_carried_on():
    values = walks(states=30, rho=1.0, drift=0.05, noise=0.05)
    mean = baselines.fit_autoregression(values, YEARS, TRAIN).forecast(before(values), 2009).mean
    for rule in (baselines._autoregression, baselines._dyad_autoregression):
        assert np.nanmean(rule(values)(values, 1) - values[-1]) == pytest.approx(0.05, rel=0.1)
    moved = np.nanmean(mean - values[ORIGIN], axis=(1, 2))
    assert_allclose(moved, [0.05, 0.15, 0.25], rtol=0.25)


def test_the_choice_is_that_of_the_lowest_score_in_training(history):
    model = baselines.fit_autoregression(history, YEARS, TRAIN)
    for chosen, found in zip(model.chosen, model.training_crps, strict=True):
        assert len(found) == 2 * len(baselines.PRIORS)
        assert found[chosen] == min(found.values())


def test_the_score_in_training_is_worked_out_slowly():
    values = walks(states=5)[:17]
    errors = baselines.rolling_errors(lambda v: lambda k, h: k[-1], values, 2)
    slow = []
    for origin in range(baselines.FIRST - 1, 17 - 2):  # index of the last year known
        seen = [values[t + 2] - values[t] for t in range(baselines.FIRST - 1, origin - 1)]  # outcomes until the origin
        if seen:
            sd = baselines.spread(np.stack(seen), 2.0)
            slow.append(crps_normal(values[origin], sd, values[origin + 2]))
    assert baselines._rolling_crps(errors, 2, 2.0) == pytest.approx(np.nanmean(slow))


def test_forecasts_on_other_years_of_the_same_kind_are_well_calibrated():
    values = walks(states=30, rho=0.9, levels=0.3, noise=0.1)
    for name, fit in baselines.FORECASTERS.items():
        if name == "dyad mean, all years":
            continue  # its years become more, so that its errors in training are not those of later
        model = fit(values, YEARS, TRAIN, (1, 3))
        for k, horizon in enumerate((1, 3)):
            z = (values[ORIGIN + horizon] - model.forecast(before(values), 2009).mean[k]) / model.sd[k]
            assert np.mean(np.abs(z[np.isfinite(z)]) < 1.645) == pytest.approx(0.9, abs=0.06), (name, horizon)


def test_a_directed_outcome_that_is_mostly_nil_can_be_forecast():
    rng = np.random.default_rng(4)
    values = np.where(rng.uniform(size=(24, 8, 8)) < 0.1, rng.exponential(5.0, size=(24, 8, 8)), 0.0)
    for fit in baselines.FORECASTERS.values():
        mean, sd = fit(values, YEARS, TRAIN).forecast(before(values), 2009)
        assert np.isfinite(mean).all() and (sd > 0).all()


def test_a_pair_of_regions_has_one_forecast(history):
    mean = EVERY["time by region mean"](history, YEARS, TRAIN, (1,)).forecast(before(history), 2009).mean[0]
    year = history[ORIGIN]
    assert mean[3, 6] == mean[4, 8] == pytest.approx(year[3:6, 6:9].mean())
    assert mean[3, 4] == pytest.approx(np.mean([year[3, 4], year[3, 5], year[4, 5]]))
    assert np.isnan(mean[0, 1])  # never on record itself


def test_a_short_training_is_refused_with_the_years_it_would_take(history):
    with pytest.raises(ValueError, match="too short for 5 years ahead: give at least 10 years"):
        baselines.fit_persistence(history, YEARS, (1992, 2000), (1, 5))
    model = baselines.fit_persistence(history, YEARS, (1992, 2001), (5,))
    assert model.training_crps == ({},) and model.chosen == ("one spread for all",)
