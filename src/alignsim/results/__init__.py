"""Results: what is kept, how it is labelled, saved and loaded."""

from alignsim.results.results import MARGIN, QUANTILES, UNITS, Results, dataset

__all__ = ["MARGIN", "QUANTILES", "UNITS", "Results", "dataset"]
