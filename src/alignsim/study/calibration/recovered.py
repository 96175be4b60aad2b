"""What synthetic truths say of a residual, as rows and in words, however it turned out."""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.arrays import Array
from alignsim.study.calibration.learnt import TIED, doubt, verdict
from alignsim.study.calibration.recovery import Fits, Recovery, View

UNEVEN = 0.01
"""p below which ranks are not uniform, as in `sbc`."""
SIZES = {"small": (0.0, 0.5), "middling": (0.5, 1.5), "large": (1.5, np.inf)}
"""Of a residual, in sds of its prior: 38, 48 and 13 % of a normal."""
NOTICED = 0.1
"""Shift of a posterior mean in its own sds, for one sd of an unfitted residual, from which it is told: over a normal
residual a tenth takes 0.2 points from the coverage of a 90 % interval, and a half takes 4 (normal posterior)."""
CLEAR = 3.0
"""Standard errors from which a shift is more than luck: a dozen are looked at."""
LOST = 0.05
"""Coverage below that of the twins from which intervals fail: two standard errors of a share near 0.9 in 200."""
SET_UPS = {
    "with_it": ("on", "on"),
    "missed": ("on", "off"),
    "imagined": ("off", "on"),
    "without": ("off", "off"),
    "with_nearest": ("on", "on"),
}
"""Each of a view's fits: the residual in the truths, and in the fit; the last from the nearest rows of the table."""


def rows(found: Recovery) -> list[dict[str, Any]]:
    """One dict for each size of the errors, set-up and fitted parameter; sds are of the prior where not said."""
    return [
        {"errors": view.errors, "truths": truths, "fit": fit, "rows": view.nearest if key == "with_nearest" else "all"}
        | {"parameter": name}
        | _of_fits(getattr(view, key), k, fit == "on", name == found.residual and truths == "off")
        | (_of_missed(view, k) if key == "missed" else {})
        for view in found.views
        for key, (truths, fit) in SET_UPS.items()
        for k, name in enumerate(getattr(view, key).names)
    ]


def _of_fits(own: Fits, k: int, fitted: bool, nil: bool) -> dict[str, Any]:
    """What holds of one parameter in any set-up; of a truth that is always nil, only how often it is held."""
    told: dict[str, Any] = {"histories": len(own.truths), "coverage_90": float(own.held()[:, k].mean())}
    told["shrinkage"] = float(own.shrinkage()[k])
    told["tie_to_residual"] = float(own.tied()[k, -1]) if fitted and k < len(own.names) - 1 else None
    if not nil:
        told |= {
            "p": float(own.check().p_values()[k]),
            "mean_with_truth": float(own.recovered()[k]),
            "error": float(own.check().error[k]),
        }
    return told


def _of_missed(view: View, k: int) -> dict[str, Any]:
    slope, error = (part[k] for part in view.shift())
    told: dict[str, Any] = {
        "shift": float(slope),
        "shift_se": float(error),
        "shift_in_posterior_sds": float(absorbed(view)[k]),
    }
    for size, (low, high) in SIZES.items():
        some = (np.abs(view.size) >= low) & (np.abs(view.size) < high)
        for key, own in (("coverage", view.missed), ("twins", view.without)):
            told[f"{key}_{size}"] = float(own.held()[some, k].mean()) if some.any() else None
    return told


def absorbed(view: View) -> Array:
    """Shift of each posterior mean by one sd of the residual that was not fitted, in sds of the posterior; (a - 1,)."""
    return view.shift()[0] / np.sqrt(np.square(view.missed.sd).mean(axis=0))


def signs(own: Fits) -> dict[str, int]:
    """In how many truths the 90 % interval of the residual lies wholly on the right, the wrong, or some side of nil."""
    side = (own.low[:, -1] > 0).astype(int) - (own.high[:, -1] < 0)
    truth = np.sign(own.truths[:, -1])
    return {
        "right": int((side * truth > 0).sum()),
        "wrong": int((side * truth < 0).sum()),
        "some": int((side != 0).sum()),
    }


def in_words(found: Recovery) -> list[str]:
    """The study in lines of plain text."""
    most = int(np.abs(found.felt).argmax())
    near = int(np.nanargmax(np.abs(found.alike)))
    lines = [
        f"{found.residual}: one sd of its prior ({found.sd:.2g}) moves no summary by more than "
        f"{abs(found.felt[most]):.2g} of what could be told apart ({found.summaries[most]}); of the fitted parameters "
        f"{found.names[near]} moves the summaries most like it (cosine {found.alike[near]:+.2f})"
    ]
    for view in found.views:
        lines.append(f"with {_share(view.errors)} (truths: {len(view.size)}):")
        lines += [f"  {line}" for line in (_found(view), _apart(view), *_missed(view), _imagined(view))]
    return lines


def _share(errors: float) -> str:
    return "the record's errors" if errors == 1 else f"errors {errors:g} times the record's"


def _found(view: View) -> str:
    own, near = view.with_it, view.with_nearest
    p, shrunk, sides = own.check().p_values(), float(own.shrinkage()[-1]), signs(own)
    uneven = [name for name, value in zip(own.names, p, strict=True) if value <= UNEVEN]
    held, count = own.held().mean(axis=0), len(own.truths)
    near_held, near_p = near.held().mean(axis=0), near.check().p_values()
    return (
        f"there and fitted: {verdict(shrunk)}, {doubt(shrunk)}; its mean goes with the truth by "
        f"{own.recovered()[-1]:+.2f}; the 90 % interval holds {held[-1]:.0%} (of the other parameters "
        f"{held[:-1].min():.0%} to {held[:-1].max():.0%}) and leaves out nil on the right side in {sides['right']} of "
        f"{count}, on the wrong side in {sides['wrong']}; ranks uniform with {_p(p[-1])}, "
        + (f"NOT uniform: {', '.join(uneven)}" if uneven else f"smallest of all {_p(p.min())}")
        + f"; from only the nearest {view.nearest} rows of the table, intervals hold {near_held.min():.0%} to "
        f"{near_held.max():.0%}, smallest {_p(near_p.min())}"
    )


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _apart(view: View) -> str:
    """Which parameters the residual cannot be told apart from, or that nothing is said of it at all."""
    own = view.with_it
    tied, names = own.tied()[-1, :-1], own.names[:-1]
    order = np.argsort(-np.abs(tied), kind="stable")
    same = [f"{names[k]} ({tied[k]:+.2f})" for k in order if abs(tied[k]) >= TIED]
    closest = f"{names[order[0]]}, mean posterior correlation {tied[order[0]]:+.2f}"
    if same:
        return f"cannot be told apart from {', '.join(same)}: these histories fix only a combination"
    if verdict(float(own.shrinkage()[-1])) == "not learnt":
        return f"not tied to another parameter because nothing is said of it (closest: {closest})"
    return f"told apart from all others (closest: {closest})"


def _missed(view: View) -> list[str]:
    """Which fitted parameters take up a residual that is there and not fitted, and what that costs."""
    slope, error = view.shift()
    moved = absorbed(view)
    names = view.missed.names
    took = [k for k in np.argsort(-np.abs(moved)) if abs(moved[k]) >= NOTICED and abs(slope[k]) > CLEAR * error[k]]
    held, twins = (own.held().mean(axis=0) for own in (view.missed, view.without))
    if not took:
        k = int(np.abs(moved).argmax())
        failed = held.min() < twins.min() - LOST
        return [
            f"there and not fitted: no parameter takes it up (most: {names[k]}, {moved[k]:+.2f} ± {_se(view, k):.2f} "
            f"sds of its posterior for one sd of it); {'yet ' if failed else ''}90 % intervals hold {held.min():.0%} "
            f"to {held.max():.0%}, without it {twins.min():.0%} to {twins.max():.0%}"
            + (": such histories lie beyond what a fit without it can explain" if failed else "")
        ]
    large = np.abs(view.size) >= SIZES["large"][0]
    return [
        f"there and not fitted: {names[k]} takes it up, by {moved[k]:+.2f} sds of its posterior (± {_se(view, k):.2f}) "
        f"for one sd of it; its 90 % interval holds {held[k]:.0%}, without the residual {twins[k]:.0%}"
        + (f", and {view.missed.held()[large, k].mean():.0%} where the residual is large" if large.any() else "")
        for k in took
    ]


def _se(view: View, k: int) -> float:
    return float(view.shift()[1][k] / np.sqrt(np.square(view.missed.sd[:, k]).mean()))


def _imagined(view: View) -> str:
    own = view.imagined
    sides = signs(own)
    count = len(own.truths)
    return (
        f"not there and fitted: the 90 % interval holds nil in {count - sides['some']} of {count} and sees a residual "
        f"that is not there in {sides['some']} (at most {count / 10:.0f} are due, and fewer, the less is learnt, since "
        "the prior is centred on nil)"
    )
