"""The claim in the data: what is planted is found, intervals hold what they promise, and wrong data are refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from alignsim import api
from alignsim.cli import group
from alignsim.errors import FileProblem, InvalidInput, UsageError
from alignsim.study.evidence import dyadic, pairs, report, ties
from alignsim.study.evidence.record import Record, of_folder, of_panel
from alignsim.world.panel import read

BASELINE = Path(__file__).parent / "baselines" / "evidence.json"
ROUNDED = 3


def made_up(effect: float, seed: int = 1, states: int = 20, years: int = 14, noise: float = 0.3) -> Record:
    """A record in which being under US and EU sanctions together adds `effect` to distance, for good, and nothing else.

    Half of the states come under sanctions, at different years; each state moves for all others every year, and a state
    under sanctions more so, which state-year effects should take out.
    """
    rng = np.random.default_rng(seed)
    start = np.where(np.arange(states) % 2, rng.integers(years // 2, years - 2, states), years)
    sanctioned = np.arange(years)[:, None] >= start
    moves = rng.normal(size=(years, states)).cumsum(axis=0) + 2 * sanctioned
    tie = np.triu(rng.normal(size=(states, states)), 1)
    shocks = np.triu(rng.normal(scale=noise, size=(years, states, states)), 1)
    joint = pairs.together(sanctioned)
    distance = 5 + moves[:, :, None] + moves[:, None, :] + (tie + tie.T) + shocks + shocks.transpose(0, 2, 1)
    distance = distance + effect * joint
    distance[:, np.arange(states), np.arange(states)] = np.nan
    arms = (rng.random((years, states, states)) < 0.2).astype(float)
    codes = tuple(f"S{k:02d}" for k in range(states))
    felt = sanctioned.astype(float)
    return Record(
        name="made up",
        title="made up",
        states=codes,
        names=dict(zip(codes, codes, strict=True)),
        years=tuple(range(2000, 2000 + years)),
        outcomes={"distance": distance, "agreement": -distance},
        by_us=felt,
        by_eu=felt,
        arms=arms,
    )


def net_row(record: Record, outcome: str = "distance") -> dict:
    found = pairs.co_sanctioned(record)
    return next(r for r in found if r["outcome"] == outcome and report.is_net(r) and r["treatment"] == "US and EU")


def years_of_pairs(states: int, years: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, second = np.triu_indices(states, 1)
    return np.tile(first, years), np.tile(second, years), np.repeat(np.arange(years), len(first))


# --- the estimator


def test_the_dyadic_robust_covariance_is_the_sum_over_all_observations_that_share_a_state():
    rng = np.random.default_rng(2)
    first, second, _ = years_of_pairs(6, 3)
    swap = rng.random(len(first)) < 0.5
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    x, e = rng.normal(size=(len(first), 2)), rng.normal(size=len(first))
    meat, alone = np.zeros((2, 2)), np.zeros((2, 2))
    for a in range(len(first)):
        for b in range(len(first)):
            shared = {first[a], second[a]} & {first[b], second[b]}
            product = np.outer(x[a], x[b]) * e[a] * e[b]
            meat += product * bool(shared)
            alone += product * (len(shared) == 2)
    bread = np.linalg.inv(x.T @ x)
    found = dyadic.covariances(x, e, first, second)
    assert found[0] == pytest.approx(bread @ meat @ bread, rel=1e-9)
    assert found[1] == pytest.approx(bread @ alone @ bread, rel=1e-9)


@pytest.mark.parametrize("by_state", [False, True])
def test_taking_out_effects_gives_the_coefficients_of_a_regression_on_dummies(by_state):
    rng = np.random.default_rng(3)
    first, second, year = years_of_pairs(6, 5)
    x = {"a": rng.normal(size=len(first)), "b": rng.normal(size=len(first))}
    y = x["a"] - 2 * x["b"] + rng.normal(size=len(first))
    dummies = [(first * 6 + second)[:, None] == np.unique(first * 6 + second)]
    if by_state:
        of_state = [(side * 5 + year)[:, None] == np.arange(30) for side in (first, second)]
        dummies.append(of_state[0].astype(float) + of_state[1])
    else:
        dummies.append(year[:, None] == np.arange(5))
    full = np.column_stack([x["a"], x["b"], *dummies]).astype(float)
    wanted = np.linalg.lstsq(full, y, rcond=None)[0][:2]
    own = dyadic.fit(y, x, first, second, year, by_state=by_state)
    assert own.names == ("a", "b")
    assert own.values == pytest.approx(wanted, rel=1e-6)
    assert own.y - own.x @ own.values == pytest.approx(y - full @ np.linalg.lstsq(full, y, rcond=None)[0], abs=1e-6)


def test_it_does_not_matter_which_of_a_pair_is_named_first():
    rng = np.random.default_rng(4)
    first, second, year = years_of_pairs(8, 5)
    x, y = {"x": rng.normal(size=len(first))}, rng.normal(size=len(first))
    swap = rng.random(len(first)) < 0.5
    other = dyadic.fit(y, x, np.where(swap, second, first), np.where(swap, first, second), year, by_state=True)
    one = dyadic.fit(y, x, first, second, year, by_state=True)
    a, b = one.interval("x"), other.interval("x")
    assert (a.value, a.low, a.high, a.states) == pytest.approx((b.value, b.low, b.high, b.states), rel=1e-6)


def test_the_interval_holds_the_truth_where_pairs_share_states_and_the_one_by_pair_does_not():
    rng = np.random.default_rng(5)
    first, second, _ = years_of_pairs(25, 2)
    held, held_by_dyad, trials = 0, 0, 300
    for _ in range(trials):
        z, u = rng.normal(size=25), rng.normal(size=25)
        x = (z[first] + z[second])[:, None]
        y = 0.5 * x[:, 0] + u[first] + u[second] + rng.normal(size=len(first))
        value = float(x[:, 0] @ y / (x[:, 0] @ x[:, 0]))
        found = dyadic.Fit(["x"], [value], x, y, first, second).interval("x")
        held += found.low <= 0.5 <= found.high
        held_by_dyad += abs(found.value - 0.5) <= 1.96 * found.error_by_dyad
    assert 0.90 <= held / trials <= 0.99
    assert held_by_dyad / trials < 0.7


def test_leaving_a_state_out_is_the_regression_without_its_pairs():
    rng = np.random.default_rng(10)
    first, second, _ = years_of_pairs(7, 3)
    x = rng.normal(size=(len(first), 2))
    y = x @ [1.0, -1.0] + rng.normal(size=len(first))
    values = np.linalg.lstsq(x, y, rcond=None)[0]
    own = dyadic.Fit(["a", "b"], values, x, y, first, second)
    for state in range(7):
        rest = (first != state) & (second != state)
        assert own.without[state] == pytest.approx(values - np.linalg.lstsq(x[rest], y[rest], rcond=None)[0], rel=1e-6)


def test_a_coefficient_of_one_state_s_pairs_has_no_interval():
    rng = np.random.default_rng(11)
    first, second, year = years_of_pairs(12, 6)
    x = ((first == 0) & (year > 2)).astype(float)
    found = dyadic.fit(rng.normal(size=len(x)), {"x": x}, first, second, year, by_state=False).interval("x")
    assert found.states > dyadic.LEAST
    assert np.isfinite(found.value) and np.isnan(found.low)


def test_a_coefficient_that_hangs_on_two_states_has_no_interval():
    rng = np.random.default_rng(6)
    first, second, year = years_of_pairs(8, 6)
    x = ((first == 0) & (second == 1) & (year > 2)).astype(float)
    found = dyadic.fit(rng.normal(size=len(x)), {"x": x}, first, second, year, by_state=False).interval("x")
    assert np.isfinite(found.value)
    assert found.states < dyadic.LEAST
    assert np.isnan(found.low) and np.isnan(found.high)


def test_states_that_swap_their_histories_show_a_true_effect_and_none_where_there_is_none():
    assert net_row(made_up(-0.3))["p_exchanged"] <= 0.02
    without = [net_row(made_up(0.0, seed=seed, states=12, years=8))["p_exchanged"] for seed in range(12)]
    assert sum(p < 0.1 for p in without) <= 4
    assert np.mean(without) > 0.3


def test_without_linearmodels_the_way_out_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "linearmodels.iv.absorbing", None)
    first, second, year = years_of_pairs(5, 3)
    with pytest.raises(FileProblem, match=r"alignsim\[evidence\]"):
        dyadic.fit(first * 1.0, {"x": second * 1.0}, first, second, year, by_state=False)


# --- pairs under sanctions together


@pytest.mark.parametrize("effect", [0.0, -0.3])
def test_a_planted_effect_is_found_net_of_what_each_state_does_to_all(effect):
    record = made_up(effect, noise=0.2)
    row = net_row(record)
    assert row["low"] <= effect <= row["high"]
    assert row["high"] - row["low"] < 0.25
    assert report.direction(row) == ("closer" if effect else "cannot tell")
    agreement = net_row(record, "agreement")
    assert agreement["value"] == pytest.approx(-row["value"])
    assert report.direction(agreement) == report.direction(row)


def test_an_effect_begins_at_the_onset_and_not_at_a_false_date():
    found = list(pairs.onset_study(made_up(-0.3, noise=0.12)))
    own = {(r["fact"], r["when"]): r for r in found if r["outcome"] == "distance"}
    assert own["onset", "years after"]["high"] < 0
    assert own["onset", "years after"]["low"] <= -0.3 <= own["onset", "years after"]["high"]
    assert own["onset", "years before"]["low"] <= 0 <= own["onset", "years before"]["high"]
    assert own["placebo onset", "years after"]["low"] <= 0 <= own["placebo onset", "years after"]["high"]
    assert abs(own["placebo onset", "+5"]["value"]) < 0.15


def test_sanctions_after_the_last_vote_are_no_onset():
    record = made_up(0.0)
    early = {name: values.copy() for name, values in record.outcomes.items()}
    for values in early.values():
        values[6:] = np.nan
    assert not any(np.isfinite(r["value"]) for r in pairs.onset_study(replace(record, outcomes=early)))


def test_an_onset_is_the_first_year_in_which_both_are_sanctioned():
    sanctioned = np.array([[0, 0, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1]], dtype=bool)
    when = pairs.onsets(sanctioned)
    assert when[0, 1] == when[1, 0] == 2
    assert when[0, 2] == 1
    assert when[2, 3] == -2
    assert (pairs.onsets(np.zeros((3, 4), dtype=bool)) == -1).all()


def test_sanctions_are_read_as_either_sender_s_both_senders_and_heavy_ones():
    record = made_up(0.0, states=4, years=6)
    record = replace(record, by_us=np.array([[0, 0.1, 0.1, 0.5]]), by_eu=np.array([[0, 0, 0.1, 0]]), graded=True)
    found = {name: list(own[0]) for name, own in pairs.treatments(record).items()}
    assert found == {
        "US or EU": [False, True, True, True],
        "US and EU": [False, False, True, False],
        "US or EU, heavy": [False, False, False, True],
    }
    assert "US or EU, heavy" not in pairs.treatments(replace(record, graded=False))


def test_a_share_of_arms_that_follows_sanctions_is_found():
    record = made_up(0.0, states=12, years=10)
    joint = pairs.together(record.by_us > 0)
    rng = np.random.default_rng(7)
    record = replace(record, arms=(rng.random(joint.shape) < 0.1 + 0.5 * joint).astype(float))
    row = next(r for r in pairs.co_sanctioned(record) if r["outcome"] == "arms" and r["treatment"] == "US and EU")
    assert row["low"] <= 0.5 <= row["high"]
    assert row["low"] > 0.2
    assert row["mean_treated"] > row["mean_others"] + 0.3


def test_who_was_never_sanctioned_gives_no_case_and_says_so():
    record = made_up(0.0, states=8, years=6)
    record = replace(record, by_us=record.by_us * 0, by_eu=record.by_eu * 0)
    table = report.rows(record)
    assert {report.direction(r) for r in table if r["fact"] == "co-sanctioned"} == {"no case"}
    assert "cannot speak" in report.in_words(table, record)[0]


# --- single ties and measures


def test_what_states_do_to_all_leaves_nothing_of_a_tie():
    a = np.random.default_rng(8).normal(size=(3, 9))
    sums = a[:, :, None] + a[:, None, :]
    sums[1, 2, 5] = sums[1, 5, 2] = np.nan
    left = ties.net(sums)
    off = ~np.eye(9, dtype=bool)
    assert np.isnan(left[1, 2, 5])
    assert np.nanmax(np.abs(left[:, off])) < 1e-9
    sums[0, 3, 4] += 1
    sums[0, 4, 3] += 1
    assert ties.net(sums)[0, 3, 4] > 0.6


def test_two_measures_of_the_same_agree_and_two_that_are_opposed_do_not():
    record = made_up(-0.3, states=8)
    same = {r["fact"]: r["value"] for r in ties.measures(record)}
    assert same["correlation"] == pytest.approx(1.0)
    assert same["opposite"] == 0.0
    turned = {"distance": record.outcomes["distance"], "agreement": record.outcomes["distance"]}
    opposed = {r["fact"]: r["value"] for r in ties.measures(replace(record, outcomes=turned))}
    assert opposed["correlation"] == pytest.approx(-1.0)
    assert opposed["opposite"] == 1.0


# --- the packaged panel


@pytest.fixture(scope="module")
def packaged(tmp_path_factory) -> tuple[list[dict], Path]:
    """What the command prints and writes of the packaged panel."""
    out = tmp_path_factory.mktemp("results")
    done = CliRunner().invoke(group, ["evidence", "--json", "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout), next((out / "evidence").iterdir())


FACTS = ("co-sanctioned", "correlation", "opposite")


def of_founding(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["fact"].startswith("tie") and row["treatment"] == "IRN-RUS"]


def test_the_packaged_numbers_are_those_on_record(packaged):
    kept = ("fact", "outcome", "treatment", "effects", "when", "value", "low", "high", "pair_years")
    chosen = [row for row in packaged[0] if row["fact"] in FACTS or row["when"] in pairs.SPANS]
    rows = [{name: row[name] for name in kept} for row in chosen + of_founding(packaged[0])]
    found = [{k: round(v, ROUNDED) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
    wanted = json.loads(BASELINE.read_text(encoding="utf-8"))
    assert [r["fact"] for r in found] == [r["fact"] for r in wanted]
    for own, other in zip(found, wanted, strict=True):
        numbers = {k for k, v in other.items() if isinstance(v, float)}
        assert {k: own[k] for k in own if k not in numbers} == {k: other[k] for k in other if k not in numbers}
        assert [own[k] for k in sorted(numbers)] == pytest.approx([other[k] for k in sorted(numbers)], abs=0.002)


def test_a_results_folder_holds_the_table_the_words_where_it_came_from_and_figures(packaged):
    table, folder = packaged
    assert len(pd.read_csv(folder / "evidence.csv")) == len(table)
    assert list(pd.read_csv(folder / "evidence.csv").columns) == list(report.COLUMNS)
    about = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert about["votes"] == [1992, 2015]
    assert {"linearmodels", "numpy"} <= set(about["versions"])
    assert {p.name for p in (folder / "figures").iterdir()} == {
        "co-sanctioned.png", "measures.png", "onset.png", "ties.png"
    }  # fmt: skip
    assert "Among 29 states outside the West" in (folder / "summary.txt").read_text(encoding="utf-8")


def test_the_west_and_the_senders_are_not_among_the_pairs():
    record = of_panel(read())
    assert not {"USA", "DEU", "GBR", "JPN", "KOR", "AUS"} & set(record.states)
    assert {"IRN", "RUS", "CUB"} <= set(record.states)
    iran, year = record.states.index("IRN"), record.years.index
    assert record.by_us[year(1996), iran] > 0.9
    assert record.by_eu[year(1996), iran] == 0
    assert record.by_eu[year(2012), iran] > 0.5


# --- a table of pairs and years

STATES = ("CHN", "CUB", "DEU", "IRN", "RUS", "SYR", "USA")


def table(years: range = range(1991, 2004)) -> pd.DataFrame:
    """A small table of pairs and years in the form of `dyad_year*.parquet`."""
    rng = np.random.default_rng(9)
    rows = [(a, b, y) for y in years for k, a in enumerate(STATES) for b in STATES[k + 1 :]]
    out = pd.DataFrame(rows, columns=["iso3_1", "iso3_2", "year"])
    for name in ("ip_dist", "pi_sq", "s_abs"):
        out[name] = rng.random(len(out))
    for name in ("sanc_trade", "sanc_financial", "arms_tiv"):
        for way in ("12", "21"):
            out[f"{name}_{way}"] = 0.0
    out.loc[(out.iso3_1 == "IRN") & (out.iso3_2 == "USA") & (out.year >= 1996), "sanc_trade_21"] = 1.0
    out.loc[(out.iso3_1 == "DEU") & (out.iso3_2 == "IRN") & (out.year >= 1999), "sanc_financial_12"] = 1.0
    out.loc[(out.iso3_1 == "IRN") & (out.iso3_2 == "RUS"), "arms_tiv_21"] = 100.0
    return out


def test_a_table_of_pairs_gives_who_sanctions_whom_from_1992_on(tmp_path):
    content = table()
    content.loc[content.year == 2003, ["sanc_trade_12", "sanc_trade_21"]] = np.nan
    content.to_parquet(tmp_path / "dyad_year_small.parquet")
    record = of_folder(tmp_path)
    assert record.states == ("CHN", "CUB", "IRN", "RUS", "SYR")
    assert record.years == tuple(range(1992, 2003))
    iran, russia = record.states.index("IRN"), record.states.index("RUS")
    assert next(year for year, own in zip(record.years, record.by_us[:, iran], strict=True) if own) == 1996
    assert next(year for year, own in zip(record.years, record.by_eu[:, iran], strict=True) if own) == 1999
    assert record.arms[0, russia, iran] == 100
    assert record.arms[0, iran, russia] == 0
    assert set(record.outcomes) == {"distance", "agreement", "S-score"}


def test_a_folder_without_a_table_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(FileProblem, match="no folder"):
        of_folder(tmp_path / "absent")
    with pytest.raises(FileProblem, match="alignsim world panel"):
        of_folder(tmp_path)
    (tmp_path / "dyad_year_broken.parquet").write_text("not parquet", encoding="utf-8")
    with pytest.raises(FileProblem, match="cannot be read as Parquet"):
        of_folder(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(columns=["pi_sq", "arms_tiv_21"]), r"(?s)arms_tiv_21: no such column.*pi_sq: no such column"),
        (lambda t: pd.concat([t, t.iloc[50:51]]), "are there twice"),
        (lambda t: t[t.iso3_2 != "USA"], "lacks the United States"),
        (lambda t: t[(t.iso3_1 != "DEU") & (t.iso3_2 != "DEU")], "lacks the United States or any member"),
        (lambda t: t[t.year < 1992], "no sanctions from 1992"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path, spoil, message):
    spoil(table()).to_parquet(tmp_path / "dyad_year_small.parquet")
    with pytest.raises(InvalidInput, match=message):
        of_folder(tmp_path)


def test_too_few_states_and_two_records_at_once_are_refused(tmp_path):
    few = table()
    few[(few.iso3_1 != "CUB") & (few.iso3_2 != "CUB") & (few.iso3_1 != "CHN") & (few.iso3_2 != "CHN")].to_parquet(
        tmp_path / "dyad_year_small.parquet"
    )
    with pytest.raises(UsageError, match="at least 4"):
        of_folder(tmp_path)
    with pytest.raises(UsageError, match="not both"):
        api.evidence("history", tmp_path)
