"""Known truths with and without a residual say what is found of it, what takes it up, and what cannot be told apart."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import ndtr, ndtri
from threadpoolctl import threadpool_limits

from alignsim import api
from alignsim.cli import group
from alignsim.errors import AlignsimError, FileProblem, UsageError
from alignsim.mechanisms.priors import Normal
from alignsim.show.recovery import recovered as draw
from alignsim.study.calibration import Target, recovered
from alignsim.study.calibration import recovery as module
from alignsim.study.calibration.recovery import Recovery, Settings, study
from alignsim.study.hindcast import fitting
from alignsim.study.hindcast import residual as of_hindcast
from toy_targets import SEEN, residual

QUICK = Settings(table=1500, truths=200, nearest=0.2, parts=10)
SMALL = Settings(table=200, truths=30, nearest=0.5, block=40, parts=2)
FITTED = ("a", "b")
GAIN = 1 / (1 + SEEN**2)
"""How far a posterior mean follows what is seen of a standard normal with that error."""


@cache
def found(confounded: bool) -> Recovery:
    with threadpool_limits(1):
        return study(residual(confounded), "r", FITTED, seed=3, settings=QUICK)


def told(confounded: bool) -> str:
    return "\n".join(recovered.in_words(found(confounded)))


# --- a residual that the record sees by itself --------------------------------------------------------------------


def test_a_residual_with_a_summary_of_its_own_is_recovered_as_far_as_theory_says():
    own = found(False).views[0].with_it
    assert own.names == ("a", "b", "r")
    assert own.shrinkage() == pytest.approx(GAIN, abs=0.03)
    assert own.recovered() == pytest.approx(np.sqrt(GAIN), abs=0.03)
    assert own.held().mean(axis=0) == pytest.approx(0.9, abs=0.06)
    assert (own.check().p_values() > 0.01).all()
    assert np.abs(own.tied()[-1, :-1]).max() < 0.1
    assert "told apart from all others" in told(False) and "cannot" not in told(False)


def test_no_parameter_takes_up_a_residual_that_is_seen_by_itself():
    for view in found(False).views:
        slope, error = view.shift()
        assert (np.abs(slope) < 3 * error).all()
    assert told(False).count("no parameter takes it up") == 2


def test_intervals_that_fail_without_a_shift_to_one_side_are_said_to_fail():
    """With a tenth of the errors a history with the residual lies far from all without it, and from the nearest fifth
    of the table, which has no such rows, intervals fail most."""
    with threadpool_limits(1):
        few = study(residual(False), "r", FITTED, seed=3, settings=replace(QUICK, share=0.2))
    sharp = few.views[1]
    assert sharp.missed.held().mean() < 0.6 < sharp.without.held().mean()
    for words in (recovered.in_words(few), recovered.in_words(found(False))):
        assert "such histories lie beyond what a fit without it can explain" in "\n".join(words)


def test_all_rows_of_the_table_are_kept_as_in_the_fits_that_are_asked_about():
    assert Settings().share == fitting.SHARE == 1.0


def test_the_nearest_rows_of_the_table_are_kept_beside_all():
    """Where everything is linear and normal, five times as many rows say the same with less noise."""
    view = found(False).views[0]
    assert view.nearest == 300
    assert view.with_it.shrinkage() == pytest.approx(GAIN, abs=0.015)
    assert view.with_nearest.mean != pytest.approx(view.with_it.mean, abs=0.01)
    assert view.with_nearest.mean == pytest.approx(view.with_it.mean, abs=0.4)
    assert told(False).count("from only the nearest 300 rows of the table, intervals hold") == 2


# --- a residual that looks just like another parameter ------------------------------------------------------------


def test_a_residual_that_does_what_a_parameter_does_cannot_be_told_apart_from_it():
    own = found(True).views[0].with_it
    assert own.tied()[-1, :-1] == pytest.approx([-GAIN, 0.0], abs=0.06)  # in closed form
    assert own.shrinkage()[[0, 2]] == pytest.approx(1 / (2 + SEEN**2), abs=0.05)
    assert (own.check().p_values() > 0.01).all()  # and yet the intervals are right
    assert own.held().mean(axis=0) == pytest.approx(0.9, abs=0.06)
    assert told(True).count("cannot be told apart from a (-") == 2
    assert found(True).alike == pytest.approx([1.0, 0.0], abs=0.05)


def test_the_parameter_that_looks_like_it_takes_up_an_unfitted_residual():
    view = found(True).views[0]
    slope, error = view.shift()
    assert slope == pytest.approx([GAIN, 0.0], abs=0.04)
    assert (error < 0.03).all()
    large = np.abs(view.size) > 1.5
    assert view.missed.held()[large, 0].mean() < 0.05
    assert view.without.held()[:, 0].mean() == pytest.approx(0.9, abs=0.06)
    assert view.missed.held()[:, 1].mean() == pytest.approx(0.9, abs=0.06)
    assert "there and not fitted: a takes it up, by +3." in told(True) and "b takes it up" not in told(True)


# --- a residual that is not there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("confounded", [False, True])
def test_a_residual_that_is_not_there_is_seen_no_oftener_than_it_may_be(confounded: bool):
    """The prior is centred on nil, so that nil is held oftener than nine times in ten, by how much is known."""
    own = found(confounded).views[0].imagined
    assert not own.truths[:, -1].any()
    ratio = 1 / np.sqrt(2 + SEEN**2) if confounded else np.sqrt(GAIN)  # sd of the posterior mean in posterior sds
    due = 2 * ndtr(-ndtri(0.95) / ratio)
    assert recovered.signs(own)["some"] / QUICK.truths == pytest.approx(due, abs=0.05)
    assert own.held()[:, -1].mean() == pytest.approx(1 - due, abs=0.05)


def test_sides_of_nil_are_counted():
    own = found(False).views[0].with_it
    low, high = np.tile([0.1, -1.0, -0.2, 0.3], (1, 1)).T, np.tile([1.0, -0.1, 0.2, 0.5], (1, 1)).T
    some = replace(own, low=low, high=high, truths=np.array([[0.5], [-0.5], [0.1], [-0.1]]))
    assert recovered.signs(some) == {"right": 2, "wrong": 1, "some": 3}


def test_a_record_that_is_too_noisy_is_said_to_say_nothing():
    target = residual(False)
    blunt = replace(target, observation_sd=target.observation_sd * 100)
    quiet = study(blunt, "r", FITTED, seed=3, settings=replace(QUICK, truths=100, parts=2))
    words = recovered.in_words(quiet)
    assert "there and fitted: not learnt" in words[2]
    assert "not tied to another parameter because nothing is said of it" in words[3]
    assert quiet.views[0].imagined.held()[:, -1].mean() > 0.98
    assert "well learnt" not in words[2] and "partly learnt" not in words[2]


# --- twins, rows, folders -----------------------------------------------------------------------------------------


def test_twins_differ_by_the_residual_and_by_nothing_else():
    twins = module._twins(residual(True), 2)
    u = np.random.default_rng(1).random((20, 3))
    both = twins.simulate(u, 5)
    assert both[:, 0] - both[:, 2] == pytest.approx(ndtri(u[:, 2]))
    assert both[:, 1].tolist() == both[:, 3].tolist()
    view = found(True).views[0]
    assert view.missed.truths.tolist() == view.without.truths.tolist()
    assert view.missed.mean[:, 1] == pytest.approx(view.without.mean[:, 1], abs=0.2)  # what is seen of b has one error


def test_what_one_sd_of_the_residual_does_is_told_in_tolerances():
    assert found(False).felt == pytest.approx([0, 0, 1 / SEEN])
    assert found(True).felt == pytest.approx([1 / SEEN, 0])
    assert found(True).sd == pytest.approx(0.15)


def test_every_set_up_and_parameter_has_a_row():
    rows = recovered.rows(found(True))
    kinds = [(r["errors"], r["truths"], r["fit"], r["rows"], r["parameter"]) for r in rows]
    assert len(set(kinds)) == len(kinds) == 2 * (3 + 2 + 3 + 2 + 3)
    missed = next(r for r in rows if (r["truths"], r["fit"], r["parameter"]) == ("on", "off", "a"))
    assert missed["coverage_large"] < 0.05 < 0.8 < missed["twins_large"]
    nil = next(r for r in rows if (r["truths"], r["fit"], r["parameter"]) == ("off", "on", "r"))
    assert "p" not in nil and nil["coverage_90"] > 0.9


class Cut:
    """A simulator that is interrupted after some calls, and counts its rows."""

    def __init__(self, target: Target, calls: int = 10_000) -> None:
        self.target, self.left, self.rows = target, calls, 0

    def __call__(self, u: np.ndarray, seed: int) -> np.ndarray:
        if not self.left:
            raise KeyboardInterrupt
        self.left, self.rows = self.left - 1, self.rows + len(u)
        return self.target.simulate(u, seed)


def test_an_interrupted_study_goes_on_where_it_was_and_ends_the_same(tmp_path: Path):
    target, whole = residual(True), Cut(residual(True))
    expected = study(replace(target, simulate=whole), "r", FITTED, 5, SMALL)
    cut = Cut(target, 5)
    with pytest.raises(KeyboardInterrupt):
        study(replace(target, simulate=cut), "r", FITTED, 5, SMALL, tmp_path)
    rest, stages = Cut(target), set()
    again = study(
        replace(target, simulate=rest), "r", FITTED, 5, SMALL, tmp_path, lambda stage, done, total: stages.add(stage)
    )
    assert whole.rows == 2 * (200 + 30) and rest.rows == whole.rows - 2 * 2 * 40  # the third block was cut in two
    assert recovered.rows(again) == recovered.rows(expected)
    assert stages == {"table", "truths", "fits, errors x 1", "fits, errors x 0.1"}


def test_simulations_are_kept_for_errors_of_another_size_and_for_nothing_else(tmp_path: Path):
    target = residual(False)
    study(target, "r", FITTED, 5, SMALL, tmp_path)
    counted = Cut(target)
    other = replace(target, simulate=counted, observation_sd=np.full(3, 2.0), observed=np.ones(3))
    blunt = study(other, "r", FITTED, 5, SMALL, tmp_path)
    assert counted.rows == 0
    assert blunt.views[0].with_it.shrinkage()[-1] < 0.4
    for asked in ({"seed": 6}, {"residual": "b"}, {"settings": replace(SMALL, truths=31)}):
        with pytest.raises(FileProblem, match="differs in"):
            study(**{"target": target, "residual": "r", "fitted": FITTED, "seed": 5, "settings": SMALL} | asked,
                  folder=tmp_path)  # fmt: skip


def test_a_residual_whose_prior_is_not_centred_on_nil_is_refused():
    target = residual(False)
    leaning = replace(target, priors=(*target.priors[:2], Normal(0.05, 0.15)))
    with pytest.raises(ValueError, match=r"centred on 0\.05; that of a residual is centred on nil"):
        study(leaning, "r", FITTED, settings=SMALL)


# --- the figure and the command -----------------------------------------------------------------------------------


def test_the_figure_shows_every_truth_and_every_parameter():
    figure = draw(found(True), source="a toy")
    try:
        above, below = figure.axes[:2]
        assert sum(len(line.get_xdata()) for line in above.lines if line.get_marker() == "o") == QUICK.truths
        taken = [float(line.get_xdata()[0]) for line in below.lines if line.get_gid() == "taken"]
        assert taken == pytest.approx(recovered.absorbed(found(True).views[0]))
        assert [t.get_text() for t in below.get_yticklabels()] == ["a", "b"]
    finally:
        plt.close("all")


def test_the_command_writes_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: dict = {}

    def instead(panel: object, window: object, family: str, **rest: object) -> Recovery:
        asked.update(rest, family=family)
        return found(True)

    monkeypatch.setattr(of_hindcast, "recovery", instead)
    words = ["calibrate", "--recovery", "--belief", "sceptical", "--truths", "300", "--jobs", "1", "--out"]
    result = CliRunner().invoke(group, [*words, str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert (asked["family"], asked["truths"], asked["table"]) == ("sceptical", 300, 4000)
    assert "cannot be told apart from a" in result.output
    folder = tmp_path / "recovery" / "sceptical"
    assert sorted(p.name for p in folder.iterdir()) == ["recovery.csv", "recovery.json", "recovery.png"]
    assert (folder / "recovery.csv").read_text().startswith("errors,truths,fit,rows,parameter,histories,coverage_90")
    assert not (tmp_path / "sceptical").exists()


def test_too_few_truths_are_refused_with_the_way_out(tmp_path: Path):
    with pytest.raises(UsageError, match=r"199 truths say too little.*--truths 200"):
        api.recovery(truths=199, out=tmp_path)


def test_a_family_without_a_posterior_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(of_hindcast, "packaged", lambda family: None)
    with pytest.raises(AlignsimError, match=r"no posterior from the signed prior.*`alignsim calibrate`"):
        of_hindcast.recovery(None, None, "signed")  # type: ignore[arg-type]
