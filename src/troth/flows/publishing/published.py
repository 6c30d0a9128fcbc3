"""Versioned configuration as it stands: what there is, what decides, what is still to come."""

from datetime import datetime
from typing import Any

import msgspec

from troth.engine.supply.in_force import find_in_force, is_heeded, state_of
from troth.flows.documents.families import Family
from troth.flows.door.system import System
from troth.flows.publishing.draft import revision_of
from troth.model.document import Activation, Document, DocumentState, InForce, label_of
from troth.model.refusals import NotFound
from troth.model.value import dataclass
from troth.store.documents import find_documents, find_versions, read_activations, read_document


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a document at an instant, with the newest version of its name and the acts that decide about it."""

    document: Document
    newest: Document
    acts: tuple[Activation, ...]
    at: datetime

    @property
    def state(self) -> DocumentState:
        """How the version stands."""
        return state_of(self.document.name, self.document.version, self.acts, self.at)

    @property
    def in_force(self) -> InForce:
        """What decides; in a family of which one document does, perhaps another name."""
        return find_in_force(self.acts, self.at)

    @property
    def scheduled(self) -> tuple[Activation, ...]:
        """The acts that are still to take effect, the next one first."""
        coming = [act for act in self.acts if act.effective_from > self.at and is_heeded(act, self.acts)]
        return tuple(sorted(coming, key=lambda act: (act.effective_from, act.number)))

    @property
    def revision(self) -> int:
        """What tells what a client has seen of the name."""
        return revision_of(self.newest, self.acts, self.newest.name)

    @property
    def content(self) -> Any:
        """The body as plain JSON values."""
        return msgspec.json.decode(self.document.body)


async def read_published(
    system: System, family: Family[Any], name: str, version: int | None = None
) -> Published | NotFound:
    """A version of a document as it stands now; the newest one where none is named."""
    async with system.pool.acquire() as connection:
        newest = next(iter(await find_versions(connection, family.key, name, limit=1)), None)
        acts = await read_activations(connection, family.key)
        found = newest
        if version is not None and newest is not None and version != newest.version:
            found = await read_document(connection, family.key, name, version)
    if newest is None or found is None:
        return NotFound(family.what, name if version is None or newest is None else label_of(name, version))
    return Published(found, newest, family.scope(acts, name), system.door.now())


async def find_published(
    system: System, family: Family[Any], *, after: str | None = None, limit: int
) -> list[Published]:
    """A page of the newest versions of a family's documents, by name, after the one given."""
    async with system.pool.acquire() as connection:
        found = await find_documents(connection, family.key, after=after, limit=limit)
        acts = await read_activations(connection, family.key)
    now = system.door.now()
    return [Published(one, one, family.scope(acts, one.name), now) for one in found]


async def find_published_versions(
    system: System, family: Family[Any], name: str, *, before: int | None = None, limit: int
) -> list[Published]:
    """A page of a document's versions as they stand, newest first, before the one given."""
    async with system.pool.acquire() as connection:
        newest = await find_versions(connection, family.key, name, limit=1)
        found = await find_versions(connection, family.key, name, before=before, limit=limit)
        acts = family.scope(await read_activations(connection, family.key), name)
    now = system.door.now()
    return [Published(one, newest[0], acts, now) for one in found]
