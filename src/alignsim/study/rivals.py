r"""The same scenario under rival theories: who else would have said so?

Every rival starts from the eve of the same runs and reads the same events through the same beliefs; what it makes of
them is its own:

* ``persistence``: nothing moves a tie, so no branch differs from another.
* ``one-coefficient``: the article's own model. Each month a tie gains k sqrt(S_i S_j) of isolation S as the model
  measures it; 60 k is half-normal(0.15), the width within which co-sanctioned pairs since 1992 leave it (their
  estimates are near 0: see `solidarity.weight`), and never negative, for that is the theory.
* ``balance``: dA/dt = a (1 - A^2) A^2 / (N - 2) + b (F - A). F, the tie a pair would have if nobody else existed, is
  the eve's tie less what a change of condemnation takes from it (`sanctions.hostility`, drawn by the belief); b is
  `consent.speed`; a is half-normal(0.08) a month, twice the usual b at one standard deviation (expert judgement, 0 to
  0.16).
* ``landscape``: every state picks one of two sides; sizes are shares of world output, propensities are F. From the
  camps of the eve, one state at a time moves while that lowers energy, anew whenever what drives the ties changes; a
  tie is 1 with a state on the same side, -1 else.

None of them has anything to say about trade, arms, know-how, positions or capacity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from alignsim.arrays import Drivers
from alignsim.kernel import Timeline
from alignsim.mechanisms.priors import HalfNormal
from alignsim.plan.plan import Batch, Plan
from alignsim.random import name_keys, uniforms
from alignsim.results.measures import OTHER_TIES, camps, measured
from alignsim.study import ensemble
from alignsim.study.contrasts import gather
from alignsim.theories import balance, consent, landscape, one_coefficient, persistence

Array = Any

THEORIES = ("balance", "landscape", "persistence", "one-coefficient")
SAYS_SOMETHING = ("alignment", OTHER_TIES, "bloc membership", "polarisation", "isolation")
"""What rival theories speak of."""
OWN_BELIEF = ("persistence", "one-coefficient")
"""Theories on which beliefs about mechanisms have no bearing: they are asked once."""

COEFFICIENT = HalfNormal(0.15)
"""Gain of a tie in 60 months of full joint isolation (see the module)."""
PULL = HalfNormal(0.08)
"""Rate at which third parties pull a tie, per month (see the module)."""


def series(
    theory: str,
    plan: Plan,
    branches: Sequence[str],
    runs: Array,
    executor: Executor | None = None,
    progress: ensemble.Progress | None = None,
) -> dict[str, Array]:
    """What the plan watches under a rival theory, by branch (R, W, T); nan for what the theory is silent about."""
    size = min(ensemble.chunk_size(plan), len(runs))
    tasks = [(runs[k : k + size],) for k in range(0, len(runs), size)]
    parts = gather(
        partial(chunk, theory, plan, tuple(branches)), tasks, executor, progress, [len(task[0]) for task in tasks]
    )
    whole = np.concatenate(parts, axis=1)
    return {branch: whole[k] for k, branch in enumerate(branches)}


def chunk(theory: str, plan: Plan, branches: tuple[str, ...], runs: Array) -> Array:
    """One batch of runs, (branches, R, W, T)."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        batch = plan.batch(runs)
        kept = np.full((len(branches), len(runs), len(plan.watched), plan.months + 1), np.nan)
        for b, branch in enumerate(branches):
            for t, now in enumerate(trajectory(theory, batch, branch)):
                for w, item in enumerate(plan.watched):
                    if item.measure in SAYS_SOMETHING:
                        kept[b, :, w, t] = measured(now, item, t, batch)
    return kept


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


def in_words(theory: str, effects: Array) -> str:
    """What a rival says of the effects (R,), in a few words."""
    if theory == "persistence":
        return "nothing moves a tie"
    if theory == "landscape":
        return f"somebody changes sides in {(effects != 0).mean():.0%} of the runs"
    return f"moves it by {np.median(effects):+.3f} in the median run"
