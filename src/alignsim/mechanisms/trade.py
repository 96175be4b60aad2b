"""Trade and oil: what each state sells and buys is given by its output, who trades with whom by barriers and alignment.

Flows are found by biproportional fitting, as in gravity with multilateral resistance (Anderson and van Wincoop 2003),
so diversion to third partners, and competition between sanctioned sellers for the same buyers, follow from the totals.
"""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, clear_diagonal, transpose
from alignsim.mechanisms.parameters import BaseParams, param
from alignsim.mechanisms.priors import HalfNormal, LogNormal

TOLERANCE = 1e-11
"""Largest misfit of a column total that is left, relative to the largest total."""
CHEAP_ROUNDS = 12
"""Rounds with the matrix of the eve before a run gets its own."""


class Params(BaseParams):
    alignment_pull = param(
        0.27,
        low=-2.0,
        high=3.0,
        unit="log points",
        signed=HalfNormal(0.4),
        sceptical=HalfNormal(0.4),
        source="expert judgement, 0 to 0.8; direction from Flores-Macias and Kreps 2013, Struever 2016",
        doc="Rise of log trade per unit of alignment.",
    )
    elasticity = param(
        4.5,
        low=1.0,
        high=12.0,
        unit="none",
        signed=LogNormal(4.5, 0.2),
        source="Simonovska and Waugh 2014; Head and Mayer 2014",
        doc="Trade elasticity: how strongly trade answers its cost.",
    )
    oil_sensitivity = param(
        1.5,
        low=0.0,
        high=5.0,
        unit="ratio",
        source="expert judgement, 1 to 2.5: crude is a homogeneous good",
        doc="How much more strongly oil answers barriers than trade at large; 0 holds oil flows fixed.",
    )


class Balancer:
    """Scales positive matrices to given row and column totals, fast for matrices near one they were made for.

    Rows are fitted exactly in every round; columns by a Newton step on their log scalings. The step's matrix is that of
    the matrix at the eve, inverted once; runs that it does not settle get their own. All that is done to a run depends
    on that run alone, so results do not depend on which runs share a batch.
    """

    def __init__(self, eve: Array) -> None:
        """`eve`: (N, M), non-negative, with no empty row or column."""
        self._inverse = np.linalg.inv(_column_curvature(eve[None])[0]) if eve.size else eve

    def fit(self, F: Array, rows: Array, columns: Array, start: Array, rounds: int = 60) -> tuple[Array, Array]:
        """Fitted flows (R, N, M) and their log column scalings (R, M).

        F (R, N, M) is positive where flows may be; rows (R, N) and columns (R, M) have equal sums in each run.
        Where totals cannot be met (a state cut off entirely), the nearest found after `rounds` rounds is returned.
        """
        if not F.size:
            return F, start
        scaling = start.copy()
        transposed = transpose(F)
        allowed = TOLERANCE * columns.max(axis=1)
        for turn in range(rounds):
            b = np.exp(scaling)
            a = rows / np.matmul(F, b[..., None])[..., 0]
            misfit = columns - b * np.matmul(transposed, a[..., None])[..., 0]
            unsettled = np.abs(misfit).max(axis=1) > allowed
            if not unsettled.any():
                break
            if turn < CHEAP_ROUNDS:
                step = np.matmul(self._inverse, misfit[..., None])[..., 0]
            else:
                step = np.zeros_like(misfit)
                curvature = _column_curvature((F * a[..., None] * b[:, None, :])[unsettled])
                step[unsettled] = np.linalg.solve(curvature, misfit[unsettled][..., None])[..., 0]
            step *= unsettled[:, None]
            scaling += np.minimum(np.maximum(step, -1.0, out=step), 1.0, out=step)
        flows = F * a[..., None]
        flows *= b[:, None, :]
        return flows, scaling


def _column_curvature(T: Array) -> Array:
    """Derivative of column totals by log column scalings when rows are always refitted, made regular, (R, M, M)."""
    columns = T.sum(axis=1)
    curvature = -transpose(T) @ (T / T.sum(axis=2, keepdims=True))
    m = columns.shape[1]
    curvature.reshape(-1, m * m)[:, :: m + 1] += columns
    # A common factor of all scalings changes nothing; this fixes it without touching the other directions.
    total = columns.sum(axis=1)[:, None, None]
    return curvature + columns[:, :, None] * columns[:, None, :] / total


def log_change(
    barrier: Array, fear: Array, alignment: Array, cost: Array, chill: Array, bite: Array, p: Params
) -> Array:
    """Change of log trade with other states, (R, N, N), symmetric, zero diagonal; every input a change since the eve.

    `cost` is in log points of trade, that is, already multiplied by the elasticity.
    """
    change = p.alignment_pull * alignment
    change -= bite * barrier
    change -= (0.5 * chill) * (fear + transpose(fear))
    change -= cost
    return clear_diagonal(change)


def external_share(trade: Array) -> Array:
    """Share of each state's external trade (both ways) that is with each partner, (R, N, N), zero diagonal."""
    both = clear_diagonal(trade + transpose(trade))
    both /= both.sum(axis=2, keepdims=True)
    return both


def home_share(trade: Array) -> Array:
    """Share of each state's purchases that is made at home, (R, N)."""
    return np.einsum("rii->ri", trade) / trade.sum(axis=1)
