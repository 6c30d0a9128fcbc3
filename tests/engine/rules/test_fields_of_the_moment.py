"""What rules may ask about the time, the load of nodes, lanes, items and money in another currency."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, rows, sent, supply
from troth.engine.promising.case import Case, case_of, kept_trace
from troth.engine.promising.context import Facts
from troth.engine.promising.promise import plan
from troth.engine.promising.record import recall, recall_load
from troth.engine.rules.compiled import try_compile
from troth.engine.rules.expression import compile_expression
from troth.engine.rules.fields import OF_ORDER, ORDER
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import Coded, Kind
from troth.model.capacity import Slot
from troth.model.cost_rates import CostRates, PaymentFee
from troth.model.ids import NodeId, Sku
from troth.model.item import Item, Restrictions
from troth.model.network import Address
from troth.model.plan import Demand
from troth.model.policy import Policy
from troth.model.routing import Routing, Rule, Tier

EAST = node("EAST", degrees=1.0, time_zone="America/New_York", capacity_per_day=10)
WEST = node("WEST", degrees=9.0, time_zone="Australia/Sydney")
CARDS = (
    flat_card(500),
    flat_card(1200, service="express", zone_miles=(200.0, 25_000.0), rates_minor=((900,), (2400,)),
              over_minor=(0, 0), transit_days=(1, 2)),
)  # fmt: skip
NET = network(EAST, WEST, cards=CARDS)
BOX = Item(
    Sku("A"), cost_minor=700, price_minor=1500, dimensions_mm=(300, 200, 100), serialized=True,
    restrictions=Restrictions(not_to=("US-CA",), node_needs=("hazardous",)),
)  # fmt: skip
WISH = demand(
    line("A", 2, item=BOX, unit_price_minor=1500), external_id="W-1", customer_email="Ann@Example.COM",
    customer_name="Ann", shipments_max=3, ordered_at=MONDAY - timedelta(hours=30), currency="USD",
)  # fmt: skip
PLAIN = replace(WISH, lines=(line("A", 2, unit_price_minor=1500),))


def says(text: str, wish: Demand = WISH, **facts: object) -> object:
    """What an expression comes to, by node where it differs; None where it is not known."""
    given = {"currency": "USD", "now": MONDAY, **facts}
    stock = {Sku("A"): rows(NET, ("EAST", 2), ("WEST", 4, MONDAY + timedelta(days=2)))}
    code = compile_expression(text, kinds=tuple(Kind))
    value = code.run(Ground(wish, stock, NET, **given))  # type: ignore[arg-type]
    data = value.data
    if isinstance(data, Coded):
        return [data.words[at] for at in data.codes.ravel().tolist()]
    if value.known is False:
        return None
    return data.ravel().tolist() if hasattr(data, "ravel") else data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.now == timestamp('2026-11-23T10:00:00Z')", True),
        ("order.now - order.ordered_at == duration('30h')", True),
        ("order.now - duration('1h30m') < timestamp('2026-11-23T08:31:00Z')", True),
        ("order.now.getHours()", 10),
        ("order.now.getHours('America/New_York')", 5),
        ("order.now.getHours(node.time_zone)", [5, 21]),
        ("order.now.getDayOfWeek()", 1),
        ("order.now.getMonth()", 10),
        ("order.now.getFullYear()", 2026),
        ("node.local_hour", [5, 21]),
        ("node.local_minute", [300, 1260]),
        ("node.weekday", ["monday", "monday"]),
        ("node.cut_off", [840, 840]),
        ("node.opens", [0, 0]),
        ("node.closes", [1439, 1439]),
        ("order.external_id", "W-1"),
        ("order.shipments_max", 3),
        ("customer.email.lowerAscii()", "ann@example.com"),
        ("customer.name.upperAscii()", "ANN"),
        ("node.id.lowerAscii()", ["east", "west"]),
        ("string(order.units) + 'x'", "2x"),
        ("string(node.pickup)", ["false", "false"]),
        ("string(item.length_mm)", ["300"]),
        ("item.width_mm * item.height_mm", [20_000]),
        ("item.serialized && !item.kit", [True]),
        ("'hazardous' in item.needs", [True]),
        ("'US-NY' in item.not_to", [False]),
        ("order.lines.exists(each, 'hazardous' in each.needs)", True),
        ("lane.cost", [5.0, 5.0]),
        ("'express' in lane.services", [True, True]),
        ("'test' in lane.carriers", [True, True]),
        ("stock.incoming", [0, 4]),
        ("order.value", 30.0),
        ("timestamp(order.external_id)", None),
        ("order.now.getHours(order.external_id)", None),
    ],
)
def test_a_field_or_a_function_says_what_is_known(text: str, expected: object) -> None:
    found = says(text)

    assert found == expected


def test_the_cheapest_card_is_what_a_lane_costs() -> None:
    net_cost = says("lane.cost", replace(WISH, service="express"))

    assert net_cost == [9.0, 24.0]


def test_prices_in_another_currency_are_missing_and_named_by_their_own() -> None:
    abroad = replace(WISH, currency="EUR")

    assert says("order.currency == 'EUR'", abroad) is True
    assert says("has(order.value)", abroad) is False
    assert says("order.value > 1.0", abroad) is None
    assert says("has(line.price) || has(line.value)", abroad) == [False]
    assert says("has(item.cost)", abroad) is True
    foreign = replace(WISH, lines=(replace(WISH.lines[0], item=replace(BOX, currency="EUR")),))
    assert says("has(item.cost) || has(item.price)", foreign) == [False]


def test_no_cost_weighs_a_price_in_another_currency_and_the_trace_says_so() -> None:
    policy = Policy(cost_rates=CostRates(payment_fees={"": PaymentFee(basis_points=1000)}))
    stock = supply(NET, A={"EAST": 2})

    home = plan(PLAIN, stock, NET, policy, MONDAY)
    abroad = plan(replace(PLAIN, currency="EUR"), stock, NET, policy, MONDAY)

    assert home.shipments[0].cost["payment"] == 300
    assert abroad.shipments[0].cost["payment"] == 0
    assert home.trace.notes == ()
    assert abroad.trace.notes == ("costs are in USD: no rule and no cost looks at the order's prices in EUR",)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("order.now > 5", "timestamp > int means nothing"),
        ("order.now + order.now == order.now", "timestamp + timestamp means nothing"),
        ("order.now.getHours('Mars') == 1", "there is no time zone Mars"),
        ("string(order.value) == ''", "string wants string or int or bool here, and this is double"),
        ("duration(order.units) == duration('1s')", "duration wants string or duration here, and this is int"),
        ("order.units.getHours() == 1", ".getHours wants timestamp here, and this is int"),
    ],
)
def test_what_does_not_fit_a_time_is_refused(text: str, detail: str) -> None:
    flaw = try_compile(text).flaw

    assert flaw is not None
    assert flaw.detail == detail


@pytest.mark.parametrize("text", ["order.now > timestamp('2026-01-01T00:00:00Z')", "customer.email == ''"])
def test_what_only_one_order_knows_may_be_asked_by_routings_and_not_by_what_shows_availability(text: str) -> None:
    assert try_compile(text, reads=OF_ORDER).flaw is None
    assert try_compile(text, reads=ORDER).flaw is not None


def test_a_rule_about_the_time_is_evaluated_each_time() -> None:
    routing = Routing(tiers=(Tier("open", filters=(Rule("by day", "node.local_hour >= 8"),)), Tier("any")))
    stock = supply(NET, A={"EAST": 2})

    def tier(now: datetime) -> str:
        return plan(PLAIN, stock, NET, Policy(routing=routing), now).trace.tier

    assert [tier(datetime(2026, 11, 23, hour, tzinfo=UTC)) for hour in (10, 14, 10)] == ["any", "open", "any"]


def test_what_nodes_have_promised_today_is_seen_and_recorded() -> None:
    net = network(EAST, replace(EAST, node=NodeId("OTHER"), latitude=38.0), cards=[flat_card(500)])
    today = MONDAY.date()
    net.load.move(((Slot(NodeId("EAST"), today), 7),))
    spare = Rule("spare", "node.capacity_left >= 5 && node.load < 0.5")
    facts = Facts(MONDAY, "", net, {}, Policy(routing=Routing(eligibility=(spare,))))
    wish = demand(line("A"))

    case = case_of(wish, supply(net, A={"EAST": 1, "OTHER": 1}), facts)
    found = case.plan()

    assert sent(found) == {"OTHER": {"A": 1}}
    recording = kept_trace(case, found.trace, "x").recording
    assert recording is not None
    assert recording.loads == {"EAST": 0.7}
    again = Case(
        wish, recall(recording, net), recall_load(recording, net), facts.policy, MONDAY, loads=recording.loads
    ).plan()
    assert again.shipments == found.shipments


def test_a_way_abroad_has_the_services_that_reach_it() -> None:
    assert says("lane.same_country", replace(WISH, destination=replace(HERE, country="CA"))) == [False, False]
    assert says("size(lane.services)", replace(WISH, destination=Address("US", latitude=40.0, longitude=-90.0))) == [
        2,
        2,
    ]
