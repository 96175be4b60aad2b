"""Builds a world for the end of one month from the official files, with nothing that was not known by then."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.errors import InvalidInput, Problem, UsageError, did_you_mean
from alignsim.world import alignment, arms, curated, economy, issues, sanctions, ties
from alignsim.world.codes import Codes
from alignsim.world.derived import domestic_sales, great_circle
from alignsim.world.folder import MONTH
from alignsim.world.sources import Facts, cite, facts
from alignsim.world.upstream import Upstream, read
from alignsim.world.world import Actor, Array, World

FIRST_MONTH = "1992-01"
_STATE = ("gdp", "home", "arms_capacity", "replenishment", "know_how", "war", "democracy", "ideal_point", "milex",
          "latitude", "longitude")  # fmt: skip
_PAIR = ("alignment", "alignment_sd", "hostility", "distance", "trade", "oil", "arms", "sanction_trade",
         "sanction_financial", "sanction_symbolic", "embargo", "secondary")  # fmt: skip


def build(name: str, month: str, source: Path | Upstream, states: str = "all", title: str = "") -> World:
    """The world at the end of `month` ("1992-01" or later) from the folder of official files, or from what it holds.

    `states`: "all", "largest:40" by COW capabilities, "preset:west-asia", a comma list of codes, or a file of codes.
    Every figure is of the last complete year by `month` or of a cited table's row dated no later (the exception, ideal
    points after the file's gap of 2016 to 2023, is told in the sources). All states are computed before any are
    selected, so the same dyad has the same figures in a large and in a small world.

    Raises UsageError for a month or selection that cannot be, FileProblem and InvalidInput for files.
    """
    if not MONTH.fullmatch(month) or month < FIRST_MONTH:
        raise UsageError(f"{month!r} is not a month from {FIRST_MONTH} on; write it as 2014-01")
    upstream = source if isinstance(source, tuple) else read(Path(source))
    everyone, _ = whole(name, month, upstream, title)
    chosen = select(states, everyone, upstream)
    return everyone if chosen == list(everyone.states) else subset(everyone, chosen)


def whole(name: str, month: str, files: Upstream, title: str = "") -> tuple[World, Facts]:
    """Every state of the month that has a figure of output and one of trade (Liechtenstein's is in Switzerland's).

    Also what its citations say of the month.
    """
    codes, groups = Codes(), curated.groups_at(month)
    states = codes.existing(month)
    gdp = economy.gdp(month, states, files.gdp)
    trade = economy.trade(month, states, files.baci, files.cow_trade, groups)
    known = np.isfinite(gdp) & (trade.sum(axis=0) + trade.sum(axis=1) > 0)
    states, gdp = [code for code, there in zip(states, known, strict=True) if there], gdp[known]
    trade = economy.connect(trade[np.ix_(known, known)])
    rows = {row["code"]: row for row in codes.rows}
    latitude, longitude = (np.array([float(rows[code][key]) for code in states]) for key in ("latitude", "longitude"))

    points = alignment.ideal_points(files.points, states, month)
    agreed = alignment.agreement(month, states, files.votes, files.points)
    hostile = ties.hostility(month, states, files.disputes, files.conflicts)
    aligned, spread = alignment.override(
        agreed.value, agreed.sd, ties.pacts(month, states, files.atop, groups), hostile
    )
    milex = economy.military_expenditure(month, states, files.milex, files.capabilities, gdp)
    capacity, floor = arms.capacity(month, states, files.register, milex)
    measures = sanctions.intensities(month, states, files.gsdb, groups)
    where = issues.positions(month, states, groups, points)
    coalition = np.array([code in groups.get("senders", ()) for code in states]) * gdp
    democracy = economy.latest(month, states, files.democracy)
    about = facts(month, agreed, points.year, floor)
    world = World(
        name=name,
        title=title or f"The world at the end of {month}",
        month=month,
        states=tuple(states),
        names={code: codes.names[code] for code in states},
        gdp=gdp,
        home=domestic_sales(gdp, trade),
        arms_capacity=capacity,
        replenishment=arms.replenishment(month, states, files.register, capacity),
        know_how=sanctions.know_how(month, states, files.gsdb, coalition / coalition.sum()),
        war=ties.war_load(month, states, files.conflicts),
        democracy=np.where(np.isfinite(democracy), democracy, 0.5),
        ideal_point=points.value,
        milex=milex,
        latitude=latitude,
        longitude=longitude,
        alignment=aligned,
        alignment_sd=spread,
        hostility=hostile,
        distance=_distances(states, latitude, longitude, files),
        trade=trade,
        oil=economy.oil(month, states, groups),
        arms=arms.flows(month, states, files.register),
        sanction_trade=measures["trade"],
        sanction_financial=measures["financial"],
        sanction_symbolic=measures["symbolic"],
        embargo=measures["embargo"],
        secondary=measures["secondary"],
        issues=where.names,
        salience=where.salience,
        position=where.position,
        position_sd=where.position_sd,
        attention=where.attention,
        groups=_members(groups, states),
        senders=tuple(code for code in states if code in groups.get("senders", ())),
        actors=_actors(month, states),
        sources=cite(about),
        descriptions=where.descriptions,
    )
    return world, about


def select(wanted: str, world: World, files: Upstream) -> list[str]:
    """The codes, sorted, that a selection names. Raises UsageError or InvalidInput with the way out."""
    kind, _, detail = wanted.replace("preset ", "preset:").partition(":")
    if wanted == "all":
        return list(world.states)
    if kind == "largest":
        if not detail.isdigit() or int(detail) < 2:
            raise UsageError(f"'{wanted}' needs a number of states, such as largest:40")
        cinc = economy.latest(world.month, list(world.states), files.capabilities, "cinc")
        order = np.argsort(-np.nan_to_num(cinc), kind="stable")[: int(detail)]
        return sorted(world.states[k] for k in order)
    if kind == "preset":
        presets = {row["preset"] for row in curated.rows("presets")}
        if detail not in presets:
            raise UsageError(
                f"no preset {detail!r}{did_you_mean(detail, presets)}; there are {', '.join(sorted(presets))}"
            )
        named = " ".join(row["states"] for row in curated.rows("presets") if row["preset"] == detail).split()
        return sorted(set(named) & set(world.states))
    path = Path(wanted)
    words = re.split(r"[\s,]+", (path.read_text(encoding="utf-8") if path.is_file() else wanted).strip())
    unknown = [word for word in words if word not in world.states]
    if unknown:
        problems = [
            Problem(0, 0, "states", f"{word!r} has no figures in {world.month}{did_you_mean(word, world.states)}")
            for word in unknown
        ]
        raise InvalidInput(f"--states {wanted}", problems, "names states that this world cannot hold")
    return sorted(set(words))


def subset(world: World, states: list[str]) -> World:
    """The same world with fewer states: groups keep who is there, and home sales take what was sold to the others."""
    keep = np.array([world.index(code) for code in states])
    parts: dict[str, Any] = {name: getattr(world, name)[keep].copy() for name in (*_STATE, "position", "position_sd")}
    parts["attention"] = world.attention[keep].copy()
    pairs: dict[str, Any] = {name: getattr(world, name)[np.ix_(keep, keep)].copy() for name in _PAIR}
    pairs["trade"] = economy.connect(pairs["trade"])
    parts["home"] = domestic_sales(parts["gdp"], pairs["trade"])
    return replace(
        world,
        **parts,
        **pairs,
        states=tuple(states),
        names={code: world.names[code] for code in states},
        groups=_members(world.groups, states),
        senders=tuple(code for code in world.senders if code in states),
        actors={code: a for code, a in _actors(world.month, states).items()},
    )


def _distances(states: list[str], latitude: Array, longitude: Array, files: Upstream) -> Array:
    """CEPII's kilometres; the great circle between capitals for states it does not have."""
    place = {code: k for k, code in enumerate(states)}
    km = great_circle(latitude, longitude)
    known = files.distances[files.distances.a.isin(place) & files.distances.b.isin(place)]
    i, j = known.a.map(place).to_numpy(), known.b.map(place).to_numpy()
    km[i, j] = known.km.to_numpy()
    km = (km + km.T) / 2
    np.fill_diagonal(km, 0)
    return km


def _members(groups: dict[str, tuple[str, ...]], states: list[str]) -> dict[str, tuple[str, ...]]:
    kept = {name: tuple(c for c in codes if c in states) for name, codes in groups.items() if name != "senders"}
    return {name: codes for name, codes in kept.items() if codes}


def _actors(month: str, states: list[str]) -> dict[str, Actor]:
    found = {}
    for row in curated.at("actors", month):
        opponents = tuple(code for code in row["opponents"].split() if code in states)
        if row["patron"] in states:
            found[row["code"]] = Actor(row["code"], row["name"], row["patron"], opponents, row["source"])
    return found
