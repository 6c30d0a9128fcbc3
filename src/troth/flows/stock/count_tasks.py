"""What to count next, from what the process knows of finding stock and what the positions are worth."""

from collections.abc import Collection
from datetime import timedelta

from troth.flows.door.system import System
from troth.model.count_task import CountTask
from troth.planning.count_tasks import ASKED_DAYS, rank_counts
from troth.store.count_tasks import find_count_positions, read_count_candidates


async def propose_counts(system: System, *, nodes: Collection[str] | None, limit: int) -> tuple[CountTask, ...]:
    """The counts of some nodes (None: of all) that are worth most. One that was posted is worth nothing any more."""
    now = system.door.now()
    async with system.pool.acquire() as connection:
        keys = await find_count_positions(connection, nodes)
        since = now - timedelta(days=ASKED_DAYS)
        candidates = await read_count_candidates(connection, keys, asked_since=since)
    return rank_counts(candidates, system.door.reference.find_rates, now, limit=limit)
