"""Two runs side by side: what was asked of each, and what came out differently, run by run where that can be.

Draws are addressed by seed, run, and the names of states and parameters. Two runs with the same seed, first month and
states therefore meet the same chance, and differ in nothing but what was asked: their differences are paired.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alignsim.errors import AlignsimError
from alignsim.files import write_text
from alignsim.results import MARGIN, Results
from alignsim.results.again import Kept
from alignsim.scenario.parsing import parse
from alignsim.scenario.schema import BASELINE
from alignsim.scenario.tree import Tree

if TYPE_CHECKING:
    import xarray

Array = Any
MOST_TOLD = 12
"""Variables that are named where a run does not come again."""
MOST_UNPAIRED = 1000
"""Runs of each side of which every pair is looked at where runs cannot be paired."""
FACTS = {
    "alignsim": "version of alignsim", "world": "world", "world_hash": "figures of the world", "seed": "seed",
    "runs": "runs", "belief": "belief", "theory": "theory", "adopted": "mechanisms of the user's own",
    "python": "version of Python", "platform": "platform", "versions": "versions of libraries",
}  # fmt: skip
"""What a manifest says that can change numbers, in words."""
TOLD_ELSEWHERE = ("alignsim", "about", "world", "runs", "seed", "belief", "theory")
"""Keys of a scenario that do not change numbers, or that the manifests tell."""


@dataclass(frozen=True)
class Input:
    """One thing that was asked differently; an empty text where a side has nothing of it."""

    what: str
    a: str
    b: str


@dataclass(frozen=True)
class Outcome:
    """How far B lies from A at the horizon, in the alignment of a tie or in what a branch changes in it."""

    dyad: str
    branch: str
    measure: str  # "alignment", or "effect": the branch less the baseline
    a: float  # medians
    b: float
    difference: dict[str, float]  # quantiles of B less A
    probability_above_margin: float
    probability_below_minus_margin: float


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs."""

    a: str
    b: str
    inputs: tuple[Input, ...]
    paired: bool
    how: str  # in words, why the runs are paired or why not
    runs: int  # pairs of runs, or the smaller number of runs
    month: str
    margin: float
    outcomes: tuple[Outcome, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain content, for JSON."""
        return asdict(self)


def compare(a: Results, b: Results, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """Compare two runs at the last month that both have, in every tie and branch that both have.

    Raises AlignsimError where they share no tie, no branch or no month.
    """
    one, other = aligned(a.data, b.data)
    paired, how = pairing(a.data, b.data)
    return Comparison(
        *names,
        inputs=tuple(inputs(a, b)),
        paired=paired,
        how=how,
        runs=min(one.sizes["run"], other.sizes["run"]),
        month=str(one.time.values[-1])[:7],
        margin=MARGIN,
        outcomes=tuple(outcomes(one, other, paired)),
    )


def write(found: Comparison, folder: Path) -> list[Path]:
    """Write comparison.json, inputs.csv and outcomes.csv. Raises FileProblem."""
    import csv
    from io import StringIO

    def text(columns: list[str], rows: list[list[Any]]) -> str:
        out = StringIO()
        csv.writer(out, lineterminator="\n").writerows([columns, *rows])
        return out.getvalue()

    measured = [[f"{value:.9g}" if isinstance(value, float) else value for value in _row(o)] for o in found.outcomes]
    return [
        write_text(folder / "comparison.json", json.dumps(found.as_dict(), indent=1, ensure_ascii=False) + "\n"),
        write_text(folder / "inputs.csv", text(["what", "a", "b"], [[i.what, i.a, i.b] for i in found.inputs])),
        write_text(folder / "outcomes.csv", text(COLUMNS, measured)),
    ]


COLUMNS = ["dyad", "branch", "measure", "median_a", "median_b", "difference_q05", "difference_q50", "difference_q95",
           "p_above_margin", "p_below_minus_margin"]  # fmt: skip


def _row(own: Outcome) -> list[Any]:
    size = own.difference
    return [own.dyad, own.branch, own.measure, own.a, own.b, size["q05"], size["q50"], size["q95"],
            own.probability_above_margin, own.probability_below_minus_margin]  # fmt: skip


# --- what was asked


def inputs(a: Results, b: Results) -> Iterator[Input]:
    """What differs between two runs' scenarios, settings, draws and machines."""
    yield from _facts(a.manifest, b.manifest)
    found = list(_scenario_inputs(_plain(a.resolved_text), _plain(b.resolved_text)))
    yield from found
    yield from _draws(a.data, b.data, {row.what for row in found})


def _facts(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Input]:
    """What the manifests tell."""
    for key, words in FACTS.items():
        if key != "adopted" and not (key in a and key in b):
            continue  # one side was written before manifests told it
        one, other = a.get(key, ""), b.get(key, "")
        if key == "world_hash":
            one, other = one[:12], other[:12]
        if one != other:
            yield from _versions(one, other) if key == "versions" else [Input(words, _short(one), _short(other))]


def _versions(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[Input]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield Input(f"version of {name}", one.get(name, ""), other.get(name, ""))


def _plain(resolved: str) -> dict[str, Any]:
    root, _ = parse(resolved, "scenario")
    return Tree("scenario", root, resolved).plain()


def _scenario_inputs(one: dict[str, Any], other: dict[str, Any]) -> Iterator[Input]:
    kept = [{key: value for key, value in side.items() if key not in TOLD_ELSEWHERE} for side in (one, other)]
    for side in kept:
        side["claims"] = {claim["id"]: claim for claim in side.get("claims") or []}
    yield from _changed(kept[0], kept[1], "")


def _changed(one: Any, other: Any, path: str) -> Iterator[Input]:
    """Differences of plain data by their paths: mappings key by key, lists entry by entry."""
    if one == other:
        return
    if not path.startswith("claims."):  # what a side lacks altogether is told piece by piece, but for claims
        one, other = _empty_like(other) if one is None else one, _empty_like(one) if other is None else other
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _changed(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif _entries(one) and _entries(other):
        yield from _changed_list(one, other, path)
    else:
        yield Input(path, _short(one), _short(other))


def _changed_list(one: list[Any], other: list[Any], path: str) -> Iterator[Input]:
    """Entries taken out, put in, or altered where one of the same kind stands in the same place."""
    before, after = ([json.dumps(entry, sort_keys=True, default=str) for entry in side] for side in (one, other))
    for what, i, to_i, j, to_j in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        gone, come = list(range(i, to_i)), list(range(j, to_j))
        while gone and come and set(one[gone[0]]) == set(other[come[0]]):
            place = gone.pop(0)
            yield from _changed(one[place], other[come.pop(0)], f"{path}[{place}]")
        yield from (Input(f"{path}[{k}]", _short(one[k]), "") for k in gone)
        yield from (Input(f"{path}[{k}]", "", _short(other[k])) for k in come)


def _empty_like(value: Any) -> Any:
    return type(value)() if isinstance(value, dict) or _entries(value) else None


def _entries(value: Any) -> bool:
    """Whether this is a list of events or claims, not of names."""
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _draws(a: xarray.Dataset, b: xarray.Dataset, told: set[str]) -> Iterator[Input]:
    """Parameters that differ though the scenarios do not say so, in runs that were drawn as often."""
    same_runs = np.intersect1d(a.run.values, b.run.values)
    names = np.intersect1d(a.parameter.values, b.parameter.values)
    if a.attrs["seed"] != b.attrs["seed"] or not len(same_runs):
        return
    one, other = (side.sel(run=same_runs, parameter=names) for side in (a, b))
    as_often = one.attempts.values == other.attempts.values
    unlike = (one.parameter_value.values != other.parameter_value.values)[as_often].any(axis=0)
    differing = [str(name) for name in names[unlike] if f"parameters.{name}" not in told]
    medians = [np.median(side.parameter_value.values, axis=0) for side in (one, other)]
    if 0 < len(differing) <= 5:
        place = {str(name): k for k, name in enumerate(names)}
        for name in differing:
            yield Input(f"{name} (median drawn)", *(f"{side[place[name]]:.3g}" for side in medians))
    elif differing:
        yield Input("parameters drawn otherwise", "", f"{', '.join(differing[:3])} and {len(differing) - 3} more")
    if not as_often.all():
        count = f"{(~as_often).sum()} of {len(same_runs)}"
        yield Input("runs with a draw rejected on one side only", "", count)


def _short(value: Any) -> str:
    """A value on one line, much as it stands in a scenario file."""
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, dict):
        said = {key: own for key, own in value.items() if (key, own) not in (("probability", 1.0), ("testable", True))}
        return "{" + ", ".join(f"{key}: {_short(own)}" for key, own in said.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- what came out


def pairing(a: xarray.Dataset, b: xarray.Dataset) -> tuple[bool, str]:
    """Whether run k of both met the same chance, and why."""
    reasons = []
    if a.attrs["seed"] != b.attrs["seed"]:
        reasons.append(f"the seeds differ ({a.attrs['seed']} and {b.attrs['seed']})")
    if a.time.values[0] != b.time.values[0]:
        reasons.append("they start in different months")
    if not np.array_equal(a.state.values, b.state.values):
        reasons.append("their worlds have different states")
    if not len(np.intersect1d(a.run.values, b.run.values)):
        reasons.append("they have no run in common")
    if reasons:
        return False, f"The runs are not paired: {', and '.join(reasons)}. Any run of B is compared with any run of A."
    return True, "Run by run on the same draws and shocks."


def aligned(a: xarray.Dataset, b: xarray.Dataset) -> tuple[xarray.Dataset, xarray.Dataset]:
    """Both with the ties, branches and months they share, in the order of A; runs in common where these are paired."""
    one, other = _ordered(a), _ordered(b)
    shared: dict[str, list[Any]] = {}
    for key, words in {"dyad": "tie", "branch": "branch", "time": "month"}.items():
        known = set(other[key].values.tolist())
        shared[key] = [value for value in one[key].values.tolist() if value in known]
        if not shared[key]:
            sides = "; ".join(f"{label} has {_listed(side, key)}" for label, side in (("A", one), ("B", other)))
            raise AlignsimError(f"there is nothing to compare: the two runs share no {words} ({sides})")
    if pairing(a, b)[0]:
        shared["run"] = np.intersect1d(a.run.values, b.run.values).tolist()
    chosen = {**shared, "time": np.array(shared["time"], dtype="datetime64[ns]")}
    return one.sel(chosen), other.sel(chosen)


def _ordered(data: xarray.Dataset) -> xarray.Dataset:
    """Alignment by dyad, whose members are in alphabetical order."""
    names = ["-".join(sorted(str(dyad).split("-"))) for dyad in data.dyad.values]
    return data[["alignment"]].assign_coords(dyad=names)


def _listed(data: xarray.Dataset, key: str) -> str:
    values = [str(value)[:7] if key == "time" else str(value) for value in data[key].values]
    return f"{values[0]} to {values[-1]}" if key == "time" else ", ".join(values)


def differences(one: Array, other: Array, paired: bool) -> Array:
    """B less A: of each run, (R, ...), or of every pair of at most 1000 runs of each where these are not paired."""
    if paired:
        return other - one
    one, other = one[:MOST_UNPAIRED], other[:MOST_UNPAIRED]
    return (other[None] - one[:, None]).reshape(-1, *one.shape[1:])


def outcomes(one: xarray.Dataset, other: xarray.Dataset, paired: bool) -> Iterator[Outcome]:
    """Every shared tie in every shared branch, and what each branch changes against the baseline."""
    ends = {
        (dyad, branch): tuple(
            side.alignment.isel(time=-1).sel(dyad=dyad, branch=branch).values for side in (one, other)
        )
        for dyad in map(str, one.dyad.values)
        for branch in map(str, one.branch.values)
    }
    for (dyad, branch), (a, b) in ends.items():
        yield _outcome(dyad, branch, "alignment", a, b, paired)
        if branch != BASELINE and (dyad, BASELINE) in ends:
            base_a, base_b = ends[dyad, BASELINE]
            yield _outcome(dyad, branch, "effect", a - base_a, b - base_b, paired)


def _outcome(dyad: str, branch: str, measure: str, one: Array, other: Array, paired: bool) -> Outcome:
    size = differences(one, other, paired)
    low, middle, high = (float(q) for q in np.quantile(size, [0.05, 0.5, 0.95]))
    return Outcome(
        dyad=dyad,
        branch=branch,
        measure=measure,
        a=float(np.median(one)),
        b=float(np.median(other)),
        difference={"q05": low, "q50": middle, "q95": high},
        probability_above_margin=float((size > MARGIN).mean()),
        probability_below_minus_margin=float((size < -MARGIN).mean()),
    )


# --- the same again


def not_again(before: Kept, again: Results) -> list[str]:
    """What of a run that was read from its folder did not come again, and what else differs; empty where all did.

    The summary is compared as well, but for the scenario's hash: a resolved scenario hashes otherwise.
    """
    wrong = [] if before.data is None else unlike(before.data, again.data)
    if (before.folder / "summary.json").is_file():
        summary = json.loads((before.folder / "summary.json").read_text(encoding="utf-8"))
        differing = [row for row in _changed(summary, _as_read(again), "") if row.what != "scenario_hash"]
        wrong += [f"summary: {row.what}: {row.a} and {row.b}" for row in differing]
    if not wrong:
        return []
    known = [row for row in _facts(before.manifest, again.manifest) if row.what != "runs"]
    why = [f"what else differs: {row.what}, {row.a or 'nothing'} then and {row.b or 'nothing'} now" for row in known]
    shown = [*wrong[:MOST_TOLD], f"and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else wrong
    return shown + (why or ["nothing else that the manifest tells is different"])


def _as_read(again: Results) -> Any:
    """Its summary as it would be read from a file."""
    return json.loads(json.dumps(again.summary()))


def unlike(before: xarray.Dataset, again: xarray.Dataset) -> list[str]:
    """What of the data of two runs is not the same to the last bit, in words; empty where all is."""
    found = []
    for name in dict.fromkeys([*map(str, before.variables), *map(str, again.variables)]):
        if name not in before.variables or name not in again.variables:
            found.append(f"{name} is only in the {'first' if name in before.variables else 'second'}")
            continue
        one, other = before[name], again[name]
        if one.shape != other.shape or one.dims != other.dims:
            found.append(f"{name} has another shape: {dict(one.sizes)} and {dict(other.sizes)}")
        elif words := _first_difference(one, other):
            found.append(f"{name} {words}")
    return found


def _first_difference(one: xarray.DataArray, other: xarray.DataArray) -> str:
    """Where two arrays of one shape first differ, by run and month where they have them, and by how much at most."""
    left, right = one.values, other.values
    number = left.dtype.kind == "f" and right.dtype.kind == "f"
    differ = ~((left == right) | (np.isnan(left) & np.isnan(right))) if number else left != right
    if left.dtype != right.dtype and not differ.any():
        return f"is of another type: {left.dtype} and {right.dtype}"
    if not differ.any():
        return ""
    keys = [str(dim) for dim in ("run", "time", "frame") if dim in one.dims]
    order = [one.dims.index(dim) for dim in keys]
    first = np.argwhere(differ)[:, order]
    first = first[np.lexsort(first.T[::-1])[0]] if keys else first[0]
    place = [_place(key, one[key].values[k]) for key, k in zip(keys, first, strict=False)]
    size = f"; the largest difference is {np.nanmax(np.abs(left - right)):.2g}" if number else ""
    share = f"differs in {differ.sum()} of {differ.size} values"
    return share + (f", first in {' and '.join(place)}" if place else "") + size


def _place(key: str, value: Any) -> str:
    return f"run {value}" if key == "run" else f"month {str(value)[:7]}"
