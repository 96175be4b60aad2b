"""Single ties through the periods, net of what their members do to all; and measures that disagree about them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from alignsim.study.evidence import dyadic
from alignsim.study.evidence.pairs import CLOSER
from alignsim.study.evidence.record import Record

Array = Any
Row = dict[str, Any]

PERIODS = (
    (1992, 1999, "before"),
    (2000, 2005, "before the UN's sanctions on Iran"),
    (2006, 2013, "Iran sanctioned"),
    (2014, 2017, "Russia sanctioned, Iran relieved"),
    (2018, 2021, "both sanctioned"),
    (2022, 2100, "both sanctioned, Russia at war"),
)
"""First and last year, and what sets the period apart in the history of Iran and Russia."""
FOUNDING = ("IRN", "RUS")
PARTNERS = ("CUB", "SYR", "NIC", "PRK", "BLR", "VEN", "CHN")
NAMED = (
    FOUNDING,
    *(("RUS", code) for code in PARTNERS),
    *(("IRN", code) for code in ("SYR", "CUB", "VEN", "PRK", "CHN")),
)
"""Iran–Russia, and the ties of the two that a general explanation would move as well."""
SPAN = 5
"""Years over which a change of two measures is compared."""


def net(values: Array) -> Array:
    """What of (Y, N, N) symmetric values is left of each pair when an effect of each member's year is taken out.

    d_ij = a_i + a_j + net_ij by least squares over the pairs known in a year; nan where unknown. A distance is not
    really a sum of two states' parts, so this is a description and no law.
    """
    out = np.full(values.shape, np.nan)
    for t, own in enumerate(values):
        known = np.isfinite(own) & ~np.eye(len(own), dtype=bool)
        weights = known.astype(float)
        effects = np.linalg.pinv(weights + np.diag(weights.sum(axis=1))) @ np.where(known, own, 0).sum(axis=1)
        out[t] = np.where(known, own - effects[:, None] - effects, np.nan)
    return out


def by_period(record: Record) -> Iterator[Row]:
    """Mean of each named tie in each period, as measured and net, and its change since the period before.

    A change comes with the interval that holds nine in ten of all pairs' changes, and the share of pairs that came
    closer together by less (0 none .. 1 all).
    """
    place = {code: k for k, code in enumerate(record.states)}
    pairs = [(place[a], place[b]) for a, b in NAMED if a in place and b in place]
    upper = np.triu_indices(len(record.states), 1)
    for outcome in ("distance", "agreement"):
        measured = record.outcomes[outcome]
        for effects, values in (("none", measured), ("state-year", net(measured))):
            means = {label: _mean(values[rows]) for label, rows in periods(record, measured).items()}
            earlier = None
            for label, own in means.items():
                for i, j in pairs:
                    about = {"outcome": outcome, "effects": effects, "when": label}
                    about["treatment"] = f"{record.states[i]}-{record.states[j]}"
                    yield {"fact": "tie", **about, "value": float(own[i, j])}
                    if earlier is not None:
                        yield {"fact": "tie change", **about, **_among(own - earlier, i, j, upper, outcome)}
                earlier = own


def periods(record: Record, values: Array) -> dict[str, Array]:
    """ "2006–2013: Iran sanctioned" -> the rows (years) of the period that `values` (Y, N, N) know anything of."""
    found = {}
    known = np.isfinite(values).any(axis=(1, 2))
    years = np.array(record.years)
    for first, last, words in PERIODS:
        rows = np.flatnonzero((years >= first) & (years <= last) & known)
        if len(rows):
            found[f"{years[rows[0]]}–{years[rows[-1]]}: {words}"] = rows
    return found


def _mean(values: Array) -> Array:
    """The mean over years of what is known, (N, N)."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.divide(np.where(known, values, 0).sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0)


def _among(change: Array, i: int, j: int, upper: Any, outcome: str) -> Row:
    everyone = change[upper]
    everyone = everyone[np.isfinite(everyone)]
    value = float(change[i, j])
    if not len(everyone) or not np.isfinite(value):
        return {"value": value}
    low, high = np.quantile(everyone, (0.05, 0.95))
    sign = CLOSER[outcome]
    return {
        "value": value,
        "low": float(low),
        "high": float(high),
        "interval": "9 of 10 pairs",
        "place": float((sign * everyone < sign * value).mean()),
        "pairs": len(everyone),
    }


def measures(record: Record) -> Iterator[Row]:
    """How far two measures of the same votes agree, over all pairs and for Iran–Russia.

    `correlation`: of yearly values within a pair, each measure freed of the pair's mean, toward each other positive.
    `opposite`: the share of five-year changes in which one says closer and the other farther.
    """
    for one, other in combinations(record.outcomes, 2):
        a, b = (CLOSER[name] * record.outcomes[name] for name in (one, other))
        for fact, of_pairs, x, y in (
            ("correlation", _correlation, a, b),
            ("opposite", _opposite, a[SPAN:] - a[:-SPAN], b[SPAN:] - b[:-SPAN]),
        ):
            year, first, second = np.nonzero(np.isfinite(x) & np.isfinite(y) & np.triu(np.ones(x.shape[1:], bool), 1))
            if len(year):
                about = {"fact": fact, "outcome": f"{one}, {other}"}
                u, v = x[year, first, second], y[year, first, second]
                yield about | _over_all(of_pairs(u, v, first, second), first, second)
                own = _is_founding(record, first, second)
                if own.sum() > 2:
                    value = _plain(fact, u[own], v[own])
                    yield about | {"treatment": "IRN-RUS", "value": value, "pair_years": int(own.sum()), "pairs": 1}


def _over_all(found: dyadic.Interval, first: Array, second: Array) -> Row:
    return {
        "treatment": "all pairs",
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "interval": "95 %, dyadic-robust",
        "error": found.error,
        "error_by_dyad": found.error_by_dyad,
        "effective_states": found.states,
        "pair_years": len(first),
        "pairs": len(np.unique(first * (int(second.max()) + 1) + second)),
    }


def _is_founding(record: Record, first: Array, second: Array) -> Array:
    place = {code: k for k, code in enumerate(record.states)}
    i, j = sorted(place.get(code, -1) for code in FOUNDING)
    return (first == i) & (second == j)


def _plain(fact: str, u: Array, v: Array) -> float:
    """Of one pair, without an interval: its years hang together in a way that so few cannot tell."""
    if fact == "opposite":
        return float((u * v < 0).mean())
    return float(np.corrcoef(u, v)[0, 1]) if np.ptp(u) > 0 and np.ptp(v) > 0 else float("nan")


def _correlation(u: Array, v: Array, first: Array, second: Array) -> dyadic.Interval:
    """The slope of one on the other when both are freed of the pairs' means and have unit variance."""
    pair = np.unique(first * (second.max() + 1) + second, return_inverse=True)[1]
    free = [w - (np.bincount(pair, w) / np.bincount(pair))[pair] for w in (u, v)]
    x, y = (w / w.std() if w.std() > 0 else w for w in free)
    return dyadic.Fit(["slope"], [float((x * y).mean())], x[:, None], y, first, second).interval("slope")


def _opposite(u: Array, v: Array, first: Array, second: Array) -> dyadic.Interval:
    """The share of changes of opposite sign: a regression on nothing but a constant."""
    opposite = (u * v < 0).astype(float)
    return dyadic.Fit(["share"], [opposite.mean()], np.ones((len(u), 1)), opposite, first, second).interval("share")
