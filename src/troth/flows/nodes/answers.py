"""What nodes answer, done: the same commands that everybody reports work with, each answer for itself and once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from itertools import zip_longest
from typing import Final

from troth.engine.node_answers import commands_of
from troth.flows.door.requests import Answer, Key, Request
from troth.flows.door.system import System
from troth.flows.nodes.tell import ANSWERED
from troth.flows.orders.fulfill import find_tracked, read_work, read_works
from troth.model.commands import OrderCommand
from troth.model.ids import FulfillmentId, NodeId
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import AllocationState
from troth.model.measure import units_in
from troth.model.node_answers import AnswerKind, NodeAnswer
from troth.model.node_messages import TEST_PREFIX
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal, WorkWithdrawn
from troth.model.status import fulfillment_status
from troth.model.value import dataclass
from troth.store.codec import encode
from troth.store.database import transaction
from troth.store.node_messages import acknowledge, acknowledge_about

TOGETHER_MAX: Final = 64
"""Works that are answered together: half of what the door writes in a batch, so that others find room beside them."""
_DONE: Final = Answer(200, b"{}")
_TAKEN_ON: Final = frozenset(
    {
        AllocationState.ACCEPTED,
        AllocationState.PICKED,
        AllocationState.PACKED,
        AllocationState.READY,
        AllocationState.SHIPPED,
        AllocationState.DELIVERED,
        AllocationState.COLLECTED,
    }
)
_SENT: Final = frozenset({AllocationState.SHIPPED, AllocationState.DELIVERED})


class Fate(StrEnum):
    """What became of an answer: it was done, it says what is so already, or it was refused."""

    DONE = "done"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an answer, by its place in what was given; why it was refused."""

    index: int
    fate: Fate
    refusal: Refusal | None = field(default=None)


async def take_answers(system: System, node: NodeId, answers: Sequence[NodeAnswer], *, actor: str) -> list[Taken]:
    """Do what a node answers, in the order in which it is given for each work; what became of each.

    What is told again is known, and does nothing; what is refused does not hurt the others. Answers about different
    work are done together, so that a thousand of them take a few dozen transactions.
    """
    waiting, taken = await _lanes(system, answers), list[Taken]()
    for first in range(0, len(waiting), TOGETHER_MAX):
        for turn in zip_longest(*waiting[first : first + TOGETHER_MAX]):
            taken += await _take(system, node, {index: answers[index] for index in turn if index is not None}, actor)
    return sorted(taken, key=lambda one: one.index)


async def _lanes(system: System, answers: Sequence[NodeAnswer]) -> list[list[int]]:
    """The places of answers about the same work together, also where one names it and another a parcel of it, which an
    answer before it may have sent; what is about no work waits for nothing.
    """
    named = await _names_of(system, dict(enumerate(answers)))
    parcels: dict[str, str] = {}
    lanes: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        work = named.get(index) or parcels.get(answer.tracking_number) or answer.tracking_number
        lanes.setdefault(work or f"{index}", []).append(index)
        parcels |= {package.tracking_number: work for package in answer.packages if package.tracking_number and work}
    return list(lanes.values())


async def _take(system: System, node: NodeId, answers: Mapping[int, NodeAnswer], actor: str) -> list[Taken]:
    """Do answers that are about different work, by their places; what became of each."""
    numbers = {index: number for index, answer in answers.items() if (number := _message_of(answer)) is not None}
    rest = {index: answer for index, answer in answers.items() if index not in numbers}
    names = await _names_of(system, rest)
    found = await read_works(system.pool, names.values())
    meant = {index: _read(system, node, answer, names.get(index), found) for index, answer in rest.items()}
    todo = {index: commands for index, commands in meant.items() if isinstance(commands, tuple)}
    at = system.door.now()
    new_numbers = await _acknowledge(system, node, numbers.values(), at=at, actor=actor) if numbers else ()
    async with system.pool.acquire() as connection:
        new_works = await acknowledge_about(connection, node, {names[index] for index in todo}, at=at, by=actor)
    done = await asyncio.gather(
        *(_do(system, node, answers[index], found[names[index]], commands, actor) for index, commands in todo.items())
    )
    refused = {index: refusal for index, refusal in meant.items() if not isinstance(refusal, tuple)}
    return [
        *(Taken(index, Fate.DONE if number in new_numbers else Fate.KNOWN) for index, number in numbers.items()),
        *(Taken(index, Fate.REFUSED, refusal) for index, refusal in refused.items()),
        *(
            _fate(index, answers[index], outcome, is_news=names[index] in new_works)
            for index, outcome in zip(todo, done, strict=True)
        ),
    ]


def _message_of(answer: NodeAnswer) -> int | None:
    """The number of the message that an answer acknowledges, where it is about one."""
    if answer.answer is AnswerKind.ACKNOWLEDGE and answer.message is not None:
        return answer.message
    number = (answer.fulfillment_id or "").removeprefix(TEST_PREFIX)
    return int(number) if number != answer.fulfillment_id and number.isdecimal() else None


async def _names_of(system: System, answers: Mapping[int, NodeAnswer]) -> dict[int, FulfillmentId]:
    """The work that each answer is about, by name or by the tracking number of a parcel, where there is any."""
    parcels = {answer.tracking_number for answer in answers.values() if answer.fulfillment_id is None} - {""}
    tracked = await find_tracked(system.pool, parcels) if parcels else {}
    named = {index: answer.fulfillment_id or tracked.get(answer.tracking_number) for index, answer in answers.items()}
    return {index: name for index, name in named.items() if name is not None}


def _read(
    system: System,
    node: NodeId,
    answer: NodeAnswer,
    name: FulfillmentId | None,
    found: Mapping[FulfillmentId, tuple[Order, Fulfillment]],
) -> tuple[OrderCommand, ...] | Refusal:
    """The commands that an answer is, none where it says what is so already; or why it is refused."""
    if name is None and answer.tracking_number:
        return NotFound("tracking number", answer.tracking_number)
    if name is None:
        return Invalid((FieldFlaw("/fulfillment_id", "is required"),))
    if name not in found or found[name][1].node != node:
        return NotFound("fulfillment", name)
    order, work = found[name]
    commands = commands_of(answer, order, work, system.door.now())
    if not isinstance(commands, Invalid):
        return commands
    state = fulfillment_status(order, name)
    if _is_known(answer, order, work, state):
        return ()
    return commands if _has_units(order, name) else WorkWithdrawn(name, node, state)


async def _acknowledge(
    system: System, node: NodeId, numbers: Iterable[int], *, at: datetime, actor: str
) -> frozenset[int]:
    """Write that a node has messages with some numbers; which it had not acknowledged before."""
    async with transaction(system.pool) as connection:
        return await acknowledge(connection, node, through=0, numbers=numbers, at=at, by=actor)


def _fate(index: int, answer: NodeAnswer, outcome: bool | Refusal, *, is_news: bool) -> Taken:
    """What became of an answer about work of which something was done, or nothing; where it was acknowledged, `is_news`
    says whether there was a message that had not been.
    """
    if isinstance(outcome, Refusal):
        return Taken(index, Fate.REFUSED, outcome)
    has_told = is_news and answer.answer is AnswerKind.ACKNOWLEDGE
    return Taken(index, Fate.DONE if outcome or has_told else Fate.KNOWN)


async def _do(
    system: System,
    node: NodeId,
    answer: NodeAnswer,
    about: tuple[Order, Fulfillment],
    commands: Sequence[OrderCommand],
    actor: str,
) -> bool | Refusal:
    """Do the commands of an answer about work as it was read, in one request and each only where the one before was
    done; whether any did something, or why one was refused. What the same answer did before is not done again.
    """
    if not commands:
        return False
    order, work = about
    digest = blake2b(encode(answer).encode(), digest_size=16).hexdigest()
    key = Key(f"answer/{node}/{answer.answer_id or digest}", digest)
    asked = Request(tuple(commands), actor, ANSWERED, key, lambda outcomes: _DONE, is_chain=True, known=(order,))
    outcomes = (await system.door.submit(asked)).outcomes
    if not outcomes or not isinstance(outcomes[-1], Refusal):
        return bool(outcomes)
    if isinstance(outcomes[-1], NotPossibleNow | Invalid | WorkWithdrawn):
        again = await read_work(system.pool, work.fulfillment_id)
        if not isinstance(again, NotFound) and _is_known(
            answer, *again, fulfillment_status(again[0], work.fulfillment_id)
        ):
            return len(outcomes) > 1
    return outcomes[-1]


def _is_known(answer: NodeAnswer, order: Order, work: Fulfillment, state: AllocationState) -> bool:
    """Whether an answer only says again what is so already."""
    match answer.answer:
        case AnswerKind.ACCEPT:
            return state in _TAKEN_ON
        case AnswerKind.REJECT:
            return state is AllocationState.REJECTED and not answer.lines
        case AnswerKind.SHORT:
            return _is_short(answer, order, work)
        case AnswerKind.SHIP:
            numbers = {package.tracking_number for package in answer.packages}
            return state in _SENT and numbers <= {package.tracking_number for package in work.packages}
        case _:
            return False


def _is_short(answer: NodeAnswer, order: Order, work: Fulfillment) -> bool:
    """Whether so many units of the lines that an answer names are short already, as it says."""
    missing = [part for part in order.allocations if part.state is AllocationState.SHORT]
    units = begun_units([part for part in missing if part.fulfillment_id == work.fulfillment_id], kits_of(order))
    decimals = {line.line_id: line.decimals for line in order.lines}
    said = {
        line.line_id: 1 if line.quantity is None else units_in(line.quantity, decimals.get(line.line_id, 0)) or 1
        for line in answer.lines
    }
    return bool(said) and all(count <= units.get(line_id, 0) for line_id, count in said.items())


def _has_units(order: Order, name: FulfillmentId) -> bool:
    gone = (AllocationState.CANCELED, AllocationState.REJECTED, AllocationState.REPLACED, AllocationState.SPLIT)
    return any(part.fulfillment_id == name and part.state not in gone for part in order.allocations)
