"""Every run in one tidy table: its draws, its parameters and its outcomes, for pandas and R."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas
import pytest

import alignsim
from alignsim import api
from alignsim.errors import UsageError
from alignsim.results import table
from small_runs import scenario


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> api.Results:
    return alignsim.run(scenario(tmp_path_factory.mktemp("table")), jobs=1)


@pytest.fixture(scope="module")
def folder(results: api.Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return api.save(results, tmp_path_factory.mktemp("out"), figures=False, tables=("csv", "parquet"))


def test_there_is_one_row_for_each_run_and_branch_with_its_seed(results: api.Results) -> None:
    rows = results.table()
    assert list(zip(rows.run, rows.branch, strict=True))[:3] == [(0, "baseline"), (0, "isolation"), (1, "baseline")]
    assert len(rows) == 12 and set(rows.seed) == {3}


def test_the_table_holds_the_numbers_of_the_data(results: api.Results) -> None:
    rows = results.table().set_index(["branch", "run"])
    data = results.data.sel(branch="isolation", dyad="IRN-RUS").isel(time=-1)
    assert np.array_equal(rows.loc["isolation", "alignment_end.IRN_RUS"], data.alignment)
    assert np.array_equal(rows.loc["isolation", "arms_end.RUS_IRN"], data.arms.sel(side=1))
    assert np.array_equal(rows.loc["isolation", "capacity_end.RUS"], data.capacity.sel(member="RUS"))


def test_every_parameter_is_there_and_is_the_same_in_every_branch_of_a_run(results: api.Results) -> None:
    rows = results.table()
    assert {str(name) for name in results.data.parameter.values} <= set(rows.columns)
    assert (rows.groupby("run")["evasion.weight"].nunique() == 1).all() and rows["evasion.weight"].nunique() == 6
    drawn = results.data.parameter_value.sel(parameter="evasion.weight")
    assert np.array_equal(rows[rows.branch == "baseline"]["evasion.weight"], drawn)


def test_a_change_is_against_the_same_run_of_the_baseline_and_the_baseline_has_none(results: api.Results) -> None:
    rows = results.table()
    ends = rows.pivot(index="run", columns="branch", values="alignment_end.IRN_RUS")
    change = rows[rows.branch == "isolation"]["alignment_change.IRN_RUS"]
    assert np.array_equal(change, ends["isolation"] - ends["baseline"])
    assert change.abs().max() > 0
    assert rows[rows.branch == "baseline"]["alignment_change.IRN_RUS"].isna().all()


def test_an_uncertain_event_has_a_column_of_zeros_and_ones(results: api.Results) -> None:
    rows = results.table()
    assert set(rows["event_1.denied"]) == {0, 1}
    assert np.array_equal(rows["event_1.denied"][::2], results.data.event_happened.values[:, 0])


def test_csv_and_parquet_hold_the_same_table(results: api.Results, folder: Path) -> None:
    whole = pandas.read_parquet(folder / "runs.parquet")
    pandas.testing.assert_frame_equal(whole, results.table(), check_dtype=False)
    text = pandas.read_csv(folder / "runs.csv")
    pandas.testing.assert_frame_equal(text, results.table(), check_dtype=False, rtol=1e-8)


def test_what_is_missing_is_an_empty_cell_and_names_are_those_that_r_keeps(folder: Path) -> None:
    with open(folder / "runs.csv", newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert rows[0]["branch"] == "baseline" and rows[0]["alignment_change.IRN_RUS"] == ""
    assert all(name.replace(".", "").replace("_", "").isalnum() and name[0].isalpha() for name in rows[0])


def test_the_codebook_tells_the_unit_and_meaning_of_every_column(results: api.Results, folder: Path) -> None:
    known = pandas.read_csv(folder / "codebook.csv").set_index("column")
    assert list(known.index) == list(results.table().columns)
    assert known.meaning.str.len().min() > 3
    assert known.unit["arms_end.IRN_RUS"] == "million TIV a month"


def test_parquet_alone_leaves_no_csv(results: api.Results, tmp_path: Path) -> None:
    names = {path.name for path in api.save(results, tmp_path, figures=False, tables=("parquet",)).iterdir()}
    assert "runs.parquet" in names and "runs.csv" not in names


def test_an_unknown_format_or_a_missing_library_says_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="did you mean 'parquet'"):
        table.usable_formats(["parqet"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install"):
        table.usable_formats(["parquet"])
