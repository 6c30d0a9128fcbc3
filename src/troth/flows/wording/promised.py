"""What the shipments of a plan and the work of an order promise, as messages tell it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.collecting import Collecting, find_collecting
from troth.flows.wording.contents import Content, contents_of, kits_asked
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import Source, is_on_hand
from troth.model.item import Item
from troth.model.kits import Kit
from troth.model.network import Address, NodeType
from troth.model.order import Allocation, Fulfillment, Method, Order
from troth.model.plan import Shipment
from troth.model.status import is_kept, live_allocations
from troth.model.value import dataclass
from troth.model.ways import counter_of

HANDED_OVER: Final = frozenset({Method.PICKUP, Method.CURBSIDE})
_SUPPLIES: Final = {"transfer": "on_its_way", "po": "from_supplier"}


@dataclass(frozen=True, slots=True)
class Promised:
    """What one shipment promises, and how far it is.

    `place` is the name of the node that sends it or hands it over, of type `type`, and `sender` of the one that sends
    it there first. Days are counted in `time_zone`: that of the destination where the goods are sent and it is known,
    else the node's. `supply` is the message that says where units come from that are not there yet (empty: all are).
    `collecting` are the hours in which what is picked up can be collected first. `contents` is what it has, for the
    customer of several shipments; it changes no sentence about one.
    """

    place: str
    time_zone: str
    method: Method
    ship_by: datetime
    promised_at: datetime
    type: NodeType = NodeType.DC
    sender: str = ""
    supply: str = ""
    brand: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    is_ready: bool = False
    collecting: Collecting | None = None
    contents: tuple[Content, ...] = field(default=(), compare=False)


def promised_shipments(
    shipments: Sequence[Shipment],
    network: Network,
    destination: Address | None,
    items: Mapping[Sku, Item],
    kits: Mapping[LineId, Kit],
) -> list[Promised]:
    """What the shipments of a plan promise to a destination."""
    return [
        Promised(
            *_place(network, counter_of(shipment), shipment.method, destination),
            shipment.method,
            shipment.ship_by,
            shipment.promised_at,
            _type(network, shipment.node),
            name_of(network, shipment.node) if shipment.via else "",
            supply_message(peg.source for peg in shipment.pegs),
            brand_of((peg.sku for peg in shipment.pegs), items),
            collecting=_collecting(network, counter_of(shipment), shipment.method, shipment.promised_at),
            contents=contents_of(shipment.pegs, items, kits) if len(shipments) > 1 else (),
        )
        for shipment in shipments
    ]


def promised_work(order: Order, network: Network, items: Mapping[Sku, Item], now: datetime) -> list[Promised]:
    """What the fulfillments of an order that still have units promise."""
    kits = kits_asked(order)
    parts: dict[FulfillmentId, list[Allocation]] = {work.fulfillment_id: [] for work in order.fulfillments}
    for part in live_allocations(order):
        parts[part.fulfillment_id].append(part)
    are_several = sum(map(bool, parts.values())) > 1
    return [
        Promised(
            *_place(network, counter_of(work), work.method, order.ship_to),
            work.method,
            work.ship_by,
            work.promised_at,
            _type(network, work.node),
            name_of(network, work.node) if work.via else "",
            supply_message(part.source for part in parts[work.fulfillment_id]),
            brand_of((part.sku for part in parts[work.fulfillment_id]), items),
            shipped_at=work.shipped_at,
            delivered_at=work.delivered_at,
            is_ready=_is_ready(order, work),
            collecting=_collecting(
                network,
                counter_of(work),
                work.method,
                now if _is_ready(order, work) else max(now, work.promised_at),
            ),
            contents=contents_of(parts[work.fulfillment_id], items, kits) if are_several else (),
        )
        for work in order.fulfillments
        if parts[work.fulfillment_id]
    ]


def supply_message(sources: Iterable[Source]) -> str:
    """The message that says where units of these sources come from; empty where they all are there.

    >>> supply_message([Source("on_hand"), Source("po/4500017/1")])
    'from_supplier'
    >>> supply_message([Source("po/4500017/1"), Source("transfer/T-7/1")])
    'on_backorder'
    """
    kinds = {_SUPPLIES.get(source.split("/")[0], "on_backorder") for source in sources if not is_on_hand(source)}
    return kinds.pop() if len(kinds) == 1 else "on_backorder" if kinds else ""


def brand_of(skus: Iterable[Sku], items: Mapping[Sku, Item]) -> str:
    """The brand of all of these items; empty where they are of several, or one is not known."""
    brands = {items[sku].brand if sku in items else "" for sku in skus}
    return brands.pop() if len(brands) == 1 else ""


def _is_ready(order: Order, work: Fulfillment) -> bool:
    """Whether it waits for the customer."""
    return work.method in HANDED_OVER and is_kept(order, work)


def _collecting(network: Network, node: NodeId, method: Method, ready: datetime) -> Collecting | None:
    return find_collecting(network, node, ready) if method in HANDED_OVER else None


def _place(network: Network, node: NodeId, method: Method, destination: Address | None) -> tuple[str, str]:
    """A node's name, and the time zone of whoever waits for what it sends."""
    position = network.index.get(node)
    zone = "UTC" if position is None else network.nodes[position].time_zone
    if destination is not None and destination.time_zone and method not in HANDED_OVER:
        zone = destination.time_zone
    return name_of(network, node), zone


def name_of(network: Network, node: NodeId) -> str:
    """What a node is called; its id where it has no name."""
    position = network.index.get(node)
    return node if position is None else network.nodes[position].name or node


def _type(network: Network, node: NodeId) -> NodeType:
    position = network.index.get(node)
    return NodeType.DC if position is None else network.nodes[position].type
