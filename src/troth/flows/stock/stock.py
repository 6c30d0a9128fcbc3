"""Stock that is adjusted, counted or loaded. Of a list, a line that is refused does not hurt its neighbors."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from troth.engine.stock.stock import RECEIPT
from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request, Result
from troth.flows.door.system import System
from troth.flows.door.waiting import find_helped
from troth.flows.people.access import Actor
from troth.flows.stock.stock_lines import KIT, find_held_by_lot, find_line_flaws, is_kit, must_name_lot
from troth.model.commands import AdjustStock, Command, CountStock, RepromiseOrder
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey, VarianceReason, lot_source
from troth.model.refusals import FieldFlaw, Invalid, KeyReused, Refusal
from troth.model.value import dataclass
from troth.store.codec import decode, encode_bytes
from troth.store.orders import find_orders_pegged
from troth.store.purchase_orders import find_expected_supplies, read_purchase_order

_LINES_A_TIME: Final = 500
_POSITIONS_A_TIME: Final = 10_000
_ATTEMPTS: Final = 5
_LOSSES: Final = frozenset({VarianceReason.DAMAGED, VarianceReason.STOLEN, VarianceReason.EXPIRED})
_NO_LOT: Final = FieldFlaw("/expires_on", "only a lot expires: name the lot")
NOTHING_RECEIVED: Final[Mapping[int, tuple[Sku, NodeId, int]]] = {}
_TRANSIENT: Final = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, asyncpg.SerializationError)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Units to add to what a node holds of a SKU; `reference` of a receipt is the number of its purchase order.

    Without a `lot` they are those that no lot holds; `expires_on` is the lot's last good day, where it is said.
    """

    node: NodeId
    sku: Sku
    delta: int
    reason: str
    reference: str = ""
    lot: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Units that were counted of a SKU, or of one lot of it, and as far as they are not what the books say, why.

    `expires_on` is the last good day that was read on a lot. Without a `node` it is that of the whole count.
    """

    sku: Sku
    on_hand: int
    node: NodeId | None = None
    reason: str = VarianceReason.UNKNOWN
    counted_by: str = ""
    lot: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line of a list: no code where it was done, else the refusal's, with the flaws by field.

    `findings` of a line that was done are worth a second look.
    """

    line: int
    code: str = ""
    transient: bool = False
    flaws: tuple[FieldFlaw, ...] = ()
    findings: tuple[FieldFlaw, ...] = ()


async def adjust(
    system: System, lines: Sequence[Adjustment], *, actor: Actor, key: Key | None = None
) -> tuple[LineResult, ...] | KeyReused:
    """Move stock, line by line; a receipt of a purchase order covers the orders that wait for it, and one below zero
    takes back what was not received after all.
    """
    flaws = await find_line_flaws(system, [(line.node, line.sku) for line in lines], actor)
    for number, line in enumerate(lines):
        if line.delta == 0:
            flaws[number].append(FieldFlaw("/delta", "must not be zero"))
        if line.delta > 0 and is_kit(system, line.sku):
            flaws[number].append(KIT)
        if line.expires_on is not None and not line.lot:
            flaws[number].append(_NO_LOT)
        if line.delta > 0 and line.reason in _LOSSES:
            detail = f"must be less than zero for {line.reason} units: what is there after all is found"
            flaws[number].append(FieldFlaw("/delta", detail))
    waiting = await _find_waiting(system, {n: line for n, line in enumerate(lines) if n not in flaws}, flaws)
    commands: dict[int, Command] = {}
    for number, line in enumerate(lines):
        if number not in flaws:
            known, orders = waiting.get((line.reference, SupplyKey(line.sku, line.node)), ((), ()))
            key_ = SupplyKey(line.sku, line.node, lot_source(line.lot))
            commands[number] = AdjustStock(
                key_, line.delta, line.reason, line.reference, known, orders, line.expires_on
            )
    received: dict[int, tuple[Sku, NodeId, int]] = {
        number: (line.sku, line.node, line.delta)
        for number, line in enumerate(lines)
        if number in commands and line.reason == RECEIPT and line.delta > 0
    }
    lots = [(line.node, line.expires_on if line.delta > 0 else None) for line in lines]
    done = await _submit(system, len(lines), commands, flaws, actor=actor, key=key, received=received)
    return done if isinstance(done, KeyReused) else _with_findings(system, done, lots)


async def count(
    system: System,
    node: NodeId | None,
    as_of: datetime,
    lines: Sequence[Counted],
    *,
    actor: Actor,
    reference: str = "",
    key: Key | None = None,
    places: Sequence[int] = (),
) -> tuple[LineResult, ...] | Invalid | KeyReused:
    """Set what a node holds to what was counted at `as_of`, plus what moved since.

    Of a supply that was counted later already the line is refused: the newer count knows more. So is one without a lot
    of what is held by lot there, unless the list counts a lot of it too: nobody could tell whether it is the sum.
    `places` are those of the lines in the list that they are from; none: it is this one.
    """
    if as_of > system.door.now():
        return Invalid((FieldFlaw("/as_of", "a count cannot have been taken in the future"),))
    keys = [SupplyKey(line.sku, line.node or node or NodeId(""), lot_source(line.lot)) for line in lines]
    flaws = await find_line_flaws(system, [(key.node, key.sku) for key in keys], actor)
    seen: dict[SupplyKey, int] = {}
    numbers = places or range(len(lines))
    for number, (line, one) in enumerate(zip(lines, keys, strict=True)):
        if line.on_hand > 0 and is_kit(system, line.sku):
            flaws[number].append(KIT)
        if line.on_hand < 0:
            flaws[number].append(FieldFlaw("/on_hand", "cannot be less than nothing"))
        if line.expires_on is not None and not line.lot:
            flaws[number].append(_NO_LOT)
        # A line that is refused anyway has counted nothing.
        first = number if number in flaws else seen.setdefault(one, number)
        if first != number:
            field, what = ("/lot", f"lot {line.lot} of {line.sku}") if line.lot else ("/sku", line.sku)
            flaws[number].append(FieldFlaw(field, f"{what} is counted already in line {numbers[first]}"))
    for number in await find_held_by_lot(system, keys):
        flaws[number].append(FieldFlaw("/lot", must_name_lot(keys[number].sku, keys[number].node)))
    commands: dict[int, Command] = {
        number: CountStock(one, line.on_hand, as_of, reference, line.expires_on, line.reason, line.counted_by)
        for number, (line, one) in enumerate(zip(lines, keys, strict=True))
        if number not in flaws
    }
    done = await _submit(system, len(lines), commands, flaws, actor=actor, key=key)
    lots = [(one.node, line.expires_on if line.on_hand else None) for line, one in zip(lines, keys, strict=True)]
    return done if isinstance(done, KeyReused) else _with_findings(system, done, lots)


# Lines ------------------------------------------------------------------------------------------


async def _find_waiting(
    system: System, lines: Mapping[int, Adjustment], flaws: defaultdict[int, list[FieldFlaw]]
) -> Mapping[tuple[str, SupplyKey], tuple[tuple[SupplyKey, ...], tuple[OrderId, ...]]]:
    """By purchase order and received supply: the supplies that it arrives from, and the orders that wait for them; a
    flaw for each line with a number that no purchase order has, and for each that takes back what it never brought.
    """
    received: dict[str, dict[SupplyKey, list[int]]] = {}
    for place, line in lines.items():
        if line.reason == RECEIPT and line.reference:
            of_number = received.setdefault(line.reference, {})
            of_number.setdefault(SupplyKey(line.sku, line.node), []).append(place)
    if not received:
        return {}
    waiting = {}
    async with system.pool.acquire() as connection:
        for number, keys in received.items():
            expected = await find_expected_supplies(connection, number, {key.sku for key in keys})
            if not expected and await read_purchase_order(connection, number) is None:
                for place in (place for places in keys.values() for place in places):
                    flaws[place].append(FieldFlaw("/reference", f"there is no purchase order {number}"))
                continue
            for key in sorted(keys):
                known = tuple(one for one in expected if (one.sku, one.node) == (key.sku, key.node))
                if known:
                    sources = [one.source for one in known]
                    orders = await find_orders_pegged(connection, sources, key.sku, key.node)
                    waiting[number, key] = known, tuple(orders)
                for place in keys[key] if not known else ():
                    if lines[place].delta < 0:
                        detail = f"nothing of it was received here of purchase order {number}"
                        flaws[place].append(FieldFlaw("/reference", detail))
    return waiting


async def _submit(
    system: System,
    count_: int,
    commands: Mapping[int, Command],
    flaws: Mapping[int, Sequence[FieldFlaw]],
    *,
    actor: Actor,
    key: Key | None,
    received: Mapping[int, tuple[Sku, NodeId, int]] = NOTHING_RECEIVED,
) -> tuple[LineResult, ...] | KeyReused:
    """The result of every line. Lines go through the door some hundred at a time, each time under a key of its own."""
    results: list[LineResult] = []
    for start in range(0, count_, _LINES_A_TIME):
        numbers = range(start, min(start + _LINES_A_TIME, count_))
        helped = await _find_helped(system, [received[number] for number in numbers if number in received])
        done = await _submit_some(system, numbers, commands, flaws, helped, actor=actor, key=_key_of(key, start))
        if isinstance(done, KeyReused):
            if not start:
                return done
            done = tuple(LineResult(number, done.code) for number in numbers)
        results += done
    return tuple(results)


async def _submit_some(
    system: System,
    numbers: Sequence[int],
    commands: Mapping[int, Command],
    flaws: Mapping[int, Sequence[FieldFlaw]],
    helped: Sequence[Command],
    *,
    actor: Actor,
    key: Key | None,
) -> tuple[LineResult, ...] | KeyReused:
    """The result of some lines. `helped` fill waiting orders with what is received, before anybody else can take it."""
    asked = [number for number in numbers if number in commands]

    def results_of(outcomes: Sequence[Outcome]) -> tuple[LineResult, ...]:
        by_line = dict(zip(asked, outcomes[: len(asked)], strict=True))
        return tuple(
            _result(number, by_line[number]) if number in by_line else _flawed(number, flaws[number])
            for number in numbers
        )

    if not asked:
        return results_of(())

    def answer(outcomes: tuple[Outcome, ...]) -> Answer:
        return Answer(200, encode_bytes(results_of(outcomes)))

    request = Request(
        (*(commands[number] for number in asked), *helped), actor.name, key=key, answer=None if key is None else answer
    )
    result: Result = await system.door.submit(request)
    if result.answer is not None:
        return decode(result.answer.body, tuple[LineResult, ...])
    if isinstance(result.outcomes[0], KeyReused):
        return result.outcomes[0]
    return results_of(result.outcomes)


async def _find_helped(system: System, received: Iterable[tuple[Sku, NodeId, int]]) -> list[RepromiseOrder]:
    """What fills waiting orders with units that are received, in their turn."""
    units: dict[tuple[Sku, NodeId], int] = {}
    for sku, node, delta in received:
        units[sku, node] = units.get((sku, node), 0) + delta
    if not units:
        return []
    async with system.pool.acquire() as connection:
        return await find_helped(connection, units, system.door.reference.policy)


def _with_findings(
    system: System, done: Iterable[LineResult], lots: Sequence[tuple[NodeId, date | None]]
) -> tuple[LineResult, ...]:
    """The results, with a finding where units of a lot came in whose last day (None: not said) is over at their node.

    It may be true, and is booked: what is there is there, and nothing of it is promised.
    """
    network, now = system.door.reference.network, system.door.now()

    def findings(line: LineResult) -> tuple[FieldFlaw, ...]:
        node, last_day = lots[line.line]
        if line.code or last_day is None:
            return ()
        today = now.astimezone(ZoneInfo(network.nodes[network.index[node]].time_zone)).date()
        if last_day >= today:
            return ()
        days = (today - last_day).days
        ago = f"{days} day{'' if days == 1 else 's'} ago"
        return (FieldFlaw("/expires_on", f"was {ago}: the units are booked, and nothing of them is promised"),)

    return tuple(replace(one, findings=findings(one)) for one in done)


def _key_of(key: Key | None, start: int) -> Key | None:
    """The key of the lines from `start` on: no client's key has a space, so none can be taken for another."""
    return Key(f"{key.key} {start}", key.request_digest) if key is not None and start else key


def _result(number: int, outcome: Outcome) -> LineResult:
    match outcome:
        case Accepted():
            return LineResult(number)
        case Invalid():
            return _flawed(number, outcome.flaws)
        case _:
            refusal: Refusal = outcome
            return LineResult(number, refusal.code, refusal.transient)


def _flawed(number: int, flaws: Sequence[FieldFlaw]) -> LineResult:
    return LineResult(number, Invalid.code, flaws=tuple(flaws))
