"""Why an effect comes about, by switching groups of mechanisms off; and where in the parameters a claim fails."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from alignsim.mechanisms.priors import Constant
from alignsim.mechanisms.registry import GROUPS, PARAMETERS, SWITCHES
from alignsim.plan.plan import Plan
from alignsim.results.measures import measured
from alignsim.study import discovery, ensemble
from alignsim.study.attribution import Attribution, attribute, subsets
from alignsim.study.contrasts import Asked, Simulated, gather
from alignsim.study.outcomes import over_window, window
from alignsim.study.verdicts import signed

Array = Any

RUNS = 24
"""Runs of an attribution, each simulated under all subsets of the groups."""
BLOCK = 16
"""Subsets that one task simulates on the same runs."""
EXPERT = "expert judgement"
"""How a source begins or says that a number rests on judgement."""
SHOWN = 0.0005
"""Shares below this would be said as 0.000, and are not said."""
FEWEST = 20
"""Runs that must fail, and hold, before a region is sought."""


def off_values(group: str) -> dict[str, float]:
    """What a group's mechanisms are set to when it is switched off."""
    return {path: value for switch in GROUPS[group] for path, value in SWITCHES[switch].items()}


def attributions(
    plan: Plan,
    questions: Sequence[Asked],
    runs: Array,
    executor: Executor | None = None,
    progress: ensemble.Progress | None = None,
) -> list[Attribution]:
    """Share out the effect of each question among the groups of mechanisms, on the same runs for every subset.

    Draws, coins and shocks stay as they are; only what a group switches off is set to its off value.
    """
    branches = tuple(dict.fromkeys(b for q in questions for b in (q.branch, q.against)))
    windows = [window(q.claim.outcome, plan) for q in questions if q.claim.outcome is not None]
    months = frozenset(month for own in windows for month in own)
    size = min(ensemble.chunk_size(plan), len(runs))
    needed, of = needed_subsets(plan)
    starts = range(0, len(runs), size)
    blocks = [needed[m : m + BLOCK] for m in range(0, len(needed), BLOCK)]
    tasks = [(runs[k : k + size], block) for k in starts for block in blocks]
    parts = gather(partial(subset_chunk, plan, branches, months), tasks, executor, progress)
    values = np.concatenate(
        [np.concatenate(parts[k : k + len(blocks)]) for k in range(0, len(parts), len(blocks))], axis=2
    )  # subset, branch, run, watched, time
    shared = []
    for question in questions:
        assert question.claim.outcome is not None
        series = values[:, branches.index(question.branch)] - values[:, branches.index(question.against)]
        effect = over_window(series[:, :, question.value], question.claim.outcome, plan)
        shared.append(attribute(list(GROUPS), effect[of]))
    return shared


def needed_subsets(plan: Plan) -> tuple[list[int], Array]:
    """Subsets of the groups that must be simulated, and for each of the 2^G subsets the place of the one that does the
    same: a group that the scenario has switched off already makes no difference.
    """
    idle = [
        g for g, group in enumerate(GROUPS) if all(plan.priors[p] == Constant(v) for p, v in off_values(group).items())
    ]
    same = [mask | sum(1 << g for g in idle) for mask in range(2 ** len(GROUPS))]
    needed = sorted(set(same))
    return needed, np.array([needed.index(mask) for mask in same])


def subset_chunk(
    plan: Plan, branches: tuple[str, ...], months: frozenset[int], runs: Array, masks: Sequence[int]
) -> Array:
    """What is watched under some subsets of the groups in the months that count, (subsets, branches, R, W, T).

    Other months are nan, and those after the last that counts are not simulated.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        batch = plan.batch(runs)
        shocks, on = batch.shocks()[: max(months)], subsets(len(GROUPS))
        kept = np.full((len(masks), len(branches), len(runs), len(plan.watched), plan.months + 1), np.nan)
        for m, mask in enumerate(masks):
            off = [group for g, group in enumerate(GROUPS) if not on[mask, g]]
            partly = batch.changed({path: value for group in off for path, value in off_values(group).items()})
            for b, branch in enumerate(branches):
                for t, now in enumerate(partly.simulate(branch, shocks, explain=lambda month: False)):
                    for w, item in enumerate(plan.watched if t in months else ()):
                        kept[m, b, :, w, t] = measured(now, item, t, partly)
    return kept


def is_expert(source: str) -> bool:
    """Whether a number rests on expert judgement, as its source says."""
    return EXPERT in source


def expert_judgement_share(shared: Attribution) -> float:
    """How much of what moves the effect rests on numbers that are expert judgement, 0..1.

    Each group counts with the size of its Shapley value, times the share of its switches whose number (the weight of
    a motive, the rate of a channel) is expert judgement by its own source. References and the other constants behind
    a switch are not counted: this is a lower bound.
    """
    sizes = {c.name: abs(c.share) for c in shared.contributions}
    total = sum(sizes.values())
    resting = 0.0
    for name, size in sizes.items():
        paths = list(off_values(name))
        resting += size * sum(is_expert(PARAMETERS[path].source) for path in paths) / len(paths)
    return resting / total if total else 0.0


def attribution_in_words(shared: Attribution) -> str:
    """Who does it, in a sentence or two."""
    if shared.unclear:
        return (
            f"{shared.interaction:.0%} of what moves the effect needs two groups or more: "
            "no single group can be named as the cause."
        )
    ranked = sorted(shared.contributions, key=lambda c: -c.share)
    lifting = [c for c in ranked if c.share_interval[0] > 0 and c.share >= SHOWN]
    lowering = [c for c in ranked[::-1] if c.share_interval[1] < 0 and c.share <= -SHOWN]
    if not lifting and not lowering:
        return f"No group of mechanisms moves it in a direction that {shared.runs} runs can tell from nothing."
    parts = []
    for words, groups in (("raised by", lifting), ("lowered by", lowering)):
        if groups:
            parts.append(f"{words} " + ", ".join(f"{c.name} ({signed(c.share)})" for c in groups[:3]))
    return (
        f"The mean effect in the {shared.runs} runs that were taken apart, {signed(shared.effect)}, is "
        f"{' and '.join(parts)}; {shared.interaction:.0%} is interaction."
    )


def attribution_as_json(shared: Attribution) -> dict[str, Any]:
    """As the report reads it."""
    return {
        "groups": [
            {
                "name": c.name,
                "shapley": c.share,
                "low": c.share_interval[0],
                "high": c.share_interval[1],
                "alone": c.alone,
                "left_out": c.left_out,
            }
            for c in shared.contributions
        ],
        "interaction_share": shared.interaction,
        "total": shared.effect,
        "total_interval": list(shared.effect_interval),
        "runs": shared.runs,
        "expert_judgement_share": expert_judgement_share(shared),
        "words": attribution_in_words(shared),
    }


def failure(supports: Array, of: Simulated) -> dict[str, Any]:
    """Where the runs fail, sought by PRIM among the parameters and coins of the runs, with a tree as cross-check.

    `supports` (R,) says which runs bear the claim out. Without failing and holding runs enough there is no region:
    then only `fails_share` and `words` say so.
    """
    fails = ~np.asarray(supports, bool)
    found: dict[str, Any] = {"fails_share": float(fails.mean()), "boxes": [], "trajectory": [], "cart": None}
    found["points"] = None
    if not FEWEST <= fails.sum() <= len(fails) - FEWEST:
        found["words"] = f"It fails in {fails.mean():.0%} of the runs, too one-sided for a region to be told apart."
        return found
    names, values = varying(of)
    boxes = discovery.discover(values, fails, at_most=2)
    if not boxes:
        found["words"] = f"It fails in {fails.mean():.0%} of the runs, and no region of the parameters stands out."
        return found
    trajectory = discovery.prim(values, fails)
    leaves = discovery.tree(values, fails)
    overlap = discovery.agreement(boxes[0], leaves, values)
    found |= {
        "boxes": [_box_as_json(box, names) for box in boxes],
        "trajectory": [{"mass": b.mass, "density": b.density, "coverage": b.coverage} for b in trajectory],
        "words": region_in_words(boxes[0], names, fails.mean()),
        "cart": {
            "rules": [leaf.in_words(names) for leaf in leaves if leaf.density > 0.5],
            "agrees": overlap >= 0.5,
            "overlap": overlap,
        },
        "points": _points(boxes[0], names, values, fails),
    }
    return found


def region_in_words(box: discovery.Box, names: list[str], everywhere: float) -> str:
    """Where failures are dense, and how much denser than elsewhere."""
    rest = (everywhere - box.density * box.mass) / (1.0 - box.mass)
    return (
        f"It fails in {box.density:.0%} of the runs where {box.conditions(names)}, and in {rest:.0%} of the others; "
        f"{box.coverage:.0%} of all failures are there."
    )


def varying(of: Simulated) -> tuple[list[str], Array]:
    """What differs between runs: parameters (means over states) and uncertain events (0 or 1), and their values."""
    values = np.column_stack([of.by_run["parameters"], of.by_run["happened"].astype(float)])
    names = [*of.plan.priors, *(coin.label for coin in of.plan.coins)]
    kept = np.flatnonzero(np.ptp(values, axis=0) > 0)  # a mean of equal numbers may miss them by a last bit
    return [names[k] for k in kept], values[:, kept]


def _box_as_json(box: discovery.Box, names: list[str]) -> dict[str, Any]:
    return {
        "limits": [
            {
                "parameter": names[k],
                "low": None if np.isinf(box.limits[k][0]) else box.limits[k][0],
                "high": None if np.isinf(box.limits[k][1]) else box.limits[k][1],
                "quasi_p": box.quasi_p[k],
            }
            for k in box.restricted
        ],
        "density": box.density,
        "coverage": box.coverage,
        "mass": box.mass,
    }


def _points(box: discovery.Box, names: list[str], values: Array, fails: Array) -> dict[str, Any]:
    """The runs over the two parameters that the box limits most surely; the second is the next that differs most."""
    first = sorted(box.restricted, key=lambda k: box.quasi_p[k])
    apart = np.abs(values[fails].mean(axis=0) - values[~fails].mean(axis=0)) / values.std(axis=0)
    others = [int(k) for k in np.argsort(-apart) if k not in first]
    x, y = (first + others)[:2]
    return {
        "parameters": [names[x], names[y]],
        "x": [float(f"{v:.5g}") for v in values[:, x]],
        "y": [float(f"{v:.5g}") for v in values[:, y]],
        "holds": (~fails).tolist(),
    }
