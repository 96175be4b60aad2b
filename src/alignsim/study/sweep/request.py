"""What a sweep is asked to do, worked out from a document with a `sweep` block: points, runs, outcomes, contrasts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array
from alignsim.errors import InvalidInput, UsageError
from alignsim.mechanisms import adoption
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.plan import numbers
from alignsim.plan.plan import Plan
from alignsim.plan.resolution import compiled, resolve
from alignsim.results.measures import ABOUT_TIES, OWN_THEORY
from alignsim.scenario import Document
from alignsim.scenario.levels import Levels
from alignsim.scenario.outcomes import Outcome
from alignsim.scenario.schema import BASELINE, Claim, Runs, Sweep
from alignsim.study import ensemble
from alignsim.study.outcomes import unmeasurable, watched
from alignsim.study.sweep import designs
from alignsim.study.sweep.simulation import Swept, at_median, events
from alignsim.world import World

POINTS_A_CHUNK = 8
"""Points that a chunk has at least, where there are so many: what a run draws is drawn once for all of them."""
MARGIN = 0.05


@dataclass(frozen=True)
class Effect:
    """A difference of two branches in one outcome, run by run; or the outcome of a branch less a level."""

    name: str
    """The id of a claim, or the outcome and the branches in words."""
    outcome: int
    branch: str
    against: str
    margin: float = MARGIN
    expect: str = ""
    """What its claim expects of it; empty where it belongs to none."""
    level: float | None = None
    """What the outcome is held against, where its claim is about a level; `against` is then the branch itself."""


@dataclass(frozen=True)
class Request:
    """A sweep, ready to be carried out."""

    swept: Swept
    inputs: tuple[Levels, ...]
    points: Array
    """(n, k), in the inputs' own units."""
    runs: int
    kind: str
    base: int
    groups: tuple[str, ...] | None
    effects: tuple[Effect, ...]
    key: str
    """A hash of all that decides the numbers."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(number.path for number in self.swept.inputs)

    @property
    def plan(self) -> Plan:
        return self.swept.plan

    @property
    def rows(self) -> int:
        """Runs at all points together."""
        return len(self.points) * self.runs


Chunk = tuple[NDArray[np.intp], NDArray[np.int64]]
"""Numbers of points and of runs, (c,) each: rows that are simulated together."""


def chunks(points: int, runs: int, size: int) -> Iterator[Chunk]:
    """All rows, in rectangles of about `size` rows, nearly equal, of as many points and as few runs as there can be."""
    wide = min(points, max(POINTS_A_CHUNK, size))
    high = max(1, min(runs, size // wide))
    for each in np.array_split(np.arange(runs, dtype=np.int64), -(-runs // high)):
        for some in np.array_split(np.arange(points), -(-points // wide)):
            yield np.repeat(some, len(each)), np.tile(each, len(some))


def requested(document: Document, world: World, belief: str | None = None) -> Request:
    """Work out a document's `sweep` block.

    Raises InvalidInput where it does not fit the file or the world, UsageError where there is no such block, no
    outcome, or a theory that does not speak of one, and TooLarge.
    """
    block = document.scenario.sweep
    if block is None:
        raise UsageError("nothing is varied; say --vary PATH=LEVELS, or write a `sweep:` block into the file")
    known = numbers.numbers(document)
    inputs = tuple(numbers.find(path, known) for path in block.vary)
    plan = compiled(document, world, resolve(document, world, belief).belief, varied=events(document, inputs))
    claims = _claims(document, block)
    outcomes = tuple(dict.fromkeys([c.outcome for c in claims if c.outcome is not None] + list(block.outcomes)))
    outcomes = tuple({outcome.text: outcome for outcome in outcomes}.values())
    if not outcomes:
        raise UsageError("nothing is measured; add --outcome 'alignment of IRN with RUS at 2029-12', or a claim")
    branches = _branches(claims, block, plan)
    _refuse_what_cannot_be_measured(document, plan, outcomes)
    plan = replace(
        plan,
        branches={name: plan.branches[name] for name in branches},
        watched=tuple(dict.fromkeys(watched(outcome, plan)[0] for outcome in outcomes)),
        runs=block.runs,
    )
    if block.fixed_others:
        plan = at_median(plan, PARAMETERS)
    own = replace(document, scenario=_without_sweep(document, block))
    swept = Swept(own, world, plan, outcomes, inputs)
    levels = tuple(block.vary.values())
    groups = _groups(block)
    points = designs.points(block.kind, levels, block.count, plan.seed, groups)
    effects = _effects(claims, outcomes, branches)
    made = Request(
        swept, levels, points, block.runs, block.kind, block.count or len(points), groups, tuple(effects), ""
    )
    return replace(made, key=_key(made, block))


def _without_sweep(document: Document, block: Sweep) -> Any:
    return document.scenario.model_copy(update={"sweep": None, "runs": Runs(at_most=block.runs)})


def _claims(document: Document, block: Sweep) -> list[Claim]:
    """The claims that count: testable, and named by the block where it names any."""
    testable = [claim for claim in document.scenario.claims if claim.testable and claim.outcome is not None]
    return [claim for claim in testable if block.claims is None or claim.id in block.claims]


def _branches(claims: list[Claim], block: Sweep, plan: Plan) -> list[str]:
    """All branches, or those that the named claims compare."""
    if not block.claims:
        return list(plan.branches)
    compared = {branch for claim in claims for branch in _compared(claim)}
    return [name for name in plan.branches if name in compared]


def _compared(claim: Claim) -> tuple[str, str]:
    """The branches of a claim; of a dose the whole of it and the baseline; of a level its own, twice."""
    if claim.level is not None:
        return (claim.place,) * 2
    if claim.contrast is not None:
        return claim.contrast.branch, claim.contrast.against
    return (claim.dose.of if claim.dose else BASELINE), BASELINE


def _effects(claims: list[Claim], outcomes: tuple[Outcome, ...], branches: list[str]) -> Iterator[Effect]:
    """The effect of every claim, then of every branch on the outcomes that no claim is about."""
    texts = [outcome.text for outcome in outcomes]
    claimed = set()
    for claim in claims:
        branch, against = _compared(claim)
        assert claim.outcome is not None
        place = texts.index(claim.outcome.text)
        claimed.add(place)
        yield Effect(claim.id, place, branch, against, claim.needed, claim.expect or "", claim.level)
    for place, text in enumerate(texts):
        if place not in claimed and BASELINE in branches:
            for branch in branches:
                if branch != BASELINE:
                    yield Effect(f"{text}, {branch} against {BASELINE}", place, branch, BASELINE)


def _groups(block: Sweep) -> tuple[str, ...] | None:
    """The group of each input; an input that is in none is its own."""
    if not block.groups:
        return None
    member = {numbers.spelling(path): name for name, paths in block.groups.items() for path in paths}
    return tuple(member.get(numbers.spelling(path), numbers.spelling(path)) for path in block.vary)


def _refuse_what_cannot_be_measured(document: Document, plan: Plan, outcomes: tuple[Outcome, ...]) -> None:
    for outcome in outcomes:
        asked = watched(outcome, plan)[0]
        if plan.theory != OWN_THEORY and asked.measure not in ABOUT_TIES:
            raise UsageError(f"the theory {plan.theory} says nothing of {outcome}; measure {', '.join(ABOUT_TIES[:1])}")
        if words := unmeasurable(outcome, asked, plan):
            problem = document.tree.problem(("sweep", "outcomes"), f"{outcome} {words}")
            raise InvalidInput(document.name, [problem])


def _key(made: Request, block: Sweep) -> str:
    """A hash of all that decides the numbers, but not of how they are worked out."""
    from importlib.metadata import version

    plan = made.plan
    own = made.swept.document.scenario
    content = {
        "alignsim": version("alignsim"),
        "adopted": adoption.adopted(),
        "scenario": own.model_dump(mode="json", by_alias=True, exclude={"title", "about", "claims"}),
        "world": plan.about["world_hash"],
        "belief": [plan.belief, {path: str(prior) for path, prior in plan.priors.items()}],
        "design": [made.kind, made.base, made.groups, made.names],
        "outcomes": [outcome.text for outcome in made.swept.outcomes],
        "branches": list(plan.branches),
        "effects": [
            [e.name, e.outcome, e.branch, e.against, e.margin] + ([] if e.level is None else [e.level])
            for e in made.effects
        ],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(made.points).tobytes())
    return digest.hexdigest()


def chunk_size(made: Request) -> int:
    """Rows that are simulated together."""
    return ensemble.chunk_size(made.plan)
