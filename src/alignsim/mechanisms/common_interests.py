"""Common interests: states that want the same on issues that matter find common ground, and lose it with the issue.

Salience multiplies each issue and nothing is normalised, so that an issue that dies takes only its own contribution.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import Uniform
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    indifference = param(
        0.6,
        low=0.0,
        high=2.0,
        unit="distance of positions",
        signed=Uniform(0.3, 1.0),
        source="expert judgement, 0.3 to 1.0; the mean distance of two states drawn at random is near 0.6",
        doc="Distance of positions at which an issue neither binds nor divides.",
    )
    weight = weight("common ground on the issues")
    reference = reference(0.1, "salience-weighted closeness")


def motive(scene: Scene, p: Params) -> Array:
    """Salience-weighted closeness over issues, (R, N, N), symmetric."""
    x = np.ascontiguousarray(np.moveaxis(scene.position, -1, 0))  # (D, R, N)
    attention = np.sqrt(scene.given.attention.T)  # (D, N)
    importance = scene.drivers.salience / len(x)  # (1|R, D)
    total = 0.0
    matter = 0.0
    for d in range(len(x)):
        matters = importance[:, d, None, None] * (attention[d][:, None] * attention[d])
        distance = x[d][:, :, None] - x[d][:, None, :]
        np.abs(distance, out=distance)
        distance *= matters
        total = np.add(total, distance, out=distance) if d else distance
        matter = matter + matters
    return np.subtract(p.indifference * matter, total, out=total)
