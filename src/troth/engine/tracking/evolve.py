"""The order after something was told of its parcels."""

from collections.abc import Callable
from dataclasses import replace

from troth.engine.tracking.parcels import add_checkpoint
from troth.model.events import FulfillmentDelivered, TrackingRecorded
from troth.model.ids import FulfillmentId
from troth.model.order import Order, Package
from troth.model.tracking import Checkpoint, TrackStatus


def evolve_tracking(order: Order, event: TrackingRecorded) -> Order:
    """The order with a checkpoint of the packages that bear its number."""
    one = Checkpoint(
        event.status,
        event.at,
        event.place,
        event.estimated_delivery_at,
        event.told,
        event.proof,
        event.reported_at,
    )

    def told(package: Package) -> Package:
        if event.tracking_number not in package.numbers:
            return package
        return replace(package, checkpoints=add_checkpoint(package, one))

    return _with_packages(order, event.fulfillment_id, told)


def evolve_proof(order: Order, event: FulfillmentDelivered) -> Order:
    """The order with what shows that a fulfillment was handed over, kept with each of its packages."""
    one = Checkpoint(TrackStatus.DELIVERED.value, event.at, proof=event.proof)
    return _with_packages(
        order, event.fulfillment_id, lambda package: replace(package, checkpoints=add_checkpoint(package, one))
    )


def _with_packages(order: Order, name: FulfillmentId, change: Callable[[Package], Package]) -> Order:
    works = tuple(
        replace(work, packages=tuple(map(change, work.packages))) if work.fulfillment_id == name else work
        for work in order.fulfillments
    )
    return replace(order, fulfillments=works)
