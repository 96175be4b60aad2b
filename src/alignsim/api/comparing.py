"""Two runs side by side, and one run again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignsim.api.folders import open_run, usable_folder
from alignsim.api.running import Results, run
from alignsim.errors import NotReproduced, UsageError
from alignsim.mechanisms import adoption
from alignsim.scenario import Document
from alignsim.study import ensemble

if TYPE_CHECKING:
    from alignsim.study.compare import Comparison as Compared


def rerun(
    folder: str | os.PathLike[str], *, check: bool = False, jobs: int | None = None,
    progress: ensemble.Progress | None = None,
) -> Results:  # fmt: skip
    """Run a run folder (or its manifest.json) again: the same scenario, settings, runs, seed and belief.

    With `check`, raises NotReproduced where a number of the folder's data or summary does not come again to the last
    bit, saying which and what else differs. Raises FileProblem for a folder that cannot be run again, and UsageError
    for one that was made with a mechanism which is not there now.
    """
    from alignsim.results.again import document_of, opened
    from alignsim.study.compare import not_again

    before = opened(folder)
    own = before.manifest.get("adopted", {})
    if own != adoption.adopted():
        raise UsageError(
            f"{folder} was made with {', '.join(own) or 'no'} mechanism of the user's own, and now there is "
            f"{', '.join(adoption.adopted()) or 'none'} or another text of it; `alignsim.adopt` and `alignsim.release`"
        )
    document = document_of(before)
    again = run(document, belief=before.manifest["belief"], jobs=jobs, progress=progress)
    if check and (words := not_again(before, again)):
        raise NotReproduced(f"{folder} is not reproduced:\n" + "\n".join(f"  {line}" for line in words))
    return again


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs: `found` says it, and `a` and `b` are the runs."""

    found: Compared
    a: Results
    b: Results

    def plot(self, **how: Any) -> Any:
        """Both runs' trajectories, one over the other, and their difference; see `show.compare.comparison`."""
        from alignsim.show.compare import comparison

        return comparison(self.found, self.a.data, self.b.data, **how)

    def save(self, folder: str | os.PathLike[str], formats: Iterable[str] = ("png",)) -> list[Path]:
        """Write comparison.json, inputs.csv, outcomes.csv and the figure into `folder`. Raises FileProblem."""
        from alignsim.show.style import save as save_figure
        from alignsim.study.compare import write

        place = usable_folder(folder)
        figure = self.plot()
        return write(self.found, place) + [save_figure(figure, place / f"comparison.{kind}") for kind in formats]

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.comparison(self.found)


def compare(
    a: str | os.PathLike[str] | Document | Results,
    b: str | os.PathLike[str] | Document | Results,
    *,
    runs: int | None = None,
    seed: int | None = None,
    belief: str | None = None,
    jobs: int | None = None,
    names: tuple[str, str] | None = None,
    progress: ensemble.Progress | None = None,
) -> Comparison:
    """What differs between two runs: folders, results, or scenarios, which are then run.

    A scenario is run with the seed, the number of runs and the belief of the other side (of A, where both are
    scenarios) unless these are given, so that the runs are paired. `names` are what to call the two. Raises
    AlignsimError where nothing is comparable.
    """
    from alignsim.study.compare import compare as compared

    one, other = (side if isinstance(side, Results) else _opened(side) for side in (a, b))
    if one is None and other is None:
        one = run(a, runs=runs, seed=seed, belief=belief, jobs=jobs, progress=progress)  # type: ignore[arg-type]
    done = one or other
    assert done is not None
    seed = done.manifest["seed"] if seed is None else seed

    def run_alike(scenario: Any) -> Results:
        own = belief or done.manifest["belief"]
        return run(scenario, runs=runs or done.runs, seed=seed, belief=own, jobs=jobs, progress=progress)

    one, other = one or run_alike(a), other or run_alike(b)
    return Comparison(compared(one, other, names or (_named(one, a), _named(other, b))), one, other)


def _opened(side: Any) -> Results | None:
    """The run, where this is the folder of one."""
    there = isinstance(side, (str, os.PathLike)) and str(side) != "-" and Path(side).is_dir()
    return open_run(Path(side)) if there else None


def _named(side: Results, given: Any) -> str:
    """How a side of a comparison is called."""
    return str(given) if isinstance(given, (str, os.PathLike)) else str(side.folder or side.manifest["scenario"])
