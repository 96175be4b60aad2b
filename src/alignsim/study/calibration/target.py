"""What is fitted to what: parameters with their priors, a simulator, and observed summaries with their doubts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import Parameter
from alignsim.mechanisms.priors import Prior

Simulate = Callable[[Array, int], Array]
"""(rows, k) uniforms and a seed -> (rows, s) summaries; one row is one synthetic history."""


@dataclass(frozen=True)
class Target:
    """k parameters to be learnt from s summaries.

    Every parameter is spoken of as a uniform u in (0, 1); its value is the prior's quantile at u, cut to
    [low, high]. `simulate(u, seed)` gives each row the summaries of one synthetic history, with all the noise the
    model has and without the observation error, which is added here. A row's noise should depend on nothing but the
    seed and the row's number: then rows of one seed can be compared pairwise, and screening needs far fewer of them.

    `observation_sd` is the error of the observed summaries; `discrepancy_sd` is how far a right parameter vector
    of a wrong model may lie from them (Kennedy and O'Hagan 2001). `key` names whatever else the simulator depends on,
    such as a hash of the data: simulations kept under another key are not continued.

    Raises ValueError when shapes do not fit, a number is not finite, or a summary has no doubt at all.
    """

    names: tuple[str, ...]
    priors: tuple[Prior, ...]
    bounds: Array  # (k, 2) low and high of each parameter; infinite where there is none
    simulate: Simulate
    summaries: tuple[str, ...]
    observed: Array  # (s,)
    observation_sd: Array  # (s,) in the summary's own unit
    discrepancy_sd: Array  # (s,) the same
    key: str = ""

    def __post_init__(self) -> None:
        k, s = len(self.names), len(self.summaries)
        for field, shape in (
            ("bounds", (k, 2)),
            ("observed", (s,)),
            ("observation_sd", (s,)),
            ("discrepancy_sd", (s,)),
        ):
            array = np.array(getattr(self, field), dtype=float)
            if array.shape != shape:
                raise ValueError(f"{field} has shape {array.shape}; {k} parameters and {s} summaries need {shape}")
            if np.isnan(array).any() or (field != "bounds" and not np.isfinite(array).all()):
                raise ValueError(f"{field} has a number that is not finite")
            object.__setattr__(self, field, array)
        if len(self.priors) != k or len(set(self.names)) != k or len(set(self.summaries)) != s or not k or not s:
            raise ValueError("parameters and summaries need distinct names, and every parameter a prior")
        if (self.observation_sd < 0).any() or (self.discrepancy_sd < 0).any() or not (self.tolerance > 0).all():
            raise ValueError("each summary needs an observation or a discrepancy sd above 0")

    @classmethod
    def of(cls, declared: dict[str, Parameter], belief: str, **rest: Any) -> Target:
        """A target over declared parameters of the model, by path, with the priors of a belief family.

        Raises ValueError for a parameter that differs by state: a row of a posterior has one number for it.
        """
        apart = [path for path, parameter in declared.items() if parameter.each]
        if apart:
            raise ValueError(f"{', '.join(apart)}: a parameter that differs by state cannot be fitted as one number")
        bounds = np.array([[p.low, p.high] for p in declared.values()])
        return cls(tuple(declared), tuple(p.prior(belief) for p in declared.values()), bounds, **rest)

    @property
    def tolerance(self) -> Array:
        """(s,) sd of observed minus simulated where the parameters are right, the model's own noise left out."""
        return np.hypot(self.observation_sd, self.discrepancy_sd)

    def values(self, u: Array, columns: list[int] | None = None) -> Array:
        """The parameters' own values at uniforms u (rows, k), or (rows, len(columns)) for some of them."""
        chosen = range(len(self.names)) if columns is None else columns
        drawn = [self.priors[j].quantile(u[:, n], *self.bounds[j]) for n, j in enumerate(chosen)]
        return np.stack(drawn, axis=1)

    def scaled(self, u: Array, columns: list[int]) -> Array:
        """The values of some parameters at u (rows, a), with the middle 90 % of each prior stretched over 0..1."""
        low, high = self.values(np.tile([[0.05], [0.95]], len(columns)), columns)
        return (self.values(u, columns) - low) / np.where(high > low, high - low, 1.0)
