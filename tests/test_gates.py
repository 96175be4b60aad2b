"""The gates: they pass what has no answer built in, and each of them notices what it is there for."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

import small_judging as small
from alignsim.arrays import clear_diagonal
from alignsim.cli import COMMANDS
from alignsim.mechanisms.registry import MOTIVES
from alignsim.study import gates
from alignsim.study.verdicts import combine, verdict, wilson


def say(words):
    return nullcontext(None)


def audited(parameters=None, **more):
    return gates.audited(small.scenario(parameters=parameters, **more), small.world())


@pytest.fixture(scope="module")
def plain():
    return audited()


def test_nothing_in_the_model_rewards_being_isolated_together(plain):
    gate = gates.no_direct_reward([plain])
    assert gate.passes and not gate.details
    assert gates.joint_answer("solidarity", gates.still_eve(plain.signed)) > 1e-3


def test_a_scenario_that_gives_solidarity_a_weight_fails_the_first_gate():
    gate = gates.no_direct_reward([audited({"solidarity.weight": 0.1})])
    assert gate.passes is False and "solidarity.weight is 0.1" in gate.details[0]


def joint(pressure):
    return clear_diagonal(pressure[:, :, None] * pressure[:, None, :])


@pytest.mark.parametrize(
    "disguised",
    [lambda scene, p: joint(scene.isolation), lambda scene, p: joint(scene.accusers.sum(axis=1))],
    ids=["isolation", "accusation"],
)
def test_a_disguised_reward_for_joint_pressure_is_seen(plain, monkeypatch, disguised):
    monkeypatch.setitem(MOTIVES, "trust", SimpleNamespace(motive=disguised))
    gate = gates.no_direct_reward([plain])
    assert gate.passes is False and "trust answers joint pressure" in gate.details[0]


def share(positive, runs):
    return {"x: a against b": wilson(positive * runs, runs)}


@pytest.mark.parametrize(
    ("positive", "runs", "passes"),
    [(0.5, 100, True), (0.5, 20, None), (0.62, 100, None), (0.62, 4000, True), (0.70, 60, None), (0.80, 60, False),
     (0.20, 60, False), (0.30, 60, None)],
)  # fmt: skip
def test_the_second_gate_fails_only_where_the_interval_lies_beyond_the_range(positive, runs, passes):
    gate = gates.neutrality(share(positive, runs))
    assert gate.passes is passes
    assert bool(gate.details) is (passes is not True)
    assert gate.numbers == {"x: a against b": pytest.approx(positive)}


def test_one_built_in_sign_fails_the_second_gate_whatever_else_cannot_be_told():
    gate = gates.neutrality({"a": wilson(55, 60), "b": wilson(10, 20), "c": wilson(50, 100), "d": None})
    assert gate.passes is False
    assert gate.says == (
        "under the sceptical belief 1 of 3 contrasts of alignment have no sign; 1 of 3 contrasts of alignment have a "
        "sign; 1 of 3 contrasts of alignment cannot be told at this number of runs"
    )


def test_the_control_of_a_verdict_speaks_as_the_second_gate_does():
    rng = np.random.default_rng(1)
    few, many = (combine({"sceptical": verdict(rng.normal(0, 1, n), 0.05)}).control for n in (15, 400))
    assert few.startswith("15 runs cannot tell") and many.startswith("no sign is built in")


def test_the_numbers_of_the_gates_make_one_table(plain):
    found = [gates.loop_gain([plain]), gates.neutrality(share(0.5, 100)), gates.prior_and_posterior()]
    rows = gates.table(found)
    assert [row["gate"] for row in rows] == ["G4"] * 4 + ["G2", "G6"]
    assert rows[4] == {"gate": "G2", "result": "passes", "of": "x: a against b", "number": "0.5"}


def test_the_third_gate_says_why_one_motive_is_not_asked(plain):
    gate = gates.potency(dict.fromkeys(["x"], dict.fromkeys(MOTIVES, 0.1)))
    assert f"of {len(MOTIVES) - 1} motives" in gate.says and f"{len(MOTIVES)}th, solidarity, is off" in gate.says


def neutrality(scenario, runs=60):
    return gates.sign_neutrality([scenario], gates.controls([scenario], say=say, runs=runs))


def test_a_sign_that_is_built_in_fails_the_second_gate():
    gate = neutrality(audited(small.STILL | {"solidarity.weight": 0.5}))
    assert gate.passes is False and "P(effect > 0) = 1.00" in gate.details[0]


def test_an_outcome_that_nothing_moves_has_no_sign_to_be_neutral_about():
    gate = neutrality(audited(small.STILL))
    assert gate.passes and gate.numbers == {}


def test_a_mechanism_that_is_the_only_one_to_act_is_potent_and_the_others_are_declared_inert(plain):
    moved = gates.alone(plain)
    assert {len(own) for own in moved.values()} == {len(MOTIVES) - 1}
    own = next(iter(moved.values()))
    assert own["wedge"] == 0 and own["diplomacy"] == 0  # nobody offers anything, nobody meets
    assert abs(own["evasion"]) > 1e-3
    assert any("wedge" in line for line in gates.potency(moved).details)


def test_a_wedge_acts_alone_where_one_is_offered():
    claims = small.CONTRAST.replace("alignment of IRN with RUS", "alignment of IRN with CHN")
    claims = claims.replace("isolation against", "offer against")
    own = next(iter(gates.alone(audited(branches=small.OFFER, claims=claims)).values()))
    assert own["wedge"] < -0.05
    assert max(abs(size) for name, size in own.items() if name != "wedge") < 1e-9


def test_the_gates_of_signs_are_about_alignment_alone(plain):
    claims = small.CONTRAST.replace("alignment of IRN with RUS", "isolation of IRN")
    scenario = audited(claims=claims)
    assert neutrality(scenario, runs=20).numbers == {} and gates.alone(scenario) == {}
    assert gates.potency({}).passes is None and gates.both_signs({}).passes is None


def test_all_inert_fails_the_third_gate():
    gate = gates.potency({"nothing": dict.fromkeys(MOTIVES, 0.0)})
    assert gate.passes is False and gate.details[0].count("(0.000)") == len(MOTIVES) - 1


def test_the_fourth_gate_reports_the_gain_and_what_was_thrown_away(plain):
    gate = gates.loop_gain([plain])
    assert gate.passes is True
    assert set(gate.numbers) == {"west-asia-2024, signed", "west-asia-2024, sceptical"}
    assert all(0 < own["median_gain"] < 0.95 and 0 <= own["rejected"] <= 0.5 for own in gate.numbers.values())


def test_many_rejected_draws_fail_the_fourth_gate(plain, monkeypatch):
    monkeypatch.setattr(gates, "MOST_REJECTED", -0.1)
    assert gates.loop_gain([plain]).passes is False


def test_the_fifth_gate_wants_three_each_way():
    pulls = dict.fromkeys("abc", 0.02) | dict.fromkeys("def", -0.02)
    assert gates.both_signs({"x": pulls}).passes
    lopsided = gates.both_signs({"x": pulls | {"f": 0.0}})
    assert lopsided.passes is False and "down d, e" in lopsided.details[0]
    assert gates.both_signs({"x": pulls, "y": dict.fromkeys("abc", 0.02)}).passes


def test_without_a_posterior_the_sixth_gate_is_open(monkeypatch):
    assert gates.prior_and_posterior().passes is None
    monkeypatch.setattr(gates, "packaged", lambda family: None)
    assert "no posterior yet" in gates.prior_and_posterior().says


def test_with_posteriors_the_sixth_gate_counts_what_data_moved():
    gate = gates.prior_and_posterior({"a": 4.0, "b": 1.2, "c": float("nan")})
    assert gate.passes and gate.numbers == {"a": 4.0, "b": 1.2}
    assert "2 of 3 claims have a verdict after data, and data make 1 of these 3 times likelier" in gate.says


def test_the_seventh_gate_shares_the_effect_out(plain):
    gate = gates.attribution(plain, say=say, runs=1)
    assert gate.passes and "interaction" in gate.numbers


def test_the_command_exits_with_one_when_a_gate_fails(tmp_path, monkeypatch):
    from alignsim.world.writing import write

    monkeypatch.setattr(gates, "ATTRIBUTION_RUNS", 1)
    (tmp_path / "small").mkdir()
    write(replace(small.world(), name="small"), tmp_path / "small")
    text = small.scenario(parameters={"solidarity.weight": 0.1}).text.replace("west-asia-2024", "small")
    (tmp_path / "claim.yaml").write_text(text)
    command = __import__(COMMANDS["audit"][0], fromlist=["command"]).command
    table = tmp_path / "gates.csv"
    files = [str(tmp_path / "claim.yaml")] * 2
    done = CliRunner().invoke(command, [*files, "--runs", "20", "--jobs", "1", "--out", str(table)])
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert table.read_text().startswith("gate,result,of,number\nG1,FAILS,")
    assert any(line.startswith("G1  FAILS") for line in lines) and any(line.startswith("G6  open") for line in lines)


def test_a_scenario_without_contrasts_has_no_sign_and_no_shares():
    claims = "\n  - {id: vague, says: a feeling, testable: false, why: nobody can see it}\n"
    for more in (
        "",
        "  - {id: near, says: x, outcome: alignment of IRN with RUS at 2026-09, expect: at least, level: 0}\n",
    ):
        scenario = audited(claims=claims + more)
        assert gates.attribution(scenario, say=say).passes is None
        assert neutrality(scenario).passes is None and np.isfinite(scenario.signed.seed)
