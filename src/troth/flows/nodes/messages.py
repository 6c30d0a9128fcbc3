"""The messages to a node as it asks for them: from a number on, and acknowledged once."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from troth.flows.door.system import System
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.value import dataclass
from troth.store.database import transaction
from troth.store.node_messages import Message, acknowledge, read_acknowledged_number, read_messages
from troth.store.reference import read_node

WAIT_SECONDS_MAX: Final = 20
_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Inbox:
    """Messages to a node in order, and the number after which the next ones come."""

    messages: tuple[Message, ...]
    last: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How many messages were acknowledged just now, and up to which number all are."""

    acknowledged: int
    through: int


async def read_inbox(
    system: System, node: NodeId, *, after: int | None, limit: int, wait_seconds: float = 0.0
) -> Inbox | NotFound:
    """The messages to a node after a number (None: all that it has not acknowledged, and what came after them); where
    there are none, what comes within so many seconds.
    """
    ends_at = time.monotonic() + min(wait_seconds, WAIT_SECONDS_MAX)
    async with system.pool.acquire() as connection:
        if await read_node(connection, node) is None:
            return NotFound("node", node)
        start = await read_acknowledged_number(connection, node) if after is None else after
        found = await read_messages(connection, node, after=start, limit=limit)
    while not found and (left := ends_at - time.monotonic()) > 0:
        await asyncio.sleep(min(_LOOK_SECONDS, left))
        async with system.pool.acquire() as connection:
            found = await read_messages(connection, node, after=start, limit=limit)
    return Inbox(tuple(found), found[-1].told.number if found else start)


async def acknowledge_messages(
    system: System, node: NodeId, *, through: int, numbers: Sequence[int], actor: str
) -> Acknowledged | NotFound | Invalid:
    """Write that a node has its messages up to a number, and some more; what it had before stays as it was."""
    async with transaction(system.pool) as connection:
        if await read_node(connection, node) is None:
            return NotFound("node", node)
        if not through and not numbers:
            return Invalid((FieldFlaw("/through", "is required where no numbers are given"),))
        now = system.door.now()
        done = await acknowledge(connection, node, through=through, numbers=numbers, at=now, by=actor)
        return Acknowledged(len(done), await read_acknowledged_number(connection, node))
