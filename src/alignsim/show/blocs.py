"""Who stands with whom: blocs of a signed network, in an order that shows them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage

MOST_BLOCS = 6


def signed_modularity(alignment: Any) -> Any:
    """How much more i is aligned with j than their other ties would make one expect, (N, N).

    Gomez, Jensen and Arenas (2009): the weight less the expected positive and plus the expected negative weight.
    """
    weights = np.array(alignment, float)
    np.fill_diagonal(weights, 0.0)
    surplus = weights.copy()
    for sign in (1, -1):
        part = np.maximum(sign * weights, 0.0)
        total = part.sum()
        if total > 0:
            surplus -= sign * np.outer(part.sum(axis=1), part.sum(axis=0)) / total
    np.fill_diagonal(surplus, 0.0)
    return surplus


def find_blocs(alignment: Any) -> Any:
    """Bloc of every state (N,), 0 the largest: the cut of a Ward tree that, refined, has most signed modularity.

    `alignment` is (N, N), symmetric, -1..1. Ties are broken by order, so the same matrix gives the same blocs.
    """
    size = len(alignment)
    if size < 3:
        return np.zeros(size, int)
    surplus = signed_modularity(alignment)
    tree = linkage(_profiles(alignment), "ward")
    cuts = [refine(alignment, fcluster(tree, k, "maxclust") - 1) for k in range(1, min(MOST_BLOCS, size) + 1)]
    best = max(cuts, key=lambda blocs: round(float((surplus * (blocs[:, None] == blocs)).sum()), 9))
    sizes = np.bincount(best)
    rank = {bloc: place for place, bloc in enumerate(sorted(set(best.tolist()), key=lambda b: (-sizes[b], b)))}
    return np.array([rank[bloc] for bloc in best])


def refine(alignment: Any, blocs: Any, sweeps: int = 20) -> Any:
    """Let each state move to the bloc that most raises signed modularity until none wants to; blocs (N,) of 0..K-1.

    From the blocs of the start and the alignments of the end it gives the blocs of the end, under the same names.
    """
    surplus, blocs = signed_modularity(alignment), np.array(blocs)
    member = np.eye(int(blocs.max()) + 1)[blocs]
    for _ in range(sweeps):
        moved = False
        for i, old in enumerate(blocs):
            pull = surplus[i] @ member
            new = int(np.argmax(pull))
            if pull[new] > pull[old] + 1e-9:
                member[i, old], member[i, new], blocs[i], moved = 0.0, 1.0, new, True
        if not moved:
            break
    return blocs


def order_by_bloc(alignment: Any, blocs: Any) -> Any:
    """States bloc by bloc (N,): neighbours alike, and blocs in the order of what divides the states most.

    Within a bloc the order is that of a tree with optimal leaf order (Bar-Joseph, Gifford and Jaakkola 2001).
    """
    axis = _main_division(alignment)
    ordered: list[int] = []
    for bloc in sorted(set(blocs.tolist()), key=lambda b: float(axis[blocs == b].mean())):
        inside = np.flatnonzero(blocs == bloc)
        if len(inside) > 2:
            tree = linkage(_profiles(alignment)[inside], "average", optimal_ordering=True)
            inside = inside[leaves_list(tree)]
        if len(inside) > 1 and axis[inside[0]] > axis[inside[-1]]:
            inside = inside[::-1]
        ordered += inside.tolist()
    return np.array(ordered)


def _profiles(alignment: Any) -> Any:
    """Rows of the matrix with each state fully aligned with itself."""
    rows = np.array(alignment, float)
    np.fill_diagonal(rows, 1.0)
    return rows


def _main_division(alignment: Any) -> Any:
    """First principal axis of the profiles, its sign fixed by its largest entry."""
    rows = _profiles(alignment)
    left, _, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    axis = left[:, 0]
    return axis * np.sign(axis[np.argmax(np.abs(axis).round(9))] or 1.0)
