"""Run folders: written whole or not at all, opened again, and listed."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alignsim.api.running import Results
from alignsim.errors import FileProblem
from alignsim.files import reason, sync_folder

RESULTS = "results"


def usable_folder(out: str | os.PathLike[str]) -> Path:
    """The folder for results, made if absent. Raises FileProblem, before any work, where nothing can be written."""
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise FileProblem(f"{folder} is a file; choose a folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(4)}.tmp"
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        words = (error.strerror or "it cannot be made").lower()
        raise FileProblem(f"{folder} cannot be written to ({words}); choose another folder with --out") from error
    return folder


def save(
    results: Results,
    out: str | os.PathLike[str] = RESULTS,
    figures: bool = True,
    formats: Iterable[str] = ("png",),
    tables: Iterable[str] = ("csv",),
) -> Path:
    """Write a run folder `out/<scenario>/<time>-<hash>/`: it appears whole, or not at all.

    `formats` of figures are png, svg and pdf; `tables` of the runs are csv and parquet. Raises UsageError for others,
    and FileProblem where the disk is full or the folder may not be written.
    """
    data = results.data

    def fill(folder: Path) -> None:
        results.save(folder, tables)
        if figures:
            from alignsim.show import draw_all

            (folder / "figures").mkdir()
            draw_all(data, folder / "figures", formats=tuple(formats))

    results.folder = write_folder(Path(out) / str(data.attrs["scenario"]), str(data.attrs["scenario_hash"]), fill)
    return results.folder


def write_folder(parent: Path, fingerprint: str, fill: Callable[[Path], None]) -> Path:
    """A new folder `parent/<time>-<hash>/` that `fill` has filled: it appears whole, or not at all.

    Raises FileProblem where the disk is full or the folder may not be written.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    temporary = parent / f".{stamp}-{secrets.token_hex(4)}.tmp"
    try:
        temporary.mkdir(parents=True)
        fill(temporary)
        final = _free(parent, f"{stamp}-{fingerprint[:8]}")
        os.replace(temporary, final)
        sync_folder(parent)
    except OSError as error:
        raise FileProblem(f"could not write {parent}: {reason(error)}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return final


def _free(parent: Path, name: str) -> Path:
    """The first of name, name-2, name-3 ... that no run has."""
    candidate, k = parent / name, 2
    while candidate.exists():
        candidate, k = parent / f"{name}-{k}", k + 1
    return candidate


def open_run(folder: str | Path) -> Results:
    """Read a run folder that `save` wrote. Raises FileProblem."""
    return Results.load(folder)


class Listing(list[dict[str, Any]]):
    """Runs, judgements and sweeps, the oldest first; each says its folder, kind, scenario, time and headline."""

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.listing(self)


def ls(folder: str | os.PathLike[str] = RESULTS) -> Listing:
    """The runs, judgements and sweeps in a folder and below. Raises FileProblem where it is not there."""
    from alignsim.results.listing import listing

    return Listing(listing(Path(folder)))
