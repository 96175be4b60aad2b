"""A dask.distributed cluster as an executor: chunks go to its workers, and the journal stays here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from alignsim.errors import AlignsimError, UsageError
from alignsim.mechanisms import adoption

SECONDS_TO_ANSWER, SECONDS_TO_COME = 15, 120
"""How long a scheduler has to answer, and the first worker to be there."""
LEAST_AHEAD = 64
"""Chunks that are handed over at a time, for workers that come later."""
SAME = ("alignsim", "numpy", "scipy")
"""What must be of one version everywhere, for numbers to be the same as here."""


@contextmanager
def connected(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor of the cluster at tcp://host:port, and how many chunks it works on at a time.

    Raises UsageError where dask is not installed or mechanisms of the user's own are adopted, and AlignsimError where
    no scheduler answers, no worker is there, or a worker has other versions than this process.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--scheduler needs dask: pip install 'alignsim[dask]'") from None
    if adoption.adopted():
        raise UsageError(f"{', '.join(adoption.adopted())} cannot be sent to a cluster; use processes of this machine")
    try:
        client = Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise AlignsimError(f"no dask scheduler answers at {address} ({error}); is `dask scheduler` running?") from None
    with client:
        _await_a_worker(client, address)
        _refuse_other_versions(client)
        yield client.get_executor(pure=False), max(LEAST_AHEAD, sum(client.ncores().values()))


def versions() -> dict[str, str]:
    """The versions that numbers depend on, in this process."""
    return {name: version(name) for name in SAME}


def _await_a_worker(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_COME)
    except TimeoutError:
        words = f"the scheduler at {address} has no worker; start one with `dask worker {address}`"
        raise AlignsimError(words) from None


def _refuse_other_versions(client: Any) -> None:
    try:
        found = client.run(versions)
    except Exception as error:  # a worker without alignsim fails in its own way
        raise AlignsimError(f"the workers cannot run alignsim ({error}); install it where they are") from error
    own = versions()
    for worker, theirs in found.items():
        other = [f"{name} {theirs[name]} (here {own[name]})" for name in SAME if theirs[name] != own[name]]
        if other:
            raise AlignsimError(f"the worker {worker} has {', '.join(other)}; install the same versions everywhere")
