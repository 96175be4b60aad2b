"""Discovery: planted boxes are found, noise is left alone, and a second method agrees."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignsim.study.discovery import Box, agreement, choose, discover, prim, tree

NAMES = ["bite", "learning", "war_drain", "fear", "trust", "noise"]


def planted(seed: int, runs: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Failure is 95 % sure where learning > 0.6 and trust < 0.35, and 4 % elsewhere."""
    rng = np.random.default_rng(seed)
    parameters = rng.random((runs, 6))
    inside = (parameters[:, 1] > 0.6) & (parameters[:, 4] < 0.35)
    return parameters, rng.random(runs) < np.where(inside, 0.95, 0.04)


def near(box: Box, tolerance: float = 0.04) -> bool:
    limits = box.limits
    return (
        box.restricted == [1, 4]
        and abs(limits[1][0] - 0.6) < tolerance
        and abs(limits[4][1] - 0.35) < tolerance
        and limits[1][1] == inf
        and limits[4][0] == -inf
    )


def test_a_planted_box_is_found_in_fifty_of_fifty_seeds_and_the_tree_agrees():
    for seed in range(50):
        parameters, fails = planted(seed)
        (box,) = discover(parameters, fails)
        assert near(box), f"seed {seed}: {box.in_words(NAMES)}"
        assert box.density > 0.85 and box.coverage > 0.65
        assert max(box.quasi_p.values()) < 1e-6
        assert agreement(box, tree(parameters, fails), parameters) > 0.9


def test_a_box_without_noise_between_two_limits_is_found():
    for seed in range(20):
        parameters = np.random.default_rng(seed).random((2000, 6))
        fails = (parameters[:, 0] > 0.5) & (parameters[:, 2] > 0.3) & (parameters[:, 2] < 0.8)
        (box,) = discover(parameters, fails)
        assert box.restricted == [0, 2]
        assert box.density > 0.9 and box.coverage > 0.9


def crowded(seed: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Seven of ten runs fail, among fifty parameters and two coins; in one of them `apart` more below 0.6."""
    rng = np.random.default_rng(seed)
    parameters = np.column_stack([rng.random((300, 50)), rng.random((300, 2)) < 0.5]).astype(float)
    return parameters, rng.random(300) < 0.7 + apart * np.where(parameters[:, 7] < 0.6, 0.4, -0.6)


def test_where_most_runs_fail_a_region_in_which_nearly_all_do_is_found():
    boxes = [discover(*crowded(seed, 0.6)) for seed in range(40)]
    assert sum(bool(own) and own[0].restricted == [7] for own in boxes) >= 38


def test_where_most_runs_fail_alike_no_region_is_made_up():
    assert sum(bool(discover(*crowded(seed, 0.0))) for seed in range(40)) <= 4


def test_in_pure_noise_nothing_is_found():
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found += bool(discover(rng.random((1000, 6)), rng.random(1000) < 0.3))
    assert found <= 4


def test_two_regions_are_found_one_after_the_other():
    parameters = np.random.default_rng(1).random((3000, 4))
    first = (parameters[:, 0] > 0.7) & (parameters[:, 1] > 0.6)
    second = (parameters[:, 2] < 0.25) & (parameters[:, 3] < 0.3)
    boxes = discover(parameters, first | second, at_most=2)
    assert [box.restricted for box in boxes] == [[0, 1], [2, 3]]


def test_where_prim_misleads_the_tree_disagrees():
    """Failure at both ends of one parameter defeats peeling; the overlap with the tree must give the alarm."""
    x = np.random.default_rng(0).random((3000, 4))
    fails = ((x[:, 0] > 0.75) & (x[:, 1] > 0.6)) | ((x[:, 0] < 0.25) & (x[:, 2] < 0.4))
    (box,) = discover(x, fails)
    assert box.density < 0.6
    assert agreement(box, tree(x, fails), x) < 0.5


def test_a_later_box_that_is_no_denser_than_the_runs_as_a_whole_is_not_reported():
    x = np.random.default_rng(8).random((1500, 4))
    fails = ((x[:, 0] > 0.75) & (x[:, 1] > 0.6)) | ((x[:, 0] < 0.25) & (x[:, 2] < 0.4))
    boxes = discover(x, fails, at_most=5)
    assert len(boxes) == 2 and min(box.density for box in boxes) > fails.mean()


def test_the_trajectory_trades_coverage_for_density():
    parameters, fails = planted(3)
    trajectory = prim(parameters, fails)
    assert trajectory[0].restricted == [] and trajectory[0].coverage == trajectory[0].mass == 1.0
    masses = [box.mass for box in trajectory[:-1]]
    assert all(a > b for a, b in pairwise(masses))
    assert max(box.density for box in trajectory) > 3 * trajectory[0].density
    assert min(box.mass for box in trajectory) >= 0.05


def test_pasting_takes_back_what_was_peeled_too_far():
    parameters, _ = planted(4)
    inside = (parameters[:, 1] > 0.6) & (parameters[:, 4] < 0.35)
    trajectory = prim(parameters, inside, peel=0.2)
    peeled, pasted = trajectory[-2], trajectory[-1]
    assert pasted.density >= peeled.density and pasted.coverage > peeled.coverage


def test_a_limit_that_could_be_luck_is_dropped():
    parameters, fails = planted(5)
    lucky = Box(((-inf, inf), (0.6, inf), (-inf, inf), (-inf, inf), (-inf, 0.35), (0.01, inf)), 1.0, 1.0, 0.1, {5: 0.4})
    assert choose([lucky], parameters, fails).restricted == [1, 4]


def test_numbers_of_a_box_are_what_a_count_gives():
    parameters, fails = planted(6)
    (box,) = discover(parameters, fails)
    inside = (parameters[:, 1] > box.limits[1][0]) & (parameters[:, 4] < box.limits[4][1])
    assert box.mass == inside.mean()
    assert box.density == fails[inside].mean()
    assert box.coverage == fails[inside].sum() / fails.sum()


def test_a_box_speaks_in_words():
    box = Box(((0.6, inf), (-inf, 0.3), (0.1, 0.2)), 0.9, 0.5, 0.1, {})
    text = box.in_words(["bite", "learning", "trust"])
    assert text.startswith("fails where bite > 0.6 and learning < 0.3 and trust between 0.1 and 0.2")
    assert "90%" in text and "50%" in text


def test_whole_numbers_are_parted_between_them():
    rng = np.random.default_rng(7)
    parameters = np.column_stack([rng.integers(0, 3, 1000), rng.random(1000)])
    (box,) = discover(parameters, (parameters[:, 0] == 2) & (parameters[:, 1] > 0.5))
    assert box.limits[0] == (1.5, inf)


def test_peeling_never_throws_the_last_failing_run_away():
    parameters = np.r_[np.zeros(3), np.ones(97)][:, None]
    trajectory = prim(parameters, parameters[:, 0] == 0)
    assert all(box.coverage == 1.0 for box in trajectory)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_units_and_order_of_parameters_do_not_matter(seed):
    parameters, fails = planted(seed, runs=500)
    order = np.random.default_rng(seed).permutation(6)
    (box,), (moved,) = discover(parameters, fails), discover(8.0 * parameters[:, order] - 4.0, fails)
    assert moved.density == box.density and moved.mass == box.mass
    assert [order[k] for k in moved.restricted] == sorted(box.restricted, key=lambda k: list(order).index(k))


@given(st.integers(0, 10_000), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_leaves_of_the_tree_part_the_runs_between_them(seed, depth):
    parameters, fails = planted(seed, runs=400)
    leaves = tree(parameters, fails, depth)
    assert len(leaves) <= 2**depth
    assert np.array_equal(np.sum([leaf.contains(parameters) for leaf in leaves], axis=0), np.ones(400))
    assert sum(leaf.coverage for leaf in leaves) == pytest.approx(1.0)
    assert min(leaf.mass for leaf in leaves) >= 0.05


def test_runs_that_cannot_be_told_apart_are_refused():
    parameters = np.random.default_rng(0).random((50, 2))
    with pytest.raises(ValueError, match="all fail or all hold"):
        prim(parameters, np.ones(50, bool))
    with pytest.raises(ValueError, match="one outcome a run"):
        prim(parameters, np.ones(49, bool))
    parameters[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        tree(parameters, np.arange(50) < 25)
