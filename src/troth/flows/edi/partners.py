"""Trading partners: set as a whole, and deleted."""

from collections.abc import Sequence

import msgspec

from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.flows.records.configure import Set
from troth.model.edi_partner import Documents, EdiPartner
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId
from troth.model.node_link import Reach
from troth.model.refusals import FieldFlaw, Invalid, NotFound, VersionConflict
from troth.store.configure import append_configuration_events, lock_family
from troth.store.database import Connection, transaction
from troth.store.edi_partners import PARTNERS, delete_partner, read_partner, read_partners, write_partner
from troth.store.reference import read_nodes


async def set_partner(
    system: System, partner: EdiPartner, *, actor: str, expected: Expected = ANYTHING
) -> Set | VersionConflict | Invalid:
    """Create or replace a trading partner; unchanged content writes nothing."""
    async with transaction(system.pool) as connection:
        await lock_family(connection, PARTNERS)
        before = await read_partner(connection, partner.partner)
        conflict = expected.refuse(before.version if before else None)
        if conflict is not None:
            return conflict
        if before is not None and before.value == partner:
            return Set(before.version, is_new=False)
        flaws = await _flaws(connection, partner)
        if flaws:
            return Invalid(tuple(flaws))
        at = system.door.now()
        version = await write_partner(connection, partner, at)
        was = None if before is None else msgspec.to_builtins(before.value)
        event = ConfigurationSet("edi_partner", partner.partner, msgspec.to_builtins(partner), before=was)
        await append_configuration_events(connection, (event,), at=at, actor=actor)
    return Set(version, before is None)


async def forget_partner(system: System, name: str, *, actor: str) -> NotFound | Invalid | None:
    """Delete a trading partner by which no node is told of its work; what was exchanged with it stays."""
    async with transaction(system.pool) as connection:
        await lock_family(connection, PARTNERS)
        before = await read_partner(connection, name)
        if before is None:
            return NotFound("trading partner", name)
        linked = await _linked(connection, name)
        if linked:
            return Invalid((FieldFlaw("/partner_id", f"{_names(linked)} must be reached by something else first"),))
        await delete_partner(connection, name)
        event = ConfigurationSet("edi_partner", name, None, before=msgspec.to_builtins(before.value))
        await append_configuration_events(connection, (event,), at=system.door.now(), actor=actor)
    return None


async def _flaws(connection: Connection, partner: EdiPartner) -> list[FieldFlaw]:
    """What contradicts other records: nodes that it is to speak for no more, and a folder that is another one's."""
    flaws = []
    lost = [node for node in await _linked(connection, partner.partner) if node not in partner.nodes]
    if lost:
        pointer = "/documents" if partner.documents is Documents.CARRIER else "/nodes"
        flaws.append(FieldFlaw(pointer, f"{_names(lost)} must be reached by something else first"))
    others = [one for one in await read_partners(connection) if one.partner != partner.partner]
    if partner.folder and any(one.folder == partner.folder for one in others):
        flaws.append(FieldFlaw("/folder", f"{partner.folder} is the folder of another partner"))
    return flaws


async def _linked(connection: Connection, partner: str) -> list[NodeId]:
    """The nodes that are told of their work by a partner."""
    nodes = await read_nodes(connection)
    return [one.node for one in nodes if one.link and one.link.by is Reach.EDI and one.link.partner == partner]


def _names(nodes: Sequence[NodeId]) -> str:
    return ", ".join(nodes)
