"""What synthetic truths say of a residual holds over many tables, and in the model's own records.

Run it with `pytest -m science tests/science/test_recovery_science.py` (about two minutes).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from alignsim.mechanisms.priors import Normal
from alignsim.study.calibration import recovered
from alignsim.study.calibration.recovery import Recovery, Settings, study
from alignsim.study.hindcast import engine, fitting
from alignsim.study.hindcast.residual import RESIDUAL
from alignsim.world.build import subset
from alignsim.world.panel import read
from toy_targets import SEEN, residual

pytestmark = pytest.mark.science

MANY = Settings(table=1000, truths=40)


@cache
def slopes(confounded: bool) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the shift and their standard errors from 20 tables, each (20, 2 sizes of the errors, 2 parameters)."""
    found = [study(residual(confounded), "r", ("a", "b"), seed, MANY) for seed in range(20)]
    parts = [[view.shift() for view in own.views] for own in found]
    return np.array([[s for s, _ in own] for own in parts]), np.array([[e for _, e in own] for own in parts])


def test_the_standard_error_of_a_shift_knows_that_all_truths_share_a_table():
    """Nothing is to be taken up here: slopes over their errors are standard, give or take."""
    value, error = slopes(False)
    assert np.sqrt(np.mean((value / error) ** 2)) == pytest.approx(1.0, abs=0.35)
    assert (np.abs(value / error) > recovered.CLEAR).mean() < 0.05


def test_what_a_parameter_takes_up_is_the_analytic_share_over_many_tables():
    value, _ = slopes(True)
    for k, errors in enumerate((1.0, 0.1)):
        assert value[:, k, 0].mean() == pytest.approx(1 / (1 + (errors * SEEN) ** 2), abs=0.01)
    assert value[:, :, 1].mean() == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("confounded", [False, True])
def test_ranks_of_a_thousand_truths_are_uniform_where_the_fit_is_of_what_was_simulated(confounded: bool):
    found = study(residual(confounded), "r", ("a", "b"), 11, Settings(truths=1000, parts=2))
    for own in (found.views[0].with_it, found.views[0].without):
        assert (own.check().p_values() > 0.01).all(), own.check().in_words()
        assert own.held().mean(axis=0) == pytest.approx(0.9, abs=0.04)


@cache
def small_record() -> Recovery:
    """A residual three times as large as is believed, among twelve states."""
    states = ["CHN", "CUB", "DEU", "GBR", "IRN", "MMR", "PRK", "RUS", "SDN", "SYR", "UKR", "USA"]
    whole = read()
    pick = np.ix_(range(len(whole.years)), *[[whole.states.index(code) for code in states]] * 2)
    worlds = {year: subset(whole.world(year), states) for year in whole.years}
    panel = replace(
        whole, states=tuple(states), agreement=whole.agreement[pick], distance=whole.distance[pick], worlds=worlds
    )
    window = engine.Window(train=(1992, 2006), test=(2007, 2009), horizons=(1, 3))
    target = fitting.target(panel, window, "signed", also={RESIDUAL: Normal(0.0, 0.5)})
    return study(target, RESIDUAL, ("shared_threat.weight", "stigma.weight"), 1, Settings(1000, 200, parts=5))


def test_a_strong_residual_in_records_of_the_model_is_found_with_its_sign():
    sharp = small_record().views[1].with_it
    assert (sharp.check().p_values() > 0.01).all(), sharp.check().in_words()
    assert sharp.shrinkage()[-1] > 0.5 and sharp.recovered()[-1] > 0.7
    assert recovered.signs(sharp)["right"] > 10 * recovered.signs(sharp)["wrong"]


def test_the_residual_of_the_model_is_felt_most_by_pairs_of_targets():
    found = small_record()
    assert "two targets" in found.summaries[int(np.abs(found.felt).argmax())]
