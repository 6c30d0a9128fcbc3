"""What people say of an exception: who looks after it, until when it is put off, and a note; each is recorded."""

from datetime import datetime

from troth.flows.door.system import System
from troth.flows.exceptions.workbench import find_one
from troth.model.events import ExceptionMarked
from troth.model.exceptions import Mark, OpenException
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.value import dataclass
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.marks import Note, append_note, write_mark


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says; what is None stays as it is. `unsnooze` takes it back that it was put off."""

    owner: str | None = None
    snoozed_until: datetime | None = None
    note: str = ""
    unsnooze: bool = False


async def mark(system: System, exception_id: str, said: Said, *, actor: str) -> Mark | Invalid | NotFound:
    """Write what is said of an exception that is open."""
    now = system.door.now()
    if said.snoozed_until is not None and said.snoozed_until <= now:
        return Invalid((FieldFlaw("/snoozed_until", "must lie in the future"),))
    if said.owner is None and said.snoozed_until is None and not said.note and not said.unsnooze:
        return Invalid((FieldFlaw("", "says nothing: give an owner, a time to put it off until, or a note"),))
    pair = await find_one(system, exception_id)
    if pair is None:
        return NotFound("exception", exception_id)
    return await write(system, pair[0], said, actor=actor)


async def write(system: System, found: OpenException, said: Said, *, actor: str) -> Mark:
    """Write and record what is said of an exception."""
    now, before, name = system.door.now(), found.mark, found.exception_id
    until = None if said.unsnooze else said.snoozed_until or before.snoozed_until
    after = Mark(before.owner if said.owner is None else said.owner, until, now, actor)
    event = ExceptionMarked(name, found.kind.value, after.owner, after.snoozed_until, said.note, now, found.order_id)
    async with transaction(system.pool) as connection:
        await write_mark(connection, name, after)
        if said.note:
            await append_note(connection, name, Note(now, actor, said.note))
        await append_event(connection, event, subject=subject_of(name), at=now, actor=actor)
    return after


def subject_of(exception_id: str) -> str:
    """Under which name the log has what people did about an exception."""
    return f"exception:{exception_id}"
