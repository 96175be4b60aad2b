"""Which pairs are scored together: all, those sanctioned together, their matched controls, and the named dyads."""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.study.hindcast.past import co_sanctioned
from alignsim.world.panel import Panel

Array = Any

NAMED = tuple((a, b) for a in ("RUS", "IRN") for b in ("CHN", "SYR", "PRK", "BLR", "CUB", "VEN", "TUR", "ARE", "KAZ"))
"""Russia and Iran with their partners (EVIDENCE 4.2); the pair of the two themselves is `FOUNDING`."""
FOUNDING = ("IRN", "RUS")


def groups(panel: Panel, origin: int, horizon: int) -> dict[str, Array]:
    """Masks (N, N), symmetric, by name of the group."""
    n = len(panel.states)
    everyone = ~np.eye(n, dtype=bool)
    together = co_sanctioned(panel, origin, horizon)
    return {
        "all pairs": everyone,
        "co-sanctioned": together,
        "matched controls": matched(panel, origin, horizon, together),
        "named dyads": among(panel, NAMED),
        "Iran–Russia": among(panel, (FOUNDING,)),
    }


def among(panel: Panel, pairs: tuple[tuple[str, str], ...]) -> Array:
    """The mask of these pairs, as far as the panel has them."""
    place = {code: k for k, code in enumerate(panel.states)}
    out = np.zeros((len(place), len(place)), dtype=bool)
    for a, b in pairs:
        if a in place and b in place:
            out[place[a], place[b]] = out[place[b], place[a]] = True
    return out


def matched(panel: Panel, origin: int, horizon: int, treated: Array) -> Array:
    """For each treated pair the most similar pair of states of which not both are sanctioned, and neither is a sender.

    Similar in agreement and ideal-point distance at the origin (or the one of them that is on record), distance on the
    map and both states' democracy, each in units of its standard deviation; a control serves once, in the order of how
    close the matches are.
    """
    world = panel.world(origin)
    n = len(panel.states)
    senders = np.isin(panel.states, world.senders)
    upper = np.triu_indices(n, 1)
    year = panel.years.index(origin)
    columns = [record[year] for record in (panel.agreement, panel.distance) if np.isfinite(record[year]).any()]
    columns += [np.log(world.distance + 100.0)]
    columns += [world.democracy[:, None] + world.democracy, np.abs(world.democracy[:, None] - world.democracy)]
    x = np.stack([column[upper] for column in columns], axis=1)
    known = np.isfinite(x).all(axis=1)
    if not known.any():
        return np.zeros((n, n), dtype=bool)
    spread = x[known].std(axis=0)
    x = (x - x[known].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    free = known & ~treated[upper] & ~senders[upper[0]] & ~senders[upper[1]]
    wanted = np.flatnonzero(known & treated[upper])
    pool = np.flatnonzero(free)
    out = np.zeros((n, n), dtype=bool)
    if not len(wanted) or not len(pool):
        return out
    apart = ((x[wanted, None] - x[None, pool]) ** 2).sum(axis=2)
    taken: set[int] = set()
    done: set[int] = set()
    for flat in np.argsort(apart, axis=None, kind="stable"):
        i, j = divmod(int(flat), len(pool))
        if i in done or j in taken:
            continue
        done.add(i)
        taken.add(j)
        a, b = upper[0][pool[j]], upper[1][pool[j]]
        out[a, b] = out[b, a] = True
        if len(done) == len(wanted) or len(taken) == len(pool):
            break
    return out
