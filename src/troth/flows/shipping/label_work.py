"""Asking for the labels of a node's packages, and of goods that come back by mail."""

from collections.abc import Collection
from dataclasses import replace

from troth.flows.door.system import System
from troth.flows.shipping.consign import consign, goods_of, grams_of, node_contact
from troth.flows.shipping.labels import request_labels
from troth.model.ids import NodeId
from troth.model.label import Consignment, Contact, Label, LabelState
from troth.model.lifecycle import AllocationState
from troth.model.network import Address
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.returns import Return, ReturnMethod
from troth.model.status import fulfillment_status, is_handed_over
from troth.store.labels import read_labels

RETURN_PACKAGE = "1"
"""Goods that are mailed back come in one parcel, as far as anybody knows before it is there."""


async def label_work(
    system: System,
    order: Order,
    work: Fulfillment,
    *,
    actor: str,
    packages: Collection[str] = (),
    carrier: str = "",
    service: str = "",
) -> tuple[Label, ...] | NotPossibleNow | Invalid:
    """The labels of a work's packages (of all where none is named), by a carrier and service, where none is named those
    that it was planned with.
    """
    status = fulfillment_status(order, work.fulfillment_id)
    if status is not AllocationState.PACKED or (is_handed_over(work.method) and work.via is None):
        return NotPossibleNow("label", status)
    by = carrier or work.carrier
    told = await consign(system, order, work)
    flaws = [
        FieldFlaw(f"/packages/{at}", f"was not packed; packed were {', '.join(sorted(told))}")
        for at, name in enumerate(packages)
        if name not in told
    ]
    if by not in system.carriers:
        connected = ", ".join(sorted(system.carriers)) or "none"
        flaws.append(
            FieldFlaw("/carrier", f"labels of {by or 'no carrier'} cannot be had here; they can of: {connected}")
        )
    if flaws:
        return Invalid(tuple(flaws))
    wanted = [(name, one) for name, one in told.items() if not packages or name in packages]
    return await request_labels(
        system,
        order.order_id,
        work.fulfillment_id,
        wanted,
        node=work.node,
        carrier=by,
        service=service or work.service,
        actor=actor,
    )


async def read_last_labels(system: System, order: Order, work: Fulfillment) -> dict[str, Label]:
    """The last label of each package of a work that has had any, by package; what is void is none."""
    async with system.pool.acquire() as connection:
        found = (await read_labels(connection, [order.order_id])).get(order.order_id, ())
    packages = {package.package_id for package in work.packages}
    last = {one.package_id: one for one in found if one.subject == work.fulfillment_id and one.package_id in packages}
    return {name: one for name, one in last.items() if one.state is not LabelState.VOIDED}


async def label_return(
    system: System, order: Order, one: Return, *, carrier: str, service: str, actor: str
) -> Label | NotPossibleNow | Invalid:
    """The label by which a customer mails goods back to the node of a return; the same one whenever it is asked for."""
    if one.method is not ReturnMethod.MAIL or one.node is None:
        return NotPossibleNow("label", f"a return by {one.method}")
    if not one.is_open:
        return NotPossibleNow("label", one.state)
    if carrier not in system.carriers:
        return Invalid((FieldFlaw("/carrier", f"labels of {carrier or 'no carrier'} cannot be had here"),))
    labels = await request_labels(
        system,
        order.order_id,
        one.return_id,
        [(RETURN_PACKAGE, await _coming_back(system, order, one, one.node))],
        node=one.node,
        carrier=carrier,
        service=service,
        actor=actor,
    )
    return labels[-1]


async def _coming_back(system: System, order: Order, one: Return, node: NodeId) -> Consignment:
    await system.door.reference.need_items({line.sku for line in one.lines})
    lines = {line.line_id: line for line in order.lines}
    goods = tuple(goods_of(system, replace(lines[part.line_id], sku=part.sku), part.quantity) for part in one.lines)
    customer = order.customer
    sender = Contact(customer.name, order.ship_to or Address(country=""), customer.phone, customer.email)
    return Consignment(
        sender,
        node_contact(system, node),
        one.return_id,
        goods,
        order.currency,
        grams_of(goods),
        (0, 0, 0),
        one.expires_at,
        one.expires_at,
        is_return=True,
    )
