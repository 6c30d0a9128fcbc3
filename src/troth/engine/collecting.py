"""When what is ready at a node can be collected there: in its opening hours."""

from datetime import datetime
from typing import NamedTuple

from troth.engine.carriage.calendars import DAYS_SEARCHED_MAX, find_hours, instant, local_day, minute_of
from troth.engine.carriage.network import Network
from troth.model.ids import NodeId


class Collecting(NamedTuple):
    """From when until when something can be collected; `is_always`: the node opens again as soon as it has closed."""

    opens: datetime
    closes: datetime
    is_always: bool


def find_collecting(network: Network, node: NodeId, ready: datetime) -> Collecting | None:
    """The first hours of a node in which what is ready at an instant can be collected, from that instant on; None where
    it is not known or never opens.
    """
    position = network.index.get(node)
    if position is None:
        return None
    clock = network.clock_of(position, "")
    minute = -minute_of(-ready.timestamp())
    first = local_day(clock.time_zone, minute)
    for day in range(first - clock.is_nightly, first + DAYS_SEARCHED_MAX):
        hours = find_hours(clock, day)
        if hours is not None and minute < hours[1]:
            after = find_hours(clock, day + 1)
            opens = ready if hours[0] <= minute else instant(hours[0] * 60)
            return Collecting(opens, instant(hours[1] * 60), after is not None and after[0] <= hours[1] + 1)
    return None
