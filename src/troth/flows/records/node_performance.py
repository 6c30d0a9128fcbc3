"""How well nodes do their work: what they took on, found, and had out in time, and how long a task takes now."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from troth.engine.work_times.measured import node_times
from troth.engine.work_times.work_rates import rates_of
from troth.flows.door.system import System
from troth.model.ids import NodeId
from troth.model.value import dataclass
from troth.model.work_times import DayTally, TaskTimes, WorkRates
from troth.store.node_work import read_task_evidence, sum_tallies

WINDOWS: Final = (7, 28, 90)
"""Over so many days it is shown."""
DAYS_MAX: Final = 366


@dataclass(frozen=True, slots=True)
class Performance:
    """How a node did over some days; a share is None where nothing happened that it is a share of.

    `times` is how long a task takes there at this hour (None: it hands nothing over to customers), and `rates` what
    rules and costs count on.
    """

    node: NodeId
    days: int
    tally: DayTally
    times: TaskTimes | None
    ready_minutes: int | None
    rates: WorkRates

    @property
    def accept_rate(self) -> float | None:
        """Of the works that it did, refused, or did not accept in time, those that it did."""
        return _share(self.tally.done, self.tally.done + self.tally.rejected + self.tally.missed)

    @property
    def short_rate(self) -> float | None:
        """Of the units that it looked for, those that were not there."""
        return _share(self.tally.short, self.tally.units)

    @property
    def on_time_rate(self) -> float | None:
        """Of the works that it did, those that were out or ready by when they were to be."""
        return _share(self.tally.on_time, self.tally.done)

    @property
    def task_minutes(self) -> float | None:
        """How long a task took on average, in its hours."""
        return _share(self.tally.minutes, self.tally.tasks)


async def read_performance(
    system: System, days: int, *, node: NodeId | None = None, visible: Collection[str] | None = None
) -> list[Performance]:
    """How nodes did over so many days, today among them, by id; a node that nothing happened at is left out unless it
    is the one asked for. `visible` are those that may be seen (None: all).
    """
    now = system.door.now()
    network = system.door.reference.network
    async with system.pool.acquire() as connection:
        tallies = await sum_tallies(connection, now.date() - timedelta(days=days - 1), node=node)
        cells = await read_task_evidence(connection, None if node is None else (node,))
    if node is not None and node not in tallies:
        tallies[node] = DayTally(node, now.date())
    return [
        Performance(
            name,
            days,
            tally,
            node_times(network, name, cells.get(name, {}), now),
            network.load.ready_minutes.get(name),
            rates_of(network, name),
        )
        for name, tally in sorted(tallies.items())
        if visible is None or name in visible
    ]


def _share(part: float, whole: float) -> float | None:
    return None if not whole else part / whole
