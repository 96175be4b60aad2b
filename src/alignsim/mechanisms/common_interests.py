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


def importance(salience: Array, attention: Array) -> Array:
    """How much each issue counts for a pair, (D, 1|R, N, N); salience (1|R, D), attention (N, D), both 0..1."""
    root = np.sqrt(attention.T)
    both = root[:, :, None] * root[:, None, :]
    return np.ascontiguousarray(salience.T[:, :, None, None] * both[:, None] / len(both))


def motive(scene: Scene, p: Params) -> Array:
    """Salience-weighted closeness over issues, (R, N, N), symmetric."""
    views = np.ascontiguousarray(np.moveaxis(scene.position, -1, 0))  # (D, R, N)
    apart = np.zeros(scene.friends.shape)
    for x, importance in zip(views, scene.importance, strict=True):
        distance = x[:, :, None] - x[:, None, :]
        np.abs(distance, out=distance)
        distance *= importance
        apart += distance
    return np.subtract(p.indifference * scene.importance.sum(axis=0), apart, out=apart)
