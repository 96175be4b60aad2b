"""Priors are the distributions they say they are, cut to where a parameter may lie, and every number has its papers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Beta, Constant, HalfNormal, LogNormal, Normal, Prior, Triangular, Uniform
from alignsim.mechanisms.registry import GROUPS, MECHANISMS, MOTIVES, PARAMETERS, SWITCHES
from worlds import PROPERTY, one_scene, params

SCIPY = {
    "normal": (Normal(0.3, 0.5), "norm", (0.3, 0.5)),
    "half-normal": (HalfNormal(0.25), "halfnorm", (0.0, 0.25)),
    "log-normal": (LogNormal(1.43, 0.25), "lognorm", (0.25, 0.0, 1.43)),
    "beta": (Beta(2, 4), "beta", (2, 4)),
    "triangular": (Triangular(-1.0, 0.5, 2.0), "triang", (0.5, -1.0, 3.0)),
    "triangular at its low end": (Triangular(0.0, 0.0, 2.0), "triang", (0.0, 0.0, 2.0)),
    "triangular at its high end": (Triangular(0.0, 2.0, 2.0), "triang", (1.0, 0.0, 2.0)),
    "uniform": (Uniform(0.3, 1.0), "uniform", (0.3, 0.7)),
}
PRIORS = st.sampled_from([prior for prior, _, _ in SCIPY.values()])
U = np.linspace(0.001, 0.999, 333)


@pytest.mark.parametrize("name", SCIPY)
def test_quantiles_are_those_of_the_distribution(name: str):
    import scipy.stats

    prior, family, arguments = SCIPY[name]
    expected = getattr(scipy.stats, family)(*arguments)
    assert prior.quantile(U) == pytest.approx(expected.ppf(U), rel=1e-9, abs=1e-12)
    for x in expected.ppf([0.01, 0.3, 0.9]):
        assert prior.cdf(x) == pytest.approx(expected.cdf(x), abs=1e-12)


@pytest.mark.parametrize("name", SCIPY)
def test_cutting_a_prior_keeps_its_shape_within(name: str):
    """Within the cut the distribution is that of the uncut one, given that it lies there."""
    import scipy.stats

    prior, family, arguments = SCIPY[name]
    whole = getattr(scipy.stats, family)(*arguments)
    low, high = whole.ppf([0.2, 0.7])
    inside = prior.quantile(U, low, high)
    assert low <= inside.min() < inside.max() <= high
    assert (whole.cdf(inside) - 0.2) / 0.5 == pytest.approx(U, abs=1e-9)


@PROPERTY
@for_all(PRIORS, st.floats(-3, 3), st.floats(0.001, 4))
def test_a_cut_prior_never_leaves_its_range_and_never_falls(prior: Prior, low: float, width: float):
    drawn = prior.quantile(U, low, low + width)
    assert drawn.shape == U.shape
    assert np.isfinite(drawn).all()
    assert (drawn >= low).all()
    assert (drawn <= low + width).all()
    assert (np.diff(drawn) >= 0).all()


@PROPERTY
@for_all(PRIORS, st.integers(1, 4), st.integers(1, 4))
def test_the_shape_of_what_is_drawn_is_that_of_the_uniforms(prior: Prior, rows: int, columns: int):
    assert np.shape(prior.quantile(np.full((rows, columns), 0.4))) == (rows, columns)


def test_a_range_that_holds_no_mass_gives_its_nearer_end():
    assert np.array_equal(HalfNormal(0.25).quantile(U, -2.0, -1.0), np.full(U.shape, -1.0))
    assert np.array_equal(Beta(2, 4).quantile(U, 1.5, 2.0), np.full(U.shape, 1.5))
    assert np.array_equal(Normal(0.0, 0.01).quantile(U, 5.0, 6.0), np.full(U.shape, 5.0))


def test_a_constant_is_certain():
    assert np.array_equal(Constant(0.3).quantile(U), np.full(U.shape, 0.3))


def test_medians_are_at_one_half():
    for prior, median in ((LogNormal(1.43, 0.25), 1.43), (Normal(0.3, 0.5), 0.3), (Uniform(0.3, 1.0), 0.65)):
        assert prior.quantile(np.array(0.5)) == pytest.approx(median)


# --- the parameters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PARAMETERS)
def test_every_number_has_a_range_a_unit_a_source_and_a_meaning(path: str):
    p = PARAMETERS[path]
    assert p.low <= p.default <= p.high
    assert p.low < p.high
    assert p.unit
    assert p.source
    assert p.doc.endswith(".")
    assert p.path == path
    assert p.each in ("", "state")


@pytest.mark.parametrize("path", PARAMETERS)
def test_a_default_is_near_the_middle_of_its_prior(path: str):
    """`default` is the signed belief's median, or for a direction from theory within its central 60 %."""
    p = PARAMETERS[path]
    if p.signed is None:
        assert isinstance(p.prior("signed"), Constant)
        return
    low, high = p.signed.quantile(np.array([0.2, 0.8]), p.low, p.high)
    assert low <= p.default <= high


@pytest.mark.parametrize("path", PARAMETERS)
def test_little_of_a_prior_is_cut_off_by_its_range(path: str):
    p = PARAMETERS[path]
    for belief in ("signed", "sceptical"):
        prior = p.prior(belief)
        if not isinstance(prior, Constant):
            assert float(prior.cdf(p.high)) - float(prior.cdf(p.low)) > 0.95


@pytest.mark.parametrize("name", MOTIVES)
def test_a_sceptic_takes_no_side(name: str):
    """A prior of every motive's weight that is symmetric around zero, so that only evidence can pick a direction."""
    p = PARAMETERS[f"{name}.weight"]
    drawn = p.prior("sceptical").quantile(U, p.low, p.high)
    assert drawn == pytest.approx(-drawn[::-1], abs=1e-12)


def test_beliefs_differ_only_where_they_say_so():
    for p in PARAMETERS.values():
        assert p.prior("fixed") == Constant(p.default)
        assert p.prior("sceptical") == (p.sceptical or p.prior("signed"))


def test_the_direct_effect_of_being_isolated_together_is_in_no_belief():
    p = PARAMETERS["solidarity.weight"]
    for belief in ("signed", "sceptical", "fixed"):
        assert p.prior(belief) == Constant(0.0)


@pytest.mark.parametrize("name", MOTIVES)
def test_nothing_else_reads_the_isolation_of_both_targets(name: str):
    """Gate against building the answer in: what i wants of j does not answer j's being isolated as well as i."""
    taught = np.array([[0.2, 0.6, 0.0, 0.0]])
    wants = [
        MOTIVES[name].motive(
            one_scene(isolation=np.array([[0.9, other, 0.0, 0.0]]), know_how=taught), params(MOTIVES[name])
        )
        for other in (0.0, 0.9)
    ]
    ties = [np.broadcast_to(want, (1, 4, 4))[0, 0, 1] for want in wants]
    assert bool(ties[0] == ties[1]) is (name != "solidarity")


# --- switches and groups ----------------------------------------------------------------------------------------


def test_switches_set_parameters_that_exist_to_values_within_range():
    assert set(MOTIVES) <= set(SWITCHES)
    for sets in SWITCHES.values():
        for path, value in sets.items():
            assert PARAMETERS[path].low <= value <= PARAMETERS[path].high


def test_groups_part_the_switches():
    listed = [name for names in GROUPS.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(SWITCHES)
    assert set(MOTIVES) - set(listed) == {"solidarity"}


def test_no_parameter_is_declared_twice_or_lost():
    assert len(PARAMETERS) == sum(len(module.Params.declared()) for module in MECHANISMS.values())


def test_a_parameter_that_no_mechanism_has_is_refused():
    class Params(BaseParams):
        bite = param(1.0, low=0.0, high=2.0, unit="none", source="none", doc="None.")

    with pytest.raises(TypeError, match="bight"):
        Params({"bight": 1.0})
    assert Params({}).bite == 1.0
