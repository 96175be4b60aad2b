"""The command line: `alignsim COMMAND ...`; each command is a module here, imported when it is called."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from alignsim.errors import AlignsimError, Exit, did_you_mean

PROGRAM = "alignsim"

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("alignsim.cli.run", "Simulate a scenario and write tables and figures."),
    "validate": ("alignsim.cli.validate", "Check scenario files and tell every mistake with its line."),
    "show": ("alignsim.cli.show", "Print a scenario with every default, source and unit, or a run."),
    "schema": ("alignsim.cli.schema", "Print the JSON Schema of scenario files, for editors."),
    "world": ("alignsim.cli.world", "List, show or build worlds."),
    "plot": ("alignsim.cli.plot", "Draw the figures of a run."),
    "judge": ("alignsim.cli.judge", "Judge the claims of a scenario."),
    "audit": ("alignsim.cli.audit", "Check the model itself: is an answer built in?"),
    "report": ("alignsim.cli.report", "Write one self-contained HTML page about a run."),
    "compare": ("alignsim.cli.compare", "Tell what differs between two runs or scenarios."),
    "ls": ("alignsim.cli.ls", "List runs, judgements and sweeps."),
    "rerun": ("alignsim.cli.rerun", "Run a run folder again, and check that it gives the same numbers."),
    "sweep": ("alignsim.cli.sweep", "Run a scenario over a design of parameters."),
    "sensitivity": ("alignsim.cli.sensitivity", "Tell what the outcomes of a sweep depend on."),
    "hindcast": ("alignsim.cli.hindcast", "Score forecasts of the past against naive ones and rival theories."),
    "calibrate": ("alignsim.cli.calibrate", "Fit the parameters that matter to the training years."),
    "evidence": ("alignsim.cli.evidence", "What the data themselves say of the claim."),
}
"""Every command with its module and its one line of help; one whose module is not there is not listed."""

EPILOG = """\b
Exit codes:
  0  done                          5    some runs failed
  1  failed                        6    the folder is in use
  2  wrong usage                   7    not reproduced
  3  a scenario or world is wrong  130  interrupted (Ctrl-C)
  4  a file or disk problem        141  the reader of a pipe went away
                                   143  terminated
"""


class Commands(click.Group):
    """A group whose commands are imported when they are called, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _) in COMMANDS.items() if _is_there(module)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        return import_module(COMMANDS[name][0]).command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.list_commands(ctx)) or "; `alignsim --help` lists the commands"
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def _is_there(module: str) -> bool:
    name = Path(__file__).with_name(module.rpartition(".")[2])
    return name.with_suffix(".py").is_file() or (name / "__init__.py").is_file()


def _version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"{PROGRAM} {version(PROGRAM)}")
        context.exit()


@click.group(cls=Commands, name=PROGRAM, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
def group() -> None:
    """If these states are sanctioned, armed, courted or attacked: who moves closer to whom, why, and how sure are we?

    \b
    alignsim validate scenarios/isolation.yaml
    alignsim show scenarios/isolation.yaml --resolved
    alignsim run scenarios/isolation.yaml --runs 100
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with a code that `--help` lists; what a user can cause gives no traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _terminated)
    if f"_{PROGRAM.upper()}_COMPLETE" in os.environ:
        group.main(given, prog_name=PROGRAM)
    try:
        code = _run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _left(_say("interrupted", Exit.INTERRUPTED))
    except SystemExit as stopped:
        if stopped.code != Exit.TERMINATED:
            raise
        code = _left(Exit.TERMINATED)
    except BrokenPipeError:
        code = _silenced(Exit.PIPE)
    except OSError as error:
        code = _disk(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        with group.make_context(PROGRAM, arguments) as context:
            group.invoke(context)
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _say("interrupted", Exit.INTERRUPTED)
    except AlignsimError as error:
        return _say(str(error), error.code)
    except MemoryError:
        return _say("not enough memory; ask for fewer runs or states", Exit.FAILED)
    return Exit.OK


def _say(message: str, code: int) -> int:
    click.echo(message, err=True)
    return code


def _silenced(code: int) -> int:
    """Stop writing to a standard output that takes no more, also when Python flushes it at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    return code


def _disk(error: OSError) -> int:
    if error.errno == errno.EPIPE:
        return _silenced(Exit.PIPE)
    name = error.filename or "the output"
    return _silenced(_say(f"could not read or write {name}: {error.strerror or error}", Exit.FILES))


def _left(code: int) -> int:
    """The code; where threads of a pool are left, leave at once.

    A worker that was killed in the middle of sending a result leaves its pool's thread waiting for the rest for ever,
    and Python would wait for that thread.
    """
    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(Exit.TERMINATED)
