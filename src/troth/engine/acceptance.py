"""By when a node has to accept its work: a vendor or a 3PL has so many minutes of its opening hours for it."""

from datetime import datetime
from math import ceil

from troth.engine.carriage.calendars import finish_work, instant, minute_of, take_on
from troth.engine.carriage.network import Network
from troth.engine.promising.context import Facts
from troth.model.commands import MissAcceptance
from troth.model.events import AcceptanceMissed, OrderEvent
from troth.model.ids import NodeId
from troth.model.lifecycle import AllocationState
from troth.model.order import Order
from troth.model.refusals import NotFound, Refusal
from troth.model.status import fulfillment_status


def accept_by(network: Network, node: NodeId, released_at: datetime) -> datetime | None:
    """When work that was released at an instant has to be accepted: after the way of the feed, which is open at any
    hour, and the acceptance minutes in opening hours. None where the node takes all on at once, or is not there.
    """
    position = network.index.get(node)
    if position is None:
        return None
    clock = network.clocks[network.clock_index.item(position)]
    if not clock.acceptance_minutes:
        return None
    minute = take_on(clock, minute_of(released_at.timestamp()))
    return None if minute is None else instant(float(minute * 60))


def within_hours(network: Network, node: NodeId, since: datetime, minutes: int | None) -> datetime | None:
    """When so many minutes of the opening hours of a node are over that begin with an instant, at a whole minute and
    never sooner; None where none are given, the node is not there, or has no hours in which they would be.
    """
    position = network.index.get(node)
    if position is None or minutes is None:
        return None
    clock = network.clocks[network.clock_index.item(position)]
    minute = finish_work(clock, ceil(since.timestamp() / 60.0), minutes, has_cut_off=False)
    return None if minute is None else instant(float(minute * 60))


def decide_missed(command: MissAcceptance, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That a node did not accept in time; nothing where it did, or still has time."""
    work = next((work for work in order.fulfillments if work.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    until = accept_by(facts.network, work.node, command.released_at)
    is_open = fulfillment_status(order, work.fulfillment_id) is AllocationState.RELEASED
    if until is None or until > facts.now or not is_open:
        return ()
    return (AcceptanceMissed(work.fulfillment_id, work.node, until, facts.now),)
