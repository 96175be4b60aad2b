"""The calibrated belief: a posterior as a small table of equally likely vectors, and how runs draw from it.

A posterior is a folder with `posterior.csv`, one column a fitted parameter and one row a vector, and `provenance.yaml`:
the belief family it was fitted from, each parameter's prior at that time, the data and years, the seed, the command and
the date, and a hash of the table. A row is drawn whole, so what the data say of two parameters together is kept; the
parameters that were not fitted keep the prior of the family.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array
from alignsim.errors import FileProblem, InvalidInput, Problem, did_you_mean
from alignsim.files import reason, write_text
from alignsim.mechanisms.parameters import Parameter
from alignsim.mechanisms.priors import Prior
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.plan.draws import Belief
from alignsim.random import name_keys, uniforms

TABLE, PROVENANCE = "posterior.csv", "provenance.yaml"
FAMILIES = ("signed", "sceptical")
FEWEST, MOST = 20, 10_000
"""Rows of a table: fewer say too little of the tails, more are no longer a small table."""
TOLD = ("data", "years", "seed", "command", "date")
"""What a provenance must say besides the family, the priors and the hash."""
DIGITS = 6
PACKAGED = Path(__file__).resolve().parents[1] / "data" / "posteriors"
"""One folder for each family, made by `alignsim calibrate`."""
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Fitted(Prior):
    """One parameter's column of a posterior, row by row; as a prior of its own, the column's distribution."""

    values: tuple[float, ...]

    def cdf(self, x: Any) -> Any:
        return float(np.mean(np.array(self.values) <= x))

    def inverse(self, u: Any) -> Any:
        return np.quantile(self.values, u)

    def __str__(self) -> str:
        return f"posterior({len(self.values)} rows)"


@dataclass(frozen=True)
class CalibratedBelief(Belief):
    """A belief in which the parameters with a `Fitted` prior are drawn together, as one row of their posterior.

    The rows are dealt like shuffled decks: of every `count` runs, each takes another row, in an order addressed by
    (seed, run // count). After a rejection a row is drawn afresh, addressed by (seed, run, attempt), together with all
    the other parameters. A parameter that a scenario pins has its own prior and is left alone.
    """

    def sample(self, runs: NDArray[np.int64], attempt: int) -> dict[str, Array]:
        """One draw of every parameter for the given runs."""
        values = super().sample(runs, attempt)
        fitted = {path: prior for path, prior in self.priors.items() if isinstance(prior, Fitted)}
        if fitted:
            rows = self.rows(runs, attempt, len(next(iter(fitted.values())).values))
            values |= {path: np.array(prior.values)[rows][:, None, None] for path, prior in fitted.items()}
        return values

    def rows(self, runs: NDArray[np.int64], attempt: int, count: int) -> NDArray[np.intp]:
        """The row of the posterior, 0 to count - 1, that each run takes at an attempt."""
        if attempt:
            u = uniforms(self.seed, "posterior row", runs, name_keys([("row",)]), attempt)[:, 0]
            return (u * count).astype(np.intp)
        cards = name_keys([("card", str(k)) for k in range(count)])
        decks, deck = np.unique(runs // count, return_inverse=True)
        order = np.argsort(uniforms(self.seed, "posterior deck", decks, cards), axis=1, kind="stable")
        return order[deck, runs % count]


@dataclass(frozen=True)
class Posterior:
    """Equally likely vectors of the fitted parameters, and where they come from."""

    names: tuple[str, ...]  # paths such as "evasion.weight"
    values: Array  # (rows, a) in each parameter's own unit
    family: str  # signed or sceptical: what the parameters that were not fitted are drawn from
    priors: tuple[str, ...]  # in words, when it was fitted
    provenance: Mapping[str, Any]  # data, years, seed, command, date, and whatever else is to be told

    def belief(self, declared: Mapping[str, Parameter] = PARAMETERS) -> dict[str, Prior]:
        """What is believed of every parameter: a `Fitted` column, or the family's prior."""
        columns = {name: Fitted(tuple(map(float, c))) for name, c in zip(self.names, self.values.T, strict=True)}
        return {path: parameter.prior(self.family) for path, parameter in declared.items()} | columns


def packaged(family: str) -> Posterior | None:
    """The posterior that comes with alignsim, or None where nothing has been fitted."""
    folder = PACKAGED / family
    return read(folder) if (folder / TABLE).is_file() else None


def write(posterior: Posterior, folder: Path) -> Path:
    """Write the table, six digits a number, and then its provenance; `read` gives them back. Raises FileProblem."""
    import yaml

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"{folder}: {reason(error)}") from error
    lines = [",".join(posterior.names)]
    lines += [",".join(f"{value:.{DIGITS}g}" for value in row) for row in posterior.values.tolist()]
    text = "\n".join(lines) + "\n"
    about = {
        **posterior.provenance,
        "family": posterior.family,
        "priors": dict(zip(posterior.names, posterior.priors, strict=True)),
        "rows": len(posterior.values),
        "hash": _hash(text),
    }
    write_text(folder / TABLE, text)
    write_text(folder / PROVENANCE, yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=110))
    return folder


def read(folder: Path, declared: Mapping[str, Parameter] = PARAMETERS) -> Posterior:
    """The posterior in `folder`.

    Raises FileProblem where a file is missing or cannot be read, and InvalidInput with every problem found: unknown
    parameters, numbers out of range, a table that is not the one its provenance describes, or priors that have changed.
    """
    return _Reader(folder, declared).posterior()


class _Reader:
    """Reads one folder and gathers problems, so that all of them can be told together."""

    def __init__(self, folder: Path, declared: Mapping[str, Parameter]) -> None:
        self.folder, self.declared = folder, declared
        self.problems: list[Problem] = []

    def posterior(self) -> Posterior:
        text, about = self._text(TABLE), self._about(self._text(PROVENANCE))
        names, values = self._table(text)
        family = str(about.get("family", ""))
        if family not in FAMILIES:
            self._problem(PROVENANCE, 0, 0, "family", f"{family!r} is not {' or '.join(FAMILIES)}")
        for key in TOLD:
            if not about.get(key):
                self._problem(PROVENANCE, 0, 0, key, "is missing: a posterior says where it comes from")
        if about.get("hash") != _hash(text):
            message = f"{TABLE} is not the table this describes (its hash differs): restore it, or calibrate again"
            self._problem(PROVENANCE, 0, 0, "hash", message)
        priors = self._priors(about.get("priors"), names, family)
        if self.problems:
            raise InvalidInput(str(self.folder), self.problems, "cannot be used as a posterior")
        rest = {k: v for k, v in about.items() if k not in ("family", "priors", "rows", "hash")}
        return Posterior(names, values, family, priors, rest)

    def _table(self, text: str) -> tuple[tuple[str, ...], Array]:
        lines = [(line, row) for line, row in enumerate(csv.reader(io.StringIO(text, newline="")), 1) if any(row)]
        names = tuple(cell.strip() for cell in lines[0][1]) if lines else ()
        for column, name in enumerate(names, 1):
            if name not in self.declared:
                self._problem(TABLE, 1, column, name, f"is not a parameter{did_you_mean(name, self.declared)}")
            elif self.declared[name].each:
                self._problem(TABLE, 1, column, name, "differs by state, and cannot be given as one number a run")
            if name in names[: column - 1]:
                self._problem(TABLE, 1, column, name, "has two columns")
        body = lines[1:]
        if not FEWEST <= len(body) <= MOST:
            self._problem(TABLE, 0, 0, "", f"has {len(body)} rows; a posterior has {FEWEST} to {MOST}")
        values = np.full((len(body), len(names)), math.nan)
        for k, (line, row) in enumerate(body):
            if len(row) != len(names):
                self._problem(TABLE, line, len(row), "", f"has {len(row)} cells, the header has {len(names)}")
                continue
            for column, (name, cell) in enumerate(zip(names, row, strict=True)):
                values[k, column] = self._number(cell.strip(), line, column + 1, name)
        return names, values

    def _number(self, cell: str, line: int, column: int, name: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            self._problem(TABLE, line, column, name, f"{cell!r} is not a number")
            return math.nan
        parameter = self.declared.get(name)
        if parameter and not parameter.low <= value <= parameter.high:
            self._problem(TABLE, line, column, name, f"{cell} is outside {parameter.low:g} to {parameter.high:g}")
        elif not math.isfinite(value):
            self._problem(TABLE, line, column, name, f"{cell} is not a finite number")
        return value

    def _priors(self, told: Any, names: tuple[str, ...], family: str) -> tuple[str, ...]:
        told = told if isinstance(told, dict) else {}
        for name in names:
            if name not in told:
                self._problem(PROVENANCE, 0, 0, f"priors.{name}", "is missing: from which prior was it fitted?")
            elif name in self.declared and family in FAMILIES:
                now = str(self.declared[name].prior(family))
                if told[name] != now:
                    message = f"was fitted from {told[name]}, and the {family} prior is now {now}: calibrate again"
                    self._problem(PROVENANCE, 0, 0, f"priors.{name}", message)
        return tuple(str(told.get(name, "")) for name in names)

    def _about(self, text: str) -> dict[str, Any]:
        import yaml

        try:
            loaded = yaml.load(text, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            self._problem(PROVENANCE, line, column, "", f"is not YAML: {getattr(error, 'problem', None) or error}")
            return {}
        if not isinstance(loaded, dict):
            self._problem(PROVENANCE, 0, 0, "", "is not a mapping of names to values")
            return {}
        return loaded

    def _text(self, file: str) -> str:
        path = self.folder / file
        try:
            if path.stat().st_size > MOST_BYTES:
                raise FileProblem(
                    f"{path} is larger than {MOST_BYTES // 1_000_000} MB, and a posterior is a small table"
                )
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise FileProblem(f"{path} is not UTF-8 text") from error
        except OSError as error:
            raise FileProblem(
                f"{self.folder} is no posterior: {file}: {error.strerror}; `alignsim calibrate` writes one"
            ) from error

    def _problem(self, file: str, line: int, column: int, path: str, message: str) -> None:
        self.problems.append(Problem(line, column, f"{file}: {path}" if path else file, message))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
