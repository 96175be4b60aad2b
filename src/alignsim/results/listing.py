"""What lies in a folder of results: runs, judgements and sweeps, each in a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alignsim.errors import FileProblem

MANIFEST, SUMMARY, JUDGEMENT = "manifest.json", "summary.json", "judgement.json"
KINDS = {JUDGEMENT: "judgement", "sweep.nc": "sweep", "journal.sqlite": "sweep", "minima.csv": "landscape",
         "scores.csv": "hindcast"}  # fmt: skip
"""What a folder with such a file is, where its manifest does not say it; else it is a run."""
DEPTH = 3
"""Folders below the one that is listed: results/<scenario>/<run>."""


def listing(folder: str | Path) -> list[dict[str, Any]]:
    """Every run, judgement and sweep in `folder` and below, the oldest first.

    Each has: folder, kind, scenario, finished (UTC), runs, seed, belief, headline. What cannot be read is listed with
    the reason as its headline and the kind "unreadable". Raises FileProblem where there is no such folder.
    """
    top = Path(folder)
    if not top.is_dir():
        words = "is a file" if top.exists() else "is not there; runs are written to `results` unless --out says so"
        raise FileProblem(f"{top} {words}")
    found = [_entry(place) for place in _places(top)]
    return sorted(found, key=lambda entry: (entry["finished"], entry["folder"]))


def _places(top: Path) -> Iterator[Path]:
    """Folders that hold something of ours."""
    level = [top]
    for _ in range(DEPTH + 1):
        for place in level:
            if any((place / name).is_file() for name in (MANIFEST, *KINDS)):
                yield place
        level = [entry for place in level for entry in sorted(place.iterdir()) if _is_folder(entry)]


def _is_folder(entry: Path) -> bool:
    return entry.is_dir() and not entry.is_symlink() and not entry.name.startswith(".")


def _entry(place: Path) -> dict[str, Any]:
    known: dict[str, Any] = {"folder": str(place), "kind": "unreadable", "scenario": "", "finished": "", "runs": None,
                             "seed": None, "belief": "", "headline": ""}  # fmt: skip
    try:
        manifest, judgement, summary = (_read(place / name) for name in (MANIFEST, JUDGEMENT, SUMMARY))
        known |= {key: manifest[key] for key in ("scenario", "finished", "runs", "seed", "belief") if key in manifest}
        kind = manifest.get("kind") or next((k for name, k in KINDS.items() if (place / name).is_file()), "run")
        known |= {"kind": str(kind), "headline": ""}
        if kind == "judgement":
            known |= _judgement(judgement)
        elif kind == "sweep":
            known["headline"] = _of_sweep(manifest)
        elif kind == "run":
            known["headline"] = _of_run(summary)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        known |= {"kind": "unreadable"}
        known["headline"] = f"cannot be read: {type(error).__name__}: {error}"
    return known


def _read(path: Path) -> dict[str, Any]:
    """The content of a JSON file, nothing where it is not there."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} is not a mapping")
    return content


def _judgement(content: dict[str, Any]) -> dict[str, Any]:
    claims = content["claims"]
    first = claims[0] if claims else {}
    words = f"{first['id']}: {first['verdict']}" if claims else "no claim"
    more = f" (and {len(claims) - 1} more)" if len(claims) > 1 else ""
    beliefs = first.get("beliefs") or {}
    runs = next((own["runs"] for own in beliefs.values()), None)
    known = {"headline": words + more, "scenario": content["scenario"], "seed": content["seed"]}
    return known | ({"runs": runs, "belief": ", ".join(beliefs)} if beliefs else {})


def _of_run(summary: dict[str, Any]) -> str:
    """What the first branch changes in the first tie."""
    row = next((row for row in summary.get("ties", []) if "difference" in row), None)
    if row is None:
        return "one branch: nothing is compared" if "ties" in summary else ""
    change = row["difference"]
    size = f"{change['q50']:+.3f} ({change['q05']:+.2f} to {change['q95']:+.2f})"
    return f"{row['dyad']}, {row['branch']}: {size}"


def _of_sweep(manifest: dict[str, Any]) -> str:
    """How large it is; without a manifest it has not come to its end."""
    if not manifest:
        return "not finished: the same command goes on"
    failed = manifest.get("failed")
    return f"{manifest.get('points', '?')} points" + (f", {failed} rows failed" if failed else "")
