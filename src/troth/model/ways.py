"""Where the work of an order goes and is handed over, which may be elsewhere than the order says, or its node is."""

from troth.model.capacity import LockerStay
from troth.model.ids import FulfillmentId, NodeId
from troth.model.network import Address
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Pickup
from troth.model.plan import Shipment


def destination_of(order: Order, fulfillment: FulfillmentId) -> Address | None:
    """Where a fulfillment is sent: its lines' own destination, which they have in common, else the order's."""
    if any(line.terms is not None and line.terms.ship_to is not None for line in order.lines):
        held = {part.line_id for part in order.allocations if part.fulfillment_id == fulfillment}
        for line in order.lines:
            if line.line_id in held and line.terms is not None and line.terms.ship_to is not None:
                return line.terms.ship_to
    return order.ship_to


def counter_of(work: Fulfillment | Shipment) -> NodeId:
    """Where the customer comes for what is handed over: the locker that it lies in, or the node to which it is sent
    first, where it is.
    """
    stay = None if work.booking is None else work.booking.stay
    return work.via or work.node if stay is None else stay.locker


def places_of(work: Fulfillment) -> frozenset[NodeId]:
    """The nodes of a fulfillment: which sends it, to which it is sent first, and where its customer fetches it."""
    return frozenset({work.node, work.via or work.node, counter_of(work)})


def stay_of(order: Order, work: Fulfillment) -> LockerStay | None:
    """What a fulfillment takes of a locker: as it lies there, or before that as it was promised; None: nothing."""
    if work.booking is None or work.booking.stay is None:
        return None
    lying = (one.stay for one in order.pickups if one.fulfillment_id == work.fulfillment_id)
    return next(lying, None) or work.booking.stay


def pickup_of(order: Order, work: Fulfillment) -> Pickup:
    """What is known of the handing over of a fulfillment; of one of which nobody said anything, nothing."""
    return next(
        (one for one in order.pickups if one.fulfillment_id == work.fulfillment_id), Pickup(work.fulfillment_id)
    )
