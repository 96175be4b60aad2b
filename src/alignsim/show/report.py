"""The report: one self-contained HTML page of judged claims, built from their files alone.

Nothing is fetched and no script runs: figures are inline SVG (PNG where that would be large), and the page's own
content policy forbids everything else. All text is cleaned of control characters and escaped.
"""

from __future__ import annotations

import io
import json
import math
import re
import shlex
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from alignsim.errors import FileProblem
from alignsim.files import reason, write_text
from alignsim.show import FIGURES, NEEDS, verdicts
from alignsim.show.style import BELIEFS, RC

JUDGEMENT = "judgement.json"
LARGEST_SVG = 300_000
"""Bytes; a larger figure becomes a PNG, so that the page opens at once on a phone."""
SHARP = 160
"""Dots per inch of such a PNG."""
VERDICTS = ("supported", "refuted", "contradicted", "inconclusive", "not testable")
ROLES = {
    "signed": "what theory implies",
    "sceptical": "the control: no sign is built in",
    "calibrated-signed": "fitted to the past, from the signed prior",
    "calibrated-sceptical": "fitted to the past, from the sceptical prior",
    "fixed": "one set of numbers",
}
"""What each belief family is for."""
OF_THE_RUNS = {
    "Alignment in every branch": "trajectories",
    "Why the first tie moves": "why",
    "What surrounds the first tie": "surroundings",
}
"""Figures of the recorded runs."""
UNFIT = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration, RecursionError,
         jinja2.TemplateError)  # fmt: skip
"""What a judgement of another shape than this version writes can raise."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_JOINERS = "\u200c\u200d"  # some scripts cannot be written without them


def read_judgement(folder: Path) -> dict[str, Any]:
    """The judgement in a folder that `alignsim judge` wrote. Raises FileProblem where there is none to read."""
    path = Path(folder) / JUDGEMENT
    try:
        judgement = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileProblem(f"{folder} has no {JUDGEMENT}; `alignsim judge SCENARIO` writes such a folder") from None
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise FileProblem(f"{path} is not JSON: {error}; `alignsim judge` writes it anew") from error
    claims = judgement.get("claims") if isinstance(judgement, dict) else None
    if not isinstance(claims, list) or not all(isinstance(claim, dict) for claim in claims):
        raise FileProblem(f"{path} is not a judgement: it has no list of claims; `alignsim judge` writes it anew")
    return judgement


def write_report(judgement: Mapping[str, Any], data: Any, path: Path) -> Path:
    """Write the page about a judgement, whole or not at all.

    `judgement` is what `judgement.json` holds; `data` is the results Dataset of its runs, or None, and then the page
    has no figures of them. Raises FileProblem where it cannot be written, or where the judgement lacks what it needs.
    """
    try:
        page = render(judgement, data)
    except UNFIT as error:
        raise FileProblem(f"the judgement cannot be shown: {type(error).__name__}: {error}") from error
    return write_text(Path(path), page)


def render(judgement: Mapping[str, Any], data: Any = None) -> str:
    """The page as text; the same judgement gives the same text."""
    judgement = cleaned(judgement)
    events = (judgement.get("assumed") or {}).get("events") or []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn as a box; the text has it too
        drawings = [_drawings(claim, events, f"c{place}-") for place, claim in enumerate(judgement["claims"], 1)]
        of_the_runs = [] if data is None else _of_the_runs(data)
    return _template().render(
        judgement=judgement,
        claims=list(zip(judgement["claims"], drawings, strict=True)),
        same=_same_attribution(judgement["claims"]),
        of_the_runs=of_the_runs,
        events=verdicts.numbered(events),
        calibrated=any("calibrated-signed" in (claim.get("beliefs") or {}) for claim in judgement["claims"]),
        command=shlex.join(str(word) for word in judgement.get("command") or []),
    )


def _same_attribution(claims: list[Any]) -> dict[str, int]:
    """For a claim whose effect was taken apart already, by id: the place of the earlier claim, from 1."""
    seen: list[Any] = []
    found = {}
    for claim in claims:
        why = claim.get("attribution")
        if why and why in seen:
            found[str(claim.get("id"))] = seen.index(why) + 1
        seen.append(why)
    return found


def cleaned(value: Any) -> Any:
    """A copy whose texts, also those that are keys, hold no terminal codes, control or direction characters."""
    if isinstance(value, str):
        plain = re.sub(r"[\t\r\n\u2028\u2029\x85]+", " ", _ANSI.sub("", value))
        return "".join(c for c in plain if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    if isinstance(value, Mapping):
        return {cleaned(key): cleaned(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(entry) for entry in value]
    return value


def _drawings(claim: Mapping[str, Any], events: list[Any], prefix: str) -> dict[str, Markup]:
    """The figures of a claim by name: those for which the judgement has numbers."""
    failure, path = claim.get("failure") or {}, claim.get("path") or {}
    marks = verdicts.markers(events, claim)
    wanted: dict[str, tuple[Any, Callable[[], Figure]]] = {
        "curve": (claim.get("beliefs"), lambda: verdicts.specification_curve(claim)),
        "path": (path.get("months"), lambda: verdicts.effect_path(claim, marks)),
        "attribution": (claim.get("attribution"), lambda: verdicts.attribution(claim)),
        "failure": (failure.get("points"), lambda: verdicts.failure_region(claim)),
        "peeling": (failure.get("trajectory"), lambda: verdicts.peeling(claim)),
        "dose": ((claim.get("dose") or {}).get("levels"), lambda: verdicts.dose_response(claim)),
        "reverse": ((claim.get("reverse") or {}).get("months"), lambda: verdicts.reverse_test(claim)),
    }
    return {
        name: embedded(draw(), f"{prefix}{name}-", f"{ALTERNATIVES[name]} {claim.get('says') or ''}")
        for name, (there, draw) in wanted.items()
        if there
    }


ALTERNATIVES = {
    "curve": "Effect and verdict under every theory and belief. Claim:",
    "path": "Effect, or the outcome itself, month by month under each belief. Claim:",
    "attribution": "What each group of mechanisms adds to the effect. Claim:",
    "failure": "Runs in which the claim holds and fails, over two parameters. Claim:",
    "peeling": "Density and coverage of the boxes on the way. Claim:",
    "dose": "Effect at each dose. Claim:",
    "reverse": "Effect when the cause stays and when it is taken back half-way. Claim:",
}
"""What a reader who cannot see a figure is told; the numbers are in the tables."""


def _of_the_runs(data: Any) -> list[tuple[str, Markup]]:
    """Headings and figures of the recorded runs, where the variables are there."""
    drawn = []
    for place, (heading, name) in enumerate(OF_THE_RUNS.items()):
        if all(variable in data for variable in NEEDS[name]):
            figure = FIGURES[name](data)
            drawn.append((heading, embedded(figure, f"r{place}-", str(figure.get_label()))))
    return drawn


def embedded(figure: Figure, prefix: str, words: str) -> Markup:
    """A figure as an element of the page: SVG whose ids start with `prefix`, or a PNG where that would be large."""
    label = escape(cleaned(words).strip())
    svg = _drawn(figure, "svg").decode("utf-8")
    if len(svg) > LARGEST_SVG:
        import base64

        content = base64.b64encode(_drawn(figure, "png")).decode("ascii")
        return Markup(f'<img alt="{label}" src="data:image/png;base64,{content}">')  # both are safe by now
    shape = re.search(r'viewBox="[-0-9. ]+"', svg)
    inner = svg[svg.index(">", svg.index("<svg")) + 1 :]
    inner = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", inner, flags=re.DOTALL)
    used = set(re.findall(r'href="#([^"]+)|url\(#([^)]+)', inner))
    wanted = {name for pair in used for name in pair}
    inner = re.sub(r' id="([^"]*)"', lambda found: found.group() if found[1] in wanted else "", inner)
    inner = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}", inner)
    return Markup(f'<svg role="img" aria-label="{label}" {shape.group() if shape else ""}>{inner.strip()}')


def _drawn(figure: Figure, kind: str) -> bytes:
    """Bytes of a figure without a date or a maker."""
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type") if kind == "svg" else ("Software",))
    content = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        figure.savefig(content, format=kind, metadata=nothing, dpi=SHARP)
    return content.getvalue()


# --- how numbers and words are put


def _template() -> jinja2.Template:
    folder = jinja2.FileSystemLoader(Path(__file__).with_name("templates"))
    page = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"signed": signed, "share": share, "plain": plain, "range": interval, "kind": kind,
                     "readable": verdicts.readable, "ranked": verdicts.ranked}  # fmt: skip
    page.globals |= {"BELIEFS": BELIEFS, "ROLES": ROLES}
    return page.get_template("report.html")


def signed(value: Any, digits: int = 3) -> str:
    """ "+0.050", "−0.050", "0.000"; a dash where there is no number."""
    if not _is_number(value):
        return "–"
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def plain(value: Any) -> str:
    """A number in few digits, "open" where there is no limit."""
    return f"{value:.3g}".replace("-", "−") if _is_number(value) else "open"


def share(value: Any) -> str:
    """ "62%"; "<1%" and ">99%" where rounding would claim certainty."""
    if not _is_number(value):
        return "–"
    if 0 < value < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= value < 1 else f"{value:.0%}".replace("-", "−")


def interval(pair: Any) -> str:
    """ "53–63%", of two shares; nothing where there are not two."""
    if not isinstance(pair, list) or len(pair) != 2 or not all(map(_is_number, pair)):
        return ""
    return f"{pair[0] * 100:.0f}–{pair[1] * 100:.0f}%"


def kind(verdict: Any) -> str:
    """The class of a verdict in the style sheet: only words of our own."""
    return str(verdict).replace(" ", "-") if verdict in VERDICTS else "unknown"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
