"""How scarce units are divided: floors first, then by rank, and never more or less than there are."""

from datetime import timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.priority import class_of, group_of, rank_of
from troth.engine.shares import Need, Share, divide, floor_of, tell_classes, who_gives_way
from troth.model.commands import AdjustStock
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.policy import Policy
from troth.model.routing import ClassFloor, Routing
from troth.replay.world import World

CLASSES = ("gold", "silver", "bronze", "")
ORDERS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(CLASSES), st.integers(1, 6)), min_size=1, max_size=7)
FLOORS = st.lists(
    st.builds(ClassFloor, st.sampled_from(CLASSES), percent=st.integers(0, 25), units=st.integers(0, 4)),
    max_size=4,
    unique_by=lambda floor: floor.customer_class,
)


def policy_of(floors: list[ClassFloor], *, fair_share_percent: int = 0) -> Policy:
    return Policy(
        routing=Routing(
            priority_classes=("gold", "silver", "bronze"),
            class_floors=tuple(floors),
            fair_share_percent=fair_share_percent,
        )
    )


def needs_of(wanted: list[tuple[int, str, int]]) -> list[Need]:
    """Orders of a priority, a class and so many units each, captured a minute after another, all promised."""
    orders = [order_of(number, *one) for number, one in enumerate(wanted)]
    return [(order, order.lines[0].quantity) for order in orders]


@cache
def order_of(number: int, priority: int, name: str, units: int) -> Order:
    world = World(compile_network([node("DC-PA")]), {Sku("A"): item("A")})
    world.apply(AdjustStock(SupplyKey(Sku("A"), NodeId("DC-PA")), units, "initial"), now=NOW)
    command = capture(f"W-{number}", {"A": units}, attributes={"priority": str(priority), "customer_class": name})
    world.apply(command, now=NOW + timedelta(minutes=number))
    return next(iter(world.orders.values()))


def of_class(shares: list[Share], name: str, policy: Policy) -> tuple[int, int]:
    mine = [share for share in shares if class_of(share.order, policy) == name]
    return sum(share.need for share in mine), sum(share.units for share in mine)


@given(wanted=ORDERS, floors=FLOORS, units=st.integers(-1, 30), percent=st.integers(0, 40))
def test_all_units_are_divided_and_nobody_has_more_than_they_need(
    wanted: list[tuple[int, str, int]], floors: list[ClassFloor], units: int, percent: int
) -> None:
    policy = policy_of(floors, fair_share_percent=percent)
    needs = needs_of(wanted)

    shares = divide(units, needs, policy)

    assert sum(share.units for share in shares) == max(0, min(units, sum(need for _order, need in needs)))
    assert all(0 <= share.floor_units <= share.units <= share.need for share in shares)
    assert [rank_of(share.order, policy) for share in shares] == sorted(rank_of(order, policy) for order, _ in needs)


@given(wanted=ORDERS, floors=FLOORS, units=st.integers(0, 30))
def test_no_class_is_pushed_below_its_floor_and_above_the_floors_the_more_important_come_first(
    wanted: list[tuple[int, str, int]], floors: list[ClassFloor], units: int
) -> None:
    policy = policy_of(floors)

    shares = divide(units, needs_of(wanted), policy)

    if sum(floor_of(floor, units) for floor in floors) <= units:
        for floor in floors:
            need, has = of_class(shares, floor.customer_class, policy)
            assert has >= min(need, floor_of(floor, units))
    for at, share in enumerate(shares):
        if share.units < share.need:
            assert all(lesser.units == lesser.floor_units for lesser in shares[at + 1 :])


@given(wanted=ORDERS, floors=FLOORS, units=st.integers(0, 30))
def test_floors_take_only_from_those_who_come_first_and_give_only_to_their_class(
    wanted: list[tuple[int, str, int]], floors: list[ClassFloor], units: int
) -> None:
    policy = policy_of(floors)
    needs = needs_of(wanted)

    by_rank = divide(units, needs, policy_of([]))
    shares = divide(units, needs, policy)

    floored = {floor.customer_class for floor in floors}
    gained = [share for plain, share in zip(by_rank, shares, strict=True) if share.units > plain.units]
    assert {class_of(share.order, policy) for share in gained} <= floored
    assert all(share.floor_units > 0 for share in gained)
    if sum(share.need for share in shares) <= units:
        assert shares == by_rank


@given(wanted=ORDERS, units=st.integers(1, 30))
def test_a_fair_share_goes_to_those_behind_who_have_waited_longest(
    wanted: list[tuple[int, str, int]], units: int
) -> None:
    policy = policy_of([], fair_share_percent=20)

    shares = divide(units, needs_of(wanted), policy)

    leading = group_of(shares[0].order, policy)
    behind = [share for share in shares if group_of(share.order, policy) != leading]
    behind.sort(key=lambda share: share.order.captured_at)
    is_short = sum(share.need for share in shares) > units
    left = units * 20 // 100 if is_short else 0
    for share in behind:
        assert share.floor_units == min(share.need, left)
        left -= share.floor_units


@given(wanted=ORDERS, floors=FLOORS, missing=st.integers(-2, 30))
def test_what_gives_way_is_exactly_what_nobody_keeps(
    wanted: list[tuple[int, str, int]], floors: list[ClassFloor], missing: int
) -> None:
    policy = policy_of(floors)
    needs = needs_of(wanted)
    held = sum(need for _order, need in needs)

    given_way = who_gives_way(missing, [(order, order.allocations[0]) for order, _need in needs], policy)

    kept = {share.order.order_id: share.units for share in divide(held - max(0, missing), needs, policy)}
    assert sum(units for _order, _part, units in given_way) == max(0, min(missing, held))
    assert all(order.lines[0].quantity - units == kept[order.order_id] for order, _part, units in given_way)


def test_it_is_told_which_class_has_how_much_and_what_of_it_by_its_floor() -> None:
    policy = policy_of([ClassFloor("silver", percent=25), ClassFloor("", units=1)])
    needs = needs_of([(0, "gold", 6), (0, "silver", 4), (0, "tin", 3)])

    shares = divide(8, needs, policy)

    assert [share.units for share in shares] == [5, 2, 1]
    assert tell_classes(shares, policy) == (
        "gold has 5 of 6, silver has 2 of 4 (2 by a floor), all others have 1 of 3 (1 by a floor)"
    )
    assert tell_classes(divide(3, needs[:1], policy), policy) == ""


def test_of_one_class_the_more_important_orders_have_its_floor() -> None:
    policy = policy_of([ClassFloor("silver", units=3)])
    needs = needs_of([(0, "gold", 9), (0, "silver", 2), (1, "silver", 2)])

    shares = divide(9, needs, policy)

    assert [(share.order.external_id, share.units, share.floor_units) for share in shares] == [
        ("W-2", 2, 2),
        ("W-0", 6, 0),
        ("W-1", 1, 1),
    ]
