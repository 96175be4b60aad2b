"""A landscape file: actors with sizes, how much each two like to stand together, and nothing that happens.

It has no world, no months and no branches: the theory of Axelrod and Bennett (1993) asks which sides would form.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from alignsim.errors import InvalidInput, Problem, UsageError, did_you_mean
from alignsim.scenario import wording
from alignsim.scenario.document import LandscapeFile, examine
from alignsim.scenario.fields import Model, Name, Text
from alignsim.scenario.settings import put_into
from alignsim.scenario.tree import Tree


class Landscape(Model):
    """Who there is, and who would rather stand with whom."""

    alignsim: Literal[1]
    """The version of this format, 1."""
    title: Text
    """What is asked, in one line."""
    about: Text | None = None
    """More words for readers."""
    source: Text | None = None
    """Where sizes and propensities come from."""
    theory: Literal["landscape"]
    """The theory, landscape."""
    actors: Annotated[dict[Name, Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=200)]
    """Actors and their sizes, above 0 in any unit: `Iran: 20`."""
    propensity: dict[Name, dict[Name, float]]
    """How much two like to be on one side, positive or negative, each pair once: `US: {Iran: -1}`. Others are 0."""
    starts: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Random starts from which minima are sought where there are more than 20 actors."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """A whole number that fixes the random starts."""

    @property
    def names(self) -> list[str]:
        return list(self.actors)

    def matrix(self) -> list[list[float]]:
        """Propensities as a symmetric matrix (N, N), actors in the order of the file."""
        place = {name: k for k, name in enumerate(self.actors)}
        rows = [[0.0] * len(place) for _ in place]
        for one, others in self.propensity.items():
            for other, value in others.items():
                rows[place[one]][place[other]] = rows[place[other]][place[one]] = float(value)
        return rows


@dataclass(frozen=True)
class LandscapeDocument:
    """A landscape file that was read."""

    name: str
    text: str
    landscape: Landscape
    settings: tuple[str, ...] = ()
    file: Path | None = None


def load(found: str | os.PathLike[str] | LandscapeFile, arguments: Iterable[str] = ()) -> LandscapeDocument:
    """Read and check a landscape file (or one that was met where a scenario was expected), with `--set` arguments.

    Raises InvalidInput with every problem, FileProblem, and UsageError where it is a scenario of states.
    """
    if not isinstance(found, LandscapeFile):
        try:
            examine(found)
        except LandscapeFile as met:
            found = met
        else:
            raise UsageError(f"{found} is a scenario of states, not a landscape: it has no `propensity`")
    given = tuple(arguments)
    tree, problems = put_into(found.tree, given)
    problems = [*found.mistakes, *problems]
    try:
        landscape = Landscape.model_validate(tree.plain())
    except ValidationError as error:
        raise InvalidInput(found.source, problems + wording.problems(error, tree, Landscape)) from None
    problems += _pairs(landscape, tree)
    if problems:
        raise InvalidInput(found.source, problems)
    return LandscapeDocument(found.source, tree.text, landscape, given, found.file)


def _pairs(landscape: Landscape, tree: Tree) -> Iterator[Problem]:
    """Pairs of an unknown actor, of an actor with itself, or told twice and differently."""
    told: dict[frozenset[str], float] = {}
    for one, others in landscape.propensity.items():
        if one not in landscape.actors:
            yield tree.problem(("propensity", one), _unknown(one, landscape), key=True)
        for other, value in others.items():
            path = ("propensity", one, other)
            if other not in landscape.actors:
                yield tree.problem(path, _unknown(other, landscape), key=True)
            elif one == other:
                yield tree.problem(path, f"pairs {one} with itself; remove it", key=True)
            elif told.setdefault(frozenset((one, other)), value) != value:
                first = told[frozenset((one, other))]
                yield tree.problem(path, f"is {first:g} where {other} is paired with {one}; keep one of the two")


def _unknown(name: str, landscape: Landscape) -> str:
    hint = did_you_mean(name, landscape.actors) or f"; there are {', '.join(landscape.actors)}"
    return f"{name!r} is not one of the actors{hint}"
