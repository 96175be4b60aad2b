"""All that the data say, as one table and in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np

from alignsim.study.evidence import pairs, ties
from alignsim.study.evidence.record import Record

Row = dict[str, Any]

COLUMNS = (
    "fact", "outcome", "treatment", "effects", "when", "value", "low", "high", "interval", "error", "error_by_dyad",
    "p_exchanged", "effective_states", "place", "mean", "mean_treated", "mean_others", "pair_years", "pairs",
    "treated_pairs",
)  # fmt: skip
"""Of the table, in this order; a cell that says nothing is nan or empty."""
UNITS = {
    "distance": "standard deviations of UN ideal points",
    "agreement": "chance-corrected agreement in UN votes, −1 to 1",
    "arms": "share of directed pairs with any deliveries",
}


def rows(record: Record, progress: Callable[[int, int], None] | None = None) -> list[Row]:
    """Every fact, one dict each with all COLUMNS. `progress` is told what is done and all there is."""
    done, total = count(1), pairs.steps(record) + 1

    def say() -> None:
        if progress:
            progress(next(done), total)

    found = [*pairs.co_sanctioned(record, say), *pairs.onset_study(record, say)]
    found += [*ties.measures(record), *ties.by_period(record)]
    say()
    empty: Row = dict.fromkeys(COLUMNS, float("nan")) | {"effects": "", "when": "", "interval": ""}
    return [{name: (empty | row)[name] for name in COLUMNS} for row in found]


def direction(row: Row) -> str:
    """What a coefficient with its interval says: closer, farther, "cannot tell", or "no case"."""
    if not np.isfinite(row["value"]):
        return "no case"
    ends = sorted(pairs.CLOSER[row["outcome"]] * row[end] for end in ("low", "high"))
    if not np.isfinite(ends).all():
        return "cannot tell"
    return "closer" if ends[0] > 0 else "farther" if ends[1] < 0 else "cannot tell"


def in_words(table: Sequence[Row], record: Record) -> list[str]:
    """What the data say of the claim that shared sanctions draw states together: the answer first."""
    votes = [r for r in table if r["fact"] == "co-sanctioned" and r["outcome"] != "arms"]
    first, last = record.voted()
    where = f"{len(record.states)} states outside the West, {first} to {last}"
    return [
        _answer([direction(r) for r in votes if is_net(r)], where),
        *(_coefficient(r) for r in votes if r["treatment"] == "US and EU"),
        _count(votes),
        *(_arms(r) for r in table if r["outcome"] == "arms" and r["treatment"] == "US and EU"),
        *_onsets(table),
        *_measures(table),
        *_tie(table),
        "None of this says what sanctions cause: who is sanctioned is no accident, "
        "and a distance is not the sum of two states' parts.",
    ]


def is_net(row: Mapping[str, Any]) -> bool:
    """Whether an estimate is net of what each state does to all in a year."""
    return row["effects"] != pairs.EFFECTS[False]


def cell(row: Row) -> str:
    """ "+0.08 [−0.07, +0.23]", with a star where the interval excludes nil."""
    digits = 3 if row["outcome"] == "arms" else 2
    star = "*" if direction(row) in ("closer", "farther") else ""
    if not np.isfinite(row["low"]):
        return f"{number(row['value'], digits)} [too few]" if np.isfinite(row["value"]) else "no case"
    return f"{number(row['value'], digits)} [{number(row['low'], digits)}, {number(row['high'], digits)}]{star}"


def _answer(said: list[str], where: str) -> str:
    closer, farther = said.count("closer"), said.count("farther")
    lead = f"Among {where}: "
    if set(said) == {"no case"}:
        return lead + "no pair came under US or EU sanctions together, so the data cannot speak to the claim."
    if not closer and not farther:
        return lead + (
            "the data do not show that being under US or EU sanctions together draws two states closer in UN votes, "
            "nor that it drives them apart."
        )
    if closer and farther:
        return lead + "measures contradict each other on whether states under sanctions together vote closer."
    side, count = ("closer", closer) if closer else ("farther apart", farther)
    some = "all" if count == len(said) else f"{count} of {len(said)}"
    return lead + f"by {some} estimates states under sanctions together vote {side} than their other ties would say."


def _coefficient(row: Row) -> str:
    beside = "net of what each state does to all" if is_net(row) else "with pair and year effects"
    return (
        f"Both under US and EU sanctions, {row['outcome']} {beside}: {number(row['value'])} "
        f"({between(row)}; p {row['p_exchanged']:.2f} when states swap histories), "
        f"mean {number(row['mean'], sign=False)}: "
        f"{direction(row)}."
    )


def _count(votes: list[Row]) -> str:
    said = [direction(r) for r in votes]
    return (
        f"Of all {len(votes)} estimates on UN votes, {said.count('closer')} say closer, "
        f"{said.count('farther')} farther, "
        f"and {len(votes) - said.count('closer') - said.count('farther')} cannot tell (95 %, dyadic-robust)."
    )


def _arms(row: Row) -> str:
    return (
        f"Arms: {row['mean_treated']:.1%} of directed pairs under US and EU sanctions together have deliveries, "
        f"{row['mean_others']:.1%} of others; within a pair, net of supplier and recipient years, "
        f"{number(row['value'], 4)} ({between(row, 4)}): {says(row)}."
    )


def says(row: Row) -> str:
    """`direction`, in the words of the outcome."""
    words = {"closer": "more deliveries", "farther": "fewer deliveries"} if row["outcome"] == "arms" else {}
    return words.get(direction(row), direction(row))


def _onsets(table: Sequence[Row]) -> list[str]:
    said = []
    for outcome in ("distance", "agreement"):
        own = {(r["fact"], r["when"]): r for r in table if r["outcome"] == outcome and "onset" in r["fact"]}
        parts = [
            f"{words} {number(own[key]['value'])} ({between(own[key])})"
            for key, words in (
                (("onset", "years after"), "the five years from the onset"),
                (("onset", "years before"), "the four before"),
                (("placebo onset", "years after"), f"the five from a false date {pairs.PLACEBO} years early"),
            )
            if key in own and np.isfinite(own[key]["value"])
        ]
        if parts:
            cases = own["onset", "years after"]["treated_pairs"]
            lead = f"Onset of US and EU sanctions on both ({cases} pairs), {outcome} against the year before"
            said.append(f"{lead}: {'; '.join(parts)}.")
    return said or ["No pair came under US and EU sanctions together in these years, so there is no onset to look at."]


def _measures(table: Sequence[Row]) -> list[str]:
    said = []
    for outcome in dict.fromkeys(r["outcome"] for r in table if r["fact"] == "opposite"):
        own = {(r["fact"], r["treatment"]): r for r in table if r["outcome"] == outcome}
        everyone, founding = own["opposite", "all pairs"], own.get(("opposite", "IRN-RUS"))
        single = f" (Iran–Russia {founding['value']:.0%})" if founding else ""
        said.append(
            f"Measures disagree: {outcome.replace(', ', ' and ')} move opposite ways "
            f"in {everyone['value']:.0%} of five-year changes{single}; "
            f"within pairs their years correlate {own['correlation', 'all pairs']['value']:.2f}."
        )
    return said


def _tie(table: Sequence[Row]) -> list[str]:
    own = [r for r in table if r["treatment"] == "IRN-RUS" and r["outcome"] == "distance"]
    raw, net = (
        ", ".join(f"{number(r['value'], 2, sign=kind == 'state-year')} in {r['when'].split(':')[0]}" for r in own
                  if r["fact"] == "tie" and r["effects"] == kind)
        for kind in ("none", "state-year")
    )  # fmt: skip
    return [f"Iran–Russia, distance: {raw}; net of what each does to all: {net}."] if raw else []


def number(value: float, digits: int = 3, sign: bool = True) -> str:
    return "none" if not np.isfinite(value) else f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def between(row: Row, digits: int = 3) -> str:
    if not np.isfinite(row["low"]):
        return "too few states for an interval"
    return f"{number(row['low'], digits)} to {number(row['high'], digits)}"
