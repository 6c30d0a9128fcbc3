"""What happened to the work of nodes, in sentences."""

from typing import Final, assert_never

from troth.console.views_release import in_words, short_id
from troth.console.views_words import count_of, lines_told, plain
from troth.engine.exceptions.proposal import REASON
from troth.model.events import (
    FulfillmentAccepted,
    FulfillmentCollected,
    FulfillmentDelivered,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentReceived,
    FulfillmentRejected,
    FulfillmentShipped,
    FulfillmentUnaccepted,
    FulfillmentUnpacked,
    FulfillmentUnpicked,
    FulfillmentUnstaged,
    SerialsNamed,
    TrackingRecorded,
)
from troth.model.label_moves import LabelAttached, LabelDetached
from troth.model.order import Package

TAKEN_AWAY: Final = {
    "not_accepted": "it was not accepted in time",
    "late": "it was not begun in time",
    "predicted_late": "it would probably be late there",
    REASON: "it was sourced again at the workbench",
}
"""Why work was taken from a node that did not refuse it, by the reason in the log."""


def tell_work(
    event: FulfillmentAccepted
    | FulfillmentRejected
    | FulfillmentPicked
    | FulfillmentPacked
    | FulfillmentReady
    | FulfillmentShipped
    | FulfillmentCollected
    | FulfillmentDelivered
    | TrackingRecorded
    | SerialsNamed
    | FulfillmentReceived
    | FulfillmentUnaccepted
    | FulfillmentUnpicked
    | FulfillmentUnpacked
    | FulfillmentUnstaged
    | LabelAttached
    | LabelDetached,
) -> str:
    """An event of the work of a node, in a sentence."""
    name = f"Fulfillment {short_id(event.fulfillment_id)}"
    match event:
        case FulfillmentAccepted():
            return f"{name} was accepted by its node."
        case FulfillmentRejected():
            if event.reason in TAKEN_AWAY:
                return f"{name} was taken from its node: {TAKEN_AWAY[event.reason]}."
            return f"{name} was rejected by its node: {plain(event.reason) or 'no reason given'}."
        case FulfillmentPicked():
            missing = f", but {lines_told(event.short)} not found" if event.short else ""
            return f"{name} was picked{missing}."
        case FulfillmentPacked():
            return f"{name} was packed in {count_of(len(event.packages), 'package')}."
        case FulfillmentReady():
            return f"{name} waits for the customer{f' at {event.staging}' if event.staging else ''}."
        case FulfillmentShipped():
            return f"{name} was shipped{_tracking(event.packages)}."
        case FulfillmentCollected():
            return f"{name} was collected{f' by {event.collected_by}' if event.collected_by else ''}."
        case FulfillmentDelivered():
            return f"{name} was delivered."
        case FulfillmentReceived():
            return f"{name} came in at {event.node}: {count_of(len(event.packages), 'package')}."
        case FulfillmentUnaccepted():
            return f"{name} is to be accepted again{_because(event.reason)}."
        case FulfillmentUnpicked():
            return f"{name} was put back onto the shelf{_because(event.reason)}."
        case FulfillmentUnpacked():
            return f"{name} was taken out of its packages{_because(event.reason)}."
        case FulfillmentUnstaged():
            return f"{name} does not wait for the customer any more{_because(event.reason)}."
        case SerialsNamed() if not event.serials:
            return f"{name} has no serials any more."
        case SerialsNamed():
            return f"{name} got the serials {in_words(dict.fromkeys(one.serial for one in event.serials))}."
        case LabelAttached():
            carrier = f" of {event.carrier}" if event.carrier else ""
            return f"{name} got a label{carrier} for package {event.package_id}, tracking {event.tracking_number}."
        case LabelDetached():
            return f"The label {event.tracking_number} of package {event.package_id} is void{_because(event.reason)}."
        case TrackingRecorded():
            place = f" in {event.place}" if event.place else ""
            return f"{event.carrier or 'The carrier'} reports {event.tracking_number}: {plain(event.status)}{place}."
        case _:
            assert_never(event)


def _tracking(packages: tuple[Package, ...]) -> str:
    numbers = [package.tracking_number for package in packages if package.tracking_number]
    carriers = dict.fromkeys(package.carrier for package in packages if package.carrier)
    return (f" by {in_words(carriers)}" if carriers else "") + (f", tracking {in_words(numbers)}" if numbers else "")


def _because(reason: str) -> str:
    return f": {plain(reason)}" if reason else ""
