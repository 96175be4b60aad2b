"""The main job, from a file to a folder: what it leaves, that it is whole, and that only the question changes it."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import alignsim
from alignsim import api
from alignsim.errors import FileProblem, TooLarge, UsageError
from alignsim.study import ensemble

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = ROOT / "scenarios" / "isolation.yaml"
SHORT = ("time.end=2025-06", "claims=[]", "branches.relief=[]", "branches.symbolic=[]")

SMALL = """\
alignsim: 1
title: A small question
world: west-asia-2024
time: {start: 2024-10, end: 2025-06}
focus: [[IRN, RUS], [RUS, CHN]]
events:
  - {at: 2024-11, meeting: {of: [IRN, RUS]}}
  - {at: 2024-12, arms: {from: RUS, to: HOUTHI, tiv: 2}, probability: 0.4, note: denied}
branches:
  isolation:
    - {at: 2025-01, sanction: {by: west, on: [IRN, RUS], kind: [trade, financial], intensity: 0.9, secondary: true}}
runs: 8
seed: 3
"""
REORDERED = """\
seed: 3
runs: 8
branches:
  isolation:
    - {sanction: {intensity: 0.9, on: [RUS, IRN], by: west, secondary: true, kind: [financial, trade]}, at: 2025-01}
events:
  - {meeting: {of: [RUS, IRN]}, at: 2024-11}
  - {note: denied, at: 2024-12, probability: 0.4, arms: {tiv: 2, to: HOUTHI, from: RUS}}
focus: [[IRN, RUS], [RUS, CHN]]
time: {end: 2025-06, start: 2024-10}
world: west-asia-2024
title: A small question
alignsim: 1
"""


@pytest.fixture(scope="module")
def results() -> api.Results:
    return alignsim.run(alignsim.load_text(SMALL), jobs=1)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def digest(recorded: ensemble.Recorded) -> str:
    total = hashlib.sha256()
    for branch, arrays in sorted(recorded.branches.items()):
        for name, values in sorted(arrays.items()):
            total.update(f"{branch} {name}".encode() + np.ascontiguousarray(values).tobytes())
    return total.hexdigest()


def alignsim_command(*arguments: object, **options):
    command = [sys.executable, "-m", "alignsim.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_the_same_question_has_the_same_bytes_for_any_chunk_and_any_number_of_processes() -> None:
    plan, _ = api.planned(alignsim.load_text(SMALL))
    seen = {digest(ensemble.simulate(plan, jobs=1, chunk=size)) for size in (1, 3, 8)}
    seen.add(digest(ensemble.simulate(plan, jobs=2, chunk=2)))
    assert len(seen) == 1


def test_the_order_of_keys_and_names_in_the_file_changes_nothing() -> None:
    one, other = (api.planned(alignsim.load_text(text))[0] for text in (SMALL, REORDERED))
    assert digest(ensemble.simulate(one)) == digest(ensemble.simulate(other))


def test_another_seed_is_another_answer(results: api.Results) -> None:
    other = alignsim.run(alignsim.load_text(SMALL), seed=4, jobs=1)
    assert not np.array_equal(other.data.alignment, results.data.alignment)


def test_a_run_keeps_its_numbers_when_there_are_more_runs(results: api.Results) -> None:
    more = alignsim.run(alignsim.load_text(SMALL), runs=11, jobs=1)
    same = more.data.alignment.isel(run=slice(0, 8))
    assert np.array_equal(same, results.data.alignment)


def test_an_uncertain_event_happens_in_the_same_runs_of_every_branch_and_only_there(results: api.Results) -> None:
    happened = results.data.event_happened.values[:, 0].astype(bool)
    assert 0 < happened.sum() < 8
    without = alignsim.run(alignsim.load_text(SMALL), jobs=1, set=["events[1].probability=0"]).data
    for branch in ("baseline", "isolation"):
        same = (results.data.alignment == without.alignment).sel(branch=branch).all(("dyad", "time")).values
        assert np.array_equal(same, ~happened)


def test_the_same_event_at_other_odds_is_the_same_draw_against_another_threshold() -> None:
    deal = "{at: 2024-12, arms: {from: RUS, to: HOUTHI, tiv: 2}, probability: %s}"
    text = SMALL.replace(
        "  isolation:\n", f"  likely:\n    - {deal % 0.6}\n  unlikely:\n    - {deal % 0.2}\n  isolation:\n"
    )
    plan, _ = api.planned(alignsim.load_text(text))
    happened = plan.batch(np.arange(60)).happened
    odds = [coin.probability for coin in plan.coins]
    likely, unlikely = happened[:, odds.index(0.6)], happened[:, odds.index(0.2)]
    assert unlikely.any() and (likely | ~unlikely).all() and likely.sum() > unlikely.sum()


def test_branches_are_alike_until_they_differ(results: api.Results) -> None:
    change = results.difference("isolation")
    assert float(abs(change.sel(time=slice(None, "2024-12"))).max()) == 0.0
    assert float(abs(change.sel(time="2025-06")).min()) > 0.0


def test_a_folder_holds_everything_and_can_be_read_back(results: api.Results, tmp_path: Path) -> None:
    folder = api.save(results, tmp_path, figures=False)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "codebook.csv", "manifest.json", "result.nc", "runs.csv", "scenario.resolved.yaml", "scenario.yaml",
        "summary.json", "trajectories.csv",
    }  # fmt: skip
    again = alignsim.open_run(folder)
    assert again.data.identical(results.data)
    assert (folder / "scenario.yaml").read_text() == SMALL
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["seed"] == 3 and manifest["runs"] == 8 and manifest["peak_memory_mb"] > 0
    assert str(tmp_path) not in (folder / "manifest.json").read_text()


def test_the_resolved_scenario_is_a_scenario_with_the_same_answer(results: api.Results) -> None:
    again = alignsim.run(alignsim.load_text(results.resolved_text), jobs=1)
    assert np.array_equal(again.data.alignment, results.data.alignment)


def test_the_table_agrees_with_the_data(results: api.Results, tmp_path: Path) -> None:
    folder = api.save(results, tmp_path, figures=False)
    with open(folder / "trajectories.csv", newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["measure"] == "alignment" and r["branch"] == "isolation"]
    last = next(r for r in rows if (r["of"], r["toward"], r["month"]) == ("RUS", "CHN", "2025-06"))
    values = results.data.alignment.sel(branch="isolation", dyad="RUS-CHN").isel(time=-1).values
    assert float(last["q50"]) == pytest.approx(np.median(values), rel=1e-5)


def test_saving_twice_keeps_both_and_writes_the_same_netcdf(results: api.Results, tmp_path: Path) -> None:
    one, other = (api.save(results, tmp_path, figures=False) for _ in range(2))
    assert one != other
    assert (one / "result.nc").read_bytes() == (other / "result.nc").read_bytes()


def test_a_disk_that_fills_up_leaves_nothing_under_a_final_name(
    results: api.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileProblem, match="disk is full"):
        api.save(results, tmp_path, figures=False)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_may_not_be_made_is_one_message(results: api.Results, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match="could not write"):
        api.save(results, tmp_path / "file", figures=False)


def test_what_would_not_fit_is_refused_with_the_estimate_before_anything_is_allocated() -> None:
    started = time.monotonic()
    with pytest.raises(TooLarge, match=r"needs about [\d.]+ GB .*--runs"):
        alignsim.run(alignsim.load_text(SMALL), runs=1_000_000)
    assert time.monotonic() - started < 20


def test_a_belief_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignsim.plan.posterior.packaged", lambda family: None)
    with pytest.raises(UsageError, match="did you mean 'sceptical'"):
        alignsim.run(alignsim.load_text(SMALL), belief="skeptical")
    with pytest.raises(UsageError, match="nothing has been fitted"):
        alignsim.run(alignsim.load_text(SMALL), belief="calibrated")


def test_a_figure_that_does_not_exist_names_those_that_do(results: api.Results) -> None:
    with pytest.raises(AttributeError, match="trajectories"):
        results.plot.trajectory()


def test_pinned_parameters_and_switches_reach_every_run() -> None:
    pinned = alignsim.run(
        alignsim.load_text(SMALL), runs=3, jobs=1, set=["parameters.sanctions.bite=0.2", "mechanisms.stigma=false"]
    ).data
    assert set(pinned.parameter_value.sel(parameter="sanctions.bite").values) == {0.2}
    assert set(pinned.parameter_value.sel(parameter="stigma.weight").values) == {0.0}
    assert "stigma" not in pinned.motive.values


def test_json_prints_one_document_and_nothing_else(small: Path, tmp_path: Path) -> None:
    done = alignsim_command("run", small, "--runs", 2, "--json", "--no-figures", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"] == 2
    assert done.stderr == ""


def test_quiet_prints_only_the_folder_and_the_figures_can_be_drawn_again(small: Path, tmp_path: Path) -> None:
    done = alignsim_command("run", small, "--runs", 3, "--quiet", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    picture = folder / "figures" / "trajectories.png"
    before = picture.read_bytes()
    picture.unlink()
    again = alignsim_command("plot", folder, "--figure", "trajectories")
    assert again.returncode == 0, again.stderr
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "nowhere.yaml"], 4, "is not there"),
        (["run", "{small}", "--set", "runz=3"], 3, "did you mean 'runs'"),
        (["run", "{small}", "--runs", "0"], 2, "--runs"),
        (["run", "{small}", "--belief", "hopeful"], 2, "there is no belief"),
        (["run", "{small}", "--out", "{small}"], 4, "is a file; choose a folder with --out"),
        (["run", "{small}", "--out", "/proc/nowhere"], 4, "cannot be written to"),
        (["plot", "{small}"], 4, "is not a run folder"),
        (["plot", "{small}", "--figure", "mapp"], 2, "did you mean 'map'"),
    ],
)
def test_mistakes_on_the_command_line_are_one_message_and_their_exit_code(
    arguments: list[str], code: int, words: str, small: Path
) -> None:
    done = alignsim_command(*(a.format(small=small) for a in arguments))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(word) for word in found.split()]


@pytest.mark.parametrize(("kill", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_an_interrupted_run_stops_at_once_and_leaves_no_orphan_and_no_half_folder(
    kill: int, code: int, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "alignsim.cli",
        "run",
        SCENARIO,
        "--runs",
        "150",
        "--jobs",
        "2",
        "--out",
        tmp_path / "out",
    ]
    process = subprocess.Popen(
        [*map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell that runs the tests in the background would have its children ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    process.stderr.readline()  # the first progress line: the workers are at work
    workers = children(process.pid)
    started = time.monotonic()
    os.kill(process.pid, kill)
    process.wait(timeout=20)
    process.stderr.close()
    spent = time.monotonic() - started
    assert process.returncode == code
    assert spent < 5, "should take less than a second on a quiet machine"
    deadline = time.monotonic() + 10
    while kill != signal.SIGKILL and any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived the command"
        time.sleep(0.05)
    if kill == signal.SIGKILL:
        os.killpg(process.pid, signal.SIGKILL)
    assert not list((tmp_path / "out").rglob("result.nc"))


def test_the_map_can_show_another_state_in_another_branch(results: api.Results, tmp_path: Path) -> None:
    from alignsim.show import draw_all

    (drawn,) = draw_all(results.data, tmp_path, figures=["map"], state="CHN", branch="baseline")
    assert drawn.name == "map-CHN-baseline.png"
    with pytest.raises(UsageError, match="did you mean 'CHN'"):
        draw_all(results.data, tmp_path, figures=["map"], state="CHNN")


def test_the_table_fits_eighty_columns_and_a_closed_pipe_is_no_failure(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = alignsim_command("run", small, "--runs", 2, "--no-figures", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "…" not in done.stdout and max(map(len, done.stdout.splitlines()[:9])) <= 80
    folder = next((out / "small").iterdir())
    command = f"{sys.executable} -m alignsim show {folder} | true; exit ${{PIPESTATUS[0]}}"
    closed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert closed.returncode in (0, 141), closed.stderr
    assert closed.stderr == ""


CLAIMED = """\
claims:
  - {id: closer, says: closer, outcome: alignment of IRN with RUS at 2025-06, contrast: isolation against baseline,
     expect: increase}
  - {id: trade, says: more trade, outcome: trade dependence of IRN on RUS at 2025-06,
     contrast: isolation against baseline, expect: increase}
"""


@pytest.mark.parametrize("theory", ["balance", "landscape", "persistence", "one-coefficient"])
def test_a_rival_theory_is_simulated_and_leaves_what_it_speaks_of(theory: str, small: Path, tmp_path: Path) -> None:
    from alignsim.show import draw_all

    results = api.run(small, theory=theory, runs=3, jobs=1)
    own = api.run(small, runs=3, jobs=1)
    assert results.manifest["theory"] == results.data.attrs["theory"] == theory
    assert {"alignment", "other_ties", "isolation", "alignment_mean", "pressure"} <= set(results.data)
    assert not {"trade_share", "arms", "desire", "motive_share", "capacity", "trade_mean"} & set(results.data)
    if theory != "landscape":  # which reads ties as sides
        assert np.array_equal(results.data.alignment[..., 0], own.data.alignment[..., 0])
    moved = np.ptp(results.data.alignment.values, axis=-1).any()
    assert moved == (theory in ("balance", "one-coefficient"))  # nobody changes sides in nine months
    assert np.array_equal(results.data.isolation, own.data.isolation)
    folder = api.save(results, tmp_path / "out")
    assert sorted(path.stem for path in (folder / "figures").iterdir()) == ["map", "matrix", "trajectories"]
    assert api.open_run(folder).summary()["theory"] == theory
    with pytest.raises(UsageError, match="says nothing of what the figure 'why' shows"):
        draw_all(results.data, tmp_path, figures=["why"])


def test_the_theory_of_the_file_is_the_one_that_is_simulated(small: Path) -> None:
    set_in_file = api.run(small, set=["theory=persistence"], runs=2, jobs=1)
    assert (np.ptp(set_in_file.data.alignment.values, axis=-1) == 0).all()


def test_all_theories_give_one_specification_curve_of_every_claim(tmp_path: Path) -> None:
    from alignsim.study.judge import beliefs_of

    path = tmp_path / "claimed.yaml"
    path.write_text(SMALL + CLAIMED)
    done = alignsim_command("run", path, "--theory", "all", "--runs", 6, "--jobs", 1, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "out" / "claimed").iterdir()
    with open(folder / "specifications.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    asked = {(row["theory"], row["belief"]) for row in rows if row["claim"] == "closer"}
    beliefs = beliefs_of(("signed", "fixed"), quick=False)
    assert {"signed", "fixed", "sceptical"} <= {*beliefs}
    assert asked == {("persistence", "its own"), ("one-coefficient", "its own")} | {
        (theory, belief) for theory in ("consent", "balance", "landscape") for belief in beliefs
    }
    silent = [row for row in rows if row["claim"] == "trade" and row["theory"] != "consent"]
    assert {row["verdict"] for row in silent} == {"not testable"} and {row["q50"] for row in silent} == {""}
    assert (folder / "figures" / "specifications-closer.png").is_file() and (folder / "result.nc").is_file()
    assert done.stdout.count("says nothing") == len(silent)
    content = json.loads((folder / "judgement.json").read_text())
    ours = next(row for row in rows if row["theory"] == "consent" and row["belief"] == "signed")
    assert float(ours["q50"]) == pytest.approx(content["claims"][0]["beliefs"]["signed"]["effect"]["q50"], rel=1e-5)


def test_a_file_without_claims_has_nothing_to_put_to_all_theories(small: Path) -> None:
    with pytest.raises(UsageError, match="has no claim to put to every theory"):
        api.specifications(small)


def test_other_ties_are_those_with_third_partners_that_sanction_neither_as_a_judgement_has_them(small: Path) -> None:
    from alignsim.plan.check import load
    from alignsim.plan.resolution import resolve
    from alignsim.results.measures import third_partners

    document, world, _ = load(small)
    plan = resolve(document, world)
    recorded = ensemble.simulate(plan, jobs=1)
    pair = plan.focus[0]
    partners = list(third_partners((min(pair), max(pair)), plan))
    assert 0 < len(partners) < len(plan.states) - 2
    last = recorded.branches["isolation"]
    upper = np.triu_indices(len(plan.states), 1)
    whole = np.zeros((len(recorded.runs), len(plan.states), len(plan.states)))
    whole[:, upper[0], upper[1]] = last["matrix"][:, -1]
    whole += whole.swapaxes(1, 2)
    wanted = whole[:, list(pair)][:, :, partners].mean(axis=(1, 2))
    assert last["other_ties"][:, 0, -1] == pytest.approx(wanted, abs=1e-6)
