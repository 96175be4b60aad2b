"""A sweep of 4,000 runs that is killed fifty times, at any moment, loses nothing and has nothing twice."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from small_runs import scenario

pytestmark = pytest.mark.science

KILLS, RUNS = 50, 200
FILES = ("runs.csv", "codebook.csv", "sweep.nc")


def command(path: Path, out: Path, jobs: int) -> list[str]:
    return [sys.executable, "-m", "alignsim.cli", "sweep", str(path), "--vary", "sanctions.bite=0:0.5:20",
            "--runs", str(RUNS), "--jobs", str(jobs), "--out", str(out), "--quiet"]  # fmt: skip


def chunks(out: Path) -> dict[int, str]:
    """What the journal says is finished: the SHA-256 of each chunk."""
    found = list(out.rglob("journal.sqlite"))
    if not found:
        return {}
    with closing(sqlite3.connect(f"file:{found[0]}?mode=ro", uri=True)) as journal:
        try:
            return dict(journal.execute("select number, sha256 from chunk"))
        except sqlite3.OperationalError:  # killed before there was a table
            return {}


def test_fifty_kills_of_four_thousand_runs_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    path, out, moments = scenario(tmp_path), tmp_path / "killed", random.Random(20241011)
    whole = tmp_path / "whole"
    subprocess.run(command(path, whole, 1), check=True, capture_output=True)
    total, hits, before = len(chunks(whole)), 0, dict[int, str]()
    for kill in range(KILLS):
        # from the first moments, when modules are loaded, to a while after the first new chunk
        new = moments.random() < 0.5 and len(before) < total - 1
        process = subprocess.Popen(
            command(path, out, 1 + kill % 2), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + (60.0 if new else moments.uniform(0.0, 1.5))
        while time.monotonic() < until and process.poll() is None:
            if new and len(chunks(out)) > len(before):
                time.sleep(moments.uniform(0.0, 0.05))
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        hits += process.wait() == -signal.SIGKILL
        after = chunks(out)
        assert before.items() <= after.items()  # what the journal said stays
        before = after
    assert hits >= KILLS // 2
    subprocess.run(command(path, out, 2), check=True, capture_output=True)
    assert chunks(out) == chunks(whole)
    one, other = (next((place / "small").iterdir()) for place in (whole, out))
    assert {name: (one / name).read_bytes() for name in FILES} == {name: (other / name).read_bytes() for name in FILES}
    time.sleep(5)
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout.split()
    assert not left
