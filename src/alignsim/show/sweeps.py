"""All figures of a sweep, drawn from it alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alignsim.errors import UsageError, did_you_mean
from alignsim.files import slug
from alignsim.show.response import heat_map, parallel_coordinates, response_curves, tornado
from alignsim.show.sensitivity import convergence, index_bars, morris_scatter, sobol_bars
from alignsim.show.style import BELIEFS, save
from alignsim.study.discovery import discover
from alignsim.study.sensitivity import Design, Measure, Sensitivity, Swing, response, surface
from alignsim.study.sensitivity import convergence as at_sizes
from alignsim.study.sweep import Sweep

Array = Any
FORMATS = ("png", "svg", "pdf")
MAPPED = 3
"""Inputs of a grid of which each pair has a heat map."""
FEWEST = 20
"""Points that must fail, and hold, before a region of failure is looked for."""
AXIS = {"sobol": "total order (share of variance)", "morris": "μ*", "pawn": "PAWN (0 to 1)"}


def draw_sweep(
    sweep: Sweep,
    found: Mapping[str, Sensitivity],
    moved: Mapping[str, Sequence[Swing]],
    folder: Path,
    formats: Sequence[str] = ("png",),
) -> list[Path]:
    """Draw the figures of every outcome in `moved` into `folder`, which is made; files are named figure-outcome.

    Raises UsageError for an unknown format, FileProblem.
    """
    for kind in formats:
        if kind not in FORMATS:
            hint = did_you_mean(kind, FORMATS)
            raise UsageError(f"{kind!r} is no format of figures; there are {', '.join(FORMATS)}{hint}")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in moved:
        for figure, drawn in _figures(sweep, name, found.get(name), list(moved[name])):
            written += [save(drawn, folder / f"{slug(f'{figure}-{name}')}.{kind}") for kind in formats]
    return written


def _figures(sweep: Sweep, name: str, found: Sensitivity | None, moved: list[Swing]) -> Iterator[tuple[str, Figure]]:
    """Every figure of one outcome with the beginning of its name."""
    outcome, unit, margin, expect = sweep.described(name)
    values, design, source = sweep.values[name], sweep.designed, _source(sweep)
    about: dict[str, Any] = {"outcome": outcome, "source": source}
    if found is not None:
        yield from _indices(design, values, found, unit, about)
    order = [swing.input for swing in moved]
    curves = [(r.input, r.places, r.samples) for r in (response(design, values, one) for one in order)]
    shown = margin if name in {effect.name for effect in sweep.effects} else 0.0
    yield "response", response_curves(curves, unit=unit, margin=shown, averaged=len(order) > 1, **about)
    ends = np.array([[s.low, s.high, s.half] for s in moved])
    span = "lowest and highest value" if design.kind in ("grid", "morris") else "lower and upper fifth of its values"
    middle = float(values.mean())
    yield "tornado", tornado(order, *ends.T, middle=middle, unit=unit, ends=span, **about)
    pairs = list(combinations(order[: MAPPED if design.kind == "grid" else 2], 2)) if design.kind != "morris" else []
    for one, two in pairs:
        at = surface(design, values, one, two)
        drawn = heat_map(at.x, at.y, at.values, names=at.inputs, unit=unit, margin=shown, **about)
        yield f"map-{one}-{two}", drawn
    if expect and design.kind not in ("grid", "morris"):
        yield from _failures(design, values, name, margin, expect, source)


def _indices(
    design: Design, values: Array, found: Sensitivity, unit: str, about: dict[str, Any]
) -> Iterator[tuple[str, Figure]]:
    """The figures of an analysis."""
    main, labels = found.main, found.labels
    if found.method == "sobol":
        pairs = found.pairs
        listed = [] if pairs is None else [
            (f"{labels[a]} × {labels[b]}", three(pairs)[a, b]) for a, b in found.interacting()
        ]  # fmt: skip
        first = three(found.measures["first"])
        yield "sobol", sobol_bars(labels, three(main), first, listed, level=found.level, **about)
    elif found.method == "morris" and np.isfinite(found.measures["sigma"].values).all():
        sigma = three(found.measures["sigma"])
        yield "morris", morris_scatter(labels, three(main), sigma, unit=unit, level=found.level, **about)
    else:
        words = {"measure": "PAWN", "unit": "distance between distributions (0 to 1)", "inert": found.inert}
        if found.method == "morris":
            words = {"measure": "mean size of effects (μ*)", "unit": f"μ* ({unit})"}
        yield found.method, index_bars(labels, three(main), level=found.level, **words, **about)
    steps = at_sizes(design, values, found.outcome, found.method, level=found.level)
    if len(steps) > 1:
        sizes, index = [step.base for step in steps], np.stack([three(step.main) for step in steps])
        yield "convergence", convergence(sizes, index, labels, measure=AXIS[found.method], level=found.level, **about)


def _failures(
    design: Design, values: Array, name: str, margin: float, expect: str, source: str
) -> Iterator[tuple[str, Figure]]:
    """Where the mean effect over runs is not what a claim expects; nothing where it is so everywhere or nowhere."""
    design, rows = design.independent()
    means = values[rows].mean(axis=1)
    fails, rule = {
        "decrease": (means >= -margin, f"the mean effect over the runs is not below {-margin:g}"),
        "none": (np.abs(means) > margin, f"the mean effect over the runs is beyond ±{margin:g}"),
        "at most": (means > 0, "the mean outcome over the runs is above the level"),
        "at least": (means < 0, "the mean outcome over the runs is below the level"),
    }.get(expect, (means <= margin, f"the mean effect over the runs is not above {margin:g}"))
    if fails.all() or not fails.any():
        return
    enough = min(fails.sum(), (~fails).sum()) >= FEWEST
    box = next(iter(discover(design.points, fails)), None) if enough else None
    limits = box.limits if box is not None else None
    drawn = parallel_coordinates(
        design.names, design.bounds, design.points, fails, claim=f"the claim {name}", rule=rule, source=source,
        box=limits,
    )  # fmt: skip
    yield "failures", drawn


def three(measure: Measure) -> Array:
    """Estimate, lower and upper end of a measure, on a last axis."""
    return np.stack([measure.values, measure.low, measure.high], axis=-1)


def _source(sweep: Sweep) -> str:
    """What was run, for the footer."""
    facts = sweep.manifest
    belief = str(facts.get("belief", ""))
    parts = [
        Path(str(facts.get("scenario", ""))).stem,
        f"world {facts['world']}" if facts.get("world") else "",
        f"{sweep.design} design, N = {sweep.base:,}",
        f"{len(sweep.points):,} points × {sweep.runs:,} runs on shared shocks",
        f"seed {facts['seed']}" if "seed" in facts else "",
        BELIEFS.get(belief, belief),
    ]
    return "  ·  ".join(part for part in parts if part)
