"""Waves are run when their time has come: what fits goes to the nodes, what does not is planned anew."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from troth.engine.policies.release_rules import rule_named
from troth.engine.waves.wave_times import read_wave_id
from troth.engine.waves.waves import NO_LIMIT, Amount, Waiting, fill_wave, left_of, room_of
from troth.flows.door.requests import Request
from troth.flows.door.system import System
from troth.flows.orders.due import ACTOR, count_acted
from troth.model.commands import RunWave
from troth.model.ids import FulfillmentId, OrderId
from troth.model.lifecycle import WaveState
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.releases import Wave, find_due_waves, read_waiting, read_waves, try_waves

WAVES_MAX: Final = 100
_CLOSED: Final = Amount()


@dataclass(frozen=True, slots=True)
class Ran:
    """What running waves came to: how many orders changed, and whether there may be more to do at once."""

    changed: int = 0
    has_more: bool = False


async def run_waves(system: System, now: datetime, *, limit: int, without: set[OrderId] | None = None) -> Ran:
    """Run the waves whose time has come by `now`, the earliest first, of each at most `limit` works.

    One worker runs waves at a time, and another one that comes meanwhile does nothing. What a wave has taken is counted
    in the transaction that takes it, so that one that was broken off goes on with the room that is left. Orders that
    cannot be decided join `without`, and are left out.
    """
    left_out = set() if without is None else without
    async with transaction(system.pool) as connection:
        if not await try_waves(connection):
            return Ran()
        due = await find_due_waves(connection, now, limit=WAVES_MAX)
        changed = 0
        is_full = len(due) == WAVES_MAX
        for wave in due:
            found = await run_wave(system, connection, wave, limit=limit, without=left_out)
            changed += found.changed
            is_full = is_full or found.has_more
    return Ran(changed, is_full and changed > 0)


async def run_wave(
    system: System,
    connection: Connection,
    wave: str,
    *,
    limit: int,
    without: set[OrderId],
    actor: str = ACTOR,
) -> Ran:
    """Run one wave, whose right the connection's transaction holds, for at most `limit` works."""
    parsed = read_wave_id(wave)
    if parsed is None:
        return Ran()
    _, _, at = parsed
    known = (await read_waves(connection, [wave])).get(wave) or Wave(wave, at)
    read = await read_waiting(connection, wave, at, limit=limit + len(without))
    waiting = [one for one in read if one.order_id not in without][:limit]
    taken, deferred = fill_wave(waiting, room_left(system, known))
    changed = 0
    # First those who go: what waits for the next wave is of no hurry.
    for group, is_taken in ((taken, True), (deferred, False)):
        commands = _commands(wave, group, is_taken=is_taken)
        requests = [Request((command,), actor, ACTOR) for command in commands]
        results = await asyncio.gather(*map(system.door.submit, requests), return_exceptions=True)
        changed += count_acted([command.order_id for command in commands], results, without)
    return Ran(changed, len(waiting) == limit)


def room_left(system: System, wave: Wave) -> Amount:
    """What a wave may still take: nothing where it is closed, without limit where its rule is in force no longer."""
    parsed = read_wave_id(wave.wave)
    if wave.state is WaveState.CLOSED or parsed is None:
        return _CLOSED
    name, node, at = parsed
    release = system.door.reference.release_at(system.door.now())
    rule = None if release is None else rule_named(release, name)
    network = system.door.reference.network
    if rule is None or (node is not None and node not in network.index):
        return NO_LIMIT
    return left_of(room_of(rule, node, at, network), wave.taken)


def _commands(wave: str, works: Iterable[Waiting], *, is_taken: bool) -> Sequence[RunWave]:
    """A command for each order, with all of its works."""
    named: dict[OrderId, list[FulfillmentId]] = {}
    for one in works:
        named.setdefault(one.order_id, []).append(one.fulfillment_id)
    return [
        RunWave(order_id, wave, tuple(ids), ()) if is_taken else RunWave(order_id, wave, (), tuple(ids))
        for order_id, ids in named.items()
    ]
