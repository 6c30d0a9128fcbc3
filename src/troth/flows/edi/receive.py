"""What partners send: kept as it came before anything else, each interchange once under its control number, and then
done, transaction by transaction.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from troth.flows.door.system import System
from troth.flows.edi.take import take_received
from troth.flows.edi.tongue import Envelope, Tongue
from troth.model.edi_interchange import Direction, InterchangeState, PlacedFlaw, Report, StoredInterchange
from troth.model.edi_partner import EdiPartner
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.edi_interchanges import (
    append_interchange,
    find_answering,
    find_by_control,
    find_to_take,
    lock_exchange,
    lock_interchange,
    note_again,
    put_out_again,
    read_interchange,
    receive_again,
    take_in_number,
)
from troth.store.edi_partners import read_partner

TAKEN_MAX: Final = 50
_LEFT_AFTER: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the interchanges of a file; `is_known` says of each whether it had come before."""

    interchanges: tuple[StoredInterchange, ...]
    is_known: tuple[bool, ...]

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it was taken."""
        return all(one.state is InterchangeState.REFUSED for one in self.interchanges)


async def receive(system: System, tongue: Tongue, partner: EdiPartner, content: bytes, *, file: str = "") -> Received:
    """Keep the interchanges of a file that came from a partner, and do what they say.

    One that has come before does nothing, and its acknowledgment is sent again. One that is refused as a whole is kept
    with why, and may come again under its control number once it is mended.
    """
    opened = await asyncio.to_thread(tongue.open, content, partner)
    async with transaction(system.pool) as connection:
        await lock_exchange(connection, partner.partner)
        kept = [await _keep(connection, system, partner, one, content, file) for one in opened.envelopes]
        if opened.flaws or not opened.envelopes:
            flaws = tuple(PlacedFlaw(0, "", 0, 0, detail) for detail in opened.flaws)
            kept.append((await _append(connection, system, partner, "", flaws, content, file), False))
    for number, is_known in kept:
        if not is_known:
            await take_received(system, tongue, partner, number)
    async with system.pool.acquire() as connection:
        found = [await read_interchange(connection, partner.partner, Direction.IN, number) for number, _ in kept]
    return Received(tuple(one for one in found if one is not None), tuple(is_known for _, is_known in kept))


async def take_again(
    system: System, tongue: Tongue, partner: EdiPartner, number: int
) -> StoredInterchange | NotFound | Invalid | NotPossibleNow:
    """Do an interchange of which something was refused once more, as what it is about and the partner are now; what was
    done of it does nothing the second time.
    """
    name = f"{partner.partner}/{Direction.IN}/{number}"
    async with transaction(system.pool) as connection:
        await lock_exchange(connection, partner.partner)
        found = await lock_interchange(connection, partner.partner, Direction.IN, number)
        if found is None:
            return NotFound("interchange", name)
        if found.state not in (InterchangeState.REFUSED, InterchangeState.PARTLY):
            return NotPossibleNow("take again", found.state)
        opened = await asyncio.to_thread(tongue.open, found.content, partner)
        envelope = next((one for one in opened.envelopes if one.control == found.control), None)
        flaws = opened.flaws if envelope is None else tuple(one.detail for one in envelope.flaws)
        if envelope is None or flaws:
            return Invalid(tuple(FieldFlaw("", detail) for detail in flaws))
        other = await find_by_control(connection, partner.partner, Direction.IN, found.control)
        if other is not None and other.number != number:
            return NotPossibleNow("take again", f"its control number was taken by number {other.number}")
        await receive_again(connection, partner.partner, number)
    await take_received(system, tongue, partner, number)
    async with system.pool.acquire() as connection:
        done = await read_interchange(connection, partner.partner, Direction.IN, number)
    return done or NotFound("interchange", name)


async def take_left(system: System, tongue: Tongue, *, limit: int = TAKEN_MAX) -> int:
    """Do interchanges that came and that nobody has done, as where a process died meanwhile; how many."""
    async with system.pool.acquire() as connection:
        left = await find_to_take(connection, system.door.now() - _LEFT_AFTER, limit=limit)
        partners = {name: await read_partner(connection, name) for name in {name for name, _ in left}}
    for name, number in left:
        partner = partners[name]
        if partner is not None:
            await take_received(system, tongue, partner.value, number)
    return len(left)


async def _keep(
    connection: Connection, system: System, partner: EdiPartner, envelope: Envelope, content: bytes, file: str
) -> tuple[int, bool]:
    """Keep an interchange; its number, and whether it is known."""
    flaws = tuple(envelope.flaws)
    before = await find_by_control(connection, partner.partner, Direction.IN, envelope.control)
    if before is not None and not flaws:
        if envelope.is_in(before.content):
            await _tell_again(connection, before)
            return before.number, True
        told = f"the control number {envelope.control} was used on {before.at:%Y-%m-%d %H:%M} UTC for another content"
        flaws = (PlacedFlaw(0, "", 0, 0, told, envelope.control),)
    return await _append(connection, system, partner, envelope.control, flaws, content, file), False


async def _append(
    connection: Connection,
    system: System,
    partner: EdiPartner,
    control: str,
    flaws: Sequence[PlacedFlaw],
    content: bytes,
    file: str,
) -> int:
    now, owed = system.door.now(), partner.owed_minutes
    number = await take_in_number(connection, partner.partner)
    state = InterchangeState.REFUSED if flaws or not control else InterchangeState.RECEIVED
    one = StoredInterchange(
        partner.partner,
        Direction.IN,
        number,
        control,
        state,
        content,
        file,
        Report(tuple(flaws)),
        now,
        acknowledge_by=None if owed is None or state is InterchangeState.REFUSED else now + timedelta(minutes=owed),
    )
    await append_interchange(connection, one)
    return number


async def _tell_again(connection: Connection, before: StoredInterchange) -> None:
    """Count that an interchange came again, and put out again what acknowledges it: its sender may not have that."""
    await note_again(connection, before.partner, before.number)
    answering = await find_answering(connection, before.partner, before.number)
    if answering is not None:
        await put_out_again(connection, before.partner, answering, acknowledge_by=None)
