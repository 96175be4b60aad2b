"""What follows: months are simulated for a batch of runs under a theory of motion that is handed in.

The kernel knows time, drivers and shocks, and nothing of politics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import DRIVER_AXES, Array, Drivers, Shocks, Snapshot, clear_diagonal
from alignsim.random import normals


@dataclass(frozen=True)
class Effect:
    """What an event does to one driver at some places, from month `first` to month `last` (both included).

    `operation`: "set" to the value, "raise" to at least it, "scale" by it or "add" it. Effects apply in file order.
    `uncertain` is the index of the event's coin, or -1 when it happens in every run. `share` is how much of the step
    from what is in force to the event's result is taken: 1 is the event itself, 0 leaves things as they are. `value` is
    one number for all places, one for each (places,), or one for each run (R, 1). `event` is the event's place in the
    scenario's list, -1 where there is none.
    """

    driver: str
    index: tuple[NDArray[np.intp], ...]  # places, as for fancy indexing behind the run axis
    operation: str
    value: float | Array
    first: int
    last: int
    uncertain: int = -1
    share: float = 1.0
    event: int = -1


_OPERATIONS: dict[str, Callable[[Array, float | Array], Array]] = {
    "set": lambda now, value: np.full_like(now, value),
    "raise": lambda now, value: np.maximum(now, value),
    "scale": lambda now, value: now * value,
    "add": lambda now, value: now + value,
}


class Timeline:
    """The drivers of every month of one branch for a batch of runs."""

    def __init__(self, eve: Drivers, effects: Sequence[Effect], happened: NDArray[np.bool_]) -> None:
        """`happened` (R, number of uncertain events) says which uncertain events happen in which run."""
        self._eve, self._effects, self._happened = eve, effects, happened
        self._active: tuple[int, ...] = ()
        self._now = eve

    def at(self, month: int) -> Drivers:
        """The drivers of month 1, 2, ...; month 0 is the eve."""
        active = tuple(k for k, e in enumerate(self._effects) if e.first <= month <= e.last)
        if active != self._active:
            self._active, self._now = active, self._compose(active)
        return self._now

    def _compose(self, active: tuple[int, ...]) -> Drivers:
        values = {field.name: getattr(self._eve, field.name) for field in fields(Drivers)}
        touched: set[str] = set()
        for effect in (self._effects[k] for k in active):
            name, runs = effect.driver, len(self._happened)
            array = values[name] if name in touched else values[name].copy()
            rows: Any = slice(None)
            by_run = np.ndim(effect.value) == 2
            if (effect.uncertain >= 0 or by_run) and array.shape[0] == 1:
                array = np.repeat(array, runs, axis=0)
            if effect.uncertain >= 0:
                rows = np.flatnonzero(self._happened[:, effect.uncertain])
            places = (rows[:, None], *effect.index) if effect.uncertain >= 0 else (rows, *effect.index)
            before = array[places]
            value = np.asarray(effect.value)[rows] if by_run else effect.value
            after = _OPERATIONS[effect.operation](before, value)
            array[places] = after if effect.share == 1.0 else before + effect.share * (after - before)
            values[name] = array
            touched.add(name)
        return Drivers(**values)


@dataclass(frozen=True)
class Noise:
    """Where the shocks of a batch come from: a seed, the runs' numbers and the names of who is shocked."""

    seed: int
    runs: NDArray[np.int64]  # (R,)
    pairs: NDArray[np.uint64]  # keys of dyads, in the order of np.triu_indices(N, 1)
    views: NDArray[np.uint64]  # keys of (state, issue), row by row
    shape: tuple[int, int]  # N, D

    def months(self, first: int, count: int) -> list[Shocks]:
        """The shocks of months first .. first + count - 1; the same whatever the window or the batch."""
        n, issues = self.shape
        place = np.zeros((n, n), dtype=np.intp)
        upper = np.triu_indices(n, 1)
        place[upper] = place.T[upper] = np.arange(len(upper[0]))
        ties = normals(self.seed, "alignment", self.runs, self.pairs, count, first)
        views = normals(self.seed, "position", self.runs, self.views, count, first)
        shocks = []
        for k in range(count):
            epsilon = clear_diagonal(ties[:, k].take(place, axis=1))
            shocks.append(Shocks(epsilon, views[:, k].reshape(-1, n, issues)))
        return shocks


def simulate(
    theory: ModuleType, eve: Any, timeline: Timeline, shocks: Sequence[Shocks], explain: Callable[[int], bool]
) -> Iterator[Snapshot]:
    """Yield the snapshot of the eve and of every month after it, as many as there are shocks.

    `explain(month)` says where each motive's contribution is to be kept.
    """
    now = theory.start(eve)
    yield now
    for month, shock in enumerate(shocks, start=1):
        now = theory.step(now, timeline.at(month), shock, eve, explain(month))
        yield now


def no_drivers(states: int, issues: int) -> dict[str, Array]:
    """Drivers with nothing going on, by name, shaped (1, ...)."""
    size = {"state": states, "partner": states, "issue": issues}
    arrays = {name: np.zeros((1, *(size[a] for a in axes))) for name, axes in DRIVER_AXES.items()}
    arrays["arsenal"] += 1.0
    arrays["position_set"][:] = np.nan
    return arrays
