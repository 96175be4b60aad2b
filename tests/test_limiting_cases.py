"""Where a limit of the model can be solved on paper, the kernel gives the solution."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

import reference
from alignsim.arrays import Given
from alignsim.mechanisms import capacity, consent, positions, trade
from alignsim.mechanisms.registry import SWITCHES
from alignsim.theories import consent as theory
from worlds import (
    INERT,
    NO_NOISE,
    PROPERTY,
    SEEDS,
    SIZES,
    Case,
    as_reference,
    as_reference_drivers,
    as_reference_parameters,
    case,
    defaults,
    drawn,
    effect,
    events,
    given,
    noise,
    params,
    pin,
    quiet,
    run,
    symmetric,
)

EMBARGOED_PAIR = (0, 1)


def tied(n: int, **ties: float) -> np.ndarray:
    """Alignment of one run, (1, n, n), from pairs such as _01=0.5."""
    A = np.zeros((1, n, n))
    for pair, value in ties.items():
        A[0, int(pair[1]), int(pair[2])] = value
    return symmetric(A)


# --- nothing happens --------------------------------------------------------------------------------------------


@PROPERTY
@for_all(SEEDS, SIZES, st.sampled_from(["signed", "sceptical"]))
def test_without_events_and_noise_nothing_moves(seed: int, n: int, belief: str):
    world = given(n, 2, seed=seed)
    first, *later = run(world, drawn(2, n, seed, belief, wide=True), months=12)
    for name in ("z", "position", "innate", "know_how", "output", "stream", "localisation", "trust", "pulse", "desire"):
        moved = max(np.abs(getattr(now, name) - getattr(first, name)).max() for now in later)
        assert moved < 1e-12, f"{name} moved by {moved:.1e}"
    assert max(np.abs(now.trade / world.trade - 1.0).max() for now in later) < 1e-12


@pytest.mark.parametrize("switch", sorted(SWITCHES))
def test_a_switch_turned_off_does_not_make_a_quiet_world_move(switch: str):
    values = pin(drawn(3, 6, seed=5, wide=True), SWITCHES[switch])
    first, *later = run(given(6, 3, seed=5), values, months=24)
    assert max(np.abs(now.z - first.z).max() for now in later) < 1e-12


@PROPERTY
@for_all(SEEDS, SIZES)
def test_shocks_without_motives_leave_alignment_as_it_was(seed: int, n: int):
    values = pin(drawn(2, n, seed, wide=True), INERT | NO_NOISE)
    snapshots = run(given(n, 2, seed=seed), values, events(n, 4, 10, seed, per_driver=2), months=10)
    assert np.abs(snapshots[-1].z - snapshots[0].z).max() < 1e-13
    assert np.abs(snapshots[-1].trade - snapshots[0].trade).max() > 1e-3  # and yet something did happen


# --- noise alone ------------------------------------------------------------------------------------------------


def test_noise_alone_makes_an_ornstein_uhlenbeck_process():
    """Standard deviation sigma / sqrt(1 - (1 - lambda)^2) around the tie of the eve (Uhlenbeck and Ornstein 1930)."""
    runs, months, speed, sigma = 500, 400, 0.04, 0.02
    world = given(3, 1, calm=True)
    world = replace(world, alignment=world.alignment.repeat(runs, 0), position=world.position.repeat(runs, 0))
    pinned = INERT | {
        "consent.speed": speed,
        "consent.noise": sigma,
        "positions.noise": 0.0,
        "trade.alignment_pull": 0.0,
    }
    snapshots = run(world, defaults(runs, pinned), shocks=noise(3, runs, 4, months, seed=7))
    upper = np.triu_indices(3, 1)
    z = np.array([s.z[:, *upper] for s in snapshots])  # (months + 1, R, pairs)
    expected = sigma / np.sqrt(1.0 - (1.0 - speed) ** 2)
    late = z[200::50] - z[0]  # decorrelated: (1 - lambda)^50 = 0.13
    standard_error = expected / np.sqrt(2 * late.size * 0.9)
    assert abs(late.std() - expected) < 4 * standard_error
    assert abs(late.mean()) < 4 * expected / np.sqrt(late.size * 0.7)

    shocks = np.array([s.alignment[:, *upper] for s in noise(3, runs, 4, months, seed=7)])
    by_hand = z[0] + sigma * np.tensordot((1.0 - speed) ** np.arange(months - 1, -1, -1), shocks, axes=1)
    assert np.abs(z[-1] - by_hand).max() < 1e-12


# --- positions --------------------------------------------------------------------------------------------------


def test_positions_settle_where_friedkin_and_johnsen_say():
    """(I - (1 - s) W)^-1 s x_innate, after one state declared new views (Friedkin and Johnsen 1990)."""
    n, stubborn = 6, 0.6
    world = given(n, 1, seed=2, calm=True)
    pinned = INERT | NO_NOISE | {"positions.pull": 0.5, "positions.stubbornness": stubborn}
    declared = [effect("position_set", [(2, 1)], -0.9, 1, 1), effect("position_set", [(4, 0)], 0.8, 1, 1)]
    settled = run(world, defaults(1, pinned), declared, months=300)[-1]

    share = world.gdp / world.gdp.sum()
    W = np.maximum(world.alignment[0], 0.0) * share
    W = np.where(W.sum(axis=1, keepdims=True) > 0, W / np.maximum(W.sum(axis=1, keepdims=True), 1e-300), np.eye(n))
    innate = (world.position[0] - (1 - stubborn) * W @ world.position[0]) / stubborn
    innate[2, 1], innate[4, 0] = -0.9, 0.8
    expected = np.linalg.solve(np.eye(n) - (1 - stubborn) * W, stubborn * innate)
    assert np.abs(expected).max() < 1.0  # within the range, so no clip
    assert np.abs(settled.position[0] - expected).max() < 1e-13
    assert np.abs(settled.position[0] - world.position[0]).max() > 0.1


def test_a_state_without_friends_keeps_its_declared_view():
    world = given(3, 1, calm=True)
    world = replace(world, alignment=tied(3, _01=0.5, _02=-0.5, _12=-0.5))
    pinned = INERT | NO_NOISE | {"positions.pull": 0.5}
    settled = run(world, defaults(1, pinned), [effect("position_set", (2, 0), 0.7, 1, 1)], months=60)[-1]
    assert settled.position[0, 2, 0] == pytest.approx(0.7, abs=1e-15)


def test_what_is_heard_is_the_mean_of_friends_by_size():
    friends = np.array([[[0.0, 0.4, 0.8], [0.4, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    view = np.array([[[0.5], [-0.2], [0.8]]])
    heard = positions.heard(view, friends, np.array([[0.2, 0.6, 0.2]]))
    assert heard[0, 0, 0] == pytest.approx((0.4 * 0.6 * -0.2 + 0.8 * 0.2 * 0.8) / (0.4 * 0.6 + 0.8 * 0.2))
    assert heard[0, 1, 0] == pytest.approx(0.5)
    assert heard[0, 2, 0] == 0.8  # without friends, itself


def test_defiance_alone_is_a_logistic_flight_from_the_accuser():
    """One accuser at -1, no other pull: x' = x + d g w (1 + x)(1 - x^2), month by month."""
    world = given(3, 1, calm=True)
    position = np.zeros((1, 3, 4))
    position[0, 2, 0] = -1.0
    world = replace(world, weight=np.array([0.0, 0.0, 1.0]), position=position, alignment=np.zeros((1, 3, 3)))
    pinned = INERT | NO_NOISE | {"positions.defiance": 0.05, "positions.pull": 0.0}
    snapshots = run(world, defaults(1, pinned), [effect("sanction_symbolic", (2, 0), 0.8)], months=40)
    x = 0.0
    for now in snapshots[1:]:
        x += 0.05 * 0.8 * (x + 1.0) * (1.0 - x * x)
        assert now.position[0, 0, 0] == pytest.approx(x, abs=1e-14)
    assert x > 0.4
    assert np.abs(snapshots[-1].position[0, 1]).max() == 0.0  # the bystander
    assert np.abs(snapshots[-1].position[0, 0, 1:]).max() == 0.0  # the other issues


# --- trade ------------------------------------------------------------------------------------------------------


def fitted(F: np.ndarray, rows: np.ndarray, columns: np.ndarray, eve: np.ndarray | None = None) -> np.ndarray:
    balancer = trade.Balancer(F if eve is None else eve)
    return balancer.fit(F[None], rows[None], columns[None], np.zeros((1, len(columns))))[0][0]


def test_without_friction_trade_is_the_product_of_sizes():
    """T_ij = O_i D_j / Y: gravity in its frictionless form."""
    rng = np.random.default_rng(1)
    sales = rng.lognormal(0, 1.5, 9)
    purchases = rng.permutation(sales)
    flows = fitted(np.ones((9, 9)), sales, purchases, eve=given(9, seed=3).trade)
    assert np.abs(flows / (np.outer(sales, purchases) / sales.sum()) - 1.0).max() < 1e-9


def test_factors_on_rows_and_columns_change_no_flow():
    """Only relative costs matter: what multiplies all of a state's flows is undone by the totals."""
    world, rng = given(7, seed=4), np.random.default_rng(2)
    scaled = rng.lognormal(0, 1, 7)[:, None] * world.trade * rng.lognormal(0, 1, 7)
    flows = fitted(scaled, world.trade.sum(axis=1), world.trade.sum(axis=0), eve=world.trade)
    assert np.abs(flows / world.trade - 1.0).max() < 1e-8


def balanced(world: Given) -> Given:
    """The same world with every state's sales equal to its purchases."""
    mean = 0.5 * (world.trade + world.trade.T)
    return replace(world, trade=mean)


def boycott(n: int, bite: float, target: int = 0) -> tuple[list, dict[str, float]]:
    """A full sanction of everyone against one state, from the first month, in a world where only trade answers."""
    pairs = [(s, target) for s in range(n) if s != target]
    pinned = INERT | NO_NOISE | {"sanctions.bite": bite, "evasion.ceiling": 0.0, "capacity.drag": 0.0}
    kinds = ("sanction_trade", "sanction_financial")
    return [effect(kind, pairs, 1.0) for kind in kinds], pinned


def test_a_prohibitive_barrier_between_two_closes_their_trade_and_keeps_every_total():
    n, world = 6, given(6, 1, seed=1, calm=True)
    kinds = ("sanction_trade", "sanction_financial")
    effects = [effect(kind, EMBARGOED_PAIR, 1.0) for kind in kinds]
    pinned = (
        INERT
        | NO_NOISE
        | {"sanctions.bite": 60.0, "evasion.ceiling": 0.0, "capacity.adjustment": 0.0, "capacity.drag": 0.0}
    )
    flows = run(world, defaults(1, pinned), effects, months=3)[-1].trade[0]
    i, j = EMBARGOED_PAIR
    assert max(flows[i, j], flows[j, i]) < 1e-20 * world.trade.max()
    assert flows.sum(axis=1) == pytest.approx(world.trade.sum(axis=1), rel=1e-8)
    assert flows.sum(axis=0) == pytest.approx(world.trade.sum(axis=0), rel=1e-8)
    third = [k for k in range(n) if k not in EMBARGOED_PAIR]
    assert (flows[i, third] > world.trade[i, third]).all()  # diversion to everyone else
    assert (flows[third, j] > world.trade[third, j]).all()


def test_autarky_costs_the_log_of_the_home_share_over_the_elasticity():
    """Cut off from all, h becomes 1 and output falls by -log(h0)/theta (Arkolakis et al. 2012)."""
    n, theta = 5, 4.5
    world = balanced(given(n, 1, seed=6, calm=True))
    effects, pinned = boycott(n, bite=40.0)
    pinned |= {"capacity.adjustment": 1.0, "trade.elasticity": theta}
    snapshots = run(world, defaults(1, pinned), effects, months=3)
    home = world.trade[0, 0] / world.trade[:, 0].sum()
    assert snapshots[1].output[0, 0] == pytest.approx(np.log(home) / theta, abs=1e-8)
    assert snapshots[1].trade[0, 0, 0] == pytest.approx(world.trade[0].sum(), rel=1e-8)
    assert snapshots[1].trade[0, 0, 1:].max() < 1e-12 * world.trade.max()
    others = np.arange(1, n)
    assert snapshots[1].trade[0][np.ix_(others, others)].sum() == pytest.approx(
        world.trade.sum() - world.trade[0].sum(), rel=1e-8
    )


def test_output_follows_a_lasting_loss_geometrically():
    """p_t = -loss (1 - (1 - a)^t) when the loss does not change."""
    p, loss, shortfall = params(capacity, adjustment=0.08), 0.02, 0.0
    for _ in range(30):
        shortfall -= float(p.adjustment[0, 0, 0]) * (shortfall + loss)
    assert shortfall == pytest.approx(-loss * (1 - 0.92**30), abs=1e-15)

    n, world = 4, balanced(given(4, 1, seed=6, calm=True))
    effects, pinned = boycott(n, bite=40.0)
    snapshots = run(world, defaults(1, pinned | {"capacity.adjustment": 0.08}), effects, months=30)
    home = world.trade[0, 0] / world.trade[:, 0].sum()
    expected = np.log(home) / 4.5 * (1 - 0.92**30)
    assert snapshots[-1].output[0, 0] == pytest.approx(expected, abs=1e-8)


def test_damage_heals_geometrically():
    world = given(4, 1, calm=True)
    pinned = INERT | NO_NOISE | {"capacity.recovery": 0.05}
    snapshots = run(world, defaults(1, pinned), [effect("output_shock", 1, -0.3, 2, 2)], months=14)
    assert snapshots[1].damage[0, 1] == 0.0
    assert snapshots[2].damage[0, 1] == pytest.approx(-0.3)
    assert snapshots[14].damage[0, 1] == pytest.approx(-0.3 * 0.95**12, abs=1e-15)


def test_know_how_that_undoes_nothing_does_not_matter_to_trade():
    n, world = 6, given(6, 1, seed=8)
    skilled = replace(world, know_how=np.ones(n))
    happening = events(n, 4, 18, seed=8, per_driver=3)
    pinned = {"evasion.weight": 0.0, "evasion.ceiling": 0.0} | NO_NOISE
    for ceiling, alike in ((0.0, True), (0.5, False)):
        values = defaults(1, pinned | {"evasion.ceiling": ceiling})
        one, other = run(world, values, happening, 18), run(skilled, values, happening, 18)
        same = np.array_equal(one[-1].trade, other[-1].trade) and np.array_equal(one[-1].z, other[-1].z)
        assert same is alike


def test_a_world_without_oil_runs():
    world = replace(given(4, 1), exporters=np.array([], int), importers=np.array([], int), oil=np.zeros((0, 0)))
    assert np.isfinite(run(world, defaults(), months=2)[-1].z).all()


# --- know-how ---------------------------------------------------------------------------------------------------


def test_know_how_spreads_between_two_states_as_a_linear_equation():
    """Learning and forgetting off: the gap to the teacher closes by (1 - f S A sqrt(d)) a month."""
    world = given(3, 1, seed=1, calm=True)
    world = replace(
        world, know_how=np.array([0.1, 0.7, 0.0]), alignment=tied(3, _01=0.6, _02=-0.4, _12=-0.4),
        weight=np.array([0.0, 0.0, 0.8]),
    )  # fmt: skip
    pinned = INERT | NO_NOISE | {
        "evasion.learning": 0.0, "evasion.forgetting": 0.0, "evasion.diffusion": 0.3, "sanctions.bite": 0.0,
        "capacity.drag": 0.0, "sanctions.trade_weight": 1.0,
    }  # fmt: skip
    snapshots = run(world, defaults(1, pinned), [effect("sanction_trade", (2, 0), 0.9)], months=48)
    both = world.trade + world.trade.T
    d = both[0, 1] / (both[0, 1] + both[0, 2])
    closes = 1.0 - 0.3 * (0.8 * 0.9) * 0.6 * np.sqrt(d)
    gap = np.array([s.know_how[0, 1] - s.know_how[0, 0] for s in snapshots])
    assert np.abs(gap - 0.6 * closes ** np.arange(49)).max() < 1e-12
    assert gap[-1] < 0.3
    assert np.abs(snapshots[-1].know_how[0, 1:] - world.know_how[1:]).max() < 1e-15


def test_know_how_learnt_alone_reaches_its_balance_with_forgetting():
    """dK = a S (1 - K) - b (K - K0) has the fixed point (a S + b K0)/(a S + b)."""
    world = replace(given(3, 1, calm=True), know_how=np.array([0.2, 0.0, 0.0]), weight=np.array([0.0, 0.0, 1.0]))
    world = replace(world, alignment=-np.abs(world.alignment))
    pinned = INERT | NO_NOISE | {"evasion.learning": 0.05, "evasion.forgetting": 0.02, "evasion.diffusion": 0.5}
    effects = [effect(kind, (2, 0), 0.6) for kind in ("sanction_trade", "sanction_financial")]
    settled = run(world, defaults(1, pinned), effects, months=800)[-1]
    pressure = 0.05 * 0.6
    assert settled.know_how[0, 0] == pytest.approx((pressure + 0.02 * 0.2) / (pressure + 0.02), abs=1e-12)


# --- arms -------------------------------------------------------------------------------------------------------


def test_a_state_whose_capacity_is_gone_delivers_nothing():
    n, world = 5, given(5, 1, seed=3)
    happening = [
        *events(n, 4, 12, seed=3),
        effect("arsenal", 0, 0.0),
        effect("deal", (0, 1), 5.0),
        effect("war", 1, 1.0),
    ]
    for now in run(world, drawn(1, n, seed=3), happening, months=12)[1:]:
        assert now.deliveries[0, 0].max() == 0.0
        assert now.deliveries[0].max() > 0.0


def test_deliveries_stay_as_on_the_eve_while_demand_does():
    """Output, sanctions and views may change; without war, embargo, fear or a moved tie arms flow as before."""
    world = given(6, 1, seed=9, calm=True)
    world = replace(world, capacity=10.0 + 2 * world.arms.sum(axis=1))
    happening = [
        effect("sanction_symbolic", [(5, 0), (5, 1)], 1.0),
        effect("salience", 0, 0.9),
        effect("meeting", [(0, 1), (1, 0)], 1.0),
        effect("licence", (0, 1), 0.0),
        effect("trade_cost", [(0, 1), (1, 0)], 0.1),
    ]
    values = defaults(1, INERT | NO_NOISE | {"arms.peace_need": 0.0})
    for now in run(world, values, happening, months=12):
        assert np.abs(now.deliveries[0] - world.arms).max() < 1e-13
        assert now.trust.max() == now.trust.min() == 0.5


def test_a_lone_ready_supplier_sells_as_the_tender_says():
    """Q = need w / (own + w), with w of a boundless, indifferent, unobstructed supplier = 1/2."""
    world = replace(given(3, 1, calm=True), alignment=np.zeros((1, 3, 3)), arms=np.zeros((3, 3)))
    world = replace(world, capacity=np.array([1e9, 1e-9, 1e-9]), replenishment=np.array([0.0, 8.0, 0.0]))
    values = defaults(1, INERT | NO_NOISE | {"arms.peace_need": 0.0, "arms.war_need": 1.0, "arms.own_supply": 0.7})
    now = run(world, values, [effect("war", 1, 0.75)], months=1)[-1]
    assert now.deliveries[0, 0, 1] == pytest.approx(8.0 * 0.75 * 0.5 / (0.7 + 0.5), rel=1e-8)
    assert now.deliveries[0, 0, 2] == 0.0


def test_the_running_mean_of_a_steady_stream_approaches_it_geometrically():
    world = replace(given(3, 1, calm=True), arms=np.zeros((3, 3)), capacity=np.full(3, 100.0))
    values = defaults(1, INERT | NO_NOISE | {"arms.memory": 0.1, "arms.localisation": 0.0})
    snapshots = run(world, values, [effect("deal", (0, 1), 5.0)], months=30)
    assert snapshots[-1].deliveries[0, 0, 1] == pytest.approx(5.0)
    assert snapshots[-1].stream[0, 0, 1] == pytest.approx(5.0 * (1 - 0.9**30), abs=1e-12)


def test_trust_under_steady_large_deliveries_approaches_one_geometrically():
    world = replace(given(3, 1, calm=True), arms=np.zeros((3, 3)), capacity=np.full(3, 100.0))
    values = defaults(1, INERT | NO_NOISE | {"trust.gain": 0.1, "arms.localisation": 0.0})
    snapshots = run(world, values, [effect("deal", (0, 1), 6.0)], months=20)
    assert snapshots[-1].trust[0, 1, 0] == pytest.approx(1 - 0.5 * (1 - 0.1 * 6 / 8) ** 20, abs=1e-12)
    assert snapshots[-1].trust[0, 0, 1] == 0.5  # the supplier learns nothing of the recipient


# --- consent ----------------------------------------------------------------------------------------------------


def agreed(u: np.ndarray, sharpness: float) -> np.ndarray:
    return consent.soft_minimum(u, np.full((len(u), 1, 1), sharpness))


@PROPERTY
@for_all(SEEDS, SIZES)
def test_agreement_goes_from_the_mean_to_the_minimum(seed: int, n: int):
    u = np.random.default_rng(seed).normal(0, 1.0, (2, n, n))
    mean, least = 0.5 * (u + u.swapaxes(1, 2)), np.minimum(u, u.swapaxes(1, 2))
    assert np.abs(agreed(u, 0.0) - mean).max() < 1e-5
    assert np.abs(agreed(u, 1e4) - least).max() < 7e-5  # log(2) / sharpness
    assert np.abs(agreed(u, 1e6) - least).max() < 7e-7
    between = agreed(u, 2.0)
    assert (between <= mean + 1e-12).all()
    assert (between >= least - 1e-12).all()
    by_hand = -np.log(0.5 * (np.exp(-2.0 * u) + np.exp(-2.0 * u.swapaxes(1, 2)))) / 2.0
    assert np.abs(between - by_hand).max() < 1e-12


def test_sharper_consent_never_raises_a_tie():
    u = np.random.default_rng(1).normal(0, 1.0, (1, 6, 6))
    levels = [agreed(u, s) for s in (0.0, 0.1, 0.5, 2.0, 8.0, 100.0)]
    for softer, sharper in pairwise(levels):
        assert (sharper <= softer + 1e-9).all()


def test_a_tie_closes_its_gap_to_a_steady_desire_geometrically():
    """An offer that lasts: z_t = z0 + (z* - z0)(1 - (1 - speed)^t), z* from the motive by hand."""
    world = replace(given(3, 1, calm=True), alignment=np.zeros((1, 3, 3)))
    pinned = INERT | NO_NOISE | {"wedge.weight": 0.4, "consent.speed": 0.1, "consent.sharpness": 2.0}
    snapshots = run(world, defaults(1, pinned), [effect("offer", (0, 1), 0.5)], months=24)
    u = -0.4 * np.tanh(0.5)
    target = -0.5 * np.log(0.5 * (np.exp(-2 * u) + 1.0))
    expected = target * (1 - 0.9 ** np.arange(25))
    assert np.abs(np.array([s.z[0, 0, 1] for s in snapshots]) - expected).max() < 1e-14
    assert snapshots[-1].desire[0, 1, 0] == 0.0  # the other side wants what it wanted
    assert snapshots[-1].desire[0, 0, 1] == pytest.approx(u)


def test_a_sanctioner_and_its_target_drift_apart_by_the_targets_hostility():
    """Both desires fall by h of the target times the new condemnation, so the tie does, whatever the sharpness."""
    world = replace(given(3, 1, calm=True), alignment=np.zeros((1, 3, 3)))
    values = defaults(1, INERT | NO_NOISE | {"consent.speed": 1.0})
    values["sanctions.hostility"] = np.array([[[0.5], [2.0], [-0.3]]])
    now = run(world, values, [effect("sanction_symbolic", (2, 0), 0.8)], months=1)[-1]
    assert now.z[0, 0, 2] == pytest.approx(-0.5 * 0.8)
    assert now.z[0, 0, 1] == now.z[0, 1, 2] == 0.0


# --- the loop ---------------------------------------------------------------------------------------------------


def test_loop_gain_of_a_world_of_friends_is_that_of_the_linearised_model():
    """With friends in common alone, the gain is the spectral radius of the derivative of their motive."""
    world = replace(given(4, 1, calm=True), alignment=symmetric(np.full((1, 4, 4), 0.5)))
    pinned = INERT | NO_NOISE | {"shared_friends.weight": 0.5, "trade.alignment_pull": 0.0}
    eve = theory.prepare(world, theory.parameters(defaults(1, pinned)))
    pairs = list(zip(*np.triu_indices(4, 1), strict=True))
    share, z0 = world.gdp / world.gdp.sum(), np.arctanh(0.5)

    def desire(z: np.ndarray) -> np.ndarray:
        A = np.zeros((4, 4))
        for k, (i, j) in enumerate(pairs):
            A[i, j] = A[j, i] = np.tanh(z[k])
        phi = (A * share) @ A
        return np.array([0.5 / 0.3 * phi[i, j] for i, j in pairs])

    at = np.full(6, z0)
    slope = np.array([(desire(at + h) - desire(at - h)) / 2e-5 for h in 1e-5 * np.eye(6)]).T
    assert theory.loop_gain(eve)[0] == pytest.approx(np.abs(np.linalg.eigvals(slope)).max(), rel=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_loop_gain_of_the_whole_model_is_the_spectral_radius_of_its_derivative(seed: int):
    """A dozen nudges find what nudges of all thirty-six pairs of nine states say."""
    eve, size = case(9, seed, runs=1, months=1).eve, 1e-5
    now, pairs = theory.start(eve), np.triu_indices(9, 1)
    columns = []
    for i, j in zip(*pairs, strict=True):
        nudge = np.zeros((1, 9, 9))
        nudge[0, i, j] = nudge[0, j, i] = size
        columns.append((theory._answer(eve, now, nudge) - theory._answer(eve, now, -nudge))[0][pairs] / (2 * size))
    radius = np.abs(np.linalg.eigvals(np.array(columns).T)).max()
    assert theory.loop_gain(eve)[0] == pytest.approx(radius, rel=0.02)


def test_a_loop_gain_is_found_from_near_where_it_is_known_for_other_parameters():
    known = case(9, 3, runs=3, months=1)
    more = {**known.values, "shared_friends.weight": 1.5 * known.values["shared_friends.weight"] + 0.3}
    other = replace(known, values=more).eve
    assert theory.loop_gain_near(other, known.eve, np.arange(3)) == pytest.approx(theory.loop_gain(other), rel=0.08)
    assert (np.abs(theory.loop_gain(other) / theory.loop_gain(known.eve) - 1) > 0.08).any()


def test_loop_gain_is_nil_where_nothing_answers_alignment():
    eve = theory.prepare(given(5, 2), theory.parameters(defaults(2, INERT)))
    assert theory.loop_gain(eve).max() < 1e-12


def test_the_slow_reference_passes_the_same_limits():
    """Constant without events; the closed form of one offer. So that agreement of the two is not agreement in error."""
    world = replace(given(3, 1, calm=True), alignment=np.zeros((1, 3, 3)))
    values = defaults(1, INERT | NO_NOISE | {"wedge.weight": 0.4, "consent.speed": 0.1})
    offer = Case(world, values, [effect("offer", (0, 1), 0.5)], np.zeros((1, 0), bool), quiet(world, 24))
    months = [as_reference_drivers(offer.timeline.at(month)) for month in range(25)]
    slow = reference.simulate(as_reference(world), as_reference_parameters(values), months, [None] * 25)
    u = -0.4 * np.tanh(0.5)
    target = -0.5 * np.log(0.5 * (np.exp(-2 * u) + 1.0))
    assert slow[-1].z[0][1] == pytest.approx(target * (1 - 0.9**24), abs=1e-13)
