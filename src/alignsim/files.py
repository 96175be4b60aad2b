"""Files that are whole or absent: written under a temporary name, synced, then renamed."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from alignsim.errors import FileProblem

_SLUG = re.compile(r"[^A-Za-z0-9._-]+")
_DEVICE_NAMES = {"con", "prn", "aux", "nul"} | {f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10)}


def slug(text: str) -> str:
    """A name that is safe as one path component anywhere: letters, digits, '.', '_' and '-', at most 64 long."""
    name = _SLUG.sub("-", text).strip(".-_")[:64] or "scenario"
    return f"{name}-" if name.split(".")[0].casefold() in _DEVICE_NAMES else name


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary file beside `path`, sync it, and give it its final name.

    Raises FileProblem when the disk is full, the folder is missing or may not be written; then nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        write(temporary)
        with open(temporary, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # h5py reports a full disk as RuntimeError
        raise FileProblem(f"could not write {path.name}: {reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises FileProblem where it is not there, may not be read, or is no such text."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileProblem(f"{path} is not there") from None
    except (OSError, ValueError) as error:
        raise FileProblem(f"{path} cannot be read: {reason(error)}") from error


def write_text(path: Path, text: str) -> Path:
    """Write `text` as UTF-8, atomically."""
    return write_atomically(path, lambda temporary: _write_bytes(temporary, text.encode("utf-8")))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def reason(error: BaseException) -> str:
    """An operating-system error in words, with the way out where there is one."""
    number = getattr(error, "errno", None)
    words = {
        errno.ENOSPC: "the disk is full; free some space or choose another folder with --out",
        errno.EACCES: "the folder may not be written; choose another with --out",
        errno.EROFS: "the folder is read-only; choose another with --out",
        errno.ENOENT: "the folder is not there",
    }
    return words.get(number, str(error) or type(error).__name__) if number else (str(error) or type(error).__name__)
