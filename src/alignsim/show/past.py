"""All figures of a hindcast, from what the study found to files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.files import write_atomically
from alignsim.show import hindcast as draw
from alignsim.study import scoreboard
from alignsim.study.hindcast import report
from alignsim.study.hindcast.engine import Cases, Hindcast
from alignsim.study.hindcast.groups import FOUNDING, NAMED

OUTCOMES = ("agreement", "distance")
"""Outcomes that have histograms, changes and fans of their own; trade and arms are in the figures of scores."""
MOST_FANS = 12


def draw_all(found: Hindcast, table: list[dict[str, Any]], folder: Path, formats: tuple[str, ...] = ("png",)) -> None:
    """Write every figure of a hindcast into `folder`, which must exist. Raises FileProblem."""
    ours = best(found)
    source = (
        f"alignsim hindcast, panel {found.panel.name}, trained on {found.window.train[0]} to {found.window.train[1]}, "
        f"outcomes of {found.window.test[0]} to {found.window.test[1]}"
    )
    votes = [row for row in table if row["outcome"] in OUTCOMES]
    flows = [row for row in table if row["outcome"] not in OUTCOMES]
    figures: dict[str, Any] = {}
    if _told(votes):
        figures |= {"skill": draw.skill(votes, source=source), "coverage": draw.coverage(votes, source=source)}
    if _told(flows):
        figures["skill-trade-arms"] = draw.skill(flows, source=source)
    for group in ("co-sanctioned", "matched controls", "named dyads"):
        if _told(votes, group):
            figures[f"skill-{group.replace(' ', '-')}"] = draw.skill(votes, group=group, source=source)
    for outcome in OUTCOMES:
        own = [cases for cases in found.cases if cases.outcome == outcome and len(cases.origin)]
        own = [cases for cases in own if ours in cases.forecasts]
        if not own:
            continue
        shares = {
            (name, cases.horizon): share
            for cases in own
            for name, share in scoreboard.histograms(cases.forecasts, cases.observed).items()
            if name in (ours, report.SILENT, *report.RIVALS)
        }
        figures[f"pit-{outcome}"] = draw.pit_histograms(shares, outcome=outcome, source=source)
        figures[f"change-{outcome}"] = draw.change(
            [_foreseen(cases, found, ours) for cases in own], outcome=outcome, forecaster=ours, source=source
        )
        if named(found):
            figures[f"fans-{outcome}"] = _fans(found, own, outcome, ours, source)
    for name, figure in figures.items():
        for kind in formats:
            write_atomically(folder / f"{name}.{kind}", partial(figure.savefig, format=kind))


def _told(rows: list[dict[str, Any]], group: str = "all pairs") -> bool:
    """Is there any skill to be drawn, beside that of the reference?"""
    own = [row for row in rows if row["group"] == group and row["score"] == "crps skill"]
    return any(np.isfinite(row["value"]) for row in own if row["forecaster"] != scoreboard.REFERENCE)


def named(found: Hindcast) -> list[tuple[str, str]]:
    """The pair of the question and the named dyads, as far as the panel has them."""
    here = set(found.panel.states)
    return [pair for pair in (FOUNDING, *NAMED) if here.issuperset(pair)]


def best(found: Hindcast) -> str:
    """The forecaster that is looked at closely: the calibrated one where there is one."""
    names = dict.fromkeys(name for cases in found.cases for name in cases.forecasts)
    return next((n for n in ("consent, calibrated", "consent, signed", report.SILENT) if n in names), next(iter(names)))


def _label(found: Hindcast, i: int, j: int) -> str:
    names = found.panel.world(found.panel.years[-1]).names
    a, b = (found.panel.states[k] for k in (i, j))
    return f"{names.get(a, a)}–{names.get(b, b)}"


def _foreseen(cases: Cases, found: Hindcast, forecaster: str) -> dict[str, Any]:
    """The last origin's named dyads by name, all cases as points."""
    predicted, observed = cases.forecasts[forecaster]["mean"] - cases.last, cases.observed - cases.last
    wanted = {frozenset(pair) for pair in (FOUNDING, *NAMED[:5])}
    named = {}
    for k in np.flatnonzero(cases.origin == cases.origin.max()):
        pair = frozenset((found.panel.states[cases.first[k]], found.panel.states[cases.second[k]]))
        if pair in wanted:
            named[_label(found, cases.first[k], cases.second[k])] = (float(predicted[k]), float(observed[k]))
    return {"horizon": cases.horizon, "predicted": predicted, "observed": observed, "named": named}


def _fans(found: Hindcast, own: list[Cases], outcome: str, forecaster: str, source: str) -> Any:
    place = {code: k for k, code in enumerate(found.panel.states)}
    pairs = named(found)[:MOST_FANS]
    until = found.panel.years.index(found.window.test[1]) + 1
    record, rows = {}, []
    values = found.panel.agreement if outcome == "agreement" else found.panel.distance
    origins = sorted({int(o) for cases in own for o in np.unique(cases.origin)})[::3]
    for a, b in pairs:
        i, j = sorted((place[a], place[b]))
        label = _label(found, place[a], place[b])
        record[label] = (np.array(found.panel.years[:until]), values[:until, i, j])
        for cases in own:
            kept = cases.forecasts[forecaster]
            for k in np.flatnonzero((cases.first == i) & (cases.second == j) & np.isin(cases.origin, origins)):
                rows.append(
                    {"dyad": label, "origin": int(cases.origin[k]), "horizon": cases.horizon, "last": cases.last[k]}
                    | {q: kept[q][k] for q in ("q05", "q25", "q50", "q75", "q95")}
                )
    return draw.fans(record, rows, outcome=outcome, forecaster=forecaster, trained=found.window.train[1], source=source)
