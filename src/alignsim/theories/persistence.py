"""Persistence: alignment stays where it was. The first benchmark that any theory has to beat.

Optionally each pair takes a random walk, which is what persistence says about uncertainty: the forecast
stays, its spread grows with the square root of time (MODEL.md reports about 0.15 a year for a pair's UN
distance).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def step(alignment: Array, shock: Array | None = None, volatility: float = 0.0) -> Array:
    """Alignment a month later: unchanged, or moved by `volatility` times `shock`.

    alignment (R, N, N), -1..1, symmetric, zero diagonal; shock (R, N, N) standard normal, of which the
    upper triangle is used for both directions; volatility in alignment per square root of a month, at least
    0. A walk that passes -1 or 1 is reflected there, so no mass gathers at the ends. Raises ValueError when
    volatility is negative.
    """
    if volatility < 0:
        raise ValueError("volatility must not be negative")
    if shock is None or volatility == 0.0:
        return np.array(alignment, float)
    upper = np.triu(shock, k=1)
    return reflect(alignment + volatility * (upper + np.swapaxes(upper, -1, -2)))


def reflect(alignment: Array) -> Array:
    """Fold what lies beyond -1 or 1 back into the range, any number of times; elementwise."""
    return 1.0 - np.abs((alignment + 1.0) % 4.0 - 2.0)
