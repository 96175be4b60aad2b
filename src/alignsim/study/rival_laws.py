"""Laws of motion of the rival theories, month by month on the runs of a batch; `study.rivals` says what they claim."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from alignsim.arrays import Drivers
from alignsim.kernel import Timeline
from alignsim.mechanisms.priors import HalfNormal
from alignsim.plan.plan import Batch
from alignsim.random import name_keys, uniforms
from alignsim.results.measures import camps
from alignsim.theories import balance, consent, landscape, one_coefficient, persistence

Array = Any

COEFFICIENT = HalfNormal(0.15)
"""Gain of a tie in 60 months of full joint isolation (see `study.rivals`)."""
PULL = HalfNormal(0.08)
"""Rate at which third parties pull a tie, per month (see `study.rivals`)."""


def trajectory(theory: str, batch: Batch, branch: str) -> Iterator[Any]:
    """Alignment (R, N, N) and isolation (R, N) from the eve on, month by month, under a rival theory."""
    timeline = Timeline(batch.plan.eve, batch.plan.branches[branch], batch.happened)
    move = _MOVES[theory](batch)
    alignment = move.start
    now = consent.compared(batch.plan.eve, batch.eve)
    yield _condition(alignment, now, batch)
    for month in range(1, batch.plan.months + 1):
        now = consent.compared(timeline.at(month), batch.eve)
        alignment = move(alignment, now)
        yield _condition(alignment, now, batch)


def _condition(alignment: Array, now: consent.Change, batch: Batch) -> Any:
    return SimpleNamespace(alignment=alignment, isolation=_of_every_run(now.now.isolation, batch))


def _of_every_run(values: Array, batch: Batch) -> Array:
    return np.broadcast_to(values, (len(batch.runs), *values.shape[1:]))


def _drawn(prior: HalfNormal, name: str, batch: Batch) -> Array:
    """A number a run, addressed by the theory's parameter; (R,)."""
    return np.asarray(prior.quantile(uniforms(batch.plan.seed, "rivals", batch.runs, name_keys([(name,)]))[:, 0]))


class _Persistence:
    def __init__(self, batch: Batch) -> None:
        self.start = batch.eve.alignment

    def __call__(self, alignment: Array, now: consent.Change) -> Array:
        return persistence.step(alignment)


class _OneCoefficient:
    def __init__(self, batch: Batch) -> None:
        self.start, self.batch = batch.eve.alignment, batch
        self.coefficient = _drawn(COEFFICIENT, "one-coefficient", batch) / 60.0

    def __call__(self, alignment: Array, now: consent.Change) -> Array:
        isolation = _of_every_run(now.now.isolation, self.batch)
        pairs = zip(alignment, isolation, self.coefficient, strict=True)
        return np.stack([one_coefficient.step(a, s, float(k)) for a, s, k in pairs])


class _Balance:
    def __init__(self, batch: Batch) -> None:
        self.start, self.batch = batch.eve.alignment, batch
        self.pull = _drawn(PULL, "balance", batch) / max(self.start.shape[1] - 2, 1)
        self.anchor = batch.eve.parameters.consent.speed[:, 0, 0]

    def __call__(self, alignment: Array, now: consent.Change) -> Array:
        toward = np.tanh(now.desired)
        each = zip(alignment, self.pull, self.anchor, _of_every_run(toward, self.batch), strict=True)
        return np.stack([balance.integrate(a, 1.0, float(pull), float(anchor), to) for a, pull, anchor, to in each])


class _Landscape:
    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.size = batch.eve.given.gdp / batch.eve.given.gdp.sum()
        self.sides = ((1 - camps(batch.eve.alignment)) / 2).astype(np.int8)
        self.seen: Drivers | None = None
        self._settle(consent.compared(batch.plan.eve, batch.eve))
        self.start = landscape.same_side(self.sides)

    def __call__(self, alignment: Array, now: consent.Change) -> Array:
        if now.now.drivers is self.seen:
            return alignment
        self._settle(now)
        return landscape.same_side(self.sides)

    def _settle(self, now: consent.Change) -> None:
        self.seen = now.now.drivers
        propensity = _of_every_run(np.tanh(now.desired), self.batch)
        propensity = 0.5 * (propensity + propensity.swapaxes(1, 2))
        self.sides = np.stack(
            [landscape.descend(side, self.size, p)[0] for side, p in zip(self.sides, propensity, strict=True)]
        )


_MOVES: dict[str, Any] = {
    "persistence": _Persistence,
    "one-coefficient": _OneCoefficient,
    "balance": _Balance,
    "landscape": _Landscape,
}
