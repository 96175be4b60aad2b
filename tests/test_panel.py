"""Panels: the packaged one, how one is built and written, what a wrong one is told, and that no year knows a later."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alignsim import world as worlds
from alignsim.cli import main
from alignsim.errors import FileProblem, InvalidInput, UsageError
from alignsim.world import alignment, curated, history, panel
from alignsim.world.upstream import Upstream, read

BAD = Path(__file__).with_name("bad_panels")
CASES = sorted(path.name for path in BAD.iterdir() if path.name != "good")
SHARED = Path(__file__).resolve().parents[1].parent / "shared"
needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the data folder is not beside the checkout")
ARRAYS = [item.name for item in fields(worlds.World) if item.type == "Array"]
NAMED = {"RUS", "IRN", "CHN", "SYR", "PRK", "BLR", "CUB", "VEN", "TUR", "ARE", "KAZ"}
STATES = ("CHN", "DEU", "IRN", "RUS", "USA")


def same(a, b):
    """The first array in which two worlds differ, or None."""
    return next((name for name in ARRAYS if not np.array_equal(getattr(a, name), getattr(b, name))), None)


# --- the packaged panel


@pytest.fixture(scope="module")
def packaged():
    return panel.read()


def at(built, what, year, by, on):
    world = built.world(year)
    return float(getattr(world, what)[world.index(by), world.index(on)])


def test_the_packaged_panel_has_the_states_and_years_it_promises(packaged):
    assert packaged.name == "history" and packaged.years == tuple(range(1992, 2025))
    assert len(packaged.states) == 40 and set(packaged.states) >= NAMED | {"USA", "GBR", "FRA", "DEU", "ISR"}
    named = {code for row in curated.rows("presets") if row["preset"] == "history" for code in row["states"].split()}
    assert packaged.states == tuple(sorted(named))


def test_outcomes_are_symmetric_in_range_and_nearly_complete_to_2015_and_blank_from_then_on(packaged):
    upper = np.triu_indices(40, 1)
    for held, low, high in ((packaged.agreement, -1, 1), (packaged.distance, 0, 12)):
        assert held.shape == (33, 40, 40) and np.isnan(held[24:]).all()
        values = held[:24]
        assert np.array_equal(values, values.transpose(0, 2, 1), equal_nan=True)
        assert np.isnan(values[:, range(40), range(40)]).all()
        pairs = values[:, upper[0], upper[1]]
        assert np.nanmin(pairs) >= low and np.nanmax(pairs) <= high
        assert np.isfinite(pairs).mean() > 0.99


def test_every_year_has_the_world_at_its_end_with_the_same_states(packaged):
    for year in packaged.years:
        world = packaged.world(year)
        assert world.month == f"{year}-12" and world.states == packaged.states
        assert all(np.isfinite(getattr(world, name)).all() for name in ARRAYS)
    with pytest.raises(UsageError, match="no world of 2025; it holds 1992 to 2024"):
        packaged.world(2025)


def test_worlds_after_2015_say_which_of_their_figures_are_older(packaged):
    assert packaged.recorded("votes") == packaged.recorded("points") == 2015
    assert (packaged.recorded("trade"), packaged.recorded("sanctions"), packaged.recorded("arms")) == (2020, 2023, 2024)
    assert packaged.recorded("something else") == 2024
    late, early = packaged.world(2022).sources, packaged.world(2015).sources
    assert late["trade"]["note"].endswith("trade on file end in 2020") and "on file end" not in early["trade"]["note"]
    assert "on file end" not in late["sanction_trade"]["note"]
    assert packaged.world(2024).sources["sanction_trade"]["note"].endswith("sanctions on file end in 2023")
    assert "votes of 2013 to 2015" in late["alignment"]["note"] and late["alignment"]["date"] == "2015"
    assert late["ideal_point"]["date"] == "2015"


def test_a_world_after_2015_believes_its_votes_less_the_older_they_are(packaged):
    sd = [np.mean(packaged.world(year).alignment_sd[np.triu_indices(40, 1)]) for year in range(2015, 2025)]
    assert all(earlier < later for earlier, later in pairwise(sd))
    assert np.array_equal(packaged.world(2024).ideal_point, packaged.world(2016).ideal_point)


def test_pacts_are_kept_for_the_years_after_the_votes(packaged):
    assert list(packaged.pacts) == list(range(2016, 2025))
    deu, tur, rus = (packaged.states.index(code) for code in ("DEU", "TUR", "RUS"))
    assert all(pact[deu, tur] == pact[tur, deu] == 0.5 and pact[deu, rus] == 0 for pact in packaged.pacts.values())
    prk = packaged.states.index("PRK")
    assert packaged.pacts[2023][prk, rus] < packaged.pacts[2024][prk, rus] == 0.5


def test_the_drivers_of_famous_regimes_begin_and_ease_when_they_did(packaged):
    assert at(packaged, "sanction_trade", 1994, "USA", "IRN") == 0.4
    assert all(at(packaged, "sanction_trade", year, "USA", "IRN") >= 0.9 for year in range(1995, 2016))
    german = [at(packaged, "sanction_trade", year, "DEU", "IRN") for year in (2005, 2009, 2010, 2012, 2014)]
    assert german[0] == 0 and german[1] < german[2] < german[4] < german[3]
    assert at(packaged, "sanction_trade", 2013, "USA", "RUS") == 0 < at(packaged, "sanction_trade", 2014, "USA", "RUS")
    assert min(at(packaged, "sanction_trade", year, "USA", "CUB") for year in packaged.years) == 0.9
    assert at(packaged, "embargo", 2006, "DEU", "IRN") == 0 and at(packaged, "embargo", 2007, "DEU", "IRN") == 0.9
    assert at(packaged, "secondary", 1995, "USA", "IRN") == 0 < at(packaged, "secondary", 1996, "USA", "IRN")
    assert packaged.world(2010).war[packaged.world(2010).index("SYR")] == 0
    assert packaged.world(2012).war[packaged.world(2012).index("SYR")] == 0.7


def test_every_column_of_every_year_has_its_source_and_terms(packaged):
    for entry in packaged.sources["outcomes"].values():
        assert {"title", "author", "year", "url", "unit", "terms", "note"} <= set(entry)
    assert set(packaged.sources["outcomes"]) == {"pi_sq", "ip_dist"}
    for year in (1992, 2015):
        sources = packaged.world(year).sources
        columns = {name for name in ARRAYS if name not in ("milex", "salience")} & set(sources)
        assert len(columns) > 15 and set(ARRAYS) - {"salience"} <= set(sources)
        for column, about in sources.items():
            assert {"title", "author", "year", "unit", "terms", "note", "date"} <= set(about), column
            assert "{" not in about["note"], column
        assert f"to {year}" in sources["alignment"]["note"] and sources["gdp"]["date"] == str(year)
    assert packaged.sources["years"]["2015"]["mapping"][0]["pairs"]


def test_the_packaged_panel_is_small_and_holds_no_series_that_may_not_be_rehosted(packaged):
    files = [path for path in (panel.PACKAGED / "history").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert {path.suffix for path in files} == {".csv", ".yaml"}
    assert not any(packaged.world(year).milex.any() for year in packaged.years)


# --- reading


@pytest.fixture
def good(tmp_path):
    return Path(shutil.copytree(BAD / "good", tmp_path / "panel"))


def test_a_panel_is_read_from_its_folder_or_its_file(good):
    by_folder, by_file = panel.read(good), panel.read(str(good / "panel.yaml"))
    assert by_folder.years == by_file.years == (2001, 2002, 2003)
    assert by_folder.states == ("IRN", "PRK", "RUS")
    assert by_folder.agreement[1, 0, 2] == by_folder.agreement[1, 2, 0] == 0.2
    assert np.isnan(by_folder.agreement[:, 1, 2]).all() and (by_folder.distance[:, 1, 2] == 1.3).all()
    assert [by_folder.world(year).gdp[0] for year in by_folder.years] == [101, 102, 103]
    assert by_folder.world(2002).sources["gdp"]["note"] == "invented for 2002"


def test_a_panel_without_citations_keeps_those_of_its_worlds(good):
    (good / "sources.yaml").unlink()
    (good / "worlds" / "2001" / "sources.yaml").write_text("gdp: {title: mine}\n")
    assert panel.read(good).world(2001).sources == {"gdp": {"title": "mine"}}


def test_an_unknown_panel_is_answered_with_what_there_is(tmp_path):
    with pytest.raises(FileProblem, match=r"did you mean 'history'.*packaged are history"):
        panel.read("histori")
    with pytest.raises(FileProblem, match=r"panel\.yaml"):
        panel.read(tmp_path)
    with pytest.raises(FileProblem, match="no panel"):
        panel.read("../worlds/history")


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_panel_is_told_everything_at_once_with_its_place(good, case):
    shutil.copytree(BAD / case, good, dirs_exist_ok=True)
    removed = BAD / case / "removed.txt"
    for name in removed.read_text().split() if removed.is_file() else ():
        path = good / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    with pytest.raises(InvalidInput) as caught:
        panel.read(good)
    told = [str(problem).replace(str(good), "FOLDER") for problem in caught.value.problems]
    assert told == (BAD / case / "expected.txt").read_text().splitlines()


def test_a_hundred_mistakes_are_counted_and_not_all_printed(good):
    rows = "".join(f"{year},IRN,RUS,0.1,0.1\n" for year in range(1890, 1990))
    (good / "outcomes.csv").write_text((good / "outcomes.csv").read_text() + rows)
    with pytest.raises(InvalidInput, match="and 40 more problems"):
        panel.read(good)


# --- building


def made_up(seed: int = 3) -> Upstream:
    """Official files about five states, 1988 to 2003, with figures drawn at random."""
    rng = np.random.default_rng(seed)
    years = range(1988, 2004)
    pairs = [(a, b) for a in STATES for b in STATES if a != b]
    ordered = [(a, b) for a, b in pairs if a < b]
    by_state = pd.DataFrame([(s, y) for s in STATES for y in years], columns=["state", "year"])
    by_pair = pd.DataFrame([(a, b, y) for a, b in pairs for y in years], columns=["exporter", "importer", "year"])
    dyads = pd.DataFrame([(a, b, y) for a, b in ordered for y in years], columns=["a", "b", "year"])
    votes = [(s, y, f"{y}-{k}", int(rng.integers(1, 4))) for s in STATES for y in years for k in range(12)]
    cases = pd.DataFrame(
        [(k, *pairs[rng.integers(len(pairs))], int(y), int(y + rng.integers(0, 6))) for k, y in enumerate(years)],
        columns=["case", "by", "on", "begin", "end"],
    )
    point = rng.normal(size=len(by_state)) * 0.03  # close together, so that the mapping has a full bin
    kinds = {kind: rng.uniform(0, 0.5, len(cases)) for kind in ("trade", "financial", "symbolic", "embargo")}
    distances = pd.DataFrame([(a, b, float(rng.uniform(500, 9000))) for a, b in pairs], columns=["a", "b", "km"])
    wars = pd.DataFrame(
        [(s, y, int(rng.integers(1, 3)), "") for s in ("RUS", "IRN") for y in range(1990, 2004)],
        columns=["state", "year", "intensity", "opponent"],
    )
    arms = by_pair.rename(columns={"exporter": "supplier", "importer": "recipient"})

    def drawn(frame, **scale):
        return frame.assign(**{name: rng.uniform(0.1, 1, len(frame)) * size for name, size in scale.items()})

    return Upstream(
        gdp=drawn(by_state, value=1e12),
        register=drawn(arms, tiv=300),
        milex=drawn(by_state, value=50),
        gsdb=cases.assign(targets=1, ongoing=cases.end >= 2003, **kinds),
        points=by_state.assign(point=point, low=point - 0.1, high=point + 0.1),
        votes=pd.DataFrame(votes, columns=["state", "year", "item", "vote"]),
        conflicts=wars,
        baci=drawn(by_pair[by_pair.year >= 2000], value=50),
        cow_trade=drawn(by_pair, value=50),
        atop=dyads[(dyads.b == "RUS") & ((dyads.a == "CHN") | (dyads.year > 1999))],
        capabilities=drawn(by_state, cinc=0.1, milex=1e7),
        disputes=dyads.sample(60, random_state=seed).assign(level=4),
        distances=distances,
        democracy=drawn(by_state, value=1),
    )


def otherwise(files: Upstream, year: int) -> Upstream:
    """The same files, with everything that they say of later years said differently."""
    changed = {}
    for name, frame in files._asdict().items():
        if name == "gsdb":
            later = frame.begin > year
            cut = frame.assign(ongoing=frame.ongoing | (frame.end > year), end=frame.end.clip(upper=year + 1))
            changed[name] = pd.concat([cut[~later], frame[later].assign(trade=1.0, embargo=1.0, on="RUS")])
            continue
        if "year" not in frame.columns:
            changed[name] = frame
            continue
        later = frame.year > year
        odd = frame[later].sample(frac=0.7, random_state=1)
        for column in ("value", "tiv", "point", "low", "high", "cinc", "milex"):
            if column in frame.columns:
                odd = odd.assign(**{column: odd[column] * 3 + 1})
        for column, total in (("vote", 4), ("intensity", 3), ("level", 9)):
            if column in frame.columns:
                odd = odd.assign(**{column: total - odd[column]})
        if name == "atop":
            odd = odd.iloc[:0]
        changed[name] = pd.concat([frame[~later], odd])
    return Upstream(**changed)


@pytest.fixture(scope="module")
def files():
    return made_up()


@pytest.fixture(scope="module")
def built(files):
    return history.build("small", range(1998, 2004), files, ",".join(STATES))


def test_a_panel_holds_the_worlds_that_are_built_one_by_one(built, files):
    from alignsim.world.build import build

    for year in (1998, 2003):
        alone = build("alone", f"{year}-12", files, ",".join(STATES))
        assert same(replace(alone, milex=np.zeros(5)), built.world(year)) is None
    assert built.states == STATES and built.years == (1998, 1999, 2000, 2001, 2002, 2003)


def test_outcomes_are_the_votes_and_points_of_the_calendar_year(built, files):
    i, j = STATES.index("IRN"), STATES.index("RUS")
    cast = files.votes[files.votes.year == 2001].pivot(index="item", columns="state", values="vote")
    both = np.concatenate([cast.IRN, cast.RUS])
    by_hand = 1 - ((cast.IRN - cast.RUS) ** 2).mean() / (2 * both.var())
    assert built.agreement[3, i, j] == pytest.approx(by_hand)
    points = files.points[files.points.year == 2001].set_index("state").point
    assert built.distance[3, i, j] == pytest.approx(abs(points.IRN - points.RUS))


def test_two_who_cast_one_and_the_same_vote_all_year_have_no_chance_corrected_agreement():
    votes = np.array([[1.0] * 12, [1.0] * 12, [1.0, 3.0] * 6])
    assert np.isnan(alignment.scott_pi(votes, undefined=np.nan)[0, 1])
    assert alignment.scott_pi(votes, undefined=np.nan)[0, 2] == alignment.scott_pi(votes)[0, 2]


def test_votes_kept_aside_are_neither_in_outcomes_nor_in_worlds(files, tmp_path):
    aside = history.build("aside", (2001, 2002, 2003), files, votes_until=2001)
    rng = np.random.default_rng(1)
    voted, pointed = files.votes.year > 2001, files.points.year > 2001
    other = files._replace(
        votes=files.votes.assign(vote=files.votes.vote.where(~voted, rng.integers(1, 4, len(files.votes)))),
        points=files.points.assign(point=files.points.point.where(~pointed, 2.0)),
    )
    again = history.build("aside", (2001, 2002, 2003), other, votes_until=2001)
    for year in aside.years:
        assert same(aside.world(year), again.world(year)) is None
    assert np.isnan(aside.agreement[1:]).all() and np.isnan(aside.distance[1:]).all()
    assert same(aside.world(2003), history.build("all", (2003,), files).world(2003)) is not None
    assert aside.built["command"].endswith("--votes-until 2001")
    assert list(aside.pacts) == [2002, 2003] and aside.recorded("votes") == 2001
    read_back = panel.read(history.save(aside, tmp_path / "aside"))
    assert all(np.array_equal(read_back.pacts[year], pact) for year, pact in aside.pacts.items())
    assert aside.pacts[2003].any() and read_back.recorded("votes") == 2001


def test_a_year_without_votes_has_blank_outcomes_and_still_a_world(files, tmp_path):
    silent = files._replace(votes=files.votes[files.votes.year < 2002], points=files.points[files.points.year < 2003])
    made = panel.read(
        history.save(history.build("quiet", (2001, 2002, 2003), silent, "IRN,RUS,USA"), tmp_path / "quiet")
    )
    off = ~np.eye(3, dtype=bool)
    assert [bool(np.isfinite(square[off]).all()) for square in made.agreement] == [True, False, False]
    assert np.isnan(made.agreement[1:]).all()
    assert [bool(np.isfinite(square[off]).all()) for square in made.distance] == [True, True, False]
    assert made.world(2003).month == "2003-12"


@pytest.mark.parametrize("year", [1999, 2001])
def test_what_the_files_say_of_later_years_changes_no_world_and_no_outcome_before(built, files, year):
    other = history.build("small", range(1998, 2004), otherwise(files, year), ",".join(STATES))
    for t, each in enumerate(built.years):
        difference = same(built.world(each), other.world(each))
        if each <= year:
            assert difference is None, (each, difference)
            assert np.array_equal(built.agreement[t], other.agreement[t], equal_nan=True)
            assert np.array_equal(built.distance[t], other.distance[t], equal_nan=True)
            assert built.world(each).sources == other.world(each).sources
            assert built.sources["years"][str(each)] == other.sources["years"][str(each)]
        else:
            assert difference is not None
            assert not np.array_equal(built.agreement[t], other.agreement[t], equal_nan=True)


def test_who_has_no_figures_in_one_year_is_left_out_of_all_and_named(files):
    late = files._replace(gdp=files.gdp[(files.gdp.state != "DEU") | (files.gdp.year >= 2000)])
    made = history.build("late", (1999, 2000), late)
    assert made.states == ("CHN", "IRN", "RUS", "USA") and made.world(2000).states == made.states
    assert made.built["left_out"] == {"DEU": "no figures in 1999"}
    with pytest.raises(InvalidInput, match="'DEU' has no figures in 1999-12"):
        history.build("late", (1999, 2000), late, "DEU,IRN")


def test_years_that_cannot_be_are_refused(files):
    for years in ((), (1991, 1992), (1999, 2001), (2001, 2000)):
        with pytest.raises(UsageError, match="consecutive years from 1992"):
            history.build("x", years, files)
    with pytest.raises(UsageError, match="says anything after 2003"):
        history.build("x", (2003, 2004), files)


def test_progress_is_told_year_by_year(files):
    told = []
    history.build("x", (2001, 2002), files, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


# --- writing


def test_writing_and_reading_again_loses_only_digits(built, tmp_path):
    again = panel.read(history.save(built, tmp_path / "small"))
    assert (again.name, again.title, again.states, again.years) == (built.name, built.title, built.states, built.years)
    assert np.allclose(again.agreement, built.agreement, atol=5.1e-4, equal_nan=True)
    assert np.allclose(again.distance, built.distance, atol=5.1e-4, equal_nan=True)
    for year in built.years:
        for name in ARRAYS:
            assert np.allclose(getattr(again.world(year), name), getattr(built.world(year), name), rtol=6e-3), name
    twice = history.save(again, tmp_path / "twice")
    for path in sorted((tmp_path / "small").rglob("*.*")):
        assert (twice / path.relative_to(tmp_path / "small")).read_bytes() == path.read_bytes(), path


def test_a_panel_appears_whole_or_not_at_all(built, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    history.save(built, tmp_path / "small")
    before = (tmp_path / "small" / "outcomes.csv").read_bytes()
    monkeypatch.setattr(history, "write", full)
    with pytest.raises(FileProblem, match="the disk is full"):
        history.save(built, tmp_path / "other")
    with pytest.raises(FileProblem, match="the disk is full"):
        history.save(built, tmp_path / "small", replacing=True)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    assert (tmp_path / "small" / "outcomes.csv").read_bytes() == before


def test_only_a_panel_is_written_over_and_only_when_asked(built, tmp_path):
    history.save(built, tmp_path / "small")
    with pytest.raises(FileProblem, match=r"not empty.*--force"):
        history.save(built, tmp_path / "small")
    (tmp_path / "small" / "stale.txt").write_text("old")
    assert not (history.save(built, tmp_path / "small", replacing=True) / "stale.txt").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(FileProblem, match="holds something that is no panel"):
        history.save(built, tmp_path / "thesis", replacing=True)
    assert (tmp_path / "thesis" / "chapter.txt").exists()


# --- the command line


def run(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--years", "1992-2015"], 2, "write it as 1992:2015"),
        (["--years", "2015:1992"], 2, "write it as 1992:2015"),
        (["--years", "1992:2015", "--from", "nowhere"], 4, "nowhere is not a folder"),
        (["--years", "1992:2015", "--votes-until", "late"], 2, "'late' is not a valid integer"),
    ],
)
def test_the_command_refuses_what_cannot_be(tmp_path, monkeypatch, capsys, words, code, says):
    monkeypatch.chdir(tmp_path)
    left, _, err = run(capsys, "world", "panel", "mine", *words, *([] if "--from" in words else ["--from", "."]))
    assert left == code and says in err and not list(tmp_path.iterdir())


def test_the_command_says_who_was_left_out_and_which_years_are_blank(tmp_path, monkeypatch, capsys, files):
    thin = files._replace(
        votes=files.votes[files.votes.year < 2003],
        gdp=files.gdp[(files.gdp.state != "DEU") | (files.gdp.year >= 2003)],
    )
    monkeypatch.setattr(history, "read", lambda folder: thin)
    monkeypatch.setattr(history, "locate", lambda folder: {})
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "world", "panel", "mine", "--years", "2002:2003", "--from", "data")
    assert code == 0 and out == "mine: 4 states, 2002 to 2003\n"
    assert "left out: DEU, no figures in 2002" in err and "no votes of 2003" in err and "hindcast --panel mine" in err
    made = panel.read(tmp_path / "mine")
    assert made.built["command"] == "alignsim world panel mine --years 2002:2003 --from DATA --states all"


# --- against the official files


@pytest.fixture(scope="module")
def official():
    return read(SHARED / "data")


@pytest.mark.shared
@needs_data
def test_the_packaged_panel_is_what_the_command_builds(official, packaged, tmp_path):
    folder = history.save(history.build("history", (2009,), official, "preset:history"), tmp_path / "history")
    shipped = panel.PACKAGED / "history" / "worlds" / "2009"
    for path in (folder / "worlds" / "2009").iterdir():
        assert path.read_bytes() == (shipped / path.name).read_bytes(), path
    rows = (panel.PACKAGED / "history" / "outcomes.csv").read_text().splitlines()
    assert set((folder / "outcomes.csv").read_text().splitlines()) <= set(rows)


@pytest.mark.shared
@needs_data
def test_a_packaged_world_after_2015_is_what_the_command_builds_whatever_was_voted_since(official, packaged, tmp_path):
    later = official.points.year > 2015
    other = official._replace(points=official.points.assign(point=official.points.point.where(~later, 1.0)))
    for year in (2019, 2024):
        made = history.build("history", (year,), other, "preset:history", votes_until=2015)
        folder = history.save(made, tmp_path / str(year))
        shipped = panel.PACKAGED / "history" / "worlds" / str(year)
        for path in (folder / "worlds" / str(year)).iterdir():
            assert path.read_bytes() == (shipped / path.name).read_bytes(), path


@pytest.mark.shared
@needs_data
def test_no_world_of_a_panel_falls_back_on_ideal_points_of_a_later_year(official):
    later = official.points.year > 2015
    other = official._replace(points=official.points.assign(point=official.points.point.where(~later, 1.0)))
    for year in (2020, 2023):
        first, second = (history.build("late", (year,), files, "IRN,RUS,CHN") for files in (official, other))
        assert same(first.world(year), second.world(year)) is None
        assert first.sources["years"][str(year)]["points"] == "2015"


@pytest.mark.shared
@needs_data
def test_outcomes_equal_the_published_panel(packaged):
    columns = ["iso3_1", "iso3_2", "year", "n_joint", "pi_sq", "ip_dist"]
    other = pd.read_parquet(SHARED / "data" / "panel" / "dyad_year_1990_2025.parquet", columns=columns)
    other = other[
        other.year.between(1992, 2015) & other.iso3_1.isin(packaged.states) & other.iso3_2.isin(packaged.states)
    ]
    place = {code: k for k, code in enumerate(packaged.states)}
    where = (other.year.to_numpy() - 1992, other.iso3_1.map(place).to_numpy(), other.iso3_2.map(place).to_numpy())
    assert len(other) == 24 * 780
    assert np.abs(packaged.distance[where] - other.ip_dist).max() <= 5.1e-4
    theirs = other.pi_sq.where(other.n_joint >= 10).to_numpy()
    assert np.allclose(packaged.agreement[where], theirs, atol=5.1e-4, equal_nan=True)


@pytest.mark.shared
@needs_data
def test_later_rows_of_the_official_files_change_no_panel_before_them(official):
    cut = history.build("cut", (2008,), otherwise(official, 2008), "preset:history")
    full = history.build("full", (2008,), official, "preset:history")
    assert same(cut.world(2008), full.world(2008)) is None
    assert np.array_equal(cut.agreement, full.agreement, equal_nan=True)
    assert np.array_equal(cut.distance, full.distance, equal_nan=True)


@pytest.mark.shared
@needs_data
def test_a_year_after_the_votes_on_file_has_a_distance_where_there_are_ideal_points(official):
    late = history.build("late", (2023, 2024), official, "IRN,RUS,CHN")
    assert np.isnan(late.agreement).all() and np.isnan(late.distance[0]).all()
    assert np.isfinite(late.distance[1][np.triu_indices(3, 1)]).all()


def test_all_files_of_votes_are_found_and_ideal_points_of_one_edition_alone(tmp_path):
    from alignsim.world.upstream import FILES, locate

    for patterns in FILES.values():
        (tmp_path / patterns[0].replace("*", "")).write_text("x")
    (tmp_path / "UNVotes.csv").write_text("more than x")
    (tmp_path / "unga_rollcall_later.parquet").write_text("xx")
    (tmp_path / "Idealpoints.csv").write_text("xx")
    found = locate(tmp_path)
    assert [path.name for path in found["votes"]] == [
        "UNVotes.csv", "unga_rollcall_later.parquet", "unga_rollcall.parquet"
    ]  # fmt: skip
    assert [path.name for path in found["points"]] == ["ideal_points.tab"]


def test_a_second_file_of_votes_adds_the_years_that_the_first_does_not_hold():
    from alignsim.world.upstream import _together

    first = pd.DataFrame({"state": ["IRN", "IRN"], "year": [2014, 2015], "vote": [1, 2]})
    second = pd.DataFrame({"state": ["IRN", "IRN"], "year": [2015, 2016], "vote": [3, 3]})
    assert _together([first, second]).values.tolist() == [["IRN", 2014, 1], ["IRN", 2015, 2], ["IRN", 2016, 3]]
