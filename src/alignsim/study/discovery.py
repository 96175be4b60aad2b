"""Where a claim fails: boxes of parameters in which the failing runs are dense.

PRIM, the patient rule induction method of Friedman and Fisher (1999, Statistics and Computing 9, 123-143),
as used for scenario discovery by Bryant and Lempert (2010, Technological Forecasting and Social Change 77,
34-49): peel thin slices off the space of parameters while the share of failing runs inside grows, then
paste back what was peeled too far. A small classification tree (Breiman et al. 1984) looks at the same runs
another way and should find the same region.

Parameters are (n, d), one row a run; `fails` is (n,) of bool. A limit lies halfway
between the values it parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

Array = Any

CHANCE = 0.05
"""Quasi-p value from which a limit could be luck."""
PASTE = 0.01
"""Share of a box's runs that pasting lets back in at a time (Friedman and Fisher 1999)."""
CANDIDATES = 10
"""Parameters that are peeled at most: those in which failing and other runs lie most apart. Among fifty, luck would
guide most peels of a few hundred runs."""
WORTH_A_QUESTION = 0.01
"""Least fall in Gini impurity that earns a split of the tree, as a share of the impurity of all runs."""


@dataclass(frozen=True)
class Box:
    """A region of the parameters, and how well it captures the failing runs."""

    limits: tuple[tuple[float, float], ...]
    """Lowest and highest value of each parameter; infinite where not restricted."""
    density: float
    """Share of the runs inside that fail."""
    coverage: float
    """Share of the failing runs that are inside."""
    mass: float
    """Share of all runs that are inside."""
    quasi_p: dict[int, float]
    """For each restricted parameter: chance of so dense a box if its limits were removed (binomial)."""

    @property
    def restricted(self) -> list[int]:
        """Columns of the parameters that the box limits."""
        return [k for k, (low, high) in enumerate(self.limits) if low > -inf or high < inf]

    @property
    def gain(self) -> float:
        """Density beyond the rate of all runs, times the root of the mass (Klösgen 1996): but for a constant, standard
        errors of the density that a region of that size would have by chance.

        Unlike a mean of density and coverage it does not prefer the whole space where most runs fail.
        """
        return float(np.sqrt(self.mass)) * (self.density - self.rate)

    @property
    def rate(self) -> float:
        """Share of all runs that fail."""
        return self.density * self.mass / self.coverage if self.coverage else 0.0

    def contains(self, parameters: Array) -> Array:
        """Which rows of (n, d) lie inside: (n,) of bool."""
        return _inside(np.asarray(parameters, float), np.array(self.limits))

    def conditions(self, names: list[str]) -> str:
        """For instance "bite > 0.6 and learning < 0.3"."""
        return " and ".join(_condition(names[k], *self.limits[k]) for k in self.restricted)

    def in_words(self, names: list[str], does: str = "fails") -> str:
        """For instance "fails where bite > 0.6 and learning < 0.3", with the density and the coverage in per cent."""
        where = f"where {self.conditions(names)}" if self.restricted else "everywhere alike"
        return f"{does} {where} (in {self.density:.0%} of the runs there; {self.coverage:.0%} of all such runs)"


def prim(parameters: Array, fails: Array, peel: float = 0.05, least_mass: float = 0.05) -> list[Box]:
    """The trajectory of boxes from the whole space inwards, one a peel; the last is after pasting, if that helped.

    peel: share of the box's runs taken off at a time (patience); least_mass: share of all runs at which
    peeling stops. Each peel takes the slice whose removal raises the share of failing runs most for each run that it
    takes off (Kwakkel and Jaxa-Rozen 2016: else an uncertain event, which is peeled by halves, looks better than it
    is), then leaves most runs, then is of the parameter in which failing runs stand most apart. Failure at both ends
    of a parameter defeats peeling (see `agreement`). Raises ValueError when shapes do not fit, something is not
    finite, or the runs all fail or all hold.
    """
    parameters, fails = _checked(parameters, fails)
    limits = np.tile([-inf, inf], (parameters.shape[1], 1))
    columns = most_apart(parameters, fails, CANDIDATES)
    trajectory = [_box(limits, parameters, fails)]
    while True:
        best = _best_peel(limits, parameters, fails, columns, peel, least_mass)
        if best is None:
            break
        limits = best
        trajectory.append(_box(limits, parameters, fails))
    pasted = _paste(limits, parameters, fails)
    if not np.array_equal(pasted, limits):
        trajectory.append(_box(pasted, parameters, fails))
    return trajectory


def most_apart(parameters: Array, fails: Array, count: int) -> list[int]:
    """The `count` columns in which failing and other runs are most apart (Kolmogorov and Smirnov), in their order."""
    from scipy.stats import ks_2samp

    apart = [ks_2samp(column[fails], column[~fails], method="asymp").statistic for column in parameters.T]
    return sorted(np.argsort(-np.array(apart), kind="stable")[:count].tolist())


def choose(trajectory: list[Box], parameters: Array, fails: Array) -> Box:
    """The box of a trajectory that is densest for its size, without limits that could be luck.

    Limits with a quasi-p value above 0.05 over twice the number of parameters (each has two ends at which luck may be
    found) are removed one at a time, the worst first.
    """
    parameters, fails = _checked(parameters, fails)
    box = max(trajectory, key=lambda b: (b.gain, -len(b.restricted)))
    while box.quasi_p and max(box.quasi_p.values()) > CHANCE / (2 * parameters.shape[1]):
        worst = max(box.quasi_p, key=lambda k: box.quasi_p[k])
        limits = np.array(box.limits)
        limits[worst] = -inf, inf
        box = _box(limits, parameters, fails)
    return box


def discover(
    parameters: Array, fails: Array, at_most: int = 1, peel: float = 0.05, least_mass: float = 0.05
) -> list[Box]:
    """Up to `at_most` boxes, one after another: each is sought among the runs outside the earlier ones.

    Density, coverage and mass refer to all runs. Stops when no box is left that restricts anything beyond
    luck and is denser than the runs as a whole.
    """
    parameters, fails = _checked(parameters, fails)
    left = np.ones(len(fails), bool)
    found: list[Box] = []
    while len(found) < at_most and 0 < fails[left].sum() < left.sum():
        trajectory = prim(parameters[left], fails[left], peel, least_mass)
        limits = np.array(choose(trajectory, parameters[left], fails[left]).limits)
        box = _box(limits, parameters, fails)
        if not box.restricted or box.density <= fails.mean():
            break
        found.append(box)
        left &= ~box.contains(parameters)
    return found


def tree(parameters: Array, fails: Array, depth: int = 3, least_mass: float = 0.05) -> list[Box]:
    """Leaves of a classification tree of at most `depth` questions, the densest in failing runs first.

    Each question splits a box where the Gini impurity of its halves is least; no leaf has less than
    `least_mass` of all runs, and a split that separates next to nothing is not made.
    """
    parameters, fails = _checked(parameters, fails)
    least = max(1, int(np.ceil(least_mass * len(fails))))
    leaves: list[Array] = []
    todo = [(np.tile([-inf, inf], (parameters.shape[1], 1)), depth)]
    while todo:
        limits, questions = todo.pop()
        split = _best_split(limits, parameters, fails, least) if questions else None
        if split is None:
            leaves.append(limits)
        else:
            todo += [(half, questions - 1) for half in split]
    return sorted((_box(leaf, parameters, fails) for leaf in leaves), key=lambda b: (-b.density, -b.coverage))


def agreement(box: Box, leaves: list[Box], parameters: Array) -> float:
    """Overlap of the runs in `box` with those in the tree's failing leaves (density above one half), 0..1
    (Jaccard)."""
    parameters = np.asarray(parameters, float)
    mine, theirs = box.contains(parameters), np.zeros(len(parameters), bool)
    for leaf in leaves:
        if leaf.density > 0.5:
            theirs |= leaf.contains(parameters)
    either = int((mine | theirs).sum())
    return float((mine & theirs).sum() / either) if either else 0.0


def _checked(parameters: Array, fails: Array) -> tuple[Array, Array]:
    parameters, fails = np.asarray(parameters, float), np.asarray(fails).astype(bool)
    if parameters.ndim != 2 or fails.shape != (len(parameters),):
        raise ValueError(f"one outcome a run is needed: parameters {parameters.shape}, outcomes {fails.shape}")
    if not np.isfinite(parameters).all():
        raise ValueError("a parameter is not a finite number")
    if fails.all() or not fails.any():
        raise ValueError("the runs all fail or all hold: there is nothing to tell apart")
    return parameters, fails


def _inside(parameters: Array, limits: Array) -> Array:
    return ((parameters >= limits[:, 0]) & (parameters <= limits[:, 1])).all(axis=1)


def _box(limits: Array, parameters: Array, fails: Array) -> Box:
    inside = _inside(parameters, limits)
    count, hits = int(inside.sum()), int(fails[inside].sum())
    box = Box(
        limits=tuple((float(low), float(high)) for low, high in limits),
        density=hits / count if count else 0.0,
        coverage=hits / int(fails.sum()),
        mass=count / len(fails),
        quasi_p={},
    )
    for k in box.restricted:
        box.quasi_p[k] = _quasi_p(limits, k, parameters, fails, count, hits)
    return box


def _quasi_p(limits: Array, k: int, parameters: Array, fails: Array, count: int, hits: int) -> float:
    """Chance of at least `hits` failing among `count` runs at the rate found once parameter k is set free."""
    from scipy.special import bdtrc

    free = limits.copy()
    free[k] = -inf, inf
    inside = _inside(parameters, free)
    rate = float(fails[inside].mean())
    return float(bdtrc(hits - 1, count, rate)) if hits > 0 else 1.0


def _best_peel(
    limits: Array, parameters: Array, fails: Array, columns: list[int], peel: float, least_mass: float
) -> Array | None:
    """Limits after the best peel; None when none leaves enough runs, or when the box is all failing
    already."""
    inside = _inside(parameters, limits)
    now, hit = parameters[inside], fails[inside]
    if hit.all():
        return None
    best, best_score, lean = None, (-inf, -inf, -inf), _lean(now, hit)
    for k in columns:
        for side, share in ((0, peel), (1, 1 - peel)):
            edge = _edge(now[:, k], side, share)
            keep = now[:, k] >= edge if side == 0 else now[:, k] <= edge
            if keep.all() or not hit[keep].any() or keep.sum() < least_mass * len(fails):
                continue
            raised = (hit[keep].mean() - hit.mean()) / (~keep).sum()
            score = (raised, keep.sum(), lean[k])
            if score > best_score:
                best, best_score = limits.copy(), score
                best[k, side] = edge
    return best


def _lean(parameters: Array, hit: Array) -> Array:
    """How far apart the failing and the other runs lie in each parameter, (d,), in its standard deviations.

    It breaks ties between peels, which would otherwise fall to the order in which parameters are listed.
    """
    apart = np.abs(parameters[hit].mean(axis=0) - parameters[~hit].mean(axis=0))
    spread = parameters.std(axis=0)
    return np.divide(apart, spread, out=np.zeros(len(apart)), where=spread > 0)


def _edge(values: Array, side: int, share: float) -> float:
    """The limit that takes off about a share of the values at one end, and at least one distinct value.

    It lies halfway between the last value out and the first value in; infinite when all values are equal.
    """
    if side == 1:
        return -_edge(-values, 0, 1 - share)
    first_in = np.quantile(values, share, method="higher")
    if first_in == values.min():
        above = values[values > first_in]
        if len(above) == 0:
            return -inf
        first_in = above.min()
    return float((first_in + values[values < first_in].max()) / 2)


def _paste(limits: Array, parameters: Array, fails: Array) -> Array:
    """Widen one limit at a time, by a share of the box's runs, while the share of failing runs does not
    fall."""
    lean = _lean(parameters, fails)
    while True:
        inside = _inside(parameters, limits)
        best, best_score = None, (fails[inside].mean(), inside.sum(), inf)
        for k in range(limits.shape[0]):
            for side in (0, 1):
                wider = _widen(limits, k, side, parameters, max(1, int(PASTE * inside.sum())))
                if wider is None:
                    continue
                within = _inside(parameters, wider)
                score = (fails[within].mean(), within.sum(), -lean[k])
                if score > best_score:
                    best, best_score = wider, score
        if best is None:
            return limits
        limits = best


def _widen(limits: Array, k: int, side: int, parameters: Array, count: int) -> Array | None:
    """Limits with one side moved out so that at least `count` more runs enter; None when it is open
    already."""
    if np.isinf(limits[k, side]):
        return None
    free = limits.copy()
    free[k, side] = -inf if side == 0 else inf
    values = parameters[_inside(parameters, free), k]
    if side == 0:
        free[k, 0] = -_next_out(-values, -limits[k, 0], count)
    else:
        free[k, 1] = _next_out(values, limits[k, 1], count)
    return free


def _next_out(values: Array, limit: float, count: int) -> float:
    """An upper limit beyond `limit` that lets `count` more values in, halfway to the next one; inf when
    none is left."""
    outside = np.sort(values[values > limit])
    if count >= len(outside):
        return inf
    beyond = outside[outside > outside[count - 1]]
    return float((outside[count - 1] + beyond[0]) / 2) if len(beyond) else inf


def _best_split(limits: Array, parameters: Array, fails: Array, least: int) -> tuple[Array, Array] | None:
    """The two halves of a box with the least Gini impurity; None when no split lowers it enough."""
    inside = _inside(parameters, limits)
    now, hit = parameters[inside], fails[inside].astype(float)
    n, total = len(hit), hit.sum()
    everywhere = len(fails) * fails.mean() * (1 - fails.mean())
    best, least_impurity = None, total * (n - total) / n - WORTH_A_QUESTION * everywhere
    for k in range(now.shape[1]):
        order = np.argsort(now[:, k], kind="stable")
        values, below = now[order, k], np.cumsum(hit[order])[:-1]
        left = np.arange(1, n)
        impurity = below * (left - below) / left + (total - below) * (n - left - total + below) / (n - left)
        allowed = (values[1:] > values[:-1]) & (left >= least) & (n - left >= least)
        if allowed.any():
            cut = int(np.where(allowed, impurity, inf).argmin())
            if impurity[cut] < least_impurity:
                best, least_impurity = (k, (values[cut] + values[cut + 1]) / 2), impurity[cut]
    if best is None:
        return None
    k, cut_at = best
    low, high = limits.copy(), limits.copy()
    low[k, 1] = high[k, 0] = cut_at
    return low, high


def _condition(name: str, low: float, high: float) -> str:
    if low == -inf:
        return f"{name} < {high:.3g}"
    if high == inf:
        return f"{name} > {low:.3g}"
    return f"{name} between {low:.3g} and {high:.3g}"
