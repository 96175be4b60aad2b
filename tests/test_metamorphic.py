"""What must not matter does not matter, and what is the same said otherwise gives the same."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from alignsim.arrays import DRIVER_AXES, Drivers
from alignsim.kernel import Effect, Timeline, no_drivers
from alignsim.mechanisms import armament, arms, substitution, trust
from alignsim.mechanisms.priors import Constant, HalfNormal
from worlds import (
    NO_NOISE,
    PROPERTY,
    SEEDS,
    SIZES,
    SNAPSHOT_AXES,
    Case,
    case,
    defaults,
    drawn,
    effect,
    events,
    fitted_tightly,
    furthest,
    given,
    names,
    noise,
    plan,
    quiet,
    relabelled,
    rows_of,
    same_bytes,
)

MONTHS = 3


def bitwise(one: Case, other: Case) -> bool:
    return all(same_bytes(a, b) for a, b in zip(one.run(), other.run(), strict=True))


# --- drivers ----------------------------------------------------------------------------------------------------


def month_by_hand(eve: Drivers, effects: list[Effect], happened: np.ndarray, month: int, run: int) -> dict:
    """The drivers of one run and month, effect by effect and place by place."""
    now = {f.name: getattr(eve, f.name)[0].copy() for f in fields(Drivers)}
    for e in effects:
        if not e.first <= month <= e.last or (e.uncertain >= 0 and not happened[run, e.uncertain]):
            continue
        for place in zip(*e.index, strict=True):
            old = now[e.driver][place]
            new = {"set": e.value, "raise": max(old, e.value), "scale": old * e.value, "add": old + e.value}
            now[e.driver][place] = new[e.operation]
    return now


@PROPERTY
@for_all(SEEDS, SIZES)
def test_a_months_drivers_are_the_eves_and_every_effect_in_order(seed: int, n: int):
    busy = case(n, seed, runs=3, months=MONTHS, coins=2, per_driver=3)
    timeline = busy.timeline
    for month in (0, *range(1, MONTHS + 2), 2):  # also backwards
        drivers = timeline.at(month)
        for run in range(3):
            for name, expected in month_by_hand(busy.world.eve, busy.effects, busy.happened, month, run).items():
                x = getattr(drivers, name)
                assert np.array_equal(x[run if len(x) > 1 else 0], expected, equal_nan=True), (name, month)


def test_effects_leave_the_eve_as_it_was():
    eve = Drivers(**no_drivers(3, 2))
    Timeline(eve, events(3, 2, 4, seed=1, per_driver=5), np.zeros((2, 0), bool)).at(2)
    for name, x in no_drivers(3, 2).items():
        assert np.array_equal(getattr(eve, name), x, equal_nan=True)


# --- events -----------------------------------------------------------------------------------------------------


@PROPERTY
@for_all(SEEDS, SIZES)
def test_an_event_after_the_end_or_of_no_size_changes_nothing(seed: int, n: int):
    busy = case(n, seed, months=MONTHS)
    late = [replace(e, first=MONTHS + 1, last=MONTHS + 9) for e in events(n, 3, MONTHS, seed + 1)]
    idle = [effect("deal", (0, 1), 0.0, how="add"), effect("arsenal", 1, 1.0, how="scale")]
    idle += [effect("sanction_trade", (0, 1), 0.0, how="raise"), effect("meeting", [(0, 1), (1, 0)], 0.0, how="add")]
    assert bitwise(busy, replace(busy, effects=[*busy.effects, *idle, *late]))


@PROPERTY
@for_all(SEEDS, SIZES, st.integers(2, MONTHS))
def test_an_event_changes_nothing_before_it_happens(seed: int, n: int, first: int):
    busy = case(n, seed, months=MONTHS)
    later = [replace(e, first=max(e.first, first), last=max(e.last, first)) for e in events(n, 3, MONTHS, seed + 1)]
    one, other = busy.run(), replace(busy, effects=[*busy.effects, *later]).run()
    assert all(same_bytes(a, b) for a, b in zip(one[:first], other[:first], strict=True))
    assert not same_bytes(one[first], other[first])


@PROPERTY
@for_all(SEEDS, SIZES, st.sampled_from(sorted(DRIVER_AXES)))
def test_an_event_told_in_two_parts_is_the_same_event(seed: int, n: int, driver: str):
    busy = case(n, seed, months=MONTHS, per_driver=1)
    lasting = [replace(e, first=2, last=5) for e in busy.effects if e.driver == driver]
    rest = [e for e in busy.effects if e.driver != driver]
    parts = [replace(e, first=a, last=b) for e in lasting for a, b in ((2, 3), (4, 5))]
    assert bitwise(replace(busy, effects=[*rest, *lasting]), replace(busy, effects=[*rest, *parts]))


@PROPERTY
@for_all(SEEDS, SIZES)
def test_sanctions_listed_in_another_order_are_the_same_sanctions(seed: int, n: int):
    busy = case(n, seed, months=MONTHS)
    raised = [e for e in busy.effects if e.operation == "raise"]
    assert bitwise(replace(busy, effects=raised), replace(busy, effects=raised[::-1]))


@PROPERTY
@for_all(SEEDS, SIZES)
def test_a_deal_in_two_halves_is_one_deal(seed: int, n: int):
    busy = replace(case(n, seed, months=MONTHS), effects=[])
    whole = replace(busy, effects=[effect("deal", (0, 1), 5.0, 2, 4, how="add")]).run()
    halves = replace(busy, effects=[effect("deal", (0, 1), 2.5, 2, 4, how="add")] * 2).run()
    assert max(furthest(a, b)[0] for a, b in zip(whole, halves, strict=True)) < 1e-14


@PROPERTY
@for_all(SEEDS, SIZES)
def test_an_uncertain_event_is_the_certain_one_where_it_happens_and_none_where_not(seed: int, n: int):
    busy = replace(case(n, seed, runs=4, months=MONTHS), happened=np.array([[True], [False], [True], [False]]))
    certain = [replace(e, uncertain=-1) for e in busy.effects]
    new = events(n, 3, MONTHS, seed + 1, per_driver=1)
    maybe = replace(busy, effects=[*certain, *(replace(e, uncertain=0) for e in new)]).run()
    with_it, without = replace(busy, effects=[*certain, *new]).run(), replace(busy, effects=certain).run()
    for drawn_, yes, no in zip(maybe, with_it, without, strict=True):
        assert same_bytes(rows_of(drawn_, [0, 2]), rows_of(yes, [0, 2]))
        assert same_bytes(rows_of(drawn_, [1, 3]), rows_of(no, [1, 3]))


@PROPERTY
@for_all(SEEDS, SIZES, st.integers(1, 4))
def test_without_noise_the_same_events_later_have_the_same_effects_later(seed: int, n: int, delay: int):
    world, values = given(n, 1, seed=seed), drawn(1, n, seed, wide=True)
    happening = events(n, 4, MONTHS, seed)
    later = [replace(e, first=e.first + delay, last=e.last + delay) for e in happening]
    coins = np.zeros((1, 0), bool)
    with fitted_tightly():
        soon = Case(world, values, happening, coins, quiet(world, MONTHS)).run()
        late = Case(world, values, later, coins, quiet(world, MONTHS + delay)).run()
    assert max(furthest(a, b)[0] for a, b in zip(soon, late[delay:], strict=True)) < 1e-9


@PROPERTY
@for_all(SEEDS, SIZES)
def test_two_simulations_in_a_row_are_one(seed: int, n: int):
    """The state at the end of a month is all that the next one needs."""
    from alignsim.theories import consent

    busy = case(n, seed, months=MONTHS)
    whole = busy.run()
    middle, eve, timeline = whole[3], busy.eve, busy.timeline
    for month in range(4, MONTHS + 1):
        middle = consent.step(middle, timeline.at(month), busy.shocks[month - 1], eve)
    assert same_bytes(middle, whole[-1])


# --- units ------------------------------------------------------------------------------------------------------


@PROPERTY
@for_all(SEEDS, SIZES, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_units_of_output_trade_and_oil_do_not_matter(seed: int, n: int, gdp: float, trade: float, oil: float):
    busy = case(n, seed, months=MONTHS)
    world = busy.world
    otherwise = replace(world, gdp=gdp * world.gdp, trade=trade * world.trade, oil=oil * world.oil)
    with fitted_tightly():
        usual, other = busy.run()[-1], replace(busy, world=otherwise).run()[-1]
    off, where = furthest(usual, replace(other, trade=other.trade / trade))
    assert off < 1e-8, f"{where} is off by {off:.1e}"


ARMS_UNITS = [(arms, "SCALE"), (arms, "LESSON"), (armament, "SCALE"), (trust, "SCALE"), (substitution, "FLOOR")]


@PROPERTY
@for_all(SEEDS, SIZES, st.sampled_from([0.1, 7.0, 300.0]))
def test_the_unit_of_arms_matters_only_through_the_constants_that_carry_it(seed: int, n: int, factor: float):
    busy = case(n, seed, months=MONTHS)
    world = busy.world
    scaled = {name: factor * getattr(world, name) for name in ("capacity", "replenishment", "arms")}
    deals = [replace(e, value=factor * e.value) if e.driver == "deal" else e for e in busy.effects]
    with fitted_tightly():
        usual = busy.run()[-1]
        with pytest.MonkeyPatch.context() as patch:
            for module, constant in ARMS_UNITS:
                patch.setattr(module, constant, factor * getattr(module, constant))
            other = replace(busy, world=replace(world, **scaled), effects=deals).run()[-1]
    for name in ("deliveries", "stream"):
        expected = getattr(usual, name)
        assert np.abs(getattr(other, name) / factor - expected).max() < 1e-8 * (1.0 + expected.max())
    off, where = furthest(usual, other, but=("deliveries", "stream"))
    assert off < 1e-8, f"{where} is off by {off:.1e}"


def test_a_tiv_is_not_an_arbitrary_unit():
    busy = case(5, seed=1)
    scaled = {name: 7.0 * getattr(busy.world, name) for name in ("capacity", "replenishment", "arms")}
    other = replace(busy, world=replace(busy.world, **scaled)).run()[-1]
    assert furthest(busy.run()[-1], other, but=("deliveries", "stream"))[0] > 1e-3


# --- what nobody can see ----------------------------------------------------------------------------------------


@PROPERTY
@for_all(SEEDS, SIZES)
def test_oil_of_no_consequence_has_none(seed: int, n: int):
    busy = case(n, seed, months=MONTHS, oil_rivalry__weight=0.0)
    other = replace(busy, world=replace(busy.world, oil=busy.world.oil[::-1].copy()))
    assert all(furthest(a, b)[0] == 0.0 for a, b in zip(busy.run(), other.run(), strict=True))


@PROPERTY
@for_all(SEEDS, SIZES)
def test_an_issue_nobody_attends_to_changes_nothing(seed: int, n: int):
    busy = case(n, seed, months=MONTHS, issues=3)
    world, blind = busy.world, [e for e in busy.effects if e.driver not in ("position_set", "salience")]
    busy = replace(busy, effects=blind)

    def wider(x: np.ndarray, fill: float) -> np.ndarray:
        return np.concatenate([x, np.full((*x.shape[:-1], 1), fill)], axis=-1)

    eve = replace(
        world.eve,
        salience=wider(world.eve.salience, 1.0),
        position_set=wider(world.eve.position_set, np.nan),
    )
    larger = replace(world, attention=wider(world.attention, 0.0), position=wider(world.position, 0.4), eve=eve)
    shocks = [replace(s, position=wider(s.position, 1.0)) for s in busy.shocks]
    # Salience is shared out over the number of issues, so the reference change has to shrink with it.
    values = busy.values | {"common_interests.reference": busy.values["common_interests.reference"] * 3 / 4}
    one, other = busy.run()[-1], replace(busy, world=larger, shocks=shocks, values=values).run()[-1]
    assert np.abs(one.z - other.z).max() < 1e-12
    assert np.abs(one.position - other.position[..., :3]).max() < 1e-14


@PROPERTY
@for_all(SEEDS, SIZES)
def test_naming_the_enforcers_changes_nothing(seed: int, n: int):
    busy = case(n, seed, months=MONTHS)
    acting = {int(s) for s in np.flatnonzero(busy.world.eve.secondary[0].any(axis=1))}
    acting |= {int(e.index[0][0]) for e in busy.effects if e.driver == "secondary"}
    named = replace(busy, world=replace(busy.world, enforcers=np.array(sorted(acting), dtype=np.intp)))
    with fitted_tightly():
        assert max(furthest(a, b)[0] for a, b in zip(busy.run(), named.run(), strict=True)) < 1e-10


# --- plans ------------------------------------------------------------------------------------------------------


def small_plan(n: int = 5, seed: int = 3, **changes: object):
    from alignsim.plan.plan import Coin

    world = given(n, 1, seed=seed)
    happening = [replace(e, uncertain=0 if k % 3 == 0 else -1) for k, e in enumerate(events(n, 4, 10, seed))]
    branches = {"baseline": [], "pressed": happening, "again": happening}
    return world, plan(world, names(n), branches, coins=(Coin(77, 0.5, "a coin"),), **changes)


def snapshots_of(compiled, branch: str, runs: np.ndarray) -> list:
    batch = compiled.batch(runs)
    return list(batch.simulate(branch, batch.shocks()))


def test_branches_with_the_same_events_are_the_same_to_the_last_bit():
    _, compiled = small_plan()
    one, other = (snapshots_of(compiled, branch, np.arange(6)) for branch in ("pressed", "again"))
    assert all(same_bytes(a, b) for a, b in zip(one, other, strict=True))
    baseline = snapshots_of(compiled, "baseline", np.arange(6))
    assert same_bytes(one[0], baseline[0])
    assert not same_bytes(one[-1], baseline[-1])


def test_runs_of_a_plan_do_not_depend_on_the_batch_they_are_in():
    """Nor does any of what is drawn: parameters, attempts, coins, initial doubt."""
    _, compiled = small_plan(n=7)
    tighter = {"shared_friends.weight": HalfNormal(0.5), "shared_friends.reference": Constant(0.03)}
    compiled = replace(compiled, priors={**compiled.priors, **tighter})
    whole = compiled.batch(np.arange(24))
    assert whole.draws.attempts.max() > 1  # some were drawn anew, which is the harder case
    assert 0 < whole.happened.sum() < 24
    for chunk in (np.arange(0, 5), np.arange(5, 6), np.arange(6, 24)):
        part = compiled.batch(chunk)
        assert np.array_equal(part.happened, whole.happened[chunk])
        assert np.array_equal(part.draws.attempts, whole.draws.attempts[chunk])
        assert part.draws.gain.tobytes() == whole.draws.gain[chunk].tobytes()
        for path, value in part.draws.values.items():
            assert value.tobytes() == np.ascontiguousarray(whole.draws.values[path][chunk]).tobytes(), path
        here, there = snapshots_of(compiled, "pressed", chunk), snapshots_of(compiled, "pressed", np.arange(24))
        assert all(same_bytes(a, rows_of(b, chunk)) for a, b in zip(here, there, strict=True))


def test_runs_of_a_plan_can_be_asked_for_in_any_order():
    _, compiled = small_plan(n=7)
    order = np.array([9, 2, 17, 5, 0, 11])
    here, there = snapshots_of(compiled, "pressed", order), snapshots_of(compiled, "pressed", np.arange(18))
    assert all(same_bytes(a, rows_of(b, order)) for a, b in zip(here, there, strict=True))


def test_noise_belongs_to_the_states_and_not_to_their_order():
    """A world that lists its states in another order is the same world: ties meet the shocks of their names."""
    world, compiled = small_plan(n=5)
    order = np.array([3, 0, 4, 2, 1])
    calm = Case(world, {}, list(compiled.branches["pressed"]), np.zeros((1, 0), bool), [])
    moved = calm.relabelled(order)
    other = plan(
        moved.world, np.array(names(5))[order].tolist(), {"baseline": [], "pressed": moved.effects, "again": []},
        coins=compiled.coins,
    )  # fmt: skip
    runs = np.arange(6)
    with fitted_tightly():
        here, there = snapshots_of(compiled, "pressed", runs), snapshots_of(other, "pressed", runs)
    for a, b in zip(here, there, strict=True):
        for name, axes in SNAPSHOT_AXES.items():
            expected = relabelled(getattr(a, name), order, axes)
            assert np.abs(expected - getattr(b, name)).max() < 1e-8 * max(1.0, np.abs(expected).max()), name


def test_one_more_state_changes_no_draw_of_those_already_there():
    world, compiled = small_plan(n=5, seed=3)
    larger = plan(given(6, 1, seed=4), (*names(5), "ZZZ"), {"baseline": []}, coins=compiled.coins)
    runs = np.arange(6)
    few, more = compiled.noise(runs).months(1, 3), larger.noise(runs).months(1, 3)
    for a, b in zip(few, more, strict=True):
        assert np.array_equal(a.alignment, b.alignment[:, :5, :5])
        assert np.array_equal(a.position, b.position[:, :5])
    assert np.array_equal(compiled.batch(runs).happened, larger.batch(runs).happened)
    assert world.states == 5


def test_one_more_uncertain_event_changes_no_coin_of_the_others():
    from alignsim.plan.plan import Coin

    _, compiled = small_plan()
    more = replace(compiled, coins=(Coin(5, 0.3, "another"), *compiled.coins))
    runs = np.arange(400)
    one, other = compiled.batch(runs).happened, more.batch(runs).happened
    assert np.array_equal(one[:, 0], other[:, 1])
    assert abs(other[:, 0].mean() - 0.3) < 4 * np.sqrt(0.21 / 400)
    likelier = replace(compiled, coins=(replace(compiled.coins[0], probability=0.7),))
    assert (likelier.batch(runs).happened >= one).all()  # a likelier event happens wherever it did before


def test_no_initial_doubt_starts_every_run_alike():
    world, compiled = small_plan()
    sure = replace(compiled, priors={**compiled.priors, "consent.initial_doubt": Constant(0.0)})
    start = snapshots_of(sure, "baseline", np.arange(4))[0]
    assert np.array_equal(start.alignment, start.alignment[:1].repeat(4, 0))
    assert start.alignment[0] == pytest.approx(world.alignment[0], abs=1e-15)
    doubtful = snapshots_of(compiled, "baseline", np.arange(4))[0]
    assert np.abs(doubtful.alignment[0] - doubtful.alignment[1]).max() > 0.05
    assert np.abs(doubtful.position[0] - doubtful.position[1]).max() > 0.05


def test_initial_doubt_has_the_size_it_is_said_to_have():
    world, compiled = small_plan(n=6)
    start = snapshots_of(
        replace(compiled, off=frozenset(), branches={"baseline": ()}, months=0), "baseline", np.arange(300)
    )[0]
    near = np.abs(world.alignment[0]) < 0.5
    upper = np.triu(near, 1)
    off = (start.alignment - world.alignment[0])[:, upper]
    assert off.std() == pytest.approx(0.1, rel=0.1)
    assert abs(off.mean()) < 0.02


def test_the_first_shock_of_a_batch_is_that_of_the_first_month():
    _, compiled = small_plan(n=4)
    runs = np.arange(3)
    shocks, alone = compiled.batch(runs).shocks(), compiled.noise(runs)
    assert len(shocks) == compiled.months
    for month, shock in enumerate(shocks, start=1):
        assert np.array_equal(shock.alignment, alone.months(month, 1)[0].alignment)


def test_changing_nothing_changes_nothing_and_one_weight_that_weight_alone():
    _, compiled = small_plan()
    batch = compiled.batch(np.arange(4))
    shocks = batch.shocks()
    usual = list(batch.simulate("pressed", shocks))
    assert all(same_bytes(a, b) for a, b in zip(usual, batch.changed({}).simulate("pressed", shocks), strict=True))
    changed = batch.changed({"stigma.weight": 0.3})
    assert changed.draws.values["stigma.weight"].tolist() == [[[0.3]]] * 4
    others = {path: value for path, value in changed.draws.values.items() if path != "stigma.weight"}
    assert all(np.array_equal(value, batch.draws.values[path]) for path, value in others.items())
    assert not same_bytes(list(changed.simulate("pressed", shocks))[-1], usual[-1])
    without = list(batch.changed({"stigma.weight": 0.0}).simulate("pressed", shocks))[-1]
    off = list(replace(compiled, off=frozenset({"stigma"})).batch(np.arange(4)).simulate("pressed", shocks))[-1]
    assert same_bytes(without, off)


def test_defaults_and_noise_agree_on_who_is_shocked():
    """The tests' own noise is addressed as a plan's is."""
    world, compiled = small_plan(n=4)
    there = compiled.noise(np.arange(3)).months(1, 2)
    here = noise(4, 3, 4, 2, seed=1)
    assert np.array_equal(there[0].alignment, here[0].alignment)
    assert defaults(1).keys() == drawn(1, 4).keys()
    assert NO_NOISE.keys() <= defaults(1).keys()
    assert world.runs == 1
