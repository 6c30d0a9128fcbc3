"""The life of orders with kits, substitutes, ship groups and transfers: units are kept from capture to the door."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NEW_YORK, NOW, capture, item, node
from tests.examples import examples
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.capture_order import CaptureOrder
from troth.model.commands import (
    AdjustStock,
    CancelOrder,
    CollectWork,
    Command,
    LineQuantity,
    PickWork,
    RejectWork,
    ReleaseOrder,
    ShipWork,
    StageWork,
)
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.item import Item, Restrictions, Substitute
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import ENDED, RESERVING
from troth.model.order import Allocation, Consent, Line, Method, Order, Terms
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.refusals import Invalid, Refusal, StockShort
from troth.model.status import OrderStatus, live_allocations, order_status, uncovered_quantities
from troth.replay.world import World

KIT = item("K", kit=((Sku("A"), 2), (Sku("B"), 1)))
SOLD = {one.sku: one for one in (item("A"), item("B"), item("C"), KIT)}
NODES = (node("DC-PA"), node("DC-IL"), node("ST-NYC"))


def world(stock: dict[tuple[str, str], int], *items: Item, policy: Policy = DEFAULT_POLICY) -> World:
    made = World(compile_network(NODES), {**SOLD, **{one.sku: one for one in items}}, policy)
    for (sku, name), units in stock.items():
        made.apply(AdjustStock(SupplyKey(Sku(sku), NodeId(name)), units, "initial"), now=NOW)
    return made


def done(made: World, command: Command, *, hours: float = 0.0) -> Order:
    outcome = made.apply(command, now=NOW + timedelta(hours=hours))
    assert isinstance(outcome, Decision), outcome
    return next(iter(made.orders.values()))


def refused(made: World, command: CaptureOrder) -> Refusal:
    outcome = made.apply(command, now=NOW)
    assert not isinstance(outcome, Decision)
    return outcome


def asked(*lines: Line, **changes: object) -> CaptureOrder:
    return replace(capture(), lines=lines, **changes)  # type: ignore[arg-type]


def wanted(sku: str, quantity: int = 1, line_id: str = "1", **terms: object) -> Line:
    return Line(LineId(line_id), Sku(sku), quantity, 1990, terms=Terms(**terms) if terms else None)  # type: ignore[arg-type]


def test_a_kit_is_captured_as_its_components_and_keeps_the_recipe_it_had() -> None:
    made = world({("A", "DC-PA"): 9, ("B", "DC-PA"): 9})

    order = done(made, asked(wanted("K", 3)))

    assert kits_of(order) == {"1": (("A", 2), ("B", 1))}
    assert sorted((part.sku, part.quantity) for part in order.allocations) == [("A", 6), ("B", 3)]
    assert uncovered_quantities(order) == {}
    assert order_status(order) is OrderStatus.PROMISED


def test_canceling_kits_frees_all_of_their_components_and_nothing_else() -> None:
    made = world({("A", "DC-PA"): 9, ("B", "DC-PA"): 9})
    order = done(made, asked(wanted("K", 3)))

    order = done(made, CancelOrder(order.order_id, "mind", (LineQuantity(LineId("1"), 2),)))

    assert {str(key.sku): balance.reserved for key, balance in made.balances.items()} == {"A": 2, "B": 1}
    assert whole_units(live_allocations(order), kits_of(order)) == {"1": 1}
    assert uncovered_quantities(order) == {}


def test_a_kit_that_is_picked_short_is_found_elsewhere_whole() -> None:
    made = world({("A", "DC-PA"): 4, ("B", "DC-PA"): 2, ("A", "DC-IL"): 4, ("B", "DC-IL"): 2})
    order = done(made, asked(wanted("K", 2)))
    first = order.fulfillments[0]
    done(made, ReleaseOrder(order.order_id), hours=1)

    pick = PickWork(first.fulfillment_id, (LineQuantity(LineId("1"), 1, "not_found"),))
    order = done(made, pick, hours=2)

    by_node: dict[str, dict[str, int]] = {}
    for part in live_allocations(order):
        here = by_node.setdefault(str(part.node), {})
        here[str(part.sku)] = here.get(str(part.sku), 0) + part.quantity
    assert len(by_node) == 2
    assert all(here == {"A": 2, "B": 1} for here in by_node.values())
    assert made.balances[SupplyKey(Sku("A"), first.node)].on_hand == 2


def test_more_kits_than_are_there_cannot_be_picked() -> None:
    made = world({("A", "DC-PA"): 4, ("B", "DC-PA"): 2})
    order = done(made, asked(wanted("K", 2)))
    done(made, ReleaseOrder(order.order_id), hours=1)

    outcome = made.apply(
        PickWork(order.fulfillments[0].fulfillment_id, (LineQuantity(LineId("1"), 3),)), now=NOW + timedelta(hours=2)
    )

    assert isinstance(outcome, Invalid)


def test_a_kit_that_holds_itself_or_something_unknown_is_refused_by_name() -> None:
    endless = item("E", kit=((Sku("E"), 1), (Sku("A"), 1)))
    unknown = item("U", kit=((Sku("NOWHERE"), 1),))

    for sku, word in (("E", "holds itself"), ("U", "NOWHERE")):
        outcome = refused(world({}, endless, unknown), asked(wanted(sku)))
        assert isinstance(outcome, Invalid)
        assert outcome.flaws[0].pointer == "/lines/0/sku"
        assert word in outcome.flaws[0].detail


def test_a_substitute_is_reserved_for_the_line_whose_customer_agreed() -> None:
    made = world({("A", "DC-PA"): 1, ("C", "DC-PA"): 5}, item("A", substitutes=(Substitute(Sku("C"), -200),)))

    order = done(made, asked(wanted("A", 3, substitutes=Consent.ALLOW)))

    assert sorted((part.sku, part.line_id, part.quantity) for part in order.allocations) == [
        ("A", "1", 1),
        ("C", "1", 2),
    ]
    assert order.lines[0].terms is not None
    assert order.lines[0].terms.substituted == (("C", -200),)
    assert uncovered_quantities(order) == {}
    assert all(minor >= 0 for work in order.fulfillments for minor in work.cost.values())


def test_a_refusal_names_what_could_be_had_instead() -> None:
    made = world({("C", "DC-PA"): 5}, item("A", substitutes=(Substitute(Sku("C")),)))

    outcome = refused(made, asked(wanted("A", 3, substitutes=Consent.OFFER)))

    assert isinstance(outcome, StockShort)
    assert [(one.sku, one.quantity) for one in outcome.lines[0].instead] == [("C", 3)]


def test_a_restricted_item_is_refused_with_the_reason() -> None:
    made = world({("A", "DC-PA"): 5}, item("A", restrictions=Restrictions(not_to=("US-NY",))))

    outcome = refused(made, asked(wanted("A")))

    assert isinstance(outcome, StockShort)
    assert (outcome.lines[0].reason, outcome.lines[0].detail) == ("restricted", "it may not be sent to US-NY")


def test_lines_that_leave_together_are_one_fulfillment_or_no_order() -> None:
    stock = {("A", "DC-PA"): 5, ("B", "DC-IL"): 5, ("C", "DC-PA"): 5}
    together = (wanted("A", 1, "1", ship_together="set"), wanted("C", 1, "2", ship_together="set"))
    torn = (wanted("A", 1, "1", ship_together="set"), wanted("B", 1, "2", ship_together="set"))

    order = done(world(stock), asked(*together))
    outcome = refused(world(stock), asked(*torn))

    assert len(order.fulfillments) == 1
    assert isinstance(outcome, StockShort)
    assert {line.reason for line in outcome.lines} == {"ship_together"}


def test_a_line_stays_whole_or_apart_where_it_says_so() -> None:
    stock = {("A", "DC-PA"): 2, ("A", "DC-IL"): 2, ("B", "DC-PA"): 5}

    whole = refused(world(stock), asked(wanted("A", 3, line_complete=True)))
    apart = done(world(stock), asked(wanted("A", 2), wanted("B", 1, "2", ship_alone=True)))

    assert isinstance(whole, StockShort)
    assert [line.reason for line in whole.lines] == ["line_complete"]
    assert len(apart.fulfillments) == 2


def test_shipments_are_as_many_as_the_order_allows_and_worth_what_the_policy_asks() -> None:
    stock = {("A", "DC-PA"): 5, ("B", "DC-IL"): 5}
    lines = (wanted("A"), wanted("B", 1, "2"))

    few = refused(world(stock), asked(*lines, shipments_max=1))
    small = refused(world(stock, policy=replace(DEFAULT_POLICY, shipment_value_min_minor=5000)), asked(*lines))
    order = done(world(stock), asked(*lines, shipments_max=2))

    assert isinstance(few, StockShort)
    assert [line.reason for line in few.lines] == ["too_many_shipments"]
    assert isinstance(small, StockShort)
    assert [line.reason for line in small.lines] == ["below_shipment_value"]
    assert order.shipments_max == 2


def test_an_order_goes_two_ways_and_each_keeps_its_own() -> None:
    made = world({("A", "DC-PA"): 5, ("B", "ST-NYC"): 5})
    pickup = wanted("B", 1, "2", method=Method.PICKUP, pickup_node=NodeId("ST-NYC"))

    order = done(made, asked(wanted("A"), pickup))

    assert [(work.node, work.method) for work in order.fulfillments] == [
        ("DC-PA", Method.SHIP),
        ("ST-NYC", Method.PICKUP),
    ]
    assert order.ship_to == NEW_YORK


def test_what_is_short_at_the_store_is_sent_there_and_collected_there() -> None:
    made = world({("A", "DC-PA"): 5}, policy=replace(DEFAULT_POLICY, ship_to_store=True))
    order = done(made, asked(wanted("A"), method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None))
    (work,) = order.fulfillments
    assert (work.node, work.via, work.method) == ("DC-PA", "ST-NYC", Method.PICKUP)
    name: FulfillmentId = work.fulfillment_id

    done(made, ReleaseOrder(order.order_id), hours=1)
    early = made.apply(CollectWork(name), now=NOW + timedelta(hours=2))
    order = done(made, ShipWork(name), hours=3)
    assert order_status(order) is OrderStatus.SHIPPED
    done(made, StageWork(name, "shelf 3"), hours=4)
    order = done(made, CollectWork(name, "Ada"), hours=5)

    assert not isinstance(early, Decision)
    assert order_status(order) is OrderStatus.DELIVERED
    assert made.balances[SupplyKey(Sku("A"), NodeId("DC-PA"))].on_hand == 4


def test_what_nobody_could_do_is_said_of_its_own_field() -> None:
    made = world({("A", "DC-PA"): 5})
    pickup = {"method": Method.PICKUP, "ship_to": None}

    outcomes = {
        "/service": asked(wanted("A"), service="teleport"),
        "/pickup_node": asked(wanted("A"), pickup_node=NodeId("DC-PA"), **pickup),
        "/lines/0/service": asked(wanted("A", service="teleport")),
        "/lines/0/pickup_node": asked(wanted("A", method=Method.PICKUP, pickup_node=NodeId("NOWHERE"))),
        "/lines/0/need_by": asked(replace(wanted("A"), need_by=NOW - timedelta(hours=1))),
    }

    for pointer, command in outcomes.items():
        outcome = refused(made, command)
        assert isinstance(outcome, Invalid)
        assert [flaw.pointer for flaw in outcome.flaws] == [pointer]


@settings(max_examples=examples(60))
@given(st.data())
def test_whatever_happens_to_kits_their_components_stay_in_proportion_and_the_books_right(data: st.DataObject) -> None:
    units = st.integers(0, 8)
    stock = {(sku, name): data.draw(units) for sku in "ABC" for name in ("DC-PA", "DC-IL")}
    instead = item("C", substitutes=(Substitute(Sku("A")),))
    made = world(stock, instead)
    lines = (
        wanted("K", data.draw(st.integers(1, 3)), "1"),
        wanted("A", data.draw(st.integers(1, 2)), "2"),
        wanted("C", data.draw(st.integers(1, 2)), "3", substitutes=Consent.ALLOW),
    )
    if not isinstance(made.apply(asked(*lines[: data.draw(st.integers(1, 3))]), now=NOW), Decision):
        return
    for step in range(data.draw(st.integers(0, 6))):
        (order,) = made.orders.values()
        made.apply(data.draw(commands(order)), now=NOW + timedelta(hours=step + 1))
        assert faults(made) == []


@st.composite
def commands(draw: st.DrawFn, order: Order) -> Command:
    """Something that may happen to an order, possible or not."""
    work = draw(st.sampled_from([one.fulfillment_id for one in order.fulfillments]))
    line = LineQuantity(draw(st.sampled_from([one.line_id for one in order.lines])), draw(st.integers(1, 2)))
    nothing = replace(line, quantity=0)
    possible: list[Command] = [
        CancelOrder(order.order_id, "mind", (line,)),
        CancelOrder(order.order_id, "mind"),
        ReleaseOrder(order.order_id),
        PickWork(work, (line,)),
        PickWork(work, (nothing,)),
        PickWork(work),
        RejectWork(work, "busy", (line,)),
        RejectWork(work, "busy"),
        ShipWork(work),
    ]
    return draw(st.sampled_from(possible))


def faults(made: World) -> list[str]:
    """What does not hold of the only order and of the books, though it must at any time."""
    (order,) = made.orders.values()
    reserved: dict[SupplyKey, int] = {}
    for part in order.allocations:
        if part.state in RESERVING:
            reserved[part.key] = reserved.get(part.key, 0) + part.quantity
    found = [
        f"{balance.reserved} reserved of {key}, {reserved.get(key, 0)} by the order"
        for key, balance in made.balances.items()
        if balance.reserved != reserved.get(key, 0)
    ]
    left = uncovered_quantities(order)
    for line in order.lines:
        open_units = line.quantity - line.canceled_quantity - left.get(line.line_id, 0)
        held = [part for part in order.allocations if part.line_id == line.line_id and part.state not in ENDED]
        found += [
            f"line {line.line_id}: {fault}" for fault in kit_faults(held, kits_of(order).get(line.line_id), open_units)
        ]
    return found + [f"a part of {part.quantity}" for part in order.allocations if part.quantity <= 0]


def kit_faults(held: Sequence[Allocation], kit: tuple[tuple[Sku, int], ...] | None, open_units: int) -> list[str]:
    """What does not hold of the parts of a line of which so many units lie somewhere: of a kit, that its components are
    in proportion, as a whole and in each work.
    """
    if kit is None:
        units = sum(part.quantity for part in held)
        return [] if units == open_units else [f"{units} units where {open_units} are"]
    whole = kits_in(held, kit)
    found = [] if whole == {open_units} else [f"{sorted(whole)} kits where {open_units} are"]
    for work in sorted({part.fulfillment_id for part in held}):
        here = kits_in([part for part in held if part.fulfillment_id == work], kit)
        found += [f"{sorted(here)} kits in {work}"] if len(here) != 1 else []
    return found


def kits_in(parts: Sequence[Allocation], kit: tuple[tuple[Sku, int], ...]) -> set[float]:
    """How many kits the parts of each component would make; one number, where they are in proportion."""
    return {sum(part.quantity for part in parts if part.sku == sku) / each for sku, each in kit}
