"""What came of a sweep: one tidy table of all runs, labelled arrays, and the same read back from a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from alignsim.arrays import Array
from alignsim.errors import FileProblem
from alignsim.files import reason, write_atomically, write_text
from alignsim.mechanisms.priors import Constant
from alignsim.mechanisms.registry import PARAMETERS
from alignsim.results.table import CODEBOOK, DIGITS, RUNS, usable_formats
from alignsim.scenario.schema import BASELINE
from alignsim.study.sensitivity import Design
from alignsim.study.sweep.journal import JOURNAL, Store
from alignsim.study.sweep.request import Effect, Request, chunks
from alignsim.study.sweep.simulation import events
from alignsim.theories import consent

if TYPE_CHECKING:
    import pandas
    import xarray

DATA, MANIFEST = "sweep.nc", "manifest.json"
UNITS = {
    "alignment": "alignment, -1 to 1",
    "tie rank": "share of other states",
    "trade dependence": "share of external trade",
    "arms flow": "million TIV a month",
    "bloc membership": "share of pairs",
    "sanctions pressure": "share of the coalition's economy",
    "isolation": "share of the coalition's economy",
    "evasion": "0 to 1",
    "capacity": "ratio to the eve",
    "position": "-1 to 1",
    "polarisation": "alignment, -1 to 1",
}
"""Unit of each measure of `scenario.outcomes`."""
OF_EVENTS = {
    "tiv": "TIV",
    "months": "months",
    "trade_cost": "log points",
    "change": "log points",
    "factor": "ratio",
    "to": "-1 to 1",
    "positions": "-1 to 1",
}
"""Unit of the figures of `scenario.events` that are no shares, which go from 0 to 1."""


@dataclass
class Sweep:
    """A scenario at n points of k inputs, R runs each; run r met the same shocks at every point."""

    names: tuple[str, ...]
    """Paths of the inputs, (k,)."""
    levels: tuple[tuple[float, ...], ...]
    """The levels of each input, empty where it is a range."""
    bounds: Array
    """(k, 2), in the inputs' own units."""
    design: str
    base: int
    """N: points, base sample of saltelli, trajectories of morris."""
    groups: tuple[str, ...] | None
    points: Array
    """(n, k)."""
    branches: tuple[str, ...]
    outcomes: tuple[str, ...]
    units: tuple[str, ...]
    effects: tuple[Effect, ...]
    measured: Array
    """(n, R, branches, outcomes); NaN where a run failed."""
    gain: Array
    """Loop gain of each run at each point, (n, R)."""
    parameters: dict[str, Array]
    """Drawn parameters that differ between runs and are no input, (R,) each."""
    happened: dict[str, NDArray]
    """Uncertain events, (n, R) each."""
    errors: dict[tuple[int, int], str]
    """Why the run at (point, run) failed."""
    manifest: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def runs(self) -> int:
        """Runs of each point."""
        return self.measured.shape[1]

    @property
    def values(self) -> dict[str, Array]:
        """Every effect, then every outcome in every branch, (n, R) each."""
        found = {effect.name: self.effect(effect) for effect in self.effects}
        for o, outcome in enumerate(self.outcomes):
            found |= {f"{outcome}, {branch}": self.measured[:, :, b, o] for b, branch in enumerate(self.branches)}
        return found

    def described(self, name: str) -> tuple[str, str, float, str]:
        """Of a name in `values`: what it is in words, its unit, its margin and what its claim expects of it."""
        for effect in self.effects:
            if effect.name == name and effect.level is not None:
                words = f"{self.outcomes[effect.outcome]} in {effect.branch}, less {effect.level:g}"
                return words, f"difference in {self.units[effect.outcome]}", effect.margin, effect.expect
            if effect.name == name:
                against = "" if effect.against == BASELINE else f" against {effect.against}"
                words = f"the effect of {effect.branch}{against} on {self.outcomes[effect.outcome]}"
                return words, f"difference in {self.units[effect.outcome]}", effect.margin, effect.expect
        outcome, _, branch = name.rpartition(", ")
        return f"{outcome} in {branch}", self.units[self.outcomes.index(outcome)], 0.0, ""

    def effect(self, effect: Effect) -> Array:
        """The difference that an effect's branch makes, or how far it is above its level, (n, R)."""
        if effect.level is not None:
            return self.measured[:, :, self.branches.index(effect.branch), effect.outcome] - effect.level
        one, other = (self.branches.index(name) for name in (effect.branch, effect.against))
        return self.measured[:, :, one, effect.outcome] - self.measured[:, :, other, effect.outcome]

    @property
    def designed(self) -> Design:
        """The points as an analysis of sensitivity wants them."""
        return Design(self.names, self.bounds, self.points, self.design, self.base, self.groups)

    @property
    def runaway(self) -> NDArray[np.bool_]:
        """Rows whose loop gain is one that no draw of the belief may have, (n, R): the varied numbers brought it."""
        return self.gain >= consent.LARGEST_GAIN

    def summary(self) -> list[dict[str, Any]]:
        """Of each effect (of each outcome and branch where there is none): its least and largest mean over runs, where
        they are, and the shares of runs beyond its margin; runs that failed are left out."""
        margins = {effect.name: effect.margin for effect in self.effects}
        values = self.values
        shown = {name: values[name] for name in margins} or values
        return [_ends(self, name, own, margins.get(name)) for name, own in shown.items()]

    def table(self) -> pandas.DataFrame:
        """One row for each point, run and branch; columns as `codebook` lists them."""
        return _table(self)

    def codebook(self) -> pandas.DataFrame:
        """The columns of `table`: name, unit, meaning."""
        import pandas

        return pandas.DataFrame([(c.name, c.unit, c.meaning) for c in _columns(self)],
                                columns=["column", "unit", "meaning"])  # fmt: skip

    def to_xarray(self) -> xarray.Dataset:
        """Labelled arrays: a grid has a dimension for each input, named after it, any other design `point`."""
        return _dataset(self)

    def save(self, folder: Path, tables: Iterable[str] = ("csv",)) -> list[Path]:
        """Write runs.csv (or .parquet), codebook.csv, sweep.nc and manifest.json. Raises FileProblem, UsageError."""
        wanted, written = usable_formats(tables), []
        table = self.table()
        if "csv" in wanted:
            text = table.to_csv(index=False, float_format=DIGITS, na_rep="", lineterminator="\n")
            written.append(write_text(folder / f"{RUNS}.csv", text))
        if "parquet" in wanted:
            path = folder / f"{RUNS}.parquet"
            written.append(write_atomically(path, lambda temporary: table.to_parquet(temporary, index=False)))
        written.append(write_text(folder / CODEBOOK, self.codebook().to_csv(index=False, lineterminator="\n")))
        data = self.to_xarray()
        packed = {name: {"zlib": True, "complevel": 4} for name in data.data_vars if data[name].dtype.kind in "fi"}
        written.append(
            write_atomically(
                folder / DATA, lambda path: data.to_netcdf(path, engine="h5netcdf", encoding=packed) and None
            )
        )
        text = json.dumps(self.manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        written.append(write_text(folder / MANIFEST, text))
        self.folder = folder
        return written

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a folder that `save` wrote. Raises FileProblem."""
        import xarray

        place = Path(folder)
        if not (place / DATA).is_file():
            begun = (place / JOURNAL).is_file()
            raise FileProblem(f"{place} holds no {DATA}{'; give the command of the sweep again' if begun else ''}")
        try:
            manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
            with xarray.open_dataset(place / DATA, engine="h5netcdf") as opened:
                data = opened.load()
            return cls(**_read(data), manifest=manifest, folder=place)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileProblem(f"{place} cannot be read as a sweep: {reason(error)}") from error


def assembled(asked: Request, store: Store) -> Sweep:
    """The sweep of finished chunks."""
    plan, n = asked.plan, len(asked.points)
    measured = np.full((n, asked.runs, len(plan.branches), len(asked.swept.outcomes)), np.nan)
    gain = np.full((n, asked.runs), np.nan)
    parameters = np.full((asked.runs, len(plan.priors)), np.nan)
    happened = np.zeros((n, asked.runs, len(plan.coins)), dtype=bool)
    errors: dict[tuple[int, int], str] = {}
    for number, (points, runs) in enumerate(chunks(n, asked.runs, store.size)):
        rows = store.get(number)
        measured[points, runs], gain[points, runs] = rows["values"], rows["gain"]
        happened[points, runs] = rows["happened"]
        good = rows["error"] == ""
        parameters[runs[good]] = rows["parameters"][good]
        errors |= {(int(points[k]), int(runs[k])): str(rows["error"][k]) for k in np.flatnonzero(~good)}
    paths = list(plan.priors)
    drawn = [k for k, path in enumerate(paths) if not isinstance(plan.priors[path], Constant)]
    return Sweep(
        names=asked.names,
        levels=tuple(levels.values for levels in asked.inputs),
        bounds=np.array([[levels.low, levels.high] for levels in asked.inputs]),
        design=asked.kind,
        base=asked.base,
        groups=asked.groups,
        points=asked.points,
        branches=tuple(plan.branches),
        outcomes=tuple(outcome.text for outcome in asked.swept.outcomes),
        units=tuple(UNITS[outcome.measure] for outcome in asked.swept.outcomes),
        effects=asked.effects,
        measured=measured,
        gain=gain,
        parameters={paths[k]: parameters[:, k] for k in drawn if paths[k] not in asked.names},
        happened={plan.coins[k].label: happened[:, :, k] for k in _uncertain(asked)},
        errors=dict(sorted(errors.items())),
    )


def _ends(sweep: Sweep, name: str, values: Array, margin: float | None) -> dict[str, Any]:
    good = np.isfinite(values)
    found: dict[str, Any] = {"name": name, "runs": int(good.sum()), "margin": margin}
    some = np.flatnonzero(good.any(axis=1))
    if not len(some):
        return found
    means = np.array([values[p][good[p]].mean() for p in some])
    for word, k in (("least", int(means.argmin())), ("largest", int(means.argmax()))):
        found[word] = float(means[k])
        found[f"{word}_at"] = dict(zip(sweep.names, map(float, sweep.points[some[k]]), strict=True))
    if margin is not None:
        found["above"] = float((values[good] > margin).mean())
        found["below"] = float((values[good] < -margin).mean())
    return found


def _uncertain(asked: Request) -> list[int]:
    """Coins of events that need not happen; an event that varies has a coin even where it always happens."""
    swept = asked.swept
    odds = events(swept.document, [number for number in swept.inputs if number.steps[-1] == "probability"])
    tossed = {e.uncertain for own in swept.plan.branches.values() for e in own if e.event in odds}
    return [k for k, coin in enumerate(swept.plan.coins) if coin.probability < 1 or k in tossed]


# --- the tidy table ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    name: str
    unit: str
    meaning: str
    values: Any
    """(n, R, branches), or what broadcasts to it."""


def column_name(text: str) -> str:
    """A name that pandas, R and netCDF take as it is: letters, digits, '.' and '_'."""
    return re.sub(r"[^0-9A-Za-z.]+", "_", text).replace("_.", ".").strip("_.")


def _columns(sweep: Sweep) -> list[_Column]:
    n, runs = sweep.gain.shape
    by_run = np.arange(runs)[None, :, None]
    found = [
        _Column("point", "", "number of the point of the design", np.arange(n)[:, None, None]),
        _Column("run", "", "number of the run; the same shocks and draws at every point", by_run),
        _Column("branch", "", "branch of the scenario", np.array(sweep.branches, dtype=object)[None, None, :]),
        _Column("seed", "", "seed of the whole sweep", int(sweep.manifest.get("seed", 0))),
    ]
    for k, path in enumerate(sweep.names):
        unit, words = declared(path)
        found.append(_Column(column_name(path), unit, f"varied: {path}{words}", sweep.points[:, k, None, None]))
    for o, outcome in enumerate(sweep.outcomes):
        found.append(_Column(column_name(outcome), sweep.units[o], outcome, sweep.measured[:, :, :, o]))
    for effect in sweep.effects:
        values = np.full((n, runs, len(sweep.branches)), np.nan)
        values[:, :, sweep.branches.index(effect.branch)] = sweep.effect(effect)
        outcome, unit = sweep.outcomes[effect.outcome], sweep.units[effect.outcome]
        other = effect.against if effect.level is None else f"{effect.level:g}"
        words = f"{outcome}: {effect.branch} less {other}, in the row of {effect.branch}"
        found.append(_Column(f"effect.{column_name(effect.name)}", unit, words, values))
    found += [
        _Column("loop_gain", "ratio", "largest growth factor of the loop from ties to desires", sweep.gain[:, :, None]),
        _Column("runaway", "0 or 1", "loop gain above what the belief allows", sweep.runaway[:, :, None].astype(int)),
    ]
    for k, (label, values) in enumerate(sweep.happened.items()):
        name = f"event_{k + 1}.{column_name(label).replace('.', '_')[:40]}"
        found.append(_Column(name, "0 or 1", f"whether it happens: {label}", values[:, :, None].astype(int)))
    for path, values in sweep.parameters.items():
        unit, words = declared(path)
        found.append(_Column(path, unit, f"drawn{words}", values[None, :, None]))
    errors = np.full((n, runs, 1), "", dtype=object)
    for (point, run), words in sweep.errors.items():
        errors[point, run, 0] = words
    return [*found, _Column("error", "", "why the run failed", errors)]


def declared(path: str) -> tuple[str, str]:
    """Unit and meaning of an input; of a figure of an event only the unit."""
    parameter = PARAMETERS.get(path)
    if parameter:
        return parameter.unit, f"; {parameter.doc}"
    figure = path.rpartition(".")[2]
    return (OF_EVENTS.get(figure, "0 to 1") if "[" in path else ""), ""


def _table(sweep: Sweep) -> pandas.DataFrame:
    import pandas

    shape = (*sweep.gain.shape, len(sweep.branches))
    return pandas.DataFrame({c.name: np.broadcast_to(c.values, shape).reshape(-1) for c in _columns(sweep)})


# --- labelled arrays --------------------------------------------------------------------------------------------


def dimension(path: str) -> str:
    """`sanctions_bite` for `sanctions.bite`: a name that can follow a dot in Python."""
    return re.sub(r"[^0-9A-Za-z]+", "_", path).strip("_")


def _dataset(sweep: Sweep) -> xarray.Dataset:
    import xarray

    grid = sweep.design == "grid"
    names = [dimension(path) for path in sweep.names]
    place = tuple(names) if grid else ("point",)
    size = tuple(len(own) for own in sweep.levels) if grid else (len(sweep.points),)
    variables: dict[str, Any] = {}

    def put(name: str, values: Any, dims: tuple[str, ...], about: dict[str, Any]) -> None:
        values = np.asarray(values).reshape(*size, *values.shape[1:])
        variables[name] = ((*place, *dims), values, about)

    for o, outcome in enumerate(sweep.outcomes):
        about = {"long_name": outcome, "units": sweep.units[o]}
        put(dimension(outcome), sweep.measured[:, :, :, o], ("run", "branch"), about)
    for effect in sweep.effects:
        said = {key: value for key, value in asdict(effect).items() if value is not None}
        about = {"long_name": effect.name, "units": sweep.units[effect.outcome], **said}
        put(f"effect_{dimension(effect.name)}", sweep.effect(effect), ("run",), about)
    put("loop_gain", sweep.gain, ("run",), {"units": "ratio"})
    if sweep.happened:
        put("event_happened", np.stack(list(sweep.happened.values()), -1).astype(np.int8), ("run", "event"), {})
    if sweep.parameters:
        variables["parameter_value"] = (("run", "parameter"), np.stack(list(sweep.parameters.values()), 1))
    if sweep.errors:
        failed = np.zeros(sweep.gain.shape, dtype=np.int8)
        for point, run in sweep.errors:
            failed[point, run] = 1
        put("failed", failed, ("run",), {})
    coords: dict[str, Any] = {
        "run": np.arange(sweep.runs),
        "branch": list(sweep.branches),
        **({"event": list(sweep.happened)} if sweep.happened else {}),
        **({"parameter": list(sweep.parameters)} if sweep.parameters else {}),
    }
    for k, (name, path) in enumerate(zip(names, sweep.names, strict=True)):
        own = (name, list(sweep.levels[k])) if grid else ("point", sweep.points[:, k])
        coords[name] = (*own, {"long_name": path, "units": declared(path)[0]})
    return xarray.Dataset(variables, coords, attrs={"sweep": json.dumps(_about(sweep), ensure_ascii=False)})


def _about(sweep: Sweep) -> dict[str, Any]:
    """What the arrays do not say."""
    return {
        "names": sweep.names,
        "levels": sweep.levels,
        "bounds": sweep.bounds.tolist(),
        "design": sweep.design,
        "base": sweep.base,
        "groups": sweep.groups,
        "outcomes": sweep.outcomes,
        "units": sweep.units,
        "effects": [asdict(effect) for effect in sweep.effects],
        "errors": [[point, run, words] for (point, run), words in sweep.errors.items()],
    }


def _read(data: xarray.Dataset) -> dict[str, Any]:
    """The fields of a Sweep from its dataset."""
    about = json.loads(data.attrs["sweep"])
    names, levels = tuple(about["names"]), tuple(tuple(own) for own in about["levels"])
    columns = [data[dimension(path)].values for path in names]
    if about["design"] == "grid":
        points = np.stack(np.meshgrid(*columns, indexing="ij"), -1).reshape(-1, len(names))
    else:
        points = np.stack(columns, axis=1)
    n, runs = len(points), data.sizes["run"]
    branches = tuple(map(str, data.branch.values))
    measured = [data[dimension(outcome)].values.reshape(n, runs, len(branches)) for outcome in about["outcomes"]]
    happened = data["event_happened"].values.reshape(n, runs, -1).astype(bool) if "event" in data.coords else None
    labels = list(map(str, data.event.values)) if happened is not None else []
    drawn = list(map(str, data.parameter.values)) if "parameter" in data.coords else []
    return {
        "names": names,
        "levels": levels,
        "bounds": np.array(about["bounds"]),
        "design": about["design"],
        "base": about["base"],
        "groups": tuple(about["groups"]) if about["groups"] else None,
        "points": points,
        "branches": branches,
        "outcomes": tuple(about["outcomes"]),
        "units": tuple(about["units"]),
        "effects": tuple(Effect(**own) for own in about["effects"]),
        "measured": np.stack(measured, axis=-1),
        "gain": data["loop_gain"].values.reshape(n, runs),
        "parameters": {path: data["parameter_value"].values[:, k] for k, path in enumerate(drawn)},
        "happened": {label: happened[:, :, k] for k, label in enumerate(labels) if happened is not None},
        "errors": {(point, run): words for point, run, words in about["errors"]},
    }
