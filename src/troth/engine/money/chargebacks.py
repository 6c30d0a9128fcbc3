"""What a routing guide takes off an order: what was expected when it was promised, and what is incurred by now.

What is incurred is a function of what is known of the order, so it can be asked again after anything that happens; what
is written only makes up the difference (`troth.engine.money.charging`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.engine.demand.ship_groups import HANDED_OVER
from troth.model.chargeback import Charge, ChargebackRule
from troth.model.cost_rates import CHARGEBACK_CARRIER, CHARGEBACK_LATE, CHARGEBACK_SPLIT
from troth.model.events import OrderCanceled
from troth.model.ids import FulfillmentId, LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import GONE
from troth.model.measure import half_up
from troth.model.order import Fulfillment, Line, Order, Terms
from troth.model.routing_guide import RoutingGuide
from troth.model.ship_notice import ShipNotice, notice_due_at
from troth.model.value import dataclass

_R: Final = ChargebackRule
_NO_LINE: Final = LineId("")
_NO_WORK: Final = FulfillmentId("")
_PARTS: Final = {
    CHARGEBACK_CARRIER: _R.WRONG_CARRIER,
    CHARGEBACK_SPLIT: _R.SPLIT,
    CHARGEBACK_LATE: _R.LATE,
}

Notices = Mapping[FulfillmentId, ShipNotice]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A shipment that has left, with the units of each line in it, and the terms of its first line."""

    work: Fulfillment
    left_at: datetime
    units: Mapping[LineId, int]
    way: object


def expected_charges(
    captured: Order, canceled: Sequence[OrderCanceled], guide: RoutingGuide
) -> dict[ChargebackRule, int]:
    """What the plan counted when an order was promised (minor units), with what of it could not be, by rule."""
    found: dict[ChargebackRule, int] = {}
    for work in captured.fulfillments:
        for part, rule in _PARTS.items():
            found[rule] = found.get(rule, 0) + work.cost.get(part, 0)
    at_once = [event for event in canceled if event.at <= captured.captured_at]
    found[_R.SHORT] = sum(one.amount_minor for one in _short(captured, at_once, guide))
    return {rule: minor for rule, minor in found.items() if minor}


def incurred_charges(
    order: Order, canceled: Sequence[OrderCanceled], notices: Notices, guide: RoutingGuide, now: datetime
) -> tuple[Charge, ...]:
    """Everything that the partner may take off by what is known now; nothing of an order in another currency.

    `canceled` is all that was canceled of the order, `notices` those of its shipments that were sent.
    """
    if order.currency != guide.currency:
        return ()
    sent = _sent(order)
    lines = {line.line_id: line for line in order.lines}
    found = [
        *_carriers(sent, guide),
        *_splits(sent, guide),
        *(charge for one in sent for charge in _windows(one, lines, guide)),
        *_short(order, canceled, guide),
        *_late_notices(sent, notices, guide, now),
    ]
    return tuple(charge for charge in found if charge.amount_minor)


def look_again_at(order: Order, notices: Notices, guide: RoutingGuide, now: datetime) -> datetime | None:
    """When the clock may make something of it that is not so yet: a notice that is due and was not sent."""
    due = (notice_due_at(guide, one.work) for one in _sent(order) if one.work.fulfillment_id not in notices)
    return min((at for at in due if at is not None and at >= now), default=None)


def _sent(order: Order) -> list[_Sent]:
    """What has left, by when it left."""
    kits, terms = kits_of(order), {line.line_id: line.terms for line in order.lines}
    found = []
    for work in order.fulfillments:
        parts = [one for one in order.allocations if one.fulfillment_id == work.fulfillment_id and one.state in GONE]
        if parts and work.shipped_at is not None:
            way = _way(terms[parts[0].line_id])
            found.append(_Sent(work, work.shipped_at, whole_units(parts, kits), way))
    return sorted(found, key=lambda one: (one.left_at, one.work.fulfillment_id))


def _way(terms: Terms | None) -> object:
    """What the lines of a ship group have in common, where it is not the order's."""
    return None if terms is None else (terms.ship_to, terms.method, terms.service, terms.pickup_node)


def _carriers(sent: Sequence[_Sent], guide: RoutingGuide) -> Iterator[Charge]:
    """Each shipment of which anything went by a carrier or service that is not taken."""
    for one in sent:
        work = one.work
        ways = [(package.carrier or work.carrier, package.service or work.service) for package in work.packages]
        taken = all(guide.takes(carrier, service) for carrier, service in ways or [(work.carrier, work.service)])
        if not taken and work.method not in HANDED_OVER:
            yield Charge(_R.WRONG_CARRIER, work.fulfillment_id, _NO_LINE, 0, guide.carrier_minor, one.left_at)


def _splits(sent: Sequence[_Sent], guide: RoutingGuide) -> Iterator[Charge]:
    """Each shipment of a ship group after its first."""
    seen: list[object] = []
    for one in sent:
        if one.way in seen:
            yield Charge(_R.SPLIT, one.work.fulfillment_id, _NO_LINE, 0, guide.split_minor, one.left_at)
        seen.append(one.way)


def _windows(one: _Sent, lines: Mapping[LineId, Line], guide: RoutingGuide) -> Iterator[Charge]:
    """Each line that came after it was needed, or left when it was too late for that; or that came too early."""
    arrived_at, subject = one.work.delivered_at, one.work.fulfillment_id
    known_at = arrived_at or one.left_at
    for line_id, units in one.units.items():
        line = lines[line_id]
        if line.need_by is not None and known_at > line.need_by:
            amount = guide.late_minor + guide.late_of(_value_minor(line, units))
            yield Charge(_R.LATE, subject, line_id, units, amount, known_at)
        if line.not_before is not None and arrived_at is not None and arrived_at < line.not_before:
            yield Charge(_R.EARLY, subject, line_id, units, guide.early_minor, arrived_at)


def _short(order: Order, canceled: Sequence[OrderCanceled], guide: RoutingGuide) -> Iterator[Charge]:
    """What of each line was canceled for want of it."""
    lines = {line.line_id: line for line in order.lines}
    units: dict[LineId, int] = {}
    since: dict[LineId, datetime] = {}
    for event in canceled:
        for one in event.short:
            units[one.line_id] = units.get(one.line_id, 0) + one.quantity
            since[one.line_id] = event.at
    for line_id, count in units.items():
        amount = guide.short_of(_value_minor(lines[line_id], count)) if line_id in lines else 0
        if amount:
            yield Charge(_R.SHORT, _NO_WORK, line_id, count, amount, since[line_id])


def _late_notices(sent: Sequence[_Sent], notices: Notices, guide: RoutingGuide, now: datetime) -> Iterator[Charge]:
    """Each shipment whose notice was sent after it was due, or is missing since then."""
    for one in sent:
        told = notices.get(one.work.fulfillment_id)
        due_at = notice_due_at(guide, one.work) if told is None else told.due_at
        told_at = now if told is None or told.sent_at is None else told.sent_at
        if due_at is not None and told_at > due_at:
            yield Charge(_R.LATE_NOTICE, one.work.fulfillment_id, _NO_LINE, 0, guide.notice_minor, due_at)


def _value_minor(line: Line, units: int) -> int:
    """What units of a line sell for (minor units), halves up."""
    return half_up(line.unit_price_minor * units, 10**line.decimals)
