"""How units that do not do for all are divided among orders: first the floors of classes, then by rank.

What arrives, what is free again and what is left of a supply that fell short are divided alike: a class of customers
has its floor, whoever comes before it, and the rest goes to the most important. Where there is enough for all, floors
change nothing.
"""

from collections.abc import Callable, Iterable, Sequence

from troth.engine.priority import class_of, group_of, rank_of
from troth.model.ids import OrderId
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Allocation, Order
from troth.model.policy import Policy
from troth.model.routing import ClassFloor
from troth.model.value import dataclass

Need = tuple[Order, int]
"""An order, and how many units it could use, or holds."""


@dataclass(frozen=True, slots=True)
class Share:
    """What an order gets of units that are divided; `floor_units` of them by a floor, whoever comes before it."""

    order: Order
    need: int
    units: int
    floor_units: int


def divide(units: int, needs: Iterable[Need], policy: Policy) -> list[Share]:
    """The share of every order, the most important first; together so many units, or as many as are needed."""
    ranked = sorted(needs, key=lambda one: rank_of(one[0], policy))
    left = max(0, units)
    is_short = sum(need for _order, need in ranked) > left
    floors = _give_floors(left, ranked, policy) if is_short else {}
    left -= sum(floors.values())
    shares = []
    for order, need in ranked:
        floor_units = floors.get(order.order_id, 0)
        more = min(left, need - floor_units)
        left -= more
        shares.append(Share(order, need, floor_units + more, floor_units))
    return shares


def divide_short(missing: int, pegged: Sequence[tuple[Order, Allocation]], policy: Policy) -> list[Share]:
    """What every order keeps of a supply that is short of so many units, the most important first.

    What was released is locked: it keeps what it has, and the others give way for it.
    """
    held: dict[OrderId, Need] = {}
    for order, part in pegged:
        if part.state in UNLOCKED:
            held[order.order_id] = (order, held.get(order.order_id, (order, 0))[1] + part.quantity)
    return divide(sum(units for _order, units in held.values()) - max(0, missing), held.values(), policy)


def who_gives_way(
    missing: int, pegged: Sequence[tuple[Order, Allocation]], policy: Policy
) -> list[tuple[Order, Allocation, int]]:
    """The parts, with units, that a supply which is short of so many units does not cover, from the least important
    order up.
    """
    return parts_given(divide_short(missing, pegged, policy), pegged)


def parts_given(
    shares: Sequence[Share], pegged: Sequence[tuple[Order, Allocation]]
) -> list[tuple[Order, Allocation, int]]:
    """The parts, with units, that go beyond what their orders keep, from the least important order up."""
    parts: dict[OrderId, list[Allocation]] = {}
    for order, part in pegged:
        if part.state in UNLOCKED:
            parts.setdefault(order.order_id, []).append(part)
    found = []
    for share in reversed(shares):
        left = share.need - share.units
        for part in sorted(parts[share.order.order_id], key=lambda part: part.allocation, reverse=True):
            if units := min(left, part.quantity):
                found.append((share.order, part, units))
                left -= units
    return found


def tell_classes(shares: Iterable[Share], policy: Policy, tell: Callable[[int], str] = str) -> str:
    """Which class of customers has how much of what was divided, and what of it by its floor, in words; nothing where
    all are of one class. `tell` says units in words.
    """
    sums: dict[str, tuple[int, int, int]] = {}
    for share in shares:
        name = class_of(share.order, policy) or "all others"
        need, units, floor_units = sums.get(name, (0, 0, 0))
        sums[name] = (need + share.need, units + share.units, floor_units + share.floor_units)
    if len(sums) < 2:
        return ""
    return ", ".join(
        f"{name} {'has' if name != 'all others' else 'have'} {tell(units)} of {tell(need)}"
        + (f" ({tell(floor_units)} by a floor)" if floor_units else "")
        for name, (need, units, floor_units) in sums.items()
    )


def _give_floors(units: int, ranked: Sequence[Need], policy: Policy) -> dict[OrderId, int]:
    """What floors give of so many units: those of classes in the order of the classes, within each by rank; then what
    is kept for all behind the leading group together, to those who were captured first.
    """
    routing, given = policy.routing, dict[OrderId, int]()
    if routing is None or not ranked:
        return given
    classes = (*routing.priority_classes, "")
    for floor in sorted(routing.class_floors, key=lambda floor: classes.index(floor.customer_class)):
        room = min(floor_of(floor, units), units - sum(given.values()))
        _give(room, [one for one in ranked if class_of(one[0], policy) == floor.customer_class], given)
    leading = group_of(ranked[0][0], policy)
    behind = [one for one in ranked if group_of(one[0], policy) != leading]
    behind.sort(key=lambda one: (one[0].captured_at, one[0].order_id))
    have = sum(given.get(order.order_id, 0) for order, _need in behind)
    room = min(units * routing.fair_share_percent // 100 - have, units - sum(given.values()))
    _give(room, behind, given)
    return given


def floor_of(floor: ClassFloor, units: int) -> int:
    """How many of so many units a class has, whoever comes before it.

    >>> floor_of(ClassFloor("silver", percent=15), 30), floor_of(ClassFloor("silver", percent=15, units=6), 30)
    (4, 6)
    """
    return max(floor.units, units * floor.percent // 100)


def _give(room: int, needs: Iterable[Need], given: dict[OrderId, int]) -> None:
    """Add what each may have of some room, one after the other."""
    for order, need in needs:
        units = min(room, need - given.get(order.order_id, 0))
        if units > 0:
            given[order.order_id] = given.get(order.order_id, 0) + units
            room -= units
