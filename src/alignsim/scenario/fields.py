"""The kinds of value that a scenario holds: names, shares, numbers with a range; each refuses what is not one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class Model(BaseModel):
    """A mapping of the file: strict types, no unknown keys, never changed after reading."""

    model_config = STRICT


def wrong(words: str, **context: Any) -> PydanticCustomError:
    """An error whose text reaches the user as it is; `offset` may say how many characters in it shows."""
    return PydanticCustomError("words", "{words}", {"words": words, **context})


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _share(value: Any) -> Any:
    return float(value) if isinstance(value, bool) else value


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
"""A state's code, a group, an issue or a non-state actor."""

_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
Names = Annotated[tuple[Name, ...], Strict(False), BeforeValidator(_listed), Field(min_length=1)]
Who = Annotated[Names, WithJsonSchema(_ONE_OR_MORE)]
"""One state or group, or a list of them."""

Pair = Annotated[tuple[Name, Name], Strict(False)]
"""Two states."""

Share = Annotated[float, Field(ge=0, le=1)]
"""0 to 1."""

ShareOrTruth = Annotated[
    Share,
    BeforeValidator(_share),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "number", "minimum": 0, "maximum": 1}]}),
]
"""true (1), false (0), or 0 to 1."""

Signed = Annotated[float, Field(ge=-1, le=1)]
"""-1 to 1."""
