"""Claims about where things stand in one branch: judged as other claims are, and treated as a contrast nowhere."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import small_judging as small
from alignsim import api
from alignsim.cli import COMMANDS
from alignsim.cli.judge import write_table
from alignsim.cli.tables import specifications
from alignsim.plan.plan import Watched
from alignsim.plan.resolution import resolve
from alignsim.results.measures import ABOUT_TIES
from alignsim.show import notebook, verdicts
from alignsim.show.report import render
from alignsim.study import account
from alignsim.study.contrasts import asked, effects, simulate, watching
from alignsim.study.judge import How, judge
from small_runs import TEXT
from small_runs import scenario as small_file

LEVELS = """
  - {id: rank, says: nearest, outcome: tie rank of IRN with RUS at 2024-10, expect: at most, level: 0.25}
  - {id: isolated, says: alone, outcome: isolation of RUS at 2026-09, expect: at least, level: 0.9, branch: isolation}
  - {id: free, says: not alone, outcome: isolation of RUS at 2026-09, expect: at least, level: 0.9}
  - {id: strong, says: rich, outcome: capacity of IRN over 2026-01..2026-09, expect: at most, level: 0.9}
"""


def rank(code: str, partner: str) -> float:
    """The share of other ties that are closer by the world's tables, counted one by one."""
    world = small.world()
    i, j = world.states.index(code), world.states.index(partner)
    others = [float(world.alignment[i, k]) for k in range(len(world.states)) if k not in (i, j)]
    own = float(world.alignment[i, j])
    return sum(1.0 if tie > own else 0.5 if tie == own else 0.0 for tie in others) / len(others)


@pytest.mark.parametrize(("code", "partner"), [("IRN", "RUS"), ("RUS", "IRN"), ("USA", "IRN"), ("DEU", "CHN")])
def test_where_nothing_moves_and_nothing_is_doubted_a_rank_is_that_of_the_tables(code, partner):
    truth = rank(code, partner)
    outcome = f"outcome: tie rank of {code} with {partner} at 2026-09, expect"
    claims = "\n" + "".join(
        f"  - {{id: {name}, says: x, {outcome}: {expect}, level: {level}}}\n"
        for name, expect, level in (
            ("just-most", "at most", min(truth, 0.999)),
            ("just-least", "at least", max(truth, 0.001)),
            ("under", "at most", max(truth - 0.1, 0.0)),
        )
    )
    found = judge(small.scenario(claims, parameters=small.STILL, runs=20), small.world(), How(quick=True)).judgement
    expected = {"just-most": truth < 1, "just-least": truth > 0, "under": truth == 0}
    for claim in found["claims"]:
        own = claim["beliefs"]["signed"]
        assert own["outcome"]["mean"] == pytest.approx(truth)
        assert own["effect"]["mean"] == pytest.approx(truth - claim["level"])
        assert claim["verdict"] == ("supported" if expected[claim["id"]] else "refuted"), claim["id"]


def test_the_ranks_of_this_world_are_no_single_number():
    """Else the test above could not tell one state from another."""
    assert len({rank("IRN", "RUS"), rank("RUS", "IRN"), rank("USA", "IRN"), rank("DEU", "CHN")}) >= 3


@pytest.fixture(scope="module")
def whole():
    document = small.scenario(small.CONTRAST + LEVELS.lstrip("\n"), runs=40)
    return judge(document, small.world(), How(attribution_runs=2))


@pytest.fixture(scope="module")
def claims(whole):
    return {claim["id"]: claim for claim in json.loads(json.dumps(whole.judgement, allow_nan=False))["claims"]}


def test_a_level_is_read_in_the_branch_that_the_claim_names(claims):
    isolated, free = claims["isolated"], claims["free"]
    assert (isolated["branch"], free["branch"], claims["closer"]["branch"]) == ("isolation", "baseline", None)
    inside, outside = (c["beliefs"]["signed"]["outcome"]["q50"] for c in (isolated, free))
    assert inside > outside + 0.05
    assert (isolated["path"]["signed"]["q50"][-1], free["path"]["signed"]["q50"][-1]) == pytest.approx(
        (inside, outside)
    )


def test_a_level_has_numbers_for_every_belief_and_none_of_what_a_contrast_has(claims):
    for name in ("rank", "isolated", "free", "strong"):
        claim = claims[name]
        assert claim["margin"] is None and claim["contrast"] is None
        assert not any(claim[key] for key in ("dose", "reverse", "attribution"))
        assert {*claim["beliefs"]} == {*claims["closer"]["beliefs"]} >= {"signed", "sceptical"}
        for own in claim["beliefs"].values():
            assert own["relative"] is None
            assert own["support"]["p"] + own["refutation"]["p"] == pytest.approx(1)
            assert own["verdict"] in ("supported", "refuted", "inconclusive")
        assert claim["failure"]["fails_share"] == pytest.approx(claim["beliefs"]["signed"]["refutation"]["p"])
        assert claim["control"].startswith("a level has no sign that could be built in")
    assert claims["closer"]["attribution"] and claims["closer"]["reverse"] and claims["closer"]["level"] is None


def test_the_gates_of_signs_and_shares_look_at_contrasts_alone(whole):
    numbers = whole.judgement["gates"]
    assert len(numbers["G2"]["numbers"]) <= 1 and "1 of 1 contrasts" in numbers["G2"]["says"]
    alone = judge(small.scenario(LEVELS, runs=4), small.world(), How(theories=())).judgement
    assert [alone["gates"][gate]["passes"] for gate in ("G2", "G3", "G5", "G7")] == [None] * 4


def test_rival_theories_have_levels_of_ties_and_isolation_and_are_silent_about_capacity(claims):
    assert "tie rank" in ABOUT_TIES
    for name in ("rank", "isolated"):
        for row in claims[name]["rivals"]:
            assert row["verdict"] in ("supported", "refuted", "inconclusive")
            assert row["words"].endswith("in the median run") and "moves" not in row["words"]
    assert {row["verdict"] for row in claims["strong"]["rivals"]} == {"not testable"}


def test_in_a_landscape_all_on_a_side_are_equally_close_and_count_half():
    document = small.scenario(LEVELS, runs=2)
    plan = watching(resolve(document, small.world()), document.scenario.claims)
    iran, russia = (plan.states.index(code) for code in ("IRN", "RUS"))
    third = [k for k in range(len(plan.states)) if k not in (iran, russia)]
    ties = tuple(Watched("alignment", (iran,), (k,)) for k in (russia, *third))
    plan = replace(plan, theory="landscape", watched=(*plan.watched, *ties))
    of = simulate(plan, np.arange(2))
    own, *others = (of.series("baseline", plan.watched.index(tie))[:, 1] for tie in ties)
    friends = (np.array(others) > 0).sum(axis=0)
    foes = len(third) - friends
    expected = np.where(own > 0, 0.5 * friends, friends + 0.5 * foes) / len(third)
    assert effects(asked(document.scenario.claims[0], plan), of) + 0.25 == pytest.approx(expected)


def test_the_sentence_says_where_things_stand_and_given_what(claims):
    assert (
        claims["free"]["sentence"].startswith(f"{claims['free']['verdict'].capitalize()}")
        and "the isolation of Russia in 2026-09 is at least 0.9 with probability" in claims["free"]["sentence"]
    )
    assert "given “isolation” (" in claims["isolated"]["sentence"] and "given" not in claims["free"]["sentence"]
    assert (
        "the tie rank of Iran with Russia (the share of other states that are closer) in 2024-10 is at most 0.25"
        in (claims["rank"]["sentence"])
    )
    assert not any(word in claims["rank"]["sentence"] for word in ("raises", "lowers", "moves", "rather than"))


def test_the_path_and_the_curve_draw_the_outcome_and_its_level(claims):
    claim = claims["isolated"]
    axes = verdicts.effect_path(claim).axes[0]
    (line,) = [own for own in axes.lines if own.get_gid() == "level"]
    assert set(line.get_ydata()) == {0.9} and not [own for own in axes.patches if own.get_gid() == "margin"]
    medians = [own for own in axes.lines if own.get_gid() == "median"]
    assert medians[0].get_ydata()[-1] == pytest.approx(claim["path"]["signed"]["q50"][-1])
    assert axes.get_ylabel() == "isolation" and axes.get_ylim()[1] >= 0.9
    axes = verdicts.specification_curve(claim).axes[0]
    (line,) = [own for own in axes.lines if own.get_gid() == "level"]
    assert set(line.get_xdata()) == {0.9}
    rows = verdicts.specifications(claim)
    own = next(row for row in rows if (row.theory, row.belief) == ("consent", "signed"))
    assert own.middle == pytest.approx(claim["beliefs"]["signed"]["outcome"]["q50"], abs=1e-6)
    assert not [own for own in verdicts.effect_path(claims["closer"]).axes[0].lines if own.get_gid() == "level"]


def test_the_branch_of_a_level_has_its_events_marked(claims):
    events = [{"at": "2024-12", "branch": "isolation", "label": "x"}, {"at": "2025-01", "branch": None, "label": "y"}]
    assert [mark.number for mark in verdicts.markers(events, claims["isolated"])] == [1, 2]
    assert [mark.number for mark in verdicts.markers(events, claims["free"])] == [2]


def test_report_notebook_and_tables_tell_of_a_level(whole, claims, tmp_path, capsys):
    page = render(whole.judgement)
    assert "isolation of RUS at 2026-09, in isolation. Claimed: at least 0.9." in page
    assert "above 0.9" in page and "less than −open" not in page
    assert page.count("The claim compares no branches") == 4
    shown = notebook.judgement({"claims": [claims["isolated"]]})
    assert "P(&gt; 0.9)" in shown and "margin" not in shown
    path = write_table([whole.judgement], tmp_path / "verdicts.csv")
    with open(path, newline="", encoding="utf-8") as handle:
        rows = {(row["claim"], row["belief"]): row for row in csv.DictReader(handle)}
    row, own = rows["isolated", "signed"], claims["isolated"]["beliefs"]["signed"]
    assert (row["level"], row["branch"], row["margin"], row["contrast"]) == ("0.9", "isolation", "", "")
    assert float(row["median"]) == pytest.approx(own["outcome"]["q50"], abs=1e-3)
    assert float(row["p_above"]) == pytest.approx(own["probabilities"]["above"], abs=1e-3)
    assert rows["closer", "signed"]["level"] == "" and rows["closer", "signed"]["margin"] == "0.05"
    specifications([claims["isolated"]])
    assert "in isolation is at least 0.9" in " ".join(capsys.readouterr().out.split())
    assert {row["claim"] for row in account.specifications([claims["rank"]])} == {"rank"}


FILE = (
    TEXT[: TEXT.index("claims:")]
    + """\
claims:
  - {id: near, says: x, outcome: tie rank of IRN with RUS at 2025-06, expect: at most, level: 0.25}
  - {id: alone, says: x, outcome: isolation of RUS at 2025-06, expect: at least, level: 0.5, branch: isolation}
runs: 6
seed: 3
"""
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return small_file(tmp_path_factory.mktemp("levels"), FILE, "levels.yaml")


@pytest.mark.parametrize(
    "arguments",
    [["judge", "--jobs", "1", "--theory", "none"], ["run", "--theory", "all", "--jobs", "1"], ["show"], ["validate"],
     ["audit", "--runs", "20", "--jobs", "1"]],
    ids=["judge", "every theory", "show", "validate", "audit"],
)  # fmt: skip
def test_every_command_takes_a_file_that_speaks_of_levels_alone(file, tmp_path, arguments):
    name, *options = arguments
    out = ["--out", str(tmp_path / "out")] if name in ("judge", "run") else []
    command = __import__(COMMANDS[name][0], fromlist=["command"]).command
    done = CliRunner().invoke(command, [str(file), *options, *out])
    assert done.exit_code == 0, done.output
    if name in ("judge", "run"):
        assert "at least 0.5" in " ".join(done.output.split())
        assert list((tmp_path / "out").rglob("report.html" if name == "judge" else "specifications.csv"))


def test_a_sweep_takes_the_outcome_less_its_level_for_the_effect(file, tmp_path):
    made = api.sweep(file, {"branches.isolation[0].intensity": [0, 0.5, 1]}, runs=4, jobs=1, out=tmp_path)
    own = made.values["isolation of RUS at 2025-06, isolation"]
    assert np.array_equal(made.values["alone"], own - 0.5)
    assert np.array_equal(made.values["near"], made.values["tie rank of IRN with RUS at 2025-06, baseline"] - 0.25)
    words, _, margin, expect = made.described("alone")
    assert (words, margin, expect) == ("isolation of RUS at 2025-06 in isolation, less 0.5", 0.0, "at least")
    assert made.described("near")[1] == "difference in share of other states"
    row = next(row for row in made.summary() if row["name"] == "alone")
    assert row["above"] == (own > 0.5).mean()
    back = type(made).load(made.folder)
    assert np.array_equal(back.values["alone"], made.values["alone"]) and back.effects == made.effects
    assert api.sensitivity(made).swings.keys() >= {"alone", "near"}
