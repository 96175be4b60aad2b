"""Tables of pairs and years as panels: what is taken from them, what no year may know, and what wrong ones are told.

Outcomes after 2015 are invented here: those of earlier years, with noise.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alignsim import api
from alignsim.cli import main
from alignsim.errors import FileProblem, InvalidInput, UsageError
from alignsim.study.evidence.record import of_panel
from alignsim.study.hindcast import engine, past, report
from alignsim.world import World, history, panel
from alignsim.world.build import subset
from alignsim.world.dyad_years import over, spans
from alignsim.world.panel import Panel
from test_panel import made_up

ARRAYS = [item.name for item in fields(World) if item.type == "Array"]
FEW = ("BLR", "CHN", "CUB", "DEU", "GBR", "IRN", "MMR", "PRK", "RUS", "SDN", "SYR", "UKR", "USA", "VEN")
SHARED = Path(__file__).resolve().parents[1].parent / "shared"
needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the data folder is not beside the checkout")
HEADER = "year,iso3_1,iso3_2,pi_sq,ip_dist\n"


@pytest.fixture(scope="module")
def packaged() -> Panel:
    return panel.read()


@pytest.fixture(scope="module")
def rows(packaged) -> pd.DataFrame:
    """Outcomes of 14 states to 2023, the years after 2015 invented: those of eight years before, with noise."""
    rng = np.random.default_rng(4)
    found = []
    for year in range(1992, 2024):
        t = packaged.years.index(year if year < 2016 else year - 8)
        for i, a in enumerate(packaged.states):
            for j in range(i + 1, 40):
                if a in FEW and packaged.states[j] in FEW:
                    noise = rng.normal(0, 0.05, 2) if year > 2015 else (0, 0)
                    agreed = np.clip(packaged.agreement[t, i, j] + noise[0], -1, 1)
                    found.append((a, packaged.states[j], year, agreed, abs(packaged.distance[t, i, j] + noise[1])))
    return pd.DataFrame(found, columns=["iso3_1", "iso3_2", "year", "pi_sq", "ip_dist"])


@pytest.fixture(scope="module")
def table(rows, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("table") / "mine.csv"
    rows.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def mine(table) -> Panel:
    return panel.read(table)


def same(a, b):
    """The first array in which two worlds differ, or None."""
    return next((name for name in ARRAYS if not np.array_equal(getattr(a, name), getattr(b, name))), None)


def written(rows: pd.DataFrame, path: Path, **changes) -> Path:
    rows.assign(**changes).to_csv(path, index=False)
    return path


def other_after(rows: pd.DataFrame, year: int, seed: int, path: Path, agreed=(-1, 1), apart=(0, 4)) -> panel.Panel:
    """The panel of the same rows, but with other outcomes after a year."""
    rng, later = np.random.default_rng(seed), rows.year > year
    pi_sq = rows.pi_sq.where(~later, rng.uniform(*agreed, len(rows)))
    return panel.read(
        written(rows, path, pi_sq=pi_sq, ip_dist=rows.ip_dist.where(~later, rng.uniform(*apart, len(rows))))
    )


# --- what is taken from a table


def test_outcomes_are_those_of_the_table_and_states_and_years_those_of_both(mine, rows):
    assert mine.states == FEW and mine.years == tuple(range(1992, 2024)) and mine.name == "mine"
    for row in rows.sample(200, random_state=1).itertuples():
        at = mine.years.index(row.year), FEW.index(row.iso3_2), FEW.index(row.iso3_1)
        assert np.isclose(mine.agreement[at], row.pi_sq, equal_nan=True) and np.isclose(mine.distance[at], row.ip_dist)
    for square in (mine.agreement, mine.distance):
        assert np.array_equal(square, square.transpose(0, 2, 1), equal_nan=True)
        assert np.isnan(square[:, range(14), range(14)]).all()


def test_drivers_are_the_packaged_panels_whatever_else_the_table_says(mine, packaged, rows, tmp_path):
    told = panel.read(written(rows, tmp_path / "told.csv", sanc_trade_12=1.0, arms_tiv_21=999, agree=0.2))
    for year in (1992, 2010, 2015, 2019, 2023):
        own = subset(packaged.world(year), list(FEW))
        assert same(told.world(year), mine.world(year)) is None
        assert same(replace(mine.world(year), alignment=own.alignment, alignment_sd=own.alignment_sd), own) is None
        assert (same(mine.world(year), own) is None) == (year <= 2015)


def test_csv_and_parquet_either_order_and_either_names_are_one_table(mine, rows, tmp_path):
    pytest.importorskip("pyarrow")
    rows.to_parquet(tmp_path / "mine.parquet")
    turned = rows.rename(columns={"iso3_1": "b", "iso3_2": "a"})[["ip_dist", "year", "a", "b", "pi_sq"]]
    for path in (tmp_path / "mine.parquet", written(turned.sample(frac=1, random_state=2), tmp_path / "turned.CSV")):
        if path.suffix == ".parquet":
            turned.astype({"year": "float64", "a": "category"}).to_parquet(tmp_path / "turned.parquet")
        other = panel.read(str(path))
        assert np.allclose(other.agreement, mine.agreement, equal_nan=True)
        assert np.allclose(other.distance, mine.distance, equal_nan=True)
        assert np.allclose(other.world(2020).alignment, mine.world(2020).alignment)
    assert np.allclose(panel.read(tmp_path / "turned.parquet").agreement, mine.agreement, equal_nan=True)


def test_a_reader_is_told_what_of_the_table_is_not_used(packaged, tmp_path):
    lines = "1991,IRN,RUS,0,0\n2014,IRN,RUS,0.2,NA\n2015,RUS,IRN,.,0.3\n2015,NAM,RUS,0.1,\n2015,AFG,IRN,0.1,\n"
    (tmp_path / "two words.csv").write_text(HEADER + lines)
    own = over(tmp_path / "two words.csv", packaged)
    assert own.name == "two-words" and own.states == ("IRN", "RUS") and own.years == (2014, 2015)
    assert own.agreement[:, 0, 1].tolist() == pytest.approx([0.2, np.nan], nan_ok=True)
    said = " ".join(own.built["said"])
    assert "2 states, 2014 to 2015" in said and "2 other states and the years 1991 of the table" in said
    assert "sanctions by states that the table lacks: AUS CAN DEU" in said and len(own.built["sha256"]) == 16


def test_under_ten_joint_votes_tell_nothing_of_agreement(packaged, tmp_path):
    (tmp_path / "x.csv").write_text("n_joint," + HEADER + "9,2014,IRN,RUS,0.2,0.1\n10,2015,IRN,RUS,0.2,0.1\n")
    own = panel.read(tmp_path / "x.csv")
    assert np.isnan(own.agreement[0, 0, 1]) and own.agreement[1, 0, 1] == 0.2 and (own.distance[:, 0, 1] == 0.1).all()


def test_years_in_words():
    assert spans([2016]) == "2016" and spans([2018, 2016, 2017, 2020]) == "2016 to 2018, 2020"


# --- worlds after the votes on file


@pytest.fixture(scope="module")
def built():
    """Panels of made-up files: with all votes, and with those after 2000 kept aside."""
    files = made_up()
    return tuple(history.build("made", range(1994, 2004), files, votes_until=until) for until in (None, 2000))


def outcomes(full: Panel, path: Path) -> Path:
    (i, j), lines = np.triu_indices(len(full.states), 1), []
    for t, year in enumerate(full.years):
        for a, b in zip(i, j, strict=True):
            lines.append((year, full.states[a], full.states[b], full.agreement[t, a, b], full.distance[t, a, b]))
    pd.DataFrame(lines, columns=["year", "a", "b", "pi_sq", "ip_dist"]).to_csv(path, index=False)
    return path


def test_alignment_from_a_table_is_what_the_builder_makes_of_the_votes_behind_it(built, tmp_path):
    full, aside = built
    own = over(outcomes(full, tmp_path / "made.csv"), aside)
    for year in (2001, 2002, 2003):
        for name in ("alignment", "alignment_sd"):
            made, told, old = (getattr(p.world(year), name) for p in (full, own, aside))
            assert np.allclose(made, told, atol=1e-9), (year, name)
            assert not np.allclose(made, old, atol=1e-3)
        assert "agreement of 2000 to 2002, times 0.9, of made.csv" in own.world(2002).sources["alignment"]["note"]
        assert own.world(year).sources["alignment"]["date"] == str(year)
    assert all(same(own.world(year), aside.world(year)) is None for year in range(1994, 2001))


def test_what_a_table_says_of_later_years_changes_no_world_before(mine, rows, tmp_path):
    other = other_after(rows, 2018, 8, tmp_path / "other.csv")
    for year in mine.years:
        assert (same(mine.world(year), other.world(year)) is None) == (year <= 2018), year


def test_where_only_distances_are_on_record_they_are_mapped_to_alignment_with_more_doubt(mine, rows, tmp_path):
    blank = rows.pi_sq.where(rows.year < 2016)
    apart = panel.read(written(rows, tmp_path / "apart.csv", pi_sq=blank))
    votes, mapped = (p.world(2019) for p in (mine, apart))
    upper = np.triu_indices(14, 1)
    assert np.corrcoef(votes.alignment[upper], mapped.alignment[upper])[0, 1] > 0.8
    assert np.median(mapped.alignment_sd[upper]) > np.median(votes.alignment_sd[upper])
    assert "distances of ideal points to 2019, mapped" in mapped.sources["alignment"]["note"]


def test_a_table_that_ends_with_the_packaged_votes_leaves_later_worlds_as_they_are(packaged, rows, tmp_path):
    blank = rows[["pi_sq", "ip_dist"]].where(rows.year < 2016)
    own = panel.read(written(rows, tmp_path / "blank.csv", pi_sq=blank.pi_sq, ip_dist=blank.ip_dist))
    for year in (2016, 2023):
        assert same(own.world(year), subset(packaged.world(year), list(FEW))) is None


# --- wrong tables


WRONG = {
    "": ["-  is empty; it needs a header and a row for each pair and year"],
    HEADER: ["1:0  has a header and no row; it needs one for each pair and year"],
    "year;a;b;pi_sq;ip_dist\n2001;IRN;RUS;0,1;0,2\n": [
        "1:1  the cells are not separated by commas; save it as CSV with commas"
    ],
    "year,iso3_1,iso3_2,agree,ip_dist\n2001,IRN,RUS,0.9,1\n": [
        "1:0  pi_sq: column is missing; agree cannot stand for it, since it is not corrected for chance: compute "
        "Scott's pi with squared weights over the votes of the year"
    ],
    "jahr,ccode1,ccode2,pi_sq,pi_sq\n2001,2,3,0,0\n": [
        "1:0  ip_dist: column is missing; it is the distance of the two ideal points of the year; leave its cells "
        "blank where it is unknown",
        "1:0  iso3_1: has neither the columns iso3_1 and iso3_2 nor a and b; name the two columns of codes so",
        "1:0  pi_sq: is the name of 2 columns; keep one",
        "1:0  year: column is missing; name the column of calendar years so",
    ],
    HEADER + "1980,IRN,RUS,0,0\n": [
        "-  year: holds no row of two states of panel history in its years 1992 to 2024",
        "-  iso3_1: holds fewer than two states of panel history; it knows",
    ],
    HEADER
    + "2001,IRN,RUS,0.1,0.2\n"  # line 2
    + "2001,RUS,IRN,0.1,0.2\n"
    + "2003,IRN,RUS,1.2,-0.1\n"
    + "2001,RUS,CHN,much,\"0,5\"\n"
    + "2001.5,RUS,USA,inf,0\n"
    + "\n"
    + "2001,IRN,RUZ,0,0\n"  # line 8
    + "2001,NA,RUS,0,0\n"
    + "2001,,USA,0,0\n"
    + "2001,RUS,RUS,0,0\n"
    + "2001,CHN,RUS,0,1,0,2\n": [
        "-  year: 2002 has no rows, while there are some before and after it; add them, blank where unknown",
        "3:2  iso3_1: RUS-IRN of 2001 is also on line 2 as IRN-RUS; keep one of them",
        "4:4  pi_sq: 1.2 is outside -1 to 1; correct it, or leave it blank where it is unknown",
        "4:5  ip_dist: -0.1 is outside 0 to 12; correct it, or leave it blank where it is unknown",
        "5:4  pi_sq: 'much' is not a number; write a number, or leave it blank where it is unknown",
        "5:5  ip_dist: '0,5' is not a number; write it with a point",
        "6:1  year: '2001.5' is not a year; write it as 2016",
        "6:4  pi_sq: inf is outside -1 to 1; correct it, or leave it blank where it is unknown",
        "8:3  iso3_2: 'RUZ' is not a code of a state; did you mean 'RUS'?",
        "9:2  iso3_1: 'NA' is not a code of a state; Namibia is NAM",
        "10:2  iso3_1: is blank; write an ISO 3166-1 code of three letters, such as IRN",
        "11:2  iso3_1: RUS is paired with itself; remove the row",
        "12:7  has 7 cells, the header has 5; write decimals with a point",
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_wrong_table_is_told_everything_at_once_with_its_place(packaged, tmp_path, text):
    (tmp_path / "wrong.csv").write_text(text)
    with pytest.raises(InvalidInput, match=r"wrong\.csv \(line:column\) cannot be used as a panel") as caught:
        over(tmp_path / "wrong.csv", packaged)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == len(WRONG[text])
    assert all(own.startswith(wanted) for own, wanted in zip(told, WRONG[text], strict=True)), told


def test_a_wrong_parquet_is_told_by_row_and_one_that_is_none_in_a_sentence(packaged, tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"year": [2001, 2002, 2002], "a": ["IRN", "IRN", "RUS"], "b": ["RUS", "RUS", None]})
    frame.assign(pi_sq=["0.1", "x", None], ip_dist=[0.1, -3, None]).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InvalidInput) as caught:
        over(tmp_path / "x.parquet", packaged)
    assert [(p.line, p.column, p.path) for p in caught.value.problems] == [
        (2, 4, "pi_sq"), (2, 5, "ip_dist"), (3, 3, "b")
    ]  # fmt: skip
    for content in (b"", b"PAR1 but not really"):
        (tmp_path / "no.parquet").write_bytes(content)
        with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
            over(tmp_path / "no.parquet", packaged)
    (tmp_path / "latin.csv").write_bytes((HEADER + "2001,IRN,RÜS,0,0\n").encode("latin-1"))
    with pytest.raises(InvalidInput, match="not UTF-8 at byte"):
        over(tmp_path / "latin.csv", packaged)


def test_hundreds_of_mistakes_are_counted_and_not_all_printed(packaged, tmp_path):
    (tmp_path / "x.csv").write_text(HEADER + "".join(f"{year},IRN,RUS,7,0\n" for year in range(1930, 2024)))
    with pytest.raises(InvalidInput, match="and 34 more problems"):
        over(tmp_path / "x.csv", packaged)


def test_a_file_that_is_not_there_and_one_of_another_kind_are_named(tmp_path):
    with pytest.raises(FileProblem, match=r"no file .*absent\.csv"):
        panel.read(tmp_path / "absent.csv")
    (tmp_path / "book.xlsx").write_text("x")
    with pytest.raises(FileProblem, match=r"no panel .*book\.xlsx.*table of pairs and years \(\.csv or \.parquet\)"):
        panel.read(tmp_path / "book.xlsx")


# --- forecasts


def run(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def scored(own: Panel, train, test, names=("no mechanisms", "one coefficient")):
    """Table, words of what is missing, and the hindcast, of a window."""
    found = engine.hindcast(own, engine.Window(train, test), names, runs=2)
    table = report.rows(found)
    return table, report.silences(found, table), found


def drawn(found, table, folder) -> set[str]:
    from alignsim.show.past import draw_all

    draw_all(found, table, folder)
    return {path.stem for path in folder.iterdir()}


def horizons(table, outcome: str) -> set[int]:
    return {row["horizon"] for row in table if (row["outcome"], row["group"]) == (outcome, "all pairs")}


def test_the_command_scores_a_table_of_later_years(table, tmp_path, capsys):
    words = ("--train", "2001:2015", "--test", "2016:2017", "--theory", "one-coefficient", "--runs", 2, "--jobs", 1)
    code, out, err = run(capsys, "hindcast", "--panel", table, *words, "--out", tmp_path, "--no-figures")
    assert code == 0, err
    assert "Outcomes of mine.csv, 14 states, 1992 to 2023" in out and "Agreement in UN votes: one coefficient" in out
    assert "3 years ahead: not forecast; from the end of training in 2015 on, its first outcome is of 2018" in out
    (folder,) = (tmp_path / "hindcast").iterdir()
    scores = pd.read_csv(folder / "scores.csv")
    own = scores[(scores.group == "all pairs") & (scores.score == "crps")]
    assert set(own.forecaster) >= {"persistence", "no mechanisms", "one coefficient"}
    assert set(own.outcome) == {"agreement", "distance", "trade", "arms"} and set(own.horizon) == {1}
    assert np.isfinite(own.value).all() and '"sha256"' in (folder / "manifest.json").read_text()


def test_a_wrong_table_leaves_the_command_with_three_and_years_it_does_not_hold_with_two(table, tmp_path, capsys):
    (tmp_path / "wrong.csv").write_text(HEADER)
    code, _, err = run(capsys, "hindcast", "--panel", tmp_path / "wrong.csv", "--out", tmp_path)
    assert code == 3 and "has a header and no row" in err
    code, _, err = run(capsys, "hindcast", "--panel", table, "--test", "2016:2024", "--out", tmp_path)
    assert code == 2 and "panel mine has the years 1992 to 2023" in err


def test_no_later_vote_of_a_table_reaches_a_forecast(mine, rows, tmp_path):
    other = other_after(rows, 2017, 9, tmp_path / "other.csv", (-0.5, 0.9), (0, 3))
    first, second = (
        scored(p, (2007, 2013), (2017, 2020), ("no mechanisms", "consent, signed"))[2] for p in (mine, other)
    )
    for before, after in zip(first.cases, second.cases, strict=True):
        here, there = before.origin <= 2017, after.origin <= 2017
        if before.outcome in ("trade", "arms"):
            continue
        keys = [
            list(zip(c.origin[w], c.first[w], c.second[w], strict=True)) for c, w in ((before, here), (after, there))
        ]
        assert keys[0] == keys[1] and keys[0]
        for name, kept in before.forecasts.items():
            assert np.array_equal(kept["mean"][here], after.forecasts[name]["mean"][there]), name


def test_a_longer_panel_changes_no_score_of_the_years_before(packaged):
    keep = [packaged.states.index(code) for code in FEW]
    pick = np.ix_(range(len(packaged.years)), keep, keep)
    worlds = {year: subset(packaged.world(year), list(FEW)) for year in packaged.years}
    long = replace(packaged, states=FEW, agreement=packaged.agreement[pick], distance=packaged.distance[pick],
                   worlds=worlds)  # fmt: skip
    short = replace(long, years=packaged.years[:24], agreement=long.agreement[:24], distance=long.distance[:24],
                    worlds={year: worlds[year] for year in packaged.years[:24]}, sources={}, pacts={})  # fmt: skip
    tables = [scored(own, (1998, 2008), (2009, 2015), ("consent, signed",)) for own in (long, short)]
    assert repr(tables[0][0]) == repr(tables[1][0]) and tables[0][1] == tables[1][1] == []
    assert of_panel(packaged).years == packaged.years[:24]


def test_trade_that_is_only_carried_on_is_not_scored(packaged):
    trade = engine.outcomes(packaged)["trade"]
    assert np.isfinite(trade[packaged.years.index(2020)]).any()
    assert np.isnan(trade[packaged.years.index(2021) :]).all()


def test_what_a_window_does_not_allow_is_said_and_the_rest_is_scored(mine, tmp_path):
    single, said, found = scored(mine, (2003, 2010), (2016, 2016))
    assert horizons(single, "agreement") == {1, 3} and found.window.horizons == (1, 3)
    assert said == ["5 years ahead: not forecast; it takes training years to 2012 or later."]
    assert "fans-agreement" in drawn(found, single, tmp_path)


def test_an_outcome_that_ends_early_is_left_out_and_does_not_silence_the_other(rows, tmp_path):
    own = panel.read(written(rows, tmp_path / "x.csv", ip_dist=rows.ip_dist.where(rows.year < 2017)))
    table, said, found = scored(own, (1999, 2008), (2016, 2021), ("no mechanisms",))
    assert horizons(table, "agreement") == {1, 3, 5} and horizons(table, "distance") == {1, 3, 5}
    judged = {c.horizon: set(c.origin + c.horizon) for c in found.cases if c.outcome == "agreement"}
    assert judged == {h: set(range(2016, 2022)) for h in (1, 3, 5)}
    assert "Ideal-point distance: no case in 2017 to 2021; nothing is on record then, or was at the origin." in said
    assert "Trade shares: no case in 2021; nothing is on record then, or was at the origin." in said
    (tmp_path / "figures").mkdir()
    assert {"skill", "change-distance"} <= drawn(found, table, tmp_path / "figures")


def test_without_any_outcome_in_the_test_years_what_is_left_is_scored(rows, tmp_path):
    blank = rows[["pi_sq", "ip_dist"]].where(rows.year < 2016)
    own = panel.read(written(rows, tmp_path / "blank.csv", pi_sq=blank.pi_sq, ip_dist=blank.ip_dist))
    table, said, found = scored(own, (2000, 2008), (2022, 2022), ("no mechanisms",))
    assert {row["outcome"] for row in table} == {"arms"}
    for subject in ("Agreement in UN votes", "Ideal-point distance", "Trade shares"):
        assert f"{subject}: no case at all; nothing is on record then, or was at the origin." in said
    assert report.in_words(table, "no mechanisms")
    (tmp_path / "figures").mkdir()
    assert drawn(found, table, tmp_path / "figures") == {"skill-trade-arms"}


def test_of_few_states_the_naive_forecasts_are_left(rows, tmp_path):
    two = rows[rows.iso3_1.isin(["IRN", "RUS"]) & rows.iso3_2.isin(["IRN", "RUS"])]
    own = panel.read(written(two, tmp_path / "two.csv"))
    table, said, found = scored(own, (1995, 2008), (2016, 2021))
    assert {row["forecaster"] for row in table} == {"persistence", "dyad mean", "AR(1) with drift"}
    assert any(
        "Agreement in UN votes, 1, 3 and 5 years ahead: naive forecasts alone; 11 pairs" in line for line in said
    )
    assert "No case of these groups: co-sanctioned, matched controls, named dyads." in said
    assert report.in_words(table, "one coefficient") == []
    assert not past.co_sanctioned(own, 2010, 3).any()
    (tmp_path / "figures").mkdir()
    assert "skill" in drawn(found, table, tmp_path / "figures")


def test_a_posterior_that_has_seen_the_test_years_is_said_to_have():
    window = engine.Window((1992, 2000), (2001, 2010))
    (line,) = api.history._seen_before(["consent, calibrated"], window)
    assert "fitted to 1992 to 2008 and has seen the test years to 2008" in line
    assert api.history._seen_before(["consent, signed"], window) == []
    assert api.history._seen_before(["consent, calibrated"], engine.Window()) == []


def test_every_train_of_six_years_is_enough_for_one_year_ahead_and_five_are_not(mine):
    engine.Window((2010, 2015), (2016, 2023)).check(mine)
    assert engine.Window((2010, 2015), (2016, 2023)).possible() == (1,)
    with pytest.raises(UsageError, match="train to 2015 or later for a horizon of 1"):
        engine.Window((2010, 2014), (2016, 2023)).check(mine)


@pytest.mark.shared
@needs_data
def test_the_published_table_gives_the_packaged_outcomes(packaged):
    path = SHARED / "data" / "panel" / "dyad_year_1990_2025.parquet"
    own = panel.read(path)
    assert own.states == packaged.states and own.years == packaged.years
    assert np.allclose(own.agreement[:24], packaged.agreement[:24], atol=6e-4, equal_nan=True)
    assert np.allclose(own.distance[:24], packaged.distance[:24], atol=6e-4, equal_nan=True)
