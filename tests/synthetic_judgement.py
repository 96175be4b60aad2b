"""A made-up judgement that follows the contract of `judgement.json`; nothing in it is a finding."""

from __future__ import annotations

from typing import Any

import numpy as np

from alignsim.study.verdicts import wilson

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
MONTHS = [str(np.datetime64("2024-09", "M") + k) for k in range(64)]
MARGIN = 0.05
TEXT_THAT_IS_NOT_FREE = ("months", "verdict", "expect")
"""Keys whose values are dates or words of a fixed list; their text is not made hostile."""


def judgement(claims: int = 3, calibrated: bool = False) -> dict[str, Any]:
    """Up to three claims: a contrast, a dose-response, and one that is not testable."""
    families = ("signed", "sceptical", "calibrated-signed") if calibrated else ("signed", "sceptical")
    made = [_contrast(families), _dose(families), _not_testable()][:claims]
    return {
        "title": "Does isolation by the West deepen Iran–Russia ties?",
        "scenario": "isolation",
        "world": "west-asia-2024",
        "seed": 20241011,
        "command": ["alignsim", "judge", "scenarios/isolation.yaml", "--runs", "400"],
        "seconds": 41.2,
        "hash": "1a2b3c4d" * 8,
        "claims": made,
        "gates": None,
        "assumed": _assumed(),
    }


def with_every_text(value: Any, change: Any, key: str = "") -> Any:
    """A copy in which `change` was applied to every free text."""
    if isinstance(value, dict):
        return {k: with_every_text(v, change, k) for k, v in value.items()}
    if isinstance(value, list):
        return [with_every_text(v, change, key) for v in value]
    return change(value) if isinstance(value, str) and key not in TEXT_THAT_IS_NOT_FREE else value


def quantiles(samples: Any) -> dict[str, Any]:
    """Quantiles over the first axis, as numbers or lists."""
    return {name: np.round(np.quantile(samples, q, axis=0), 4).tolist() for name, q in QUANTILES.items()}


def belief(effects: Any, verdict: str, **more: Any) -> dict[str, Any]:
    """What one belief family says, from effects (runs,)."""
    n = len(effects)
    events = {"above": effects > MARGIN, "below_minus": effects < -MARGIN, "within": np.abs(effects) <= MARGIN}
    shares = {name: wilson(int(event.sum()), n) for name, event in events.items()}
    return {
        "verdict": verdict,
        "runs": n,
        "effect": {"mean": float(effects.mean()), "sd": float(effects.std()), **quantiles(effects)},
        "probabilities": {name: share.value for name, share in shares.items()},
        "wilson": {name: [share.low, share.high] for name, share in shares.items()},
        "words": shares["above"].words,
        "relative": {"effect": quantiles(effects * 0.7), "above_zero": 0.78, "wilson": [0.73, 0.82]},
        "more_runs": 1200 if verdict == "inconclusive" else None,
        "rejected_draws": 0.031,
    } | more


def _claim(**fields: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("dose", "reverse", "attribution", "failure", "path", "contrast", "why", "note"))
    return empty | {"testable": True, "beliefs": {}, "rivals": [], "label": "theory, not evidence"} | fields


def _contrast(families: tuple[str, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    centre = {"signed": 0.07, "sceptical": 0.005, "calibrated-signed": 0.04}
    draws = {name: rng.normal(centre[name], 0.06, 400) for name in families}
    rise = 1 - np.exp(-np.clip(np.arange(len(MONTHS)) - 5, 0, None) / 15)
    fall = np.where(np.arange(len(MONTHS)) > 34, np.exp(-(np.arange(len(MONTHS)) - 34) / 18), 1.0)
    ridge = draws["signed"][:, None] * rise
    return _claim(
        id="isolation-deepens-ties",
        says="as these two countries are sanctioned more heavily and become isolated from the rest of the world, they "
        "will find more common ground",
        source="article, October 2024",
        note="the headline",
        sentence="If the West isolates Iran and Russia further, their ties probably deepen a little by the end of "
        "2029, but not surely: 62% of the runs under theory-signed beliefs rise by more than 0.05.",
        verdict="inconclusive",
        outcome="alignment of IRN with RUS at 2029-12",
        expect="increase",
        margin=MARGIN,
        contrast="isolation against baseline",
        beliefs={name: belief(values, "inconclusive") for name, values in draws.items()},
        path={"months": MONTHS, **{name: quantiles(v[:, None] * rise) for name, v in draws.items()}},
        reverse={
            "what": "sanctions lifted in July 2027",
            "months": MONTHS,
            "on": quantiles(ridge),
            "relieved": quantiles(ridge * fall),
            "undone": {"q05": 0.2, "q50": 0.61, "q95": 0.9},
            "words": "Half-way relief undoes 61% of what isolation made (90% of runs: 20% to 90%).",
        },
        attribution=_attribution(),
        failure=_failure(rng, draws["signed"]),
        rivals=[
            {"theory": theory, "belief": name, "effect": quantiles(rng.normal(at, width, 400)), "verdict": verdict,
             "words": "unlikely"}
            for theory, name, at, width, verdict in (
                ("balance", "signed", 0.11, 0.03, "supported"), ("landscape", "signed", 0.0, 0.02, "refuted"),
                ("persistence", "fixed", 0.0, 1e-9, "refuted"), ("one-coefficient", "signed", 0.2, 0.06, "supported"),
            )
        ],
    )  # fmt: skip


def _dose(families: tuple[str, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(6)
    levels = np.array([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    shape = {
        "signed": 0.16 * levels * (1.25 - levels) * 2,
        "sceptical": 0.01 * levels,
        "calibrated-signed": 0.05 * levels,
    }
    ridges = {name: shape[name] + rng.normal(0, 0.05, (400, 1)) * levels for name in families}
    peaks = {name: np.bincount(r.argmax(axis=1), minlength=6) / 400 for name, r in ridges.items()}
    ends = {name: r[:, -1] - r[:, 0] for name, r in ridges.items()}
    dose = {
        name: {
            "effect": [quantiles(column) for column in ridge.T],
            "monotone_share": 0.33,
            "monotone_wilson": [0.29, 0.38],
            "peak": {"level": peaks[name].tolist()},
            "threshold": {"level": 0.34, "low": 0.28, "high": 0.44} if name == "signed" else None,
        }
        for name, ridge in ridges.items()
    }
    return _claim(
        id="only-ever-stronger",
        says="the relationship between the two countries will only get stronger as the West further isolates their "
        "autocratic governments",
        source="article, October 2024",
        sentence="More isolation does not only ever help: in two thirds of the runs the tie is strongest before the "
        "last step.",
        verdict="inconclusive",
        outcome="alignment of IRN with RUS at 2029-12",
        expect="rising",
        margin=MARGIN,
        beliefs={name: belief(effect, "inconclusive", relative=None) for name, effect in ends.items()},
        dose={"levels": levels.tolist(), **dose},
    )


def _not_testable() -> dict[str, Any]:
    return _claim(
        id="changed-the-course-of-war",
        says="Shahed attack drones, which have changed the course of modern warfare",
        source="article, October 2024",
        testable=False,
        why="No variable of the model, and no series we know, observes the course of modern warfare.",
        sentence="Nothing the model observes can decide it.",
        verdict="not testable",
        label="",
        outcome=None,
        expect="increase",
        margin=None,
    )


def _attribution() -> dict[str, Any]:
    shares = {"threat": 0.046, "substitution": 0.031, "fear": -0.038, "economic": 0.017, "rivalry": -0.011,
              "arms": 0.009, "ideational": 0.006}  # fmt: skip
    groups = [
        {"name": n, "shapley": s, "low": s - 0.02, "high": s + 0.025, "alone": s * 1.3, "left_out": s * 0.8}
        for n, s in shares.items()
    ]
    return {
        "groups": groups,
        "interaction_share": 0.14,
        "total": sum(shares.values()),
        "runs": 64,
        "expert_judgement_share": 0.57,
        "words": "A shared threat does most of it; fear of secondary sanctions takes a third of it back.",
    }


def _failure(rng: np.random.Generator, effects: Any) -> dict[str, Any]:
    x, y = rng.uniform(0, 1, (2, len(effects)))
    fails = (x > 0.6) & (y < 0.5) | (rng.random(len(effects)) < 0.1)
    steps = np.linspace(0, 1, 25)
    return {
        "fails_share": float(fails.mean()),
        "boxes": [
            {
                "limits": [
                    {"parameter": "substitution.china_share", "low": 0.6, "high": None, "quasi_p": 1e-9},
                    {"parameter": "secondary_sanctions.chill", "low": None, "high": 0.5, "quasi_p": 0.0004},
                ],
                "density": 0.93, "coverage": 0.71, "mass": 0.2,
            }
        ],
        "trajectory": [
            {"mass": 0.95**k, "density": 0.3 + 0.63 * s, "coverage": 1 - 0.35 * s**3} for k, s in enumerate(steps)
        ],
        "words": "It fails where China replaces more than 60% of lost trade and the chill is below half.",
        "cart": {"rules": ["substitution.china_share > 0.61 and secondary_sanctions.chill <= 0.49"], "agrees": True},
        "points": {
            "parameters": ["substitution.china_share", "secondary_sanctions.chill"],
            "x": x.round(3).tolist(), "y": y.round(3).tolist(), "holds": (~fails).tolist(),
        },
    }  # fmt: skip


def _assumed() -> dict[str, Any]:
    parameters = [
        {"path": "sanctions.bite", "value": "normal(0.36, 0.1)", "unit": "share of GDP per year", "low": 0.0,
         "high": 1.0, "source": "Neuenkirch and Neumeier 2015", "expert": False, "pinned": False},
        {"path": "secondary_sanctions.chill", "value": "beta(2, 3)", "unit": "1", "low": 0.0, "high": 1.0,
         "source": "expert judgement, 0.1 to 0.8", "expert": True, "pinned": False},
        {"path": "substitution.china_share", "value": "0.5", "unit": "1", "low": 0.0, "high": 1.0,
         "source": "set in this file", "expert": True, "pinned": True},
    ]  # fmt: skip
    events = [
        {"at": "2024-12", "branch": None, "label": "Assad falls", "probability": 1.0, "source": "8 December 2024"},
        {"at": "2024-10", "branch": None, "label": "Bout's arms for the Houthis (denied)", "probability": 0.3,
         "source": "Wall Street Journal, 6 October 2024; denied"},
        {"at": "2025-01", "branch": None, "label": "Partnership treaty", "probability": 1.0, "source": "17 Jan 2025"},
        {"at": "2025-02", "branch": "isolation", "label": "The West isolates both", "probability": 1.0,
         "source": "a hypothetical"},
        {"at": "2025-02", "branch": "relief", "label": "Relief for Russia", "probability": 1.0, "source": None},
    ]  # fmt: skip
    columns = [
        {"column": "un_position", "title": "Ideal points in the UN General Assembly", "year": 2024,
         "terms": "CC0, cite Bailey, Strezhnev and Voeten 2017"}
    ]  # fmt: skip
    return {"parameters": parameters, "events": events, "columns": columns}
