"""Could the record tell a residual from what else is fitted? Known truths with and without it, fitted with and without.

A *residual* is a parameter that the fit in use keeps at nil. Histories are simulated from parameters drawn from the
prior, each twice: with the residual drawn from its own prior, and without it. The two are twins: they share all other
parameters, the simulator's noise and the errors of observation, so that what parts their fits is the residual's doing.
Every truth is fitted with the residual among the parameters and without it (simulation-based calibration as in Talts
et al. 2018, on one table of simulations for all fits as in Prangle et al. 2014), once with the errors that the record
has and once with a tenth of them: what is still not told apart then, no longer record of this kind will tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from alignsim.arrays import Array
from alignsim.study.calibration.abc import EDGE, Table, posterior, rows_kept
from alignsim.study.calibration.sbc import DRAWS, Check
from alignsim.study.calibration.simulations import Progress, Simulations, fingerprint, held
from alignsim.study.calibration.target import Target

NIL = 0.5
"""The uniform at which a residual is nil: its prior is centred on it."""
ERRORS = (1.0, 0.1)
"""Errors of observation and discrepancy, as shares of the record's."""
INTERVAL = (0.05, 0.95)
FINE = 400
"""Points at which a posterior's quantiles are read."""
ENOUGH = 100
"""Truths on which the luck of the table is judged: it is the same for all of them."""


@dataclass(frozen=True)
class Settings:
    """How much work: 2 x (table + truths) simulations."""

    table: int = 4000  # pairs of simulations behind the posteriors
    truths: int = 200  # pairs that are fitted
    share: float = 1.0  # of the table that is kept
    nearest: float = 0.1  # of the table that is kept for comparison
    block: int = 64  # pairs simulated and kept at a time
    parts: int = 20  # of the table, each left out in turn to see what hangs on the table's luck (jackknife)


@dataclass(frozen=True)
class Fits:
    """Posteriors of T truths, in normal scores of u: standard normal a priori, so 1 is one sd of the prior."""

    names: tuple[str, ...]  # of the fitted parameters; the residual is the last where it is fitted
    truths: Array  # (T, a)
    mean: Array  # (T, a)
    sd: Array  # (T, a)
    low: Array  # (T, a) 5 %
    high: Array  # (T, a) 95 %
    correlation: Array  # (T, a, a)
    ranks: NDArray[np.int64]  # (T, a) of the truth among DRAWS draws

    def check(self) -> Check:
        """Ranks and errors as in `sbc`; meaningless for a parameter that is the same in every truth."""
        spread = self.truths.std(axis=0)
        error = np.sqrt(np.square(self.mean - self.truths).mean(axis=0)) / np.where(spread > 0, spread, np.nan)
        return Check(self.names, self.ranks, error)

    def held(self) -> NDArray[np.bool_]:
        """(T, a) whether the 90 % interval holds the truth."""
        return np.asarray((self.low <= self.truths) & (self.truths <= self.high))

    def shrinkage(self) -> Array:
        """(a,) 1 - mean posterior variance / prior variance: 1 is certainty, 0 nothing."""
        return 1 - np.square(self.sd).mean(axis=0)

    def recovered(self) -> Array:
        """(a,) correlation of posterior mean and truth over the truths; nan where all truths are the same."""
        mean, truths = self.mean - self.mean.mean(axis=0), self.truths - self.truths.mean(axis=0)
        spread = np.sqrt(np.square(mean).sum(axis=0) * np.square(truths).sum(axis=0))
        return (mean * truths).sum(axis=0) / np.where(spread > 0, spread, np.nan)

    def tied(self) -> Array:
        """(a, a) posterior correlation, averaged over the truths."""
        return self.correlation.mean(axis=0)


@dataclass(frozen=True)
class View:
    """The four set-ups at one size of the errors: whether the truths have the residual, and whether it is fitted."""

    errors: float  # as a share of the record's
    size: Array  # (T,) the residual of each truth that has it, in sds of its prior
    with_it: Fits  # truths with the residual, fitted with it
    missed: Fits  # truths with it, fitted without: the set-up of a fit that keeps the residual at nil
    imagined: Fits  # truths without it, fitted with it
    without: Fits  # truths without it, fitted without
    with_nearest: Fits  # as `with_it`, from the nearest rows of the table: what hangs on keeping all
    luck: Array  # (a - 1,) standard error of the slopes of `shift` that comes from the table
    nearest: int  # rows behind each of `with_nearest`

    def shift(self) -> tuple[Array, Array]:
        """How far one sd of an unfitted residual moves the posterior means, in sds of their priors: (a - 1,) slopes
        through nil, where twins agree, and their standard errors. These count the luck of the truths, with unequal
        spread (White 1980), and that of the table: all truths share it, and a residual takes histories to where the
        table has few rows or none."""
        moved, size = self.missed.mean - self.without.mean, self.size[:, None]
        slope = _slope(size, moved)
        error = np.sqrt(np.square(size * (moved - slope * size)).sum(axis=0)) / np.square(size).sum()
        return slope, np.hypot(error, self.luck)


@dataclass(frozen=True)
class Recovery:
    """What synthetic truths say of one residual."""

    names: tuple[str, ...]  # of the fitted parameters, the residual last
    sd: float  # one sd of the residual's prior in its own unit
    summaries: tuple[str, ...]
    felt: Array  # (s,) mean change of each summary by one sd of the residual, in tolerances
    alike: Array  # (a - 1,) cosine of what each other parameter and the residual do to the summaries, in tolerances
    views: tuple[View, ...]  # one for each of ERRORS

    @property
    def residual(self) -> str:
        return self.names[-1]


@dataclass(frozen=True)
class Pairs:
    """Twins: fitted parameters, and summaries with and without the residual, before errors are added."""

    scores: Array  # (n, a), the residual last
    on: Array  # (n, s)
    off: Array  # (n, s)
    errors: Array  # (n, s) standard normal, the same for both twins

    def table(self, target: Target, errors: float, on: bool, fitted: bool) -> Table:
        """The rows of one set-up, with errors of that share added."""
        scores = self.scores if fitted else self.scores[:, :-1]
        if fitted and not on:
            scores = np.hstack([self.scores[:, :-1], np.zeros((len(scores), 1))])
        return Table(scores, (self.on if on else self.off) + errors * target.tolerance * self.errors)


def study(
    target: Target,
    residual: str,
    fitted: tuple[str, ...],
    seed: int = 1,
    settings: Settings | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Recovery:
    """Ask what `target` could tell of the parameter `residual` when the parameters `fitted` are fitted too.

    What was observed plays no part, only the size of its errors. With a folder the simulations are kept there, and the
    same call goes on from them, also with errors of another size. Raises ValueError where the residual's prior is not
    centred on nil, FileProblem where the folder belongs to another study, and FolderInUse where it is held.
    """
    chosen = settings or Settings()
    columns = [target.names.index(name) for name in (*fitted, residual)]
    nil, one = target.values(np.array([[NIL], [0.8413447460685429]]), columns[-1:])[:, 0]
    if abs(nil) > 1e-9 * abs(one):
        raise ValueError(f"the prior of {residual} is centred on {nil:.3g}; that of a residual is centred on nil")
    twins = _twins(target, columns[-1])
    asked = fingerprint(twins, seed, {"table": chosen.table, "truths": chosen.truths, "block": chosen.block})
    # no simulation depends on the record and its errors, nor on which of the parameters are fitted
    asked |= {"numbers": target.bounds.tolist(), "residual": residual}
    with held(folder, asked), threadpool_limits(1):
        simulations = Simulations(twins, seed, folder, chosen.block, progress)
        table = _simulate(simulations, "table", chosen.table, columns)
        truths = _simulate(simulations, "truths", chosen.truths, columns)
        names = (*fitted, residual)
        views = tuple(_view(target, names, table, truths, errors, chosen, simulations) for errors in ERRORS)
    felt, alike = _fingerprints(table, target.tolerance)
    return Recovery(names, float(one), target.summaries, felt, alike, views)


def _twins(target: Target, column: int) -> Target:
    """The target with twice the summaries: those with the parameter of a column as given, and those with it at nil."""

    def simulate(u: Array, seed: int) -> Array:
        without = u.copy()
        without[:, column] = NIL
        return np.hstack([target.simulate(u, seed), target.simulate(without, seed)])

    def twice(array: Array) -> Array:
        return np.concatenate([array, array])

    return replace(
        target,
        simulate=simulate,
        summaries=(*target.summaries, *(f"{name}, without" for name in target.summaries)),
        observed=twice(target.observed),
        observation_sd=twice(target.observation_sd),
        discrepancy_sd=twice(target.discrepancy_sd),
    )


def _simulate(simulations: Simulations, stage: str, rows: int, columns: list[int]) -> Pairs:
    """Pairs at parameters drawn from their priors, all of them."""
    u = np.clip(simulations.uniforms(f"recovery {stage}", rows, len(simulations.target.names)), EDGE, 1 - EDGE)
    found = simulations.run(stage, u)
    on, off = np.hsplit(found, 2)
    errors = ndtri(simulations.uniforms(f"recovery {stage} errors", *on.shape))
    return Pairs(ndtri(u[:, columns]), on, off, errors)


def _view(
    target: Target, names: tuple[str, ...], table: Pairs, truths: Pairs, errors: float, chosen: Settings,
    simulations: Simulations,
) -> View:  # fmt: skip
    places = simulations.uniforms("recovery ranks", len(truths.scores), DRAWS)
    # fitted with the residual from rows that have it, without it from rows that have none
    rows = {fitted: table.table(target, errors, fitted, fitted) for fitted in (True, False)}
    size, few, done = truths.scores[:, -1], min(ENOUGH, len(places)), 0

    def fits(on: bool, fitted: bool, used: Table, count: int = len(places), share: float = chosen.share) -> Fits:
        nonlocal done
        true, kept = truths.table(target, errors, on, fitted), []
        true = Table(true.scores[:count], true.summaries[:count])
        for one in _each(used, true, places, share):
            kept.append(one)
            done += 1
            if simulations.progress:
                total = 5 * len(places) + 2 * chosen.parts * few
                simulations.progress(f"fits, errors x {errors:g}", done, total)
        return Fits(names if fitted else names[:-1], true.scores, *(np.stack(part) for part in zip(*kept, strict=True)))

    slopes = []
    for part in range(chosen.parts):
        used = _omitting(rows[False], slice(part, None, chosen.parts))
        moved = fits(True, False, used, few).mean - fits(False, False, used, few).mean
        slopes.append(_slope(size[:few, None], moved))
    luck = np.sqrt((chosen.parts - 1) * np.var(slopes, axis=0))
    with_it, missed = fits(True, True, rows[True]), fits(True, False, rows[False])
    imagined, without = fits(False, True, rows[True]), fits(False, False, rows[False])
    with_nearest = fits(True, True, rows[True], share=chosen.nearest)
    kept = rows_kept(len(table.scores), table.on.shape[1], chosen.nearest)
    return View(errors, size, with_it, missed, imagined, without, with_nearest, luck, kept)


def _omitting(table: Table, left: slice) -> Table:
    """The table without some of its rows."""
    kept = np.ones(len(table.scores), dtype=bool)
    kept[left] = False
    return Table(table.scores[kept], table.summaries[kept])


def _slope(size: Array, moved: Array) -> Array:
    """Least squares through nil of moved (T, a) on size (T, 1): (a,)."""
    return np.asarray((size * moved).sum(axis=0) / np.square(size).sum())


def _each(table: Table, truths: Table, places: Array, share: float) -> Iterator[tuple[Array, ...]]:
    """Mean, sd, 5 %, 95 %, correlation and rank of each truth's posterior."""
    fine = (np.arange(FINE) + 0.5) / FINE
    for true, seen, at in zip(truths.scores, truths.summaries, places, strict=False):
        sample = posterior(table, seen, share)
        mean = sample.weights @ sample.scores
        centred = sample.scores - mean
        covariance = (sample.weights[:, None] * centred).T @ centred
        sd = np.sqrt(np.diag(covariance))
        low, high = np.quantile(sample.rows(fine), INTERVAL, axis=0)
        yield mean, sd, low, high, covariance / np.outer(sd, sd), (sample.rows(at) < true).sum(axis=0)


def _fingerprints(table: Pairs, tolerance: Array) -> tuple[Array, Array]:
    """What one sd of the residual does to the summaries (s,), and how like it is to what the others do (a - 1,)."""
    size, others = table.scores[:, -1], table.scores[:, :-1]
    felt = size @ (table.on - table.off) / np.square(size).sum() / tolerance
    design = np.hstack([np.ones((len(others), 1)), others])
    effects = np.linalg.lstsq(design, table.off / tolerance, rcond=None)[0][1:]
    length = np.linalg.norm(effects, axis=1) * np.linalg.norm(felt)
    return felt, effects @ felt / np.where(length > 0, length, np.nan)
