"""The shipped scenarios: right, sourced, verbatim, one for every claim of the article, and able to run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import alignsim.world as worlds
from alignsim.plan import check
from alignsim.plan.resolution import resolve
from alignsim.scenario import Document, load
from alignsim.scenario.consistency import dated_events
from alignsim.scenario.events import Event
from alignsim.scenario.schema import Claim
from alignsim.study import ensemble

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "scenarios"
ARTICLE = ROOT.parent / "shared" / "article.txt"
HEADLINE = "isolation"
HEADLINE_CLAIMS = {"isolation-deepens-ties": 9, "only-ever-stronger": 17}
COUNTERFACTUALS = {
    "c10-without-sharing": "c10-evasion-knowledge",
    "c14-without-friends-of-enemies": "c14-handling-conflicts",
}
"""Files that ask what another asks with a mechanism off, and so repeat its claims."""

FILES = {path.stem: path for path in sorted(FOLDER.glob("*.yaml")) if not path.stem.startswith("landscape-")}
SHARED_EVENTS = {path.stem: path for path in sorted((FOLDER / "base").glob("*.yaml"))}
DOCUMENTS = {stem: load(path) for stem, path in {**FILES, **SHARED_EVENTS}.items()}


def _number(claim: Claim) -> int | None:
    """Which of the article's nineteen claims it is; None for what follows from one (c06b) and for further questions."""
    found = re.match(r"c(\d\d)-", claim.id)
    return int(found[1]) if found else HEADLINE_CLAIMS.get(claim.id)


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _of_the_article() -> list[tuple[str, Claim]]:
    return [
        (stem, claim)
        for stem in FILES
        for claim in DOCUMENTS[stem].scenario.claims
        if re.match(r"c\d\d", claim.id) or claim.id in HEADLINE_CLAIMS
    ]


def _meaning(event: Event) -> dict:
    return event.model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize("stem", DOCUMENTS)
def test_a_shipped_scenario_has_no_problem_and_no_avoidable_warning(stem: str) -> None:
    document: Document = DOCUMENTS[stem]
    problems, warnings = check.check(document, worlds.load(document.scenario.world))
    assert problems == []
    if stem != HEADLINE:  # its further branches are there to be looked at
        assert [f"{w.path}: {w.message}" for w in warnings] == []


@pytest.mark.parametrize("stem", FILES)
def test_a_shipped_scenario_says_in_a_few_plain_sentences_what_it_asks(stem: str) -> None:
    scenario = DOCUMENTS[stem].scenario
    sentences = re.findall(r"[^.!?]+[.!?](?=\s|$)", _words(scenario.about or "").replace(".yaml", ""))
    assert 1 <= len(sentences) <= 5
    assert scenario.claims
    assert scenario.focus


def test_every_claim_of_the_article_is_asked_exactly_once() -> None:
    asked = [
        number
        for stem in FILES
        if stem not in COUNTERFACTUALS
        for claim in DOCUMENTS[stem].scenario.claims
        if (number := _number(claim)) is not None
    ]
    assert sorted(asked) == list(range(1, 20))


def test_a_claim_stands_in_the_file_that_bears_its_number() -> None:
    for stem, claim in _of_the_article():
        if stem != HEADLINE:
            assert stem[:3] == claim.id[:3], f"{claim.id} is in {stem}.yaml"


def test_ids_of_claims_differ_within_the_article() -> None:
    ids = [claim.id for stem, claim in _of_the_article() if stem not in COUNTERFACTUALS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("stem", DOCUMENTS)
def test_every_event_has_a_source(stem: str) -> None:
    for path, event in dated_events(DOCUMENTS[stem].scenario):
        if stem == HEADLINE and path[0] == "branches":
            continue  # what is supposed there is what the article says
        assert event.source, f"{stem}: {path} has no source"


@pytest.mark.parametrize("stem", FILES)
def test_every_claim_has_a_source_and_a_margin_that_is_said_where_it_has_one(stem: str) -> None:
    written = DOCUMENTS[stem].data["claims"]
    for claim, given in zip(DOCUMENTS[stem].scenario.claims, written, strict=True):
        assert claim.source or stem == HEADLINE, f"{stem}: {claim.id} has no source"
        has_one = claim.testable and claim.compares
        assert not has_one or "margin" in given or stem == HEADLINE, f"{stem}: {claim.id} has no margin"


@pytest.mark.shared
@pytest.mark.skipif(not ARTICLE.exists(), reason="the article is not beside the checkout")
def test_sentences_of_the_article_are_verbatim() -> None:
    article = _words(ARTICLE.read_text(encoding="utf-8"))
    for stem, claim in _of_the_article():
        for part in claim.says.split("…"):
            assert _words(part) in article, f"{stem}: {claim.id} says what the article does not: {part!r}"


@pytest.mark.parametrize("stem", COUNTERFACTUALS)
def test_a_file_with_a_mechanism_off_asks_the_same_of_the_same_events(stem: str) -> None:
    without, whole = DOCUMENTS[stem].scenario, DOCUMENTS[COUNTERFACTUALS[stem]].scenario
    assert without.mechanisms and not any(without.mechanisms.values())
    assert not whole.mechanisms
    assert without.seed == whole.seed
    assert without.events == whole.events
    assert without.branches == whole.branches
    assert [c.model_copy(update={"note": None}) for c in without.claims] == [
        c.model_copy(update={"note": None}) for c in whole.claims
    ]


def test_the_lists_of_dated_events_agree() -> None:
    dated = [_meaning(event) for event in DOCUMENTS["dated-events"].scenario.events]
    for stem in ("pressures", HEADLINE):
        for event in DOCUMENTS[stem].scenario.events:
            assert _meaning(event) in dated, f"{stem}: {event.note} differs from the dated events"


def test_the_list_of_pressures_holds_nothing_that_the_two_arranged() -> None:
    arranged = {"meeting", "treaty", "agreement", "arms", "breach"}
    assert arranged.isdisjoint(event.kind for event in DOCUMENTS["pressures"].scenario.events)
    left_out = [e for e in DOCUMENTS["dated-events"].scenario.events if e.kind not in arranged]
    assert len(left_out) == len(DOCUMENTS["pressures"].scenario.events)


def test_contested_events_happen_in_a_share_of_the_runs() -> None:
    odds = {event.note: event.probability for event in DOCUMENTS["dated-events"].scenario.events}
    contested = {note: p for note, p in odds.items() if p < 1}
    assert contested == {
        "Iranian Fath-360 missiles with launchers (contested)": 0.7,
        "Bout's arms for the Houthis (denied)": 0.3,
        "Su-35 deliveries begin (unconfirmed)": 0.3,
    }


def test_the_ranks_that_a_scenario_quotes_are_those_of_the_packaged_world() -> None:
    scenario = DOCUMENTS["c03-very-close-worldview"].scenario
    world = worlds.load(scenario.world)
    iran, russia = world.states.index("IRN"), world.states.index("RUS")
    others = len(world.states) - 2

    def closer(i: int, j: int) -> int:
        return int(np.sum(np.delete(world.alignment[i], [i, j]) > world.alignment[i, j]))

    about = _words(scenario.about or "")
    assert f"{closer(iran, russia)} of {others} other states are closer to Iran than Russia is" in about
    assert f"{closer(russia, iran)} of {others} closer to Russia than Iran is" in about
    for claim in scenario.claims:
        assert claim.outcome is not None
        assert claim.outcome.measure == "tie rank"
        assert (claim.outcome.start, claim.expect, claim.level) == (scenario.time.start, "at most", 0.25)


@pytest.mark.parametrize("stem", FILES)
def test_a_shipped_scenario_runs_and_its_branches_differ_from_one_another(stem: str) -> None:
    document = DOCUMENTS[stem]
    plan = resolve(document, worlds.load(document.scenario.world), runs=4)
    recorded = ensemble.simulate(plan, matrices=False)
    ends = {branch: np.asarray(arrays["alignment"])[..., -1] for branch, arrays in recorded.branches.items()}
    assert all(np.isfinite(end).all() and (np.abs(end) <= 1).all() for end in ends.values())
    certain = {
        branch: end
        for branch, end in ends.items()
        if branch == "baseline" or all(e.probability == 1 for e in document.scenario.branches[branch])
    }
    for first in certain:
        for second in certain:
            if first < second:
                assert not np.array_equal(certain[first], certain[second]), f"{first} does what {second} does"
