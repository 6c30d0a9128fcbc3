"""One thing: what a notification of each kind is about, as the values of its texts, out of what happened and of the
order as it is now; or why there is nothing to tell any more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from babel.numbers import format_currency

from troth.engine.carriage.network import Network
from troth.engine.pickups.codes import pickup_code
from troth.engine.pickups.waiting import NOT_COLLECTED as BECAUSE_NOT_COLLECTED
from troth.engine.returns.exchange import EXCHANGE_OF
from troth.engine.tracking.parcels import standing_of
from troth.engine.tracking.trouble import units_in
from troth.flows.wording.messages import order_message
from troth.flows.wording.promised import HANDED_OVER
from troth.flows.wording.wording import Voice
from troth.model.choice import Choice
from troth.model.events import (
    AlertRaised,
    FulfillmentShipped,
    OrderCanceled,
    OrderCaptured,
    PaymentRefunded,
    PromiseChanged,
    PromiseMove,
    RecallAnswered,
    TrackingRecorded,
)
from troth.model.ids import FulfillmentId, LineId, Sku
from troth.model.item import Item
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import GONE, NOT_COLLECTED, AllocationState
from troth.model.measure import shown
from troth.model.money import Money
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.recall import RecallKind
from troth.model.return_moves import ReturnCredited, ReturnReceived
from troth.model.returns import ReturnKind
from troth.model.status import is_kept, live_allocations
from troth.model.tracking import TrackStatus
from troth.model.value import dataclass
from troth.model.ways import counter_of, pickup_of, stay_of

E = TypeVar("E")

_NOT_COLLECTED: Final = NOT_COLLECTED | {AllocationState.CANCELED}
"""What was not collected, before and after it was put back."""

_ARRIVED: Final = frozenset({AllocationState.DELIVERED, AllocationState.COLLECTED})


@dataclass(frozen=True, slots=True)
class Scene:
    """What is told of: an order as it is now, what happened to it (oldest first), and with which words it is told."""

    order: Order
    events: Sequence[Any]
    now: datetime
    voice: Voice
    network: Network
    items: Mapping[Sku, Item]
    brand: str = ""

    def each(self, type_: type[E]) -> list[E]:
        """The events of a type."""
        return [event for event in self.events if isinstance(event, type_)]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the customer: where the goods go, else where they are picked up."""
        return ZoneInfo(zone_of(self.order, self.network))

    def say(self, message: str, values: Mapping[str, str] | None = None) -> str:
        """A message in the words of the order's brand."""
        return self.voice.say(message, values, brand=self.brand)

    def day(self, at: datetime) -> str:
        """The day of an instant, where the customer is, as it is called today."""
        zone = self.zone
        return self.voice.day(at.astimezone(zone).date(), self.now.astimezone(zone).date(), brand=self.brand)

    def units(self, line_id: LineId, quantity: int, sku: Sku | None = None) -> str:
        """Units of a line in words."""
        line = next((line for line in self.order.lines if line.line_id == line_id), None)
        named = sku or (line.sku if line is not None else Sku(line_id))
        item = self.items.get(named)
        number = self.voice.number(shown(quantity, 0 if line is None else line.decimals))
        return self.say("line", {"quantity": number, "item": (item.name if item is not None else "") or named})


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line that a notification is about."""

    line_id: LineId
    quantity: int


@dataclass(frozen=True, slots=True)
class Matter:
    """What a notification tells: its kind, the values of its texts, the units it is about, and what may be chosen."""

    kind: str
    values: Mapping[str, str]
    units: tuple[Units, ...] = ()
    choices: tuple[Choice, ...] = ()


Finding = Matter | str
"""The matter, or why it is not told."""


def find_matter(kind: str, scene: Scene) -> Finding:
    """What a notification of a kind tells now, or why it does not tell anything any more."""
    return _OF_KIND[kind](scene)


def zone_of(order: Order, network: Network) -> str:
    """The time zone in which the customer of an order is, as far as that is known."""
    position = None if order.pickup_node is None else network.index.get(order.pickup_node)
    if order.method in HANDED_OVER and position is not None:
        return network.nodes[position].time_zone
    if order.ship_to is not None and order.ship_to.time_zone:
        return order.ship_to.time_zone
    nodes = [counter_of(work) for work in order.fulfillments]
    return next((network.nodes[network.index[node]].time_zone for node in nodes if node in network.index), "UTC")


def _confirmed(scene: Scene) -> Finding:
    """The promise as it was made, which is what was shown when it was asked for."""
    if scene.order.canceled_at is not None:
        return "the order was canceled"
    captured = next((event.order for event in scene.each(OrderCaptured)), scene.order)
    promise = order_message(captured, scene.network, scene.now, scene.voice, scene.items)
    kind = "replacement_confirmed" if EXCHANGE_OF in captured.attributes else "order_confirmed"
    return Matter(kind, {"promise": promise}, _wanted(captured))


def _promise_changed(scene: Scene) -> Finding:
    if scene.order.canceled_at is not None:
        return "the order was canceled"
    answered = {recall.answered_at for recall in scene.order.recalls if recall.kind is RecallKind.CHANGE}
    changes = [change for change in scene.each(PromiseChanged) if change.at not in answered]
    moves = [move for move in merge_moves(changes) if _is_another_day(move, scene)]
    if not moves:
        return "it is promised as before" if changes else "it is told with the node's answer"
    values = {"moves": " ".join(_moved(move, scene) for move in moves), "promise": _promise(scene)}
    units = tuple(Units(move.line_id, move.quantity) for move in moves)
    is_worse = any(_is_worse(move) for move in moves)
    return Matter("promise_changed", values, units, changes[-1].choices if is_worse else ())


def merge_moves(changes: Iterable[PromiseChanged]) -> list[PromiseMove]:
    """Several changes as one: each line from what was promised first to what is promised last."""
    merged: dict[LineId, PromiseMove] = {}
    for change in changes:
        for move in change.lines:
            first = merged.get(move.line_id)
            merged[move.line_id] = move if first is None else replace(move, before=first.before)
    return list(merged.values())


def _is_another_day(move: PromiseMove, scene: Scene) -> bool:
    """Whether the customer would notice: another day, or another time where they come themselves."""
    if move.before is None or move.after is None:
        return move.before is not move.after
    if scene.order.method in HANDED_OVER:
        return move.before != move.after
    return move.before.astimezone(scene.zone).date() != move.after.astimezone(scene.zone).date()


def _is_worse(move: PromiseMove) -> bool:
    return move.before is not None and (move.after is None or move.after > move.before)


def _moved(move: PromiseMove, scene: Scene) -> str:
    line = scene.units(move.line_id, move.quantity)
    if move.after is None:
        return scene.say("lost", {"line": line})
    if move.before is None:
        return scene.say("found", {"line": line, "day": _when(move.after, scene)})
    return scene.say("moved", {"line": line, "day": _when(move.after, scene), "before": _when(move.before, scene)})


def _when(at: datetime, scene: Scene) -> str:
    """A day, with its time where the customer comes themselves."""
    if scene.order.method not in HANDED_OVER:
        return scene.day(at)
    return f"{scene.day(at)}, {scene.voice.time(at.astimezone(scene.zone).time())}"


def _delay_predicted(scene: Scene) -> Finding:
    if scene.order.canceled_at is not None:
        return "the order was canceled"
    units = _units_of(scene, _works(scene), lambda part: part.state not in _ARRIVED)
    if not units:
        return "it has arrived, or comes from elsewhere"
    expected_at = max(scene.now, *(event.predicted_at for event in scene.each(AlertRaised)))
    return Matter("delay_predicted", {"day": _when(expected_at, scene), "promise": _promise(scene)}, units)


def _shipped(scene: Scene) -> Finding:
    works = _works(scene)
    units = _units_of(scene, works, lambda part: part.state in GONE)
    if not units:
        return "nothing of it is on its way"
    packages = [package for event in scene.each(FulfillmentShipped) for package in event.packages]
    values = {
        "lines": _lines(scene, units),
        "carrier": ", ".join(dict.fromkeys(one.carrier for one in packages if one.carrier)),
        "tracking": ", ".join(one.tracking_number for one in packages if one.tracking_number),
        "promise": _promise(scene),
    }
    return Matter("shipped", values, units)


def _of_works(kind: str, is_told: Callable[[Scene, Allocation], bool], why_not: str) -> Callable[[Scene], Finding]:
    """A kind that tells of the units of some fulfillments as long as something is true of them."""

    def find(scene: Scene) -> Finding:
        works = _works(scene)
        units = _units_of(scene, works, lambda part: is_told(scene, part))
        if not units:
            return why_not
        codes = ", ".join(pickup_code(scene.order, work) for work in works)
        kept = " ".join(dict.fromkeys(filter(None, (_kept(scene, work) for work in works))))
        values = {"lines": _lines(scene, units), "promise": _promise(scene), "code": codes, "kept": kept}
        return Matter(kind, values, units)

    return find


def _is_waiting(scene: Scene, part: Allocation) -> bool:
    """Whether a part waits for its customer: at the node that had it, or at that to which it was sent first."""
    return is_kept(scene.order, _work_of(scene, part))


def _is_coming(scene: Scene, part: Allocation) -> bool:
    """Whether a part is on its way to its customer, and not to the node where they pick it up."""
    return part.state in GONE - _ARRIVED and _work_of(scene, part).via is None


def _work_of(scene: Scene, part: Allocation) -> Fulfillment:
    return next(one for one in scene.order.fulfillments if one.fulfillment_id == part.fulfillment_id)


def _out_for_delivery(scene: Scene) -> Finding:
    """What is in the parcels that were seen in the vehicle, of those that have not arrived since."""
    seen = {(event.fulfillment_id, event.tracking_number) for event in scene.each(TrackingRecorded)}
    found: dict[LineId, int] = {}
    for work in scene.order.fulfillments:
        if not _units_of(scene, (work.fulfillment_id,), lambda part: _is_coming(scene, part)):
            continue
        for package in work.packages:
            is_here = standing_of(package.checkpoints).status == TrackStatus.DELIVERED
            if (work.fulfillment_id, package.tracking_number) in seen and not is_here:
                for line_id, quantity in units_in(scene.order, work, package).items():
                    found[line_id] = found.get(line_id, 0) + quantity
    if not found:
        return "it has arrived, or comes to where it is picked up"
    units = tuple(Units(*one) for one in found.items())
    return Matter("out_for_delivery", {"lines": _lines(scene, units)}, units)


def _kept(scene: Scene, name: FulfillmentId) -> str:
    """Until when goods wait for their customer, and in which compartment, where they lie in a locker."""
    work = next(one for one in scene.order.fulfillments if one.fulfillment_id == name)
    until, stay = pickup_of(scene.order, work).ends_at, stay_of(scene.order, work)
    told = []
    if stay is not None and stay.number:
        told.append(scene.say("in_compartment", {"number": str(stay.number)}))
    if until is not None:
        time = scene.voice.time(until.astimezone(scene.zone).time())
        told.append(scene.say("kept_until", {"day": scene.day(until), "time": time}))
    return " ".join(told)


def _pickup_expired(scene: Scene) -> Finding:
    """The units of the works whose time was over: those that they had, as nothing lies in them any more."""
    works = _works(scene)
    parts = [part for part in scene.order.allocations if part.fulfillment_id in works]
    last = [part for part in parts if part.state in _NOT_COLLECTED]
    units = tuple(Units(*one) for one in begun_units(last, kits_of(scene.order)).items())
    return Matter("pickup_expired", {"lines": _lines(scene, units)}, units)


def _canceled(scene: Scene) -> Finding:
    units = _canceled_units(scene)
    if not units:
        return "the pickup that expired is told"
    if scene.order.canceled_at is not None:
        return Matter("canceled", {}, units)
    return Matter("canceled_in_part", {"lines": _lines(scene, units), "promise": _promise(scene)}, units)


def _refunded(scene: Scene) -> Finding:
    refunds = scene.each(PaymentRefunded)
    return Matter("refunded", {"amount": _money(scene, sum(one.amount_minor for one in refunds), refunds[0].currency)})


def _return_received(scene: Scene) -> Finding:
    found: dict[LineId, int] = {}
    for event in scene.each(ReturnReceived):
        for one in event.units:
            if one.line_id is not None:
                found[one.line_id] = found.get(one.line_id, 0) + one.quantity
    if not found:
        return "nothing of it was expected back"
    units = tuple(Units(line_id, quantity) for line_id, quantity in found.items())
    return Matter("return_received", {"lines": _lines(scene, units)}, units)


def _return_credited(scene: Scene) -> Finding:
    """What is credited for what came back, or did not reach the customer; what only pays for a replacement is told with
    that.
    """
    credits = scene.each(ReturnCredited)
    amount = sum(credit.amount_minor for event in credits for credit in event.credits)
    if amount <= 0:
        return "nothing is credited"
    names = {event.return_id for event in credits}
    returns = [one for one in scene.order.returns if one.return_id in names]
    if all(one.exchange is not None and one.due_minor <= 0 for one in returns):
        return "it pays for the replacement"
    kind = "claim_credited" if all(one.kind is ReturnKind.CLAIM for one in returns) else "return_credited"
    return Matter(kind, {"amount": _money(scene, amount, credits[0].currency)})


def _recall_outcome(scene: Scene) -> Finding:
    """What is between us and the node is told nobody, and what was canceled is told as that."""
    recalls = {one.recall_id: one for one in scene.order.recalls}
    answers = [
        (event, recalls[event.recall_id])
        for event in scene.each(RecallAnswered)
        if event.recall_id in recalls and recalls[event.recall_id].kind is not RecallKind.RESOURCE
    ]
    if not answers:
        return "the customer did not ask for it"
    event, recall = answers[-1]
    is_done = event.is_given_back and not event.outcome
    if is_done and recall.kind is RecallKind.CANCEL:
        return "the cancellation is told"
    outcome = scene.say("asked_done" if is_done else "asked_refused")
    return Matter("recall_outcome", {"outcome": outcome, "promise": _promise(scene)})


def _promise(scene: Scene) -> str:
    return order_message(scene.order, scene.network, scene.now, scene.voice, scene.items)


def _money(scene: Scene, minor: int, currency: str) -> str:
    return str(format_currency(Decimal(Money(minor, currency).amount), currency, locale=scene.voice.locale))


def _works(scene: Scene) -> tuple[FulfillmentId, ...]:
    """The fulfillments that the events are about."""
    named = (getattr(event, "fulfillment_id", None) for event in scene.events)
    return tuple(dict.fromkeys(work for work in named if work is not None))


def _units_of(scene: Scene, works: Sequence[FulfillmentId], is_told: Callable[[Allocation], bool]) -> tuple[Units, ...]:
    """The units of fulfillments of which something is true now, by line; of a kit, those of which anything is."""
    parts = [part for part in live_allocations(scene.order) if part.fulfillment_id in works and is_told(part)]
    return tuple(Units(*one) for one in begun_units(parts, kits_of(scene.order)).items())


def _canceled_units(scene: Scene) -> tuple[Units, ...]:
    found: dict[LineId, int] = {}
    for event in scene.each(OrderCanceled):
        for line in () if event.reason == BECAUSE_NOT_COLLECTED else event.lines:
            found[line.line_id] = found.get(line.line_id, 0) + line.quantity
    return tuple(Units(line_id, quantity) for line_id, quantity in found.items())


def _wanted(order: Order) -> tuple[Units, ...]:
    return tuple(
        Units(line.line_id, line.quantity - line.canceled_quantity)
        for line in order.lines
        if line.quantity > line.canceled_quantity
    )


def _lines(scene: Scene, units: Iterable[Units]) -> str:
    return ", ".join(scene.units(one.line_id, one.quantity) for one in units)


_OF_KIND: Final[Mapping[str, Callable[[Scene], Finding]]] = {
    "order_confirmed": _confirmed,
    "promise_changed": _promise_changed,
    "delay_predicted": _delay_predicted,
    "shipped": _shipped,
    "out_for_delivery": _out_for_delivery,
    "delivered": _of_works("delivered", lambda _scene, part: part.state in _ARRIVED, "it has not arrived"),
    "ready_for_pickup": _of_works("ready_for_pickup", _is_waiting, "it does not wait for the customer any more"),
    "pickup_reminder": _of_works("pickup_reminder", _is_waiting, "it does not wait for the customer any more"),
    "pickup_expired": _pickup_expired,
    "canceled": _canceled,
    "canceled_in_part": _canceled,
    "refunded": _refunded,
    "return_received": _return_received,
    "return_credited": _return_credited,
    "claim_credited": _return_credited,
    "replacement_confirmed": _confirmed,
    "recall_outcome": _recall_outcome,
}
