"""Issues, their salience, and where each state stands on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from alignsim.world import curated
from alignsim.world.alignment import IdealPoints
from alignsim.world.world import Array

SPAN = 3.5
"""Ideal points divided by this and clipped give positions on the world order."""
UNLISTED_SD = 0.3
_INTERVAL = 3.29  # width of a 90 % interval in standard deviations


class Issues(NamedTuple):
    """Names (D), salience (D,), and position, its standard deviation and attention, each (N, D)."""

    names: tuple[str, ...]
    salience: Array
    position: Array
    position_sd: Array
    attention: Array
    descriptions: dict[str, dict[str, str]]


def positions(month: str, states: list[str], groups: dict[str, tuple[str, ...]], points: IdealPoints) -> Issues:
    """Positions at `month`: the order from UN ideal points, others from positions.csv, a state's row over a group's.

    A state that is not listed on an issue has position 0, a standard deviation of 0.3 and attention 0.1 (order: 0.3).
    """
    open_now = curated.at("issues", month)
    names = tuple(row["name"] for row in open_now)
    shape = (len(states), len(names))
    position, sd, attention = np.zeros(shape), np.full(shape, UNLISTED_SD), np.full(shape, 0.1)
    if "order" in names:
        d = names.index("order")
        position[:, d] = np.clip(points.value / SPAN, -1, 1)
        sd[:, d], attention[:, d] = np.clip(points.sd / SPAN, 0.03, 0.5), 0.3
    listed = [row for row in curated.at("positions", month) if row["issue"] in names]
    for single in (False, True):
        for row in listed:
            if (row["who"][0] != "@") != single:
                continue
            d = names.index(row["issue"])
            for code in curated.expand([row["who"]], groups):
                if code in states:
                    k = states.index(code)
                    attention[k, d] = float(row["attention"])
                    if row["position"]:
                        position[k, d] = float(row["position"])
                        sd[k, d] = max((float(row["high"]) - float(row["low"])) / _INTERVAL, 0.03)
    about = {row["name"]: {key: row[key] for key in ("title", "plus", "minus")} for row in open_now}
    return Issues(names, np.array([float(row["salience"]) for row in open_now]), position, sd, attention, about)
