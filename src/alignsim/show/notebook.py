"""In a notebook: tables as HTML, and a progress bar that needs no widgets. All text is cleaned and escaped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

from alignsim.show.report import cleaned, signed
from alignsim.show.style import BELIEFS

EVERY = 0.2
"""Seconds between two drawings of a progress bar."""


@contextmanager
def bar(words: str, unit: str = "runs") -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be called with (done, total) that draws a bar with the time left; it is gone at the end."""
    from IPython.display import HTML, display

    drawn = display(HTML(_progress(words, 0, 0, unit, 0.0)), display_id=True)
    started, last = time.monotonic(), [0.0]

    def progress(done: int, total: int) -> None:
        now = time.monotonic()
        if now - last[0] >= EVERY or done == total:
            last[0] = now
            drawn.update(HTML(_progress(words, done, total, unit, now - started)))

    try:
        yield progress
    finally:
        drawn.update(HTML(""))


def _progress(words: str, done: int, total: int, unit: str, spent: float) -> str:
    if not done:
        return f"<div>{_text(words)} <progress></progress></div>"
    left = spent * (total - done) / done
    numbers = f"{done} of {total} {_text(unit)}, {spent:.0f} s, about {left:.0f} s left"
    return f'<div>{_text(words)} <progress value="{done}" max="{total}"></progress> {numbers}</div>'


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], note: str = "") -> str:
    """A table with a bold title above and a note below."""
    head = "".join(f"<th>{_text(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    under = f"<p>{_text(note)}</p>" if note else ""
    return f"<p><b>{_text(title)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{under}"


def _text(value: Any) -> str:
    return escape(cleaned("" if value is None else str(value)))


def results(summary: Mapping[str, Any]) -> str:
    """Ends and changes of all focus ties, as `Results.summary` has them."""
    rows = [_tie(row) for row in summary["ties"]]
    columns = ("tie", "branch", "start", "end", "change", "90 % of runs", "P(> +.05)", "P(< −.05)")
    belief = BELIEFS.get(summary["belief"], summary["belief"])
    note = (
        "Medians of alignment; a change is against the baseline, run by run on the same shocks. "
        f"{summary['runs']} runs of {summary['months']} months, seed {summary['seed']}, world {summary['world']}, "
        f"{belief}."
    )
    return table(summary["title"], columns, rows, note)


def _tie(row: Mapping[str, Any]) -> list[str]:
    change = row.get("difference")
    cells = [row["dyad"], row["branch"], signed(row["start"]["q50"], 2), signed(row["end"]["q50"], 2)]
    if not change:
        return cells + [""] * 4
    both = (change["probability_above_margin"], change["probability_below_minus_margin"])
    return [*cells, signed(change["q50"]), _span(change), *(f"{share:.2f}" for share in both)]


def _span(quantiles: Mapping[str, float]) -> str:
    return f"{signed(quantiles['q05'], 2)} to {signed(quantiles['q95'], 2)}"


def judgement(content: Mapping[str, Any]) -> str:
    """Each claim's sentence and verdicts, as `judgement.json` has them."""
    return "".join(_claim(claim) for claim in content["claims"])


def _claim(claim: Mapping[str, Any]) -> str:
    rows = []
    for belief, own in (claim.get("beliefs") or {}).items():
        share, effect = own["probabilities"], own.get("outcome") or own["effect"]
        numbers = [""] * 4
        if effect["q50"] is not None:
            numbers = [signed(effect["q50"]), _span(effect), f"{share['above']:.2f}", f"{share['below_minus']:.2f}"]
        rows.append([BELIEFS.get(belief, belief), own["verdict"], *numbers, own["runs"]])
    for rival in claim.get("rivals") or []:
        rows.append([f"theory: {rival['theory']}", rival["verdict"], "", "", "", "", ""])
    columns = ["belief", "verdict", "effect", "90 % of runs", "P(> margin)", "P(< −margin)", "runs"]
    if claim.get("level") is not None:
        columns[2], columns[4:6] = "outcome", [f"P(> {claim['level']:g})", f"P(< {claim['level']:g})"]
    says = f"<p>{_text(claim['sentence'])}</p>"
    return says + table(claim["id"], columns, rows) if rows else f"<p><b>{_text(claim['id'])}</b></p>{says}"


def comparison(found: Any) -> str:
    """What differs in the inputs and in the outcomes of two runs, of a `study.compare.Comparison`."""
    asked = table(
        f"What differs: A is {found.a}, B is {found.b}",
        ("", "A", "B"),
        [(row.what, row.a or "–", row.b or "–") for row in found.inputs] or [("nothing", "", "")],
    )
    return asked + table(f"Alignment in {found.month}", OUTCOMES, outcomes(found), found.how)


OUTCOMES = ("tie", "branch", "what", "A", "B", "B − A", "90 % of runs", "P(> +.05)", "P(< −.05)")


def outcomes(found: Any) -> list[list[str]]:
    """Rows of a comparison under `OUTCOMES`."""
    return [
        [
            row.dyad,
            row.branch,
            "tie" if row.measure == "alignment" else "effect",
            signed(row.a),
            signed(row.b),
            signed(row.difference["q50"]),
            _span(row.difference),
            f"{row.probability_above_margin:.2f}",
            f"{row.probability_below_minus_margin:.2f}",
        ]
        for row in found.outcomes
    ]


LISTED = ("folder", "kind", "scenario", "finished", "runs", "seed", "belief", "headline")


def listing(entries: Iterable[Mapping[str, Any]]) -> str:
    """Runs, judgements and sweeps as `results.listing` finds them."""
    return table("", LISTED, [[entry[key] for key in LISTED] for entry in entries])


def gates(found: Iterable[Any]) -> str:
    """What an audit found, gate by gate."""
    words = {True: "passes", False: "FAILS", None: "open"}
    return table(
        "", ("gate", "", "finding"), [(g.name, words[g.passes], " ".join([g.says, *g.details])) for g in found]
    )
