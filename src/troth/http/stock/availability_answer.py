"""What a channel may sell, as it is answered: SKU by SKU, with nodes as a list or as columns."""

from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.available_to_sell import NodeUnits, StockStatus
from troth.flows.stock.availability import Answered, Availability, NodeStock
from troth.flows.wording.stock_messages import stock_message
from troth.flows.wording.wording import Voice
from troth.http.edge.measures import Units
from troth.http.edge.values import Instant as At
from troth.model.measure import shown
from troth.model.value import dataclass


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
    """What may be sold of each SKU, in the order in which they were asked; `nodes` are those of the columns, and
    `language` is that of the messages.
    """

    channel: str
    language: str
    nodes: tuple[str, ...] | None
    items: tuple[SkuAvailability, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """How and when something is told, and of which nodes."""

    voice: Voice
    network: Network
    now: datetime


def answer_availability(channel: str, found: Answered, told: Told) -> AvailabilityAnswer:
    """What a channel may sell, as it is answered."""
    items = tuple(answer_sku(one, told) for one in found.items)
    return AvailabilityAnswer(channel, told.voice.language, found.columns_of, items)


def answer_sku(found: Availability, told: Told) -> SkuAvailability:
    """What may be sold of one SKU, as it is answered."""
    stock, decimals, brand = found.stock, found.terms.item.decimals, found.terms.item.brand
    return SkuAvailability(
        found.sku,
        shown(stock.available, decimals),
        stock.status,
        stock_message(stock, told.network, told.now, told.voice, brand=brand),
        stock.next_supply_at,
        shown(stock.incoming, decimals),
        shown(stock.low_max, decimals),
        None
        if found.place is None
        else PlaceAvailability(shown(found.place.ship, decimals), shown(found.place.pickup, decimals)),
        tuple(_answer_node(one, told, brand, is_elsewhere=stock.available > 0) for one in found.nodes),
        None if found.columns is None else _answer_columns(found.columns, decimals),
    )


def _answer_node(found: NodeStock, told: Told, brand: str, *, is_elsewhere: bool) -> NodeAvailability:
    stock = found.stock
    message = stock_message(
        stock, told.network, told.now, told.voice, brand=brand, node=found.node, is_elsewhere=is_elsewhere
    )
    return NodeAvailability(
        found.node,
        shown(stock.available, stock.decimals),
        stock.status,
        message,
        stock.next_supply_at,
        found.miles,
    )


def _answer_columns(units: NodeUnits, decimals: int) -> AvailabilityColumns:
    def told(some: NDArray[np.int64]) -> list[Units]:
        return [shown(one, decimals) for one in some.tolist()] if decimals else some.tolist()

    return AvailabilityColumns(
        told(units.available), None if units.incoming is None else told(units.incoming), units.next_supply_at()
    )
