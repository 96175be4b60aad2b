"""How it looks: figures of results, drawn from the files alone. Import it late; it loads matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from alignsim.errors import UsageError, did_you_mean
from alignsim.files import slug
from alignsim.show.map import world_map
from alignsim.show.matrix import matrix
from alignsim.show.network import network
from alignsim.show.style import save
from alignsim.show.surroundings import surroundings
from alignsim.show.trajectories import trajectories
from alignsim.show.why import why

FIGURES: dict[str, Callable[..., Figure]] = {
    "trajectories": trajectories,
    "why": why,
    "surroundings": surroundings,
    "matrix": matrix,
    "network": network,
    "map": world_map,
}
"""Every figure by name, in the order of a report; each takes a results Dataset and returns a matplotlib Figure."""

NEEDS: dict[str, tuple[str, ...]] = {
    "trajectories": ("alignment",),
    "why": ("motive_share", "desire"),
    "surroundings": ("isolation", "trade_share", "arms", "know_how", "capacity"),
    "matrix": ("alignment_mean",),
    "network": ("alignment_mean", "trade_mean"),
    "map": ("alignment_mean",),
}
"""Variables that a figure shows; a rival theory does not speak of all of them."""

FOR_EACH_DYAD = ("why", "surroundings")
"""Figures of one dyad; `draw_all` draws them for the first three of the focus."""
MOST_DYADS = 3
CHOICES: dict[str, tuple[str, ...]] = {
    "trajectories": (),
    "why": ("branch",),
    "surroundings": (),
    "matrix": ("branch",),
    "network": ("branch",),
    "map": ("state", "branch"),
}
"""What can be chosen for each figure besides the dyad."""
FORMATS = ("png", "svg", "pdf")


def draw_all(
    data: Any,
    folder: Path,
    formats: Sequence[str] = ("png",),
    figures: Iterable[str] | None = None,
    state: str | None = None,
    branch: str | None = None,
) -> list[Path]:
    """Draw figures into `folder` (made if absent) and return the files, in the order of FIGURES.

    `data` is a results Dataset, `figures` some names of FIGURES (all by default), `formats` of png, svg and pdf. A
    figure of one dyad is named after it: `why-IRN-RUS.png`. `state` is whose alignment the map shows (the first of the
    focus by default), `branch` what figures of one branch show (the first after the baseline by default); each is
    added to the names of files it changes. Figures of what the run's theory does not speak of are left out. Raises
    UsageError for an unknown name, format, state or branch, and for a figure asked for that is left out; FileProblem
    when the folder cannot be written.
    """
    if state is not None:
        _known(state, [str(s) for s in data.state.values], "state of this run")
    if branch is not None:
        _known(branch, [str(b) for b in data.branch.values], "branch of this run")
    names = drawable(data) if figures is None else [_drawable(_known(n, FIGURES, "figure"), data) for n in figures]
    kinds = [_known(kind, FORMATS, "format of figures") for kind in formats]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in (n for n in FIGURES if n in names):
        chosen = {key: value for key, value in (("state", state), ("branch", branch)) if value and key in CHOICES[name]}
        for stem, options in _drawn(name, data):
            figure = FIGURES[name](data, **options, **chosen)
            file = slug("-".join([stem, *chosen.values()]))
            written += [save(figure, folder / f"{file}.{kind}") for kind in kinds]
    return written


def drawable(data: Any) -> list[str]:
    """Names of the figures for which the run has all variables."""
    return [name for name in FIGURES if all(variable in data for variable in NEEDS[name])]


def _drawable(name: str, data: Any) -> str:
    if name not in drawable(data):
        theory = data.attrs.get("theory", "")
        raise UsageError(f"theory {theory!r} says nothing of what the figure {name!r} shows; leave it out")
    return name


def _drawn(name: str, data: Any) -> list[tuple[str, dict[str, str]]]:
    """File stems and options of a figure."""
    if name not in FOR_EACH_DYAD:
        return [(name, {})]
    return [(slug(f"{name}-{dyad}"), {"dyad": str(dyad)}) for dyad in data.dyad.values[:MOST_DYADS]]


def _known(word: str, known: Iterable[str], what: str) -> str:
    if word not in known:
        raise UsageError(f"{word!r} is not a {what}; there are {', '.join(known)}{did_you_mean(word, known)}")
    return word
