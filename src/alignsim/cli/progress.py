"""A progress bar on standard error with an estimate of the time left; lines now and then where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Progress = Callable[[int, int], None]


@contextmanager
def bar(words: str, show: bool = True, unit: str = "runs") -> Iterator[Progress | None]:
    """Yield a function to be called with (done, total), or None where nothing is to be shown."""
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
        TextColumn(words),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(words, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


def _lines(words: str, unit: str) -> Progress:
    started, told = time.monotonic(), [0]

    def progress(done: int, total: int) -> None:
        tenth = 10 * done // total
        if tenth > told[0]:
            told[0] = tenth
            spent = time.monotonic() - started
            left = spent * (total - done) / done
            click.echo(f"{words}: {done} of {total} {unit}, {spent:.0f} s, about {left:.0f} s left", err=True)

    return progress
