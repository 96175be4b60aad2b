"""A sweep survives what may happen to it: failing runs, killed workers, kill -9, spoilt files, a second process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sweep_faults
from alignsim import api
from alignsim.api import sweeping
from alignsim.errors import AlignsimError, FileProblem, FolderInUse
from alignsim.study.sweep import engine, journal, simulation
from small_runs import scenario

BITE = {"sanctions.bite": [0, 0.25, 0.5]}
RUNS = 8


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def whole(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed sweep writes."""
    return written(api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path_factory.mktemp("whole")))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "chunk_size", lambda asked: 4)


def written(sweep: Any) -> dict[str, bytes]:
    return {name: (sweep.folder / name).read_bytes() for name in ("runs.csv", "codebook.csv", "sweep.nc")}


def fails_at(point: float, run: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one row fail, in whatever company it is simulated."""
    kept = simulation._simulated

    def failing(swept: Any, points: Any, runs: Any) -> simulation.Rows:
        if ((points[:, 0] == point) & (runs == run)).any():
            raise ArithmeticError("planted\nfault")
        return kept(swept, points, runs)

    monkeypatch.setattr(simulation, "_simulated", failing)


def test_a_failing_run_is_a_row_with_its_error_and_the_others_are_what_they_were(
    small: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_at(0.25, 2, monkeypatch)
    swept = api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path)
    assert swept.errors == {(1, 2): "ArithmeticError: planted fault"}
    rows, before = (text.decode().splitlines() for text in (written(swept)["runs.csv"], whole["runs.csv"]))
    differ = [k for k, (one, other) in enumerate(zip(rows, before, strict=True)) if one != other]
    assert differ == [1 + 2 * (RUNS + 2), 2 + 2 * (RUNS + 2)]  # both branches of one run
    assert all(rows[k].endswith("ArithmeticError: planted fault") for k in differ)


def test_failed_runs_are_left_alone_until_they_are_to_be_tried_again(
    small: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fails_at(0.25, 0, patch)
        api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path)
    assert list(api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path).errors) == [(1, 0)]
    simulated = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "simulate", lambda s, p, r: simulated.append(len(r)) or simulation.simulate(s, p, r))
        again = api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path, retry_failed=True)
    assert simulated == [1]
    assert written(again) == whole


def test_a_killed_worker_is_replaced_and_nothing_is_missing(
    small: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sweep_faults.MARK, str(tmp_path / "mark"))
    monkeypatch.setattr(engine, "simulate", sweep_faults.dies_once)
    assert written(api.sweep(small, BITE, runs=RUNS, jobs=2, out=tmp_path / "out")) == whole
    assert (tmp_path / "mark").exists()


def test_a_row_that_kills_its_worker_is_found_and_the_others_are_what_they_were(
    small: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "chunk_size", lambda asked: 3)
    monkeypatch.setattr(engine, "simulate", sweep_faults.dies_at_a_row)
    swept = api.sweep(small, BITE, runs=RUNS, jobs=2, out=tmp_path)
    assert swept.errors == {(1, sweep_faults.KILLING[1]): engine.KILLED}
    rows, before = (text.decode().splitlines() for text in (written(swept)["runs.csv"], whole["runs.csv"]))
    assert sum(one != other for one, other in zip(rows, before, strict=True)) == 2


def test_where_no_worker_can_start_that_is_said_and_no_row_is_blamed(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignsim.study.ensemble._begin", sweep_faults.dies_at_once)
    with pytest.raises(AlignsimError, match="no worker process can start"):
        api.sweep(small, {"sanctions.bite": [0, 1]}, runs=1, jobs=2, out=tmp_path)


@pytest.mark.parametrize("damage", ["spoilt", "cut", "gone", "left over"])
def test_a_chunk_that_is_not_what_it_was_is_simulated_again(
    damage: str, small: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path).folder
    assert folder is not None
    chunk = sorted((folder / "chunks").iterdir())[1]
    content = chunk.read_bytes()
    if damage == "spoilt":
        chunk.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif damage == "cut":
        chunk.write_bytes(content[:-10])
    elif damage == "gone":
        chunk.unlink()
    else:
        (folder / "chunks" / f".{chunk.name}.1234.tmp.npz").write_bytes(content[:50])
    for name in whole:
        (folder / name).unlink()
    assert written(api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path)) == whole
    assert not list((folder / "chunks").glob(".*"))


def test_a_journal_that_is_no_database_is_said_and_fresh_begins_anew(
    small: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path).folder
    assert folder is not None
    (folder / "journal.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(FileProblem, match=r"damaged.*--fresh"):
        api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path)
    (folder / "mine.txt").write_text("a note")
    assert written(api.sweep(small, BITE, runs=RUNS, jobs=1, out=tmp_path, fresh=True)) == whole
    assert (folder / "mine.txt").exists()


def test_a_second_process_is_told_who_holds_the_folder(small: Path, tmp_path: Path) -> None:
    folder = api.sweep(small, BITE, runs=1, jobs=1, out=tmp_path).folder
    assert folder is not None
    with (
        journal.held(folder),
        pytest.raises(FolderInUse, match=rf"in use by process {os.getpid()} on \S+; wait for it"),
    ):
        api.sweep(small, BITE, runs=1, jobs=1, out=tmp_path)
    assert not api.sweep(small, BITE, runs=1, jobs=1, out=tmp_path).errors


def test_a_finished_sweep_is_not_simulated_again(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = api.sweep(small, BITE, runs=2, jobs=1, out=tmp_path)
    monkeypatch.setattr(engine, "simulate", None)
    again = api.sweep(small, BITE, runs=2, jobs=1, out=tmp_path)
    assert again.manifest == first.manifest
    assert np.array_equal(again.measured, first.measured)


def command(path: Path, out: Path, runs: int) -> list[str]:
    return [sys.executable, "-m", "alignsim.cli", "sweep", str(path), "--vary", "sanctions.bite=0,0.25,0.5",
            "--runs", str(runs), "--jobs", "1", "--out", str(out), "--quiet"]  # fmt: skip


def finished(out: Path) -> int:
    return len([path for path in out.rglob("chunks/*.npz") if not path.name.startswith(".")])


def killed(path: Path, out: Path, runs: int, new: int, after: float) -> bool:
    """Start a sweep and kill it `after` seconds after so many new chunks are there; whether that hit it at work."""
    wanted = finished(out) + new
    process = subprocess.Popen(command(path, out, runs), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and finished(out) < wanted:
        time.sleep(0.002)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_a_sweep_that_is_killed_goes_on_and_ends_with_the_same_bytes(small: Path, tmp_path: Path) -> None:
    runs, moments = 210, random.Random(1)
    subprocess.run(command(small, tmp_path / "whole", runs), check=True, capture_output=True)
    for new in (0, 2, 3):
        assert killed(small, tmp_path / "killed", runs, new, moments.uniform(0.0, 0.1))
    assert 5 <= finished(tmp_path / "killed") < 10
    subprocess.run(command(small, tmp_path / "killed", runs), check=True, capture_output=True)
    one, other = (next((tmp_path / name / "small").iterdir()) for name in ("whole", "killed"))
    for name in ("runs.csv", "codebook.csv", "sweep.nc"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize(("kill", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_sweep_stops_at_once_and_can_be_continued(
    kill: int, code: int, small: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        command(small, tmp_path, 4000),
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background would have its children ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not finished(tmp_path):
        time.sleep(0.05)
    started = time.monotonic()
    process.send_signal(kill)
    _, told = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in told
    assert time.monotonic() - started < 5  # a second on an idle machine
    assert finished(tmp_path) >= 1
    assert not list(tmp_path.rglob("*.tmp*"))
