"""How fast is the same month written as loops in plain Python? A yardstick for the array kernel.

    python benchmarks/looping_agents.py [months]

The month is that of `tests/reference.py`: every state looks at every partner, and at every third state where the
equations say so, with floats, lists and dicts and without NumPy. This is how the model would be written with agents
that loop, less what a framework adds per agent. Two things make it slower than loops have to be: matrices of values
that a thrifty program would keep are worked out anew, and trade is fitted by alternate scaling to 1e-13 where the
kernel takes Newton steps to 1e-11. `fitting_share` says how much of the time the second costs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import reference
import worlds

ISSUES = 5


@dataclass
class LoopingAgents:
    """One run whose states loop over their partners; `step()` is a month, as under Mesa."""

    world: reference.World
    parameters: dict[str, Any]
    before: reference.Drivers
    drivers: reference.Drivers
    eve: reference.Snapshot
    now: reference.Snapshot
    shock: Any

    @classmethod
    def of(cls, n: int, seed: int = 0) -> LoopingAgents:
        """A made-up world of n states at the default parameters, whose sanctions and wars have just changed."""
        given = worlds.given(n, runs=1, issues=ISSUES, seed=seed)
        changed = worlds.given(n, runs=1, issues=ISSUES, seed=seed + 1).eve
        world, before = worlds.as_reference(given), worlds.as_reference_drivers(given.eve)
        parameters = worlds.as_reference_parameters(worlds.defaults())
        eve = reference.the_eve(world, parameters, before)
        noise = worlds.noise(n, 1, ISSUES, months=1, seed=seed)[0]
        shock = (noise.alignment[0].tolist(), noise.position[0].tolist())
        return cls(world, parameters, before, worlds.as_reference_drivers(changed), eve, eve, shock)

    def step(self) -> None:
        self.now = reference.one_month(
            self.world, self.parameters, self.drivers, self.before, self.now, self.eve, self.shock
        )


def measure(n: int, months: int) -> float:
    """Run-months per second of n looping states, over `months` months of one run."""
    agents = LoopingAgents.of(n)
    start = perf_counter()
    for _ in range(months):
        agents.step()
    return months / (perf_counter() - start)


def fitting_share(n: int, months: int) -> float:
    """Share of that time which goes into fitting trade and oil to their totals, 0..1."""
    plain, spent = reference.fit, 0.0

    def timed(*given: Any) -> Any:
        nonlocal spent
        start = perf_counter()
        fitted = plain(*given)
        spent += perf_counter() - start
        return fitted

    reference.fit = timed
    try:
        seconds = months / measure(n, months)
        return spent / seconds
    finally:
        reference.fit = plain


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for size in (21, 40):
        speed, share = measure(size, wanted), fitting_share(size, wanted)
        print(f"{size} states: {speed:.2f} run-months a second, {share:.0%} of the time for fitting trade and oil")
