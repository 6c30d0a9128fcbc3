"""That nodes with systems of their own do not answer by when they have to: said once, and counted of them."""

from typing import Final

from troth.flows.door.system import System
from troth.flows.nodes.tell import ACTOR
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.node_messages import note_silent

SILENT_MAX: Final = 200


async def note_silence(system: System, *, limit: int = SILENT_MAX) -> int:
    """Say of at most `limit` works that their nodes did not acknowledge or ship them in time; how many."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        found = await note_silent(connection, now, limit=limit)
        for order_id, event in found:
            await append_event(connection, event, subject=order_id, at=now, actor=ACTOR)
    return len(found)
