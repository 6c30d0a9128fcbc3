"""The milestones of orders, read from their log and scheduled back from their promises."""

from collections.abc import Iterable, Mapping, Sequence

from troth.engine.carriage.calendars import minutes_of
from troth.engine.tracking.milestones import STEP_EVENTS, find_step_times, milestones_of
from troth.flows.door.system import System
from troth.model.events import Event
from troth.model.ids import FulfillmentId, OrderId
from troth.model.order import Fulfillment, Order
from troth.model.status import live_allocations
from troth.model.tracking import Milestone
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.tracking import read_order_events


@dataclass(frozen=True, slots=True)
class Tracked:
    """Work that is not over because it was given to another node or canceled, and its milestones."""

    work: Fulfillment
    milestones: tuple[Milestone, ...]


async def read_tracked(
    connection: Connection, system: System, orders: Sequence[Order]
) -> dict[OrderId, tuple[Tracked, ...]]:
    """The works of some orders with their milestones."""
    return track(system, orders, await read_order_events(connection, {order.order_id for order in orders}, STEP_EVENTS))


def track(
    system: System, orders: Iterable[Order], events: Mapping[OrderId, Sequence[Event]]
) -> dict[OrderId, tuple[Tracked, ...]]:
    """The works of some orders with their milestones, by what the log says of their steps."""
    reference = system.door.reference
    ready = minutes_of(reference.policy.pickup_ready_hours)
    found = {}
    for order in orders:
        times = find_step_times(order, events.get(order.order_id, ()))
        found[order.order_id] = tuple(
            Tracked(work, milestones_of(order, work, reference.network, times, ready_minutes=ready))
            for work in live_works(order)
        )
    return found


def live_works(order: Order) -> tuple[Fulfillment, ...]:
    """The works that something of the order still lies in, or left from."""
    live = {part.fulfillment_id for part in live_allocations(order)}
    return tuple(work for work in order.fulfillments if work.fulfillment_id in live)


def by_work(tracked: Mapping[OrderId, Sequence[Tracked]]) -> dict[FulfillmentId, Tracked]:
    """The same by work."""
    return {one.work.fulfillment_id: one for some in tracked.values() for one in some}
