"""Goods that wait: who is reminded, and what becomes of them when nobody comes."""

from collections.abc import Iterator

from troth.engine.evolve import evolve
from troth.engine.promising.context import Facts
from troth.model.commands import LineQuantity
from troth.model.events import OrderCanceled, OrderEvent, PartMove, PartsChange
from troth.model.hold_terms import Block
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import AllocationEvent
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Pickup
from troth.model.pickup_moves import PickupExpired, PickupReminded
from troth.model.status import blocking_holds, waiting_parts
from troth.model.ways import counter_of

NOT_COLLECTED = "not_collected"
"""Why units were canceled for which nobody came."""


def act_on_pickups(order: Order, facts: Facts) -> Iterator[OrderEvent]:
    """What the clock asks of goods that wait by now: a reminder, one for all that are due, or their end."""
    works = {work.fulfillment_id: work for work in order.fulfillments}
    for pickup in order.pickups:
        ends_at = pickup.ends_at
        if ends_at is None or not waiting_parts(order, pickup.fulfillment_id):
            continue
        work = works[pickup.fulfillment_id]
        if ends_at <= facts.now:
            if not blocking_holds(order, Block.CANCEL):
                for event in _expire(order, work, facts):
                    yield event
                    order = evolve(order, event)
        elif pickup.remind_at and pickup.remind_at[0] <= facts.now:
            yield _remind(order, work, pickup, facts)


def _expire(order: Order, work: Fulfillment, facts: Facts) -> tuple[OrderEvent, ...]:
    """The goods are no longer wanted, so that they are paid back, and stay reserved until they are put back."""
    parts = waiting_parts(order, work.fulfillment_id)
    units = begun_units(parts, kits_of(order))
    lines = tuple(LineQuantity(line_id, quantity, NOT_COLLECTED) for line_id, quantity in units.items())
    moves = tuple(PartMove(part.allocation, AllocationEvent.LAPSE) for part in parts)
    return (
        OrderCanceled(lines, NOT_COLLECTED, facts.now, PartsChange(moves=moves)),
        PickupExpired(
            work.fulfillment_id, counter_of(work), facts.now, order.channel, order.external_id, order.customer
        ),
    )


def _remind(order: Order, work: Fulfillment, pickup: Pickup, facts: Facts) -> PickupReminded:
    return PickupReminded(
        work.fulfillment_id,
        counter_of(work),
        pickup.reminded + 1,
        pickup.keep_until or facts.now,
        facts.now,
        order.channel,
        order.external_id,
        order.customer,
    )
