"""A landscape as a file: the published cases come out of `alignsim run`, and mistakes in it are told at their place."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import alignsim
from alignsim.cli import COMMANDS
from alignsim.errors import InvalidInput, UsageError
from alignsim.scenario.document import LandscapeFile
from alignsim.scenario.json_schema import landscape_schema
from alignsim.scenario.landscape import load
from alignsim.study.landscapes import explore
from alignsim.theories.landscape import energy

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "scenarios"
SHARED = ROOT.parent / "shared"
FILES = {"mideast2016": FOLDER / "landscape-mideast-2016.yaml", "unix1993": FOLDER / "landscape-unix-1988.yaml"}
SMALL = """\
alignsim: 1
title: Three
theory: landscape
actors: {A: 1, B: 2, C: 3}
propensity:
  A: {B: 1}
  C: {A: -1, B: -1}
"""


def call(name: str, *arguments: str):
    command = __import__(COMMANDS[name][0], fromlist=["command"]).command
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "three.yaml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize("name", FILES)
def test_the_command_finds_every_published_minimum_with_its_energy_and_basin(name: str, tmp_path: Path):
    done = call("run", str(FILES[name]), "--out", str(tmp_path), "--json")
    summary = json.loads(done.stdout)
    facts = yaml.safe_load((ROOT / f"src/alignsim/data/landscape/{name}.yaml").read_text(encoding="utf-8"))
    assert summary["complete"] and summary["configurations"] == facts["published"]["configurations"]
    found = {
        (frozenset(m["side_1"].split("; ")), frozenset(m["side_2"].split("; ")), round(m["energy"], 6), m["basin"])
        for m in summary["minima"]
    }
    wanted = {
        (frozenset(m["with_first"]), frozenset(m["others"]), m["energy"], m["basin"])
        for m in facts["published"]["minima"]
    }
    assert found == wanted
    folder = Path(summary["folder"])
    with open(folder / "minima.csv", encoding="utf-8", newline="") as handle:
        assert [float(row["energy"]) for row in csv.DictReader(handle)] == [m["energy"] for m in summary["minima"]]
    assert (folder / "figures" / "landscape.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_landscape_says_what_the_packaged_facts_say(name: str):
    facts = yaml.safe_load((ROOT / f"src/alignsim/data/landscape/{name}.yaml").read_text(encoding="utf-8"))
    landscape = load(FILES[name]).landscape
    assert (landscape.names, list(landscape.actors.values())) == (facts["actors"], facts["size"])
    assert landscape.matrix() == facts["propensity"]
    assert " ".join((landscape.source or "").split()) == " ".join(facts["source"].split())


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the data folder beside the checkout is absent")
def test_the_middle_east_of_2016_is_that_of_the_testbed():
    told = json.loads((SHARED / "testbed" / "mideast2016.json").read_text())
    landscape = load(FILES["mideast2016"]).landscape
    assert (landscape.names, list(landscape.actors.values())) == (told["actors"], told["size"])
    assert landscape.matrix() == told["propensity"]
    (only,) = explore(landscape).minima
    assert (only.energy, only.basin) == (told["expected"]["energy"], told["expected"]["configurations"])
    assert [set(side) for side in only.coalitions(landscape.names)] == [
        set(told["expected"]["with_US"]), set(told["expected"]["other"])
    ]  # fmt: skip


def test_a_size_can_be_set_and_a_weak_syria_leaves_turkey_with_the_rest():
    (only,) = alignsim.landscape(FILES["mideast2016"], set=["actors.Syr=10"]).minima
    assert only["side_2"] == "ISIS; Nursa"


def test_frustrations_weighted_by_size_add_up_to_the_energy(small: Path):
    found = explore(load(small).landscape)
    for k, own in enumerate(found.minima, 1):
        rows = [row for row in found.by_actor() if row["minimum"] == k]
        assert sum(row["size"] * row["frustration"] for row in rows) == pytest.approx(own.energy)
        size, propensity = list(found.landscape.actors.values()), found.landscape.matrix()
        assert energy(own.sides, size, propensity) == pytest.approx(own.energy)


def test_beyond_twenty_actors_minima_are_sought_from_random_starts_and_that_is_said(tmp_path: Path):
    names = [f"a{k}" for k in range(21)]
    pairs = {one: {other: 1 if (i + j) % 2 == 0 else -1 for j, other in enumerate(names) if j > i}
             for i, one in enumerate(names[:-1])}  # fmt: skip
    text = {"alignsim": 1, "title": "many", "theory": "landscape", "starts": 50, "seed": 3,
            "actors": dict.fromkeys(names, 1), "propensity": pairs}  # fmt: skip
    (tmp_path / "many.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    found = explore(load(tmp_path / "many.yaml").landscape)
    assert not found.complete and found.starts == 50
    (only,) = found.minima  # the even with the even, the odd with the odd
    assert only.sides == tuple(k % 2 for k in range(21)) and only.basin == 50


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("A: {B: 1}", "A: {D: 1}", r"6:7  propensity.A.D: 'D' is not one of the actors; there are A, B, C"),
        ("A: {B: 1}", "A: {A: 1}", r"6:7  propensity.A.A: pairs A with itself; remove it"),
        ("A: {B: 1}", "A: {B: 1, C: 2}", r"7:10  propensity.C.A: is 2 where A is paired with C; keep one of the two"),
        ("B: 2", "B: 0", r"4:19  actors.B: 0 must be above 0"),
        ("B: 2", "B: big", r"4:19  actors.B: must be a number, not 'big'"),
        ("theory: landscape", "theory: balance", r"3:9  theory: 'balance' is not landscape"),
        ("title: Three\n", "", r"title: is missing"),
        ("title: Three", "title: Three\nworld: x", r"3:1  world: is not a known key; known here are alignsim, title"),
        ("{A: 1, B: 2, C: 3}", "{A: 1}", r"actors: needs at least 2 entries, has 1"),
    ],
)
def test_a_mistake_in_a_landscape_is_told_at_its_place(tmp_path: Path, before: str, after: str, words: str):
    path = tmp_path / "three.yaml"
    assert before in SMALL
    path.write_text(SMALL.replace(before, after, 1))
    with pytest.raises(InvalidInput, match=words):
        load(path)


def test_all_mistakes_of_a_landscape_are_told_at_once(tmp_path: Path):
    path = tmp_path / "three.yaml"
    path.write_text(SMALL.replace("A: {B: 1}", "A: {D: 1, A: 1}"))
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert len(caught.value.problems) == 2


def test_other_commands_say_what_such_a_file_is_for(small: Path, tmp_path: Path):
    with pytest.raises(LandscapeFile, match="`alignsim run`, `show` and `validate` take it"):
        alignsim.run(small)
    with pytest.raises(UsageError, match="none of these files makes a claim"):
        call("judge", str(small), str(small), "--out", str(tmp_path / "out"))
    with pytest.raises(UsageError, match="has no use for --theory, --belief"):
        call("run", str(small), "--theory", "all", "--belief", "signed", "--out", str(tmp_path / "out"))
    with pytest.raises(UsageError, match="is a scenario of states"):
        load(FOLDER / "isolation.yaml")


def test_validate_and_show_take_a_landscape(small: Path):
    assert "ok (a landscape of 3 actors, 3 pairs)" in call("validate", str(small)).output
    assert "C (size 3): A −1, B −1" in call("show", str(small)).output
    assert "D" in call("validate", str(small), "--set", "propensity.A={D: 1}").output


def test_the_schema_of_landscapes_for_editors_is_up_to_date():
    written = json.loads((FOLDER / "landscape.schema.json").read_text(encoding="utf-8"))
    assert written == landscape_schema()
    assert all("description" in entry for entry in written["properties"].values())


def test_a_landscape_that_was_explored_can_be_shown_again(small: Path, tmp_path: Path):
    folder = call("run", str(small), "--out", str(tmp_path / "out"), "--quiet", "--no-figures").output.strip()
    assert "Three" in call("show", folder).output
