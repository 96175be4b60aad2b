"""A motive of the user's own, taken into the model for as long as Python runs.

What a module needs is what every motive here has: a class `Params` with a weight and a reference, and a function
`motive`. Draws are addressed by name, so a new motive leaves all others' draws as they are.
"""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from alignsim.errors import UsageError, did_you_mean
from alignsim.mechanisms.parameters import BaseParams
from alignsim.mechanisms.registry import GROUPS, MECHANISMS, MOTIVES, PARAMETERS, SWITCHES

_adopted: dict[str, tuple[Any, str]] = {}

Message = tuple[str, str, str]
"""Name, module and group of an adopted motive, as a worker process needs them."""


def adopt(module: Any, name: str = "", group: str = "") -> str:
    """Enter a motive: its parameters, its switch and, where one is named, its group for attribution. Returns its name.

    `module` is a module, or a class used as one; it is named after itself unless `name` is given. A motive without a
    group stays on whenever an effect is shared out. Raises UsageError where something is missing or the name is taken.
    """
    name = name or str(getattr(module, "__name__", "")).rpartition(".")[2]
    if not name.isidentifier():
        raise UsageError(f"{name!r} cannot name a mechanism; use a noun such as common_faith")
    if name in MECHANISMS or name in SWITCHES:
        again = f"; `alignsim.release({name!r})` first to replace it" if name in _adopted else "; choose another name"
        raise UsageError(f"there is a mechanism {name!r} already{again}")
    if group and group not in GROUPS:
        raise UsageError(f"there is no group {group!r}{did_you_mean(group, GROUPS)}; there are {', '.join(GROUPS)}")
    parameters = _declared(module, name)
    MOTIVES[name] = MECHANISMS[name] = module
    PARAMETERS.update({f"{name}.{key}": replace(p, path=f"{name}.{key}") for key, p in parameters.items()})
    SWITCHES[name] = {f"{name}.weight": 0.0}
    if group:
        GROUPS[group] = (*GROUPS[group], name)
    _adopted[name] = (module, group)
    return name


def release(name: str) -> None:
    """Take an adopted motive out again. Raises UsageError where there is none of that name."""
    if name not in _adopted:
        raise UsageError(f"no mechanism {name!r} was adopted{did_you_mean(name, _adopted)}")
    for path in [path for path in PARAMETERS if path.partition(".")[0] == name]:
        del PARAMETERS[path]
    for group, members in GROUPS.items():
        GROUPS[group] = tuple(member for member in members if member != name)
    del MOTIVES[name], MECHANISMS[name], SWITCHES[name], _adopted[name]


def adopted() -> dict[str, str]:
    """Each adopted motive with the SHA-256 of its source, "" where the source cannot be read."""
    return {name: _digest(module) for name, (module, _) in _adopted.items()}


def for_processes() -> list[Message]:
    """What `adopt_again` needs in another process. Raises UsageError for a motive that is not in a file of its own."""
    for name, (module, _) in _adopted.items():
        if not isinstance(module, ModuleType) or module.__name__ == "__main__" or find_spec(module.__name__) is None:
            raise UsageError(
                f"the mechanism {name!r} is defined in this session, where other processes cannot find it: use one "
                "process (jobs=1), or put it into a file and import it"
            )
    return [(name, module.__name__, group) for name, (module, group) in _adopted.items()]


def adopt_again(messages: list[Message]) -> None:
    """Adopt in this process what another one has adopted."""
    for name, module, group in messages:
        adopt(import_module(module), name, group)


def _declared(module: Any, name: str) -> dict[str, Any]:
    """The parameters of a motive; raises UsageError where it is not one."""
    params = getattr(module, "Params", None)
    if not (inspect.isclass(params) and issubclass(params, BaseParams)):
        raise UsageError(f"the mechanism {name!r} has no class `Params(BaseParams)` that declares its numbers")
    declared = params.declared()
    missing = [key for key in ("weight", "reference") if key not in declared]
    if missing:
        raise UsageError(
            f"Params of {name!r} lacks {' and '.join(missing)}: every motive has `weight = weight(...)` and "
            "`reference = reference(...)` of alignsim.mechanisms.weights"
        )
    if not callable(getattr(module, "motive", None)):
        raise UsageError(f"the mechanism {name!r} has no function `motive(scene, p)`")
    return declared


def _digest(module: Any) -> str:
    try:
        return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()
    except (OSError, TypeError):
        return ""
