"""Measuring from the event log how long things take, exactly once for each event, whichever worker does it."""

from typing import Final

from troth.engine.carriage.calendars import minutes_of
from troth.engine.tracking.measured import learn_times
from troth.engine.tracking.milestones import STEP_EVENTS, find_step_times
from troth.engine.tracking.observe import OBSERVED_KINDS, find_times
from troth.flows.door.system import System
from troth.model.ids import OrderId
from troth.model.measured import Observed
from troth.store.database import Connection, transaction
from troth.store.events import LoggedEvent
from troth.store.orders import read_orders
from troth.store.tracking import read_order_events
from troth.store.watch import MEASURER, advance, read_position, read_times, try_measuring, write_times

EVENTS_MAX: Final = 1_000


async def measure_from_log(system: System, *, events_max: int = EVENTS_MAX) -> int:
    """Measure what the next events of the log tell; how many were looked at, 0 where none is left or another worker
    measures. What was measured and how far are written in one transaction.
    """
    async with transaction(system.pool) as connection:
        if not await try_measuring(connection):
            return 0
        position = await read_position(connection, MEASURER)
        page = await system.log.read(connection, position, kinds=OBSERVED_KINDS, limit=events_max)
        if not page.looked_at:
            return 0
        observed = await _observe(connection, system, page.events)
        names = {(one.stage, name) for one in observed for name in one.names}
        if names:
            await write_times(connection, learn_times(observed, await read_times(connection, names)))
        await advance(connection, MEASURER, position, page.end)
    return page.looked_at


async def _observe(connection: Connection, system: System, events: tuple[LoggedEvent, ...]) -> list[Observed]:
    """What the events say, in their order."""
    names = {OrderId(logged.subject) for logged in events}
    if not names:
        return []
    orders = await read_orders(connection, names)
    told = await read_order_events(connection, names, STEP_EVENTS)
    reference = system.door.reference
    ready = minutes_of(reference.policy.pickup_ready_hours)
    times = {order_id: find_step_times(order, told.get(order_id, ())) for order_id, order in orders.items()}
    return [
        one
        for logged in events
        if (order := orders.get(OrderId(logged.subject))) is not None
        for one in find_times(logged.event, order, times[order.order_id], reference.network, ready_minutes=ready)
    ]
