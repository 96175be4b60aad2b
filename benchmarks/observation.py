"""Which structure of the observation model forecasts best, without a look at any vote after 2008.

    python benchmarks/observation.py FOLDER [forty|all] [MEMBERS]

FOLDER holds the official files of UN votes and ideal points. Windows have the shape of the hindcast's own: seventeen
years to learn from, then seven to be judged by, from 1960 on; and two within the packaged panel's training years. With
`forty` (the default, ten minutes) the states are those of the packaged panel that had a vote, with `all` all that had
one in four years of five (half an hour). Each alternative is the module as it is with one piece exchanged. Printed are
CRPS skill against persistence in per cent, 1, 3 and 5 years ahead, by window, and then what is shipped against each
naive forecaster, with its 95 % interval by state, and coverage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from alignsim.study import baselines, resampling, scores
from alignsim.study.hindcast import observation
from alignsim.study.hindcast.observation import Known, Scale
from alignsim.world import panel
from alignsim.world.alignment import yearly_agreement
from alignsim.world.codes import Codes
from alignsim.world.importers import find_all, voeten
from alignsim.world.upstream import FILES

Array = Any
Maker = Callable[["Window", str, int], Callable[[int], Array]]
"""A window, an outcome and a horizon to a fitted forecast: index of the origin to members (K, N, N)."""

LAST = 2008
"""No later vote is ever read into an array."""
FIRST = 1960
WINDOWS = ((1960, 1976, 1983), (1965, 1981, 1988), (1972, 1988, 1995), (1975, 1991, 1998), (1985, 2001, 2008))
WITHIN = ((1992, 2001, 2008), (1992, 2003, 2008))
"""First year, last year of training, last year of test."""
HORIZONS = (1, 3, 5)
NAIVE = {
    "persistence": baselines.fit_persistence,
    "dyad mean": baselines.fit_dyad_mean,
    "AR(1) with drift": baselines.fit_autoregression,
}
MEMBERS = 240
"""As many as the hindcast has: plain CRPS punishes fewer."""


class Record:
    """Agreement (Y, N, N) and ideal points (Y, N) of all states, 1960 to 2008."""

    def __init__(self, folder: Path) -> None:
        codes = Codes()
        points, votes = (
            reader(find_all(folder, *FILES[table], what=table)[0], codes)
            for table, reader in (("points", voeten.ideal_points), ("votes", voeten.roll_calls))
        )
        points, votes = (t[(t.year >= FIRST) & (t.year <= LAST)] for t in (points, votes))
        self.years = np.arange(FIRST, LAST + 1)
        self.states = np.array(sorted(set(points.state)))
        by_year = points.pivot_table(index="year", columns="state", values="point", aggfunc="last")
        self.points = by_year.reindex(index=self.years, columns=self.states).to_numpy(float)
        self.agreement = np.stack([yearly_agreement(votes, list(self.states), y, np.nan) for y in self.years])


class Window:
    """One stretch of the record: years to learn from and years to be judged by."""

    def __init__(self, of: Record, first: int, last: int, end: int, only: tuple[str, ...] = ()) -> None:
        assert end <= LAST
        own = (of.years >= first) & (of.years <= end)
        self.name, self.years, self.train = f"{first}-{last}/{end}", of.years[own], (first, last)
        self.end = last - first
        share = np.isfinite(of.points[own][: self.end + 1]).mean(axis=0)
        chosen = np.isin(of.states, only) & (share >= 0.5) if only else share >= 0.8
        self.points = of.points[own][:, chosen]
        off = np.where(np.eye(chosen.sum(), dtype=bool), np.nan, 0.0)
        self.record = {
            "agreement": of.agreement[own][:, chosen][:, :, chosen] + off,
            "distance": np.abs(self.points[:, :, None] - self.points[:, None]) + off,
        }
        self.n = int(chosen.sum())
        self.pairs = np.nonzero(np.triu(~np.eye(self.n, dtype=bool)))

    def learning(self, horizon: int) -> range:
        return range(observation.RECENT - 1, self.end - horizon + 1)

    def judged(self, horizon: int) -> list[int]:
        return [o for o in range(self.end, len(self.years) - horizon) if o + horizon > self.end]

    def until(self, origin: int) -> dict[str, Array]:
        return {name: values[: origin + 1] for name, values in self.record.items()}

    def cases(self, outcome: str, horizon: int, origin: int) -> Array:
        """Pairs (P,) with a forecast and an outcome: the same for every forecaster."""
        there = FEATURES(self.until(origin), outcome).there()
        there &= np.isfinite(self.record[outcome][origin + horizon]) & np.isfinite(self.record[outcome][origin])
        return there[self.pairs]


# --- forecasters


def naive(fit: baselines.Fit, window: Window, outcome: str, horizon: int) -> Callable[[int], Array]:
    values = window.record[outcome]
    model = fit(values, window.years, window.train, (horizon,))
    levels = ndtri((np.arange(MEMBERS) + 0.5) / MEMBERS)[:, None, None]

    def forecast(origin: int) -> Array:
        mean, sd = model.forecast(values[: origin + 1], int(window.years[origin]))
        return mean[0] + sd[0] * levels

    return forecast


Features = Callable[[Mapping[str, Array], str], Known]


def shipped(window: Window, outcome: str, horizon: int) -> Callable[[int], Array]:
    """The module as it is, without any mechanism."""
    still = np.zeros((1, window.n, window.n))
    known = {
        o: observation.features(window.until(o), outcome) for o in range(observation.RECENT - 1, len(window.years))
    }
    model = observation.fit(
        outcome,
        [(known[o], still[0], window.record[outcome][o + horizon]) for o in window.learning(horizon)],
    )
    return lambda origin: model.forecast(known[origin], still, MEMBERS)


@contextmanager
def exchanged(pieces: Mapping[str, Any]) -> Iterator[None]:
    """The module with some of its pieces replaced."""
    kept = {name: getattr(observation, name) for name in pieces}
    try:
        for name, piece in pieces.items():
            setattr(observation, name, piece)
        yield
    finally:
        for name, piece in kept.items():
            setattr(observation, name, piece)


def altered(window: Window, outcome: str, horizon: int, **pieces: Any) -> Callable[[int], Array]:
    with exchanged(pieces):
        forecast = shipped(window, outcome, horizon)
        members = {origin: forecast(origin) for origin in window.judged(horizon)}
    return members.__getitem__


FEATURES, SPREAD, ORDER = observation.features, observation._spread_features, observation.bloc_order
ROOT = dict(observation.SCALES) | {
    "distance": Scale(lambda y: np.sqrt(y + 0.1), lambda z: np.maximum(np.maximum(z, 0) ** 2 - 0.1, 0), -1.0)
}
"""Distances on a scale of their own, moved by what is common to all, and cut at nil."""


FOUND: dict[bytes, Array] = {}


def remembered(agreement: Array) -> Array:
    """The order of blocs, worked out once for all alternatives: most of the time would go there."""
    key = agreement.tobytes()
    if key not in FOUND:
        FOUND[key] = ORDER(agreement)
    return FOUND[key]


def before(past: Mapping[str, Array], outcome: str) -> Known:
    """The rows as they were: for distances the last one on its plain scale as well."""
    rows = list(FEATURES(past, outcome).rows)
    extra = [observation._latest(past["distance"])] if outcome == "distance" else []
    return Known(np.stack([*rows[:3], *extra, *rows[3:]]), 1.0)


def with_long_mean(past: Mapping[str, Array], outcome: str) -> Known:
    """A pair's mean of all years on record as a row more."""
    known = FEATURES(past, outcome)
    units = np.array([observation._unit(outcome, year) for year in past[outcome]])[:, None, None]
    own = observation.SCALES[outcome].to(past[outcome] / units)
    return known._replace(rows=np.stack([*known.rows, observation._mean(own)]))


def of_three_years(past: Mapping[str, Array], outcome: str) -> Known:
    """The mean over all pairs carried on from three years in place of one."""
    known = FEATURES(past, outcome)
    if outcome == "distance":
        recent = [observation._unit(outcome, year) for year in past[outcome][-observation.RECENT :]]
        return known._replace(unit=float(np.nanmean(recent)))
    rows = known.rows.copy()
    rows[0] += np.nanmean(rows[1] - rows[0])
    return known._replace(rows=rows)


def with_steadiness(past: Mapping[str, Array], outcome: str) -> Known:
    """How much the pairs of two states have changed from year to year so far, in logarithms."""
    known = FEATURES(past, outcome)
    units = np.array([observation._unit(outcome, year) for year in past[outcome]])[:, None, None]
    moves = np.diff(observation.SCALES[outcome].to(past[outcome] / units), axis=0)
    moves -= observation._mean(moves.reshape(len(moves), -1).T)[:, None, None]
    square, seen = np.nansum(np.square(moves), axis=(0, 2)), np.isfinite(moves).sum(axis=(0, 2))
    size = np.sqrt(np.where(seen > 0, square / np.maximum(seen, 1), square.sum() / seen.sum()))
    own = np.log(size + observation.LEAST_RESIDUAL)
    return known._replace(rows=np.stack([*known.rows, own[:, None] + own]))


class Stretched(observation.Observation):
    """The common move multiplies distances, far ones most, in place of being added to all."""

    def forecast(self, known: Known, change: Array, members: int) -> Array:
        still = replace(self, common=0.0)
        apart = super(Stretched, still).forecast(known, change, members)
        return apart * np.exp(self.common * ndtri(observation._evenly(members, 1)))[:, None, None]


def least_absolute(design: Array, target: Array, rounds: int = 4) -> Array:
    """Weights that make the median error small: what the CRPS of sharp forecasts asks for (by reweighting)."""
    found = np.linalg.lstsq(design.T, target, rcond=None)[0]
    for _ in range(rounds):
        left = np.abs(target - found @ design)
        root = 1 / np.sqrt(np.maximum(left, 0.5 * np.median(left)))
        found = np.linalg.lstsq((design * root).T, target * root, rcond=None)[0]
    return found


def positions(
    window: Window, outcome: str, horizon: int, *, trust: float = 0.5, long: bool = False
) -> Callable[[int], Array]:
    """Distances from positions of states on one line, which keep their sign until the end: z comes from the signed
    differences in the last year, the last three and, with `long`, all years."""
    scale = np.array([observation._unit("distance", year) for year in window.record["distance"]])
    x = window.points / scale[:, None]
    i, j = window.pairs
    plain = np.array([*observation.PLAIN, 0.0][: 3 if long else 2])

    def known(origin: int) -> tuple[Array, Array, float]:
        own, mean = x[: origin + 1], observation._mean
        rows = [observation._latest(own), mean(own[-observation.RECENT :]), *([mean(own)] if long else [])]
        agreed = FEATURES(window.until(origin), "distance").rows[3][i, j]
        unit = scale[: origin + 1][np.isfinite(scale[: origin + 1])][-1]
        return np.stack([row[i] - row[j] for row in rows]), agreed, float(unit)

    def spread(rows: Array, agreed: Array, centre: Array) -> Array:
        size = np.abs(centre)
        return np.stack([np.ones_like(size), size, size**2, agreed, np.abs(rows[0] - rows[1])])

    learnt = []
    for origin in window.learning(horizon):
        rows, agreed, unit = known(origin)
        after = x[origin + horizon]
        target = after[i] - after[j]
        good = np.isfinite(rows).all(axis=0) & np.isfinite(target) & np.isfinite(agreed)
        if good.any():
            learnt.append((rows[:, good], agreed[good], target[good], scale[origin + horizon] / unit - 1))
    rows, agreed, target = (np.concatenate([part[k] for part in learnt], axis=-1) for k in range(3))
    weight = trust * np.linalg.lstsq(rows.T, target, rcond=None)[0] + (1 - trust) * plain
    centre = weight @ rows
    left = (target - centre) * np.sign(centre)
    gamma = np.linalg.lstsq(
        spread(rows, agreed, centre).T, np.log(np.abs(left) + observation.LEAST_RESIDUAL), rcond=None
    )[0]
    width = np.exp(gamma @ spread(rows, agreed, centre))
    ends = np.quantile(width, (0.005, 0.995))
    standard = np.quantile(left / np.clip(width, *ends), (np.arange(observation.LEVELS) + 0.5) / observation.LEVELS)
    common = np.sqrt(np.mean([part[3] ** 2 for part in learnt]))

    def forecast(origin: int) -> Array:
        rows, agreed, unit = known(origin)
        centre = weight @ rows
        width = np.clip(np.exp(gamma @ spread(rows, agreed, centre)), *ends)
        noise = standard[(observation._evenly(MEMBERS, 0) * observation.LEVELS).astype(int)][:, None]
        members = np.full((MEMBERS, window.n, window.n), np.nan)
        together = common * ndtri(observation._evenly(MEMBERS, 1))[:, None]
        members[:, i, j] = np.abs(np.abs(centre) + width * noise + together) * unit
        return members

    return forecast


def pooled(parts: tuple[Maker, ...], window: Window, outcome: str, horizon: int) -> Callable[[int], Array]:
    """The linear pool: members of all, in equal parts."""
    made = [part(window, outcome, horizon) for part in parts]
    return lambda origin: np.concatenate([forecast(origin) for forecast in made])


def alternatives(outcome: str) -> dict[str, Maker]:
    """Words to a forecaster; the shipped structure last."""
    short = partial(altered, _spread_features=lambda o, x, centre: SPREAD(o, x[:4], centre))
    was = partial(altered, TRUST=1.0, features=before, SCALES=ROOT)
    found: dict[str, Maker] = {
        "until now: least squares alone": was if outcome == "distance" else partial(altered, TRUST=1.0)
    }
    if outcome == "distance":
        found |= {
            "least squares, in units of the mean, folded": partial(altered, TRUST=1.0),
            "half the plain rule, on the root, cut": partial(altered, features=before, SCALES=ROOT),
            "the common move stretches": partial(altered, Observation=Stretched),
            "positions of states, least squares": partial(positions, trust=1.0),
            "positions of states, half the plain rule": positions,
            "the same with the long mean": partial(positions, long=True),
            "linear pool of positions and shipped": partial(pooled, (positions, shipped)),
        }
    else:
        found |= {"least absolute errors alone": partial(altered, TRUST=1.0, _least_squares=least_absolute)}
    return found | {
        "with the long mean, least squares alone": partial(short, TRUST=1.0, features=with_long_mean),
        "with the long mean": partial(short, features=with_long_mean),
        "with the long mean, also in the plain rule": partial(
            short, features=with_long_mean, PLAIN=(1 / 2, 1 / 4, 0.0, 0.0, 1 / 4)
        ),
        "least absolute errors for least squares": partial(altered, _least_squares=least_absolute),
        "common level of three years": partial(altered, features=of_three_years),
        "with steadiness of states": partial(altered, features=with_steadiness),
        "plain rule: the last year": partial(altered, PLAIN=(1.0, 0.0)),
        "plain rule: half and half": partial(altered, PLAIN=(0.5, 0.5)),
        "the plain rule alone": partial(altered, TRUST=0.0),
        "a quarter of the plain rule": partial(altered, TRUST=0.75),
        "three quarters of the plain rule": partial(altered, TRUST=0.25),
        "shipped": shipped,
    }


# --- scores


def losses(window: Window, outcome: str, horizon: int, make: Maker) -> tuple[Array, Array, Array]:
    """CRPS of all cases, and whether the 50 % and the 90 % interval held."""
    forecast, out = make(window, outcome, horizon), []
    for origin in window.judged(horizon):
        good = window.cases(outcome, horizon, origin)
        i, j = (side[good] for side in window.pairs)
        seen, members = window.record[outcome][origin + horizon][i, j], forecast(origin)[:, i, j]
        low, first, third, high = np.quantile(members, (0.05, 0.25, 0.75, 0.95), axis=0)
        held = [(seen >= first) & (seen <= third), (seen >= low) & (seen <= high)]
        out.append((scores.crps_ensemble(members, seen), *held))
    crps, half, most = (np.concatenate(column) for column in zip(*out, strict=True))
    return crps, half, most


def compared(windows: list[Window], outcome: str) -> None:
    print(
        f"\n{outcome}: skill against persistence, %, 1, 3 and 5 years ahead, by test years, and the mean over windows"
    )
    keys = [(k, h) for k in range(len(windows)) for h in HORIZONS]
    reference = {
        key: losses(windows[key[0]], outcome, key[1], partial(naive, NAIVE["persistence"]))[0].mean() for key in keys
    }
    print(f"{'':46s} {'   '.join(f'{w.name:>16s}' for w in windows)}   {'mean':>16s}")
    rows = {name: partial(naive, fit) for name, fit in NAIVE.items() if name != "persistence"} | alternatives(outcome)
    for name, make in rows.items():
        skill = {(k, h): 100 * (1 - losses(windows[k], outcome, h, make)[0].mean() / reference[k, h]) for k, h in keys}
        cells = ["".join(f"{skill[k, h]:6.1f}" for h in HORIZONS) for k in range(len(windows))]
        mean = "".join(f"{np.mean([skill[k, h] for k in range(len(windows))]):6.1f}" for h in HORIZONS)
        print(f"{name:44s} {' '.join(cells)} | {mean}", flush=True)


def against_the_naive(windows: list[Window], outcome: str) -> None:
    print(
        f"\n{outcome}: shipped against each, skill in % with the interval by state; coverage of 50 and 90 % intervals"
    )
    better = dict.fromkeys(((name, h) for name in NAIVE for h in HORIZONS), 0)
    for window in windows:
        for h in HORIZONS:
            crps, half, most = losses(window, outcome, h, shipped)
            where = [window.cases(outcome, h, o) for o in window.judged(h)]
            first, second = (np.concatenate([side[good] for good in where]) for side in window.pairs)
            clusters = resampling.Clusters(first, second, resamples=20)
            told = []
            for name, fit in NAIVE.items():
                other = losses(window, outcome, h, partial(naive, fit))[0]
                e = resampling.skill(crps, other, clusters)
                better[name, h] += e.low_by_state > 0
                ends = f"{100 * e.low_by_state:.1f} to {100 * e.high_by_state:.1f}"
                told.append(f"{name} {100 * e.value:.1f} ({ends})")
            print(
                f"{window.name} {h} y: {', '.join(told)}; {100 * half.mean():.0f}, {100 * most.mean():.0f}", flush=True
            )
    for name in NAIVE:
        counts = ", ".join(str(better[name, h]) for h in HORIZONS)
        print(f"better than {name}, interval by state: in {counts} of {len(windows)} windows, 1, 3 and 5 years ahead")


def main() -> None:
    global MEMBERS
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    few = len(sys.argv) < 3 or sys.argv[2] == "forty"
    MEMBERS = int(sys.argv[3]) if len(sys.argv) > 3 else MEMBERS
    record = Record(Path(sys.argv[1]))
    only = panel.read().states if few else ()
    windows = [Window(record, *years, only) for years in (*WINDOWS, *(WITHIN if few else ()))]
    observation.bloc_order = remembered
    print("states:", ", ".join(f"{w.train[0]}-{w.train[1]} {w.n}" for w in windows))
    for outcome in observation.VOTES:
        compared(windows, outcome)
        against_the_naive(windows, outcome)


if __name__ == "__main__":
    main()
