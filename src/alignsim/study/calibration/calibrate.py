"""The whole chain: screen, match in waves, fit, and check the fit against truths that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from alignsim.arrays import Array
from alignsim.errors import AlignsimError
from alignsim.plan.posterior import Posterior
from alignsim.study.calibration.abc import Sample, posterior, simulate_table, uniform
from alignsim.study.calibration.history_matching import Room, match, whole
from alignsim.study.calibration.learnt import Learnt, learnt
from alignsim.study.calibration.sbc import Check, recover
from alignsim.study.calibration.screening import Screening, screen
from alignsim.study.calibration.simulations import Progress, Simulations, fingerprint, held
from alignsim.study.calibration.target import Target

FEW = 50.0
"""Effective rows below which a posterior is too thin to be used."""


@dataclass(frozen=True)
class Settings:
    """How much work, and how it is judged.

    Simulations in all: trajectories x (k + 2) + waves x per_wave + table + truths + rows, at most.
    """

    trajectories: int = 20
    at_most: int = 10  # parameters that are fitted
    least: float = 0.25  # importance in tolerances from which a parameter is fitted
    waves: int = 3
    per_wave: int = 300
    nth: int = 1  # which largest implausibility rules out
    table: int = 5000  # simulations for the posterior
    share: float = 0.1  # of the table that is kept: near rows where summaries say much, more where they say little
    rows: int = 300  # vectors of the posterior
    truths: int = 200  # for simulation-based calibration; 0 leaves it out
    block: int = 64  # rows simulated and kept at a time


@dataclass(frozen=True)
class Fit:
    """What the posterior says of one summary: mean and sd over its rows, and the observed value in their sds."""

    summary: str
    observed: float
    mean: float
    sd: float
    off: float  # (observed - mean) / sd with observation error and discrepancy


@dataclass(frozen=True)
class Calibration:
    """The posterior and everything that led to it."""

    screening: Screening
    room: Room
    names: tuple[str, ...]  # of the fitted parameters
    values: Array  # (rows, a) equally weighted posterior vectors
    effective: float  # effective number of weighted simulations behind them
    learnt: Learnt
    fits: tuple[Fit, ...]
    check: Check | None

    def as_posterior(self, target: Target, family: str, told: Mapping[str, Any]) -> Posterior:
        """The table to be shipped. `told` says at least what `plan.posterior.TOLD` lists; what was learnt is added."""
        priors = dict(zip(target.names, target.priors, strict=True))
        about = {**told, "left": round(self.room.left, 6), "learnt": self.learnt.in_words()}
        return Posterior(self.names, self.values, family, tuple(str(priors[name]) for name in self.names), about)

    def in_words(self) -> list[str]:
        """The calibration in lines of plain text."""
        return [
            self.screening.in_words(),
            *(wave.in_words(self.screening.summaries) for wave in self.room.waves),
            *self.learnt.in_words(),
            *(
                f"{f.summary}: observed {f.observed:.3g}, fitted {f.mean:.3g} ± {f.sd:.2g} ({f.off:+.1f} sds)"
                for f in self.fits
            ),
            *(self.check.in_words() if self.check else ["not checked against known truths"]),
        ]


def calibrate(
    target: Target,
    seed: int = 1,
    settings: Settings | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fit `target`. With a folder, finished blocks of simulations are kept there and the same call goes on from them.

    Raises Implausible when no parameters come near the observed summaries, FileProblem when the folder belongs to
    another calibration, FolderInUse when another process holds it, and AlignsimError when no parameter matters or the
    posterior is too thin.
    """
    chosen = settings or Settings()
    # sums over several threads differ in their last bits, so linear algebra keeps to one
    with held(folder, fingerprint(target, seed, asdict(chosen))), threadpool_limits(1):
        simulations = Simulations(target, seed, folder, chosen.block, progress)
        screening = screen(simulations, chosen.trajectories, chosen.at_most, chosen.least)
        columns = screening.fitted
        if not columns:
            raise AlignsimError(
                f"there is nothing to fit: no parameter changes a summary by {chosen.least:g} of its tolerance "
                "(observation error and discrepancy). Choose summaries that feel the parameters, or smaller tolerances"
            )
        points = max(chosen.table, chosen.per_wave)
        room = match(simulations, columns, chosen.waves, chosen.per_wave, points + chosen.truths, chosen.nth)
        return _fit(simulations, screening, room, chosen)


def _fit(simulations: Simulations, screening: Screening, room: Room, chosen: Settings) -> Calibration:
    target, columns = simulations.target, screening.fitted
    names = tuple(target.names[j] for j in columns)
    mixed = room.points[np.argsort(simulations.uniforms("order", len(room.points), 1)[:, 0], kind="stable")]
    table = simulate_table(simulations, mixed[chosen.truths :][: chosen.table], columns)
    sample = posterior(table, target.observed, chosen.share)
    if sample.size < FEW:
        raise AlignsimError(
            f"only {sample.size:.0f} effective simulations come near the observed summaries; simulate a larger table"
        )
    scores = _equally_weighted(simulations, sample, chosen.rows)
    values = target.values(uniform(scores), list(columns))
    prior = target.values(np.tile(((np.arange(999) + 0.5) / 999)[:, None], len(columns)), list(columns))
    check = None
    if chosen.truths:
        truths = simulate_table(simulations, mixed[: chosen.truths], columns, "truths")
        check = recover(names, table, truths, chosen.share, simulations)
    return Calibration(
        screening, room, names, values, sample.size, learnt(names, scores, prior, values),
        _fits(simulations, scores, columns), check,
    )  # fmt: skip


def _equally_weighted(simulations: Simulations, sample: Sample, rows: int) -> Array:
    """Systematic resampling, so that each row appears in proportion to its weight, give or take one; then mixed."""
    start = simulations.uniforms("resampling", 1, 1)[0, 0]
    scores = sample.rows((np.arange(rows) + start) / rows)
    return scores[np.argsort(simulations.uniforms("mixing", rows, 1)[:, 0], kind="stable")]


def _fits(simulations: Simulations, scores: Array, columns: tuple[int, ...]) -> tuple[Fit, ...]:
    target = simulations.target
    found = simulations.run("fitted", whole(simulations, "fitted", uniform(scores), columns))
    mean, sd = found.mean(axis=0), found.std(axis=0, ddof=1)
    off = (target.observed - mean) / np.hypot(sd, target.tolerance)
    each = zip(target.summaries, target.observed, mean, sd, off, strict=True)
    return tuple(Fit(name, float(o), float(m), float(s), float(z)) for name, o, m, s, z in each)
