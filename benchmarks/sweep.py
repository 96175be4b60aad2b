"""What does a sweep cost beyond the kernel, and beside Mesa's own batch runner?

    python benchmarks/sweep.py [RUNS] [JOBS]

Sweeps the headline scenario (44 states, 63 months; its first claim, so two branches) over two parameters, RUNS runs in
all (10,000 where not said) with 20 at each point, by the command line into a temporary folder, and prints time, peak
memory of all processes together, and disk. Beside it, in the same minutes:

* the ideal: the same months stepped by the kernel alone, shocks drawn beforehand, in as many processes;
* Mesa: `mesa.batch_run` on the Mesa face of the same plan, which does one run of one branch at a time; measured on a
  few runs and scaled, which is said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "isolation.yaml"
CLAIM, A_POINT, FEW = "isolation-deepens-ties", 20, 8
VARY = {"sanctions.bite": "0..0.6", "secondary_sanctions.chill": "0..1"}


def plan():
    """The plan that the sweep simulates."""
    from alignsim.api.sweeping import _block, varied
    from alignsim.plan import check
    from alignsim.study.sweep import requested

    document = varied(SCENARIO, _block(VARY, claims=[CLAIM], runs=A_POINT, points=2))
    return requested(document, check.world_of(document)).plan


def kernel(seconds: float = 20.0) -> float:
    """Runs a second of the kernel alone in this process: both branches, nothing recorded, shocks not counted."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    from alignsim.study.ensemble import chunk_size

    own, done, spent = plan(), 0, 0.0
    with threadpool_limits(1):
        while spent < seconds:
            batch = own.batch(np.arange(done, done + chunk_size(own)))
            shocks = batch.shocks()
            started = time.perf_counter()
            for branch in own.branches:
                for _ in batch.simulate(branch, shocks, explain=lambda month: False):
                    pass
            spent += time.perf_counter() - started
            done += len(batch.runs)
    return done / spent


def kernel_in_all_processes(jobs: int) -> float:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(kernel, [20.0] * jobs))


def mesa_batch_run(jobs: int) -> float:
    """Runs (of both branches) a second of Mesa's batch runner."""
    import mesa

    from alignsim.agents import AlignmentModel

    own = plan()
    what = {"plan": [own], "run": range(FEW), "branch": list(own.branches), "agent_reporters": [{}]}
    started = time.perf_counter()
    mesa.batch_run(AlignmentModel, what, number_processes=jobs, max_steps=own.months, display_progress=False)
    return FEW / (time.perf_counter() - started)


class Peak(threading.Thread):
    """The largest resident memory of a process and its children together, bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.bytes, self.over = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.2):
            children = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True).stdout.split()
            self.bytes = max(self.bytes, sum(map(_resident, [str(self.pid), *children])))


def _resident(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def swept(runs: int, jobs: int) -> tuple[float, int, int]:
    """Seconds, peak bytes of memory and bytes on the disk of one sweep by the command line."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "alignsim.cli", "sweep", str(SCENARIO), "--claim", CLAIM, "--out", folder,
                   "--runs", str(A_POINT), "--points", str(runs // A_POINT), "--design", "lhs", "--jobs", str(jobs),
                   *(f"--vary={path}={levels}" for path, levels in VARY.items())]  # fmt: skip
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = Peak(process.pid)
        peak.start()
        if process.wait():
            raise SystemExit("the sweep failed")
        seconds = time.perf_counter() - started
        peak.over.set()
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return seconds, peak.bytes, disk


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    before = kernel_in_all_processes(jobs)
    seconds, memory, disk = swept(runs, jobs)
    rate = (before + kernel_in_all_processes(jobs)) / 2  # the machine may be faster before than after
    mesa_rate = mesa_batch_run(jobs)
    print(
        f"sweep of {runs} runs, {jobs} processes: {seconds:.0f} s, {memory / 1e6:.0f} MB, {disk / 1e6:.0f} MB on disk"
    )
    print(f"kernel alone: {runs / rate:.0f} s; beyond it: {100 * (seconds * rate / runs - 1):.0f} %")
    print(
        f"mesa.batch_run, {FEW} runs scaled: {runs / mesa_rate:.0f} s, {runs / mesa_rate / seconds:.1f} times the sweep"
    )
