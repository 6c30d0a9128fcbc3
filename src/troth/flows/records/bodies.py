"""Nodes, items and partners as they are sent and shown: who has no business with the API gets its checks from here."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from troth.flows.door.system import System
from troth.model.edi_partner import EdiPartner
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.model.refusals import Invalid
from troth.model.value import dataclass

Sent = Mapping[str, Any]
"""A body of JSON as values."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """How bodies become nodes, items and trading partners, or everything that is wrong with them by field; and how all
    are shown, in the form in which they can be sent back.
    """

    read_node: Callable[[System, NodeId, Sent], Awaitable[Node | Invalid]]
    read_item: Callable[[System, Sku, Sent], Awaitable[Item | Invalid]]
    read_partner: Callable[[str, Sent], EdiPartner | Invalid]
    show_node: Callable[[Node, str], Sent]
    show_item: Callable[[Item], Sent]
    show_partner: Callable[[EdiPartner], Sent]
