"""The calibration finds what is known to be there, says what cannot be known, and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from alignsim.errors import AlignsimError, FileProblem, FolderInUse
from alignsim.mechanisms.priors import Normal
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.plan.posterior import TOLD, read, write
from alignsim.random import name_keys, uniforms
from alignsim.study.calibration import Calibration, Settings, Target, calibrate
from alignsim.study.calibration.abc import Sample, Table, posterior
from alignsim.study.calibration.emulator import _misfit, fit
from alignsim.study.calibration.history_matching import Implausible, Judge, _emulate, match
from alignsim.study.calibration.learnt import learnt
from alignsim.study.calibration.sbc import Check
from alignsim.study.calibration.screening import screen
from alignsim.study.calibration.simulations import Simulations
from toy_targets import MIXED, NOISE, linear, linear_posterior, noise, ratio, saturating

QUICK = Settings(trajectories=10, waves=2, per_wave=100, table=2000, truths=0, share=0.2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices are slower on several threads, and as `calibrate` does it."""
    with threadpool_limits(1):
        yield


@cache
def calibrated(name: str) -> Calibration:
    return calibrate({"linear": linear, "ratio": ratio}[name](), seed=3, settings=QUICK)


def uniform(rows: int, columns: int, seed: int = 1) -> np.ndarray:
    return uniforms(seed, "test", np.arange(rows), name_keys([(str(j),) for j in range(columns)]))


# --- screening ----------------------------------------------------------------------------------------------------


def test_screening_finds_the_parameters_that_matter_and_measures_them_in_tolerances():
    target = linear()
    screening = screen(Simulations(target, 1), trajectories=10)
    assert [target.names[j] for j in screening.fitted] == ["b", "a"]
    # Over its middle 90 %, in steps of two thirds of it, a normal moves by ndtri(0.65) - ndtri(0.05) = 2.030 sds
    step = 2.0302 / (2 / 3)
    assert screening.effects[0] == pytest.approx(step * np.abs(MIXED[:, 0]) / target.tolerance, rel=1e-3)
    assert screening.effects[1] == pytest.approx(2 * step * np.abs(MIXED[:, 1]) / target.tolerance, rel=1e-3)


def test_a_parameter_without_effect_has_none_when_rows_share_their_noise():
    screening = screen(Simulations(linear(), 1), trajectories=10)
    assert screening.effects[2:] == pytest.approx(0.0, abs=1e-9)
    assert screening.noise == pytest.approx(0.0, abs=1e-9)


def test_noise_that_is_not_shared_does_not_pass_for_an_effect():
    target = linear()
    calls = iter(range(10_000))

    def unpaired(u: np.ndarray, seed: int) -> np.ndarray:
        return target.simulate(u, seed + next(calls))

    screening = screen(Simulations(replace(target, simulate=unpaired), 1), trajectories=10)
    assert screening.noise > 0.5
    assert sorted(screening.fitted) == [0, 1]


def test_no_more_parameters_are_fitted_than_asked_for():
    assert [linear().names[j] for j in screen(Simulations(linear(), 1), 5, at_most=1).fitted] == ["b"]


def test_nothing_to_fit_is_said_with_the_way_out():
    blunt = replace(linear(), observation_sd=np.full(3, 1e3))
    with pytest.raises(AlignsimError, match=r"nothing to fit.*0.25 of its tolerance.*smaller tolerances"):
        calibrate(blunt, settings=QUICK)


# --- emulators ----------------------------------------------------------------------------------------------------


def test_the_gradient_of_an_emulators_misfit_is_right():
    points = uniform(40, 3)
    y = np.sin(5 * points[:, 0]) + points[:, 1] + 0.1 * uniform(40, 1, 2)[:, 0]
    y = (y - y.mean()) / y.std()
    apart = (points[:, None] - points[None]) ** 2
    at = np.log([0.5, 0.6, 1.5, 4.0, 0.05])
    _, gradient = _misfit(at, points, y, apart)
    for j, step in enumerate(1e-5 * np.eye(5)):
        slope = (_misfit(at + step, points, y, apart)[0] - _misfit(at - step, points, y, apart)[0]) / 2e-5
        assert gradient[j] == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_an_emulator_knows_the_function_the_noise_and_how_far_to_be_trusted():
    def mean(u: np.ndarray) -> np.ndarray:
        return np.sin(6 * u[:, 0]) + u[:, 1] ** 2

    points, fresh = uniform(150, 2, 1), uniform(200, 2, 2)
    from scipy.special import ndtri

    emulator = fit(points, mean(points) + 0.1 * ndtri(uniform(150, 1, 3)[:, 0]))
    predicted, doubt = emulator.predict(fresh)
    assert np.sqrt(emulator.noise) == pytest.approx(0.1, rel=0.25)
    assert np.sqrt(np.mean((predicted - mean(fresh)) ** 2)) < 0.06
    assert 0.6 < np.std((predicted - mean(fresh)) / np.sqrt(doubt)) < 1.5


def test_an_emulator_of_a_quadratic_without_noise_is_exact():
    points, fresh = uniform(60, 2, 1), uniform(50, 2, 2)
    predicted, _ = fit(points, 1 + points[:, 0] * points[:, 1] - points[:, 1] ** 2).predict(fresh)
    assert predicted == pytest.approx(1 + fresh[:, 0] * fresh[:, 1] - fresh[:, 1] ** 2, abs=2e-3)


# --- history matching ---------------------------------------------------------------------------------------------


def test_history_matching_leaves_the_room_that_brute_force_leaves():
    target = linear()
    room = match(Simulations(target, 1), (0, 1), waves=2, per_wave=200, points=2000)
    everywhere = uniform(200_000, 2)
    far = np.abs(target.values(everywhere, [0, 1]) @ MIXED.T - target.observed) / np.hypot(NOISE, target.tolerance)
    plausible = everywhere[far.max(axis=1) < 3]
    assert room.left == pytest.approx(len(plausible) / len(everywhere), rel=0.15)
    assert room.points.mean(axis=0) == pytest.approx(plausible.mean(axis=0), abs=0.02)
    assert room.points.std(axis=0) == pytest.approx(plausible.std(axis=0), rel=0.1)
    assert np.corrcoef(room.points.T)[0, 1] == pytest.approx(np.corrcoef(plausible.T)[0, 1], abs=0.07)


def test_a_remainder_of_a_thirty_thousandth_is_found_and_measured():
    """Six parameters, each summary one of them: what is left is a box of known size."""

    def simulate(u: np.ndarray, seed: int) -> np.ndarray:
        return u.copy()

    from alignsim.mechanisms.priors import Uniform

    names = tuple("abcdef")
    target = Target(
        names, (Uniform(0, 1),) * 6, np.tile([0.0, 1.0], (6, 1)), simulate, names,
        np.full(6, 0.3), np.full(6, 0.03), np.zeros(6),
    )  # fmt: skip
    room = match(Simulations(target, 1), tuple(range(6)), waves=1, per_wave=100, points=1500)
    assert np.log10(room.left) == pytest.approx(6 * np.log10(6 * 0.03), abs=0.25)
    assert (np.abs(room.points - 0.3) < 0.095).all()
    assert room.points.mean(axis=0) == pytest.approx(0.3, abs=0.01)
    assert room.points.std(axis=0) == pytest.approx(0.18 / np.sqrt(12), rel=0.15)


def test_held_out_errors_are_standard_where_the_emulator_is_right():
    wave = match(Simulations(linear(), 1), (0, 1), waves=1, per_wave=200, points=500).waves[0]
    assert wave.errors.shape == (40, 3)
    assert 0.75 < wave.errors.std() < 1.25
    assert wave.used.all()


def test_held_out_errors_come_from_emulators_that_have_not_seen_them():
    x = uniform(50, 2)
    found = x[:, :1] + 0.1 * uniform(50, 1, 2)
    _, before = _emulate(x, found)
    found[4] += 20.0  # the first of every fifth that is held out
    _, after = _emulate(x, found)
    assert np.array_equal(before[1:], after[1:])
    assert after[0, 0] > 100


def test_what_an_earlier_wave_ruled_out_stays_out():
    target = saturating()
    room = match(Simulations(target, 1), (0, 1, 2), waves=2, per_wave=60, points=500)
    assert len(room.waves) == 2
    for wave in room.waves:
        assert Judge(target, [0, 1, 2], 1).implausibility(wave, room.points).max() <= 3.0


def test_what_no_parameters_can_do_is_said_by_name():
    target = linear(truth=(40.0, 40.0))
    with pytest.raises(
        Implausible, match=r"wave 1 ruled out everything. Nearest miss: .*(first|third) \(\d.*discrepancy"
    ):
        match(Simulations(target, 1), (0, 1), waves=2, per_wave=100, points=300)


def test_the_second_largest_implausibility_forgives_one_summary():
    target = linear()
    off = replace(target, observed=target.observed + np.array([0.0, 0.0, 30.0]))
    simulations = Simulations(off, 1)
    with pytest.raises(Implausible):
        match(simulations, (0, 1), waves=1, per_wave=100, points=300)
    assert 0 < match(simulations, (0, 1), waves=1, per_wave=100, points=300, nth=2).left < 1


# --- the posterior ------------------------------------------------------------------------------------------------


def test_the_linear_posterior_has_the_analytic_mean_sd_and_correlation():
    found, (mean, covariance) = calibrated("linear"), linear_posterior(linear())
    values = found.values[:, [found.names.index("a"), found.names.index("b")]]
    sd = np.sqrt(np.diag(covariance))
    assert (values.mean(axis=0) - mean) / sd == pytest.approx(0.0, abs=0.15)
    assert values.std(axis=0) / sd == pytest.approx(1.0, abs=0.15)
    assert np.corrcoef(values.T)[0, 1] == pytest.approx(covariance[0, 1] / sd.prod(), abs=0.12)


def test_regression_adjustment_halves_the_width_that_plain_rejection_leaves():
    """A parameter seen with an error of 0.1 sd: keeping the nearest half of all simulations says next to nothing."""
    from scipy.special import ndtri

    scores = ndtri(uniform(4000, 1))
    table = Table(scores, scores + 0.1 * ndtri(uniform(4000, 1, 2)))
    sample = posterior(table, np.array([1.0]), share=0.5)
    mean = sample.weights @ sample.scores[:, 0]
    sd = np.sqrt(sample.weights @ (sample.scores[:, 0] - mean) ** 2)
    assert mean == pytest.approx(1 / 1.01, abs=0.01)
    assert sd == pytest.approx(np.sqrt(0.01 / 1.01), rel=0.1)


def test_the_spread_is_that_at_the_observed_summaries_not_the_average_one():
    """The summary tells the parameter's level well where it is low and badly where it is high."""
    from scipy.special import ndtri

    summary = uniform(20_000, 1)
    scores = summary + np.exp(2 * summary - 3) * ndtri(uniform(20_000, 1, 2))
    for seen in (0.2, 0.8):
        sample = posterior(Table(scores, summary), np.array([seen]), share=0.5)
        mean = sample.weights @ sample.scores[:, 0]
        sd = np.sqrt(sample.weights @ (sample.scores[:, 0] - mean) ** 2)
        assert sd == pytest.approx(np.exp(2 * seen - 3), rel=0.1)


def test_rows_are_drawn_in_proportion_to_their_weights():
    sample = Sample(np.arange(4.0)[:, None], np.array([0.1, 0.2, 0.3, 0.4]))
    assert np.bincount(sample.rows((np.arange(1000) + 0.5) / 1000)[:, 0].astype(int)).tolist() == [100, 200, 300, 400]
    assert sample.size == pytest.approx(1 / 0.3)


def test_parameters_known_only_as_a_ratio_cannot_be_told_apart():
    found = calibrated("ratio")
    ((a, b, correlation),) = found.learnt.tied()
    assert {a, b} == {"gain", "loss"}
    assert correlation > 0.9
    assert found.learnt.shrinkage == pytest.approx(0.5, abs=0.15)  # of each: half of the doubt is about the product
    assert (found.learnt.directions > 0.25).tolist() == [True, False]
    words = "\n".join(found.in_words())
    assert "cannot be told apart (correlation +0.9" in words
    assert "the data speak on 1 of 2 independent directions" in words


def test_what_is_learnt_is_measured_against_the_prior():
    apart = uniform(5000, 3)
    scores = (apart - apart.mean(axis=0)) / apart.std(axis=0, ddof=1) * np.array([0.1, 0.6, 1.0]) + 1.0
    told = learnt(("one", "two", "three"), scores, scores, scores)
    assert told.shrinkage == pytest.approx([0.99, 0.64, 0.0])
    assert not told.tied()
    assert [line.split(";")[0] for line in told.in_words()[:2]] == [
        "one: well learnt, doubt 10% of what it was",
        "two: partly learnt, doubt 60% of what it was",
    ]
    assert told.in_words()[2].startswith("three: not learnt")


def test_the_fit_is_compared_with_what_was_observed():
    for found, tolerance in zip(calibrated("linear").fits, linear().tolerance, strict=True):
        assert found.off == pytest.approx((found.observed - found.mean) / np.hypot(found.sd, tolerance))
        assert abs(found.off) < 1
        assert found.mean == pytest.approx(found.observed, abs=2 * found.sd)


def test_ranks_that_are_uneven_are_noticed():
    even = np.tile(np.arange(100), 3)
    check = Check(
        ("fair", "narrow", "shifted"), np.stack([even, np.where(even < 50, 2, 97), even // 2], axis=1), np.ones(3)
    )
    assert (check.p_values() > 0.01).tolist() == [True, False, False]
    assert check.coverage(0.9)[:2] == pytest.approx([0.9, 0.0])
    lines = check.in_words()
    assert "fair: recovered as it should be" in lines[0]
    assert "narrow: NOT recovered" in lines[1]


def test_a_calibration_of_the_models_parameters_becomes_a_posterior_that_can_be_shipped(tmp_path: Path):
    paths = ("evasion.weight", "trust.gain")
    target = Target.of(
        {path: PARAMETERS[path] for path in paths},
        "sceptical",
        simulate=lambda u, seed: noise(seed, len(u), 2, 0.3) + u,
        summaries=("one", "two"),
        observed=np.array([0.8, 0.2]),
        observation_sd=np.full(2, 0.05),
        discrepancy_sd=np.full(2, 0.05),
    )
    found = calibrate(target, 2, QUICK)
    told = dict.fromkeys(TOLD, "a toy")
    back = read(write(found.as_posterior(target, "sceptical", told), tmp_path))
    assert back.names == found.names
    assert back.values == pytest.approx(found.values, rel=1e-5)
    assert dict(zip(back.names, back.priors, strict=True))["evasion.weight"] == "normal(0, 0.25)"
    assert back.provenance["data"] == "a toy"
    assert back.provenance["learnt"] == found.learnt.in_words()
    assert np.median(back.values[:, back.names.index("evasion.weight")]) > 0.05


# --- seeds, folders and errors ------------------------------------------------------------------------------------


SMALL = Settings(trajectories=4, waves=1, per_wave=60, table=600, truths=20, share=0.3, rows=40, block=50)


class Counting:
    """A simulator that counts its rows, and can be interrupted after some calls."""

    def __init__(self, target: Target, calls: int = 10_000) -> None:
        self.target, self.left, self.rows = target, calls, 0

    def __call__(self, u: np.ndarray, seed: int) -> np.ndarray:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.rows += len(u)
        return self.target.simulate(u, seed)


def test_an_interrupted_calibration_goes_on_where_it_was_and_ends_the_same(tmp_path: Path):
    whole = Counting(saturating())
    expected = calibrate(replace(saturating(), simulate=whole), 5, SMALL)
    done = 0
    for calls in (2, 5, 7, 1):
        cut = Counting(saturating(), calls)
        with pytest.raises(KeyboardInterrupt):
            calibrate(replace(saturating(), simulate=cut), 5, SMALL, tmp_path / "work")
        done += cut.rows
    rest = Counting(saturating())
    stages: list[tuple[str, int, int]] = []
    found = calibrate(replace(saturating(), simulate=rest), 5, SMALL, tmp_path / "work", lambda *s: stages.append(s))
    assert done + rest.rows == whole.rows
    assert 0 < rest.rows < whole.rows
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.in_words() == expected.in_words()
    assert list(dict.fromkeys(s for s, _, _ in stages)) == ["screening", "wave-1", "table", "truths", "fitted"]
    assert all(0 < rows <= total for _, rows, total in stages)
    assert not list((tmp_path / "work").glob("*.tmp*"))
    again = Counting(saturating())
    calibrate(replace(saturating(), simulate=again), 5, SMALL, tmp_path / "work")
    assert again.rows == 0


def kept(folder: Path, stage: str) -> np.ndarray:
    """What a folder keeps of one stage: the uniforms, then the summaries, a row a simulation."""
    return np.concatenate([np.load(block) for block in sorted(folder.glob(f"{stage}-*.npy"))])


def test_parameters_that_are_not_fitted_vary_as_their_priors_do(tmp_path: Path):
    calibrate(linear(), 5, replace(SMALL, table=2000), tmp_path)
    for stage in ("wave-1", "table", "truths", "fitted"):
        others = kept(tmp_path, stage)[:, 2:5]
        assert others.mean(axis=0) == pytest.approx(0.5, abs=4 / np.sqrt(12 * len(others))), stage
        assert others.std(axis=0) == pytest.approx(1 / np.sqrt(12), rel=0.25), stage
    assert not np.array_equal(kept(tmp_path, "table")[:20, 2:5], kept(tmp_path, "truths")[:, 2:5])


def test_truths_are_not_among_the_simulations_they_are_fitted_from(tmp_path: Path):
    calibrate(linear(), 5, SMALL, tmp_path)
    table, truths = ({tuple(row) for row in kept(tmp_path, stage)[:, :2]} for stage in ("table", "truths"))
    assert len(truths) == SMALL.truths
    assert not table & truths


def test_blocks_differ_in_their_noise_but_for_those_that_are_paired():
    simulations = Simulations(linear(), 1, block=10)
    same = np.full((30, 5), 0.5)
    apart, paired = simulations.run("apart", same), simulations.run("paired", same, paired=10)
    assert len(np.unique(apart[:, 0])) == 30
    assert np.array_equal(paired[:10], paired[10:20])
    assert len(np.unique(paired[:, 0])) == 10
    assert not np.array_equal(simulations.run("other stage", same), apart)


def test_another_seed_gives_another_posterior_of_the_same_shape():
    one, two = (calibrate(linear(), seed, replace(QUICK, table=1500)) for seed in (1, 2))
    assert one.values.shape == two.values.shape
    assert not np.array_equal(one.values, two.values)
    a, b = (c.values[:, c.names.index("b")] for c in (one, two))
    assert a.mean() == pytest.approx(b.mean(), abs=0.5 * a.std())


def test_a_folder_of_another_calibration_is_refused(tmp_path: Path):
    calibrate(linear(), 5, SMALL, tmp_path)
    for other, seed, word in ((linear(), 6, "seed"), (linear((0.1, 0.1)), 5, "numbers"), (ratio(), 5, "parameters")):
        with pytest.raises(FileProblem, match=f"differs in .*{word}.*into another folder"):
            calibrate(other, seed, SMALL, tmp_path)
    with pytest.raises(FileProblem, match="differs in key"):
        calibrate(replace(linear(), key="another panel"), 5, SMALL, tmp_path)


def test_a_folder_in_use_is_refused(tmp_path: Path):
    import filelock

    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(FolderInUse, match="another calibration is using"):
        calibrate(linear(), 5, SMALL, tmp_path)


def test_a_damaged_block_is_named_with_the_way_out(tmp_path: Path):
    calibrate(linear(), 5, SMALL, tmp_path)
    block = tmp_path / "wave-1-0000.npy"
    content = block.read_bytes()
    block.write_bytes(content[:100])
    with pytest.raises(FileProblem, match=r"wave-1-0000.npy cannot be read.*delete it"):
        calibrate(linear(), 5, SMALL, tmp_path)
    block.write_bytes((tmp_path / "table-0000.npy").read_bytes())
    with pytest.raises(FileProblem, match="holds simulations of other parameters"):
        calibrate(linear(), 5, SMALL, tmp_path)
    (tmp_path / "asked.yaml").write_text("{")
    with pytest.raises(FileProblem, match=r"asked\.yaml cannot be read"):
        calibrate(linear(), 5, SMALL, tmp_path)


def test_a_summary_that_is_not_a_number_is_told_with_its_parameters():
    target = linear(inert=0)

    def sometimes(u: np.ndarray, seed: int) -> np.ndarray:
        found = target.simulate(u, seed)
        found[u[:, 0] > 0.9, 1] = np.nan
        return found

    with pytest.raises(AlignsimError, match=r"'second' is not a finite number \(nan\) at a = 1\.\d+, b = "):
        calibrate(replace(target, simulate=sometimes), settings=SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": np.zeros(2)}, r"observed has shape \(2,\)"),
        ({"observation_sd": np.array([0.1, np.nan, 0.1])}, "observation_sd has a number that is not finite"),
        ({"observation_sd": np.zeros(3), "discrepancy_sd": np.zeros(3)}, "above 0"),
        ({"priors": (Normal(0, 1),)}, "every parameter a prior"),
        ({"names": ("a", "a")}, "distinct names"),
    ],
)
def test_a_target_that_does_not_fit_together_is_refused(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        replace(linear(inert=0), **change)


def test_a_parameter_that_differs_by_state_is_not_fitted_as_one_number():
    rest = {
        "simulate": linear().simulate,
        "summaries": ("s",),
        "observed": [0.0],
        "observation_sd": [1.0],
        "discrepancy_sd": [0.0],
    }
    paths = ("evasion.weight", "consent.noise")
    target = Target.of({path: PARAMETERS[path] for path in paths}, "sceptical", **rest)
    assert target.names == paths
    assert str(target.priors[0]) == "normal(0, 0.25)"
    assert target.bounds.tolist() == [[-1.5, 1.5], [0.0, 0.5]]
    with pytest.raises(ValueError, match=r"positions\.defiance: a parameter that differs by state"):
        Target.of({"positions.defiance": PARAMETERS["positions.defiance"]}, "signed", **rest)
