"""Consent: a tie is as strong as its less willing side lets it be, and moves toward that slowly."""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, transpose
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import LogNormal

LEAST_SHARPNESS = 1e-6
"""Below this the soft minimum is the mean to 1e-6."""


class Params(BaseParams):
    speed = param(
        0.04,
        low=0.0,
        high=1.0,
        unit="per month",
        signed=LogNormal(0.04, 0.4),
        source="computed: within-dyad AR(1) of UN distance 0.66-0.69 a year, attenuated by noise",
        doc="Share of the gap to what both want that is closed in a month.",
    )
    sharpness = param(
        2.0,
        low=0.0,
        high=1e6,
        unit="per z",
        signed=LogNormal(2.0, 0.7),
        source="expert judgement, 0.5 to 8",
        doc="How strictly the less willing side binds: 0 is the mean of both, large the minimum.",
    )
    noise = param(
        0.012,
        low=0.0,
        high=0.5,
        unit="z per square root of a month",
        signed=LogNormal(0.012, 0.4),
        source="set so that a dyad's yearly innovation matches 0.15 in UN distance",
        doc="Unexplained moves of a tie.",
    )
    initial_doubt = param(
        1.0,
        low=0.0,
        high=3.0,
        unit="ratio",
        source="the world's own standard deviations",
        doc="Multiplies the uncertainty of initial alignments and positions; 0 starts every run alike.",
    )


def soft_minimum(desire: Array, sharpness: Array) -> Array:
    """What both sides of each pair agree to, (R, N, N) symmetric: a soft minimum of u_ij and u_ji."""
    sharp = np.maximum(sharpness, LEAST_SHARPNESS)
    other = transpose(desire)
    half = np.abs(desire - other)
    half *= 0.5 * sharp
    bend = np.exp(-2.0 * half)
    np.log1p(bend, out=bend)
    bend += half
    bend -= np.log(2.0)
    bend /= sharp
    return 0.5 * (desire + other) - bend
