"""An interchange that came, done: answers about work, checkpoints of parcels, and acknowledgments of what was sent.

What it says goes through the same doors as what comes any other way, and does nothing the second time; so whoever dies
in between leaves it to be done again. What became of it is written once, with the acknowledgment that is sent back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from troth.flows.door.system import System
from troth.flows.edi.acknowledged import take_acknowledgments
from troth.flows.edi.known import known_of
from troth.flows.edi.send import put_out
from troth.flows.edi.tongue import Envelope, Heard, HeardTransaction, Tongue
from troth.flows.memory.trackers import ToldCheckpoint
from troth.flows.nodes.answers import Fate as Done
from troth.flows.nodes.answers import Taken, take_answers
from troth.flows.nodes.files import tell_refusal
from troth.flows.orders.fulfill import read_works
from troth.flows.tracking.notices import Recorded, record_checkpoints
from troth.model.edi_interchange import (
    Direction,
    Fate,
    InterchangeState,
    Report,
    ReportedTransaction,
    Result,
    StoredInterchange,
)
from troth.model.edi_partner import EdiPartner
from troth.model.ids import FulfillmentId, NodeId
from troth.model.node_answers import NodeAnswer
from troth.model.order import Fulfillment, Order
from troth.store.database import transaction
from troth.store.edi_interchanges import find_answering, note_taken, read_interchange
from troth.store.node_messages import read_told_works

_CAUSE: Final = "interchange"
_FATES: Final = {Done.DONE: Fate.DONE, Done.KNOWN: Fate.KNOWN, Done.REFUSED: Fate.REFUSED}
_RECORDED: Final = {
    Recorded.DONE: (Fate.DONE, ""),
    Recorded.REFUSED: (Fate.REFUSED, "it contradicts what is known of the parcel"),
    Recorded.UNKNOWN: (Fate.REFUSED, "no parcel that was sent from here has this number"),
}


async def take_received(system: System, tongue: Tongue, partner: EdiPartner, number: int) -> None:
    """Do what an interchange says, and write what became of it; nothing where that was written already."""
    async with system.pool.acquire() as connection:
        found = await read_interchange(connection, partner.partner, Direction.IN, number)
    if found is None or found.state is not InterchangeState.RECEIVED:
        return
    envelope = await _envelope(tongue, partner, found)
    heard = await _hear(system, envelope)
    said = [one for one in heard.transactions if not one.is_refused]
    results = dict(zip(map(id, said), await _take(system, partner, said), strict=True))
    report = Report((), tuple(_reported(one, results.get(id(one), ())) for one in heard.transactions))
    state = _state_of(report)
    async with transaction(system.pool) as connection:
        at = system.door.now()
        is_told = await find_answering(connection, partner.partner, number) is not None
        told_at = at if heard.acknowledgment else None
        if not await note_taken(connection, partner.partner, number, state, report, acknowledged_at=told_at):
            return
        if heard.acknowledgment and not is_told:
            await put_out(connection, tongue, partner, heard.acknowledgment, at, answers=number)


async def _envelope(tongue: Tongue, partner: EdiPartner, found: StoredInterchange) -> Envelope:
    opened = await asyncio.to_thread(tongue.open, found.content, partner)
    return next(one for one in opened.envelopes if one.control == found.control)


async def _hear(system: System, envelope: Envelope) -> Heard:
    """What an interchange says, by what is known of the work that it names."""
    async with system.pool.acquire() as connection:
        told = await read_told_works(connection, envelope.works)
    known = await known_of(system, told.values())
    return await asyncio.to_thread(envelope.hear, known)


async def _take(system: System, partner: EdiPartner, said: Sequence[HeardTransaction]) -> list[tuple[Result, ...]]:
    """Do what transactions say; what became of each thing that each says."""
    answers = [(place, one) for place, heard in enumerate(said) for one in heard.answers]
    checkpoints = [(place, one) for place, heard in enumerate(said) for one in heard.checkpoints]
    results: list[list[Result]] = [[] for _ in said]
    for (place, answer), taken in zip(
        answers, await _answer(system, partner, [one for _, one in answers]), strict=True
    ):
        why = "" if taken.refusal is None else tell_refusal(taken.refusal)
        results[place].append(Result(answer.answer.value, _about(answer), _FATES[taken.fate], why))
    recorded = await record_checkpoints(
        system,
        partner.carrier,
        [one for _, one in checkpoints],
        actor=f"edi/{partner.partner}",
        cause=_CAUSE,
    )
    for (place, checkpoint), fate in zip(checkpoints, recorded, strict=True):
        results[place].append(Result(checkpoint.status, _named(checkpoint), *_RECORDED[fate]))
    for place, heard in enumerate(said):
        results[place] += await take_acknowledgments(system, partner, heard.acknowledgments)
    return list(map(tuple, results))


async def _answer(system: System, partner: EdiPartner, answers: Sequence[NodeAnswer]) -> list[Taken]:
    """Do answers, each at the node whose work it is about; what became of each, in their order."""
    if not answers or not partner.nodes:
        return []
    works = await read_works(system.pool, {one.fulfillment_id for one in answers if one.fulfillment_id is not None})
    nodes = [_node_of(partner, one.fulfillment_id, works) for one in answers]
    taken: dict[int, Taken] = {}
    for node in dict.fromkeys(nodes):
        places = [place for place, other in enumerate(nodes) if other == node]
        actor = f"edi/{partner.partner}"
        for one in await take_answers(system, node, [answers[place] for place in places], actor=actor):
            taken[places[one.index]] = replace(one, index=places[one.index])
    return [taken[place] for place in range(len(answers))]


def _node_of(
    partner: EdiPartner, work: FulfillmentId | None, works: Mapping[FulfillmentId, tuple[Order, Fulfillment]]
) -> NodeId:
    """The node of a partner for which an answer is; the first one where it is about none of their work."""
    node = works[work][1].node if work is not None and work in works else None
    return node if node is not None and node in partner.nodes else partner.nodes[0]


def _reported(heard: HeardTransaction, results: tuple[Result, ...]) -> ReportedTransaction:
    fates = {one.fate for one in results}
    if heard.is_refused or fates == {Fate.REFUSED}:
        fate = Fate.REFUSED
    elif Fate.REFUSED in fates or heard.flaws:
        fate = Fate.NOTED
    else:
        fate = Fate.KNOWN if fates == {Fate.KNOWN} else Fate.DONE
    return ReportedTransaction(heard.group, heard.control, heard.kind, fate, heard.flaws, results)


def _state_of(report: Report) -> InterchangeState:
    fates = {one.fate for one in report.transactions}
    if fates == {Fate.REFUSED}:
        return InterchangeState.REFUSED
    is_partly = any(
        one.fate is Fate.REFUSED or any(result.fate is Fate.REFUSED for result in one.results)
        for one in report.transactions
    )
    return InterchangeState.PARTLY if is_partly else InterchangeState.TAKEN


def _named(checkpoint: ToldCheckpoint) -> str:
    """What a checkpoint calls its parcels by: a tracking number, or the narrowest of its references."""
    return checkpoint.tracking_number or next((one.name for one in checkpoint.references), "")


def _about(answer: NodeAnswer) -> str:
    return answer.fulfillment_id or answer.tracking_number or ("" if answer.message is None else f"{answer.message}")
