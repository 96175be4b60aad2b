"""Arms: a monthly tender. Needs at war are offered to willing suppliers, and what is asked is cut to capacity.

Suppliers differ in spare capacity, alignment, embargoes, fear of secondary sanctions and in what their friends object
to. A hostile state does not bid: without that, a dozen states that arm the enemy would share the tender on paper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import LOCALISATION_BOUND, Array, Drivers, clear_diagonal
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Beta, HalfNormal, LogNormal

LEAST_CAPACITY = 0.05
"""Share of its export capacity that no war takes from a state."""
SCALE = 10.0
"""TIV a month at which a supplier is half as attractive as a boundless one (expert judgement, 5 to 20)."""
LESSON = 2.0
"""TIV a month of new deliveries that teach half of what the largest would (expert judgement, 1 to 5)."""
INDIFFERENCE = 0.15
"""Width of the band of alignment around 0 in which a supplier's readiness goes from none to full."""


class Params(BaseParams):
    alignment_pull = param(
        1.3,
        low=-3.0,
        high=6.0,
        unit="log points",
        signed=HalfNormal(2.0),
        source="expert judgement, 0 to 4",
        doc="Rise of a supplier's log willingness per unit of alignment.",
    )
    fear = param(
        8.0,
        low=-20.0,
        high=60.0,
        unit="log points",
        signed=HalfNormal(12.0),
        source="expert judgement, 0 to 24: with a fifth of its trade at stake it sells a fifth of what it would",
        doc="Fall of log willingness per unit of trade that secondary sanctions put at stake.",
    )
    objection = param(
        8.0,
        low=-20.0,
        high=60.0,
        unit="log points",
        signed=HalfNormal(12.0),
        source="expert judgement, 0 to 24, on a scale where a friend of all the world's output counts 1",
        doc="Fall of log willingness when the supplier's friends are the recipient's foes.",
    )
    embargo_effect = param(
        0.9,
        low=0.0,
        high=0.99,
        unit="share",
        signed=Beta(18, 2),
        source="expert judgement, 0.75 to 0.98",
        doc="Share of deliveries that a full embargo by the supplier stops.",
    )
    peace_need = param(
        0.1,
        low=0.0,
        high=2.0,
        unit="share of replenishment",
        source="expert judgement, 0 to 0.25",
        doc="Unmet demand in peace that a warmer supplier could fill.",
    )
    war_need = param(
        1.0,
        low=0.0,
        high=5.0,
        unit="share of replenishment",
        signed=LogNormal(1.0, 0.4),
        source="computed from SIPRI: Russia sought 285-307 TIV a year in 2023-24 at a war load near 0.8",
        doc="Demand of a full war, as a share of what the state would replenish abroad.",
    )
    own_supply = param(
        0.7,
        low=0.01,
        high=20.0,
        unit="willingness",
        signed=LogNormal(0.7, 0.7),
        source="expert judgement, 0.2 to 2.7",
        doc="Weight in the tender of making it at home or doing without.",
    )
    war_drain = param(
        0.67,
        low=0.0,
        high=1.0,
        unit="share",
        signed=Beta(6, 3),
        source="computed from SIPRI: Russian exports -42 % from 2021 to 2024, -77 % from 2018",
        doc="Share of export capacity that a full war of one's own takes.",
    )
    memory = param(
        0.08,
        low=0.01,
        high=1.0,
        unit="per month",
        source="expert judgement, 0.04 to 0.15: about a year of deliveries is remembered",
        doc="Weight of this month in the running mean of deliveries.",
    )
    localisation = param(
        0.02,
        low=0.0,
        high=0.3,
        unit="per month",
        signed=LogNormal(0.02, 0.6),
        source="about 90 % of Shahed production steps in Russia by mid-2025, near month 32",
        doc="Speed at which a recipient at war, or with a licence, comes to make the goods itself.",
    )


def export_capacity(capacity: Array, drivers: Drivers, output: Array, p: Params) -> Array:
    """What each state can deliver this month, (R, N) TIV; capacity (R, N) is in peace."""
    return capacity * drivers.arsenal * np.exp(output) * _spared(drivers.war, p)


def peacetime_capacity(capacity: Array, exports: Array, war: Array, p: Params) -> Array:
    """P (R, N), raised where needed so that exports of the eve (N,) can be made at the eve's war load."""
    return np.maximum(capacity, exports / _spared(war, p))


def _spared(war: Array, p: Params) -> Array:
    return np.maximum(1.0 - p.war_drain[..., 0] * war, LEAST_CAPACITY)


def need(replenishment: Array, war: Array, war_at_eve: Array, p: Params) -> Array:
    """Demand from abroad, (R, N) TIV a month."""
    return replenishment * (p.peace_need[..., 0] + p.war_need[..., 0] * np.maximum(war - war_at_eve, 0.0))


def appetite(war: Array, war_at_eve: Array, p: Params) -> Array:
    """What is still asked of old suppliers, as a share of the eve, (R, N) in 0..1: less once a war of the eve cools."""
    peace, fought = p.peace_need[..., 0], p.war_need[..., 0]
    at_eve = peace + fought * war_at_eve + np.zeros_like(war)
    share = np.divide(peace + fought * war, at_eve, out=np.ones_like(at_eve), where=at_eve > 0.0)
    return np.minimum(1.0, share)


def openness(embargo: Array, hostility: Array, p: Params) -> Array:
    """Share of deliveries that embargoes and open hostility (1|R, N, N) leave, (R, N, N) in 0.0001..1."""
    return (1.0 - p.embargo_effect * embargo) * (1.0 - 0.99 * hostility)


def warmth(alignment: Array, exposure: Array, p: Params) -> Array:
    """How much more readily i delivers to j for being aligned and not exposed, a factor (R, N, N) above 0."""
    return np.exp(p.alignment_pull * alignment - p.fear * exposure)


def tender(
    supply: Array,
    need: Array,
    alignment: Array,
    warmth: Array,
    openness: Array,
    objection: Array,
    local: Array,
    p: Params,
) -> Array:
    """What each supplier i would sell to each recipient j, (R, N, N) TIV a month; supply and need are (R, N)."""
    willing = alignment * alignment
    willing += INDIFFERENCE**2
    np.sqrt(willing, out=willing)
    np.divide(alignment, willing, out=willing)
    willing += 1.0
    willing *= np.exp(-p.objection * objection)
    willing *= warmth
    willing *= openness
    willing *= 1.0 - local
    willing *= (0.5 * supply / (supply + SCALE))[:, :, None]
    clear_diagonal(willing)
    willing *= (need / (p.own_supply[..., 0] + willing.sum(axis=1)))[:, None, :]
    return willing


def deliveries(requests: Array, supply: Array) -> Array:
    """Requests (R, N, N) cut so that no supplier delivers more than it can, supply (R, N)."""
    asked = requests.sum(axis=2)
    served = np.divide(supply, asked, out=np.ones_like(asked), where=asked > supply)
    return requests * served[:, :, None]


def localised(local: Array, extra: Array, licence: Array, at_war: NDArray[np.bool_], p: Params) -> Array:
    """Share of deliveries i to j that j now makes itself, (R, N, N); extra are deliveries beyond the eve's."""
    if not (at_war.any() or licence.any()):
        return local
    growth = p.localisation * (licence + extra / (extra + LESSON) * at_war[:, None, :])
    return np.minimum(LOCALISATION_BOUND, local + growth * (1.0 - local))
