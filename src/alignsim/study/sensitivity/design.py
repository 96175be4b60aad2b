"""What was varied and how, and the refusal of values that cannot be analysed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alignsim.errors import AlignsimError

Array = Any
Errors = Mapping[tuple[int, int], str] | None
"""Why the run at (point, run) has no value."""
KINDS = ("grid", "lhs", "sobol", "morris", "saltelli")
NAMED = 5
"""Failed runs that an error names before it counts the rest."""
FLAT = 1e-12
"""Spread, relative to the largest value, below which an outcome is the same everywhere but for rounding."""
SMALLEST = {"saltelli": 16, "morris": 4, "lhs": 64, "sobol": 64}
"""Least base N of a part of a design that is still worth an estimate in a convergence plot (our judgement)."""


class NotAnalysable(AlignsimError):
    """Values of a sweep from which no honest index can be computed; the message names the runs and the way out."""


@dataclass(frozen=True)
class Design:
    """The points of a sweep, in the order in which the design made them.

    names: (k,) paths of the inputs; bounds: (k, 2); points: (n, k), in the inputs' own units; kind: one of KINDS;
    base: N, the base sample of a saltelli design, the trajectories of a morris design, else n; groups: (k,) name of
    each input's group, or None; levels: of a morris design. Raises NotAnalysable where these do not fit together.
    """

    names: tuple[str, ...]
    bounds: Array
    points: Array
    kind: str
    base: int
    groups: tuple[str, ...] | None = None
    levels: int = 4

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "bounds", np.asarray(self.bounds, float))
        object.__setattr__(self, "points", np.asarray(self.points, float))
        k = len(self.names)
        if self.kind not in KINDS:
            raise NotAnalysable(f"{self.kind!r} is not a design; there are {', '.join(KINDS)}")
        if k == 0 or self.points.ndim != 2 or self.points.shape[1] != k or self.bounds.shape != (k, 2):
            raise NotAnalysable(f"{k} inputs do not fit points {self.points.shape} and bounds {self.bounds.shape}")
        if not np.isfinite(self.points).all() or not np.isfinite(self.bounds).all():
            raise NotAnalysable("a point or a bound of the design is not a finite number")
        if self.groups is not None:
            object.__setattr__(self, "groups", tuple(self.groups))
            self._check_groups()
        if self.base < 1 or len(self.points) % self.base or self.block not in self._blocks():
            raise NotAnalysable(
                f"{len(self.points)} points are not a whole {self.kind} design of N = {self.base} in "
                f"{len(self.labels)} inputs or groups; finish the sweep (the same command continues it)"
            )

    def _check_groups(self) -> None:
        groups = self.groups or ()
        if len(groups) != len(self.names):
            raise NotAnalysable(f"{len(self.names)} inputs need one group each, not {len(groups)}")
        if len(set(groups)) == 1 and len(groups) > 1:
            raise NotAnalysable(f"all inputs are in the group {groups[0]!r}: there is nothing to compare it with")

    def _blocks(self) -> tuple[int, ...]:
        d = len(self.labels)
        return {"saltelli": (d + 2, 2 * d + 2), "morris": (d + 1,)}.get(self.kind, (1,))

    @property
    def labels(self) -> tuple[str, ...]:
        """What has an index: the groups in order of their first input, or the inputs themselves."""
        return tuple(dict.fromkeys(self.groups)) if self.groups else self.names

    @property
    def block(self) -> int:
        """Points that belong together: of one base row, of one trajectory; 1 where points stand alone."""
        return len(self.points) // self.base

    @property
    def second_order(self) -> bool:
        """Whether a saltelli design has the points that interactions need."""
        return self.kind == "saltelli" and self.block == 2 * len(self.labels) + 2

    @property
    def problem(self) -> dict[str, Any]:
        """The problem as SALib wants it; made anew each time, because SALib writes into it."""
        made: dict[str, Any] = {"num_vars": len(self.names), "names": list(self.names), "bounds": self.bounds.tolist()}
        return made | ({"groups": list(self.groups)} if self.groups else {})

    def rows(self, blocks: Array) -> Array:
        """Rows of the points of some blocks, shape (len(blocks) * block,)."""
        return (np.asarray(blocks)[:, None] * self.block + np.arange(self.block)).ravel()

    def first(self, base: int) -> Design:
        """The first `base` blocks: a valid design of its own, since Sobol' sequences may be cut at powers of two,
        trajectories are independent and the rows of a Latin hypercube are in random order."""
        return replace(self, points=self.points[: base * self.block], base=base)

    def independent(self) -> tuple[Design, Array]:
        """Points that sample the space evenly and one by one, and their rows: of a saltelli design samples A and B."""
        if self.kind != "saltelli":
            return self, np.arange(len(self.points))
        rows = (np.arange(self.base)[:, None] * self.block + np.array([0, self.block - 1])).ravel()
        return Design(self.names, self.bounds, self.points[rows], "sobol", len(rows), self.groups), rows

    def parts(self) -> list[int]:
        """Base sizes at which to look for convergence: N and its halves (powers of two for Sobol' sequences)."""
        if self.kind not in SMALLEST:
            return [self.base]
        sizes, size = [self.base], self.base
        if self.kind in ("saltelli", "sobol") and size & (size - 1):
            size = 1 << size.bit_length()
        while (size := size // 2) >= SMALLEST[self.kind]:
            if size < self.base:
                sizes.append(size)
        return sizes[::-1]


def checked(design: Design, values: Array, outcome: str, errors: Errors = None) -> Array:
    """The values of an outcome as (n, R), none missing.

    SALib takes a single NaN among thousands of values and answers with indices of zero, so nothing that is not finite
    passes here. `errors` may say why the run at (point, run) has no value. Raises NotAnalysable, naming the runs.
    """
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(design.points) or not values.shape[1]:
        raise NotAnalysable(
            f"{outcome}: values of shape {values.shape} do not fit {len(design.points)} points of the design"
        )
    bad = np.argwhere(~np.isfinite(values))
    if not len(bad):
        return values
    said = [_run(values, int(p), int(r), errors) for p, r in bad[:NAMED]]
    more = f"\n  and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    raise NotAnalysable(
        f"{outcome}: {len(bad)} of {values.size} runs have no finite value, and no index can leave them out:\n  "
        + "\n  ".join(said)
        + f"{more}\nMend what made them fail and run the sweep again with --retry-failed, or narrow what is varied."
    )


def _run(values: Array, point: int, run: int, errors: Errors) -> str:
    why = (errors or {}).get((point, run))
    return f"point {point}, run {run}: {values[point, run]}" + (f" ({why})" if why else "")


def flat(values: Array) -> bool:
    """Whether values are all the same but for rounding."""
    return bool(np.ptp(values) <= FLAT * max(float(np.abs(values).max()), 1e-300))
