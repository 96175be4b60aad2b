"""Fitting a few parameters to summaries of what happened: screening, history matching, approximate Bayes, and the
check that the whole chain recovers parameters that are known.

Nothing here knows the model: a `Target` says what may be varied and how to simulate, and everything else follows.
"""

from alignsim.study.calibration.calibrate import Calibration, Settings, calibrate
from alignsim.study.calibration.sbc import Check, recover
from alignsim.study.calibration.target import Target

__all__ = ["Calibration", "Check", "Settings", "Target", "calibrate", "recover"]
