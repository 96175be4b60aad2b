"""What a sweep may vary, and what it answers to what it may not: every mistake at once, with its place."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from alignsim import api, cli
from alignsim.errors import AlignsimError, InvalidInput
from alignsim.plan.numbers import numbers
from alignsim.scenario import load
from alignsim.scenario.levels import parse_levels
from alignsim.scenario.outcomes import Misread
from small_runs import TEXT, scenario


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("sweep"))


# --- levels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0:0.5:3", (0, 0.25, 0.5)),
        ("0:1:11", (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)),
        ("-1:1:2", (-1, 1)),
        ("0.1,0.2,0.5", (0.1, 0.2, 0.5)),
        (" 3, 1 ", (3, 1)),
        ("1e-3..2", ()),
        ([1, 0.5], (1, 0.5)),
    ],
)
def test_levels_are_read_as_they_are_meant(text: str, values: tuple[float, ...]) -> None:
    levels = parse_levels(text)
    assert levels.values == values
    assert not values or (levels.low, levels.high) == (min(values), max(values))


@pytest.mark.parametrize(
    ("text", "words", "offset"),
    [
        ("0.3", "one value varies nothing", 0),
        ("1..0", "the first number must be the lower", 0),
        ("0:1", "has 2 parts in the place of 3", 0),
        ("0:1:1", "1 is no number of levels", 0),
        ("0:1:2.5", "2.5 is no number of levels", 0),
        ("0:1:99999", "99999 is no number of levels", 0),
        ("0,x,1", "'x' is not a number", 2),
        ("0,,1", "a number is missing", 2),
        ("0..inf", "not an ordinary number", 3),
        ("0,1,0", "0 is listed twice", 0),
        ("", "a number is missing", 0),
    ],
)
def test_levels_that_cannot_be_read_say_why_and_where(text: str, words: str, offset: int) -> None:
    with pytest.raises(Misread, match=words) as caught:
        parse_levels(text)
    assert caught.value.offset == offset


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 50))
def test_levels_ascend_from_the_first_to_the_last(low: float, width: float, count: int) -> None:
    levels = parse_levels(f"{low!r}:{low + width!r}:{count}").values
    assert len(levels) == count
    assert (levels[0], levels[-1]) == (low, low + width)
    assert all(a < b for a, b in pairwise(levels))


# --- paths --------------------------------------------------------------------------------------------------------


def test_every_number_that_is_listed_can_be_varied(small: Path) -> None:
    known = numbers(load(small))
    assert "sanctions.bite" in known
    assert known["branches.isolation[0].sanction.intensity"].now == 0.9
    assert known["events[1].probability"].now == 0.4
    assert not any(path.startswith(("seed", "runs", "time", "claims")) for path in known)
    figures = [path for path, number in known.items() if not number.parameter]
    made = api.sweep(small, {path: [0.1, 0.2] for path in figures}, design="lhs", points=3, runs=1, jobs=1)
    assert not made.errors


def test_a_number_of_an_event_that_a_file_leaves_to_its_default_can_be_varied(tmp_path: Path) -> None:
    path = scenario(tmp_path, TEXT.replace(", intensity: 0.9, secondary: true", ""))
    vary = {"branches.isolation[0].intensity": [0.9, 1.0], "branches.isolation[0].secondary": [0, 1]}
    made = api.sweep(path, vary, runs=2, jobs=1)
    assert made.points[:, 0].tolist() == [0.9, 0.9, 1.0, 1.0]
    own = api.run(path, runs=2, jobs=1).data.alignment.sel(dyad="IRN-RUS").values[:, :, -1].T
    assert (made.measured[2, :, :, 0] == own).all()


def test_a_whole_number_stays_one(tmp_path: Path) -> None:
    text = TEXT.replace("branches:", "  - {at: 2024-12, arms: {from: IRN, to: RUS, tiv: 30}}\nbranches:")
    made = api.sweep(scenario(tmp_path, text), {"events[2].months": "2:6:3"}, runs=1, jobs=1)
    assert not made.errors
    assert made.points[:, 0].tolist() == [2, 4, 6]


BAD = {
    "unknown parameter": ({"vary": {"sanction.bite": "0..1"}}, "did you mean 'sanctions.bite'?"),
    "unknown figure": (
        {"vary": {"branches.isolation[0].intensty": "0..1"}},
        "did you mean 'branches.isolation[0].intensity'?",
    ),
    "another event's figure": (
        {"vary": {"events[0].intensity": "0..1"}},
        "this event has events[0].probability, events[0].strength",
    ),
    "nothing like it": ({"vary": {"foo": "0..1"}}, "`alignsim show FILE --resolved` lists the parameters"),
    "the seed": ({"vary": {"seed": "0,1"}}, "the seed is no input"),
    "months": ({"vary": {"time.end": "0,1"}}, "sweep a file for each period"),
    "a margin": ({"vary": {"claims[0].margin": "0.1,0.2"}}, "a claim changes nothing that is simulated"),
    "too large a parameter": (
        {"vary": {"sanctions.bite": "0:9:3"}},
        "sweep.vary.sanctions.bite: 9 is above the largest allowed value, 6 (from --vary 'sanctions.bite=0:9:3')",
    ),
    "too large a share": ({"vary": {"events[1].probability": "0.5..2"}}, "2 is above the largest allowed value, 1"),
    "one of a list": ({"vary": {"events[1].probability": "0.5,-1,1"}}, "-1 is below the smallest allowed value, 0"),
    "levels that are none": ({"vary": {"sanctions.bite": "much"}}, "'much' is not a number; write 0:0.5:11"),
    "one number twice": (
        {"vary": {"sanctions.bite": "0..1", "parameters.sanctions.bite": "0..1"}},
        "is the same number as sanctions.bite; vary it once",
    ),
    "a parameter that is off": (
        {"vary": {"trust.weight": "0..1"}, "set": ["mechanisms.trust=false"]},
        "is idle: this file switches trust off",
    ),
    "a grid of a range": (
        {"vary": {"sanctions.bite": "0..1"}, "design": "grid"},
        "sanctions.bite is a range; write it as low:high:count",
    ),
    "morris of levels": (
        {"vary": {"sanctions.bite": "0,1"}, "design": "morris"},
        "needs ranges; write sanctions.bite as low..high",
    ),
    "points of a grid": ({"vary": {"sanctions.bite": "0,1"}, "points": 5}, "remove `points`"),
    "no power of two": (
        {"vary": {"sanctions.bite": "0..1"}, "design": "sobol", "points": 100},
        "needs a power of two: 64 or 128",
    ),
    "an unknown design": ({"vary": {"sanctions.bite": "0..1"}, "design": "latin"}, "'latin' is not one of grid, lhs"),
    "no points": ({"vary": {"sanctions.bite": "0..1"}, "points": 0}, "0 is below the smallest allowed value, 2"),
    "groups of a grid": (
        {"vary": {"sanctions.bite": "0,1"}, "groups": {"a": ["sanctions.bite"]}},
        "use morris or saltelli",
    ),
    "a group of what does not vary": (
        {"vary": {"sanctions.bite": "0..1"}, "groups": {"a": ["trust.weight"]}, "design": "morris"},
        "'trust.weight' is not varied",
    ),
    "an outcome that is none": (
        {"vary": {"sanctions.bite": "0,1"}, "outcomes": ["friendship of IRN with RUS at 2025-06"]},
        "'friendship' is not an outcome",
    ),
    "a state that is not there": (
        {"vary": {"sanctions.bite": "0,1"}, "outcomes": ["alignment of IRN with FRA at 2025-06"]},
        "'FRA' is not a state or group of world",
    ),
    "a month that is not there": (
        {"vary": {"sanctions.bite": "0,1"}, "outcomes": ["alignment of IRN with RUS at 2031-01"]},
        "2031-01 is outside 2024-10 to 2025-06",
    ),
    "a claim that is not there": (
        {"vary": {"sanctions.bite": "0,1"}, "claims": ["closr"]},
        "no claim of this file has the id 'closr'; did you mean 'closer'?",
    ),
    "nothing at all": ({}, "say --vary PATH=LEVELS, or write a `sweep:` block"),
    "no outcome": ({"vary": {"sanctions.bite": "0,1"}, "claims": []}, "nothing is measured; add --outcome"),
    "a calibrated belief": ({"vary": {"sanctions.bite": "0,1"}, "belief": "sgned"}, "'sgned'"),
    "a table of no kind": ({"vary": {"sanctions.bite": "0,1"}, "tables": ["xls"]}, "'xls' is not a format of tables"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_swept_is_said_with_the_way_out(name: str, small: Path, tmp_path: Path) -> None:
    how, words = BAD[name]
    with pytest.raises(AlignsimError) as caught:
        api.sweep(small, **how, jobs=1, out=tmp_path)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert not list(tmp_path.rglob("*.npz"))


def test_every_mistake_is_told_at_once(small: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        api.sweep(
            small,
            {"sanction.bite": "0..1", "events[1].probability": "0..2", "trust.weight": "0..9"},
            outcomes=["alignment of IRN with FRA at 2025-06"],
            claims=["closr"],
        )
    assert len(caught.value.problems) == 5


def test_mistakes_of_the_block_have_their_line_and_column(tmp_path: Path) -> None:
    block = "sweep:\n  vary:\n    sanctions.bite: 0:9:3\n    trust.wait: 0:0.1:2\n    stigma.weight: 0:x:2\n"
    path = scenario(tmp_path, TEXT + block)
    line = TEXT.count("\n") + 3
    with pytest.raises(InvalidInput) as caught:
        api.validate(path)
    assert [(p.line, p.column) for p in caught.value.problems] == [(line + 2, 22)]
    path = scenario(tmp_path, TEXT + block.replace("x:2", "1:2"))
    with pytest.raises(InvalidInput) as caught:
        api.validate(path)
    assert [(p.line, p.column, p.path) for p in caught.value.problems] == [
        (line, 21, "sweep.vary.sanctions.bite"),
        (line + 1, 5, "sweep.vary.trust.wait"),
    ]


# --- the command --------------------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alignsim.cli", "sweep", *map(str, arguments)], capture_output=True, text=True
    )


def test_the_command_writes_a_folder_and_says_what_came_of_it(small: Path, tmp_path: Path) -> None:
    told = run(
        small, "--vary", "branches.isolation[0].intensity=0.9,1", "--runs", "3", "--jobs", "1", "--out", tmp_path
    )
    assert told.returncode == 0, told.stderr
    assert "2 points, 3 runs each" in told.stdout
    assert "sweeping: 6 of 6 runs" in told.stderr
    folder = Path(told.stdout.splitlines()[-1])
    assert {"runs.csv", "codebook.csv", "sweep.nc", "manifest.json", "journal.sqlite"} <= {
        p.name for p in folder.iterdir()
    }
    assert api.ls(tmp_path)[0]["kind"] == "sweep"


def test_the_summary_comes_as_json(small: Path, tmp_path: Path) -> None:
    told = run(small, "--vary", "sanctions.bite=0,1", "--runs", "2", "--jobs", "1", "--out", tmp_path, "--json")
    about = json.loads(told.stdout)
    assert (about["points"], about["runs"], about["rows"], about["failed"]) == (2, 2, 4, 0)
    assert about["effects"][0]["name"] == "closer"
    assert told.stderr == ""


def test_a_resolved_file_keeps_its_sweep(tmp_path: Path) -> None:
    vary = "  vary:\n    events[1].probability: [0.1, 1]\n    sanctions.bite: 0:1:3\n"
    block = f"sweep:\n{vary}  runs: 7\n  claims: [closer]\n"
    path = scenario(tmp_path, TEXT + block)
    again = scenario(tmp_path, api.resolved(path), "again.yaml")
    assert load(again).scenario.sweep == load(path).scenario.sweep


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(small: Path, tmp_path: Path) -> None:
    told = run(small, "--vary", "sanctions.bite=0:0.5:11", "--runs", "50", "--dry-run", "--out", tmp_path / "out")
    assert told.returncode == 0, told.stderr
    assert "550 (50 at each point), in 2 branches" in told.stdout
    assert all(word in told.stdout for word in ("time ", "memory ", "disk ", "folder "))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--vary", "sanctions.bite"], 2, "is not NAME=TEXT; write, say, --vary 'sanctions.bite=0:0.5:11'"),
        (["--vary", "a=1,2", "--vary", "a=3,4"], 2, "'a' is given twice"),
        (["--vary", "sanctions.bite=0:9:3"], 3, "9 is above the largest allowed value, 6"),
        (["--vary", "sanctions.bite=0,1", "--runs", "0"], 2, "--runs"),
        (["--vary", "sanctions.bite=0,1", "--group", "x"], 2, "--group 'x' is not NAME=TEXT"),
        ([], 2, "nothing is varied"),
    ],
)
def test_the_command_refuses_with_its_exit_code(arguments: list[str], code: int, words: str, small: Path) -> None:
    told = run(small, *arguments)
    assert told.returncode == code
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_failed_runs_are_counted_and_the_exit_code_is_5(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alignsim.study.sweep import simulation

    def failing(swept: object, points: object, runs: object) -> simulation.Rows:
        raise ArithmeticError("planted")

    monkeypatch.setattr(simulation, "_simulated", failing)
    told = CliRunner().invoke(
        cli.group,
        ["sweep", str(small), "--vary", "sanctions.bite=0,1", "--runs", "1", "--jobs", "1", "--out", str(tmp_path)],
    )
    assert told.exit_code == 5
    assert "2 of 2 runs failed" in told.output
    assert "ArithmeticError: planted" in told.output


def test_paths_are_completed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ShellComplete

    completion = ShellComplete(cli.group, {}, "alignsim", "_ALIGNSIM_COMPLETE")
    found = [item.value for item in completion.get_completions(["sweep", str(small), "--vary"], "branches.iso")]
    assert found == [
        f"branches.isolation[0].{rest}=" for rest in ("probability", "sanction.intensity", "sanction.secondary")
    ]
