"""State codes: names and the numbers of COW, Gleditsch-Ward and ISO/BACI, all to ISO 3166-1 alpha-3."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property

from alignsim.world import curated

# Where official files number a state otherwise than the table of states does.
_COW_BEFORE = {260: "DEU", 678: "YEM"}  # West Germany to 1990, North Yemen to 1990
_GW_BEFORE = {345: "SRB", 255: "DEU", 679: "YEM"}  # Yugoslavia to 2006, older spellings
_NUMBERS = {840: "USA", 250: "FRA", 380: "ITA", 578: "NOR", 356: "IND", 756: "CHE", 710: "ZAF", 158: "TWN",
            891: "SRB", 736: "SDN", 230: "ETH", 280: "DEU", 886: "YEM", 58: "BEL", 717: "ZAF", 810: "RUS"}  # fmt: skip
_SPELT = {"ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "YUG": "SRB", "SCG": "SRB", "KSV": "XKX", "XKO": "XKX",
          "BUR": "MMR", "SUN": "RUS", "YAR": "YEM", "RHO": "ZWE", "DRC": "COD", "GFR": "DEU"}  # fmt: skip


class Codes:
    """Looks up ISO3 codes in the table `states.csv`; an unknown name or number gives None."""

    def __init__(self) -> None:
        self.rows = curated.rows("states")
        self.names = {row["code"]: row["name"] for row in self.rows}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        table = {}
        for row in self.rows:
            for name in (row["name"], *row["aliases"].split("|")):
                if name:
                    table[_plain(name)] = row["code"]
        return table

    @cached_property
    def _by_cow(self) -> dict[int, str]:
        return _COW_BEFORE | {int(row["cow"]): row["code"] for row in self.rows}

    @cached_property
    def _by_gleditsch_ward(self) -> dict[int, str]:
        return _GW_BEFORE | {int(row["gleditsch_ward"]): row["code"] for row in self.rows}

    @cached_property
    def _by_number(self) -> dict[int, str]:
        return _NUMBERS | {int(row["number"]): row["code"] for row in self.rows if int(row["number"])}

    def named(self, name: str) -> str | None:
        """The code of a state by its name; rebels ("*") and organisations ("**") of SIPRI are no states."""
        return None if "*" in name else self._by_name.get(_plain(name))

    def cow(self, number: int) -> str | None:
        """The code of a Correlates of War number (970 is Nauru)."""
        return self._by_cow.get(int(number))

    def gleditsch_ward(self, number: int) -> str | None:
        """The code of a Gleditsch-Ward number (970 is Kiribati, 678 Yemen, 340 Serbia, 260 Germany)."""
        return self._by_gleditsch_ward.get(int(number))

    def number(self, number: int) -> str | None:
        """The code of an ISO 3166-1 or BACI number (842 and 840 are both the United States)."""
        return self._by_number.get(int(number))

    def iso3(self, code: str) -> str | None:
        """A three-letter code as the upstream files spell it (ROM, ZAR, TMP, YUG), or None when it is no state."""
        code = _SPELT.get(code.strip(), code.strip())
        return code if code in self.names else None

    def existing(self, month: str) -> list[str]:
        """Codes of the states that existed at the end of `month`, sorted."""
        return sorted(r["code"] for r in self.rows if r["start"] <= month and (not r["end"] or month <= r["end"]))


def _plain(name: str) -> str:
    """Letters and digits only, without accents, lower case, so that spellings meet."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", bare.casefold()).strip()
