"""Ten thousand runs in one process take no more memory at the end than after the first thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignsim import api
from small_runs import scenario

pytestmark = pytest.mark.science

MEGABYTES = 20


def resident() -> float:
    """Megabytes of memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="reads the memory from /proc")
def test_memory_does_not_grow_with_the_runs_that_are_done(tmp_path: Path) -> None:
    seen: list[tuple[int, float]] = []
    api.sweep(
        scenario(tmp_path), {"sanctions.bite": "0..1"}, points=500, runs=20, jobs=1, out=tmp_path,
        progress=lambda done, total, failed, before: seen.append((done, resident())),
    )  # fmt: skip
    warm = next(megabytes for done, megabytes in seen if done >= 1000)
    assert seen[-1][0] == 10_000
    assert max(megabytes for _, megabytes in seen) - warm < MEGABYTES
