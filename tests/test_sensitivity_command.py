"""From the folder of a sweep to tables, words and figures, by one command and by one call."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from alignsim import api
from alignsim.cli import group, main
from alignsim.errors import UsageError
from alignsim.study.sensitivity import NotAnalysable
from alignsim.study.sweep import Sweep, designs
from alignsim.study.sweep.request import Effect

OUTCOME = "alignment of IRN with RUS at 2029-12"


def swept(kind: str = "saltelli", count: int = 32, runs: int = 5, groups: tuple[str, ...] | None = None) -> Sweep:
    """A sweep over three inputs: the first makes the effect, the second half of it, the third nothing."""
    from alignsim.scenario.levels import Levels

    names = ("sanctions.bite", "trust.weight", "arms.fear")
    values = (0.0, 0.5, 1.0) if kind == "grid" else ()
    inputs = [Levels("0..1", 0.0, 1.0, values)] * 3
    points = designs.points(kind, inputs, count, 7, groups)
    shocks = 0.02 * np.random.default_rng(1).normal(size=(1, runs))
    baseline = np.zeros((len(points), runs)) + 3 * shocks
    effect = 0.2 * points[:, :1] - 0.1 * points[:, 1:2] + shocks
    return Sweep(
        names=names,
        levels=(values,) * 3,
        bounds=np.array([[0.0, 1.0]] * 3),
        design=kind,
        base=count if kind != "grid" else len(points),
        groups=groups,
        points=points,
        branches=("baseline", "isolation"),
        outcomes=(OUTCOME,),
        units=("alignment, -1 to 1",),
        effects=(Effect("deepens", 0, "isolation", "baseline", 0.05, "increase"),),
        measured=np.stack([baseline, baseline + effect], axis=2)[..., None],
        gain=np.full((len(points), runs), 0.5),
        parameters={},
        happened={},
        errors={},
        manifest={"scenario": "scenarios/isolation.yaml", "world": "small", "seed": 7, "belief": "signed"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "sweep-1"
    place.mkdir()
    swept().save(place)
    return place


def said(*arguments: str) -> str:
    done = CliRunner().invoke(group, ["sensitivity", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return " ".join(done.output.split())


def test_the_command_says_one_sentence_and_writes_tables_and_figures(folder):
    text = said(str(folder), "--format", "svg")
    assert f"What matters most for the effect of isolation on {OUTCOME} is sanctions.bite (" in text
    assert "Of arms.fear no effect is seen" in text
    rows = list(csv.DictReader((folder / "sensitivity.csv").read_text().splitlines()))
    assert [r["input"] for r in rows[:3]] == ["sanctions.bite", "trust.weight", "arms.fear"]
    assert float(rows[0]["estimate"]) == pytest.approx(0.8, abs=0.1)
    assert json.loads((folder / "sensitivity.json").read_text())["outcomes"]["deepens"]["words"].startswith("What")
    drawn = {path.name for path in (folder / "figures").iterdir()}
    assert {f"{kind}-deepens.svg" for kind in ("sobol", "convergence", "response", "tornado", "failures")} <= drawn
    assert all(str(folder / "figures" / name) in text for name in drawn)


FIGURES = {
    "saltelli": {"sobol", "convergence", "response", "tornado", "map", "failures"},
    "morris": {"morris", "convergence", "tornado"},
    "lhs": {"pawn", "convergence", "response", "tornado", "map", "failures"},
    "grid": {"response", "tornado", "map"},
}


@pytest.mark.parametrize("kind", FIGURES)
def test_every_design_has_its_figures_and_a_sentence(kind, tmp_path):
    found = api.sensitivity(swept(kind, {"lhs": 160, "morris": 12}.get(kind, 32)))
    drawn = found.plot(tmp_path)
    assert {path.name.split("-")[0] for path in drawn} == FIGURES[kind]
    assert "sanctions.bite" in found.words["deepens"]
    assert len(found.table()) >= 3 and set(found.table()["input"]) >= {"sanctions.bite", "arms.fear"}
    json.dumps(found.as_json(), allow_nan=False)


def test_a_grid_is_told_by_its_swings():
    words = api.sensitivity(swept("grid")).words["deepens"]
    assert "sanctions.bite (+0.2 ±" in words and "trust.weight (−0.1 ±" in words and "arms.fear" not in words


@pytest.mark.parametrize(
    "expect, failing",
    [("increase", lambda m: m <= 0.05), ("decrease", lambda m: m >= -0.05), ("none", lambda m: np.abs(m) > 0.05)],
)
def test_a_claim_fails_where_the_mean_effect_is_not_what_it_expects(expect, failing, tmp_path, monkeypatch):
    from alignsim.show import sweeps

    seen = {}

    def drawn(names, bounds, points, fails, **about):
        seen.update(points=points, fails=fails, **about)
        return parallel_coordinates(names, bounds, points, fails, **about)

    parallel_coordinates = sweeps.parallel_coordinates
    monkeypatch.setattr(sweeps, "parallel_coordinates", drawn)
    made = swept("lhs", 160)
    made.effects = (replace(made.effects[0], expect=expect),)
    api.sensitivity(made).plot(tmp_path)
    means = made.values["deepens"].mean(axis=1)
    assert np.array_equal(seen["fails"], failing(means)) and 0 < seen["fails"].sum() < 160
    assert "mean effect over the runs is" in seen["rule"]


def test_groups_are_analysed_as_one():
    found = api.sensitivity(swept(groups=("economy", "trust", "economy"))).analyses["deepens"]
    assert found.labels == ("economy", "trust")


def test_an_outcome_in_a_branch_can_be_asked_for():
    found = api.sensitivity(swept(), outcomes=[f"{OUTCOME}, isolation"])
    assert f"{OUTCOME} in isolation" in found.words[f"{OUTCOME}, isolation"]


def test_a_failed_run_is_named_and_nothing_is_written(folder, capsys):
    broken = swept()
    broken.measured[12, 3] = np.nan
    broken.errors[12, 3] = "the loop gain is 1.3"
    broken.save(folder)
    with pytest.raises(SystemExit) as left:
        main(["sensitivity", str(folder)])
    assert left.value.code == 1
    assert "point 12, run 3: nan (the loop gain is 1.3)" in capsys.readouterr().err
    assert not (folder / "sensitivity.csv").exists() and not (folder / "figures").exists()


def test_wrong_words_are_refused_with_a_way_out(folder):
    with pytest.raises(UsageError, match=r"'deepen' is no outcome of this sweep.*did you mean 'deepens'"):
        api.sensitivity(folder, outcomes=["deepen"])
    with pytest.raises(UsageError, match=r"'sobel' is no method.*did you mean 'sobol'"):
        api.sensitivity(folder, method="sobel")
    with pytest.raises(NotAnalysable, match="--design morris"):
        api.sensitivity(folder, method="morris")
    with pytest.raises(UsageError, match="'gif' is no format"):
        api.sensitivity(folder).plot(formats=["gif"])
    with pytest.raises(UsageError, match="no folder of its own"):
        api.sensitivity(swept()).save()


def test_runs_that_the_belief_would_not_allow_are_counted(folder):
    wild = swept()
    wild.gain[:4, 0] = 0.99
    wild.save(folder)
    assert "4 of 1,280 runs have a loop gain" in said(str(folder), "--no-figures")


def test_json_is_all_that_is_printed(folder):
    done = CliRunner().invoke(group, ["sensitivity", str(folder), "--json", "--no-figures"], catch_exceptions=False)
    assert json.loads(done.output)["outcomes"]["deepens"]["sensitivity"]["method"] == "sobol"


def test_the_same_folder_gives_the_same_bytes(folder):
    api.sensitivity(folder).save()
    first = (folder / "sensitivity.json").read_bytes(), (folder / "sensitivity.csv").read_bytes()
    api.sensitivity(folder).save()
    assert first == ((folder / "sensitivity.json").read_bytes(), (folder / "sensitivity.csv").read_bytes())
