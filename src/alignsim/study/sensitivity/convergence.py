"""Indices against the size of the design: would more points still change the answer?"""

from __future__ import annotations

from typing import Any

from alignsim.study.sensitivity.design import Design, NotAnalysable
from alignsim.study.sensitivity.indices import METHODS, analyse
from alignsim.study.sensitivity.result import Sensitivity

Array = Any


def convergence(
    design: Design, values: Array, outcome: str = "the outcome", method: str | None = None, **options: Any
) -> list[Sensitivity]:
    """The same analysis at the first N/2^k, ..., N/2, N of the base sample, each a valid design of its own.

    A part that is too small to be analysed at all is left out; the whole design raises as `analyse` does.
    """
    whole = analyse(design, values, outcome, method, **options)
    made = []
    for base in design.parts()[:-1]:
        part = design.first(base)
        try:
            rows = values[: len(part.points)]
            made.append(METHODS[whole.method](part, rows, outcome, strict=False, **options))
        except NotAnalysable:
            continue
    return [*made, whole]
