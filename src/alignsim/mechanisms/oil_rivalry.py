"""Oil rivalry: sanctioned sellers left with the same buyers compete.

Iran's discount widened from 4-5 to about 10 USD when Russian oil came to China in 2022.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, clear_diagonal, transpose
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.scene import Scene
from alignsim.mechanisms.weights import reference, weight


class Params(BaseParams):
    weight = weight("competition for the same buyers of oil")
    reference = reference(0.1, "exposure to a rival")


def motive(scene: Scene, p: Params) -> Array:
    """Minus j's market share where i sells its oil, (R, N, N); 0 for states that export none."""
    result = np.zeros_like(scene.friends)
    exporters = scene.given.exporters
    if not len(exporters):
        return result
    sales = scene.oil / scene.oil.sum(axis=2, keepdims=True)
    presence = scene.oil / scene.oil.sum(axis=1, keepdims=True)
    exposure = sales @ transpose(presence)
    result[:, exporters[:, None], exporters] = -clear_diagonal(exposure)
    return result
