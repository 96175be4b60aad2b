"""Parameters of every run: addressed uniforms through priors, until the loop gain is one a tie can live with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array
from alignsim.errors import AlignsimError
from alignsim.mechanisms.parameters import Parameter
from alignsim.mechanisms.priors import Constant, Prior
from alignsim.random import name_keys, uniforms

MOST_ATTEMPTS = 200


@dataclass(frozen=True)
class Draws:
    """Parameters of some runs: arrays by path, (R, 1, 1) or (R, N, 1), their loop gain and how often each was drawn."""

    values: dict[str, Array]
    gain: Array  # (R,)
    attempts: NDArray[np.int64]  # (R,), 1 where the first draw was kept


@dataclass(frozen=True)
class Belief:
    """What is believed about every parameter, ready to draw from."""

    priors: Mapping[str, Prior]
    declared: Mapping[str, Parameter]
    states: tuple[str, ...]
    seed: int

    def sample(self, runs: NDArray[np.int64], attempt: int) -> dict[str, Array]:
        """One draw of every parameter for the given runs."""
        values = {}
        for path, prior in self.priors.items():
            parameter = self.declared[path]
            width = len(self.states) if parameter.each and not isinstance(prior, Constant) else 1
            if isinstance(prior, Constant):
                values[path] = np.full((len(runs), 1, 1), prior.value)
                continue
            who = name_keys([(path, s) for s in self.states] if width > 1 else [(path,)])
            u = uniforms(self.seed, "parameters", runs, who, attempt)
            values[path] = np.asarray(prior.quantile(u, parameter.low, parameter.high))[:, :, None]
        return values


def accepted(belief: Belief, runs: NDArray[np.int64], gain: Any, largest: float) -> Draws:
    """Draw until `gain(runs, values)` (R,) is below `largest` for every run.

    Raises AlignsimError when no acceptable draw is found: what is pinned leaves ties that run away.
    """
    values = belief.sample(runs, 0)
    gains = gain(runs, values)
    attempts = np.ones(len(runs), dtype=np.int64)
    for attempt in range(1, MOST_ATTEMPTS):
        rejected = np.flatnonzero(~(gains < largest))
        if not len(rejected):
            return Draws(values, gains, attempts)
        again = belief.sample(runs[rejected], attempt)
        gains[rejected] = gain(runs[rejected], again)
        attempts[rejected] += 1
        for path, drawn in again.items():
            values[path][rejected] = drawn
    raise AlignsimError(
        f"in {MOST_ATTEMPTS} draws no set of parameters kept the loop gain below {largest}: with what the scenario "
        "pins, ties would run away. Lower shared_friends.weight, shared_threat.weight, cross_pressure.weight or "
        "trade.alignment_pull, or switch one of these mechanisms off"
    )
