"""Randomness that is addressed, not consumed: a number is a function of (seed, stream, run, who, step).

Each address is hashed to 64 bits by rounds of the splitmix64 finaliser (Steele, Lea and Flood 2014) and turned into a
uniform, or into a pair of normals by Box and Muller (1958). Adding a state, a run, an event or a worker therefore
changes no other draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S32 = (np.uint64(s) for s in (30, 27, 31, 11, 32))
_LOWER = np.uint64(0xFFFFFFFF)


def name_key(*names: str) -> int:
    """The 64-bit key of a name, such as of a dyad ("IRN", "RUS")."""
    return int.from_bytes(blake2b("\x1f".join(names).encode(), digest_size=8).digest(), "little")


def name_keys(names: Sequence[tuple[str, ...]]) -> NDArray[np.uint64]:
    """The keys of many names, shape (len(names),)."""
    return np.array([name_key(*name) for name in names], dtype=np.uint64)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The splitmix64 finaliser, in place."""
    for shift, factor in ((_S30, _M1), (_S27, _M2)):
        x ^= x >> shift
        x *= factor
    x ^= x >> _S31
    return x


def _bits(
    seed: int, stream: str, runs: NDArray[np.int64], steps: NDArray[np.int64], who: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """64 hashed bits for every address, shape (runs, steps, who)."""
    key = np.uint64(name_key(stream, str(seed)))
    by_run = _mix(key + (runs.astype(np.uint64) + np.uint64(1)) * _STRIDE)
    by_step = _mix(by_run[:, None] + (steps.astype(np.uint64) + np.uint64(1)) * _STRIDE)
    return _mix(by_step[:, :, None] + who)


def _unit(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Uniforms in the open interval (0, 1) from the upper 53 bits."""
    return ((bits >> _S11).astype(np.float64) + 0.5) * 2.0**-53


def uniforms(
    seed: int, stream: str, runs: NDArray[np.int64], who: NDArray[np.uint64], step: int = 0
) -> NDArray[np.float64]:
    """Uniforms in (0, 1), shape (len(runs), len(who)), for one step."""
    return _unit(_bits(seed, stream, runs, np.array([step]), who))[:, 0]


def normals(
    seed: int, stream: str, runs: NDArray[np.int64], who: NDArray[np.uint64], steps: int, first: int = 0
) -> NDArray[np.float64]:
    """Standard normals for steps first .. first + steps - 1, shape (len(runs), steps, len(who)).

    Steps 2k and 2k + 1 share one hash: its upper half gives the radius, its lower half the angle, so any window of
    steps gives the same numbers. With 32 bits a radius reaches 6.7 standard deviations.
    """
    pairs = np.arange(first // 2, (first + steps + 1) // 2)
    bits = _bits(seed, stream, runs, pairs, who)
    angle = (bits & _LOWER).astype(np.float64)
    angle *= 2 * np.pi / 2.0**32
    bits >>= _S32
    radius = bits.astype(np.float64)
    radius += 0.5
    radius *= 2.0**-32
    np.log(radius, out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    out = np.empty((len(runs), 2 * len(pairs), len(who)))
    np.multiply(radius, np.cos(angle), out=out[:, 0::2])
    np.multiply(radius, np.sin(angle), out=out[:, 1::2])
    return out[:, first % 2 : first % 2 + steps]
