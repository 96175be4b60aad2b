"""How results came about: what a manifest says."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alignsim.mechanisms import adoption
from alignsim.plan.plan import Plan
from alignsim.scenario import Document


def provenance(document: Document, plan: Plan, seconds: float) -> dict[str, Any]:
    """How results came about: version, command, scenario, seed, platform and the time it took.

    `adopted` names mechanisms that are not alignsim's own, with the SHA-256 of their source.
    """
    own = adoption.adopted()
    return {
        "alignsim": version(),
        "command": command_line(),
        "scenario": document.path,
        "settings": list(document.settings),
        "scenario_hash": plan.hash,
        "world": plan.world,
        "world_hash": plan.about.get("world_hash", ""),
        "seed": plan.seed,
        "runs": plan.runs,
        "belief": plan.belief,
        "theory": plan.theory,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        **({"adopted": own} if own else {}),
    }


def version() -> str:
    from importlib.metadata import version as installed

    return installed("alignsim")


def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    from importlib.metadata import version as installed

    return {name: installed(name) for name in ("numpy", "scipy", "xarray", "h5netcdf", "mesa", "matplotlib")}


def command_line() -> list[str]:
    return [Path(sys.argv[0]).name or "python", *sys.argv[1:]]
