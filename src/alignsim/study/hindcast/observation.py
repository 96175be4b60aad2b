r"""From changes of ties to what is on record: the observation model, explicit and fitted on training years alone.

What is observed of a pair, :math:`y` (chance-corrected agreement in votes, ideal-point distance, a share of trade,
arms), is put on a scale g(y) on which changes of any size are possible, and

.. math:: g(y_{o+h}) = z + c_{oh}, \qquad
          z = \bar g_o + (x_o - \bar x_o)' b_h + \ell_h \, \Delta_h + w_h(x_o) \, \varepsilon, \qquad
          \log w_h(x_o) = v(x_o)' \gamma_h,

where x_o is what was on record at the origin o (bars are means over pairs), Delta_h the change that the theory says the
drivers made within h years, l_h >= 0 how much of it showed in the past (its *loading*), c the move that all pairs make
together (another agenda, another way of scaling: it averages out over training years and is as wide as it was in
them; no trend is carried on), and epsilon is drawn from the standardised residuals of the training years.

b says how far a single noisy year is to be believed against the last three and against the two-dimensional order of
blocs (the leading eigenvectors of the agreement matrix). For votes it is the mean of two rules (Bates and Granger 1969;
equal parts, since fitted ones do worse: Clemen 1989, Stock and Watson 2004),

.. math:: b_h = \tfrac12 \beta_h + \tfrac12 n, \qquad n = (\tfrac23, \tfrac13, 0, \ldots),

beta being least squares, which overlearns the few years of one era, and n a rule that learns nothing: two thirds of the
last year and a third of the mean of the last three. For trade and arms b is beta. gamma says that some pairs are
steadier than others; v holds 1, the forecast, its square, of votes what the other measure said last, and how far the
last year lies from the recent ones, of agreement also from the order of blocs.

Ideal points are scaled anew each year, so a distance is taken in units of its year's mean u over all pairs. It is a
size without a sign, so what would fall below nil is folded back (a state may overtake another):

.. math:: g(y_t) = y_t / u_t, \qquad y_{o+h} = u_o \, |z + c_{oh}|, \qquad c_{oh} = u_{o+h} / u_o - 1,

where z without epsilon is at least nil: a predicted change brings two states no closer than to one place.

Without Delta this is a forecast by its own right, "no mechanisms": what a theory adds must show against it. The
structure was chosen on rolling origins within 1992 to 2008 and on votes of 1960 to 2008 (`benchmarks/observation.py`);
docs/hindcast.md tells what else was tried.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

Array = Any

SCALE = 0.95
"""Agreement is shrunk by this before artanh, so that a pair that always votes alike has a finite place."""
BLOCS = 2
"""Dimensions of the order of blocs; two sides and a middle."""
RECENT = 3
PLAIN = (2 / 3, 1 / 3)
"""The rule that learns nothing: how much of it is the last year, and how much the mean of the RECENT years."""
TRUST = 0.5
"""How much of b is least squares, the rest being the plain rule; of votes."""
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
    sized: bool = False  # in units of its mean over all pairs of the year, and folded at nil


def _artanh(y: Array) -> Array:
    return np.arctanh(np.clip(SCALE * y, -0.99, 0.99))


SCALES: Mapping[str, Scale] = {
    "agreement": Scale(_artanh, lambda z: np.tanh(z) / SCALE),
    "distance": Scale(lambda y: y, lambda z: z, -1.0, sized=True),
    "trade": Scale(lambda y: np.log(y + 1e-4), lambda z: np.clip(np.exp(z) - 1e-4, 0.0, 1.0)),
    "arms": Scale(lambda y: np.log1p(12.0 * y), lambda z: np.maximum(np.expm1(z), 0.0) / 12.0),
}
"""Outcome -> its scale. Agreement is -1..1; distance is of ideal points, here over its mean; trade a share of external
trade, 0..1; arms TIV a month."""
VOTES = ("agreement", "distance")


class Known(NamedTuple):
    """What was on record at an origin."""

    rows: Array  # (F, N, N) x; the first is the outcome itself on its scale, the second its recent mean
    unit: float  # u, of an outcome that is taken in units of its mean; 1 of others

    def there(self) -> Array:
        """Pairs of which everything is known, (N, N)."""
        return np.isfinite(self.rows).all(axis=0)


def features(past: Mapping[str, Array], outcome: str) -> Known:
    """What was on record at the last year of `past`, which holds the outcomes, (Y, N, N), up to the origin and no
    further; nan where nothing is known."""
    units = np.array([_unit(outcome, year) for year in past[outcome]])
    own = SCALES[outcome].to(past[outcome] / units[:, None, None])
    rows = [_latest(own), _mean(own[-RECENT:])]
    if outcome in VOTES:
        agreed = past["agreement"]
        other = _latest(past["distance"]) if outcome == "agreement" else SCALES["agreement"].to(_latest(agreed))
        rows += [SCALES["agreement"].to(bloc_order(_mean(agreed[-RECENT:]))), other]
    return Known(np.stack(rows), float(_latest(units)))


def _unit(outcome: str, values: Array) -> float:
    """The mean of one year's `values` (N, N) over all pairs, for an outcome that is taken in units of it; 1 of others.

    nan in a year without any record, or in which all states are in one place.
    """
    if not SCALES[outcome].sized:
        return 1.0
    own = values[pairs_of(outcome, len(values))]
    known = own[np.isfinite(own)]
    return float(known.mean()) if known.size and known.mean() > 0 else float("nan")


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
    level: Array  # (F,) b
    loading: float  # l
    spread: Array  # gamma
    widths: tuple[
        float, float
    ]  # least and largest w of the training years, but for one pair in two hundred at each end
    limits: tuple[float, float]  # of the training years, on the scale g; members stay within a tenth of their span
    residuals: Array  # (K,) quantiles of the standardised residuals
    common: float  # root mean square of c
    cases: int

    def forecast(self, known: Known, change: Array, members: int) -> Array:
        """An ensemble of the outcome, (members, N, N), nan where nothing is known.

        `known` are the features at the origin, `change` (R, N, N) the changes that a theory gives.

        Members cycle through the draws of the changes; residuals and common moves are dealt out evenly (a
        two-dimensional golden-ratio sequence, Roberts 2018), so that every draw meets all parts of their distributions.
        """
        centre, scale = self.centre(known), SCALES[self.outcome]
        spread = np.einsum("f,fij->ij", self.spread, _spread_features(self.outcome, known.rows, centre))
        width = np.clip(np.exp(spread), *self.widths)
        k = np.arange(members)
        noise = self.residuals[(_evenly(members, 0) * len(self.residuals)).astype(np.intp)]
        together = (self.common * ndtri(_evenly(members, 1)))[:, None, None]
        moved = centre + scale.sign * self.loading * change[k % len(change)]
        at = (np.maximum(moved, 0.0) if scale.sized else moved) + together + width * noise[:, None, None]
        room = 0.1 * (self.limits[1] - self.limits[0])
        within = np.clip(np.abs(at) if scale.sized else at, self.limits[0] - room, self.limits[1] + room)
        return scale.back(within) * known.unit

    def centre(self, known: Known) -> Array:
        """The forecast without any change of ties, on the outcome's scale, (N, N)."""
        pairs = pairs_of(self.outcome, known.rows.shape[-1])
        own = known.rows[:, pairs[0], pairs[1]]
        mean = own[:, np.isfinite(own).all(axis=0)].mean(axis=1)
        return mean[0] + np.einsum("f,fij->ij", self.level, known.rows - mean[:, None, None])


def fit(
    outcome: str,
    cases: Sequence[tuple[Known, Array, Array]],
    mask: Array | None = None,
    trust: float | None = None,
) -> Observation:
    """Fitted within each training origin: cases are (features, mean change (N, N), what was observed (N, N)).

    `mask` (N, N) leaves pairs out of the fit; `trust` is how much of b is least squares, TRUST for votes and 1 for
    flows where it is not given. Raises ValueError when fewer than 200 pairs are on record.
    """
    if trust is None:
        trust = TRUST if outcome in VOTES else 1.0
    designs, targets, changes, common = [], [], [], []
    pairs = pairs_of(outcome, cases[0][1].shape[0])
    for known, change, seen in cases:
        own, after = known.rows[:, pairs[0], pairs[1]], seen[pairs]
        good = np.isfinite(own).all(axis=0) & np.isfinite(after)
        if mask is not None:
            good &= mask[pairs]
        if good.any() and (after[good].any() or not SCALES[outcome].sized):
            own = own[:, good]
            target, move = _target(outcome, after[good], own[0], known.unit)
            designs.append(own)
            targets.append(target)
            changes.append(SCALES[outcome].sign * change[pairs][good])
            common.append(move)
    count = sum(len(target) for target in targets)
    if count < LEAST_CASES:
        raise ValueError(f"{count} pairs on record are too few to fit an observation model of {outcome}")
    within = np.concatenate([own - own.mean(axis=1, keepdims=True) for own in designs], axis=1)
    moved = np.concatenate([target - target.mean() for target in targets])
    pushed = np.concatenate([change - change.mean() for change in changes])
    level, loading = _level_and_loading(within, moved, pushed)
    level = trust * level + (1 - trust) * np.pad(PLAIN, (0, len(level) - len(PLAIN)))
    left = moved - level @ within - loading * pushed
    design = np.concatenate(designs, axis=1)
    start = np.concatenate([np.full(own.shape[1], own[0].mean()) for own in designs])
    with_spread = _spread_features(outcome, design, start + level @ within)
    spread = _least_squares(with_spread, np.log(np.abs(left) + LEAST_RESIDUAL))
    width = np.exp(spread @ with_spread)
    widths = (float(np.quantile(width, 0.005)), float(np.quantile(width, 0.995)))
    standard = left / np.clip(width, *widths)
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    together = float(np.sqrt(np.mean(np.square(common))))
    seen = np.concatenate(targets)
    limits = (float(seen.min()), float(seen.max()))
    return Observation(outcome, level, loading, spread, widths, limits, np.quantile(standard, levels), together, count)


def _target(outcome: str, after: Array, before: Array, unit: float) -> tuple[Array, float]:
    """What came of pairs (P,) on the outcome's scale, and the common move c.

    `before` is what was on record at the origin, on that scale already, and `unit` its unit. Both are of the same
    pairs, so that it does not matter who joins the panel in between.
    """
    if SCALES[outcome].sized:
        now = float(after.mean() / before.mean())
        return SCALES[outcome].to(after / now), now / unit - 1.0
    target = SCALES[outcome].to(after)
    return target, float(target.mean() - before.mean())


def _level_and_loading(design: Array, target: Array, change: Array) -> tuple[Array, float]:
    """Joint least squares, the loading not below nil: a theory may be silent, it may not be turned round."""
    if np.abs(change).max(initial=0.0) > 1e-12:
        both = _least_squares(np.vstack([design, change]), target)
        if both[-1] > 0:
            return both[:-1], float(both[-1])
    return _least_squares(design, target), 0.0


def _least_squares(design: Array, target: Array) -> Array:
    return np.linalg.lstsq(design.T, target, rcond=None)[0]


def _spread_features(outcome: str, x: Array, centre: Array) -> Array:
    """v: the place on the scale, what the other measure said, and how far the last year lies from the other rows."""
    rows = [np.ones_like(centre), centre, centre**2, *x[3:], np.abs(x[0] - x[1])]
    return np.stack([*rows, np.abs(x[0] - x[2])] if outcome == "agreement" else rows)


def _evenly(count: int, axis: int) -> Array:
    """The first points of a two-dimensional low-discrepancy sequence along one axis, (count,), within 0..1."""
    return (0.5 + np.arange(1, count + 1) * PLASTIC ** -(axis + 1.0)) % 1.0


def pairs_of(outcome: str, n: int) -> tuple[Array, Array]:
    """Undirected pairs for votes, directed ones for trade and arms."""
    between = ~np.eye(n, dtype=bool)
    i, j = np.nonzero(np.triu(between) if outcome in VOTES else between)
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
