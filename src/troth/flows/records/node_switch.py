"""Switching a node off, for a reason and until a time, and on again. What it has of work stays with it."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from troth.flows.door.system import System
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId
from troth.model.network import SwitchedOff
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.configure import append_configuration_events, lock_family
from troth.store.database import transaction
from troth.store.node_switches import NODE_SWITCHES, delete_node_switch, read_node_switches, write_node_switch
from troth.store.reference import read_node

OFF_MAX: Final = timedelta(days=365)
WHAT: Final = "node-switch"
_HOURS_MAX: Final = 24 * 365


async def switch_off(
    system: System, node: NodeId, *, reason: str, until: datetime | None, actor: str
) -> SwitchedOff | NotFound | Invalid:
    """Let a node be asked for nothing more from now on, until an instant (None: until it is switched on).

    Said again it is for the new reason and time, since when it was first off. Unchanged content writes nothing.
    """
    now = system.door.now()
    if not reason.strip():
        return Invalid((FieldFlaw("/reason", "is required: who asks why the node sends nothing is told"),))
    if until is not None and not now < until <= now + OFF_MAX:
        return Invalid((FieldFlaw("/until", "must be later than now, and within a year"),))
    async with transaction(system.pool) as connection:
        await lock_family(connection, NODE_SWITCHES)
        if await read_node(connection, node) is None:
            return NotFound("node", node)
        before = (await read_node_switches(connection, now)).get(node)
        off = SwitchedOff(reason.strip(), now if before is None else before.since, until, actor)
        if before is not None and (before.reason, before.until) == (off.reason, off.until):
            return before
        await write_node_switch(connection, node, off)
        event = ConfigurationSet(WHAT, node, _plain(off), None if before is None else _plain(before))
        await append_configuration_events(connection, (event,), at=now, actor=actor)
    await system.door.follow()
    return off


async def switch_on(system: System, node: NodeId, *, actor: str) -> bool | NotFound:
    """Let a node be asked again; False, with nothing written, where it is on already."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        await lock_family(connection, NODE_SWITCHES)
        if await read_node(connection, node) is None:
            return NotFound("node", node)
        before = (await read_node_switches(connection, now)).get(node)
        is_gone = await delete_node_switch(connection, node)
        if before is not None:
            event = ConfigurationSet(WHAT, node, None, _plain(before))
            await append_configuration_events(connection, (event,), at=now, actor=actor)
    if is_gone:
        await system.door.follow()
    return before is not None


def hours_of(given: str) -> float | Invalid | None:
    """For how many hours a form says that a node is to be off; None where it says nothing.

    >>> hours_of("2.5"), hours_of("")
    (2.5, None)
    """
    if not given:
        return None
    try:
        hours = float(given)
    except ValueError:
        hours = 0.0
    if 0 < hours <= _HOURS_MAX:
        return hours
    return Invalid((FieldFlaw("/hours", f"must be a number above 0 and at most {_HOURS_MAX:,}"),))


def _plain(off: SwitchedOff) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(off)
    return plain
