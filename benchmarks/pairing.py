"""How many runs does pairing save? Runs on seeds of their own for one paired run, at the same interval.

    python benchmarks/pairing.py [SCENARIO] [RUNS]

An interval of a mean shrinks with the root of the runs, so the ratio of runs is the ratio of variances: of the
difference between branches of different runs, to that between branches of the same run.
"""

from __future__ import annotations

import sys

import numpy as np

from alignsim.plan.check import load
from alignsim.plan.resolution import resolve
from alignsim.study.contrasts import asked, effects, simulate, watching
from alignsim.study.outcomes import over_window


def ratios(scenario: str, runs: int) -> dict[str, float]:
    """For each contrast, how many times more runs the unpaired design needs."""
    document, world, _ = load(scenario)
    claims = [claim for claim in document.scenario.claims if claim.testable and claim.contrast is not None]
    plan = watching(resolve(document, world), claims)
    of = simulate(plan, np.arange(2 * runs))
    found = {}
    for claim in claims:
        question = asked(claim, plan)
        ends = [
            over_window(of.series(branch, question.value), claim.outcome, plan)
            for branch in (question.branch, question.against)
        ]
        apart = ends[0][:runs] - ends[1][runs:]
        found[claim.id] = float(apart.var() / effects(question, of).var())
    return found


if __name__ == "__main__":
    file = sys.argv[1] if len(sys.argv) > 1 else "scenarios/isolation.yaml"
    for claim, ratio in ratios(file, int(sys.argv[2]) if len(sys.argv) > 2 else 100).items():
        print(f"{claim}: seeds of their own need {ratio:.1f} times the runs of the paired design")
