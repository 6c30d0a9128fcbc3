"""How long goods are kept for their customer: until a time after which their node closes, and the reminders before."""

from datetime import datetime, timedelta

from troth.engine.carriage.locker_room import locker_at
from troth.engine.collecting import find_collecting
from troth.engine.money.at_counter import due_at_counter
from troth.engine.pickups.compartments import within_stay
from troth.engine.policies.work_rules import BUILT_IN_WORK
from troth.engine.promising.context import Facts
from troth.engine.waves.release_plan import ground_of
from troth.model.capacity import LockerStay
from troth.model.ids import NodeId
from troth.model.order import Fulfillment, Order
from troth.model.pickup_moves import PickupOpened
from troth.model.ways import counter_of
from troth.model.work_rules import PickupRule


def rule_of(order: Order, work: Fulfillment, facts: Facts) -> PickupRule:
    """How the goods of a fulfillment wait for their customer."""
    rules = facts.work or BUILT_IN_WORK
    return rules.pickup_of(ground_of(order, facts), counter_of(work))


def keep_until(facts: Facts, node: NodeId, until: datetime) -> datetime:
    """Until when goods are kept that are to be kept until an instant: then, and if the node is closed at that moment,
    until the end of its next opening hours, since nobody could have come.
    """
    hours = find_collecting(facts.network, node, until)
    return until if hours is None or hours.opens <= until else hours.closes


def open_pickup(
    order: Order, work: Fulfillment, at: datetime, facts: Facts, stay: LockerStay | None = None
) -> PickupOpened:
    """That goods are kept from an instant on: at a counter as long as the rule says, in a locker as long as it says
    itself and has room.
    """
    rule, node = rule_of(order, work, facts), counter_of(work)
    hours = rule.unpaid_keep_hours if due_at_counter(order, work.fulfillment_id) else rule.keep_hours
    locker = locker_at(facts.network, node)
    until = keep_until(facts, node, at + timedelta(hours=hours if locker is None else locker.keep_hours))
    if stay is not None:
        until = within_stay(stay, until, facts)
    remind_at = tuple(at + timedelta(hours=after) for after in rule.remind_hours)
    return PickupOpened(
        work.fulfillment_id, node, rule.name, until, tuple(one for one in remind_at if one < until), at, stay
    )
