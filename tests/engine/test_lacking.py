"""Why a line is short that some node has: what keeps the nearest of them from sending it."""

from typing import Any

import pytest

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, supply
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId
from troth.model.network import Calendar, NodeType
from troth.model.order import Method
from troth.model.plan import Uncovered
from troth.model.policy import Policy

DELIVERED = {"method": Method.DELIVERY}


def gap_of(facts: dict[str, Any], wish: dict[str, Any], *, there: int = 3) -> Uncovered:
    """The gap of a line of two units of which a node of these facts has three; another node has nothing."""
    net = network(
        node("has", **facts), node("none", degrees=0.2), cards=[flat_card(500), flat_card(900, service="fast")]
    )
    (gap,) = plan(demand(line("a", 2), **wish), supply(net, a={"has": there}), net, Policy(), MONDAY).uncovered
    return gap


def test_what_only_inactive_nodes_have_is_inactive_also_where_no_other_node_reaches_the_customer() -> None:
    net = network(node("off", active=False), node("far", services=frozenset({"fast"})), cards=[flat_card(500)])
    wish = demand(line("a"), line("b"), line("c"))
    stock = supply(net, a={"off": 3}, b={"off": 3, "far": 3})

    gaps = plan(wish, stock, net, Policy(), MONDAY).uncovered

    assert [(gap.sku, gap.reason) for gap in gaps] == [
        ("a", "inactive"),
        ("b", "no_service_to_destination"),
        ("c", "no_service_to_destination"),
    ]
    assert gaps[0].detail == "stock of it lies at off, not active"


@pytest.mark.parametrize(
    ("facts", "wish", "reason", "detail"),
    [
        ({"capacity_per_day": 0}, {}, "no_capacity", "no day of has has room for it"),
        ({"active": False}, {}, "inactive", "stock of it lies at has, not active"),
        ({"degrees": 5.0}, DELIVERED, "out_of_reach", "stock of it lies out of reach, at has"),
        (
            {"type": NodeType.DROP_SHIP, "degrees": 0.1},
            DELIVERED,
            "service_not_offered",
            "stock of it lies at has, without the service that is asked for",
        ),
        (
            {"services": frozenset({"fast"})},
            {"service": "standard"},
            "service_not_offered",
            "stock of it lies at has, without the service that is asked for",
        ),
        (
            {"calendar": Calendar(weekdays=())},
            {},
            "no_service_to_destination",
            "stock of it lies at has, from where it never gets there",
        ),
        (
            {},
            {"excluded_nodes": frozenset({NodeId("has")})},
            "excluded",
            "stock of it lies at has, left out because this order failed there before",
        ),
    ],
)
def test_what_keeps_a_node_with_stock_from_sending_is_the_reason(
    facts: dict[str, Any], wish: dict[str, Any], reason: str, detail: str
) -> None:
    gap = gap_of(facts, wish)
    assert (gap.quantity, gap.reason, gap.detail) == (2, reason, detail)


def test_a_node_that_has_too_little_lacks_stock() -> None:
    gap = gap_of({}, {}, there=1)
    assert (gap.quantity, gap.reason, gap.detail) == (1, "no_stock", "")
