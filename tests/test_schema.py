"""The schema: what a scenario may say, what its defaults are, and the small grammar of claims."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alignsim.errors import InvalidInput
from alignsim.mechanisms.priors import Constant, Triangular, Uniform
from alignsim.plan.check import check
from alignsim.plan.resolved import resolved_text
from alignsim.scenario import Month, load_text
from alignsim.scenario.events import KINDS
from alignsim.scenario.json_schema import json_schema
from alignsim.scenario.outcomes import MEASURES, Misread, parse_contrast, parse_outcome
from small_world import small_world

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
alignsim: 1
title: A scenario
world: small-2024
time: {start: 2024-10, end: 2025-12}
"""
EVERY_KIND = """\
events:
  - {at: 2024-10, sanction: {by: west, on: RUS}}
  - {at: 2024-11, lift: {by: [USA, GBR], on: RUS, share: 0.5}}
  - {at: 2024-11, until: 2025-01, embargo: {by: USA, on: RUS}}
  - {at: 2024-12, arms: {from: RUS, to: HOUTHI, tiv: 2}}
  - {at: 2024-12, licence: {from: IRN, to: RUS}}
  - {at: 2024-12, war: {of: IRN, load: 0.4, against: ISR}}
  - {at: 2025-01, peace: {of: [IRN, ISR]}}
  - {at: 2025-01, meeting: {of: brics}}
  - {at: 2025-01, treaty: {of: [IRN, RUS]}}
  - {at: 2025-01, agreement: {of: [IRN, RUS], trade_cost: -0.1}}
  - {at: 2025-01, breach: {by: RUS, toward: IRN, severity: 0.5}}
  - {at: 2025-01, issue: {name: arctic, salience: 0.2, positions: {RUS: 1, west: -0.5}}}
  - {at: 2025-02, position: {of: TUR, issue: arctic, to: 0.3}}
  - {at: 2025-02, capacity: {of: IRN, change: -0.1}}
  - {at: 2025-02, arsenal: {of: RUS, factor: 0.5}}
  - {at: 2025-02, hostility: {between: [IRN, ISR], level: 1}}
  - {at: 2025-02, offer: {by: USA, to: RUS, away_from: IRN, strength: 0.5}}
"""


def scenario(text: str = ""):
    return load_text(HEAD + text).scenario


def test_a_short_scenario_has_every_default():
    s = scenario()
    assert (s.belief, s.theory, s.seed) == (("signed",), "consent", 0)
    assert (s.runs.at_most, s.runs.until) == (400, None)
    assert (s.focus, s.events, s.claims) == ((), (), ())
    assert (dict(s.branches), dict(s.parameters), s.branch_names) == ({}, {}, ("baseline",))
    assert s.time.months == 15


def test_every_kind_of_event_can_be_written_and_checked():
    document = load_text(HEAD + EVERY_KIND)
    assert [event.kind for event in document.scenario.events] == list(KINDS)
    assert check(document, small_world())[0] == []


def test_events_have_the_documented_defaults():
    events = {event.kind: event for event in scenario(EVERY_KIND).events}
    sanction = events["sanction"].what
    assert (sanction.kind, sanction.intensity, sanction.secondary) == (("trade", "financial"), 1.0, 0.0)
    assert events["lift"].what.kind == ("trade", "financial", "arms", "symbolic")
    assert (events["meeting"].what.strength, events["treaty"].what.strength) == (0.3, 0.7)
    assert (events["arms"].what.from_, events["arms"].what.months) == ("RUS", 12)
    assert (events["sanction"].probability, events["sanction"].until) == (1.0, None)


def test_one_name_and_a_list_of_one_mean_the_same():
    one = scenario("events: [{at: 2025-01, sanction: {by: USA, on: RUS, kind: trade, secondary: true}}]\n")
    listed = scenario("events: [{at: 2025-01, sanction: {by: [USA], on: [RUS], kind: [trade], secondary: 1}}]\n")
    assert one == listed


def test_parameters_may_be_nested_or_flat():
    nested = scenario("parameters: {sanctions: {bite: 0.2}, arms: {war_drain: {low: 0.1, mode: 0.2, high: 0.5}}}\n")
    flat = scenario("parameters: {sanctions.bite: 0.2, arms.war_drain: {low: 0.1, mode: 0.2, high: 0.5}}\n")
    assert nested == flat
    assert nested.parameters["sanctions.bite"].prior == Constant(0.2)
    assert nested.parameters["arms.war_drain"].prior == Triangular(0.1, 0.2, 0.5)
    uniform = scenario("parameters: {sanctions.bite: {low: 0, high: 1}}\n")
    assert uniform.parameters["sanctions.bite"].prior == Uniform(0, 1)


def test_runs_may_end_when_all_is_decided():
    assert scenario("runs: {until: decided}\n").runs.at_most == 20_000
    assert scenario("runs: {until: decided, at_most: 50}\n").runs.until == "decided"


def test_nothing_in_a_scenario_can_be_changed():
    with pytest.raises(ValidationError):
        scenario().title = "another"


@settings(max_examples=200)
@given(st.integers(1800, 2199), st.integers(1, 12), st.integers(-100, 100))
def test_months_count_as_whole_numbers_and_read_back(year, month, steps):
    m = Month(f"{year}-{month:02d}")
    assert Month(m.text) == m == 12 * year + month - 1
    assert (m + steps) - m == steps
    assert str(m.datetime64)[:7] == m.text


@pytest.mark.parametrize(
    "text", ["2024", "2024-13", "2024-00", "2024-1", "24-10", "2024-10-08", "1799-12", "2200-01", ""]
)
def test_what_is_not_a_month_is_refused(text):
    with pytest.raises(ValueError):
        Month(text)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_outcome_reads_back_from_its_parts(measure):
    parts = MEASURES[measure]
    words = measure
    words += " of IRN" if parts else ""
    words += {"partner": " with RUS", "issue": " on syria"}[parts[1]] if len(parts) == 2 else ""
    at = parse_outcome(f"{words} at 2029-12")
    over = parse_outcome(f"{words} over 2025-01..2029-12")
    assert (at.measure, at.state) == (measure, "IRN" if parts else None)
    assert (at.partner, at.issue) == (
        "RUS" if "partner" in parts else None,
        "syria" if "issue" in parts else None,
    )
    assert at.start == at.end == over.end == Month("2029-12")
    assert over.start == Month("2025-01")


def test_the_words_between_names_may_vary():
    readings = {
        parse_outcome(f"arms flow {first} IRN {second} RUS at 2029-12").partner
        for first in ("of", "from")
        for second in ("with", "toward", "to", "on")
    }
    assert readings == {"RUS"}


@settings(max_examples=500)
@given(st.lists(st.sampled_from([*MEASURES, "of", "from", "IRN", "with", "on", "at", "over", "2029-12", "x", ".."])))
def test_any_words_are_an_outcome_or_are_refused_within_their_text(words):
    text = " ".join(words)
    try:
        assert parse_outcome(text).measure in MEASURES
    except Misread as error:
        assert 0 <= error.offset <= len(text)


def test_a_contrast_names_two_branches():
    assert str(parse_contrast("isolation against baseline")) == "isolation against baseline"
    with pytest.raises(Misread, match="itself"):
        parse_contrast("a against a")


LEVEL = "claims: [{id: a, says: x, outcome: isolation of RUS at 2025-12, expect: at least, level: 0.5}]\n"


def test_a_level_is_read_in_the_baseline_unless_a_branch_is_named():
    claim = scenario(LEVEL).claims[0]
    assert (claim.level, claim.branch, claim.compares) == (0.5, None, False)
    assert scenario(LEVEL.replace("level: 0.5", "level: 1")).claims[0].level == 1.0


def test_the_resolved_text_of_a_claim_about_a_level_is_the_same_claim():
    document, world = load_text(HEAD + LEVEL), small_world()
    world.title = "A small world"
    again = load_text(resolved_text(document, world))
    assert again.scenario.claims == document.scenario.claims


def test_focus_is_completed_by_what_claims_measure():
    s = scenario(
        """\
focus: [[IRN, RUS]]
branches: {a: [{at: 2025-01, sanction: {by: USA, on: RUS}}]}
claims:
  - {id: x, says: s, outcome: alignment of RUS with IRN at 2025-12, contrast: a against baseline, expect: none}
  - {id: y, says: s, outcome: arms flow of CHN to RUS at 2025-12, contrast: a against baseline, expect: none}
  - {id: z, says: s, outcome: isolation of RUS at 2025-12, contrast: a against baseline, expect: none}
"""
    )
    assert s.dyads == (("IRN", "RUS"), ("CHN", "RUS"))


def test_the_order_of_keys_changes_nothing():
    lines = HEAD.splitlines()
    assert load_text("\n".join(reversed(lines))).scenario == scenario()


def test_a_branch_that_differs_only_in_words_is_the_same_branch():
    same = """\
branches:
  a: [{at: 2025-01, sanction: {by: [USA, GBR], on: RUS, secondary: true}}]
  b: [{at: 2025-01, note: other words, source: s, sanction: {by: [GBR, USA], on: [RUS], secondary: 1.0}}]
"""
    with pytest.raises(InvalidInput, match="resolves to the same events as 'a'"):
        load_text(HEAD + same)
    load_text(HEAD + same.replace("secondary: 1.0", "secondary: 0.9"))


def test_an_event_that_never_happens_makes_no_branch():
    with pytest.raises(InvalidInput, match="resolves to the same events as 'baseline'"):
        load_text(HEAD + "branches: {a: [{at: 2025-01, probability: 0, sanction: {by: USA, on: RUS}}]}\n")


def test_unused_branches_and_far_worlds_are_warned_of():
    text = HEAD.replace("2024-10", "2026-01").replace("2025-12", "2027-12") + (
        "branches:\n"
        "  a: [{at: 2026-02, sanction: {by: USA, on: RUS}}]\n"
        "  b: [{at: 2026-02, sanction: {by: USA, on: IRN}}]\n"
        "claims:\n"
        "  - {id: x, says: s, outcome: isolation of RUS at 2027-12, contrast: a against baseline, expect: increase}\n"
    )
    problems, warnings = check(load_text(text), small_world())
    assert problems == []
    assert [str(w) for w in sorted(warnings)] == [
        "4:15  time.start: 2026-01 is 16 months after 2024-09, the month of world small-2024",
        "7:3  branches.b: is used by no claim; it will be run and shown",
    ]


def test_the_resolved_text_is_the_same_scenario_with_its_defaults_written_out():
    given_ = load_text(HEAD + "parameters: {sanctions.bite: 0.2}\nmechanisms: {stigma: false}\n" + EVERY_KIND)
    world = small_world()
    world.title = "A small world"
    text = resolved_text(given_, world)
    again = load_text(text)
    assert check(again, world)[0] == []
    assert (
        resolved_text(again, world).splitlines()[1:]
        == text.replace("# world small-2024", "# this file").splitlines()[1:]
    )
    for part in ("events", "branches", "claims", "runs", "time", "parameters", "belief", "seed"):
        assert getattr(again.scenario, part) == getattr(given_.scenario, part)
    assert "  stigma: false" in text
    assert "# stigma.weight: half-normal(" in text


def test_the_schema_file_for_editors_is_up_to_date():
    assert json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8")) == json_schema()


def test_every_key_is_described_for_editors():
    schema = json_schema()
    models = {**schema["$defs"], "Scenario": schema}
    undescribed = [
        f"{name}.{key}"
        for name, model in models.items()
        for key, entry in model.get("properties", {}).items()
        if not entry.get("description")
    ]
    assert undescribed == []
    assert schema["$defs"]["Event"]["oneOf"] == [{"required": [kind]} for kind in KINDS]
