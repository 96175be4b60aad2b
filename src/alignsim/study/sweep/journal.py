"""What is finished of a sweep: a journal (SQLite with a write-ahead log) and chunks that are never changed.

A chunk is on the disk, synced and under its own name before the journal says so, with its SHA-256. Whatever moment a
process is killed at, what the journal says is there is there, and what was being simulated is simulated again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from alignsim.errors import FileProblem, FolderInUse
from alignsim.files import reason, write_atomically, write_text
from alignsim.study.sweep.simulation import Rows

JOURNAL, CHUNKS, LOCK, HOLDER = "journal.sqlite", "chunks", ".lock", ".holder.json"
CUT = "cut by points"
"""How rows are numbered into chunks; a journal that was begun otherwise is not continued."""
_TABLES = """
create table if not exists about (key text primary key, value text not null);
create table if not exists chunk (number integer primary key, file text not null, sha256 text not null,
  rows integer not null, failed integer not null, attempt integer not null);
"""


class Store(Protocol):
    """Where finished chunks are kept, by number."""

    size: int
    """Rows of a chunk."""

    def finished(self) -> dict[int, int]:
        """Chunks that are there, each with its number of failed rows."""

    def put(self, number: int, rows: Rows) -> None: ...

    def get(self, number: int) -> Rows: ...


class Memory:
    """Chunks that are kept nowhere but here."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._chunks: dict[int, Rows] = {}

    def finished(self) -> dict[int, int]:
        return {number: int((rows["error"] != "").sum()) for number, rows in self._chunks.items()}

    def put(self, number: int, rows: Rows) -> None:
        self._chunks[number] = rows

    def get(self, number: int) -> Rows:
        return self._chunks[number]


class Journal:
    """Chunks in a folder that this process holds; see `held`."""

    def __init__(self, folder: Path, key: str, size: int) -> None:
        self.folder = folder
        self._database = self._opened(folder / JOURNAL)
        own = f"{key} {CUT}"
        about = self._about({"key": own, "size": str(size)})
        if about["key"] != own:
            raise FileProblem(f"{folder} holds another sweep; choose another folder with --out, or say --fresh")
        self.size = int(about["size"])

    def _opened(self, path: Path) -> sqlite3.Connection:
        with _told(path):
            database = sqlite3.connect(path, isolation_level=None)
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = full")
            database.executescript(_TABLES)
            return database

    def _about(self, first: Mapping[str, str]) -> dict[str, str]:
        """What the journal says about itself; `first` where it is new."""
        with _told(self.folder / JOURNAL):
            self._database.execute("begin immediate")
            self._database.executemany("insert or ignore into about values (?, ?)", list(first.items()))
            self._database.execute("commit")
            return dict(self._database.execute("select key, value from about"))

    def finished(self) -> dict[int, int]:
        """Chunks whose file is there and is what it was; all others are forgotten, to be simulated again."""
        found = {}
        with _told(self.folder / JOURNAL):
            listed = list(self._database.execute("select number, file, sha256, failed from chunk"))
        for number, file, sha256, failed in listed:
            if _digest(self.folder / CHUNKS / file) == sha256:
                found[number] = failed
            else:
                with _told(self.folder / JOURNAL):
                    self._database.execute("delete from chunk where number = ?", (number,))
        return found

    def put(self, number: int, rows: Rows) -> None:
        """Keep a chunk; one of the same number is replaced. Raises FileProblem where the disk is full."""
        before = self._row(number)
        attempt = before[1] + 1 if before else 0
        path = self.folder / CHUNKS / f"{number:06d}-{attempt}.npz"
        write_atomically(path, lambda temporary: _save(temporary, rows))
        entry = (number, path.name, _digest(path), len(rows["error"]), int((rows["error"] != "").sum()), attempt)
        with _told(self.folder / JOURNAL):
            self._database.execute("insert or replace into chunk values (?, ?, ?, ?, ?, ?)", entry)
        if before:
            (self.folder / CHUNKS / before[0]).unlink(missing_ok=True)

    def get(self, number: int) -> Rows:
        """The rows of a chunk. Raises FileProblem where they are not what was kept."""
        row = self._row(number)
        assert row is not None
        path = self.folder / CHUNKS / row[0]
        try:
            with np.load(path, allow_pickle=False) as kept:
                return {name: kept[name] for name in kept.files}
        except (OSError, ValueError, EOFError) as error:
            raise FileProblem(f"{path} cannot be read ({reason(error)}); run the same command again") from error

    def _row(self, number: int) -> tuple[str, int] | None:
        with _told(self.folder / JOURNAL):
            return self._database.execute("select file, attempt from chunk where number = ?", (number,)).fetchone()

    def close(self) -> None:
        """Fold the log into the journal."""
        with _told(self.folder / JOURNAL):
            self._database.execute("pragma wal_checkpoint(truncate)")
            self._database.close()


@contextmanager
def opened(folder: Path, key: str, size: int, fresh: bool = False) -> Iterator[Journal]:
    """Hold a folder and yield its journal, begun anew where `fresh`.

    Raises FolderInUse at once, saying by whom, where another process holds it, and FileProblem.
    """
    with held(folder):
        if fresh:
            _clear(folder)
        try:
            (folder / CHUNKS).mkdir(exist_ok=True)
            for left in (folder / CHUNKS).glob(".*.tmp*"):
                left.unlink(missing_ok=True)
        except OSError as error:
            raise FileProblem(f"{folder} cannot be written to ({reason(error)})") from error
        journal = Journal(folder, key, size)
        try:
            yield journal
        finally:
            journal.close()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder for this process. The lock is the system's: it is gone with the process, however that ends."""
    import filelock

    lock = filelock.FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise FolderInUse(f"{folder} is in use{_holder(folder)}; wait for it, or choose another with --out") from None
    except OSError as error:
        raise FileProblem(f"{folder} cannot be written to ({reason(error)}); choose another with --out") from error
    try:
        write_text(folder / HOLDER, json.dumps({"process": os.getpid(), "host": socket.gethostname()}))
        yield
    finally:
        (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(folder: Path) -> str:
    try:
        told = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f" by process {int(told['process'])} on {told['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _clear(folder: Path) -> None:
    """Remove what a sweep has written, and nothing else."""
    try:
        shutil.rmtree(folder / CHUNKS, ignore_errors=True)
        for name in (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm"):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise FileProblem(f"{folder} cannot be emptied ({reason(error)})") from error


def _save(path: Path, rows: Rows) -> None:
    with open(path, "wb") as handle:
        np.savez(handle, **rows)  # type: ignore[arg-type]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@contextmanager
def _told(path: Path) -> Iterator[Any]:
    """Say what a database error means."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise FileProblem(f"{path} cannot be written: {error}; free some space or choose another folder") from error
    except sqlite3.DatabaseError as error:
        raise FileProblem(f"{path} is damaged ({error}); say --fresh to begin anew") from error
