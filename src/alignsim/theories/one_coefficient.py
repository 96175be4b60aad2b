r"""One coefficient: the more two states are isolated together, the closer they get. The article's own model.

.. math:: \Delta A_{ij} = k \, \sqrt{S_i S_j}

with one k >= 0 for every pair and no other force. It states the claim that the other theories have to earn;
by itself it can neither say why, nor ever predict that two isolated states drift apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def joint_isolation(isolation: Array) -> Array:
    """The geometric mean of both sides' isolation, 0..1, zero diagonal; (..., N) to (..., N, N)."""
    isolation = np.asarray(isolation, float)
    root = np.sqrt(isolation)
    return root[..., :, None] * root[..., None, :] * (1.0 - np.eye(isolation.shape[-1]))


def step(alignment: Array, isolation: Array, coefficient: float) -> Array:
    """Alignment a month later, cut at 1; alignment (R, N, N), isolation (R, N) or (N,), 0..1.

    `coefficient` k is alignment gained per month at full isolation of both sides. Raises ValueError when it
    is negative (the model is the claim that it is not) or when isolation leaves 0..1.
    """
    isolation = np.asarray(isolation, float)
    if coefficient < 0:
        raise ValueError("the coefficient on joint isolation must not be negative: that is this model's claim")
    if not np.all((isolation >= 0) & (isolation <= 1)):
        raise ValueError("isolation must lie between 0 and 1")
    return np.minimum(np.asarray(alignment, float) + coefficient * joint_isolation(isolation), 1.0)


def fitted_coefficient(change: Array, joint: Array) -> float:
    """Least squares of `change` on `joint` through the origin, not below 0; equal shapes, missing values
    left out.

    Equal shapes. `change` is of alignment over a period, `joint` isolation summed over its months: k is per
    month. Raises ValueError when no pair was isolated, for then nothing can be learnt.
    """
    change, joint = np.asarray(change, float), np.asarray(joint, float)
    known = np.isfinite(change) & np.isfinite(joint)
    spread = float(np.sum(joint[known] ** 2))
    if spread == 0.0:
        raise ValueError("no pair is jointly isolated in these data: the coefficient cannot be fitted")
    return max(0.0, float(np.sum(change[known] * joint[known])) / spread)
