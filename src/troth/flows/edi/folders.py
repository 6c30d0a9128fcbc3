"""The folders of trading partners: what they are sent is laid there, and what they lay there is taken in."""

import asyncio
import logging
from typing import Final

from troth.flows.door.system import System
from troth.flows.edi.receive import receive
from troth.flows.edi.send import due_at
from troth.flows.edi.tongue import Tongue
from troth.flows.log.deliver import retry_seconds
from troth.flows.nodes.files import Exchanged, Folder, OpenFolder, Place, free_name, is_unfinished
from troth.model.edi_interchange import StoredInterchange
from troth.model.edi_partner import EdiPartner, Syntax
from troth.store.database import transaction
from troth.store.edi_folders import EdiClaim, claim_edi_folders, free_edi_folder, holds
from troth.store.edi_interchanges import find_to_send, note_sent
from troth.store.edi_partners import read_partners

CLAIM_SECONDS: Final = 120.0
EVERY_SECONDS: Final = 2.0
FILES_MAX: Final = 50
_ERROR_MAX: Final = 500
_SUFFIXES: Final = {Syntax.X12: ".x12", Syntax.EDIFACT: ".edi"}

_log = logging.getLogger(__name__)


async def exchange_interchanges(system: System, tongue: Tongue, open_folder: OpenFolder) -> Exchanged:
    """Lay what partners are to be sent into their folders, where they have one, and do what lies there; what was done.

    A folder that cannot be used, or a file at which anything goes wrong, is tried again after a growing pause; it holds
    up no other partner. Later files of the same folder wait, as what they say comes after.
    """
    async with system.pool.acquire() as connection:
        partners = {one.partner: one for one in await read_partners(connection) if one.folder}
        claims = await claim_edi_folders(connection, list(partners), seconds=CLAIM_SECONDS) if partners else []
    done = await asyncio.gather(*(_exchange(system, tongue, partners[one.partner], one, open_folder) for one in claims))
    return sum(done, Exchanged())


async def _exchange(
    system: System, tongue: Tongue, partner: EdiPartner, claim: EdiClaim, open_folder: OpenFolder
) -> Exchanged:
    done, at, error = Exchanged(), "", ""
    folder = open_folder(partner.folder)
    try:
        done += Exchanged(written=await _lay_out(system, partner, folder, claim))
        for name in await asyncio.to_thread(folder.list_names, Place.IN):
            if done.read < FILES_MAX and not is_unfinished(name):
                at = f"{name}: "
                done += await _take_file(system, tongue, partner, folder, name)
    except Exception as failure:  # whatever is wrong with one folder, the others have their turn
        error = f"{at}{type(failure).__name__}: {failure}"[:_ERROR_MAX]
        is_expected = isinstance(failure, OSError)
        _log.warning("the folder of partner %s cannot be used: %s", partner.partner, error, exc_info=not is_expected)
        done += Exchanged(failed=1)
    async with system.pool.acquire() as connection:
        await free_edi_folder(
            connection,
            claim,
            pause_seconds=retry_seconds(claim.failures) if error else 0.0 if done.read == FILES_MAX else EVERY_SECONDS,
            failures=claim.failures + 1 if error else 0,
            error=error,
            has_written=done.written > 0,
            has_read=done.read > 0,
        )
    return done


async def _lay_out(system: System, partner: EdiPartner, folder: Folder, claim: EdiClaim) -> int:
    """Lay what is to be sent into the folder, each under a name that follows from its control number; how many files.

    Whoever dies before that is noted leaves a file that the next one lays there again, with the same name and content.
    """
    async with system.pool.acquire() as connection:
        waiting = await find_to_send(connection, partner.partner, limit=FILES_MAX)
        if waiting and not await holds(connection, claim):
            return 0
    for one in waiting:
        name = file_name(partner, one)
        await asyncio.to_thread(folder.write, Place.OUT, name, one.content)
        async with transaction(system.pool) as connection:
            now = system.door.now()
            is_awaited = one.acknowledge_by is not None and one.acknowledged_at is None
            due = due_at(partner, now) if is_awaited else one.acknowledge_by
            await note_sent(connection, one, now, file=name, acknowledge_by=due)
    return len(waiting)


def file_name(partner: EdiPartner, one: StoredInterchange) -> str:
    """What an interchange is called in a folder: `000000017-940.x12`."""
    return f"{one.number:09d}-{'-'.join(one.kinds)}{_SUFFIXES[partner.syntax]}"


async def _take_file(system: System, tongue: Tongue, partner: EdiPartner, folder: Folder, name: str) -> Exchanged:
    """Take a file in, and move it away: to what was refused, with why beside it, where nothing of it was taken."""
    content = await asyncio.to_thread(folder.read, Place.IN, name)
    received = await receive(system, tongue, partner, content, file=name)
    to = Place.REFUSED if received.is_refused else Place.TAKEN
    stem, dot, suffix = name.rpartition(".")
    under = await asyncio.to_thread(free_name, folder, to, stem or name, f"{dot}{suffix}" if stem else "", content)
    if received.is_refused:
        why = "".join(f"{line}\n" for one in received.interchanges for line in one.why_refused)
        await asyncio.to_thread(folder.write, to, f"{under}.why.txt", why.encode())
        _log.warning("the file %s of partner %s was refused: %s", name, partner.partner, why.strip())
    await asyncio.to_thread(folder.take, name, under=under, to=to)
    return Exchanged(read=1, refused=int(received.is_refused))
