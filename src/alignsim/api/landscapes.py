"""Explore a landscape of actors: which sides would form, how deep they lie, and from where they are reached."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from alignsim.api.folders import RESULTS, write_folder
from alignsim.api.origin import command_line, version, versions
from alignsim.files import slug, write_text
from alignsim.scenario.document import LandscapeFile
from alignsim.scenario.landscape import LandscapeDocument, load
from alignsim.study import account, landscapes


@dataclass
class Landscape:
    """What came of a landscape: `minima` (rows), and `found`, which has them with the frustration of every actor."""

    found: landscapes.Minima
    document: LandscapeDocument
    manifest: dict[str, Any]
    folder: Path | None = field(default=None)

    @property
    def minima(self) -> list[dict[str, Any]]:
        return self.found.rows()

    def summary(self) -> Mapping[str, Any]:
        return self.found.summary()

    def plot(self) -> Any:
        """The figure: each minimum as two coalitions."""
        from alignsim.show.landscape import sides

        return sides(self.found)

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        rows = [list(row.values()) for row in self.minima]
        return notebook.table(self.found.landscape.title, list(self.minima[0]), rows)


def landscape(scenario: str | os.PathLike[str] | LandscapeFile, *, set: Iterable[str] = ()) -> Landscape:
    """Find every local minimum of a landscape file with its energy and basin (up to 20 actors); writes nothing.

    Raises InvalidInput, FileProblem, and UsageError where it is a scenario of states.
    """
    started = time.perf_counter()
    document = load(scenario, set)
    found = landscapes.explore(document.landscape)
    content = document.landscape.model_dump_json()
    manifest = {
        "alignsim": version(),
        "command": command_line(),
        "scenario": document.name,
        "settings": list(document.settings),
        "scenario_hash": hashlib.sha256(content.encode()).hexdigest(),
        "theory": "landscape",
        "seed": document.landscape.seed,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 3),
        "versions": versions(),
    }
    return Landscape(found, document, manifest)


def save_landscape(result: Landscape, out: str | os.PathLike[str] = RESULTS, figures: bool = True) -> Path:
    """Write a run folder with minima.csv, actors.csv, the figure and how they came about: it appears whole, or not at
    all. Raises FileProblem.
    """

    def fill(folder: Path) -> None:
        write_text(folder / "minima.csv", account.as_csv(result.found.rows()))
        write_text(folder / "actors.csv", account.as_csv(result.found.by_actor()))
        write_text(folder / "summary.json", json.dumps(result.summary(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / "manifest.json", json.dumps(result.manifest, indent=2, ensure_ascii=False) + "\n")
        write_text(folder / "scenario.yaml", result.document.text)
        if figures:
            from alignsim.show.style import save

            (folder / "figures").mkdir()
            save(result.plot(), folder / "figures" / "landscape.png")

    name = slug(PurePath(result.document.name).stem)
    result.folder = write_folder(Path(out) / name, result.manifest["scenario_hash"], fill)
    return result.folder
