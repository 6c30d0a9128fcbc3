"""A region is one place, however it is spelled."""

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, node, reasons, supply
from troth.engine.carriage.network import compile_network
from troth.engine.promising.promise import plan
from troth.flows.places.places import locate
from troth.model.ids import Sku
from troth.model.item import Item, Restrictions
from troth.model.lanes import NO_LANES, Lane, LaneTable
from troth.model.network import Address, RateCard, Surcharge
from troth.model.plan import Plan
from troth.model.policy import Policy

NEW_YORK = Address("US", city="New York", region="New York", postcode="10118")


def ask(to: Address, *, lanes: LaneTable = NO_LANES, card: RateCard | None = None, **facts: Any) -> Plan:
    net = compile_network((node("N"),), (flat_card(500) if card is None else card,), lanes)
    return plan(demand(line("A", **facts), destination=to), supply(net, A={"N": 5}), net, Policy(), MONDAY)


@pytest.mark.parametrize(
    "sent",
    [
        NEW_YORK,
        replace(NEW_YORK, region="NY"),
        replace(NEW_YORK, region="ny"),
        replace(NEW_YORK, region="US-NY"),
        replace(NEW_YORK, region=""),
        replace(NEW_YORK, region="N/A"),
        replace(NEW_YORK, postcode=""),
    ],
)
def test_no_spelling_of_a_region_goes_around_a_restriction(sent: Address) -> None:
    found = ask(locate(sent), item=Item(Sku("A"), restrictions=Restrictions(not_to=("US-NY",))))

    assert reasons(found) == {"A": (1, "restricted")}


def test_what_was_sent_stays_and_what_it_stands_for_is_kept_beside_it() -> None:
    assert [(found.region, found.region_code) for found in map(locate, (NEW_YORK, replace(NEW_YORK, region="")))] == [
        ("New York", "NY"),
        ("", "NY"),
    ]
    assert locate(Address("CA", region="Québec", city="Montreal")).region_code == "QC"
    assert locate(Address("FR", region="Bretagne", city="Brest")).region_code == "BRETAGNE"


def test_a_lane_and_a_surcharge_of_a_region_hold_for_its_name() -> None:
    rows = LaneTable((Lane(country="US", region="NY", transit_days=5),))
    card = flat_card(500, surcharges=(Surcharge("city", 300, regions=("NY",)),))

    slow, dear = ask(locate(NEW_YORK), lanes=rows), ask(locate(NEW_YORK), card=card)

    assert str(slow.shipments[0].promised_at) == "2026-12-01 01:00:00+00:00"  # Monday, 20:00 in New York
    assert dear.shipments[0].cost["surcharges"] == 300


def test_an_address_that_was_kept_before_regions_had_codes_is_compared_as_it_was() -> None:
    kept = replace(HERE, region="New York")

    assert ask(kept, item=Item(Sku("A"), restrictions=Restrictions(not_to=("US-NY",)))).uncovered == ()
    assert reasons(ask(kept, item=Item(Sku("A"), restrictions=Restrictions(not_to=("US-NEW YORK",))))) == {
        "A": (1, "restricted")
    }
