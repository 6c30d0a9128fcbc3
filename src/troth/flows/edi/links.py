"""Whether a trading partner can tell a node of its work."""

from troth.model.network import Node
from troth.model.node_link import Reach
from troth.model.refusals import FieldFlaw
from troth.store.database import Connection
from troth.store.edi_partners import read_partner


async def find_link_flaws(connection: Connection, node: Node) -> tuple[FieldFlaw, ...]:
    """What is wrong with the partner by which a node is to be told of its work."""
    link = node.link
    if link is None or link.by is not Reach.EDI:
        return ()
    found = await read_partner(connection, link.partner)
    if found is None:
        return (FieldFlaw("/link/partner", f"there is no trading partner {link.partner}"),)
    if node.node not in found.value.nodes:
        spoken = ", ".join(found.value.nodes) or "no node"
        return (FieldFlaw("/link/partner", f"{link.partner} speaks for {spoken}, and not for {node.node}"),)
    return ()
