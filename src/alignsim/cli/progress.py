"""A progress bar on standard error with an estimate of the time left; lines now and then where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[..., None]
"""Called with what is done and all there is; a sweep also tells how many of those done have failed, and how many were
done before it was continued."""


@contextmanager
def bar(words: str, show: bool = True, unit: str = "runs") -> Iterator[Progress | None]:
    """Yield a function to be called with (done, total[, failed, before]), or None where nothing is to be shown."""
    if not show:
        yield None
    elif sys.stderr.isatty():
        with _drawn(words, unit) as progress:
            yield progress
    else:
        yield _lines(words, unit)


@contextmanager
def _drawn(words: str, unit: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(words, total=None)
        yield lambda done, total, failed=0, before=0: drawn.update(
            task, completed=done, total=total, description=words + _of_failed(failed)
        )


def _lines(words: str, unit: str) -> Progress:
    started, told = time.monotonic(), [0]

    def progress(done: int, total: int, failed: int = 0, before: int = 0) -> None:
        tenth = 10 * done // total
        if tenth > told[0]:
            told[0] = tenth
            spent, new = time.monotonic() - started, done - before
            left = f"about {spent * (total - done) / new:.0f} s left" if new else "continued"
            click.echo(f"{words}{_of_failed(failed)}: {done} of {total} {unit}, {spent:.0f} s, {left}", err=True)

    return progress


def _of_failed(failed: int) -> str:
    return f" ({failed} failed)" if failed else ""
