"""A random number is a function of its address, and of nothing else."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from alignsim.kernel import Noise
from alignsim.random import name_key, name_keys, normals, uniforms
from worlds import PROPERTY, SEEDS, drawn, names

WHO = name_keys([(f"S{k}",) for k in range(40)])
RUNS = np.arange(50)


def kolmogorov_smirnov(values: np.ndarray, cdf) -> float:
    """P value of the values coming from the distribution (asymptotic)."""
    from scipy.stats import kstest

    return float(kstest(values.ravel(), cdf).pvalue)


def test_uniforms_are_uniform_and_normals_normal():
    assert kolmogorov_smirnov(uniforms(1, "a", np.arange(2000), WHO), "uniform") > 0.001
    assert kolmogorov_smirnov(normals(1, "a", np.arange(200), WHO, 10), "norm") > 0.001


def test_moments_of_normals_are_those_of_the_standard_normal():
    x = normals(3, "moments", np.arange(1000), WHO, 10).ravel()
    error = 1.0 / np.sqrt(x.size)
    assert abs(x.mean()) < 4 * error
    assert abs((x**2).mean() - 1.0) < 4 * np.sqrt(2) * error
    assert abs((x**3).mean()) < 4 * np.sqrt(15) * error
    assert abs((x**4).mean() - 3.0) < 4 * np.sqrt(96) * error
    assert np.abs(x).max() > 4.0  # the tails are there


@pytest.mark.parametrize("axis", [0, 1, 2], ids=["run", "step", "who"])
def test_neighbours_along_every_axis_are_uncorrelated(axis: int):
    x = normals(5, "neighbours", np.arange(100), WHO, 60)
    for lag in (1, 2, 3):
        ahead, behind = np.moveaxis(x, axis, 0)[lag:], np.moveaxis(x, axis, 0)[:-lag]
        correlation = (ahead * behind).mean()
        squares = ((ahead**2 - 1) * (behind**2 - 1)).mean() / 2
        assert abs(correlation) < 4.5 / np.sqrt(ahead.size)
        assert abs(squares) < 4.5 / np.sqrt(ahead.size)


def test_streams_and_seeds_are_uncorrelated():
    x = {
        (seed, stream): uniforms(seed, stream, np.arange(1000), WHO).ravel() - 0.5
        for seed in (0, 1, 2**31)
        for stream in ("alignment", "position", "events")
    }
    tables = np.corrcoef(list(x.values()))
    assert np.abs(tables - np.eye(len(tables))).max() < 4.5 / np.sqrt(40_000)


def test_uniforms_never_reach_their_ends():
    u = uniforms(1, "ends", np.arange(20_000), WHO[:10])
    assert 0.0 < u.min() < 1e-4
    assert 1.0 - 1e-4 < u.max() < 1.0


@PROPERTY
@for_all(SEEDS, st.integers(0, 30), st.integers(1, 20), st.integers(0, 30), st.integers(1, 20))
def test_any_window_of_steps_gives_the_same_numbers(seed: int, first: int, count: int, other: int, more: int):
    whole = normals(seed, "s", RUNS[:4], WHO[:5], 60)
    for start, length in ((first, count), (other, more)):
        window = normals(seed, "s", RUNS[:4], WHO[:5], length, start)
        assert window.tobytes() == np.ascontiguousarray(whole[:, start : start + length]).tobytes()


@PROPERTY
@for_all(SEEDS, st.lists(st.integers(0, 49), min_size=1, unique=True), st.lists(st.integers(0, 39), min_size=1))
def test_a_draw_does_not_depend_on_who_else_draws(seed: int, runs: list[int], who: list[int]):
    whole = normals(seed, "s", RUNS, WHO, 3, first=1)
    part = normals(seed, "s", RUNS[runs], WHO[who], 3, first=1)
    assert part.tobytes() == np.ascontiguousarray(whole[np.ix_(runs, range(3), who)]).tobytes()
    u = uniforms(seed, "s", RUNS, WHO, step=2)
    assert np.array_equal(uniforms(seed, "s", RUNS[runs], WHO[who], step=2), u[np.ix_(runs, who)])


def test_every_part_of_an_address_matters():
    base = uniforms(1, "a", RUNS, WHO)
    others = [uniforms(2, "a", RUNS, WHO), uniforms(1, "b", RUNS, WHO), uniforms(1, "a", RUNS + 50, WHO)]
    others += [uniforms(1, "a", RUNS, WHO, step=1), uniforms(1, "a", RUNS, WHO[::-1])]
    for other in others:
        assert not np.any(base == other)


def test_no_two_addresses_share_a_draw():
    x = normals(0, "collisions", np.arange(500), WHO, 20)
    assert len(np.unique(x)) > x.size - 10  # 32 bits a radius and a angle: a pair may meet now and then


def test_names_are_told_apart_by_where_they_are_divided():
    assert len({name_key("ab", "c"), name_key("a", "bc"), name_key("abc"), name_key("c", "ab")}) == 4


def mixed(x: int) -> int:
    """The splitmix64 finaliser in whole numbers of any size."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ x >> shift) * factor % 2**64
    return x ^ x >> 31


def hashed(seed: int, stream: str, run: int, step: int, *who: str) -> int:
    stride = 0x9E3779B97F4A7C15
    by_run = mixed((name_key(stream, str(seed)) + (run + 1) * stride) % 2**64)
    by_step = mixed((by_run + (step + 1) * stride) % 2**64)
    return mixed((by_step + name_key(*who)) % 2**64)


def test_numbers_are_those_that_the_address_hashes_to():
    assert mixed(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF  # the first output of splitmix64 from seed 0
    bits = hashed(1, "a", 0, 0, "IRN")
    assert uniforms(1, "a", np.array([0]), name_keys([("IRN",)]))[0, 0] == ((bits >> 11) + 0.5) * 2.0**-53
    bits = hashed(1, "a", 7, 2, "IRN", "RUS")  # steps 4 and 5
    radius = np.sqrt(-2 * np.log(((bits >> 32) + 0.5) * 2.0**-32))
    angle = 2 * np.pi * (bits % 2**32) / 2.0**32
    both = normals(1, "a", np.array([7]), name_keys([("IRN", "RUS")]), 2, 4)[0, :, 0]
    assert both == pytest.approx([radius * np.cos(angle), radius * np.sin(angle)], rel=1e-14)


def test_the_numbers_are_those_of_earlier_versions():
    """Results saved with a seed can be had again: these values must never change."""
    assert name_key("IRN", "RUS") == 0x760834039D4D4A68
    assert uniforms(1, "a", np.array([0]), name_keys([("IRN",)]))[0, 0] == 0.6120338551003237
    last = normals(1, "a", np.array([7]), name_keys([("IRN", "RUS")]), 1, 5)[0, 0, 0]
    assert last == pytest.approx(-0.6404134463252332, rel=1e-14)


def test_draws_are_the_same_in_another_process():
    draw = "float(uniforms(3, 'x', numpy.array([4]), name_keys([('A', 'B')]))[0, 0])"
    code = f"import numpy; from alignsim.random import *; print(repr({draw}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(other.stdout) == uniforms(3, "x", np.array([4]), name_keys([("A", "B")]))[0, 0]


# --- what the kernel asks for -----------------------------------------------------------------------------------


def of_states(who: list[str], issues: list[str], runs: np.ndarray, months: int = 6, first: int = 1):
    upper = zip(*np.triu_indices(len(who), 1), strict=True)
    pairs = name_keys([(who[i], who[j]) for i, j in upper])
    views = name_keys([(state, issue) for state in who for issue in issues])
    return Noise(4, runs, pairs, views, (len(who), len(issues))).months(first, months)


def test_shocks_to_ties_are_symmetric_with_nothing_on_the_diagonal():
    for shock in of_states(["A", "B", "C", "D"], ["x"], np.arange(5)):
        assert np.array_equal(shock.alignment, shock.alignment.swapaxes(1, 2))
        assert not np.einsum("rii->ri", shock.alignment).any()
        assert np.count_nonzero(shock.alignment[0]) == 12


def test_a_months_shocks_are_the_normals_of_that_month():
    pairs, views = name_keys([("A", "B"), ("A", "C"), ("B", "C")]), name_keys([("A", "x"), ("B", "x"), ("C", "x")])
    runs, upper = np.arange(5), np.triu_indices(3, 1)
    for month, shock in enumerate(of_states(["A", "B", "C"], ["x"], runs, months=4), start=1):
        assert np.array_equal(shock.alignment[:, *upper], normals(4, "alignment", runs, pairs, 1, month)[:, 0])
        assert np.array_equal(shock.position[:, :, 0], normals(4, "position", runs, views, 1, month)[:, 0])


def test_another_state_and_another_issue_change_no_shock():
    few = of_states(["A", "B", "D"], ["x", "y"], np.arange(5))
    more = of_states(["A", "B", "C", "D"], ["x", "new", "y"], np.arange(5))
    for small, large in zip(few, more, strict=True):
        assert np.array_equal(small.alignment, large.alignment[:, [0, 1, 3]][:, :, [0, 1, 3]])
        assert np.array_equal(small.position, large.position[:, [0, 1, 3]][:, :, [0, 2]])


def test_shocks_do_not_depend_on_the_window_or_the_batch():
    whole = of_states(["A", "B", "C"], ["x"], np.arange(8), months=9, first=1)
    for first in (1, 2, 5):
        part = of_states(["A", "B", "C"], ["x"], np.array([6, 2]), months=3, first=first)
        for k, shock in enumerate(part):
            assert np.array_equal(shock.alignment, whole[first - 1 + k].alignment[[6, 2]])
            assert np.array_equal(shock.position, whole[first - 1 + k].position[[6, 2]])


def test_another_state_changes_no_parameter_of_those_already_there():
    few, more = drawn(6, 4, seed=9), drawn(6, 5, seed=9)
    assert names(5)[:4] == names(4)
    for path, value in few.items():
        assert np.array_equal(value, more[path][:, : value.shape[1]])


def test_parameters_of_a_plan_are_addressed_by_name_run_and_attempt():
    from alignsim.mechanisms.registry import PARAMETERS
    from alignsim.plan.draws import Belief

    priors = {path: p.prior("signed") for path, p in PARAMETERS.items()}

    def sample(states: tuple[str, ...], runs: np.ndarray, attempt: int = 0, only: int | None = None):
        some = dict(list(priors.items())[:only])
        return Belief(some, PARAMETERS, states, 3).sample(runs, attempt)

    whole = sample(("A", "B", "C"), np.arange(6))
    for path, value in sample(("C", "A"), np.array([4, 1])).items():
        kept = [2, 0] if value.shape[1] > 1 else [0]
        assert np.array_equal(value, whole[path][np.ix_([4, 1], kept, [0])]), path
    for path, value in sample(("A", "B", "C"), np.arange(6), only=10).items():
        assert np.array_equal(value, whole[path])
    again = sample(("A", "B", "C"), np.arange(6), attempt=1)
    assert not np.any(again["sanctions.bite"] == whole["sanctions.bite"])


def test_draws_are_redone_until_the_loop_gain_is_small_and_only_where_it_is_not():
    from alignsim.errors import AlignsimError
    from alignsim.mechanisms.registry import PARAMETERS
    from alignsim.plan.draws import Belief, accepted

    belief = Belief({"sanctions.bite": PARAMETERS["sanctions.bite"].prior("signed")}, PARAMETERS, ("A",), 5)

    def gain(runs: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
        return values["sanctions.bite"][:, 0, 0].copy()

    first = belief.sample(np.arange(40), 0)["sanctions.bite"]
    draws = accepted(belief, np.arange(40), gain, 1.43)  # the median
    kept = first[:, 0, 0] < 1.43
    assert 5 < kept.sum() < 35
    assert (draws.gain < 1.43).all()
    assert np.array_equal(draws.gain, draws.values["sanctions.bite"][:, 0, 0])
    assert np.array_equal(draws.attempts == 1, kept)
    assert np.array_equal(draws.values["sanctions.bite"][kept], first[kept])
    part = accepted(belief, np.arange(20, 40), gain, 1.43)
    assert np.array_equal(part.values["sanctions.bite"], draws.values["sanctions.bite"][20:])
    with pytest.raises(AlignsimError, match="loop gain"):
        accepted(belief, np.arange(2), gain, 0.0)
