"""What a customer is told about a promise: the message follows where the units are and when they come.

Quotes and orders speak through here, and availability through `stock_messages`, so that the same position is told in
the same words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.network import Network
from troth.engine.promising.disposition import ends_waiting_at, is_queued, may_wait
from troth.flows.wording.contents import say_contents
from troth.flows.wording.promised import (
    HANDED_OVER,
    Promised,
    promised_shipments,
    promised_work,
)
from troth.flows.wording.recalled import recall_message
from troth.flows.wording.wording import Voice
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.kits import Kit
from troth.model.lifecycle import GONE
from troth.model.measure import DECIMALS_MAX, shown
from troth.model.network import Address, NodeType
from troth.model.order import Order
from troth.model.plan import Plan
from troth.model.routing import Action
from troth.model.status import (
    live_allocations,
    placed_holds,
    uncovered_quantities,
    waiting_lines,
)
from troth.model.value import dataclass

_SENDERS: Final = {
    NodeType.STORE: "ships_from_store",
    NodeType.DROP_SHIP: "ships_from_vendor",
    NodeType.SUPPLIER: "ships_from_vendor",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps units, in their measure, from being on their way: so many wait for stock, until then at most (None:
    for as long as it takes), so many lie nowhere, and whether a person has to let the order go first. `needed_by` is
    the earliest time by which a line is needed and does not come (None: all come in time).
    """

    waiting: int | float = 0
    until: datetime | None = None
    lost: int | float = 0
    is_held: bool = False
    needed_by: datetime | None = None


def order_message(order: Order, network: Network, now: datetime, voice: Voice, items: Mapping[Sku, Item]) -> str:
    """What the customer of an order is told now."""
    if order.canceled_at is not None:
        return voice.say("canceled")
    missing, queued = uncovered_quantities(order), waiting_lines(order)
    units = {line.line_id: shown(missing.get(line.line_id, 0), line.decimals) for line in order.lines}
    waiting = _sum(count for line_id, count in units.items() if line_id in queued)
    lost = _sum(count for line_id, count in units.items() if line_id not in queued)
    ends = [parked.until for parked in order.parked if parked.is_waiting and parked.until is not None]
    is_held = any(hold.expires_at is None for hold in placed_holds(order))  # others end by themselves
    needed_by = _missed_of(order)
    standing = Standing(waiting, max(ends, default=None), lost, is_held, needed_by)
    told = standing_message(promised_work(order, network, items, now), standing, order.ship_to, now, voice)
    recalled = recall_message(order, network, now, voice) if order.recalls else ""
    return f"{recalled} {told}".rstrip() if recalled else told


def _missed_of(order: Order) -> datetime | None:
    """The earliest time by which a line of an order is needed that is promised for later."""
    need_by = {line.line_id: line.need_by for line in order.lines if line.need_by is not None}
    if not need_by:
        return None
    promised_at = {work.fulfillment_id: work.promised_at for work in order.fulfillments}
    open_parts = [part for part in live_allocations(order) if part.state not in GONE]
    return _missed(need_by, [(part.line_id, promised_at[part.fulfillment_id]) for part in open_parts])


def _missed(need_by: Mapping[LineId, datetime], promised: Iterable[tuple[LineId, datetime]]) -> datetime | None:
    """The earliest time by which a line is needed that is promised for later."""
    return min((need_by[line] for line, at in promised if line in need_by and at > need_by[line]), default=None)


def plan_message(
    plan: Plan,
    network: Network,
    destination: Address | None,
    now: datetime,
    voice: Voice,
    items: Mapping[Sku, Item],
    need_by: Mapping[LineId, datetime] = MappingProxyType({}),
    kits: Mapping[LineId, Kit] = MappingProxyType({}),
) -> str:
    """What the customer of an order of a plan would be told, of lines that are needed by some time, and of some that
    are kits; the same once it is ordered.
    """
    standing, wish = Standing(), plan.disposition
    if wish is not None and may_wait(plan):
        missing = _sum(shown(gap.quantity, _decimals(items.get(gap.sku))) for gap in plan.uncovered)
        is_waiting = is_queued(plan)
        standing = Standing(
            missing if is_waiting else 0,
            ends_waiting_at(wish, now),
            0 if is_waiting else missing,
            wish.action is Action.HOLD,
        )
    coming = [(peg.line_id, shipment.promised_at) for shipment in plan.shipments for peg in shipment.pegs]
    standing = replace(standing, needed_by=_missed(need_by, coming))
    promised = promised_shipments(plan.shipments, network, destination, items, kits)
    return standing_message(promised, standing, destination, now, voice)


def _sum(amounts: Iterable[int | float]) -> int | float:
    """Units of all lines, without what adding decimals leaves behind."""
    total = sum(amounts)
    return round(total, DECIMALS_MAX) if isinstance(total, float) else total


def _decimals(item: Item | None) -> int:
    return 0 if item is None else item.decimals


def standing_message(
    promised: Sequence[Promised], standing: Standing, destination: Address | None, now: datetime, voice: Voice
) -> str:
    """What is promised, after what keeps it, or a part of it, from being sent.

    >>> from datetime import UTC
    >>> from troth.flows.wording.wording import NO_WORDING
    >>> from troth.model.order import Method
    >>> at, voice = datetime(2026, 11, 23, 22, tzinfo=UTC), NO_WORDING.voice()
    >>> standing_message([], Standing(2, datetime(2026, 12, 4, tzinfo=UTC)), None, at, voice)
    '2 units wait for stock. Until Friday, December 4 at most.'
    >>> standing_message([Promised("Reno", "UTC", Method.SHIP, at, at)], Standing(is_held=True), None, at, voice)
    'On hold: waits for a person. If let go in time: Ships today from Reno; arrives today.'
    """
    told, ends, late = promise_message(promised, now, voice), "", ""
    zone = ZoneInfo(destination.time_zone if destination is not None and destination.time_zone else "UTC")
    if standing.until is not None and standing.waiting:
        day = _day(standing.until.astimezone(zone), now.astimezone(zone).date(), voice, "")
        ends = voice.say("waiting_ends", {"day": day})
    if standing.needed_by is not None:
        day = _day(standing.needed_by.astimezone(zone), now.astimezone(zone).date(), voice, "")
        late = voice.say("late", {"day": day})
    sentences = [
        voice.say("held") if standing.is_held else "",
        voice.count("short", standing.lost) if standing.lost else "",
        voice.count("waiting", standing.waiting) if standing.waiting else "",
        ends,
        voice.say("if_let_go") if standing.is_held and told else "",
        told,
        late,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def promise_message(promised: Sequence[Promised], now: datetime, voice: Voice) -> str:
    """One sentence for each shipment, the first to leave first, of several with what is in it; empty where nothing is
    promised.

    >>> from datetime import UTC, timedelta
    >>> from troth.flows.wording.wording import NO_WORDING
    >>> from troth.model.order import Method
    >>> at, day = datetime(2026, 11, 23, 22, tzinfo=UTC), timedelta(days=1)
    >>> here = Promised("Reno", "UTC", Method.SHIP, at, at + 2 * day)
    >>> promise_message([here], at, NO_WORDING.voice())
    'Ships today from Reno; arrives Wednesday, November 25.'
    >>> promise_message([here], at, NO_WORDING.voice("web", ["es-MX"]))
    'Sale hoy de Reno; llega el miércoles 25 de noviembre.'
    """
    ordered = sorted(promised, key=lambda shipment: (shipment.ship_by, shipment.promised_at, shipment.place))
    sentences = [
        _sentence(shipment, now.astimezone(ZoneInfo(shipment.time_zone)).date(), voice) for shipment in ordered
    ]
    if len(sentences) > 1:
        contents = [say_contents(shipment.contents, voice, shipment.brand) for shipment in ordered]
        sentences = [f"{what} {told}".lstrip() for what, told in zip(contents, sentences, strict=True)]
        sentences.insert(0, voice.count("shipments", len(sentences)))
    return " ".join(sentences)


@lru_cache(maxsize=16_384)
def _sentence(shipment: Promised, today: date, voice: Voice) -> str:
    """One shipment's sentence; remembered, since the orders of an hour leave and arrive alike."""
    zone, brand = ZoneInfo(shipment.time_zone), shipment.brand
    leaves, arrives = shipment.ship_by.astimezone(zone), shipment.promised_at.astimezone(zone)
    if shipment.method in HANDED_OVER:
        return _pickup_sentence(shipment, arrives, today, voice)
    if shipment.delivered_at is not None:
        day = _day(shipment.delivered_at.astimezone(zone), today, voice, brand)
        return voice.say("delivered", {"day": day}, brand=brand)
    is_gone = shipment.shipped_at is not None
    left = shipment.shipped_at.astimezone(zone) if shipment.shipped_at is not None else leaves
    values = {
        "place": shipment.place,
        "day": _day(left, today, voice, brand),
        "arrival": _day(arrives, today, voice, brand),
        "supply": voice.say(shipment.supply, brand=brand) if shipment.supply else "",
    }
    message = "shipped" if is_gone else "ships_awaited" if shipment.supply else _SENDERS.get(shipment.type, "ships")
    return voice.say(message, values, brand=brand)


def _pickup_sentence(shipment: Promised, ready: datetime, today: date, voice: Voice) -> str:
    brand = shipment.brand
    if shipment.delivered_at is not None:
        day = _day(shipment.delivered_at.astimezone(ready.tzinfo), today, voice, brand)
        return voice.say("collected", {"place": shipment.place, "day": day}, brand=brand)
    values = {
        "place": shipment.place,
        "from": shipment.sender,
        "day": _day(ready, today, voice, brand),
        "time": voice.time(ready.time()),
        "supply": voice.say(shipment.supply, brand=brand) if shipment.supply else "",
    }
    told = voice.say(_pickup_message(shipment, ready, today), values, brand=brand)
    return f"{told} {hours}" if (hours := _hours_sentence(shipment, ready, today, voice)) else told


def _hours_sentence(shipment: Promised, ready: datetime, today: date, voice: Voice) -> str:
    """Until when it can be collected, or, where the place is closed then, from when; empty where it never closes."""
    hours, brand = shipment.collecting, shipment.brand
    if hours is None or hours.is_always:
        return ""
    opens, closes = hours.opens.astimezone(ready.tzinfo), hours.closes.astimezone(ready.tzinfo)
    if opens.date() == (today if shipment.is_ready else ready.date()):
        return voice.say("pickup_until", {"time": voice.time(closes.time())}, brand=brand)
    return voice.say("pickup_opens", {"day": _day(opens, today, voice, brand), "time": voice.time(opens.time())})


def _pickup_message(shipment: Promised, ready: datetime, today: date) -> str:
    if shipment.is_ready:
        return "pickup_now"
    if shipment.supply:
        return "pickup_awaited"
    if shipment.sender:
        return "pickup_sent"
    return "pickup_today" if ready.date() == today else "pickup_later"


def _day(at: datetime, today: date, voice: Voice, brand: str) -> str:
    return voice.day(at.date(), today, brand=brand)
