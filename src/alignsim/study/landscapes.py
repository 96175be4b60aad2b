"""The sides that would form in a landscape: every local minimum, its energy and its basin, and who suffers in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignsim.scenario.landscape import Landscape
from alignsim.theories import landscape as theory

Array = Any


@dataclass(frozen=True)
class Minima:
    """The local minima of a landscape, the lowest energy first (the most often reached, where only sampled)."""

    landscape: Landscape
    minima: tuple[theory.Minimum, ...]
    starts: int
    """Configurations of which each was followed downhill: all 2^(N-1), or the random starts."""
    complete: bool
    """Whether every configuration was looked at; otherwise minima with small basins may be missing."""

    def rows(self) -> list[dict[str, Any]]:
        """One row for each minimum: its number, energy, basin, share of starts (0..1), and who stands on each side."""
        return [
            {
                "minimum": k,
                "energy": own.energy,
                "basin": own.basin,
                "share": own.share,
                **dict(zip(("side_1", "side_2"), map("; ".join, own.coalitions(self.landscape.names)), strict=True)),
            }
            for k, own in enumerate(self.minima, 1)
        ]

    def by_actor(self) -> list[dict[str, Any]]:
        """One row for each minimum and actor: size, side (1 or 2), and what it suffers from where it stands."""
        rows = []
        for k, own in enumerate(self.minima, 1):
            suffers = frustration(own, self.landscape)
            listed = zip(self.landscape.actors.items(), own.sides, suffers, strict=True)
            for (name, size), side, pain in listed:
                rows.append({"minimum": k, "actor": name, "size": size, "side": side + 1, "frustration": float(pain)})
        return rows

    def summary(self) -> Mapping[str, Any]:
        """As summary.json holds it."""
        return {
            "title": self.landscape.title,
            "theory": "landscape",
            "actors": len(self.landscape.actors),
            "configurations": 2 ** (len(self.landscape.actors) - 1),
            "starts": self.starts,
            "complete": self.complete,
            "minima": self.rows(),
        }


def explore(landscape: Landscape) -> Minima:
    """All local minima with their exact basins up to 20 actors; beyond, those reached from random starts."""
    size, propensity = np.array(list(landscape.actors.values()), float), np.array(landscape.matrix())
    if len(size) <= theory.LARGEST:
        found = theory.minima(size, propensity)
        return Minima(landscape, tuple(found), 2 ** (len(size) - 1), True)
    sampled = theory.sampled_minima(size, propensity, landscape.starts, landscape.seed)
    return Minima(landscape, tuple(sampled), landscape.starts, False)


def frustration(minimum: theory.Minimum, landscape: Landscape) -> Array:
    """What each actor suffers from where it stands, (N,), in size times propensity; negative where it stands well."""
    size, propensity = np.array(list(landscape.actors.values()), float), np.array(landscape.matrix())
    return theory.frustration(np.array(minimum.sides), size, propensity)
