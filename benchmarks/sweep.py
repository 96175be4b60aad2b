"""What does a sweep cost beyond the kernel, and beside Mesa's own batch runner?

    python benchmarks/sweep.py [RUNS] [JOBS]

Sweeps the headline scenario as it stands (44 states, 63 months, four branches) over two parameters, RUNS runs in all
(10,000 where not said) with 20 at each point, by the command line into a temporary folder, and prints time, peak memory
of all processes together, and disk. Beside it, in the same minutes:

* the ideal: the same months stepped by the kernel alone, shocks drawn beforehand, in as many processes;
* Mesa: `mesa.batch_run` on the Mesa face of the same plan, which does one run of one branch at a time; measured on a
  few runs and scaled, which is said.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "isolation.yaml"
A_POINT, FEW = 20, 8
VARY = {"sanctions.bite": "0..0.6", "secondary_sanctions.chill": "0..1"}


def plan():
    """The plan that the sweep simulates."""
    from alignsim.api.sweeping import _block, varied
    from alignsim.plan import check
    from alignsim.study.sweep import requested

    document = varied(SCENARIO, _block(VARY, runs=A_POINT, points=2))
    return requested(document, check.world_of(document)).plan


def kernel(seconds: float = 20.0) -> tuple[float, float]:
    """Runs a second, and a second of processor time, of the kernel alone in this process: all branches, nothing
    recorded, shocks not counted."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    from alignsim.study.ensemble import chunk_size

    own, done, spent, cpu = plan(), 0, 0.0, 0.0
    with threadpool_limits(1):
        while spent < seconds:
            batch = own.batch(np.arange(done, done + chunk_size(own)))
            shocks = batch.shocks()
            started, used = time.perf_counter(), time.process_time()
            for branch in own.branches:
                for _ in batch.simulate(branch, shocks, explain=lambda month: False):
                    pass
            spent, cpu = spent + time.perf_counter() - started, cpu + time.process_time() - used
            done += len(batch.runs)
    return done / spent, done / cpu


def kernel_in_all_processes(jobs: int) -> tuple[float, float]:
    """Runs a second of all processes together, and runs a second of processor time."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(kernel, [20.0] * jobs))
    return sum(rate for rate, _ in found), sum(rate for _, rate in found) / jobs


def mesa_batch_run(jobs: int) -> float:
    """Runs (of all branches) a second of Mesa's batch runner."""
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
        while not self.over.wait(0.5):
            self.bytes = max(self.bytes, sum(map(_resident, [str(self.pid), *_children(self.pid)])))


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def _resident(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def swept(runs: int, jobs: int) -> tuple[float, float, int, int]:
    """Seconds, of processor time too, peak bytes of memory and bytes on the disk of one sweep by the command line."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "alignsim.cli", "sweep", str(SCENARIO), "--out", folder,
                   "--runs", str(A_POINT), "--points", str(runs // A_POINT), "--design", "lhs", "--jobs", str(jobs),
                   *(f"--vary={path}={levels}" for path, levels in VARY.items())]  # fmt: skip
        started, used = time.perf_counter(), _cpu_of_children()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = Peak(process.pid)
        peak.start()
        if process.wait():
            raise SystemExit("the sweep failed")
        seconds = time.perf_counter() - started
        peak.over.set()
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        cpu = _cpu_of_children() - used
    return seconds, cpu, peak.bytes, disk


def _cpu_of_children() -> float:
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    before = kernel_in_all_processes(jobs)
    seconds, cpu, memory, disk = swept(runs, jobs)
    after = kernel_in_all_processes(jobs)  # the machine may be faster before than after
    rate, rate_of_cpu = ((one + other) / 2 for one, other in zip(before, after, strict=True))
    mesa_rate = mesa_batch_run(jobs)
    print(
        f"sweep of {runs} runs, {jobs} processes: {seconds:.0f} s, {memory / 1e6:.0f} MB, {disk / 1e6:.0f} MB on disk"
    )
    print(f"kernel alone: {runs / rate:.0f} s; beyond it: {100 * (seconds * rate / runs - 1):.0f} %")
    words = f"{cpu:.0f} s of processor time, kernel alone {runs / rate_of_cpu:.0f} s"
    print(f"{words}; beyond it: {100 * (cpu * rate_of_cpu / runs - 1):.0f} %")
    print(
        f"mesa.batch_run, {FEW} runs scaled: {runs / mesa_rate:.0f} s, {runs / mesa_rate / seconds:.1f} times the sweep"
    )
