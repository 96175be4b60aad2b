"""What the README says is true: its example runs, its snippet runs, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import alignsim
from alignsim.cli import COMMANDS, group

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.S)
    assert found
    return found[1]


def test_the_example_scenario_runs() -> None:
    results = alignsim.run(alignsim.load_text(block("yaml")), runs=2, jobs=1)
    assert list(results.data.branch.values) == ["baseline", "isolation"]


def test_the_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    snippet = block("python").replace("scenarios/isolation.yaml", str(ROOT / "scenarios" / "isolation.yaml"))
    assert "runs=100" in snippet
    exec(snippet.replace("runs=100", "runs=2, jobs=1"), {})
    assert (tmp_path / "trajectories.png").stat().st_size > 10_000


def test_every_command_and_option_that_is_named_exists() -> None:
    named = re.findall(r"^ {4}(?:.*&& \.venv/bin/)?alignsim (\w+)([^#\n]*)", README, re.M)
    assert {name for name, _ in named} >= {"run", "judge", "validate", "plot", "world"}
    for name, rest in named:
        assert name in COMMANDS
        words = [name, "build"] if name == "world" and "build" in rest else [name]
        words += ["show"] if name == "world" and "show" in rest else []
        shown = CliRunner().invoke(group, [*words, "--help"]).output
        for option in re.findall(r"--[a-z]+", rest):
            assert option in shown, f"{name} {option}"


def test_every_file_that_is_linked_is_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_the_set_up_lines_are_those_of_the_checks() -> None:
    tests = "-m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest"
    assert f"python3 {tests}" in README
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
