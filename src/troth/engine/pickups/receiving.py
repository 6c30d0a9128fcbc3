"""Ship to store: parcels come in at the store where the customer picks them up; with the last of them all is ready, or
is to be laid into the locker that hands it over.
"""

from datetime import datetime

from troth.engine.pickups.compartments import find_compartment
from troth.engine.pickups.keeping import open_pickup
from troth.engine.promising.context import Facts
from troth.model.commands import ReceiveWork
from troth.model.events import FulfillmentReady, FulfillmentReceived, FulfillmentUnstaged, OrderEvent, PartsChange
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.status import fulfillment_status, has_come, is_kept
from troth.model.ways import stay_of


def receive(
    command: ReceiveWork, order: Order, work: Fulfillment, at: datetime, facts: Facts
) -> tuple[OrderEvent, ...] | Invalid | NotPossibleNow:
    """That packages came in; the last one makes the goods ready, so that nobody has to say so, unless they are still to
    be laid into a compartment that is not named. What came in before changes nothing.
    """
    if work.via is None or not has_come(order, work) or is_kept(order, work):
        return NotPossibleNow("receive", fulfillment_status(order, work.fulfillment_id))
    missing = [one.package_id for one in work.packages if one.received_at is None]
    wanted: list[str] = []
    for position, name in enumerate(command.packages):
        found = [one.package_id for one in work.packages if name in (one.package_id, one.tracking_number)]
        if not found:
            return Invalid((FieldFlaw(f"/packages/{position}", "is no package of this work, nor its tracking number"),))
        wanted += found
    came = tuple(name for name in missing if name in wanted) if command.packages else tuple(missing)
    if not came:
        return ()
    received = FulfillmentReceived(work.fulfillment_id, work.via, came, at)
    if len(came) < len(missing) or (stay_of(order, work) is not None and not command.staging):
        return (received,)
    stay = find_compartment(command.staging, order, work, at, facts)
    if isinstance(stay, Invalid):
        return stay
    ready = FulfillmentReady(work.fulfillment_id, command.staging, at, PartsChange())
    return received, ready, open_pickup(order, work, at, facts, stay)


def came_along(order: Order, work: Fulfillment, at: datetime) -> tuple[FulfillmentReceived, ...]:
    """The packages that must have come in, since the goods lie where their customer fetches them; nothing where all
    of them were received.
    """
    if work.via is None or not has_come(order, work):
        return ()
    missing = tuple(one.package_id for one in work.packages if one.received_at is None)
    return (FulfillmentReceived(work.fulfillment_id, work.via, missing, at),) if missing else ()


def unreceive(order: Order, work: Fulfillment, reason: str, at: datetime) -> tuple[OrderEvent, ...]:
    """That what came in is to be received again, and does not wait any more; nothing where none of it was. What lies in
    a locker is taken out of it first.
    """
    is_here = is_kept(order, work) or any(one.received_at is not None for one in work.packages)
    if not is_here or not has_come(order, work):
        return ()
    return (FulfillmentUnstaged(work.fulfillment_id, reason, at, PartsChange()),)
