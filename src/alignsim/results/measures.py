"""What claims are about, read off the month's condition: one number for each run."""

from __future__ import annotations

import numpy as np

from alignsim.arrays import Array, Snapshot
from alignsim.plan.plan import Batch, Plan, Watched

OTHER_TIES = "other ties"
"""The mean tie of a pair's members with third partners: what a general drift would move as well."""
OWN_THEORY = "consent"
"""The law of motion that speaks of everything; rival theories speak of ties and isolation only."""
ABOUT_TIES = ("alignment", OTHER_TIES, "tie rank", "bloc membership", "polarisation", "isolation")
"""Measures of which every theory speaks."""
SANCTIONS = ("sanction_trade", "sanction_financial", "sanction_symbolic")


def measured(now: Snapshot, watched: Watched, month: int, batch: Batch) -> Array:
    """The watched number of every run, (R,); nan in a month in which it is not worked out.

    Of groups it is the mean over members, or over pairs of members; arms are the sum, in million TIV a month.
    """
    if watched.months is not None and month not in watched.months:
        return np.full(len(now.alignment), np.nan)
    return _MEASURES[watched.measure](now, watched, batch)


def spoken_of(plan: Plan) -> list[int]:
    """Places in `plan.watched` of what the plan's theory speaks of."""
    own = plan.theory == OWN_THEORY
    return [w for w, watched in enumerate(plan.watched) if own or watched.measure in ABOUT_TIES]


def pairs(watched: Watched) -> tuple[list[int], list[int]]:
    """The ordered pairs that are measured, without a state and itself."""
    listed = [(i, j) for i in watched.of for j in watched.toward if i != j]
    return [i for i, _ in listed], [j for _, j in listed]


def other_ties(members: tuple[int, ...], plan: Plan) -> Watched | None:
    """What is watched of a pair's other ties; None where there are no third partners."""
    partners = third_partners(members, plan)
    return Watched(OTHER_TIES, members, partners) if partners else None


def third_partners(members: tuple[int, ...], plan: Plan) -> tuple[int, ...]:
    """States outside a pair that sanction neither member, at the eve or in any branch.

    The members' ties with those who sanction them fall by the sanctions themselves: measured against these, any pair
    of targets would look special.
    """
    senders: set[int] = set()
    for name in SANCTIONS:
        senders.update(np.flatnonzero(getattr(plan.eve, name)[:, :, list(members)].any(axis=(0, 2))).tolist())
        for effect in (e for own in plan.branches.values() for e in own if e.driver == name and e.operation != "scale"):
            on = np.isin(effect.index[1], members) & np.greater(effect.value, 0.0)
            senders.update(effect.index[0][on].tolist())
    return tuple(k for k in range(len(plan.states)) if k not in senders and k not in members)


def camps(alignment: Array) -> Array:
    """1 or -1 for each state, (R, N): the two camps that the ties suggest, the first state's being 1.

    Signs of the leading eigenvector of alignment (R, N, N): where structural balance would lead (Marvel, Kleinberg,
    Kleinberg and Strogatz 2011).
    """
    leading = np.linalg.eigh(alignment)[1][..., -1]
    sign = np.where(leading >= 0, 1.0, -1.0)
    return sign * sign[:, :1]


def _mean(values: Array) -> Array:
    return np.ascontiguousarray(values).mean(axis=1)  # a sum depends on the layout, and the layout on the runs


def _alignment(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    i, j = pairs(watched)
    return _mean(now.alignment[:, i, j])


def _tie_rank(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    """Share of the member's ties with third states that are closer, 0 (none is) to 1; equal ties count half."""
    i, j = pairs(watched)
    every, own = now.alignment[:, i], now.alignment[:, i, j][:, :, None]
    third = np.arange(every.shape[2]) != np.array([i, j])[:, :, None]
    closer = ((every > own) + 0.5 * (every == own)) * third.all(axis=0)
    return _mean(closer.sum(axis=2) / max(every.shape[2] - 2, 1))


def _trade_dependence(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    """Share of external trade that is with the partners, 0..1; the mean over members."""
    i, j = pairs(watched)
    return np.ascontiguousarray(now.trade_share[:, i, j]).sum(axis=1) / len(set(i))


def _arms_flow(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    i, j = pairs(watched)
    return np.ascontiguousarray(now.deliveries[:, i, j]).sum(axis=1)


def _bloc_membership(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    """Share of pairs that stand in the same camp, 0..1."""
    i, j = pairs(watched)
    side = camps(now.alignment)
    return _mean(side[:, i] == side[:, j])


def _polarisation(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    """Half the gap between the mean tie within camps and that between them, -1..1; 0 where all are in one camp."""
    side = camps(now.alignment)
    together = side[:, :, None] * side[:, None, :]
    other = ~np.eye(together.shape[1], dtype=bool)
    within, between = (together > 0) & other, together < 0
    means = [
        np.where(which, now.alignment, 0.0).sum(axis=(1, 2)) / np.maximum(which.sum(axis=(1, 2)), 1)
        for which in (within, between)
    ]
    return np.where(between.any(axis=(1, 2)), 0.5 * (means[0] - means[1]), 0.0)


def _isolation(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    return _mean(now.isolation[:, list(watched.of)])


def _pressure(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    """Isolation less what the state's know-how evades, 0..1."""
    ceiling = batch.eve.parameters.evasion.ceiling[..., 0]
    return _mean((now.isolation * (1.0 - ceiling * now.know_how))[:, list(watched.of)])


def _evasion(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    return _mean(now.know_how[:, list(watched.of)])


def _capacity(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    """Output relative to the eve, 1 where unchanged."""
    return _mean(np.exp(now.output[:, list(watched.of)]))


def _position(now: Snapshot, watched: Watched, batch: Batch) -> Array:
    return _mean(now.position[:, list(watched.of), watched.issue])


_MEASURES = {
    "alignment": _alignment,
    OTHER_TIES: _alignment,
    "tie rank": _tie_rank,
    "trade dependence": _trade_dependence,
    "arms flow": _arms_flow,
    "bloc membership": _bloc_membership,
    "sanctions pressure": _pressure,
    "isolation": _isolation,
    "evasion": _evasion,
    "capacity": _capacity,
    "position": _position,
    "polarisation": _polarisation,
}
