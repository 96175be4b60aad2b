"""Dependence: a partner that one trades with more, for want of others, and the influence that its dependence gives.

The second part is Hirschman's (1945): the state on which another depends gains influence and so an interest of its own
in the tie. Without it a large patron would see only what a sanctioned client costs.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, transpose
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Normal, Uniform
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight

FLOOR = 0.02
"""Trade share below which changes hardly count."""


class Params(BaseParams):
    leverage = param(
        0.5,
        low=-1.0,
        high=1.0,
        unit="ratio",
        signed=Uniform(0.0, 1.0),
        sceptical=Normal(0.0, 0.5),
        source="expert judgement, 0 to 1; direction from Hirschman 1945",
        doc="Worth of a partner's dependence on me against my dependence on it.",
    )
    weight = weight("dependence on a partner and of it")
    reference = reference(0.7, "log trade share")


def motive(scene: Scene, p: Params) -> Array:
    """Log trade share of j in i's trade plus leverage times that of i in j's, (R, N, N)."""
    mine = np.log(scene.trade_share + FLOOR)
    return mine + p.leverage * transpose(mine)
