"""What the data themselves say of the claim, as `alignsim evidence` does it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alignsim.api.folders import RESULTS, write_folder
from alignsim.api.origin import command_line, version, versions
from alignsim.api.running import told
from alignsim.errors import UsageError


@dataclass(frozen=True)
class Evidence:
    """Descriptive facts of a record: `table` is one dict for each number, `words` what they say, the answer first."""

    record: Any
    table: list[dict[str, Any]]
    words: list[str]
    provenance: dict[str, Any]

    def _repr_html_(self) -> str:
        from alignsim.show import notebook

        return notebook.evidence(self)

    def plain(self) -> list[dict[str, Any]]:
        """The table with None for what is not known, as JSON wants it."""
        return [
            {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
            for row in self.table
        ]

    def save(self, out: str | os.PathLike[str] = RESULTS, figures: bool = True) -> Path:
        """Write `out/evidence/<time>-<hash>/`: evidence.csv, summary.txt, manifest.json and the figures."""
        import pandas

        from alignsim.files import write_text

        text = pandas.DataFrame(self.table).to_csv(index=False, float_format="%.6g", lineterminator="\n")

        def fill(folder: Path) -> None:
            write_text(folder / "evidence.csv", text)
            write_text(folder / "summary.txt", "\n".join(self.words) + "\n")
            write_text(folder / "manifest.json", json.dumps(self.provenance, indent=2, ensure_ascii=False) + "\n")
            if figures:
                from alignsim.show.evidence import draw_all

                (folder / "figures").mkdir()
                draw_all(self.record, self.table, folder / "figures")

        return write_folder(Path(out) / "evidence", hashlib.sha256(text.encode()).hexdigest(), fill)


def evidence(
    panel: str | os.PathLike[str] | None = None,
    source: str | os.PathLike[str] | None = None,
    *,
    progress: Any = None,
) -> Evidence:
    """The facts of a panel (a folder or a packaged name), or of the table of pairs and years below the folder `source`.

    Writes nothing. Raises UsageError for both at once and for a
    record that holds too little, FileProblem where a file or linearmodels is missing, InvalidInput for a wrong table.
    """
    from alignsim.study.evidence import record, report
    from alignsim.world import panel as panels

    if panel is not None and source is not None:
        raise UsageError("give either a panel (--panel) or a folder of data (--from), not both")
    if source is None:
        own = record.of_panel(panels.read(None if panel is None else str(panel)))
    else:
        own = record.of_folder(str(source))
    first, last = own.voted()
    with (progress or partial(told, unit="steps"))("looking at the record") as said:
        table = report.rows(own, said)
    provenance = {
        "alignsim": version(),
        "command": command_line(),
        "versions": versions() | _versions(),
        "record": own.name,
        "states": list(own.states),
        "years": [own.years[0], own.years[-1]],
        "votes": [first, last],
        "sources": own.sources,
    }
    return Evidence(own, table, report.in_words(table, own), provenance)


def _versions() -> dict[str, str]:
    from importlib.metadata import version as installed

    return {name: installed(name) for name in ("linearmodels", "pandas")}
