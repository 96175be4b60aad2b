"""A scenario over a design of its numbers: what is varied, the rows that are run, the journal, and what came of it."""

from alignsim.study.sweep.engine import Progress, carry_out
from alignsim.study.sweep.journal import Journal, Memory, opened
from alignsim.study.sweep.request import Request, chunk_size, requested
from alignsim.study.sweep.table import Sweep, assembled

__all__ = [
    "Journal",
    "Memory",
    "Progress",
    "Request",
    "Sweep",
    "assembled",
    "carry_out",
    "chunk_size",
    "opened",
    "requested",
]
