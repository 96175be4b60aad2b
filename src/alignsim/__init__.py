"""alignsim: who moves closer to whom, why, and how sure can we be?

The public names, loaded when first used so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignsim.api import Results, open_run, run, save
    from alignsim.scenario import load, load_text
    from alignsim.world import load as load_world

_HOMES = {
    "load": ("alignsim.scenario", "load"),
    "load_text": ("alignsim.scenario", "load_text"),
    "load_world": ("alignsim.world", "load"),
    "run": ("alignsim.api", "run"),
    "save": ("alignsim.api", "save"),
    "open_run": ("alignsim.api", "open_run"),
    "Results": ("alignsim.api", "Results"),
}

__all__ = ["Results", "load", "load_text", "load_world", "open_run", "run", "save"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'alignsim' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
