"""The waves to come: what each will hold, where it will overflow, and how it stands."""

from datetime import datetime
from typing import Final

from troth.engine.promising.context import Facts
from troth.engine.waves.wave_preview import WaveForecast, forecast_waves
from troth.engine.waves.wave_times import find_waves, read_wave_id
from troth.engine.waves.waves import NO_LIMIT, NOTHING, Amount
from troth.flows.door.system import System
from troth.flows.orders.due import ACTOR
from troth.flows.orders.waves import room_left
from troth.model.ids import NodeId
from troth.model.release import WaveTime
from troth.model.value import dataclass
from troth.store.orders import find_due_orders, read_orders
from troth.store.releases import Wave, find_planned_orders, read_waves
from troth.store.releases import find_waves as find_known_waves

ORDERS_MAX: Final = 5_000
WAVES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class ComingWave:
    """A wave to come as it stands, how much it may still take (None of it: no limit), and what it will hold."""

    wave: Wave
    rule: str
    node: NodeId | None
    room: Amount
    forecast: WaveForecast


@dataclass(frozen=True, slots=True)
class WavesAhead:
    """The waves until an instant, the earliest first; it `is_partial` where not all orders were looked at."""

    waves: tuple[ComingWave, ...]
    is_partial: bool


async def preview_waves(system: System, *, until: datetime, node: NodeId | None = None) -> WavesAhead:
    """What the waves until an instant will hold as things stand, of all nodes or of one; nothing is written."""
    now = system.door.now()
    reference = system.door.reference
    release = reference.release_at(now)
    async with system.pool.acquire() as connection:
        planned = await find_planned_orders(connection, until=until, limit=ORDERS_MAX + 1)
        due = await find_due_orders(connection, until, limit=ORDERS_MAX + 1)
        ids = list(dict.fromkeys((*planned, *due)))
        orders = await read_orders(connection, ids[:ORDERS_MAX])
        changed = await find_known_waves(connection, since=now, until=until, limit=WAVES_MAX)
    await reference.need_lines([line for order in orders.values() for line in order.lines])
    facts = Facts(now, ACTOR, reference.network, reference.items, reference.policy, release=release)
    known = {wave.wave: wave for wave in changed}
    known |= await _read(system, {one.wave for order in orders.values() for one in order.planned if one.wave})

    def room(name: str) -> Amount:
        found = known.get(name)
        if found is None:
            parsed = read_wave_id(name)
            return NO_LIMIT if parsed is None else room_left(system, Wave(name, parsed[2]))
        return room_left(system, found)

    ordered = [orders[order_id] for order_id in ids if order_id in orders]
    forecasts = {one.wave: one for one in forecast_waves(ordered, facts, until=until, room=room)}
    empty = {one.wave: _empty(one.wave, one.at) for one in _coming(system, now, until)}
    empty |= {one.wave: _empty(one.wave, one.at) for one in changed}
    found = []
    for name, forecast in sorted((empty | forecasts).items(), key=lambda pair: (pair[1].at, pair[0])):
        parsed = read_wave_id(name)
        if parsed is not None and (node is None or parsed[1] in (None, node)):
            wave = known.get(name) or Wave(name, forecast.at)
            found.append(ComingWave(wave, parsed[0], parsed[1], room(name), forecast))
    return WavesAhead(tuple(found[:WAVES_MAX]), len(ids) > ORDERS_MAX or len(found) > WAVES_MAX)


async def _read(system: System, names: set[str]) -> dict[str, Wave]:
    async with system.pool.acquire() as connection:
        return await read_waves(connection, sorted(names))


def _empty(wave: str, at: datetime) -> WaveForecast:
    return WaveForecast(wave, at, NOTHING, NOTHING, NOTHING)


def _coming(system: System, now: datetime, until: datetime) -> list[WaveTime]:
    """The waves that come by the rules in force, whether anything is planned into them or not."""
    reference = system.door.reference
    release = reference.release_at(now)
    found: dict[str, WaveTime] = {}
    for rule in () if release is None else release.rules.waves:
        nodes = (
            ()
            if release is None
            else release.nodes_of(rule, reference.network, currency=reference.policy.currency, now=now)
        )
        for node in nodes[:1] if rule.is_shared else nodes:
            for wave in find_waves(rule, node, reference.network, after=now):
                if wave.at > until or len(found) >= WAVES_MAX:
                    break
                found[wave.wave] = wave
    return list(found.values())
