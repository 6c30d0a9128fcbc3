"""What nodes answer, done: the same commands that everybody reports work with, each answer for itself and once."""

import asyncio
from collections.abc import Sequence
from dataclasses import field, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from troth.engine.node_answers import commands_of
from troth.flows.door.requests import Answer, Key, Outcome, Request
from troth.flows.door.system import System
from troth.flows.nodes.tell import ANSWERED
from troth.flows.orders.fulfill import find_tracked, read_work
from troth.model.commands import OrderCommand
from troth.model.ids import FulfillmentId, NodeId
from troth.model.lifecycle import AllocationState
from troth.model.node_answers import AnswerKind, NodeAnswer
from troth.model.node_messages import TEST_PREFIX
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal, WorkWithdrawn
from troth.model.status import fulfillment_status
from troth.model.value import dataclass
from troth.store.codec import encode
from troth.store.database import transaction
from troth.store.node_messages import acknowledge, acknowledge_about

SIDE_BY_SIDE_MAX: Final = 32
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

    What is told again is known, and does nothing; what is refused does not hurt the others.
    """
    lanes: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        lanes.setdefault(answer.fulfillment_id or answer.tracking_number, []).append(index)
    turns = asyncio.Semaphore(SIDE_BY_SIDE_MAX)
    taken: list[Taken] = []

    async def follow(lane: Sequence[int]) -> None:
        async with turns:
            for index in lane:
                done = await _take(system, node, answers[index], actor)
                taken.append(replace(done, index=index))

    await asyncio.gather(*map(follow, lanes.values()))
    return sorted(taken, key=lambda one: one.index)


async def _take(system: System, node: NodeId, answer: NodeAnswer, actor: str) -> Taken:
    if answer.answer is AnswerKind.ACKNOWLEDGE and answer.message is not None:
        return await _acknowledge(system, node, answer.message, actor)
    name = answer.fulfillment_id
    if name is not None and name.startswith(TEST_PREFIX) and name.removeprefix(TEST_PREFIX).isdecimal():
        return await _acknowledge(system, node, int(name.removeprefix(TEST_PREFIX)), actor)
    if name is None and answer.tracking_number:
        name = (await find_tracked(system.pool, (answer.tracking_number,))).get(answer.tracking_number)
        if name is None:
            return _refused(NotFound("tracking number", answer.tracking_number))
    if name is None:
        return _refused(Invalid((FieldFlaw("/fulfillment_id", "is required"),)))
    found = await read_work(system.pool, name)
    if isinstance(found, NotFound) or found[1].node != node:
        return _refused(NotFound("fulfillment", name))
    order, work = found
    commands = commands_of(answer, order, work, system.door.now())
    if isinstance(commands, Invalid):
        state = fulfillment_status(order, name)
        if not _is_known(answer, work, state):
            is_gone = not _has_units(order, name)
            return _refused(WorkWithdrawn(name, node, state) if is_gone else commands)
        commands = ()
    async with transaction(system.pool) as connection:
        news = await acknowledge_about(connection, node, name, at=system.door.now(), by=actor)
    fate = Fate.DONE if news and answer.answer is AnswerKind.ACKNOWLEDGE else Fate.KNOWN
    for number, command in enumerate(commands):
        outcome = await _do(system, node, answer, command, number, actor)
        if outcome is None:
            continue
        if isinstance(outcome, NotPossibleNow | Invalid | WorkWithdrawn):
            again = await read_work(system.pool, name)
            if not isinstance(again, NotFound) and _is_known(answer, again[1], fulfillment_status(again[0], name)):
                continue
        if isinstance(outcome, Refusal):
            return _refused(outcome)
        fate = Fate.DONE
    return Taken(0, fate)


async def _do(
    system: System, node: NodeId, answer: NodeAnswer, command: OrderCommand, number: int, actor: str
) -> Outcome | None:
    """What a command of an answer comes to; None where it was done before, by the same answer."""
    text = encode(answer)
    name = answer.answer_id or blake2b(text.encode(), digest_size=16).hexdigest()
    key = Key(f"answer/{node}/{name}/{number}", blake2b(text.encode(), digest_size=16).hexdigest())
    request = Request((command,), actor, ANSWERED, key, lambda outcomes: _DONE)
    outcomes = (await system.door.submit(request)).outcomes
    return outcomes[0] if outcomes else None


async def _acknowledge(system: System, node: NodeId, number: int, actor: str) -> Taken:
    async with transaction(system.pool) as connection:
        news = await acknowledge(connection, node, through=0, numbers=(number,), at=system.door.now(), by=actor)
    return Taken(0, Fate.DONE if news else Fate.KNOWN)


def _is_known(answer: NodeAnswer, work: Fulfillment, state: AllocationState) -> bool:
    """Whether an answer only says again what is so already."""
    match answer.answer:
        case AnswerKind.ACCEPT:
            return state in _TAKEN_ON
        case AnswerKind.REJECT:
            return state is AllocationState.REJECTED and not answer.lines
        case AnswerKind.SHIP:
            numbers = {package.tracking_number for package in answer.packages}
            return state in _SENT and numbers <= {package.tracking_number for package in work.packages}
        case _:
            return False


def _has_units(order: Order, name: FulfillmentId) -> bool:
    gone = (AllocationState.CANCELED, AllocationState.REJECTED, AllocationState.REPLACED, AllocationState.SPLIT)
    return any(part.fulfillment_id == name and part.state not in gone for part in order.allocations)


def _refused(refusal: Refusal) -> Taken:
    return Taken(0, Fate.REFUSED, refusal)
