"""A small world and small scenarios for tests of judging: six states, two years, and channels that can be planted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from alignsim.mechanisms.registry import MOTIVES
from alignsim.scenario import load_text
from alignsim.world import load
from alignsim.world.build import subset
from alignsim.world.world import World

STATES = ["CHN", "DEU", "IRN", "RUS", "TUR", "USA"]
STILL = {
    "consent.noise": 0, "positions.noise": 0, "positions.defiance": 0, "sanctions.hostility": 0, "consent.speed": 0.3,
    "consent.initial_doubt": 0,
} | {f"{name}.weight": 0 for name in MOTIVES if name != "solidarity"}  # fmt: skip
"""Nothing moves a tie, and what is planted arrives within the two years."""

ISOLATION = """
  isolation:
    - {at: 2024-12, sanction: {by: USA, on: [IRN, RUS], kind: [trade, financial], intensity: 1}}
"""
OFFER = """
  offer:
    - {at: 2024-12, offer: {by: USA, to: [IRN, RUS], away_from: CHN, strength: 1}}
"""
CONTRAST = """
  - {id: closer, says: they grow closer, outcome: alignment of IRN with RUS at 2026-09,
     contrast: isolation against baseline, expect: increase}
"""


@lru_cache
def world() -> World:
    return subset(load("west-asia-2024"), STATES)


def scenario(
    claims: str = CONTRAST,
    branches: str = ISOLATION,
    parameters: dict[str, float] | None = None,
    runs: Any = 60,
    events: str = "",
    belief: str = "signed",
) -> Any:
    """A document about the small world, from October 2024 to September 2026."""
    pinned = "".join(f"  {path}: {value}\n" for path, value in (parameters or {}).items())
    return load_text(
        f"alignsim: 1\ntitle: A test\nworld: west-asia-2024\ntime: {{start: 2024-10, end: 2026-09}}\n"
        f"belief: {belief}\n"
        + (f"parameters:\n{pinned}" if pinned else "")
        + (f"events:{events}" if events else "")
        + f"branches:{branches}claims:{claims}runs: {runs}\nseed: 7\n"
    )
