"""What a carrier is told of a parcel: who sends what to whom, how heavy, how large, and when."""

from troth.flows.door.system import System
from troth.model.customs import HS_CODE, ORIGIN
from troth.model.ids import LineId, NodeId
from troth.model.label import Consignment, Contact, Goods
from troth.model.measure import scale_of
from troth.model.network import Address
from troth.model.order import Fulfillment, Line, Order, Package
from troth.model.ways import destination_of


async def consign(system: System, order: Order, work: Fulfillment) -> dict[str, Consignment]:
    """The parcels of a work as its carrier is told of them, by package."""
    lines = {line.line_id: line for line in order.lines}
    await system.door.reference.need_items({line.sku for line in order.lines})
    sender = node_contact(system, work.node)
    recipient = _recipient(system, order, work)
    return {
        package.package_id: _consignment(
            system, order, work, package, lines, sender, recipient, (number, len(work.packages))
        )
        for number, package in enumerate(work.packages, 1)
    }


def node_contact(system: System, name: NodeId) -> Contact:
    """A node as it stands on parcels; of one that is no longer there only its name."""
    network = system.door.reference.network
    at = network.index.get(name)
    if at is None:
        return Contact(name, Address(country=""))
    node = network.nodes[at]
    return Contact(node.name or node.node, node.address)


def goods_of(system: System, line: Line, quantity: int) -> Goods:
    """Units of an order line as goods; what a unit weighs is known of items that are known."""
    item = system.door.reference.items.get(line.sku)
    return Goods(
        line.sku,
        line.sku if item is None else item.name or line.sku,
        quantity,
        line.unit_price_minor,
        0 if item is None else item.weight_grams,
        line.decimals,
        "" if item is None else item.attributes.get(HS_CODE, ""),
        "" if item is None else item.attributes.get(ORIGIN, ""),
    )


def grams_of(goods: tuple[Goods, ...]) -> int:
    """What goods weigh together, as far as it is known."""
    return sum(-(-one.unit_grams * one.quantity // scale_of(one.decimals)) for one in goods)


def _consignment(
    system: System,
    order: Order,
    work: Fulfillment,
    package: Package,
    lines: dict[LineId, Line],
    sender: Contact,
    recipient: Contact,
    place: tuple[int, int],
) -> Consignment:
    goods = tuple(goods_of(system, lines[one.line_id], one.quantity) for one in package.lines if one.line_id in lines)
    return Consignment(
        sender,
        recipient,
        order.external_id,
        goods,
        order.currency,
        package.weight_grams or grams_of(goods),
        package.size_mm,
        work.ship_by,
        work.promised_at,
        *place,
    )


def _recipient(system: System, order: Order, work: Fulfillment) -> Contact:
    """The customer, or the store at which they fetch what goes there first."""
    if work.via is not None:
        store = node_contact(system, work.via)
        return Contact(store.name, store.address, order.customer.phone, order.customer.email)
    address = destination_of(order, work.fulfillment_id) or Address(country="")
    return Contact(address.name or order.customer.name, address, order.customer.phone, order.customer.email)
