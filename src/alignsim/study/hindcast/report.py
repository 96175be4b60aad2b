"""The hindcast as rows and words: every score of every forecaster by outcome, horizon and group, however it turned
out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from alignsim.study import scoreboard
from alignsim.study.hindcast.engine import DEEPENS, OUTCOMES, Cases, Hindcast, Window
from alignsim.study.hindcast.groups import FOUNDING, NAMED, groups
from alignsim.study.hindcast.observation import RECENT
from alignsim.world.dyad_years import spans

Array = Any

SILENT = "no mechanisms"
RIVALS = ("persistence", "dyad mean", "AR(1) with drift")
BOTH = ("agreement", "distance")
IN_WORDS = {
    "agreement": "agreement in UN votes",
    "distance": "ideal-point distance",
    "trade": "trade shares",
    "arms": "arms deliveries",
}


def rows(found: Hindcast, progress: Callable[[int, int], None] | None = None) -> list[dict[str, Any]]:
    """One dict for each score; see `scoreboard.rows`, with the labels outcome, horizon (years) and group."""
    out: list[dict[str, Any]] = []
    masks: dict[tuple[int, int], dict[str, Array]] = {}
    for done, own in enumerate(found.cases, 1):
        for origin in own.origins():
            key = (origin, own.horizon)
            if key not in masks:
                masks[key] = groups(found.panel, *key)
        for name in next(iter(masks.values()), ()) if len(own.origin) else ():
            within = member(own, masks, name)
            if scoreboard.REFERENCE not in scoreboard.comparable(own.forecasts, own.observed, within)[0]:
                continue
            out += scoreboard.rows(
                own.forecasts,
                own.observed,
                own.last,
                own.first,
                own.second,
                within=within,
                step=DEEPENS.get(own.outcome),
                outcome=own.outcome,
                horizon=own.horizon,
                group=name,
            )
        if progress:
            progress(done, len(found.cases))
    return out


def member(own: Cases, masks: dict[tuple[int, int], dict[str, Array]], name: str) -> Array:
    """Which cases belong to a group, (C,)."""
    out = np.zeros(len(own.origin), dtype=bool)
    for origin in np.unique(own.origin):
        here = own.origin == origin
        out[here] = masks[int(origin), own.horizon][name][own.first[here], own.second[here]]
    return out


def loadings(found: Hindcast) -> list[dict[str, Any]]:
    """How much of each theory's predicted change showed in the training years, by outcome and horizon."""
    return [
        {"forecaster": name, "outcome": outcome, "horizon": horizon, "loading": model.loading, "cases": model.cases}
        for (name, outcome, horizon), model in found.observations.items()
        if name != SILENT
    ]


def cases(found: Hindcast, pairs: tuple[tuple[str, str], ...] = (*NAMED, FOUNDING)) -> list[dict[str, Any]]:
    """Every forecast of the named dyads, one dict each."""
    place = {code: k for k, code in enumerate(found.panel.states)}
    wanted = {frozenset((place[a], place[b])) for a, b in pairs if a in place and b in place}
    out = []
    for own in found.cases:
        for k in range(len(own.origin)):
            if frozenset((int(own.first[k]), int(own.second[k]))) not in wanted:
                continue
            common = {
                "outcome": own.outcome,
                "horizon": own.horizon,
                "origin": int(own.origin[k]),
                "a": found.panel.states[own.first[k]],
                "b": found.panel.states[own.second[k]],
                "last": own.last[k],
                "observed": own.observed[k],
            }
            out += [
                common | {"forecaster": name} | {key: values[k] for key, values in kept.items()}
                for name, kept in own.forecasts.items()
            ]
    return out


def in_words(table: list[dict[str, Any]], model: str) -> list[str]:
    """What the table says of one forecaster over all pairs, outcome by outcome."""
    lines = []
    for outcome in OUTCOMES:
        own = [r for r in table if (r["outcome"], r["group"], r["forecaster"]) == (outcome, "all pairs", model)]
        skill = {r["horizon"]: r for r in own if r["score"] == "crps skill"}
        if not skill:
            continue
        subject = _subject(outcome)
        lines.append(f"{subject}: {model} against persistence, CRPS skill with intervals by dyad and by state")
        for horizon, row in skill.items():
            by_dyad, by_state = (
                f"{_percent(row[f'low{k}'])} to {_percent(row[f'high{k}'])}" for k in ("", "_by_state")
            )
            lines.append(
                f"  {_years(horizon)} ahead: {_percent(row['value'])} ({by_dyad}; {by_state}): {_verdict(row)}"
            )
        held = {r["horizon"]: r["value"] for r in own if r["score"] == "coverage 90"}
        said = ", ".join(f"{_percent(value)} {_years(h)} ahead" for h, value in held.items())
        lines += [f"  90 % intervals held {said}", *_against_others(own), f"  {_gained(table, model, outcome)}"]
    return lines


def _against_others(own: list[dict[str, Any]]) -> list[str]:
    """How one forecaster of one outcome does against the other naive ones, a line each."""
    lines = []
    for name in scoreboard.OTHERS:
        rows = [r for r in own if r["score"] == f"crps skill against {name}"]
        said = ", ".join(f"{_percent(r['value'])} {_years(r['horizon'])} ahead ({_verdict(r)})" for r in rows)
        lines += [f"  Against {name}: {said}"] if rows else []
    return lines


def silences(found: Hindcast, table: list[dict[str, Any]]) -> list[str]:
    """What was asked for and could not be scored, and why, in sentences; none where all of it was."""
    asked = found.asked or found.window
    lines = [_no_horizon(asked, h) for h in asked.horizons if h not in found.window.horizons]
    for outcome in OUTCOMES:
        own = [cases for cases in found.cases if cases.outcome == outcome]
        gaps: dict[str, list[int]] = {}
        for cases in own:
            wanted = {origin + cases.horizon for origin in found.window.judged(cases.horizon)}
            lacking = wanted - {origin + cases.horizon for origin in cases.origins()}
            if lacking:
                said = "no case at all" if lacking == wanted else f"no case in {spans(lacking)}"
                gaps.setdefault(said, []).append(cases.horizon)
        for said, horizons in gaps.items():
            ahead = "" if len(horizons) == len(own) else f", {_listed(horizons)} ahead"
            lines.append(f"{_subject(outcome)}{ahead}: {said}; nothing is on record then, or was at the origin.")
    lines += _unfitted(found, table)
    present = {row["group"] for row in table}
    absent = [name for name in groups_of(found) if name not in present]
    if absent and present:
        lines.append(f"No case of these groups: {', '.join(absent)}.")
    return lines


def _unfitted(found: Hindcast, table: list[dict[str, Any]]) -> list[str]:
    """Where no observation model could be fitted, with the reason of the shortest horizon, which has most pairs."""
    without: dict[tuple[str, str], dict[int, str]] = {}
    for (outcome, horizon), why in found.unfitted.items():
        scored = any((row["outcome"], row["horizon"]) == (outcome, horizon) for row in table)
        said = "naive forecasts alone" if scored else "not scored"
        without.setdefault((outcome, said), {})[horizon] = why
    return [
        f"{_subject(outcome)}, {_listed(list(whys))} ahead: {said}; {next(iter(whys.values()))}."
        for (outcome, said), whys in without.items()
    ]


def groups_of(found: Hindcast) -> list[str]:
    """Names of the groups that are scored."""
    horizon = found.window.horizons[0]
    return list(groups(found.panel, found.window.judged(horizon)[0], horizon))


def _no_horizon(asked: Window, horizon: int) -> str:
    if asked.judged(horizon):
        least = asked.train[0] + RECENT + horizon + 1
        return f"{_years(horizon)} ahead: not forecast; it takes training years to {least} or later."
    first = asked.train[1] + horizon
    return (
        f"{_years(horizon)} ahead: not forecast; from the end of training in {asked.train[1]} on, its first outcome is "
        f"of {first}, after the test years."
    )


def _subject(outcome: str) -> str:
    return f"{IN_WORDS[outcome][0].upper()}{IN_WORDS[outcome][1:]}"


def _listed(horizons: list[int]) -> str:
    *most, last = horizons
    return f"{', '.join(map(str, most))} and {_years(last)}" if most else _years(last)


def _verdict(row: dict[str, Any]) -> str:
    if row["low_by_state"] > 0:
        return "better"
    if row["high_by_state"] < 0:
        return "worse"
    if row["low"] > 0:
        return "better for these pairs, not clearly so for other states"
    if row["high"] < 0:
        return "worse for these pairs, not clearly so for other states"
    return "no clear difference"


def skills(table: list[dict[str, Any]], group: str = "all pairs") -> tuple[list[str], list[list[str]]]:
    """Column names and cells of the table of CRPS skill against persistence, a row for each forecaster."""
    own = [r for r in table if r["group"] == group and r["score"] == "crps skill"]
    columns = list(dict.fromkeys((r["outcome"], r["horizon"]) for r in own))
    cells = {(r["forecaster"], r["outcome"], r["horizon"]): r for r in own}
    lines = []
    for name in dict.fromkeys(r["forecaster"] for r in own):
        found = [cells.get((name, *column)) for column in columns]
        lines.append([name, *("" if r is None else _marked(r) for r in found)])
    return ["forecaster", *(f"{outcome} {horizon} y" for outcome, horizon in columns)], lines


def _marked(row: dict[str, Any]) -> str:
    """A skill in per cent with its marks: one sign where the interval by dyad excludes nil, two where that by state
    does."""
    dyad = "+" if row["low"] > 0 else "−" if row["high"] < 0 else ""
    state = "+" if row["low_by_state"] > 0 else "−" if row["high_by_state"] < 0 else ""
    value = row["value"]
    told = "far below" if value < -9.99 else f"{100 * value:.1f}".replace("-", "−").replace("nan", "unknown")
    return f"{told} {dyad + state:<2}"


def _gained(table: list[dict[str, Any]], model: str, outcome: str) -> str:
    """What the mechanisms add to the observation model on which they stand."""
    crps = {
        (r["forecaster"], r["horizon"]): r["value"]
        for r in table
        if r["outcome"] == outcome and r["group"] == "all pairs" and r["score"] == "crps"
    }
    gains = {h: 1 - crps[model, h] / crps[SILENT, h] for name, h in crps if name == model and (SILENT, h) in crps}
    if not gains:
        return "the observation model alone was not asked"
    return (
        "The mechanisms add to the observation model alone: "
        + ", ".join(f"{_percent(gain, 1)} {_years(h)} ahead" for h, gain in gains.items())
        + "."
    )


def _percent(value: float, digits: int = 0) -> str:
    return "unknown" if not np.isfinite(value) else f"{100 * value:.{digits}f} %".replace("-", "−")


def _years(horizon: int) -> str:
    return "1 year" if horizon == 1 else f"{horizon} years"
