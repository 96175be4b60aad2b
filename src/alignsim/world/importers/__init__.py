"""Readers of the official files, one module for each upstream; each returns a tidy pandas table with ISO3 codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alignsim.errors import FileProblem, InvalidInput, Problem

if TYPE_CHECKING:
    import pandas as pd


def require_pandas() -> None:
    """Raise FileProblem with the way out when the packages that read the official files are not installed."""
    try:
        import pandas
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise FileProblem(
            f"building a world needs {error.name}, which is not installed; "
            "install it with: pip install 'alignsim[world]' (packaged worlds work without it)"
        ) from error
    del pandas


def find_all(folder: Path, *patterns: str, what: str) -> list[Path]:
    """The files below `folder` that match the first pattern with any match, the largest first: samples are small.

    Raises FileProblem naming the patterns when there is none.
    """
    for pattern in patterns:
        found = sorted(folder.rglob(pattern), key=lambda path: (-path.stat().st_size, str(path)))
        if found:
            return found
    raise FileProblem(f"no {what} below {folder}: looked for {', '.join(patterns)}; see `alignsim world build --help`")


def text(path: Path) -> str:
    """The text of an official file: UTF-8 with or without a mark, else Latin-1; line ends made plain."""
    content = path.read_bytes()
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = content.decode("iso-8859-1")
    return decoded.replace("\r\n", "\n").replace("\r", "\n")


def table(path: Path, *required: str, separator: str = ",", skip: int = 0) -> pd.DataFrame:
    """A delimited or Parquet file with every cell as written: "NA" stays Namibia, blanks stay blank text.

    Raises InvalidInput when a required column is missing.
    """
    import io

    import pandas as pd

    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        body = text(path).split("\n", skip)[-1] if skip else text(path)
        frame = pd.read_csv(io.StringIO(body), sep=separator, dtype=str, keep_default_na=False, na_filter=False)
    missing = [name for name in required if name not in frame.columns]
    if missing:
        problems = [Problem(skip + 1, 0, name, "column is missing; is this the file as published?") for name in missing]
        raise InvalidInput(str(path), problems, "is not in the expected format")
    return frame


def numbers(column: pd.Series) -> pd.Series:
    """Text as floats; blanks, "..", "...", "xxx" and COW's -9 become missing."""
    import pandas as pd

    cleaned = pd.to_numeric(column, errors="coerce")
    return cleaned.where(cleaned != -9)
