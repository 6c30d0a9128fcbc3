"""Routings that retailers bring along by name, each made from a few parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from troth.model.cost_rates import Objective
from troth.model.routing import Action, ClassFloor, Limits, Routing, Rule, Sort, Tier

_SHIPPED_TO: Final = 'node.type in ["dc", "3pl"]'


def default(*, weeks: float = 3.0) -> Routing:
    """DCs and the destination's own region first; then stores with more than so many weeks of supply; then any store;
    then drop-ship; then backorder.

    Each tier adds candidates to those above it, so that an order may be split between old and new ones.
    """
    own = f'{_SHIPPED_TO} || (node.type == "store" && lane.same_region)'
    covered = f'{own} || (node.type == "store" && stock.weeks_of_supply > {weeks!r})'
    return Routing(
        "default",
        "DCs and own region, stores with cover, any store, drop-ship, backorder",
        tiers=(
            Tier("dcs_and_own_region", filters=(Rule("dc or own region", own),)),
            Tier("stores_with_cover", filters=(Rule("dc, own region or cover", covered),)),
            Tier("any_store", filters=(Rule("no drop-ship", 'node.type != "drop_ship"'),)),
            Tier("drop_ship"),
            _backorder(),
        ),
    )


def nearest_first() -> Routing:
    """Each line from the nearest node that has all of it, whatever that costs."""
    nearest = (Sort("nearest"),)
    return Routing("nearest_first", "the nearest node that has the line", tiers=(_last("nearest", sort=nearest),))


def fewest_splits() -> Routing:
    """As few shipments as possible, and among those the cheapest plan."""
    objectives = (Objective.FEWEST_SHIPMENTS, Objective.CHEAPEST)
    return Routing("fewest_splits", "as few shipments as possible", tiers=(_last("fewest", objectives=objectives),))


def ranked_locations(nodes: Sequence[str], *, is_exclusive: bool = False) -> Routing:
    """Each line from the first node of a list that has all of it; from others only where none has, or not at all."""
    listed = f"node.id in [{', '.join(map(_quoted, nodes))}]"
    filters = (Rule("listed", listed),) if is_exclusive else ()
    tier = _last("ranked", sort=(Sort(ranked=tuple(nodes)),), filters=filters)
    return Routing("ranked_locations", "the first location of a list that has the line", tiers=(tier,))


def own_region_first() -> Routing:
    """From the destination's region where that covers everything; else from anywhere, its region first."""
    return Routing(
        "own_region_first",
        "the destination's region, then everywhere",
        tiers=(
            Tier("own_region", filters=(Rule("own region", "lane.same_region"),)),
            _last("everywhere", sort=(Sort("own_region"),)),
        ),
    )


def weeks_of_supply(*, weeks: float = 4.0) -> Routing:
    """From DCs, and stores that have supply for at least so many weeks; else from anywhere, most weeks first.

    Where it is not known what a store sells, it has no weeks of supply and is not in the first tier.
    """
    cover = f'node.type != "store" || stock.weeks_of_supply >= {weeks!r}'
    return Routing(
        "weeks_of_supply",
        "stores give only what they can spare",
        tiers=(
            Tier("with_cover", filters=(Rule("enough weeks", cover),)),
            _last("anywhere", sort=(Sort("most_weeks_of_supply"),)),
        ),
    )


def protect_stores(*, units: int = 2) -> Routing:
    """Stores keep so many units of each item, however many lines of an order ask for it; they give what is above."""
    kept = f'node.type == "store" ? {units} : 0'
    return Routing(
        "protect_stores",
        f"stores keep {units} of each item",
        keep=(Rule(f"stores keep {units}", kept),),
        tiers=(_last("spared"),),
    )


def markdown_clearance(*, attribute: str = "clearance") -> Routing:
    """Items that have this attribute leave from stores, most weeks of supply first; the rest from anywhere as usual."""
    marked = f"{_quoted(attribute)} in"
    return Routing(
        "markdown_clearance",
        "stores sell off what is marked down",
        tiers=(
            Tier(
                "clearance",
                when=f"order.lines.exists(each, {marked} each.attributes)",
                filters=(
                    Rule("marked down", f"{marked} item.attributes"),
                    Rule("stores", 'node.type == "store"'),
                ),
                sort=(Sort("most_weeks_of_supply"), Sort("most_stock")),
                partial=Action.SPLIT,
            ),
            _last("anywhere"),
        ),
    )


def reliable_nodes(*, accept_rate: float = 0.9, on_time_rate: float = 0.9) -> Routing:
    """From nodes that take on and have out in time so much of their work; else from anywhere, the surest first."""
    reliable = f"node.accept_rate >= {accept_rate!r} && node.on_time_rate >= {on_time_rate!r}"
    surest = Sort("node.accept_rate * (1.0 - node.short_rate) * node.on_time_rate", descending=True)
    return Routing(
        "reliable_nodes",
        "nodes that do what they promise come first",
        tiers=(
            Tier("reliable", filters=(Rule("does its work", reliable),)),
            _last("anywhere", sort=(surest,)),
        ),
    )


def single_location_or_all() -> Routing:
    """One location for the whole order where there is one; else as few as possible of all of them."""
    return Routing(
        "single_location_or_all",
        "one location, or all of them",
        tiers=(
            Tier("single", limits=Limits(shipments_max=1)),
            _last("all", objectives=(Objective.FEWEST_SHIPMENTS, Objective.CHEAPEST)),
        ),
    )


def classes_first(classes: Sequence[str], *, floor_percent: int = 10) -> Routing:
    """Classes of customers in their order keep scarce supply and are the first to get what arrives; of what is divided
    so each class behind the first, and all others together, have a floor.
    """
    behind = (*classes[1:], "")
    floors = tuple(ClassFloor(name, percent=floor_percent) for name in behind) if floor_percent else ()
    return Routing(
        "classes_first",
        f"{', then '.join(classes)}, then all others",
        tiers=(_last("anywhere"),),
        priority_classes=tuple(classes),
        class_floors=floors,
    )


PRESETS: Final[Mapping[str, Callable[[], Routing]]] = {
    "default": default,
    "nearest_first": nearest_first,
    "fewest_splits": fewest_splits,
    "ranked_locations": lambda: ranked_locations(("DC-1", "DC-2")),
    "own_region_first": own_region_first,
    "weeks_of_supply": weeks_of_supply,
    "protect_stores": protect_stores,
    "markdown_clearance": markdown_clearance,
    "reliable_nodes": reliable_nodes,
    "single_location_or_all": single_location_or_all,
    "classes_first": lambda: classes_first(("gold", "silver")),
}
"""Every preset by name, as it is without parameters; lists are those of an example."""


def _backorder() -> Tier:
    return Tier("backorder", partial=Action.BACKORDER, none=Action.BACKORDER)


def _last(
    name: str,
    *,
    filters: tuple[Rule, ...] = (),
    sort: tuple[Sort, ...] = (),
    objectives: tuple[Objective, ...] = (),
) -> Tier:
    """A tier that counts what is still to come where what is there does not do."""
    return Tier(
        name, filters=filters, sort=sort, objectives=objectives, partial=Action.BACKORDER, none=Action.BACKORDER
    )


def _quoted(text: str) -> str:
    """A text as a string constant of CEL.

    >>> print(_quoted('a"b'))
    "a\\"b"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
