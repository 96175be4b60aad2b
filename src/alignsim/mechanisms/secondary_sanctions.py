"""Secondary sanctions: a third party fears for its own trade with the sender if it deals with the target.

Only the weaker side of an asymmetric interdependence can be coerced (Keohane and Nye 1977; Drezner 1999), so the fear
of a state as large as the sender is nil; and it shrinks by itself once a state has no trade with the sender to lose.
Arms deals are another matter: makers are listed one by one whatever the size of their state; mere exposure counts.
Whether third parties' trade falls at all is contested (CESifo WP 10910 against Gammadigbe 2025), hence `chill`'s prior.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array, clear_diagonal
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Normal
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    chill = param(
        0.3,
        low=-2.0,
        high=3.0,
        unit="log points",
        signed=Normal(0.3, 0.5),
        source="contested: CESifo WP 10910 (2024), Gammadigbe 2025, Jena, Akash and Gupta 2024",
        doc="Fall of a third party's log trade with a target per unit of fear.",
    )
    weight = weight("fear for one's trade with the sender")
    reference = reference(0.2, "fear")


def exposure(secondary: Array, trade_share: Array, enforcers: NDArray[np.intp] | slice) -> Array:
    """Share of i's trade that enforcement against those who deal with j puts at stake, (R, N, N) in 0..1.

    secondary (1|R, N, N) is enforcement by s against those who deal with j; trade_share (R, N, N) is i's with s;
    enforcers are the states that may ever enforce.
    """
    at_stake = np.ascontiguousarray(trade_share[:, :, enforcers])
    return clear_diagonal(at_stake @ secondary[:, enforcers, :])


def fear(secondary: Array, trade_share: Array, share: Array, enforcers: NDArray[np.intp] | slice) -> Array:
    """Fear of i if it deals with j, (R, N, N) in 0..1, zero diagonal: exposure to senders stronger than itself.

    share (R, N) is of world output; the rest as in `exposure`.
    """
    own, sender = share[:, :, None], share[:, None, enforcers]
    grip = np.ascontiguousarray(trade_share[:, :, enforcers]) * np.maximum((sender - own) / (sender + own), 0.0)
    return clear_diagonal(grip @ secondary[:, enforcers, :])


def motive(scene: Scene, p: Params) -> Array:
    """Minus the fear, (R, N, N)."""
    return -scene.fear
