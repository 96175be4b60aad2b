"""The notebooks run from top to bottom, show pictures, and keep nothing; and what calls return shows itself there."""

from __future__ import annotations

import ast
import json
import re
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pandas
import pytest
from nbclient import NotebookClient

import alignsim
from alignsim import api
from alignsim.api import running
from alignsim.show import notebook
from small_runs import scenario

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MECHANISM = "06-writing-your-own-mechanism"
LONG = {"03-sensitivity-sweep", "04-judging-your-own-claim", MECHANISM}
"""Notebooks that are run by `pytest -m science` only; what they call is tested elsewhere as well."""
RUN = [pytest.param(path, id=path.stem, marks=[pytest.mark.science] * (path.stem in LONG)) for path in NOTEBOOKS]


def named(path: Path) -> str:
    return path.stem


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert {"01-first-run", "02-plotting-trajectories", MECHANISM} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", RUN)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")  # of the kernel's own transport
def test_a_notebook_runs_and_shows_pictures(path: Path, tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    book = read(path)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 1
    assert not [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_kept_without_output(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_defines_no_function_but_the_mechanism_of_the_last(path: Path) -> None:
    defined = [
        node.name
        for source in code(path)
        if not source.startswith("%%")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda))
    ]
    assert defined == []
    written = [source for source in code(path) if source.startswith("%%writefile") and "def " in source]
    assert len(written) == (path.stem == MECHANISM)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_links_of_a_notebook_lead_somewhere(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert all((path.parent / link).exists() for link in links), links


# --- what shows itself in a notebook


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenario(tmp_path_factory.mktemp("notebooks"))


@pytest.fixture(scope="module")
def results(file: Path) -> api.Results:
    return alignsim.run(file, jobs=1)


def test_results_show_medians_and_intervals_with_what_was_run(results: api.Results) -> None:
    shown = results._repr_html_()
    change = results.summary()["ties"][1]["difference"]["q50"]
    assert f"<td>{change:+.3f}</td>".replace("-", "−") in shown
    assert "6 runs of 9 months, seed 3" in shown and "uncalibrated" in shown


def test_what_a_user_wrote_is_escaped(file: Path) -> None:
    results = alignsim.run(file, runs=1, jobs=1, set=['title="<script>alert(1)</script>"'])
    assert "<script>" not in results._repr_html_() and "&lt;script&gt;" in results._repr_html_()


def test_a_judgement_shows_its_sentences_and_verdicts_and_draws_its_claims(file: Path) -> None:
    judgement = alignsim.judge(file, quick=True, jobs=1)
    (claim,) = judgement.claims
    shown = judgement._repr_html_()
    assert claim["verdict"] in shown and "closer" in shown
    drawn = judgement.plot.path("closer")
    said = " ".join(text.get_text().replace("\n", " ") for text in drawn.texts)
    assert "“they grow closer”" in said and "50% and 90%" in said
    with pytest.raises(alignsim.errors.UsageError, match="did you mean 'closer'"):
        judgement.plot.path("closr")
    with pytest.raises(alignsim.errors.UsageError, match="has nothing for the figure 'attribution'"):
        judgement.plot.attribution()
    with pytest.raises(AttributeError, match="there is no figure 'pth'"):
        judgement.plot.pth()


def test_a_comparison_and_a_listing_show_themselves(results: api.Results, tmp_path: Path) -> None:
    assert "B − A" in alignsim.compare(results, results)._repr_html_()
    api.save(results, tmp_path, figures=False)
    assert "IRN-RUS, isolation" in alignsim.ls(tmp_path)._repr_html_()


def test_a_figure_shows_itself_as_a_picture_of_its_own_size(results: api.Results) -> None:
    figure = results.plot.trajectories()
    content, size = figure._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert size["width"] == round(90 * figure.get_size_inches()[0])


BITE = {"sanctions.bite": "0:2:3", "branches.isolation[0].intensity": "0.5,0.9"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def swept(file: Path) -> api.Sweep:
    return alignsim.sweep(file, BITE, runs=4, jobs=1)


def test_a_sweep_shows_where_its_effects_are_least_and_largest(swept: api.Sweep) -> None:
    (row,) = swept.summary()
    shown = swept._repr_html_()
    assert "6 points, 4 runs each" in shown and "grid design, N = 6" in shown and "uncalibrated" in shown
    assert f"<td>{row['largest']:+.3f}</td>".replace("-", "−") in shown and abs(row["largest"]) > 5e-4
    assert f"sanctions.bite {row['largest_at']['sanctions.bite']:.3g}" in shown
    assert notebook.sweep(replace(swept, names=(SCRIPT, "b"))).count("<script>") == 0


def test_a_sweep_opened_again_shows_the_same(swept: api.Sweep, tmp_path: Path) -> None:
    swept.save(tmp_path)
    assert alignsim.open_sweep(tmp_path)._repr_html_() == swept._repr_html_()


def test_an_estimate_says_points_runs_time_memory_and_disk(file: Path) -> None:
    shown = alignsim.estimate(file, BITE, runs=4, out="kept", jobs=1)._repr_html_()
    assert "24 (4 at each point), in 2 branches" in shown and "kept/small/sweep-" in shown
    assert all(f"<td>{word}</td>" in shown for word in ("points", "runs", "time", "memory", "disk", "folder"))


def test_what_a_sweep_depends_on_shows_itself_in_words_and_numbers(swept: api.Sweep) -> None:
    found = alignsim.sensitivity(swept)
    (words,), (moved,) = found.words.values(), found.swings.values()
    shown = found._repr_html_()
    assert words in shown and f"± {moved[0].half:.3f}" in shown
    effects = (replace(swept.effects[0], name=SCRIPT),)
    shown = replace(found, swings={SCRIPT: moved}, sweep=replace(swept, effects=effects))._repr_html_()
    assert "&lt;script&gt;" in shown and "<script>" not in shown


def test_indices_show_their_ranks_and_intervals(file: Path) -> None:
    vary = {"sanctions.bite": "0..3", "trust.weight": "0..0.3"}
    swept = alignsim.sweep(file, vary, design="morris", points=4, runs=2, jobs=1)
    found = alignsim.sensitivity(swept)
    (said,) = found.analyses.values()
    columns, rows = notebook.indices(found, next(iter(found.words)))
    assert columns == ["input", "rank", "mean size of effects", "mean effect", "spread of effects"]
    first = said.labels.index(rows[0][0])
    assert rows[0][2] == f"{said.main.values[first]:.3f} ± {said.main.half[first]:.3f}"
    assert rows[0][2] in found._repr_html_()


def test_figures_of_a_sweep_are_drawn_by_name(swept: api.Sweep) -> None:
    found = alignsim.sensitivity(swept)
    assert {"response", "map", "tornado"} <= set(dir(found.plot))
    for figure in (found.plot.response(), found.plot.tornado(), found.plot.map()):
        assert "effect of isolation" in figure.get_label()
    one, two = swept.names
    across = found.plot.map(inputs=(two, one)).axes[0]
    assert across.get_ylabel() == "sanctions.bite (log points)" and across.get_xlabel().endswith("intensity (0 to 1)")
    with pytest.raises(alignsim.errors.UsageError, match="grid design of this size has nothing for the figure 'sobol'"):
        found.plot.sobol()
    with pytest.raises(alignsim.errors.UsageError, match="did you mean 'closer'"):
        found.plot.map("closr")
    with pytest.raises(alignsim.errors.UsageError, match="two that a map is drawn over"):
        found.plot.map(inputs=(one,))
    with pytest.raises(AttributeError, match="there is no figure 'tornados'"):
        found.plot.tornados()


def score(forecaster: str, outcome: str, value: float) -> dict[str, Any]:
    return {"outcome": outcome, "horizon": 1, "group": "all pairs", "forecaster": forecaster, "score": "crps skill",
            "value": value, "low": value - 0.01, "high": value + 0.01, "low_by_state": -1.0, "high_by_state": 1.0,
            "n": 9}  # fmt: skip


def test_a_hindcast_shows_its_words_and_its_skill() -> None:
    table = [score("consent, signed", "agreement", 0.07), score(SCRIPT, "trade", -0.03)]
    shown = api.Hindcast(None, table, ["Agreement:", f"  1 year ahead: {SCRIPT}"], {})._repr_html_()
    assert "consent, signed" in shown and "agreement 1 y" in shown and "trade 1 y" in shown and "1 year ahead" in shown
    assert "<script>" not in shown


def test_evidence_shows_its_answer_first_and_its_coefficients() -> None:
    record = ROOT / "results" / "evidence" / "evidence.csv"
    table = pandas.read_csv(record, keep_default_na=False, na_values=[""]).to_dict("records")
    shown = api.Evidence(None, table, ["The answer.", f"More {SCRIPT}."], {})._repr_html_()
    assert shown.index("The answer.") < shown.index("<table>") < shown.index("More ")
    columns, rows, note = notebook.coefficients(table)
    assert len(rows) >= 4 and all(len(row) == len(columns) and row[-1] for row in rows)
    assert rows[0][-1].split(" ")[0] in shown and note[:20] in shown and "<script>" not in shown


def test_a_calibration_shows_what_was_learnt_of_each_parameter() -> None:
    kept = ROOT / "results" / "calibration" / "signed" / "calibration.json"
    told = json.loads(kept.read_text(encoding="utf-8"))
    told["words"].append(SCRIPT)
    shown = api.Calibrations(signed=told)._repr_html_()
    assert "From the signed prior" in shown and "<script>" not in shown
    for path, one in told["fitted"].items():
        assert path in shown and f"<td>{one['after'][1]:.3g} (".replace("-", "−") in shown
        assert f"<td>{one['shrinkage']:.0%}</td>".replace("-", "−") in shown


def test_a_judgement_is_opened_again_with_its_claims_and_figures(file: Path, tmp_path: Path) -> None:
    judgement = alignsim.judge(file, quick=True, jobs=1)
    again = alignsim.open_judgement(alignsim.save_judgement(judgement, tmp_path))
    assert again._repr_html_() == judgement._repr_html_() and again.scenario_text == judgement.scenario_text
    assert again.plot.path("closer").axes
    with pytest.raises(alignsim.errors.FileProblem, match=r"has no judgement\.json"):
        alignsim.open_judgement(tmp_path)


def test_a_world_and_a_state_are_described_with_units_and_sources(file: Path) -> None:
    world = alignsim.describe(file.parent / "six")
    assert set(world["states"]) >= {"IRN", "RUS"} and "<b>Sources</b>" in world._repr_html_()
    state = alignsim.describe(alignsim.load_world(str(file.parent / "six")), "iran")
    shown = state._repr_html_()
    assert "bn USD a year" in shown and "<b>Closest</b>" in shown
    state["name"] = SCRIPT
    assert "<script>" not in state._repr_html_()


def test_a_resolved_scenario_and_a_clean_check_are_shown_as_text(file: Path) -> None:
    text = alignsim.resolved(file, set=[f'title="{SCRIPT}"'])
    shown = text._repr_html_()
    assert SCRIPT in text and "<script>" not in shown
    assert shown.count("\n") == len(text.splitlines()) - 1
    found = alignsim.validate(file)
    assert found == () and "No mistake" in found._repr_html_()
    odd = type(found)([alignsim.errors.Problem(3, 1, SCRIPT, "is odd")])
    assert "<td>3:1</td>" in odd._repr_html_() and "<script>" not in odd._repr_html_()


def test_the_table_of_calls_has_every_command_and_only_calls_that_there_are() -> None:
    from alignsim.cli import COMMANDS

    text = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `alignsim")]
    assert {re.match(r"\| `alignsim ([a-z]+)", row[0])[1] for row in rows} == set(COMMANDS)  # type: ignore[index]
    named = set(re.findall(r"`alignsim\.(\w+)\(", " ".join(row[1] for row in rows)))
    assert named <= set(alignsim.__all__) and {"sweep", "estimate", "sensitivity", "hindcast"} <= named


class Shell:
    kernel = object()


class Display:
    """Stands for IPython.display and keeps what is drawn."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def HTML(self, text: str) -> str:
        return text

    def display(self, text: str, display_id: bool) -> Display:
        self.drawn.append(text)
        return self

    def update(self, text: str) -> None:
        self.drawn.append(text)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    """A notebook, as far as alignsim can tell."""
    shown = Display()
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = Shell  # type: ignore[attr-defined]
    page = types.ModuleType("IPython.display")
    page.HTML, page.display = shown.HTML, shown.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    return shown


def test_in_a_notebook_a_run_draws_a_bar_that_is_gone_at_the_end(file: Path, display: Display) -> None:
    alignsim.run(file, jobs=1)
    assert "simulating" in display.drawn[0] and display.drawn[-1] == ""
    assert 'value="6" max="6"' in display.drawn[-2]


def test_a_sweep_draws_a_bar_and_evidence_counts_steps(file: Path, display: Display) -> None:
    alignsim.sweep(file, {"sanctions.bite": "0,1"}, runs=3, jobs=1)
    assert "sweeping" in display.drawn[0] and 'value="6" max="6"' in display.drawn[-2]
    with running.told("looking", "steps") as progress:
        assert progress is not None
        progress(1, 4)
    assert "1 of 4 steps" in display.drawn[-2]


def test_a_callback_of_the_users_own_takes_the_place_of_the_bar(file: Path, display: Display) -> None:
    calls: list[tuple[int, int]] = []
    alignsim.run(file, jobs=1, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(6, 6)] and display.drawn == []


def test_a_bar_that_ends_in_an_error_is_gone_as_well(display: Display) -> None:
    with pytest.raises(ZeroDivisionError), notebook.bar("working") as progress:
        progress(1, 4)
        raise ZeroDivisionError
    assert display.drawn[-1] == "" and "1 of 4 runs" in display.drawn[1]


def test_outside_a_notebook_nothing_is_drawn() -> None:
    assert not running.in_notebook()


def test_a_script_needs_no_guard_around_what_runs_in_processes(file: Path, tmp_path: Path) -> None:
    import subprocess

    script = tmp_path / "script.py"
    script.write_text(
        f"import alignsim\nprint('once')\nprint(alignsim.run({str(file)!r}, runs=70, jobs=2).runs)\n", encoding="utf-8"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["once", "70"]


def test_every_public_name_is_there_and_importing_loads_nothing_heavy() -> None:
    import subprocess

    assert all(hasattr(alignsim, name) for name in alignsim.__all__)
    assert {"run", "validate", "judge", "audit", "report", "compare", "ls", "rerun", "open_run"} <= set(
        alignsim.__all__
    )
    words = "import alignsim, sys, json; print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", words], capture_output=True, text=True).stdout))
    assert not loaded & {"numpy", "pandas", "xarray", "matplotlib", "mesa", "IPython", "click"}
