"""The two numbers that every motive has: how much it can move a desire, and what change counts as large."""

from __future__ import annotations

from typing import Any

from alignsim.mechanisms.parameters import param
from alignsim.mechanisms.priors import HalfNormal, Normal, Prior

DIRECTION_FROM_THEORY = HalfNormal(0.25)
DIRECTION_UNKNOWN = Normal(0.0, 0.25)


def weight(
    what: str,
    default: float = 0.17,
    signed: Prior | None = DIRECTION_FROM_THEORY,
    sceptical: Prior | None = DIRECTION_UNKNOWN,
    source: str = "expert judgement: size -0.5 to 0.5; the signed belief takes only the direction from theory",
) -> Any:
    """The most that a motive can add to a desire, in z."""
    return param(
        default,
        low=-1.5,
        high=1.5,
        unit="z",
        signed=signed,
        sceptical=sceptical,
        source=source,
        doc=f"Most that {what} can add to a desire.",
    )


def reference(value: float, unit: str) -> Any:
    """The change of a motive that counts as substantively large: it moves the desire by 76 % of the weight."""
    return param(
        value,
        low=1e-3,
        high=100.0,
        unit=unit,
        source="expert judgement, half to double",
        doc="A substantively large change; beyond it the effect saturates.",
    )
