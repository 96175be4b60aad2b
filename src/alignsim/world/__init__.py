"""What is known: states, dyads, flows, issues, groups and their sources, at the end of one month.

`load` reads a packaged world or a folder; `alignsim world build` makes one from the official files.
"""

from __future__ import annotations

from alignsim.world.folder import load, packaged
from alignsim.world.world import Actor, World
from alignsim.world.writing import write

__all__ = ["Actor", "World", "load", "packaged", "write"]
