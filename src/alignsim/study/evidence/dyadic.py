"""Regressions over pairs of states: fixed effects by linearmodels, standard errors that know of shared states."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import t as student

from alignsim.errors import FileProblem
from alignsim.random import uniforms

Array = Any

NAN = float("nan")
LEVEL = 0.95
LEAST = 3.0
"""States that a coefficient must hang on, in effect, for an interval to mean anything."""
MOST = 0.75
"""Share of a coefficient's variation that may lie in pairs of one state: of one that is these pairs alone, year effects
leave 1 - 2/N there; of three states that are sanctioned together, each is in two thirds."""
EXCHANGES = 199


@dataclass(frozen=True)
class Interval:
    """A coefficient, its standard errors, and the interval of 95 % from the wider of them."""

    value: float
    low: float
    high: float
    error: float
    error_by_dyad: float
    """What it would be if only the years of one pair hung together."""
    states: float
    """How many states the coefficient hangs on, in effect: its degrees of freedom plus one."""


class Fit:
    """K coefficients over M pair-years after the fixed effects are taken out."""

    def __init__(self, names: Sequence[str], values: Array, x: Array, y: Array, first: Array, second: Array) -> None:
        """`values` (K,), `x` (M, K) and `y` (M,) freed of the effects, `first` and `second` (M,) the pair's members."""
        self.names, self.values = tuple(names), np.asarray(values, float)
        self.x, self.y, self.first, self.second = x, y, first, second
        self.n = len(y)

    def interval(self, weights: Mapping[str, float] | str) -> Interval:
        """A coefficient, or a weighted sum of some. Nan where a name has nothing left after the effects.

        The standard error is the dyadic-robust one, with each state's part in it taken from leaving that state out,
        and never below the one by dyad; t has G - 1 degrees of freedom. G is the number of states that the regressor's
        own variation hangs on, (sum of shares)^2 / sum of squared shares: many for a regressor spread over all, few for
        a rare one (in the spirit of Carter, Schnepel and Steigerwald 2017). Where G is under three, or all hangs on
        pairs of one state, there is no interval.
        """
        wanted = {weights: 1.0} if isinstance(weights, str) else weights
        if not set(wanted) <= set(self.names):
            return Interval(NAN, NAN, NAN, NAN, NAN, NAN)
        c = np.array([wanted.get(name, 0.0) for name in self.names])
        value, (states, largest) = float(c @ self.values), self._hangs_on(c)
        alone = float(c @ covariances(self.x, self.residuals, self.first, self.second)[1] @ c)
        by_dyad = float(np.sqrt(max(alone, 0.0)))
        if states < LEAST or largest > MOST:
            return Interval(value, NAN, NAN, NAN, by_dyad, states)
        error = float(np.sqrt(max(float(np.square(self.without @ c).sum()) - alone, alone)))
        reach = error * float(student.ppf((1 + LEVEL) / 2, states - 1))
        return Interval(value, value - reach, value + reach, error, by_dyad, states)

    @cached_property
    def residuals(self) -> Array:
        return self.y - self.x @ self.values

    @cached_property
    def without(self) -> Array:
        """How the coefficients change when a state is left out, the effects kept as they are; (N, K).

        Their squares, summed, exceed the sum over S_i of `covariances` as a jackknife does: least squares fits the
        states that it hangs on most too well, and with few states intervals would be too short.
        """
        n, k = int(max(self.first.max(), self.second.max())) + 1, self.x.shape[1]

        def sums(column: Array) -> Array:
            return np.bincount(self.first, column, n) + np.bincount(self.second, column, n)

        own = np.stack([[sums(self.x[:, a] * self.x[:, b]) for b in range(k)] for a in range(k)])
        scores = np.stack([sums(column * self.residuals) for column in self.x.T], axis=1)
        rest = (self.x.T @ self.x)[:, :, None] - own
        return np.einsum("nab,nb->na", np.linalg.pinv(rest.transpose(2, 0, 1), hermitian=True), scores)

    def _hangs_on(self, c: Array) -> tuple[float, float]:
        """States that the sum `c` of coefficients hangs on, in effect, and the largest share that one state is in."""
        influence = np.square(self.x @ np.linalg.pinv(self.x.T @ self.x) @ c)
        n = int(max(self.first.max(), self.second.max())) + 1
        share = np.bincount(self.first, influence, n) + np.bincount(self.second, influence, n)
        if not share.any():
            return 0.0, 1.0
        return float(share.sum() ** 2 / np.square(share).sum()), float(share.max() / influence.sum())


def covariances(x: Array, residuals: Array, first: Array, second: Array) -> tuple[Array, Array]:
    r"""Dyadic-robust and dyad-clustered covariances of least-squares coefficients, (K, K) each.

    .. math:: (X'X)^{-1} \Bigl(\sum_i S_i S_i' - \sum_d S_d S_d'\Bigr) (X'X)^{-1}

    where S_i sums x e over what state i is in and S_d over what dyad d is (Fafchamps and Gubert 2007; Aronow, Samii
    and Assenova 2015): two observations count once when they share a state or two. The first need not be positive.
    `x` (M, K), `residuals` (M,), `first` and `second` (M,) small integers, in any order.
    """
    bread = np.linalg.pinv(x.T @ x)
    scores = x * residuals[:, None]
    n = int(max(first.max(), second.max())) + 1
    dyad = np.unique(np.minimum(first, second) * n + np.maximum(first, second), return_inverse=True)[1]

    def sums(groups: Array, size: int) -> Array:
        return np.stack([np.bincount(groups, column, size) for column in scores.T], axis=1)

    by_state, by_dyad = sums(first, n) + sums(second, n), sums(dyad, int(dyad.max()) + 1)
    alone = by_dyad.T @ by_dyad
    return bread @ (by_state.T @ by_state - alone) @ bread, bread @ alone @ bread


def fit(
    y: Array,
    x: Mapping[str, Array],
    first: Array,
    second: Array,
    year: Array,
    *,
    by_state: bool,
    directed: bool = False,
) -> Fit:
    """Regress `y` (M,) on the columns of `x` (M,) each, with an effect for each dyad and for each year, or state-year.

    Without `directed` a pair has one effect of each member's year, from the same set. It is then estimated on both
    orders of every pair, which gives the same coefficients as that. A column that the effects explain is left out.
    Raises FileProblem where linearmodels is not installed.
    """
    span, n = int(year.max()) + 1, int(max(first.max(), second.max())) + 1
    low, high = (first, second) if directed else (np.minimum(first, second), np.maximum(first, second))
    effects = [low * n + high, *([first * span + year, second * span + year] if by_state else [year])]
    if by_state and not directed:
        dyad, own, other = effects
        effects = [np.tile(dyad, 2), np.r_[own, other], np.r_[other, own]]
    copies = len(effects[0]) // len(y)
    names, values, free_x, free_y = _absorbed(
        np.tile(y, copies), {k: np.tile(v, copies) for k, v in x.items()}, effects
    )
    return Fit(names, values, free_x[: len(y)], free_y[: len(y)], first, second)


def _absorbed(y: Array, x: Mapping[str, Array], effects: list[Array]) -> tuple[list[str], Array, Array, Array]:
    """Names and values of the coefficients, and what is left of x and y without the effects."""
    try:
        import pandas
        from linearmodels.iv.absorbing import AbsorbingLS
    except ImportError as error:
        raise FileProblem(
            f"this needs {error.name}, which is not installed; install it with: pip install 'alignsim[evidence]'"
        ) from error
    varying = {name: column for name, column in x.items() if np.ptp(column) > 0}
    if not varying:
        return [], np.zeros(0), np.zeros((len(y), 0)), y - y.mean()
    groups = pandas.DataFrame({f"effect{k}": pandas.Categorical(own) for k, own in enumerate(effects)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns that the effects explain are told by their absence
        model = AbsorbingLS(pandas.Series(y, name="y"), pandas.DataFrame(varying), absorb=groups, drop_absorbed=True)
        found = model.fit()
    names = list(found.params.index)
    return names, found.params.to_numpy(), model.absorbed_exog.to_numpy(), model.absorbed_dependent.to_numpy().ravel()


def exchanged(own: Fit, year: Array, seed: int = 1, exchanges: int = EXCHANGES) -> float:
    """How often states that swap their histories give as large a t value: a placebo test of a `Fit` with one column.

    Every state gets the record of sanctions of another, all years of it, drawn `exchanges` times; the share of t values
    at least as far from 0 is a two-sided p (the true one counted in). Because taking out the effects and swapping
    states commute where no outcome is missing, this is then exact if states are alike but for their sanctions; by the
    t values (with the dyadic-robust error) it also holds, in large numbers, where they are not (Chung and Romano 2013).
    """
    if own.names == ():
        return float("nan")
    n = int(max(own.first.max(), own.second.max())) + 1
    shape = (int(year.max()) + 1, n, n)
    x, y, known = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    for square, values in ((x, own.x[:, 0]), (y, own.y), (known, True)):
        square[year, own.first, own.second] = values
    if not (own.first > own.second).any() or not (own.first < own.second).any():
        x, y, known = (square + square.transpose(0, 2, 1) for square in (x, y, known))
    orders = np.argsort(uniforms(seed, "exchanged states", np.arange(exchanges), np.arange(n, dtype=np.uint64)), axis=1)
    reached = abs(_t_value(x, y)) * (1 - 1e-9)
    larger = sum(abs(_t_value(np.where(known, x[:, order][:, :, order], 0), y)) >= reached for order in orders)
    return (1 + larger) / (exchanges + 1)


def _t_value(x: Array, y: Array) -> float:
    """Of the slope of y on x, both (Y, N, N) and 0 where unknown, with its plain dyadic-robust error."""
    weight = float(np.square(x).sum())
    slope = float((x * y).sum()) / weight
    dyad = (x * (y - slope * x)).sum(axis=0)
    by_state, by_dyad = dyad.sum(axis=1) + dyad.sum(axis=0), dyad + dyad.T
    alone = float(np.square(by_dyad).sum()) / 2
    return slope * weight / float(np.sqrt(max(float(np.square(by_state).sum()) - alone, alone)))
