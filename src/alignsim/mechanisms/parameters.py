"""How a mechanism declares its numbers: each with a default, a range, a unit, a prior per belief, and a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alignsim.mechanisms.priors import Constant, Prior

BELIEFS = ("signed", "sceptical", "calibrated", "fixed")
POSTERIORS = {"calibrated-signed": "signed", "calibrated-sceptical": "sceptical"}
"""The two posteriors and the family each was fitted from. `calibrated` in a scenario means both; a run, the first."""


@dataclass(frozen=True)
class Parameter:
    """One number of the model.

    `default` is the prior median of the signed belief; `low` and `high` bound every use. `each` is "" for one number
    a run, or "state" for one number a run and state. `signed` and `sceptical` are the priors of the two belief
    families; a parameter with neither is the same in every run unless a scenario says otherwise.
    """

    default: float
    low: float
    high: float
    unit: str
    source: str
    doc: str
    signed: Prior | None = None
    sceptical: Prior | None = None
    each: str = ""
    path: str = field(default="", compare=False)

    def prior(self, belief: str) -> Prior:
        """The prior of a belief family; `sceptical` falls back on `signed`, and `fixed` is the default itself."""
        if belief == "fixed":
            return Constant(self.default)
        chosen = self.sceptical if belief == "sceptical" and self.sceptical else self.signed
        return chosen or Constant(self.default)


def param(default: float, *, low: float, high: float, unit: str, source: str, doc: str, **priors: Any) -> Any:
    """Declare a parameter in the body of a `Params` class."""
    return Parameter(default, low, high, unit, source, doc, **priors)


class BaseParams:
    """The numbers of one mechanism, as arrays over runs.

    A subclass lists its `Parameter`s as class attributes; an instance carries, under the same names, arrays that
    broadcast over (run, state, partner): shape (R, 1, 1), or (R, N, 1) where the number differs by state.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        unknown = set(values) - set(self.declared())
        if unknown:
            raise TypeError(f"{type(self).__module__} has no parameter {sorted(unknown)}")
        for name, parameter in self.declared().items():
            setattr(self, name, values.get(name, parameter.default))

    @classmethod
    def declared(cls) -> dict[str, Parameter]:
        """The parameters of this class by name, in the order of the source."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Parameter)}
