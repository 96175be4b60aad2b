r"""Forecasts that know nothing of politics: what a model has to beat, each as good as its training years can make it.

A forecaster is fitted on the training years of one yearly outcome and then forecasts from what is on record up to an
origin:

>>> model = fit_persistence(history, years, (1992, 2008), horizons=(1, 3, 5))    # history (Y, N, N), nan unknown
>>> mean, sd = model.forecast(history[:17], origin=2008)                         # (H, N, N) each

`history` may be directed, and may hold years after training: they are not looked at. Forecasts are normal. Their
spread comes from what the same rule would have missed within training: from each year on, it is fitted on the years
until then and its errors at each horizon are kept. A dyad's variance is its own mean squared error drawn toward that
of all dyads by so many *prior errors* (infinitely many: all dyads alike), because some dyads are steadier than
others. That number, and the variant of a rule where there are several, are those with the lowest CRPS in the later
training years, where the spread too came from earlier errors alone; `Forecaster.chosen` and `.training_crps` say
which and how good.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from alignsim.study.scores import crps_normal

Array = Any
Predict = Callable[[Array, int], Array]
"""Values (T, N, N) up to an origin, and a horizon in years, to what is then expected, (N, N)."""
Learn = Callable[[Array], Predict]
"""Values (T, N, N) of years to learn from, to a fitted rule."""

HORIZONS = (1, 3, 5)
RECENT = 5
"""Years of a recent mean."""
FIRST = 5
"""Years that a rule is given before its first forecast within training."""
PRIORS = (1.0, 2.0, 5.0, 10.0, 30.0, np.inf)
"""Prior errors to choose among."""


class Forecast(NamedTuple):
    """A normal forecast at H horizons: mean and sd (H, N, N), in units of the outcome; mean is nan without a record."""

    mean: Array
    sd: Array


@dataclass(frozen=True)
class Forecaster:
    """A rule fitted for each of H horizons on the training years."""

    name: str
    years: tuple[int, ...]
    """Of the history, in order."""
    train: tuple[int, int]
    horizons: tuple[int, ...]
    rules: tuple[Predict, ...]
    sd: Array
    """(H, N, N)"""
    chosen: tuple[str, ...]
    """The variant and the prior errors at each horizon."""
    training_crps: tuple[Mapping[str, float], ...]
    """Rolling-origin CRPS of every choice at each horizon, in units of the outcome; empty after a short training."""

    def forecast(self, values: Array, origin: int) -> Forecast:
        """From `values` (T, N, N), the history up to the year `origin` and no further. Raises ValueError otherwise."""
        known = len(values)
        if not known or known > len(self.years) or self.years[known - 1] != origin:
            raise ValueError(f"a forecast from {origin} needs the history from {self.years[0]} to {origin}, no more")
        own = np.asarray(values, float)[self.years.index(self.train[0]) :]
        return Forecast(np.stack([rule(own, h) for rule, h in zip(self.rules, self.horizons, strict=True)]), self.sd)


Fit = Callable[..., Forecaster]


def fit(
    name: str,
    variants: Mapping[str, Learn],
    history: Array,
    years: Sequence[int],
    train: tuple[int, int],
    horizons: Sequence[int] = HORIZONS,
) -> Forecaster:
    """Fit each variant of a rule on the training years and keep the better at each horizon.

    `history` (Y, N, N) of consecutive `years`, `train` the first and last training year. Raises ValueError when they
    hold fewer than FIRST years and the longest horizon, so that no error could be measured.
    """
    years = tuple(int(year) for year in years)
    start, end = years.index(train[0]), years.index(train[1]) + 1
    if end - start < FIRST + max(horizons):
        raise ValueError(
            f"training from {train[0]} to {train[1]} is too short for {max(horizons)} years ahead: "
            f"give at least {FIRST + max(horizons)} years"
        )
    values = np.asarray(history, float)[start:end]
    found = [_best(variants, values, h) for h in horizons]
    rules, spreads, chosen, scores = zip(*found, strict=True)
    return Forecaster(name, years, train, tuple(horizons), rules, np.stack(spreads), chosen, scores)


def _best(variants: Mapping[str, Learn], values: Array, horizon: int) -> tuple[Predict, Array, str, dict[str, float]]:
    """The rule, its spread, its name and the CRPS of all choices, by what each would have missed in training."""
    errors = {label: rolling_errors(learn, values, horizon) for label, learn in variants.items()}
    scores = {
        _label(label, prior): score
        for label, missed in errors.items()
        for prior in PRIORS
        if np.isfinite(score := _rolling_crps(missed, horizon, prior))
    }
    first = (next(iter(variants)), np.inf)
    choices = {_label(label, prior): (label, prior) for label in variants for prior in PRIORS}
    best = min(scores, key=lambda label: scores[label]) if scores else _label(*first)
    label, prior = choices[best]
    return variants[label](values), spread(errors[label], prior), best, scores


def _label(variant: str, prior: float) -> str:
    own = "one spread for all" if np.isinf(prior) else f"spread by dyad, {prior:g} prior errors"
    return f"{variant}; {own}" if variant else own


def rolling_errors(learn: Learn, values: Array, horizon: int) -> Array:
    """What a rule would have missed `horizon` years ahead, (O, N, N), origins in order from the FIRST-th year on.

    At each origin it is fitted on the years until then and knows nothing else.
    """
    origins = range(FIRST, len(values) - horizon + 1)
    return np.stack([values[t + horizon - 1] - learn(values[:t])(values[:t], horizon) for t in origins])


def spread(errors: Array, prior: float) -> Array:
    """Standard deviation (N, N) from errors (O, N, N): each pair's own, drawn toward that of all by `prior` errors."""
    square = np.square(errors)
    known = np.isfinite(square)
    together = float(square[known].mean()) if known.any() else float("nan")
    if np.isinf(prior):
        return np.full(errors.shape[1:], np.sqrt(together))
    own = np.where(known, square, 0.0).sum(axis=0)
    return np.sqrt((own + prior * together) / (known.sum(axis=0) + prior))


def _rolling_crps(errors: Array, horizon: int, prior: float) -> float:
    """Mean CRPS of errors (O, N, N) under the spread that was known at each origin; nan if none ever was."""
    found = [
        crps_normal(0.0, spread(errors[: k - horizon + 1], prior), errors[k]).ravel()
        for k in range(horizon, len(errors))
        if np.isfinite(errors[: k - horizon + 1]).any()
    ]
    scores = np.concatenate(found) if found else np.array([])
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")


# --- rules


def latest(values: Array) -> Array:
    """The last value on record of each pair, (N, N), however long ago; nan where there never was one."""
    found = values[-1].copy()
    for earlier in values[-2::-1]:
        found = np.where(np.isnan(found), earlier, found)
    return found


def _average(values: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a pair without any value
        return np.nanmean(values, axis=0)


def _recent(values: Array) -> Array:
    mean = _average(values[-RECENT:])
    return np.where(np.isnan(mean), latest(values), mean)


def _constant(expected: Callable[[Array], Array], values: Array) -> Predict:
    """A rule without anything to learn, and the same for all horizons."""
    return lambda known, horizon: expected(known)


def _autoregression(values: Array) -> Predict:
    """y' = c + rho y, pooled over pairs, least squares: reverts to one level for all."""
    before, after = values[:-1], values[1:]
    known = np.isfinite(before) & np.isfinite(after)
    c, rho = _least_squares(np.stack([np.ones(known.sum()), before[known]]), after[known])

    def predict(own: Array, horizon: int) -> Array:
        y = latest(own)
        for _ in range(horizon):
            y = c + rho * y
        return y

    return predict


def _dyad_autoregression(values: Array) -> Predict:
    """y' - y = d + k (m - y), d and k pooled, m a pair's mean until then: reverts to each pair's own level, and drifts.

    That m holds no later year keeps k free of the bias of fixed effects in short panels (Nickell 1981).
    """
    gaps = np.stack([_average(values[: t + 1]) - values[t] for t in range(len(values) - 1)])
    moves = np.diff(values, axis=0)
    known = np.isfinite(gaps) & np.isfinite(moves)
    drift, pull = _least_squares(np.stack([np.ones(known.sum()), gaps[known]]), moves[known])

    def predict(own: Array, horizon: int) -> Array:
        y, level = latest(own), _average(own)
        for _ in range(horizon):
            y = y + drift + pull * (level - y)
        return y

    return predict


def _least_squares(design: Array, target: Array) -> Array:
    return np.linalg.lstsq(design.T, target, rcond=None)[0]


def _regional(regions: Sequence[str]) -> Callable[[Array], Array]:
    """What is expected of a pair is the mean, in the last year on record, of all pairs between its two regions."""
    names, place = np.unique(list(regions), return_inverse=True)
    n = len(place)
    block = place[:, None] * len(names) + place
    off = ~np.eye(n, dtype=bool)

    def expected(known: Array) -> Array:
        year = next((values for values in known[::-1] if np.isfinite(values).any()), known[-1])
        there = np.isfinite(year) & off
        size = len(names) ** 2
        total = np.bincount(block[there], year[there], minlength=size)
        count = np.bincount(block[there], minlength=size)
        mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)[block]
        return np.where(np.isnan(latest(known)), np.nan, mean)

    return expected


# --- forecasters: fit_*(history, years, train, horizons) -> Forecaster


fit_persistence: Fit = partial(fit, "persistence", {"": partial(_constant, latest)})
"""The last value on record."""
fit_dyad_mean: Fit = partial(fit, "dyad mean", {"": partial(_constant, _recent)})
"""A pair's mean of the last RECENT years, or its last value where these are blank."""
fit_long_mean: Fit = partial(fit, "dyad mean, all years", {"": partial(_constant, _average)})
"""A pair's mean of all years since training began."""
fit_autoregression: Fit = partial(
    fit,
    "AR(1) with drift",
    {"one level for all pairs": _autoregression, "a level for each pair": _dyad_autoregression},
)
"""First-order autoregression with drift, the variant by training CRPS."""


def region_mean(regions: Sequence[str]) -> Fit:
    """A forecaster that knows only the year and the regions (N,) of two states: the mean of their pairs of regions."""
    return partial(fit, "time by region mean", {"": partial(_constant, _regional(regions))})


FORECASTERS: dict[str, Fit] = {
    "persistence": fit_persistence,
    "dyad mean": fit_dyad_mean,
    "dyad mean, all years": fit_long_mean,
    "AR(1) with drift": fit_autoregression,
}
"""By name; persistence, what the others' skill is measured against, is first."""
