"""Learning how long tasks take at nodes, and how their work goes, from what they report.

It reads the event log with a cursor of its own, so that no report waits for it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.network import Network
from troth.engine.work_times.observe import WATCHED, Seen, see, work_of
from troth.engine.work_times.task_times import add_task, hour_class, task_minutes
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.work_times import DayTally, HourClass, TaskEvidence
from troth.store.database import Connection, Pool, transaction
from troth.store.events import LoggedEvent
from troth.store.log_tail import LogTail
from troth.store.node_work import (
    NODE_WORK,
    add_tallies,
    advance_watched_position,
    read_last_tasks,
    read_task_evidence,
    read_watched_position,
    read_work_facts,
    try_watching,
    write_last_tasks,
    write_task_evidence,
)
from troth.store.reference import bump_version

EVENTS_MAX: Final = 2_000


async def learn_work(pool: Pool, network: Network, *, log: LogTail | None = None, events_max: int = EVENTS_MAX) -> int:
    """Learn from the next events of the log; how many were looked at, 0 where none is left or another worker learns.

    What was learned and how far are written in one transaction, as of record accuracy.
    """
    async with transaction(pool) as connection:
        if not await try_watching(connection):
            return 0
        position = await read_watched_position(connection)
        page = await (log or LogTail()).read(connection, position, kinds=WATCHED, limit=events_max)
        if not page.looked_at:
            return 0
        seen = await _see(connection, page.events)
        await _learn(connection, [one for one in seen if one.node in network.index], network)
        if not await advance_watched_position(connection, position, page.end):
            raise RuntimeError("somebody else has learned from the same events")
    return page.looked_at


async def _see(connection: Connection, events: Iterable[LoggedEvent]) -> list[Seen]:
    decoded = [(logged.subject, logged.event, logged.cause) for logged in events]
    named: set[tuple[OrderId, FulfillmentId]] = set()
    for subject, event, _ in decoded:
        work = work_of(event)
        if work is not None:
            named.add((OrderId(subject), work))
    facts = await read_work_facts(connection, named) if named else {}
    found = []
    for _, event, cause in decoded:
        work = work_of(event)
        one = see(event, facts[work], cause=cause) if work is not None and work in facts else None
        if one is not None:
            found.append(one)
    return found


async def _learn(connection: Connection, seen: list[Seen], network: Network) -> None:
    if not seen:
        return
    nodes = {one.node for one in seen}
    cells = await read_task_evidence(connection, nodes)
    last = await read_last_tasks(connection, nodes)
    tallies: dict[tuple[NodeId, object], DayTally] = {}
    for one in seen:
        zone = network.nodes[network.index[one.node]].time_zone
        minutes = _minutes_of(one, network, last.get(one.node))
        if one.is_done:
            last[one.node] = max(one.at, last.get(one.node, one.at))
        if minutes is not None:
            hours: dict[HourClass, TaskEvidence] = cells.setdefault(one.node, {})
            hour = hour_class(zone, one.at)
            hours[hour] = add_task(hours.get(hour), minutes, one.at)
        day = one.at.astimezone(ZoneInfo(zone)).date()
        tally = DayTally(
            one.node,
            day,
            int(one.is_done),
            int(one.is_on_time),
            int(one.is_rejected),
            int(one.is_missed),
            one.units,
            one.short,
            int(minutes is not None),
            minutes or 0.0,
            int(one.is_silent),
        )
        key = (one.node, day)
        tallies[key] = tallies[key] + tally if key in tallies else tally
    await write_task_evidence(connection, cells)
    await write_last_tasks(connection, last)
    await add_tallies(connection, tallies.values())
    await bump_version(connection, NODE_WORK)


def _minutes_of(one: Seen, network: Network, before: datetime | None) -> float | None:
    """How long a task took; None where nothing was done, or it is not known when it was released."""
    if not one.is_done or one.released_at is None:
        return None
    clock = network.clocks[network.clock_index.item(network.index[one.node])]
    return task_minutes(clock, released=one.released_at, ready=one.at, before=before)
