"""The default law of motion: pressure changes trade, arms and views; these change desires; a tie needs both sides.

`docs/model.md` states every equation. The order within a month is that of `step`, read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import (
    ALIGNMENT_BOUND,
    Z_BOUND,
    Array,
    Drivers,
    Given,
    Shocks,
    Snapshot,
    clear_diagonal,
    transpose,
)
from alignsim.mechanisms import (
    arms,
    capacity,
    common_interests,
    consent,
    cross_pressure,
    evasion,
    positions,
    sanctions,
    secondary_sanctions,
    trade,
    trust,
)
from alignsim.mechanisms.registry import MECHANISMS, MOTIVES
from alignsim.mechanisms.scene import Scene

Parameters = SimpleNamespace
"""One `Params` instance per mechanism, under the mechanism's name."""

LARGEST_GAIN = 0.95
"""Draws whose loop gain reaches this are drawn anew."""


def parameters(values: Mapping[str, Array]) -> Parameters:
    """Pack arrays by path, each (R, 1, 1) or (R, N, 1), into one `Params` per mechanism."""
    return SimpleNamespace(
        **{
            name: module.Params({k: values[f"{name}.{k}"] for k in module.Params.declared() if f"{name}.{k}" in values})
            for name, module in MECHANISMS.items()
        }
    )


@dataclass(frozen=True)
class Measures:
    """What a month's drivers amount to under some parameters; the same until an event changes the drivers."""

    drivers: Drivers
    material: Array  # (R, N, N) sanctions by i on j
    isolation: Array  # (R, N)
    condemnation: Array  # (R, N, N)
    accusers: Array  # (R, N, N) condemnation weighted by the accuser's share of the coalition
    importance: Array  # (D, 1|R, N, N) of issues
    openness: Array  # (R, N, N) to deliver arms
    need: Array  # (R, N) for arms


def measure(drivers: Drivers, given: Given, p: Parameters) -> Measures:
    """Work out what the drivers amount to."""
    material = sanctions.material(drivers, p.sanctions)
    condemnation = sanctions.condemnation(material, drivers)
    return Measures(
        drivers=drivers,
        material=material,
        isolation=sanctions.isolation(material, given.weight),
        condemnation=condemnation,
        accusers=given.weight[:, None] * condemnation,
        importance=common_interests.importance(drivers.salience, given.attention),
        openness=arms.openness(drivers.embargo, drivers.hostility, p.arms),
        need=arms.need(given.replenishment, drivers.war, given.eve.war, p.arms),
    )


@dataclass(frozen=True)
class Change:
    """Measures compared with the eve."""

    now: Measures
    accused: Array  # (R, N, N) change of accusers
    desired: Array  # (R, N, N) the eve's tie less estrangement: desires before any motive
    trade_cost: Array  # (1|R, N, N) log points of trade
    exports: Array  # (R, N, N) arms of the eve as embargoes leave them, TIV a month


@dataclass(frozen=True)
class Eve:
    """The last month before the scenario starts: what every later month is compared with."""

    given: Given
    parameters: Parameters
    motives: tuple[str, ...]  # those that are switched on
    z: Array  # (R, N, N)
    alignment: Array  # (R, N, N)
    scene: Scene
    measures: Measures
    raw: dict[str, Array]  # each motive's value
    per_reference: dict[str, Array]  # 1 / its reference
    barrier: Array
    felt_isolation: Array
    warmth: Array
    tender: Array
    know_how_drift: Array
    home: Array
    oil_totals: tuple[Array, Array]  # supply (R, X) and demand (R, I)
    trade_fit: trade.Balancer
    oil_fit: trade.Balancer
    latest: list[Change]  # of the drivers seen last, or empty


def prepare(given: Given, p: Parameters, off: frozenset[str] = frozenset()) -> Eve:
    """Work out the eve of a batch of runs; `off` names the motives that are not to be computed at all."""
    runs, n = given.runs, given.states
    alignment = np.clip(given.alignment, -ALIGNMENT_BOUND, ALIGNMENT_BOUND)
    z = clear_diagonal(np.arctanh(alignment))
    alignment = np.tanh(z)
    friends, foes = np.maximum(alignment, 0.0), np.maximum(-alignment, 0.0)
    share = np.tile(given.gdp / given.gdp.sum(), (runs, 1))
    know_how = np.tile(given.know_how, (runs, 1))
    flows = np.tile(given.trade, (runs, 1, 1))
    trade_share = trade.external_share(flows)
    measures = measure(given.eve, given, p)
    felt = sanctions.felt(measures.material, know_how, p.evasion.ceiling)
    fear = secondary_sanctions.fear(given.eve.secondary, trade_share, share, given.enforcers)
    peacetime = arms.peacetime_capacity(given.capacity, given.arms.sum(axis=1), given.eve.war, p.arms)
    friction = cross_pressure.friction(friends, foes, share)
    supply = arms.export_capacity(peacetime, given.eve, np.zeros((runs, n)), p.arms)
    exposure = secondary_sanctions.exposure(given.eve.secondary, trade_share, given.enforcers)
    warmth = arms.warmth(alignment, exposure, p.arms)
    scene = Scene(
        given=given,
        drivers=given.eve,
        importance=measures.importance,
        accusers=measures.accusers,
        friends=friends,
        foes=foes,
        share=share,
        isolation=measures.isolation,
        fear=fear,
        trade_share=trade_share,
        oil=np.tile(given.oil, (runs, 1, 1)),
        need=measures.need,
        stream=np.tile(given.arms, (runs, 1, 1)),
        received=np.tile(np.ascontiguousarray(given.arms.T), (runs, 1, 1)),
        capacity=peacetime,
        friction=friction,
        know_how=know_how,
        output=np.zeros((runs, n)),
        trust=np.full((runs, n, n), trust.START),
        position=given.position,
        pulse=np.zeros((runs, n, n)),
    )
    motives = tuple(name for name in MOTIVES if name not in off)
    local = np.zeros((runs, n, n))
    return Eve(
        given=given,
        parameters=p,
        motives=motives,
        z=z,
        alignment=alignment,
        scene=scene,
        measures=measures,
        raw={name: MOTIVES[name].motive(scene, getattr(p, name)) for name in motives},
        per_reference={name: 1.0 / getattr(p, name).reference for name in motives},
        barrier=sanctions.barrier(felt),
        felt_isolation=sanctions.isolation(felt, given.weight),
        warmth=warmth,
        tender=arms.tender(supply, measures.need, alignment, warmth, measures.openness, friction, local, p.arms),
        know_how_drift=evasion.change(know_how, measures.isolation, friends, trade_share, p.evasion),
        home=trade.home_share(flows),
        oil_totals=(
            np.tile(given.oil.sum(axis=1), (runs, 1)),
            np.tile(given.oil.sum(axis=0), (runs, 1)),
        ),
        trade_fit=trade.Balancer(given.trade),
        oil_fit=trade.Balancer(given.oil),
        latest=[],
    )


def compared(drivers: Drivers, eve: Eve) -> Change:
    """The month's measures against the eve's; worked out anew only when the drivers are others than last time."""
    if not eve.latest or eve.latest[0].now.drivers is not drivers:
        given, p = eve.given, eve.parameters
        now = measure(drivers, given, p)
        change = Change(
            now=now,
            accused=now.accusers - eve.measures.accusers,
            desired=eve.z - sanctions.estrangement(now.condemnation - eve.measures.condemnation, p.sanctions),
            trade_cost=p.trade.elasticity * drivers.trade_cost,
            exports=given.arms
            * (now.openness / eve.measures.openness)
            * arms.appetite(drivers.war, given.eve.war, p.arms)[:, None, :],
        )
        eve.latest[:] = [change]
    return eve.latest[0]


def start(eve: Eve) -> Snapshot:
    """The condition of the system on the eve."""
    given, scene, p = eve.given, eve.scene, eve.parameters
    zero = np.zeros_like(scene.output)
    return Snapshot(
        z=eve.z,
        position=scene.position,
        innate=positions.innate(scene.position, scene.friends, scene.share, p.positions),
        know_how=scene.know_how,
        shortfall=zero,
        damage=zero,
        stream=scene.stream,
        localisation=np.zeros_like(eve.z),
        trust=scene.trust,
        pulse=scene.pulse,
        scaling=np.zeros_like(scene.output),
        oil_scaling=np.zeros((given.runs, len(given.importers))),
        alignment=eve.alignment,
        trade_share=scene.trade_share,
        deliveries=scene.stream,
        isolation=scene.isolation,
        output=zero,
        desire=eve.z,
        trade=np.tile(given.trade, (given.runs, 1, 1)),
        contributions={name: np.zeros_like(eve.z) for name in eve.motives},
    )


def step(now: Snapshot, drivers: Drivers, shocks: Shocks, eve: Eve, explain: bool = False) -> Snapshot:
    """One month. `explain` keeps each motive's contribution to the desires."""
    given, p, before = eve.given, eve.parameters, eve.scene
    change = compared(drivers, eve)
    friends = np.maximum(now.alignment, 0.0)
    foes = friends - now.alignment

    felt = sanctions.felt(change.now.material, now.know_how, p.evasion.ceiling)
    felt_isolation = sanctions.isolation(felt, given.weight)
    isolation = change.now.isolation

    world_share = _world_share(given.gdp, now.output)
    fear = secondary_sanctions.fear(drivers.secondary, now.trade_share, world_share, given.enforcers)
    flows, scaling, oil, oil_scaling = _trade(now, sanctions.barrier(felt), fear, change.trade_cost, eve)
    trade_share = trade.external_share(flows)

    loss = capacity.loss(trade.home_share(flows), eve.home, p.trade.elasticity)
    shortfall = now.shortfall - p.capacity.adjustment[..., 0] * (now.shortfall + loss)
    damage = (
        (1.0 - p.capacity.recovery[..., 0]) * now.damage
        - p.capacity.drag[..., 0] * (felt_isolation - eve.felt_isolation)
        - p.capacity.war_drag[..., 0] * (drivers.war - given.eve.war)
        + drivers.output_shock
    )
    output = capacity.output(shortfall, damage)
    share = _world_share(given.gdp, output)

    learned = evasion.change(now.know_how, isolation, friends, trade_share, p.evasion) - eve.know_how_drift
    know_how = np.clip(now.know_how + learned, 0.0, 1.0)

    friction = cross_pressure.friction(friends, foes, share)
    exposure = secondary_sanctions.exposure(drivers.secondary, trade_share, given.enforcers)
    delivered, stream, local = _arms(now, change, output, exposure, friction, eve)
    trusted = trust.update(now.trust, np.ascontiguousarray(transpose(delivered)), given.arms, drivers.breach, p.trust)

    position, innate = _take_positions(now, drivers)
    position = positions.update(position, innate, friends, share, change.accused, shocks.position, p.positions)

    scene = Scene(
        given=given,
        drivers=drivers,
        importance=change.now.importance,
        accusers=change.now.accusers,
        friends=friends,
        foes=foes,
        share=share,
        isolation=isolation,
        fear=fear,
        trade_share=trade_share,
        oil=oil,
        need=change.now.need,
        stream=stream,
        received=np.ascontiguousarray(transpose(stream)),
        capacity=before.capacity,
        friction=friction,
        know_how=know_how,
        output=output,
        trust=trusted,
        position=position,
        pulse=p.diplomacy.decay * now.pulse + drivers.meeting,
    )
    desire, contributions = desires(scene, change.desired, eve, explain)
    z = consent.soft_minimum(desire, p.consent.sharpness)
    z -= now.z
    z *= p.consent.speed
    z += now.z
    z += p.consent.noise * shocks.alignment
    z = clear_diagonal(np.minimum(np.maximum(z, -Z_BOUND, out=z), Z_BOUND, out=z))
    return Snapshot(
        z=z,
        position=position,
        innate=innate,
        know_how=know_how,
        shortfall=shortfall,
        damage=damage,
        stream=stream,
        localisation=local,
        trust=trusted,
        pulse=scene.pulse,
        scaling=scaling,
        oil_scaling=oil_scaling,
        alignment=np.tanh(z),
        trade_share=trade_share,
        deliveries=delivered,
        isolation=isolation,
        output=output,
        desire=desire,
        trade=flows,
        contributions=contributions,
    )


def desires(scene: Scene, desired: Array, eve: Eve, explain: bool = False) -> tuple[Array, dict[str, Array] | None]:
    """What each state wants of each other, (R, N, N) in z: `desired` plus what every motive adds."""
    p, shape = eve.parameters, eve.z.shape
    desire, room = desired.copy(), np.empty(shape)
    contributions: dict[str, Array] | None = {} if explain else None
    for name in eve.motives:
        own = getattr(p, name)
        now = MOTIVES[name].motive(scene, own)
        effect = np.subtract(now, eve.raw[name], out=room if now.shape == shape else None)
        effect = np.multiply(effect, eve.per_reference[name], out=room if now.shape == shape else None)
        np.tanh(effect, out=effect)
        effect *= own.weight
        desire += effect
        if contributions is not None:
            contributions[name] = np.broadcast_to(effect, shape).copy()
    return clear_diagonal(desire), contributions


ROUNDS, FEW_ROUNDS = 12, 6
"""Nudges from which a loop gain is found: from anywhere, and from near to where it is known for other parameters."""
NUDGE, SPENT = 1e-4, 1e-3
"""Size of a nudge in z; and the share of an answer below which it counts as made of earlier nudges."""


def loop_gain(eve: Eve) -> Array:
    """Largest growth factor of the loop from ties to desires and back at the eve, (R,): its spectral radius.

    Trade, fear, arms and the motives that read alignment answer at once; know-how, output, trust and views are held.
    Found by Arnoldi's method (Arnoldi 1951); within 4 % of what 40 rounds say in 95 of 100 draws.
    """
    return _loudest(eve, _anywhere(eve), ROUNDS)[0]


def loop_gain_near(eve: Eve, known: Eve, of: NDArray[np.intp]) -> Array:
    """The loop gain (R,) of runs under other parameters, in half the time; run r is row `of[r]` of `known`.

    The search starts near the direction that grows fastest there; within 8 % in 95 of 100 cases, 25 % where the motive
    that made that direction is switched off.
    """
    return _loudest(eve, 0.3 * _anywhere(eve) + _loudest(known, _anywhere(known), ROUNDS)[1][of], FEW_ROUNDS)[0]


def _anywhere(eve: Eve) -> Array:
    """A direction that is at right angles to nothing in particular, of length 1, (R, N, N)."""
    n = eve.given.states
    direction = np.abs(eve.z) + np.linspace(0.5, 1.5, n * n).reshape(n, n)
    direction = clear_diagonal(direction + transpose(direction))
    return direction / _norm(direction)


def _loudest(eve: Eve, nudge: Array, rounds: int) -> tuple[Array, Array]:
    """The largest growth factor (R,) and the direction (R, N, N) that grows by it.

    The loop is nudged both ways, each time at right angles to all before; what it is among these directions is a small
    matrix, and the factors are the eigenvalues of that.
    """
    now = start(eve)
    nudge = nudge / _norm(nudge)
    eve = replace(eve, motives=_answering(eve, now, NUDGE * nudge))
    tried: list[Array] = []
    among = np.zeros((eve.given.runs, rounds, rounds))
    for turn in range(rounds):
        tried.append(nudge)
        answer = (_answer(eve, now, NUDGE * nudge) - _answer(eve, now, -NUDGE * nudge)) / (2.0 * NUDGE)
        whole = _norm(answer)
        for k, other in enumerate(tried):
            among[:, k, turn] = (other * answer).sum(axis=(1, 2))
            answer -= among[:, k, turn, None, None] * other
        left = _norm(answer)
        if turn + 1 < rounds:
            among[:, turn + 1, turn] = left[:, 0, 0]
        nudge = np.where(left > SPENT * whole, answer / np.maximum(left, 1e-300), 0.0)
    factors, vectors = np.linalg.eig(among)
    size, runs = np.abs(factors), np.arange(eve.given.runs)
    most = size.argmax(axis=1)
    mixture = vectors[runs, :, most]
    direction = sum((mixture.real + mixture.imag)[:, k, None, None] * own for k, own in enumerate(tried))
    return size[runs, most], np.asarray(direction)


def _answering(eve: Eve, now: Snapshot, nudge: Array) -> tuple[str, ...]:
    """The motives that answer ties at once; the others would answer each nudge with nothing."""
    p = eve.parameters
    moved = [_nudged(eve, now, nudge), _nudged(eve, now, -nudge)]
    return tuple(
        name
        for name in eve.motives
        if any((MOTIVES[name].motive(scene, getattr(p, name)) != eve.raw[name]).any() for scene in moved)
    )


def _answer(eve: Eve, now: Snapshot, nudge: Array) -> Array:
    """The ties both sides would want if ties at the eve were moved by `nudge` (R, N, N)."""
    desire, _ = desires(_nudged(eve, now, nudge), eve.z, eve)
    return 0.5 * (desire + transpose(desire))


def _nudged(eve: Eve, now: Snapshot, nudge: Array) -> Scene:
    """The scene of the eve, whose snapshot is `now`, with ties moved by `nudge` (R, N, N), and what answers that."""
    given, before = eve.given, eve.scene
    alignment = np.tanh(eve.z + nudge)
    friends = np.maximum(alignment, 0.0)
    foes = friends - alignment
    change = compared(given.eve, eve)
    now = replace(now, alignment=alignment)
    flows, _, oil, _ = _trade(now, eve.barrier, before.fear, change.trade_cost, eve)
    trade_share = trade.external_share(flows)
    fear = secondary_sanctions.fear(given.eve.secondary, trade_share, before.share, given.enforcers)
    friction = cross_pressure.friction(friends, foes, before.share)
    exposure = secondary_sanctions.exposure(given.eve.secondary, trade_share, given.enforcers)
    delivered, _, _ = _arms(now, change, before.output, exposure, friction, eve)
    return replace(
        before,
        friends=friends,
        foes=foes,
        fear=fear,
        trade_share=trade_share,
        oil=oil,
        friction=friction,
        stream=delivered,
        received=np.ascontiguousarray(transpose(delivered)),
    )


def _norm(x: Array) -> Array:
    return np.sqrt((x * x).sum(axis=(1, 2), keepdims=True))


def _world_share(gdp: Array, output: Array) -> Array:
    size = gdp * np.exp(output)
    return size / size.sum(axis=1, keepdims=True)


def _trade(now: Snapshot, barrier: Array, fear: Array, cost: Array, eve: Eve) -> tuple[Array, Array, Array, Array]:
    """Trade and oil flows of the month with the scalings that start next month's search."""
    given, p = eve.given, eve.parameters
    change = trade.log_change(
        barrier - eve.barrier,
        fear - eve.scene.fear,
        now.alignment - eve.alignment,
        cost,
        p.secondary_sanctions.chill,
        p.sanctions.bite,
        p.trade,
    )
    size = np.exp(now.output)
    rows, columns = given.trade.sum(axis=1) * size, given.trade.sum(axis=0) * size
    columns *= (rows.sum(axis=1) / columns.sum(axis=1))[:, None]
    # The layout of a fancy-indexed array depends on the number of runs, and sums on the layout.
    wells = np.ascontiguousarray(change[:, given.exporters[:, None], given.importers])
    np.exp(change, out=change)
    change *= given.trade
    flows, scaling = eve.trade_fit.fit(change, rows, columns, now.scaling)
    pull = given.oil * np.exp(p.trade.oil_sensitivity * wells)
    oil, oil_scaling = eve.oil_fit.fit(pull, *eve.oil_totals, now.oil_scaling)
    return flows, scaling, oil, oil_scaling


def _arms(
    now: Snapshot, change: Change, output: Array, exposure: Array, friction: Array, eve: Eve
) -> tuple[Array, Array, Array]:
    """Deliveries of the month, their running mean and what has been localised, each (R, N, N)."""
    given, p, drivers = eve.given, eve.parameters.arms, change.now.drivers
    supply = arms.export_capacity(eve.scene.capacity, drivers, output, p)
    warmth = arms.warmth(now.alignment, exposure, p)
    requests = arms.tender(
        supply, change.now.need, now.alignment, warmth, change.now.openness, friction, now.localisation, p
    )
    requests -= eve.tender
    np.maximum(requests, 0.0, out=requests)
    usual = warmth / eve.warmth
    usual *= change.exports
    usual *= 1.0 - now.localisation
    requests += usual
    requests += drivers.deal
    delivered = arms.deliveries(requests, supply)
    stream = delivered - now.stream
    stream *= p.memory
    stream += now.stream
    extra = np.maximum(delivered - given.arms, 0.0)
    at_war = drivers.war > given.eve.war
    return delivered, stream, arms.localised(now.localisation, extra, drivers.licence, at_war, p)


def _take_positions(now: Snapshot, drivers: Drivers) -> tuple[Array, Array]:
    """Positions and innate views after the declarations of this month's events."""
    declared = ~np.isnan(drivers.position_set)
    if not declared.any():
        return now.position, now.innate
    return (
        np.where(declared, drivers.position_set, now.position),
        np.where(declared, drivers.position_set, now.innate),
    )
