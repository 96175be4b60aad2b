"""Worlds: the packaged ones, folders of a user's own, the rules that build them, and the command line."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from alignsim import world as worlds
from alignsim.errors import FileProblem, InvalidInput, UsageError
from alignsim.world import alignment, curated, sanctions, ties
from alignsim.world.codes import Codes
from alignsim.world.columns import TABLES
from alignsim.world.derived import domestic_sales, great_circle
from alignsim.world.describe import find_state, state_summary

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the data folder is not beside the checkout")
ARRAYS = [item.name for item in fields(worlds.World) if item.type == "Array"]
TITLES = {
    "west-asia-2024": "West Asia and the powers that compete there, end of September 2024",
    "world-2024": "The world at the end of September 2024",
}
SELECTION = {"west-asia-2024": "preset:west-asia", "world-2024": "all"}


@pytest.fixture(scope="module", params=sorted(TITLES))
def world(request):
    return worlds.load(request.param)


@pytest.fixture(scope="module")
def west_asia():
    return worlds.load("west-asia-2024")


def pair(world, name, a, b):
    return float(getattr(world, name)[world.index(a), world.index(b)])


# --- the packaged worlds


def test_the_two_packaged_worlds_have_the_size_they_promise():
    assert worlds.packaged() == ["west-asia-2024", "world-2024"]
    assert 35 <= len(worlds.load("west-asia-2024").states) <= 50
    assert 180 <= len(worlds.load("world-2024").states) <= 200


def test_arrays_have_the_shapes_of_the_contract_and_hold_only_finite_numbers(world):
    n, d = len(world.states), len(world.issues)
    shapes = {"position": (n, d), "position_sd": (n, d), "attention": (n, d), "salience": (d,)}
    for name in ARRAYS:
        array = getattr(world, name)
        square = name.startswith("sanction_") or name in {
            "alignment", "alignment_sd", "hostility", "distance", "trade", "oil", "arms", "embargo", "secondary",
        }  # fmt: skip
        assert array.shape == shapes.get(name, (n, n) if square else (n,)), name
        assert array.dtype == np.float64 and np.isfinite(array).all(), name
        if square:
            assert not array.diagonal().any(), name


def test_ties_are_symmetric_and_everything_is_in_its_range(world):
    for name in ("alignment", "alignment_sd", "hostility", "distance"):
        assert np.array_equal(getattr(world, name), getattr(world, name).T), name
    assert np.abs(world.alignment).max() < 1 and np.abs(world.position).max() <= 1
    off = ~np.eye(len(world.states), dtype=bool)
    assert world.alignment_sd[off].min() >= 0.1
    for name in ("hostility", "know_how", "war", "democracy", "sanction_trade", "sanction_financial",
                 "sanction_symbolic", "embargo", "secondary", "attention", "salience"):  # fmt: skip
        assert getattr(world, name).min() >= 0 and getattr(world, name).max() <= 1, name


def test_a_world_cannot_be_changed(west_asia):
    with pytest.raises(ValueError, match="read-only"):
        west_asia.gdp[0] = 1.0


def test_states_are_sorted_and_no_market_is_empty(world):
    assert list(world.states) == sorted(world.states)
    assert world.trade.sum(axis=0).min() > 0 and world.trade.sum(axis=1).min() > 0
    assert (world.home >= 0.199 * world.gdp).all()


def test_namibia_norway_and_taiwan_are_in_the_world():
    world = worlds.load("world-2024")
    assert {"NAM", "NOR", "TWN", "PRK"} <= set(world.states)
    assert world.names["NAM"] == "Namibia"


def test_the_states_of_the_article_are_in_the_small_world(west_asia):
    named = ["IRN", "RUS", "ISR", "LBN", "SYR", "YEM", "UKR", "PAK", "KAZ", "KGZ", "TJK", "UZB", "TKM"]
    assert set(named) <= set(west_asia.states)
    assert {"HOUTHI", "HEZBOLLAH"} <= set(west_asia.actors)
    assert west_asia.actors["HOUTHI"].patron == "IRN"


def test_famous_pairs_stand_where_anybody_would_put_them(world):
    a = {p: pair(world, "alignment", *p.split("-")) for p in (
        "IRN-RUS", "RUS-CHN", "RUS-USA", "USA-GBR", "IRN-ISR", "RUS-UKR", "ARM-AZE", "RUS-BLR", "IRN-USA", "IND-PAK",
    )}  # fmt: skip
    assert a["IRN-ISR"] < -0.8 and a["RUS-UKR"] < -0.9
    assert a["RUS-USA"] < -0.6 and a["IRN-USA"] < -0.6
    assert a["ARM-AZE"] < -0.2 and a["IND-PAK"] < -0.2
    assert 0.25 < a["IRN-RUS"] < a["RUS-CHN"] < a["RUS-BLR"]
    assert a["USA-GBR"] > 0.5


def test_the_coalitions_pressure_follows_the_evidence(west_asia):
    weight = np.isin(west_asia.states, west_asia.senders) * west_asia.gdp
    felt = (weight / weight.sum()) @ west_asia.sanction_trade
    assert felt[west_asia.index("IRN")] == pytest.approx(0.6, abs=0.08)
    assert felt[west_asia.index("RUS")] == pytest.approx(0.75, abs=0.05)
    assert pair(west_asia, "secondary", "USA", "IRN") == 0.8 and pair(west_asia, "secondary", "USA", "RUS") == 0.5


def test_those_who_lived_long_under_sanctions_know_best_how_to_evade_them():
    world = worlds.load("world-2024")
    know = {code: world.know_how[world.index(code)] for code in ("IRN", "RUS", "CUB", "PRK", "SWE")}
    assert know["IRN"] == pytest.approx(0.8, abs=0.07) and 0.3 <= know["RUS"] <= 0.45
    assert min(know["CUB"], know["PRK"]) > 0.6 and know["SWE"] < 0.1


def test_iran_could_export_about_what_it_sent_to_russia(west_asia):
    assert 12 * west_asia.arms_capacity[west_asia.index("IRN")] > 150
    assert pair(west_asia, "arms", "IRN", "RUS") > pair(west_asia, "arms", "RUS", "IRN")


def test_trade_of_russia_and_iran_has_the_cited_figures_of_2023(west_asia):
    assert pair(west_asia, "trade", "RUS", "CHN") + pair(west_asia, "trade", "CHN", "RUS") == pytest.approx(240, abs=8)
    assert 4 <= pair(west_asia, "trade", "RUS", "IRN") + pair(west_asia, "trade", "IRN", "RUS") <= 5


def test_every_column_has_a_source_with_its_unit_date_and_terms(world):
    columns = {f"sanction_{c.name}" if file == "sanctions.csv" and c.name in ("trade", "financial", "symbolic")
               else c.name for file, (_, listed) in TABLES.items() for c in listed}  # fmt: skip
    assert columns | {"salience", "groups", "actors"} <= set(world.sources)
    for column, about in world.sources.items():
        assert {"title", "author", "year", "unit", "date", "terms", "note"} <= set(about), column
        assert "{" not in about["note"], column


def test_the_packaged_worlds_stay_small():
    for name in worlds.packaged():
        folder = worlds.folder.PACKAGED / name
        assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000, name


# --- a folder of one's own


@pytest.fixture
def own(tmp_path):
    """A world of three states that a user might write by hand."""
    (tmp_path / "world.yaml").write_text(
        "name: mine\ntitle: Three states\nmonth: 2020-01\nissues:\n- {name: order, salience: 0.5}\n"
        "senders: [BBB]\ngroups: {pair: [AAA, BBB]}\n"
        "actors: {REBELS: {name: Rebels, patron: AAA, opponents: [CCC]}}\n"
    )
    (tmp_path / "states.csv").write_text(
        "code,name,gdp,latitude,longitude\nCCC,Third,50,0,90\nAAA,First,100,0,0\nBBB,Second,200,0,45\n"
    )
    (tmp_path / "dyads.csv").write_text("a,b,alignment,distance\nBBB,AAA,0.5,\nAAA,CCC,-0.5,7\n")
    (tmp_path / "flows.csv").write_text("from,to,trade\nAAA,BBB,30\n")
    (tmp_path / "sanctions.csv").write_text("by,on,trade\nBBB,CCC,0.4\n")
    (tmp_path / "positions.csv").write_text("state,issue,position\nAAA,order,-1\n")
    return tmp_path


def test_a_handwritten_world_is_sorted_and_its_blanks_are_filled(own):
    world = worlds.load(own)
    assert world.states == ("AAA", "BBB", "CCC") and world.gdp.tolist() == [100, 200, 50]
    assert world.alignment[0, 1] == world.alignment[1, 0] == 0.5
    assert world.distance[0, 2] == 7
    assert world.distance[0, 1] == pytest.approx(6371 * np.pi / 4, rel=1e-6)
    assert world.home.tolist() == [70, 200, 50]
    assert world.alignment_sd[1, 2] == 0.35 and world.position_sd[1, 0] == 0.3
    assert world.senders == ("BBB",) and world.sanction_trade[1, 2] == 0.4
    assert world.sources == {}


def test_every_mistake_of_a_folder_is_told_at_once_with_its_place(own):
    (own / "states.csv").write_text("code,name,gdp,latitude,longitude,wra\nAAA,A,x,0,0,\nBBB,B,2,99,0,\nCCC,C,,0,0,\n")
    (own / "flows.csv").write_text("from,to,trade\nAAA,BBX,30\nAAA,AAA,1\nAAA,BBB,-3\nAAA,BBB,1\n")
    (own / "positions.csv").write_text("state,issue,position\nAAA,ordre,2\n")
    (own / "world.yaml").write_text(
        "name: mine\nmonth: 2020-13\nissues:\n- {name: order, salience: high}\nsenders: [BBC]\ngroups: {}\nactors: {}\n"
    )
    with pytest.raises(InvalidInput) as caught:
        worlds.load(own)
    told = str(caught.value)
    for words in (
        "1:6  states.csv wra: is not a known column; did you mean 'war'?",
        "2:3  states.csv gdp: 'x' is not a number",
        "3:4  states.csv latitude: 99 is outside -90 to 90 (degrees)",
        "4:3  states.csv gdp: is blank; it needs a number",
        "2:2  flows.csv to: 'BBX' is not in states.csv; did you mean 'BBB'?",
        "3:1  flows.csv: AAA is paired with itself",
        "4:3  flows.csv trade: -3 is outside 0 to 100000 (bn USD a year)",
        "5:1  flows.csv: AAA-BBB is also on line 4",
        "2:2  positions.csv issue: 'ordre' is not an issue of world.yaml; did you mean 'order'?",
        "2:3  positions.csv position: 2 is outside -1 to 1",
        "month: '2020-13' is not a month like 2024-09",
        "issues[0].salience: 'high' is not a number from 0 to 1",
        "groups.senders: 'BBC' is not in states.csv",
    ):
        assert words in told


def test_a_pair_listed_in_both_orders_is_refused(own):
    (own / "dyads.csv").write_text("a,b,alignment\nAAA,BBB,0.5\nBBB,AAA,0.1\n")
    with pytest.raises(InvalidInput, match=r"3:1  dyads\.csv: BBB-AAA is also on line 2"):
        worlds.load(own)


def test_nan_is_not_a_number_that_a_world_takes(own):
    (own / "flows.csv").write_text("from,to,trade\nAAA,BBB,nan\n")
    with pytest.raises(InvalidInput, match="nan is outside"):
        worlds.load(own)


def test_an_actor_cannot_be_armed_by_a_stranger(own):
    text = (own / "world.yaml").read_text().replace("patron: AAA", "patron: ZZZ")
    (own / "world.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"actors\.REBELS: 'ZZZ' is not in states\.csv"):
        worlds.load(own)


def test_a_yaml_bomb_is_refused_before_it_opens(own):
    (own / "world.yaml").write_text("a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n")
    with pytest.raises(InvalidInput, match=r"2:8  world\.yaml: aliases and nesting beyond 12 are refused"):
        worlds.load(own)
    (own / "world.yaml").write_text("[" * 200_000)
    with pytest.raises(InvalidInput, match="nesting beyond 12"):
        worlds.load(own)


def test_a_missing_table_is_named(own):
    (own / "flows.csv").unlink()
    with pytest.raises(FileProblem, match=r"flows\.csv"):
        worlds.load(own)


def test_an_unknown_world_is_answered_with_the_nearest():
    with pytest.raises(FileProblem, match="did you mean 'west-asia-2024'"):
        worlds.load("west-asai-2024")


def test_a_folder_cannot_be_reached_through_the_packaged_ones():
    with pytest.raises(FileProblem, match="no world"):
        worlds.load("../worlds/west-asia-2024/../nothing")


def test_a_nought_that_is_not_the_default_is_written_out(own, tmp_path):
    (own / "positions.csv").write_text("state,issue,position,attention\nAAA,order,-1,0\n")
    again = worlds.load(worlds.write(worlds.load(own), tmp_path / "again"))
    assert again.attention[0, 0] == 0 and again.attention[1, 0] == 0.1


def test_writing_and_reading_again_changes_nothing(tmp_path, west_asia):
    again = worlds.load(worlds.write(west_asia, tmp_path / "again"))
    for name in ARRAYS:
        assert np.array_equal(getattr(again, name), getattr(west_asia, name)), name
    for name in ("states", "names", "issues", "groups", "senders", "actors", "sources", "month", "title"):
        assert getattr(again, name) == getattr(west_asia, name), name


# --- the rules


def test_scotts_pi_is_what_it_is_by_hand():
    votes = np.array([[1, 1, 3, 3, 1, 1, 3, 3, 2, 2.0], [1, 1, 3, 3, 1, 1, 3, 3, 2, 2], [3, 3, 1, 1, 3, 3, 1, 1, 2, 2]])
    pi = alignment.scott_pi(votes)
    assert pi[0, 1] == pytest.approx(1) and pi[0, 2] == pytest.approx(1 - (8 * 4 / 10) / (2 * 0.8))


def test_agreeing_on_what_everybody_agrees_on_is_worth_little():
    votes = np.ones((2, 20))
    votes[0, 0] = votes[1, 1] = 3
    assert alignment.scott_pi(votes)[0, 1] < 0.05


def test_too_few_common_votes_say_nothing():
    votes = np.ones((2, 20))
    votes[0, 5:] = np.nan
    assert np.isnan(alignment.scott_pi(votes)[0, 1])


def test_the_mapping_from_distances_never_sees_a_year_after_2015():
    pd = pytest.importorskip("pandas")
    rng, states, years = np.random.default_rng(1), [f"S{k:02}" for k in range(30)], range(2013, 2019)
    points = pd.DataFrame([(s, y, rng.normal()) for y in years for s in states], columns=["state", "year", "point"])
    votes = pd.DataFrame(
        [(s, y, f"{y}-{item}", int(rng.integers(1, 4))) for y in years for s in states for item in range(12)],
        columns=["state", "year", "item", "vote"],
    )
    known = alignment.fit_distances(votes[votes.year <= 2015], points[points.year <= 2015], 2018)
    assert known and alignment.fit_distances(votes, points, 2018) == known


def test_pacts_close_and_wars_open_the_distance_and_both_make_it_surer():
    value, sd = np.full((2, 2), 0.2), np.full((2, 2), 0.3)
    zero = np.zeros((2, 2))
    ally, ally_sd = alignment.override(value, sd, np.full((2, 2), 0.5), zero)
    enemy, enemy_sd = alignment.override(value, sd, zero, np.full((2, 2), 0.8))
    assert ally[0, 1] == pytest.approx(0.2 + 0.5 * 0.65) and ally_sd[0, 1] == pytest.approx(0.15)
    assert enemy[0, 1] == pytest.approx(0.2 - 0.8 * 1.15) and enemy_sd[0, 1] == 0.1


def test_a_quarter_turn_of_the_equator_is_ten_thousand_kilometres():
    assert great_circle(np.zeros(2), np.array([0.0, 90.0]))[0, 1] == pytest.approx(10_007.5, abs=0.1)


def test_a_trading_hub_still_sells_a_fifth_at_home():
    assert domestic_sales(np.array([10.0, 10.0]), np.array([[0, 9.5], [1, 0]])).tolist() == [2, 9]


def test_accessions_take_effect_in_their_month():
    assert "FIN" not in curated.groups_at("2023-03")["nato"] and "FIN" in curated.groups_at("2023-04")["nato"]
    assert "SWE" in curated.groups_at("2024-03")["nato"] and "MKD" not in curated.groups_at("2020-02")["nato"]
    assert "GBR" in curated.groups_at("2020-01")["eu"] and "GBR" not in curated.groups_at("2020-02")["eu"]
    assert "HRV" not in curated.groups_at("2013-06")["eu"] and len(curated.groups_at("2013-07")["eu"]) == 28
    assert "IRN" in curated.groups_at("2024-01")["brics"] and "IRN" not in curated.groups_at("2023-12")["brics"]


def test_states_exist_in_their_time():
    codes = Codes()
    assert "SSD" not in codes.existing("2011-06") and "SSD" in codes.existing("2011-07")
    assert {"CSK"} <= set(codes.existing("1992-06")) and "CSK" not in codes.existing("1993-01")
    assert "CZE" in codes.existing("1993-01") and "DDR" not in codes.existing("1992-01")


def test_the_last_complete_year_is_over():
    assert [curated.complete_year(m) for m in ("2024-09", "2024-12", "2025-01")] == [2023, 2024, 2024]


@pytest.mark.parametrize("table", ["rivalries", "wars", "sanctions", "issues", "positions", "trade", "oil"])
def test_every_row_of_a_cited_table_has_a_range_round_its_value_and_a_source(table):
    key = {"rivalries": "hostility", "wars": "load", "sanctions": "intensity", "issues": "salience",
           "positions": "position"}.get(table, "value")  # fmt: skip
    codes, groups = set(Codes().names), {row["group"] for row in curated.rows("groups")}
    for row in curated.rows(table):
        assert row["source"], row
        if row[key]:
            assert float(row["low"]) <= float(row[key]) <= float(row["high"]), row
        for column in ("a", "b", "state", "by", "on", "who", "exporter", "importer"):
            word = row.get(column, "")
            assert not word or word in codes or word[1:] in groups, row


def test_rivalries_and_wars_have_one_value_a_month():
    for table, key in (("rivalries", ("a", "b")), ("wars", ("state",)), ("issues", ("name",))):
        for month in ("1995-06", "2006-07", "2015-01", "2022-03", "2024-09", "2025-07"):
            listed = [tuple(sorted(row[k] for k in key)) for row in curated.at(table, month)]
            assert len(listed) == len(set(listed)), (table, month)


def cases_frame(*listed):
    import pandas as pd

    columns = ["case", "by", "on", "begin", "end", "targets", "trade", "financial", "symbolic", "embargo", "ongoing"]
    return pd.DataFrame(listed, columns=columns)


def test_cases_combine_and_a_list_of_many_targets_weighs_little(monkeypatch):
    pytest.importorskip("pandas")
    monkeypatch.setattr(curated, "rows", lambda name: [])
    frame = cases_frame(
        (1, "AAA", "BBB", 2000, 2005, 1, 0.12, 0, 0, 0, False),
        (2, "AAA", "BBB", 2001, 2005, 1, 0.5, 0, 0, 0, False),
        (3, "AAA", "CCC", 2001, 2005, 10, 0.5, 0, 0, 0, False),
        (4, "@club", "CCC", 2003, 2005, 1, 0, 0.1, 0, 0, True),
    )
    states, groups = ["AAA", "BBB", "CCC"], {"club": ("BBB", "ZZZ")}
    in_2004 = sanctions.intensities("2004-12", states, frame, groups)
    assert in_2004["trade"][0, 1] == pytest.approx(1 - 0.88 * 0.5) and in_2004["trade"][0, 2] == pytest.approx(0.05)
    assert in_2004["financial"][1, 2] == pytest.approx(0.1)
    in_2009 = sanctions.intensities("2009-12", states, frame, groups)
    assert not in_2009["trade"].any() and in_2009["financial"][1, 2] == pytest.approx(0.1)


def test_a_case_begun_in_an_unfinished_year_is_not_yet_known(monkeypatch):
    pytest.importorskip("pandas")
    monkeypatch.setattr(curated, "rows", lambda name: [])
    frame = cases_frame((1, "AAA", "BBB", 2014, 2020, 1, 1.0, 0, 0, 0, False))
    assert not sanctions.intensities("2014-06", ["AAA", "BBB"], frame, {})["trade"].any()
    assert sanctions.intensities("2014-12", ["AAA", "BBB"], frame, {})["trade"][0, 1] == 1


def test_a_cited_regime_replaces_the_cases_and_a_single_state_beats_its_group():
    pytest.importorskip("pandas")
    frame = cases_frame((1, "USA", "RUS", 2014, 2023, 1, 0.12, 0, 0, 0, True))
    states, groups = ["DEU", "JPN", "RUS", "USA"], curated.groups_at("2024-09")
    trade = sanctions.intensities("2024-09", states, frame, groups)["trade"]
    assert trade[:, 2].tolist() == [0.7, 0.5, 0, 0.85]


def test_wide_pacts_weigh_less_than_alliances_and_ended_ones_nothing():
    import pandas as pd

    known = pd.DataFrame({"a": ["BRA", "GBR", "ARM"], "b": ["USA", "USA", "RUS"], "year": [2018] * 3})
    states, groups = ["ARM", "BRA", "GBR", "RUS", "USA"], curated.groups_at("2024-09")
    weight = ties.pacts("2024-09", states, known, groups)
    assert weight[1, 4] == ties.WIDE and weight[2, 4] == ties.PACT["defence"] and weight[0, 3] == 0
    assert ties.pacts("2024-01", states, known, groups)[0, 3] == ties.PACT["defence"]


def test_nothing_dated_after_the_month_reaches_a_table_of_spells():
    for table in ("rivalries", "wars", "alliances", "sanctions", "issues", "positions", "oil", "groups", "actors"):
        assert all(row["start"] <= "2014-06" for row in curated.at(table, "2014-06")), table
        assert any(row["start"] > "2014-06" for row in curated.rows(table)) or table in ("issues", "actors"), table


# --- the description and the command line


def test_a_state_is_found_by_code_or_name_in_any_case(west_asia):
    assert find_state(west_asia, "irn") == find_state(west_asia, "Iran") == "IRN"
    with pytest.raises(UsageError, match=r"did you mean Iran \(IRN\)"):
        find_state(west_asia, "Irann")


def test_a_state_is_described_with_units_dates_and_sources(west_asia):
    about = state_summary(west_asia, "IRN")
    gdp = next(row for row in about["figures"] if row["figure"] == "gdp")
    assert gdp["unit"] == "bn USD a year" and gdp["date"] == "2023" and "World Bank" in gdp["source"]
    assert about["most_hostile"][0]["state"] == "ISR" and about["exports"][0]["state"] == "CHN"
    assert about["sanctions_on"][0]["state"] == "USA" and "HOUTHI" in about["actors"]


def command_line(*words):
    from click.testing import CliRunner

    from alignsim.cli.world import command

    return CliRunner().invoke(command, list(words))


def test_the_command_line_lists_shows_and_prints_json():
    assert "west-asia-2024" in command_line("list").output
    assert {row["name"] for row in json.loads(command_line("list", "--json").output)} == set(TITLES)
    shown = command_line("show", "west-asia-2024", "IRN").output
    assert "know_how" in shown and "Sanctions on it, by" in shown
    assert json.loads(command_line("show", "west-asia-2024", "IRN", "--json").output)["code"] == "IRN"
    assert "sources" in json.loads(command_line("show", "world-2024", "--json").output)
    assert "Armed groups" in command_line("show", "west-asia-2024").output


def test_building_refuses_what_it_cannot_do(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    source = ("--from", str(tmp_path), "--out", str(tmp_path / "full"))
    assert "is not empty" in str(command_line("build", "w", "--month", "2014-01", *source).exception)
    bad = command_line("build", "w", "--month", "1914-08", "--from", str(tmp_path), "--out", str(tmp_path / "new"))
    assert "'1914-08' is not a month from 1992-01 on" in str(bad.exception)
    assert "cannot name a folder" in str(command_line("build", "a/b", "--month", "2014-01", *source).exception)
    assert (tmp_path / "full" / "mine.txt").read_text() == "keep me"


# --- against the official files


@pytest.fixture(scope="module")
def upstream():
    from alignsim.world.upstream import read

    return read(SHARED / "data")


@pytest.mark.shared
@needs_data
def test_the_packaged_worlds_are_what_the_command_builds(upstream, tmp_path):
    from alignsim.world.build import build

    for name, title in TITLES.items():
        built = worlds.write(build(name, "2024-09", upstream, SELECTION[name], title), tmp_path / name)
        for path in sorted((worlds.folder.PACKAGED / name).iterdir()):
            assert (built / path.name).read_text() == path.read_text(), path
        shutil.rmtree(built)


@pytest.mark.shared
@needs_data
@pytest.mark.parametrize("month", ["2006-01", "2018-05"])
def test_a_world_knows_nothing_that_came_after_its_month(upstream, month, monkeypatch):
    """Cutting every official file and cited table at the month must not change a single number."""
    from alignsim.world.build import build

    year = curated.complete_year(month)
    cut = {name: _until(name, getattr(upstream, name), year) for name in upstream._fields}
    whole = build("whole", month, upstream)
    everything = {path.stem: curated.rows(path.stem) for path in curated.FOLDER.glob("*.csv")}

    def known(name):
        return [
            {**row, "end": "" if row.get("end", "") > month else row.get("end", "")}
            for row in everything[name]
            if row.get("start", "") <= month and int(row.get("year") or 0) <= year
        ]

    monkeypatch.setattr(curated, "rows", known)
    clipped = build("clipped", month, type(upstream)(**cut))
    assert clipped.states == whole.states and clipped.issues == whole.issues and clipped.groups == whole.groups
    for name in ARRAYS:
        assert np.array_equal(getattr(clipped, name), getattr(whole, name)), name


def _until(name, frame, year):
    if name == "gsdb":
        known = frame[frame.begin <= year]
        return known.assign(ongoing=known.end >= year, end=known.end.clip(upper=year))
    return frame[frame.year <= year] if "year" in frame.columns else frame


@pytest.mark.shared
@needs_data
def test_agreement_equals_the_published_panel(upstream):
    import pandas as pd

    columns = ["iso3_1", "iso3_2", "year", "n_joint", "pi_sq"]
    panel = pd.read_parquet(SHARED / "data" / "panel" / "dyad_year_1990_2025.parquet", columns=columns)
    panel = panel[(panel.year == 2012) & (panel.n_joint >= 10)].dropna()
    states = sorted(set(panel.iso3_1) | set(panel.iso3_2))
    place = {code: k for k, code in enumerate(states)}
    own = alignment.yearly_agreement(upstream.votes, states, 2012)
    ours = own[panel.iso3_1.map(place).to_numpy(), panel.iso3_2.map(place).to_numpy()]
    assert np.nanmax(np.abs(ours - panel.pi_sq.to_numpy())) < 1e-3


@pytest.mark.shared
@needs_data
def test_the_mapping_from_distances_falls(upstream):
    levels = [knot["agreement"] for knot in alignment.fit_distances(upstream.votes, upstream.points, 2024)]
    assert levels == sorted(levels, reverse=True) and levels[0] > 0.5 and levels[-1] < -0.5


@pytest.mark.shared
@needs_data
def test_selections_name_states_and_a_wrong_one_is_answered(upstream):
    from alignsim.world.build import build, select, subset

    whole = build("w", "2014-01", upstream)
    assert set(select("largest:5", whole, upstream)) == {"CHN", "USA", "IND", "RUS", "JPN"}
    assert select("IRN, RUS NAM", whole, upstream) == ["IRN", "NAM", "RUS"]
    small = subset(whole, ["CHN", "RUS", "SAU"])
    assert pair(small, "alignment", "RUS", "CHN") == pair(whole, "alignment", "RUS", "CHN")
    assert small.groups["sco"] == ("CHN", "RUS") and small.actors == {}
    with pytest.raises(InvalidInput, match="'RUSS' has no figures in 2014-01; did you mean 'RUS'"):
        select("IRN,RUSS", whole, upstream)
    with pytest.raises(UsageError, match="there are history, west-asia"):
        select("preset:east", whole, upstream)
    with pytest.raises(UsageError, match="needs a number"):
        select("largest:many", whole, upstream)
