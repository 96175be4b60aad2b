"""Small random worlds for tests of the model: what is given, believed and happens, and all of it in plain lists.

Sizes are those of real states in the same units, so that constants which carry units (TIV a month) matter as they do
in earnest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import reference
from alignsim.arrays import ALIGNMENT_BOUND, DRIVER_AXES, Array, Drivers, Given, Shocks, Snapshot
from alignsim.kernel import Effect, Noise, Timeline, no_drivers, simulate
from alignsim.mechanisms import trade
from alignsim.mechanisms.registry import MOTIVES, PARAMETERS
from alignsim.mechanisms.scene import Scene
from alignsim.random import name_keys, uniforms
from alignsim.theories import consent

PROPERTY = settings(max_examples=int(os.environ.get("ALIGNSIM_EXAMPLES", "100")), deadline=None, derandomize=True)
"""A property is tried on the same hundred worlds at each run of the tests; ALIGNSIM_EXAMPLES asks for more or fewer."""
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(3, 8)

PAIR, VIEW = ("state", "partner"), ("state", "issue")
WORLD_AXES: dict[str, tuple[str, ...]] = {
    "gdp": ("state",), "weight": ("state",), "capacity": ("state",), "replenishment": ("state",),
    "know_how": ("state",), "proximity": PAIR, "trade": PAIR, "arms": PAIR, "attention": VIEW,
}  # fmt: skip
"""The axes of the world's constants, but for oil."""
SNAPSHOT_AXES: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("z", "stream", "localisation", "trust", "pulse", "alignment", "trade_share", "deliveries", "desire", "trade"), PAIR
) | dict.fromkeys(("know_how", "shortfall", "damage", "isolation", "output"), ("state",))
SNAPSHOT_AXES |= dict.fromkeys(("position", "innate"), VIEW)

Values = dict[str, Array]
"""Parameters by path, each (R, 1, 1) or (R, N, 1)."""

NO_NOISE = {"consent.noise": 0.0, "positions.noise": 0.0}
INERT = {f"{name}.weight": 0.0 for name in MOTIVES} | {"positions.defiance": 0.0, "sanctions.hostility": 0.0}
"""Nothing moves a tie but noise."""


def names(n: int) -> tuple[str, ...]:
    return tuple(f"S{k:02d}" for k in range(n))


# --- what is given ----------------------------------------------------------------------------------------------


def given(n: int, runs: int = 1, issues: int = 4, seed: int = 0, calm: bool = False) -> Given:
    """A world of n states; the last third are the coalition. `calm`: no sanctions, embargoes or wars on the eve."""
    rng = np.random.default_rng(seed)
    between = ~np.eye(n, dtype=bool)
    gdp = 500.0 * rng.lognormal(0.0, 1.3, n)
    trade = np.outer(gdp, gdp) ** 0.9 * rng.lognormal(0.0, 0.7, (n, n)) * between
    trade *= 0.25 * gdp.sum() / trade.sum()
    trade += np.diag(np.maximum(gdp - trade.sum(axis=1), 0.2 * gdp))
    exporters = np.sort(rng.choice(n, max(2, n // 3), replace=False))
    importers = np.sort(rng.choice(n, max(2, n - 1), replace=False))
    oil = 0.001 + rng.exponential(0.5, (len(exporters), len(importers)))
    oil[exporters[:, None] == importers] = 1e-9
    return Given(
        gdp=gdp,
        weight=gdp / gdp[-(n // 3) :].sum(),
        proximity=0.3 + 0.7 * np.exp(-symmetric(rng.exponential(1.0, (n, n)))),
        capacity=0.1 + rng.exponential(10.0, n),
        replenishment=0.1 + rng.exponential(10.0, n),
        know_how=rng.uniform(0.0, 0.8, n),
        trade=trade,
        exporters=exporters,
        importers=importers,
        oil=oil,
        arms=rng.exponential(2.0, (n, n)) * (rng.random((n, n)) < 0.3) * between,
        attention=rng.random((n, issues)),
        alignment=symmetric(np.clip(rng.normal(0.0, 0.5, (runs, n, n)), -ALIGNMENT_BOUND, ALIGNMENT_BOUND)),
        position=rng.uniform(-1.0, 1.0, (runs, n, issues)),
        eve=Drivers(**(no_drivers(n, issues) if calm else _eve(rng, n, issues))),
    )


def _eve(rng: np.random.Generator, n: int, issues: int) -> dict[str, Array]:
    drivers = no_drivers(n, issues)
    between = ~np.eye(n, dtype=bool)
    for name in ("sanction_trade", "sanction_financial", "sanction_symbolic", "embargo", "secondary"):
        drivers[name][0] = rng.random((n, n)) * (rng.random((n, n)) < 0.2) * between
    drivers["hostility"][0] = symmetric(rng.random((n, n)) * (rng.random((n, n)) < 0.2))
    drivers["offer"][0] = rng.random((n, n)) * (rng.random((n, n)) < 0.1) * between
    drivers["war"][0] = rng.random(n) * (rng.random(n) < 0.3)
    drivers["salience"][0] = rng.random(issues)
    return drivers


def symmetric(x: Array) -> Array:
    """The upper triangle and its mirror, zero diagonal."""
    upper = np.triu(x, 1)
    return upper + upper.swapaxes(-1, -2)


# --- what is believed -------------------------------------------------------------------------------------------


def drawn(runs: int, n: int, seed: int = 0, belief: str = "signed", wide: bool = False, **pinned: float) -> Values:
    """A draw of every parameter per run; `wide` also varies those that no prior varies, by up to a half.

    `pinned` names parameters with a double underscore for the dot.
    """
    addresses = {path: [(path, s) for s in names(n)] if p.each else [(path,)] for path, p in PARAMETERS.items()}
    uniform = uniforms(seed, "parameters", np.arange(runs), name_keys([a for each in addresses.values() for a in each]))
    ends = np.cumsum([len(each) for each in addresses.values()])[:-1]
    values: Values = {}
    for (path, parameter), u in zip(PARAMETERS.items(), np.split(uniform, ends, axis=1), strict=True):
        if wide and parameter.signed is None:
            value = parameter.default * (0.5 + u) if parameter.default else 0.3 * (u - 0.5)
            values[path] = np.clip(value, parameter.low, parameter.high)[:, :, None]
        else:
            values[path] = np.asarray(parameter.prior(belief).quantile(u, parameter.low, parameter.high))[:, :, None]
    return pin(values, {path.replace("__", "."): value for path, value in pinned.items()})


def defaults(runs: int = 1, pinned: dict[str, float] | None = None) -> Values:
    """Every parameter at its default, but for those pinned."""
    return pin({path: np.full((runs, 1, 1), p.default) for path, p in PARAMETERS.items()}, pinned or {})


def pin(values: Values, pinned: dict[str, Any]) -> Values:
    unknown = set(pinned) - set(PARAMETERS)
    if unknown:
        raise KeyError(unknown)
    runs = len(next(iter(values.values())))
    return values | {path: np.broadcast_to(value, (runs, 1, 1)).astype(float) for path, value in pinned.items()}


def params(module: ModuleType, **values: float) -> Any:
    """One mechanism's `Params` for one run, at the defaults but for `values`."""
    declared = {key: p.default for key, p in module.Params.declared().items()}
    return module.Params({key: np.full((1, 1, 1), value) for key, value in (declared | values).items()})


# --- what happens -----------------------------------------------------------------------------------------------

_SYMMETRIC = ("hostility", "trade_cost", "meeting")
_OPERATIONS = {
    "trade_cost": "add",
    "deal": "add",
    "meeting": "add",
    "output_shock": "add",
    "arsenal": "scale",
    "salience": "set",
    "position_set": "set",
    "hostility": "set",
}
_RANGES = {"trade_cost": (-0.2, 0.2), "output_shock": (-0.3, 0.1), "position_set": (-1.0, 1.0), "arsenal": (0.2, 1.5)}
_RANGES["deal"] = (0.0, 8.0)


def events(n: int, issues: int, months: int, seed: int, per_driver: int = 2, coins: int = 0) -> list[Effect]:
    """Random effects on every driver, some of them uncertain when there are coins to toss."""
    rng = np.random.default_rng([seed, 1])
    effects = []
    for driver, axes in DRIVER_AXES.items():
        for _ in range(per_driver):
            low, high = _RANGES.get(driver, (0.0, 1.0))
            first = int(rng.integers(1, months + 1))
            effects.append(
                Effect(
                    driver,
                    _places(rng, driver, axes, n, issues),
                    _OPERATIONS.get(driver, "raise" if rng.random() < 0.7 else "scale"),
                    float(rng.uniform(low, high)),
                    first,
                    int(rng.integers(first, months + 1)),
                    int(rng.integers(-1, coins)) if coins else -1,
                )
            )
    return effects


def _places(rng: Any, driver: str, axes: tuple[str, ...], n: int, issues: int) -> tuple[NDArray[np.intp], ...]:
    if axes == ("state",):
        return (rng.choice(n, 1),)
    if axes == ("issue",):
        return (rng.choice(issues, 1),)
    if axes == ("state", "issue"):
        return rng.choice(n, 1), rng.choice(issues, 1)
    i, j = rng.choice(n, 2, replace=False)
    if driver in _SYMMETRIC:
        return np.array([i, j]), np.array([j, i])
    return np.array([i]), np.array([j])


def effect(driver: str, places: Any, value: float, first: int = 1, last: int = 10_000, how: str = "set") -> Effect:
    """An effect at one place or at several: (i, j), [(i, j), (k, l)] or i."""
    listed = np.atleast_2d(np.array(places, dtype=np.intp).reshape(-1, len(DRIVER_AXES[driver])))
    return Effect(driver, tuple(listed.T), how, value, first, last)


def noise(n: int, runs: int | NDArray[np.int64], issues: int, months: int, seed: int = 0) -> list[Shocks]:
    upper = zip(*np.triu_indices(n, 1), strict=True)
    who = names(n)
    pairs = name_keys([(who[i], who[j]) for i, j in upper])
    views = name_keys([(state, f"issue {d}") for state in who for d in range(issues)])
    return Noise(seed, np.arange(runs) if isinstance(runs, int) else runs, pairs, views, (n, issues)).months(1, months)


def quiet(world: Given, months: int) -> list[Shocks]:
    """No noise at all."""
    none = Shocks(np.zeros_like(world.alignment), np.zeros_like(world.position))
    return [none] * months


# --- running ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A world, a belief, events, coins and noise: everything that one simulation needs."""

    world: Given
    values: Values
    effects: list[Effect]
    happened: NDArray[np.bool_]  # (R, coins)
    shocks: list[Shocks]

    @property
    def eve(self) -> consent.Eve:
        return consent.prepare(self.world, consent.parameters(self.values))

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.world.eve, self.effects, self.happened)

    def run(self, explain: Callable[[int], bool] = lambda month: False) -> list[Snapshot]:
        return list(simulate(consent, self.eve, self.timeline, self.shocks, explain))

    def of_runs(self, rows: Any) -> Case:
        """The same for some of the runs."""
        return Case(
            replace(self.world, alignment=self.world.alignment[rows], position=self.world.position[rows]),
            {path: value[rows] for path, value in self.values.items()},
            self.effects,
            self.happened[rows],
            [Shocks(shock.alignment[rows], shock.position[rows]) for shock in self.shocks],
        )

    def relabelled(self, order: NDArray[np.intp]) -> Case:
        """The same with its states in another order: the new k-th state is the old `order[k]`-th."""
        place = np.argsort(order)  # where an old state now stands
        world = self.world
        arrays = {name: relabelled(getattr(world, name)[None], order, axes)[0] for name, axes in WORLD_AXES.items()}
        eve = {name: relabelled(getattr(world.eve, name), order, axes) for name, axes in DRIVER_AXES.items()}
        return Case(
            replace(
                world, **arrays, exporters=place[world.exporters], importers=place[world.importers], eve=Drivers(**eve),
                alignment=relabelled(world.alignment, order, PAIR), position=relabelled(world.position, order, VIEW),
            ),
            {path: value[:, order] if value.shape[1] > 1 else value for path, value in self.values.items()},
            [replace(e, index=tuple(_moved(e, place))) for e in self.effects],
            self.happened,
            [Shocks(relabelled(s.alignment, order, PAIR), relabelled(s.position, order, VIEW)) for s in self.shocks],
        )  # fmt: skip


def _moved(effect: Effect, place: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [
        k if axis == "issue" else place[k] for k, axis in zip(effect.index, DRIVER_AXES[effect.driver], strict=True)
    ]


@contextmanager
def fitted_tightly() -> Iterator[None]:
    """Fit trade totals as tightly as floating point allows, so that nothing else can hide behind what is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trade, "TOLERANCE", 1e-15)
        yield


def same_bytes(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots agree to the last bit in every array."""
    return all(
        np.ascontiguousarray(x).tobytes() == np.ascontiguousarray(getattr(other, name)).tobytes()
        for name, x in vars(one).items()
        if isinstance(x, np.ndarray)
    )


def rows_of(snapshot: Snapshot, rows: Any) -> Snapshot:
    """A snapshot of some of the runs, without contributions."""
    return Snapshot(**{name: x[rows] for name, x in vars(snapshot).items() if isinstance(x, np.ndarray)})


def furthest(one: Snapshot, other: Snapshot, but: Sequence[str] = ()) -> tuple[float, str]:
    """The largest difference between two snapshots, flows against the largest flow, and the field it is in."""
    return max(
        (float(np.abs(x - getattr(other, name)).max() / max(1.0, np.abs(x).max())), name)
        for name, x in vars(one).items()
        if isinstance(x, np.ndarray) and name not in (*but, "scaling", "oil_scaling")
    )


def case(
    n: int, seed: int, runs: int = 2, issues: int = 3, months: int = 5, belief: str = "signed", coins: int = 2,
    per_driver: int = 2, **pinned: float,
) -> Case:  # fmt: skip
    """A random world in which much happens. Parameters come from the prior, wide; loop gains are not looked at."""
    rng = np.random.default_rng([seed, 2])
    return Case(
        given(n, runs, issues, seed),
        drawn(runs, n, seed, belief, wide=True, **pinned),
        events(n, issues, months, seed, per_driver, coins),
        rng.random((runs, coins)) < 0.5,
        noise(n, runs, issues, months, seed),
    )


def run(
    world: Given, values: Values, effects: Sequence[Effect] = (), months: int = 12, shocks: list[Shocks] | None = None
) -> list[Snapshot]:
    """Snapshots from the eve on, without noise unless shocks are given."""
    shocks = quiet(world, months) if shocks is None else shocks
    return Case(world, values, list(effects), np.zeros((world.runs, 0), bool), shocks).run()


def one_scene(n: int = 4, issues: int = 3, **changes: Any) -> Scene:
    """What states see in a world of n equals without ties, for one run; `changes` replaces fields of the scene.

    What arrives follows from the streams of arms, unless given.
    """
    flat = given(n, 1, issues, seed=1, calm=True)
    flat = replace(flat, attention=np.ones((n, issues)), weight=np.full(n, 1.0 / n), proximity=np.ones((n, n)))
    drivers = no_drivers(n, issues)
    drivers["salience"] += 1.0
    nothing = np.zeros((1, n, n))
    equal = {
        "given": flat,
        "drivers": Drivers(**drivers),
        "importance": np.full((issues, 1, n, n), 1.0 / issues),
        "accusers": nothing,
        "friends": nothing,
        "foes": nothing,
        "share": np.full((1, n), 1.0 / n),
        "isolation": np.zeros((1, n)),
        "fear": nothing,
        "trade_share": (1.0 - np.eye(n))[None] / (n - 1),
        "oil": flat.oil[None],
        "need": np.ones((1, n)),
        "stream": nothing,
        "received": changes.get("stream", nothing).swapaxes(1, 2).copy(),
        "capacity": np.ones((1, n)),
        "friction": nothing,
        "know_how": np.zeros((1, n)),
        "output": np.zeros((1, n)),
        "trust": np.full((1, n, n), 0.5),
        "position": np.zeros((1, n, issues)),
        "pulse": nothing,
    }
    return Scene(**(equal | changes))


def matrix(n: int, **entries: float) -> Array:
    """(1, n, n) zeros but for entries named by row and column: matrix(3, _01=0.5) sets [0, 0, 1]."""
    x = np.zeros((1, n, n))
    for place, value in entries.items():
        x[0, int(place[1]), int(place[2])] = value
    return x


def relabelled(x: Array, order: NDArray[np.intp], axes: tuple[str, ...]) -> Array:
    """x with its states in another order; `axes` names the axes behind the run axis."""
    for k, axis in enumerate(axes, start=1):
        if axis in ("state", "partner"):
            x = np.take(x, order, axis=k)
    return x


# --- a whole plan -----------------------------------------------------------------------------------------------


def plan(world: Given, states: Sequence[str], branches: dict[str, list[Effect]], **changes: Any) -> Any:
    """A plan over a small world, as if a scenario had been resolved."""
    from alignsim.plan.plan import Plan

    n, issues = world.attention.shape
    constants = {
        f.name: getattr(world, f.name) for f in fields(Given) if f.name not in ("alignment", "position", "eve")
    }
    settings: dict[str, Any] = {
        "name": "small", "title": "", "world": "small", "states": tuple(states),
        "issues": tuple(f"issue {d}" for d in range(issues)),
        "start": 24300, "months": 10, "focus": ((0, 1),), "branches": {k: tuple(v) for k, v in branches.items()},
        "coins": (), "belief": "signed", "priors": {path: p.prior("signed") for path, p in PARAMETERS.items()},
        "off": frozenset(), "seed": 1, "runs": 8, "given": constants, "eve": world.eve,
        "alignment": (world.alignment[0], np.full((n, n), 0.1)),
        "position": (world.position[0], np.full((n, issues), 0.1)),
    }  # fmt: skip
    return Plan(**(settings | changes))


# --- the same in plain lists, for the slow reference ------------------------------------------------------------


def as_reference(world: Given, run: int = 0) -> reference.World:
    oil = np.zeros((world.states, world.states))
    oil[np.ix_(world.exporters, world.importers)] = world.oil
    plain = {f.name: getattr(world, f.name) for f in fields(Given)} | {
        "n": world.states,
        "issues": world.attention.shape[1],
        "distance": -4000.0 * np.log((world.proximity - 0.3) / 0.7),
        "oil": oil,
        "alignment": world.alignment[run],
        "position": world.position[run],
    }
    return reference.World(**{f.name: _plain(plain[f.name]) for f in fields(reference.World)})


def as_reference_drivers(drivers: Drivers, run: int = 0) -> reference.Drivers:
    plain = {}
    for f in fields(Drivers):
        x = getattr(drivers, f.name)
        plain[f.name] = _plain(x[run if len(x) > 1 else 0])
    plain["position_set"] = [[None if v != v else v for v in row] for row in plain["position_set"]]
    return reference.Drivers(**plain)


def as_reference_parameters(values: Values, run: int = 0) -> dict[str, Any]:
    return {path: _plain(x[run, :, 0]) if x.shape[1] > 1 else float(x[run, 0, 0]) for path, x in values.items()}


def as_reference_run(case: Case, run: int = 0) -> list[reference.Snapshot]:
    timeline, months = case.timeline, len(case.shocks)
    shocks = [(_plain(s.alignment[run]), _plain(s.position[run])) for s in case.shocks]
    return reference.simulate(
        as_reference(case.world, run),
        as_reference_parameters(case.values, run),
        [as_reference_drivers(timeline.at(month), run) for month in range(months + 1)],
        [None, *shocks],
    )


def _plain(x: Any) -> Any:
    return x.tolist() if isinstance(x, np.ndarray) else x
