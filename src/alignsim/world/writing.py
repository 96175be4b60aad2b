"""Writes a world as the folder of small tables that `load` reads back."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

from alignsim.files import write_text
from alignsim.world.columns import DYADS, FLOWS, POSITIONS, SANCTIONS, STATES, TABLES, Column
from alignsim.world.world import World


def write(world: World, folder: str | Path) -> Path:
    """Write `world` as a folder that `load` reads back; numbers keep three to five significant digits."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    n, d = len(world.states), len(world.issues)
    upper = [(i, j) for i in range(n) for j in range(i + 1, n)]
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    sanctions = {c.name: getattr(world, f"sanction_{c.name}", None) for c in SANCTIONS}
    sanctions |= {"embargo": world.embargo, "secondary": world.secondary}
    tables: dict[str, tuple[list[Any], tuple[Column, ...], dict[str, Any] | None]] = {
        "states.csv": ([((c, world.names[c]), k) for k, c in enumerate(world.states)], STATES, None),
        "dyads.csv": ([((world.states[i], world.states[j]), (i, j)) for i, j in upper], DYADS, None),
        "flows.csv": ([((world.states[i], world.states[j]), (i, j)) for i, j in pairs], FLOWS, None),
        "sanctions.csv": ([((world.states[i], world.states[j]), (i, j)) for i, j in pairs], SANCTIONS, sanctions),
        "positions.csv": (
            [((world.states[i], world.issues[k]), (i, k)) for i in range(n) for k in range(d)], POSITIONS, None
        ),
    }  # fmt: skip
    for file, (rows, columns, arrays) in tables.items():
        values = {c.name: (arrays or {}).get(c.name, getattr(world, c.name, None)) for c in columns}
        write_text(folder / file, _csv_text(file, rows, columns, values))
    meta = {
        "name": world.name,
        "title": world.title,
        "month": world.month,
        "issues": [
            {"name": name, "salience": round(float(world.salience[k]), 3), **world.descriptions.get(name, {})}
            for k, name in enumerate(world.issues)
        ],
        "senders": list(world.senders),
        "groups": {name: list(members) for name, members in sorted(world.groups.items())},
        "actors": {
            a.code: {"name": a.name, "patron": a.patron, "opponents": list(a.opponents), "source": a.source}
            for a in world.actors.values()
        },
    }
    write_yaml(folder / "world.yaml", meta)
    if world.sources:
        write_yaml(folder / "sources.yaml", world.sources)
    return folder


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write a mapping as YAML, in its own order, the innermost lists and mappings on one line."""
    import yaml

    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None))


def _csv_text(file: str, rows: list[tuple[tuple[str, ...], Any]], columns: tuple[Column, ...], values: dict) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*TABLES[file][0], *(c.name for c in columns)])
    sparse = file in ("flows.csv", "sanctions.csv", "positions.csv")
    for key, place in rows:
        numbers = [figure(values[c.name][place], c.digits) for c in columns]
        if sparse and all(number == figure(c.default, c.digits) for number, c in zip(numbers, columns, strict=True)):
            continue
        cells = ["" if c.default == 0 and number == "0" else number for number, c in zip(numbers, columns, strict=True)]
        table.writerow([*key, *cells])
    return out.getvalue()


def figure(value: float | None, digits: int) -> str:
    """A number with `digits` significant digits and no needless zeros: 1234.5 -> 1234, 0.1200 -> 0.12."""
    if value is None or math.isnan(value):
        return ""
    rounded = float(f"{value:.{digits}g}")
    return (
        f"{rounded:.15g}" if abs(rounded) >= 1e-4 or rounded == 0 else f"{rounded:.6f}".rstrip("0").rstrip(".") or "0"
    )
