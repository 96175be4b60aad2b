"""Every mechanism by name, every parameter by path, and what each switch turns off. Read it top to bottom."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from alignsim.mechanisms import (
    armament,
    arms,
    arms_revenue,
    capacity,
    common_interests,
    consent,
    cross_pressure,
    dependence,
    diplomacy,
    evasion,
    oil_rivalry,
    positions,
    sanctions,
    secondary_sanctions,
    shared_friends,
    shared_threat,
    solidarity,
    stigma,
    substitution,
    trade,
    trust,
    wedge,
)
from alignsim.mechanisms.parameters import Parameter

MOTIVES: dict[str, ModuleType] = {
    "common_interests": common_interests,
    "shared_friends": shared_friends,
    "shared_threat": shared_threat,
    "cross_pressure": cross_pressure,
    "dependence": dependence,
    "armament": armament,
    "arms_revenue": arms_revenue,
    "evasion": evasion,
    "secondary_sanctions": secondary_sanctions,
    "stigma": stigma,
    "substitution": substitution,
    "oil_rivalry": oil_rivalry,
    "trust": trust,
    "capacity": capacity,
    "wedge": wedge,
    "diplomacy": diplomacy,
    "solidarity": solidarity,
}
"""What a desire is made of: each module's `motive` is summed once, weighted and bounded, in `theories.consent`."""

MECHANISMS: dict[str, ModuleType] = {
    "sanctions": sanctions,
    "trade": trade,
    "arms": arms,
    "positions": positions,
    **MOTIVES,
    "consent": consent,
}
"""All modules that have parameters."""

PARAMETERS: dict[str, Parameter] = {
    f"{name}.{key}": replace(parameter, path=f"{name}.{key}")
    for name, module in MECHANISMS.items()
    for key, parameter in module.Params.declared().items()
}
"""Every number of the model by its path in scenario files, such as `sanctions.bite`."""

SWITCHES: dict[str, dict[str, float]] = {
    **{name: {f"{name}.weight": 0.0} for name in MOTIVES},
    "trade_feedback": {"trade.alignment_pull": 0.0},
    "diffusion": {"evasion.diffusion": 0.0},
    "chill": {"secondary_sanctions.chill": 0.0},
    "defiance": {"positions.defiance": 0.0},
    "hostility": {"sanctions.hostility": 0.0},
    "oil": {"trade.oil_sensitivity": 0.0},
    "localisation": {"arms.localisation": 0.0},
    "evading": {"evasion.ceiling": 0.0},
    "social_pull": {"positions.pull": 0.0},
    "weakest_link": {"consent.sharpness": 0.0},
}
"""What `mechanisms: {name: false}` sets."""

GROUPS: dict[str, tuple[str, ...]] = {
    "ideational": ("common_interests", "defiance", "diplomacy", "social_pull"),
    "threat": ("shared_threat", "shared_friends", "cross_pressure", "hostility"),
    "economic": ("dependence", "capacity", "trade_feedback", "evasion", "diffusion"),
    "arms": ("armament", "arms_revenue", "trust", "localisation"),
    "fear": ("secondary_sanctions", "chill", "stigma", "wedge"),
    "rivalry": ("oil_rivalry", "oil"),
    "substitution": ("substitution",),
}
"""Switches by the question they answer, for attribution."""
