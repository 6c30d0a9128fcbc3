"""What is printed beside labels: the slip that goes with goods, and the list by which they are picked."""

from collections.abc import Sequence
from datetime import datetime

from troth.flows.door.system import System
from troth.flows.orders.shelf_lines import Stop, read_stops
from troth.flows.shipping.consign import consign
from troth.model.ids import NodeId
from troth.model.label import Consignment, Contact
from troth.model.messages import ENGLISH, LANGUAGE_ATTRIBUTE
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotPossibleNow
from troth.model.status import fulfillment_status
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class PackingSlip:
    """What lies in the packages of a work, for whoever opens them: no prices, since it may be a gift.

    `seller` is in whose name it is sent; `packages` are names with what is in them, in the customer's `language`.
    """

    seller: str
    order: Order
    work: Fulfillment
    sender: Contact
    recipient: Contact
    packages: tuple[tuple[str, Consignment], ...]
    zone: str
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class PickList:
    """What is to be picked at a node for some works, in walking order; each work has a tote, by its place from 1 on.
    The node's people read it in its `language`.
    """

    node: NodeId
    works: tuple[tuple[Order, Fulfillment], ...]
    stops: tuple[Stop, ...]
    at: datetime
    zone: str
    country: str
    language: str = ENGLISH


async def packing_slip(system: System, order: Order, work: Fulfillment) -> PackingSlip | NotPossibleNow:
    """The slip of a work that is packed."""
    packages = tuple((await consign(system, order, work)).items())
    if not packages:
        return NotPossibleNow("print a packing slip of", fulfillment_status(order, work.fulfillment_id))
    told = packages[0][1]
    seller, zone = system.origin.shop, zone_of(system, work.node)
    language = order.attributes.get(LANGUAGE_ATTRIBUTE, ENGLISH)
    return PackingSlip(seller, order, work, told.sender, told.recipient, packages, zone, language)


async def pick_list(
    system: System, node: NodeId, works: Sequence[tuple[Order, Fulfillment]]
) -> PickList | NotPossibleNow:
    """The list of works of a node, as far as there is still something of them to be picked."""
    stops = await read_stops(system, node, works)
    if not stops:
        return NotPossibleNow("print a pick list", "nothing is left to be picked")
    country = country_of(system, node)
    now, language = system.door.now(), language_of(system, node)
    return PickList(node, tuple(works), stops, now, zone_of(system, node), country, language)


def zone_of(system: System, node: NodeId) -> str:
    """The time zone of a node; UTC of one that is no longer there."""
    network = system.door.reference.network
    at = network.index.get(node)
    return "UTC" if at is None else network.nodes[at].time_zone


def country_of(system: System, node: NodeId) -> str:
    """The country of a node; empty of one that is no longer there."""
    network = system.door.reference.network
    at = network.index.get(node)
    return "" if at is None else network.nodes[at].address.country


def language_of(system: System, node: NodeId) -> str:
    """The language of a node's people, as its attribute says; English of one that says none, or is no longer there."""
    network = system.door.reference.network
    at = network.index.get(node)
    return ENGLISH if at is None else network.nodes[at].attributes.get(LANGUAGE_ATTRIBUTE, ENGLISH)
