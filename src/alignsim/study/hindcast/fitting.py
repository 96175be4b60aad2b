"""What the calibration is fitted to: a dozen answers of ties, trade and arms to what came from outside.

Each summary is the mean change of a group of pairs beyond that of all others, over origins in the training years: in
the record, what the observation model without mechanisms leaves unexplained (by least squares alone, since this
describes the training years and forecasts nothing); in the model, what the drivers do. The pair of Iran and Russia is
in no group, so that a verdict on it is never one on what was fitted to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.errors import UsageError
from alignsim.files import write_text
from alignsim.mechanisms.parameters import Parameter
from alignsim.mechanisms.priors import Constant, Prior
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.plan.draws import Belief, Draws
from alignsim.plan.plan import Batch, Plan
from alignsim.plan.posterior import Posterior, write
from alignsim.random import name_keys, uniforms
from alignsim.study import ensemble
from alignsim.study.calibration import Calibration, Settings, Target, calibrate
from alignsim.study.contrasts import gather
from alignsim.study.hindcast import engine, observation, past
from alignsim.study.hindcast.driven import Driven, of_batch
from alignsim.study.hindcast.groups import FOUNDING, among
from alignsim.world.panel import Panel
from alignsim.world.world import World

Array = Any

EVERY = 2
"""Years between the origins: windows of five years overlap, so more of them would add cost and little else."""
YEARS = 5
MOVED = 0.1
"""Least change of a driver, 0..1, that counts as one."""
DISCREPANCY = {"tie": 0.05, "trade": 0.10, "arms": 0.10}
"""How far a right parameter vector may lie from the record, since the model is not the world: in z, and log units
(expert judgement; EVIDENCE 4.5 asks for 0.05 of alignment at least)."""
SHARE = 1.0
"""Of the table of simulations that is kept for the posterior. The record says so little of each parameter that near
rows are no better than far ones, and few rows make intervals too narrow (docs/hindcast.md). Where summaries say much,
rows far away would bend them (tests/science/test_sbc.py), so the machinery keeps a tenth where it is not told."""
RESAMPLES = 400
NOT_FITTED = ("consent.noise", "consent.initial_doubt", "positions.noise")
"""Noise is not in the driven changes; the observation model has its own."""


@dataclass(frozen=True)
class Summary:
    """One answer: which outcome, years after the origin, and which pairs."""

    name: str
    outcome: str  # agreement, trade or arms
    horizon: int
    group: str


SUMMARIES = (
    Summary("a sanctioner and its new target, 3 years", "agreement", 3, "sanctioned"),
    Summary("a sanctioner and its new target, 5 years", "agreement", 5, "sanctioned"),
    Summary("a sanctioner and a target relieved, 5 years", "agreement", 5, "relieved"),
    Summary("two targets, one of them new, 3 years", "agreement", 3, "co-targets"),
    Summary("two targets, one of them new, 5 years", "agreement", 5, "co-targets"),
    Summary("a new target and third states, 5 years", "agreement", 5, "third parties"),
    Summary("states that turned hostile, 5 years", "agreement", 5, "hostile"),
    Summary("states that meet a common new enemy, 5 years", "agreement", 5, "common enemy"),
    Summary("a state newly at war and others, 5 years", "agreement", 5, "at war"),
    Summary("trade of a target with its sanctioner, 3 years", "trade", 3, "sanctioned"),
    Summary("trade of a target with third states, 3 years", "trade", 3, "third parties"),
    Summary("arms to a newly embargoed state, 5 years", "arms", 5, "embargoed"),
)


@dataclass(frozen=True)
class Stretch:
    """An origin with the masks of its groups, by (group, horizon)."""

    origin: int
    plan: Plan
    masks: dict[tuple[str, int], Array]


def target(
    panel: Panel,
    window: engine.Window,
    belief: str,
    seed: int = 1,
    executor: Executor | None = None,
    also: Mapping[str, Prior] | None = None,
) -> Target:
    """Everything that may be fitted, and the record of the training years it is fitted to.

    `also` gives numbers that the belief keeps still a prior of their own. Raises UsageError for training years that the
    panel does not hold, that are too few, or that have too little on record.
    """
    window.check_training(panel, YEARS)
    also = also or {}
    stretches = _stretches(panel, window, belief, seed, tuple(also))
    observed, error = record(panel, window, stretches)
    names = {
        path: p
        for path, p in PARAMETERS.items()
        if not p.each and not isinstance(p.prior(belief), Constant) and path not in NOT_FITTED
    }
    names |= {path: replace(PARAMETERS[path], signed=prior, sceptical=prior) for path, prior in also.items()}
    doubt = np.array([DISCREPANCY[{"agreement": "tie"}.get(s.outcome, s.outcome)] for s in SUMMARIES])
    return Target.of(
        names,
        belief,
        simulate=partial(simulate, panel, stretches, names, belief, executor),
        summaries=tuple(s.name for s in SUMMARIES),
        observed=observed,
        observation_sd=error,
        discrepancy_sd=doubt,
        key=" ".join([f"{panel.name} {window.train} {belief}", *also]),
    )


def calibrated(
    panel: Panel,
    window: engine.Window,
    belief: str,
    *,
    seed: int = 1,
    settings: Settings | None = None,
    folder: Path | None = None,
    executor: Executor | None = None,
    progress: Any = None,
    command: str = "",
) -> tuple[Calibration, Posterior]:
    """Fit the parameters that matter to the training years, starting from a belief family.

    With a `folder` the simulations are kept there, and the same call goes on where it was interrupted. Raises what
    `calibration.calibrate` raises.
    """
    asked = target(panel, window, belief, seed, executor)
    found = calibrate(asked, seed, settings, folder, progress)
    prior = {path: str(PARAMETERS[path].prior(belief)) for path in found.names}
    provenance = {
        "data": f"panel {panel.name}: {len(panel.states)} states; without the pair {' and '.join(FOUNDING)}",
        "years": f"{window.train[0]} to {window.train[1]}",
        "seed": seed,
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
    }
    return found, Posterior(found.names, found.values, belief, tuple(prior.values()), provenance)


def save(found: Calibration, posterior: Posterior, folder: Path) -> dict[str, Any]:
    """Write the posterior and what is to be told of it, `calibration.json`; returns what that holds."""
    told = {
        "family": posterior.family,
        "fitted": {
            name: {"prior": prior, "before": before, "after": after, "shrinkage": shrinkage}
            for name, prior, before, after, shrinkage in zip(
                found.names,
                posterior.priors,
                found.learnt.prior.tolist(),
                found.learnt.posterior.tolist(),
                found.learnt.shrinkage.tolist(),
                strict=True,
            )
        },
        "summaries": [asdict(fit) for fit in found.fits],
        "effective": found.effective,
        "words": found.in_words(),
        "provenance": dict(posterior.provenance),
    }
    write(posterior, folder)
    write_text(folder / "calibration.json", json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    return told


def simulate(
    panel: Panel,
    stretches: Sequence[Stretch],
    names: Mapping[str, Parameter],
    belief: str,
    executor: Executor | None,
    u: Array,
    seed: int,
) -> Array:
    """Summaries (rows, s) of parameter vectors given as uniforms (rows, k); numbers that are not named are drawn from
    the belief, addressed by the seed and the row."""
    values = {
        path: np.asarray(p.prior(belief).quantile(u[:, k], p.low, p.high)) for k, (path, p) in enumerate(names.items())
    }
    tasks, sizes = [], []
    for stretch in stretches:
        size = ensemble.chunk_size(stretch.plan)
        for first in range(0, len(u), size):
            rows = np.arange(first, min(first + size, len(u)))
            tasks.append((replace(stretch.plan, seed=seed), {p: v[rows] for p, v in values.items()}, rows))
            sizes.append(len(rows))
    parts = iter(gather(_chunk, tasks, executor, None, sizes))
    total, count = np.zeros((len(u), len(SUMMARIES))), np.zeros(len(SUMMARIES))
    for stretch in stretches:
        found: list[Driven] = []
        done = 0
        while done < len(u):
            found.append(next(parts))
            done += len(found[-1].tie)
        weight = _weights(stretch)
        start = observation.SCALES["arms"].to(np.array(panel.world(stretch.origin).arms))
        moved = np.concatenate([_means(own, stretch, start) for own in found])
        total += weight * moved
        count += weight
    return total / count


def _chunk(plan: Plan, values: Mapping[str, Array], rows: Array) -> Driven:
    return of_batch(with_values(plan, values, rows), (3, YEARS))


def with_values(plan: Plan, values: Mapping[str, Array], rows: Array) -> Batch:
    """A batch in which some parameters are given, one number a run, and the others drawn once; no draw is thrown
    away."""
    drawn = Belief(plan.priors, PARAMETERS, plan.states, plan.seed).sample(rows, 0)
    drawn |= {path: value[:, None, None] for path, value in values.items()}
    n, issues = len(plan.states), len(plan.issues)
    doubts = np.zeros((len(rows), n, n)), np.zeros((len(rows), n, issues))
    draws = Draws(drawn, np.full(len(rows), np.nan), np.ones(len(rows), dtype=np.int64))
    happened = np.zeros((len(rows), len(plan.coins)), dtype=bool)
    return Batch(plan, rows, draws, happened, plan._eve(doubts, drawn), drawn["consent.initial_doubt"])


def record(panel: Panel, window: engine.Window, stretches: Sequence[Stretch]) -> tuple[Array, Array]:
    """The summaries of what happened (s,), and their standard errors from resampling states."""
    held = engine.outcomes(panel)
    silent, known = engine.nothing(panel, window), engine.features(held, panel, window)
    try:
        models = {
            (s.outcome, s.horizon): engine.learn(s.outcome, s.horizon, held, known, panel, window, silent, trust=1.0)
            for s in SUMMARIES
        }
    except ValueError as thin:
        train = f"{window.train[0]} to {window.train[1]}"
        raise UsageError(f"panel {panel.name}, {train}: {thin}; train on years with votes, trade and arms") from thin
    n = len(panel.states)
    u = uniforms(7, "calibration resampling", np.arange(RESAMPLES), name_keys([(str(k),) for k in range(n)]))
    counts = np.stack([np.bincount((row * n).astype(int), minlength=n) for row in u]).astype(float)
    observed, error = [], []
    for k, summary in enumerate(SUMMARIES):
        left, weight = [], []
        for stretch in stretches:
            model = models[summary.outcome, summary.horizon]
            scale = observation.SCALES[summary.outcome]
            seen = held[summary.outcome][panel.years.index(stretch.origin + summary.horizon)]
            left.append(scale.sign * (scale.to(seen) - model.centre(known[summary.outcome, stretch.origin])))
            weight.append(_weights(stretch)[k])
        masks = [stretch.masks[summary.group, summary.horizon] for stretch in stretches]
        ones = np.ones((1, n))
        observed.append(_beyond(left, masks, weight, ones)[0])
        error.append(float(np.nanstd(_beyond(left, masks, weight, counts))))
    return np.array(observed), np.array(error)


def _beyond(left: list[Array], masks: list[Array], weight: list[float], counts: Array) -> Array:
    """Mean of the pairs in the masks beyond the others, over origins, for every resample of states (B, N)."""
    total, share = np.zeros(len(counts)), 0.0
    for values, mask, w in zip(left, masks, weight, strict=True):
        known = np.isfinite(values)
        filled = np.where(known, values, 0.0)
        inside, outside = known & mask, known & ~mask
        means = []
        for where in (inside, outside):
            top = np.einsum("bi,ij,bj->b", counts, filled * where, counts, optimize=True)
            below = np.einsum("bi,ij,bj->b", counts, where.astype(float), counts, optimize=True)
            means.append(np.divide(top, below, out=np.full(len(counts), np.nan), where=below > 0))
        gap = means[0] - means[1]
        total += np.where(np.isfinite(gap), w * gap, 0.0)
        share += w
    return total / max(share, 1e-300)


def _means(own: Driven, stretch: Stretch, arms_before: Array) -> Array:
    """The simulated summaries of one origin, (R, s)."""
    out = np.zeros((len(own.tie), len(SUMMARIES)))
    between = ~np.eye(own.tie.shape[-1], dtype=bool)
    for k, summary in enumerate(SUMMARIES):
        mask = stretch.masks[summary.group, summary.horizon]
        if not mask.any():
            continue
        h = (3, YEARS).index(summary.horizon)
        if summary.outcome == "arms":
            assert own.arms is not None
            values = observation.SCALES["arms"].to(own.arms[:, h]) - arms_before
        else:
            changes = own.trade if summary.outcome == "trade" else own.tie
            assert changes is not None
            values = changes[:, h]
        out[:, k] = values[:, mask].mean(axis=1) - values[:, between & ~mask].mean(axis=1)
    return out


def _weights(stretch: Stretch) -> Array:
    """How much an origin counts in each summary: the root of its number of pairs, 0 where it has none; (s,)."""
    return np.array([np.sqrt(stretch.masks[s.group, s.horizon].sum()) for s in SUMMARIES])


def _stretches(
    panel: Panel, window: engine.Window, belief: str, seed: int, named: tuple[str, ...] = ()
) -> list[Stretch]:
    """`named` numbers are in the plans even where the belief keeps them still; a motive without a weight is not."""
    found = []
    defaults = {path: PARAMETERS[path].default for path in named}
    for origin in window.learning(YEARS)[::-EVERY][::-1]:
        plan = past.plan(panel, origin, YEARS, belief=belief, runs=1, seed=seed, parameters=defaults)
        masks = {(s.group, s.horizon): group(panel, origin, s.horizon, s.group) for s in SUMMARIES}
        found.append(Stretch(origin, plan, masks))
    return found


def group(panel: Panel, origin: int, horizon: int, name: str) -> Array:
    """The pairs of a summary's group, (N, N); of trade, [target, partner]; of arms, [supplier, recipient]."""
    before, after = panel.world(origin), panel.world(origin + horizon)
    n = len(panel.states)
    measures: list[Array] = [_material(world) for world in (before, after)]
    moved = measures[1] - measures[0]
    up, down = moved >= MOVED, moved <= -MOVED
    new = up.any(axis=0)
    target = measures[1].max(axis=0) >= MOVED
    sender = np.isin(panel.states, after.senders)
    hostile = after.hostility - before.hostility >= MOVED
    enemies = hostile.astype(float)
    war: Array = after.war - before.war >= MOVED
    chosen = {
        "sanctioned": up | up.T,
        "relieved": (down | down.T) & ~(up | up.T),
        "co-targets": (new[:, None] & target) | (target[:, None] & new),
        "third parties": new[:, None] & ~target & ~sender,
        "hostile": hostile,
        "common enemy": (enemies @ enemies.T > 0) & ~hostile,
        "at war": war[:, None] | war,
        "embargoed": after.embargo - before.embargo >= 3 * MOVED,
    }[name]
    if name == "co-targets":
        chosen = chosen & ~sender[:, None] & ~sender
    if name == "third parties":
        chosen = chosen | chosen.T
    return chosen & ~np.eye(n, dtype=bool) & ~among(panel, (FOUNDING,))


def _material(world: World) -> Array:
    return np.maximum(world.sanction_trade, world.sanction_financial)
