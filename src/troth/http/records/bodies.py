"""The API's own checks of nodes, items and trading partners, for pages that let a person set them."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from pydantic import TypeAdapter

from troth.flows.door.system import System
from troth.flows.records.bodies import Bodies, Sent
from troth.flows.records.item_parts import find_part_flaws
from troth.http.edge.body import Body
from troth.http.edge.problems import Refused
from troth.http.edi.partner_body import EdiPartnerBody, answer_partner
from troth.http.records.item_body import ItemBody
from troth.http.records.items import answer_item
from troth.http.records.node_body import NodeBody
from troth.http.records.nodes import answer_node
from troth.model.edi_partner import EdiPartner
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.codec import encode_bytes

T = TypeVar("T")

_NODE: Final = Body(TypeAdapter(NodeBody), {})
_ITEM: Final = Body(TypeAdapter(ItemBody), {})
_PARTNER: Final = Body(TypeAdapter(EdiPartnerBody), {})


async def _read_node(system: System, node_id: NodeId, sent: Sent) -> Node | Invalid:
    currency = system.door.reference.policy.currency
    return _read(lambda: _NODE.parse(encode_bytes(sent)).node(node_id, currency))


async def _read_item(system: System, sku: Sku, sent: Sent) -> Item | Invalid:
    found = _read(lambda: _ITEM.parse(encode_bytes(sent)).item(sku))
    if isinstance(found, Invalid):
        return found
    flaws = await find_part_flaws(system.door.reference, found)
    return Invalid(flaws) if flaws else found


def _read_partner(name: str, sent: Sent) -> EdiPartner | Invalid:
    return _read(lambda: _PARTNER.parse(encode_bytes(sent)).partner(name))


def _show_partner(partner: EdiPartner) -> Sent:
    shown: dict[str, Any] = msgspec.to_builtins(answer_partner(partner))
    return shown


def _show_node(node: Node, currency: str) -> Sent:
    shown: dict[str, Any] = msgspec.to_builtins(answer_node(node, currency))
    return shown


def _show_item(item: Item) -> Sent:
    shown: dict[str, Any] = msgspec.to_builtins(answer_item(item))
    return shown


def _read(read: Callable[[], T]) -> T | Invalid:
    try:
        return read()
    except Refused as refused:
        return refused.no if isinstance(refused.no, Invalid) else Invalid((FieldFlaw("", "cannot be read"),))


BODIES: Final = Bodies(_read_node, _read_item, _read_partner, _show_node, _show_item, _show_partner)
