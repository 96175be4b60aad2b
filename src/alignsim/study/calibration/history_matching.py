"""History matching: rule out, wave by wave, the parameters that cannot have produced what was observed.

A parameter vector is implausible when the emulated mean of a summary lies more than three sds from the observed one,
the sd counting observation error, model discrepancy, the emulator's own doubt and the noise of one history (Craig et
al. 1997; Vernon, Goldstein and Bower 2010; for noisy simulators Andrianakis et al. 2015). Each wave simulates only
where the earlier ones left room, and emulates anew there. What is left is covered by points that move through it like
the populations of subset simulation (Au and Beck 2001), so that even a small remainder is found and its share known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alignsim.arrays import Array
from alignsim.errors import AlignsimError
from alignsim.random import name_key
from alignsim.study.calibration.emulator import Emulator, fit, refit
from alignsim.study.calibration.simulations import Simulations
from alignsim.study.calibration.target import Target

CUTOFF = 3.0
"""Implausible beyond this many sds: at least 95 % of any unimodal distribution is within (Pukelsheim 1994)."""
POOR = 0.15
"""Share of held-out errors beyond three sds from which a summary is left out of a wave; 5 % at most are due."""
SWEEPS = 12
"""Random steps of each point after a narrowing, so that copies part."""
LEVELS = 25
"""Narrowings in one wave before it is given up: each keeps at least a tenth, so 1e-25 of the space would be found."""


class Implausible(AlignsimError):
    """No parameters come near what was observed: the model, or its discrepancy, is wrong."""


@dataclass(frozen=True)
class Wave:
    """The emulators of one wave and what they ruled out."""

    number: int
    emulators: tuple[Emulator, ...]  # one a summary
    used: Array  # (s,) of bool: summaries that are emulated well enough to judge by
    errors: Array  # (held out, s) held-out errors of the emulators, in their own sds
    share: float  # of the space left before this wave, the share that is left after it
    left: float  # share of the whole prior that is left

    def in_words(self, summaries: tuple[str, ...]) -> str:
        far = (np.abs(self.errors) > 3).mean()
        unused = [name for name, used in zip(summaries, self.used, strict=True) if not used]
        without = f"; badly emulated and left out: {', '.join(unused)}" if unused else ""
        return (
            f"wave {self.number}: {_percent(self.left)} of the prior is left ({_percent(self.share)} of what it "
            f"began with); {far:.1%} of held-out emulator errors exceed three sds{without}"
        )


@dataclass(frozen=True)
class Room:
    """What the waves have left of the unit cube, with points spread evenly over it."""

    points: Array  # (rows, a) fitted parameters as uniforms
    waves: tuple[Wave, ...]

    @property
    def left(self) -> float:
        """Share of the prior that is left."""
        return self.waves[-1].left if self.waves else 1.0


@dataclass(frozen=True)
class Judge:
    """What implausibility is measured against, and how strictly."""

    target: Target
    columns: list[int]  # of the fitted parameters
    nth: int  # 1 for the largest implausibility of any summary, 2 for the second largest, which forgives one

    def by_summary(self, wave: Wave, u: Array) -> Array:
        """The implausibility of every summary at u (rows, a): (rows, s)."""
        x = self.target.scaled(u, self.columns)
        columns = []
        for emulator, seen, sd in zip(wave.emulators, self.target.observed, self.target.tolerance, strict=True):
            mean, doubt = emulator.predict(x)
            columns.append(np.abs(mean - seen) / np.sqrt(sd**2 + doubt + emulator.noise))
        return np.stack(columns, axis=1)

    def implausibility(self, wave: Wave, u: Array) -> Array:
        """The nth largest implausibility of the used summaries at u: (rows,); 0 where there are fewer than n."""
        each = np.sort(self.by_summary(wave, u)[:, wave.used], axis=1)
        return each[:, -self.nth] if each.shape[1] >= self.nth else np.zeros(len(u))


def match(
    simulations: Simulations, columns: tuple[int, ...], waves: int, per_wave: int, points: int, nth: int = 1
) -> Room:
    """Up to `waves` waves of `per_wave` simulations over the parameters `columns`; the others vary as their priors do.

    `nth` as in Judge. Ends early when a wave rules out less than a tenth of what was left. Raises Implausible when
    nothing is left.
    """
    judge = Judge(simulations.target, list(columns), nth)
    room = Room(_spread(simulations, points, len(columns)), ())
    for number in range(1, waves + 1):
        design = room.points[:per_wave]
        found = simulations.run(f"wave-{number}", whole(simulations, f"wave-{number}", design, columns))
        emulators, errors = _emulate(judge.target.scaled(design, judge.columns), found)
        used = (np.abs(errors) > 3).mean(axis=0) <= POOR
        room = _narrow(judge, room, Wave(number, emulators, used, errors, 1.0, room.left), simulations.seed)
        if room.waves[-1].share > 0.9:
            break
    return room


def whole(simulations: Simulations, stage: str, fitted: Array, columns: tuple[int, ...]) -> Array:
    """All k uniforms (rows, k): the fitted ones as given, the others drawn from their priors."""
    u = simulations.uniforms(stage, len(fitted), len(simulations.target.names))
    u[:, list(columns)] = fitted
    return u


def _emulate(x: Array, found: Array) -> tuple[tuple[Emulator, ...], Array]:
    """Emulators on all points, and the errors on every fifth by emulators that have not seen it."""
    held = np.arange(len(x)) % 5 == 4
    emulators, errors = [], []
    for summary in found.T:
        blind = fit(x[~held], summary[~held])
        mean, doubt = blind.predict(x[held])
        errors.append((summary[held] - mean) / np.sqrt(doubt + blind.noise))
        emulators.append(refit(blind, x, summary))
    return tuple(emulators), np.stack(errors, axis=1)


def _narrow(judge: Judge, room: Room, wave: Wave, seed: int) -> Room:
    """Move the points to where no wave rules them out, in levels that each keep at least a tenth of them."""
    rng = np.random.Generator(np.random.Philox(key=name_key("narrowing", str(seed), str(wave.number))))
    points, share = room.points, 1.0
    score = judge.implausibility(wave, points)
    for _ in range(LEVELS):
        level = max(CUTOFF, float(np.quantile(score, 0.1)))
        inside = score <= level
        share *= float(inside.mean())
        survivors = points[inside]
        chosen = rng.integers(len(survivors), size=len(points))
        chosen[: len(survivors)] = np.arange(len(survivors))
        points, score = survivors[chosen], score[inside][chosen]
        points, score = _stir(judge, points, score, survivors, level, (*room.waves, wave), rng)
        if level == CUTOFF:
            return Room(points, (*room.waves, replace(wave, share=share, left=room.left * share)))
    nearest = judge.by_summary(wave, points[[score.argmin()]])[0]
    names = judge.target.summaries
    worst = ", ".join(f"{names[s]} ({nearest[s]:.1f} sds)" for s in np.argsort(-nearest) if nearest[s] > CUTOFF)
    raise Implausible(
        f"no parameters come near what was observed: wave {wave.number} ruled out everything. Nearest miss: {worst}. "
        "Either the model cannot do this, or the discrepancy of these summaries is set too small"
    )


def _stir(
    judge: Judge, points: Array, score: Array, survivors: Array, level: float, waves: tuple[Wave, ...],
    rng: np.random.Generator,
) -> tuple[Array, Array]:  # fmt: skip
    """Random steps that leave the even spread over what is left as it is (differences of survivors: ter Braak 2006)."""
    points, score = points.copy(), score.copy()
    for sweep in range(SWEEPS):
        a, b = survivors[rng.integers(len(survivors), size=(2, len(points)))]
        reach = 1.0 if sweep % 4 == 3 else 1.2 / np.sqrt(points.shape[1])
        tried = points + reach * (a - b) + rng.normal(0.0, 1e-3, points.shape)
        allowed = ((tried > 0) & (tried < 1)).all(axis=1)
        for wave in waves[:-1]:
            some = np.flatnonzero(allowed)
            allowed[some] = judge.implausibility(wave, tried[some]) <= CUTOFF
        some = np.flatnonzero(allowed)
        new = judge.implausibility(waves[-1], tried[some])
        better = some[new <= level]
        points[better], score[better] = tried[better], new[new <= level]
    return points, score


def _spread(simulations: Simulations, rows: int, columns: int) -> Array:
    """Sobol points, shifted at random round the unit cube (Cranley and Patterson 1976); none on an edge."""
    from scipy.stats import qmc

    regular = qmc.Sobol(columns, scramble=False).random_base2(max(rows - 1, 1).bit_length())[:rows]
    return np.clip((regular + simulations.uniforms("shift", 1, columns)) % 1.0, 1e-9, 1 - 1e-9)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.2g}".replace("e-0", "e-") if share < 1e-4 else f"{share:.2%}"
