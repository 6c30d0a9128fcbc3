"""Taking a carrier's checkpoint: once, in whatever order they come, and what it makes of the work."""

from datetime import datetime

from troth.engine.parts import all_through
from troth.engine.tracking.evolve import evolve_tracking
from troth.engine.tracking.parcels import delivered_at, is_known, tracked_packages
from troth.model.commands import RecordTracking
from troth.model.events import FulfillmentDelivered, OrderEvent, PartsChange, TrackingRecorded
from troth.model.lifecycle import AllocationEvent
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.tracking import Checkpoint, normalize


def decide_tracking(
    command: RecordTracking, order: Order, work: Fulfillment, parts: tuple[Allocation, ...], now: datetime
) -> tuple[OrderEvent, ...]:
    """That a checkpoint was told; nothing where it was told before. A fulfillment is delivered when the last of its
    parcels is, and not before it was shipped, whatever a carrier's clock says.
    """
    status = normalize(command.status)
    one = Checkpoint(status, command.at, command.place)
    packages = tracked_packages(work, command.tracking_number)
    if packages and all(is_known(package, one) for package in packages):
        return ()
    recorded = TrackingRecorded(
        work.fulfillment_id,
        command.carrier,
        command.tracking_number,
        status,
        command.at,
        command.place,
        command.estimated_delivery_at,
        command.told or (command.status if command.status != status else ""),
        command.proof,
        now,
    )
    after = next(
        one for one in evolve_tracking(order, recorded).fulfillments if one.fulfillment_id == work.fulfillment_id
    )
    return (recorded, *deliver_if_all_arrived(after, parts))


def deliver_if_all_arrived(work: Fulfillment, parts: tuple[Allocation, ...]) -> tuple[OrderEvent, ...]:
    """The delivery of a fulfillment of which all parcels were delivered; nothing where one was not.

    At the node where it is picked up it has come, and not been delivered to anybody.
    """
    at = delivered_at(work) if work.via is None else None
    moves = () if at is None else all_through(parts, (AllocationEvent.DELIVER,))
    if at is None or not moves:
        return ()
    is_early = work.shipped_at is not None and at < work.shipped_at
    return (
        FulfillmentDelivered(
            work.fulfillment_id, work.shipped_at if is_early and work.shipped_at else at, PartsChange(moves=moves)
        ),
    )
