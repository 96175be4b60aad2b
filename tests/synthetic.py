"""A made-up results Dataset that follows the contract, for tests of what reads results; nothing in it is a finding."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from alignsim.world import curated


def _words(text: str) -> list[str]:
    return text.split()


FORTY = _words(
    "ARE ARM AUS AZE BLR BRA CAN CHE CHN CUB DEU DZA EGY ESP FRA GBR GEO IDN IND IRN IRQ ISR ITA JPN KAZ KOR MEX NOR "
    "PAK POL PRK QAT RUS SAU SYR TUR UKR USA VEN ZAF"
)
WEST = set(_words("AUS CAN CHE DEU ESP FRA GBR GEO ISR ITA JPN KOR NOR POL UKR USA"))
EAST = set(_words("BLR CHN CUB IRN PRK RUS SYR VEN"))
MOTIVES = _words(
    "common_interests shared_friends shared_threat cross_pressure dependence armament arms_revenue evasion "
    "secondary_sanctions stigma substitution oil_rivalry trust capacity wedge diplomacy solidarity"
)
EVENTS = (
    {"at": "2024-12", "branch": None, "label": "Assad falls", "probability": 1.0, "kind": "issue"},
    {"at": "2025-01", "branch": None, "label": "Strategic partnership treaty", "probability": 1.0, "kind": "meeting"},
    {"at": "2025-02", "branch": "isolation", "label": "West sanctions Iran and Russia", "probability": 1.0,
     "kind": "sanction"},
    {"at": "2025-02", "branch": "symbolic", "label": "Symbolic sanctions", "probability": 1.0, "kind": "sanction"},
    {"at": "2025-02", "branch": "relief", "label": "Sanctions on Russia eased", "probability": 1.0, "kind": "lift"},
    {"at": "2025-03", "branch": None, "label": "Arms to the Houthis (denied)", "probability": 0.3, "kind": "arms"},
    {"at": "2027-06", "branch": None, "label": "Ceasefire in Ukraine", "probability": 0.5, "kind": "war"},
)  # fmt: skip
STRENGTH = {"baseline": 0.0, "isolation": 1.0, "symbolic": 0.05, "relief": -0.5}


def results(
    dyads: tuple[str, ...] = ("IRN-RUS", "CHN-RUS", "CHN-IRN"),
    branches: tuple[str, ...] = ("baseline", "isolation", "symbolic", "relief"),
    runs: int = 60,
    months: int = 64,
    states: tuple[str, ...] | list[str] = tuple(FORTY),
    events: tuple[dict[str, Any], ...] = EVENTS,
    seed: int = 1,
    **attributes: Any,
) -> xr.Dataset:
    """Smooth made-up trajectories: `months` steps after the eve, 2024-09; no NaN anywhere."""
    rng = np.random.default_rng(seed)
    states = sorted(states)
    members = sorted({code for dyad in dyads for code in dyad.split("-")})
    time = np.datetime64("2024-09", "M") + np.arange(months + 1).astype("timedelta64[M]")
    frames = sorted({0, *range(12, months + 1, 12), months})
    coords = {
        "branch": list(branches), "run": np.arange(runs), "time": time.astype("datetime64[ns]"), "dyad": list(dyads),
        "side": [0, 1], "member": members, "state": states, "partner": states,
        "frame": time[frames].astype("datetime64[ns]"), "quantile": [0.05, 0.25, 0.5, 0.75, 0.95], "motive": MOTIVES,
        "parameter": ["sanctions.bite", "evasion.learning"], "issue": ["order"], "event": [0],
    }  # fmt: skip
    push = np.array([STRENGTH.get(b, 0.3 * (i + 1)) for i, b in enumerate(branches)])
    variables = {
        **_trajectories(rng, push, runs, months, len(dyads), len(members)),
        **_system(rng, push, states, frames, months),
        **_motives(rng, push, runs, len(dyads), len(frames)),
        "parameter_value": (("run", "parameter"), rng.uniform(0, 1, (runs, 2))),
        "event_happened": (("run", "event"), rng.random((runs, 1)) < 0.3),
    }
    table = {row["code"]: row for row in curated.rows("states")}
    for place in ("latitude", "longitude"):
        variables[place] = (("state",), np.array([float(table[code][place]) for code in states]))
    facts = {
        "title": "Does isolation deepen Iran–Russia ties?", "world": "west-asia-2024", "scenario_hash": "0" * 64,
        "seed": 20241011, "belief": "signed", "theory": "consent", "focus": json.dumps([d.split("-") for d in dyads]),
        "names": json.dumps({code: table[code]["name"] for code in {*states, *members}}), "margin": 0.05,
        "groups": json.dumps({"west": sorted(WEST & set(states))}), "events": json.dumps(list(events)),
    }  # fmt: skip
    return xr.Dataset(variables, coords, facts | attributes)


def _walk(rng: np.random.Generator, shape: tuple[int, ...], size: float) -> np.ndarray:
    """A slow random walk along the last axis that starts at 0."""
    steps = rng.normal(0, size, shape)
    steps[..., 0] = 0
    return np.cumsum(steps, axis=-1)


def _trajectories(rng, push, runs, months, dyads, members) -> dict[str, Any]:
    since = np.clip(np.arange(months + 1) - 4, 0, None)
    rise = 1 - np.exp(-since / 14)
    shock, strength = _walk(rng, (1, runs, dyads, months + 1), 0.012), rng.gamma(4, 0.03, (1, runs, dyads, 1))
    start = np.linspace(0.55, 0.72, dyads)[:, None]
    drift = 0.06 * np.arange(months + 1) / 64
    effect = push[:, None, None, None] * strength * rise
    alignment = np.clip(start + drift + shock + effect, -1, 1)
    sided = (1, runs, dyads, 2, months + 1)
    pushed = push[:, None, None, None, None] * rise
    base = np.array([0.05, 0.02])[:, None]
    trade = np.clip(base * (1 + 0.7 * pushed * rng.gamma(5, 0.2, (1, runs, dyads, 1, 1)))
                    + _walk(rng, sided, 0.0008), 0, 1)  # fmt: skip
    arms = np.clip(np.array([6.0, 14.0])[:, None] * (1 + 0.5 * pushed) + _walk(rng, sided, 0.5), 0, None)
    desire = 0.6 + 0.8 * effect[:, :, :, None] + np.array([0.0, 0.25])[:, None] + _walk(rng, sided, 0.02)
    each = (1, runs, members, months + 1)
    felt = push[:, None, None, None] * rise
    isolation = np.clip(np.linspace(0.1, 0.45, members)[:, None] + 0.3 * felt + _walk(rng, each, 0.006), 0, 1)
    capacity = np.clip(1 - 0.08 * felt * rng.gamma(5, 0.2, (1, runs, 1, 1)) + _walk(rng, each, 0.002), 0, 1.5)
    know_how = np.clip(np.linspace(0.3, 0.6, members)[:, None] + 0.002 * since * (1 + np.clip(felt, 0, None))
                       + _walk(rng, each, 0.002), 0, 1)  # fmt: skip
    position = np.clip(np.linspace(0.2, 0.8, members)[:, None] + _walk(rng, each, 0.005) + 0 * felt, -1, 1)
    dyad, side, member = ("branch", "run", "dyad", "time"), ("branch", "run", "dyad", "side", "time"), \
        ("branch", "run", "member", "time")  # fmt: skip
    units = {"trade_share": "share of external trade", "arms": "TIV a month", "desire": "z"}
    made = {
        "alignment": (dyad, alignment), "other_ties": (dyad, 0.3 + 0.1 * shock + 0 * effect),
        "trade_share": (side, trade), "arms": (side, arms), "desire": (side, desire), "isolation": (member, isolation),
        "capacity": (member, capacity), "know_how": (member, know_how), "position": (member, position),
    }  # fmt: skip
    return {name: (dims, values, {"units": units.get(name, "1")}) for name, (dims, values) in made.items()}


def _system(rng, push, states, frames, months) -> dict[str, Any]:
    places = np.array([[-0.9, 0.1] if s in WEST else [0.9, 0.1] if s in EAST else [0.35, 0.9] for s in states])
    places = places + rng.normal(0, 0.25, places.shape)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    start = np.clip(0.95 - 0.75 * apart, -1, 1)
    east = np.array([s in EAST for s in states])
    move = np.where(east[:, None] & east[None], 0.12, np.where(east[:, None] ^ east[None], -0.12, 0.0))
    noise = rng.normal(0, 0.05, start.shape)
    share = np.array(frames) / months
    mean = start + (push[:, None, None, None] * move + (noise + noise.T) / 2) * share[:, None, None]
    mean = np.clip(mean, -1, 1)
    mean[:, :, np.arange(len(states)), np.arange(len(states))] = 0.0
    spread = np.broadcast_to(0.1 * share[:, None, None], mean.shape)
    quantile = np.clip(mean[:, None] + np.array([-1.64, -0.67, 0, 0.67, 1.64])[:, None, None, None] * spread[:, None],
                       -1, 1)  # fmt: skip
    size = rng.lognormal(3, 1.3, len(states))
    trade = np.broadcast_to(np.sqrt(size[:, None] * size[None]) * (1 - np.eye(len(states))), mean.shape)
    arms = np.broadcast_to(rng.exponential(1, start.shape) * (1 - np.eye(len(states))), mean.shape)
    pressure = np.clip(0.05 + 0.3 * push[:, None, None] * east * np.linspace(0, 1, months + 1)[:, None], 0, 1)
    pair = ("branch", "frame", "state", "partner")
    return {
        "alignment_mean": (pair, mean), "alignment_sd": (pair, np.array(spread)),
        "alignment_quantile": (("branch", "quantile", "frame", "state", "partner"), quantile),
        "trade_mean": (pair, np.array(trade), {"units": "bn USD a year"}),
        "arms_mean": (pair, np.array(arms), {"units": "TIV a month"}),
        "pressure": (("branch", "time", "state"), pressure),
    }  # fmt: skip


def _motives(rng, push, runs, dyads, frames) -> dict[str, Any]:
    size = np.zeros(len(MOTIVES))
    for motive, value in {"shared_threat": 0.5, "substitution": 0.3, "secondary_sanctions": -0.35, "evasion": 0.2,
                          "oil_rivalry": -0.12, "armament": 0.1, "capacity": -0.06, "trust": 0.03}.items():  # fmt: skip
        size[MOTIVES.index(motive)] = value
    start = rng.normal(0, 0.2, (1, runs, dyads, 2, len(MOTIVES), 1))
    grown = rng.gamma(5, 0.2, (1, runs, dyads, 2, len(MOTIVES), 1)) * size[:, None] * np.linspace(0, 1, frames)
    shares = start + (0.2 + push[:, None, None, None, None, None]) * grown  # the baseline drifts too
    return {"motive_share": (("branch", "run", "dyad", "side", "motive", "frame"), shares, {"units": "z"})}
