r"""From changes of ties to what is on record: the observation model, explicit and fitted on training years alone.

What is observed of a pair, :math:`y` (chance-corrected agreement in votes, ideal-point distance, a share of trade,
arms), is put on a scale g(y) on which changes of any size are possible, and

.. math:: g(y_{o+h}) = \bar g_o + (x_o - \bar x_o)' \beta_h + c_{oh} + \ell_h \, \Delta_h + w_h(x_o) \, \varepsilon,
          \qquad \log w_h(x_o) = x_o' \gamma_h,

where x_o is what was on record at the origin o (bars are means over pairs), Delta_h the change that the theory says the
drivers made within h years, l_h >= 0 how much of it showed in the past (its *loading*), c the move that all pairs make
together (another agenda, another way of scaling: it averages out over training years and is as wide as it was in
them; no trend is carried on), and epsilon is drawn from the standardised residuals of the training years. beta says
how far a single noisy year is to be believed against the last three and against the two-dimensional order of blocs
(the leading eigenvectors of the agreement matrix); gamma that some pairs are steadier than others. Without Delta this
is a forecast by its own right, "no mechanisms": what a theory adds must show against it.

That the common move is not carried on, and the scales (artanh for agreement, square root for distance), were chosen on
rolling origins within 1992 to 2008; docs/hindcast.md tells what else was tried.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

Array = Any

SCALE = 0.95
"""Agreement is shrunk by this before artanh, so that a pair that always votes alike has a finite place."""
BLOCS = 2
"""Dimensions of the order of blocs; two sides and a middle."""
RECENT = 3
LEAST_RESIDUAL = 0.02
"""Added to a residual's size before its logarithm is taken, on the scale g."""
LEAST_CASES = 200
LEVELS = 199
"""Quantiles by which the residuals are kept."""
PLASTIC = 1.32471795724474602596
"""The real root of x^3 = x + 1."""


@dataclass(frozen=True)
class Scale:
    """A scale without bounds for one outcome."""

    to: Callable[[Array], Array]
    back: Callable[[Array], Array]
    sign: float = 1.0  # of the outcome's answer to a closer tie


def _artanh(y: Array) -> Array:
    return np.arctanh(np.clip(SCALE * y, -0.99, 0.99))


SCALES: Mapping[str, Scale] = {
    "agreement": Scale(_artanh, lambda z: np.tanh(z) / SCALE),
    "distance": Scale(lambda y: np.sqrt(y + 0.1), lambda z: np.maximum(np.maximum(z, 0.0) ** 2 - 0.1, 0.0), -1.0),
    "trade": Scale(lambda y: np.log(y + 1e-4), lambda z: np.clip(np.exp(z) - 1e-4, 0.0, 1.0)),
    "arms": Scale(lambda y: np.log1p(12.0 * y), lambda z: np.maximum(np.expm1(z), 0.0) / 12.0),
}
"""Outcome -> its scale. Agreement is -1..1; distance is of ideal points; trade a share of external trade, 0..1; arms
TIV a month."""


def features(past: Mapping[str, Array], outcome: str) -> Array:
    """What was on record at the last year of `past`, (F, N, N); the first row is the outcome itself on its scale.

    `past` holds the outcomes, (Y, N, N), up to the origin and no further; nan where nothing is known.
    """
    own = SCALES[outcome].to(past[outcome])
    rows = [_latest(own), _mean(own[-RECENT:])]
    if outcome in ("agreement", "distance"):
        agreed, apart = past["agreement"], past["distance"]
        rows += [SCALES["agreement"].to(bloc_order(_mean(agreed[-RECENT:]))), _latest(apart)]
        rows += [SCALES["agreement"].to(_latest(agreed))] if outcome == "distance" else []
    return np.stack(rows)


def bloc_order(agreement: Array, dimensions: int = BLOCS, rounds: int = 20) -> Array:
    """The agreement that the leading eigenvectors alone would give, (N, N); missing pairs and the diagonal are filled
    in by what the others say, in `rounds` of repetition."""
    n = len(agreement)
    there = np.isfinite(agreement) & ~np.eye(n, dtype=bool)
    if not there.any():
        return np.full((n, n), np.nan)
    filled = np.where(there, agreement, agreement[there].mean())
    out = filled
    for _ in range(rounds):
        value, vector = np.linalg.eigh(filled)
        lead = np.argsort(-np.abs(value))[:dimensions]
        out = (vector[:, lead] * value[lead]) @ vector[:, lead].T
        filled = np.where(there, agreement, out)
    return out


@dataclass(frozen=True)
class Observation:
    """The fitted observation model of one outcome at one horizon."""

    outcome: str
    level: Array  # (F,) beta
    loading: float  # l
    spread: Array  # gamma
    widths: tuple[
        float, float
    ]  # least and largest w of the training years, but for one pair in two hundred at each end
    limits: tuple[float, float]  # of the training years, on the scale g; members stay within a tenth of their span
    residuals: Array  # (K,) quantiles of the standardised residuals
    common: float  # standard deviation of c
    cases: int

    def forecast(self, x: Array, change: Array, members: int) -> Array:
        """An ensemble of the outcome, (members, N, N), nan where nothing is known.

        `x` (F, N, N) are the features at the origin, `change` (R, N, N) the changes that a theory gives.

        Members cycle through the draws of the changes; residuals and common moves are dealt out evenly (a
        two-dimensional golden-ratio sequence, Roberts 2018), so that every draw meets all parts of their distributions.
        """
        centre = self.centre(x)
        width = np.clip(np.exp(np.einsum("f,fij->ij", self.spread, _spread_features(x, centre))), *self.widths)
        k = np.arange(members)
        noise = self.residuals[(_evenly(members, 0) * len(self.residuals)).astype(np.intp)]
        together = self.common * ndtri(_evenly(members, 1))
        moved = centre + SCALES[self.outcome].sign * self.loading * change[k % len(change)] + together[:, None, None]
        room = 0.1 * (self.limits[1] - self.limits[0])
        at = np.clip(moved + width * noise[:, None, None], self.limits[0] - room, self.limits[1] + room)
        return SCALES[self.outcome].back(at)

    def centre(self, x: Array) -> Array:
        """The forecast without any change of ties, on the outcome's scale, (N, N)."""
        pairs = pairs_of(self.outcome, x.shape[-1])
        own = x[:, pairs[0], pairs[1]]
        mean = own[:, np.isfinite(own).all(axis=0)].mean(axis=1)
        return mean[0] + np.einsum("f,fij->ij", self.level, x - mean[:, None, None])


def fit(outcome: str, cases: Sequence[tuple[Array, Array, Array]], mask: Array | None = None) -> Observation:
    """Least squares within each training origin: cases are (features, mean change (N, N), what was observed (N, N)).

    `mask` (N, N) leaves pairs out of the fit. Raises ValueError when fewer than 200 pairs are on record.
    """
    designs, targets, changes, common = [], [], [], []
    pairs = pairs_of(outcome, cases[0][1].shape[0])
    for x, change, seen in cases:
        own = x[:, pairs[0], pairs[1]]
        target = SCALES[outcome].to(seen)[pairs]
        good = np.isfinite(own).all(axis=0) & np.isfinite(target)
        if mask is not None:
            good &= mask[pairs]
        if good.any():
            designs.append(own[:, good])
            targets.append(target[good])
            changes.append(SCALES[outcome].sign * change[pairs][good])
            common.append(target[good].mean() - own[0, good].mean())
    count = sum(len(target) for target in targets)
    if count < LEAST_CASES:
        raise ValueError(f"{count} pairs on record are too few to fit an observation model of {outcome}")
    within = np.concatenate([own - own.mean(axis=1, keepdims=True) for own in designs], axis=1)
    moved = np.concatenate([target - target.mean() for target in targets])
    pushed = np.concatenate([change - change.mean() for change in changes])
    level, loading = _level_and_loading(within, moved, pushed)
    left = moved - level @ within - loading * pushed
    design = np.concatenate(designs, axis=1)
    start = np.concatenate([np.full(own.shape[1], own[0].mean()) for own in designs])
    with_spread = _spread_features(design, start + level @ within)
    spread = _least_squares(with_spread, np.log(np.abs(left) + LEAST_RESIDUAL))
    width = np.exp(spread @ with_spread)
    widths = (float(np.quantile(width, 0.005)), float(np.quantile(width, 0.995)))
    standard = left / np.clip(width, *widths)
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    together = float(np.sqrt(np.mean(np.square(common))))
    seen = np.concatenate(targets)
    limits = (float(seen.min()), float(seen.max()))
    return Observation(outcome, level, loading, spread, widths, limits, np.quantile(standard, levels), together, count)


def _level_and_loading(design: Array, target: Array, change: Array) -> tuple[Array, float]:
    """Joint least squares, the loading not below nil: a theory may be silent, it may not be turned round."""
    if np.abs(change).max(initial=0.0) > 1e-12:
        both = _least_squares(np.vstack([design, change]), target)
        if both[-1] > 0:
            return both[:-1], float(both[-1])
    return _least_squares(design, target), 0.0


def _least_squares(design: Array, target: Array) -> Array:
    return np.linalg.lstsq(design.T, target, rcond=None)[0]


def _spread_features(x: Array, centre: Array) -> Array:
    """What steadiness depends on: the place on the scale, and how far the last year lies from the recent ones."""
    rows = [np.ones_like(centre), centre, centre**2, *x[3:], np.abs(x[0] - x[1])]
    return np.stack([*rows, np.abs(x[0] - x[2])] if len(x) == 4 else rows)


def _evenly(count: int, axis: int) -> Array:
    """The first points of a two-dimensional low-discrepancy sequence along one axis, (count,), within 0..1."""
    return (0.5 + np.arange(1, count + 1) * PLASTIC ** -(axis + 1.0)) % 1.0


def pairs_of(outcome: str, n: int) -> tuple[Array, Array]:
    """Undirected pairs for votes, directed ones for trade and arms."""
    between = ~np.eye(n, dtype=bool)
    i, j = np.nonzero(np.triu(between) if outcome in ("agreement", "distance") else between)
    return i, j


def _mean(x: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(x, axis=0)


def _latest(x: Array) -> Array:
    """The last year, or the last on record of the two before it."""
    out = x[-1]
    for earlier in x[-2:-4:-1]:
        out = np.where(np.isfinite(out), out, earlier)
    return out
