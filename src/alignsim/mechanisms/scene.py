"""What a state can see when it forms its desires: this month's pressure, trade and arms, and last month's alignment."""

from __future__ import annotations

from dataclasses import dataclass

from alignsim.arrays import Array, Drivers, Given


@dataclass(frozen=True)
class Scene:
    """The month as every mechanism reads it; shapes as in `arrays`, R = runs, N = states."""

    given: Given
    drivers: Drivers
    importance: Array  # (D, 1|R, N, N) salience and both sides' attention, per issue
    accusers: Array  # (1|R, N, N) condemnation of j by i, weighted by i's share of the coalition
    friends: Array  # (R, N, N) positive part of last month's alignment
    foes: Array  # (R, N, N) negative part of it, as a positive number
    share: Array  # (R, N) of world output
    isolation: Array  # (R, N) 0..1
    fear: Array  # (R, N, N) of secondary sanctions if i deals with j
    trade_share: Array  # (R, N, N) of i's external trade, with j
    oil: Array  # (R, X, I) mb/d
    need: Array  # (R, N) for arms from abroad, TIV a month
    stream: Array  # (R, N, N) running mean of deliveries, i to j, TIV a month
    received: Array  # (R, N, N) the same by recipient: to i from j
    capacity: Array  # (R, N) P, what a state could export in peace, TIV a month
    friction: Array  # (R, N, N) capability-weighted friends of i that are foes of j
    know_how: Array  # (R, N)
    output: Array  # (R, N) log, relative to the eve
    trust: Array  # (R, N, N)
    position: Array  # (R, N, D)
    pulse: Array  # (R, N, N)
