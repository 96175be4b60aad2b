"""Judging whole scenarios on planted truths: what was put in comes out, as verdict, dose, relief, share and region."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

import small_judging as small
from alignsim.cli import COMMANDS
from alignsim.errors import UsageError
from alignsim.kernel import Timeline
from alignsim.mechanisms.registry import GROUPS, SWITCHES
from alignsim.plan.resolution import resolve
from alignsim.study import dose, explain, verdicts
from alignsim.study.attribution import attribute, subsets
from alignsim.study.contrasts import Simulated, asked, effects, path, relative, same, simulate, watching
from alignsim.study.judge import How, beliefs_of, judge

QUICK = How(quick=True)
STEPS = 22
"""Months from the sanctions of December 2024 to the outcome of September 2026, both included."""


def judged(document, how=QUICK):
    return judge(document, small.world(), how).judgement["claims"]


def planted(effect: float) -> dict[str, float]:
    """Parameters under which isolation changes the tie by exactly `effect`: solidarity alone, solved for its weight."""
    plan = watching(resolve(small.scenario(runs=1), small.world()), small.scenario().scenario.claims)
    eve = plan.batch(np.arange(1)).changed(small.STILL).eve
    iran, russia, usa = (plan.states.index(code) for code in ("IRN", "RUS", "USA"))
    weight = eve.given.weight[usa]
    before = eve.measures.isolation[0, [iran, russia]]
    after = np.minimum(1.0, before + weight * (1.0 - eve.measures.material[0, usa, [iran, russia]]))
    rise = math.tanh((math.sqrt(after.prod()) - math.sqrt(before.prod())) / 0.5)
    tie = eve.alignment[0, iran, russia]
    arrived = 1.0 - (1.0 - small.STILL["consent.speed"]) ** STEPS
    return small.STILL | {"solidarity.weight": (math.atanh(tie + effect) - math.atanh(tie)) / (rise * arrived)}


@pytest.mark.parametrize(("effect", "outcome"), [(0.10, "supported"), (0.0, "refuted"), (-0.10, "contradicted")])
def test_a_planted_effect_is_measured_exactly_and_judged_right(effect, outcome):
    claim = judged(small.scenario(parameters=planted(effect), runs=60))[0]
    own = claim["beliefs"]["signed"]
    assert claim["verdict"] == own["verdict"] == outcome
    assert own["effect"]["mean"] == pytest.approx(effect, abs=1e-6)
    assert claim["label"] == "theory, not evidence"
    assert own["more_runs"] == 0


def test_noise_common_to_both_branches_does_not_blur_a_planted_effect():
    noisy = planted(0.10) | {"consent.noise": 0.05, "consent.initial_doubt": 1}
    own = judged(small.scenario(parameters=noisy, runs=60))[0]["beliefs"]["signed"]
    assert own["effect"]["mean"] == pytest.approx(0.10, abs=0.03)
    assert own["effect"]["sd"] < 0.04


def test_rel_is_the_effect_on_the_pair_less_the_mean_effect_on_its_members_ties_with_third_partners():
    ties = [("IRN", "RUS"), ("IRN", "CHN"), ("IRN", "TUR"), ("RUS", "CHN"), ("RUS", "TUR")]
    claims = "".join(
        f"  - {{id: {a}-{b}, says: x, outcome: alignment of {a} with {b} at 2026-09, "
        "contrast: isolation against baseline, expect: increase}\n"
        for a, b in ties
    )
    document = small.scenario("\n" + claims, runs=3)
    plan = watching(resolve(document, small.world()), document.scenario.claims)
    of = simulate(plan, np.arange(3))
    size = [effects(asked(claim, plan), of) for claim in document.scenario.claims]
    rel = relative(asked(document.scenario.claims[0], plan), of)
    assert rel == pytest.approx(size[0] - np.mean(size[1:], axis=0))


RISING = """
  - {id: rising, says: more and more, outcome: alignment of IRN with RUS at 2026-09,
     dose: {of: isolation, levels: [0, 0.4, 0.7, 1]}, expect: rising, margin: 0.01}
"""


def test_a_monotone_response_is_rising_and_peaks_at_the_top():
    claim = judged(small.scenario(RISING, parameters=planted(0.10), runs=20))[0]
    response = claim["dose"]["signed"]
    assert claim["verdict"] == "supported" and response["monotone_share"] == 1
    assert response["peak"]["level"] == [0, 0, 0, 1]
    middles = [level["q50"] for level in response["effect"]]
    assert middles == sorted(middles) and middles[-1] == pytest.approx(0.10, abs=1e-6)


def test_a_falling_response_is_contradicted():
    claim = judged(small.scenario(RISING, parameters=planted(-0.10), runs=20))[0]
    assert claim["verdict"] == "contradicted" and claim["dose"]["signed"]["monotone_share"] == 0


def test_the_threshold_of_a_dose_is_where_the_effect_passes_the_margin():
    claims = RISING.replace("expect: rising, margin: 0.01", "expect: threshold, margin: 0.05")
    claim = judged(small.scenario(claims, parameters=planted(0.10), runs=20))[0]
    found = claim["dose"]["signed"]["threshold"]["level"]
    middles = [level["q50"] for level in claim["dose"]["signed"]["effect"]]
    passed = [level for level, size in zip(claim["dose"]["levels"], middles, strict=True) if size > 0.05]
    assert claim["verdict"] == "supported"
    assert passed[0] - 0.3 <= found <= passed[0]


def test_a_dose_of_nothing_is_the_baseline_and_one_of_the_branchs_strength_is_the_branch():
    document = small.scenario(branches=small.ISOLATION.replace("intensity: 1", "intensity: 0.8, secondary: 0.4"))
    plan = resolve(document, small.world())
    plan = dose.with_levels(plan, document, small.world(), "isolation", (0.0, 0.5, 1.0))
    assert same(plan.branches["isolation at 0"], plan.branches["baseline"])
    assert same(plan.branches["isolation at 1"], plan.branches["isolation"])
    assert not same(plan.branches["isolation at 0.5"], plan.branches["isolation"])


def test_half_a_dose_is_half_of_what_is_added_to_what_is_in_force():
    document = small.scenario(branches=small.ISOLATION.replace("intensity: 1", "intensity: 0.8, secondary: 0.4"))
    plan = dose.with_levels(resolve(document, small.world()), document, small.world(), "isolation", (0.0, 0.5, 1.0))
    held = replace(plan.eve, sanction_trade=np.full_like(plan.eve.sanction_trade, 0.6))
    months = {b: Timeline(held, plan.branches[b], np.zeros((1, 0), bool)).at(plan.months) for b in plan.branches}
    i, j = plan.branches["isolation"][0].index
    assert months["isolation at 0.5"].sanction_trade[0, i, j] == pytest.approx(0.7)
    threats = (plan.eve.secondary[0, i, j] + months["isolation"].secondary[0, i, j]) / 2
    assert months["isolation at 0.5"].secondary[0, i, j] == pytest.approx(threats)


def test_levels_toss_the_coin_of_the_event_and_no_other():
    branches = small.ISOLATION.replace("{at: 2024-12,", "{at: 2024-12, probability: 0.5,")
    common = "\n  - {at: 2025-01, probability: 0.2, meeting: {of: [IRN, RUS]}}\n"
    document = small.scenario(branches=branches, events=common)
    plan = resolve(document, small.world())
    more = dose.with_levels(plan, document, small.world(), "isolation", (0.5,))
    assert [e.uncertain for e in more.branches["isolation at 0.5"]] == [0, 1, 1]
    assert (plan.batch(np.arange(9)).happened == more.batch(np.arange(9)).happened).all()


def test_half_way_relief_undoes_what_isolation_made_where_nothing_holds_it():
    document = small.scenario(parameters=planted(0.10), runs=12)
    plan = watching(resolve(document, small.world()), document.scenario.claims)
    claim = document.scenario.claims[0]
    month = dose.relief_month(document, "isolation", claim.outcome.end)
    assert str(month) == "2025-10"
    plan, name = dose.with_relief(plan, document, small.world(), "isolation", month)
    of = simulate(plan, np.arange(12))
    question = asked(claim, plan)
    on, relieved = path(question, of), path(replace(question, branch=name), of)
    halfway = int(month) - plan.start + 1
    assert np.array_equal(on[:, : halfway + 1], relieved[:, : halfway + 1])
    shares = dose.undone(on[:, halfway], relieved[:, -1], claim.margin)
    assert shares == pytest.approx(np.full(12, 1 - 0.7**11), abs=0.03)
    assert "comes undone:" in dose.undone_in_words(shares, 12)


def test_an_effect_that_goes_on_growing_is_not_said_to_be_undone_by_less_than_nothing():
    assert "goes on growing" in dose.undone_in_words(np.full(10, -0.4), 10)
    assert "140%" in dose.undone_in_words(np.full(10, -0.4), 10)


def test_what_never_was_cannot_come_undone():
    assert len(dose.undone(np.full(10, 0.01), np.zeros(10), 0.05)) == 0
    assert "little to undo" in dose.undone_in_words(np.zeros(0), 10)


def test_a_sequential_judgement_stops_once_all_is_decided():
    document = small.scenario(parameters=planted(0.10), runs="{until: decided, at_most: 5000}")
    own = judged(document)[0]["beliefs"]["signed"]
    assert own["runs"] == 100 and own["decided"]


def test_an_undecided_claim_is_pursued_to_the_limit_and_says_how_many_runs_it_lacks():
    chance = """
  luck:
    - {at: 2024-12, probability: 0.9, sanction: {by: USA, on: [IRN, RUS], kind: [trade, financial], intensity: 1}}
"""
    claims = small.CONTRAST + small.CONTRAST.replace("isolation against", "luck against").replace("closer,", "lucky,")
    document = small.scenario(
        claims, small.ISOLATION + chance.lstrip("\n"), planted(0.10), runs="{until: decided, at_most: 150}"
    )
    sure, own = (claim["beliefs"]["signed"] for claim in judged(document))
    assert sure["decided"] and sure["runs"] == 150  # one claim that is decided does not stop the others
    assert own["runs"] == 150 and not own["decided"] and own["more_runs"] > 0


def test_runs_added_later_are_those_that_would_have_come_at_once():
    plan = watching(resolve(small.scenario(), small.world()), small.scenario().scenario.claims)
    whole = simulate(plan, np.arange(9))
    grown = simulate(plan, np.arange(4)).joined(simulate(plan, np.arange(4, 9)))
    for branch in plan.branches:
        assert grown.branches[branch]["watched"].tobytes() == whole.branches[branch]["watched"].tobytes()
    assert np.array_equal(grown.by_run["parameters"], whole.by_run["parameters"])


def attribution(parameters, runs=3, branches=small.ISOLATION):
    document = small.scenario(parameters=parameters, runs=runs, branches=branches)
    claims = document.scenario.claims
    plan = watching(resolve(document, small.world()), claims)
    return explain.attributions(plan, [asked(claims[0], plan)], np.arange(runs))[0]


def test_what_is_shared_out_is_the_effect_that_the_claim_measures():
    document = small.scenario(parameters=small.STILL | {"evasion.weight": 0.5}, runs=3)
    own = judged(document)[0]["beliefs"]["signed"]["effect"]["mean"]
    shared = attribution(small.STILL | {"evasion.weight": 0.5})
    assert shared.effect == pytest.approx(own) and abs(own) > 0.01


def test_one_mechanism_alone_gets_the_whole_effect():
    shared = attribution(small.STILL | {"evasion.weight": 0.5, "evasion.diffusion": 0})
    shares = {c.name: c.share for c in shared.contributions}
    assert abs(shared.effect) > 0.01
    assert shares["economic"] == pytest.approx(shared.effect, abs=1e-12)
    assert sum(abs(s) for name, s in shares.items() if name != "economic") < 1e-12


def test_shares_of_two_mechanisms_sum_to_the_effect_and_each_matches_what_it_does_alone():
    both = attribution(small.STILL | {"evasion.weight": 0.2, "secondary_sanctions.weight": 0.2})
    shares = {c.name: c for c in both.contributions}
    assert sum(c.share for c in both.contributions) == pytest.approx(both.effect, abs=1e-12)
    for name in ("economic", "fear"):
        assert shares[name].share == pytest.approx(shares[name].alone, abs=0.1 * abs(both.effect) + 1e-3)
    assert both.interaction < 0.3


def test_the_share_that_rests_on_judgement_follows_the_sources_of_what_is_switched():
    values = np.zeros((2 ** len(GROUPS), 1))
    ideational = list(GROUPS).index("ideational")
    values[subsets(len(GROUPS))[:, ideational]] = 0.1
    shared = attribute(list(GROUPS), values)
    assert explain.expert_judgement_share(shared) == pytest.approx(3 / 4)  # defiance is published, the others are not


def test_every_motive_but_solidarity_is_in_one_group_of_the_attribution():
    grouped = [switch for group in GROUPS.values() for switch in group]
    assert len(grouped) == len(set(grouped))
    assert {*SWITCHES} - {*grouped} == {"solidarity", "evading", "weakest_link"}


def test_a_planted_failure_box_is_found_and_said_in_words():
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 1, (400, 4))
    plan = resolve(small.scenario(), small.world())
    plan = replace(plan, priors={f"made.p{k}": None for k in range(4)}, coins=())
    of = Simulated(plan, {}, {"parameters": values, "happened": np.zeros((400, 0))}, np.arange(400))
    holds = ~((values[:, 1] > 0.6) & (values[:, 2] < 0.5))
    found = explain.failure(holds, of)
    limits = {limit["parameter"]: limit for limit in found["boxes"][0]["limits"]}
    assert set(limits) == {"made.p1", "made.p2"}
    assert limits["made.p1"]["low"] == pytest.approx(0.6, abs=0.05) and limits["made.p1"]["high"] is None
    assert limits["made.p2"]["high"] == pytest.approx(0.5, abs=0.05)
    assert found["cart"]["agrees"] and found["boxes"][0]["density"] > 0.9
    assert "made.p1 >" in found["words"]
    assert found["points"]["holds"] == holds.tolist()


def test_a_claim_that_hardly_ever_fails_has_no_failure_region():
    of = Simulated(resolve(small.scenario(), small.world()), {}, {}, np.arange(100))
    assert "one-sided" in explain.failure(np.ones(100, bool), of)["words"]


def rival(theory, runs=4, document=None):
    document = document or small.scenario(runs=runs)
    plan = watching(resolve(document, small.world()), document.scenario.claims)
    found = simulate(replace(plan, theory=theory), np.arange(runs))
    of = {branch: own["watched"] for branch, own in found.branches.items()}
    return of, plan


def test_under_persistence_no_branch_differs_and_no_tie_moves():
    of, _ = rival("persistence")
    assert np.array_equal(of["isolation"], of["baseline"])
    assert (np.ptp(of["baseline"], axis=-1) == 0).all()


def test_one_coefficient_gains_in_proportion_to_joint_isolation():
    of, plan = rival("one-coefficient")
    gain = of["isolation"][:, 0, -1] - of["baseline"][:, 0, -1]
    assert (gain > 0).all()
    steps = np.diff(of["baseline"][:, 0], axis=1)
    assert steps == pytest.approx(np.repeat(steps[:, :1], plan.months, axis=1))


def test_balance_answers_sanctions_through_third_parties_alone():
    of, _ = rival("balance", document=small.scenario(parameters={"sanctions.hostility": 0}))
    assert np.array_equal(of["isolation"], of["baseline"])  # without hostility nothing reaches the ties
    of, _ = rival("balance", document=small.scenario(parameters={"sanctions.hostility": 2}))
    assert np.abs(of["isolation"][:, 0, -1] - of["baseline"][:, 0, -1]).max() > 1e-4


def test_in_a_landscape_ties_are_one_or_minus_one_and_stay_until_something_happens():
    of, _ = rival("landscape")
    assert set(np.unique(of["isolation"][:, 0])) <= {-1.0, 1.0}
    assert (of["baseline"][:, 0].min(axis=1) == of["baseline"][:, 0].max(axis=1)).all()


def test_rival_theories_are_silent_about_trade():
    claims = small.CONTRAST.replace("alignment of IRN with RUS", "trade dependence of IRN on RUS")
    of, _ = rival("balance", runs=2, document=small.scenario(claims, runs=2))
    assert np.isnan(of["isolation"]).all()


@pytest.fixture(scope="module")
def whole():
    claims = small.CONTRAST + RISING + "  - {id: vague, says: a feeling, testable: false, why: nobody can see it}\n"
    document = small.scenario(claims, runs=40)
    return judge(document, small.world(), How(attribution_runs=2))


def test_a_whole_judgement_follows_the_contract(whole):
    judgement = json.loads(json.dumps(whole.judgement, allow_nan=False))
    contrast, response, vague = judgement["claims"]
    families = beliefs_of(("signed",), quick=False)
    assert tuple(contrast["beliefs"]) == families and {"signed", "sceptical"} <= {*families}
    assert contrast["attribution"]["runs"] == 2 and len(contrast["attribution"]["groups"]) == len(GROUPS)
    shares = sum(g["shapley"] for g in contrast["attribution"]["groups"])
    assert shares == pytest.approx(contrast["attribution"]["total"])
    asked_again = [(theory, belief) for theory in ("balance", "landscape") for belief in families]
    asked_once = [("one-coefficient", "its own"), ("persistence", "its own")]
    assert sorted((r["theory"], r["belief"]) for r in contrast["rivals"]) == sorted(asked_again + asked_once)
    assert contrast["reverse"]["what"] == "isolation ends after 2025-10" and response["reverse"] is None
    assert contrast["failure"]["fails_share"] == pytest.approx(1 - contrast["beliefs"]["signed"]["support"]["p"])
    assert len(contrast["path"]["months"]) == len(contrast["path"]["signed"]["q50"]) == 25
    assert [len(response["dose"][b]["effect"]) for b in ("signed", "sceptical")] == [4, 4]
    assert vague["verdict"] == "not testable" and "nobody can see it" in vague["sentence"]
    assert {p["path"] for p in judgement["assumed"]["parameters"] if p["pinned"]} == set()


def test_the_same_scenario_is_judged_the_same_again(whole):
    document = small.scenario(runs=40)
    again = judge(document, small.world(), QUICK).judgement["claims"][0]
    assert again["beliefs"]["signed"] == whole.judgement["claims"][0]["beliefs"]["signed"]


def test_quick_answers_are_those_of_the_deciding_belief_alone():
    assert beliefs_of(("sceptical", "signed"), quick=True) == ("signed",)
    assert beliefs_of(("fixed",), quick=False) == ("fixed", "sceptical")


def test_a_scenario_under_another_theory_is_refused_with_the_way_out():
    document = small.scenario()
    other = replace(document, scenario=document.scenario.model_copy(update={"theory": "balance"}))
    with pytest.raises(UsageError, match="theory=consent"):
        judge(other, small.world(), QUICK)


def test_pairing_needs_at_least_ten_times_fewer_runs_than_seeds_of_their_own():
    document = small.scenario(parameters=planted(0.10) | {"consent.noise": 0.03, "consent.initial_doubt": 1}, runs=200)
    plan = watching(resolve(document, small.world()), document.scenario.claims)
    question = asked(document.scenario.claims[0], plan)
    of = simulate(plan, np.arange(400))
    paired = effects(question, of)[:200]
    ends = [of.series(branch, question.value)[:, -1] for branch in ("isolation", "baseline")]
    unpaired = ends[0][:200] - ends[1][200:]
    assert unpaired.var() / paired.var() > 10


def test_the_command_prints_a_sentence_and_a_table_and_writes_the_judgement(tmp_path):
    from alignsim.world.writing import write

    (tmp_path / "small").mkdir()
    write(replace(small.world(), name="small"), tmp_path / "small")
    text = small.scenario(parameters=planted(0.10), runs=8).text.replace("world: west-asia-2024", "world: small")
    (tmp_path / "claim.yaml").write_text(text)
    command = __import__(COMMANDS["judge"][0], fromlist=["command"]).command
    out = str(tmp_path / "out")
    done = CliRunner().invoke(command, [str(tmp_path / "claim.yaml"), "--quick", "--jobs", "1", "--out", out])
    assert done.exit_code == 0, done.output
    assert "raises the alignment of Iran with Russia" in " ".join(done.output.split())
    assert max(len(line) for line in done.output.splitlines() if str(tmp_path) not in line) <= 112
    (written,) = (tmp_path / "out").rglob("judgement.json")
    kept = json.loads(written.read_text())
    assert kept["claims"][0]["verdict"] == "supported" and kept["seconds"] > 0


def test_an_executor_changes_no_number():
    from concurrent.futures import ThreadPoolExecutor

    plan = watching(resolve(small.scenario(), small.world()), small.scenario().scenario.claims)
    runs = np.arange(70)  # more than one chunk
    with ThreadPoolExecutor(2) as pool:
        told: list[tuple[int, int]] = []
        of = simulate(plan, runs, executor=pool, progress=lambda done, total: told.append((done, total)))
        handed = of.branches["isolation"]["watched"]
    assert handed.tobytes() == simulate(plan, runs).branches["isolation"]["watched"].tobytes()
    assert told[-1] == (70, 70)


def test_one_claim_of_several_can_be_judged_and_an_unknown_one_is_answered_with_the_nearest():
    document = small.scenario(small.CONTRAST + RISING, runs=4)
    assert [claim["id"] for claim in judged(document, How(quick=True, claims=("rising",)))] == ["rising"]
    with pytest.raises(UsageError, match="did you mean 'rising'"):
        judged(document, How(quick=True, claims=("rissing",)))


def test_the_table_has_a_row_for_every_claim_and_belief(tmp_path):
    import csv

    from alignsim.cli.judge import write_table

    document = small.scenario(RISING, parameters=planted(0.10), runs=12)
    judgement = judge(document, small.world(), How(quick=True)).judgement
    path = write_table([judgement], tmp_path / "verdicts.csv")
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    claim = judgement["claims"][0]
    assert [row["belief"] for row in rows] == list(claim["beliefs"])
    assert float(rows[0]["median"]) == pytest.approx(claim["beliefs"]["signed"]["effect"]["q50"], abs=1e-3)
    assert rows[0]["verdict"] == claim["beliefs"]["signed"]["verdict"]


def test_branches_that_are_known_are_not_simulated_again_and_change_no_number():
    claims = small.CONTRAST + RISING.lstrip("\n")
    document = small.scenario(claims, runs=6)
    plan = watching(resolve(document, small.world()), document.scenario.claims)
    known = simulate(plan, np.arange(6))
    levels = dose.with_levels(plan, document, small.world(), "isolation", (0.0, 0.5, 1.0))
    added = {name: own for name, own in levels.branches.items() if name not in plan.branches}
    levels = replace(levels, branches=added)
    anew, reused = simulate(levels, np.arange(3, 6)), simulate(levels, np.arange(3, 6), known=[known])
    for name in added:
        assert anew.branches[name]["watched"].tobytes() == reused.branches[name]["watched"].tobytes()
    assert anew.by_run["parameters"].tobytes() == reused.by_run["parameters"].tobytes()
    marked = replace(known, branches={n: {"watched": own["watched"] + 1} for n, own in known.branches.items()})
    reused = simulate(levels, np.arange(3, 6), known=[marked])
    moved = {name: float(np.ptp(reused.branches[name]["watched"] - anew.branches[name]["watched"])) for name in added}
    shifted = {n for n in added if not np.array_equal(reused.branches[n]["watched"], anew.branches[n]["watched"])}
    assert shifted == {"isolation at 0", "isolation at 1"} and max(moved.values()) < 1e-9
    beyond = simulate(levels, np.arange(5, 8), known=[marked])  # runs that are not known are simulated
    alone = simulate(levels, np.arange(5, 8))
    assert (
        beyond.branches["isolation at 1"]["watched"].tobytes() == alone.branches["isolation at 1"]["watched"].tobytes()
    )


def test_groups_that_are_off_already_halve_the_subsets_to_be_simulated():
    plan = resolve(small.scenario(), small.world())
    needed, of = explain.needed_subsets(plan)
    assert needed == list(range(2 ** len(GROUPS))) and of.tolist() == needed
    still = small.scenario(parameters={"oil_rivalry.weight": 0.0, "trade.oil_sensitivity": 0.0})
    needed, of = explain.needed_subsets(resolve(still, small.world()))
    bit = 1 << list(GROUPS).index("rivalry")
    assert len(needed) == 2 ** (len(GROUPS) - 1) and all(mask & bit for mask in needed)
    assert all(needed[of[mask]] == mask | bit for mask in range(2 ** len(GROUPS)))


def test_a_group_that_is_off_already_has_no_share_and_the_others_theirs():
    claims = small.scenario().scenario.claims
    shares = {}
    for weight in (0.0, 1e-300):  # next to nothing is simulated in full
        document = small.scenario(parameters={"substitution.weight": weight}, runs=1)
        plan = watching(resolve(document, small.world()), claims)
        shares[weight] = explain.attributions(plan, [asked(claims[0], plan)], np.arange(1))[0]
    for one, other in zip(shares[0.0].contributions, shares[1e-300].contributions, strict=True):
        assert one.share == pytest.approx(other.share, abs=1e-12)
    assert shares[0.0].contributions[list(GROUPS).index("substitution")].share == 0


def test_a_judgement_holds_the_gates_as_far_as_it_can_tell():
    quick = judge(small.scenario(runs=20), small.world(), QUICK).judgement["gates"]
    assert list(quick) == [f"G{k}" for k in range(1, 8)]
    assert quick["G1"]["passes"] and quick["G4"]["passes"]
    assert [quick[name]["passes"] for name in ("G2", "G3", "G5", "G7")] == [None] * 4
    assert "alignsim audit" in quick["G2"]["says"]
    sign = small.CONTRAST.replace("closer", "isolated").replace("alignment of IRN with RUS", "isolation of IRN")
    claims = small.CONTRAST + RISING.lstrip("\n") + sign.lstrip("\n")
    full = judge(small.scenario(claims, runs=20), small.world(), How(attribution_runs=1, theories=())).judgement
    gates = full["gates"]
    only = "scenario: isolation against baseline, alignment of IRN with RUS at 2026-09"
    assert list(gates["G2"]["numbers"]) == [only]
    control = full["claims"][0]["beliefs"]["sceptical"]["positive"]["p"]
    assert list(gates["G2"]["numbers"].values()) == [control]
    assert "only ties are expected to have no sign" in full["claims"][2]["control"]
    assert gates["G7"]["passes"] and None not in (gates["G3"]["passes"], gates["G5"]["passes"])
    json.dumps(gates, allow_nan=False)


def test_a_weight_on_solidarity_fails_the_first_gate_of_the_judgement():
    document = small.scenario(parameters={"solidarity.weight": 0.1}, runs=5)
    assert judge(document, small.world(), QUICK).judgement["gates"]["G1"]["passes"] is False


def test_an_inconclusive_sentence_says_both_shares_and_what_a_verdict_needs():
    claim = judged(small.scenario(parameters={"consent.noise": 0.1, "consent.initial_doubt": 1}, runs=40))[0]
    own = answer_of(0.4)
    words = verdicts.sentence(own, "it", "their tie")
    assert words.startswith("Inconclusive under the signed model: it raises their tie by more than 0.05")
    assert "with probability 0.40 and does not with 0.60, and a verdict needs 0.90" in words
    assert "unlikely" not in words
    assert claim["sentence"].startswith(claim["verdict"].capitalize())


def answer_of(share: float):
    effects = np.where(np.arange(100) < 100 * share, 0.1, 0.0)
    return verdicts.verdict(effects, 0.05, "increase")


def test_the_terminal_says_each_thing_once_and_with_true_minus_signs(whole, capsys):
    from pathlib import Path

    from alignsim.cli.judge import _tell

    content = json.loads(json.dumps(whole.judgement)) | {"seconds": 1.0}
    contrast, response, _ = content["claims"]
    assert contrast["attribution"] == response["attribution"]  # the dose is one of the same branch
    for claim in (contrast, response):
        claim["failure"] |= {"boxes": [], "words": "nowhere"}
    _tell(content, Path("folder"))
    out = " ".join(capsys.readouterr().out.split())
    assert out.count(contrast["attribution"]["words"]) == 1 and f"What moves it is as for {contrast['id']}." in out
    assert "nowhere" not in out and out.count("No region of the parameters stands out") == 1
    assert "rises at every step in" in out and "gates open: " in out
    assert "-0." not in out and "−" in out


def test_the_posteriors_speak_for_a_claim_where_there_are_two():
    from alignsim.study.judge import in_a_sentence

    document = small.scenario()
    plan, claim = resolve(document, small.world()), document.scenario.claims[0]

    def said(signed_posterior: float, sceptical_posterior: float) -> str:
        shares = {"signed": 0.4, "sceptical": 0.5, "calibrated-signed": signed_posterior,
                  "calibrated-sceptical": sceptical_posterior}  # fmt: skip
        own = {belief: SimpleNamespace(verdict=answer_of(share)) for belief, share in shares.items()}
        return in_a_sentence(claim, own, plan, "calibrated")

    assert said(0.95, 0.93).startswith("Supported under the calibrated model: ")
    assert "with probability 0.95 (before data: 0.40)" in said(0.95, 0.93) and said(0.95, 0.93).endswith("Calibrated.")
    split = said(0.95, 0.5)
    assert split.startswith("Inconclusive, for the two posteriors disagree: ")
    assert "0.95 when fitted from the signed prior (supported), and 0.50 from the sceptical (inconclusive)" in split


def test_a_rival_theory_is_one_line_where_beliefs_agree():
    from alignsim.cli.judge import _rival

    def row(belief, verdict, middle):
        return {"belief": belief, "verdict": verdict, "effect": {"q50": middle}, "words": f"moves it by {middle}"}

    same = [row("signed", "refuted", 0.004), row("sceptical", "refuted", -0.008)]
    assert _rival("balance", same) == "balance: refuted; moves it by −0.008 to +0.004 in the median run, by belief"
    split = _rival("balance", [*same, row("fixed", "supported", 0.1)])
    assert split.endswith("supported (fixed); moves it by 0.1") and "refuted (signed, sceptical)" in split


def test_verdicts_may_be_had_under_all_beliefs_without_reasons():
    given = judge(small.scenario(runs=20), small.world(), How(theories=(), reasons=False)).judgement
    for claim in given["claims"]:
        assert {"signed", "sceptical"} <= {*claim["beliefs"]}
        assert [claim[part] for part in ("attribution", "failure", "reverse")] == [None] * 3
    assert given["gates"] is None
