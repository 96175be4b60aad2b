"""The hindcast: nothing leaks, the observation model finds what is planted, and the table says what was scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignsim.api import calibrate
from alignsim.errors import UsageError
from alignsim.mechanisms.priors import Normal
from alignsim.study.hindcast import engine, fitting, observation, past, report
from alignsim.study.hindcast.groups import FOUNDING, among, groups, matched
from alignsim.world.build import subset
from alignsim.world.panel import Panel, read

FEW = ["CHN", "CUB", "DEU", "GBR", "IRN", "MMR", "PRK", "RUS", "SDN", "SYR", "UKR", "USA"]


@pytest.fixture(scope="module")
def whole() -> Panel:
    return read()


@pytest.fixture(scope="module")
def small(whole) -> Panel:
    """Sixteen states of the packaged panel."""
    keep = [whole.states.index(code) for code in FEW]
    pick = np.ix_(range(len(whole.years)), keep, keep)
    worlds = {year: subset(whole.world(year), FEW) for year in whole.years}
    return replace(
        whole, states=tuple(FEW), agreement=whole.agreement[pick], distance=whole.distance[pick], worlds=worlds
    )


WINDOW = engine.Window(train=(1992, 2006), test=(2007, 2009), horizons=(1, 3))
NAMES = ["no mechanisms", "consent, signed", "one coefficient"]


@pytest.fixture(scope="module")
def found(small):
    return engine.hindcast(small, WINDOW, NAMES, runs=4)


def changed_after(panel: Panel, origin: int) -> Panel:
    """The same past, and after the origin other votes, trade, arms, output, views: all but what is fed in."""
    rng = np.random.default_rng(5)
    later = np.array(panel.years) > origin
    agreement, distance = panel.agreement.copy(), panel.distance.copy()
    agreement[later] = rng.uniform(-0.5, 0.9, agreement[later].shape)
    distance[later] = rng.uniform(0, 3, distance[later].shape)
    worlds = dict(panel.worlds)
    for year in np.array(panel.years)[later]:
        own = worlds[int(year)]
        other = {
            name: getattr(own, name) * rng.uniform(0.3, 3.0, getattr(own, name).shape)
            for name in ("gdp", "home", "arms_capacity", "replenishment", "milex", "trade", "oil", "arms")
        }
        other |= {name: rng.uniform(0, 1, getattr(own, name).shape) for name in ("know_how", "democracy", "position")}
        other["alignment"] = rng.uniform(-0.9, 0.9, own.alignment.shape)
        worlds[int(year)] = replace(own, **other)
    return replace(panel, agreement=agreement, distance=distance, worlds=worlds)


def test_nothing_after_the_origin_but_the_declared_drivers_changes_a_forecast(small, found):
    last = WINDOW.train[1]
    other = engine.hindcast(changed_after(small, last), WINDOW, NAMES, runs=4)
    for before, after in zip(found.cases, other.cases, strict=True):
        here, there = before.origin == last, after.origin == last
        at = dict(zip(zip(after.first[there], after.second[there], strict=True), np.flatnonzero(there), strict=True))
        common = [(k, at[pair]) for k in np.flatnonzero(here) if (pair := (before.first[k], before.second[k])) in at]
        assert common
        mine, theirs = (np.array(column) for column in zip(*common, strict=True))
        for name, kept in before.forecasts.items():
            for quantity in ("mean", "q05", "q95"):
                np.testing.assert_array_equal(kept[quantity][mine], after.forecasts[name][quantity][theirs])


def test_a_declared_driver_after_the_origin_does_change_the_forecast(small):
    calm = past.plan(small, 2006, 3, runs=2, fed=False)
    fed = past.plan(small, 2006, 3, runs=2)
    assert not calm.branches["baseline"] and fed.branches["baseline"]
    without, with_drivers = (engine.drivens([plan], [(3,)])[0].tie for plan in (calm, fed))
    assert np.abs(without).max() < 1e-9
    assert np.abs(with_drivers).max() > 1e-3


def test_drivers_take_the_values_of_the_later_worlds_in_july(small):
    plan = past.plan(small, 2006, 3, runs=1)
    batch = plan.batch(np.arange(1))
    from alignsim.kernel import Timeline

    timeline = Timeline(plan.eve, plan.branches["baseline"], batch.happened)
    for month, year in ((6, 2006), (7, 2007), (18, 2007), (19, 2008), (36, 2009)):
        for driver in past.FED:
            np.testing.assert_array_equal(getattr(timeline.at(month), driver)[0], getattr(small.world(year), driver))


def test_issues_that_a_later_world_brings_in_do_not_reach_a_forecast(small):
    counts = {len(small.world(year).issues) for year in small.years}
    assert len(counts) > 1
    for origin in range(1994, 2015):
        for effect in past.effects(small, origin, min(5, 2015 - origin)):
            if effect.driver == "salience":
                assert effect.index[0].max() < len(small.world(origin).issues)


def planted(loading: float, seed: int = 0, n: int = 24, years: int = 14, noise: float = 0.06):
    """A record in which ties keep their place but for a known change and noise of a known size."""
    rng = np.random.default_rng(seed)
    scale = observation.SCALES["agreement"]

    def symmetric(x):
        return np.triu(x, 1) + np.triu(x, 1).swapaxes(-1, -2)

    level = symmetric(rng.normal(0.1, 0.4, (n, n)))
    changes = {year: symmetric(rng.normal(0, 0.1, (n, n))) for year in range(years)}
    z = [level]
    for year in range(years):
        z.append(z[-1] + loading * changes[year] + symmetric(rng.normal(0, noise, (n, n))))
    off = np.where(np.eye(n, dtype=bool), np.nan, 0.0)
    agreement = scale.back(np.stack(z)) + off
    record = {"agreement": agreement, "distance": np.abs(agreement - 1.0)}
    return [
        (observation.features({k: v[: y + 1] for k, v in record.items()}, "agreement"), changes[y], agreement[y + 1])
        for y in range(3, years)
    ]


@pytest.mark.parametrize("loading", [0.0, 0.5, 1.0])
def test_the_loading_of_a_planted_change_is_found(loading):
    assert observation.fit("agreement", planted(loading)).loading == pytest.approx(loading, abs=0.03)


def test_a_theory_that_is_wrong_about_the_sign_is_silenced_and_not_turned_round():
    turned = [(x, -change, seen) for x, change, seen in planted(1.0)]
    assert observation.fit("agreement", turned).loading == 0.0


def on_a_line(seed: int = 0, n: int = 24, years: int = 24, step: float = 0.12):
    """A record of states that walk on one line, whose unit of length is another one each year."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=n) + np.cumsum(rng.normal(0, step, (years, n)), axis=0)
    apart = np.abs(places[:, :, None] - places[:, None]) * np.exp(rng.normal(0, 0.05, (years, 1, 1)))
    off = np.where(np.eye(n, dtype=bool), np.nan, 0.0)
    return {"agreement": np.tanh(1.0 - apart) + off, "distance": apart + off}


def distances(record: dict, outcomes: range, horizon: int = 1):
    still = np.zeros(record["distance"].shape[1:])
    return [
        (
            observation.features({k: v[: year + 1 - horizon] for k, v in record.items()}, "distance"),
            still,
            record["distance"][year],
        )
        for year in outcomes
    ]


@pytest.mark.parametrize("outcome", observation.VOTES)
def test_votes_are_believed_halfway_between_least_squares_and_the_plain_rule(outcome):
    cases = planted(0.0) if outcome == "agreement" else distances(on_a_line(), range(4, 20))
    fitted, plain = (observation.fit(outcome, cases, trust=trust).level for trust in (1.0, 0.0))
    assert plain.tolist() == [2 / 3, 1 / 3, 0.0, 0.0]
    assert np.abs(fitted - plain).max() > 0.05
    np.testing.assert_allclose(observation.fit(outcome, cases).level, (fitted + plain) / 2, atol=1e-12)


def test_flows_are_believed_by_least_squares_alone():
    rng = np.random.default_rng(2)
    flows = np.exp(rng.normal(-4, 1, (1, 20, 20)) + np.cumsum(rng.normal(0, 0.3, (16, 20, 20)), axis=0))
    past = {"trade": np.minimum(flows, 1.0) + np.where(np.eye(20, dtype=bool), np.nan, 0.0)}
    cases = [
        (observation.features({"trade": past["trade"][: y + 1]}, "trade"), np.zeros((20, 20)), past["trade"][y + 1])
        for y in range(3, 15)
    ]
    np.testing.assert_array_equal(
        observation.fit("trade", cases).level, observation.fit("trade", cases, trust=1.0).level
    )


def test_the_unit_of_ideal_points_is_a_unit_and_no_more():
    record = on_a_line()
    longer = record | {"distance": 3.0 * record["distance"]}
    (known, still, _), (other, _, _) = (distances(r, range(22, 23))[0] for r in (record, longer))
    one, three = (observation.fit("distance", distances(r, range(4, 20))) for r in (record, longer))
    members = one.forecast(known, still[None], 40)
    # agreement is the same in both, so that nothing else differs
    np.testing.assert_allclose(three.forecast(other, still[None], 40), 3.0 * members, rtol=1e-6)


def test_distances_are_never_below_nil_and_a_closer_tie_never_parts_two_states():
    record = on_a_line()
    model = replace(observation.fit("distance", distances(record, range(4, 20))), loading=1.0)
    known, still, _ = distances(record, range(22, 23))[0]
    upper = np.triu_indices(len(still), 1)
    assert np.nanmin(model.forecast(known, still[None], 200)) >= 0
    before, slightly, much = (
        np.median(model.forecast(known, still[None] + closer, 200), axis=0)[upper] for closer in (0.0, 0.1, 50.0)
    )
    assert before.min() > 0
    assert (slightly <= before + 1e-9).all()
    assert (much <= before + 1e-9).mean() > 0.95
    assert much.max() < 4 * known.unit * model.widths[1]


def test_who_joins_a_panel_later_is_no_common_move():
    record = on_a_line()
    known, still, seen = distances(record, range(20, 21))[0]
    few = known._replace(rows=known.rows.copy())
    near = np.nanmean(known.rows[0], axis=0).argsort()[:18]
    absent = np.setdiff1d(np.arange(len(seen)), near)
    few.rows[:, absent] = few.rows[:, :, absent] = np.nan
    model = observation.fit("distance", [(few, still, known.rows[0] * known.unit)] * 2)
    assert model.common == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("horizon", [1, 4])
def test_intervals_of_distances_hold_as_often_as_they_say(horizon):
    held = []
    for seed in range(6):
        record = on_a_line(seed, years=36)
        model = observation.fit("distance", distances(record, range(8, 26), horizon))
        for known, still, seen in distances(record, range(30, 36), horizon):
            members = model.forecast(known, still[None], 200)
            upper = np.triu_indices(len(seen), 1)
            low, high = np.quantile(members[:, upper[0], upper[1]], (0.05, 0.95), axis=0)
            held.append(((seen[upper] >= low) & (seen[upper] <= high)).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.04)


def test_intervals_hold_as_often_as_they_say_on_planted_data():
    cases = planted(1.0, years=24)
    model = observation.fit("agreement", cases[:12])
    held = []
    for x, change, seen in cases[12:]:
        members = model.forecast(x, change[None], 400)
        upper = np.triu_indices(len(seen), 1)
        low, high = np.quantile(members[:, upper[0], upper[1]], (0.05, 0.95), axis=0)
        held.append(((seen[upper] >= low) & (seen[upper] <= high)).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_a_pair_without_record_is_placed_by_what_the_others_say():
    rng = np.random.default_rng(3)
    places = rng.normal(size=(20, 2)) * 0.5
    agreement = places @ places.T
    holes = agreement.copy()
    holes[1, 4] = holes[4, 1] = np.nan
    guessed = observation.bloc_order(holes)[1, 4]
    assert abs(guessed - agreement[1, 4]) < 0.3 * np.std(agreement[~np.eye(20, dtype=bool)])


def test_windows_that_cannot_be_are_refused_with_a_way_out(small):
    for window, words in (
        (engine.Window((1980, 2008), (2009, 2015)), "has the years 1992 to 2024"),
        (engine.Window((1992, 2010), (2009, 2015)), "use --test 2011:2015"),
        (engine.Window((1992, 1996), (1999, 2015)), "train to 1997 or later for a horizon of 1, to 2001 or later for"),
    ):
        with pytest.raises(UsageError, match=words):
            window.check(small)


def test_no_origin_learns_from_a_year_it_is_judged_by():
    window = engine.Window()
    for horizon in window.horizons:
        assert max(window.learning(horizon)) + horizon <= window.train[1]
        assert min(window.judged(horizon)) >= window.train[1]
        assert {o + horizon for o in window.judged(horizon)} <= set(range(2009, 2016))


def test_controls_are_no_senders_and_never_treated_and_as_many_as_can_be(whole):
    together = past.co_sanctioned(whole, 2006, 3)
    controls = matched(whole, 2006, 3, together)
    senders = np.isin(whole.states, whole.world(2006).senders)
    assert together.any() and not (controls & together).any()
    assert not controls[senders].any() and (controls == controls.T).all()
    assert controls.sum() == together.sum()


def test_groups_are_symmetric_and_the_founding_pair_is_one_pair(whole):
    for name, mask in groups(whole, 2008, 5).items():
        assert (mask == mask.T).all() and not mask.diagonal().any(), name
    assert among(whole, (FOUNDING,)).sum() == 2


def test_every_forecaster_is_scored_on_the_same_cases(found):
    table = report.rows(found)
    for outcome in engine.OUTCOMES:
        counts = {r["n"] for r in table if (r["outcome"], r["group"], r["horizon"]) == (outcome, "all pairs", 3)}
        assert len(counts) == 1
    skills = {r["value"] for r in table if r["score"] == "crps skill" and r["forecaster"] == "persistence"}
    assert skills == {0.0}
    assert any(
        line.startswith("Agreement in UN votes: consent, signed against") for line in report.in_words(table, NAMES[1])
    )


def test_what_is_fitted_never_holds_the_founding_pair(whole):
    pair = among(whole, (FOUNDING,))
    for summary in fitting.SUMMARIES:
        for origin in (1995, 2003):
            assert not (fitting.group(whole, origin, summary.horizon, summary.group) & pair).any()


def test_summaries_of_the_record_ignore_the_founding_pair(small):
    stretches = fitting._stretches(small, WINDOW, "signed", 1)
    observed, _ = fitting.record(small, WINDOW, stretches)
    pair = among(small, (FOUNDING,))
    agreement = np.where(pair, 0.9, small.agreement)
    moved, _ = fitting.record(replace(small, agreement=agreement), WINDOW, stretches)
    # the pair is among "all others", one of a hundred; it is in no group
    assert np.abs(moved - observed).max() < 0.02


def test_simulated_summaries_do_not_depend_on_the_chunk_or_on_other_rows(small):
    target = fitting.target(small, WINDOW, "signed")
    u = np.random.default_rng(1).random((3, len(target.names)))
    together = target.simulate(u, 9)
    np.testing.assert_allclose(target.simulate(u[:2], 9), together[:2], rtol=1e-9, atol=1e-12)


def test_a_number_that_is_fitted_as_well_is_felt_where_it_should_be_and_nowhere_at_nil(small):
    """Solidarity moves pairs of targets more than sanctioners and targets, up or down by its sign."""
    plain = fitting.target(small, WINDOW, "signed")
    also = fitting.target(small, WINDOW, "signed", also={"solidarity.weight": Normal(0.0, 0.15)})
    assert also.names == (*plain.names, "solidarity.weight") and also.key != plain.key
    u = np.random.default_rng(1).random((2, len(plain.names)))
    without = plain.simulate(u, 9)
    nil, more, less = (also.simulate(np.hstack([u, np.full((2, 1), at)]), 9) for at in (0.5, 0.84, 0.16))
    np.testing.assert_allclose(nil, without, rtol=1e-9, atol=1e-12)
    place = {summary.name: k for k, summary in enumerate(fitting.SUMMARIES)}
    together = place["two targets, one of them new, 5 years"]
    apart = place["a sanctioner and its new target, 5 years"]
    assert (more - nil)[:, together].min() > 0.002 and (less - nil)[:, together].max() < -0.002
    assert np.abs(more - nil)[:, apart].max() < np.abs(more - nil)[:, together].min()


@pytest.mark.parametrize(
    ("train", "words"),
    [((1980, 1999), "has the years 1992 to"), ((2000, 2040), "reaches beyond it"), ((2000, 2003), "train to 2009 or")],
)
def test_a_calibration_on_years_that_do_not_serve_says_which_would(train, words):
    with pytest.raises(UsageError, match=words):
        fitting.target(read(), engine.Window(train=train), "signed")


def test_the_record_is_fitted_from_all_rows_of_the_table(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(fitting, "calibrated", lambda *_, settings, **__: asked.append(settings.share) or (None, None))
    monkeypatch.setattr(fitting, "save", lambda *_: {})
    assert calibrate(belief="signed", jobs=1, out=tmp_path) == {"signed": {}}
    assert asked == [1.0]


def test_a_calibration_on_years_without_votes_is_refused():
    panel = read()
    blank = replace(
        panel, agreement=np.full_like(panel.agreement, np.nan), distance=np.full_like(panel.distance, np.nan)
    )
    with pytest.raises(UsageError, match="0 pairs on record"):
        fitting.target(blank, engine.Window(), "signed")
