"""How far the indices of a sweep are from the truth: `python benchmarks/sensitivity.py` (some minutes).

The function of Ishigami and Homma (1990) with a = 7, b = 0.1 goes through the analysis that sweeps use, as (points,
runs) values. Printed are the errors of its six first and total indices over 100 scramblings of the design, how often
their 95% intervals hold the truth, how often a sound design is taken for an impossible one, and what sharing shocks
between points is worth.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alignsim.study.sensitivity import Design, NotAnalysable, sobol

A, B = 7.0, 0.1
ALONE, PAIR = ((1 + B * np.pi**4 / 5) ** 2 / 2, A**2 / 8), 8 * B**2 * np.pi**8 / 225
FIRST = np.array([*ALONE, 0.0]) / (sum(ALONE) + PAIR)
TOTAL = FIRST + np.array([PAIR, 0.0, PAIR]) / (sum(ALONE) + PAIR)
SEEDS = 100


def ishigami(x: np.ndarray) -> np.ndarray:
    """(n,) values of (n, 3) angles."""
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def drawn(n: int, seed: int, inputs: int, low: float, high: float) -> Design:
    """The points that a sweep takes."""
    from SALib.sample import sobol as saltelli

    names, bounds = [f"x{k + 1}" for k in range(inputs)], [[low, high]] * inputs
    points = saltelli.sample({"num_vars": inputs, "names": names, "bounds": bounds}, n, seed=seed)
    return Design(tuple(names), bounds, points, "saltelli", n)


def accuracy() -> None:
    """Errors and coverage against N."""
    print(f"Ishigami, {SEEDS} scramblings: error of first (S1) and total (ST) indices, absolute")
    print("    N  mean of six, median  largest of six, median  largest ST, median  95% intervals that hold S1, ST")
    for n in (64, 256, 1024, 4096):
        first, total, held = [], [], []
        for seed in range(SEEDS):
            design = drawn(n, seed, 3, -np.pi, np.pi)
            found = sobol(design, ishigami(design.points)[:, None]).measures
            first.append(np.abs(found["first"].values - FIRST))
            total.append(np.abs(found["total"].values - TOTAL))
            held.append([(first[-1] <= found["first"].half).mean(), (total[-1] <= found["total"].half).mean()])
        six = np.concatenate([first, total], axis=1)
        print(
            f"{n:5d}  {np.median(six.mean(axis=1)):19.4f}  {np.median(six.max(axis=1)):22.4f}"
            f"  {np.median(np.max(total, axis=1)):18.4f}   {np.mean(held, axis=0).round(3)}"
        )
        for limit in {256: (0.057,), 1024: (0.004,)}.get(n, ()):
            print(
                f"       within {limit}: mean of six in {(six.mean(axis=1) < limit).mean():.0%} of the scramblings, "
                f"all six in {(six.max(axis=1) < limit).mean():.0%}"
            )


def one_sample() -> None:
    """Errors where the exchanged sample of the design is left out, as in a design for first and total order only."""
    for n in (256, 1024):
        errors = []
        for seed in range(SEEDS):
            whole = drawn(n, seed, 3, -np.pi, np.pi)
            points = whole.points.reshape(n, 8, 3)[:, [0, 1, 2, 3, 7]].reshape(-1, 3)
            design = Design(whole.names, whole.bounds, points, "saltelli", n)
            found = sobol(design, ishigami(points), strict=False, resamples=2).measures
            six = np.concatenate([found["first"].values - FIRST, found["total"].values - TOTAL])
            errors.append(np.abs(six).max())
        print(f"With one sample of the design only, N = {n}: largest of six, median {np.median(errors):.4f}")


def models(u: np.ndarray) -> Iterator[np.ndarray]:
    """Smooth, peaked and nearly constant outcomes of (n, 5) shares."""
    yield u @ np.array([1, 0.5, 0.2, 0.05, 0])
    yield np.prod(u[:, :3], axis=1)
    yield np.exp(4 * u[:, 0] * u[:, 1]) + u[:, 2]
    yield (u[:, 0] + u[:, 1] > 1.6) + 0.01 * u[:, 2]
    yield 10 * (u[:, 0] * u[:, 1] > 0.9) + 0.01 * u[:, 2]


def false_alarms() -> None:
    """Sound designs in which an index is called impossible."""
    alarms = analyses = 0
    for n in (16, 32, 64, 256):
        for seed in range(60):
            design = drawn(n, seed, 5, 0.0, 1.0)
            for y in models(design.points):
                analyses += 1
                try:
                    sobol(design, y)
                except NotAnalysable:
                    alarms += 1
    print(f"Sound designs refused for an index below zero: {alarms} of {analyses}")


def pairing() -> None:
    """Error of total indices when runs share their shocks over points, and when each point has its own."""
    paired, alone = [], []
    draws = np.random.default_rng(1)
    for seed in range(SEEDS):
        design = drawn(256, seed, 3, -np.pi, np.pi)
        y = ishigami(design.points)[:, None]
        for errors, shape in ((paired, (1, 10)), (alone, (len(y), 10))):
            values = y + y.std() * draws.normal(size=shape)
            found = sobol(design, values, strict=False, resamples=20)
            errors.append(np.abs(found.main.values - TOTAL).mean())
    print(
        "Shocks as large as the effect of the inputs, 10 runs a point, N = 256: mean error of ST "
        f"{np.mean(paired):.4f} with shocks shared by all points, {np.mean(alone):.4f} with shocks of their own"
    )


if __name__ == "__main__":
    accuracy()
    one_sample()
    false_alarms()
    pairing()
