"""Indices of sensitivity: known answers, what is refused, and no ranking beyond the intervals."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from alignsim.study.sensitivity import (
    Design,
    NotAnalysable,
    analyse,
    apart,
    convergence,
    morris,
    noise,
    pawn,
    ranking,
    response,
    sobol,
    surface,
    swings,
)
from alignsim.study.sensitivity.indices import _distances

A, B = 7.0, 0.1
"""Of the function of Ishigami and Homma (1990)."""
ISHIGAMI = {"x1": 0.31390519, "x2": 0.44241114, "x3": 0.0}
ISHIGAMI_TOTAL = {"x1": 0.55758886, "x2": 0.44241114, "x3": 0.24368366}


def ishigami(x):
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def drawn(kind, n, bounds, names=None, groups=None, seed=1, second=True) -> Design:
    """The points that a sweep would take."""
    from SALib.sample import latin
    from SALib.sample import morris as trajectories
    from SALib.sample import sobol as saltelli

    names = names or [f"x{k + 1}" for k in range(len(bounds))]
    problem = {"num_vars": len(names), "names": list(names), "bounds": [list(b) for b in bounds]}
    problem |= {"groups": list(groups)} if groups else {}
    if kind == "saltelli":
        points = saltelli.sample(problem, n, calc_second_order=second, seed=seed)
    elif kind == "morris":
        points = trajectories.sample(problem, n, seed=seed)
    else:
        points = latin.sample(problem, n, seed=seed)
    return Design(tuple(names), bounds, points, kind, n, groups)


def angles(n, seed=1, **options):
    return drawn("saltelli", n, [(-np.pi, np.pi)] * 3, seed=seed, **options)


def units(kind, n, k, **options):
    return drawn(kind, n, [(0.0, 1.0)] * k, **options)


def linear(design, slopes):
    low, high = design.bounds.T
    return ((design.points - low) / (high - low)) @ np.asarray(slopes, float)


# --- known answers


def errors_on_ishigami(n, seeds):
    truth = np.array([*ISHIGAMI_TOTAL.values(), *ISHIGAMI.values()])
    found = []
    for seed in seeds:
        design = angles(n, seed)
        said = sobol(design, np.stack([ishigami(design.points)] * 2, axis=1), resamples=2, strict=False)
        found.append(np.abs(np.concatenate([said.measures["total"].values, said.measures["first"].values]) - truth))
    return np.array(found)


def test_ishigami_is_within_the_published_errors():
    """Mean error over the six first and total indices, median of twelve scramblings (of 100: 0.017 and 0.003)."""
    assert np.median(errors_on_ishigami(256, range(1, 13)).mean(axis=1)) < 0.057
    assert np.median(errors_on_ishigami(1024, range(1, 13)).mean(axis=1)) < 0.004


def test_both_halves_of_a_second_order_design_are_used():
    """With A and B exchanged and averaged the error falls; either half alone has 1.3 times as much."""
    design = angles(256)
    y = ishigami(design.points)
    from SALib.analyze import sobol as salib

    half = salib.analyze(design.problem, y, num_resamples=2, seed=1)
    exchanged = y.reshape(256, 8)[:, [7, 4, 5, 6, 1, 2, 3, 0]].ravel()
    other = salib.analyze(design.problem, exchanged, num_resamples=2, seed=1)
    assert sobol(design, y).measures["first"].values == pytest.approx((half["S1"] + other["S1"]) / 2, abs=1e-12)
    assert sobol(design, y).pairs.values[0, 2] == pytest.approx((half["S2"][0, 2] + other["S2"][0, 2]) / 2, abs=1e-12)


def test_intervals_hold_the_true_indices_of_ishigami():
    truth = np.array(list(ISHIGAMI_TOTAL.values()))
    inside = []
    for seed in range(1, 31):
        design = angles(128, seed)
        main = sobol(design, ishigami(design.points)).main
        inside.append((main.low <= truth) & (truth <= main.high))
    assert np.mean(inside) > 0.9


def test_interaction_of_the_first_and_third_input_is_found_and_no_other():
    design = angles(1024)
    said = sobol(design, ishigami(design.points))
    pairs = said.pairs
    assert pairs.values[0, 2] == pytest.approx(0.2437, abs=0.03)
    assert pairs.low[0, 2] > 0 > pairs.low[0, 1]
    assert said.interacting()[0] == (0, 2)
    assert "x1 and x3 act together" in said.words and "x2 act" not in said.words


def test_linear_model_has_the_shares_that_its_slopes_say():
    slopes = np.array([4.0, 2.0, 1.0, 0.0])
    design = units("saltelli", 512, 4)
    said = sobol(design, linear(design, slopes))
    shares = slopes**2 / (slopes**2).sum()
    assert said.measures["first"].values == pytest.approx(shares, abs=0.02)
    assert said.measures["total"].values == pytest.approx(shares, abs=0.02)
    assert said.measures["total"].values[3] == 0.0
    assert [(rank.label, rank.best, rank.worst) for rank in ranking(said)] == [
        ("x1", 1, 1), ("x2", 2, 2), ("x3", 3, 3), ("x4", 4, 4)
    ]  # fmt: skip
    assert "Of x4 no effect is seen" in said.words


def test_elementary_effects_of_a_linear_model_are_its_slopes():
    design = drawn("morris", 10, [(0.0, 1.0), (-5.0, 5.0), (2.0, 4.0)])
    said = morris(design, linear(design, [4.0, -2.0, 0.0]))
    assert said.measures["mu_star"].values == pytest.approx([4.0, 2.0, 0.0], abs=1e-9)
    assert said.measures["mu"].values == pytest.approx([4.0, -2.0, 0.0], abs=1e-9)
    assert said.measures["sigma"].values == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert said.main.half == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_units_of_the_outcome_change_no_share(scale):
    design = angles(64)
    y = ishigami(design.points)
    plain, scaled = sobol(design, y), sobol(design, 3.0 + scale * y)
    assert scaled.main.values == pytest.approx(plain.main.values, abs=1e-7)
    assert scaled.main.half == pytest.approx(plain.main.half, abs=1e-7)


def test_scipy_finds_the_same_from_the_same_points():
    from scipy.stats import sobol_indices

    design = angles(256, second=False)
    y = ishigami(design.points).reshape(256, 5)
    theirs = sobol_indices(func={"f_A": y[:, 0], "f_B": y[:, 4], "f_AB": y[:, 1:4].T[:, None]}, n=256)
    ours = sobol(design, y.ravel())
    assert ours.measures["total"].values == pytest.approx(theirs.total_order, abs=1e-10)
    assert ours.measures["first"].values == pytest.approx(theirs.first_order, abs=0.01)  # centred by another mean
    assert ours.pairs is None


def test_scipy_finds_the_same_from_its_own_points():
    from scipy.stats import sobol_indices, uniform

    theirs = sobol_indices(
        func=lambda x: ishigami(x.T), n=1024, dists=[uniform(-np.pi, 2 * np.pi)] * 3, rng=np.random.default_rng(3)
    )
    design = angles(1024)
    ours = sobol(design, ishigami(design.points))
    for name, other in (("first", theirs.first_order), ("total", theirs.total_order)):
        assert np.all(np.abs(ours.measures[name].values - other) < 1.5 * ours.measures[name].half)


def test_pawn_of_the_bootstrap_is_that_of_salib():
    from SALib.analyze import pawn as salib

    draws = np.random.default_rng(0)
    for n, slices, groups in ((200, 10, None), (333, 8, None), (100, 5, ("a", "b", "a"))):
        x = draws.uniform(size=(n, 3))
        y = np.round(ishigami(6 * x - 3), 1)  # with ties
        design = Design(("x1", "x2", "x3"), [(0, 1)] * 3, x, "lhs", n, groups)
        theirs = salib.analyze(design.problem, x, y, S=slices)["median"]
        assert _distances(design, x, y, slices) == pytest.approx(theirs, abs=1e-12)


def test_pawn_sees_what_moves_the_distribution_and_not_what_does_nothing():
    design = units("lhs", 600, 3)
    spread = np.random.default_rng(5).normal(size=600) * np.where(design.points[:, 1] > 0.5, 2.0, 0.1)  # in the mean 0
    said = pawn(design, 2 * design.points[:, 0] + spread)
    seen = {rank.label: rank.seen for rank in ranking(said)}
    assert seen == {"x1": True, "x2": True, "x3": False}


def test_an_inert_input_is_seldom_seen_by_pawn():
    seen = 0
    for seed in range(25):
        design = units("lhs", 120, 2, seed=seed)
        said = pawn(design, design.points[:, 0], resamples=50)
        seen += {rank.label: rank.seen for rank in ranking(said)}["x2"]
    assert seen <= 3


def test_the_highest_level_of_an_input_counts_as_much_as_the_lowest():
    draws = np.random.default_rng(3)
    levels, y = draws.integers(3, size=300).astype(float), draws.normal(size=300)
    found = []
    for x in (levels, 2 - levels):
        design = Design(("level", "other"), [(0, 2), (0, 1)], np.column_stack([x, y[::-1]]), "lhs", 300)
        found.append(pawn(design, y + 3 * (levels == 2)).main.values[0])
    assert found[0] == pytest.approx(found[1], abs=0.03)


def test_pawn_of_a_saltelli_design_takes_its_two_independent_samples():
    design = angles(256)
    said = pawn(design, ishigami(design.points))
    ends = design.points.reshape(256, 8, 3)[:, [0, 7]].reshape(-1, 3)
    alone = pawn(Design(design.names, design.bounds, ends, "sobol", 512), ishigami(ends))
    assert said.main.values == pytest.approx(alone.main.values)


# --- groups


def test_a_group_has_the_share_of_all_its_inputs():
    design = units("saltelli", 256, 3, groups=("hard", "soft", "hard"))
    said = sobol(design, linear(design, [1.0, 2.0, 2.0]))
    assert said.labels == ("hard", "soft")
    assert said.main.values == pytest.approx([5 / 9, 4 / 9], abs=0.03)


def test_a_group_of_trajectories_has_a_size_but_no_sign_and_no_spread():
    design = units("morris", 10, 3, groups=("hard", "soft", "hard"))
    said = morris(design, linear(design, [1.0, 2.0, 0.0]))
    assert said.main.values[1] == pytest.approx(2.0)
    rows = {(row["input"], row["measure"]): row["estimate"] for row in said.to_rows()}
    assert rows["hard", "sigma"] is None and rows["hard", "mu"] is None
    assert rows["soft", "sigma"] == pytest.approx(0.0, abs=1e-9)


def test_one_group_of_everything_is_refused():
    with pytest.raises(NotAnalysable, match="nothing to compare it with"):
        units("saltelli", 16, 2, groups=None).__class__(("a", "b"), [(0, 1)] * 2, np.zeros((16, 2)), "lhs", 16, "gg")


# --- what is refused


@pytest.mark.parametrize("kind, n", [("saltelli", 16), ("morris", 8), ("lhs", 100)])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_run(kind, n, wrong):
    design = units(kind, n, 3)
    values = np.tile(linear(design, [1, 2, 3])[:, None], (1, 4))
    values[17, 3] = wrong
    with pytest.raises(NotAnalysable, match=r"point 17, run 3: (nan|inf) \(the loop gain is 1\.2\)") as refused:
        analyse(design, values, "the effect of c01", errors={(17, 3): "the loop gain is 1.2"})
    assert str(refused.value).startswith("the effect of c01: 1 of ")
    assert "--retry-failed" in str(refused.value)


def test_many_failed_runs_are_counted():
    design = units("saltelli", 16, 2)
    values = np.full((96, 2), np.nan)
    with pytest.raises(NotAnalysable, match="and 187 more"):
        sobol(design, values)


def test_an_outcome_that_never_changes_has_no_shares():
    design = units("saltelli", 16, 2)
    with pytest.raises(NotAnalysable, match="same at every point"):
        sobol(design, np.full(96, 0.3) + 1e-17 * np.arange(96))


def test_an_outcome_that_never_changes_has_elementary_effects_of_nothing():
    design = units("morris", 8, 2)
    said = morris(design, np.zeros(24), "the effect")
    assert said.words.startswith("Nothing that was varied has an effect on the effect")


def impossible(block):
    """Values of which the first-order index of the first input is near -1."""
    draws = np.random.default_rng(1)
    a, b = draws.normal(size=(2, 256))
    values = draws.normal(size=(256, block))
    values[:, 0], values[:, 1], values[:, -1] = a, a - b, b
    return values.ravel()


def test_a_share_below_zero_beyond_sampling_is_an_error_and_names_where_to_look():
    design = units("saltelli", 256, 2, second=False)
    values = impossible(design.block)
    values[100] = 4.9
    with pytest.raises(NotAnalysable, match=r"first order index of x1 is -0\.9\d+, below zero .* point 100"):
        sobol(design, values, "the effect")
    assert sobol(design, values, strict=False).measures["first"].values[0] < -0.9


def test_a_share_below_zero_within_sampling_is_no_error():
    below = 0
    for seed in range(10):
        design = angles(32, seed)
        below += bool((sobol(design, ishigami(design.points)).measures["first"].values < 0).any())
    assert below > 0


def test_a_design_that_is_not_whole_is_refused():
    whole = angles(16)
    with pytest.raises(NotAnalysable, match="finish the sweep"):
        Design(whole.names, whole.bounds, whole.points[:-3], "saltelli", 16)
    with pytest.raises(NotAnalysable, match="finish the sweep"):
        Design(whole.names, whole.bounds, whole.points[:48], "saltelli", 16)
    holed = whole.points.copy()
    holed[3, 1] = np.nan
    with pytest.raises(NotAnalysable, match="not a finite number"):
        Design(whole.names, whole.bounds, holed, "saltelli", 16)
    with pytest.raises(NotAnalysable, match="is not a design"):
        Design(whole.names, whole.bounds, whole.points, "halton", 16)


def test_a_method_says_which_design_it_needs():
    design = units("lhs", 100, 2)
    for method, kind in (("sobol", "saltelli"), ("morris", "morris")):
        with pytest.raises(NotAnalysable, match=f"--design {kind}"):
            analyse(design, np.zeros(100), method=method)
    grid = Design(("x1",), [(0, 1)], np.linspace(0, 1, 11)[:, None], "grid", 11)
    with pytest.raises(NotAnalysable, match="a grid has response curves"):
        analyse(grid, np.zeros(11))
    with pytest.raises(NotAnalysable, match="PAWN needs points spread"):
        pawn(grid, np.zeros(11))
    with pytest.raises(NotAnalysable, match="80 points or more"):
        pawn(units("lhs", 60, 2), np.zeros(60))


# --- intervals and ranks


def test_no_rank_where_intervals_overlap_and_how_many_more_would_part_them():
    design = units("saltelli", 64, 3)
    said = sobol(design, linear(design, [1.0, 0.85, 0.1]))
    first, second, third = ranking(said)
    assert (first.best, first.worst, second.best, second.worst, third.best) == (1, 2, 1, 2, 3)
    (pair,) = apart(said)
    assert "x1 or x2, which cannot be told apart" in said.words
    assert f"about {pair.base - 64} more (N = {pair.base}: {(pair.base - 64) * 8:,} more points) would" in said.words


def test_as_many_points_as_were_asked_for_do_part_them():
    parted = 0
    for seed in range(1, 9):
        design = units("saltelli", 64, 2, seed=seed)
        (pair,) = apart(sobol(design, linear(design, [1.0, 0.8])))
        more = units("saltelli", pair.base, 2, seed=seed)
        parted += not apart(sobol(more, linear(more, [1.0, 0.8])))
    assert parted >= 6


def test_an_interval_holds_what_comes_from_points_and_from_runs():
    design = units("saltelli", 64, 2)
    values = linear(design, [1.0, 1.0])[:, None] + design.points[:, :1] * np.random.default_rng(1).normal(size=12)
    main = sobol(design, values).main
    assert main.high - main.values == pytest.approx(np.sqrt(main.over_points**2 + main.over_runs**2))
    assert main.half[0] > 1.05 * main.over_points[0]


def test_an_unseen_input_that_may_be_first_is_named_with_the_first():
    design = units("saltelli", 16, 3)
    said = sobol(design, linear(design, [1.0, 0.5, 0.0]))
    wide = replace(said.main, values=np.array([0.5, 0.2, 0.0]), over_points=np.array([0.2, 0.4, 0.1]))
    said = replace(said, measures={"total": wide})
    assert [(rank.best, rank.seen) for rank in ranking(said)] == [(1, True), (1, False), (2, False)]
    assert "is x1 or x2, which cannot be told apart (x1: 50%" in said.words


def test_a_row_of_inputs_that_nothing_parts_is_told_in_one_sentence():
    design = units("saltelli", 64, 4)
    said = sobol(design, linear(design, [1.0, 1.0, 1.0, 0.1]))
    equal = replace(said.main, values=np.array([0.3, 0.3, 0.3, 0.0]), over_points=np.array([0.1, 0.1, 0.1, 0.01]))
    words = replace(said, measures={"total": equal}).words
    assert "x1, x2 and x3, each beside the next, cannot be told apart at N = 64, nor with 64 times as much." in words
    assert words.count("cannot be told apart at") == 1


def test_twins_are_never_told_apart():
    design = units("saltelli", 64, 2)
    said = sobol(design, linear(design, [1.0, 1.0]))
    assert "nor with 64 times as much" in said.words


def test_where_runs_blur_the_indices_more_runs_are_asked_for():
    draws = np.random.default_rng(2)
    design = units("saltelli", 256, 2)
    tilt = draws.normal(size=6)
    values = linear(design, [1.0, 0.9])[:, None] + 0.4 * design.points[:, :1] * tilt
    (pair,) = apart(sobol(design, values))
    assert pair.runs is None or pair.runs > 6


def test_half_widths_fall_with_the_root_of_the_points():
    small, large = (sobol(d, linear(d, [1.0, 0.5])) for d in (units("saltelli", 64, 2), units("saltelli", 1024, 2)))
    assert 2.5 < np.mean(small.main.half / large.main.half) < 6


# --- noise and runs


def swept(n, runs, seed=0):
    """Outcomes of 40 % parameters, 50 % of what a run adds everywhere, 10 % interplay."""
    draws = np.random.default_rng(seed)
    parts = [draws.normal(size=shape) for shape in ((n, 1), (1, runs), (n, runs))]
    return np.sqrt(0.4) * parts[0] + np.sqrt(0.5) * parts[1] + np.sqrt(0.1) * parts[2]


def test_noise_is_parted_from_parameters():
    said = noise(swept(2000, 400))
    assert (said.varied, said.alike, said.interplay) == pytest.approx((0.4, 0.5, 0.1), abs=0.04)
    assert said.varied + said.share == pytest.approx(1.0)
    assert said.left == pytest.approx(0.1 / 400 / (0.4 + 0.1 / 400), rel=0.2)


def test_noise_by_hand():
    """Two points, two runs: means 1 and 3, runs differ by 1, no interplay."""
    said = noise(np.array([[0.5, 1.5], [2.5, 3.5]]))
    assert (said.varied, said.alike, said.interplay) == pytest.approx((2.0 / 2.5, 0.5 / 2.5, 0.0))
    assert "80 % comes from what was varied and 20 % from the runs" in said.words


def test_noise_with_interplay_by_hand():
    """Means of points 0.5 and 3.5, of runs 1 and 3; what is left is ±0.5, of one degree of freedom: variance 1."""
    said = noise(np.array([[0.0, 1.0], [2.0, 5.0]]))
    assert (said.varied, said.alike, said.interplay) == pytest.approx((4.0 / 6.5, 1.5 / 6.5, 1.0 / 6.5))
    assert said.left == pytest.approx(0.5 / 4.5)


def test_noise_of_one_run_or_of_nothing_is_not_known():
    assert noise(np.zeros((5, 1))) is None
    assert noise(np.zeros((5, 3))) is None


def test_what_a_run_adds_everywhere_changes_no_index():
    design = angles(64)
    y = ishigami(design.points)[:, None]
    shocks = np.random.default_rng(1).normal(size=(1, 12))
    still, shaken = sobol(design, np.repeat(y, 12, axis=1)), sobol(design, y + 5 * shocks)
    assert shaken.main.values == pytest.approx(still.main.values, abs=1e-9)
    assert shaken.main.over_runs == pytest.approx(0.0, abs=1e-9)
    assert shaken.noise.alike > 0.2


@pytest.mark.parametrize("kind, n", [("saltelli", 64), ("morris", 20), ("lhs", 200)])
def test_what_a_run_does_at_some_points_only_widens_the_interval(kind, n):
    design = units(kind, n, 2)
    tilt = np.random.default_rng(1).normal(size=12)
    values = linear(design, [1.0, 1.0])[:, None] + design.points[:, :1] * tilt
    assert (analyse(design, values).main.over_runs > 0.01).all() or kind == "morris"
    assert analyse(design, values).main.over_runs[0] > 0.01
    assert "one run at each point" in analyse(design, values[:, 0]).words


def test_jackknife_over_runs_knows_the_spread_of_a_mean():
    """mu* of a slope that differs between runs is the mean slope: its half-width is Student's t times s/√R."""
    slopes = 3 + np.random.default_rng(4).normal(size=15)
    design = units("morris", 6, 1)
    said = morris(design, design.points * slopes)
    assert said.main.over_runs[0] == pytest.approx(2.1448 * slopes.std(ddof=1) / np.sqrt(15), rel=1e-3)


# --- the same again


def test_the_same_values_give_the_same_numbers_and_the_global_generator_is_left_alone():
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for kind, n in (("saltelli", 32), ("morris", 8), ("lhs", 100)):
        design = units(kind, n, 2)
        values = linear(design, [1.0, 0.7])
        one, two = analyse(design, values), analyse(design, values)
        assert one.to_rows() == two.to_rows()
        other = analyse(design, values, seed=5)
        assert other.main.values == pytest.approx(one.main.values)
        if kind == "saltelli":
            assert other.main.half[0] != one.main.half[0]
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_convergence_ends_with_the_whole_design():
    design = angles(128)
    steps = convergence(design, ishigami(design.points))
    assert [step.base for step in steps] == [16, 32, 64, 128]
    assert steps[-1].to_rows() == sobol(design, ishigami(design.points)).to_rows()
    half = angles(64)
    assert np.array_equal(half.points, design.points[: len(half.points)])
    assert steps[-2].to_rows() == sobol(half, ishigami(half.points)).to_rows()


def test_parts_of_a_sobol_sequence_are_cut_at_powers_of_two():
    points = np.random.default_rng(0).uniform(size=(100 * 4, 2))
    assert Design(("a", "b"), [(0, 1)] * 2, points, "saltelli", 100).parts() == [16, 32, 64, 100]


@pytest.mark.parametrize("kind, n, sizes", [("morris", 20, [5, 10, 20]), ("lhs", 400, [100, 200, 400])])
def test_convergence_of_other_designs(kind, n, sizes):
    design = units(kind, n, 2)
    assert [step.base for step in convergence(design, linear(design, [1, 2]))] == sizes


@pytest.mark.parametrize("kind, n", [("saltelli", 32), ("morris", 8), ("lhs", 100)])
def test_a_result_is_a_tidy_table_and_json(kind, n):
    design = units(kind, n, 3)
    said = analyse(design, np.stack([linear(design, [3, 2, 0])] * 3, axis=1), "the effect of c01")
    rows = said.to_rows()
    assert len({tuple(row) for row in rows}) == 1
    assert {row["outcome"] for row in rows} == {"the effect of c01"}
    assert len([row for row in rows if row["rank_best"]]) == 3
    read = json.loads(json.dumps(said.as_json(), allow_nan=False))
    assert read["words"] == said.words and read["noise"]["share"] == 0


def test_loading_it_loads_neither_salib_nor_pandas():
    loaded = "{'SALib', 'pandas', 'scipy'} & {m.split('.')[0] for m in sys.modules}"
    code = f"import sys, alignsim.study.sensitivity; print({loaded})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


# --- response


def grid():
    x, y = (side.ravel() for side in np.meshgrid(np.linspace(0, 1, 5), np.linspace(10, 20, 3)))
    return Design(("bite", "chill"), [(0, 1), (10, 20)], np.column_stack([x, y]), "grid", 15)


def test_a_response_curve_of_a_grid_is_the_mean_at_each_value_run_by_run():
    design = grid()
    values = design.points[:, :1] * np.array([1.0, 2.0]) + design.points[:, 1:]
    curve = response(design, values, "bite")
    assert curve.places == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert curve.samples == pytest.approx(np.array([[1.0], [2.0]]) * curve.places + 15)
    with pytest.raises(NotAnalysable, match="did you mean 'bite'"):
        response(design, values, "bit")


def test_a_response_curve_of_scattered_points_follows_the_input():
    design = units("lhs", 2000, 2)
    curve = response(design, linear(design, [1.0, 1.0]), "x1")
    assert len(curve.places) == 16
    assert curve.samples[0] == pytest.approx(curve.places + 0.5, abs=0.1)


def test_a_surface_has_a_cell_for_every_pair_of_values():
    design = grid()
    found = surface(design, design.points[:, 0] + 100 * design.points[:, 1], "bite", "chill")
    assert found.values == pytest.approx(found.x[None, :] + 100 * found.y[:, None])
    holes = Design(design.names, design.bounds, design.points[:-1], "grid", 14)
    assert np.isnan(surface(holes, holes.points[:, 0], "bite", "chill").values[-1, -1])


def test_a_swing_is_the_difference_between_the_ends():
    design = grid()
    bite, chill = sorted(swings(design, design.points[:, 0] - 3 * design.points[:, 1]), key=lambda s: s.input)
    assert (bite.size, chill.size) == pytest.approx((1.0, -30.0))


def test_the_swings_of_a_grid_are_as_uncertain_as_its_runs_and_no_more():
    design = grid()
    each = np.array([0.5, 1.0, 1.5, 2.0])
    values = design.points[:, :1] * each - 3 * design.points[:, 1:]
    bite, chill = sorted(swings(design, values), key=lambda s: s.input)
    span = np.ptp(design.points[:, 0])
    assert bite.half == pytest.approx(stats.t.ppf(0.975, 3) * span * each.std(ddof=1) / 2)
    assert chill.half == pytest.approx(0, abs=1e-9) and chill.seen
    assert swings(design, values[:, 0])[0].half == 0  # one run says nothing of others


def test_a_swing_of_scattered_points_is_uncertain_by_points_and_by_runs():
    design = units("lhs", 400, 2)
    one = linear(design, [1.0, 0.7])
    alone, *_ = swings(design, one)
    runs = one[:, None] + 2 * design.points[:, :1] * np.array([-1.0, 0.0, 1.0])
    both, *_ = swings(design, runs)
    assert both.size == pytest.approx(alone.size)
    each = both.half**2 - alone.half**2
    assert each == pytest.approx((stats.t.ppf(0.975, 2) * 1.6 / np.sqrt(3)) ** 2, rel=0.05)


@pytest.mark.parametrize("kind, n", [("lhs", 400), ("saltelli", 64), ("morris", 40)])
def test_the_interval_of_a_swing_holds_what_is_true(kind, n):
    truth = 1.0 if kind == "morris" else 0.8  # the ends are the outer levels, or the outer fifths
    held = 0
    for seed in range(20):
        design = units(kind, n, 3, seed=seed)
        (found,) = [s for s in swings(design, linear(design, [1.0, 0.7, 0.5])) if s.input == "x1"]
        held += abs(found.size - truth) <= found.half
    assert held >= 16
