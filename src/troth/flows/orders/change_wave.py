"""What a person does to a wave: it is held, resumed, closed, or run before its time."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from troth.engine.policies.release_rules import rule_named
from troth.engine.waves.wave_times import find_waves, read_wave_id
from troth.flows.door.system import System
from troth.flows.orders.waves import Ran, run_wave
from troth.model.events import ConfigurationSet
from troth.model.ids import OrderId
from troth.model.lifecycle import WAVE, WaveEvent, WaveState
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.store.configure import append_configuration_events
from troth.store.database import transaction
from troth.store.releases import Wave, lock_wave, read_waiting, try_waves, write_wave

WORKS_MAX: Final = 1_000
_ROUNDS_MAX: Final = 1_000


async def change_wave(
    system: System, wave_id: str, event: WaveEvent, *, reason: str, actor: str
) -> tuple[Wave, Ran] | Refusal:
    """Hold a wave (it is not run before it is resumed), resume it, or close it: what is planned into it is planned anew
    at once, except for what cannot wait, which is released.
    """
    if not reason.strip():
        return Invalid((FieldFlaw("/reason", "is required: it is what the audit shows"),))
    async with transaction(system.pool) as connection:
        wave = await lock_wave(connection, wave_id) or await _find(system, wave_id)
        if wave is None:
            return NotFound("wave", wave_id)
        to = WAVE.get((wave.state, event))
        if to is None:
            possible = tuple(name for state, name in WAVE if state is wave.state)
            return NotPossibleNow(event, wave.state, possible)
        now = system.door.now()
        changed = replace(wave, state=to, changed_at=now, changed_by=actor, reason=reason)
        await write_wave(connection, changed)
        told = ConfigurationSet("wave", wave_id, {"state": to, "reason": reason}, before={"state": wave.state})
        await append_configuration_events(connection, (told,), at=now, actor=actor)
    ran = await _run(system, wave_id, actor=actor) if to is WaveState.CLOSED else Ran()
    return changed, ran


async def release_wave(system: System, wave_id: str, *, reason: str, actor: str) -> Ran | Refusal:
    """Run a wave now, before its time: what is planned into it is released as far as it has room."""
    if not reason.strip():
        return Invalid((FieldFlaw("/reason", "is required: it is what the audit shows"),))
    async with transaction(system.pool) as connection:
        wave = await lock_wave(connection, wave_id) or await _find(system, wave_id)
        if wave is None:
            return NotFound("wave", wave_id)
        if wave.state is not WaveState.OPEN:
            return NotPossibleNow("release", wave.state, tuple(name for state, name in WAVE if state is wave.state))
        told = ConfigurationSet("wave", wave_id, {"act": "release", "reason": reason})
        await append_configuration_events(connection, (told,), at=system.door.now(), actor=actor)
    return await _run(system, wave_id, actor=actor)


async def _run(system: System, wave_id: str, *, actor: str) -> Ran:
    """Run a wave until nothing of it changes any more; nothing where a worker is running waves: that one comes by."""
    changed, left_out = 0, set[OrderId]()
    for _ in range(_ROUNDS_MAX):
        async with transaction(system.pool) as connection:
            if not await try_waves(connection):
                return Ran(changed, has_more=True)
            found = await run_wave(system, connection, wave_id, limit=WORKS_MAX, without=left_out, actor=actor)
        changed += found.changed
        if not found.has_more or not found.changed:
            break
    return Ran(changed)


async def _find(system: System, wave_id: str) -> Wave | None:
    """A wave that nothing was done to yet: one that comes by a rule, or into which work is planned."""
    parsed = read_wave_id(wave_id)
    if parsed is None:
        return None
    name, node, at = parsed
    reference = system.door.reference
    release = reference.release_at(system.door.now())
    rule = None if release is None else rule_named(release, name)
    network = reference.network
    if rule is not None and rule.is_shared is (node is None) and (node is None or node in network.index):
        nodes = [node] if node is not None else [one.node for one in network.nodes[:1]]
        for place in nodes:
            coming = next(find_waves(rule, place, network, after=_before(at)), None)
            if coming is not None and coming.wave == wave_id:
                return Wave(wave_id, at)
    async with system.pool.acquire() as connection:
        planned = await read_waiting(connection, wave_id, at, limit=1)
    return Wave(wave_id, at) if planned else None


def _before(at: datetime) -> datetime:
    return at - timedelta(minutes=1)
