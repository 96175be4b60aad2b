"""Months: the model's unit of time, counted since year 0 and written YYYY-MM."""

from __future__ import annotations

import re
from typing import Any

FIRST_YEAR, LAST_YEAR = 1800, 2199
PATTERN = r"^(1[89]|2[01])[0-9]{2}-(0[1-9]|1[0-2])$"

_MONTH = re.compile(r"([0-9]{4})-([0-9]{1,2})")


class Month(int):
    """A month as the whole number `12 * year + month - 1`, so that differences are steps of the model."""

    def __new__(cls, value: int | str) -> Month:
        """From "2024-10" or the whole number; raises ValueError, in words for a user, for anything else."""
        return super().__new__(cls, _number(value) if isinstance(value, str) else value)

    @property
    def text(self) -> str:
        """YYYY-MM."""
        return f"{self // 12:04d}-{self % 12 + 1:02d}"

    @property
    def datetime64(self) -> Any:
        """The first day of the month as numpy.datetime64[ns]."""
        import numpy as np

        return np.datetime64(self.text, "M").astype("datetime64[ns]")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Month({self.text!r})"

    def __add__(self, steps: int) -> Month:
        return Month(int(self) + int(steps))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import PydanticCustomError, core_schema

        def validate(value: Any) -> Month:
            if isinstance(value, Month):
                return value
            try:
                return cls(month_text(value))
            except ValueError as error:
                raise PydanticCustomError("words", "{words}", {"words": str(error)}) from None

        return core_schema.no_info_plain_validator_function(validate, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": PATTERN, "description": "A month, YYYY-MM."}


def month_text(value: Any) -> str:
    """`value` where it is text; raises ValueError with the way out where a month was written as a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and FIRST_YEAR <= value <= LAST_YEAR:
        raise ValueError(f"{value} is a year, not a month; write {value}-01")
    raise ValueError("must be a month such as 2024-10")


def _number(text: str) -> int:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", text):
        raise ValueError(f"{text!r} is a day, and one step is a month; write {text[:7]}")
    found = _MONTH.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a month; write year and month, such as 2024-10")
    year, month = int(found[1]), int(found[2])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"{text!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    if not 1 <= month <= 12:
        raise ValueError(f"{text!r} has no such month; months are 01 to 12")
    if len(found[2]) == 1:
        raise ValueError(f"{text!r} needs two digits for the month; write {year}-{month:02d}")
    return 12 * year + month - 1
