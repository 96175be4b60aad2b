"""How good a forecast was, case by case: proper scores of whole distributions, calibration, ranks and probabilities.

A *case* is one forecast that met an outcome; K cases are along the last axis, the R members of an ensemble along the
first. What is unknown is nan and stays nan; `paired` says which cases all forecasters can be judged by. Nothing here
averages over cases except ranks and reliability: averages with intervals are in `resampling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from alignsim.random import uniforms

Array = Any

BINS = 10
"""Of a histogram of PIT values."""


def paired(*values: Array) -> Array:
    """Cases (K,) that are finite in all of the arrays (..., K): a forecaster must not gain by being silent."""
    found = np.array(True)
    for array in values:
        finite = np.isfinite(np.asarray(array, float))
        found = found & finite.reshape(-1, finite.shape[-1]).all(axis=0)
    return found


# --- distributions


def crps_ensemble(samples: Array, observed: Array, fair: bool = False) -> Array:
    """Continuous ranked probability score of ensembles `samples` (R, K) for `observed` (K,); (K,), its units, 0 best.

    E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007, eq. 21). Plain takes the ensemble for the forecast itself, as
    when its members are quantiles; `fair` takes it for R random draws of the forecast and does not punish their small
    number (Ferro 2014; nan with one member).
    """
    ordered = np.sort(np.asarray(samples, float), axis=0)
    members = len(ordered)
    miss = np.abs(ordered - observed).mean(axis=0)
    rank = 2.0 * np.arange(1, members + 1) - members - 1
    spread = np.tensordot(rank, ordered, axes=1)  # the sum of |x_i - x_j| over i < j
    pairs = members * (members - 1 if fair else members)
    return miss - spread / pairs if pairs else np.full_like(miss, np.nan)


def crps_normal(mean: Array, sd: Array, observed: Array) -> Array:
    """CRPS of normal forecasts, any common shape (Gneiting and Raftery 2007, eq. 22); sd 0 gives the absolute error."""
    miss, sd = np.asarray(observed, float) - mean, np.asarray(sd, float)
    z = np.divide(miss, sd, out=np.zeros(np.broadcast(miss, sd).shape), where=sd > 0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    score = sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return np.where(sd > 0, score, np.where(sd == 0, np.abs(miss), np.nan))


def squared_error(forecast: Array, observed: Array) -> Array:
    """(K,); the root of its mean is the RMSE."""
    return np.square(np.asarray(observed, float) - forecast)


def rmse(forecast: Array, observed: Array) -> float:
    """Root mean squared error over the cases on record; nan without any."""
    errors = squared_error(forecast, observed)
    errors = errors[np.isfinite(errors)]
    return float(np.sqrt(errors.mean())) if errors.size else float("nan")


# --- calibration


def central_interval(samples: Array, level: float) -> tuple[Array, Array]:
    """Low and high end (K,) of the central interval of ensembles (R, K) that should hold a share `level` of outcomes.

    Quantiles at p (R + 1), by which an outcome exchangeable with the members falls below the k-th with probability
    k / (R + 1) (Hyndman and Fan 1996, type 6). A small ensemble cannot reach far: at most (R - 1) / (R + 1).
    """
    tail = (1 - level) / 2
    low, high = np.quantile(np.asarray(samples, float), (tail, 1 - tail), axis=0, method="weibull")
    return low, high


def normal_interval(mean: Array, sd: Array, level: float) -> tuple[Array, Array]:
    """Low and high end of the central interval of normal forecasts."""
    reach = ndtri((1 + level) / 2) * np.asarray(sd, float)
    return mean - reach, mean + reach


def covered(low: Array, high: Array, observed: Array) -> Array:
    """1 where the outcome is within low..high (ends count), 0 where not, nan where one of them is unknown; (K,)."""
    inside = ((observed >= low) & (observed <= high)).astype(float)
    return np.where(np.isfinite(low) & np.isfinite(high) & np.isfinite(observed), inside, np.nan)


def pit(samples: Array, observed: Array, seed: int = 1) -> Array:
    """Probability integral transform of outcomes in ensembles (R, K), (K,) in 0..1; uniform for outcomes like members.

    The outcome's rank among R + 1 (Hamill 2001), ties and the width of a rank being spread by a uniform that is
    addressed by the seed and the case's place (Czado, Gneiting and Held 2009).
    """
    samples, observed = np.asarray(samples, float), np.asarray(observed, float)
    below, ties = (samples < observed).sum(axis=0), (samples == observed).sum(axis=0)
    u = uniforms(seed, "pit", np.array([0]), np.arange(observed.size, dtype=np.uint64))[0].reshape(observed.shape)
    known = np.isfinite(samples).all(axis=0) & np.isfinite(observed)
    return np.where(known, (below + u * (ties + 1)) / (len(samples) + 1), np.nan)


def pit_normal(mean: Array, sd: Array, observed: Array) -> Array:
    """Probability integral transform of outcomes in normal forecasts with sd above 0, (K,) in 0..1."""
    return ndtr((np.asarray(observed, float) - mean) / sd)


def histogram(values: Array, bins: int = BINS) -> Array:
    """Share of PIT values in each of `bins` equal bins of 0..1, (bins,); they sum to 1; nan is left out."""
    values = np.asarray(values, float)
    counts = np.histogram(values[np.isfinite(values)], bins=bins, range=(0.0, 1.0))[0]
    return counts / max(1, counts.sum())


# --- change


def spearman(predicted: Array, observed: Array) -> float:
    """Rank correlation (Spearman 1904) of predicted and observed change, (K,) each, without nan; ties share their rank.

    nan where either side does not vary: a forecast of no change anywhere has no order.
    """
    x, y = rankdata(predicted), rankdata(observed)
    return float(np.corrcoef(x, y)[0, 1]) if x.size and np.ptp(x) > 0 and np.ptp(y) > 0 else float("nan")


def spearman_values(predicted: Array, observed: Array) -> Array:
    """What each case adds to the rank correlation, (K,): their mean is the correlation, their spread its uncertainty.

    The correlation plus each case's influence on it, which shifts others' ranks too (Croux and Dehon 2010; here for
    ties as well).
    """
    rho = spearman(predicted, observed)
    if not np.isfinite(rho):
        return np.full(np.shape(observed), np.nan)
    f, g = _middles(predicted), _middles(observed)
    both = f * g + _above(predicted, g) + _above(observed, f)
    x, y = f**2 + 2 * _above(predicted, f), g**2 + 2 * _above(observed, g)
    c, v, w = (f * g).mean(), (f**2).mean(), (g**2).mean()
    return rho + (both - 3 * c) / np.sqrt(v * w) - rho / 2 * ((x - 3 * v) / v + (y - 3 * w) / w)


def _middles(values: Array) -> Array:
    """Share of cases below, and half of those level with, each case, less a half."""
    ranks = rankdata(values)
    return (ranks - 0.5) / len(ranks) - 0.5


def _above(values: Array, of: Array) -> Array:
    """For each case the mean over all cases of `of` where `values` are above its own, halved where they are level."""
    _, place = np.unique(values, return_inverse=True)
    level = np.bincount(place, of)
    return ((level.sum() - np.cumsum(level) + level / 2) / len(of))[place]


# --- probabilities of an event


def chance_of_change(samples: Array, start: Array, step: float) -> Array:
    """Share of members (R, K) that change from `start` (K,) by `step` or more in its direction; (K,), 0..1."""
    samples = np.asarray(samples, float)
    share = ((samples - start) * np.sign(step) >= abs(step)).mean(axis=0)
    return np.where(np.isfinite(samples).all(axis=0) & np.isfinite(start), share, np.nan)


def chance_of_change_normal(mean: Array, sd: Array, start: Array, step: float) -> Array:
    """The probability of the same under normal forecasts with sd above 0."""
    return ndtr(((np.asarray(mean, float) - start) * np.sign(step) - abs(step)) / sd)


def changed(start: Array, observed: Array, step: float) -> Array:
    """1 where the outcome did so, 0 where not, nan where unknown; (K,)."""
    moved = np.asarray(observed, float) - start
    return np.where(np.isfinite(moved), (moved * np.sign(step) >= abs(step)).astype(float), np.nan)


def brier(probability: Array, event: Array) -> Array:
    """Squared error of a probability (Brier 1950) for an event of 0 or 1; (K,), 0 is best."""
    return np.square(np.asarray(probability, float) - event)


def auc(probability: Array, event: Array) -> float:
    """Probability that an event was given more than a non-event, ties half (Hanley and McNeil 1982); (K,), without nan.

    The area under the ROC curve; nan where all cases are events or none is.
    """
    values = auc_values(probability, event)
    return float(values.mean()) if values.size else float("nan")


def auc_values(probability: Array, event: Array) -> Array:
    """What each case adds to the AUC, (K,): their mean is the AUC, their spread its uncertainty (DeLong et al. 1988).

    A case's influence is how often it wins against the other kind, less the AUC, over the share of its own kind.
    """
    yes = np.asarray(event, float) > 0.5
    n, m = int(yes.sum()), int((~yes).sum())
    if not n or not m:
        return np.full(yes.shape, np.nan)
    p = np.asarray(probability, float)
    ranks, won = rankdata(p), np.empty(yes.shape)
    won[yes] = (ranks[yes] - rankdata(p[yes])) / m
    won[~yes] = 1 - (ranks[~yes] - rankdata(p[~yes])) / n
    area = won[yes].mean()
    return area + (won - area) * yes.size / np.where(yes, n, m)


@dataclass(frozen=True)
class Reliability:
    """The mean Brier score as miscalibration - discrimination + uncertainty, exactly, and the curve behind it.

    `said` (G,) are the distinct probabilities in rising order, `came` how often the event then happened (the best curve
    that never falls), `cases` how many cases each has.
    """

    miscalibration: float
    discrimination: float
    uncertainty: float
    said: Array
    came: Array
    cases: Array


def reliability(probability: Array, event: Array) -> Reliability:
    """Split the Brier score by isotonic recalibration, without any bins (Dimitriadis, Gneiting and Jordan 2021: CORP).

    Raises ValueError without any case on record.
    """
    known = paired(probability, event)
    if not known.any():
        raise ValueError("no case has both a probability and an outcome")
    p, happened = np.asarray(probability, float)[known], np.asarray(event, float)[known]
    said, place, cases = np.unique(p, return_inverse=True, return_counts=True)
    share = np.bincount(place, happened) / cases
    came = isotonic_regression(share, weights=cases.astype(float)).x
    own, recalibrated = brier(p, happened).mean(), brier(came[place], happened).mean()
    constant = brier(happened.mean(), happened).mean()
    return Reliability(
        float(own - recalibrated), float(constant - recalibrated), float(constant), said, np.clip(came, 0, 1), cases
    )
