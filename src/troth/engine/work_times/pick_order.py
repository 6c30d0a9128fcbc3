"""In which order a node picks: by when a task has to be begun, and sooner the likelier it is that its goods are gone by
then.

What a store sells to people who walk in is taken from the same shelf as what it was asked for, and what the books say
may not be there at all. A task whose goods are sure to be there loses nothing by waiting until it has to be begun; one
whose goods may be gone is looked for while another node can still send them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import exp
from typing import Final

from troth.model.ids import FulfillmentId, Sku
from troth.model.value import dataclass

_HOURS_A_WEEK: Final = 168.0
_TERMS_MAX: Final = 500
"""Beyond so many units that nobody is promised a shelf is not sold empty in a day."""


@dataclass(frozen=True, slots=True)
class PickLine:
    """What a task asks of a shelf: a SKU, how likely a unit on the books is there (0 to 1), how many units nobody is
    promised, and how many the node sells of it in a week besides.
    """

    sku: Sku
    find: float
    spare: int
    weekly_units: float


@dataclass(frozen=True, slots=True)
class PickTask:
    """Work that is to be picked, until when it has to be out or ready."""

    fulfillment_id: FulfillmentId
    ship_by: datetime
    lines: tuple[PickLine, ...]


@dataclass(frozen=True, slots=True)
class PickTurn:
    """When a task is to be picked, and why: how likely it is (0 to 1) that some of its goods would be gone by the last
    moment, and of which SKU that is said.
    """

    fulfillment_id: FulfillmentId
    ship_by: datetime
    pick_by: datetime
    risk: float
    sku: Sku | None


def order_picks(tasks: Iterable[PickTask], now: datetime, *, task_minutes: float) -> list[PickTurn]:
    """The turns of tasks that take so many minutes each, in their order; ties by `ship_by` and id."""
    turns = [_turn(task, now, task_minutes) for task in tasks]
    return sorted(turns, key=lambda turn: (turn.pick_by, turn.ship_by, turn.fulfillment_id))


def gone_risk(line: PickLine, hours: float) -> float:
    """How likely it is that a unit is not there in so many hours: it never was, or more people who walked in took one
    than units that nobody is promised. People come as a Poisson process.

    >>> a_week = PickLine(Sku("A"), find=1.0, spare=0, weekly_units=7.0)
    >>> round(gone_risk(a_week, 24.0), 3), gone_risk(a_week, 0.0)
    (0.632, 0.0)
    """
    mean = max(0.0, line.weekly_units) * max(0.0, hours) / _HOURS_A_WEEK
    return 1.0 - min(1.0, max(0.0, line.find)) * _at_most(max(0, line.spare), mean)


def _turn(task: PickTask, now: datetime, minutes: float) -> PickTurn:
    latest = task.ship_by - timedelta(minutes=minutes)
    slack = latest - now
    hours = max(0.0, slack.total_seconds() / 3600.0)
    risks = [(gone_risk(line, hours), line.sku) for line in task.lines]
    risk, sku = max(risks, default=(0.0, None), key=lambda pair: pair[0])
    pick_by = latest if slack <= timedelta(0) else now + slack * (1.0 - risk)
    return PickTurn(task.fulfillment_id, task.ship_by, pick_by, risk, sku if risk > 0.0 else None)


def _at_most(count: int, mean: float) -> float:
    """The probability that a Poisson number of this mean is at most `count`."""
    if count >= _TERMS_MAX or mean <= 0.0:
        return 1.0
    term = total = exp(-mean)
    for number in range(1, count + 1):
        term *= mean / number
        total += term
    return min(1.0, total)
