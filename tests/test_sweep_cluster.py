"""A sweep on a dask cluster gives the numbers of this machine, also when one of its workers is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignsim import api
from alignsim.api import sweeping
from alignsim.errors import AlignsimError
from alignsim.study.sweep import cluster
from small_runs import scenario

pytest.importorskip("distributed", reason="needs the extra `dask`")
pytestmark = pytest.mark.filterwarnings("default")

BITE = {"sanctions.bite": "0:0.5:6"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("sweep"))


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler with two workers, each a process of its own: its address, and the workers."""
    place = tmp_path / "scheduler.json"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    own = ["--no-dashboard", "--scheduler-file", str(place)]
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *own], **quiet
    )
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny",
              "--local-directory", str(tmp_path), *own]  # fmt: skip
    workers: list[subprocess.Popen[bytes]] = []
    try:
        until = time.monotonic() + 60
        while not place.is_file() and time.monotonic() < until:
            time.sleep(0.1)
        workers += [subprocess.Popen(worker, **quiet) for _ in range(2)]
        address = json.loads(place.read_text())["address"]
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_a_cluster_that_loses_a_worker_gives_the_numbers_of_this_machine(
    small: Path, started: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "chunk_size", lambda asked: 8)
    address, workers = started
    told = threading.Event()

    def kill_one(done: int, total: int, failed: int, before: int) -> None:
        if done >= total // 4 and not told.is_set():
            told.set()
            workers[0].send_signal(signal.SIGKILL)

    there = api.sweep(small, BITE, runs=20, scheduler=address, out=tmp_path / "there", progress=kill_one)
    assert told.is_set()
    assert workers[0].wait(timeout=10) == -signal.SIGKILL
    assert not there.errors
    here = api.sweep(small, BITE, runs=20, jobs=1, out=tmp_path / "here")
    assert there.folder is not None
    assert here.folder is not None
    for name in ("runs.csv", "sweep.nc"):
        assert (there.folder / name).read_bytes() == (here.folder / name).read_bytes()
    assert np.isfinite(there.measured).all()


def test_where_no_scheduler_answers_that_is_said(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    with pytest.raises(AlignsimError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        api.sweep(small, BITE, runs=1, scheduler="tcp://127.0.0.1:9")


def test_workers_with_other_versions_are_refused(
    small: Path, started: tuple[str, list[subprocess.Popen[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "version", lambda name: "0.0.1")  # of this process only
    with pytest.raises(AlignsimError, match=r"has alignsim .* \(here 0\.0\.1\)"):
        api.sweep(small, BITE, runs=1, scheduler=started[0])
