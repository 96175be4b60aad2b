"""How fast is the kernel, against the same equations as looping agents and against what the machine could do at best?

    python benchmarks/kernel.py

Everything is measured side by side in one run, on made-up worlds of N states, one thread of linear algebra a process.

* kernel: run-months a second in one process and in as many processes as there are processors, shocks included;
* agents: the same month written as loops in plain Python (`benchmarks/looping_agents.py`), at N = 21 and 40;
* floor: the step's matrix products alone (BLAS), plus one pass over every array that the step reads or writes.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np  # noqa: E402

SIZES = (21, 40, 120, 193)
MONTHS, ISSUES = 24, 5
CACHE = 400_000


def chunk(n: int) -> int:
    return int(np.clip(CACHE // (8 * n * n), 1, 64))


def prepared(n: int):
    """A batch of runs of a made-up world whose sanctions and wars have just changed."""
    import worlds
    from alignsim.kernel import Timeline
    from alignsim.theories import consent

    runs = chunk(n)
    given = worlds.given(n, runs=runs, issues=ISSUES, seed=1)
    changed = worlds.given(n, runs=runs, issues=ISSUES, seed=2).eve
    values = worlds.defaults()
    values = {path: np.repeat(v, runs, axis=0) if v.shape[0] == 1 else v for path, v in values.items()}
    eve = consent.prepare(given, consent.parameters(values), frozenset({"solidarity"}))
    return eve, Timeline(changed, [], np.zeros((runs, 0), dtype=bool)), runs


def kernel(n: int, seconds: float = 3.0) -> float:
    """Run-months a second of one process, shocks included."""
    import worlds
    from alignsim.kernel import simulate
    from alignsim.theories import consent

    eve, timeline, runs = prepared(n)
    done, started = 0, perf_counter()
    while perf_counter() - started < seconds:
        shocks = worlds.noise(n, runs, ISSUES, months=MONTHS, seed=done)
        for _ in simulate(consent, eve, timeline, shocks, lambda month: False):
            pass
        done += runs * MONTHS
    return done / (perf_counter() - started)


def kernel_in_all_processes(n: int) -> float:
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(kernel, [n] * cores))


def floor(n: int, seconds: float = 1.0) -> float:
    """Run-months a second of the step's matrix products and one pass over its arrays, in one process."""
    from dataclasses import fields

    from alignsim.theories import consent

    eve, _, runs = prepared(n)
    now = consent.start(eve)
    arrays = [
        value
        for record in (now, eve.scene, eve.measures, eve)
        for value in (getattr(record, field.name) for field in fields(record))
        if isinstance(value, np.ndarray) and value.dtype == float and value.size
    ]
    arrays += list(eve.raw.values())
    square = now.z
    enforcers = eve.scene.drivers.secondary
    views = np.concatenate([now.position, now.output[:, :, None]], axis=2)
    vector = now.output[:, :, None]
    room = {array.shape: np.empty_like(array) for array in arrays}
    done, started = 0, perf_counter()
    while perf_counter() - started < seconds:
        for _ in range(4):  # friction, shared friends, shared threat, stigma
            np.matmul(square, square)
        for _ in range(2):  # fear and exposure
            np.matmul(square, enforcers)
        np.matmul(square, views)
        for _ in range(12):  # the fitting of trade: rows, columns, step
            np.matmul(square, vector)
        for array in arrays:
            np.add(array, 1.0, out=room[array.shape])
        done += runs
    return done / (perf_counter() - started)


def main() -> None:
    import looping_agents

    print("   N  chunk  one process  all processes      floor  x floor   agents  x agents")
    for n in SIZES:
        alone, together, best = kernel(n), kernel_in_all_processes(n), floor(n)
        loops = looping_agents.measure(n, 3) if n <= 40 else None
        agents = f"{loops:8.1f} {alone / loops:9.0f}" if loops else f"{'':>8} {'':>9}"
        print(
            f"{n:4d} {chunk(n):6d} {alone:12.0f} {together:14.0f} {best:10.0f} {best / alone:8.1f} {agents}", flush=True
        )
    print("\nrun-months a second; x floor is floor / one process, x agents is one process / agents")


if __name__ == "__main__":
    main()
