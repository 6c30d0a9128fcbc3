"""What a customer is told about a promise: it leaves today, it arrives then, it waits for supply until then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.network import Network
from troth.model.ids import NodeId
from troth.model.inventory import is_on_hand
from troth.model.lifecycle import AllocationState
from troth.model.network import Address
from troth.model.order import Method, Order
from troth.model.plan import Shipment
from troth.model.status import fulfillment_status, live_allocations, uncovered_quantities, waiting_lines

_NAMED_DAYS: Final = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_HANDED_OVER: Final = frozenset({Method.PICKUP, Method.CURBSIDE})


@dataclass(frozen=True, slots=True)
class Promised:
    """What one shipment promises, and how far it is.

    `place` is the node's name. Days are counted in `time_zone`: that of the destination where the goods are sent and it
    is known, else the node's.
    """

    place: str
    time_zone: str
    method: Method
    ship_by: datetime
    promised_at: datetime
    is_backordered: bool = False
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    is_ready: bool = False


def promised_shipments(shipments: Iterable[Shipment], network: Network, destination: Address | None) -> list[Promised]:
    """What the shipments of a plan promise to a destination."""
    return [
        Promised(
            *_place(network, shipment.via or shipment.node, shipment.method, destination),
            shipment.method,
            shipment.ship_by,
            shipment.promised_at,
            is_backordered=shipment.is_backordered,
        )
        for shipment in shipments
    ]


def promised_work(order: Order, network: Network) -> list[Promised]:
    """What the fulfillments of an order that still have units promise."""
    live = live_allocations(order)
    waiting = {part.fulfillment_id for part in live if not is_on_hand(part.source)}
    kept = {part.fulfillment_id for part in live}
    return [
        Promised(
            *_place(network, work.via or work.node, work.method, order.ship_to),
            work.method,
            work.ship_by,
            work.promised_at,
            is_backordered=work.fulfillment_id in waiting,
            shipped_at=work.shipped_at,
            delivered_at=work.delivered_at,
            is_ready=work.method in _HANDED_OVER
            and fulfillment_status(order, work.fulfillment_id) is AllocationState.READY,
        )
        for work in order.fulfillments
        if work.fulfillment_id in kept
    ]


def order_message(order: Order, network: Network, now: datetime) -> str:
    """What the customer of an order is told now."""
    if order.canceled_at is not None:
        return "Canceled."
    told = promise_message(promised_work(order, network), now)
    missing = uncovered_quantities(order)
    if not missing:
        return told
    queued = waiting_lines(order)
    waiting = sum(units for line_id, units in missing.items() if line_id in queued)
    lost = sum(missing.values()) - waiting
    sentences = [
        f"{lost} {'unit' if lost == 1 else 'units'} cannot be promised at this moment." if lost else "",
        f"{waiting} {'unit waits' if waiting == 1 else 'units wait'} for stock." if waiting else "",
        told,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def promise_message(promised: Sequence[Promised], now: datetime) -> str:
    """One sentence for each shipment, the first to leave first; empty where nothing is promised.

    >>> from datetime import UTC, timedelta
    >>> at, day = datetime(2026, 11, 23, 22, tzinfo=UTC), timedelta(days=1)
    >>> promise_message([Promised("Reno", "UTC", Method.SHIP, at, at + 2 * day)], at)
    'Ships today from Reno; arrives Wednesday, November 25.'
    >>> promise_message([Promised("Reno", "UTC", Method.SHIP, at + 9 * day, at + 11 * day, True)], at)
    'Backordered until Wednesday, December 2, then ships from Reno; arrives Friday, December 4.'
    """
    ordered = sorted(promised, key=lambda shipment: (shipment.ship_by, shipment.promised_at, shipment.place))
    sentences = [_sentence(shipment, now.astimezone(ZoneInfo(shipment.time_zone)).date()) for shipment in ordered]
    if len(sentences) > 1:
        sentences.insert(0, f"{len(sentences)} shipments.")
    return " ".join(sentences)


def _place(network: Network, node: NodeId, method: Method, destination: Address | None) -> tuple[str, str]:
    """A node's name, and the time zone of whoever waits for what it sends."""
    position = network.index.get(node)
    known = None if position is None else network.nodes[position]
    name, zone = (node, "UTC") if known is None else (known.name or node, known.time_zone)
    if destination is not None and destination.time_zone and method not in _HANDED_OVER:
        zone = destination.time_zone
    return name, zone


@lru_cache(maxsize=16_384)
def _sentence(shipment: Promised, today: date) -> str:
    """One shipment's sentence; remembered, since the orders of an hour leave and arrive alike."""
    zone = ZoneInfo(shipment.time_zone)
    leaves, arrives = shipment.ship_by.astimezone(zone), shipment.promised_at.astimezone(zone)
    if shipment.method in _HANDED_OVER:
        return _pickup_sentence(shipment, arrives, today)
    if shipment.delivered_at is not None:
        return f"Delivered {_day(shipment.delivered_at.astimezone(zone), today)}."
    arrival = f"arrives {_day(arrives, today)}"
    if shipment.shipped_at is not None:
        return f"Shipped {_day(shipment.shipped_at.astimezone(zone), today)} from {shipment.place}; {arrival}."
    if shipment.is_backordered:
        return f"Backordered until {_day(leaves, today)}, then ships from {shipment.place}; {arrival}."
    return f"Ships {_day(leaves, today)} from {shipment.place}; {arrival}."


def _pickup_sentence(shipment: Promised, ready: datetime, today: date) -> str:
    if shipment.delivered_at is not None:
        return f"Collected at {shipment.place} {_day(shipment.delivered_at.astimezone(ready.tzinfo), today)}."
    if shipment.is_ready:
        return f"Ready for pickup at {shipment.place}."
    when = f"ready for pickup at {shipment.place} {_day(ready, today)} by {ready:%H:%M}"
    return f"Backordered; {when}." if shipment.is_backordered else f"{when[0].upper()}{when[1:]}."


def _day(at: datetime, today: date) -> str:
    days = (at.date() - today).days
    if days in _NAMED_DAYS:
        return _NAMED_DAYS[days]
    year = f", {at.year}" if at.year != today.year and abs(days) > 180 else ""
    return f"{at:%A}, {at:%B} {at.day}{year}"
