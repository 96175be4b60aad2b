"""The notebooks run from top to bottom, show pictures, and keep nothing; and what calls return shows itself there."""

from __future__ import annotations

import ast
import json
import sys
import types
from pathlib import Path

import nbformat
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
LONG = {"04-judging-your-own-claim", MECHANISM}
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
    import re

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
    assert judgement.plot.path("closer").axes
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
