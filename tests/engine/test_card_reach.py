"""Where services go, and what they take: as their cards say, and as lane tables do."""

from dataclasses import replace
from datetime import datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, node, reasons, supply
from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.carriage.unserved import find_unserved
from troth.engine.promising.promise import plan
from troth.engine.promising.record import digest_network
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.lanes import NO_LANES, Lane, LaneTable
from troth.model.network import Address, Carriage, Node, NodeType, RateCard
from troth.model.order import Method
from troth.model.plan import DemandLine, Plan
from troth.model.policy import Policy

HONOLULU = Address("US", city="Honolulu", region="HI", region_code="HI", latitude=21.3, longitude=-157.86)
TOKYO = Address("JP", city="Tokyo", latitude=35.68, longitude=139.65)
POLE = Address("AQ")
NEAR: dict[str, Any] = {"degrees": 0.1, "type": NodeType.STORE}


def van(minor: int, **facts: Any) -> RateCard:
    return flat_card(minor, service="van", transit=0, method=Carriage.DELIVERY, weekdays=tuple(range(7)), **facts)


def world(*cards: RateCard, lanes: LaneTable = NO_LANES, **facts: Any) -> Network:
    return compile_network((node("N", **facts),), cards or DEFAULT_CARDS, lanes)


def ask(net: Network, to: Address = HERE, method: Method = Method.SHIP, service: str = "", **facts: Any) -> Plan:
    wish = demand(line("A", **facts), destination=to, method=method, service=service)
    return plan(wish, supply(net, A={"N": 5}), net, Policy(), MONDAY)


def services(found: Plan) -> list[str]:
    return [shipment.service for shipment in found.shipments]


def test_a_card_of_local_delivery_is_no_service_of_parcels_and_takes_the_place_of_the_built_in_one() -> None:
    net = world(flat_card(500), van(700, max_miles=10.0), **NEAR)

    assert [card.service for card in net.ship.cards] == ["standard"]
    assert services(ask(net)) == ["standard"]
    (shipment,) = ask(net, method=Method.DELIVERY).shipments
    assert (shipment.service, shipment.cost["shipping"]) == ("van", 700)


def test_local_delivery_goes_as_many_miles_as_its_card_says() -> None:
    net = world(van(700, max_miles=10.0), degrees=0.2, type=NodeType.STORE)  # 13.8 miles
    wide = world(van(700, max_miles=14.0), degrees=0.2, type=NodeType.STORE)

    found = ask(net, method=Method.DELIVERY)

    assert reasons(found) == {"A": (1, "no_service_to_destination")}
    assert found.uncovered[0].detail == "van goes 10 miles at most"
    assert services(ask(wide, method=Method.DELIVERY)) == ["van"]


def test_there_may_be_several_services_of_local_delivery() -> None:
    courier = replace(van(1900, max_miles=5.0), service="courier")
    net = world(van(700, max_miles=10.0), courier, **NEAR)  # 6.9 miles

    assert services(ask(net, method=Method.DELIVERY)) == ["van"]
    refused = ask(net, method=Method.DELIVERY, service="courier")
    assert (reasons(refused), refused.uncovered[0].detail) == (
        {"A": (1, "no_service_to_destination")},
        "courier goes 5 miles at most",
    )


def test_the_built_in_local_delivery_goes_twenty_five_miles() -> None:
    near, far = world(degrees=24.9 / 69.09), world(degrees=25.1 / 69.09)

    assert services(ask(near, method=Method.DELIVERY)) == ["delivery"]
    assert reasons(ask(far, method=Method.DELIVERY)) == {"A": (1, "no_service_to_destination")}


@pytest.mark.parametrize(
    ("to", "goes", "why"),
    [
        (HERE, ["standard", "express", "next_day"], []),
        (HONOLULU, ["standard", "express"], ["does not go to US-HI"]),
        (replace(HONOLULU, region="Hawaii"), ["standard", "express"], ["does not go to US-HI"]),
        (Address("PR", latitude=18.4, longitude=-66.1), ["standard", "express"], ["does not go to US-PR"]),
        (TOKYO, ["standard", "express"], ["crosses no border"]),
        (POLE, [], ["does not go to AQ"] * 3),
    ],
)
def test_the_built_in_services_go_where_carriers_go(to: Address, goes: list[str], why: list[str]) -> None:
    net = world()

    assert [card.service for card in net.ship.cards if ask(net, to, service=card.service).shipments] == goes
    assert [one.why for one in find_unserved(net, to) if one.method is Method.SHIP] == why


def test_what_no_service_reaches_is_refused_and_each_says_why() -> None:
    found = ask(world(), POLE)

    assert reasons(found) == {"A": (1, "no_service_to_destination")}
    assert found.uncovered[0].detail == (
        "standard does not go to AQ; express does not go to AQ; next_day does not go to AQ"
    )


def test_a_plan_says_which_services_do_not_go_there() -> None:
    assert ask(world(), HONOLULU).trace.notes == ("next_day does not go to US-HI",)
    assert ask(world(), HERE).trace.notes == ()


@pytest.mark.parametrize(
    ("reach", "to", "is_served"),
    [
        ({"countries": ("US",)}, HERE, True),
        ({"countries": ("US",)}, TOKYO, False),
        ({"regions": ("US-HI", "US-AK")}, HONOLULU, True),
        ({"regions": ("US-HI", "US-AK")}, replace(HERE, region="IL"), False),
        ({"not_regions": ("US-HI",)}, HONOLULU, False),
        ({"not_regions": ("JP",)}, TOKYO, False),
        ({"is_domestic": True}, TOKYO, False),
        ({"max_miles": 500.0}, HERE, True),
        ({"max_miles": 500.0}, replace(HERE, latitude=None, longitude=None), False),
        ({"max_miles": 500.0}, HONOLULU, False),
    ],
)
def test_a_card_goes_where_it_says(reach: dict[str, Any], to: Address, is_served: bool) -> None:
    assert bool(ask(world(flat_card(500, **reach)), to).shipments) is is_served


def test_a_lane_that_is_not_served_is_none_unless_a_more_specific_row_says_that_it_is() -> None:
    rows = (
        Lane(service="standard", country="US", region="HI", served=False),
        Lane(service="standard", country="US", region="HI", postcode_prefix="967", served=True),
    )
    net = world(flat_card(500), lanes=LaneTable(rows))

    refused = ask(net, replace(HONOLULU, postcode="96801"))
    assert (reasons(refused), refused.uncovered[0].detail) == (
        {"A": (1, "no_service_to_destination")},
        "standard is not served there, as a lane table says",
    )
    assert services(ask(net, replace(HONOLULU, postcode="96701"))) == ["standard"]
    assert services(ask(net, HERE)) == ["standard"]


def large(dimensions_mm: tuple[int, int, int]) -> dict[str, Any]:
    return {"item": Item(Sku("A"), dimensions_mm=dimensions_mm)}


def test_what_is_too_large_for_a_parcel_goes_by_a_service_that_takes_it() -> None:
    parcel = flat_card(500, length_mm_max=2743, girth_mm_max=4191)
    net = world(parcel, flat_card(9900, service="freight"))

    assert services(ask(net, **large((2743, 300, 400)))) == ["standard"]
    assert services(ask(net, **large((300, 2744, 400)))) == ["freight"]
    assert services(ask(net, **large((1500, 700, 700)))) == ["freight"]  # 4,300 mm with its girth


def test_what_nobody_can_carry_is_refused_as_too_large_or_too_heavy() -> None:
    found = ask(world(), **large((300, 2744, 400)))

    assert reasons(found) == {"A": (1, "too_large")}
    assert found.uncovered[0].detail == "a unit is 2,744 mm long, 4,144 mm with its girth"
    assert reasons(ask(world(), weight_grams=400_000)) == {"A": (1, "too_heavy")}


def test_what_is_delivered_on_the_day_comes_no_sooner_than_it_is_done() -> None:
    net = world(type=NodeType.STORE, degrees=0.1, processing_hours=6.0)

    (shipment,) = ask(net, method=Method.DELIVERY).shipments

    assert shipment.promised_from == datetime.fromisoformat("2026-11-23T16:00Z")
    assert shipment.promised_at == datetime.fromisoformat("2026-11-23T20:00Z")


@pytest.mark.parametrize(
    ("hours", "opens", "closes"),
    [
        (1.0, "2026-11-23T18:00Z", "2026-11-23T21:30Z"),  # done at 11:00, before the window opens
        (10.0, "2026-11-23T20:00Z", "2026-11-23T21:30Z"),
        (11.5, "2026-11-24T18:00Z", "2026-11-24T21:30Z"),  # done as the window closes
    ],
)
def test_a_card_says_the_hours_of_its_window(hours: float, opens: str, closes: str) -> None:
    card = van(700, max_miles=10.0, window_opens=time(18), window_closes=time(21, 30))

    (shipment,) = ask(world(card, processing_hours=hours, **NEAR), method=Method.DELIVERY).shipments

    window = (shipment.promised_from, shipment.promised_at)
    assert window == (datetime.fromisoformat(opens), datetime.fromisoformat(closes))


def test_a_shipment_names_the_carrier_of_its_card() -> None:
    cheap, dear = replace(flat_card(500), carrier="Snail"), replace(flat_card(900, transit=1), carrier="Hare")
    net = world(cheap, dear)

    assert [one.carrier for one in ask(net).shipments] == ["Snail"]
    assert [one.carrier for one in ask(world(dear)).shipments] == ["Hare"]
    pickup = demand(line("A"), method=Method.PICKUP, pickup_node=NodeId("N"))
    store = world(pickup=True)
    assert [one.carrier for one in plan(pickup, supply(store, A={"N": 1}), store, Policy(), MONDAY).shipments] == [""]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(300, 900), st.sampled_from(["any", "US", "JP", "not HI", "near", "domestic"])),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([HERE, HONOLULU, TOKYO]),
    st.lists(st.floats(0.1, 20.0), min_size=1, max_size=4),
)
def test_a_limited_reach_is_as_good_as_cards_that_are_not_there(
    cards: list[tuple[int, str]], to: Address, degrees: list[float]
) -> None:
    """The plan is that of a network without the cards that do not go there; property of masks, whatever the solver."""
    reaches: dict[str, dict[str, Any]] = {
        "any": {}, "US": {"countries": ("US",)}, "JP": {"countries": ("JP",)}, "not HI": {"not_regions": ("US-HI",)},
        "near": {"max_miles": 0.01}, "domestic": {"is_domestic": True},
    }  # fmt: skip
    goes = {
        "any": True, "US": to is not TOKYO, "JP": to is TOKYO, "not HI": to is not HONOLULU, "near": False,
        "domestic": to is not TOKYO,
    }  # fmt: skip
    nodes = [node(f"n{at}", degrees=far) for at, far in enumerate(degrees)]
    every = [flat_card(minor, service=f"s{at}", **reaches[reach]) for at, (minor, reach) in enumerate(cards)]
    plain = [flat_card(minor, service=f"s{at}") for at, (minor, reach) in enumerate(cards) if goes[reach]]
    limited, without = compile_network(nodes, every), compile_network(nodes, plain)
    lines: list[DemandLine] = [line("A"), line("B", 2)]

    def best(net: Network) -> Plan:
        stock = supply(net, A=dict.fromkeys((one.node for one in nodes), 1), B={nodes[-1].node: 2})
        return plan(demand(*lines, destination=to), stock, net, Policy(), MONDAY)

    found, expected = best(limited), best(without)
    assert (found.cost_minor, found.shipments) == (expected.cost_minor, expected.shipments)
    assert len(found.uncovered) == len(expected.uncovered)


def test_decisions_that_were_recorded_before_cards_had_a_reach_find_their_network_again() -> None:
    from troth.engine.carriage.rate_cards import FIRST_CARDS, FIRST_DELIVERY

    address = Address("US", city="Allentown", region="Pennsylvania")
    place = Node(NodeId("DC-PA"), NodeType.DC, "Allentown", 40.6, -75.5, "America/New_York", address)
    table = LaneTable((Lane(service="standard", country="US", region="HI", zone=6),))

    first = compile_network((place,), (*FIRST_CARDS, FIRST_DELIVERY))
    assert digest_network(first) == "7b1a5cd77f4ae967665774db"  # as it was kept then
    with_lanes = compile_network((place,), (*FIRST_CARDS, FIRST_DELIVERY), table)
    assert digest_network(with_lanes) == "369466835ad756a285b0665f"


def test_a_service_whose_only_node_is_abroad_crosses_no_border() -> None:
    abroad = replace(node("ca"), address=Address("CA"), services=("overnight",))
    here = replace(node("us"), services=("standard",))
    cards = (flat_card(500), flat_card(900, service="overnight", is_domestic=True))
    net = compile_network((abroad, here), cards)

    unserved = find_unserved(net, HERE)[0]

    assert (unserved.service, unserved.why) == ("overnight", "crosses no border")


def test_a_place_that_is_not_known_is_why_a_service_of_few_miles_does_not_go_there() -> None:
    net = world(van(700, max_miles=10.0), **NEAR)

    found = ask(net, replace(HERE, latitude=None, longitude=None), method=Method.DELIVERY)

    assert found.uncovered[0].detail == "van goes 10 miles at most, and where the address lies is not known"


def test_stock_behind_a_lane_that_is_not_served_is_not_said_to_be_out_of_reach() -> None:
    net = compile_network(
        (node("N"), node("O")), (flat_card(500),), LaneTable((Lane(node=NodeId("N"), country="US", served=False),))
    )

    found = ask(net)

    assert (reasons(found), found.uncovered[0].detail) == (
        {"A": (1, "lane_not_served")},
        "stock of it lies at N, and a lane table says that the way from there is not served",
    )
    assert found.trace.removed == {"lane_not_served": 1, "no_stock": 1}
