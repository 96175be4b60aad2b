"""Every forecaster on the same cases: one row for each score, with its intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from alignsim.study import resampling, scores
from alignsim.study.resampling import Clusters, Estimate

Array = Any
Forecasts = Mapping[str, Mapping[str, Array]]
"""Forecaster to what is kept of its forecasts at K cases, (K,) each: `crps`, `mean`, the quantiles `q05`, `q25`, `q75`
and `q95`, `pit`, and `deepens`, a probability, where the outcome has such an event."""

REFERENCE = "persistence"
"""What skill is measured against."""
OTHERS = ("dyad mean", "AR(1) with drift")
"""Naive forecasters that every other one is held against as well, where they speak: `crps skill against dyad mean`."""
INTERVALS = {"coverage 50": ("q25", "q75"), "coverage 90": ("q05", "q95")}
SCORES = (
    "crps", "crps skill", "rmse", "rmse skill", *INTERVALS, "rank correlation", "auc", "brier", "brier skill",
    "miscalibration", "discrimination", "dm", "pit",
)  # fmt: skip
"""Of a row. `dm`: the reference's mean CRPS minus the forecaster's, with p-values; `pit`: chi-square of the PIT
histogram over its degrees of freedom, as if cases were independent, with p-values that know they are not;
`miscalibration` and `discrimination`: parts of the Brier score (`scores.reliability`)."""


def comparable(forecasts: Forecasts, observed: Array, within: Array | None = None) -> tuple[list[str], Array]:
    """The forecasters that speak at all, and the cases (K,) on which every one of them can be judged.

    `within` (K,) limits the cases to a group. A forecaster without any forecast is left out, not its rivals' cases.
    """
    asked = np.isfinite(observed) if within is None else np.isfinite(observed) & within
    names = [name for name, kept in forecasts.items() if (np.isfinite(kept["crps"]) & asked).any()]
    return names, asked & scores.paired(observed, *(v for name in names for v in forecasts[name].values()))


def rows(
    forecasts: Forecasts,
    observed: Array,
    last: Array,
    first: Array,
    second: Array,
    *,
    within: Array | None = None,
    step: float | None = None,
    reference: str = REFERENCE,
    seed: int = 1,
    resamples: int = resampling.RESAMPLES,
    **labels: Any,
) -> list[dict[str, Any]]:
    """All scores of all forecasters: dicts of labels, forecaster, score, value, ends of two intervals, n, two p-values.

    `observed` and `last`, what was on record at the origin, are (K,), in units of the outcome; `first` and `second`
    (K,) are indices of the two states; `step` is the change by which a tie deepens, with its sign. An end or p-value
    that cannot be had is nan. Raises KeyError when the reference is not among the forecasters that speak.
    """
    names, good = comparable(forecasts, observed, within)
    if not names or not good.any():
        return []
    if reference not in names:
        raise KeyError(f"{reference!r} is the reference for skill, but not among the forecasters: {', '.join(names)}")
    clusters = Clusters(np.asarray(first)[good], np.asarray(second)[good], seed, resamples)
    own = {name: {key: np.asarray(v, float)[good] for key, v in forecasts[name].items()} for name in names}
    seen, start = np.asarray(observed, float)[good], np.asarray(last, float)[good]
    out = []
    for name in names:
        found = _scores(own[name], own[reference], seen, start, step, clusters)
        for other in (o for o in OTHERS if o in names and name not in (o, reference)):
            skill = resampling.skill(own[name]["crps"], own[other]["crps"], clusters)
            found[f"crps skill against {other}"] = (skill, np.nan, np.nan)
        for score, (estimate, p_by_dyad, p_by_state) in found.items():
            out.append(
                {
                    **labels,
                    "forecaster": name,
                    "score": score,
                    **estimate.row(),
                    "p": p_by_dyad,
                    "p_by_state": p_by_state,
                }
            )
    return out


def _scores(
    own: Mapping[str, Array], other: Mapping[str, Array], seen: Array, start: Array, step: float | None, who: Clusters
) -> dict[str, tuple[Estimate, float, float]]:
    """Score to its estimate and p-values by dyad and by state."""
    square, square_of_other = scores.squared_error(own["mean"], seen), scores.squared_error(other["mean"], seen)
    found = {
        "crps": resampling.mean(own["crps"], who),
        "crps skill": resampling.skill(own["crps"], other["crps"], who),
        "rmse": resampling.root_mean(square, who),
        "rmse skill": resampling.skill(square, square_of_other, who, root=True),
    }
    for name, (low, high) in INTERVALS.items():
        found[name] = resampling.mean(scores.covered(own[low], own[high], seen), who)
    found["rank correlation"] = resampling.rank_correlation(
        np.round(own["mean"] - start, 9), np.round(seen - start, 9), who
    )
    if step is not None and "deepens" in own:
        found |= _event(own["deepens"], other["deepens"], scores.changed(start, seen, step), who)
    told: dict[str, tuple[Estimate, float, float]] = {name: (e, np.nan, np.nan) for name, e in found.items()}
    if own is not other:
        compared = resampling.diebold_mariano(own["crps"], other["crps"], who)
        told["dm"] = (compared.difference, compared.p_by_dyad, compared.p_by_state)
    flat = resampling.uniformity(own["pit"], who)
    told["pit"] = (_plain(flat.statistic / (scores.BINS - 1), who), flat.p_by_dyad, flat.p_by_state)
    return told


def _event(own: Array, other: Array, event: Array, who: Clusters) -> dict[str, Estimate]:
    """Scores of the probability that a tie deepens."""
    losses, reference = scores.brier(own, event), scores.brier(other, event)
    parts = scores.reliability(own, event)
    return {
        "auc": resampling.area_under_curve(own, event, who),
        "brier": resampling.mean(losses, who),
        "brier skill": resampling.skill(losses, reference, who),
        "miscalibration": _plain(parts.miscalibration, who),
        "discrimination": _plain(parts.discrimination, who),
    }


def _plain(value: float, who: Clusters) -> Estimate:
    """A score without an interval."""
    nan = float("nan")
    return Estimate(value, nan, nan, nan, nan, who.n)


def histograms(
    forecasts: Forecasts, observed: Array, within: Array | None = None, bins: int = scores.BINS
) -> dict[str, Array]:
    """Forecaster to the shares (bins,) of its PIT histogram on the comparable cases."""
    names, good = comparable(forecasts, observed, within)
    return {name: scores.histogram(np.asarray(forecasts[name]["pit"])[good], bins) for name in names}
