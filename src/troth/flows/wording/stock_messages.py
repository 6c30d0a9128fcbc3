"""What a customer is told about stock: of a product page, and of what cannot be promised."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.network import Network
from troth.engine.supply.available_to_sell import Stock, StockStatus
from troth.flows.wording.promised import name_of, supply_message
from troth.flows.wording.wording import Voice
from troth.model.ids import NodeId
from troth.model.item import Item
from troth.model.measure import shown
from troth.model.plan import Uncovered

_OF_THE_WAY: Final = frozenset(
    {
        "too_many_shipments", "too_late", "no_capacity", "restricted", "components_apart", "ship_complete",
        "ship_together", "no_node_has_all", "no_pickup_there", "out_of_reach", "lane_not_served", "service_not_offered",
        "no_service_to_destination",
    }
)  # fmt: skip
"""Why units cannot be had as they are asked for, although there are some."""


def stock_message(
    stock: Stock,
    network: Network,
    now: datetime,
    voice: Voice,
    *,
    brand: str = "",
    node: NodeId | None = None,
    is_elsewhere: bool = False,
) -> str:
    """What a product page says of stock: over all nodes, or of one; `is_elsewhere`: others have some.

    >>> from datetime import UTC
    >>> from troth.engine.carriage.network import compile_network
    >>> from troth.flows.wording.wording import NO_WORDING
    >>> stock_message(Stock(3, 0, None), compile_network(()), datetime(2026, 11, 23, tzinfo=UTC), NO_WORDING.voice())
    'Only 3 left'
    """
    units = shown(stock.available, stock.decimals)
    place = {} if node is None else {"place": name_of(network, node)}
    match stock.status:
        case StockStatus.LOW_STOCK:
            return voice.count("low_stock", units, brand=brand)
        case StockStatus.IN_STOCK:
            is_here = node is not None and bool(network.is_pickup[network.index[node]])
            values = {**place, "units": voice.number(units)}
            return voice.say("in_store" if is_here else "in_stock", values, brand=brand)
        case _ if is_elsewhere and node is not None:
            return voice.say("elsewhere", place, brand=brand)
        case StockStatus.BACKORDER if stock.next_supply_at is not None:
            zone = ZoneInfo("UTC" if stock.next_node < 0 else network.nodes[stock.next_node].time_zone)
            day = voice.day(stock.next_supply_at.astimezone(zone).date(), now.astimezone(zone).date(), brand=brand)
            supply = voice.say(supply_message((stock.next_source,)) or "on_backorder", brand=brand)
            return voice.say("expected", {"supply": supply, "day": day}, brand=brand)
        case _:
            return voice.say("not_available", brand=brand)


def gap_message(gap: Uncovered, now: datetime, voice: Voice, item: Item | None) -> str:
    """What is said of units that cannot be promised as asked: how many could be, or that none can."""
    brand, decimals = ("", 0) if item is None else (item.brand, item.decimals)
    if gap.available_quantity > 0:
        return voice.count("low_stock", shown(gap.available_quantity, decimals), brand=brand)
    if gap.available_at is None:
        return voice.say("not_this_way" if gap.reason in _OF_THE_WAY else "not_available", brand=brand)
    day = voice.day(gap.available_at.date(), now.astimezone(gap.available_at.tzinfo).date(), brand=brand)
    return voice.say("expected", {"supply": voice.say("on_backorder", brand=brand), "day": day}, brand=brand)
