"""All figures of a sweep, drawn from it alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
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
from alignsim.study.sensitivity import Measure, Sensitivity, Swing, response, surface
from alignsim.study.sensitivity import convergence as at_sizes
from alignsim.study.sweep import Sweep
from alignsim.study.sweep.table import declared

Array = Any
FORMATS = ("png", "svg", "pdf")
MAPPED = 3
"""Inputs of a grid of which each pair has a heat map."""
FEWEST = 20
"""Points that must fail, and hold, before a region of failure is looked for."""
AXIS = {
    "sobol": "total order (share of variance)",
    "morris": "μ*",
    "pawn": "PAWN (0 to 1)",
}


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
        for figure, draw in figures(sweep, name, found.get(name), moved[name]).items():
            if (drawn := draw()) is not None:
                written += [save(drawn, folder / f"{slug(f'{figure}-{name}')}.{kind}") for kind in formats]
    return written


def figures(
    sweep: Sweep, name: str, found: Sensitivity | None, moved: Sequence[Swing]
) -> dict[str, Callable[[], Figure | None]]:
    """What can be drawn of one outcome, each by the beginning of its file's name; nothing is drawn until it is called,
    and None comes where there is nothing to show.
    """
    expect, kind, order = sweep.described(name)[3], sweep.design, [swing.input for swing in moved]
    drawn: dict[str, Callable[[], Figure | None]] = {}
    if found is not None:
        drawn[found.method] = partial(_index, sweep, name, found)
        drawn["convergence"] = partial(_convergence, sweep, name, found)
    drawn["tornado"] = partial(_tornado, sweep, name, moved)
    if kind != "morris":  # its few points do not average out, so that a curve over them would mislead
        drawn["response"] = partial(_response, sweep, name, order)
        for pair in combinations(order[: MAPPED if kind == "grid" else 2], 2):
            drawn["map-{}-{}".format(*pair)] = partial(surface_map, sweep, name, *pair)
    if expect and kind not in ("grid", "morris"):
        drawn["failures"] = partial(_failures, sweep, name)
    return drawn


def _unit(sweep: Sweep, name: str) -> str:
    """The unit of an outcome, for the label of an axis."""
    return sweep.described(name)[1].replace("-1 to 1", "−1 to 1")


def _about(sweep: Sweep, name: str) -> dict[str, Any]:
    """What the figures of an outcome have in common."""
    return {"outcome": sweep.described(name)[0], "source": _source(sweep)}


def _margin(sweep: Sweep, name: str) -> float:
    """The smallest change that matters, where the outcome is an effect."""
    return sweep.described(name)[2] if name in {effect.name for effect in sweep.effects} else 0.0


def _response(sweep: Sweep, name: str, order: Sequence[str]) -> Figure:
    found = [response(sweep.designed, sweep.values[name], one) for one in order]
    curves = [(_axis(r.input), r.places, r.samples) for r in found]
    unit, margin, several = _unit(sweep, name), _margin(sweep, name), len(order) > 1
    return response_curves(
        curves, unit=unit, margin=margin, averaged=several, scattered=sweep.design != "grid", **_about(sweep, name)
    )


def _tornado(sweep: Sweep, name: str, moved: Sequence[Swing]) -> Figure:
    ends = np.array([[s.low, s.high, s.half] for s in moved])
    span = "lowest and highest value" if sweep.design in ("grid", "morris") else "lower and upper fifth of its values"
    labels, unit, middle = [s.input for s in moved], _unit(sweep, name), float(sweep.values[name].mean())
    return tornado(labels, *ends.T, middle=middle, unit=unit, ends=span, **_about(sweep, name))


def surface_map(sweep: Sweep, name: str, one: str, two: str) -> Figure:
    """The outcome over two inputs. Raises NotAnalysable for an input that was not varied."""
    at = surface(sweep.designed, sweep.values[name], one, two)
    unit, margin = _unit(sweep, name), _margin(sweep, name)
    labels = _axis(one), _axis(two)
    return heat_map(
        at.x, at.y, at.values, names=(one, two), labels=labels, unit=unit, margin=margin,
        scattered=sweep.design != "grid", **_about(sweep, name),
    )  # fmt: skip


def _axis(path: str) -> str:
    """An input with its unit, where it has one that is declared."""
    unit = declared(path)[0].replace("-1 to 1", "−1 to 1")
    return f"{path} ({unit})" if unit not in ("", "none") else path


def _index(sweep: Sweep, name: str, found: Sensitivity) -> Figure:
    """The figure of an analysis."""
    main, labels, unit = found.main, found.labels, _unit(sweep, name)
    about = _about(sweep, name) | {"level": found.level}
    if found.method == "sobol":
        listed = [
            (f"{labels[a]} × {labels[b]}", three(found.pairs)[a, b]) for a, b in found.interacting() if found.pairs
        ]
        return sobol_bars(labels, three(main), three(found.measures["first"]), listed, **about)
    if found.method == "morris" and np.isfinite(found.measures["sigma"].values).all():
        return morris_scatter(labels, three(main), three(found.measures["sigma"]), unit=unit, **about)
    words = {"measure": "PAWN", "unit": "distance between distributions (0 to 1)", "inert": found.inert}
    if found.method == "morris":
        words = {"measure": "mean size of effects (μ*)", "unit": f"μ* ({unit})"}
    return index_bars(labels, three(main), **words, **about)


def _convergence(sweep: Sweep, name: str, found: Sensitivity) -> Figure | None:
    steps = at_sizes(sweep.designed, sweep.values[name], found.outcome, found.method, level=found.level)
    if len(steps) < 2:
        return None
    sizes, index = [step.base for step in steps], np.stack([three(step.main) for step in steps])
    measure = AXIS[found.method] + (f" ({_unit(sweep, name)})" if found.method == "morris" else "")
    about = _about(sweep, name) | {"level": found.level, "measure": measure}
    return convergence(sizes, index, found.labels, **about)


def _failures(sweep: Sweep, name: str) -> Figure | None:
    """Where the mean effect over runs is not what a claim expects; nothing where it is so everywhere or nowhere."""
    _, _, margin, expect = sweep.described(name)
    design, rows = sweep.designed.independent()
    means = sweep.values[name][rows].mean(axis=1)
    fails, rule = {
        "decrease": (means >= -margin, f"the mean effect over the runs is not below {-margin:g}"),
        "none": (np.abs(means) > margin, f"the mean effect over the runs is beyond ±{margin:g}"),
        "at most": (means > 0, "the mean outcome over the runs is above the level"),
        "at least": (means < 0, "the mean outcome over the runs is below the level"),
    }.get(expect, (means <= margin, f"the mean effect over the runs is not above {margin:g}"))
    if fails.all() or not fails.any():
        return None
    enough = min(fails.sum(), (~fails).sum()) >= FEWEST
    box = next(iter(discover(design.points, fails)), None) if enough else None
    limits = box.limits if box is not None else None
    labels, claim, source = [_axis(one) for one in design.names], f"the claim {name}", _source(sweep)
    return parallel_coordinates(
        labels, design.bounds, design.points, fails, claim=claim, rule=rule, box=limits, source=source
    )


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
