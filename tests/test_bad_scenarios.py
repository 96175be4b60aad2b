"""Every file in bad_scenarios/ is answered with exactly the problems that its first lines expect, each at its place."""

from __future__ import annotations

import random
import re
import string
from pathlib import Path

import pytest

from alignsim.errors import InvalidInput, Problem
from alignsim.plan.check import check
from alignsim.scenario.document import examine, examine_text
from alignsim.scenario.parsing import parse
from small_world import small_world

FOLDER = Path(__file__).parent / "bad_scenarios"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))

GOOD = """\
alignsim: 1
title: Does isolation deepen ties?
about: A question.
world: small-2024
time: {start: 2024-10, end: 2025-12}
focus: [[IRN, RUS]]
belief: signed
theory: consent
mechanisms: {stigma: false}
events:
  - {at: 2024-12, until: 2025-03, probability: 0.5, issue: {name: syria, salience: 0.1}, note: n, source: s}
  - {at: 2025-01, meeting: {of: [IRN, RUS], strength: 0.5}}
  - {at: 2025-01, arms: {from: RUS, to: HOUTHI, tiv: 2, months: 3}}
branches:
  isolation:
    - {at: 2025-02, sanction: {by: west, on: RUS, kind: [trade], intensity: 0.9, secondary: true}}
claims:
  - {id: a, says: closer, outcome: isolation of RUS at 2025-12, contrast: isolation against baseline, expect: increase}
  - id: b
    says: ever closer
    outcome: alignment of IRN with RUS over 2025-06..2025-12
    dose: {of: isolation, levels: [0, 0.5, 1]}
    expect: rising
    margin: 0.1
runs: {until: decided, at_most: 100}
seed: 3
"""


def problems_of(name: str) -> list[Problem]:
    try:
        document = examine(name)
    except InvalidInput as error:
        return error.problems
    found, _ = check(document, small_world())
    return sorted({*document.problems, *found})


def told(problem: Problem) -> str:
    where = f"{problem.path}: " if problem.path else ""
    return f"{problem.line}:{problem.column} {where}{problem.message}"


def test_there_are_many_bad_scenarios():
    assert len(FILES) >= 150


@pytest.mark.parametrize("name", FILES)
def test_a_bad_scenario_is_answered_with_every_problem_at_its_place(name, monkeypatch):
    monkeypatch.chdir(FOLDER)
    text = (FOLDER / name).read_text(encoding="utf-8")
    expected = re.findall(r"^# expect: (.*)$", text, flags=re.MULTILINE)
    assert expected, f"{name} expects nothing"
    found = [told(problem) for problem in problems_of(name)]
    assert len(found) == len(expected), "\n".join(found)
    for answer, wanted in zip(found, expected, strict=True):
        assert answer.startswith(wanted)


def test_the_good_scenario_has_no_problem():
    document = examine_text(GOOD, "good")
    assert document.problems == ()
    assert check(document, small_world())[0] == []


def test_nearly_every_single_typo_in_a_key_is_answered_with_the_key():
    root, _ = parse(GOOD, "good")
    spots = _keys(root)
    lines, draw = GOOD.splitlines(), random.Random(20241011)
    right = tried = 0
    for _ in range(500):
        word, line, column = draw.choice(spots)
        typo = _typo(word, draw)
        if typo in (word, ""):
            continue
        changed = lines.copy()
        around = changed[line - 1]
        changed[line - 1] = around[: column - 1] + typo + around[column - 1 + len(word) :]
        tried += 1
        right += f"{line}:{column} " in (answer := _answer("\n".join(changed), line, column)) and repr(word) in answer
    assert tried > 400
    assert right / tried >= 0.95


def _answer(text: str, line: int, column: int) -> str:
    try:
        problems = examine_text(text, "typo").problems
    except InvalidInput as error:
        problems = tuple(error.problems)
    return next((told(p) for p in problems if (p.line, p.column) == (line, column)), "")


def _keys(node) -> list[tuple[str, int, int]]:
    """The keys of the schema in a tree, with line and column; not the names that a user chooses."""
    found = []
    if isinstance(node.value, dict):
        chosen = {"isolation", "stigma"}
        found = [(key, *place) for key, place in node.keys.items() if key not in chosen]
    for child in node.value.values() if isinstance(node.value, dict) else node.value if _is_list(node) else []:
        found += _keys(child)
    return found


def _is_list(node) -> bool:
    return isinstance(node.value, list)


def _typo(word: str, draw: random.Random) -> str:
    k, letter = draw.randrange(len(word)), draw.choice(string.ascii_lowercase)
    swapped = word[:k] + word[k + 1 : k + 2] + word[k] + word[k + 2 :]
    return draw.choice(
        [word[:k] + word[k + 1 :], word[:k] + letter + word[k:], word[:k] + letter + word[k + 1 :], swapped]
    )
