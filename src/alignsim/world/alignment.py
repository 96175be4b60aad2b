"""Alignment at the start: chance-corrected agreement in UN votes, then pacts and rivalries, with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alignsim.world import curated
from alignsim.world.world import Array

if TYPE_CHECKING:
    import pandas as pd

SCALE = 0.9
"""Alignment of a pair that always votes alike; leaves room above for what votes cannot show."""
LEAST_SD = 0.10
CLOSEST, FARTHEST = 0.85, -0.95
"""Where a full alliance and an open war would put a pair."""
YEARLY_SD = 0.06
"""How far alignment wanders in a year: 0.15 a year in ideal-point distance times the slope of the mapping, 0.45."""
WINDOW = 3
LAST_FITTED = 2015
"""The mapping from distances to agreement never sees a later year: those are kept to judge by."""
_BINS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
_LEAST_PAIRS = 20
_STAND_INS = {"TWN": "JPN", "XKX": "ALB", "CHE": "AUT"}
"""Whose ideal point stands in for a state without a UN record; Switzerland's until it joined in 2002."""


class Agreement(NamedTuple):
    """Agreement of pairs before overrides, with its standard deviation and a sentence on where it comes from."""

    value: Array
    sd: Array
    note: str
    knots: list[dict[str, float]]


class IdealPoints(NamedTuple):
    """Ideal points (N,), their standard deviation, the year each was observed, and the year of the latest."""

    value: Array
    sd: Array
    observed: Array
    year: int


def scott_pi(votes: Array, undefined: float = 1.0) -> Array:
    r"""Scott's pi with squared weights between the rows of votes (N, items), 1 yes, 2 abstain, 3 no, nan absent.

    .. math:: \pi_{ij} = 1 - \frac{\overline{(v_i - v_j)^2}}{2 \mathrm{Var}(v)}

    with the variance of both rows pooled over the items both voted on (Scott 1955; squared weights as in Hage 2011).
    1 is full agreement, 0 chance, negative less than chance. Returns (N, N); nan where fewer than 10 items are shared,
    and `undefined` where both cast one and the same kind of vote throughout (0/0: chance alone would do it).
    """
    cast = np.isfinite(votes).astype(float)
    v = np.where(cast > 0, votes, 0.0)
    shared = cast @ cast.T
    total, squares = v @ cast.T, (v * v) @ cast.T
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (squares + squares.T - 2 * v @ v.T) / shared
        mean, second = (total + total.T) / (2 * shared), (squares + squares.T) / (2 * shared)
        expected = 2 * (second - mean**2)
        pi = np.where(expected > 1e-12, 1 - observed / expected, undefined)
    return np.where(shared >= 10, pi, np.nan)


def yearly_agreement(votes: pd.DataFrame, states: list[str], year: int, undefined: float = 1.0) -> Array:
    """Scott's pi between `states` in the votes of one year, (N, N), as `scott_pi` has it."""
    table = votes[votes.year == year].pivot_table(index="state", columns="item", values="vote", aggfunc="last")
    return scott_pi(table.reindex(states).to_numpy(dtype=float), undefined)


def ideal_points(points: pd.DataFrame, states: list[str], month: str) -> IdealPoints:
    """Each state's mean ideal point in the last three years on record, or its last one before.

    Uses complete years only. Where the file has none in the last three of them (the one at hand stops at 2015 and goes
    on in 2024), the points of the world's own year serve, since the alternative is nine years old.
    """
    year, own = curated.complete_year(month), int(month[:4])
    known = points[points.year <= year]
    if known.empty or known.year.max() <= year - WINDOW:
        known = points[points.year <= own]
    if known.empty:
        return IdealPoints(np.zeros(len(states)), np.ones(len(states)), np.zeros(len(states)), 0)
    last = int(known.year.max())
    recent = known[known.year > last - WINDOW]
    mean, spread = recent.groupby("state").point.mean(), (recent.high - recent.low) / 3.29
    sd, seen = spread.groupby(recent.state).mean(), recent.groupby("state").year.max()
    older = known.sort_values("year").groupby("state").last()
    value, error, observed = (np.full(len(states), np.nan) for _ in range(3))
    for k, code in enumerate(states):
        for source, extra in ((code, 0.0), (_STAND_INS.get(code, code), 0.5)):
            if source in mean.index:
                value[k], error[k], observed[k] = mean[source], np.hypot(sd.get(source, 0.1), extra), seen[source]
            elif source in older.index:
                age = last - int(older.year[source])
                value[k], error[k], observed[k] = older.point[source], 0.12 * np.sqrt(age) + extra, older.year[source]
            if np.isfinite(value[k]):
                break
    lost = ~np.isfinite(value)
    value[lost], error[lost], observed[lost] = np.nanmedian(value), np.nanstd(value), 0
    return IdealPoints(value, np.nan_to_num(np.maximum(error, 0.03), nan=0.1), observed, last)


def fit_distances(votes: pd.DataFrame, points: pd.DataFrame, until: int) -> list[dict[str, float]]:
    """Mean agreement by ideal-point distance, over pairs and windows of three years since 1992, to 2015 at most.

    Returns knots `distance, agreement, sd, pairs`: agreement falls with distance (pooled where it would rise), and `sd`
    is the spread of pairs round the mean of their bin.
    """
    until = min(until, LAST_FITTED)
    distance, agreement = [], []
    for first in range(min(1992, until - WINDOW + 1), until + 1, WINDOW):
        years = range(first, min(first + WINDOW, until + 1))
        states = sorted(set(points[points.year.isin(years)].state))
        x = points[points.year.isin(years)].groupby("state").point.mean().reindex(states).to_numpy()
        d, pi = np.abs(x[:, None] - x), _mean_of([yearly_agreement(votes, states, year) for year in years])
        upper = np.triu_indices(len(states), 1)
        keep = np.isfinite(pi[upper]) & np.isfinite(d[upper])
        distance.append(d[upper][keep])
        agreement.append(pi[upper][keep])
    d, pi = np.concatenate(distance), np.concatenate(agreement)
    bins = np.digitize(d, _BINS)
    full = [b for b in range(len(_BINS) + 1) if (bins == b).sum() >= _LEAST_PAIRS]
    means = _falling([pi[bins == b].mean() for b in full], [(bins == b).sum() for b in full])
    return [
        {
            "distance": round(float(d[bins == b].mean()), 3),
            "agreement": round(float(mean), 3),
            "sd": round(float(pi[bins == b].std()), 3),
            "pairs": int((bins == b).sum()),
        }
        for b, mean in zip(full, means, strict=True)
    ]


def agreement(month: str, states: list[str], votes: pd.DataFrame, points: pd.DataFrame) -> Agreement:
    """Chance-corrected agreement of all pairs at `month`: from roll-calls where they are as recent as the ideal points.

    Otherwise from the distance of ideal points through the fitted mapping, with the residual spread as uncertainty.
    """
    year = curated.complete_year(month)
    voted = votes[votes.year <= year].year
    last_vote = int(voted.max()) if len(voted) else 0
    own = ideal_points(points, states, month)
    knots = fit_distances(votes, points, min(year, LAST_FITTED)) if last_vote else []
    value, sd = mapped(np.abs(own.value[:, None] - own.value), own.sd, knots)
    latest, how = own.year, f"ideal points of {own.year}, mapped to agreement"
    if last_vote >= own.year:
        years = range(last_vote - WINDOW + 1, last_vote + 1)
        value, sd = voted_over([yearly_agreement(votes, states, y) for y in years], value, sd)
        latest, how = last_vote, f"roll-call votes of {years[0]} to {last_vote}"
    value, sd = scaled(value, sd, max(year - latest, 0))
    note = f"Scott's pi (squared weights) from {how}, times {SCALE}"
    return Agreement(value, sd, note, knots)


def agreement_of_pairs(
    year: int, years: Sequence[int], agreed: Array, apart: Array, knots: list[dict[str, float]], points_sd: float = 0.1
) -> Agreement:
    """The same at the end of `year` by the same rule, from what is on record of pairs instead of votes and points.

    `agreed` (Scott's pi) and `apart` (distance of ideal points) are (Y, N, N) of consecutive `years`; none after `year`
    is looked at. `points_sd` is the standard deviation of an ideal point, of which distances say nothing (0.1, as where
    an edition gives no bounds). Value and deviation are nan for pairs of which nothing is known in the last three
    years, and for all where nothing ever was.
    """
    known = [k for k, own in enumerate(years) if own <= year]
    last_vote, last_point = (
        max((k for k in known if np.isfinite(record[k]).any()), default=None) for record in (agreed, apart)
    )
    n = agreed.shape[1]
    value, sd, latest, how = np.full((n, n), np.nan), np.full((n, n), np.nan), year, "nothing"
    if last_point is not None:
        distance = _mean_of(list(apart[max(last_point - WINDOW + 1, 0) : last_point + 1]))
        value, sd = mapped(distance, np.full(n, points_sd), knots)
        value, sd = (np.where(np.isfinite(distance), x, np.nan) for x in (value, sd))
        latest, how = years[last_point], f"distances of ideal points to {years[last_point]}, mapped to agreement"
    if last_vote is not None and (last_point is None or last_vote >= last_point):
        first = max(last_vote - WINDOW + 1, 0)
        value, sd = voted_over(list(agreed[first : last_vote + 1]), value, sd)
        latest, how = years[last_vote], f"agreement of {years[first]} to {years[last_vote]}"
    value, sd = scaled(value, sd, year - latest)
    return Agreement(value, sd, f"Scott's pi (squared weights) from {how}, times {SCALE}", knots)


def mapped(distance: Array, points_sd: Array, knots: list[dict[str, float]]) -> tuple[Array, Array]:
    """Agreement and its standard deviation (N, N) from distances of ideal points and their deviations (N,)."""
    value, sd = _map(distance, knots)
    return value, np.sqrt(sd**2 + (0.45 * np.hypot(points_sd[:, None], points_sd)) ** 2)


def voted_over(yearly: list[Array], value: Array, sd: Array) -> tuple[Array, Array]:
    """The mean of some years' agreement, (N, N) each, and its spread over them; pairs without any keep what they
    had."""
    direct, spread = _mean_of(yearly), _mean_of([(y - _mean_of(yearly)) ** 2 for y in yearly])
    seen = np.isfinite(direct)
    return np.where(seen, direct, value), np.where(seen, np.sqrt(spread), sd)


def scaled(value: Array, sd: Array, age: int) -> tuple[Array, Array]:
    """On the scale of alignment, with the doubt that a record of `age` years ago leaves."""
    return SCALE * np.clip(value, -1, 1), np.sqrt((SCALE * sd) ** 2 + LEAST_SD**2 + age * YEARLY_SD**2)


def override(value: Array, sd: Array, pact: Array, hostility: Array) -> tuple[Array, Array]:
    """Agreement with pacts and rivalries laid over it; all (N, N); returns alignment and its standard deviation.

    A pact of weight w (0.5 a duty to defend, 0.25 a partnership or a wide regional pact) closes the share w of the way
    to 0.85; then hostility H closes the share H of the way to -0.95. Both narrow the uncertainty by the same
    share, to no less than 0.10. One rule for all pairs; the weights are expert judgement.
    """
    raised = value + pact * np.maximum(CLOSEST - value, 0)
    out = raised + hostility * (FARTHEST - raised)
    narrowed = np.maximum(sd * (1 - pact) * (1 - hostility), LEAST_SD)
    out, narrowed = (out + out.T) / 2, np.minimum((narrowed + narrowed.T) / 2, 0.5)
    np.fill_diagonal(out, 0)
    np.fill_diagonal(narrowed, 0)
    return out, narrowed


def _map(distance: Array, knots: list[dict[str, float]]) -> tuple[Array, Array]:
    if not knots:
        return np.zeros_like(distance), np.full_like(distance, 0.4)
    at = [knot["distance"] for knot in knots]
    return tuple(np.interp(distance, at, [knot[name] for knot in knots]) for name in ("agreement", "sd"))


def _mean_of(squares: list[Array]) -> Array:
    """Mean over a list of (N, N) arrays, of what is there."""
    stack = np.stack(squares)
    there = np.isfinite(stack)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, stack, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _falling(means: list[float], weights: list[int]) -> list[float]:
    """The closest falling sequence (pool adjacent violators), so that distance never brings agreement."""
    pools: list[list[float]] = []
    for mean, weight in zip(means, weights, strict=True):
        pools.append([mean, weight, 1])
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            (m2, w2, n2), (m1, w1, n1) = pools.pop(), pools.pop()
            pools.append([(m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    return [pool[0] for pool in pools for _ in range(int(pool[2]))]
