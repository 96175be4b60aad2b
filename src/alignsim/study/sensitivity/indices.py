"""Sobol', Morris and PAWN indices of one outcome, through SALib, with intervals over points and over runs.

Sobol': first and total order by Saltelli et al. (2010, Computer Physics Communications 181, 259-270), second order by
Saltelli (2002, CPC 145, 280-297). Morris: elementary effects (Morris 1991, Technometrics 33, 161-174), mu* by
Campolongo, Cariboni and Saltelli (2007, Environmental Modelling & Software 22, 1509-1518). PAWN: Pianosi and Wagener
(2018, EMS 108, 197-207), with the level that an input without effect reaches (Khorashadi Zadeh et al. 2017, EMS 91,
210-222).

Intervals are of the normal approximation at `level`: a bootstrap over base rows, trajectories or points, and a
jackknife over (groups of) runs, in quadrature.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from alignsim.random import name_key
from alignsim.study.sensitivity.design import Design, Errors, NotAnalysable, checked, flat
from alignsim.study.sensitivity.noise import noise
from alignsim.study.sensitivity.result import Measure, Sensitivity

Array = Any
LEVEL = 0.95
RESAMPLES = 200
"""Of the bootstrap: the half-width of an interval is then known to a twentieth."""
FOLDS = 20
"""Most groups of runs that the jackknife leaves out in turn."""
IMPOSSIBLE = 0.001
"""Chance, over all indices of an analysis, at which one below zero is no longer sampling noise but an error."""
SLICES = (10, 8, 5, 4)
"""Of an input's range for PAWN: ten (Pianosi and Wagener 2018), fewer where a slice would have under 20 points.
SALib fails on some other numbers, for which its quantiles round to above 1."""
SHARE = "share of the outcome's variance over what was varied"


def sobol(
    design: Design, values: Array, outcome: str = "the outcome", *, seed: int = 0, level: float = LEVEL,
    resamples: int = RESAMPLES, errors: Errors = None, strict: bool = True,
) -> Sensitivity:  # fmt: skip
    """First, total and, where the design allows, second-order indices of `values` (n,) or (n, R), saltelli design.

    Indices are those of the mean over runs. A design for second-order indices holds two samples of everything, A
    against B and B against A; both are used. `strict=False` lets impossible indices pass (for a convergence plot).
    Raises NotAnalysable for another design, a value that is not finite, an outcome that is the same everywhere, and an
    index below zero by more than sampling noise.
    """
    _of_kind(design, "saltelli", "Sobol' indices")
    values = checked(design, values, outcome, errors)
    if flat(values.mean(axis=1)):
        raise NotAnalysable(
            f"{outcome} is the same at every point ({values.flat[0]:.6g}): there is no variance to share out. Vary "
            "something it depends on, or look at another outcome."
        )
    key = _seed(seed, "sobol", outcome)
    found = _sobol(design, values.mean(axis=1), key, level, resamples)
    runs = _over_runs(lambda y: {k: v for k, (v, _) in _sobol(design, y, key, level, 2).items()}, values, level)
    made = {
        name: Measure(words, symbol, means, found[name][0], found[name][1], runs.get(name, 0.0 * found[name][0]))
        for name, (words, symbol, means) in {
            "total": ("total order", "ST", f"{SHARE} that goes through the input, alone or with others"),
            "first": ("first order", "S1", f"{SHARE} that comes from the input alone"),
            "second": ("second order", "S2", f"{SHARE} that comes from two inputs together, beyond each alone"),
        }.items()
        if name in found
    }
    pairs = made.pop("second", None)
    if strict:
        _possible(design, values, outcome, made | ({"second": pairs} if pairs else {}), level)
    return _result("sobol", design, values, outcome, made, level, pairs=pairs)


def _sobol(design: Design, y: Array, seed: int, level: float, resamples: int) -> dict[str, tuple[Array, Array]]:
    """(estimate, half-width) of each index; twice over, with A and B exchanged, where the design has all points."""
    from SALib.analyze import sobol as salib

    both = [y, _exchanged(y, design)] if design.second_order else [y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of resamples in which nothing varies
        found = [
            salib.analyze(
                design.problem, part, design.second_order, resamples, level, keep_resamples=True, seed=seed
            )
            for part in both
        ]  # fmt: skip
    z = _z(level)
    made = {}
    for name, symbol in (("total", "ST"), ("first", "S1")):
        again = np.mean([part[f"{symbol}_conf_all"] for part in found], axis=0)
        made[name] = (np.mean([part[symbol] for part in found], axis=0), z * again.std(axis=0, ddof=1))
    if (
        design.second_order
    ):  # SALib keeps no resamples of these; the mean of two half-widths is at least that of the mean
        second, half = (np.mean([part[key] for part in found], axis=0) for key in ("S2", "S2_conf"))
        made["second"] = (second, half)
    return made


def _exchanged(y: Array, design: Design) -> Array:
    """The same values with the samples A and B exchanged: rows A, AB, BA, B become B, BA, AB, A."""
    d = len(design.labels)
    block = y.reshape(design.base, design.block)
    return np.concatenate([block[:, -1:], block[:, d + 1 : -1], block[:, 1 : d + 1], block[:, :1]], axis=1).ravel()


def morris(
    design: Design, values: Array, outcome: str = "the outcome", *, seed: int = 0, level: float = LEVEL,
    resamples: int = RESAMPLES, errors: Errors = None, strict: bool = True,
) -> Sensitivity:  # fmt: skip
    """Mean (mu), mean size (mu*) and spread (sigma) of the elementary effects over a morris design, in units of the
    outcome for the whole range of an input.

    A sigma near zero says that the input adds the same everywhere; a large one that it is curved or acts with others.
    mu and sigma of a group of several inputs are not defined and given as NaN. Raises NotAnalysable as `sobol` does.
    """
    _of_kind(design, "morris", "elementary effects")
    if design.base < 2:
        raise NotAnalysable("one trajectory has no spread; sweep with --points 10 or more")
    values = checked(design, values, outcome, errors)
    y = values.mean(axis=1)
    found = _elementary(design, y)
    draws = np.random.default_rng(_seed(seed, "morris", outcome))
    again = []
    for _ in range(resamples):
        rows = design.rows(draws.integers(design.base, size=design.base))
        again.append(_elementary(design, y, rows))
    runs = _over_runs(lambda means: _elementary(design, means), values, level)
    across = "for the whole range of the input, in units of the outcome"
    made = {
        name: Measure(words, symbol, f"{means}, {across}", found[name],
                      _z(level) * np.std([one[name] for one in again], axis=0, ddof=1),
                      runs.get(name, 0.0 * found[name]))
        for name, (words, symbol, means) in {
            "mu_star": ("mean size of effects", "μ*", "mean size of the change"),
            "mu": ("mean effect", "μ", "mean change"),
            "sigma": ("spread of effects", "σ", "standard deviation of the change over places"),
        }.items()
    }  # fmt: skip
    _finite(design, outcome, {"mu_star": made["mu_star"]})
    return _result("morris", design, values, outcome, made, level)


def _elementary(design: Design, y: Array, rows: Array | None = None) -> dict[str, Array]:
    from SALib.analyze import morris as salib

    rows = np.arange(len(y)) if rows is None else rows
    found = salib.analyze(
        design.problem, design.points[rows], y[rows], num_resamples=2, num_levels=design.levels, seed=1
    )
    made = {name: np.array(np.ma.filled(found[name], np.nan), float) for name in ("mu_star", "mu", "sigma")}
    alone = np.array([(design.groups or design.names).count(label) == 1 for label in design.labels])
    return made | {name: np.where(alone, made[name], np.nan) for name in ("mu", "sigma")}


def pawn(
    design: Design, values: Array, outcome: str = "the outcome", *, seed: int = 0, level: float = LEVEL,
    resamples: int = RESAMPLES, errors: Errors = None, strict: bool = True,
) -> Sensitivity:  # fmt: skip
    """How far fixing an input shifts the whole distribution of the outcome: the median over slices of its range of the
    Kolmogorov-Smirnov distance, 0..1, over a lhs, sobol or saltelli design (of the last, samples A and B).

    Even an input without effect has a distance above zero; `inert` is the level that shuffled inputs stay below in 95
    of 100 cases. The index of a group is the mean over its inputs. Raises NotAnalysable as `sobol` does, and for fewer
    than 80 points.
    """
    from SALib.analyze import pawn as salib

    if design.kind not in ("lhs", "sobol", "saltelli"):
        raise NotAnalysable(
            f"PAWN needs points spread over the whole space, not a {design.kind} design: sweep with --design lhs"
        )
    values = checked(design, values, outcome, errors)
    alone, rows = design.independent()
    values, n = values[rows], len(rows)
    slices = next((s for s in SLICES if n >= 20 * s), 0)
    if not slices:
        raise NotAnalysable(f"PAWN needs {20 * SLICES[-1]} points or more, and there are {n}; sweep with more --points")
    y, x = values.mean(axis=1), _untied(alone.points)
    estimate = np.array(salib.analyze(alone.problem, x, y, S=slices)["median"], float)
    draws = np.random.default_rng(_seed(seed, "pawn", outcome))
    blocks = draws.integers(alone.base, size=(resamples, alone.base))
    again = [_distances(alone, x[b], y[b], slices) for b in map(alone.rows, blocks)]
    shuffled = np.stack([draws.permutation(n) for _ in range(RESAMPLES)], axis=1)
    inert = float(np.quantile([_distance(column, y, slices) for column in shuffled.T], 0.95))
    runs = _over_runs(lambda means: {"pawn": _distances(alone, x, means, slices)}, values, level)
    measure = Measure(
        "PAWN", "PAWN", "distance by which fixing the input shifts the outcome's distribution, 0 to 1", estimate,
        _z(level) * np.std(again, axis=0, ddof=1), runs.get("pawn", 0.0 * estimate),
    )  # fmt: skip
    _finite(design, outcome, {"pawn": measure})
    return _result("pawn", design, values, outcome, {"pawn": measure}, level, inert=inert)


def _untied(points: Array) -> Array:
    """Points whose inputs with equal values, such as levels, are replaced by ranks in the order of the points.

    SALib's slices of an input hold no point at its largest value, which for three levels is a third of all points.
    """
    columns = [x if len(np.unique(x)) == len(x) else np.argsort(np.argsort(x, kind="stable")) for x in points.T]
    return np.stack(columns, axis=1).astype(float)


def _distances(design: Design, x: Array, y: Array, slices: int) -> Array:
    """SALib's PAWN of every input or group, (D,), a hundred times as fast, for the many samples of a bootstrap."""
    each = np.array([_distance(column, y, slices) for column in x.T])
    if not design.groups:
        return each
    groups = np.array(design.groups)
    return np.array([each[groups == label].mean() for label in design.labels])


def _distance(x: Array, y: Array, slices: int) -> float:
    """Median over slices of x of the largest distance between the distribution of y there and everywhere."""
    edges = np.quantile(x, np.arange(slices + 1) / slices)
    order = np.argsort(y, kind="stable")
    x, y = x[order], y[order]
    inside = (x >= edges[:-1, None]) & (x < edges[1:, None])
    inside = inside[inside.any(axis=1)]
    last = np.append(y[1:] > y[:-1], True)  # where y is tied, only its last place counts
    here = inside.cumsum(axis=1) / inside.sum(axis=1, keepdims=True)
    everywhere = np.arange(1, len(y) + 1) / len(y)
    return float(np.median(np.abs(here - everywhere)[:, last].max(axis=1)))


METHOD_OF: dict[str, Callable[..., Sensitivity]] = {"saltelli": sobol, "morris": morris, "lhs": pawn, "sobol": pawn}
"""The analysis that a design was made for."""
METHODS: dict[str, Callable[..., Sensitivity]] = {"sobol": sobol, "morris": morris, "pawn": pawn}


def analyse(
    design: Design, values: Array, outcome: str = "the outcome", method: str | None = None, **options: Any
) -> Sensitivity:
    """The analysis that the design was made for, or `method`, one of "sobol", "morris" and "pawn".

    Raises NotAnalysable for a grid, which has none, and as the methods do.
    """
    if method is None and design.kind not in METHOD_OF:
        raise NotAnalysable(
            "a grid has response curves and heat maps but no indices of sensitivity; sweep with --design saltelli "
            "(shares of variance), morris (screening of many inputs) or lhs (moment-independent)"
        )
    chosen = METHODS[method] if method else METHOD_OF[design.kind]
    return chosen(design, values, outcome, **options)


# --- what the methods share


def _result(
    method: str, design: Design, values: Array, outcome: str, measures: dict[str, Measure], level: float,
    pairs: Measure | None = None, inert: float = 0.0,
) -> Sensitivity:  # fmt: skip
    return Sensitivity(
        method, outcome, design.labels, measures, pairs, noise(values), design.kind, design.base, design.block,
        values.shape[1], level, inert,
    )  # fmt: skip


def _of_kind(design: Design, kind: str, what: str) -> None:
    if design.kind != kind:
        raise NotAnalysable(f"{what} need a {kind} design, and this is a {design.kind}: sweep with --design {kind}")


def _seed(seed: int, method: str, outcome: str) -> int:
    """Of a bootstrap; never zero, which SALib takes for none and draws from the global generator."""
    return name_key("sensitivity", str(seed), method, outcome) >> 1 | 1


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def _over_runs(statistic: Callable[[Array], dict[str, Array]], values: Array, level: float) -> dict[str, Array]:
    """Half-widths from the sampling of runs: a delete-a-group jackknife with Student's t (Kott 2001, Journal of
    Official Statistics 17, 521-526); empty with one run."""
    from scipy.stats import t

    runs = values.shape[1]
    if runs < 2:
        return {}
    folds = np.array_split(np.arange(runs), min(runs, FOLDS))
    found = [statistic(np.delete(values, fold, axis=1).mean(axis=1)) for fold in folds]
    g = len(folds)
    factor = float(t.ppf(0.5 + level / 2, g - 1)) * np.sqrt((g - 1) / g)
    stacked = {name: np.stack([one[name] for one in found]) for name in found[0]}
    return {name: factor * np.sqrt(((each - each.mean(axis=0)) ** 2).sum(axis=0)) for name, each in stacked.items()}


def _finite(design: Design, outcome: str, measures: Mapping[str, Measure]) -> None:
    for measure in measures.values():
        kept = np.isfinite(measure.values) & np.isfinite(measure.half)
        if measure.values.ndim == 2:
            kept |= np.tril(np.ones_like(kept))
        if not kept.all():
            place = design.labels[int(np.argwhere(~kept)[0][0])]
            raise NotAnalysable(
                f"{outcome}: the {measure.name} index of {place} is not a finite number. Look at the values of the "
                "outcome for one that is far larger than all others, and at whether the input varies at all."
            )


def _possible(design: Design, values: Array, outcome: str, measures: Mapping[str, Measure], level: float) -> None:
    """Raise where an index is not finite, or is further below zero than sampling noise takes it."""
    _finite(design, outcome, measures)
    d = len(design.labels)
    beyond = NormalDist().inv_cdf(1 - IMPOSSIBLE / (d + d * d / 2)) / _z(level)
    for measure in measures.values():
        value = np.nan_to_num(measure.values)
        wrong = value + beyond * np.nan_to_num(measure.half) < -1e-9
        if not wrong.any():
            continue
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        who = " with ".join(design.labels[i] for i in place)
        raise NotAnalysable(
            f"{outcome}: the {measure.name} index of {who} is {measure.values[place]:.3f}, below zero by more than "
            f"sampling explains (interval ±{measure.half[place]:.3f}): a share of variance cannot be. Either the "
            f"points are not in the order of the design, or single runs outweigh all others; look first at "
            f"{_heaviest(design, values)}. More points than N = {design.base} help against the second."
        )


def _heaviest(design: Design, values: Array) -> str:
    """The point, and the run there, that lies furthest from the rest."""
    point = int(np.abs(values.mean(axis=1) - np.median(values.mean(axis=1))).argmax())
    run = int(np.abs(values[point] - np.median(values, axis=0)).argmax())
    return f"point {point}" + (f", run {run}" if values.shape[1] > 1 else "")
