"""A run again from its own folder: the same bytes, or in words what is not the same."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import alignsim
from alignsim import api
from alignsim.cli import main
from alignsim.errors import FileProblem, NotReproduced, UsageError
from small_runs import TEXT, scenario


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("rerun"))


@pytest.fixture(scope="module")
def kept(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with settings, a seed and a belief of its own."""
    results = alignsim.run(
        file, runs=4, seed=9, jobs=1, belief="sceptical", set=["parameters.sanctions.bite=0.7", "title=Another"]
    )
    return api.save(results, tmp_path_factory.mktemp("kept"), figures=False)


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A copy to be tampered with."""
    return Path(shutil.copytree(kept, tmp_path / "run"))


def tampered(folder: Path, change) -> Path:
    """The folder, its data changed."""
    results = api.open_run(folder)
    data = results.data.copy(deep=True)
    change(data)
    (folder / "result.nc").unlink()
    data.to_netcdf(folder / "result.nc", engine="h5netcdf")
    return folder


def test_a_run_comes_again_with_its_settings_seed_runs_and_belief(folder: Path) -> None:
    again = alignsim.rerun(folder, check=True, jobs=1)
    assert again.data.identical(api.open_run(folder).data)
    assert again.manifest["belief"] == "sceptical" and again.runs == 4


def test_the_manifest_names_the_run_as_well(folder: Path) -> None:
    assert alignsim.rerun(folder / "manifest.json", check=True, jobs=1).manifest["seed"] == 9


def test_another_number_of_processes_gives_the_same_bytes(folder: Path) -> None:
    alignsim.rerun(folder, check=True, jobs=2)


def test_a_number_that_is_not_the_same_is_named_with_its_run_and_month(folder: Path) -> None:
    def change(data) -> None:
        data.alignment.values[1, 2, 0, 5] += 1e-12

    with pytest.raises(NotReproduced) as caught:
        alignsim.rerun(tampered(folder, change), check=True, jobs=1)
    message = str(caught.value)
    assert "alignment differs in 1 of 160 values, first in run 2 and month 2025-02" in message
    assert "1e-12" in message and "nothing else that the manifest tells is different" in message
    assert "trade_share" not in message


def test_the_first_difference_is_that_of_the_lowest_run(folder: Path) -> None:
    def change(data) -> None:
        data.alignment.values[0, 3, 0, 1] += 1.0
        data.alignment.values[1, 1, 1, 7] += 1.0

    with pytest.raises(NotReproduced, match=r"first in run 1 and month 2025-04"):
        alignsim.rerun(tampered(folder, change), check=True, jobs=1)


def test_a_missing_number_is_a_difference_and_two_missing_ones_are_not(folder: Path) -> None:
    from alignsim.study.compare import unlike

    data = api.open_run(folder).data
    hole = data.copy(deep=True)
    hole.alignment.values[0, 0, 0, 0] = np.nan
    assert unlike(hole, hole.copy(deep=True)) == []
    (words,) = unlike(data, hole)
    assert words.startswith("alignment differs in 1 of 160 values")


def test_another_version_is_told_as_what_else_differs(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["alignsim"] = "0.0.1"
    manifest["versions"]["numpy"] = "1.0"
    (folder / "manifest.json").write_text(json.dumps(manifest))

    def change(data) -> None:
        data.loop_gain.values[:] = 0.5

    with pytest.raises(NotReproduced) as caught:
        alignsim.rerun(tampered(folder, change), check=True, jobs=1)
    assert "what else differs: version of alignsim, 0.0.1 then and " in str(caught.value)
    assert "version of numpy, 1.0 then" in str(caught.value)


def test_a_world_that_was_edited_since_is_told(tmp_path: Path) -> None:
    file = scenario(tmp_path)
    folder = api.save(alignsim.run(file, runs=2, jobs=1), tmp_path / "out", figures=False)
    states = tmp_path / "six" / "states.csv"
    lines = states.read_text().splitlines()
    place = lines[0].split(",").index("gdp")
    cells = lines[-1].split(",")
    cells[place] = str(float(cells[place]) * 0.5)
    states.write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n")
    with pytest.raises(NotReproduced, match="what else differs: figures of the world"):
        alignsim.rerun(folder, check=True, jobs=1)


def test_a_scenario_that_extends_a_file_comes_again_though_that_file_is_gone(tmp_path: Path) -> None:
    base = scenario(tmp_path, name="base.yaml")
    child = scenario(tmp_path, "extends: base.yaml\ntitle: A child\nruns: 2\n", "child.yaml")
    folder = api.save(alignsim.run(child, jobs=1), tmp_path / "out", figures=False)
    base.unlink()
    alignsim.rerun(folder, check=True, jobs=1)


def test_without_the_data_the_summary_is_compared(folder: Path) -> None:
    (folder / "result.nc").unlink()
    alignsim.rerun(folder, check=True, jobs=1)
    summary = json.loads((folder / "summary.json").read_text())
    summary["ties"][1]["end"]["q50"] += 0.001
    (folder / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(NotReproduced, match=r"summary: ties\[1\]\.end\.q50"):
        alignsim.rerun(folder, check=True, jobs=1)


def test_a_run_under_another_theory_comes_again_under_it(file: Path, tmp_path: Path) -> None:
    folder = api.save(alignsim.run(file, runs=3, jobs=1, theory="balance"), tmp_path, figures=False)
    assert alignsim.rerun(folder, check=True, jobs=1).manifest["theory"] == "balance"


def test_the_runs_of_a_judgement_come_again(tmp_path: Path) -> None:
    file = scenario(tmp_path, TEXT[: TEXT.index("claims:")] + "runs: 8\nseed: 3\n")
    with ThreadPoolExecutor(1) as here:
        folder = api.save_judgement(alignsim.judge(file, executor=here), tmp_path / "out")
    assert alignsim.rerun(folder, check=True, jobs=1).runs == 8


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "manifest.json").unlink(), "cannot be read as a run"),
        (lambda f: (f / "manifest.json").write_text('{"seed": 1}'), "does not say scenario, settings, runs, belief"),
        (lambda f: [(f / name).unlink() for name in ("result.nc", "summary.json")], "keeps no runs"),
        (lambda f: [(f / name).unlink() for name in ("result.nc", "manifest.json")], "is not a run folder"),
    ],
)
def test_a_folder_that_cannot_be_run_again_says_why(folder: Path, spoil, words: str) -> None:
    spoil(folder)
    with pytest.raises(FileProblem, match=words):
        alignsim.rerun(folder, jobs=1)


def test_a_mechanism_that_is_not_there_now_is_asked_for(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"adopted": {"common_faith": "abc"}}))
    with pytest.raises(UsageError, match="made with common_faith"):
        alignsim.rerun(folder, jobs=1)


def test_the_command_says_so_exits_7_and_writes_only_without_check(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def leave(*arguments: object) -> int:
        with pytest.raises(SystemExit) as left:
            main([*map(str, arguments)])
        return int(left.value.code or 0)

    out = tmp_path / "out"
    assert leave("rerun", folder, "--check", "--jobs", 1) == 0
    assert "is reproduced to the last bit: 4 runs of 2 branches" in capsys.readouterr().out
    assert leave("rerun", folder, "--jobs", 1, "--out", out, "--no-figures", "--quiet") == 0
    again = Path(capsys.readouterr().out.strip())
    assert again.parent.parent == out
    assert (again / "result.nc").read_bytes() == (folder / "result.nc").read_bytes()

    def change(data) -> None:
        data.arms.values[:] *= 2

    assert leave("rerun", tampered(folder, change), "--check", "--jobs", 1) == 7
    assert "arms differs" in capsys.readouterr().err


def test_runs_that_went_on_until_all_was_decided_come_again_in_their_number(tmp_path: Path) -> None:
    file = scenario(tmp_path, TEXT.replace("runs: 6", "runs: {until: decided, at_most: 20}"))
    folder = api.save(alignsim.run(file, runs=7, jobs=1), tmp_path / "out", figures=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"settings": []}))  # as it stops by itself
    assert alignsim.rerun(folder, check=True, jobs=1).runs == 7
