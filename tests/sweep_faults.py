"""What may happen to a worker, for tests of sweeps; the processes of a pool find it by the name of this module."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from alignsim.study.sweep import simulation

KILLING = (0.25, 3)
"""The input and the run at which `dies_at_a_row` kills its process."""
MARK = "ALIGNSIM_TEST_MARK"


def dies_once(swept: Any, points: Any, runs: Any) -> simulation.Rows:
    """Kill this process the first time, and work from then on."""
    mark = Path(os.environ[MARK])
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return simulation.simulate(swept, points, runs)


def dies_at_a_row(swept: Any, points: Any, runs: Any) -> simulation.Rows:
    """Kill this process whenever one row is among those that are simulated."""
    if ((points[:, 0] == KILLING[0]) & (runs == KILLING[1])).any():
        os.kill(os.getpid(), signal.SIGKILL)
    return simulation.simulate(swept, points, runs)


def dies_at_once(*given: Any) -> None:
    """In the place of what a worker does first."""
    os.kill(os.getpid(), signal.SIGKILL)
