"""How an outcome moves with one input or two, averaged over all others: for response curves, maps and tornados."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alignsim.random import name_key
from alignsim.study.sensitivity.design import Design, Errors, NotAnalysable, checked

Array = Any
FEW = 16
"""Up to so many different values, an input's own values are the places of a curve; above, slices of its range."""
POINTS_A_SLICE = 12
POINTS_A_CELL = 24
NOTHING = 1e-9
"""A difference as small is one of rounding."""
END = 0.2
"""Share of the points at either end of an input's range that a tornado compares."""


@dataclass(frozen=True)
class Response:
    """The outcome over one input: `samples[r, i]` is its mean in run r over the points near `places[i]`."""

    input: str
    places: Array  # (m,)
    samples: Array  # (R, m)


@dataclass(frozen=True)
class Surface:
    """The outcome over two inputs, mean over runs and all other inputs; nan where there are no points."""

    inputs: tuple[str, str]
    x: Array  # (m,)
    y: Array  # (l,)
    values: Array  # (l, m)


@dataclass(frozen=True)
class Swing:
    """Mean outcome where an input is low and where it is high, and the interval of their difference."""

    input: str
    low: float
    high: float
    half: float
    """Of the difference, 95%: over points and over runs in quadrature; a grid draws no points."""

    @property
    def size(self) -> float:
        return self.high - self.low

    @property
    def seen(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return abs(self.size) > max(self.half, NOTHING)


def response(design: Design, values: Array, name: str, outcome: str = "the outcome") -> Response:
    """The outcome against one input, each run by itself. Raises NotAnalysable for an unknown input or missing runs."""
    values = checked(design, values, outcome)
    x = design.points[:, _column(design, name)]
    place, where = _places(x, min(FEW, _alone(design) // POINTS_A_SLICE))
    count = np.bincount(where, minlength=len(place))
    sums = np.stack([np.bincount(where, run, len(place)) for run in values.T])
    return Response(name, place, sums / count)


def surface(design: Design, values: Array, first: str, second: str, outcome: str = "the outcome") -> Surface:
    """The outcome over two inputs. Raises NotAnalysable for an unknown input or missing runs."""
    means = checked(design, values, outcome).mean(axis=1)
    most = int(np.sqrt(_alone(design) / POINTS_A_CELL))
    (x, at_x), (y, at_y) = (_places(design.points[:, _column(design, n)], most) for n in (first, second))
    cell = at_y * len(x) + at_x
    count = np.bincount(cell, minlength=len(x) * len(y)).astype(float)
    total = np.bincount(cell, means, len(x) * len(y))
    grid = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return Surface((first, second), x, y, grid.reshape(len(y), len(x)))


def swings(
    design: Design, values: Array, outcome: str = "the outcome", *, seed: int = 0, resamples: int = 400,
    errors: Errors = None,
) -> list[Swing]:  # fmt: skip
    """What each input does between the lower and the upper fifth of its points, the largest swing first.

    Works on any design, since all others average out; of a grid the lowest and highest values are compared.
    """
    values = checked(design, values, outcome, errors)
    means = values.mean(axis=1)
    low, high = _ends(design.points)
    draws = np.random.default_rng(name_key("swings", str(seed), outcome) >> 1)
    weight = np.zeros((resamples, design.base))
    for row in weight:
        row[:] = np.bincount(draws.integers(design.base, size=design.base), minlength=design.base)
    weight = np.repeat(weight, design.block, axis=1)
    made = []
    for k, name in enumerate(design.names):
        ends = [float(means[side[:, k]].mean()) for side in (low, high)]
        again = [(weight @ (means * side[:, k])) / np.maximum(weight @ side[:, k], 1) for side in (low, high)]
        over_points = 0.0 if design.kind == "grid" else 1.96 * float((again[1] - again[0]).std(ddof=1))
        each = values[high[:, k]].mean(axis=0) - values[low[:, k]].mean(axis=0)
        made.append(Swing(name, ends[0], ends[1], float(np.hypot(over_points, _over_runs(each)))))
    return sorted(made, key=lambda swing: -abs(swing.size))


def _over_runs(each: Array) -> float:
    """Half-width of the mean of one difference a run, (R,), by Student's t; zero with one run."""
    from scipy.stats import t

    runs = len(each)
    return float(t.ppf(0.975, runs - 1) * each.std(ddof=1) / np.sqrt(runs)) if runs > 1 else 0.0


def _alone(design: Design) -> int:
    """Points that count, since those of one block share most of their inputs."""
    return len(design.points) if design.block == 1 else 2 * design.base


def _ends(points: Array) -> tuple[Array, Array]:
    """Points whose value of an input is among the lowest and the highest fifth, each (n, k) of bool."""
    low, high = np.quantile(points, [END, 1 - END], axis=0)
    few = [len(np.unique(column)) <= FEW for column in points.T]
    low, high = np.where(few, points.min(axis=0), low), np.where(few, points.max(axis=0), high)
    return points <= low, points >= high


def _column(design: Design, name: str) -> int:
    from alignsim.errors import did_you_mean

    if name not in design.names:
        raise NotAnalysable(f"{name!r} was not varied; there are {', '.join(design.names)}"
                            f"{did_you_mean(name, design.names)}")  # fmt: skip
    return design.names.index(name)


def _places(x: Array, most: int) -> tuple[Array, Array]:
    """Places along an input and the place of each point: its own values where they are few, else equal shares."""
    own, where = np.unique(x, return_inverse=True)
    if len(own) <= FEW:
        return own, where
    slices = max(3, most)
    edges = np.quantile(x, np.linspace(0, 1, slices + 1)[1:-1])
    slice_of = np.searchsorted(edges, x, side="right")
    return np.array([x[slice_of == s].mean() for s in range(slices)]), slice_of
