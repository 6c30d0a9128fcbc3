"""What a channel may sell, as it is answered: SKU by SKU, with nodes as a list or as columns."""

import msgspec

from troth.engine.available_to_sell import NodeUnits, StockStatus
from troth.flows.availability import Answered, Availability, NodeStock
from troth.http.values import Instant as At


class NodeAvailability(msgspec.Struct, frozen=True):
    """What one node has of a SKU; `miles` is how far it is from the postcode that was given."""

    node: str
    available: int
    status: StockStatus
    message: str
    next_supply_at: At | None
    miles: float | None


class PlaceAvailability(msgspec.Struct, frozen=True):
    """Units on hand that a customer there can have sent, and that can be picked up in the region or near the
    postcode.
    """

    ship: int
    pickup: int


class AvailabilityColumns(msgspec.Struct, frozen=True):
    """What each node has of a SKU, in the order of the answer's `nodes`; the last two where anything is coming."""

    available: list[int]
    incoming: list[int] | None
    next_supply_at: list[At | None] | None


class SkuAvailability(msgspec.Struct, frozen=True):
    """What may be sold of a SKU: units now, units of what is coming, and when the first of those comes.

    From one unit up to `low_stock_units` it is low, here and at each node.
    """

    sku: str
    available: int
    status: StockStatus
    message: str
    next_supply_at: At | None
    incoming: int
    low_stock_units: int
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
    stock = found.stock
    return SkuAvailability(
        found.sku,
        stock.available,
        stock.status,
        stock.message,
        stock.next_supply_at,
        stock.incoming,
        stock.low_max,
        None if found.place is None else PlaceAvailability(found.place.ship, found.place.pickup),
        tuple(_answer_node(one) for one in found.nodes),
        None if found.columns is None else _answer_columns(found.columns),
    )


def _answer_node(found: NodeStock) -> NodeAvailability:
    stock = found.stock
    return NodeAvailability(found.node, stock.available, stock.status, stock.message, stock.next_supply_at, found.miles)


def _answer_columns(units: NodeUnits) -> AvailabilityColumns:
    return AvailabilityColumns(
        units.available.tolist(),
        None if units.incoming is None else units.incoming.tolist(),
        units.next_supply_at(),
    )
