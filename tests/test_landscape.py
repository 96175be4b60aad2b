"""Landscape theory: the two published cases, the proof that energy falls, and what holds for any actors."""

from __future__ import annotations

import itertools
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.theories import landscape

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
CASES = ("mideast2016", "unix1993")


def case(name: str) -> dict:
    text = resources.files("alignsim").joinpath(f"data/landscape/{name}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def random_actors(seed: int, count: int, whole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    half = rng.integers(-2, 3, (count, count)) if whole else rng.normal(size=(count, count))
    size = rng.integers(1, 4, count).astype(float) if whole else rng.uniform(0.1, 5.0, count)
    upper = np.triu(half, 1).astype(float)
    return size, upper + upper.T


actors = st.builds(random_actors, st.integers(0, 10_000), st.integers(2, 7), st.booleans())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("descent", ["steepest", "random"])
def test_the_published_cases_come_out_exactly(name: str, descent: str):
    facts = case(name)
    found = landscape.minima(facts["size"], facts["propensity"], descent)
    assert 2 ** (len(facts["actors"]) - 1) == facts["published"]["configurations"]
    as_published = {
        (frozenset(m["with_first"]), frozenset(m["others"]), m["energy"], m["basin"])
        for m in facts["published"]["minima"]
    }
    as_found = {(*map(frozenset, m.coalitions(facts["actors"])), round(m.energy, 6), round(m.basin, 9)) for m in found}
    assert as_found == as_published


def test_a_weak_syria_leaves_turkey_with_the_rest():
    facts = case("mideast2016")
    (only,) = landscape.minima(facts["size_weak_syria"], facts["propensity"])
    assert only.coalitions(facts["actors"])[1] == ["ISIS", "Nursa"]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the data folder beside the checkout is absent")
@pytest.mark.parametrize("name", CASES)
def test_the_packaged_facts_are_those_of_the_testbed(name: str):
    told, ours = json.loads((SHARED / "testbed" / f"{name}.json").read_text()), case(name)
    assert (ours["actors"], ours["size"]) == (told["actors"], told["size"])
    kinds = np.array(told.get("type", told["actors"]))
    rivals = -(kinds[:, None] == kinds[None, :]).astype(float) + np.eye(len(kinds))
    assert np.array_equal(ours["propensity"], told.get("propensity", rivals))
    found = landscape.minima(ours["size"], ours["propensity"])
    expected = told["expected"]
    assert len(found) == expected["local_minima"]
    assert [m.energy for m in found] == pytest.approx([expected["energy"]] * len(found), abs=1e-9)
    assert [m.basin for m in found] == expected.get("basins", [expected["configurations"]])
    sides = [[expected["with_US"], expected["other"]]] if "with_US" in expected else expected["minima"]
    assert {frozenset(map(frozenset, m.coalitions(ours["actors"]))) for m in found} == {
        frozenset(map(frozenset, pair)) for pair in sides
    }


@given(actors)
@settings(max_examples=200, deadline=None)
def test_enumeration_agrees_with_a_slow_loop_over_all_configurations(given_actors):
    size, propensity = given_actors
    count = len(size)

    def slow_energy(sides):
        pairs = itertools.product(range(count), repeat=2)
        return sum(size[i] * size[j] * propensity[i, j] for i, j in pairs if sides[i] != sides[j])

    def switched(sides, i):
        return tuple(side ^ (k == i) for k, side in enumerate(sides))

    slow = {
        sides: slow_energy(sides)
        for rest in itertools.product((0, 1), repeat=count - 1)
        for sides in [(0, *rest)]
        if all(slow_energy(switched(sides, i)) >= slow_energy(sides) - 1e-9 for i in range(count))
    }
    found = landscape.minima(size, propensity)
    assert {m.sides for m in found} == set(slow)
    assert all(m.energy == pytest.approx(slow[m.sides], abs=1e-9) for m in found)


@given(actors, st.sampled_from(["steepest", "random"]))
@settings(max_examples=100, deadline=None)
def test_basins_cover_every_configuration_once(given_actors, descent):
    size, propensity = given_actors
    found = landscape.minima(size, propensity, descent)
    assert sum(m.basin for m in found) == pytest.approx(2 ** (len(size) - 1), rel=1e-12)
    assert sum(m.share for m in found) == pytest.approx(1.0, rel=1e-12)


@given(actors)
@settings(max_examples=200, deadline=None)
def test_with_symmetric_propensities_a_switch_moves_energy_by_twice_size_times_relief(given_actors):
    size, propensity = given_actors
    sides = np.random.default_rng(len(size)).integers(0, 2, len(size))
    relief = landscape.relief_of_switching(sides, size, propensity)
    before = landscape.energy(sides, size, propensity)
    for i in range(len(size)):
        after = landscape.energy(sides ^ (np.arange(len(size)) == i), size, propensity)
        assert before - after == pytest.approx(2 * size[i] * relief[i], abs=1e-9)


@given(st.integers(0, 1000), st.integers(2, 40), st.sampled_from(["steepest", "random"]))
@settings(max_examples=50, deadline=None)
def test_descent_never_raises_energy_and_ends_where_nobody_would_move(seed, count, descent):
    size, propensity = random_actors(seed, count)
    start = np.random.default_rng(seed).integers(0, 2, (5, count))
    end = landscape.descend(start, size, propensity, descent, seed)
    fall = landscape.energy(start, size, propensity) - landscape.energy(end, size, propensity)
    assert (fall >= -1e-9).all()
    assert (landscape.relief_of_switching(end, size, propensity) <= 1e-9).all()


def test_with_lopsided_propensities_a_switch_can_raise_energy_and_descent_refuses():
    size, propensity = np.array([1.0, 1.0]), np.array([[0.0, 1.0], [-3.0, 0.0]])  # 0 pursues 1, who flees
    apart, together = np.array([0, 1]), np.array([0, 0])
    assert landscape.relief_of_switching(apart, size, propensity)[0] > 0
    assert landscape.energy(together, size, propensity) > landscape.energy(apart, size, propensity)
    with pytest.raises(ValueError, match="symmetric"):
        landscape.minima(size, propensity)


@pytest.mark.parametrize("descent", ["steepest", "random"])
def test_sampled_starts_reach_the_enumerated_minima_in_proportion_to_their_basins(descent):
    size, propensity = random_actors(7, 12)
    exact = {m.sides: m for m in landscape.minima(size, propensity, descent)}
    sampled = landscape.sampled_minima(size, propensity, starts=2000, seed=3, descent=descent)
    assert len(exact) > 1
    for m in sampled:
        assert m.energy == pytest.approx(exact[m.sides].energy)
        assert m.share == pytest.approx(exact[m.sides].share, abs=0.05)


def test_a_further_start_changes_no_other():
    size, propensity = random_actors(1, 30)
    start = np.random.default_rng(0).integers(0, 2, (8, 30))
    few = landscape.descend(start[:5], size, propensity, "random", seed=9)
    assert np.array_equal(few, landscape.descend(start, size, propensity, "random", seed=9)[:5])


def test_relabelling_actors_relabels_the_coalitions():
    facts = case("mideast2016")
    order = np.random.default_rng(5).permutation(len(facts["actors"]))
    size, propensity = np.array(facts["size"])[order], np.array(facts["propensity"])[np.ix_(order, order)]
    (only,) = landscape.minima(size, propensity)
    camps = only.coalitions([facts["actors"][k] for k in order])
    assert {frozenset(camp) for camp in camps} == {
        frozenset(facts["published"]["minima"][0][side]) for side in ("with_first", "others")
    }


def test_predicted_alignment_is_one_together_and_minus_one_apart():
    assert landscape.same_side([0, 0, 1]).tolist() == [[0, 1, -1], [1, 0, -1], [-1, -1, 0]]


def test_twenty_actors_are_enumerated_and_twenty_one_are_sent_to_sampling():
    size, propensity = random_actors(2, 20)
    assert landscape.minima(size, propensity)[0].energy < 0
    with pytest.raises(ValueError, match="sampled_minima"):
        landscape.minima(*random_actors(2, 21))
