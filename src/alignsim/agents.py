"""The Mesa face: one run of a plan as a Mesa model whose agents are states.

What is a state's own, and what is not. A month is one array step over all states, the same that batches take, because
everything in it answers to the end of the month before: no order of agents could change the outcome. A `StateAgent`
therefore computes nothing and holds no number; it is a view of its row of the model's snapshot. Its row of desires is
the decision it forms by its own motives, and a tie moves only as far as the less willing of its two states lets it.
Trade, oil and arms are markets: they are cleared for all states at once and belong to none.

Mesa's own random numbers (`model.random`, `model.rng`) serve Mesa, for instance to shuffle agents; the shocks of a run
are addressed by the plan's seed, so nothing that is done to agents between months changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Any, Self

import mesa
import numpy as np
from threadpoolctl import ThreadpoolController

from alignsim.arrays import Snapshot
from alignsim.errors import UsageError, did_you_mean
from alignsim.plan import Plan, resolve
from alignsim.scenario import load
from alignsim.world import load as load_world

Reporters = Mapping[str, str | Callable[[Any], Any]]
"""Columns of collected data: the name, and an attribute or a function of the model or the agent."""

AGENT_COLUMNS: Reporters = {name: name for name in ("code", "isolation", "output", "know_how")}
"""What is collected of every state unless the caller names other columns."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a state decided about one partner in a month. Desires are in units of z, the latent alignment."""

    partner: str  # code
    desire: float  # what the state wants of the tie
    desired: float  # what the partner wants of it
    binds: str | None  # code of the less willing of the two, None where they agree


class StateAgent(mesa.Agent):
    """One state: read-only views of its place in the model's snapshot, at the end of `model.date`.

    A partner is named by its code or by its agent. Raises UsageError where there is no such state.
    """

    def __init__(self, model: AlignmentModel, index: int) -> None:
        super().__init__(model)
        self.index = index  # in plan.states
        self.code = model.plan.states[index]

    @property
    def name(self) -> str:
        return self.model.plan.about.get("names", {}).get(self.code, self.code)

    @property
    def groups(self) -> tuple[str, ...]:
        """The plan's groups it belongs to, in their order; hashable, for `groupby`."""
        return tuple(k for k, members in self.model.plan.about.get("groups", {}).items() if self.code in members)

    @property
    def isolation(self) -> float:
        """Material sanctions on it, 0..1, as a share of the coalition's economy."""
        return float(self.model.now.isolation[0, self.index])

    @property
    def output(self) -> float:
        """Log output relative to the eve, -1.5..1."""
        return float(self.model.now.output[0, self.index])

    @property
    def know_how(self) -> float:
        """Skill at evading sanctions, 0..1."""
        return float(self.model.now.know_how[0, self.index])

    @property
    def position(self) -> dict[str, float]:
        """Its position on each issue, -1..1."""
        return dict(zip(self.model.plan.issues, self.model.now.position[0, self.index].tolist(), strict=True))

    @property
    def stance(self) -> dict[str, float]:
        """Its alignment with every other state, by code, -1..1."""
        return self._row("alignment")

    @property
    def desires(self) -> dict[str, float]:
        """Its row of desires: what it wants of every other state, by code, in z; on the eve, the ties there are."""
        return self._row("desire")

    def friends(self, above: float = 0.3) -> Any:
        """AgentSet of the other states it is aligned with by more than `above`, a convention that no equation uses."""
        close = {code for code, alignment in self.stance.items() if alignment > above}
        return self.model.agents.select(lambda agent: isinstance(agent, StateAgent) and agent.code in close)

    @property
    def decision(self) -> dict[str, Decision]:
        """What it decided this month about every other state, by code."""
        return {code: self.decide(code) for code in self.model.plan.states if code != self.code}

    def decide(self, partner: str | StateAgent) -> Decision:
        """Its desire toward one partner, the partner's toward it, and whose binds. Gathered, not worked out anew."""
        i, j = self.index, self.model.index(partner)
        own, other = (float(self.model.now.desire[0, a, b]) for a, b in ((i, j), (j, i)))
        codes = self.model.plan.states
        binds = None if own == other else codes[i] if own < other else codes[j]
        return Decision(codes[j], own, other, binds)

    def motives(self, partner: str | StateAgent) -> dict[str, float]:
        """What each motive adds to its desire toward a partner, in z; motives that are switched off are left out."""
        j = self.model.index(partner)
        return {name: float(share[0, self.index, j]) for name, share in self.model.now.contributions.items()}

    def alignment(self, partner: str | StateAgent) -> float:
        """-1..1, the same from both sides; 0 with itself."""
        return self._toward("alignment", partner)

    def trade_share(self, partner: str | StateAgent) -> float:
        """Share of its external trade that is with a partner, 0..1."""
        return self._toward("trade_share", partner)

    def deliveries(self, partner: str | StateAgent) -> float:
        """Arms it delivers to a partner this month, TIV."""
        return self._toward("deliveries", partner)

    def trust(self, partner: str | StateAgent) -> float:
        """Its trust in a partner, 0..1."""
        return self._toward("trust", partner)

    def _toward(self, field: str, partner: str | StateAgent) -> float:
        return float(getattr(self.model.now, field)[0, self.index, self.model.index(partner)])

    def _row(self, field: str) -> dict[str, float]:
        row = getattr(self.model.now, field)[0, self.index].tolist()
        return {code: value for code, value in zip(self.model.plan.states, row, strict=True) if code != self.code}

    def __repr__(self) -> str:
        return f"StateAgent({self.code!r})"


class AlignmentModel(mesa.Model):
    """One run of one branch of a plan: `now` is the condition of the system at the end of month `month`, 0 the eve.

    `step()` advances one month and `running` turns false after the last; the numbers are those of the same run in a
    batch, bit for bit. `datacollector` collects the eve and every month after it.
    """

    def __init__(
        self,
        plan: Plan,
        run: int = 0,
        branch: str = "baseline",
        *,
        model_reporters: Reporters | None = None,
        agent_reporters: Reporters | None = None,
    ) -> None:
        """`run` counts from 0 and may lie beyond those a study would simulate: every run number has its own draws.

        Only columns that are asked for are ever worked out. By default they are the month and the alignment of each
        focus dyad for the model, and AGENT_COLUMNS for each state; an empty mapping collects nothing.
        Raises UsageError for an unknown branch or a run below 0, and AlignsimError where no draw is acceptable.
        """
        if branch not in plan.branches:
            raise UsageError(f"no branch {branch!r}; there are {', '.join(plan.branches)}")
        if run < 0:
            raise UsageError(f"run {run} does not exist; runs count from 0")
        super().__init__(rng=plan.seed)
        self.plan, self.run, self.branch, self.month = plan, run, branch, 0
        self._threads = ThreadpoolController()
        with self._threads.limit(limits=1):  # as in batches: threads would change the last bits of matrix products
            batch = plan.batch(np.array([run], dtype=np.int64))
            self._snapshots = batch.simulate(branch, batch.shocks(), explain=lambda month: True)
            self.now: Snapshot = next(self._snapshots)
        self._states = {code: StateAgent(self, k) for k, code in enumerate(plan.states)}
        columns = AGENT_COLUMNS if agent_reporters is None else agent_reporters
        self.datacollector = mesa.DataCollector(
            model_reporters=_month_and_focus(plan) if model_reporters is None else model_reporters,
            agent_reporters={name: partial(_column, what) for name, what in columns.items()},
        )
        self.datacollector.collect(self)

    @classmethod
    def from_scenario(
        cls, path: str | PathLike[str], run: int = 0, branch: str = "baseline", belief: str | None = None
    ) -> Self:
        """The model of a scenario file. Raises InvalidInput or FileProblem as `alignsim.run` does."""
        document = load(path)
        return cls(resolve(document, load_world(document.scenario.world), belief), run, branch)

    def step(self) -> None:
        """Advance one month. Raises UsageError when there is none left."""
        with self._threads.limit(limits=1):
            now = next(self._snapshots, None)
        if now is None:
            raise UsageError(f"there is no month after {self.date}: the scenario is over, or this model was closed")
        self.now, self.month = now, self.month + 1
        self.running = self.month < self.plan.months
        self.datacollector.collect(self)

    @property
    def date(self) -> str:
        """The month the snapshot is of, such as 2024-09."""
        return str(self.plan.times[self.month])[:7]

    def state(self, code: str) -> StateAgent:
        """The agent of a state. Raises UsageError where there is none."""
        if code not in self._states:
            raise UsageError(f"{code!r} is not a state of this plan{did_you_mean(code, self._states)}")
        return self._states[code]

    def index(self, state: str | StateAgent) -> int:
        """A state's place in the plan's order. Raises UsageError where it has none."""
        return (state if isinstance(state, StateAgent) else self.state(state)).index

    def close(self) -> None:
        """End the run and let the model be freed; what was collected and the last snapshot can still be read.

        Mesa before 3.4.2 keeps every model that has agents for as long as Python runs. Where many are made, use
        `with AlignmentModel(plan) as model:`, which closes it. Agents added to a closed model count from 1 again.
        """
        self.running = False
        self._snapshots.close()
        getattr(mesa.Agent, "_ids", {}).pop(self, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _month_and_focus(plan: Plan) -> Reporters:
    """The month, and the alignment of each focus dyad."""
    pairs = [(plan.states[i], plan.states[j]) for i, j in plan.focus]
    return {"date": "date"} | {f"{a}-{b}": lambda model, a=a, b=b: model.state(a).alignment(b) for a, b in pairs}


def _column(what: str | Callable[[Any], Any], agent: mesa.Agent) -> Any:
    """A state's value in a column; None for agents of another kind."""
    if not isinstance(agent, StateAgent):
        return None
    return what(agent) if callable(what) else getattr(agent, what)
