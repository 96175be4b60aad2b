"""Simulation-based calibration of the fitting machinery: posteriors hold a known truth as often as they say.

Run it with `pytest -m science tests/science/test_sbc.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from alignsim.study.calibration import Calibration, Settings, Target, calibrate
from alignsim.study.calibration import sbc as module
from alignsim.study.calibration.abc import Sample
from alignsim.study.calibration.sbc import Check
from toy_targets import linear, linear_posterior, ratio, saturating

pytestmark = pytest.mark.science

TARGETS = {"linear": linear, "saturating": saturating, "ratio": ratio}


@cache
def calibrated(name: str) -> Calibration:
    return calibrate(TARGETS[name](), seed=11, settings=Settings(waves=2, per_wave=200, truths=400))


def check_of(name: str) -> Check:
    check = calibrated(name).check
    assert check is not None
    return check


@pytest.mark.parametrize("name", TARGETS)
def test_ranks_of_known_truths_are_uniform(name: str):
    check = check_of(name)
    assert check.ranks.shape == (400, len(check.names))
    assert (check.p_values() > 0.01).all(), check.in_words()


@pytest.mark.parametrize("name", TARGETS)
def test_intervals_hold_as_many_truths_as_they_promise(name: str):
    """Four sds of a share among 400 truths: 10 % of truths for the 50 % interval, 6 % for the 90 % interval."""
    check = check_of(name)
    assert check.coverage(0.5) == pytest.approx(0.5, abs=0.10)
    assert check.coverage(0.9) == pytest.approx(0.9, abs=0.06)


def test_what_the_data_cannot_say_is_not_said():
    """Of two rates known only as a ratio, neither mean comes nearer the truth than the centre of what is left does."""
    assert (check_of("ratio").error > 0.9).all()
    assert (check_of("linear").error < 0.7).all()


@pytest.mark.parametrize("distort", ["too narrow", "too wide", "shifted"])
def test_a_posterior_that_is_wrong_by_a_half_is_noticed(distort: str, monkeypatch: pytest.MonkeyPatch):
    right: Callable[..., Sample] = module.posterior

    def wrong(*arguments: object) -> Sample:
        sample = right(*arguments)
        mean = sample.weights @ sample.scores
        sd = np.sqrt(sample.weights @ (sample.scores - mean) ** 2)
        change = {"too narrow": (0.5, 0.0), "too wide": (2.0, 0.0), "shifted": (1.0, 0.5)}[distort]
        return Sample(mean + change[0] * (sample.scores - mean) + change[1] * sd, sample.weights)

    monkeypatch.setattr(module, "posterior", wrong)
    check = calibrate(linear(), seed=11, settings=Settings(waves=1, per_wave=200, truths=400)).check
    assert check is not None
    assert (check.p_values() < 0.01).all(), check.in_words()


def test_the_linear_posterior_is_the_analytic_one_for_many_observations():
    """Mean and sd, averaged over ten truths: the bias of ABC, beyond the luck of one table."""
    errors, ratios = [], []
    for n in range(10):
        target: Target = linear(truth=(-1.5 + n / 3, 3.0 - n / 2), inert=0)
        target = replace(target, observed=target.observed + 0.3 * np.array([np.cos(n), np.sin(n), np.cos(3 * n)]))
        found = calibrate(target, seed=n, settings=Settings(waves=1, per_wave=150, truths=0))
        mean, covariance = linear_posterior(target)
        values = found.values[:, [found.names.index("a"), found.names.index("b")]]
        sd = np.sqrt(np.diag(covariance))
        errors.append((values.mean(axis=0) - mean) / sd)
        ratios.append(values.std(axis=0) / sd)
    assert np.mean(errors, axis=0) == pytest.approx(0.0, abs=0.06)
    assert np.mean(ratios, axis=0) == pytest.approx(1.0, abs=0.06)
