"""alignsim: who moves closer to whom, why, and how sure can we be?

The public names, loaded when first used so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignsim.api import (
        Results,
        Sweep,
        audit,
        build_panel,
        calibrate,
        compare,
        describe,
        estimate,
        evidence,
        hindcast,
        judge,
        landscape,
        ls,
        open_judgement,
        open_run,
        open_sweep,
        recovery,
        report,
        rerun,
        resolved,
        run,
        save,
        save_judgement,
        save_landscape,
        save_specifications,
        schema,
        sensitivity,
        specifications,
        sweep,
        validate,
    )  # fmt: skip
    from alignsim.mechanisms.adoption import adopt, release
    from alignsim.scenario import load, load_text
    from alignsim.world import load as load_world
    from alignsim.world import packaged as worlds
    from alignsim.world import write as write_world
    from alignsim.world.build import build as build_world
    from alignsim.world.history import save as write_panel

_HOMES = {
    **dict.fromkeys(
        ("Results", "Sweep", "audit", "build_panel", "calibrate", "compare", "describe", "estimate", "evidence",
         "hindcast", "judge", "landscape", "ls", "open_judgement", "open_run", "open_sweep", "recovery", "report",
         "rerun", "resolved", "run", "save", "save_judgement", "save_landscape", "save_specifications", "schema",
         "sensitivity", "specifications", "sweep", "validate"),
        "alignsim.api",
    ),
    "load": "alignsim.scenario",
    "load_text": "alignsim.scenario",
    "adopt": "alignsim.mechanisms.adoption",
    "release": "alignsim.mechanisms.adoption",
    "load_world": "alignsim.world:load",
    "worlds": "alignsim.world:packaged",
    "write_world": "alignsim.world:write",
    "build_world": "alignsim.world.build:build",
    "write_panel": "alignsim.world.history:save",
}  # fmt: skip
"""Where each public name is, and what it is called there if not the same."""

__all__ = [
    "Results",
    "Sweep",
    "adopt",
    "audit",
    "build_panel",
    "build_world",
    "calibrate",
    "compare",
    "describe",
    "estimate",
    "evidence",
    "hindcast",
    "judge",
    "landscape",
    "load",
    "load_text",
    "load_world",
    "ls",
    "open_judgement",
    "open_run",
    "open_sweep",
    "recovery",
    "release",
    "report",
    "rerun",
    "resolved",
    "run",
    "save",
    "save_judgement",
    "save_landscape",
    "save_specifications",
    "schema",
    "sensitivity",
    "specifications",
    "sweep",
    "validate",
    "worlds",
    "write_panel",
    "write_world",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'alignsim' has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
