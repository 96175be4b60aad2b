"""What a world says, a panel built from the official files, and the schema of scenario files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignsim.api.running import told
from alignsim.errors import UsageError

if TYPE_CHECKING:
    from alignsim.world import World
    from alignsim.world.panel import Panel


class Description(dict[str, Any]):
    """What is known of a world or of a state in it, each figure with its unit, date and source."""

    def _repr_html_(self) -> str:
        from alignsim.show import notebook
        from alignsim.world.describe import sections

        return notebook.sections(*sections(self))


def describe(world: str | os.PathLike[str] | World, state: str | None = None) -> Description:
    """What a world (a packaged name, a folder or a loaded one) says, or what it says of one state, by code or name.

    Raises InvalidInput and FileProblem for a world that cannot be read, UsageError for a state that is not in it.
    """
    from alignsim.world import World, load
    from alignsim.world.describe import find_state, state_summary, world_summary

    loaded = world if isinstance(world, World) else load(str(world))
    return Description(world_summary(loaded) if state is None else state_summary(loaded, find_state(loaded, state)))


def build_panel(
    name: str,
    years: str,
    source: str | os.PathLike[str],
    states: str = "all",
    title: str = "",
    votes_until: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Panel:
    """The panel of consecutive years, written 1992:2015, from a folder of the official files; writes nothing.

    `states`, `votes_until` and what is raised are as in `world.history.build`, and `write_panel` keeps it; a notebook
    draws a bar.
    """
    from alignsim.world import history
    from alignsim.world.panel import span

    try:
        listed = span(years)
    except ValueError as error:
        raise UsageError(str(error)) from error
    with told("building", "years") as bar:
        return history.build(name, listed, Path(source), states, progress or bar, title, votes_until)


def schema(landscape: bool = False) -> dict[str, Any]:
    """The JSON Schema (2020-12) of scenario files, or of landscape files."""
    from alignsim.scenario.json_schema import json_schema, landscape_schema

    return landscape_schema() if landscape else json_schema()
