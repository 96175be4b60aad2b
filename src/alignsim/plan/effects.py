"""Events into effects: what each kind of event does to which driver, for how long.

A lasting measure (a sanction, an embargo, a war) holds from its month until its end or the end of the scenario; a
moment (a meeting, a broken promise, a shock) lasts one month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from alignsim.kernel import Effect
from alignsim.world import World

ACTOR_TIE = 0.3
"""Lift of the tie of supplier and patron when a non-state actor is armed heavily (expert judgement, 0.1 to 0.5)."""
ACTOR_OFFENCE = 0.3
"""Offence that its opponents take at the supplier (expert judgement, 0.1 to 0.6)."""
ACTOR_SCALE = 2.0
"""TIV at which half of either is felt (expert judgement, 1 to 5)."""

MATERIAL = ("trade", "financial")


@dataclass(frozen=True)
class Places:
    """Names of a world as indices."""

    world: World
    groups: dict[str, tuple[str, ...]]
    issues: tuple[str, ...]

    def states(self, who: str | Iterable[str]) -> list[int]:
        """Indices of a state, a group or a list of them, in the world's order, each once."""
        codes: set[str] = set()
        for name in [who] if isinstance(who, str) else who:
            codes.update(self.groups.get(name, (name,)))
        return [k for k, code in enumerate(self.world.states) if code in codes]

    def pairs(self, by: Any, on: Any) -> tuple[np.ndarray, np.ndarray]:
        """All ordered pairs of two sets of states, without a state and itself."""
        return _index((i, j) for i in self.states(by) for j in self.states(on) if i != j)

    def among(self, of: Any) -> tuple[np.ndarray, np.ndarray]:
        """All ordered pairs within a set of states."""
        return _index(permutations(self.states(of), 2))

    def single(self, of: Any) -> tuple[np.ndarray]:
        return (np.array(self.states(of), dtype=np.intp),)

    def issue(self, name: str) -> int:
        return self.issues.index(name)


def _index(pairs: Iterable[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    listed = list(pairs)
    return (
        np.array([i for i, _ in listed], dtype=np.intp),
        np.array([j for _, j in listed], dtype=np.intp),
    )


Draft = tuple[str, tuple[np.ndarray, ...], str, float]
"""Driver, places, operation, value."""


def _sanction(e: Any, at: Places) -> tuple[list[Draft], bool]:
    pairs = at.pairs(e.by, e.on)
    drivers = {"trade": "sanction_trade", "financial": "sanction_financial", "symbolic": "sanction_symbolic"}
    drafts: list[Draft] = [
        (drivers.get(kind, "embargo"), pairs, "raise", e.intensity)
        for kind in ("trade", "financial", "arms", "symbolic")
        if kind in e.kind
    ]
    if float(e.secondary) > 0:
        drafts.append(("secondary", pairs, "raise", float(e.secondary)))
    return drafts, True


def _lift(e: Any, at: Places) -> tuple[list[Draft], bool]:
    pairs = at.pairs(e.by, e.on)
    drivers = {
        "trade": "sanction_trade",
        "financial": "sanction_financial",
        "arms": "embargo",
        "symbolic": "sanction_symbolic",
    }
    kinds = e.kind or tuple(drivers)
    drafts: list[Draft] = [(drivers[kind], pairs, "scale", 1.0 - e.share) for kind in drivers if kind in kinds]
    if set(MATERIAL) <= set(kinds):
        drafts.append(("secondary", pairs, "scale", 1.0 - e.share))
    return drafts, True


def _embargo(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("embargo", at.pairs(e.by, e.on), "raise", e.intensity)], True


def _arms(e: Any, at: Places) -> tuple[list[Draft], bool]:
    actor = at.world.actors.get(e.to)
    if actor is None:
        return [("deal", at.pairs(e.from_, e.to), "add", e.tiv / e.months)], True
    felt = e.tiv / (e.tiv + ACTOR_SCALE)
    drafts: list[Draft] = [("meeting", at.among([e.from_, actor.patron]), "add", ACTOR_TIE * felt)]
    supplier = at.states(e.from_)
    for opponent in at.states(actor.opponents):
        pair = _index(permutations({*supplier, opponent}, 2))
        drafts.append(("meeting", pair, "add", -ACTOR_OFFENCE * felt))
    return drafts, False


def _licence(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("licence", at.pairs(e.from_, e.to), "raise", e.intensity)], True


def _war(e: Any, at: Places) -> tuple[list[Draft], bool]:
    drafts: list[Draft] = [("war", at.single(e.of), "raise", e.load)]
    if e.against:
        i, j = at.pairs(e.of, e.against)
        drafts.append(("hostility", (np.r_[i, j], np.r_[j, i]), "raise", e.hostility))
    return drafts, True


def _peace(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("war", at.single(e.of), "set", 0.0), ("hostility", at.among(e.of), "set", 0.0)], True


def _meeting(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("meeting", at.among(e.of), "add", e.strength)], False


def _agreement(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("trade_cost", at.among(e.of), "add", e.trade_cost)], True


def _breach(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("breach", at.pairs(e.toward, e.by), "raise", e.severity)], False


def _issue(e: Any, at: Places) -> tuple[list[Draft], bool]:
    d = at.issue(e.name)
    drafts: list[Draft] = [("salience", (np.array([d]),), "set", e.salience)]
    return drafts, True


def _position(e: Any, at: Places) -> tuple[list[Draft], bool]:
    states = at.states(e.of)
    places = (np.array(states, dtype=np.intp), np.full(len(states), at.issue(e.issue), dtype=np.intp))
    return [("position_set", places, "set", e.to)], False


def _capacity(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("output_shock", at.single(e.of), "add", e.change)], False


def _arsenal(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("arsenal", at.single(e.of), "scale", e.factor)], True


def _hostility(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("hostility", at.among(e.between), "set", e.level)], True


def _offer(e: Any, at: Places) -> tuple[list[Draft], bool]:
    return [("offer", at.pairs(e.to, e.away_from), "raise", e.strength)], True


KINDS: dict[str, Callable[[Any, Places], tuple[list[Draft], bool]]] = {
    "sanction": _sanction,
    "lift": _lift,
    "embargo": _embargo,
    "arms": _arms,
    "licence": _licence,
    "war": _war,
    "peace": _peace,
    "meeting": _meeting,
    "treaty": _meeting,
    "agreement": _agreement,
    "breach": _breach,
    "issue": _issue,
    "position": _position,
    "capacity": _capacity,
    "arsenal": _arsenal,
    "hostility": _hostility,
    "offer": _offer,
}
"""What each kind of event does, and whether it lasts."""


def effects(event: Any, kind: str, at: Places, start: int, months: int, uncertain: int) -> list[Effect]:
    """The effects of one event; months are counted from 1, the scenario's first month `start`."""
    drafts, lasting = KINDS[kind](getattr(event, kind), at)
    first = int(event.at) - start + 1
    last = first
    if lasting:
        last = int(event.until) - start + 1 if event.until is not None else months
        if kind == "arms":
            last = min(last, first + event.arms.months - 1)
    return [
        Effect(driver, places, operation, float(value), first, last, uncertain)
        for driver, places, operation, value in drafts
        if len(places[0])
    ]
