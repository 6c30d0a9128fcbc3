"""Waves: which come, what each will hold, where one will overflow; held, resumed, closed, or run early by a person."""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.waves.wave_preview import WaveForecast
from troth.engine.waves.waves import Amount
from troth.flows.orders.change_wave import change_wave, release_wave
from troth.flows.orders.wave_preview import ComingWave, WavesAhead, preview_waves
from troth.flows.orders.waves import Ran
from troth.http.edge.body import Body, NoQuery, Query, Strict, Text
from troth.http.edge.bounds import choose_bound
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.model.ids import NodeId
from troth.model.lifecycle import WaveEvent, WaveState
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.store.releases import Wave


class AmountAnswer(msgspec.Struct, frozen=True):
    """So many works of nodes (of an order one for each node), lines and units; null is no limit."""

    works: int | None
    lines: int | None
    units: int | None


class WaveAnswer(msgspec.Struct, frozen=True):
    """A wave that comes, as things stand.

    It has taken `taken` and may take `room` more. It will take `expected` more, of which `over` goes beyond its room
    because it cannot wait for another wave; `put_off` waits for a later one. `node` null: several nodes share it.
    """

    wave: str
    rule: str
    node: str | None
    at: Instant
    state: WaveState
    taken: AmountAnswer
    room: AmountAnswer
    expected: AmountAnswer
    over: AmountAnswer
    put_off: AmountAnswer
    changed_at: Instant | None
    changed_by: str
    reason: str


class WavesAnswer(msgspec.Struct, frozen=True):
    """The waves to come, the earliest first; `is_partial` where there are more orders than are looked at."""

    items: tuple[WaveAnswer, ...]
    is_partial: bool


class WaveActAnswer(msgspec.Struct, frozen=True):
    """How a wave stands after what was done to it, and how many orders it released or put off at once.

    `has_more`: another process runs waves at this moment, and what is left is done by the worker.
    """

    wave: str
    state: WaveState
    changed_orders: int
    has_more: bool


class WavesQuery(Query):
    """Which waves: of which node, for how long from now."""

    node: Annotated[Text | None, Field(description="Left out: of all nodes.", examples=["DC-PA"])] = None
    hours: Annotated[int, Field(ge=1, le=336, description="How far ahead.")] = 24


class WaveBody(Strict):
    """Why."""

    reason: Annotated[Text, Field(description="Why; the audit shows it.")] = ""


async def list_waves(call: Call[Nothing, WavesQuery]) -> Reply:
    """The waves to come."""
    node = choose_bound(call.actor.nodes, call.query.node, "node")
    if node is not None and node not in call.system.door.reference.network.index:
        raise Refused(NotFound("node", node))
    until = call.system.door.now() + timedelta(hours=call.query.hours)
    found = await preview_waves(call.system, until=until, node=None if node is None else NodeId(node))
    return json_reply(answer_waves(found))


def answer_waves(found: WavesAhead) -> WavesAnswer:
    """Waves to come as they are answered."""
    return WavesAnswer(tuple(map(_answer, found.waves)), found.is_partial)


def _answer(coming: ComingWave) -> WaveAnswer:
    wave, forecast = coming.wave, coming.forecast
    return WaveAnswer(
        wave.wave,
        coming.rule,
        coming.node,
        wave.at,
        wave.state,
        _amount(wave.taken),
        _amount(coming.room),
        _amount(forecast.taken),
        _amount(forecast.over),
        _amount(forecast.put_off),
        wave.changed_at,
        wave.changed_by,
        wave.reason,
    )


def _amount(amount: Amount) -> AmountAnswer:
    return AmountAnswer(amount.orders, amount.lines, amount.units)


def _act(event: WaveEvent, summary: str) -> AnyOperation:
    async def run(call: Call[WaveBody, NoQuery]) -> Reply:
        async def act() -> Reply:
            found = await change_wave(
                call.system, call.path("wave"), event, reason=call.body.reason, actor=call.actor.name
            )
            if not isinstance(found, tuple):
                raise Refused(found)
            wave, ran = found
            return json_reply(WaveActAnswer(wave.wave, wave.state, ran.changed, ran.has_more))

        return await once(call, act)

    return _operation(event.value, summary, run, WaveActAnswer(_WAVE.wave, WaveState.HELD, 0, False))


async def _release(call: Call[WaveBody, NoQuery]) -> Reply:
    async def act() -> Reply:
        name = call.path("wave")
        found = await release_wave(call.system, name, reason=call.body.reason, actor=call.actor.name)
        if not isinstance(found, Ran):
            raise Refused(found)
        return json_reply(WaveActAnswer(name, WaveState.OPEN, found.changed, found.has_more))

    return await once(call, act)


def _operation(verb: str, summary: str, run: Any, shown: WaveActAnswer) -> AnyOperation:
    return Operation(
        method="POST",
        path=f"/v1/waves/{{wave}}/{verb}",
        name=f"{verb}_wave",
        summary=summary,
        tag="releases",
        run=run,
        shown=(Shown(200, "How the wave stands", WaveActAnswer, shown),),
        body=Body(TypeAdapter(WaveBody), {"reason": "the sorter is down"}),
        query=NoQuery,
        scope="orders:write",
        refusals=(
            NotFound("wave", _WAVE.wave),
            NotPossibleNow(verb, WaveState.CLOSED, (WaveEvent.RESUME,)),
            Invalid((FieldFlaw("/reason", "is required: it is what the audit shows"),)),
        ),
        path_examples=(("wave", _WAVE.wave),),
    )


_WAVE: Final = Wave("dc-parcels~DC-PA~20261123T1800Z", examples.AT + timedelta(hours=3), taken=Amount(40, 61, 88))
_COMING: Final = ComingWave(
    _WAVE,
    "dc-parcels",
    NodeId("DC-PA"),
    Amount(None, 39, None),
    WaveForecast(_WAVE.wave, _WAVE.at, Amount(25, 41, 60), Amount(1, 2, 2), Amount(4, 6, 9)),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/waves",
        name="list_waves",
        summary="The waves to come, what each will hold, and where one will overflow",
        tag="releases",
        run=list_waves,
        shown=(Shown(200, "The waves, the earliest first", WavesAnswer, answer_waves(WavesAhead((_COMING,), False))),),
        body=NO_BODY,
        query=WavesQuery,
        scope="orders:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    _act(WaveEvent.HOLD, "Keep a wave from being run until it is resumed"),
    _act(WaveEvent.RESUME, "Let a wave be run again that was held or closed"),
    _act(WaveEvent.CLOSE, "Let a wave take no more: what is planned into it goes with a later one, if it can wait"),
    _operation(
        "release",
        "Run a wave now, before its time, as far as it has room",
        _release,
        WaveActAnswer(_WAVE.wave, WaveState.OPEN, 25, False),
    ),
)
