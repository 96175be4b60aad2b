"""A made-up world with just the names that checking a scenario needs."""

from __future__ import annotations

from types import SimpleNamespace

NAMES = {
    "CHN": "China", "DEU": "Germany", "FRA": "France", "GBR": "United Kingdom", "IRN": "Iran", "ISR": "Israel",
    "RUS": "Russia", "SYR": "Syria", "TUR": "Türkiye", "USA": "United States",
}  # fmt: skip


def small_world() -> SimpleNamespace:
    """Ten states, three groups (one without a member), one armed group, two issues, at the end of 2024-09."""
    return SimpleNamespace(
        name="small-2024",
        month="2024-09",
        states=tuple(sorted(NAMES)),
        names=NAMES,
        groups={"west": ("USA", "GBR", "FRA", "DEU"), "brics": ("CHN", "IRN", "RUS"), "mercosur": ()},
        actors={"HOUTHI": SimpleNamespace(name="the Houthis", patron="IRN", opponents=("ISR",))},
        issues=("order", "syria"),
    )
