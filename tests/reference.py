"""The monthly step of `docs/model.md` a second time: one run, plain loops, nothing shared with the package.

It exists to be read beside the document and to be compared with the fast kernel. A state is an index, a vector is a
list over states, a matrix a list of rows: `x[i][j]` is "of i, toward or from j"; flows are [from][to], sanctions
[by][on]. Names, units and ranges are those of the document's table of state variables. `before` is the snapshot at
the end of the month before (the document's prime) and `eve` the one its subscript 0 refers to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import atanh, exp, expm1, fsum, hypot, log, log1p, sqrt, tanh
from typing import Any

Vector = list[float]
Matrix = list[list[float]]
Parameters = dict[str, Any]  # path -> number, or list over states


@dataclass
class World:
    """The given numbers; `alignment` and `position` as sampled for this run, `oil` with its floor applied."""

    n: int
    issues: int
    gdp: Vector
    weight: Vector  # w_s, GDP over the GDP of the coalition
    distance: Matrix  # km
    capacity: Vector  # P before it is raised, TIV a month
    replenishment: Vector  # R, TIV a month
    know_how: Vector
    trade: Matrix  # bn USD a year, home sales on the diagonal
    oil: Matrix  # mb/d
    exporters: list[int]
    importers: list[int]
    arms: Matrix  # TIV a month
    alignment: Matrix
    position: Matrix  # n x issues
    attention: Matrix  # n x issues


@dataclass
class Drivers:
    """What the world and the events give for one month."""

    sanction_trade: Matrix
    sanction_financial: Matrix
    sanction_symbolic: Matrix
    embargo: Matrix
    secondary: Matrix
    hostility: Matrix
    trade_cost: Matrix
    deal: Matrix
    licence: Matrix
    breach: Matrix
    meeting: Matrix
    offer: Matrix
    war: Vector
    salience: Vector
    arsenal: Vector
    output_shock: Vector
    position_set: list[list[float | None]] | None = None


@dataclass
class Snapshot:
    """The end of one month: first the state variables, then what was worked out on the way."""

    z: Matrix
    alignment: Matrix
    position: Matrix
    innate: Matrix
    shortfall: Vector
    damage: Vector
    output: Vector
    know_how: Vector
    trade: Matrix
    oil: Matrix
    deliveries: Matrix
    stream: Matrix
    localisation: Matrix
    trust: Matrix
    pulse: Matrix

    barrier: Matrix
    isolation: Vector
    felt_isolation: Vector
    condemnation: Matrix
    fear: Matrix
    exposure: Matrix
    trade_share: Matrix
    home_share: Vector
    loss: Vector
    know_how_change: Vector  # before the drift at the eve is taken off
    capacity: Vector  # P as raised
    arms_export_capacity: Vector  # X
    gap: Vector
    openness: Matrix
    objection: Matrix
    willingness: Matrix
    tender: Matrix
    motive: dict[str, Matrix]  # phi before the eve's value is taken off
    contribution: dict[str, Matrix]  # weight * tanh(change of phi / reference)
    hostility: Matrix
    desire: Matrix
    settlement: Matrix  # z*


def simulate(
    world: World | dict, parameters: Parameters, drivers: list, shocks: list[tuple[Matrix, Matrix] | None]
) -> list[Snapshot]:
    """Snapshots from the eve (index 0) on.

    `shocks[t]` = (epsilon, n x n and symmetric; xi, n x issues), or None for none, goes with `drivers[t]`;
    both start at the eve, whose shock is not used. Raises ValueError where their lengths differ.
    """
    if len(shocks) != len(drivers):
        raise ValueError(f"{len(drivers)} months of drivers but {len(shocks)} of shocks; both count the eve")
    world = _as(World, world)
    months = [_as(Drivers, month) for month in drivers]
    snapshots = [the_eve(world, parameters, months[0])]
    for month, shock in zip(months[1:], shocks[1:], strict=True):
        snapshots.append(one_month(world, parameters, month, months[0], snapshots[-1], snapshots[0], shock))
    return snapshots


def _as(kind: type, given: Any) -> Any:
    """A `kind` from a dict; keys it does not know are left alone."""
    if isinstance(given, kind):
        return given
    return kind(**{f.name: given[f.name] for f in fields(kind) if f.name in given})


# --- arithmetic -------------------------------------------------------------------------------------------------


def plus(x: float) -> float:
    return max(x, 0.0)


def minus(x: float) -> float:
    return max(-x, 0.0)


def clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def ratio(part: float, whole: float) -> float:
    """part / whole, and 0 of nothing."""
    return part / whole if whole else 0.0


def table(n: int, rule: Callable[[int, int], float]) -> Matrix:
    return [[rule(i, j) for j in range(n)] for i in range(n)]


def between(n: int, rule: Callable[[int, int], float]) -> Matrix:
    """A matrix over pairs of different states; the diagonal is 0."""
    return table(n, lambda i, j: rule(i, j) if i != j else 0.0)


def of_state(value: float | Vector, i: int) -> float:
    """A parameter that may be one number for all or a list over states."""
    return value[i] if isinstance(value, list | tuple) else value


def fit(flows: Matrix, rows: Vector, columns: Vector, tolerance: float = 1e-13) -> Matrix:
    """diag(a) flows diag(b) with the wanted sums: rows and columns scaled in turn (Deming and Stephan 1940).

    `columns` must add up to what `rows` do. Stops when no row or column is off by more than `tolerance` of its target.
    """
    flows = [list(row) for row in flows]
    down, across = range(len(rows)), range(len(columns))
    for _ in range(100_000):
        for i in down:
            scale = ratio(rows[i], fsum(flows[i]))
            flows[i] = [flow * scale for flow in flows[i]]
        sums = [fsum(column) for column in zip(*flows, strict=True)]
        off = max((abs(sums[j] - columns[j]) / columns[j] for j in across if columns[j]), default=0.0)
        if off <= tolerance:  # the rows fit exactly, having just been scaled
            return flows
        scales = [ratio(columns[j], sums[j]) for j in across]
        flows = [[flow * scale for flow, scale in zip(row, scales, strict=True)] for row in flows]
    raise ArithmeticError(f"flows do not fit their sums: still off by {off:.1e}")


# --- 1 sanctions ------------------------------------------------------------------------------------------------


@dataclass
class Sanctions:
    barrier: Matrix
    isolation: Vector
    felt_isolation: Vector
    condemnation: Matrix


def sanctions(world: World, p: Parameters, month: Drivers, know_how: Vector) -> Sanctions:
    n, share = world.n, p["sanctions.trade_weight"]
    material = table(n, lambda s, i: share * month.sanction_trade[s][i] + (1 - share) * month.sanction_financial[s][i])
    felt = table(n, lambda s, i: material[s][i] * (1 - p["evasion.ceiling"] * know_how[i]))

    def weighed(by_and_on: Matrix) -> Vector:
        return [min(1.0, sum(world.weight[s] * by_and_on[s][i] for s in range(n))) for i in range(n)]

    return Sanctions(
        barrier=table(n, lambda i, j: max(felt[i][j], felt[j][i])),
        isolation=weighed(material),
        felt_isolation=weighed(felt),
        condemnation=table(n, lambda s, i: max(month.sanction_symbolic[s][i], material[s][i])),
    )


# --- 2 fear of secondary sanctions ------------------------------------------------------------------------------


def output_shares(world: World, output: Vector) -> Vector:
    """c: each state's share of world output."""
    size = [world.gdp[i] * exp(output[i]) for i in range(world.n)]
    return [ratio(size[i], sum(size)) for i in range(world.n)]


def fear_of_secondary_sanctions(world: World, month: Drivers, trade_share: Matrix, c: Vector) -> Matrix:
    """f_ij: what i fears if it deals with j. Only the weaker party can be coerced (Keohane and Nye 1977)."""

    def coercible(s: int, i: int) -> float:
        return plus(ratio(c[s] - c[i], c[s] + c[i]))

    def fear(i: int, j: int) -> float:
        return sum(month.secondary[s][j] * trade_share[i][s] * coercible(s, i) for s in range(world.n))

    return between(world.n, fear)


def exposure_to_enforcement(world: World, month: Drivers, trade_share: Matrix) -> Matrix:
    """v_ij: the share of i's trade that enforcement against those who deal with j puts at stake."""
    return between(world.n, lambda i, j: sum(month.secondary[s][j] * trade_share[i][s] for s in range(world.n)))


# --- 3 trade ----------------------------------------------------------------------------------------------------


def log_flow_change(
    world: World, p: Parameters, month: Drivers, barrier: Matrix, fear: Matrix, before: Snapshot, eve: Snapshot
) -> Matrix:
    """What barriers, fear, alignment and costs do to the logarithm of each flow, before the sums are met."""

    def more_fear(i: int, j: int) -> float:
        return fear[i][j] - eve.fear[i][j]

    def change(i: int, j: int) -> float:
        return (
            -p["sanctions.bite"] * (barrier[i][j] - eve.barrier[i][j])
            - p["secondary_sanctions.chill"] * (more_fear(i, j) + more_fear(j, i)) / 2
            + p["trade.alignment_pull"] * (before.alignment[i][j] - eve.alignment[i][j])
            - p["trade.elasticity"] * month.trade_cost[i][j]
        )

    return between(world.n, change)


def trade_flows(world: World, change: Matrix, output: Vector) -> Matrix:
    """T: every state sells and buys as its output allows; barriers decide with whom."""
    n, old = world.n, world.trade
    sells = [sum(old[i]) * exp(output[i]) for i in range(n)]
    buys = [sum(old[i][j] for i in range(n)) * exp(output[j]) for j in range(n)]
    buys = [purchase * ratio(sum(sells), sum(buys)) for purchase in buys]
    return fit(table(n, lambda i, j: old[i][j] * exp(change[i][j])), sells, buys)


def oil_flows(world: World, p: Parameters, change: Matrix) -> Matrix:
    """O: the same answer, stronger, on exporters by importers; every sum stays as at the eve."""
    old, sensitivity = world.oil, p["trade.oil_sensitivity"]
    flows = [[old[i][k] * exp(sensitivity * change[i][k]) for k in world.importers] for i in world.exporters]
    sold = [sum(old[i][k] for k in world.importers) for i in world.exporters]
    bought = [sum(old[i][k] for i in world.exporters) for k in world.importers]
    oil = [[0.0] * world.n for _ in range(world.n)]
    for i, row in zip(world.exporters, fit(flows, sold, bought), strict=True):
        for k, flow in zip(world.importers, row, strict=True):
            oil[i][k] = flow
    return oil


def trade_shares(trade: Matrix) -> Matrix:
    """d_ij: j's share of what i trades with others, both ways."""
    n = len(trade)
    both_ways = between(n, lambda i, j: trade[i][j] + trade[j][i])
    return between(n, lambda i, j: ratio(both_ways[i][j], sum(both_ways[i])))


def home_shares(trade: Matrix) -> Vector:
    """h_i: the share of what i buys that it makes itself."""
    n = len(trade)
    return [ratio(trade[i][i], sum(trade[k][i] for k in range(n))) for i in range(n)]


# --- 4 output ---------------------------------------------------------------------------------------------------


def output_loss(p: Parameters, home_share: Vector, at_eve: Vector) -> Vector:
    """log(h / h at the eve) / elasticity (Arkolakis, Costinot and Rodriguez-Clare 2012), 0 where h is 0."""
    return [
        log(now / then) / p["trade.elasticity"] if now and then else 0.0
        for now, then in zip(home_share, at_eve, strict=True)
    ]


# --- 5 know-how -------------------------------------------------------------------------------------------------


def know_how_change(
    world: World, p: Parameters, know_how: Vector, alignment: Matrix, isolation: Vector, trade_share: Matrix
) -> Vector:
    def change(i: int) -> float:
        spread = sum(
            plus(know_how[j] - know_how[i]) * plus(alignment[i][j]) * sqrt(trade_share[i][j]) for j in range(world.n)
        )
        return (
            p["evasion.learning"] * isolation[i] * (1 - know_how[i])
            + p["evasion.diffusion"] * isolation[i] * spread
            - p["evasion.forgetting"] * know_how[i]
        )

    return [change(i) for i in range(world.n)]


# --- 6 arms -----------------------------------------------------------------------------------------------------


@dataclass
class ArmsMarket:
    capacity: Vector
    gap: Vector
    openness: Matrix
    objection: Matrix
    willingness: Matrix
    tender: Matrix


def raised_capacity(world: World, p: Parameters, eve: Drivers) -> Vector:
    """P, at least enough for what each state already exports at the eve in spite of its war."""
    left = [max(1 - p["arms.war_drain"] * eve.war[i], 0.05) for i in range(world.n)]
    exports = [sum(world.arms[i][j] for j in range(world.n) if j != i) for i in range(world.n)]
    return [max(world.capacity[i], exports[i] / left[i]) for i in range(world.n)]


def arms_market(
    world: World,
    p: Parameters,
    month: Drivers,
    eve: Drivers,
    output: Vector,
    c: Vector,
    alignment: Matrix,
    exposure: Matrix,
    localisation: Matrix,
) -> ArmsMarket:
    """What each i could export (X), what each j lacks (gap) and how the tenders of j are shared among suppliers."""
    n, A = world.n, alignment

    def spared(war: float) -> float:
        return max(1 - p["arms.war_drain"] * war, 0.05)

    P = raised_capacity(world, p, eve)
    X = [P[i] * month.arsenal[i] * exp(output[i]) * spared(month.war[i]) for i in range(n)]
    gap = [
        world.replenishment[j] * (p["arms.peace_need"] + p["arms.war_need"] * plus(month.war[j] - eve.war[j]))
        for j in range(n)
    ]
    openness = table(
        n, lambda i, j: (1 - p["arms.embargo_effect"] * month.embargo[i][j]) * (1 - 0.99 * month.hostility[i][j])
    )
    objection = between(n, lambda i, j: sum(c[k] * plus(A[i][k]) * minus(A[k][j]) for k in range(n)))

    def willing(i: int, j: int) -> float:
        leaning = (
            p["arms.alignment_pull"] * A[i][j] - p["arms.fear"] * exposure[i][j] - p["arms.objection"] * objection[i][j]
        )
        friendly = (1 + A[i][j] / hypot(A[i][j], 0.15)) / 2
        return X[i] / (X[i] + 10) * openness[i][j] * friendly * exp(leaning) * (1 - localisation[i][j])

    w = between(n, willing)
    offered = [sum(w[k][j] for k in range(n)) for j in range(n)]
    tender = between(n, lambda i, j: gap[j] * w[i][j] / (p["arms.own_supply"] + offered[j]))
    return ArmsMarket(X, gap, openness, objection, w, tender)


def arms_deliveries(
    world: World,
    p: Parameters,
    month: Drivers,
    market: ArmsMarket,
    exposure: Matrix,
    before: Snapshot,
    eve: Snapshot,
    eve_war: Vector,
) -> Matrix:
    """M: old business as politics changes it, new tenders and deals, cut down to what each supplier can export."""

    def cooled(j: int) -> float:
        now, then = (p["arms.peace_need"] + p["arms.war_need"] * war[j] for war in (month.war, eve_war))
        return min(1.0, now / then) if then else 1.0

    def request(i: int, j: int) -> float:
        closer = before.alignment[i][j] - eve.alignment[i][j]
        more_exposed = exposure[i][j] - eve.exposure[i][j]
        more_open = market.openness[i][j] / eve.openness[i][j] if eve.openness[i][j] else 1.0
        old_business = (
            eve.deliveries[i][j]
            * exp(p["arms.alignment_pull"] * closer - p["arms.fear"] * more_exposed)
            * more_open
            * (1 - before.localisation[i][j])
            * cooled(j)
        )
        return old_business + plus(market.tender[i][j] - eve.tender[i][j]) + month.deal[i][j]

    q = between(world.n, request)
    filled = [min(1.0, market.capacity[i] / sum(q[i])) if sum(q[i]) else 1.0 for i in range(world.n)]
    return between(world.n, lambda i, j: q[i][j] * filled[i])


def localised(
    world: World, p: Parameters, month: Drivers, eve_war: Vector, M: Matrix, before: Snapshot, eve: Snapshot
) -> Matrix:
    """L: licences, and new deliveries to a state whose war has grown, teach it to make them itself."""

    def localise(i: int, j: int) -> float:
        new = plus(M[i][j] - eve.deliveries[i][j])
        at_war = 1.0 if month.war[j] > eve_war[j] else 0.0
        learnt = p["arms.localisation"] * (month.licence[i][j] + new / (new + 2) * at_war)
        return min(0.95, before.localisation[i][j] + learnt * (1 - before.localisation[i][j]))

    return between(world.n, localise)


# --- 7 trust ----------------------------------------------------------------------------------------------------


def trust_in(world: World, p: Parameters, month: Drivers, M: Matrix, before: Snapshot, eve: Snapshot) -> Matrix:
    """tau_ij: what j delivers to i beyond the usual builds trust, a promise j breaks destroys it."""

    def trust(i: int, j: int) -> float:
        held = before.trust[i][j]
        extra = plus(M[j][i] - 1.2 * eve.deliveries[j][i])
        gained = p["trust.gain"] * extra / (extra + 2) * (1 - held)
        return clip(held + gained - p["trust.loss"] * month.breach[i][j] * held, 0.0, 1.0)

    return table(world.n, trust)


# --- 8 positions ------------------------------------------------------------------------------------------------


def friends_opinion(world: World, alignment: Matrix, c: Vector, position: Matrix) -> Matrix:
    """W x: the mean position of a state's friends by friendship and size; without friends, its own."""
    heard = []
    for i in range(world.n):
        w = [plus(alignment[i][j]) * c[j] for j in range(world.n)]
        if not sum(w):
            w[i] = 1.0
        heard.append([sum(w[j] * position[j][d] for j in range(world.n)) / sum(w) for d in range(world.issues)])
    return heard


def innate_positions(world: World, p: Parameters, c: Vector) -> Matrix:
    """The positions that keep the eve's where they are (Friedkin and Johnsen 1990, solved backwards)."""
    stubborn = p["positions.stubbornness"]
    heard = friends_opinion(world, world.alignment, c, world.position)
    return [
        [(world.position[i][d] - (1 - stubborn) * heard[i][d]) / stubborn for d in range(world.issues)]
        for i in range(world.n)
    ]


def positions(
    world: World, p: Parameters, c: Vector, old: Matrix, innate: Matrix, A: Matrix, more_blame: Matrix, xi: Matrix
) -> Matrix:
    stubborn = p["positions.stubbornness"]
    heard = friends_opinion(world, A, c, old)

    def position(i: int, d: int) -> float:
        x = old[i][d]
        room = 1 - x * x
        social = p["positions.pull"] * ((1 - stubborn) * heard[i][d] + stubborn * innate[i][d] - x)
        noise = room * p["positions.noise"] * xi[i][d] / sqrt(12)
        defiance = 0.0
        if d == 0:
            toward_senders = sum(world.weight[s] * more_blame[s][i] * (old[s][0] - x) for s in range(world.n))
            defiance = -of_state(p["positions.defiance"], i) * toward_senders * room
        return clip(x + social + noise + defiance, -1.0, 1.0)

    return [[position(i, d) for d in range(world.issues)] for i in range(world.n)]


# --- 9 desire ---------------------------------------------------------------------------------------------------


@dataclass
class Sight:
    """What states see when they decide whom to want: the month's values, alignment from the month before."""

    month: Drivers
    c: Vector
    A: Matrix
    x: Matrix
    y: Vector
    K: Vector
    isolation: Vector
    condemnation: Matrix
    fear: Matrix
    d: Matrix
    oil: Matrix
    gap: Vector
    capacity: Vector  # P as raised
    E: Matrix
    trust: Matrix
    pulse: Matrix


def motives(world: World, p: Parameters, s: Sight) -> dict[str, Matrix]:
    """phi of every motive, before the eve's value is taken off."""
    n, states, c, A, x, d, E = world.n, range(world.n), s.c, s.A, s.x, s.d, s.E
    threat = table(
        n,
        lambda i, k: (
            minus(A[i][k]) * sqrt(c[k]) * (0.3 + 0.7 * exp(-world.distance[i][k] / 4000)) + s.month.hostility[i][k]
        ),
    )
    alarm = table(n, lambda i, k: threat[i][k] / sqrt(threat[i][k] + p["shared_threat.threshold"]))
    arms_share = table(n, lambda i, k: E[k][i] / (sum(E[m][i] for m in states) + 0.5))
    oil_sold = [sum(s.oil[i][k] for k in world.importers) for i in states]
    oil_bought = [sum(s.oil[i][k] for i in world.exporters) for k in states]

    def common_interests(i: int, j: int) -> float:
        return (
            sum(
                s.month.salience[q]
                * sqrt(world.attention[i][q] * world.attention[j][q])
                * (p["common_interests.indifference"] - abs(x[i][q] - x[j][q]))
                for q in range(world.issues)
            )
            / world.issues
        )

    def shared_friends(i: int, j: int) -> float:
        return sum(c[k] * plus(A[i][k]) * plus(A[k][j]) for k in states)

    def shared_threat(i: int, j: int) -> float:
        return sum(alarm[i][k] * alarm[j][k] for k in states)

    def cross_pressure(i: int, j: int) -> float:
        return -sum(c[k] * (plus(A[i][k]) * minus(A[k][j]) + minus(A[i][k]) * plus(A[k][j])) for k in states)

    def dependence(i: int, j: int) -> float:
        return log(d[i][j] + 0.02) + p["dependence.leverage"] * log(d[j][i] + 0.02)

    def stigma(i: int, j: int) -> float:
        return -sum(
            world.weight[k] * s.condemnation[k][j] * (plus(A[i][k]) + p["stigma.diffuse"]) for k in states if k != i
        )

    def substitution(i: int, j: int) -> float:
        return -sum((d[i][k] + arms_share[i][k]) / 2 * plus(A[i][k]) for k in states if k not in (i, j))

    def oil_rivalry(i: int, j: int) -> float:
        if i not in world.exporters or j not in world.exporters:
            return 0.0
        return -sum(ratio(s.oil[i][k], oil_sold[i]) * ratio(s.oil[j][k], oil_bought[k]) for k in world.importers)

    rules: dict[str, Callable[[int, int], float]] = {
        "common_interests": common_interests,
        "shared_friends": shared_friends,
        "shared_threat": shared_threat,
        "cross_pressure": cross_pressure,
        "dependence": dependence,
        "armament": lambda i, j: E[j][i] / (E[j][i] + s.gap[i] + 0.5),
        "arms_revenue": lambda i, j: ratio(E[i][j], E[i][j] + s.capacity[i]),
        "evasion": lambda i, j: plus(s.K[j] - s.K[i]) * s.isolation[i],
        "secondary_sanctions": lambda i, j: -s.fear[i][j],
        "stigma": stigma,
        "substitution": substitution,
        "oil_rivalry": oil_rivalry,
        "trust": lambda i, j: s.trust[i][j],
        "capacity": lambda i, j: s.y[j],
        "wedge": lambda i, j: -s.month.offer[i][j],
        "diplomacy": lambda i, j: s.pulse[i][j],
        "solidarity": lambda i, j: sqrt(s.isolation[i] * s.isolation[j]),
    }
    return {name: between(n, rule) for name, rule in rules.items()}


def contributions(world: World, p: Parameters, now: dict[str, Matrix], at_eve: dict[str, Matrix]) -> dict[str, Matrix]:
    """What each motive adds to each desire; tanh keeps it within its weight."""

    def moved(name: str, i: int, j: int) -> float:
        change = now[name][i][j] - at_eve[name][i][j]
        return p[f"{name}.weight"] * tanh(change / p[f"{name}.reference"])

    return {name: between(world.n, lambda i, j, name=name: moved(name, i, j)) for name in now}


def soft_minimum(u: float, v: float, sharpness: float) -> float:
    """-(1/sharpness) log of the mean of e^(-sharpness u) and e^(-sharpness v); their mean where sharpness is 0."""
    if not sharpness:
        return (u + v) / 2
    return min(u, v) - log1p(expm1(-sharpness * abs(u - v)) / 2) / sharpness


# --- the eve and a month ----------------------------------------------------------------------------------------


def the_eve(world: World, p: Parameters, month: Drivers) -> Snapshot:
    """The start of a run: the sampled state, and the value there of everything that later enters as a change."""
    n = world.n
    A = between(n, lambda i, j: world.alignment[i][j])
    M = between(n, lambda i, j: world.arms[i][j])
    x = [list(row) for row in world.position]
    nothing, calm = table(n, lambda i, j: 0.0), [0.0] * n
    trust = table(n, lambda i, j: 0.5)
    c, d = output_shares(world, calm), trade_shares(world.trade)
    felt = sanctions(world, p, month, world.know_how)
    fear = fear_of_secondary_sanctions(world, month, d, c)
    exposure = exposure_to_enforcement(world, month, d)
    market = arms_market(world, p, month, month, calm, c, A, exposure, nothing)
    P = raised_capacity(world, p, month)
    sight = Sight(
        month, c, A, x, calm, world.know_how, felt.isolation, felt.condemnation, fear, d, world.oil,
        market.gap, P, M, trust, nothing,
    )  # fmt: skip
    levels = motives(world, p, sight)
    z = between(n, lambda i, j: atanh(A[i][j]))
    return Snapshot(
        z=z, alignment=A, position=x, innate=innate_positions(world, p, c),
        shortfall=calm, damage=calm, output=calm, know_how=list(world.know_how),
        trade=world.trade, oil=world.oil, deliveries=M, stream=M, localisation=nothing, trust=trust, pulse=nothing,
        barrier=felt.barrier, isolation=felt.isolation, felt_isolation=felt.felt_isolation,
        condemnation=felt.condemnation, fear=fear, exposure=exposure, trade_share=d,
        home_share=home_shares(world.trade), loss=calm,
        know_how_change=know_how_change(world, p, world.know_how, A, felt.isolation, d),
        capacity=P, arms_export_capacity=market.capacity, gap=market.gap, openness=market.openness,
        objection=market.objection, willingness=market.willingness, tender=market.tender,
        motive=levels, contribution=contributions(world, p, levels, levels), hostility=nothing, desire=z, settlement=z,
    )  # fmt: skip


def one_month(
    world: World,
    p: Parameters,
    month: Drivers,
    eve_month: Drivers,
    before: Snapshot,
    eve: Snapshot,
    shock: tuple[Matrix, Matrix] | None,
) -> Snapshot:
    """The nine steps, in the order of the document."""
    n, states, A = world.n, range(world.n), before.alignment
    epsilon, xi = shock or (table(n, lambda i, j: 0.0), [[0.0] * world.issues for _ in states])
    old_x, innate = [list(row) for row in before.position], [list(row) for row in before.innate]
    for i, d in ((i, d) for i in states for d in range(world.issues)):
        if month.position_set is not None and month.position_set[i][d] is not None:
            old_x[i][d] = innate[i][d] = month.position_set[i][d]

    # 1 sanctions, 2 fear
    felt = sanctions(world, p, month, before.know_how)
    c_before = output_shares(world, before.output)
    fear = fear_of_secondary_sanctions(world, month, before.trade_share, c_before)

    # 3 trade
    change = log_flow_change(world, p, month, felt.barrier, fear, before, eve)
    trade = trade_flows(world, change, before.output)
    oil = oil_flows(world, p, change)
    shares, home = trade_shares(trade), home_shares(trade)

    # 4 output
    loss = output_loss(p, home, eve.home_share)
    shortfall = [old - p["capacity.adjustment"] * (old + loss[i]) for i, old in enumerate(before.shortfall)]
    damage = [
        (1 - p["capacity.recovery"]) * before.damage[i]
        - p["capacity.drag"] * (felt.felt_isolation[i] - eve.felt_isolation[i])
        - p["capacity.war_drag"] * (month.war[i] - eve_month.war[i])
        + month.output_shock[i]
        for i in states
    ]
    output = [clip(shortfall[i] + damage[i], -1.5, 1.0) for i in states]
    c = output_shares(world, output)

    # 5 know-how
    learnt = know_how_change(world, p, before.know_how, A, felt.isolation, shares)
    know_how = [clip(before.know_how[i] + learnt[i] - eve.know_how_change[i], 0.0, 1.0) for i in states]

    # 6 arms, 7 trust
    exposure = exposure_to_enforcement(world, month, shares)
    market = arms_market(world, p, month, eve_month, output, c, A, exposure, before.localisation)
    M = arms_deliveries(world, p, month, market, exposure, before, eve, eve_month.war)
    E = between(n, lambda i, j: before.stream[i][j] + p["arms.memory"] * (M[i][j] - before.stream[i][j]))
    localisation = localised(world, p, month, eve_month.war, M, before, eve)
    trust = trust_in(world, p, month, M, before, eve)

    # 8 positions
    more_blame = table(n, lambda s, i: felt.condemnation[s][i] - eve.condemnation[s][i])
    x = positions(world, p, c, old_x, innate, A, more_blame, xi)

    # 9 desire, consent, alignment
    pulse = table(n, lambda i, j: p["diplomacy.decay"] * before.pulse[i][j] + month.meeting[i][j])
    sight = Sight(
        month, c, A, x, output, know_how, felt.isolation, felt.condemnation, fear, shares, oil,
        market.gap, eve.capacity, E, trust, pulse,
    )  # fmt: skip
    levels = motives(world, p, sight)
    added = contributions(world, p, levels, eve.motive)
    of_target = p["sanctions.hostility"]
    hostility = between(
        n, lambda i, j: of_state(of_target, j) * more_blame[i][j] + of_state(of_target, i) * more_blame[j][i]
    )
    u = between(n, lambda i, j: eve.z[i][j] - hostility[i][j] + sum(motive[i][j] for motive in added.values()))
    settled = between(n, lambda i, j: soft_minimum(u[i][j], u[j][i], p["consent.sharpness"]))

    def next_z(i: int, j: int) -> float:
        old = before.z[i][j]
        step = p["consent.speed"] * (settled[i][j] - old) + p["consent.noise"] * epsilon[i][j]
        return clip(old + step, -4.0, 4.0)

    z = between(n, next_z)
    return Snapshot(
        z=z, alignment=between(n, lambda i, j: tanh(z[i][j])), position=x, innate=innate,
        shortfall=shortfall, damage=damage, output=output, know_how=know_how,
        trade=trade, oil=oil, deliveries=M, stream=E, localisation=localisation, trust=trust, pulse=pulse,
        barrier=felt.barrier, isolation=felt.isolation, felt_isolation=felt.felt_isolation,
        condemnation=felt.condemnation, fear=fear, exposure=exposure, trade_share=shares, home_share=home, loss=loss,
        know_how_change=learnt, capacity=eve.capacity, arms_export_capacity=market.capacity, gap=market.gap,
        openness=market.openness, objection=market.objection, willingness=market.willingness, tender=market.tender,
        motive=levels, contribution=added, hostility=hostility, desire=u, settlement=settled,
    )  # fmt: skip
