"""What partners are sent: each message to a node once, in an interchange with a control number of its own.

Interchange, number and the messages that it has are written in one transaction; only then is it laid into a folder or
asked for. So no number is left out or used twice, and whoever dies in between leaves an interchange that is sent later.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from troth.flows.door.system import System
from troth.flows.edi.known import known_of
from troth.flows.edi.tongue import Known, Spoken, Tongue, Unspoken
from troth.model.edi_interchange import (
    Direction,
    Fate,
    InterchangeState,
    Report,
    ReportedTransaction,
    StoredInterchange,
)
from troth.model.edi_partner import EdiPartner
from troth.model.ids import NodeId
from troth.model.network import Node
from troth.model.node_link import Reach
from troth.model.node_messages import MessageKind, NodeTold
from troth.model.refusals import NotFound
from troth.model.value import dataclass
from troth.store.database import UNAVAILABLE, Connection, transaction
from troth.store.edi_interchanges import (
    append_interchange,
    await_works,
    find_untold,
    lock_exchange,
    lock_interchange,
    note_messages,
    put_out_again,
    refuse_message,
    take_out_number,
)
from troth.store.edi_partners import read_partner, read_partners

MESSAGES_MAX: Final = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """A message, and the transaction that it is."""

    told: NodeTold
    spoken: Spoken
    kind: str


async def write_all_told(system: System, tongue: Tongue) -> int:
    """Write what nodes are told of into interchanges of their partners; how many messages there were.

    Whatever goes wrong with one partner, the others have their turn.
    """
    async with system.pool.acquire() as connection:
        partners = await read_partners(connection)
    count = 0
    for partner in partners:
        try:
            count += await write_told(system, tongue, partner)
        except UNAVAILABLE:
            raise
        except Exception:
            _log.exception("what partner %s is to be told cannot be written", partner.partner)
    return count


async def write_told(system: System, tongue: Tongue, partner: EdiPartner, *, limit: int = MESSAGES_MAX) -> int:
    """Write what the nodes of a partner are told of into interchanges, at most so many messages; how many there were.

    What cannot be said to the partner is noted at its message, and calls a person; it holds up no other.
    """
    nodes = linked_nodes(partner, system.door.reference.network.nodes)
    if not nodes:
        return 0
    async with system.pool.acquire() as connection:
        if not await find_untold(connection, nodes, limit=1):
            return 0
    async with transaction(system.pool) as connection:
        await lock_exchange(connection, partner.partner)
        told = await find_untold(connection, nodes, limit=limit)
        said = await _say(connection, tongue, partner, told, await known_of(system, told))
        now = system.door.now()
        for _, group in groupby(said, key=lambda one: one.kind):
            await _write(connection, tongue, partner, tuple(group), now)
    return len(told)


async def put_out(
    connection: Connection,
    tongue: Tongue,
    partner: EdiPartner,
    spoken: Sequence[Spoken],
    now: datetime,
    *,
    told: Sequence[NodeTold] = (),
    answers: int | None = None,
) -> StoredInterchange:
    """Write transactions of one kind into an interchange that is to be sent; what is `told` by each, or which one that
    came it `answers`.
    """
    number, position = await take_out_number(connection, partner.partner)
    written = tongue.write(spoken, partner, number, now)
    transactions = tuple(
        ReportedTransaction(
            written.group,
            control,
            tongue.kind(one),
            Fate.WAITING,
            node=told[place].node if told else None,
            message=told[place].number if told else None,
            work=told[place].work.fulfillment_id if told else None,
        )
        for place, (one, control) in enumerate(zip(spoken, written.transactions, strict=True))
    )
    out = StoredInterchange(
        partner.partner,
        Direction.OUT,
        number,
        written.control,
        InterchangeState.WRITTEN,
        written.content,
        "",
        Report((), transactions),
        now,
        position=position,
        acknowledge_by=due_at(partner, now) if told else None,
        answers=answers,
    )
    await append_interchange(connection, out)
    return out


async def send_again(system: System, partner: str, number: int) -> NotFound | None:
    """Put an interchange out once more as it was, with the control number that it has."""
    async with transaction(system.pool) as connection:
        await lock_exchange(connection, partner)
        found = await lock_interchange(connection, partner, Direction.OUT, number)
        terms = await read_partner(connection, partner)
        if found is None or terms is None:
            return NotFound("interchange", f"{partner}/out/{number}")
        is_awaited = found.acknowledge_by is not None and found.acknowledged_at is None
        due = due_at(terms.value, system.door.now()) if is_awaited else found.acknowledge_by
        await put_out_again(connection, partner, number, acknowledge_by=due)
    return None


def due_at(partner: EdiPartner, now: datetime) -> datetime | None:
    """By when a partner acknowledges what it is sent now; None: nobody waits for that."""
    minutes = partner.acknowledge_minutes
    return None if minutes is None else now + timedelta(minutes=minutes)


def linked_nodes(partner: EdiPartner, nodes: Iterable[Node]) -> tuple[NodeId, ...]:
    """The nodes that are told of their work by a partner."""
    return tuple(
        one.node
        for one in nodes
        if one.link is not None and one.link.by is Reach.EDI and one.link.partner == partner.partner
    )


async def _say(
    connection: Connection, tongue: Tongue, partner: EdiPartner, told: Sequence[NodeTold], known: Known
) -> list[_Said]:
    """The transactions that messages are, in their order."""
    said = []
    for one in told:
        spoken = tongue.say(one, partner, known)
        if isinstance(spoken, Unspoken):
            await refuse_message(connection, one.node, one.number, one.at, why=spoken.why)
        else:
            said.append(_Said(one, spoken, tongue.kind(spoken)))
    return said


async def _write(
    connection: Connection, tongue: Tongue, partner: EdiPartner, said: Sequence[_Said], now: datetime
) -> None:
    told = [one.told for one in said]
    out = await put_out(connection, tongue, partner, [one.spoken for one in said], now, told=told)
    await note_messages(connection, partner.partner, out.number, told)
    if out.acknowledge_by is not None:
        releases = {one.work.fulfillment_id for one in told if one.kind is MessageKind.RELEASE}
        await await_works(connection, releases, out.acknowledge_by)
