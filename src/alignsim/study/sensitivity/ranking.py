"""Which input matters most, and where that cannot be told: no rank where intervals overlap."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, zip_longest
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignsim.study.sensitivity.result import Sensitivity

Array = Any
NEVER = 64
"""Times as many points (or runs) beyond which telling two inputs apart is as good as impossible."""


@dataclass(frozen=True)
class Rank:
    """An input's place: `best` to `worst`, 1 the first, is every rank that the intervals allow."""

    label: str
    value: float
    low: float
    high: float
    best: int
    worst: int
    seen: bool
    """Whether its interval lies above what an input without effect may reach."""


@dataclass(frozen=True)
class Apart:
    """Two neighbours in the ranking whose intervals overlap, and what would part them at their present estimates.

    Half-widths fall with the square root of the points (or runs); None: not with 64 times as many.
    """

    first: str
    second: str
    base: int | None
    """N that would do."""
    runs: int | None
    """Runs a point that would do."""


def ranking(found: Sensitivity) -> list[Rank]:
    """Inputs from the largest estimate down."""
    main, floor = found.main, found.inert
    low, high = main.low, main.high
    made = [
        Rank(
            label,
            float(main.values[d]),
            float(low[d]),
            float(high[d]),
            best=1 + int((low > high[d]).sum()),
            worst=len(low) - int((high < low[d]).sum()),
            seen=bool(low[d] > floor),
        )
        for d, label in enumerate(found.labels)
    ]
    return sorted(made, key=lambda rank: -rank.value)


def apart(found: Sensitivity) -> list[Apart]:
    """Neighbours in the ranking that cannot be told apart, of which at least one has an effect that is seen."""
    order, main = ranking(found), found.main
    at = {label: d for d, label in enumerate(found.labels)}
    pairs = []
    for one, two in pairwise(order):
        if one.low > two.high or not (one.seen or two.seen):
            continue
        places = [at[one.label], at[two.label]]
        needed = _needed(one.value - two.value, main.over_points[places].sum(), main.over_runs[places].sum())
        pairs.append(Apart(one.label, two.label, *_sizes(found, needed)))
    return pairs


def _needed(gap: float, over_points: float, over_runs: float) -> tuple[float, float]:
    """Times as many (points, runs) at which half-widths no longer reach across the gap, the cheaper source first."""
    if gap <= 0:
        return float("inf"), float("inf")
    if over_runs < gap / 2:
        return (over_points / (gap - over_runs)) ** 2, 1.0
    if over_points < gap / 2:
        return 1.0, (over_runs / (gap - over_points)) ** 2
    both = ((over_points + over_runs) / gap) ** 2
    return both, both


def _sizes(found: Sensitivity, times: tuple[float, float]) -> tuple[int | None, int | None]:
    """N and runs for so many times as many; a Sobol' sequence is only cut at powers of two."""
    if max(times) > NEVER:
        return None, None
    base = max(found.base, ceil(found.base * times[0]))
    if found.kind in ("saltelli", "sobol") and base > found.base:
        base = 1 << (base - 1).bit_length()
    return base, max(found.runs, ceil(found.runs * times[1]))


# --- words


def in_words(found: Sensitivity) -> str:
    """What was found: who matters most, who cannot be told apart, who does nothing that is seen, who acts together."""
    order = ranking(found)
    seen = [rank for rank in order if rank.seen]
    said = [_first(found, order), *_others(found, seen)]
    said += _all_apart(found, apart(found))
    said += [_unseen(found, [rank.label for rank in order if not rank.seen])] if seen else []
    said += [_together(found)]
    said.append(found.noise.words if found.noise else _one_run(found))
    return " ".join(part for part in said if part)


def _first(found: Sensitivity, order: list[Rank]) -> str:
    """The sentence that comes first: an input leads alone only where no other may be the first."""
    if not any(rank.seen for rank in order):
        return f"Nothing that was varied has an effect on {found.outcome} that is seen at N = {found.base}."
    first, top = [rank for rank in order if rank.best == 1], order[0]
    size = f"{_meaning(found, top)}, {found.level:.0%} interval {_span(found, top)}"
    if len(first) == 1:
        return f"What matters most for {found.outcome} is {top.label} ({size})."
    names = _listed([rank.label for rank in first], "or")
    return f"What matters most for {found.outcome} is {names}, which cannot be told apart ({top.label}: {size})."


def _meaning(found: Sensitivity, rank: Rank) -> str:
    if found.method == "sobol":
        return f"{rank.value:.0%} of the variance over what was varied goes through it"
    if found.method == "morris":
        return f"across its range the outcome moves by {rank.value:.3g} in the mean"
    return f"fixing it shifts the distribution by {rank.value:.2f} on a scale from 0 to 1"


def _span(found: Sensitivity, rank: Rank) -> str:
    low, high = max(0.0, rank.low), rank.high
    if found.method == "sobol":
        return f"{100 * low:.0f} to {100 * min(1.0, high):.0f} %"
    return f"{low:.3g} to {high:.3g}"


def _others(found: Sensitivity, seen: list[Rank]) -> list[str]:
    """The inputs after the first, with their ranks where these are known."""
    rest = seen[1:6]
    if not rest:
        return []
    form = "{:.0%}" if found.method == "sobol" else "{:.3g}"
    parts = [f"{rank.label} ({form.format(rank.value)}, rank {_ranks(rank)})" for rank in rest]
    more = f" and {len(seen) - 6} more" if len(seen) > 6 else ""
    return [f"Then {', '.join(parts)}{more}."]


def _ranks(rank: Rank) -> str:
    return str(rank.best) if rank.best == rank.worst else f"{rank.best} to {rank.worst}"


def _all_apart(found: Sensitivity, pairs: list[Apart]) -> list[str]:
    """A sentence for each pair, and one for all in a row that nothing in reach would part."""
    said: list[str] = []
    chain: list[str] = []
    for pair, after in zip_longest(pairs, pairs[1:]):
        if pair.base is not None and pair.runs is not None:
            said.append(_apart(found, pair))
            continue
        chain = [*(chain or [pair.first]), pair.second]
        if after is None or after.base is not None or after.first != pair.second:
            said.append(_never(found, chain))
            chain = []
    return said


def _here(found: Sensitivity) -> str:
    return f"N = {found.base}" + (f" and {found.runs} runs" if found.runs > 1 else "")


def _never(found: Sensitivity, names: list[str]) -> str:
    """Inputs next to each other in the ranking of which none can be parted from its neighbours."""
    neighbours = "" if len(names) == 2 else ", each beside the next,"
    return (
        f"{_listed(names, 'and')}{neighbours} cannot be told apart at {_here(found)}, nor with {NEVER} times as much."
    )


def _apart(found: Sensitivity, pair: Apart) -> str:
    start = f"{pair.first} and {pair.second} cannot be told apart at {_here(found)}"
    parts = []
    assert pair.base is not None and pair.runs is not None
    if pair.base > found.base:
        extra = (pair.base - found.base) * found.block
        more = f"{pair.base - found.base:,} more"
        parts.append(f"{more} points" if found.block == 1 else f"{more} (N = {pair.base:,}: {extra:,} more points)")
    if pair.runs > found.runs:
        parts.append(f"{pair.runs - found.runs:,} more runs at each point")
    return f"{start}; about {' and '.join(parts) or '1 more'} would."


def _unseen(found: Sensitivity, labels: list[str]) -> str:
    return f"Of {_listed(labels, 'and')} no effect is seen." if labels else ""


def _together(found: Sensitivity) -> str:
    """The strongest interaction that is seen."""
    pairs = found.pairs
    if pairs is None:
        return ""
    sure = [pair for pair in found.interacting() if pairs.low[pair] > 0]
    if not sure:
        return "No two inputs are seen to act together beyond what each does alone."
    a, b = sure[0]
    share = f"{pairs.values[a, b]:.0%} of the variance, {100 * pairs.low[a, b]:.0f} to {100 * pairs.high[a, b]:.0f} %"
    return f"{found.labels[a]} and {found.labels[b]} act together beyond what each does alone ({share})."


def _one_run(found: Sensitivity) -> str:
    if found.runs > 1:
        return ""
    return "There is one run at each point, so the indices hold for its shocks; more runs would part noise from inputs."


def _listed(names: list[str], joined: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joined} {names[-1]}"
