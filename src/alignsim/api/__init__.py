"""Everything the command line does, as one call with the same name: run, judge, compare, rerun, ls ...

>>> import alignsim
>>> results = alignsim.run("scenarios/isolation.yaml", runs=100)
>>> results.plot.trajectories()
"""

from __future__ import annotations

from alignsim.api.comparing import Comparison, compare, rerun
from alignsim.api.facts import Evidence, evidence
from alignsim.api.folders import RESULTS, Listing, ls, open_run, save, usable_folder, write_folder
from alignsim.api.history import Calibrations, Hindcast, calibrate, hindcast, recovery
from alignsim.api.judging import (
    Findings,
    Judgement,
    audit,
    judge,
    open_judgement,
    report,
    save_judgement,
    save_specifications,
    specifications,
)
from alignsim.api.landscapes import Landscape, landscape, save_landscape
from alignsim.api.origin import command_line, provenance, version, versions
from alignsim.api.running import Plots, Results, configured, cores, planned, resolved, run, validate
from alignsim.api.sensitivities import Sensitivities, sensitivity
from alignsim.api.sweeping import Estimate, Sweep, estimate, open_sweep, sweep
from alignsim.api.worlds import Description, build_panel, describe, schema

__all__ = [
    "RESULTS",
    "Calibrations",
    "Comparison",
    "Description",
    "Estimate",
    "Evidence",
    "Findings",
    "Hindcast",
    "Judgement",
    "Landscape",
    "Listing",
    "Plots",
    "Results",
    "Sensitivities",
    "Sweep",
    "audit",
    "build_panel",
    "calibrate",
    "command_line",
    "compare",
    "configured",
    "cores",
    "describe",
    "estimate",
    "evidence",
    "hindcast",
    "judge",
    "landscape",
    "ls",
    "open_judgement",
    "open_run",
    "open_sweep",
    "planned",
    "provenance",
    "recovery",
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
    "usable_folder",
    "validate",
    "version",
    "versions",
    "write_folder",
]
