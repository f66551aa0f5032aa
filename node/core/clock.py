"""Which time a node goes by.

A machine has two clocks: one that tells the date, and that anybody with the right may set, and one that only
runs (CLOCK_BOOTTIME). While both say that the same time has passed, the first is believed. When it jumps, the
node goes on by the second; after a start, when nothing ran on, it compares with the last time that it knew.
What is not believed needs a second look: the clocks of other departments, or two officers. All here is pure:
`node.exchange.node_clock` reads the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from node.errors import NodeError, Reason
from node.texts.message import Message

_FOLLOWS = 1000
"""While both clocks agree, what is expected of the one follows it by one part in so many: twice as fast as a
system is ever slewed, and a thousand times slower than what comes in steps."""
_LOOK = timedelta(seconds=1)
MIN_PEERS = 2


class Reading(NamedTuple):
    """What the machine says at one moment: date and time in UTC, and the time that ran since it started."""

    wall: datetime
    elapsed: timedelta


@dataclass(frozen=True, slots=True)
class Line:
    """A time that was right when so much had run; it goes on with what runs."""

    time: datetime
    elapsed: timedelta

    def at(self, reading: Reading) -> datetime:
        """The time on this line at the moment of the reading."""
        return self.time + (reading.elapsed - self.elapsed)


@dataclass(frozen=True, slots=True)
class ClockBounds:
    """How far clocks may disagree.

    `jump` is between the two of the machine, `away` how long the node may have been off without a second
    look, `skew` between two departments.
    """

    jump: timedelta
    away: timedelta
    skew: timedelta


class TimeUnknownError(NodeError):
    """Nothing can be asked, answered or recorded before the node knows what time it is: CLOCK_SKEWED."""

    def __init__(self) -> None:
        super().__init__(Reason.CLOCK_SKEWED, "error.clock.not-known")


class Standing(StrEnum):
    """How the node knows the time."""

    AGREED = "agreed"
    """The system's clock runs as time does."""
    HELD = "held"
    """The system's clock is not believed; the node goes on by what runs."""
    WAITING = "waiting"
    """The node does not know the time: nothing is asked or answered."""


class Told(StrEnum):
    """What the clocks of most other departments that were asked say, since the standing is as it is."""

    NOTHING = "nothing"
    """Fewer than two agreed on a time."""
    SYSTEM = "system"
    """The time of the system's clock."""
    OWN = "own"
    """The time that the node goes by."""
    OTHER = "other"
    """Neither."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a node knows of the time; each function below gives the next one.

    `expected` is where the system's clock should be, which follows it slowly while it is believed. `own` goes
    on from the last time that was believed. `off` is how far the system's clock was from `own` when it was
    doubted. While the node waits, nothing before `floor` is believed without more. `certain` is the line
    before a time was believed that nothing has confirmed yet; None when there is no such doubt. `said` is
    what `told` is about.
    """

    standing: Standing
    expected: Line
    own: Line
    off: timedelta = timedelta()
    floor: datetime | None = None
    certain: Line | None = None
    told: Told = Told.NOTHING
    said: Line | None = None

    def time(self, reading: Reading) -> datetime:
        """The time that the node goes by; while it waits, the last that it knew, and what ran since."""
        return reading.wall if self.standing is Standing.AGREED else self.own.at(reading)

    def certain_time(self, reading: Reading) -> datetime:
        """A time that has certainly come: what is forgotten by it would have been forgotten by any clock."""
        time = self.time(reading)
        return time if self.certain is None else min(time, self.certain.at(reading))

    def shown_to_others(self, reading: Reading) -> datetime | None:
        """What the node tells others of the time, None when it knows nothing better than they.

        Nodes that were off for long together confirm each other: each says what its own machine says.
        """
        if self.standing is not Standing.WAITING:
            return self.time(reading)
        return reading.wall if self.off > timedelta() and self.told is Told.NOTHING else None

    def wants_second_look(self) -> bool:
        """Whether others should be asked for the time."""
        return self.standing is not Standing.AGREED or self.certain is not None


def started(
    reading: Reading, known: datetime | None, bounds: ClockBounds, certain: datetime | None = None
) -> Clock:
    """After a start; `known` is the last time that the node knew, None for a node that is new.

    `certain` is what had certainly come when it was last remembered, where that is less.
    """
    if known is None:
        return agreed(reading)
    line = Line(known, reading.elapsed)
    before = None if certain is None else Line(certain, reading.elapsed)
    return _agreed_again(reading, line, known, bounds, before) or Clock(
        Standing.WAITING, line, line, reading.wall - known, floor=known, certain=before
    )


def agreed(reading: Reading, certain: Line | None = None) -> Clock:
    """The system's clock is believed from now on."""
    now = Line(reading.wall, reading.elapsed)
    return Clock(Standing.AGREED, now, now, certain=certain)


def ordered(clock: Clock, reading: Reading, bounds: ClockBounds) -> Clock:
    """After officers decided for the system's clock: where it is ahead, nothing has confirmed it yet."""
    return agreed(reading, clock.certain or _doubtful(reading, clock.own, bounds))


def looked(clock: Clock, reading: Reading, bounds: ClockBounds) -> Clock:
    """After a look at the machine's clocks; the same object when nothing has changed."""
    if clock.standing is Standing.AGREED:
        return _followed(clock, reading, bounds)
    if clock.standing is Standing.HELD:
        if abs(reading.wall - clock.expected.at(reading)) <= bounds.jump:
            return replace(agreed(reading, clock.certain), expected=clock.expected)
    elif clock.floor is not None:
        again = _agreed_again(reading, clock.own, clock.floor, bounds, clock.certain)
        if again is not None:
            return again
    off = reading.wall - clock.own.at(reading)
    if abs(off - clock.off) > bounds.jump:  # it jumped once more: what others said of it counts no more
        return replace(clock, off=off, told=Told.NOTHING, said=None)
    return clock


def heard(
    clock: Clock, reading: Reading, said: datetime, last_record: datetime | None, bounds: ClockBounds
) -> Clock:
    """After most of the other departments that were asked have said what time it is.

    By this alone the clock never goes back behind the last record; and to a time that the system's clock does
    not say, no further than a start alone would be believed: a few who lie together cannot take it far.
    """
    line = Line(said, reading.elapsed)
    to_system, to_own = abs(said - reading.wall), abs(said - clock.own.at(reading))
    if clock.standing is Standing.AGREED:
        if to_system <= bounds.skew:
            return replace(clock, certain=None, told=Told.SYSTEM, said=line)
        return replace(clock, told=Told.OTHER, said=line)
    system = to_system <= bounds.skew and (clock.standing is Standing.WAITING or to_system <= to_own)
    if clock.standing is Standing.HELD and not system:
        if to_own <= bounds.skew:
            return replace(clock, certain=None, told=Told.OWN, said=line)
        return replace(clock, told=Told.OTHER, said=line)
    if last_record is not None and (reading.wall if system else said) < last_record - bounds.jump:
        told = Told.SYSTEM if system else Told.OTHER
        return replace(clock, standing=Standing.WAITING, floor=last_record, told=told, said=line)
    if system:
        return replace(agreed(reading), told=Told.SYSTEM, said=line)
    if said > clock.own.at(reading) + bounds.away:
        return replace(clock, told=Told.OTHER, said=line)
    off = reading.wall - said
    return Clock(Standing.HELD, line, line, off, told=Told.OWN, said=line)


def most_say(times: Sequence[datetime], skew: timedelta) -> datetime | None:
    """The time on which at least two, and more than half of all, agree within `skew`; None without one."""
    ordered = sorted(times)
    count = max(MIN_PEERS, len(ordered) // 2 + 1)
    groups = [ordered[first : first + count] for first in range(len(ordered) - count + 1)]
    closest = min(groups, key=lambda group: group[-1] - group[0], default=None)
    if closest is None or closest[-1] - closest[0] > skew:
        return None
    return closest[len(closest) // 2]


def span_text(span: timedelta) -> str:
    """A span of time with its sign, in any language: +7d 03:02:11."""
    seconds = round(abs(span).total_seconds())
    days, rest = divmod(seconds, 86_400)
    sign = "-" if span < timedelta() else "+"
    return f"{sign}{days}d {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def clock_problem(clock: Clock, reading: Reading) -> Message | None:
    """What is wrong with the clock and what to do, None when nothing is."""
    off = span_text(clock.off)
    said = None if clock.said is None else clock.said.at(reading)
    others_differ = said is not None and clock.told is Told.OTHER
    match clock.standing:
        case Standing.AGREED:
            return _problem("others-differ", said=said) if others_differ else None
        case Standing.HELD:
            if clock.told is Told.OWN:
                return _problem("off", off=off)
            if others_differ:
                return _problem("jumped-others-differ", off=off, said=said)
            return _problem("jumped", off=off)
        case Standing.WAITING:
            floor = clock.own.time if clock.floor is None else clock.floor
            if said is not None and said > floor:
                return _problem("away-others-later", off=off, floor=floor, said=said)
            if said is not None and clock.told is not Told.NOTHING:
                return _problem("before-last-record", said=said, floor=floor)
            return _problem("away", off=off, floor=floor)


def _problem(key: str, **args: str | datetime | None) -> Message:
    return Message(f"state.clock.{key}", {name: value for name, value in args.items() if value is not None})


def _followed(clock: Clock, reading: Reading, bounds: ClockBounds) -> Clock:
    ran = reading.elapsed - clock.expected.elapsed
    off = reading.wall - clock.expected.time - ran
    if abs(off) > bounds.jump:
        held = replace(clock, standing=Standing.HELD, told=Told.NOTHING, said=None)
        return replace(held, off=reading.wall - held.own.at(reading))
    if ran < _LOOK:
        return clock
    most = ran / _FOLLOWS
    expected = Line(reading.wall - off + max(-most, min(most, off)), reading.elapsed)
    return replace(clock, expected=expected, own=Line(reading.wall, reading.elapsed))


def _agreed_again(
    reading: Reading, own: Line, floor: datetime, bounds: ClockBounds, certain: Line | None
) -> Clock | None:
    """The clock when the system's is neither behind `floor` nor too far past `own`, else None."""
    ahead = reading.wall - own.at(reading)
    if reading.wall < floor - bounds.jump or ahead > bounds.away:
        return None
    return agreed(reading, certain or _doubtful(reading, own, bounds))


def _doubtful(reading: Reading, own: Line, bounds: ClockBounds) -> Line | None:
    """The time before the system's was believed that is further ahead than clocks are; else None."""
    return own if reading.wall - own.at(reading) > bounds.skew else None
