"""Derive outlines.json from world-atlas 2.0.2 (Natural Earth 4.1.0, 1:110m).

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python src/alignsim/data/map/build.py package/countries-110m.json

The result maps a code to its outer rings, each a flat list [lon, lat, lon, lat, ...] in tenths of a degree. Codes are
ISO 3166-1 alpha-3; land without one (and land that is no state of ours) keeps a key that begins with "-". What is
enclosed by another state is listed after it, so that drawing in order shows it. Antarctica is left out.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

from alignsim.world.codes import Codes

HERE = Path(__file__).resolve().parent
TENTHS = 10
Point = tuple[float, float]
Ring = list[Point]


def main(topojson: str) -> None:
    """Write outlines.json beside this file and say how much it holds."""
    topology = json.loads(Path(topojson).read_text(encoding="utf-8"))
    arcs = [decode(arc, topology["transform"]) for arc in topology["arcs"]]
    codes = Codes()
    outlines: dict[str, list[list[int]]] = {}
    enclosed = []
    for shape in topology["objects"]["countries"]["geometries"]:
        name = shape["properties"]["name"]
        if name == "Antarctica":
            continue
        code = codes.number(int(shape.get("id", 0))) or codes.named(name) or f"-{name}"
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        rings = [piece for polygon in polygons for piece in cut(stitch(polygon[0], arcs))]
        outlines[code] = [flat for flat in map(rounded, rings) if len(flat) >= 8]
        enclosed += [inner for polygon in polygons for inner in polygon[1:]]
    ordered = dict(sorted(outlines.items(), key=lambda item: (item[0] in inside(enclosed, arcs, outlines), item[0])))
    lines = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in ordered.items())
    text = "{\n" + lines + "\n}\n"
    (HERE / "outlines.json").write_text(text, encoding="utf-8")
    print(f"{len(ordered)} outlines, {sum(map(len, ordered.values()))} rings, {len(text) / 1000:.0f} kB")


def decode(arc: list[list[int]], transform: dict[str, list[float]]) -> Ring:
    """An arc of TopoJSON (differences of whole numbers) in degrees (TopoJSON specification 2013, section 2.1.3)."""
    x = y = 0
    (x_scale, y_scale), (x_first, y_first) = transform["scale"], transform["translate"]
    points = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        points.append((x_scale * x + x_first, y_scale * y + y_first))
    return points


def stitch(indices: list[int], arcs: list[Ring]) -> Ring:
    """The closed ring of several arcs; ~i means arc i backwards."""
    ring: Ring = []
    for index in indices:
        points = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += points[1:] if ring else points
    return ring


def cut(ring: Ring) -> list[Ring]:
    """The ring, or its pieces on both sides of 180 degrees when it crosses that meridian."""
    unwrapped = [ring[0]]
    for (before, _), (after, latitude) in pairwise(ring):
        step = (after - before + 180) % 360 - 180
        unwrapped.append((unwrapped[-1][0] + step, latitude))
    if all(-180.0001 <= x <= 180.0001 for x, _ in unwrapped):
        return [unwrapped]
    pieces = []
    for shift in (-360, 0, 360):
        moved = [(x + shift, y) for x, y in unwrapped]
        pieces.append(clip(clip(moved, -180, keep_right=True), 180, keep_right=False))
    return [piece for piece in pieces if len(piece) >= 4]


def clip(ring: Ring, meridian: float, keep_right: bool) -> Ring:
    """The part of a ring on one side of a meridian (Sutherland and Hodgman 1974)."""
    sign = 1 if keep_right else -1
    kept: Ring = []
    for (x0, y0), (x1, y1) in pairwise(ring):
        if sign * (x0 - meridian) >= 0:
            kept.append((x0, y0))
        if (x0 - meridian) * (x1 - meridian) < 0:
            kept.append((meridian, y0 + (y1 - y0) * (meridian - x0) / (x1 - x0)))
    return [*kept, kept[0]] if kept else []


def rounded(ring: Ring) -> list[int]:
    """Tenths of a degree, without repeated points."""
    points = [(round(x * TENTHS), round(y * TENTHS)) for x, y in ring]
    kept = [points[0], *(after for before, after in pairwise(points) if after != before)]
    return [value for point in kept for value in point]


def inside(holes: list[list[int]], arcs: list[Ring], outlines: dict[str, list[list[int]]]) -> set[str]:
    """Codes whose only ring is one of the holes."""
    shapes = [set(zip(*[iter(rounded(stitch(hole, arcs)))] * 2, strict=True)) for hole in holes]
    return {
        code
        for code, rings in outlines.items()
        if len(rings) == 1 and set(zip(*[iter(rings[0])] * 2, strict=True)) in shapes
    }


if __name__ == "__main__":
    main(sys.argv[1])
