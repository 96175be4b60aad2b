"""What lies in a folder of results, each in a line, whatever state it is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import alignsim
from alignsim import api
from alignsim.cli import group
from alignsim.errors import FileProblem
from small_runs import scenario


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, a quick judgement, something broken, and something that is not ours."""
    folder = tmp_path_factory.mktemp("ls")
    file = scenario(folder)
    top = folder / "results"
    for name, seed in (("later", 5), ("earlier", 4)):
        results = alignsim.run(file, runs=2, jobs=1, seed=seed)
        results.manifest["finished"] = {"later": "2026-01-02T10:00:00+00:00", "earlier": "2026-01-01T10:00:00+00:00"}[
            name
        ]
        api.save(results, top, figures=False)
    judgement = alignsim.judge(file, runs=20, jobs=1, quick=True)
    judgement.manifest["finished"] = "2026-01-03T10:00:00+00:00"
    api.save_judgement(judgement, top)
    (top / "odd" / "broken").mkdir(parents=True)
    (top / "odd" / "broken" / "manifest.json").write_text("{not json")
    (top / "odd" / "swept").mkdir()
    (top / "odd" / "swept" / "manifest.json").write_text(
        json.dumps({"kind": "sweep", "points": 12, "failed": 3, "finished": "2026-01-04T10:00:00+00:00"})
    )
    (top / "odd" / "going-on").mkdir()
    (top / "odd" / "going-on" / "journal.sqlite").write_bytes(b"")
    (top / "notes").mkdir()
    (top / "notes" / "readme.txt").write_text("not a run")
    return top


def test_everything_of_ours_is_listed_by_kind_the_oldest_first(top: Path) -> None:
    found = alignsim.ls(top)
    assert [entry["kind"] for entry in found] == ["unreadable", "sweep", "run", "run", "judgement", "sweep"]
    assert [entry["seed"] for entry in found] == [None, None, 4, 5, 3, None]


def test_a_sweep_says_its_size_and_failures_or_that_it_is_not_finished(top: Path) -> None:
    found = alignsim.ls(top)
    assert found[-1]["headline"] == "12 points, 3 rows failed"
    assert "not finished" in found[1]["headline"]


def test_a_run_says_its_scenario_runs_belief_and_what_its_first_branch_changes(top: Path) -> None:
    entry = alignsim.ls(top)[2]
    results = api.open_run(entry["folder"])
    change = results.summary()["ties"][1]["difference"]["q50"]
    assert entry["runs"] == 2 and entry["belief"] == "signed" and entry["scenario"].endswith("small.yaml")
    assert entry["headline"].startswith(f"IRN-RUS, isolation: {change:+.3f}")


def test_a_judgement_says_its_verdict(top: Path) -> None:
    entry = alignsim.ls(top)[4]
    content = json.loads((Path(entry["folder"]) / "judgement.json").read_text())
    assert entry["headline"] == f"closer: {content['claims'][0]['verdict']}"
    assert entry["belief"] == "signed" and entry["runs"] == 20


def test_what_cannot_be_read_is_listed_with_the_reason(top: Path) -> None:
    assert alignsim.ls(top)[0]["headline"].startswith("cannot be read: JSONDecodeError")


def test_a_single_run_folder_can_be_named(top: Path) -> None:
    folder = alignsim.ls(top)[2]["folder"]
    assert [entry["folder"] for entry in alignsim.ls(folder)] == [folder]


def test_json_is_the_same_list(top: Path) -> None:
    done = CliRunner().invoke(group, ["ls", str(top), "--json"])
    assert json.loads(done.stdout) == list(alignsim.ls(top))


def test_the_command_prints_two_lines_for_each(top: Path) -> None:
    lines = CliRunner().invoke(group, ["ls", str(top)]).stdout.splitlines()
    assert len(lines) == 12
    assert "run · 2026-01-01 10:00 · 2 runs · seed 4 · signed · IRN-RUS, isolation: " in lines[5]


def test_a_folder_without_results_says_so_and_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert "holds no run" in CliRunner().invoke(group, ["ls", str(tmp_path)]).stdout
    with pytest.raises(FileProblem, match="is not there; runs are written to"):
        alignsim.ls(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match="is a file"):
        alignsim.ls(tmp_path / "file")


def test_a_link_that_goes_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text("{}")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [entry["folder"] for entry in alignsim.ls(tmp_path)] == [str(tmp_path / "run")]
