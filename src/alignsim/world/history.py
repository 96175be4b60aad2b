"""Builds a panel from the official files, each year's world with nothing that was not known by its end."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import secrets
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignsim.errors import FileProblem, UsageError
from alignsim.files import reason, sync_folder, write_text
from alignsim.world import curated
from alignsim.world.alignment import yearly_agreement
from alignsim.world.build import FIRST_MONTH, select, subset, whole
from alignsim.world.columns import OUTCOMES, PACTS, PANEL_TABLES
from alignsim.world.panel import Panel
from alignsim.world.sources import columns
from alignsim.world.ties import pacts
from alignsim.world.upstream import Upstream, last_year, last_years, locate, read
from alignsim.world.world import Array, World
from alignsim.world.writing import write, write_yaml

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 3
_KEPT_ASIDE = ("votes", "points")
"""Tables whose later years `votes_until` leaves out: what a forecast is judged by."""
_NO_MILEX = {
    "title": "none",
    "author": "alignsim",
    "year": "2026",
    "unit": "bn USD of 2023 a year",
    "terms": "-",
    "note": "left blank in a panel: SIPRI's yearly series is not re-hosted, and the model does not use it",
}


def build(
    name: str,
    years: Sequence[int],
    source: Path | Upstream,
    states: str = "all",
    progress: Callable[[int, int], None] | None = None,
    title: str = "",
    votes_until: int | None = None,
) -> Panel:
    """The panel of consecutive `years` (1992 on) from the folder of official files, or from what it holds.

    `states` is a selection as for a world; who has no figures in one of the years is left out and named in `built`,
    `largest:40` counts by capabilities of the first year, and a listed code without figures is refused. Outcomes of a
    year are nan where the files hold no votes or ideal points of it. With `votes_until`, those of later years are not
    looked at, neither for outcomes nor for worlds. Calls `progress(done, total)` after each year.

    Raises UsageError for years that cannot be, FileProblem and InvalidInput for files and selections.
    """
    years = tuple(years)
    if not years or list(years) != list(range(years[0], years[-1] + 1)) or years[0] < int(FIRST_MONTH[:4]):
        raise UsageError(f"a panel needs consecutive years from {FIRST_MONTH[:4]} on, such as 1992:2015")
    files = source if isinstance(source, tuple) else read(Path(source))
    if votes_until is not None:
        files = files._replace(**{name: _until(getattr(files, name), votes_until) for name in _KEPT_ASIDE})
    if years[-1] > last_year(files):
        raise UsageError(f"no file says anything after {last_year(files)}; end the years there")
    worlds, said = [], {}
    for done, year in enumerate(years, 1):
        world, about = whole(f"{name}-{year}", f"{year}-12", files)
        worlds.append(world)
        said[str(year)] = about._asdict()
        if progress:
            progress(done, len(years))
    chosen, left_out = _selected(states, worlds, files)
    small = {year: _stripped(subset(world, chosen)) for year, world in zip(years, worlds, strict=True)}
    recorded = {what: min(last, years[-1]) for what, last in last_years(files).items()}
    return Panel(
        name=name,
        title=title or f"{len(chosen)} states from {years[0]} to {years[-1]}",
        states=tuple(chosen),
        years=years,
        agreement=np.stack([_open(yearly_agreement(files.votes, chosen, year, undefined=np.nan)) for year in years]),
        distance=np.stack([_open(_distance(files.points, chosen, year)) for year in years]),
        sources={
            "outcomes": columns("outcome_sources"),
            "columns": columns() | {"milex": _NO_MILEX},
            "years": said,
            "recorded": {what: str(last) for what, last in recorded.items()},
        },
        built=_provenance(name, years, source, states, title, left_out, votes_until),
        worlds=small,
        pacts={year: _pacts(year, chosen, files) for year in years if year > recorded["votes"]},
    )


def save(panel: Panel, out: str | Path, replacing: bool = False) -> Path:
    """Write `panel` as a folder that `panel.read` reads back: it appears whole, or not at all.

    Outcomes keep three decimals, figures of worlds three to five digits. Raises FileProblem where `out` holds something
    (with `replacing`: something that is no panel), or cannot be written.
    """
    folder = free(out, replacing)
    fresh = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    old = fresh.with_suffix(".old")
    try:
        fresh.mkdir(parents=True)
        _fill(panel, fresh)
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
        sync_folder(folder.parent)
    except OSError as error:
        if old.exists() and not folder.exists():
            os.replace(old, folder)
        raise FileProblem(f"could not write {folder}: {reason(error)}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return folder


def free(out: str | Path, replacing: bool = False) -> Path:
    """The folder `out`, if a panel may be written there. Raises FileProblem with the way out."""
    folder = Path(os.path.abspath(out))
    if folder.exists() and not folder.is_dir():
        raise FileProblem(f"{out} is a file; give a folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
        if not replacing:
            raise FileProblem(f"{out} is not empty; give another folder with --out, or write over it with --force")
        if not (folder / "panel.yaml").is_file():
            raise FileProblem(f"{out} holds something that is no panel; give another folder with --out")
    return folder


def _fill(panel: Panel, folder: Path) -> None:
    about = {
        "name": panel.name,
        "title": panel.title,
        "years": f"{panel.years[0]}:{panel.years[-1]}",
        "states": list(panel.states),
        "built": panel.built,
    }
    write_yaml(folder / "panel.yaml", about)
    write_yaml(folder / "sources.yaml", panel.sources)
    write_text(folder / "outcomes.csv", _outcomes(panel))
    if panel.pacts:
        write_text(folder / "pacts.csv", _pact_rows(panel))
    for year in panel.years:
        write(replace(panel.world(year), sources={}), folder / "worlds" / str(year))


def _outcomes(panel: Panel) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*PANEL_TABLES["outcomes.csv"][0], *(column.name for column in OUTCOMES)])
    for t, year in enumerate(panel.years):
        for i, a in enumerate(panel.states):
            for j in range(i + 1, len(panel.states)):
                table.writerow(
                    [year, a, panel.states[j], _cell(panel.agreement[t, i, j]), _cell(panel.distance[t, i, j])]
                )
    return out.getvalue()


def _pact_rows(panel: Panel) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*PANEL_TABLES["pacts.csv"][0], *(column.name for column in PACTS)])
    for year, pact in panel.pacts.items():
        for i, j in np.argwhere(np.triu(pact, 1) > 0):
            table.writerow([year, panel.states[i], panel.states[j], _cell(pact[i, j])])
    return out.getvalue()


def _pacts(year: int, states: list[str], files: Upstream) -> Array:
    month = f"{year}-12"
    return pacts(month, states, files.atop, curated.groups_at(month))


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{round(float(value), _DIGITS) + 0.0:.10g}"


def _until(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    return frame[frame.year <= year]


def _selected(states: str, worlds: list[World], files: Upstream) -> tuple[list[str], dict[str, str]]:
    """The codes that the selection names and every year has, and who is left out with the reason."""
    asked = worlds[:1] if states.startswith("largest") else worlds
    wanted = sorted(set().union(*(select(states, world, files) for world in asked)))
    gaps = {code: [world.month[:4] for world in worlds if code not in world.states] for code in wanted}
    chosen = [code for code in wanted if not gaps[code]]
    if len(chosen) < 2:
        raise UsageError(f"--states {states}: fewer than two of these states have figures in all years")
    return chosen, {code: f"no figures in {', '.join(years)}" for code, years in gaps.items() if years}


def _stripped(world: World) -> World:
    """Without what a panel keeps once for all years, or does not keep."""
    return replace(world, milex=np.zeros(len(world.states)), sources={})


def _distance(points: pd.DataFrame, states: list[str], year: int) -> Array:
    x = points[points.year == year].set_index("state").point.reindex(states).to_numpy(dtype=float)
    return np.abs(x[:, None] - x)


def _open(square: Array) -> Array:
    """With nothing on the diagonal."""
    out = square.copy()
    np.fill_diagonal(out, np.nan)
    return out


def _provenance(
    name: str,
    years: tuple[int, ...],
    source: Path | Upstream,
    states: str,
    title: str,
    left_out: dict[str, str],
    votes_until: int | None,
) -> dict[str, Any]:
    from importlib.metadata import version

    files = {}
    if not isinstance(source, tuple):
        for table, paths in locate(Path(source)).items():
            files[table] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths}
    words = ["alignsim", "world", "panel", name, "--years", f"{years[0]}:{years[-1]}", "--from", "DATA"]
    words += ["--states", states] + (["--title", title] if title else [])
    words += ["--votes-until", str(votes_until)] if votes_until is not None else []
    return {
        "command": shlex.join(words),
        "version": version("alignsim"),
        "left_out": left_out,
        "files": files,
    }
