r"""Structural balance: the friend of my friend becomes my friend, the enemy of my friend my enemy.

Pure form, Kulakowski, Gawronski and Gronek (2005, International Journal of Modern Physics C 16(5), 707-716):

.. math:: \dot X = X^2, \qquad X(t) = X_0 (I - t X_0)^{-1},

which blows up at t* = 1 / lambda_1 into two factions, the signs of the leading eigenvector (Marvel,
Kleinberg, Kleinberg and Strogatz 2011, PNAS 108(5), 1771-1776). The form that can live beside other
theories is bounded and anchored:

.. math:: \dot A = a \, (1 - A \circ A) \circ A^2 + b \, (F - A),

where F is the alignment that a pair would have if nobody else existed. Arrays are (..., N, N), symmetric,
-1..1 in the bounded form. A relation of a state with itself (the diagonal) exists in the pure form only;
the bounded form counts third parties alone and keeps a zero diagonal.

That balance holds for states is contested (Maoz et al. 2007): it is here as a rival, not as a law.
"""

from __future__ import annotations

from math import ceil, inf
from typing import Any

import numpy as np

Array = Any

NEAREST_TO_ONE = 1.0 - 1e-9
"""The bounded form stops this short of -1 and 1, where it would stand still for ever though its sign were
wrong."""


def exact(start: Array, time: float) -> Array:
    """The pure form's X(t) = X0 (I - t X0)^-1; start (..., N, N) symmetric, time in units of 1 / alignment.

    Raises ValueError at or after the blow-up of any of the matrices.
    """
    start = np.asarray(start, float)
    earliest = float(np.min(blow_up_time(start)))
    if time >= earliest:
        raise ValueError(f"the pure form blows up at {earliest:.4g}; time {time:.4g} must be smaller")
    return np.linalg.solve(np.eye(start.shape[-1]) - time * start, start)


def blow_up_time(start: Array) -> Array:
    """1 / lambda_1, the time at which the pure form becomes infinite; (..., N, N) to (...); inf where
    lambda_1 <= 0."""
    leading = np.linalg.eigvalsh(np.asarray(start, float))[..., -1]
    return np.divide(1.0, leading, out=np.full(np.shape(leading), inf), where=leading > 0)


def factions(start: Array) -> Array:
    """The two camps to which the pure form leads: 1 with the first state, -1 against it; (..., N, N) to
    (..., N).

    Signs of the eigenvector of the largest eigenvalue, which must be positive and simple (as it almost
    always is).
    """
    leading = np.linalg.eigh(np.asarray(start, float))[1][..., :, -1]
    sign = np.where(leading >= 0, 1, -1)
    return sign * sign[..., :1]


def third_parties(alignment: Array) -> Array:
    """What third parties suggest to each pair, the sum over k of A_ik A_kj; (..., N, N) to (..., N, N).

    einsum rather than a matrix product: the same bits for any number of threads.
    """
    return np.einsum("...ik,...kj->...ij", alignment, alignment)


def pure_rate(alignment: Array) -> Array:
    """dX/dt of the pure form."""
    return third_parties(alignment)


def bounded_rate(alignment: Array, pull: float = 1.0, anchor: float = 0.0, toward: Array = 0.0) -> Array:
    """dA/dt of the bounded form, per month; `pull` a and `anchor` b are rates per month, `toward` F is
    -1..1."""
    rate = pull * (1.0 - alignment * alignment) * third_parties(alignment) + anchor * (toward - alignment)
    return rate * (1.0 - np.eye(alignment.shape[-1]))


def integrate(start: Array, months: float, pull: float = 1.0, anchor: float = 0.0, toward: Array = 0.0) -> Array:
    """The bounded form after `months`, by Runge-Kutta steps short against the fastest rate that N states
    can make.

    start (..., N, N), symmetric with -1..1; `pull` and `anchor` at least 0, per month; `toward` broadcasts
    to start. The sum over third parties grows with N: divide `pull` by N - 2 to compare worlds of different
    size. Raises ValueError when a rate is negative or start leaves -1..1.
    """
    start = np.asarray(start, float)
    if pull < 0 or anchor < 0 or months < 0:
        raise ValueError("pull, anchor and months must not be negative")
    if not np.all(np.abs(start) <= 1.0) or not np.all(np.abs(toward) <= 1.0):
        raise ValueError("alignment and its anchor must lie between -1 and 1")
    count = start.shape[-1]
    steps = max(1, ceil(months * (2.0 * pull * count + 4.0 * anchor) / 0.5))
    now = start * (1.0 - np.eye(count))
    for _ in range(steps):
        now = _runge_kutta(lambda a: bounded_rate(a, pull, anchor, toward), now, months / steps)
        now = np.clip(now, -NEAREST_TO_ONE, NEAREST_TO_ONE)
    return now


def integrate_pure(start: Array, time: float, steps: int = 2000) -> Array:
    """The pure form by `steps` Runge-Kutta steps; a check on `exact`, good to about 1e-8 at 0.9 of the
    blow-up time."""
    now = np.asarray(start, float)
    for _ in range(steps):
        now = _runge_kutta(pure_rate, now, time / steps)
    return now


def balanced_share(alignment: Array) -> Array:
    """Share of triads whose three signs multiply to +1, 0..1; (..., N, N) to (...).

    Triads with a neutral side do not count; nan where no triad counts.
    """
    sign = np.sign(alignment) * (1.0 - np.eye(np.shape(alignment)[-1]))
    excess = np.einsum("...ij,...ij->...", third_parties(sign), sign)  # 6 x (balanced - unbalanced)
    total = np.einsum("...ij,...ij->...", third_parties(np.abs(sign)), np.abs(sign))  # 6 x (all)
    return 0.5 + 0.5 * np.divide(excess, total, out=np.full(np.shape(total), np.nan), where=total > 0)


def _runge_kutta(rate: Any, now: Array, step: float) -> Array:
    """One classical fourth-order step of length `step`."""
    first = rate(now)
    second = rate(now + 0.5 * step * first)
    third = rate(now + 0.5 * step * second)
    fourth = rate(now + step * third)
    return now + step / 6.0 * (first + 2.0 * second + 2.0 * third + fourth)
