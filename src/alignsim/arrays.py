"""The arrays that travel between layers: what is given, what drives a month, and the system's condition after it.

Axes are (run, state, partner); `x[i, j]` is "of i, toward or from j". A field marked (1|R, ...) is shared by all runs
unless an uncertain event makes it differ between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Z_BOUND = 4.0
"""Largest latent alignment: tanh(4) = 0.9993."""
ALIGNMENT_BOUND = 0.95
"""Largest alignment at the start of a run."""
OUTPUT_BOUNDS = (-1.5, 1.0)
"""Log output relative to the eve."""
LOCALISATION_BOUND = 0.95


@dataclass(frozen=True)
class Drivers:
    """What is imposed from outside in one month. Sanctions, embargoes and enforcement are [by, on], in 0..1."""

    sanction_trade: Array  # (1|R, N, N)
    sanction_financial: Array  # (1|R, N, N)
    sanction_symbolic: Array  # (1|R, N, N)
    embargo: Array  # (1|R, N, N) arms embargo
    secondary: Array  # (1|R, N, N) enforcement by i against third parties that deal with j
    hostility: Array  # (1|R, N, N) direct hostility, symmetric, 0..1
    trade_cost: Array  # (1|R, N, N) change of trade cost, symmetric, log points
    deal: Array  # (1|R, N, N) arms deals, from i to j, TIV a month
    licence: Array  # (1|R, N, N) licensed production by j of what i supplies, 0..1
    breach: Array  # (1|R, N, N) j broke a promise to i, 0..1
    meeting: Array  # (1|R, N, N) meetings and treaties, symmetric
    offer: Array  # (1|R, N, N) what i is offered for distance from j
    war: Array  # (1|R, N) war load, 0..1
    salience: Array  # (1|R, D) of issues, 0..1
    arsenal: Array  # (1|R, N) factor on export capacity
    output_shock: Array  # (1|R, N) one-off change of log output
    position_set: Array  # (1|R, N, D) positions taken this month; NaN where none is


DRIVER_AXES: dict[str, tuple[str, ...]] = {field.name: ("state", "partner") for field in fields(Drivers)} | {
    "war": ("state",),
    "salience": ("issue",),
    "arsenal": ("state",),
    "output_shock": ("state",),
    "position_set": ("state", "issue"),
}
"""The axes of each driver behind the run axis."""


@dataclass(frozen=True)
class Given:
    """What a batch of R runs starts from: the world's constants, and initial values that differ by run."""

    gdp: Array  # (N,) bn USD a year
    weight: Array  # (N,) of a state as a sanctioner, share of the coalition's output
    proximity: Array  # (N, N) 0.3 + 0.7 exp(-distance / 4000 km)
    capacity: Array  # (N,) P, TIV a month
    replenishment: Array  # (N,) R, TIV a month
    know_how: Array  # (N,) K0, 0..1
    trade: Array  # (N, N) T0, bn USD a year, domestic sales on the diagonal
    exporters: NDArray[np.intp]  # (X,) of oil
    importers: NDArray[np.intp]  # (I,) of oil
    oil: Array  # (X, I) O0, mb/d, above 0
    arms: Array  # (N, N) M0, TIV a month
    attention: Array  # (N, D) 0..1
    alignment: Array  # (R, N, N) A0
    position: Array  # (R, N, D) x0
    eve: Drivers  # drivers before the first month
    enforcers: NDArray[np.intp] | slice = field(
        default_factory=lambda: slice(None)
    )  # states that may ever enforce against third parties

    @property
    def runs(self) -> int:
        return self.alignment.shape[0]

    @property
    def states(self) -> int:
        return self.alignment.shape[1]


@dataclass(frozen=True)
class Shocks:
    """The noise of one month, standard normal."""

    alignment: Array  # (R, N, N) symmetric, zero diagonal
    position: Array  # (R, N, D)


@dataclass(frozen=True)
class Snapshot:
    """The system's condition at the end of a month. The first block is the state; the rest is observed."""

    z: Array  # (R, N, N) latent alignment, symmetric, zero diagonal
    position: Array  # (R, N, D) -1..1
    innate: Array  # (R, N, D)
    know_how: Array  # (R, N) 0..1
    shortfall: Array  # (R, N) log output lost or gained through trade
    damage: Array  # (R, N) log output lost to sanctions' drag, war and shocks (negative is loss)
    stream: Array  # (R, N, N) running mean of deliveries, i to j, TIV a month
    localisation: Array  # (R, N, N) 0..0.95
    trust: Array  # (R, N, N) 0..1
    pulse: Array  # (R, N, N) what is left of meetings
    scaling: Array  # (R, N) log column scaling of trade: a warm start
    oil_scaling: Array  # (R, I) the same of oil

    alignment: Array  # (R, N, N) tanh z
    trade_share: Array  # (R, N, N) of i's external trade, with j
    deliveries: Array  # (R, N, N) i to j this month, TIV
    isolation: Array  # (R, N) 0..1
    output: Array  # (R, N) log output relative to the eve
    desire: Array  # (R, N, N) what i wants of j, in units of z
    trade: Array  # (R, N, N) bn USD a year
    contributions: Any = None  # {motive: (R, N, N)} where they were asked for


def transpose(x: Array) -> Array:
    """Swap state and partner."""
    return x.swapaxes(-1, -2)


def clear_diagonal(x: Array) -> Array:
    """Set x[..., i, i] to 0, in place; returns x."""
    n = x.shape[-1]
    x.reshape(*x.shape[:-2], n * n)[..., :: n + 1] = 0.0
    return x
