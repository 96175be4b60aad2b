"""What a world says, as plain dictionaries for the terminal and for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.errors import UsageError, did_you_mean, nearest
from alignsim.world.columns import POSITIONS, STATES
from alignsim.world.folder import load, packaged
from alignsim.world.world import Array, World

MOST = 8
"""Ties, partners and sanctions listed for one state."""


def worlds() -> list[dict[str, Any]]:
    """Name, title, month and size of every packaged world."""
    found = [load(name) for name in packaged()]
    return [{"name": w.name, "title": w.title, "month": w.month, "states": len(w.states)} for w in found]


def world_summary(world: World) -> dict[str, Any]:
    """States, issues, groups, senders, armed groups and sources of `world`."""
    return {
        "name": world.name,
        "title": world.title,
        "month": world.month,
        "states": dict(world.names),
        "issues": [
            {"name": name, "salience": _plain(world.salience[k]), **world.descriptions.get(name, {})}
            for k, name in enumerate(world.issues)
        ],
        "groups": {name: list(codes) for name, codes in world.groups.items()},
        "senders": list(world.senders),
        "actors": {a.code: {"name": a.name, "patron": a.patron, "opponents": list(a.opponents)}
                   for a in world.actors.values()},
        "sources": world.sources,
    }  # fmt: skip


def find_state(world: World, wanted: str) -> str:
    """The code of a state by its code or name, in any case. Raises UsageError with the nearest when there is none."""
    if wanted.upper() in world.states:
        return wanted.upper()
    by_name = {name.casefold(): code for code, name in world.names.items()}
    if wanted.casefold() in by_name:
        return by_name[wanted.casefold()]
    close = nearest(wanted, world.names.values())
    hint = f"; did you mean {close} ({by_name[close.casefold()]})?" if close else did_you_mean(wanted, world.states)
    raise UsageError(f"{wanted!r} is not a state of world {world.name}{hint or '; `alignsim world show` lists them'}")


def state_summary(world: World, code: str) -> dict[str, Any]:
    """Everything the world holds about one state, each figure with its unit, the date it is of and its source."""
    k = world.index(code)
    return {
        "code": code,
        "name": world.names[code],
        "world": world.name,
        "month": world.month,
        "groups": [name for name, codes in world.groups.items() if code in codes],
        "figures": [_figure(world, column.name, column.unit, getattr(world, column.name)[k]) for column in STATES],
        "closest": _ties(world, k, -1),
        "most_hostile": _ties(world, k, 1),
        "exports": _top(world, world.trade[k], "bn USD a year"),
        "imports": _top(world, world.trade[:, k], "bn USD a year"),
        "oil_to": _top(world, world.oil[k], "million barrels a day"),
        "oil_from": _top(world, world.oil[:, k], "million barrels a day"),
        "arms_to": _top(world, world.arms[k], "TIV a month"),
        "arms_from": _top(world, world.arms[:, k], "TIV a month"),
        "sanctions_on": _sanctions(world, k, on=True),
        "sanctions_by": _sanctions(world, k, on=False),
        "positions": [
            {"issue": issue, **{c.name: _plain(getattr(world, c.name)[k, d]) for c in POSITIONS}}
            for d, issue in enumerate(world.issues)
        ],
        "actors": [a.code for a in world.actors.values() if a.patron == code],
    }


Section = tuple[str, tuple[str, ...], list[dict[str, Any]]]
"""A title, the columns and the rows of a table; a row may lack a column."""


def sections(content: dict[str, Any]) -> tuple[str, list[Section]]:
    """What `world_summary` or `state_summary` says, as a heading and tables; a table may have no rows."""
    return _of_state(content) if "figures" in content else _of_world(content)


def _of_world(content: dict[str, Any]) -> tuple[str, list[Section]]:
    groups = [{"group": name, "members": " ".join(codes)} for name, codes in content["groups"].items()]
    actors = [{"actor": code, **about, "opponents": " ".join(about["opponents"])}
              for code, about in content["actors"].items()]  # fmt: skip
    states = [{"code": code, "state": name} for code, name in content["states"].items()]
    sources = [{"column": column, **about} for column, about in content["sources"].items()]
    heading = f"{content['title']} ({content['name']}, {content['month']}, {len(content['states'])} states)"
    return heading, [
        ("Issues", ("name", "salience", "title", "plus", "minus"), content["issues"]),
        ("Groups", ("group", "members"), [*groups, {"group": "senders", "members": " ".join(content["senders"])}]),
        ("Armed groups", ("actor", "name", "patron", "opponents"), actors),
        ("States", ("code", "state"), states),
        ("Sources", ("column", "unit", "date", "author", "title", "terms", "note"), sources),
    ]


def _of_state(content: dict[str, Any]) -> tuple[str, list[Section]]:
    flows = (("Exports to", "exports"), ("Imports from", "imports"), ("Crude oil to", "oil_to"),
             ("Crude oil from", "oil_from"), ("Arms to", "arms_to"), ("Arms from", "arms_from"))  # fmt: skip
    kinds = ("state", "trade", "financial", "symbolic", "embargo", "secondary")
    heading = f"{content['name']} ({content['code']}) in {content['world']} at the end of {content['month']}"
    return heading, [
        ("Figures", ("figure", "value", "unit", "date", "source"), content["figures"]),
        ("Closest", ("state", "alignment", "sd", "hostility"), content["closest"]),
        ("Most distant", ("state", "alignment", "sd", "hostility"), content["most_hostile"]),
        *((title, ("state", "value", "unit"), content[key]) for title, key in flows),
        ("Sanctions on it, by", kinds, content["sanctions_on"]),
        ("Its sanctions, on", kinds, content["sanctions_by"]),
        ("Positions", ("issue", "position", "position_sd", "attention"), content["positions"]),
    ]


def _figure(world: World, name: str, unit: str, value: float) -> dict[str, Any]:
    about = world.sources.get(name, {})
    source = f"{about['author']}: {about['title']}" if "title" in about else ""
    return {"figure": name, "value": _plain(value), "unit": unit, "date": about.get("date", ""), "source": source}


def _ties(world: World, k: int, sign: int) -> list[dict[str, Any]]:
    order = np.argsort(sign * world.alignment[k], kind="stable")
    chosen = [j for j in order if j != k and sign * world.alignment[k, j] < 0][:MOST]
    return [
        {
            "state": world.states[j],
            "alignment": _plain(world.alignment[k, j]),
            "sd": _plain(world.alignment_sd[k, j]),
            "hostility": _plain(world.hostility[k, j]),
        }
        for j in chosen
    ]


def _top(world: World, values: Array, unit: str) -> list[dict[str, Any]]:
    order = np.argsort(-values, kind="stable")[:MOST]
    return [{"state": world.states[j], "value": _plain(values[j]), "unit": unit} for j in order if values[j] > 0]


def _sanctions(world: World, k: int, on: bool) -> list[dict[str, Any]]:
    kinds = {
        "trade": world.sanction_trade,
        "financial": world.sanction_financial,
        "symbolic": world.sanction_symbolic,
        "embargo": world.embargo,
        "secondary": world.secondary,
    }
    cells = {kind: square[:, k] if on else square[k] for kind, square in kinds.items()}
    weight = np.sum(list(cells.values()), axis=0)
    order = [j for j in np.argsort(-weight, kind="stable") if weight[j] > 0]
    return [{"state": world.states[j], **{kind: _plain(cell[j]) for kind, cell in cells.items()}} for j in order[:MOST]]


def _plain(value: float) -> float:
    return float(f"{float(value):.4g}")
