"""The points of a sweep: a grid, or a sample by SALib (Herman and Usher 2017), the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array
from alignsim.errors import TooLarge
from alignsim.random import name_key
from alignsim.scenario.levels import Levels

MORRIS_LEVELS = 4
MOST_POINTS = 10_000_000


def points(kind: str, inputs: Sequence[Levels], count: int, seed: int, groups: Sequence[str] | None = None) -> Array:
    """The points of a design in the inputs' own units, (n, k).

    kind: grid, lhs, sobol, morris or saltelli; count: as `schema.Sweep.count`; groups: (k,) the group of each input.
    An input with levels takes those, all equally likely. Raises TooLarge for more than ten million points.
    """
    if kind == "grid":
        _refuse_too_many(int(np.prod([float(len(levels.values)) for levels in inputs])))
        return np.stack(np.meshgrid(*(levels.values for levels in inputs), indexing="ij"), -1).reshape(-1, len(inputs))
    width = {"saltelli": 2 * len(inputs) + 2, "morris": len(inputs) + 1}.get(kind, 1)
    _refuse_too_many(count * width)
    problem: dict[str, Any] = {
        "num_vars": len(inputs),
        "names": [f"x{k}" for k in range(len(inputs))],
        "bounds": [[0.0, 1.0] if levels.values else [levels.low, levels.high] for levels in inputs],
    }
    if groups:
        problem["groups"] = list(groups)
    with _seeded_only():
        sample = _SAMPLERS[kind](problem, count, name_key("sweep", kind, str(seed)) >> 33)
    columns = [_of_levels(x, levels) if levels.values else x for x, levels in zip(sample.T, inputs, strict=True)]
    return np.stack(columns, axis=1)


def _of_levels(share: NDArray, levels: Levels) -> NDArray:
    """The level that each share in [0, 1] falls on."""
    place = np.minimum((share * len(levels.values)).astype(np.intp), len(levels.values) - 1)
    return np.array(levels.values)[place]


def _lhs(problem: dict[str, Any], count: int, seed: int) -> Array:
    from SALib.sample import latin

    return latin.sample(problem, count, seed=seed)


def _sobol(problem: dict[str, Any], count: int, seed: int) -> Array:
    from scipy.stats import qmc

    share = qmc.Sobol(problem["num_vars"], scramble=True, seed=seed).random(count)
    low, high = np.array(problem["bounds"]).T
    return low + (high - low) * share


def _saltelli(problem: dict[str, Any], count: int, seed: int) -> Array:
    from SALib.sample import sobol

    return sobol.sample(problem, count, calc_second_order=True, seed=seed)


def _morris(problem: dict[str, Any], count: int, seed: int) -> Array:
    from SALib.sample import morris

    return morris.sample(problem, count, num_levels=MORRIS_LEVELS, seed=seed)


_SAMPLERS: Mapping[str, Any] = {"lhs": _lhs, "sobol": _sobol, "saltelli": _saltelli, "morris": _morris}


@contextmanager
def _seeded_only() -> Any:
    """Leave NumPy's global generator as it was, whatever a sampler does to it."""
    before = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _refuse_too_many(count: int) -> None:
    if count > MOST_POINTS:
        raise TooLarge(f"this design has {count:,} points; {MOST_POINTS:,} are the most: use fewer levels or inputs")
