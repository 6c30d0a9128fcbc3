"""One thing: the timeline, a sentence for each kind of event, and what the eye sees beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

import msgspec

from troth.console.views_agreed import tell_agreement
from troth.console.views_notification import tell_notification
from troth.console.views_payment import tell_payment
from troth.console.views_pickup import tell_pickup
from troth.console.views_release import in_words, short_id, tell_release
from troth.console.views_returns import tell_return
from troth.engine.failed import SPENT
from troth.model.agreement_moves import BalanceTold, BlanketOrderSet, CustomerSet
from troth.model.alerts import AlertAction
from troth.model.cart_hold import CartHoldState
from troth.model.change import FieldChange
from troth.model.commands import LineQuantity
from troth.model.events import (
    AcceptanceMissed,
    AlertRaised,
    BackorderCovered,
    CartHeld,
    CartHoldEnded,
    CartHoldExtended,
    ConfigurationSet,
    DuplicateReceived,
    Event,
    ExceptionMarked,
    FixApplied,
    FulfillmentAccepted,
    FulfillmentCollected,
    FulfillmentDelivered,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentRejected,
    FulfillmentShipped,
    FulfillmentUnpacked,
    FulfillmentUnpicked,
    FulfillmentUnstaged,
    HoldAssigned,
    HoldLifted,
    HoldPlaced,
    OrderCanceled,
    OrderCaptured,
    OrderChanged,
    OrderReleased,
    OrderResourced,
    PaymentActedOn,
    PaymentActionNeeded,
    PaymentAdded,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDisputed,
    PaymentDue,
    PaymentExpired,
    PaymentFailed,
    PaymentRefunded,
    PaymentUnknown,
    PaymentVoided,
    PickupPutBack,
    PromiseChanged,
    PromiseMove,
    RecallAnswered,
    RecallEnded,
    RecallRequested,
    ReleasePlanned,
    SerialsNamed,
    SourcingFailed,
    StockAdjusted,
    StockCounted,
    SupplyExpected,
    SupplyGivenUp,
    TrackingRecorded,
    UnitsQueued,
    WorkRedated,
)
from troth.model.notification_events import ChoiceMade, NotificationFailed, NotificationSent
from troth.model.order import Allocation, Package
from troth.model.pickup_moves import (
    ArrivalTold,
    CollectorNamed,
    PickupCodeRefused,
    PickupExpired,
    PickupExtended,
    PickupOpened,
    PickupReminded,
)
from troth.model.return_moves import (
    ExchangeEnded,
    ExchangeOpened,
    ExchangeUsed,
    ReturnCanceled,
    ReturnClosed,
    ReturnCredited,
    ReturnDisposed,
    ReturnExpired,
    ReturnOpened,
    ReturnReceived,
    ReturnSent,
)
from troth.model.ship_notice import ShipNoticeSent
from troth.model.stock_level_events import StockLevelChanged
from troth.model.transfer_moves import TransferLost, TransferReceived, TransferShipped
from troth.pages.views import moment, number, words
from troth.store.events import LoggedEvent

_SIGNS: Final = {
    "OrderCaptured": ("blue", "open"),
    "HoldPlaced": ("amber", "hold"),
    "OrderReleased": ("indigo", "quarter"),
    "FulfillmentRejected": ("red", "cross"),
    "FulfillmentPicked": ("violet", "half"),
    "FulfillmentPacked": ("violet", "most"),
    "FulfillmentReady": ("cyan", "most"),
    "FulfillmentShipped": ("teal", "arrow"),
    "FulfillmentCollected": ("green", "done"),
    "FulfillmentDelivered": ("green", "done"),
    "OrderCanceled": ("gray", "cross"),
    "OrderChanged": ("amber", "open"),
    "SourcingFailed": ("red", "alert"),
    "OrderResourced": ("blue", "open"),
    "BackorderCovered": ("blue", "clock"),
    "UnitsQueued": ("orange", "clock"),
    "SupplyGivenUp": ("orange", "alert"),
    "PromiseChanged": ("amber", "clock"),
    "AcceptanceMissed": ("red", "clock"),
    "AlertRaised": ("orange", "alert"),
    "ArrivalTold": ("cyan", "arrow"),
    "PickupReminded": ("amber", "clock"),
    "PickupExtended": ("amber", "clock"),
    "PickupExpired": ("orange", "clock"),
    "PickupCodeRefused": ("red", "alert"),
    "PickupPutBack": ("gray", "done"),
    "PaymentAuthorized": ("blue", "half"),
    "PaymentCaptured": ("green", "done"),
    "PaymentRefunded": ("amber", "arrow"),
    "PaymentExpired": ("orange", "clock"),
    "PaymentFailed": ("red", "cross"),
    "PaymentUnknown": ("orange", "alert"),
    "PaymentActionNeeded": ("amber", "clock"),
    "PaymentDisputed": ("red", "alert"),
    "ReturnOpened": ("amber", "open"),
    "ReturnSent": ("teal", "arrow"),
    "ReturnReceived": ("violet", "half"),
    "ReturnDisposed": ("violet", "most"),
    "ReturnCredited": ("green", "done"),
    "ReturnClosed": ("gray", "done"),
    "ReturnCanceled": ("gray", "cross"),
    "ReturnExpired": ("orange", "clock"),
    "ExchangeOpened": ("blue", "open"),
    "ExchangeEnded": ("gray", "cross"),
    "ExchangeUsed": ("blue", "open"),
}


_CART_ENDS: Final = {
    CartHoldState.HELD: "The cart's units are kept.",
    CartHoldState.USED: "The cart's units went to order {order}.",
    CartHoldState.FREED: "The cart gave its units up.",
    CartHoldState.EXPIRED: "The cart's time was over; its units are free.",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One event as the timeline shows it; `body` is its JSON text, laid out to be read."""

    at: datetime
    kind: str
    sentence: str
    actor: str
    cause: str
    tone: str
    shape: str
    body: str


def timeline(events: Iterable[LoggedEvent]) -> tuple[Moment, ...]:
    """The events as moments, the newest first."""
    return tuple(moment_of(logged) for logged in events)[::-1]


def moment_of(logged: LoggedEvent) -> Moment:
    """One event as a moment."""
    tone, shape = _SIGNS.get(logged.kind, ("gray", "open"))
    body = msgspec.json.format(logged.body.encode(), indent=2).decode()
    return Moment(logged.at, logged.kind, tell(logged.event), logged.actor, logged.cause, tone, shape, body)


def tell(event: Event) -> str:
    """What happened, in a sentence.

    >>> from troth.model.ids import FulfillmentId
    >>> tell(FulfillmentAccepted(FulfillmentId("O-1-F2"), datetime(2026, 11, 23), None))  # type: ignore[arg-type]
    'Fulfillment F2 was accepted by its node.'
    """
    match event:
        case OrderCaptured() | DuplicateReceived() | OrderCanceled() | OrderReleased():
            return _tell_order(event)
        case HoldPlaced() | HoldLifted() | HoldAssigned():
            return _tell_hold(event)
        case (
            PickupOpened()
            | ArrivalTold()
            | CollectorNamed()
            | PickupReminded()
            | PickupExtended()
            | PickupExpired()
            | PickupCodeRefused()
            | PickupPutBack()
        ):
            return tell_pickup(event)
        case ReleasePlanned() | RecallRequested() | RecallAnswered() | RecallEnded():
            return tell_release(event)
        case OrderChanged():
            why = f" ({event.reason})" if event.reason else ""
            return f"Changed: {in_words(_changed(change) for change in event.changes)}{why}."
        case OrderResourced():
            return f"Promised: {_parts(event.parts.added)}."
        case SourcingFailed() if all(line.reason == SPENT for line in event.lines):
            return f"Enough nodes could not provide {_lines(event.lines)}: nobody else is asked, a person must decide."
        case SourcingFailed():
            return f"Nobody can provide {_lines(event.lines)}: a person must decide."
        case UnitsQueued():
            until = f" until {moment(event.until)} UTC" if event.until else ""
            return f"Nobody can provide {_lines(event.lines)}: they wait for stock{until}."
        case SupplyGivenUp():
            return f"Gave up the supply of {_lines(event.lines)}: {event.reason}."
        case PromiseChanged():
            return f"Promised for another time: {in_words(_put_off(move) for move in event.lines)} ({event.reason})."
        case BackorderCovered():
            return f"Expected supply {event.reference} arrived: {_parts(event.parts.added)} now on hand."
        case WorkRedated():
            name, until = short_id(event.fulfillment_id), moment(event.promised_at)
            return f"Fulfillment {name} was late and is promised for {until} UTC now ({event.reason})."
        case ExceptionMarked() | FixApplied():
            return _tell_workbench(event)
        case AcceptanceMissed():
            name, until = short_id(event.fulfillment_id), moment(event.accept_by)
            return f"Fulfillment {name} was not accepted by {event.node} until {until} UTC."
        case AlertRaised():
            return _tell_alert(event)
        case StockAdjusted():
            return f"Stock of {event.sku} at {event.node} was moved by {event.delta:+d} ({_plain(event.reason)})."
        case StockCounted():
            return f"{event.sku} was counted at {event.node}: {event.counted} on hand, {event.delta:+d} to the books."
        case SupplyExpected():
            brings = _count(sum(line.quantity for line in event.lines), "unit")
            return f"Purchase order {event.number} brings {brings} in {_count(len(event.lines), 'line')}."
        case TransferShipped():
            return f"Transfer {event.transfer_id}: {_moved(event)} left {event.sender} for {event.receiver}."
        case TransferReceived():
            return f"Transfer {event.transfer_id}: {_moved(event)} arrived at {event.receiver}."
        case TransferLost():
            return f"Transfer {event.transfer_id}: {_moved(event)} will not arrive ({_plain(event.reason)})."
        case CartHeld():
            units = sum(held.quantity for held in event.hold.units)
            until = moment(event.hold.expires_at)
            return f"{_count(units, 'unit')} kept for a cart of {event.hold.channel} until {until} UTC."
        case CartHoldExtended():
            return f"The cart's units are kept until {moment(event.expires_at)} UTC."
        case CartHoldEnded():
            return _CART_ENDS[event.state].format(order=event.order_id)
        case CustomerSet() | BalanceTold() | BlanketOrderSet():
            return tell_agreement(event)
        case ShipNoticeSent():
            late = f", after it was due at {moment(event.due_at)} UTC" if event.is_late else ""
            name = short_id(event.fulfillment_id)
            return f"The ship notice {event.reference} of fulfillment {name} was sent{late}."
        case ConfigurationSet():
            done = "created" if event.before is None else "removed" if event.after is None else "changed"
            return f"{words(event.what)} {event.id} was {done}."
        case (
            PaymentAuthorized()
            | PaymentCaptured()
            | PaymentRefunded()
            | PaymentVoided()
            | PaymentExpired()
            | PaymentFailed()
            | PaymentUnknown()
            | PaymentDue()
            | PaymentAdded()
            | PaymentActedOn()
            | PaymentActionNeeded()
            | PaymentDisputed()
        ):
            return tell_payment(event)
        case (
            ReturnOpened()
            | ExchangeOpened()
            | ExchangeEnded()
            | ExchangeUsed()
            | ReturnSent()
            | ReturnReceived()
            | ReturnDisposed()
            | ReturnCredited()
            | ReturnClosed()
            | ReturnCanceled()
            | ReturnExpired()
        ):
            return tell_return(event)
        case NotificationSent() | NotificationFailed() | ChoiceMade() | StockLevelChanged():
            return tell_notification(event)
        case _:
            return _tell_work(event)


def _moved(event: TransferShipped | TransferReceived | TransferLost) -> str:
    """The units in words; what is sold by measure by itself, as amounts of several measures have no sum."""
    pieces = sum(line.quantity for line in event.lines if not line.decimals)
    amounts = [f"{number(line.quantity, line.decimals)} of {line.sku}" for line in event.lines if line.decimals]
    lots = dict.fromkeys(line.lot for line in event.lines if line.lot)
    of_lots = f" (lot{'s' if len(lots) > 1 else ''} {in_words(lots)})" if lots else ""
    return in_words([*([_count(pieces, "unit")] if pieces or not amounts else []), *amounts]) + of_lots


def _tell_order(
    event: OrderCaptured | DuplicateReceived | OrderCanceled | OrderReleased,
) -> str:
    match event:
        case OrderCaptured():
            nodes = in_words(dict.fromkeys(work.node for work in event.order.fulfillments))
            promised = f"promised from {nodes}" if nodes else "not promised yet"
            return f"Captured from {event.order.channel} as {event.order.external_id}, {promised}."
        case DuplicateReceived():
            return "The channel sent the same order again; nothing changed."
        case OrderCanceled():
            return f"Canceled {_lines(event.lines)}: {event.reason or 'no reason given'}."
        case OrderReleased():
            wave = f" in wave {event.took.wave}" if event.took is not None else ""
            return f"Released to its nodes{wave}" + (" before the remorse period ended." if event.is_early else ".")
        case _:
            assert_never(event)


def _tell_workbench(event: ExceptionMarked | FixApplied) -> str:
    if isinstance(event, FixApplied):
        why = f" ({event.reason})" if event.reason else ""
        return f"Fixed the {_plain(event.kind)} exception: {_plain(event.fix)}{why}."
    until = f", put off until {moment(event.snoozed_until)} UTC" if event.snoozed_until else ""
    note = f": {event.note}" if event.note else ""
    return f"The {_plain(event.kind)} exception is looked after by {event.owner or 'nobody'}{until}{note}."


def _tell_hold(event: HoldPlaced | HoldLifted | HoldAssigned) -> str:
    match event:
        case HoldPlaced():
            until = f" until {moment(event.hold.expires_at)} UTC" if event.hold.expires_at else ""
            reason = f": {event.hold.reason}" if event.hold.reason else ""
            return f"Hold {event.hold.hold_id} ({_plain(event.hold.type)}) was placed{until}{reason}."
        case HoldLifted():
            because = f" because of {_plain(event.because)}" if event.because else ""
            return f"Hold {event.hold_id} {'expired' if event.has_expired else f'was lifted{because}'}."
        case HoldAssigned():
            owner = _plain(event.owner) or "nobody in particular"
            why = ", as its time was over" if event.is_escalated else ""
            return f"Hold {event.hold_id} was given to {owner}{why}."
        case _:
            assert_never(event)


def _tell_work(
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
    | FulfillmentUnpicked
    | FulfillmentUnpacked
    | FulfillmentUnstaged,
) -> str:
    name = f"Fulfillment {short_id(event.fulfillment_id)}"
    match event:
        case FulfillmentAccepted():
            return f"{name} was accepted by its node."
        case FulfillmentRejected():
            return f"{name} was rejected by its node: {_plain(event.reason) or 'no reason given'}."
        case FulfillmentPicked():
            missing = f", but {_lines(event.short)} not found" if event.short else ""
            return f"{name} was picked{missing}."
        case FulfillmentPacked():
            return f"{name} was packed in {_count(len(event.packages), 'package')}."
        case FulfillmentReady():
            return f"{name} waits for the customer{f' at {event.staging}' if event.staging else ''}."
        case FulfillmentShipped():
            return f"{name} was shipped{_tracking(event.packages)}."
        case FulfillmentCollected():
            return f"{name} was collected{f' by {event.collected_by}' if event.collected_by else ''}."
        case FulfillmentDelivered():
            return f"{name} was delivered."
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
        case TrackingRecorded():
            place = f" in {event.place}" if event.place else ""
            return f"{event.carrier or 'The carrier'} reports {event.tracking_number}: {_plain(event.status)}{place}."
        case _:
            assert_never(event)


_ALERTS: Final = {
    AlertAction.RE_SOURCE: "it is sent from elsewhere",
    AlertAction.UPGRADE: "it goes by a faster service",
    AlertAction.TELL: "the customer is told",
    AlertAction.EXCEPTION: "a person is called",
}


def _tell_alert(event: AlertRaised) -> str:
    name, due = short_id(event.fulfillment_id), moment(event.promised_at)
    done = f"{_ALERTS[event.action]}{f', {event.detail}' if event.detail else ''}"
    return f"Fulfillment {name} will probably ({event.percent} %) not be there by {due} UTC: {done}."


def _parts(parts: tuple[Allocation, ...]) -> str:
    return in_words(f"{part.quantity} × {part.sku} at {part.node}" for part in parts) or "nothing"


def _lines(lines: tuple[LineQuantity, ...]) -> str:
    return in_words(f"{line.quantity} of line {line.line_id}" for line in lines) or "nothing"


def _put_off(move: PromiseMove) -> str:
    was = "not at all" if move.before is None else f"{moment(move.before)} UTC"
    is_now = "not at all" if move.after is None else f"by {moment(move.after)} UTC"
    return f"line {move.line_id} {is_now} instead of {was}"


def _changed(change: FieldChange) -> str:
    """What a change says of one field.

    >>> from troth.model.ids import LineId
    >>> _changed(FieldChange(LineId("2"), "quantity", "1", "3")), _changed(FieldChange(None, "pickup_node", "ST-1", ""))
    ('quantity of line 2 from 1 to 3', 'pickup node from ST-1 to nothing')
    """
    if change.field == "line":
        return f"line {change.line_id} added, {change.after}"
    if change.field == "quantity" and change.after == "0":
        return f"line {change.line_id} removed"
    of_line = "" if change.line_id is None else f" of line {change.line_id}"
    was, is_now = change.before or "nothing", change.after or "nothing"
    return f"{_plain(change.field.removesuffix('_minor'))}{of_line} from {was} to {is_now}"


def _tracking(packages: tuple[Package, ...]) -> str:
    numbers = [package.tracking_number for package in packages if package.tracking_number]
    carriers = dict.fromkeys(package.carrier for package in packages if package.carrier)
    return (f" by {in_words(carriers)}" if carriers else "") + (f", tracking {in_words(numbers)}" if numbers else "")


def _because(reason: str) -> str:
    return f": {_plain(reason)}" if reason else ""


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _plain(name: str) -> str:
    return name.replace("_", " ")
