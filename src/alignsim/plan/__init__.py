"""The Plan: a scenario and a world resolved into numbers. Names are loaded when first used, so that checking a file is
quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignsim.plan.plan import Batch, Plan, bytes_for
    from alignsim.plan.resolution import resolve

_HOMES = {"Batch": "plan", "Plan": "plan", "bytes_for": "plan", "resolve": "resolution"}

__all__ = ["Batch", "Plan", "bytes_for", "resolve"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'alignsim.plan' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"alignsim.plan.{_HOMES[name]}"), name)
