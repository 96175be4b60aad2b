"""In a notebook: tables as HTML, and a progress bar that needs no widgets. All text is cleaned and escaped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

from alignsim.show.report import cleaned, signed
from alignsim.show.style import BELIEFS
from alignsim.study.evidence import report as evidence_report
from alignsim.study.evidence.pairs import HEAVY
from alignsim.study.hindcast import report
from alignsim.study.sensitivity import ranking

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
    """A table with a bold title above and a note below, where there are any."""
    head = "".join(f"<th>{_text(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    under = f"<p>{_text(note)}</p>" if note else ""
    above = f"<p><b>{_text(title)}</b></p>" if title else ""
    return f"{above}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{under}"


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


# --- sweeps


def sweep(made: Any) -> str:
    """Where each effect of a `study.sweep.Sweep` is least and largest, and what to know of its runs."""
    points, runs = made.gain.shape
    rows = [_swept(row) for row in made.summary()]
    facts = made.manifest
    belief = str(facts.get("belief", ""))
    parts = [
        "Means over the runs of a point; shares are of all runs",
        f"{made.design} design, N = {made.base}",
        f"seed {facts['seed']}" if "seed" in facts else "",
        BELIEFS.get(belief, belief),
        f"{len(made.errors)} runs failed (column error of the table)" if made.errors else "",
    ]
    title = f"{', '.join(made.names)}: {points:,} points, {runs:,} runs each"
    note = "; ".join(part for part in parts if part) + "."
    return table(title, SWEPT, rows, f"{note} {runaway(made)}".strip())


SWEPT = ("", "least", "at", "largest", "at", "P(> margin)", "P(< −margin)")


def _swept(row: Mapping[str, Any]) -> list[str]:
    if "least" not in row:
        return [row["name"], "no run has a value", *[""] * 5]
    cells = [row["name"]]
    for word in ("least", "largest"):
        cells += [signed(row[word]), ", ".join(f"{path} {value:.3g}" for path, value in row[f"{word}_at"].items())]
    return cells + [f"{row[side]:.2f}" if side in row else "" for side in ("above", "below")]


def estimate(found: Any) -> str:
    """What a sweep would take, of an `api.Estimate`."""
    return table("What this sweep would take", ("", ""), found.lines())


def sensitivities(found: Any) -> str:
    """What was found, in words and as a table, for each outcome of an `api.Sensitivities`."""
    said = "".join(
        f"<p><b>{_text(name)}</b></p><p>{_text(words)}</p>{table('', *indices(found, name))}"
        for name, words in found.words.items()
    )
    return said + (f"<p>{_text(words)}</p>" if (words := runaway(found.sweep)) else "")


def indices(found: Any, name: str, most: int = 12) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the `most` inputs that matter most for an outcome: indices, or of a grid the swings."""
    said = found.analyses.get(name)
    if said is None:
        rows = [
            [s.input, signed(s.low), signed(s.high), f"{signed(s.size)} ± {s.half:.3f}"]
            for s in found.swings[name][:most]
        ]
        return ["input", "low", "high", "difference"], rows
    rows = []
    for rank in ranking(said)[:most]:
        d = said.labels.index(rank.label)
        cells = [_index(float(m.values[d]), float(m.half[d])) for m in said.measures.values()]
        rows.append([rank.label, f"{rank.best}" if rank.best == rank.worst else f"{rank.best}–{rank.worst}", *cells])
    return ["input", "rank", *(measure.name for measure in said.measures.values())], rows


def _index(value: float, half: float) -> str:
    """An index and its half-width; a dash where it is not defined."""
    return "–" if math.isnan(value) else f"{value:.3f} ± {half:.3f}".replace("-", "−")


def runaway(made: Any) -> str:
    """A sentence on runs whose loop gain no draw of the belief may have; empty where there are none."""
    count = int(made.runaway.sum())
    return (
        f"{count:,} of {made.runaway.size:,} runs have a loop gain that the belief would not allow; they count here as "
        "all others do. Vary over narrower ranges to leave them out."
        if count
        else ""
    )


# --- the past


def hindcast(found: Any) -> str:
    """What an `api.Hindcast` says, and its skill against persistence by outcome and horizon."""
    parts = []
    for outcomes in (("agreement", "distance"), ("trade", "arms")):
        columns, lines = report.skills([row for row in found.table if row["outcome"] in outcomes])
        if lines:
            title = f"CRPS skill against persistence, all pairs, %: {' and '.join(outcomes)} by years ahead"
            parts.append(table(title, columns, lines))
    key = "+ better, − worse than persistence: the 95 % interval by dyad excludes nil; twice: that by state does too."
    return lines_of(found.words) + "".join(parts) + f"<p>{_text(key)}</p>"


def calibrations(found: Mapping[str, Mapping[str, Any]]) -> str:
    """What was learnt of each parameter from each prior, and how the fit was checked, as calibration.json has it."""
    return "".join(_calibration(family, own) for family, own in found.items())


LEARNT = ("parameter", "prior", "before", "after", "narrower by")


def _calibration(family: str, own: Mapping[str, Any]) -> str:
    rows = [
        [
            path,
            one["prior"],
            *(f"{q[1]:.3g} ({q[0]:.3g} to {q[2]:.3g})".replace("-", "−") for q in (one["before"], one["after"])),
            f"{one['shrinkage']:.0%}".replace("-", "−"),
        ]
        for path, one in own["fitted"].items()
    ]
    note = "Medians with 90 % intervals; what is narrower by less than nothing has grown wider."
    return table(f"From the {family} prior", LEARNT, rows, note) + lines_of(own["words"])


def evidence(found: Any) -> str:
    """What an `api.Evidence` says, the answer first, and its coefficients."""
    columns, rows, note = coefficients(found.table)
    head = f"<p><b>{_text(found.words[0])}</b></p>"
    return head + table("What being under sanctions together makes", columns, rows, note) + lines_of(found.words[1:])


def coefficients(rows: Iterable[dict[str, Any]]) -> tuple[tuple[str, ...], list[list[str]], str]:
    """Columns, rows and the note of the co-sanctioned pairs: a row for each outcome and reading of sanctions."""
    found = [row for row in rows if row["fact"] == "co-sanctioned"]
    lines = []
    for outcome, treatment in dict.fromkeys((row["outcome"], row["treatment"]) for row in found):
        own = [row for row in found if (row["outcome"], row["treatment"]) == (outcome, treatment)]
        cells = {evidence_report.is_net(row): evidence_report.cell(row) for row in own}
        pairs = str(own[0]["treated_pairs"])
        lines.append([outcome, treatment.split(", ")[-1], pairs, cells.get(False, ""), cells.get(True, "")])
    heavy = f"heavy: {HEAVY:.0%} or more of trade or finance, by the US or the EU. "
    note = (
        "Within pairs, with effects of pair and year, and net of what each state does to all in a year; with 95 % "
        "intervals that know that pairs share states (* excludes nil)."
    )
    any_heavy = any("heavy" in row["treatment"] for row in found)
    return ("outcome", "under", "pairs", "pair, year", "net"), lines, (heavy if any_heavy else "") + note


def lines_of(words: Iterable[str]) -> str:
    """Lines of plain text as a list in which lines that are indented stand below the line before."""
    items = "".join(
        f'<li style="margin-left:{2 if line.startswith(" ") else 0}em">{_text(line.strip())}</li>' for line in words
    )
    return f'<ul style="list-style:none;padding-left:0">{items}</ul>' if items else ""


# --- files and worlds


def text(content: str) -> str:
    """Plain text with its line breaks."""
    lines = "\n".join(cleaned(line) for line in content.splitlines())
    return f'<pre style="max-height:30em;overflow:auto">{escape(lines)}</pre>'


def warnings(problems: Sequence[Any]) -> str:
    """What a check of a scenario has found that is no mistake."""
    if not problems:
        return "<p>No mistake, no warning.</p>"
    rows = [(f"{p.line}:{p.column}" if p.line else "–", p.path, p.message) for p in problems]
    return table("Warnings", ("line", "where", ""), rows)


def sections(title: str, parts: Iterable[tuple[str, Sequence[str], Sequence[Mapping[str, Any]]]]) -> str:
    """Tables under a heading each, (heading, columns, rows); those without rows are left out."""
    drawn = "".join(
        table(name, columns, [[row.get(column) for column in columns] for row in rows])
        for name, columns, rows in parts
        if rows
    )
    return f"<p><b>{_text(title)}</b></p>{drawn}"
