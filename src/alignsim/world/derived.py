"""Figures that follow from others: distances from places, home sales from output and exports."""

from __future__ import annotations

import numpy as np

from alignsim.world.world import Array

_EARTH_RADIUS = 6371.0  # km


def great_circle(latitude: Array, longitude: Array) -> Array:
    """Kilometres between all pairs of places (N,), by the haversine formula on a sphere of 6371 km; (N, N)."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half = half + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    return 2 * _EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def domestic_sales(gdp: Array, trade: Array) -> Array:
    """What a state sells at home, bn USD: GDP less goods exported, at least a fifth of GDP. Shapes (N,), (N, N)."""
    return np.maximum(gdp - trade.sum(axis=1), 0.2 * gdp)
