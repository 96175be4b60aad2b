"""Pairs of states that are under sanctions together: are they closer, and do they grow closer from then on?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from alignsim.study.evidence import dyadic
from alignsim.study.evidence.record import Record

Array = Any
Row = dict[str, Any]

CLOSER = {"distance": -1, "agreement": 1, "S-score": 1, "arms": 1}
"""The sign of a move toward each other."""
HEAVY = 0.3
"""Trade or finance restricted by about a third or more, not lists of firms (expert judgement; 0.2 to 0.5)."""
BEFORE, AFTER = 5, 5
"""Years before and after an onset that are told apart; what lies beyond is taken together."""
PLACEBO = 6
"""Years by which a false onset precedes the true one; what came from the true one on is left out."""
EFFECTS = {False: "dyad, year", True: "dyad, state-year"}


def treatments(record: Record) -> dict[str, Array]:
    """Who is under sanctions, in three readings; (Y, N) of bool."""
    either, both = np.maximum(record.by_us, record.by_eu), np.minimum(record.by_us, record.by_eu)
    found = {"US or EU": either > 0, "US and EU": both > 0}
    return found | ({"US or EU, heavy": either >= HEAVY} if record.graded else {})


def together(sanctioned: Array) -> Array:
    """Pairs of which both are sanctioned, (Y, N, N)."""
    return sanctioned[:, :, None] & sanctioned[:, None, :]


def steps(record: Record) -> int:
    """How often `co_sanctioned` and `onset_study` say that they go on."""
    return 3 * len(treatments(record)) + 4


def co_sanctioned(record: Record, say: Callable[[], None] = lambda: None) -> Iterator[Row]:
    """Coefficients of being under sanctions together, for each UN outcome, reading and set of effects; then arms."""
    for outcome in ("distance", "agreement"):
        for treatment, sanctioned in treatments(record).items():
            say()
            year, first, second = _known(record.outcomes[outcome])
            y = record.outcomes[outcome][year, first, second]
            x = together(sanctioned)[year, first, second].astype(float)
            for by_state, effects in EFFECTS.items():
                own = dyadic.fit(y, {"together": x}, first, second, year, by_state=by_state)
                yield _row(
                    "co-sanctioned", outcome, treatment, effects, own, "together", y, x, dyadic.exchanged(own, year)
                )
    yield from _arms(record, say)


def _arms(record: Record, say: Callable[[], None]) -> Iterator[Row]:
    """Any deliveries, by directed pair; the treatment is the share of the delivery's years under sanctions together."""
    year, first, second = np.nonzero(np.isfinite(record.arms) & ~np.eye(len(record.states), dtype=bool))
    if not len(year):
        return
    y = (record.arms[year, first, second] > 0).astype(float)
    for treatment, sanctioned in treatments(record).items():
        say()
        joint = together(sanctioned).astype(float)
        window = range(record.arms_years)
        x = np.mean([joint[year - back, first, second] for back in window], axis=0)
        own = dyadic.fit(y, {"together": x}, first, second, year, by_state=True, directed=True)
        effects = "dyad, supplier-year, recipient-year"
        yield _row("co-sanctioned", "arms", treatment, effects, own, "together", y, x, dyadic.exchanged(own, year))


def onsets(sanctioned: Array) -> Array:
    """The first year (index) in which a pair is under sanctions together, (N, N): -1 never, -2 from the start."""
    joint = together(sanctioned)
    first = np.where(joint.any(axis=0), joint.argmax(axis=0), -1)
    return np.where(joint[0], -2, first)


def onset_study(record: Record, say: Callable[[], None] = lambda: None) -> Iterator[Row]:
    """Leads and lags around the first year in which both of a pair are under US and EU sanctions, and false dates.

    Dyad and state-year effects, so that what each state does to all is taken out; the year before is 0. Pairs that
    never came to it are the comparison; those that were in it from the start are left out. The false dates lie six
    years earlier, with what came from the true date on left out: they should give nothing.
    """
    last = record.years.index(record.voted()[1]) + 1
    when = onsets(treatments(record)["US and EU"][:last])
    for outcome in ("distance", "agreement"):
        year, first, second = _known(record.outcomes[outcome])
        start = when[first, second]
        for fact, shift in (("onset", 0), ("placebo onset", PLACEBO)):
            say()
            kept = (start == -1) | ((start - shift >= 1) & ((year < start) | (shift == 0)))
            t, i, j = year[kept], first[kept], second[kept]
            y = record.outcomes[outcome][t, i, j]
            x = _event_time(t, start[kept], shift)
            own = dyadic.fit(y, x, i, j, t, by_state=True)
            treated = (start[kept] >= 0).astype(float)
            for name in x:
                yield _row(fact, outcome, "US and EU", EFFECTS[True], own, name, y, treated, when=name)
            for label, names in SPANS.items():
                there = [name for name in names if name in own.names]
                mean = {name: 1 / len(there) for name in there} or names[0]
                yield _row(fact, outcome, "US and EU", EFFECTS[True], own, mean, y, treated, when=label)


def _event_time(year: Array, start: Array, shift: int) -> dict[str, Array]:
    """An indicator for each year from the onset but the one before it: "-5" and earlier .. "+5" and later."""
    since = np.clip(year - (start - shift), -BEFORE, AFTER)
    return {f"{k:+d}": ((since == k) & (start >= 0)).astype(float) for k in range(-BEFORE, AFTER + 1) if k != -1}


SPANS = {
    "years before": tuple(f"{k:+d}" for k in range(-BEFORE, -1)),
    "years after": tuple(f"{k:+d}" for k in range(AFTER)),
}
"""Means of leads, and of the onset and the four years after it."""


def _known(values: Array) -> tuple[Array, Array, Array]:
    """Year, first and second member of every pair-year with a value."""
    year, first, second = np.nonzero(np.isfinite(values) & np.triu(np.ones(values.shape[1:], dtype=bool), 1))
    return year, first, second


def _row(
    fact: str, outcome: str, treatment: str, effects: str, own: dyadic.Fit, what: Any, y: Array, x: Array,
    p: float = float("nan"), when: str = "",
) -> Row:  # fmt: skip
    found = own.interval(what)
    n = int(max(own.first.max(), own.second.max())) + 1
    pairs = own.first * n + own.second
    return {
        "fact": fact,
        "outcome": outcome,
        "treatment": treatment,
        "effects": effects,
        "when": when,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "interval": "95 %, dyadic-robust",
        "error": found.error,
        "error_by_dyad": found.error_by_dyad,
        "p_exchanged": p,
        "effective_states": found.states,
        "mean": float(y.mean()),
        "mean_treated": float(y[x > 0].mean()) if (x > 0).any() else float("nan"),
        "mean_others": float(y[x == 0].mean()) if (x == 0).any() else float("nan"),
        "pair_years": own.n,
        "pairs": len(np.unique(pairs)),
        "treated_pairs": len(np.unique(pairs[x > 0])),
    }
