"""A run folder as something to be run again: its scenario, with the settings, seed and runs that it had."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignsim.errors import FileProblem
from alignsim.files import read_text
from alignsim.results.results import Results
from alignsim.scenario.document import Document, examine_text
from alignsim.scenario.settings import apply

if TYPE_CHECKING:
    import xarray

MANIFEST = "manifest.json"
NEEDED = ("scenario", "settings", "seed", "runs", "belief")
"""What a manifest must say for a run to come again."""


@dataclass(frozen=True)
class Kept:
    """What a run folder says of how its run came about, with the data where they are still there."""

    folder: Path
    manifest: dict[str, Any]
    scenario_text: str
    resolved_text: str
    data: xarray.Dataset | None = None


def opened(folder: str | os.PathLike[str]) -> Kept:
    """A run folder, or the one that a manifest.json lies in.

    Raises FileProblem where it is not a run folder, or one that keeps no runs.
    """
    place = Path(folder)
    place = place.parent if place.name == MANIFEST else place
    if (place / "result.nc").is_file():
        whole = Results.load(place)
        return _told(Kept(place, whole.manifest, whole.scenario_text, whole.resolved_text, whole.data))
    if not (place / MANIFEST).is_file():
        raise FileProblem(f"{place} is not a run folder: it has no {MANIFEST}; name one like results/<scenario>/<run>")
    if read_manifest(place).get("kind") == "sweep":
        raise FileProblem(f"{place} is a sweep; the command in its {MANIFEST} with --fresh runs it again")
    if not (place / "summary.json").is_file():
        raise FileProblem(f"{place} keeps no runs, as after a quick judgement; run or judge the scenario again")
    full = place / "scenario.resolved.yaml"
    resolved = read_text(full) if full.is_file() else ""
    return _told(Kept(place, read_manifest(place), read_text(place / "scenario.yaml"), resolved))


def read_manifest(folder: Path) -> dict[str, Any]:
    """How a run came about. Raises FileProblem where it is not there or no mapping."""
    try:
        manifest = json.loads(read_text(folder / MANIFEST))
    except ValueError as error:
        raise FileProblem(f"{folder / MANIFEST} is not JSON: {error}; run the scenario again") from error
    if not isinstance(manifest, dict):
        raise FileProblem(f"{folder / MANIFEST} is not a manifest; run the scenario again")
    return manifest


def _told(kept: Kept) -> Kept:
    missing = [key for key in NEEDED if key not in kept.manifest]
    if missing:
        raise FileProblem(f"{kept.folder}: {MANIFEST} does not say {', '.join(missing)}; run the scenario again")
    return kept


def document_of(kept: Kept) -> Document:
    """The scenario as it was run. Its own text with its settings, or, where that extends another file, which may have
    changed since, the resolved text. A world that is a folder is looked for where it was. Raises InvalidInput.
    """
    manifest, name = kept.manifest, kept.manifest["scenario"]
    document = examine_text(kept.scenario_text, name, Path(name))
    if "extends" in document.tree.root.value and kept.resolved_text:
        document = examine_text(kept.resolved_text, name, Path(name)).whole()
    elif manifest["settings"]:
        document = apply(document, manifest["settings"])
    own = document.whole().scenario
    then_and_now = {"runs": (own.runs.at_most, manifest["runs"]), "seed": (own.seed, manifest["seed"])}
    return apply(document, [f"{key}={then}" for key, (now, then) in then_and_now.items() if now != then])
