"""What a user can cause and fix: one message, every problem at once, with its place and a way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line, listed in `alignsim --help`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    FILES = 4
    SOME_RUNS_FAILED = 5
    IN_USE = 6
    NOT_REPRODUCED = 7
    INTERRUPTED = 130
    PIPE = 141
    TERMINATED = 143


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file: its place (1-based line and column, 0 where unknown), its path, and what to do."""

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}" if self.line else "-"
        where = f"{self.path}: " if self.path else ""
        return f"{place}  {where}{self.message}"


class AlignsimError(Exception):
    """The base of every error that a user can cause; `code` is the exit code of the command line."""

    code: Exit = Exit.FAILED


class InvalidInput(AlignsimError):
    """A scenario, world, panel or setting that cannot be used; carries all problems found, in file order."""

    code = Exit.INVALID

    def __init__(self, source: str, problems: Iterable[Problem], verdict: str = "cannot be run") -> None:
        self.source = source
        self.problems = sorted(set(problems))
        self.verdict = verdict
        lines = [f"{source} {verdict}:", *(f"  {problem}" for problem in self.problems)]
        super().__init__("\n".join(lines))

    def __reduce__(self):  # keeps the problems when a worker process raises it
        return type(self), (self.source, self.problems, self.verdict)


class UsageError(AlignsimError):
    """Words of a command that do not fit together."""

    code = Exit.USAGE


class FileProblem(AlignsimError):
    """A file or folder that cannot be read, written or trusted."""

    code = Exit.FILES


class TooLarge(AlignsimError):
    """A request that would not fit in memory; the message names the estimate and the way out."""

    code = Exit.FAILED


class FolderInUse(AlignsimError):
    """Another process holds the folder."""

    code = Exit.IN_USE


class NotReproduced(AlignsimError):
    """A run that does not give the same numbers again; the message says which and what else differs."""

    code = Exit.NOT_REPRODUCED


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word most like `word`, ignoring case, or None when nothing is close."""
    candidates = {str(k).casefold(): str(k) for k in known}
    found = difflib.get_close_matches(str(word).casefold(), candidates, n=1, cutoff=cutoff)
    return candidates[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean 'RUS'?" where a known word is close, else an empty string."""
    guess = nearest(word, known)
    return f"; did you mean {guess!r}?" if guess else ""
