"""Lots: first expired, first out; never one beyond its life; and a decision with lots made again from its recording."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.demand.spoilage import find_spoiled
from troth.engine.promising.case import Case, digest_case
from troth.engine.promising.promise import plan
from troth.engine.promising.record import recall, record
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import Balance, SupplyKey, lot_source, purchase_order_source, transfer_source
from troth.model.order import Terms
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.policy import Policy

EASY = Policy(split_minor=0, delay_minor_per_day=0)
TODAY = MONDAY.date()

Held = tuple[str, str, int, int | None]
"""Node, lot, units, and the day (from today) on which it is good for the last time."""


def net(count: int = 2, *, transit: int = 2) -> Network:
    return network(*(node(f"n{at}", degrees=1.0 + at) for at in range(count)), cards=[flat_card(500, transit=transit)])


def held(world: Network, *lots: Held, sku: str = "A") -> SupplyRows:
    """The supply of these lots (an empty name: what no lot holds)."""
    return rows_of(
        (
            Balance(
                SupplyKey(Sku(sku), NodeId(name), lot_source(lot)),
                units,
                expires_on=None if days is None else TODAY + timedelta(days=days),
            )
            for name, lot, units, days in lots
        ),
        world,
    )


def fresh(sku: str, quantity: int, days: int, **facts: object) -> DemandLine:
    return line(sku, quantity, terms=Terms(min_remaining_days=days), **facts)


def taken(found: Plan) -> dict[tuple[str, str], int]:
    """Units by node and source."""
    units: dict[tuple[str, str], int] = {}
    for shipment in found.shipments:
        for peg in shipment.pegs:
            key = (str(shipment.node), str(peg.source))
            units[key] = units.get(key, 0) + peg.quantity
    return units


def test_what_expires_first_goes_out_first() -> None:
    world = net(1)
    stock = {Sku("A"): held(world, ("n0", "late", 5, 90), ("n0", "soon", 2, 10), ("n0", "", 9, None))}

    found = plan(demand(line("A", 8)), stock, world, EASY, MONDAY)

    assert taken(found) == {("n0", "lot/soon"): 2, ("n0", "lot/late"): 5, ("n0", "on_hand"): 1}


def test_a_lot_is_good_on_its_last_day_and_never_promised_after_it() -> None:
    world = network(node("n0", cut_off=time(23)), cards=[flat_card(500, transit=0)])
    stock = {Sku("A"): held(world, ("n0", "L", 1, 0))}

    on_the_day = plan(demand(line("A")), stock, world, EASY, MONDAY)
    after_midnight = plan(demand(line("A")), stock, world, EASY, datetime(2026, 11, 24, 0, 0, tzinfo=UTC))

    assert taken(on_the_day) == {("n0", "lot/L"): 1}
    assert reasons(after_midnight) == {"A": (1, "no_stock")}


def test_a_lot_ends_at_the_midnight_of_the_node_where_it_lies() -> None:
    world = network(node("n0", time_zone="America/Los_Angeles"))

    rows = held(world, ("n0", "L", 1, 0))

    assert rows.good_until is not None
    assert rows.good_until.tolist() == [datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp()]


def test_a_lot_that_would_expire_on_its_way_stays_where_it_is() -> None:
    world = net(2, transit=5)
    stock = {Sku("A"): held(world, ("n0", "soon", 4, 3), ("n1", "late", 4, 30))}

    found = plan(demand(line("A", 2)), stock, world, EASY, MONDAY)

    assert taken(found) == {("n1", "lot/late"): 2}


def test_goods_that_must_keep_for_so_many_days_come_from_a_lot_that_does() -> None:
    world = net(1)  # delivered on the Wednesday
    stock = {Sku("A"): held(world, ("n0", "short", 4, 61), ("n0", "enough", 4, 62))}

    found = plan(demand(fresh("A", 3, 60)), stock, world, EASY, MONDAY)

    assert taken(found) == {("n0", "lot/enough"): 3}


def test_a_line_that_asks_for_less_life_takes_the_lots_that_the_other_cannot() -> None:
    world = net(1)
    stock = {Sku("A"): held(world, ("n0", "short", 2, 20), ("n0", "long", 2, 99))}
    lines = (fresh("A", 2, 60, line_id=LineId("careful")), line("A", 2, line_id=LineId("easy")))

    found = plan(demand(*lines), stock, world, EASY, MONDAY)

    assert taken(found) == {("n0", "lot/short"): 2, ("n0", "lot/long"): 2}
    assert not found.uncovered


def test_where_the_usual_service_is_too_slow_for_a_lot_the_quickest_one_is_taken() -> None:
    cards = [flat_card(500, transit=5), flat_card(2000, service="express", transit=1)]
    world = network(node("n0"), cards=cards)
    stock = {Sku("A"): held(world, ("n0", "L", 1, 3))}

    found = plan(demand(line("A")), stock, world, EASY, MONDAY)

    assert [shipment.service for shipment in found.shipments] == ["express"]
    assert taken(found) == {("n0", "lot/L"): 1}


def test_a_lot_that_lasts_by_the_quickest_service_comes_before_what_is_still_to_come() -> None:
    cards = [flat_card(500, transit=5), flat_card(2000, service="express", transit=1)]
    world = network(node("n0"), cards=cards)
    balances = (
        Balance(SupplyKey(Sku("A"), NodeId("n0"), lot_source("L")), 1, expires_on=TODAY + timedelta(days=3)),
        Balance(
            SupplyKey(Sku("A"), NodeId("n0"), purchase_order_source(number="7", line=1)),
            4,
            expected_at=MONDAY + timedelta(days=20),
        ),
    )

    found = plan(demand(line("A")), {Sku("A"): rows_of(balances, world)}, world, EASY, MONDAY)

    assert taken(found) == {("n0", "lot/L"): 1}


def test_what_waits_for_dated_supply_is_not_promised_out_of_a_lot_that_expires_meanwhile() -> None:
    world = net(1)
    later = MONDAY + timedelta(days=20)
    balances = (
        Balance(SupplyKey(Sku("A"), NodeId("n0"), lot_source("L")), 4, expires_on=TODAY + timedelta(days=8)),
        Balance(SupplyKey(Sku("A"), NodeId("n0"), purchase_order_source(number="7", line=1)), 4, expected_at=later),
    )

    found = plan(demand(line("A", 6), ship_complete=True), {Sku("A"): rows_of(balances, world)}, world, EASY, MONDAY)
    in_parts = plan(demand(line("A", 6)), {Sku("A"): rows_of(balances, world)}, world, EASY, MONDAY)

    assert not found.shipments
    assert taken(in_parts) == {("n0", "lot/L"): 4, ("n0", "po/7/1"): 2}


def test_a_fresh_line_leaves_now_beside_one_that_waits() -> None:
    world = net(1)
    later = MONDAY + timedelta(days=20)
    dated = Balance(SupplyKey(Sku("B"), NodeId("n0"), purchase_order_source(number="7", line=1)), 4, expected_at=later)
    stock = {Sku("A"): held(world, ("n0", "L", 4, 8)), Sku("B"): rows_of((dated,), world)}

    found = plan(demand(line("A", 3), line("B", 1)), stock, world, EASY, MONDAY)

    assert taken(found) == {("n0", "lot/L"): 3, ("n0", "po/7/1"): 1}
    assert not found.uncovered


def test_components_of_a_kit_must_last_as_well() -> None:
    world = net(1)
    stock = {
        Sku("A"): held(world, ("n0", "short", 4, 10), ("n0", "long", 2, 90)),
        Sku("B"): held(world, ("n0", "", 9, None), sku="B"),
    }
    kit = line("K", 2, terms=Terms(kit=((Sku("A"), 1), (Sku("B"), 1)), min_remaining_days=30))

    found = plan(demand(kit), stock, world, EASY, MONDAY)

    assert taken(found) == {("n0", "lot/long"): 2, ("n0", "on_hand"): 2}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Demand, list[Held]]:
    lots: list[Held] = [
        (f"n{at}", name, draw(st.integers(1, 4)), draw(st.none() | st.integers(-2, 40)))
        for at in range(2)
        for name in draw(st.sets(st.sampled_from(("", "x", "y", "z"))))
    ]
    lines = [
        fresh("A", draw(st.integers(1, 5)), draw(st.sampled_from((0, 0, 5, 30))), line_id=LineId(str(number)))
        for number in range(draw(st.integers(1, 2)))
    ]
    return demand(*lines, ship_complete=draw(st.booleans())), [lot for lot in lots if lot[1] or lot[3] is None]


@settings(max_examples=examples(80))
@given(cases(), st.sampled_from((1, 4)))
def test_no_lot_is_delivered_after_its_life_and_none_gives_more_than_it_has(
    case: tuple[Demand, list[Held]], transit: int
) -> None:
    asked, lots = case
    world = net(transit=transit)
    stock = {Sku("A"): held(world, *lots)}

    found = plan(asked, stock, world, EASY, MONDAY)

    assert not find_spoiled(asked, found, stock, world)
    there = {(name, lot_source(lot)): units for name, lot, units, _days in lots}
    assert all(units <= there[NodeId(name), source] for (name, source), units in taken(found).items())  # type: ignore[index]
    wanted = sum(one.quantity for one in asked.lines)
    assert sum(taken(found).values()) + sum(gap.quantity for gap in found.uncovered) == wanted


@settings(max_examples=examples(80))
@given(cases())
def test_within_a_node_no_lot_is_left_for_one_that_expires_later(case: tuple[Demand, list[Held]]) -> None:
    asked, lots = case
    asked = replace(asked, lines=asked.lines[:1])
    world = net()
    days = 0 if asked.lines[0].terms is None else asked.lines[0].terms.min_remaining_days

    found = plan(asked, {Sku("A"): held(world, *lots)}, world, EASY, MONDAY)

    units = taken(found)
    for shipment in found.shipments:
        need = (shipment.promised_at + timedelta(days=days)).date()
        good = [lot for lot in lots if lot[0] == shipment.node and last_day(lot) >= need]
        good.sort(key=lambda lot: (last_day(lot), lot_source(lot[1])))
        used = [units.get((lot[0], lot_source(lot[1])), 0) for lot in good]
        full = [lot[2] for lot in good]
        last = max((at for at, count in enumerate(used) if count), default=0)
        assert used[:last] == full[:last]


def last_day(lot: Held) -> date:
    return date.max if lot[3] is None else TODAY + timedelta(days=lot[3])


@settings(max_examples=examples(60))
@given(cases())
def test_a_decision_with_lots_is_made_again_from_its_recording(case: tuple[Demand, list[Held]]) -> None:
    asked, lots = case
    world = net()
    stock = {Sku("A"): held(world, *lots)}
    first = Case(asked, stock, world, EASY, MONDAY)

    kept = record(asked, stock, world)
    again = Case(asked, recall(kept, world), world, EASY, MONDAY)

    assert again.plan() == first.plan()
    assert digest_case(again) == digest_case(replace(first, supply=recall(record(asked, stock, world), world)))
    assert record(asked, again.supply, world) == kept


def on_way(world: Network, *lots: tuple[str, int, int | None], loose: int = 0) -> SupplyRows:
    """Lots (name, units, last day from today) that come to n0 in three days, and what lies there by no lot."""
    key = SupplyKey(Sku("A"), NodeId("n0"))
    coming = [
        Balance(
            replace(key, source=transfer_source(transfer_id="T", line=1, lot=lot)),
            units,
            expected_at=MONDAY + timedelta(days=3),
            expires_on=None if days is None else TODAY + timedelta(days=days),
        )
        for lot, units, days in lots
    ]
    return rows_of([*coming, *([Balance(key, loose)] if loose else [])], world)


def test_a_lot_on_its_way_is_promised_only_as_long_as_it_is_good_and_never_counted_before_it_comes() -> None:
    world = net(1)
    stock = {Sku("A"): on_way(world, ("soon", 4, 4), ("late", 5, 90), loose=2)}

    some = plan(demand(line("A", 2)), stock, world, EASY, MONDAY)
    more = plan(demand(line("A", 7)), stock, world, EASY, MONDAY)
    most = plan(demand(line("A", 9)), stock, world, EASY, MONDAY)

    assert taken(some) == {("n0", "on_hand"): 2}
    assert taken(more) == {("n0", "on_hand"): 2, ("n0", "transfer/T/1/late"): 5}
    assert [(gap.quantity, gap.reason) for gap in most.uncovered] == [(2, "no_stock")]


def test_a_decision_with_lots_on_their_way_is_made_again_from_its_recording() -> None:
    world = net(1)
    stock = {Sku("A"): on_way(world, ("soon", 4, 4), ("late", 5, 90), ("open", 1, None), loose=2)}
    asked = demand(line("A", 8))
    first = Case(asked, stock, world, EASY, MONDAY)

    kept = record(asked, stock, world)
    again = Case(asked, recall(kept, world), world, EASY, MONDAY)

    assert again.plan() == first.plan()
    assert taken(again.plan()) == {("n0", "on_hand"): 2, ("n0", "transfer/T/1/late"): 5, ("n0", "transfer/T/1/open"): 1}
    assert record(asked, again.supply, world) == kept
