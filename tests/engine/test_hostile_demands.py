"""Whatever is asked, the answer is a plan with reasons, and it comes in bounded work."""

import math
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, reasons, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.demand.line_terms import explode, settle_lines
from troth.engine.promising.promise import plan
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item, Restrictions, Substitute
from troth.model.network import Address, NodeType
from troth.model.order import Consent, Line, Method, Terms
from troth.model.plan import DemandLine
from troth.model.policy import Policy

PLACES = (HERE, Address("US", latitude=30.0, longitude=-90.0), Address("US"), Address("DE", latitude=math.nan), None)


def net() -> Network:
    return network(
        node("n0", degrees=1.0),
        node("n1", degrees=4.0),
        node("store", degrees=0.1, type=NodeType.STORE, pickup=True),
        cards=[flat_card(500), flat_card(900, service="special", grams_max=5000, capabilities=("hazardous",))],
    )


def test_ten_thousand_lines_are_answered_by_the_greedy_plan() -> None:
    world = net()
    stock = {Sku("A"): supply(world, A={"n0": 6000, "n1": 6000})[Sku("A")]}

    found = plan(demand(*(line("A", line_id=LineId(str(at))) for at in range(10_000))), stock, world, Policy(), MONDAY)

    assert sum(peg.quantity for one in found.shipments for peg in one.pegs) == 10_000
    assert found.trace.method == "greedy"


def test_a_thousand_destinations_get_what_the_limit_of_shipments_allows() -> None:
    world = net()
    lines = [
        line(
            "A", line_id=LineId(str(at)), terms=Terms(ship_to=Address("US", latitude=30.0 + at / 100, longitude=-90.0))
        )
        for at in range(300)
    ]

    found = plan(demand(*lines), supply(world, A={"n0": 999}), world, Policy(), MONDAY)

    assert len(found.shipments) == Policy().shipments_max
    assert {gap.reason for gap in found.uncovered} == {"too_many_shipments"}


def test_a_network_without_nodes_or_lanes_is_no_obstacle() -> None:
    empty = network(cards=[])
    nowhere = network(node("n0"), cards=[])

    assert reasons(plan(demand(line("A")), {}, empty, Policy(), MONDAY)) == {"A": (1, "no_service_to_destination")}
    assert reasons(plan(demand(line("A")), {}, nowhere, Policy(), MONDAY)) == {"A": (1, "no_service_to_destination")}


def test_flags_that_contradict_each_other_promise_nothing_and_say_so() -> None:
    world = net()
    torn = Terms(ship_together="set", ship_alone=True)

    found = plan(
        demand(line("A", terms=torn), line("B", terms=torn)),
        supply(world, A={"n0": 1}, B={"n0": 1}),
        world,
        Policy(),
        MONDAY,
    )

    assert reasons(found) == {"A": (1, "ship_together"), "B": (1, "ship_together")}


def test_kits_and_substitutes_that_name_each_other_end() -> None:
    items = {
        one.sku: one
        for one in (
            Item(Sku("K"), kit=((Sku("L"), 1),)),
            Item(Sku("L"), kit=((Sku("K"), 1),)),
            Item(Sku("A"), substitutes=(Substitute(Sku("B")), Substitute(Sku("A")))),
            Item(Sku("B"), substitutes=(Substitute(Sku("A")),)),
        )
    }

    (settled,) = settle_lines((Line(LineId("1"), Sku("A"), 1, terms=Terms(substitutes=Consent.ALLOW)),), items)

    assert explode(Sku("K"), items) is None
    assert settled.terms is not None
    assert settled.terms.substituted == (("B", 0),)


terms = st.builds(
    Terms,
    ship_to=st.sampled_from(PLACES),
    method=st.sampled_from([None, *Method]),
    pickup_node=st.sampled_from([None, NodeId("store"), NodeId("n0"), NodeId("nowhere")]),
    service=st.sampled_from([None, "", "standard", "special", "teleport"]),
    ship_together=st.sampled_from(["", "", "x", "y"]),
    together_minor=st.sampled_from([None, 0, 100, -5]),
    line_complete=st.booleans(),
    ship_alone=st.booleans(),
    substitutes=st.sampled_from(Consent),
    kit=st.sampled_from([(), (), ((Sku("A"), 2), (Sku("B"), 1)), ((Sku("C"), 10**6),)]),
)
items = st.builds(
    Item,
    sku=st.just(Sku("A")),
    ship_alone=st.booleans(),
    restrictions=st.none()
    | st.builds(
        Restrictions,
        not_to=st.sampled_from([(), ("US",), ("DE",)]),
        methods=st.sampled_from([(), ("pickup",), ("nonsense",)]),
        service_needs=st.sampled_from([(), ("hazardous",)]),
        node_needs=st.sampled_from([(), ("unheard_of",)]),
    ),
)
lines = st.builds(
    DemandLine,
    line_id=st.just(LineId("")),
    sku=st.sampled_from([Sku("A"), Sku("B"), Sku("C")]),
    quantity=st.sampled_from([1, 2, 3, 0, -1, 10**9]),
    weight_grams=st.sampled_from([0, 500, 4000, 10**9, -500]),
    volume_cm3=st.sampled_from([0, 10**9]),
    need_by=st.sampled_from([None, MONDAY - timedelta(days=900), MONDAY + timedelta(days=2)]),
    not_before=st.sampled_from([None, None, MONDAY + timedelta(days=3)]),
    item=st.none() | items,
    unit_price_minor=st.sampled_from([0, 100, 10**12, -100]),
    terms=st.none() | terms,
)


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_any_nonsense_gets_a_plan_in_which_every_unit_is_promised_or_refused_with_a_reason(data: st.DataObject) -> None:
    world = net()
    asked = [
        replace(one, line_id=LineId(str(at)))
        for at, one in enumerate(data.draw(st.lists(lines, min_size=1, max_size=4)))
    ]
    asked = [
        replace(one, instead=(replace(one, sku=Sku("B"), quantity=1, terms=None),))
        if one.terms is not None and not one.terms.kit
        else one
        for one in asked
    ]
    wish = demand(
        *asked,
        destination=data.draw(st.sampled_from(PLACES)),
        method=data.draw(st.sampled_from(Method)),
        pickup_node=data.draw(st.sampled_from([None, NodeId("store"), NodeId("nowhere")])),
        service=data.draw(st.sampled_from(["", "special", "teleport"])),
        ship_complete=data.draw(st.booleans()),
        shipments_max=data.draw(st.sampled_from([None, 0, 1, 2, -3])),
    )
    policy = Policy(
        shipment_value_min_minor=data.draw(st.sampled_from([0, 150])),
        shipment_value_penalty_minor=data.draw(st.sampled_from([None, 50])),
        ship_to_store=data.draw(st.booleans()),
    )
    by_sku = {sku: {name: data.draw(st.integers(0, 3)) for name in ("n0", "n1", "store")} for sku in "ABC"}

    found = plan(wish, supply(world, **by_sku), world, policy, MONDAY)

    assert all(gap.reason for gap in found.uncovered)
    for one in asked:
        kit = dict(one.terms.kit) if one.terms is not None and one.terms.kit else {}
        pegged = [peg for shipment in found.shipments for peg in shipment.pegs if peg.line_id == one.line_id]
        short = sum(gap.quantity for gap in found.uncovered if gap.line_id == one.line_id)
        kits = [sum(peg.quantity for peg in pegged if peg.sku == sku) // each for sku, each in kit.items()]
        own = sum(peg.quantity for peg in pegged if peg.sku not in kit)
        assert (min(kits, default=0) if kit else 0) + own + short == max(0, one.quantity)
    used: dict[tuple[str, str], int] = {}
    for shipment in found.shipments:
        for peg in shipment.pegs:
            key = (str(peg.sku), str(shipment.node))
            used[key] = used.get(key, 0) + peg.quantity
    assert all(units <= by_sku[sku][name] for (sku, name), units in used.items())
