"""What holds in every month of every world, whatever happens in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given as for_all
from hypothesis import strategies as st

from alignsim.arrays import LOCALISATION_BOUND, OUTPUT_BOUNDS, Z_BOUND, Snapshot
from alignsim.kernel import simulate
from alignsim.mechanisms import arms, trade
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.theories import consent
from worlds import (
    NO_NOISE,
    PROPERTY,
    SEEDS,
    SIZES,
    SNAPSHOT_AXES,
    Case,
    case,
    fitted_tightly,
    furthest,
    given,
    relabelled,
    rows_of,
    same_bytes,
)

BELIEFS = st.sampled_from(["signed", "sceptical"])


def check(busy: Case, snapshots: list[Snapshot]) -> None:
    """Symmetry, signs and ranges of all fields."""
    nothing = np.zeros(busy.world.states)
    for now in snapshots:
        for name, x in vars(now).items():
            assert x is None or isinstance(x, dict) or np.isfinite(x).all(), name
        for x in (now.z, now.alignment):
            assert np.array_equal(x, x.swapaxes(1, 2))
        for x in (now.z, now.alignment, now.deliveries, now.stream, now.localisation, now.desire, now.trade_share):
            assert np.array_equal(np.einsum("rii->ri", x), np.broadcast_to(nothing, x.shape[:2]))
        assert np.abs(now.z).max() <= Z_BOUND
        assert np.abs(now.alignment).max() < 1.0
        assert np.abs(now.position).max() <= 1.0
        assert min(now.trade.min(), now.deliveries.min(), now.stream.min(), now.trade_share.min()) >= 0.0
        for x, low, high in (
            (now.know_how, 0.0, 1.0), (now.trust, 0.0, 1.0), (now.isolation, 0.0, 1.0), (now.output, *OUTPUT_BOUNDS),
            (now.localisation, 0.0, LOCALISATION_BOUND), (now.trade_share, 0.0, 1.0),
        ):  # fmt: skip
            assert low <= x.min() <= x.max() <= high
        assert np.abs(now.trade_share.sum(axis=2) - 1.0).max() < 1e-12


@PROPERTY
@for_all(SEEDS, SIZES, BELIEFS)
def test_every_field_keeps_its_symmetry_sign_and_range(seed: int, n: int, belief: str):
    busy = case(n, seed, belief=belief, per_driver=3)
    check(busy, busy.run())


@PROPERTY
@for_all(SEEDS, SIZES)
def test_ranges_hold_for_any_parameters_that_may_be_set(seed: int, n: int):
    """Every parameter anywhere between its least and its largest value, a fifth of them at one or the other."""
    rng = np.random.default_rng([seed, 3])
    busy = case(n, seed, per_driver=3)
    values = {}
    for path, value in busy.values.items():
        p, shape = PARAMETERS[path], value.shape
        inside = np.exp(rng.uniform(-3, np.log(p.high), shape)) if p.high > 100 else rng.uniform(p.low, p.high, shape)
        values[path] = np.where(rng.random(shape) < 0.2, rng.choice([p.low, p.high], shape), inside)
    wild = replace(busy, values=values)
    check(wild, wild.run())


@PROPERTY
@for_all(SEEDS, SIZES)
def test_sales_purchases_and_the_worlds_total_are_conserved(seed: int, n: int):
    """Rows sum to T0 e^y of the month before, columns likewise in proportion, within 1e-6 of each."""
    busy = case(n, seed)
    before, *later = busy.run()
    at_eve = busy.world.trade
    for now in later:
        size = np.exp(before.output)
        sales, purchases = at_eve.sum(axis=1) * size, at_eve.sum(axis=0) * size
        purchases *= (sales.sum(axis=1) / purchases.sum(axis=1))[:, None]
        assert np.abs(now.trade.sum(axis=2) / sales - 1.0).max() < 1e-12
        assert np.abs(now.trade.sum(axis=1) / purchases - 1.0).max() < 1e-6
        assert np.abs(now.trade.sum(axis=(1, 2)) / sales.sum(axis=1) - 1.0).max() < 1e-12
        before = now


@PROPERTY
@for_all(SEEDS, SIZES, st.floats(0.0, 8.0))
def test_fitting_meets_its_totals_and_changes_only_rows_and_columns(seed: int, n: int, severity: float):
    """T = diag(a) F diag(b): the totals to 1e-6, and odds ratios as F has them."""
    rng = np.random.default_rng(seed)
    eve = given(n, seed=seed).trade
    F = eve * np.exp(-severity * rng.random((2, n, n)))
    rows = rng.lognormal(0, 0.3, (2, n)) * eve.sum(axis=1)
    columns = rng.lognormal(0, 0.3, (2, n)) * eve.sum(axis=0)
    columns *= (rows.sum(axis=1) / columns.sum(axis=1))[:, None]
    flows, scaling = trade.Balancer(eve).fit(F, rows, columns, np.zeros((2, n)))
    assert np.abs(flows.sum(axis=2) / rows - 1.0).max() < 1e-12
    assert np.abs(flows.sum(axis=1) / columns - 1.0).max() < 1e-6
    ratio = np.log(flows / F)
    assert np.abs(ratio - ratio[:, :1] - ratio[:, :, :1] + ratio[:, :1, :1]).max() < 1e-10
    again, _ = trade.Balancer(eve).fit(F, rows, columns, scaling)
    assert np.array_equal(again, flows)  # a warm start that fits is left alone


@PROPERTY
@for_all(SEEDS, SIZES)
def test_nobody_delivers_more_than_it_can(seed: int, n: int):
    busy = case(n, seed, per_driver=3)
    eve, timeline = busy.eve, busy.timeline
    for month, now in enumerate(busy.run()[1:], start=1):
        can = arms.export_capacity(eve.scene.capacity, timeline.at(month), now.output, eve.parameters.arms)
        assert (now.deliveries.sum(axis=2) <= can * (1 + 1e-12)).all()


@PROPERTY
@for_all(SEEDS, SIZES)
def test_no_event_and_no_noise_leaves_everything_as_it_was(seed: int, n: int):
    busy = case(n, seed, per_driver=0, **{path.replace(".", "__"): 0.0 for path in NO_NOISE})
    first, *later = busy.run()
    for now in later:
        assert furthest(first, now)[0] < 1e-12


@PROPERTY
@for_all(SEEDS, SIZES, st.randoms(use_true_random=False))
def test_relabelling_states_relabels_what_happens_to_them(seed: int, n: int, shuffler):
    order = list(range(n))
    shuffler.shuffle(order)
    busy = case(n, seed, months=4)
    with fitted_tightly():
        here, there = busy.run(), busy.relabelled(np.array(order)).run()
    for one, other in zip(here, there, strict=True):
        for name, axes in SNAPSHOT_AXES.items():
            expected = relabelled(getattr(one, name), np.array(order), axes)
            off = np.abs(expected - getattr(other, name)).max() / max(1.0, np.abs(expected).max())
            assert off < 1e-9, f"{name} is off by {off:.1e}"


@PROPERTY
@for_all(SEEDS, SIZES, st.lists(st.integers(1, 6), min_size=1, max_size=2))
def test_a_run_is_the_same_to_the_last_bit_in_any_batch(seed: int, n: int, cuts: list[int]):
    busy = case(n, seed, runs=7, months=3)
    whole = busy.run()
    for chunk in (*np.split(np.arange(7), sorted(set(cuts))), np.array([5, 0, 3])):
        for one, other in zip(whole, busy.of_runs(chunk).run(), strict=True):
            assert same_bytes(rows_of(one, chunk), other)


@PROPERTY
@for_all(SEEDS, SIZES)
def test_the_same_twice_is_the_same_to_the_last_bit_even_when_branches_take_turns(seed: int, n: int):
    busy, other = case(n, seed, months=3), replace(case(n, seed, months=3), effects=[])
    eve = busy.eve
    together = zip(
        simulate(consent, eve, busy.timeline, busy.shocks, lambda month: False),
        simulate(consent, eve, other.timeline, busy.shocks, lambda month: True),
        simulate(consent, eve, busy.timeline, busy.shocks, lambda month: True),
        strict=True,
    )
    for (one, _, again), alone in zip(together, busy.run(), strict=True):
        assert same_bytes(one, again)
        assert same_bytes(one, alone)


@PROPERTY
@for_all(SEEDS, SIZES)
def test_loop_gain_is_finite_and_the_same_in_any_batch(seed: int, n: int):
    busy = case(n, seed, runs=2, months=1)
    gain = consent.loop_gain(busy.eve)
    assert np.isfinite(gain).all()
    assert (gain >= 0.0).all()
    assert consent.loop_gain(busy.of_runs(slice(1, 2)).eve).tobytes() == gain[1:2].tobytes()
