"""Call-offs: orders that take what a blanket order lets them, at its prices, and never more.

What an order takes is derived from the order as it is, so that a change or a cancelation gives back what it should,
and none can be forgotten.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from troth.engine.promising.context import Facts, State
from troth.model.blanket import BLANKET_ORDER, Agreement, BlanketLine, BlanketOrder
from troth.model.capture_order import CaptureOrder
from troth.model.ids import Sku
from troth.model.measure import half_up, scale_of, shown
from troth.model.network import Address
from troth.model.order import Line, Order
from troth.model.refusals import FieldFlaw, Invalid, OverCalled, OverCalledLine

Asking = Order | CaptureOrder
"""Whatever may call off: an order, or the wish for one."""


def blanket_of(order: Asking) -> str:
    """The blanket order from which an order calls off; empty: from none."""
    return order.attributes.get(BLANKET_ORDER, "")


def taken_by(order: Asking | None) -> Mapping[Sku, tuple[int, int]]:
    """What an order takes by SKU: units that are not canceled, and what they come to at their prices (minor units)."""
    taken: dict[Sku, tuple[int, int]] = {}
    for line in () if order is None else order.lines:
        wanted = line.quantity - line.canceled_quantity
        units, minor = taken.get(line.sku, (0, 0))
        taken[line.sku] = units + wanted, minor + half_up(line.unit_price_minor * wanted, scale_of(line.decimals))
    return taken


def _sums(order: Asking | None) -> tuple[Mapping[Sku, int], int]:
    taken = taken_by(order)
    return {sku: units for sku, (units, _minor) in taken.items()}, sum(minor for _units, minor in taken.values())


def moved(agreement: Agreement, before: Order | None, after: Order, at: datetime | None) -> Agreement:
    """The agreement after a call-off was made or changed at an instant."""
    was, was_minor = _sums(before)
    units, minor = _sums(after)
    more = {sku: units.get(sku, 0) - was.get(sku, 0) for sku in units.keys() | was.keys()}
    called = agreement.called.moved(more, minor - was_minor, at if before is None else None)
    return Agreement(agreement.blanket, called)


def refuse_call_off(before: Order | None, after: Asking, state: State, facts: Facts) -> Invalid | OverCalled | None:
    """Why an order may not call off what it wants; None where it may, or calls off nothing, or less than before."""
    name = blanket_of(after)
    if not name:
        return None
    agreement = state.agreements.get(name)
    if agreement is None:
        return Invalid((FieldFlaw("/blanket_order", f"there is no blanket order {name}"),))
    was, was_minor = _sums(before)
    units, minor = _sums(after)
    more = {sku: count - was.get(sku, 0) for sku, count in units.items() if count > was.get(sku, 0)}
    is_more = bool(more) or minor > was_minor
    flaws = (*_place_flaws(before, after, agreement.blanket), *_line_flaws(before, after, agreement))
    if is_more:
        flaws = (*_head_flaws(before, after, agreement, facts.now), *flaws)
    if flaws:
        return Invalid(flaws)
    if not is_more:
        return None
    return _over_call(agreement, more, minor - was_minor)


def _head_flaws(before: Order | None, order: Asking, agreement: Agreement, now: datetime) -> Iterator[FieldFlaw]:
    blanket = agreement.blanket
    if order.customer.id != blanket.customer_id:
        yield FieldFlaw("/customer/id", f"blanket order {blanket.blanket_id} is of another customer")
    if order.currency != blanket.currency:
        yield FieldFlaw("/blanket_order", f"its prices are in {blanket.currency}")
    if now < blanket.starts_at:
        yield FieldFlaw("/blanket_order", f"begins only at {blanket.starts_at.isoformat()}")
    if now >= blanket.ends_at:
        yield FieldFlaw("/blanket_order", f"has ended at {blanket.ends_at.isoformat()}")
    if before is None and agreement.called.last_at is not None and blanket.release_days:
        next_at = agreement.called.last_at + timedelta(days=blanket.release_days)
        if now < next_at:
            yield FieldFlaw("/blanket_order", f"may be called off again from {next_at.isoformat()} on")


def _place_flaws(before: Order | None, order: Asking, blanket: BlanketOrder) -> Iterator[FieldFlaw]:
    """Why the order may not go where it goes, unless it went there before."""
    if before is not None and before.ship_to == order.ship_to:
        return
    if blanket.ship_to and not any(_is_same_place(order.ship_to, one) for one in blanket.ship_to):
        yield FieldFlaw("/ship_to", f"is none of the places of blanket order {blanket.blanket_id}")


def _line_flaws(before: Order | None, after: Asking, agreement: Agreement) -> Iterator[FieldFlaw]:
    agreed = {line.sku: line for line in agreement.blanket.lines}
    known: dict[str, Line] = {} if before is None else {line.line_id: line for line in before.lines}
    for position, line in enumerate(after.lines):
        if _is_no_news(line, known.get(line.line_id)):
            continue
        if line.sku not in agreed:
            yield FieldFlaw(f"/lines/{position}/sku", f"{line.sku} is not part of the blanket order")
        elif line.unit_price_minor not in _agreed_prices(line, known.get(line.line_id), agreed[line.sku]):
            detail = f"the blanket order has another price for {line.sku}"
            yield FieldFlaw(f"/lines/{position}/unit_price", detail)
        elif not _may_go_there(line, agreement.blanket):
            yield FieldFlaw(f"/lines/{position}/ship_to", "is none of the places of the blanket order")


def _agreed_prices(line: Line, before: Line | None, agreed: BlanketLine) -> set[int]:
    """The prices (minor units) that a line may have: the agreed one, and the one at which it was called off, which
    stays where the agreement has changed since.
    """
    called_at = {before.unit_price_minor} if before is not None and before.sku == line.sku else set()
    return {agreed.unit_price_minor} | called_at


def _is_no_news(line: Line, before: Line | None) -> bool:
    """Whether a line asks for nothing that was not agreed to when it was called off: for less of the same, at most."""
    if before is None:
        return False
    asked, known = (
        (one.sku, one.unit_price_minor, None if one.terms is None else one.terms.ship_to) for one in (line, before)
    )
    return asked == known and line.quantity - line.canceled_quantity <= before.quantity - before.canceled_quantity


def _over_call(agreement: Agreement, more: Mapping[Sku, int], minor: int) -> OverCalled | None:
    lines = []
    for line in agreement.blanket.lines:
        left = agreement.remaining(line)
        if left is not None and more.get(line.sku, 0) > left:
            lines.append(OverCalledLine(line.sku, _told(more[line.sku], line), _told(left, line)))
    left_minor = agreement.remaining_minor
    is_over = left_minor is not None and minor > left_minor
    if not lines and not is_over:
        return None
    currency = agreement.blanket.currency
    return OverCalled(
        agreement.blanket.blanket_id,
        tuple(lines),
        minor if is_over else None,
        left_minor if is_over else None,
        currency,
    )


def _told(units: int, line: BlanketLine) -> int | float:
    return shown(units, line.decimals)


def _may_go_there(line: Line, blanket: BlanketOrder) -> bool:
    """Whether a line goes where the order does, or to a place that was agreed on."""
    own = None if line.terms is None else line.terms.ship_to
    return own is None or not blanket.ship_to or any(_is_same_place(own, one) for one in blanket.ship_to)


def _is_same_place(address: Address | None, agreed: Address) -> bool:
    """Whether an address is one that was agreed on: the same street, place and country, however they are spaced."""
    if address is None:
        return False
    mine, theirs = (
        tuple(" ".join(text.split()).casefold() for text in (one.line1, one.line2, one.city, one.postcode, one.country))
        for one in (address, agreed)
    )
    return mine == theirs
