"""Every kind of supply is a row of one table: transfers under way, purchase orders, vendors' feeds, third parties."""

from dataclasses import replace
from datetime import time, timedelta

import numpy as np

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, rows, sent
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, Source
from troth.model.network import Calendar, NodeType
from troth.model.plan import Plan
from troth.model.policy import Policy

EASY = Policy(split_minor=0, delay_minor_per_day=0)
IN_TRANSIT = Source("transfer/T-1/1")
PURCHASE = Source("po/4500017/1")


def sources(found: Plan) -> dict[str, int]:
    return {str(peg.source): peg.quantity for one in found.shipments for peg in one.pegs}


def test_a_line_is_promised_for_the_first_date_by_which_all_of_it_is_there() -> None:
    world = network(node("dc"), cards=[flat_card(500)])
    stock = {
        Sku("A"): SupplyRows(
            np.zeros(3, dtype=np.int32),
            np.array([1, 2, 9], dtype=np.int64),
            np.array([0.0, (MONDAY + timedelta(days=2)).timestamp(), (MONDAY + timedelta(days=30)).timestamp()]),
            (ON_HAND, IN_TRANSIT, PURCHASE),
        )
    }

    few = plan(demand(line("A", 3)), stock, world, EASY, MONDAY)
    many = plan(demand(line("A", 5)), stock, world, EASY, MONDAY)

    assert sources(few) == {ON_HAND: 1, IN_TRANSIT: 2}
    # What comes last is taken first, so that what is there sooner stays for those who need it sooner.
    assert sources(many) == {PURCHASE: 5}
    assert few.shipments[-1].ship_by < many.shipments[-1].ship_by


def test_a_vendor_that_ships_itself_begins_when_its_feed_came_and_it_has_accepted() -> None:
    plain = node("vendor", type=NodeType.DROP_SHIP, calendar=Calendar(opens=time(8), closes=time(18)))
    slow = replace(plain, feed_minutes=120, acceptance_minutes=24 * 60, processing_hours=10.0)

    at_once, later = (
        plan(demand(line("A")), {Sku("A"): rows(world, ("vendor", 1))}, world, EASY, MONDAY)
        for world in (network(plain, cards=[flat_card(500)]), network(slow, cards=[flat_card(500)]))
    )

    # Two hours for the feed, three days of ten hours to accept with the rest of today, one day to process.
    assert at_once.shipments[0].ship_by.date() == MONDAY.date()
    assert later.shipments[0].ship_by.date() > (MONDAY + timedelta(days=2)).date()


def test_third_parties_and_vendors_are_nodes_like_any_other_and_the_cheapest_sends() -> None:
    world = network(
        node("3pl", degrees=1.0, type=NodeType.THIRD_PARTY, handling_minor=30),
        node("vendor", degrees=2.0, type=NodeType.DROP_SHIP, handling_minor=10),
        cards=[flat_card(500)],
    )

    found = plan(demand(line("A")), {Sku("A"): rows(world, ("3pl", 5), ("vendor", 5))}, world, EASY, MONDAY)

    assert sent(found) == {"vendor": {"A": 1}}


def test_what_is_overdue_counts_as_much_later_again_as_it_is_late_and_no_sooner_than_a_day_from_now() -> None:
    world = network(node("dc"), cards=[flat_card(500)])
    for late, later in ((timedelta(days=3), 3), (timedelta(hours=2), 1)):
        supply = {Sku("A"): rows(world, ("dc", 1, MONDAY - late))}

        found = plan(demand(line("A")), supply, world, EASY, MONDAY)

        assert found.shipments[0].ship_by.date() == (MONDAY + timedelta(days=later)).date()
        assert found.shipments[0].node == NodeId("dc")
