"""Small simulators whose parameters and posteriors are known, to hold the calibration against."""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.priors import Beta, HalfNormal, LogNormal, Normal, Prior, Uniform
from alignsim.random import name_keys, normals
from alignsim.study.calibration import Target

MIXED = np.array([[1.0, 0.5], [0.2, -1.0], [0.7, 0.7]])
"""How the summaries of the linear target mix its two parameters."""
NOISE = 0.3
INFINITE = (-np.inf, np.inf)


def noise(seed: int, rows: int, summaries: int, sd: float) -> Array:
    """Normal noise (rows, summaries) addressed by (seed, row, summary)."""
    who = name_keys([(str(s),) for s in range(summaries)])
    return sd * normals(seed, "toy", np.arange(rows), who, 1)[:, 0]


def drawn(priors: tuple[Prior, ...], u: Array) -> list[Array]:
    return [prior.quantile(u[:, j]) for j, prior in enumerate(priors)]


def linear(truth: tuple[float, float] = (0.8, -0.5), inert: int = 3) -> Target:
    """Three noisy mixtures of two normal parameters, and some parameters that do nothing."""
    priors = (Normal(0.0, 1.0), Normal(1.0, 2.0), *[Uniform(0.0, 1.0)] * inert)

    def simulate(u: Array, seed: int) -> Array:
        a, b, *_ = drawn(priors, u)
        return np.stack([a, b], axis=1) @ MIXED.T + noise(seed, len(u), 3, NOISE)

    return Target(
        names=("a", "b", *(f"inert {j}" for j in range(inert))),
        priors=priors,
        bounds=np.array([INFINITE, INFINITE, *[(0.0, 1.0)] * inert]),
        simulate=simulate,
        summaries=("first", "second", "third"),
        observed=MIXED @ np.array(truth),
        observation_sd=np.full(3, 0.2),
        discrepancy_sd=np.full(3, 0.1),
    )


def linear_posterior(target: Target) -> tuple[Array, Array]:
    """Mean (2,) and covariance (2, 2) of the linear target's posterior, in closed form (Bayesian linear regression)."""
    before, centre = np.diag([1.0, 4.0]), np.array([0.0, 1.0])
    doubt = np.diag(NOISE**2 + target.tolerance**2)
    gain = before @ MIXED.T @ np.linalg.inv(MIXED @ before @ MIXED.T + doubt)
    return centre + gain @ (target.observed - MIXED @ centre), before - gain @ MIXED @ before


def saturating() -> Target:
    """A curve that rises to a ceiling, seen at five times, with noise that grows with it: nothing here is linear."""
    priors = (LogNormal(0.3, 0.6), Beta(2, 4), HalfNormal(0.5))
    times = np.array([1.0, 2.0, 4.0, 8.0, 16.0])

    def curve(rate: Array, ceiling: Array, wave: Array) -> Array:
        return ceiling * (1 - np.exp(-rate * times)) + wave * rate * np.sin(times / 3)

    def simulate(u: Array, seed: int) -> Array:
        rate, ceiling, wave = (x[:, None] for x in drawn(priors, u))
        mean = curve(rate, ceiling, wave)
        return mean + noise(seed, len(u), 5, 0.05) * (1 + np.abs(mean))

    return Target(
        names=("rate", "ceiling", "wave"),
        priors=priors,
        bounds=np.array([(0.0, np.inf), (0.0, 1.0), (0.0, np.inf)]),
        simulate=simulate,
        summaries=tuple(f"at {t:g}" for t in times),
        observed=curve(np.array([0.45]), np.array([0.5]), np.array([0.2])),
        observation_sd=np.full(5, 0.03),
        discrepancy_sd=np.full(5, 0.03),
    )


def ratio() -> Target:
    """Two rates of which the summaries know only the ratio."""
    priors = (LogNormal(0.03, 0.5), LogNormal(0.06, 0.5))

    def simulate(u: Array, seed: int) -> Array:
        gain, loss = drawn(priors, u)
        return np.stack([gain / (gain + loss), np.log(gain / loss)], axis=1) + noise(seed, len(u), 2, 0.05)

    return Target(
        names=("gain", "loss"),
        priors=priors,
        bounds=np.array([(0.0, 0.5), (0.0, 1.0)]),
        simulate=simulate,
        summaries=("share", "log ratio"),
        observed=np.array([0.4, np.log(0.4 / 0.6)]),
        observation_sd=np.full(2, 0.03),
        discrepancy_sd=np.full(2, 0.03),
    )


SEEN = 0.3
"""Error of each summary of the residual's targets, in sds of the priors."""


def residual(confounded: bool) -> Target:
    """Two parameters seen one by one, and a residual: in a summary of its own, or only added to what is seen of a."""
    priors = (Normal(0.0, 1.0), Normal(0.0, 1.0), Normal(0.0, 0.15))

    def simulate(u: Array, seed: int) -> Array:
        a, b, r = drawn(priors, u)
        r = r / 0.15
        return np.stack([a + r, b], axis=1) if confounded else np.stack([a, b, r], axis=1)

    summaries = ("of a", "of b") if confounded else ("of a", "of b", "of r")
    return Target(
        names=("a", "b", "r"),
        priors=priors,
        bounds=np.array([INFINITE] * 3),
        simulate=simulate,
        summaries=summaries,
        observed=np.zeros(len(summaries)),
        observation_sd=np.full(len(summaries), SEEN),
        discrepancy_sd=np.zeros(len(summaries)),
    )
