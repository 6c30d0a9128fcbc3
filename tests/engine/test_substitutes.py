"""Substitutes: only with consent, after the item that was asked for, the best first, and offered where they may only
be offered.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.promising.promise import plan
from troth.model.cost_rates import Objective
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.order import Consent, Method, Terms
from troth.model.plan import DemandLine, Plan
from troth.model.policy import Policy

EASY = Policy(split_minor=0, delay_minor_per_day=0)


def net() -> Network:
    return network(node("n0", degrees=1.0), node("n1", degrees=3.0), cards=[flat_card(500)])


def wanted(quantity: int, consent: Consent, *others: tuple[str, int], sku: str = "A") -> DemandLine:
    """A line at 10.00 whose substitutes cost so much more."""
    instead = tuple(line(other, 1, line_id=LineId("1"), unit_price_minor=1000 + delta) for other, delta in others)
    return line(
        sku,
        quantity,
        line_id=LineId("1"),
        unit_price_minor=1000,
        terms=Terms(substitutes=consent),
        instead=instead,
    )


def units(found: Plan) -> dict[str, int]:
    total: dict[str, int] = {}
    for shipment in found.shipments:
        for peg in shipment.pegs:
            total[str(peg.sku)] = total.get(str(peg.sku), 0) + peg.quantity
    return total


def test_a_substitute_fills_what_the_asked_item_leaves_short() -> None:
    world = net()
    ask = wanted(5, Consent.ALLOW, ("B", 200), ("C", -300))

    found = plan(demand(ask), supply(world, A={"n0": 2}, B={"n0": 1}, C={"n1": 9}), world, EASY, MONDAY)

    assert units(found) == {"A": 2, "B": 1, "C": 2}
    assert found.uncovered == ()
    assert found.trace.notes == (
        "1 of B stand in for A, each for 2.00 more",
        "2 of C stand in for A, each for 3.00 less",
    )


def test_what_a_customer_pays_more_is_no_cost_to_serve() -> None:
    world = net()
    asked, other = wanted(2, Consent.ALLOW, ("B", 100)), line("B", 2, line_id=LineId("1"), unit_price_minor=1100)

    found = plan(demand(asked), supply(world, B={"n0": 9}), world, EASY, MONDAY)

    plain = plan(demand(other), supply(world, B={"n0": 9}), world, EASY, MONDAY)
    assert [one.cost for one in found.shipments] == [one.cost for one in plain.shipments]


def test_the_rank_decides_unless_the_margin_is_an_objective() -> None:
    world = net()
    costs = {"B": 1050, "C": 5, "D": 0, "E": 100}
    ask = wanted(2, Consent.ALLOW, ("D", 0), ("B", 100), ("C", 0), ("E", 95))
    priced = replace(
        ask, instead=tuple(replace(one, item=Item(one.sku, cost_minor=costs[one.sku])) for one in ask.instead)
    )
    stock = supply(world, **{sku: {"n0": 1} for sku in "BCDE"})
    earning = replace(EASY, objectives=(Objective.HIGHEST_MARGIN, Objective.CHEAPEST))

    assert units(plan(demand(priced), stock, world, EASY, MONDAY)) == {"D": 1, "B": 1}
    assert units(plan(demand(priced), stock, world, earning, MONDAY)) == {"C": 1, "E": 1}


def test_nothing_stands_in_without_consent() -> None:
    world = net()

    found = plan(demand(wanted(2, Consent.NONE, ("B", 0))), supply(world, B={"n0": 9}), world, EASY, MONDAY)

    assert found.shipments == ()
    assert found.uncovered[0].instead == ()


def test_an_offer_names_what_could_be_had_and_takes_nothing() -> None:
    world = net()
    ask = wanted(4, Consent.OFFER, ("B", 200), ("C", 0), ("D", 50))

    found = plan(demand(ask), supply(world, A={"n0": 1}, B={"n0": 2}, D={"n1": 9}), world, EASY, MONDAY)

    assert units(found) == {"A": 1}
    gap = found.uncovered[0]
    assert (gap.sku, gap.quantity) == ("A", 3)
    assert [(one.sku, one.quantity, one.price_delta_minor) for one in gap.instead] == [("B", 2, 200), ("D", 3, 50)]
    assert all(one.available_at is not None for one in gap.instead)


def test_an_order_that_ships_complete_is_filled_by_substitutes_or_refused() -> None:
    world = net()
    ask = demand(wanted(3, Consent.ALLOW, ("B", 0)), line("Z"), ship_complete=True)

    filled = plan(ask, supply(world, A={"n0": 1}, B={"n0": 2}, Z={"n0": 1}), world, EASY, MONDAY)
    short = plan(ask, supply(world, A={"n0": 1}, B={"n0": 1}, Z={"n0": 1}), world, EASY, MONDAY)

    assert units(filled) == {"A": 1, "B": 2, "Z": 1}
    assert short.shipments == ()
    assert reasons(short)["Z"] == (1, "ship_complete")


def test_a_complete_line_is_filled_by_one_item_whole() -> None:
    world = net()
    ask = wanted(3, Consent.ALLOW, ("B", 0))
    assert ask.terms is not None
    whole = replace(ask.terms, line_complete=True)
    instead = tuple(replace(other, terms=replace(whole, substitutes=Consent.NONE)) for other in ask.instead)

    found = plan(
        demand(replace(ask, terms=whole, instead=instead)), supply(world, A={"n0": 2}, B={"n1": 3}), world, EASY, MONDAY
    )

    assert units(found) == {"B": 3}


def test_lists_that_name_each_other_do_no_harm() -> None:
    world = net()
    first = wanted(2, Consent.ALLOW, ("B", 0), ("A", 0))
    second = replace(wanted(2, Consent.ALLOW, ("A", 0), ("B", 0), sku="B"), line_id=LineId("2"))

    found = plan(demand(first, second), supply(world, A={"n0": 1}, B={"n0": 1}), world, EASY, MONDAY)

    assert units(found) == {"A": 1, "B": 1}
    assert sum(gap.quantity for gap in found.uncovered) == 2


@settings(max_examples=examples(80))
@given(st.data())
def test_units_are_conserved_and_substitutes_cover_all_that_they_can(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 2))
    lines = []
    for number in range(count):
        others = data.draw(st.permutations(["X", "Y"]))[: data.draw(st.integers(0, 2))]
        made = wanted(data.draw(st.integers(1, 3)), Consent.ALLOW, *((other, 0) for other in others), sku=f"S{number}")
        own = LineId(str(number))
        lines.append(replace(made, line_id=own, instead=tuple(replace(one, line_id=own) for one in made.instead)))
    stock = {
        sku: {name: amount for name in ("n0", "n1") if (amount := data.draw(st.integers(0, 2)))}
        for sku in ("S0", "S1", "X", "Y")
    }
    world = net()

    found = plan(demand(*lines, method=Method.SHIP), supply(world, **stock), world, EASY, MONDAY)

    used = units(found)
    for sku, by_node in stock.items():
        assert used.get(sku, 0) <= sum(by_node.values())
    for at, one in enumerate(lines):
        pegged = [peg for shipment in found.shipments for peg in shipment.pegs if peg.line_id == one.line_id]
        short = sum(gap.quantity for gap in found.uncovered if gap.line_id == one.line_id)
        assert sum(peg.quantity for peg in pegged) + short == one.quantity
        assert {peg.sku for peg in pegged} <= {one.sku, *(other.sku for other in one.instead)}
        asked = sum(peg.quantity for peg in pegged if peg.sku == one.sku)
        assert asked == min(one.quantity, sum(stock[f"S{at}"].values()))
        for other in one.instead:
            assert short == 0 or used.get(str(other.sku), 0) == sum(stock[str(other.sku)].values())
    assert all(gap.sku == Sku(f"S{gap.line_id}") for gap in found.uncovered)
