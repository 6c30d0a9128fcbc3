"""The timeline: a sentence for each kind of event, and what the eye sees beside it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, assert_never

import msgspec

from troth.console.views_agreed import tell_agreement
from troth.console.views_carrier_claim import tell_carrier_claim
from troth.console.views_chargeback import tell_chargeback
from troth.console.views_node_events import tell_node
from troth.console.views_notification import tell_notification
from troth.console.views_payment import tell_payment
from troth.console.views_pickup import tell_pickup
from troth.console.views_release import in_words, short_id, tell_release
from troth.console.views_returns import tell_return
from troth.console.views_stock_events import tell_stock
from troth.console.views_words import lines_told, plain
from troth.console.views_work_events import tell_work
from troth.engine.failed import SPENT
from troth.model.agreement_moves import BalanceTold, BlanketOrderSet, CustomerSet
from troth.model.alerts import AlertAction
from troth.model.carrier_claim import CarrierClaimClosed, CarrierClaimOpened
from troth.model.change import FieldChange
from troth.model.chargeback import ChargebackDecided, ChargebackIncurred
from troth.model.events import (
    AcceptanceMissed,
    AlertRaised,
    BackorderCovered,
    CartEvent,
    ConfigurationSet,
    DuplicateReceived,
    Event,
    ExceptionMarked,
    FixApplied,
    HoldAssigned,
    HoldExtended,
    HoldLifted,
    HoldPlaced,
    OrderCanceled,
    OrderCaptured,
    OrderChanged,
    OrderReleased,
    OrderResourced,
    PaymentEvent,
    PickupPutBack,
    PromiseChanged,
    PromiseMove,
    RecallAnswered,
    RecallEnded,
    RecallRequested,
    ReleasePlanned,
    SourcingFailed,
    StockEvent,
    SupplyGivenUp,
    UnitsQueued,
    WorkRedated,
    WorkUpgraded,
)
from troth.model.node_messages import NodeSilent, NodeTold
from troth.model.notification_events import ChoiceMade, NotificationFailed, NotificationSent
from troth.model.order import Allocation
from troth.model.pickup_moves import PickupEvent
from troth.model.return_moves import ReturnEvent
from troth.model.ship_notice import ShipNoticeSent
from troth.model.stock_level_events import StockLevelChanged
from troth.model.value import dataclass
from troth.pages.views import moment, words
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
    "FulfillmentReceived": ("cyan", "half"),
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

    >>> from troth.model.events import FulfillmentAccepted
    >>> from troth.model.ids import FulfillmentId
    >>> tell(FulfillmentAccepted(FulfillmentId("O-1-F2"), datetime(2026, 11, 23), None))  # type: ignore[arg-type]
    'Fulfillment F2 was accepted by its node.'
    """
    if isinstance(event, PaymentEvent):
        return tell_payment(event)
    if isinstance(event, ReturnEvent):
        return tell_return(event)
    if isinstance(event, PickupEvent | PickupPutBack):
        return tell_pickup(event)
    if isinstance(event, StockEvent | CartEvent):
        return tell_stock(event)
    match event:
        case OrderCaptured() | DuplicateReceived() | OrderCanceled() | OrderReleased():
            return _tell_order(event)
        case HoldPlaced() | HoldLifted() | HoldAssigned() | HoldExtended():
            return _tell_hold(event)
        case ReleasePlanned() | RecallRequested() | RecallAnswered() | RecallEnded():
            return tell_release(event)
        case (
            OrderChanged()
            | OrderResourced()
            | SourcingFailed()
            | UnitsQueued()
            | SupplyGivenUp()
            | PromiseChanged()
            | BackorderCovered()
            | WorkRedated()
            | WorkUpgraded()
        ):
            return _tell_promise(event)
        case ExceptionMarked() | FixApplied():
            return _tell_workbench(event)
        case AcceptanceMissed():
            name, until = short_id(event.fulfillment_id), moment(event.accept_by)
            return f"Fulfillment {name} was not accepted by {event.node} until {until} UTC."
        case AlertRaised():
            return _tell_alert(event)
        case CustomerSet() | BalanceTold() | BlanketOrderSet():
            return tell_agreement(event)
        case ShipNoticeSent():
            late = f", after it was due at {moment(event.due_at)} UTC" if event.is_late else ""
            name = short_id(event.fulfillment_id)
            return f"The ship notice {event.reference} of fulfillment {name} was sent{late}."
        case NodeTold() | NodeSilent():
            return tell_node(event)
        case ConfigurationSet():
            done = "created" if event.before is None else "removed" if event.after is None else "changed"
            return f"{words(event.what)} {event.id} was {done}."
        case NotificationSent() | NotificationFailed() | ChoiceMade() | StockLevelChanged():
            return tell_notification(event)
        case CarrierClaimOpened() | CarrierClaimClosed():
            return tell_carrier_claim(event)
        case ChargebackIncurred() | ChargebackDecided():
            return tell_chargeback(event)
        case _:
            return tell_work(event)


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
            return f"Canceled {lines_told(event.lines)}: {event.reason or 'no reason given'}."
        case OrderReleased():
            wave = f" in wave {event.took.wave}" if event.took is not None else ""
            return f"Released to its nodes{wave}" + (" before the remorse period ended." if event.is_early else ".")
        case _:
            assert_never(event)


def _tell_promise(
    event: OrderChanged
    | OrderResourced
    | SourcingFailed
    | UnitsQueued
    | SupplyGivenUp
    | PromiseChanged
    | BackorderCovered
    | WorkRedated
    | WorkUpgraded,
) -> str:
    match event:
        case OrderChanged():
            why = f" ({event.reason})" if event.reason else ""
            return f"Changed: {in_words(_changed(change) for change in event.changes)}{why}."
        case OrderResourced():
            return f"Promised: {_parts(event.parts.added)}."
        case SourcingFailed() if all(line.reason == SPENT for line in event.lines):
            return (
                f"Enough nodes could not provide {lines_told(event.lines)}: nobody else is asked, a person must decide."
            )
        case SourcingFailed():
            return f"Nobody can provide {lines_told(event.lines)}: a person must decide."
        case UnitsQueued():
            until = f" until {moment(event.until)} UTC" if event.until else ""
            return f"Nobody can provide {lines_told(event.lines)}: they wait for stock{until}."
        case SupplyGivenUp():
            return f"Gave up the supply of {lines_told(event.lines)}: {event.reason}."
        case PromiseChanged():
            return f"Promised for another time: {in_words(_put_off(move) for move in event.lines)} ({event.reason})."
        case BackorderCovered():
            by_floor = ", by the floor of its class" if event.floor_units else ""
            return f"Expected supply {event.reference} arrived: {_parts(event.parts.added)} now on hand{by_floor}."
        case WorkRedated():
            name, until = short_id(event.fulfillment_id), moment(event.promised_at)
            return f"Fulfillment {name} was late and is promised for {until} UTC now ({event.reason})."
        case WorkUpgraded():
            name, until = short_id(event.fulfillment_id), moment(event.ship_by)
            return f"Fulfillment {name} goes by {event.service} and has to leave by {until} UTC now ({event.reason})."
        case _:
            assert_never(event)


def _tell_workbench(event: ExceptionMarked | FixApplied) -> str:
    if isinstance(event, FixApplied):
        why = f" ({event.reason})" if event.reason else ""
        return f"Fixed the {plain(event.kind)} exception: {plain(event.fix)}{why}."
    until = f", put off until {moment(event.snoozed_until)} UTC" if event.snoozed_until else ""
    note = f": {event.note}" if event.note else ""
    return f"The {plain(event.kind)} exception is looked after by {event.owner or 'nobody'}{until}{note}."


def _tell_hold(event: HoldPlaced | HoldLifted | HoldAssigned | HoldExtended) -> str:
    match event:
        case HoldPlaced():
            until = f" until {moment(event.hold.expires_at)} UTC" if event.hold.expires_at else ""
            reason = f": {event.hold.reason}" if event.hold.reason else ""
            return f"Hold {event.hold.hold_id} ({plain(event.hold.type)}) was placed{until}{reason}."
        case HoldLifted():
            because = f" because of {plain(event.because)}" if event.because else ""
            return f"Hold {event.hold_id} {'expired' if event.has_expired else f'was lifted{because}'}."
        case HoldAssigned():
            owner = plain(event.owner) or "nobody in particular"
            why = ", as its time was over" if event.is_escalated else ""
            return f"Hold {event.hold_id} was given to {owner}{why}."
        case HoldExtended():
            reason = f": {event.reason}" if event.reason else ""
            return f"Hold {event.hold_id} was given time until {moment(event.expires_at)} UTC{reason}."
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
    return f"{plain(change.field.removesuffix('_minor'))}{of_line} from {was} to {is_now}"
