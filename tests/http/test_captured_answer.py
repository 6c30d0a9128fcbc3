"""What is answered of an order as it was captured in one go is what is answered of it part by part."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.http.orders.captured_answer import answer_captured
from troth.http.orders.examples import AT, CURRENCY, NETWORK, NODE, ORDER, WORK
from troth.http.orders.order_answer import answer_order
from troth.http.orders.speaker import Speaker
from troth.model.charges import Charges
from troth.model.ids import FulfillmentId, HoldId, LineId, NodeId, Sku, fulfillment_id
from troth.model.inventory import Source
from troth.model.item import Item
from troth.model.lifecycle import AllocationState
from troth.model.order import Allocation, Fulfillment, Hold, Line, Method, Order, Package, Parked, Payment, Terms
from troth.model.release import PlannedRelease
from troth.store.codec import encode_bytes

ITEMS: Final = {Sku("A-1"): Item(Sku("A-1"), "Tea pot", brand="Acme"), Sku("A-2"): Item(Sku("A-2"), "Cup")}
SPEAKER: Final = Speaker(items=ITEMS)


@st.composite
def captured(draw: st.DrawFn) -> Order:
    """An order as nearly all are captured: one to four lines, each from one or more of up to three works."""
    names = [fulfillment_id(ORDER.order_id, number) for number in range(1, draw(st.integers(1, 3)) + 1)]
    lines: list[Line] = []
    parts: list[Allocation] = []
    for number in range(max(draw(st.integers(1, 4)), len(names))):
        line_id, sku = LineId(str(number + 1)), Sku(draw(st.sampled_from(["A-1", "A-2", "A-3"])))
        sent_by = [names[number]] if number < len(names) else []
        sent_by += draw(st.lists(st.sampled_from(names), min_size=not sent_by, max_size=3))
        before = len(parts)
        parts += [
            Allocation(
                len(parts) + at, line_id, sku, NODE.node, draw(st.integers(1, 5)), AllocationState.RESERVED, name
            )
            for at, name in enumerate(sent_by, 1)
        ]
        quantity = sum(part.quantity for part in parts[before:])
        lines.append(
            Line(line_id, sku, quantity, draw(st.integers(0, 5_000)), not_before=draw(st.sampled_from([None, AT])))
        )
    return replace(
        ORDER,
        lines=tuple(lines),
        allocations=tuple(parts),
        fulfillments=tuple(draw(work(name)) for name in names),
        release_at=AT + timedelta(minutes=draw(st.integers(0, 4_000))),
        ship_to=draw(st.sampled_from([None, ORDER.ship_to])),
        payments=draw(st.sampled_from([(), (Payment("stripe", "pi_1", 100, "authorized"),) * 2])),
        attributes=draw(st.sampled_from([{}, {"language": "es"}])),
        shipments_max=draw(st.sampled_from([None, 2])),
    )


@st.composite
def work(draw: st.DrawFn, name: FulfillmentId) -> Fulfillment:
    ship_by = AT + timedelta(hours=draw(st.integers(0, 50)))
    there = ship_by + timedelta(days=draw(st.integers(0, 2)))
    cost = draw(st.dictionaries(st.sampled_from(["parcel", "handling"]), st.integers(0, 900)))
    method, carrier = draw(st.sampled_from([Method.SHIP, Method.DELIVERY])), draw(st.sampled_from(["", "parcel"]))
    promised = replace(WORK, ship_by=ship_by, promised_from=there - timedelta(hours=4), promised_at=there)
    return replace(promised, fulfillment_id=name, cost=cost, method=method, carrier=carrier)


def first_line(**changes: Any) -> Callable[[Order], Order]:
    return lambda order: replace(order, lines=(replace(order.lines[0], **changes), *order.lines[1:]))


def first_part(**changes: Any) -> Callable[[Order], Order]:
    return lambda order: replace(order, allocations=(replace(order.allocations[0], **changes), *order.allocations[1:]))


def first_work(**changes: Any) -> Callable[[Order], Order]:
    return lambda order: replace(
        order, fulfillments=(replace(order.fulfillments[0], **changes), *order.fulfillments[1:])
    )


UNLIKE: Final[dict[str, Callable[[Order], Order]]] = {
    "held": lambda order: replace(order, holds=(Hold(HoldId("1"), "fraud", "", "ada", AT),)),
    "parked": lambda order: replace(order, parked=(Parked(order.lines[0].line_id, "", AT),)),
    "planned": lambda order: replace(order, planned=(PlannedRelease(order.fulfillments[0].fulfillment_id, AT, AT),)),
    "released": lambda order: replace(order, released_at=AT),
    "canceled": lambda order: replace(order, canceled_at=AT),
    "on terms": first_line(terms=Terms(line_complete=True)),
    "needed by a time": first_line(need_by=AT),
    "canceled in part": first_line(canceled_quantity=1),
    "wanted more of": first_line(quantity=99),
    "released at a node": first_part(state=AllocationState.RELEASED),
    "failed": first_part(state=AllocationState.SHORT),
    "backordered": first_part(state=AllocationState.BACKORDERED, source=Source("po/1/1")),
    "of a lot": first_part(source=Source("lot/7")),
    "picked up": first_work(method=Method.PICKUP),
    "sent to a counter": first_work(via=NodeId("DC-PA")),
    "packed": first_work(packages=(Package("1"),)),
    "shipped": first_work(shipped_at=AT),
    "of no work": lambda order: replace(order, allocations=(), fulfillments=()),
    "with work that has nothing": lambda order: replace(
        order, fulfillments=(*order.fulfillments, replace(WORK, fulfillment_id=FulfillmentId("F-9")))
    ),
}


@given(captured())
def test_an_order_as_it_was_captured_is_answered_the_same_in_one_go(order: Order) -> None:
    found = answer_captured(order, NETWORK, CURRENCY, AT, SPEAKER)
    assert found is not None
    assert encode_bytes(found) == encode_bytes(answer_order(order, NETWORK, CURRENCY, AT, SPEAKER))


def test_charges_are_told_of_an_order_that_is_answered_in_one_go() -> None:
    order = first_line(charges=Charges(2, discount_minor=50))(ORDER)
    found = answer_captured(order, NETWORK, CURRENCY, AT, SPEAKER)
    assert found == answer_order(order, NETWORK, CURRENCY, AT, SPEAKER)


@pytest.mark.parametrize("name", UNLIKE)
def test_an_order_that_has_anything_else_is_asked_part_by_part(name: str) -> None:
    assert answer_captured(ORDER, NETWORK, CURRENCY, AT, SPEAKER) is not None
    assert answer_captured(UNLIKE[name](ORDER), NETWORK, CURRENCY, AT, SPEAKER) is None
