"""Versioned configuration: versions are put in force and taken back; every act is recorded with who, what and why.

Changes of one family wait for each other, so that each is decided from what is true, and of two that were meant to
replace the same thing the second is told.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from troth.engine.supply.in_force import find_in_force, find_next_change, find_undoable, state_of
from troth.flows.documents.families import Family
from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.flows.publishing.draft import flaws_of, revision_of
from troth.flows.publishing.published import Published
from troth.model.document import Activation, Document, label_of
from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.value import dataclass
from troth.store.configure import append_configuration_events, lock_family
from troth.store.database import Connection, transaction
from troth.store.documents import append_activation, find_versions, read_activations, read_document

T = TypeVar("T")

_LATE: Final = timedelta(minutes=1)
"""How long ago an activation may have been meant to begin, which then begins now: clocks differ, requests travel."""


@dataclass(frozen=True, slots=True)
class Acted:
    """How a document stands after an act; `act` is None where it was so already and nothing was written."""

    published: Published
    act: Activation | None


Then = Callable[[Connection, Acted], Awaitable[None]]
"""What else is to be written with an act, in its transaction."""


async def _nothing(_: Connection, __: Acted) -> None:
    """Writes nothing else."""


async def activate(
    system: System,
    family: Family[T],
    name: str,
    version: int,
    *,
    effective_from: datetime | None = None,
    canary_percent: int | None = None,
    reason: str,
    actor: str,
    expected: Expected = ANYTHING,
    then: Then = _nothing,
) -> Acted | Refusal:
    """Let a version decide from an instant on (None: now), or for some percent of the orders beside what decides now.

    It replaces what was said before it about the time from then on. What is so already is not written again.
    """

    async def decide(work: "_Work") -> Activation | Refusal | None:
        flaws = _activation_flaws(family, work.at, effective_from, canary_percent, reason)
        document = await read_document(work.connection, family.key, name, version)
        if document is None:
            return NotFound(family.what, label_of(name, version))
        value = family.read(msgspec.json.decode(document.body), system.door.reference.base.currency)
        if isinstance(value, tuple):  # what a release before this one let pass
            flaws = (*flaws, *(FieldFlaw("/version", f"{flaw.pointer}: {flaw.detail}") for flaw in flaws_of(value)))
        begins_at = max(effective_from or work.at, work.at)
        percent = None if canary_percent == 100 else canary_percent
        then_base = find_in_force(work.scope, begins_at).base
        if percent is not None and then_base is not None and (then_base.name, then_base.version) == (name, version):
            flaws = (*flaws, FieldFlaw("/canary_percent", f"{label_of(name, version)} decides for all orders then"))
        if flaws:
            return Invalid(flaws)
        act = Activation(
            work.number, name, version, begins_at, percent, reason=reason, acted_at=work.at, acted_by=actor
        )
        return None if work.is_so(act) else act

    return await _act(system, family, name, "activate", actor=actor, expected=expected, decide=decide, then=then)


async def retire(
    system: System,
    family: Family[T],
    name: str,
    *,
    effective_from: datetime | None = None,
    reason: str,
    actor: str,
    expected: Expected = ANYTHING,
    then: Then = _nothing,
) -> Acted | Refusal:
    """Put a name out of force from an instant on (None: now), so that what is built in decides again."""

    async def decide(work: "_Work") -> Activation | Refusal | None:
        flaws = _activation_flaws(family, work.at, effective_from, None, reason)
        if flaws:
            return Invalid(flaws)
        now = find_in_force(work.scope, work.at)
        if not any(act is not None and act.name == name for act in (now.base, now.canary)):
            return _not_in_force(work, "retire", name)
        begins_at = max(effective_from or work.at, work.at)
        return Activation(work.number, name, None, begins_at, reason=reason, acted_at=work.at, acted_by=actor)

    return await _act(system, family, name, "retire", actor=actor, expected=expected, decide=decide, then=then)


async def roll_back(
    system: System,
    family: Family[T],
    name: str,
    *,
    reason: str,
    actor: str,
    expected: Expected = ANYTHING,
    then: Then = _nothing,
) -> Acted | Refusal:
    """Take the newest act about a name back, from now on: what was in force without it decides again.

    A canary ends, a scheduled activation never comes, and the version before an activation is active again.
    """

    async def decide(work: "_Work") -> Activation | Refusal | None:
        flaws = _activation_flaws(family, work.at, None, None, reason)
        if flaws:
            return Invalid(flaws)
        last = find_undoable(work.scope)
        if last is None or last.name != name:
            return _not_in_force(work, "roll back", name)
        return Activation(
            work.number, name, None, work.at, undoes=last.number, reason=reason, acted_at=work.at, acted_by=actor
        )

    return await _act(system, family, name, "roll_back", actor=actor, expected=expected, decide=decide, then=then)


@dataclass(frozen=True, slots=True)
class _Work:
    """What an act is decided from, with the family locked."""

    connection: Connection
    at: datetime
    number: int
    newest: Document
    scope: tuple[Activation, ...]

    def is_so(self, act: Activation) -> bool:
        """Whether an act says only what is so already, now and later."""
        if find_next_change(self.scope, self.at) is not None or act.effective_from > self.at:
            return False
        now = find_in_force(self.scope, self.at)
        known = now.base if act.canary_percent is None else now.canary
        if known is None or (act.canary_percent is None and now.canary is not None):
            return False
        return (known.name, known.version, known.canary_percent) == (act.name, act.version, act.canary_percent)


async def _act(
    system: System,
    family: Family[T],
    name: str,
    what: str,
    *,
    actor: str,
    expected: Expected,
    decide: Callable[[_Work], Awaitable[Activation | Refusal | None]],
    then: Then,
) -> Acted | Refusal:
    async with transaction(system.pool) as connection:
        await lock_family(connection, family.key)
        at = system.door.now()
        acts = await read_activations(connection, family.key)
        newest = next(iter(await find_versions(connection, family.key, name, limit=1)), None)
        if newest is None:
            return NotFound(family.what, name)
        scope = family.scope(acts, name)
        conflict = expected.refuse(revision_of(newest, scope, name))
        if conflict is not None:
            return conflict
        act = await decide(_Work(connection, at, (acts[-1].number if acts else 0) + 1, newest, scope))
        if act is not None and not isinstance(act, Activation):
            return act
        if act is not None:
            await append_activation(connection, family.key, act)
            after = (*scope, act)
            event = ConfigurationSet(
                family.what.replace(" ", "_"), name, _told(after, act, what), before=_told_of(scope, at)
            )
            await append_configuration_events(connection, (event,), at=at, actor=actor)
            scope = after
        acted = Acted(Published(newest, newest, scope, at), act)
        await then(connection, acted)
    await system.door.follow()
    return acted


def _activation_flaws(
    family: Family[Any], now: datetime, effective_from: datetime | None, canary_percent: int | None, reason: str
) -> tuple[FieldFlaw, ...]:
    flaws = []
    if not reason.strip():
        flaws.append(FieldFlaw("/reason", "is required: it is what the audit shows"))
    if effective_from is not None and effective_from < now - _LATE:
        flaws.append(FieldFlaw("/effective_from", "must not be in the past, which has been decided"))
    if canary_percent is not None and not 1 <= canary_percent <= 100:
        flaws.append(FieldFlaw("/canary_percent", "must be from 1 to 100"))
    elif canary_percent not in (None, 100) and not family.has_canary:
        flaws.append(FieldFlaw("/canary_percent", f"a {family.what} takes effect for everything at once"))
    return tuple(flaws)


def _not_in_force(work: _Work, what: str, name: str) -> NotPossibleNow:
    state = state_of(name, work.newest.version, work.scope, work.at)
    return NotPossibleNow(what, f"{name}@{work.newest.version} {state}", ("activate",))


def _told_of(scope: tuple[Activation, ...], at: datetime) -> Mapping[str, Any]:
    """What is in force at an instant, as the audit has it."""
    now = find_in_force(scope, at)
    return {
        "in_force": None if now.base is None else now.base.label,
        "canary": None if now.canary is None else f"{now.canary.label} for {now.canary.canary_percent} %",
    }


def _told(scope: tuple[Activation, ...], act: Activation, what: str) -> Mapping[str, Any]:
    """The same from an act's own time on, with the act."""
    return {
        **_told_of(scope, act.effective_from),
        "act": what,
        "effective_from": act.effective_from,
        "reason": act.reason,
    }
