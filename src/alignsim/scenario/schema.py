"""The scenario: what one file asks, with every key described; the JSON Schema for editors is made from it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, WithJsonSchema, model_validator

from alignsim.mechanisms.priors import Constant, Prior, Triangular, Uniform
from alignsim.scenario.events import Event
from alignsim.scenario.fields import Model, Name, Pair, Share, Text, Who, wrong
from alignsim.scenario.levels import Levels, parse_levels
from alignsim.scenario.month import Month
from alignsim.scenario.outcomes import Contrast, Misread, Outcome, parse_contrast, parse_outcome

FORMAT = 1
BASELINE = "baseline"
DEFAULT_AT_MOST = 20_000
_LARGEST_SEED = 2**63 - 1
_BRANCH = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

Belief = Literal["signed", "sceptical", "calibrated", "fixed"]
Theory = Literal["consent", "balance", "landscape", "persistence", "one-coefficient"]
Expect = Literal["increase", "decrease", "none", "rising", "threshold", "at most", "at least"]
OF_A_LEVEL = ("at most", "at least")
"""What is expected of an outcome itself, rather than of a difference."""


def _read(parse: Any, what: str) -> PlainValidator:
    def validate(value: Any) -> Any:
        if isinstance(value, (Outcome, Contrast)):
            return value
        if not isinstance(value, str):
            raise wrong(f"must be text such as `{what}`")
        try:
            return parse(value)
        except Misread as error:
            raise wrong(str(error), offset=error.offset) from None

    return PlainValidator(validate)


_AS_TEXT = PlainSerializer(str, return_type=str)
_OutcomeText = Annotated[
    Outcome, _read(parse_outcome, "alignment of IRN with RUS at 2029-12"), _AS_TEXT, WithJsonSchema({"type": "string"})
]
_ContrastText = Annotated[
    Contrast, _read(parse_contrast, "isolation against baseline"), _AS_TEXT, WithJsonSchema({"type": "string"})
]


class Time(Model):
    """The months that are simulated, one step a month."""

    start: Month
    """The first month that is simulated, YYYY-MM."""
    end: Month
    """The last month that is simulated, YYYY-MM."""

    @property
    def months(self) -> int:
        """The number of steps."""
        return self.end - self.start + 1

    @model_validator(mode="after")
    def _forward(self) -> Time:
        if self.end <= self.start:
            raise wrong(f"ends ({self.end}) before it has begun ({self.start}); `end` must be later than `start`")
        return self


class Pinned(Model):
    """A parameter pinned to a number, or given as low, high and perhaps mode (uniform or triangular)."""

    value: float | None = None
    """The number, the same in every run."""
    low: float | None = None
    """The smallest value believed possible."""
    mode: float | None = None
    """The likeliest value; all are equally likely where not said."""
    high: float | None = None
    """The largest value believed possible."""

    @property
    def prior(self) -> Prior:
        """The distribution that this stands for."""
        if self.value is not None:
            return Constant(self.value)
        assert self.low is not None and self.high is not None
        return Uniform(self.low, self.high) if self.mode is None else Triangular(self.low, self.mode, self.high)

    @model_validator(mode="after")
    def _number_or_range(self) -> Pinned:
        if self.value is not None:
            if (self.low, self.mode, self.high) != (None, None, None):
                raise wrong("has both a value and a range; keep one")
            return self
        if (self.low, self.mode, self.high) == (None, None, None):
            raise wrong("has no value; write a number, or `low` and `high`")
        if self.low is None or self.high is None:
            raise wrong("needs `low` and `high` (and, if you like, `mode`), or one number")
        if not self.low < self.high:
            raise wrong(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.mode is not None and not self.low <= self.mode <= self.high:
            raise wrong(f"mode ({self.mode:g}) must lie between low ({self.low:g}) and high ({self.high:g})")
        return self


def _pinned(value: Any) -> Any:
    return value if isinstance(value, (dict, Pinned)) else {"value": value}


class Runs(Model):
    """How many runs: a number, or until every claim is decided."""

    until: Literal["decided"] | None = None
    """`decided`: stop as soon as every claim has its verdict."""
    at_most: Annotated[int, Field(ge=1, le=1_000_000)] = DEFAULT_AT_MOST
    """The number of runs, or the most that may be spent."""


def _runs(value: Any) -> Any:
    return value if isinstance(value, (dict, Runs)) else {"at_most": value}


class Dose(Model):
    """Scale a branch's measure through levels and look at the response."""

    of: Name
    """The branch whose sanctions, lifting or offers are scaled."""
    levels: Annotated[tuple[Share, ...], Strict(False), Field(min_length=3, max_length=50)]
    """Three or more ascending levels: how far to go from what is in force (0) to all the branch asks (1)."""

    @model_validator(mode="after")
    def _ascending(self) -> Dose:
        if any(b <= a for a, b in zip(self.levels, self.levels[1:], strict=False)):
            raise wrong("`levels` must ascend, each above the one before")
        return self


class Claim(Model):
    """A sentence bound to something that can fail."""

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """A short name: letters, digits, '-', '_' and '.'."""
    says: Text
    """The sentence, as it was said."""
    outcome: _OutcomeText | None = None
    """What is measured, of whom and when: `alignment of IRN with RUS at 2029-12`, `... over 2025-01..2029-12`."""
    contrast: _ContrastText | None = None
    """The two branches compared run by run: `isolation against baseline`."""
    expect: Expect | None = None
    """increase, decrease or none of a contrast; rising or threshold of a dose; at most or at least of a level."""
    margin: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The smallest change that would matter, in units of the outcome; a level has none."""
    dose: Dose | None = None
    """Levels of a measure, in the place of a contrast."""
    level: float | None = None
    """What the outcome itself is held against in one branch, in its own units, in the place of a contrast."""
    branch: Name | None = None
    """The branch in which a level is read; baseline where not said."""
    testable: bool = True
    """false for a sentence that nothing here could refute; then say `why`."""
    why: Text | None = None
    """Why the sentence cannot be tested."""
    note: Text | None = None
    """For readers."""
    source: Text | None = None
    """Where the sentence stands."""

    @model_validator(mode="after")
    def _whole(self) -> Claim:
        if not self.testable:
            if self.why is None:
                raise wrong("is not testable, and `why` is missing")
            return self
        if self.why is not None:
            raise wrong("has `why`, which only a claim with `testable: false` needs")
        if self.outcome is None:
            raise wrong("outcome is missing; write, say, `outcome: alignment of IRN with RUS at 2029-12`")
        if self.expect is None:
            raise wrong("expect is missing; write increase, decrease, none, rising, threshold, at most or at least")
        self._one_question()
        if self.level is not None:
            return self._of_a_level()
        dosed = self.expect in ("rising", "threshold")
        if dosed and self.dose is None:
            raise wrong(f"expects {self.expect!r}, which needs a `dose` in the place of `contrast`")
        if self.dose is not None and not dosed:
            raise wrong(f"expects {self.expect!r} of a dose; write rising or threshold")
        return self

    def _one_question(self) -> None:
        """Of contrast, dose and level there is one, and what is expected belongs to it."""
        asked = [key for key in ("contrast", "dose", "level") if getattr(self, key) is not None]
        if self.expect in OF_A_LEVEL and self.level is None:
            found = f" in the place of `{asked[0]}`" if asked else ""
            raise wrong(f"expects {self.expect!r}, which needs a `level`{found}")
        if len(asked) != 1:
            one = "`contrast` (two branches), `dose` (levels of one branch) or `level` (a number for the outcome)"
            raise wrong(f"needs one of {one}" + (f", and has {' and '.join(asked)}; remove one" if asked else ""))
        if self.branch is not None and self.level is None:
            raise wrong(f"has `branch`, which only a claim about a `level` needs; `{asked[0]}` names its own")

    def _of_a_level(self) -> Claim:
        if self.expect not in OF_A_LEVEL:
            raise wrong(f"expects {self.expect!r} of a level; write at most or at least")
        if "margin" in self.model_fields_set:
            raise wrong("has `margin`, which plays no part beside a `level`; remove it, or move the level by as much")
        return self

    @property
    def compares(self) -> bool:
        """Whether it is about a difference of branches, as a contrast and a dose are, and a level is not."""
        return self.level is None

    @property
    def needed(self) -> float:
        """The margin of a difference; none of a level, which is kept to or not."""
        return self.margin if self.compares else 0.0

    @property
    def place(self) -> str:
        """The branch in which a level is asked for."""
        return self.branch or BASELINE


def _levels(value: Any) -> Levels:
    if isinstance(value, Levels):
        return value
    if type(value) in (int, float):
        value = [value]
    numbers = isinstance(value, (list, tuple)) and all(type(entry) in (int, float) for entry in value)
    if not numbers and not isinstance(value, str):
        raise wrong("must be levels such as `0:0.5:11`, a range such as `0.2..1`, or a list of numbers")
    try:
        return parse_levels(value)
    except Misread as error:
        raise wrong(str(error), offset=error.offset) from None


_LevelsText = Annotated[
    Levels,
    PlainValidator(_levels),
    _AS_TEXT,
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "number"}, "minItems": 2}]}),
]
SAMPLES = {"lhs": 100, "sobol": 128, "saltelli": 128, "morris": 20}
"""Designs that take a number of points, and how many where the file does not say: the base sample of a saltelli design,
the trajectories of a morris design."""


class Sweep(Model):
    """A design over numbers of this file, and how often each of its points is run."""

    vary: Annotated[dict[Text, _LevelsText], Field(min_length=1, max_length=100)]
    """What varies, by its path (`sanctions.bite`, `events[3].intensity`), and how: `0:0.5:11`, `0.2..1` or a list."""
    design: Literal["grid", "lhs", "sobol", "morris", "saltelli"] | None = None
    """grid where every input has levels, else lhs, unless it is said."""
    points: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    """Points of lhs and sobol, base sample of saltelli, trajectories of morris."""
    runs: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    """Runs of every point; run r meets the same shocks at every point."""
    outcomes: Annotated[tuple[_OutcomeText, ...], Strict(False)] = ()
    """What is measured besides the outcomes of the claims."""
    claims: Annotated[tuple[Text, ...], Strict(False)] | None = None
    """Ids of the claims that count, and whose branches are run; all where not said."""
    groups: dict[Name, Annotated[tuple[Text, ...], Strict(False), Field(min_length=1)]] = Field(default_factory=dict)
    """Inputs that are varied together as one, by a name for each group."""
    fixed_others: bool = False
    """true: all parameters that do not vary stand at the median of their belief."""

    @property
    def kind(self) -> str:
        """The design, also where the file does not say it."""
        return self.design or ("grid" if all(levels.values for levels in self.vary.values()) else "lhs")

    @property
    def count(self) -> int:
        """Points that a sampled design is asked for; 0 of a grid."""
        return self.points or SAMPLES.get(self.kind, 0)

    @model_validator(mode="after")
    def _fits(self) -> Sweep:
        open_ = [path for path, levels in self.vary.items() if not levels.values]
        discrete = [path for path in self.vary if path not in open_]
        if self.kind == "grid" and open_:
            raise wrong(f"is a grid, and {open_[0]} is a range; write it as low:high:count, or use another design")
        if self.kind == "morris" and discrete:
            raise wrong(f"is a morris design, which needs ranges; write {discrete[0]} as low..high")
        if self.kind == "grid" and self.points is not None:
            raise wrong("is a grid, whose levels say how many points it has; remove `points`")
        if self.kind in ("sobol", "saltelli") and self.count & (self.count - 1):
            below = 1 << (self.count.bit_length() - 1)
            raise wrong(f"asks for {self.count} points of a Sobol sequence, which needs a power of two: "
                        f"{below} or {2 * below}")  # fmt: skip
        if self.groups and self.kind not in ("morris", "saltelli"):
            raise wrong(f"has groups, of which a {self.kind} design knows nothing; use morris or saltelli")
        return self


def _one_belief(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_BELIEFS = {"enum": ["signed", "sceptical", "calibrated", "fixed"]}
Beliefs = Annotated[
    tuple[Belief, ...],
    Strict(False),
    BeforeValidator(_one_belief),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_BELIEFS, {"type": "array", "items": _BELIEFS, "minItems": 1}]}),
]
Parameter = Annotated[
    Pinned,
    BeforeValidator(_pinned),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "object", "description": "low, mode, high; or the parameters of one mechanism"},
            ]
        }
    ),
]
RunCount = Annotated[
    Runs,
    BeforeValidator(_runs),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                {
                    "type": "object",
                    "properties": {"until": {"const": "decided"}, "at_most": {"type": "integer", "minimum": 1}},
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Events = Annotated[tuple[Event, ...], Strict(False)]


def _format(value: Any) -> Any:
    if isinstance(value, int) and value > FORMAT:
        raise wrong(f"is format {value}, and this alignsim reads format {FORMAT}; update alignsim")
    return value


class Scenario(Model):
    """One question to the model: a world, a period, what happens, the alternatives, and the claims at stake."""

    alignsim: Annotated[Literal[1], BeforeValidator(_format)]
    """The version of this format, 1."""
    title: Text
    """What is asked, in one line."""
    about: Text | None = None
    """More words for readers."""
    extends: Text | None = None
    """Another scenario file, in the same folder or below it, whose contents come first."""
    world: Text
    """A packaged world such as west-asia-2024, or a folder with the same tables."""
    time: Time
    """The months that are simulated."""
    focus: Annotated[tuple[Pair, ...], Strict(False)] = ()
    """Pairs of states that are kept run by run."""
    groups: dict[Name, Who] = Field(default_factory=dict)
    """Names for lists of states, on top of the world's own."""
    belief: Beliefs = ("signed",)
    """How strong each mechanism is believed to be: signed, sceptical, calibrated or fixed; or a list of these."""
    theory: Theory = "consent"
    """The law of motion."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """Parameters that are pinned to a number or given as low, mode, high: `sanctions.bite: 0.2`."""
    mechanisms: dict[str, bool] = Field(default_factory=dict)
    """Mechanisms that are switched off (false)."""
    events: Events = ()
    """What happens in every branch."""
    branches: dict[str, Events] = Field(default_factory=dict)
    """The alternatives beside `baseline`: each lists what happens in it besides `events`."""
    claims: Annotated[tuple[Claim, ...], Strict(False)] = ()
    """Sentences to be judged."""
    runs: RunCount = Runs(at_most=400)
    """The number of runs, or {until: decided, at_most: N}."""
    seed: Annotated[int, Field(ge=0, le=_LARGEST_SEED)] = 0
    """A whole number that fixes every random draw."""
    sweep: Sweep | None = None
    """A design over numbers of this file; read by `alignsim sweep`."""

    @property
    def branch_names(self) -> tuple[str, ...]:
        """`baseline`, then the branches in the order of the file."""
        return (BASELINE, *self.branches)

    def branch_events(self, branch: str) -> tuple[Event, ...]:
        """Everything that happens in a branch: the common events, then its own."""
        return self.events if branch == BASELINE else (*self.events, *self.branches[branch])

    @property
    def dyads(self) -> tuple[tuple[str, str], ...]:
        """The pairs kept run by run: `focus`, then those that a claim measures, each once."""
        outcomes = [claim.outcome for claim in self.claims if claim.outcome is not None]
        claimed = [(o.state, o.partner) for o in outcomes if o.state is not None and o.partner is not None]
        kept: dict[frozenset[str], tuple[str, str]] = {}
        for a, b in [*self.focus, *claimed]:
            if a not in self.groups and b not in self.groups:
                kept.setdefault(frozenset((a, b)), (a, b))
        return tuple(kept.values())


def branch_name_problem(name: str) -> str | None:
    """Why a branch may not be called this, or None."""
    if name == BASELINE:
        return "`baseline` always exists (the events and no more); give this branch another name"
    if not _BRANCH.fullmatch(name):
        return f"{name[:60]!r} cannot name a branch; use letters, digits, '-' and '_', a letter first"
    return None
