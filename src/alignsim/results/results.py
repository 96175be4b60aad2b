"""Results: recorded arrays as labelled data with their provenance; saved whole or not at all, and loaded again."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from alignsim.errors import FileProblem
from alignsim.files import reason, write_atomically, write_text
from alignsim.plan.plan import Plan
from alignsim.results.record import FIXED, Arrays, members, motives
from alignsim.results.table import runs_table, write_tables

if TYPE_CHECKING:
    import pandas
    import xarray

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MARGIN = 0.05
"""Change of alignment that is practically nil: about one standard deviation of a tie's yearly noise."""

UNITS: dict[str, tuple[str, str]] = {
    "alignment": ("alignment, -1 to 1", "Alignment of the dyad"),
    "other_ties": ("alignment, -1 to 1", "Mean alignment of both members with third partners that sanction neither"),
    "trade_share": ("share of external trade", "Share of the side's external trade that is with the other"),
    "arms": ("million TIV a month", "Arms delivered by the side to the other"),
    "desire": ("z", "What the side wants of the tie; the lower of the two binds"),
    "motive_share": ("z", "Contribution of a motive to the side's desire"),
    "isolation": ("share of the coalition's economy", "Material sanctions on the state"),
    "capacity": ("ratio to the eve", "Output of the state"),
    "know_how": ("0 to 1", "Know-how in evading sanctions"),
    "position": ("-1 to 1", "Position on the first issue"),
    "alignment_mean": ("alignment, -1 to 1", "Mean alignment over runs"),
    "alignment_sd": ("alignment", "Standard deviation of alignment over runs"),
    "alignment_quantile": ("alignment, -1 to 1", "Quantiles of alignment over runs"),
    "trade_mean": ("bn USD a year", "Mean trade, exporter to importer; domestic sales on the diagonal"),
    "arms_mean": ("million TIV a month", "Mean deliveries of arms, supplier to recipient"),
    "pressure": ("share of the coalition's economy", "Mean material sanctions on a state"),
    "parameter_value": ("as declared", "Parameter of the run; the mean over states where it differs by state"),
    "event_happened": ("yes or no", "Whether an uncertain event happens in the run"),
    "loop_gain": ("ratio", "Largest growth factor of the loop from ties to desires"),
    "attempts": ("draws", "Draws of parameters until the loop gain was acceptable"),
}


def dataset(plan: Plan, branches: Mapping[str, Arrays], by_run: Arrays, runs: np.ndarray) -> xarray.Dataset:
    """Label what was recorded. `branches` maps each branch to its arrays; `by_run` holds what branches share."""
    import xarray

    states, of = list(plan.states), members(plan)
    arrays = {name: np.stack([branches[b][name] for b in branches]) for name in next(iter(branches.values()))}
    per_dyad = ("branch", "run", "dyad")
    dims: dict[str, tuple[str, ...]] = {
        "alignment": (*per_dyad, "time"),
        "other_ties": (*per_dyad, "time"),
        "trade_share": (*per_dyad, "side", "time"),
        "arms": (*per_dyad, "side", "time"),
        "desire": (*per_dyad, "side", "time"),
        "motive_share": (*per_dyad, "side", "motive", "frame"),
        **{name: ("branch", "run", "member", "time") for name in ("isolation", "capacity", "know_how", "position")},
    }
    variables: dict[str, Any] = {name: (dims[name], arrays[name]) for name in dims if name in arrays}
    if "matrix" in arrays:
        variables |= _matrices(arrays, len(states), len(runs))
    variables |= {
        "parameter_value": (("run", "parameter"), by_run["parameters"]),
        "event_happened": (("run", "event"), by_run["happened"].astype(np.int8)),
        "loop_gain": (("run",), by_run["gain"]),
        "attempts": (("run",), by_run["attempts"]),
        "latitude": (("state",), np.array(plan.about["latitude"])),
        "longitude": (("state",), np.array(plan.about["longitude"])),
        "gdp": (("state",), np.array(plan.about["gdp"])),
    }
    times = plan.times
    coords = {
        "branch": list(branches),
        "run": runs,
        "time": times,
        "dyad": [f"{states[i]}-{states[j]}" for i, j in plan.focus],
        "side": [0, 1],
        "motive": motives(plan),
        "member": [states[k] for k in of],
        "state": states,
        "partner": states,
        "frame": times[plan.frames],
        "quantile": list(QUANTILES),
        "parameter": list(plan.priors),
        "event": [coin.label for coin in plan.coins],
    }
    used = {dim for dims_, _ in variables.values() for dim in dims_}
    data = xarray.Dataset(variables, {k: v for k, v in coords.items() if k in used}, attrs=_attributes(plan))
    for name, (unit, words) in UNITS.items():
        if name in data:
            data[name].attrs |= {"units": unit, "long_name": words}
    return data


def _matrices(arrays: Arrays, n: int, runs: int) -> dict[str, Any]:
    """Mean, spread and quantiles of every tie at the frames, and mean flows."""
    upper = np.triu_indices(n, 1)

    def square(values: np.ndarray) -> np.ndarray:
        whole = np.zeros((*values.shape[:-1], n, n), dtype=np.float32)
        whole[..., upper[0], upper[1]] = whole[..., upper[1], upper[0]] = values
        return whole

    ties = arrays["matrix"]  # branch, run, frame, pair
    quantiles = np.stack([np.quantile(own, QUANTILES, axis=0) for own in ties])
    by_frame = ("branch", "frame", "state", "partner")
    flows = {
        f"{name}_mean": (by_frame, (arrays[f"{name}_sum"] / FIXED[f"{name}_sum"] / runs).astype(np.float32))
        for name in ("trade", "arms")
        if f"{name}_sum" in arrays
    }
    return flows | {
        "alignment_mean": (by_frame, square(ties.mean(axis=1, dtype=np.float64))),
        "alignment_sd": (by_frame, square(ties.std(axis=1, dtype=np.float64))),
        "alignment_quantile": (("branch", "quantile", *by_frame[1:]), square(quantiles)),
        "pressure": (("branch", "time", "state"), arrays["pressure_sum"] / FIXED["pressure_sum"] / runs),
    }


def _attributes(plan: Plan) -> dict[str, Any]:
    return {
        "title": plan.title,
        "scenario": plan.name,
        "world": plan.world,
        "scenario_hash": plan.hash,
        "seed": plan.seed,
        "belief": plan.belief,
        "theory": plan.theory,
        "margin": MARGIN,
        "focus": json.dumps([[plan.states[i], plan.states[j]] for i, j in plan.focus]),
        **{name: json.dumps(plan.about[name], ensure_ascii=False) for name in ("names", "groups", "events")},
    }


@dataclass
class Results:
    """A simulation's outcome: `data` (xarray), and `manifest`, which says how it came about."""

    data: xarray.Dataset
    manifest: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    scenario_text: str = ""
    resolved_text: str = ""

    @property
    def runs(self) -> int:
        return self.data.sizes["run"]

    def difference(self, branch: str, dyad: str | None = None) -> xarray.DataArray:
        """Alignment of a branch less that of the baseline, run by run on the same shocks: (run, dyad, time)."""
        change = self.data.alignment.sel(branch=branch) - self.data.alignment.sel(branch="baseline")
        return change if dyad is None else change.sel(dyad=dyad)

    def table(self) -> pandas.DataFrame:
        """Every run of every branch as a row: seed, draws, parameters, outcomes; as `runs.csv` holds it."""
        return runs_table(self.data)

    def summary(self) -> dict[str, Any]:
        """The end of every focus tie in every branch, and its paired difference to the baseline."""
        data = self.data
        ties = []
        for dyad in data.dyad.values:
            for branch in data.branch.values:
                own = data.alignment.sel(branch=branch, dyad=dyad)
                row = {
                    "dyad": str(dyad),
                    "branch": str(branch),
                    "start": _spread(own.isel(time=0).values),
                    "end": _spread(own.isel(time=-1).values),
                }
                if branch != "baseline":
                    change = (own - data.alignment.sel(branch="baseline", dyad=dyad)).isel(time=-1).values
                    other = data.other_ties.sel(dyad=dyad).isel(time=-1)
                    third = (other.sel(branch=branch) - other.sel(branch="baseline")).values
                    row["difference"] = _spread(change) | {
                        "probability_above_margin": float((change > MARGIN).mean()),
                        "probability_below_minus_margin": float((change < -MARGIN).mean()),
                        "probability_above_other_ties": _share(change - third > 0, np.isfinite(third)),
                    }
                ties.append(row)
        return {
            "title": data.attrs["title"],
            "world": data.attrs["world"],
            "belief": data.attrs["belief"],
            "theory": data.attrs["theory"],
            "seed": int(data.attrs["seed"]),
            "runs": self.runs,
            "months": data.sizes["time"] - 1,
            "margin": MARGIN,
            "scenario_hash": data.attrs["scenario_hash"],
            "rejected_draws": float(1.0 - self.runs / data.attempts.values.sum()),
            "median_loop_gain": float(np.median(data.loop_gain.values)),
            "ties": ties,
        }

    def save(self, folder: Path, tables: Iterable[str] = ("csv",)) -> Path:
        """Write every file but the figures into `folder`, which must exist; `tables` are csv, parquet or both.

        Raises FileProblem where the disk is full or the folder may not be written.
        """
        encoding = {name: {"zlib": True, "complevel": 1} for name in self.data.data_vars if self.data[name].ndim > 1}
        write_atomically(
            folder / "result.nc", lambda p: self.data.to_netcdf(p, engine="h5netcdf", encoding=encoding) and None
        )
        write_text(folder / "summary.json", json.dumps(self.summary(), indent=2, ensure_ascii=False) + "\n")
        write_atomically(folder / "trajectories.csv", self._write_csv)
        write_tables(self.data, folder, tables)
        write_origin(folder, self.manifest, self.scenario_text, self.resolved_text)
        self.folder = folder
        return folder

    def _write_csv(self, path: Path) -> None:
        data = self.data
        months = [str(t)[:7] for t in data.time.values]
        with open(path, "w", newline="", encoding="utf-8") as handle:
            out = csv.writer(handle, lineterminator="\n")
            out.writerow(
                ["measure", "branch", "of", "toward", "month", "mean", "sd", *(f"q{q * 100:02.0f}" for q in QUANTILES)]
            )
            for measure, branch, of, toward, values in self._series():
                quantiles = np.quantile(values, QUANTILES, axis=0)
                mean, sd = values.mean(axis=0), values.std(axis=0)
                for k, month in enumerate(months):
                    numbers = (mean[k], sd[k], *quantiles[:, k])
                    out.writerow([measure, branch, of, toward, month, *(f"{v:.6g}" for v in numbers)])

    def _series(self):
        """(measure, branch, of, toward, values (run, time)) of everything kept run by run."""
        data = self.data
        for branch in data.branch.values:
            for dyad in data.dyad.values:
                pair = str(dyad).split("-")
                for measure in ("alignment", "other_ties"):
                    yield measure, branch, *pair, data[measure].sel(branch=branch, dyad=dyad).values
                for measure in self._kept("trade_share", "arms", "desire"):
                    for side in (0, 1):
                        own = data[measure].sel(branch=branch, dyad=dyad, side=side).values
                        yield measure, branch, pair[side], pair[1 - side], own
            for measure in self._kept("isolation", "capacity", "know_how", "position"):
                for member in data.member.values:
                    yield measure, branch, member, "", data[measure].sel(branch=branch, member=member).values

    def _kept(self, *names: str) -> list[str]:
        """Those of the variables that the theory speaks of."""
        return [name for name in names if name in self.data]

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a run folder. Raises FileProblem where it is missing, incomplete or not one of ours."""
        import xarray

        folder = Path(folder)
        if not (folder / "result.nc").is_file():
            raise FileProblem(
                f"{folder} is not a run folder: it has no result.nc; name one like results/<scenario>/<run>"
            )
        try:
            with xarray.open_dataset(folder / "result.nc", engine="h5netcdf") as opened:
                data = opened.load()
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            texts = [
                (folder / name).read_text(encoding="utf-8") for name in ("scenario.yaml", "scenario.resolved.yaml")
            ]
            data.attrs["scenario_hash"]
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise FileProblem(f"{folder} cannot be read as a run: {reason(error)}; run the scenario again") from error
        return cls(data, manifest, folder, *texts)


def write_origin(folder: Path, manifest: Mapping[str, Any], scenario_text: str, resolved_text: str) -> None:
    """Write what results came from: the scenario, as given and resolved, and the manifest. Raises FileProblem."""
    write_text(folder / "scenario.yaml", scenario_text)
    write_text(folder / "scenario.resolved.yaml", resolved_text)
    write_text(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def _share(which: np.ndarray, there: np.ndarray) -> float | None:
    """Share of the runs; None where there is no number to look at."""
    return float(which.mean()) if there.all() else None


def _spread(values: np.ndarray) -> dict[str, float]:
    quantiles = np.quantile(values, QUANTILES)
    spread = {"mean": float(values.mean()), "sd": float(values.std())}
    spread |= {f"q{q * 100:02.0f}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)}
    return {k: (v if math.isfinite(v) else None) for k, v in spread.items()}  # type: ignore[misc]
