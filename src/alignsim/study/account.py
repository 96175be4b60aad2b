"""Numbers and words of a judgement as plain data: what `judgement.json` holds and reports read."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np

from alignsim.mechanisms.registry import PARAMETERS
from alignsim.plan.plan import Plan
from alignsim.results.measures import OWN_THEORY
from alignsim.scenario.document import Document
from alignsim.scenario.schema import Claim
from alignsim.study.contrasts import Simulated
from alignsim.study.explain import is_expert
from alignsim.study.verdicts import Probability, Verdict, dose_response, more_runs, wilson
from alignsim.world import World

Array = Any

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


def quantiles(samples: Array) -> dict[str, Any]:
    """Quantiles over runs of samples (R, ...), as numbers or lists; None where nothing was measured."""
    samples = np.asarray(samples, float)
    rows = np.quantile(samples, list(QUANTILES.values()), axis=0)
    return {name: _plain(row) for name, row in zip(QUANTILES, rows, strict=True)}


def spread(samples: Array) -> dict[str, Any]:
    """Mean, standard deviation and quantiles of one number a run."""
    if not len(samples):
        return dict.fromkeys(("mean", "sd", *QUANTILES))
    return {"mean": float(np.mean(samples)), "sd": float(np.std(samples)), **quantiles(samples)}


def belief_as_json(claim: Claim, judged: Verdict, effects: Array, rel: Array | None, of: Simulated) -> dict[str, Any]:
    """What one belief says of a claim.

    Of a dose, the effect is that of the highest level less the lowest. Of a claim about a level, it is the outcome
    less the level, without a margin, and `outcome` is the outcome itself.
    """
    size = effects if effects.ndim == 1 else effects[:, -1] - effects[:, 0]
    size = size[np.isfinite(size)]
    shares = {
        "above": _share(size > judged.margin, judged.confidence),
        "below_minus": _share(size < -judged.margin, judged.confidence),
        "within": _share(np.abs(size) <= judged.margin, judged.confidence),
    }
    relative = None
    if rel is not None and np.isfinite(rel).any():
        rel = rel[np.isfinite(rel)]
        above = _share(rel > 0, judged.confidence)
        relative = {"effect": spread(rel), "above_zero": above.value, "wilson": [above.low, above.high]}
    return {
        "verdict": judged.outcome,
        "reason": judged.reason,
        "runs": judged.n,
        "effect": spread(size),
        "outcome": None if claim.level is None else spread(size + claim.level),
        "probabilities": {name: share.value for name, share in shares.items()},
        "wilson": {name: [share.low, share.high] for name, share in shares.items()},
        "support": _probability(judged.support),
        "refutation": _probability(judged.refutation),
        "positive": _probability(judged.positive),
        "words": judged.support.words,
        "relative": relative,
        "decided": judged.decided,
        "more_runs": more_runs(judged),
        "rejected_draws": rejected(of),
    }


def specifications(claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each claim, theory and belief: verdict, runs, effect, and the share of runs that bears it out."""
    rows = []
    for claim in claims:
        for belief, said in claim["beliefs"].items():
            found = said | {"support": said["support"]["p"]}
            rows.append(_specification(claim, OWN_THEORY, belief, found))
        rows += [_specification(claim, rival["theory"], rival["belief"], rival) for rival in claim["rivals"]]
    return rows


def _specification(claim: Mapping[str, Any], theory: str, belief: str, found: Mapping[str, Any]) -> dict[str, Any]:
    effect = {name: found["effect"][name] for name in QUANTILES}
    about = {"claim": claim["id"], "theory": theory, "belief": belief}
    return about | {"verdict": found["verdict"], "runs": found["runs"], **effect, "p_claim": found["support"]}


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as CSV, numbers to six digits, what is not there empty."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
    return text.getvalue()


def rejected(of: Simulated) -> float:
    """Share of parameter draws thrown away because ties would have run away."""
    attempts = of.by_run["attempts"]
    return float(1.0 - len(attempts) / attempts.sum())


def dose_as_json(claim: Claim, judged: Verdict, effects: Array) -> dict[str, Any]:
    """The response to a dose, (R, D) effects against the baseline."""
    assert claim.dose is not None
    levels = np.array(claim.dose.levels)
    response = dose_response(levels, effects, claim.margin, confidence=judged.confidence)
    largest = np.bincount(effects.argmax(axis=1), minlength=len(levels)) / len(effects)
    threshold = None
    if response.first is not None:
        threshold = {"level": response.first, "low": response.first_interval[0], "high": response.first_interval[1]}
    return {
        "effect": [quantiles(column) for column in effects.T],
        "monotone_share": response.rising.value,
        "monotone_wilson": [response.rising.low, response.rising.high],
        "falling": _probability(response.falling),
        "peaked": _probability(response.peaked),
        "peak": {"level": largest.tolist(), "of_mean": response.peak, "interval": list(response.peak_interval)},
        "threshold": threshold,
    }


def assumed(document: Document, plan: Plan, world: World) -> dict[str, Any]:
    """Everything a judgement rests on: parameters with their priors and sources, events, and the world's columns."""
    pinned = document.scenario.parameters
    parameters = [
        {
            "path": path,
            "value": str(prior),
            "unit": PARAMETERS[path].unit,
            "low": PARAMETERS[path].low,
            "high": PARAMETERS[path].high,
            "source": PARAMETERS[path].source,
            "expert": is_expert(PARAMETERS[path].source),
            "pinned": path in pinned,
        }
        for path, prior in plan.priors.items()
    ]
    events = [
        {name: event[name] for name in ("at", "branch", "label", "probability", "source")}
        for event in plan.about["events"]
    ]
    columns = [
        {"column": column, **{name: about.get(name, "") for name in ("title", "author", "year", "terms")}}
        for column, about in world.sources.items()
    ]
    return {"parameters": parameters, "events": events, "columns": columns}


def _share(which: Array, confidence: float) -> Probability:
    return wilson(int(which.sum()), len(which), confidence)


def _probability(p: Probability) -> dict[str, Any]:
    value = None if np.isnan(p.value) else p.value
    return {"p": value, "low": p.low, "high": p.high, "words": p.words}


def _plain(values: Array) -> Any:
    """A number or a list of numbers, with None for what is not finite."""
    if np.ndim(values):
        return [_plain(value) for value in values]
    return float(f"{values:.8g}") if np.isfinite(values) else None
