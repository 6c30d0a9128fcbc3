"""How busy nodes are: the share that is promised of their capacity of the day on which they would work on an order."""

from collections.abc import Mapping
from datetime import datetime

from troth.engine.carriage.calendars import day_date, day_of_work
from troth.engine.carriage.network import Network
from troth.model.ids import NodeId

_DECIMALS = 4


def shares_used(network: Network, now: datetime) -> Mapping[NodeId, float]:
    """Of each limited node of which anything is promised for the day on which it would work on an order of now, the
    share of that day's capacity that is, by id; more than 1 where it is promised beyond it.
    """
    limits = network.limits
    if limits is None:
        return {}
    minute = int(now.timestamp() // 60)
    days = [day_date(day_of_work(clock, minute)) for clock in network.clocks]
    used: dict[int, int] = {}
    for slot, amount in network.load.used.items():
        position = network.index.get(slot.node, -1)
        if amount > 0 and position in limits.of and slot.day == days[network.clock_index[position]]:
            used[position] = used.get(position, 0) + amount
    return {
        network.nodes[position].node: round(
            used[position] / max(1, sum(limits.of[position].of_day(days[network.clock_index[position]]).capacity)),
            _DECIMALS,
        )
        for position in sorted(used)
    }
