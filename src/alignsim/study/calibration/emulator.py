"""A quick stand-in for one summary of the simulator: a Gaussian process with a quadratic trend and a nugget.

The mean of the summary at x is a quadratic in x with vague coefficients plus a Matérn 5/2 process with one length a
parameter; what is left, the simulator's own noise, is the nugget (Rasmussen and Williams 2006, chapters 2, 4 and 5).
Lengths, variance and nugget are those of greatest posterior probability under weak priors. x are the parameters' own
values, scaled so that most of each prior lies in 0..1; in uniforms a response would be steep where priors thin out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignsim.arrays import Array

VAGUE = 10.0
"""Prior sd of a trend coefficient, in sds of the summary over an x scaled to -1..1."""
BOUNDS = {"variance": (1e-4, 1e1), "length": (0.1, 20.0), "nugget": (1e-6, 2.0)}
"""Of the process and nugget variance in sds of the summary squared, and of lengths in x."""


@dataclass(frozen=True)
class Emulator:
    """A fitted emulator of one summary; made by `fit`."""

    points: Array  # (n, k)
    hyper: Array  # (k + 2,) logs of the process variance, the lengths, and the nugget variance
    centre: float
    scale: float
    factor: Array  # lower Cholesky factor of the covariance of the n standardised summaries
    weights: Array  # covariance^-1 times the standardised summaries

    @property
    def noise(self) -> float:
        """Variance of the simulator's own noise, in the summary's unit squared."""
        return float(np.exp(self.hyper[-1]) * self.scale**2)

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Mean of the summary at x (rows, k), and the variance of that mean; both (rows,)."""
        from scipy.linalg import solve_triangular

        cross = _covariance(x, self.points, self.hyper)
        half = solve_triangular(self.factor, cross.T, lower=True, check_finite=False)
        basis = _trend(x)
        before = np.exp(self.hyper[0]) + VAGUE**2 * np.einsum("ij,ij->i", basis, basis)
        variance = np.maximum(before - np.einsum("ij,ij->j", half, half), 0.0)
        return self.centre + self.scale * (cross @ self.weights), self.scale**2 * variance


def fit(points: Array, summary: Array) -> Emulator:
    """The emulator of `summary` (n,) at `points` (n, k), scaled to about 0..1."""
    from scipy.optimize import minimize

    centre, scale = float(summary.mean()), float(summary.std()) or 1.0
    y = (summary - centre) / scale
    k = points.shape[1]
    start = np.log([0.3, *[1.0] * k, 0.1])
    bounds = np.log([BOUNDS["variance"], *[BOUNDS["length"]] * k, BOUNDS["nugget"]])
    apart = (points[:, None, :] - points[None, :, :]) ** 2
    best = minimize(
        _misfit, start, (points, y, apart), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
    )
    return _condition(points, y, best.x, centre, scale)


def refit(emulator: Emulator, points: Array, summary: Array) -> Emulator:
    """The same lengths, variance and nugget on other points."""
    return _condition(
        points, (summary - emulator.centre) / emulator.scale, emulator.hyper, emulator.centre, emulator.scale
    )


def _condition(points: Array, y: Array, hyper: Array, centre: float, scale: float) -> Emulator:
    from scipy.linalg import cho_solve, cholesky

    covariance = _covariance(points, points, hyper) + np.exp(hyper[-1]) * np.eye(len(y))
    factor = cholesky(covariance, lower=True)
    return Emulator(points, hyper, centre, scale, factor, cho_solve((factor, True), y))


def _trend(points: Array) -> Array:
    """1, the parameters, and their squares and products, with 0..1 scaled to -1..1: (rows, 1 + k + k (k + 1) / 2)."""
    x = 2 * points - 1
    first, second = np.triu_indices(x.shape[1])
    return np.hstack([np.ones((len(x), 1)), x, x[:, first] * x[:, second]])


def _covariance(a: Array, b: Array, hyper: Array) -> Array:
    """Trend and process, without the nugget: (rows of a, rows of b)."""
    from scipy.spatial.distance import cdist

    lengths = np.exp(hyper[1:-1])
    r = np.sqrt(5.0) * cdist(a / lengths, b / lengths)
    return np.exp(hyper[0]) * (1 + r + r**2 / 3) * np.exp(-r) + VAGUE**2 * _trend(a) @ _trend(b).T


def _misfit(hyper: Array, points: Array, y: Array, apart: Array) -> tuple[float, Array]:
    """Minus the log posterior of the hyperparameters, up to a constant, and its gradient.

    Weak priors keep them from running off: log lengths are normal about 1 with sd 1, the process variance about 0.3
    and the nugget about 0.1, both with sd 2.
    """
    from scipy.linalg import cho_solve, cholesky

    variance, squares, nugget = np.exp(hyper[0]), np.exp(-2 * hyper[1:-1]), np.exp(hyper[-1])
    r = np.sqrt(5.0 * apart @ squares)
    decay = np.exp(-r)
    process = variance * (1 + r + r**2 / 3) * decay
    basis = _trend(points)
    covariance = process + VAGUE**2 * basis @ basis.T + nugget * np.eye(len(y))
    factor = cholesky(covariance, lower=True)
    inverse = cho_solve((factor, True), np.eye(len(y)))
    weights = inverse @ y
    slope = inverse - np.outer(weights, weights)  # twice the derivative of the misfit by the covariance
    by_length = (
        slope * variance * (5.0 / 3.0) * (1 + r) * decay
    )  # d covariance / d log length = this x apart / length^2
    gradient = np.concatenate(
        [
            [np.sum(slope * process)],
            np.tensordot(by_length, apart, axes=2) * squares,
            [nugget * np.trace(slope)],
        ]
    )
    centre = np.log([0.3, *[1.0] * len(squares), 0.1])
    spread = np.array([2.0, *[1.0] * len(squares), 2.0])
    off = (hyper - centre) / spread
    misfit = 0.5 * (y @ weights) + np.log(np.diag(factor)).sum() + 0.5 * off @ off
    return float(misfit), 0.5 * gradient + off / spread
