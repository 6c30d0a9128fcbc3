"""What a channel may sell, as it is answered: SKU by SKU, with nodes as a list or as columns."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from troth.engine.available_to_sell import NodeUnits, StockStatus
from troth.flows.availability import Answered, Availability, NodeStock
from troth.http.measures import Units
from troth.http.values import Instant as At
from troth.model.measure import shown


class NodeAvailability(msgspec.Struct, frozen=True):
    """What one node has of a SKU; `miles` is how far it is from the postcode that was given."""

    node: str
    available: Units
    status: StockStatus
    message: str
    next_supply_at: At | None
    miles: float | None


class PlaceAvailability(msgspec.Struct, frozen=True):
    """Units on hand that a customer there can have sent, and that can be picked up in the region or near the
    postcode.
    """

    ship: Units
    pickup: Units


class AvailabilityColumns(msgspec.Struct, frozen=True):
    """What each node has of a SKU, in the order of the answer's `nodes`; the last two where anything is coming."""

    available: list[Units]
    incoming: list[Units] | None
    next_supply_at: list[At | None] | None


class SkuAvailability(msgspec.Struct, frozen=True):
    """What may be sold of a SKU: units now, units of what is coming, and when the first of those comes.

    From one unit up to `low_stock_units` it is low, here and at each node.
    """

    sku: str
    available: Units
    status: StockStatus
    message: str
    next_supply_at: At | None
    incoming: Units
    low_stock_units: Units
    place: PlaceAvailability | None
    nodes: tuple[NodeAvailability, ...]
    columns: AvailabilityColumns | None


class AvailabilityAnswer(msgspec.Struct, frozen=True):
    """What may be sold of each SKU, in the order in which they were asked; `nodes` are those of the columns."""

    channel: str
    nodes: tuple[str, ...] | None
    items: tuple[SkuAvailability, ...]


def answer_availability(channel: str, found: Answered) -> AvailabilityAnswer:
    """What a channel may sell, as it is answered."""
    return AvailabilityAnswer(channel, found.columns_of, tuple(answer_sku(one) for one in found.items))


def answer_sku(found: Availability) -> SkuAvailability:
    """What may be sold of one SKU, as it is answered."""
    stock, decimals = found.stock, found.terms.item.decimals
    return SkuAvailability(
        found.sku,
        shown(stock.available, decimals),
        stock.status,
        stock.message,
        stock.next_supply_at,
        shown(stock.incoming, decimals),
        shown(stock.low_max, decimals),
        None
        if found.place is None
        else PlaceAvailability(shown(found.place.ship, decimals), shown(found.place.pickup, decimals)),
        tuple(_answer_node(one) for one in found.nodes),
        None if found.columns is None else _answer_columns(found.columns, decimals),
    )


def _answer_node(found: NodeStock) -> NodeAvailability:
    stock = found.stock
    return NodeAvailability(
        found.node,
        shown(stock.available, stock.decimals),
        stock.status,
        stock.message,
        stock.next_supply_at,
        found.miles,
    )


def _answer_columns(units: NodeUnits, decimals: int) -> AvailabilityColumns:
    def told(some: NDArray[np.int64]) -> list[Units]:
        return [shown(one, decimals) for one in some.tolist()] if decimals else some.tolist()

    return AvailabilityColumns(
        told(units.available), None if units.incoming is None else told(units.incoming), units.next_supply_at()
    )
