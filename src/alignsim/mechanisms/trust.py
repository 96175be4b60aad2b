"""Trust: built by deliveries, lost by broken promises, and lost faster than it is built.

Alliance commitments are kept about three times in four in war (Leeds 2003): an upper bound where none is promised.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, transpose
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import LogNormal
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight

START = 0.5
USUAL = 1.2
"""Deliveries up to this multiple of the eve's are taken for granted."""
SCALE = 2.0
"""TIV a month of unusual deliveries that teach half of what the largest would."""


class Params(BaseParams):
    gain = param(
        0.03,
        low=0.0,
        high=0.5,
        unit="per month",
        signed=LogNormal(0.03, 0.5),
        source="expert judgement, 0.01 to 0.08",
        doc="Trust gained under large unusual deliveries.",
    )
    loss = param(
        0.06,
        low=0.0,
        high=1.0,
        unit="per broken promise",
        signed=LogNormal(0.06, 0.5),
        source="expert judgement, 0.02 to 0.16: losses weigh twice what gains do",
        doc="Share of trust lost to a grave broken promise.",
    )
    weight = weight("a partner's record")
    reference = reference(0.25, "trust")


def update(trust: Array, received: Array, at_eve: Array, breach: Array, p: Params) -> Array:
    """Trust of i in j after this month, (R, N, N); it stays in 0..1 because `gain` and `loss` do.

    received (R, N, N) is what i got from j this month; at_eve (N, N) what i delivered to j at the eve.
    """
    unusual = np.maximum(received - USUAL * transpose(at_eve), 0.0)
    changed = unusual / (unusual + SCALE)
    changed *= p.gain
    changed *= 1.0 - trust
    changed += trust
    if breach.any():
        changed -= p.loss * breach * trust
    return changed


def motive(scene: Scene, p: Params) -> Array:
    """Trust of i in j, (R, N, N)."""
    return scene.trust
