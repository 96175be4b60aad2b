"""What can happen: one model per kind of event, and the event that dates it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema, model_validator

from alignsim.scenario.fields import Model, Name, Pair, Share, ShareOrTruth, Signed, Text, Who, wrong
from alignsim.scenario.month import Month

Material = Literal["trade", "financial", "arms", "symbolic"]
MEASURES: tuple[Material, ...] = ("trade", "financial", "arms", "symbolic")

_KINDS = {"type": "array", "items": {"enum": list(MEASURES)}, "minItems": 1}
Measures = Annotated[
    tuple[Material, ...],
    Strict(False),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"enum": list(MEASURES)}, _KINDS]}),
]


class Sanction(Model):
    """Sanctions of some states on others; holds until `until`, or the end."""

    by: Who
    """The states or groups that sanction."""
    on: Who
    """The states or groups that are sanctioned."""
    kind: Measures = ("trade", "financial")
    """Material (trade, financial, arms) or symbolic."""
    intensity: Share = 1.0
    """Strength, 0 to 1; 1 is a complete embargo."""
    secondary: ShareOrTruth = 0.0
    """Whether third parties that deal with the target are threatened: true, false, or a strength 0 to 1."""


class Lift(Model):
    """Part of the sanctions in force is lifted."""

    by: Who
    """The states or groups that lift."""
    on: Who
    """The states or groups that are relieved."""
    kind: Measures = MEASURES
    """What is lifted; all kinds where not said."""
    share: Share
    """The share that is lifted, 0 to 1."""


class Embargo(Model):
    """No arms are delivered."""

    by: Who
    """The states or groups that stop delivering."""
    on: Who
    """The states or groups that get no arms from them."""
    intensity: Share = 1.0
    """Strength, 0 to 1."""


class Arms(Model):
    """A delivery of arms from one state to another, or to a non-state actor."""

    from_: Annotated[Name, Field(alias="from")]
    """The supplier, a state."""
    to: Name
    """The recipient: a state, or a non-state actor of the world."""
    tiv: Annotated[float, Field(gt=0, le=100_000)]
    """Volume of the whole deal in SIPRI trend-indicator values (million TIV)."""
    months: Annotated[int, Field(ge=1, le=600)] = 12
    """The number of months over which it is delivered evenly."""


class Licence(Model):
    """The recipient produces at home what the supplier used to deliver."""

    from_: Annotated[Name, Field(alias="from")]
    """The supplier, a state."""
    to: Name
    """The state that produces under licence."""
    intensity: Share = 1.0
    """The share that is produced at home, 0 to 1."""


class War(Model):
    """A war loads the arsenals of those who fight it."""

    of: Who
    """The states at war."""
    load: Share
    """How much of the arsenal the war takes, 0 to 1."""
    against: Who | None = None
    """Their enemies, who feel the same hostility back."""
    hostility: Share = 1.0
    """Hostility between the two sides, 0 to 1; needs `against`."""


class Peace(Model):
    """A war ends: the load and the hostility among these states fall to zero."""

    of: Who
    """The states that make peace: two or more."""


class Meeting(Model):
    """Leaders meet."""

    of: Who
    """Who meets: two states or more."""
    strength: Share = 0.3
    """How much it signals, 0 to 1."""


class Treaty(Model):
    """A treaty is signed."""

    of: Who
    """Who signs: two states or more."""
    strength: Share = 0.7
    """How much it signals, 0 to 1."""


class Agreement(Model):
    """A trade agreement, or the end of one."""

    of: Who
    """The states that agree: two or more."""
    trade_cost: Annotated[float, Field(ge=-0.5, le=0.5)]
    """Change of the cost of trading with each other, in log points: -0.1 is about 10 % cheaper."""


class Breach(Model):
    """A pledge is broken, or support fails to come."""

    by: Who
    """Who broke it."""
    toward: Who
    """Who had relied on it."""
    severity: Share
    """How grave, 0 to 1."""


class Issue(Model):
    """An issue changes its salience, or a new one appears."""

    name: Name
    """The issue."""
    salience: Share
    """How much it counts from now on, 0 to 1."""
    positions: dict[Name, Signed] | None = None
    """For a new issue: where states stand on it, -1 to 1; states not listed stand at 0."""


class Position(Model):
    """States change their position on an issue."""

    of: Who
    """The states that move."""
    issue: Name
    """The issue."""
    to: Signed
    """Their new position, -1 to 1."""


class Capacity(Model):
    """A shock to output."""

    of: Who
    """The states hit."""
    change: Signed
    """Log points of output: -0.1 is about a tenth lost."""


class Arsenal(Model):
    """The capacity to export arms changes."""

    of: Who
    """The states concerned."""
    factor: Annotated[float, Field(ge=0, le=5)]
    """The capacity is multiplied by this, 0 to 5."""


class Hostility(Model):
    """Direct hostility between two states is set to a level."""

    between: Pair
    """The two states."""
    level: Share
    """0 (none) to 1 (war)."""


class Offer(Model):
    """A wedge: relief is offered to a state for keeping its distance from another."""

    by: Who
    """Who offers."""
    to: Who
    """Who is courted."""
    away_from: Who
    """From whom it is to keep away."""
    strength: Share
    """How attractive, 0 to 1."""


class Event(Model):
    """Something that happens in a month: `at`, and exactly one of the kinds."""

    at: Month
    """The month in which it happens, YYYY-MM."""
    until: Month | None = None
    """The last month in which it holds; to the end where not said."""
    probability: Share = 1.0
    """The share of runs in which it happens; the same runs in every branch."""
    id: Name | None = None
    """A name for reports."""
    note: Text | None = None
    """What it is, for readers."""
    source: Text | None = None
    """Where it is known from."""

    sanction: Sanction | None = None
    """States sanction others."""
    lift: Lift | None = None
    """Sanctions are lifted."""
    embargo: Embargo | None = None
    """Arms deliveries stop."""
    arms: Arms | None = None
    """Arms are delivered."""
    licence: Licence | None = None
    """Arms are produced under licence."""
    war: War | None = None
    """A war begins or changes its load."""
    peace: Peace | None = None
    """A war ends."""
    meeting: Meeting | None = None
    """Leaders meet."""
    treaty: Treaty | None = None
    """A treaty is signed."""
    agreement: Agreement | None = None
    """A trade agreement begins or ends."""
    breach: Breach | None = None
    """A pledge is broken."""
    issue: Issue | None = None
    """An issue appears or changes salience."""
    position: Position | None = None
    """States change position on an issue."""
    capacity: Capacity | None = None
    """Output is hit."""
    arsenal: Arsenal | None = None
    """The capacity to export arms changes."""
    hostility: Hostility | None = None
    """Hostility between two states is set."""
    offer: Offer | None = None
    """Relief is offered for distance from another."""

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def what(self) -> Any:
        """The model of its kind, such as a `Sanction`."""
        return getattr(self, self.kind)

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> Event:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if not given:
            raise wrong(f"says no kind of event; add one of {', '.join(KINDS)}")
        if len(given) > 1:
            raise wrong(f"is more than one kind of event ({', '.join(given)}); write one event for each")
        return self


KINDS: tuple[str, ...] = tuple(
    name for name in Event.model_fields if name not in ("at", "until", "probability", "id", "note", "source")
)
