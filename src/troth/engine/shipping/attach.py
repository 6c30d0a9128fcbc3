"""That a package has a label, and no longer has it: what of labels concerns the order."""

from collections.abc import Callable
from dataclasses import replace

from troth.engine.promising.context import Facts
from troth.model.events import OrderEvent
from troth.model.ids import FulfillmentId
from troth.model.label_moves import AttachLabel, DetachLabel, LabelAttached, LabelCommand, LabelDetached, LabelEvent
from troth.model.lifecycle import ENDED, GONE
from troth.model.order import Order, Package
from troth.model.refusals import NotFound, NotPossibleNow, Refusal
from troth.model.status import fulfillment_status


def decide_label(command: LabelCommand, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That a package got a label, or lost it; nothing where it is so already. A package that left bears what it left
    with.
    """
    work = next((one for one in order.fulfillments if one.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    package = next((one for one in work.packages if one.package_id == command.package_id), None)
    status = fulfillment_status(order, work.fulfillment_id)
    is_borne = package is not None and package.tracking_number == command.tracking_number
    match command:
        case AttachLabel():
            if is_borne:
                return ()
            if package is None or status in ENDED or (status in GONE and package.tracking_number):
                return NotPossibleNow("attach a label", status)
            return (
                LabelAttached(
                    command.fulfillment_id,
                    command.package_id,
                    command.label_id,
                    command.carrier,
                    command.service,
                    command.tracking_number,
                    facts.now,
                ),
            )
        case DetachLabel():
            if not is_borne or status in GONE:
                return ()
            return (
                LabelDetached(
                    command.fulfillment_id,
                    command.package_id,
                    command.label_id,
                    command.tracking_number,
                    command.reason,
                    facts.now,
                ),
            )


def evolve_label(order: Order, event: LabelEvent) -> Order:
    """The order whose package has a label, or has it no more: what was told of its number goes with it."""
    match event:
        case LabelAttached():
            return _with_package(
                order,
                event.fulfillment_id,
                event.package_id,
                lambda package: replace(
                    package,
                    carrier=event.carrier,
                    service=event.service,
                    tracking_number=event.tracking_number,
                    checkpoints=(),
                ),
            )
        case LabelDetached():
            return _with_package(
                order,
                event.fulfillment_id,
                event.package_id,
                lambda package: replace(package, carrier="", service="", tracking_number="", checkpoints=()),
            )


def _with_package(order: Order, name: FulfillmentId, package_id: str, change: Callable[[Package], Package]) -> Order:
    works = tuple(
        replace(
            work,
            packages=tuple(change(one) if one.package_id == package_id else one for one in work.packages),
        )
        if work.fulfillment_id == name
        else work
        for work in order.fulfillments
    )
    return replace(order, fulfillments=works)
