"""Sanctions: how material and symbolic measures add up, press on their target and anger both sides.

A complete embargo cuts trade between sender and target by 76 % in partial equilibrium (CESifo Working Paper 10910,
2024), which fixes the scale of `bite`.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, Drivers, transpose
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import LogNormal, Normal


class Params(BaseParams):
    bite = param(
        1.43,
        low=0.0,
        high=6.0,
        unit="log points",
        signed=LogNormal(1.43, 0.25),
        source="CESifo Working Paper 10910 (2024): -76 % under a complete trade sanction",
        doc="Fall of log trade between sender and target under a complete embargo.",
    )
    trade_weight = param(
        0.6,
        low=0.0,
        high=1.0,
        unit="share",
        source="expert judgement, 0.4 to 0.8: trade measures weigh more than financial ones",
        doc="Weight of trade measures in material sanctions; financial measures carry the rest.",
    )
    hostility = param(
        0.6,
        low=-2.0,
        high=3.0,
        unit="z",
        each="state",
        signed=Normal(0.6, 0.4),
        sceptical=Normal(0.3, 0.4),
        source="expert judgement, -0.2 to 1.4",
        doc="How far full condemnation by a sender lowers the desire between it and this target, on both sides.",
    )


def material(drivers: Drivers, p: Params) -> Array:
    """Material sanctions S [by, on], 0..1, shape (1|R, N, N): trade and financial measures by weight."""
    return p.trade_weight * drivers.sanction_trade + (1.0 - p.trade_weight) * drivers.sanction_financial


def felt(material: Array, know_how: Array, ceiling: Array) -> Array:
    """What is left of sanctions (R, N, N) once the target (axis 2) evades with its know-how (R, N)."""
    return material * (1.0 - ceiling * know_how[:, None, :])


def barrier(felt: Array) -> Array:
    """Trade barrier of a pair, symmetric (R, N, N): the heavier of the two directions."""
    return np.maximum(felt, transpose(felt))


def isolation(material: Array, weight: Array) -> Array:
    """Share of the coalition's economy that sanctions a state, (R, N) in 0..1; weight (N,) by sender."""
    return np.minimum(1.0, np.einsum("s,rsi->ri", weight, material))


def condemnation(material: Array, drivers: Drivers) -> Array:
    """Condemnation [by, on] in 0..1: material sanctions condemn too."""
    return np.maximum(drivers.sanction_symbolic, material)


def estrangement(change: Array, p: Params) -> Array:
    """What a change of condemnation (R, N, N) takes from the desire of i for j, either being the sender, in z."""
    by_target = change * transpose(p.hostility)
    return by_target + transpose(by_target)
