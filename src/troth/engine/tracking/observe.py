"""What an order tells of how long things take: measurements of the steps that it has just taken."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.tracking.milestones import StepTimes
from troth.engine.tracking.parcels import in_order
from troth.engine.tracking.predict import carried_by, carrier_names, due_of_shipment, work_between, work_names
from troth.model.events import Event, FulfillmentDelivered, FulfillmentReady, FulfillmentShipped
from troth.model.measured import Observed, Stage
from troth.model.order import Fulfillment, Order
from troth.model.tracking import Step, TrackStatus

OBSERVED_KINDS: Final = ("FulfillmentShipped", "FulfillmentReady", "FulfillmentDelivered")
"""The kinds of events that end a measurement."""

_STEPS: Final = (Step.RELEASED, Step.ACCEPTED, Step.PICKED, Step.PACKED)


def find_times(
    event: Event, order: Order, times: StepTimes, network: Network, *, ready_minutes: int
) -> Iterator[Observed]:
    """What an event of an order says of how long things take; each is measured once."""
    if not isinstance(event, FulfillmentShipped | FulfillmentReady | FulfillmentDelivered):
        return
    work = next((one for one in order.fulfillments if one.fulfillment_id == event.fulfillment_id), None)
    if work is None:
        return
    of_work = times.get(work.fulfillment_id, {})
    match event:
        case FulfillmentShipped() if of_work.get(Step.HANDED_OVER) == event.at:
            yield from _of_node(work, of_work, event.at, network, ready_minutes)
        case FulfillmentReady() if work.via is None and of_work.get(Step.READY) == event.at:
            yield from _of_node(work, of_work, event.at, network, ready_minutes)
        case FulfillmentDelivered() if of_work.get(Step.DELIVERED) == event.at:
            yield from _of_carrier(work, event.at)
        case _:
            return


def _of_node(
    work: Fulfillment, times: Mapping[Step, datetime], left_at: datetime, network: Network, ready_minutes: int
) -> Iterator[Observed]:
    position = network.index.get(work.node)
    if position is None:
        return
    clock = network.clock_of(position, work.service)
    is_pickup = work.method in HANDED_OVER and work.via is None
    minutes = max(clock.processing_minutes, ready_minutes if is_pickup else 0, 30)
    for step in _STEPS:
        at = times.get(step)
        if at is not None and at <= left_at:
            spent = work_between(clock, at, left_at) / minutes
            yield Observed(Stage.WORK, work_names(work, step), spent, left_at)


def _of_carrier(work: Fulfillment, delivered_at: datetime) -> Iterator[Observed]:
    if work.shipped_at is None or work.method in HANDED_OVER:
        return
    carrier, service = carried_by(work)
    names = carrier_names(work, carrier, service)
    late = (delivered_at - due_of_shipment(work, work.shipped_at)).total_seconds() / 3600.0
    yield Observed(Stage.TRANSIT, tuple(dict.fromkeys(names)), late, delivered_at)
    for package in work.packages:
        out = [one.at for one in in_order(package.checkpoints) if one.status == TrackStatus.OUT_FOR_DELIVERY]
        if out and out[-1] <= delivered_at:
            hours = (delivered_at - out[-1]).total_seconds() / 3600.0
            yield Observed(Stage.DOOR, tuple(dict.fromkeys(names[:3])), hours, delivered_at)
