"""What is asked: the scenario file, its schema, and where everything in it stands."""

from __future__ import annotations

from alignsim.scenario.document import Document, examine, load, load_text
from alignsim.scenario.month import Month
from alignsim.scenario.schema import Scenario

__all__ = ["Document", "Month", "Scenario", "examine", "load", "load_text"]
