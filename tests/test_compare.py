"""Two runs side by side: what was asked differently is named, and what came out differently is taken run by run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import alignsim
from alignsim import api
from alignsim.cli import group
from alignsim.errors import AlignsimError, FileProblem
from small_runs import TEXT, scenario

WEAKER = "branches.isolation[0].sanction.intensity=0.3"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("compare"))


@pytest.fixture(scope="module")
def one(file: Path) -> api.Results:
    return alignsim.run(file, jobs=1)


@pytest.fixture(scope="module")
def weaker(file: Path) -> api.Results:
    return alignsim.run(file, jobs=1, set=[WEAKER])


def asked(comparison: api.Comparison) -> dict[str, tuple[str, str]]:
    return {row.what: (row.a, row.b) for row in comparison.found.inputs}


def outcome(comparison: api.Comparison, dyad: str, branch: str, measure: str):
    (found,) = [
        o for o in comparison.found.outcomes if (o.dyad, o.branch, o.measure) == (dyad, branch, measure)
    ]  # fmt: skip
    return found


def test_a_run_does_not_differ_from_itself(one: api.Results) -> None:
    found = alignsim.compare(one, one).found
    assert found.inputs == () and found.paired
    assert all(set(o.difference.values()) == {0.0} for o in found.outcomes)


def test_what_was_set_is_named_by_its_path_and_nothing_else_is(one: api.Results, weaker: api.Results) -> None:
    assert asked(alignsim.compare(one, weaker)) == {"branches.isolation[0].sanction.intensity": ("0.9", "0.3")}


def test_differences_are_taken_run_by_run(one: api.Results, weaker: api.Results) -> None:
    comparison = alignsim.compare(one, weaker)
    ends = [r.data.alignment.sel(branch="isolation", dyad="IRN-RUS").isel(time=-1).values for r in (one, weaker)]
    change = ends[1] - ends[0]
    found = outcome(comparison, "IRN-RUS", "isolation", "alignment")
    assert found.difference["q50"] == pytest.approx(np.median(change)) and np.abs(change).max() > 0
    assert found.difference["q95"] == pytest.approx(np.quantile(change, 0.95))
    assert (found.a, found.b) == (pytest.approx(np.median(ends[0])), pytest.approx(np.median(ends[1])))


def test_an_effect_is_the_branch_less_its_own_baseline(file: Path, one: api.Results) -> None:
    other = alignsim.run(file, jobs=1, belief="sceptical")  # its baseline moves otherwise
    found = outcome(alignsim.compare(one, other), "IRN-RUS", "isolation", "effect")
    effects = [r.difference("isolation", "IRN-RUS").isel(time=-1).values for r in (one, other)]
    assert found.difference["q50"] == pytest.approx(np.median(effects[1] - effects[0]))
    assert found.a == pytest.approx(np.median(effects[0]))


def test_the_share_beyond_the_margin_counts_runs(one: api.Results) -> None:
    moved = api.Results(one.data.copy(deep=True), one.manifest, None, one.scenario_text, one.resolved_text)
    moved.data.alignment.loc[{"branch": "isolation", "run": [0, 1]}] += 0.2
    moved.data.alignment.loc[{"branch": "isolation", "run": [2]}] -= 0.2
    found = outcome(alignsim.compare(one, moved), "CHN-RUS", "isolation", "alignment")
    assert found.probability_above_margin == pytest.approx(2 / 6)
    assert found.probability_below_minus_margin == pytest.approx(1 / 6)


def test_another_seed_is_not_paired_and_every_run_meets_every_other(file: Path, one: api.Results) -> None:
    other = alignsim.run(file, jobs=1, seed=4)
    comparison = alignsim.compare(one, other)
    assert not comparison.found.paired and "the seeds differ (3 and 4)" in comparison.found.how
    ends = [r.data.alignment.sel(branch="baseline", dyad="IRN-RUS").isel(time=-1).values for r in (one, other)]
    every = np.subtract.outer(ends[1], ends[0]).ravel()
    found = outcome(comparison, "IRN-RUS", "baseline", "alignment")
    assert found.difference["q50"] == pytest.approx(np.median(every))
    assert asked(comparison) == {"seed": ("3", "4")}


def test_another_world_of_other_states_is_not_paired(file: Path, one: api.Results, tmp_path: Path) -> None:
    text = TEXT.replace("world: six", "world: west-asia-2024").replace("runs: 6", "runs: 2")
    other = alignsim.run(scenario(tmp_path, text), jobs=1)
    comparison = alignsim.compare(one, other)
    assert not comparison.found.paired and "different states" in comparison.found.how
    assert {"figures of the world", "runs"} <= set(asked(comparison))


def test_runs_are_compared_at_the_last_month_that_both_have(file: Path, one: api.Results) -> None:
    short = alignsim.run(
        file, jobs=1, set=["time.end=2025-03", "claims[0].outcome=alignment of IRN with RUS at 2025-03"]
    )
    comparison = alignsim.compare(one, short)
    assert comparison.found.month == "2025-03" and comparison.found.paired
    assert set(outcome(comparison, "IRN-RUS", "isolation", "alignment").difference.values()) == {0.0}
    assert asked(comparison)["time.end"] == ("2025-06", "2025-03")


def test_a_tie_is_the_same_whichever_member_is_named_first(file: Path, one: api.Results) -> None:
    turned = alignsim.run(file, jobs=1, set=["focus=[[RUS, IRN], [IRN, CHN]]"])
    comparison = alignsim.compare(one, turned)
    assert {o.dyad for o in comparison.found.outcomes} == {"IRN-RUS"}
    assert set(outcome(comparison, "IRN-RUS", "isolation", "alignment").difference.values()) == {0.0}


def test_runs_that_share_no_tie_say_what_each_has(file: Path, one: api.Results) -> None:
    other = alignsim.run(file, runs=2, jobs=1, set=["focus=[[IRN, TUR]]", "claims=[]"])
    with pytest.raises(AlignsimError, match=r"share no tie \(A has IRN-RUS, CHN-RUS; B has IRN-TUR\)"):
        alignsim.compare(one, other)


def test_an_event_put_in_is_one_line_and_the_others_are_none(one: api.Results, tmp_path: Path) -> None:
    text = TEXT.replace("events:\n", "events:\n  - {at: 2024-10, treaty: {of: [IRN, RUS]}, note: an old treaty}\n")
    other = alignsim.run(scenario(tmp_path, text), jobs=1)
    found = asked(alignsim.compare(one, other))
    assert list(found) == ["events[0]"]
    assert found["events[0]"][0] == "" and "an old treaty" in found["events[0]"][1]


def test_a_branch_and_a_claim_that_only_one_side_has_are_named(one: api.Results, tmp_path: Path) -> None:
    text = TEXT.replace("claims:", "  peace:\n    - {at: 2025-01, meeting: {of: [IRN, USA]}}\nclaims:")
    text = text.replace("id: closer", "id: much-closer")
    found = asked(alignsim.compare(one, alignsim.run(scenario(tmp_path, text), jobs=1)))
    assert "meeting" in found["branches.peace[0]"][1]
    assert found["claims.closer"][1] == "" and found["claims.much-closer"][0] == ""


def test_parameters_that_another_belief_draws_are_told(file: Path, one: api.Results) -> None:
    found = asked(alignsim.compare(one, alignsim.run(file, jobs=1, belief="sceptical")))
    assert found["belief"] == ("signed", "sceptical")
    assert "more" in found["parameters drawn otherwise"][1]


def test_scenario_files_are_run_with_the_seed_and_runs_of_the_first(file: Path, tmp_path: Path) -> None:
    other = scenario(tmp_path, TEXT.replace("seed: 3", "seed: 8").replace("0.9", "0.3"))
    comparison = alignsim.compare(file, other, runs=4, jobs=1)
    assert comparison.found.paired and comparison.found.runs == 4
    assert comparison.b.manifest["seed"] == 3
    assert outcome(comparison, "IRN-RUS", "isolation", "alignment").difference["q50"] != 0


def test_a_scenario_file_takes_the_seed_of_a_folder(file: Path, tmp_path: Path) -> None:
    folder = api.save(alignsim.run(file, jobs=1, seed=11, runs=3), tmp_path, figures=False)
    comparison = alignsim.compare(file, folder, jobs=1)
    assert comparison.found.paired and comparison.found.inputs == ()
    assert all(set(o.difference.values()) == {0.0} for o in comparison.found.outcomes)


def test_the_command_prints_tables_and_writes_them(one: api.Results, weaker: api.Results, tmp_path: Path) -> None:
    folders = [str(api.save(results, tmp_path / "runs", figures=False)) for results in (one, weaker)]
    done = CliRunner().invoke(group, ["compare", *folders, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "sanction.intensity: 0.9  →  0.3" in done.output and "Run by run" in done.output
    assert max(map(len, done.output.split("Alignment in")[1].splitlines()[:6])) <= 80
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"comparison.json", "comparison.png", "inputs.csv", "outcomes.csv"}
    with open(tmp_path / "out" / "outcomes.csv", newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    said = json.loads(CliRunner().invoke(group, ["compare", *folders, "--json"]).stdout)
    assert [float(row["difference_q50"]) for row in rows] == pytest.approx(
        [o["difference"]["q50"] for o in said["outcomes"]], abs=1e-8
    )


def test_a_folder_that_is_no_run_is_one_message(tmp_path: Path, one: api.Results) -> None:
    with pytest.raises(FileProblem, match="is not a run folder"):
        alignsim.compare(one, tmp_path)


def test_the_figure_shows_both_runs_and_their_difference_in_every_branch(one: api.Results, weaker: api.Results) -> None:
    figure = alignsim.compare(one, weaker).plot()
    assert len(figure.axes) == 2 * 2 * 2
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"A", "B"} <= words
    below = figure.axes[3]  # isolation of the first tie comes after the two ties of the baseline
    assert below.get_ylim() == figure.axes[1].get_ylim()
    paired = weaker.data.alignment - one.data.alignment
    (line,) = [line for line in figure.axes[5].lines if line.get_gid() == "median"]
    drawn = paired.sel(branch="isolation", dyad="IRN-RUS").median("run").values
    assert np.allclose(line.get_ydata(), drawn)
