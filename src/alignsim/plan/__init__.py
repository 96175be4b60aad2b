"""The Plan: a scenario and a world resolved into numbers."""

from alignsim.plan.plan import Batch, Plan, Watched, bytes_for
from alignsim.plan.resolve import resolve

__all__ = ["Batch", "Plan", "Watched", "bytes_for", "resolve"]
