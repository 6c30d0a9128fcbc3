"""Who may be handed a pickup: whoever says its code, or has been identified as the customer or who comes for them."""

from datetime import timedelta

from troth.engine.pickups.codes import pickup_code
from troth.engine.pickups.keeping import rule_of
from troth.engine.promising.context import Facts
from troth.model.commands import CollectWork
from troth.model.order import Fulfillment, Order
from troth.model.pickup_moves import PickupCodeRefused
from troth.model.refusals import FieldFlaw, Invalid, PickupLocked
from troth.model.ways import pickup_of


def check_collector(
    command: CollectWork, order: Order, work: Fulfillment, facts: Facts
) -> PickupCodeRefused | Invalid | PickupLocked | None:
    """Why goods are not handed over to somebody; None where they may be. A wrong code is counted, and after too many
    no code is looked at for a while, not even the right one, so that nobody can try them all.
    """
    pickup = pickup_of(order, work)
    if command.is_identified:
        return _check_name(command.collected_by, order.customer.name, pickup.collector)
    rule = rule_of(order, work, facts)
    if command.code is None:
        if not rule.code_required or pickup.opened_at is not None:  # a locker opens to its code
            return None
        return Invalid((FieldFlaw("/code", "is required, unless whoever comes was identified"),))
    return check_code(command.code, order, work, facts)


def check_code(code: str, order: Order, work: Fulfillment, facts: Facts) -> PickupCodeRefused | PickupLocked | None:
    """Why a code opens nothing; None where it is the right one, which counts as long as none is locked."""
    pickup, rule = pickup_of(order, work), rule_of(order, work, facts)
    if pickup.locked_until is not None and pickup.locked_until > facts.now:
        return PickupLocked(pickup.locked_until)
    if code == pickup_code(order, work.fulfillment_id):
        return None
    failures = pickup.code_failures + 1
    left = max(0, rule.code_attempts_max - failures)
    locked_until = None if left else facts.now + timedelta(minutes=rule.code_lock_minutes)
    return PickupCodeRefused(work.fulfillment_id, failures, left, locked_until, facts.now)


def _check_name(name: str, customer: str, collector: str) -> Invalid | None:
    """A name is that of the customer, or of whoever they said comes for them; however it is written."""
    known = [one for one in (customer, collector) if one]
    if _plain(name) in map(_plain, known) and name.strip():
        return None
    return Invalid((FieldFlaw("/collected_by", "is neither the customer nor whoever they said comes for them"),))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
