"""`belief: calibrated`: runs draw whole rows of the packaged posteriors, and judgements show both beside the priors."""

from __future__ import annotations

import numpy as np
import pytest

from alignsim.plan.check import load
from alignsim.plan.posterior import packaged
from alignsim.plan.resolution import resolve
from alignsim.study.judge import beliefs_of

HEADLINE = "scenarios/isolation.yaml"


@pytest.mark.parametrize(("belief", "family"), [("calibrated", "signed"), ("calibrated-sceptical", "sceptical")])
def test_a_run_draws_a_whole_row_of_the_packaged_posterior(belief, family):
    document, world, _ = load(HEADLINE, ())
    plan = resolve(document, world, belief)
    fitted = packaged(family)
    draws = plan.batch(np.arange(4)).draws
    rows = np.stack([draws.values[name][:, 0, 0] for name in fitted.names], axis=1)
    for row in rows:
        assert (np.abs(fitted.values - row).max(axis=1) < 1e-12).any()
    again = plan.batch(np.array([2])).draws
    np.testing.assert_array_equal(again.values[fitted.names[0]][0], draws.values[fitted.names[0]][2])


def test_a_parameter_that_is_not_fitted_keeps_the_prior_of_its_family():
    document, world, _ = load(HEADLINE, ())
    calibrated, signed = (resolve(document, world, belief).priors for belief in ("calibrated", "signed"))
    fitted = set(packaged("signed").names)
    assert fitted and {path for path in signed if str(signed[path]) != str(calibrated[path])} == fitted


def test_a_pinned_parameter_is_pinned_under_the_posterior_too():
    document, world, _ = load(HEADLINE, ("parameters.shared_threat.weight=0.3",))
    drawn = resolve(document, world, "calibrated").batch(np.arange(3)).draws.values["shared_threat.weight"]
    np.testing.assert_array_equal(drawn.ravel(), 0.3)


def test_a_judgement_shows_both_posteriors_between_the_prior_and_its_control():
    assert beliefs_of(["signed"], False) == ("signed", "calibrated-signed", "calibrated-sceptical", "sceptical")
    assert beliefs_of(["calibrated"], False) == ("signed", "calibrated-signed", "calibrated-sceptical", "sceptical")
    assert beliefs_of(["fixed"], False) == ("fixed", "sceptical")
    assert beliefs_of(["signed"], True) == ("signed",)
