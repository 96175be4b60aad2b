"""A sweep gives what single runs give, the same bytes however it is worked out, and says what was varied."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import alignsim
from alignsim import api
from alignsim.api import sweeping
from alignsim.errors import AlignsimError, UsageError
from alignsim.plan.check import world_of
from alignsim.study.sweep import designs, request, simulation
from alignsim.study.sweep.request import chunks
from small_runs import TEXT, scenario

BITE = {"sanctions.bite": [0, 0.25, 0.5]}
MIXED = {
    "sanctions.bite": [0, 0.5],
    "branches.isolation[0].intensity": [0, 0.9],
    "branches.isolation[0].secondary": [0, 1],
    "events[1].probability": [0.2, 0.8],
    "shared_threat.weight": [0, 0.3],
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("sweep"))


def files(sweep: Any) -> dict[str, bytes]:
    """The bytes of what a sweep has written, but for its manifest, which tells the time."""
    return {name: (sweep.folder / name).read_bytes() for name in ("runs.csv", "codebook.csv", "sweep.nc")}


def with_chunks_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "chunk_size", lambda asked: size)


# --- what the numbers are -----------------------------------------------------------------------------------------


def test_at_the_files_own_figure_a_sweep_gives_the_files_own_run(small: Path) -> None:
    swept = api.sweep(small, {"branches.isolation[0].intensity": [0.3, 0.9]}, runs=6, jobs=1)
    run = api.run(small, jobs=1)
    alone = run.data.alignment.sel(dyad="IRN-RUS").values[:, :, -1].T
    assert np.array_equal(swept.measured[1, :, :, 0], alone)
    assert not np.array_equal(swept.measured[0, :, 1, 0], alone[:, 1])


def test_at_a_parameters_value_a_sweep_gives_the_run_with_that_parameter_set(small: Path) -> None:
    swept = api.sweep(small, {"parameters.sanctions.bite": [0.3, 0.6]}, runs=8, jobs=1)
    run = api.run(small, runs=8, set=["parameters.sanctions.bite=0.6"], jobs=1)
    free = api.run(small, runs=8, jobs=1)
    same = (run.data.attempts.values == 1) & (free.data.attempts.values == 1)  # nothing was drawn anew
    assert same.sum() >= 3
    alone = run.data.alignment.sel(dyad="IRN-RUS").values[:, :, -1].T
    assert np.array_equal(swept.measured[1, same, :, 0], alone[same])


def test_the_baseline_does_not_move_with_a_figure_of_another_branch(small: Path) -> None:
    swept = api.sweep(small, {"branches.isolation[0].intensity": "0.9..1"}, points=5, runs=4, jobs=1)
    assert np.ptp(swept.measured[:, :, 0, 0], axis=0).max() == 0.0
    assert np.ptp(swept.measured[:, :, 1, 0], axis=0).min() > 0.0


def test_a_figure_of_an_uncertain_event_leaves_its_coin_where_it_was(small: Path) -> None:
    swept = api.sweep(small, {"events[1].licence.intensity": [0.2, 1]}, runs=12, jobs=1)
    [happened] = swept.happened.values()
    own = api.run(small, runs=12, jobs=1).data.event_happened.values[:, 0].astype(bool)
    assert np.array_equal(happened[0], own)
    assert np.array_equal(happened[1], own)
    assert 0 < own.sum() < 12


def test_a_likelier_event_happens_in_the_same_runs_and_in_more(small: Path) -> None:
    swept = api.sweep(small, {"events[1].probability": [0.1, 0.5, 1]}, runs=30, jobs=1)
    assert not swept.errors
    [happened] = swept.happened.values()
    assert not (happened[0] & ~happened[1]).any()
    assert happened[0].sum() < happened[1].sum() < happened[2].sum() == 30


def test_other_parameters_are_the_same_at_every_point_and_fixed_where_that_is_asked(small: Path) -> None:
    drawn = api.sweep(small, BITE, runs=3, jobs=1)
    assert len(drawn.parameters) > 20
    assert "sanctions.bite" not in drawn.parameters
    fixed = api.sweep(small, BITE, runs=3, jobs=1, fixed_others=True)
    assert fixed.parameters == {}
    assert np.ptp(fixed.gain, axis=1).max() < np.ptp(drawn.gain, axis=1).max()


def test_a_row_whose_loop_gain_no_belief_would_draw_is_flagged(small: Path) -> None:
    swept = api.sweep(small, {"shared_threat.weight": [0, 1.5]}, runs=4, jobs=1)
    assert swept.runaway[1].any()
    assert not swept.runaway[0].any()
    assert np.array_equal(swept.table().runaway.values.reshape(2, 4, 2)[:, :, 0].astype(bool), swept.runaway)


def test_a_certain_event_that_is_made_uncertain_happens_in_more_and_more_runs(small: Path) -> None:
    swept = api.sweep(small, {"events[0].probability": [0, 0.5, 1]}, runs=20, jobs=1)
    assert not swept.errors
    own = api.run(small, runs=20, jobs=1).data.alignment.sel(dyad="IRN-RUS").values[:, :, -1].T
    assert np.array_equal(swept.measured[2, :, :, 0], own)
    met = (swept.measured[1] == swept.measured[2]).all(axis=(1, 2))
    assert 5 <= met.sum() <= 15
    assert (swept.measured[1][~met] == swept.measured[0][~met]).all()


# --- the same whatever the way ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return api.sweep(small, MIXED, runs=5, jobs=1, out=tmp_path_factory.mktemp("mixed"))


@pytest.mark.parametrize("size", [1, 7, 33])
def test_the_size_of_chunks_changes_no_byte(
    size: int, small: Path, mixed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_chunks_of(size, monkeypatch)
    assert files(api.sweep(small, MIXED, runs=5, jobs=1, out=tmp_path)) == files(mixed)


def test_the_number_of_processes_changes_no_byte(small: Path, mixed: Any, tmp_path: Path) -> None:
    assert files(api.sweep(small, MIXED, runs=5, jobs=2, out=tmp_path)) == files(mixed)


def test_an_executor_of_the_users_own_changes_no_number(small: Path, mixed: Any) -> None:
    with ThreadPoolExecutor(1) as executor:
        swept = api.sweep(small, MIXED, runs=5, executor=executor)
    assert np.array_equal(swept.measured, mixed.measured)


def test_an_executor_that_is_shut_down_is_an_error_and_what_it_did_stays(small: Path, tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(AlignsimError, match="takes no more work"):
        api.sweep(small, BITE, runs=2, executor=executor, out=tmp_path)
    assert not api.sweep(small, BITE, runs=2, jobs=1, out=tmp_path).errors


def test_the_block_in_the_file_and_the_arguments_are_the_same_sweep(small: Path, tmp_path: Path) -> None:
    block = "sweep:\n  vary:\n    sanctions.bite: 0:0.5:3\n  runs: 2\n  outcomes: [isolation of IRN at 2025-06]\n"
    inside = scenario(small.parent, TEXT + block, "small.yaml")
    one = api.sweep(inside, jobs=1, out=tmp_path / "one")
    scenario(small.parent)
    other = api.sweep(small, {"sanctions.bite": "0:0.5:3"}, runs=2, outcomes=["isolation of IRN at 2025-06"], jobs=1)
    assert one.manifest["key"] == other.manifest["key"]
    assert np.array_equal(one.measured, other.measured)


def test_points_at_which_an_event_lasts_longer_can_share_a_chunk_with_others(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = TEXT.replace("branches:", "  - {at: 2024-12, arms: {from: IRN, to: RUS, tiv: 300}}\nbranches:")
    path = scenario(small.parent, arms, "arms.yaml")
    vary = {"events[2].months": [2, 4, 6], "events[2].tiv": [100, 300]}
    together = api.sweep(path, vary, runs=2, jobs=1)
    with_chunks_of(1, monkeypatch)
    monkeypatch.setattr(request, "POINTS_A_CHUNK", 1)
    assert np.array_equal(together.measured, api.sweep(path, vary, runs=2, jobs=1).measured)
    assert len(np.unique(together.measured[:, 0, 0, 0])) == 6


OTHERS: list[dict[str, Any]] = [
    {"vary": {"sanctions.bite": [0, 0.4]}},
    {"vary": {"trust.weight": [0, 0.5]}},
    {"vary": {"sanctions.bite": "0..0.5"}, "points": 2},
    {"runs": 3},
    {"seed": 4},
    {"belief": "sceptical"},
    {"claims": ["closer"]},
    {"outcomes": ["isolation of RUS at 2025-06"]},
    {"fixed_others": True},
    {"set": ["events[0].meeting.strength=0.5"]},
    {"set": ["claims[0].margin=0.1"]},
]


def test_whatever_decides_the_numbers_decides_the_folder(small: Path) -> None:
    text = TEXT.replace("claims:", "  calm: [{at: 2025-01, meeting: {of: [IRN, RUS]}}]\nclaims:")
    path = scenario(small.parent, text, "keys.yaml")

    def key(**how: Any) -> str:
        own = {"vary": {"sanctions.bite": [0, 0.5]}, "runs": 2} | how
        seed, settings, belief = own.pop("seed", None), own.pop("set", ()), own.pop("belief", None)
        document = sweeping.varied(path, sweeping._block(**own), settings, seed)
        return request.requested(document, world_of(document), belief).key

    keys = [key(), *(key(**other) for other in OTHERS)]
    assert len(set(keys)) == len(keys)
    assert key(set=["title=Another", "runs=99"]) == key()


@pytest.mark.parametrize(("points", "runs", "size"), [(1, 1, 1), (5, 3, 4), (100, 7, 25), (3, 100, 64), (40, 1, 25)])
def test_chunks_hold_every_row_once(points: int, runs: int, size: int) -> None:
    rows = [(p, r) for own in chunks(points, runs, size) for p, r in zip(*own, strict=True)]
    assert sorted(rows) == [(p, r) for p in range(points) for r in range(runs)]
    assert max(len(own[0]) for own in chunks(points, runs, size)) <= max(size, 8)


# --- designs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("design", "asked", "rows"), [("lhs", 6, 6), ("sobol", 8, 8), ("saltelli", 4, 24), ("morris", 3, 9)]
)
def test_a_sample_has_its_size_keeps_to_its_ranges_and_touches_no_global_seed(
    design: str, asked: int, rows: int, small: Path
) -> None:
    np.random.seed(20241011)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    vary = {"sanctions.bite": "0.1..0.4", "trust.weight": "0..0.2"}
    swept = api.sweep(small, vary, design=design, points=asked, runs=1, jobs=1)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert swept.points.shape == (rows, 2)
    assert (swept.points >= [0.1, 0]).all()
    assert (swept.points <= [0.4, 0.2]).all()
    assert swept.designed.base == asked


def test_the_points_of_a_sample_follow_the_seed() -> None:
    from alignsim.scenario.levels import parse_levels

    inputs = [parse_levels("0..1"), parse_levels("0..1")]
    for kind in ("lhs", "sobol", "saltelli", "morris"):
        one, same, other = (designs.points(kind, inputs, 8, seed) for seed in (1, 1, 2))
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)


def test_an_input_with_levels_takes_all_of_them_equally_often_in_a_sample(small: Path) -> None:
    swept = api.sweep(small, {"sanctions.bite": [0.1, 0.2, 0.3], "trust.weight": "0..0.1"}, points=30, runs=1, jobs=1)
    assert swept.design == "lhs"
    values, counts = np.unique(swept.points[:, 0], return_counts=True)
    assert values.tolist() == [0.1, 0.2, 0.3]
    assert counts.tolist() == [10, 10, 10]


def test_inputs_of_a_group_vary_together(small: Path) -> None:
    vary = {"sanctions.bite": "0..1", "trust.weight": "0..1", "stigma.weight": "0..1"}
    swept = api.sweep(
        small, vary, design="saltelli", points=2, runs=1, jobs=1, groups={"soft": ["trust.weight", "stigma.weight"]}
    )
    assert len(swept.points) == 2 * (2 * 2 + 2)
    assert swept.designed.labels == ("sanctions.bite", "soft")


# --- what comes of it ---------------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_point_run_and_branch_and_a_codebook(mixed: Any) -> None:
    table = pandas.read_csv(mixed.folder / "runs.csv")
    assert len(table) == 32 * 5 * 2
    assert not table.duplicated(["point", "run", "branch"]).any()
    known = pandas.read_csv(mixed.folder / "codebook.csv")
    assert known.column.tolist() == table.columns.tolist()
    assert all(name.replace(".", "").replace("_", "").isalnum() for name in table)
    own = table[(table.point == 7) & (table.run == 3)].set_index("branch")
    outcome = own["alignment_of_IRN_with_RUS_at_2025_06"]
    assert own["effect.closer"].isna()["baseline"]
    assert own["effect.closer"]["isolation"] == pytest.approx(outcome["isolation"] - outcome["baseline"], abs=2e-9)
    assert own["sanctions.bite"].unique().tolist() == [mixed.points[7, 0]]


def test_what_is_not_there_is_an_empty_cell(mixed: Any) -> None:
    text = (mixed.folder / "runs.csv").read_text()
    assert "nan" not in text.lower().replace("finance", "")
    assert "NA" not in text


def test_a_grid_has_a_dimension_for_each_input_and_comes_back_as_it_was(mixed: Any) -> None:
    data = mixed.to_xarray()
    assert data.sizes["sanctions_bite"] == 2
    assert data.branches_isolation_0_sanction_intensity.values.tolist() == [0, 0.9]
    assert data.sanctions_bite.attrs["long_name"] == "sanctions.bite"
    last = {dim: data[dim].values[-1] for dim in data.effect_closer.dims if dim != "run"}
    assert len(last) == 5
    chosen = data.effect_closer.sel(last)
    assert np.array_equal(chosen.values, mixed.values["closer"][-1])
    back = alignsim.open_sweep(mixed.folder)
    assert back.names == mixed.names
    assert back.effects == mixed.effects
    assert np.array_equal(back.points, mixed.points)
    assert np.array_equal(back.measured, mixed.measured)
    assert files(back) == files(mixed)
    pandas.testing.assert_frame_equal(back.table(), mixed.table())


def test_a_sample_comes_back_as_it_was(small: Path, tmp_path: Path) -> None:
    made = api.sweep(small, {"trust.weight": "0..0.3"}, points=4, runs=2, jobs=1, out=tmp_path)
    back = alignsim.open_sweep(made.folder)
    assert back.to_xarray().sizes["point"] == 4
    assert np.array_equal(back.points, made.points)
    assert np.array_equal(back.values["closer"], made.values["closer"])
    assert json.loads((made.folder / "manifest.json").read_text())["kind"] == "sweep"


def test_only_the_branches_of_the_named_claims_are_run(small: Path) -> None:
    text = TEXT.replace("claims:", "  calm: [{at: 2025-01, meeting: {of: [IRN, RUS]}}]\nclaims:")
    more = scenario(small.parent, text, "more.yaml")
    assert api.sweep(more, BITE, runs=1, jobs=1).branches == ("baseline", "isolation", "calm")
    assert api.sweep(more, BITE, runs=1, jobs=1, claims=["closer"]).branches == ("baseline", "isolation")


def test_an_outcome_of_its_own_is_measured_in_every_branch_and_against_the_baseline(small: Path) -> None:
    swept = api.sweep(small, BITE, runs=2, jobs=1, outcomes=["isolation of RUS at 2025-06"])
    assert list(swept.values) == [
        "closer",
        "isolation of RUS at 2025-06, isolation against baseline",
        "alignment of IRN with RUS at 2025-06, baseline",
        "alignment of IRN with RUS at 2025-06, isolation",
        "isolation of RUS at 2025-06, baseline",
        "isolation of RUS at 2025-06, isolation",
    ]
    assert (swept.values["isolation of RUS at 2025-06, isolation against baseline"] > 0).all()


def test_the_summary_says_where_an_effect_is_least_and_largest(small: Path) -> None:
    swept = api.sweep(small, {"branches.isolation[0].intensity": [0, 0.5, 1]}, runs=4, jobs=1)
    [row] = swept.summary()
    means = swept.values["closer"].mean(axis=1)
    assert row["least"] == means.min()
    assert row["largest_at"] == {"branches.isolation[0].sanction.intensity": [0, 0.5, 1][int(means.argmax())]}
    assert row["above"] == (swept.values["closer"] > 0.05).mean()


def test_what_is_not_finite_is_an_error_of_its_row(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(series: Any, outcome: Any, plan: Any, kept: Callable[..., Any] = simulation.over_window) -> Any:
        values = kept(series, outcome, plan)
        values[0] = np.inf
        return values

    monkeypatch.setattr(simulation, "over_window", spoilt)
    with_chunks_of(100, monkeypatch)
    swept = api.sweep(small, BITE, runs=2, jobs=1)
    assert swept.errors == {(0, 0): "no finite value: alignment of IRN with RUS at 2025-06 in baseline"}


def test_a_theory_that_does_not_speak_of_an_outcome_is_refused(small: Path) -> None:
    with pytest.raises(UsageError, match="persistence says nothing of capacity of IRN"):
        api.sweep(small, BITE, set=["theory=persistence"], outcomes=["capacity of IRN at 2025-06"], jobs=1)


def test_an_estimate_writes_nothing_and_counts_what_would_be_run(small: Path, tmp_path: Path) -> None:
    told = api.estimate(small, BITE, runs=7, out=tmp_path / "out", jobs=2)
    assert (told.points, told.runs, told.branches) == (3, 7, 2)
    assert told.seconds > 0
    assert told.memory > 1e6
    assert told.disk > 1e3
    assert not (tmp_path / "out").exists()
