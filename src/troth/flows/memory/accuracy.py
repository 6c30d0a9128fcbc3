"""Learning from the event log how often stock is found, exactly once for each event, whichever worker does it."""

from collections.abc import Sequence
from typing import Final

from troth.engine.supply.accuracy import learn
from troth.engine.supply.observations import LEARNED_KINDS, find_observations, in_wholes, looked_at
from troth.model.accuracy import Observation
from troth.model.ids import OrderId
from troth.store.accuracy import (
    Allocated,
    advance_learned_position,
    find_measured,
    read_allocated,
    read_categories,
    read_evidence,
    read_learned_position,
    read_records,
    try_learning,
    write_evidence,
    write_records,
)
from troth.store.database import Connection, Pool, transaction
from troth.store.events import LoggedEvent
from troth.store.log_tail import LogTail
from troth.store.reference import bump_version

EVENTS_MAX: Final = 2_000
FIND_RATES: Final = "find-rates"


async def learn_from_log(pool: Pool, *, log: LogTail | None = None, events_max: int = EVENTS_MAX) -> int:
    """Learn from the next events of the log; how many were looked at, 0 where none is left or another worker learns.

    What was learned and how far are written in one transaction: whoever is killed has learned nothing, and the next one
    begins where the last ended.
    """
    async with transaction(pool) as connection:
        if not await try_learning(connection):
            return 0
        position = await read_learned_position(connection)
        page = await (log or LogTail()).read(connection, position, kinds=LEARNED_KINDS, limit=events_max)
        if not page.looked_at:
            return 0
        await _learn(connection, await _observe(connection, page.events))
        if not await advance_learned_position(connection, position, page.end):
            raise RuntimeError("somebody else has learned from the same events")
    return page.looked_at


async def _observe(connection: Connection, events: Sequence[LoggedEvent]) -> list[Observation]:
    """What the events say, in their order."""
    decoded = [(logged.subject, logged.event) for logged in events]
    named = {(OrderId(subject), number) for subject, event in decoded for number in looked_at(event)}
    allocated = await read_allocated(connection, named) if named else {}
    parts: dict[str, dict[int, Allocated]] = {}
    for (order_id, number), part in allocated.items():
        parts.setdefault(order_id, {})[number] = part
    return [one for subject, event in decoded for one in find_observations(event, parts.get(subject, {}))]


async def _learn(connection: Connection, observations: Sequence[Observation]) -> None:
    if not observations:
        return
    measured = await find_measured(connection, {one.key[0] for one in observations})
    observations = [in_wholes(one, measured[one.key[0]]) if one.key[0] in measured else one for one in observations]
    keys = {one.key for one in observations}
    categories = await read_categories(connection, (sku for sku, _ in keys))
    cells = await read_evidence(connection, {(node, categories.get(sku, "")) for sku, node in keys})
    learned = learn(observations, cells, await read_records(connection, keys), categories)
    await write_evidence(connection, learned.cells)
    await write_records(connection, learned.positions)
    if learned.cells or learned.positions:
        await bump_version(connection, FIND_RATES)
