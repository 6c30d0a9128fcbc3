"""Pickups of what the store does not have: sent there first, promised for when it is there and ready."""

import math
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.engine import slow_dates
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, sent, supply
from troth.engine.carriage.network import Network
from troth.engine.promising.promise import plan
from troth.model.cost_rates import CostRates
from troth.model.ids import NodeId, Sku
from troth.model.item import Item, Restrictions
from troth.model.network import Calendar, Node, NodeType, RateCard
from troth.model.order import Method, Terms
from troth.model.policy import Policy

SENDING = Policy(split_minor=0, delay_minor_per_day=0, ship_to_store=True, pickup_ready_hours=2.0)
AT_STORE = {"method": Method.PICKUP, "pickup_node": NodeId("store")}


def net(**store: object) -> Network:
    return network(
        node("dc", degrees=1.0),
        node("store", degrees=2.0, type=NodeType.STORE, pickup=True, **store),
        cards=[flat_card(500, transit=2)],
    )


def test_what_the_store_lacks_is_sent_there_and_promised_for_after_it_is_there() -> None:
    world = net(calendar=Calendar(opens=time(9), closes=time(18)))

    found = plan(demand(line("A"), **AT_STORE), supply(world, A={"dc": 1}), world, SENDING, MONDAY)

    (shipment,) = found.shipments
    assert (shipment.node, shipment.via, shipment.method) == ("dc", "store", Method.PICKUP)
    assert shipment.service == "standard"
    assert shipment.cost["shipping"] == 500
    # It arrives on Wednesday until 20:00, is worked on from Thursday 9:00, and ready two hours later.
    assert shipment.promised_at == MONDAY.replace(hour=11) + timedelta(days=3)


def test_what_is_sent_to_the_store_comes_back_as_what_is_handed_over_there() -> None:
    world = net()
    rates = CostRates(return_basis_points={"": 2000}, return_minor={"ship": 650, "pickup": 100, "curbside": 250})
    policy = replace(SENDING, cost_rates=rates)
    found = {
        method: plan(
            demand(line("A"), **AT_STORE | {"method": method}), supply(world, A={"dc": 1}), world, policy, MONDAY
        ).shipments[0]
        for method in (Method.PICKUP, Method.CURBSIDE)
    }

    assert {method: shipment.method for method, shipment in found.items()} == {one: one for one in found}
    assert [shipment.cost["returns"] for shipment in found.values()] == [20, 50]


def test_without_the_policy_a_pickup_is_only_of_what_the_node_has() -> None:
    world = net()

    found = plan(demand(line("A"), **AT_STORE), supply(world, A={"dc": 1}), world, Policy(), MONDAY)

    assert reasons(found) == {"A": (1, "no_stock")}


def test_what_the_store_has_is_not_sent_for() -> None:
    world = net()

    found = plan(demand(line("A", 3), **AT_STORE), supply(world, A={"dc": 9, "store": 2}), world, SENDING, MONDAY)

    assert sent(found) == {"store": {"A": 2}, "dc": {"A": 1}}
    assert [shipment.via for shipment in found.shipments] == [None, "store"]
    assert found.shipments[0].promised_at < found.shipments[1].promised_at


def test_a_complete_pickup_is_ready_at_once_or_refused() -> None:
    world = net()
    ask = demand(line("A"), line("B"), ship_complete=True, **AT_STORE)

    found = plan(ask, supply(world, A={"store": 1}, B={"dc": 1}), world, SENDING, MONDAY)
    short = plan(ask, supply(world, A={"store": 1}), world, SENDING, MONDAY)

    assert len({shipment.promised_at for shipment in found.shipments}) == 1
    assert len(found.shipments) == 2
    assert short.shipments == ()


def test_an_item_that_may_only_be_picked_up_may_be_sent_to_the_store() -> None:
    world = net()
    wine = Item(Sku("A"), restrictions=Restrictions(methods=("pickup",)))

    found = plan(demand(line("A", item=wine), **AT_STORE), supply(world, A={"dc": 1}), world, SENDING, MONDAY)

    assert sent(found) == {"dc": {"A": 1}}


def test_nothing_is_sent_to_a_node_that_hands_nothing_over() -> None:
    world = network(node("dc", degrees=1.0), node("store", degrees=2.0), cards=[flat_card(500)])

    found = plan(demand(line("A"), **AT_STORE), supply(world, A={"dc": 1}), world, SENDING, MONDAY)

    assert reasons(found) == {"A": (1, "no_pickup_there")}


def test_both_nodes_handle_what_is_sent_and_one_more_parcel_of_the_order_is_a_split() -> None:
    world = network(
        node("dc", degrees=1.0, handling_minor=30, shipment_minor=7),
        node("store", degrees=2.0, type=NodeType.STORE, pickup=True, handling_minor=11),
        cards=[flat_card(500, transit=2)],
    )
    policy = Policy(split_minor=100, delay_minor_per_day=0, ship_to_store=True)
    stock = supply(world, A={"dc": 9, "store": 2}, B={"dc": 9})

    own, sent_there = plan(demand(line("A", 5), **AT_STORE), stock, world, policy, MONDAY).shipments
    (alone,) = plan(demand(line("B", 3), **AT_STORE), stock, world, policy, MONDAY).shipments

    assert (own.cost["handling"], own.cost["split"], own.via) == (2 * 11, 0, None)
    assert (sent_there.cost["handling"], sent_there.cost["split"]) == (3 * (30 + 11), 100)
    assert (alone.cost["handling"], alone.cost["packaging"], alone.cost["split"]) == (3 * (30 + 11), 7, 0)


def test_a_last_date_is_kept_by_when_it_is_ready_and_not_by_when_it_comes_in() -> None:
    world = net(calendar=Calendar(opens=time(9), closes=time(18)))
    stock = supply(world, A={"dc": 1})

    def asked(last: timedelta) -> list[datetime]:
        terms = Terms(cancel_after=MONDAY.replace(hour=0) + last)
        found = plan(demand(line("A", terms=terms), **AT_STORE), stock, world, SENDING, MONDAY)
        return [shipment.promised_at for shipment in found.shipments]

    # It comes in on Wednesday until 20:00 and is ready on Thursday at 11:00.
    assert asked(timedelta(days=2, hours=23)) == []
    assert asked(timedelta(days=3, hours=11)) == [MONDAY.replace(hour=11) + timedelta(days=3)]


HOURS = st.builds(
    lambda weekdays, opens, hours: Calendar(tuple(sorted(weekdays)), time(opens), time(opens + hours)),
    st.sets(st.integers(0, 6), min_size=2),
    st.integers(6, 11),
    st.integers(4, 12),
)
ZONES = st.sampled_from(["UTC", "America/New_York", "America/Los_Angeles"])
SENDERS = st.lists(
    st.builds(
        lambda calendar, zone, work, handling, packing, degrees: {
            "calendar": calendar,
            "time_zone": zone,
            "processing_hours": work,
            "handling_minor": handling,
            "shipment_minor": packing,
            "degrees": degrees,
        },
        HOURS,
        ZONES,
        st.sampled_from([0.0, 1.5, 6.0]),
        st.integers(0, 90),
        st.integers(0, 90),
        st.floats(0.5, 20.0),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    senders=SENDERS,
    hours=HOURS,
    zone=ZONES,
    work=st.sampled_from([0.0, 3.0, 9.0]),
    rates=st.tuples(st.integers(300, 900), st.integers(300, 900)),
    delay=st.integers(0, 120),
    late=st.integers(0, 400),
    need_in=st.integers(20, 200),
    ordered_in=st.integers(0, 24 * 60 * 7),
    units=st.integers(1, 3),
)
def test_the_cheapest_way_to_the_store_is_that_of_trying_every_node_and_service(
    senders: list[dict[str, object]],
    hours: Calendar,
    zone: str,
    work: float,
    rates: tuple[int, int],
    delay: int,
    late: int,
    need_in: int,
    ordered_in: int,
    units: int,
) -> None:
    # Around the end of daylight-saving time, so that a day of 25 hours is among them.
    now = datetime(2026, 10, 28, tzinfo=UTC) + timedelta(minutes=ordered_in)
    need_by = now + timedelta(hours=need_in)
    cards = [flat_card(rates[0], transit=3), flat_card(rates[1], service="express", transit=1)]
    store = node("store", degrees=9.0, type=NodeType.STORE, pickup=True, calendar=hours, time_zone=zone,
                 processing_hours=work, handling_minor=17)  # fmt: skip
    nodes = [node(f"s{number}", **facts) for number, facts in enumerate(senders)]  # type: ignore[arg-type]
    world = network(*nodes, store, cards=cards)
    policy = Policy(
        split_minor=50,
        delay_minor_per_day=delay,
        late_minor_per_day=late,
        ship_to_store=True,
        pickup_ready_hours=2.0,
    )
    stock = supply(world, A={str(one.node): 9 for one in nodes})

    found = plan(demand(line("A", units, need_by=need_by), **AT_STORE), stock, world, policy, now)

    ways = {
        (one.node, card.service): at
        for one, card in product((*nodes, store), cards)
        if (at := ready_at_store(one, card, store, now, policy)) is not None
    }
    first_day = min((local_day(at, zone) for at in ways.values()), default=0)

    def cost(one: Node, card: RateCard) -> int:
        at = ways[one.node, card.service]
        days_late = max(0, math.ceil((at - need_by) / timedelta(days=1)))
        return (
            card.rates_minor[0][0]
            + units * (one.handling_minor + store.handling_minor)
            + one.shipment_minor
            + (local_day(at, zone) - first_day) * delay
            + days_late * late
        )

    costs = [cost(one, card) for one, card in product(nodes, cards) if (one.node, card.service) in ways]
    if not costs:  # nobody works on a day on which the carrier comes
        assert found.shipments == ()
        return
    best = min(costs)
    (shipment,) = found.shipments
    assert found.cost_minor == best
    assert shipment.promised_at == ways[shipment.node, shipment.service]


def ready_at_store(sender: Node, card: RateCard, store: Node, now: datetime, policy: Policy) -> datetime | None:
    """When a parcel of a sender is ready at the store, by the clock on the wall."""
    done = slow_dates.done(sender, int(now.timestamp()) // 60, card.service)
    trip = None if done is None else slow_dates.trip(sender, card, done, "")
    if trip is None:
        return None
    work = max(round(store.processing_hours * 60), round(policy.pickup_ready_hours * 60))
    ready = slow_dates.work(store, trip[2], work)
    return None if ready is None else datetime.fromtimestamp(ready * 60, UTC)


def local_day(at: datetime, zone: str) -> int:
    return at.astimezone(ZoneInfo(zone)).toordinal()
