"""The command line: fast help, all mistakes told, exit codes kept, no traceback for what a user can cause."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import alignsim.cli as cli
from alignsim.errors import Exit, FolderInUse, InvalidInput, Problem
from alignsim.world import packaged

ALIGNSIM = [sys.executable, "-c", "from alignsim.cli import main; main()"]
HEAVY = ("numpy", "pandas", "scipy", "xarray", "matplotlib", "mesa", "networkx", "pydantic", "yaml", "rich")
GOOD = """\
alignsim: 1
title: A scenario
world: west-asia-2024
time: {start: 2024-10, end: 2025-12}
focus: [[IRN, RUS]]
events:
  - {at: 2024-12, treaty: {of: [IRN, RUS]}}
"""
needs_world = pytest.mark.skipif("west-asia-2024" not in packaged(), reason="the packaged world is not built yet")


def alignsim(*arguments: str, text: str | None = None, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*ALIGNSIM, *arguments], input=text, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def good(tmp_path) -> str:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    return str(file)


@pytest.fixture
def bad(tmp_path) -> str:
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD.replace("title", "titel").replace("2024-12", "2034-12"))
    return str(file)


def test_help_loads_nothing_heavy_and_answers_at_once():
    program = f"""
import sys, time
began = time.perf_counter()
from alignsim.cli import _run
code = _run(["--help"])
spent = time.perf_counter() - began
print([name for name in {HEAVY!r} if name in sys.modules], code, spent, file=sys.stderr)
"""
    tries = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True) for _ in range(3)]
    told = [done.stderr.split() for done in tries]
    assert {(loaded, code) for loaded, code, _ in told} == {("[]", "0")}
    assert min(float(spent) for *_, spent in told) < 0.2


def test_help_shows_examples_first_then_commands_and_exit_codes():
    told = alignsim("--help").stdout
    order = [told.index(words) for words in ("alignsim validate", "Options:", "Commands:", "Exit codes:")]
    assert order == sorted(order)
    for code in Exit:
        assert f"{int(code)}  " in told


def test_every_listed_command_has_help_with_an_example():
    context = click.Context(cli.group)
    names = cli.group.list_commands(context)
    assert {"validate", "schema", "show"} <= set(names)
    for name in names:
        told = CliRunner().invoke(cli.group, [name, "--help"], prog_name="alignsim")
        assert told.exit_code == 0
        assert f"alignsim {name}" in told.output.split("Options:")[0].split("\n", 1)[1]


def test_only_commands_that_exist_are_listed():
    listed = cli.group.list_commands(click.Context(cli.group))
    there = {path.stem for path in Path(cli.__file__).parent.iterdir()}
    assert set(listed) == set(cli.COMMANDS) & there
    for name in listed:
        assert isinstance(importlib.import_module(cli.COMMANDS[name][0]).command, click.Command)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vaildate", "x"], "there is no command 'vaildate'; did you mean 'validate'?"),
        (["xyzzy"], "`alignsim --help` lists the commands"),
        (["validate"], "Missing argument 'FILE...'"),
        (["validate", "x", "--strct"], "--strict"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_was_meant(arguments, words):
    done = alignsim(*arguments)
    assert done.returncode == Exit.USAGE
    assert words in done.stderr
    assert done.stdout == ""


@needs_world
def test_a_good_file_is_answered_with_one_line(good):
    done = alignsim("validate", good)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{good}: ok (15 months, ")
    assert done.stdout.count("\n") == 1


@needs_world
def test_all_problems_of_all_files_are_told(good, bad):
    done = alignsim("validate", bad, good, bad)
    assert done.returncode == Exit.INVALID
    assert done.stderr.count(f"{bad} cannot be run:") == 2
    assert done.stderr.count("  2:1  titel: is not a known key; did you mean 'title'?") == 2
    assert done.stderr.count("  7:10  events[0].at: 2034-12 is outside") == 2
    assert f"{good}: ok" in done.stdout


@needs_world
def test_standard_input_is_a_file_too():
    assert alignsim("validate", "-", text=GOOD).returncode == 0
    done = alignsim("validate", "-", text="title: x\n")
    assert done.returncode == Exit.INVALID
    assert done.stderr.startswith("standard input cannot be run:")


@needs_world
def test_an_unknown_world_is_a_problem_of_the_scenario(good):
    Path(good).write_text(GOOD.replace("west-asia-2024", "west-asia-2042"))
    done = alignsim("validate", good)
    assert done.returncode == Exit.INVALID
    assert "3:8  world: no world 'west-asia-2042'; did you mean 'west-asia-2024'?" in done.stderr


@needs_world
def test_json_is_one_document_and_nothing_else(good, bad):
    done = alignsim("validate", good, bad, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == Exit.INVALID
    assert [entry["ok"] for entry in told["files"]] == [True, False]
    assert told["files"][1]["problems"][0] == {
        "line": 2,
        "column": 1,
        "path": "titel",
        "message": "is not a known key; did you mean 'title'?",
    }
    assert done.stderr == ""


@needs_world
def test_strict_counts_warnings_as_mistakes(good):
    Path(good).write_text(GOOD.replace("2024-10, end: 2025-12", "2024-05, end: 2025-12"))
    lax, strict = alignsim("validate", good), alignsim("validate", good, "--strict")
    assert (lax.returncode, strict.returncode) == (0, Exit.INVALID)
    assert "(warning)" in lax.stderr
    assert "has warnings" in strict.stderr


@needs_world
def test_the_resolved_scenario_is_valid_again(good):
    done = alignsim("show", good, "--resolved", "--set", "parameters.sanctions.bite=0.5")
    assert done.returncode == 0
    assert "  sanctions.bite: 0.5  # set in this file; log points;" in done.stdout
    assert alignsim("validate", "-", text=done.stdout).returncode == 0


def test_a_missing_file_exits_with_4(tmp_path):
    done = alignsim("validate", str(tmp_path / "nothing.yaml"))
    assert done.returncode == Exit.FILES
    assert "nothing.yaml is not there" in done.stderr


def test_the_schema_is_written_whole(tmp_path):
    file = tmp_path / "schema.json"
    assert alignsim("schema", "--out", str(file)).returncode == 0
    assert file.read_text(encoding="utf-8") == alignsim("schema").stdout
    assert [path.name for path in tmp_path.iterdir()] == ["schema.json"]
    assert alignsim("schema", "--out", str(tmp_path / "no" / "schema.json")).returncode == Exit.FILES


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["schema"], ["--version"]])
def test_a_full_output_exits_with_4_and_no_traceback(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*ALIGNSIM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == Exit.FILES
    assert done.stderr.startswith("could not read or write the output")
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_a_closed_pipe_exits_with_141_in_silence():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run([*ALIGNSIM, "schema"], stdout=closed, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (Exit.PIPE, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)])
def test_signals_end_the_program_with_their_code_and_no_traceback(number, code):
    process = subprocess.Popen(
        [*ALIGNSIM, "validate", "-"],  # waits for standard input
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )
    time.sleep(1.5)
    process.send_signal(number)
    _, told = process.communicate(timeout=10)
    assert process.returncode == code
    assert "Traceback" not in told


def test_every_error_class_ends_with_its_own_code(monkeypatch, capsys):
    for error in (InvalidInput("x.yaml", [Problem(1, 2, "a", "is wrong")]), FolderInUse("in use by 17")):

        @click.command()
        def command(error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(cli.Commands, "get_command", lambda self, context, name, it=command: it)
        with pytest.raises(SystemExit) as ended:
            cli.main(["validate"])
        assert ended.value.code == error.code
        assert capsys.readouterr().err == f"{error}\n"


def test_the_version_is_printed():
    assert alignsim("--version").stdout.startswith("alignsim ")
