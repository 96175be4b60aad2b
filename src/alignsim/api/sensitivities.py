"""What the outcomes of a sweep depend on: indices, words, tables and figures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignsim.api.sweeping import open_sweep
from alignsim.errors import UsageError, did_you_mean
from alignsim.files import write_text
from alignsim.study.sensitivity import METHOD_OF, Sensitivity, Swing, analyse, swings
from alignsim.study.sweep import Sweep

if TYPE_CHECKING:
    import pandas

METHODS = ("sobol", "morris", "pawn")
TABLE, SWINGS, FULL = "sensitivity.csv", "swings.csv", "sensitivity.json"


@dataclass(frozen=True)
class Sensitivities:
    """What was found for some outcomes of a sweep, by their names in `sweep.values`."""

    sweep: Sweep
    analyses: dict[str, Sensitivity]
    """Empty for a grid, which has no indices."""
    swings: dict[str, list[Swing]]
    """What each input does between the ends of its range, the largest first; for every design."""

    @property
    def words(self) -> dict[str, str]:
        """What was found, one plain sentence first."""
        return {name: self.analyses[name].words if name in self.analyses else self._moved(name) for name in self.swings}

    def _moved(self, name: str) -> str:
        """The sentence on a grid: the inputs whose swing is more than its interval."""
        label = self.sweep.described(name)[0]
        sure = [s for s in self.swings[name] if s.seen]
        once = " There is one run at each point, so this holds for its shocks." if self.sweep.runs == 1 else ""
        if not sure:
            return f"Nothing that was varied is seen to move {label}.{once}"
        listed = [f"{s.input} ({s.size:+.3g} ± {s.half:.2g})".replace("-", "−") for s in sure]
        return f"From the lowest to the highest value, others averaged, {label} is moved by {', '.join(listed)}.{once}"

    def table(self) -> pandas.DataFrame:
        """One row for each outcome, input and measure; of a grid the swings."""
        import pandas

        if not self.analyses:
            return self.swing_table()
        return pandas.DataFrame([row for found in self.analyses.values() for row in found.to_rows()])

    def swing_table(self) -> pandas.DataFrame:
        """Mean outcome where each input is low and where it is high, and the half-width of their difference."""
        import pandas

        rows = [
            {"outcome": self.sweep.described(name)[0], "input": s.input, "low": s.low, "high": s.high,
             "swing": s.size, "half_width": s.half}
            for name, own in self.swings.items()
            for s in own
        ]  # fmt: skip
        return pandas.DataFrame(rows)

    def as_json(self) -> dict[str, Any]:
        """Everything, for `json.dumps`."""
        return {
            "design": self.sweep.design,
            "points": len(self.sweep.points),
            "runs": self.sweep.runs,
            "runaway": int(self.sweep.runaway.sum()),
            "outcomes": {
                name: {
                    "words": self.words[name],
                    "sensitivity": self.analyses[name].as_json() if name in self.analyses else None,
                    "swings": [{"input": s.input, "low": s.low, "high": s.high, "half": s.half} for s in own],
                }
                for name, own in self.swings.items()
            },
        }

    def save(self, folder: str | os.PathLike[str] | None = None) -> list[Path]:
        """Write sensitivity.csv, swings.csv and sensitivity.json, into the sweep's own folder unless another is given.

        Raises UsageError where there is neither, FileProblem.
        """
        place = self._place(folder)
        text = json.dumps(self.as_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        tables = {SWINGS: self.swing_table()} | ({TABLE: self.table()} if self.analyses else {})
        written = [
            write_text(place / name, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
            for name, table in tables.items()
        ]
        return [*written, write_text(place / FULL, text)]

    @property
    def plot(self) -> SweepPlots:
        """The figures: `found.plot.tornado()` draws one, `found.plot()` writes all that the design allows."""
        return SweepPlots(self)

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.sensitivities(self)

    def _place(self, folder: str | os.PathLike[str] | None) -> Path:
        if folder is None and self.sweep.folder is None:
            raise UsageError("this sweep has no folder of its own; name one")
        return Path(folder) if folder is not None else Path(str(self.sweep.folder))


FIGURES = ("response", "map", "tornado", "sobol", "morris", "pawn", "convergence", "failures")


class SweepPlots:
    """The figures of a sweep: `found.plot.morris()`, of the first outcome where none is named.

    Each is a method: `response`, `map` (of the two inputs that move it most, or of `inputs`), `tornado`, `sobol`,
    `morris`, `pawn`, `convergence` and `failures`, as the design allows.
    """

    def __init__(self, found: Sensitivities) -> None:
        self._found = found

    def __call__(self, folder: str | os.PathLike[str] | None = None, formats: Sequence[str] = ("png",)) -> list[Path]:
        """Draw every figure that the design allows, into the sweep's `figures` unless another folder is given.

        Raises UsageError where there is no folder, and for an unknown format; FileProblem.
        """
        from alignsim.show.sweeps import draw_sweep

        found = self._found
        place = Path(folder) if folder is not None else found._place(None) / "figures"
        return draw_sweep(found.sweep, found.analyses, found.swings, place, formats)

    def __getattr__(self, name: str) -> Any:
        if name not in FIGURES:
            raise AttributeError(f"there is no figure {name!r}; there are {', '.join(FIGURES)}")
        return lambda outcome="", **inputs: self._drawn(name, outcome, **inputs)

    def __dir__(self) -> list[str]:
        return list(FIGURES)

    def _drawn(self, name: str, outcome: str, inputs: Sequence[str] = ()) -> Any:
        from alignsim.show.sweeps import figures, surface_map

        found, outcome = self._found, outcome or next(iter(self._found.swings))
        if outcome not in found.swings:
            hint = did_you_mean(outcome, found.swings) or f"; there are {'; '.join(found.swings)}"
            raise UsageError(f"{outcome!r} was not analysed{hint}")
        if inputs:
            if name != "map" or len(inputs) != 2:
                raise UsageError("`inputs` are the two that a map is drawn over; no other figure takes any")
            return surface_map(found.sweep, outcome, *inputs)
        there = figures(found.sweep, outcome, found.analyses.get(outcome), found.swings[outcome])
        draw = there.get(name) or next((own for key, own in there.items() if key.startswith(f"{name}-")), None)
        drawn = draw() if draw is not None else None
        if drawn is None:
            of = found.sweep.design
            raise UsageError(f"a {of} design of this size has nothing for the figure {name!r} of {outcome!r}")
        return drawn


def sensitivity(
    sweep: str | os.PathLike[str] | Sweep,
    *,
    outcomes: Iterable[str] | None = None,
    method: str | None = None,
    seed: int = 0,
) -> Sensitivities:
    """What the outcomes of a sweep, or of the folder of one, depend on; nothing is simulated.

    outcomes: names in `sweep.values`; by default the effects, or all where there are none. method: sobol, morris or
    pawn; by default the one that the design is made for (sobol for saltelli, morris for morris, pawn for lhs and
    sobol). seed: of the bootstrap. Raises UsageError for an unknown name, NotAnalysable where a run failed or the
    design does not allow the method, FileProblem.
    """
    made = sweep if isinstance(sweep, Sweep) else open_sweep(sweep)
    if method is not None and method not in METHODS:
        raise UsageError(f"{method!r} is no method; there are {', '.join(METHODS)}{did_you_mean(method, METHODS)}")
    values = made.values
    wanted = list(outcomes or [effect.name for effect in made.effects] or values)
    for name in wanted:
        if name not in values:
            known = "; ".join(values)
            raise UsageError(f"{name!r} is no outcome of this sweep; there are {known}{did_you_mean(name, values)}")
    design, found, moved = made.designed, {}, {}
    for name in wanted:
        label = made.described(name)[0]
        if method is not None or made.design in METHOD_OF:
            found[name] = analyse(design, values[name], label, method, seed=seed, errors=made.errors)
        moved[name] = swings(design, values[name], label, seed=seed, errors=made.errors)
    return Sensitivities(made, found, moved)
