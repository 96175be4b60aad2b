"""One run under Mesa is the same run as in a batch, and its agents say what its arrays say."""

from __future__ import annotations

import gc
import warnings
import weakref
from dataclasses import fields
from pathlib import Path

import mesa
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from alignsim.agents import AGENT_COLUMNS, AlignmentModel, Decision, StateAgent
from alignsim.arrays import Given, Snapshot
from alignsim.errors import UsageError
from alignsim.mechanisms.registry import MOTIVES, PARAMETERS
from alignsim.plan.plan import Coin, Plan
from alignsim.theories import consent
from worlds import events, given

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "isolation.yaml"
N, ISSUES, MONTHS, RUNS = 6, 3, 26, 7
CODES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
BATCH = np.arange(RUNS, dtype=np.int64)
CASES = [(run, branch) for run in (0, 3, 6) for branch in ("baseline", "isolation")]


def made_up(n: int) -> Plan:
    """Made-up states to whom much happens, some of it only in some runs."""
    world = given(n, 1, ISSUES, seed=4)
    own = {"eve", "alignment", "position"}
    return Plan(
        name="made-up", title="Made up", world="made-up", issues=("order", "syria", "trade"),
        states=tuple(3 * chr(ord("A") + k) for k in range(n)),
        start=2024 * 12 + 9, months=MONTHS, focus=((0, 1), (2, 5)),
        branches={
            "baseline": tuple(events(n, ISSUES, MONTHS, seed=1, per_driver=1, coins=2)),
            "isolation": tuple(events(n, ISSUES, MONTHS, seed=2, per_driver=3, coins=2)),
        },
        coins=(Coin(11, 0.5, "a war"), Coin(22, 0.4, "a treaty")),
        belief="signed", priors={path: p.prior("signed") for path, p in PARAMETERS.items()},
        off=frozenset({"solidarity"}), seed=7, runs=RUNS,
        given={f.name: getattr(world, f.name) for f in fields(Given) if f.name not in own}, eve=world.eve,
        alignment=(world.alignment[0], 0.1 * (1.0 - np.eye(n))),
        position=(world.position[0], np.full((n, ISSUES), 0.1)),
        about={"names": {"AAA": "Aaland"}, "groups": {"west": ["AAA", "FFF"], "east": ["BBB"]}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> Plan:
    return made_up(N)


@pytest.fixture
def model(plan: Plan):
    with AlignmentModel(plan, run=3, branch="isolation") as opened:
        yield opened


def finished(model: AlignmentModel) -> list[Snapshot]:
    """Every snapshot of a run, stepped through Mesa."""
    seen = [model.now]
    while model.running:
        model.step()
        seen.append(model.now)
    return seen


def assert_same(under_mesa: list[Snapshot], in_batch: list[Snapshot], row: int) -> None:
    """Every field of every month is the batch's row, to the last bit; motives where the batch kept them."""
    for month, (one, many) in enumerate(zip(under_mesa, in_batch, strict=True)):
        for f in fields(Snapshot):
            if f.name != "contributions":
                assert np.array_equal(getattr(one, f.name)[0], getattr(many, f.name)[row]), f"{f.name}, month {month}"
        for name, share in (many.contributions or {}).items():
            assert np.array_equal(one.contributions[name][0], share[row]), f"{name}, month {month}"


# --- the same run -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("run", "branch"), CASES)
@pytest.mark.parametrize("n", [N, 21])
def test_a_run_under_mesa_is_the_same_run_of_a_batch_bit_for_bit(n: int, run: int, branch: str):
    plan = made_up(n)
    with AlignmentModel(plan, run, branch) as model:
        under_mesa = finished(model)
    alone, together = plan.batch(np.array([run])), plan.batch(BATCH)
    assert_same(under_mesa, list(alone.simulate(branch, alone.shocks())), row=0)
    assert_same(under_mesa, list(together.simulate(branch, together.shocks())), row=run)


def test_what_is_compared_differs_between_runs_branches_and_months(plan: Plan):
    happened = plan.batch(BATCH).happened[[0, 3, 6]]
    assert happened.any(axis=0).all() and not happened.all(axis=0).any()
    ends = []
    for run, branch in CASES:
        with AlignmentModel(plan, run, branch) as model:
            first, *_, last = finished(model)
        assert np.abs(last.alignment - first.alignment).max() > 0.01
        ends.append(last.alignment)
    assert len(np.unique(ends, axis=0)) == len(CASES)


def test_nothing_done_with_mesas_own_randomness_changes_a_run(plan: Plan, model: AlignmentModel):
    with AlignmentModel(plan, run=3, branch="isolation") as other:
        other.random.seed(99)
        while other.running:
            other.agents.shuffle_do("decide", "AAA")
            other.rng.normal(size=5)
            other.step()
    assert np.array_equal(finished(model)[-1].z, other.now.z)


def test_a_month_is_worked_out_on_one_thread_as_in_batches(plan: Plan, monkeypatch: pytest.MonkeyPatch):
    """More threads change the last bits of large matrix products."""
    step, threads = consent.step, []

    def watched(*given):
        threads.append({library["num_threads"] for library in threadpool_info()})
        return step(*given)

    monkeypatch.setattr(consent, "step", watched)
    with threadpool_limits(2), AlignmentModel(plan) as model:
        model.step()
    assert threads == [{1}]


def test_run_model_steps_to_the_last_month_and_no_further(model: AlignmentModel):
    assert (model.month, model.date) == (0, "2024-09")
    model.run_model()
    assert (model.month, model.date, model.running) == (MONTHS, "2026-11", False)
    with pytest.raises(UsageError, match="no month after 2026-11"):
        model.step()


def test_what_cannot_be_asked_for_is_refused_with_the_way_out(plan: Plan, model: AlignmentModel):
    with pytest.raises(UsageError, match="there are baseline, isolation"):
        AlignmentModel(plan, branch="relief")
    with pytest.raises(UsageError, match="runs count from 0"):
        AlignmentModel(plan, run=-1)
    with pytest.raises(UsageError, match="did you mean 'AAA'"):
        model.state("AAB").alignment("BBB")
    with pytest.raises(UsageError, match="did you mean 'BBB'"):
        model.state("AAA").alignment("bbb")


def test_the_headline_scenario_under_mesa_is_the_same_as_in_a_batch():
    with AlignmentModel.from_scenario(SCENARIO, run=2, branch="isolation") as model:
        under_mesa = finished(model)
    batch = model.plan.batch(np.arange(4))
    assert_same(under_mesa, list(batch.simulate("isolation", batch.shocks())), row=2)
    assert model.state("IRN").alignment("RUS") == under_mesa[-1].alignment[0][model.index("IRN"), model.index("RUS")]


# --- agents -----------------------------------------------------------------------------------------------------


def test_every_state_is_an_agent_that_shows_its_place_in_the_arrays(model: AlignmentModel):
    while model.month < 20:
        model.step()
    assert [agent.code for agent in model.agents] == list(CODES)
    for k, agent in enumerate(model.agents):
        assert isinstance(agent, mesa.Agent) and agent is model.state(CODES[k])
        for name in ("isolation", "output", "know_how"):
            assert getattr(agent, name) == getattr(model.now, name)[0, k]
        assert list(agent.position.values()) == model.now.position[0, k].tolist()
        for j in set(range(N)) - {k}:
            partner = model.state(CODES[j])
            assert agent.stance[CODES[j]] == agent.alignment(partner) == model.now.alignment[0, k, j]
            assert agent.desires[CODES[j]] == model.now.desire[0, k, j]
            for name in ("trade_share", "deliveries", "trust"):
                assert getattr(agent, name)(CODES[j]) == getattr(model.now, name)[0, k, j]
        assert agent.code not in agent.stance and agent.code not in agent.decision
    assert model.state("AAA").name == "Aaland" and model.state("BBB").name == "BBB"


def test_an_agent_shows_the_month_that_is_now(model: AlignmentModel):
    agent, before = model.state("AAA"), model.state("AAA").stance
    model.step()
    assert agent.stance != before
    assert all(agent.alignment(code) == model.now.alignment[0, 0, CODES.index(code)] for code in before)


def test_the_less_willing_side_binds(model: AlignmentModel):
    eve = model.state("AAA").decide("BBB")
    assert eve == Decision("BBB", eve.desire, eve.desire, None)  # on the eve both want the tie they have
    model.run_model()
    for agent in model.agents:
        for code, decision in agent.decision.items():
            mirror = model.state(code).decide(agent)
            assert (decision.desire, decision.desired) == (mirror.desired, mirror.desire)
            assert (decision.partner, decision.desire) == (code, agent.desires[code])
            assert decision.binds == mirror.binds == (agent.code if decision.desire < decision.desired else code)


def test_a_states_desire_is_its_own_motives_and_what_both_sides_share(model: AlignmentModel):
    """Less its motives, a desire is the eve's tie and both sides' estrangement, which are symmetric."""
    model.run_model()
    for agent in model.agents:
        for other in set(model.agents) - {agent}:
            mine, theirs = agent.motives(other), other.motives(agent)
            assert set(mine) == set(MOTIVES) - {"solidarity"}
            shared = agent.desires[other.code] - sum(mine.values())
            assert shared == pytest.approx(other.desires[agent.code] - sum(theirs.values()), abs=1e-12)
    uneven = model.state("AAA").motives("BBB"), model.state("BBB").motives("AAA")
    assert abs(sum(uneven[0].values()) - sum(uneven[1].values())) > 1e-3


def test_friends_are_the_partners_above_a_threshold(model: AlignmentModel):
    model.run_model()
    for agent in model.agents:
        for above in (-1.0, 0.0, 0.3):
            expected = [c for c in CODES if c != agent.code and agent.alignment(c) > above]
            assert [friend.code for friend in agent.friends(above)] == expected
    assert 0 < sum(len(agent.friends()) for agent in model.agents) < N * (N - 1)


def test_agent_sets_select_aggregate_sort_and_group_states(model: AlignmentModel):
    model.run_model()
    isolated = model.now.isolation[0]
    assert model.agents.agg("isolation", max) == isolated.max()
    assert model.agents.get("output") == model.now.output[0].tolist()
    pressed = model.agents.select(lambda agent: agent.isolation > np.median(isolated))
    assert [a.code for a in pressed] == [c for c, s in zip(CODES, isolated, strict=True) if s > np.median(isolated)]
    ordered = [a.isolation for a in model.agents.sort("isolation", ascending=False)]
    assert ordered == sorted(isolated.tolist(), reverse=True)
    assert model.agents.groupby("groups").count() == {("west",): 2, ("east",): 1, (): 3}
    west = model.agents.groupby(lambda agent: "west" in agent.groups).agg("know_how", sum)
    assert west[True] == pytest.approx(model.now.know_how[0, [0, 5]].sum())


def test_views_cannot_be_written_to(model: AlignmentModel):
    with pytest.raises(AttributeError):
        model.agents.set("isolation", 0.0)
    model.state("AAA").stance["BBB"] = 5.0
    assert abs(model.state("AAA").alignment("BBB")) <= 1.0


def test_agents_of_another_kind_may_join_without_being_taken_for_states(plan: Plan, model: AlignmentModel):
    class Observer(mesa.Agent):
        pass

    Observer(model)
    model.run_model()
    assert len(model.agents) == N + 1 and len(model.agents.select(agent_type=StateAgent)) == N
    assert all(isinstance(friend, StateAgent) for friend in model.state("AAA").friends(-1.0))
    with AlignmentModel(plan, run=3, branch="isolation") as other:
        assert np.array_equal(model.now.z, finished(other)[-1].z)
    codes = model.datacollector.get_agent_vars_dataframe()["code"]
    assert codes.isna().sum() == MONTHS and codes.dropna().tolist() == (MONTHS + 1) * list(CODES)


# --- data collection --------------------------------------------------------------------------------------------


def test_the_data_collector_holds_the_eve_and_every_month(model: AlignmentModel):
    snapshots = finished(model)
    ties = model.datacollector.get_model_vars_dataframe()
    assert list(ties) == ["date", "AAA-BBB", "CCC-FFF"] and len(ties) == MONTHS + 1
    assert list(ties["date"][[0, 1, MONTHS]]) == ["2024-09", "2024-10", "2026-11"]
    assert ties["CCC-FFF"].tolist() == [s.alignment[0, 2, 5] for s in snapshots]
    states = model.datacollector.get_agent_vars_dataframe()
    assert list(states) == list(AGENT_COLUMNS) and len(states) == (MONTHS + 1) * N
    for k, code in enumerate(CODES):
        own = states[states["code"] == code]
        for name in ("isolation", "output", "know_how"):
            assert own[name].tolist() == [getattr(s, name)[0, k] for s in snapshots]


def test_only_columns_that_are_asked_for_are_worked_out(plan: Plan, monkeypatch: pytest.MonkeyPatch):
    def never(agent: StateAgent) -> float:
        raise AssertionError("isolation was read")

    monkeypatch.setattr(StateAgent, "isolation", property(never))
    columns = {"position": lambda agent: agent.position["order"], "name": "name"}
    with AlignmentModel(plan, model_reporters={}, agent_reporters=columns) as model:
        model.step()
    assert model.datacollector.model_vars == {}
    collected = model.datacollector.get_agent_vars_dataframe()
    assert list(collected) == ["position", "name"] and len(collected) == 2 * N
    assert collected["position"].tolist()[N:] == model.now.position[0, :, 0].tolist()
    with pytest.raises(AttributeError, match="isolaton"):
        AlignmentModel(plan, agent_reporters={"isolation": "isolaton"})
    with pytest.raises(AssertionError, match="isolation was read"):
        AlignmentModel(plan)


# --- letting go -------------------------------------------------------------------------------------------------


def test_models_that_were_closed_do_not_pile_up(plan: Plan):
    alive = weakref.WeakSet()
    for run in range(20):
        with AlignmentModel(plan, run) as model:
            alive.add(model)
            model.step()
    assert len(alive) >= 1  # the last is still held here
    del model
    gc.collect()
    assert len(alive) == 0


def test_a_closed_model_can_still_be_read_but_not_stepped(plan: Plan):
    with AlignmentModel(plan) as model:
        model.step()
    assert not model.running and len(model.datacollector.get_model_vars_dataframe()) == 2
    assert model.state("AAA").stance["BBB"] == model.now.alignment[0, 0, 1]
    model.close()
    with pytest.raises(UsageError, match="closed"):
        model.step()


def test_nothing_warns(plan: Plan):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with AlignmentModel(plan, 1) as model:
            model.run_model()
            model.agents.select(lambda agent: agent.friends()).groupby("groups").agg("output", np.mean)
            model.agents.do("decide", "AAA")
            model.datacollector.get_model_vars_dataframe()
            model.datacollector.get_agent_vars_dataframe()
