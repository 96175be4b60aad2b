"""The gates on the shipped scenarios, and verdicts over many seeds; slow."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from alignsim.plan.check import world_of
from alignsim.scenario import load
from alignsim.study import gates

pytestmark = pytest.mark.science

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
SCENARIOS = sorted(path for path in FOLDER.glob("*.yaml") if not path.stem.startswith("landscape-"))


def say(words):
    return nullcontext(None)


@pytest.fixture(scope="module")
def shipped():
    documents = [load(path) for path in SCENARIOS]
    found = [gates.audited(document, world_of(document)) for document in documents]
    return [scenario for scenario in found if scenario.contrasts(scenario.signed)]


def test_no_shipped_scenario_rewards_being_isolated_together(shipped):
    gate = gates.no_direct_reward(shipped)
    assert gate.passes, gate.details


@pytest.mark.parametrize("name", ["isolation"])
def test_the_headline_has_no_sign_under_the_sceptical_belief(shipped, name):
    own = [scenario for scenario in shipped if scenario.name == name]
    gate = gates.sign_neutrality(own, gates.controls(own, say=say, runs=200))
    assert gate.passes, gate.details


def test_few_draws_are_thrown_away(shipped):
    gate = gates.loop_gain(shipped)
    assert gate.passes, gate.details


def test_mechanisms_of_the_headline_pull_both_ways(shipped):
    gate = gates.both_signs({k: v for s in shipped if s.name == "isolation" for k, v in gates.alone(s).items()})
    assert gate.passes, gate.details


def test_shares_of_the_headline_sum_to_its_effect(shipped):
    own = next(scenario for scenario in shipped if scenario.name == "isolation")
    gate = gates.attribution(own, say=say, runs=4)
    assert gate.passes and np.isfinite(list(gate.numbers.values())).all()
