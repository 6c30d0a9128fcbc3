"""Random lives of orders: what may come and happen to them, and what must be true after each step and at the end."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor

from tests.builders import NEW_YORK, capture, item, node
from tests.lives_clock import clock_commands, hold_commands, pickup_commands
from tests.lives_recalls import recall_commands
from tests.lives_returns import return_commands
from troth.engine.money.owed import owed
from troth.engine.returns.returnable import is_settled
from troth.model.capture_order import CaptureOrder
from troth.model.change import (
    AddLine,
    ChangeAction,
    LeaveInParts,
    RemoveLine,
    SetAddress,
    SetDates,
    SetDeliveryCharge,
    SetMethod,
    SetNode,
    SetPrice,
    SetQuantity,
    Substitute,
)
from troth.model.charges import Amounts, Charges, DeliveryCharge, prorate
from troth.model.commands import (
    AcceptWork,
    ActOnDue,
    CancelOrder,
    ChangeOrder,
    CollectWork,
    Command,
    DeliverWork,
    LiftHold,
    LineQuantity,
    PackWork,
    PickWork,
    RejectWork,
    ReleaseOrder,
    ShipWork,
    StageWork,
    UnacceptWork,
    UnpackWork,
    UnpickWork,
    UnstageWork,
)
from troth.model.events import FulfillmentCollected, FulfillmentShipped, OrderEvent
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.item import Substitute as ItemSubstitute
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import ENDED, GONE, RESERVING, AllocationState
from troth.model.order import Consent, Line, Method, Order, Terms
from troth.model.permissions import By
from troth.model.return_moves import ReturnEvent
from troth.model.returns import Return
from troth.model.status import OrderStatus, live_allocations, order_status, placed_holds, uncovered_quantities
from troth.model.totals import total_minor

NODES = (node("DC-PA"), node("DC-IL"), node("ST-NYC"))
ITEMS = (
    item("A", substitutes=(ItemSubstitute(Sku("B"), -35),)),
    item("B"),
    item("C"),
    item("K", kit=((Sku("A"), 2), (Sku("B"), 1))),
    item("M", unit="m", decimals=2),
)
STOCKED = ("A", "B", "C", "M")
CHICAGO = replace(NEW_YORK, city="Chicago", region="IL", postcode="60601", latitude=41.88, longitude=-87.63)
_STORE = NodeId("ST-NYC")
_UNDO: dict[AllocationState, Callable[[FulfillmentId, str], Command]] = {
    AllocationState.ACCEPTED: UnacceptWork,
    AllocationState.PICKED: UnpickWork,
    AllocationState.PACKED: UnpackWork,
    AllocationState.READY: UnstageWork,
}


def draw_capture(draw: random.Random, external_id: str) -> CaptureOrder:
    """An order of up to four lines, most with discount and tax, some with a discount on the whole and a delivery."""
    wanted = [_draw_line(draw, LineId(str(number))) for number in range(1, draw.randint(1, 4) + 1)]
    nets = [_price(line) - (line.charges.discount_minor if line.charges else 0) for line in wanted]
    if draw.random() < 0.5 and any(nets):
        parts = prorate(draw.randint(0, sum(nets)), nets)
        wanted = [_with_part(line, part) for line, part in zip(wanted, parts, strict=True)]
    is_pickup = draw.random() < 0.2
    return replace(
        capture(external_id),
        lines=tuple(wanted),
        prices_include_tax=draw.random() < 0.3,
        delivery_charge=_draw_delivery(draw),
        method=Method.PICKUP if is_pickup else Method.SHIP,
        pickup_node=_STORE if is_pickup else None,
    )


def charge(draw: random.Random, asked: CaptureOrder) -> CaptureOrder:
    """The order with discounts, taxes and a delivery charge on some of it."""
    lines = tuple(
        replace(line, charges=Charges(line.quantity, draw.randint(0, 900), draw.randint(0, 300), draw.randint(0, 900)))
        if draw.random() < 0.5
        else line
        for line in asked.lines
    )
    delivery = DeliveryCharge(draw.randint(1, 900), draw.randint(0, 90)) if draw.random() < 0.4 else None
    return replace(asked, lines=lines, prices_include_tax=draw.random() < 0.3, delivery_charge=delivery)


def draw_command(draw: random.Random, order: Order, now: datetime) -> Command:
    """Something that happens to an order, or is asked for it, whether or not it fits where the order stands."""
    states = {part.state for part in live_allocations(order)}
    works = [part.fulfillment_id for part in live_allocations(order)] or [order.fulfillments[0].fulfillment_id]
    work, line = draw.choice(works), draw.choice(order.lines)
    some = (LineQuantity(line.line_id, draw.randint(1, line.quantity), "not_found"),)
    made: list[tuple[int, Callable[[], Command]]] = [
        (2, lambda: ActOnDue(order.order_id)),
        (6 if not states & GONE else 1, lambda: ReleaseOrder(order.order_id)),
        (3, lambda: _draw_cancel(draw, order, some)),
        (7, lambda: ChangeOrder(order.order_id, _draw_actions(draw, order, now), "asked", by=_draw_by(draw))),
        (3, lambda: AcceptWork(work)),
        (2, lambda: RejectWork(work, draw.choice(("busy", "damaged")), draw.choice(((), some)))),
        (4, lambda: PickWork(work, draw.choice(((), some)))),
        (3, lambda: PackWork(work)),
        (2, lambda: StageWork(work, "A1")),
        (6, lambda: ShipWork(work)),
        (3, lambda: CollectWork(work)),
        (3, lambda: DeliverWork(work)),
        (3, lambda: draw.choice((UnacceptWork, UnpickWork, UnpackWork, UnstageWork))(work, "wrong one")),
    ]
    made += return_commands(draw, order)
    made += recall_commands(draw, order, work, line)
    undone = [undo for state, undo in _UNDO.items() if state in states]
    if undone:
        made.append((5, lambda: draw.choice(undone)(work, "not yet")))
    made += hold_commands(draw, order, now)
    made += clock_commands(draw, order, work, line, now)
    made += pickup_commands(draw, order, work, now)
    return draw.choices([one for _, one in made], weights=[weight for weight, _ in made])[0]()


def closing_commands(order: Order) -> Iterator[Command]:
    """What brings an order to its end: all that is somewhere leaves and arrives, all that lies nowhere is canceled."""
    for hold in placed_holds(order):
        yield LiftHold(order.order_id, hold.hold_id)
    yield ReleaseOrder(order.order_id)
    for work in order.fulfillments:
        yield ShipWork(work.fulfillment_id)
        yield CollectWork(work.fulfillment_id)
        yield DeliverWork(work.fulfillment_id)


def cancel_rest(order: Order) -> CancelOrder | None:
    """The cancelation of all that has not left; None where there is nothing."""
    left = whole_units((part for part in order.allocations if part.state in GONE), kits_of(order))
    rest = tuple(
        LineQuantity(line.line_id, units)
        for line in order.lines
        if (units := line.quantity - line.canceled_quantity - left.get(line.line_id, 0))
    )
    return CancelOrder(order.order_id, "the end", rest) if rest else None


def assert_step(before: Order | None, after: Order, events: Iterable[OrderEvent]) -> None:
    """Each unit and each cent is somewhere, and nothing is earned but by what leaves."""
    assert_units(after)
    assert_money(after)
    if before is None:
        return
    was, is_now = owed(before), owed(after)
    events = tuple(events)
    if not any(isinstance(event, FulfillmentShipped | FulfillmentCollected) for event in events):
        assert is_now.whole.earned == was.whole.earned
        if not any(isinstance(event, ReturnEvent) for event in events):
            assert is_now.earned == was.earned
    assert is_now.earned >= 0


def assert_units(order: Order) -> None:
    """Of each line what is wanted is covered by live parts or lies nowhere, and what is canceled is the rest."""
    covered, missing = whole_units(live_allocations(order), kits_of(order)), uncovered_quantities(order)
    for line in order.lines:
        assert 0 <= line.canceled_quantity <= line.quantity
        wanted = line.quantity - line.canceled_quantity
        assert covered.get(line.line_id, 0) + missing.get(line.line_id, 0) == wanted


def assert_money(order: Order) -> None:
    """What is owed is what a slow sum in fractions says, line by line."""
    found = owed(order)
    left = whole_units((part for part in order.allocations if part.state in GONE), kits_of(order))
    total = earned = 0
    for line in order.lines:
        sums = found.lines[line.line_id]
        plain = _slow_total(order, line, line.quantity - line.canceled_quantity)
        live = max(-plain, _substituted(order, line, is_gone=False))
        wanted = plain + live
        assert sums.wanted.total_minor == wanted
        assert sums.ordered == sums.canceled + sums.wanted - Amounts(live, 0, 0, live)
        gone = _slow_total(order, line, left.get(line.line_id, 0)) + _substituted(order, line, is_gone=True)
        assert sums.earned.total_minor == max(0, gone)
        total += wanted
        earned += sums.earned.total_minor
    is_wanted = any(line.quantity > line.canceled_quantity for line in order.lines)
    has_left = any(part.state in GONE for part in order.allocations)
    cost = order.delivery_charge or DeliveryCharge(0)
    delivery = cost.amount_minor - cost.discount_minor + (0 if order.prices_include_tax else cost.tax_minor)
    assert found.total == total_minor(order) == total + (delivery if is_wanted else 0)
    back = sum(given_back(order, one) for one in order.returns)
    assert found.earned == earned + (delivery if is_wanted and has_left else 0) - back
    for line in order.lines:
        of_line = sum(c.amount_minor for one in order.returns for c in one.credits if c.line_id == line.line_id)
        assert 0 <= of_line <= found.lines[line.line_id].earned.total_minor


def assert_ended(orders: Iterable[Order]) -> None:
    """Every order has arrived or is canceled, and what was earned is what is owed, less what was credited."""
    for order in orders:
        assert order_status(order) in (OrderStatus.DELIVERED, OrderStatus.CANCELED), order
        assert not any(part.state in RESERVING for part in order.allocations)
        found = owed(order)
        assert found.total == found.earned + sum(given_back(order, one) for one in order.returns), order


def given_back(order: Order, one: Return) -> int:
    """What a return takes off what is owed: its credits, less what of them pays for a replacement; more than they come
    to is owed once nothing more may come.
    """
    due = sum(credit.amount_minor for credit in one.credits)
    due -= 0 if one.exchange is None else one.exchange.applied_minor
    return due if due >= 0 or is_settled(order, one) else 0


def units_gone(orders: Iterable[Order]) -> dict[tuple[str, str], int]:
    """The units that have left, by SKU and node."""
    gone: dict[tuple[str, str], int] = {}
    for order in orders:
        for part in order.allocations:
            if part.state in GONE:
                gone[part.sku, part.node] = gone.get((part.sku, part.node), 0) + part.quantity
    return gone


def _draw_line(draw: random.Random, line_id: LineId) -> Line:
    sku = draw.choice(("A", "A", "B", "B", "C", "C", "M", "K"))
    quantity, price = draw.randint(1, 250 if sku == "M" else 6), draw.choice((0, 333, 1990, draw.randint(1, 9_999)))
    terms = Terms(substitutes=Consent.ALLOW) if sku == "A" and draw.random() < 0.3 else None
    line = Line(line_id, Sku(sku), quantity, price, terms=terms)
    if draw.random() < 0.3:
        return line
    whole = _price(line)
    charges = Charges(quantity, draw.choice((0, draw.randint(0, whole))), draw.choice((0, draw.randint(0, whole // 5))))
    fits = charges.discount_minor + charges.tax_minor <= whole and not charges.is_nothing
    return Line(line_id, Sku(sku), quantity, price, terms=terms, charges=charges if fits else None)


def _price(line: Line) -> int:
    return floor(Fraction(line.unit_price_minor * line.quantity, 100 if line.sku == "M" else 1) + Fraction(1, 2))


def _with_part(line: Line, part: int) -> Line:
    known = line.charges or Charges(line.quantity)
    charges = Charges(known.units, known.discount_minor, known.tax_minor, part)
    return Line(
        line.line_id,
        line.sku,
        line.quantity,
        line.unit_price_minor,
        terms=line.terms,
        charges=None if charges.is_nothing else charges,
    )


def _draw_delivery(draw: random.Random) -> DeliveryCharge | None:
    amount = draw.randint(1, 1_500)
    return DeliveryCharge(amount, draw.randint(0, 99), draw.randint(0, amount)) if draw.random() < 0.6 else None


def _draw_by(draw: random.Random) -> By:
    return By.CUSTOMER if draw.random() < 0.3 else By.OPERATOR


def _draw_cancel(draw: random.Random, order: Order, some: tuple[LineQuantity, ...]) -> CancelOrder:
    return CancelOrder(order.order_id, "changed plans", draw.choice(((), some, some, some)), _draw_by(draw))


def _draw_actions(draw: random.Random, order: Order, now: datetime) -> tuple[ChangeAction, ...]:
    line = draw.choice(order.lines)
    most = 250 if line.sku == "M" else 7
    made: list[Callable[[], ChangeAction]] = [
        lambda: SetQuantity(line.line_id, draw.randint(1, most)),
        lambda: SetQuantity(line.line_id, draw.randint(1, most)),
        lambda: AddLine(_draw_line(draw, LineId(f"{order.version}-{draw.randint(0, 9)}"))),
        lambda: RemoveLine(line.line_id),
        lambda: SetPrice(line.line_id, draw.randint(0, 3_000)),
        lambda: SetPrice(line.line_id, 2_500, draw.choice((None, draw.randint(0, 2_500))), draw.choice((None, 0, 99))),
        lambda: SetDates(line.line_id, draw.choice([None, now + timedelta(days=draw.randint(1, 9))]), None),
        lambda: SetAddress(draw.choice((NEW_YORK, CHICAGO))),
        lambda: SetMethod(*draw.choice([(Method.SHIP, None, ""), (Method.PICKUP, _STORE, "")])),
        lambda: SetDeliveryCharge(_draw_delivery(draw)),
        lambda: Substitute(line.line_id, Sku(draw.choice("ABC")), 800),
        lambda: SetNode(line.line_id, draw.choice((None, *(one.node for one in NODES)))),
        lambda: LeaveInParts(line.line_id),
    ]
    return tuple(one() for one in draw.choices(made, k=draw.choice((1, 1, 2, 3))))


def _slow_total(order: Order, line: Line, units: int) -> int:
    """What the first so many units cost, in fractions, each part rounded once with halves up."""

    def nearest(amount: Fraction) -> int:
        return floor(amount + Fraction(1, 2))

    total = nearest(Fraction(line.unit_price_minor * units, 10**line.decimals))
    if line.charges is not None:
        discount = line.charges.discount_minor + line.charges.order_discount_minor
        total -= min(total, nearest(Fraction(discount * units, line.charges.units)))
        if not order.prices_include_tax:
            total += nearest(Fraction(line.charges.tax_minor * units, line.charges.units))
    return total


def _substituted(order: Order, line: Line, *, is_gone: bool) -> int:
    """What the substitutes of a line that are live, or have left, cost more."""
    deltas = {} if line.terms is None else dict(line.terms.substituted)
    parts = [part for part in order.allocations if part.line_id == line.line_id and part.state not in ENDED]
    return sum(
        floor(Fraction(delta * sum(part.quantity for part in parts if part.sku == sku and
              (not is_gone or part.state in GONE)), 10**line.decimals) + Fraction(1, 2))
        for sku, delta in deltas.items()
    )  # fmt: skip
