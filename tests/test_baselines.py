"""Numbers that must not move unnoticed: whoever changes them says so, and why, in CHANGELOG.md.

`python tests/test_baselines.py` writes them again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import alignsim

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "tests" / "baselines" / "isolation.json"
WORDS = "a stored baseline has moved: name the change and its reason in CHANGELOG.md, then write it again"


def numbers() -> dict[str, float]:
    """Ends of the headline's focus ties in four runs of every belief, and what was drawn."""
    found = {}
    for belief in ("signed", "sceptical", "fixed"):
        data = alignsim.run(ROOT / "scenarios" / "isolation.yaml", runs=4, jobs=1, belief=belief).data
        for branch in data.branch.values:
            for dyad in data.dyad.values:
                end = data.alignment.sel(branch=branch, dyad=dyad).isel(time=-1)
                for run, value in enumerate(end.values):
                    found[f"{belief} {branch} {dyad} run {run}"] = float(value)
        found[f"{belief} attempts"] = float(data.attempts.sum())
    return found


def test_the_headline_gives_the_numbers_that_are_on_record() -> None:
    recorded = json.loads(BASELINE.read_text())
    found = numbers()
    assert found.keys() == recorded.keys(), WORDS
    assert found == pytest.approx(recorded, abs=1e-7), WORDS


if __name__ == "__main__":
    BASELINE.write_text(json.dumps(numbers(), indent=0) + "\n")
