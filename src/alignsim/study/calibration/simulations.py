"""Simulations in blocks that are kept in a folder as they finish, so that an interrupted calibration goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from alignsim.arrays import Array
from alignsim.errors import AlignsimError, FileProblem, FolderInUse
from alignsim.files import reason, write_atomically, write_text
from alignsim.random import name_key, name_keys, uniforms
from alignsim.study.calibration.target import Target

Progress = Callable[[str, int, int], None]
"""Called with the stage, the rows done and the rows there are in it."""

ASKED = "asked.yaml"
"""What the kept simulations are of."""


class Simulations:
    """The simulator, with its random numbers addressed by (seed, stage, block) and its blocks kept in a folder.

    Without a folder nothing is kept. With one, finished blocks are read from it instead of being simulated again.
    """

    def __init__(
        self, target: Target, seed: int, folder: Path | None = None, block: int = 64, progress: Progress | None = None
    ) -> None:
        self.target, self.seed, self.folder, self.block, self.progress = target, seed, folder, block, progress

    def run(self, stage: str, u: Array, paired: int = 0) -> Array:
        """Summaries (rows, s) of u (rows, k). With `paired`, blocks have that many rows and share one seed, so that
        row n of every block has the same noise.

        Raises AlignsimError when a summary is not a finite number, and FileProblem when what is kept is of other
        parameters.
        """
        size = paired or self.block
        blocks = []
        for number, start in enumerate(range(0, len(u), size)):
            rows = u[start : start + size]
            address = name_key(stage, str(self.seed), "" if paired else str(number)) >> 1
            blocks.append(self._block(f"{stage}-{number:04d}.npy", rows, address))
            if self.progress:
                self.progress(stage, min(start + size, len(u)), len(u))
        return np.concatenate(blocks)

    def uniforms(self, stage: str, rows: int, columns: int) -> Array:
        """(rows, columns) uniforms in (0, 1), addressed by (seed, stage, row, column)."""
        who = name_keys([("column", str(j)) for j in range(columns)])
        return uniforms(self.seed, f"calibration {stage}", np.arange(rows), who)

    def _block(self, file: str, u: Array, address: int) -> Array:
        path = self.folder / file if self.folder else None
        if path and path.is_file():
            return self._kept(path, u)
        found = np.asarray(self.target.simulate(u, address), dtype=float)
        self._refuse(found, u)
        if path:
            write_atomically(path, lambda temporary: _save(temporary, np.hstack([u, found])))
        return found

    def _kept(self, path: Path, u: Array) -> Array:
        try:
            kept = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise FileProblem(
                f"{path} cannot be read ({reason(error)}); delete it and it is simulated again"
            ) from error
        k, s = u.shape[1], len(self.target.summaries)
        if kept.shape != (len(u), k + s) or not np.array_equal(kept[:, :k], u):
            raise FileProblem(f"{path} holds simulations of other parameters; calibrate into another folder")
        return kept[:, k:]

    def _refuse(self, found: Array, u: Array) -> None:
        wanted = (len(u), len(self.target.summaries))
        if found.shape != wanted:
            raise ValueError(f"the simulator gave summaries of shape {found.shape} instead of {wanted}")
        if not np.isfinite(found).all():
            row, column = np.argwhere(~np.isfinite(found))[0]
            values = self.target.values(u[row : row + 1])[0]
            where = ", ".join(f"{n} = {v:.4g}" for n, v in zip(self.target.names, values, strict=True))
            raise AlignsimError(
                f"the summary {self.target.summaries[column]!r} is not a finite number ({found[row, column]}) "
                f"at {where}; define the summary so that every simulated history has it, or narrow the priors"
            )


def _save(path: Path, content: Array) -> None:
    with open(path, "wb") as handle:
        np.save(handle, content, allow_pickle=False)


def fingerprint(target: Target, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """What decides the simulations: parameters with their priors, the data, the seed and the settings."""
    digest = hashlib.sha256()
    for array in (target.bounds, target.observed, target.observation_sd, target.discrepancy_sd):
        digest.update(np.ascontiguousarray(array).tobytes())
    return {
        "parameters": {name: str(prior) for name, prior in zip(target.names, target.priors, strict=True)},
        "summaries": list(target.summaries),
        "numbers": digest.hexdigest(),
        "key": target.key,
        "seed": seed,
        "settings": settings,
    }


@contextmanager
def held(folder: Path | None, asked: dict[str, Any]) -> Iterator[None]:
    """Hold the folder for this process, and make sure that what it keeps is of what is asked now.

    Raises FolderInUse when another process holds it, and FileProblem when it keeps the simulations of something else.
    """
    if folder is None:
        yield
        return
    import filelock

    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise FolderInUse(f"another calibration is using {folder}; wait for it, or choose another folder") from error
    except OSError as error:
        raise FileProblem(f"{folder}: {reason(error)}") from error
    try:
        _claim(folder, asked)
        yield
    finally:
        lock.release()


def _claim(folder: Path, asked: dict[str, Any]) -> None:
    """Write down what the folder is for, or see that it is for the same."""
    import yaml

    note = folder / ASKED
    if not note.exists():
        write_text(note, yaml.safe_dump(asked, sort_keys=False, allow_unicode=True))
        return
    try:
        kept = yaml.safe_load(note.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FileProblem(f"{note} cannot be read; calibrate into another folder") from error
    kept = kept if isinstance(kept, dict) else {}
    different = [key for key in asked if kept.get(key) != asked[key]]
    if different:
        raise FileProblem(
            f"{folder} holds a calibration that differs in {', '.join(different)} (see {ASKED} there); "
            "calibrate into another folder, or delete this one to start again"
        )
