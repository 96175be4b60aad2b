"""The default law of motion: pressure changes trade, arms and views; these change desires; a tie needs both sides.

`docs/model.md` states every equation. The order within a month is that of `step`, read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

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
class Eve:
    """The last month before the scenario starts: what every later month is compared with."""

    given: Given
    parameters: Parameters
    motives: tuple[str, ...]  # those that are switched on
    z: Array  # (R, N, N)
    alignment: Array  # (R, N, N)
    scene: Scene
    raw: dict[str, Array]  # each motive's value
    per_reference: dict[str, Array]  # 1 / its reference
    barrier: Array
    felt_isolation: Array
    openness: Array
    tender: Array
    know_how_drift: Array
    home: Array
    listed: dict[str, Array]  # row and column totals of trade and oil
    trade: trade.Balancer
    oil: trade.Balancer


def prepare(given: Given, p: Parameters, off: frozenset[str] = frozenset()) -> Eve:
    """Work out the eve of a batch of runs; `off` names the motives that are not to be computed at all."""
    runs, n = given.runs, given.states
    z = clear_diagonal(np.arctanh(np.clip(given.alignment, -ALIGNMENT_BOUND, ALIGNMENT_BOUND)))
    alignment = np.tanh(z)
    friends, foes = np.maximum(alignment, 0.0), np.maximum(-alignment, 0.0)
    share = np.tile(given.gdp / given.gdp.sum(), (runs, 1))
    know_how = np.tile(given.know_how, (runs, 1))
    flows = np.tile(given.trade, (runs, 1, 1))
    trade_share = trade.external_share(flows)
    material = sanctions.material(given.eve, p.sanctions)
    felt = sanctions.felt(material, know_how, p.evasion.ceiling)
    isolation = sanctions.isolation(material, given.weight) + np.zeros((runs, 1))
    fear = secondary_sanctions.fear(given.eve.secondary, trade_share, share)
    war = given.eve.war + np.zeros((runs, 1))
    peacetime = arms.peacetime_capacity(given.capacity, given.arms.sum(axis=1), war, p.arms)
    need = arms.need(given.replenishment, war, war, p.arms)
    friction = cross_pressure.friction(friends, foes, share)
    openness = arms.openness(given.eve.embargo, p.arms)
    supply = arms.export_capacity(peacetime, given.eve, np.zeros((runs, n)), p.arms)
    local = np.zeros((runs, n, n))
    scene = Scene(
        given=given,
        drivers=given.eve,
        friends=friends,
        foes=foes,
        share=share,
        isolation=isolation,
        condemnation=sanctions.condemnation(material, given.eve),
        fear=fear,
        trade_share=trade_share,
        oil=np.tile(given.oil, (runs, 1, 1)),
        need=need,
        stream=np.tile(given.arms, (runs, 1, 1)),
        capacity=peacetime,
        friction=friction,
        know_how=know_how,
        output=np.zeros((runs, n)),
        trust=np.full((runs, n, n), trust.START),
        position=given.position,
        pulse=np.zeros((runs, n, n)),
    )
    motives = tuple(name for name in MOTIVES if name not in off)
    return Eve(
        given=given,
        parameters=p,
        motives=motives,
        z=z,
        alignment=alignment,
        scene=scene,
        raw={name: MOTIVES[name].motive(scene, getattr(p, name)) for name in motives},
        per_reference={name: 1.0 / getattr(p, name).reference for name in motives},
        barrier=sanctions.barrier(felt),
        felt_isolation=sanctions.isolation(felt, given.weight),
        openness=openness,
        tender=arms.tender(supply, need, alignment, openness, fear, friction, local, p.arms),
        know_how_drift=evasion.change(know_how, isolation, friends, trade_share, p.evasion),
        home=trade.home_share(flows),
        listed={
            "sales": given.trade.sum(axis=1),
            "purchases": given.trade.sum(axis=0),
            "supply": np.tile(given.oil.sum(axis=1), (runs, 1)),
            "demand": np.tile(given.oil.sum(axis=0), (runs, 1)),
        },
        trade=trade.Balancer(given.trade),
        oil=trade.Balancer(given.oil),
    )


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
    friends, foes = np.maximum(now.alignment, 0.0), np.maximum(-now.alignment, 0.0)

    material = sanctions.material(drivers, p.sanctions)
    felt = sanctions.felt(material, now.know_how, p.evasion.ceiling)
    isolation = sanctions.isolation(material, given.weight) + np.zeros_like(now.output)
    felt_isolation = sanctions.isolation(felt, given.weight)
    condemnation = sanctions.condemnation(material, drivers)
    accusation = condemnation - before.condemnation

    fear = secondary_sanctions.fear(drivers.secondary, now.trade_share, _world_share(given.gdp, now.output))
    flows, scaling, oil, oil_scaling = _trade(now, drivers, sanctions.barrier(felt), fear, eve)
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

    need = arms.need(given.replenishment, drivers.war, given.eve.war, p.arms) + np.zeros_like(output)
    friction = cross_pressure.friction(friends, foes, share)
    delivered, stream, local = _arms(now, drivers, output, need, fear, friction, eve)

    trusted = trust.update(now.trust, delivered, given.arms, drivers.breach, p.trust)

    position, innate = _take_positions(now, drivers)
    position = positions.update(
        position, innate, friends, share, accusation, given.weight, shocks.position, p.positions
    )

    scene = Scene(
        given=given,
        drivers=drivers,
        friends=friends,
        foes=foes,
        share=share,
        isolation=isolation,
        condemnation=condemnation,
        fear=fear,
        trade_share=trade_share,
        oil=oil,
        need=need,
        stream=stream,
        capacity=before.capacity,
        friction=friction,
        know_how=know_how,
        output=output,
        trust=trusted,
        position=position,
        pulse=p.diplomacy.decay * now.pulse + drivers.meeting,
    )
    desire, contributions = desires(scene, accusation, eve, explain)
    agreed = consent.soft_minimum(desire, p.consent.sharpness)
    z = now.z + p.consent.speed * (agreed - now.z) + p.consent.noise * shocks.alignment
    z = clear_diagonal(np.clip(z, -Z_BOUND, Z_BOUND))
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


def desires(scene: Scene, accusation: Array, eve: Eve, explain: bool = False) -> tuple[Array, dict[str, Array] | None]:
    """What each state wants of each other, (R, N, N) in z: the eve's tie, less estrangement, plus every motive."""
    p = eve.parameters
    desire = eve.z - sanctions.estrangement(accusation, p.sanctions)
    contributions: dict[str, Array] | None = {} if explain else None
    for name in eve.motives:
        own = getattr(p, name)
        effect = MOTIVES[name].motive(scene, own) - eve.raw[name]
        effect = effect * eve.per_reference[name] if len(effect) == 1 else np.multiply(effect, eve.per_reference[name], out=effect)
        np.tanh(effect, out=effect)
        effect *= own.weight
        desire += effect
        if contributions is not None:
            contributions[name] = np.broadcast_to(effect, desire.shape)
    return clear_diagonal(desire), contributions


def loop_gain(eve: Eve, rounds: int = 12, size: float = 1e-4) -> Array:
    """Largest growth factor of the loop from ties to desires and back at the eve, by power iteration, (R,).

    Trade, fear, arms and the motives that read alignment answer at once; know-how, output, trust and views are held.
    """
    n = eve.given.states
    direction = np.abs(eve.z) + np.linspace(0.5, 1.5, n * n).reshape(n, n)
    direction = clear_diagonal(direction + transpose(direction))
    direction /= _norm(direction)
    growth = np.zeros((rounds, eve.given.runs))
    now = start(eve)
    for turn in range(rounds):
        answer = (_answer(eve, now, size * direction) - _answer(eve, now, -size * direction)) / (2.0 * size)
        growth[turn] = _norm(answer)[:, 0, 0]
        direction = answer / np.maximum(_norm(answer), 1e-300)
    settled = np.maximum(growth[rounds // 2 :], 1e-300)
    return np.exp(np.log(settled).mean(axis=0))


def _answer(eve: Eve, now: Snapshot, nudge: Array) -> Array:
    """The ties both sides would want if ties at the eve were moved by `nudge` (R, N, N)."""
    given, p, before = eve.given, eve.parameters, eve.scene
    alignment = np.tanh(eve.z + nudge)
    friends, foes = np.maximum(alignment, 0.0), np.maximum(-alignment, 0.0)
    now = replace(now, alignment=alignment)
    flows, _, oil, _ = _trade(now, given.eve, eve.barrier, before.fear, eve)
    trade_share = trade.external_share(flows)
    fear = secondary_sanctions.fear(given.eve.secondary, trade_share, before.share)
    friction = cross_pressure.friction(friends, foes, before.share)
    delivered, _, _ = _arms(now, given.eve, before.output, before.need, fear, friction, eve)
    scene = replace(
        before,
        friends=friends,
        foes=foes,
        fear=fear,
        trade_share=trade_share,
        oil=oil,
        friction=friction,
        stream=delivered,
    )
    desire, _ = desires(scene, np.zeros_like(eve.z), eve)
    return 0.5 * (desire + transpose(desire))


def _norm(x: Array) -> Array:
    return np.sqrt((x * x).sum(axis=(1, 2), keepdims=True))


def _world_share(gdp: Array, output: Array) -> Array:
    size = gdp * np.exp(output)
    return size / size.sum(axis=1, keepdims=True)


def _trade(now: Snapshot, drivers: Drivers, barrier: Array, fear: Array, eve: Eve) -> tuple[Array, Array, Array, Array]:
    """Trade and oil flows of the month with the scalings that start next month's search."""
    given, p = eve.given, eve.parameters
    change = trade.log_change(
        barrier - eve.barrier,
        fear - eve.scene.fear,
        now.alignment - eve.alignment,
        drivers.trade_cost,
        p.secondary_sanctions.chill,
        p.sanctions.bite,
        p.trade,
    )
    clear_diagonal(change)
    size = np.exp(now.output)
    rows, columns = eve.listed["sales"] * size, eve.listed["purchases"] * size
    columns *= (rows.sum(axis=1) / columns.sum(axis=1))[:, None]
    flows, scaling = eve.trade.fit(given.trade * np.exp(change), rows, columns, now.scaling)
    wells = change[:, given.exporters[:, None], given.importers]
    pull = given.oil * np.exp(p.trade.oil_sensitivity * wells)
    oil, oil_scaling = eve.oil.fit(pull, eve.listed["supply"], eve.listed["demand"], now.oil_scaling)
    return flows, scaling, oil, oil_scaling


def _arms(
    now: Snapshot, drivers: Drivers, output: Array, need: Array, fear: Array, friction: Array, eve: Eve
) -> tuple[Array, Array, Array]:
    """Deliveries of the month, their running mean and what has been localised, each (R, N, N)."""
    given, p, before = eve.given, eve.parameters.arms, eve.scene
    supply = arms.export_capacity(before.capacity, drivers, output, p)
    openness = arms.openness(drivers.embargo, p)
    offered = arms.tender(supply, need, now.alignment, openness, fear, friction, now.localisation, p)
    warmer = p.alignment_pull * (now.alignment - eve.alignment) - p.fear * (fear - before.fear)
    requests = given.arms * np.exp(warmer) * (openness / eve.openness) * (1.0 - now.localisation)
    requests += np.maximum(offered - eve.tender, 0.0)
    requests += drivers.deal
    delivered = arms.deliveries(requests, supply)
    stream = now.stream + p.memory * (delivered - now.stream)
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
