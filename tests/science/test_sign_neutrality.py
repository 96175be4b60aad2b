"""Gate G2 in every shipped scenario: under the sceptical belief no contrast of alignments has a sign of its own.

The table of what was found, including what falls outside, is made by

    python tests/science/test_sign_neutrality.py results/audit/sign-neutrality.csv

A contrast fails where the Wilson interval of P(effect > 0) lies wholly outside 0.35 to 0.65; where it crosses an end, a
hundred runs cannot tell. Outcomes other than alignment are listed too: isolation isolates and deliveries are delivered
whatever is believed, so that these may have a sign.
"""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from alignsim.plan.check import world_of
from alignsim.scenario import load
from alignsim.study import gates
from alignsim.study.contrasts import effects
from alignsim.study.verdicts import NEUTRAL, wilson

pytestmark = pytest.mark.science

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = {
    path.stem: path
    for path in sorted((ROOT / "scenarios").glob("*.yaml"))
    if "\npropensity:" not in path.read_text(encoding="utf-8")  # a landscape compares no branches
}
TABLE = ROOT / "results" / "audit" / "sign-neutrality.csv"
RUNS = 100
COLUMNS = ("scenario", "contrast", "outcome", "runs", "median", "positive", "low", "high", "sign")


def rows(name: str, executor: Any = None) -> list[dict[str, Any]]:
    """One row for each contrast that something moves: P(effect > 0) under the sceptical belief, ties counting half."""
    document = load(SCENARIOS[name])
    scenario = gates.audited(document, world_of(document))
    questions = scenario.contrasts(scenario.sceptical)
    of = gates.controls([scenario], executor, lambda words: nullcontext(None), RUNS)[scenario.name]
    found = []
    for question in questions:
        size = effects(question, of)
        if not size.any():
            continue
        share = wilson(float((size > 0).sum() + 0.5 * (size == 0).sum()), len(size))
        outside = share.high < NEUTRAL[0] or share.low > NEUTRAL[1]
        found.append(
            {
                "scenario": name,
                "contrast": f"{question.branch} against {question.against}",
                "outcome": str(question.claim.outcome),
                "runs": len(size),
                "median": f"{median(size.tolist()):+.4f}",
                "positive": f"{share.value:.3f}",
                "low": f"{share.low:.3f}",
                "high": f"{share.high:.3f}",
                "sign": "leans" if outside else "none" if NEUTRAL[0] <= share.value <= NEUTRAL[1] else "cannot tell",
            }
        )
    return found


def about(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["scenario"], row["contrast"], row["outcome"]


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    with open(TABLE, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_contrast_of_alignments_has_a_sign_of_its_own(name, table):
    found = rows(name)
    leaning = {about(row) for row in found if row["sign"] == "leans" and row["outcome"].startswith("alignment")}
    assert not leaning
    listed = {about(row): row for row in table if row["scenario"] == name}
    assert listed.keys() == {about(row) for row in found}, "the table is of other scenarios; make it anew"
    assert all(abs(float(listed[about(row)]["positive"]) - float(row["positive"])) <= 0.02 for row in found)


def main(out: Path) -> None:
    from alignsim.study import ensemble

    out.parent.mkdir(parents=True, exist_ok=True)
    with ensemble.workers(2) as pool, open(out, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for name in SCENARIOS:
            found = rows(name, pool)
            writer.writerows(found)
            handle.flush()
            print(f"{name}: {len(found)} contrasts", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
