"""Every run as one row a branch: seed, draws, parameters, and where the ties ended; for pandas, R and spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alignsim.errors import UsageError, did_you_mean
from alignsim.files import write_atomically, write_text

if TYPE_CHECKING:
    import pandas
    import xarray

RUNS, CODEBOOK = "runs", "codebook.csv"
FORMATS = ("csv", "parquet")
DIGITS = "%.9g"
BASELINE = "baseline"

Column = tuple[str, np.ndarray, str, str]
"""Name, values, unit, what it is."""


def usable_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """The formats, each once. Raises UsageError for one that is not known or that lacks its library."""
    from importlib.util import find_spec

    asked = tuple(dict.fromkeys(formats))
    for name in asked:
        if name not in FORMATS:
            hint = did_you_mean(name, FORMATS) or f"; there are {', '.join(FORMATS)}"
            raise UsageError(f"{name!r} is not a format of tables{hint}")
    if "parquet" in asked and find_spec("pyarrow") is None:
        raise UsageError("Parquet needs pyarrow: pip install 'alignsim[parquet]', or use csv")
    return asked


def write_tables(data: xarray.Dataset, folder: Path, formats: Iterable[str] = ("csv",)) -> list[Path]:
    """Write `runs.csv` (or `runs.parquet`) and `codebook.csv`, which tells the unit and meaning of every column.

    Numbers in CSV have nine digits; what is not there is an empty cell. Raises FileProblem and UsageError.
    """
    wanted = usable_formats(formats)
    table, written = runs_table(data), []
    if "csv" in wanted:
        text = table.to_csv(index=False, float_format=DIGITS, lineterminator="\n")
        written.append(write_text(folder / f"{RUNS}.csv", text))
    if "parquet" in wanted:
        path = folder / f"{RUNS}.parquet"
        written.append(write_atomically(path, lambda temporary: table.to_parquet(temporary, index=False)))
    written.append(write_text(folder / CODEBOOK, codebook(data).to_csv(index=False, lineterminator="\n")))
    return written


def runs_table(data: xarray.Dataset) -> pandas.DataFrame:
    """One row for each run and branch, runs in order; columns as `codebook` lists them.

    A parameter that differs by state is its mean over states. `_start` is the eve, `_end` the last month, `_change`
    the end less that of the baseline in the same run (same parameters, same shocks), missing for the baseline itself.
    """
    import pandas

    branches = [str(name) for name in data.branch.values]
    runs = data.sizes["run"]
    columns = {
        name: np.repeat(values, len(branches)) if values.ndim == 1 else values.T.reshape(-1)
        for name, values, _, _ in _columns(data)
    }
    first = {
        "run": np.repeat(data.run.values, len(branches)),
        "branch": np.tile(np.array(branches, dtype=object), runs),
        "seed": np.full(runs * len(branches), int(data.attrs["seed"])),
    }
    return pandas.DataFrame(first | columns)


def codebook(data: xarray.Dataset) -> pandas.DataFrame:
    """The columns of `runs_table`: name, unit, meaning."""
    import pandas

    known = [
        ("run", "", "number of the run; the same in every branch"),
        ("branch", "", "branch of the scenario"),
        ("seed", "", "seed of the whole ensemble"),
    ]
    known += [(name, unit, words) for name, _, unit, words in _columns(data)]
    return pandas.DataFrame(known, columns=["column", "unit", "meaning"])


def _columns(data: xarray.Dataset) -> list[Column]:
    return [*_draws(data), *_ties(data), *_sides(data), *_states(data)]


def _draws(data: xarray.Dataset) -> Iterable[Column]:
    """What all branches of a run share, (R,)."""
    from alignsim.mechanisms.registry import PARAMETERS

    yield "attempts", data.attempts.values, "draws", "draws of the parameters until the loop gain was acceptable"
    yield "loop_gain", data.loop_gain.values, "ratio", "largest growth factor of the loop from ties to desires"
    if "event" in data.coords:
        for k, label in enumerate(map(str, data.event.values)):
            name = f"event_{k + 1}.{re.sub('[^0-9A-Za-z]+', '_', label).strip('_')[:40]}"
            yield name, data.event_happened.values[:, k], "0 or 1", f"whether it happens: {label}"
    for k, path in enumerate(map(str, data.parameter.values)):
        declared = PARAMETERS.get(path)
        unit, words = (declared.unit, declared.doc) if declared else ("", "")
        yield path, data.parameter_value.values[:, k], unit, words


def _ties(data: xarray.Dataset) -> Iterable[Column]:
    """Where each focus tie began, ended, and how far from the baseline, (branch, R)."""
    unit = "alignment, -1 to 1"
    for dyad in map(str, data.dyad.values):
        name, pair = dyad.replace("-", "_"), f"of {dyad}"
        own, others = (data[key].sel(dyad=dyad).values for key in ("alignment", "other_ties"))
        yield f"alignment_start.{name}", own[:, :, 0], unit, f"alignment {pair} on the eve"
        yield f"alignment_end.{name}", own[:, :, -1], unit, f"alignment {pair} in the last month"
        yield f"alignment_change.{name}", _change(data, own), "alignment", f"alignment {pair} less that of the baseline"
        words = f"mean tie of both members {pair} with third partners that sanction neither"
        yield f"other_ties_end.{name}", others[:, :, -1], unit, f"{words}, last month"
        yield f"other_ties_change.{name}", _change(data, others), "alignment", f"{words}, less that of the baseline"


def _change(data: xarray.Dataset, values: np.ndarray) -> np.ndarray:
    """The last month less the baseline's, (branch, R); nan for the baseline."""
    branches = [str(name) for name in data.branch.values]
    change = values[:, :, -1] - values[branches.index(BASELINE), :, -1]
    change[branches.index(BASELINE)] = np.nan
    return change


def _sides(data: xarray.Dataset) -> Iterable[Column]:
    """Trade and arms of each side with the other in the last month, (branch, R)."""
    for dyad in map(str, data.dyad.values):
        pair = dyad.split("-")
        for key in (name for name in ("trade_share", "arms") if name in data):
            for side in (0, 1):
                one, other = pair[side], pair[1 - side]
                values = data[key].sel(dyad=dyad, side=side).values[:, :, -1]
                about = data[key].attrs
                words = f"{about['long_name'].lower()}: {one}, {other}; last month"
                yield f"{key}_end.{one}_{other}", values, about["units"], words


def _states(data: xarray.Dataset) -> Iterable[Column]:
    """Condition of each member of a focus tie in the last month, (branch, R)."""
    for key in (name for name in ("isolation", "capacity", "know_how", "position") if name in data):
        about = data[key].attrs
        for member in map(str, data.member.values):
            words = f"{about['long_name'].lower()}: {member}; last month"
            yield f"{key}_end.{member}", data[key].sel(member=member).values[:, :, -1], about["units"], words
