"""A small world in a folder and a scenario in it, for tests of what is done with runs: six states, nine months."""

from __future__ import annotations

from pathlib import Path

from alignsim.world import write
from small_judging import world

TEXT = """\
alignsim: 1
title: A small question
world: six
time: {start: 2024-10, end: 2025-06}
focus: [[IRN, RUS], [RUS, CHN]]
events:
  - {at: 2024-11, meeting: {of: [IRN, RUS]}}
  - {at: 2024-12, licence: {from: IRN, to: RUS}, probability: 0.4, note: denied}
branches:
  isolation:
    - {at: 2025-01, sanction: {by: USA, on: [IRN, RUS], kind: [trade, financial], intensity: 0.9, secondary: true}}
claims:
  - {id: closer, says: they grow closer, outcome: alignment of IRN with RUS at 2025-06,
     contrast: isolation against baseline, expect: increase}
runs: 6
seed: 3
"""


def scenario(folder: Path, text: str = TEXT, name: str = "small.yaml") -> Path:
    """A scenario file in `folder`, with the world `six` beside it."""
    if not (folder / "six").is_dir():
        write(world(), folder / "six")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
