r"""The same scenario under rival theories: who else would have said so?

Every rival starts from the eve of the same runs and reads the same events through the same beliefs; what it makes of
them is its own:

* ``persistence``: nothing moves a tie, so no branch differs from another.
* ``one-coefficient``: the article's own model. Each month a tie gains k sqrt(S_i S_j) of isolation S as the model
  measures it; 60 k is half-normal(0.15), the width within which co-sanctioned pairs since 1992 leave it (their
  estimates are near 0: see `solidarity.weight`), and never negative, for that is the theory.
* ``balance``: dA/dt = a (1 - A^2) A^2 / (N - 2) + b (F - A). F, the tie a pair would have if nobody else existed, is
  the eve's tie less what a change of condemnation takes from it (`sanctions.hostility`, drawn by the belief); b is
  `consent.speed`; a is half-normal(0.08) a month, twice the usual b at one standard deviation (expert judgement, 0 to
  0.16).
* ``landscape``: every state picks one of two sides; sizes are shares of world output, propensities are F. From the
  camps of the eve, one state at a time moves while that lowers energy, anew whenever what drives the ties changes; a
  tie is 1 with a state on the same side, -1 else.

None of them has anything to say about trade, arms, know-how, positions or capacity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.study.rival_laws import trajectory
from alignsim.study.verdicts import signed

Array = Any

THEORIES = ("balance", "landscape", "persistence", "one-coefficient")
OWN_BELIEF = ("persistence", "one-coefficient")
"""Theories on which beliefs about mechanisms have no bearing: they are asked once."""


def in_words(theory: str, effects: Array, level: float | None = None) -> str:
    """What a rival says of the effects (R,), or of an outcome less a level, in a few words."""
    if level is not None:
        return f"{signed(level + float(np.median(effects)), 2).lstrip('+')} in the median run"
    if theory == "persistence":
        return "nothing moves a tie"
    if theory == "landscape":
        return f"somebody changes sides in {(effects != 0).mean():.0%} of the runs"
    return f"moves it by {signed(float(np.median(effects)))} in the median run"


__all__ = ["OWN_BELIEF", "THEORIES", "in_words", "trajectory"]
