"""Versioned configuration: drafts are saved, each as a version of its own; the audit names who wrote what."""

import re
from hashlib import blake2b
from typing import Any, Final, TypeVar

import msgspec

from troth.flows.documents.document_body import body_text
from troth.flows.documents.families import Family
from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.flows.publishing.remarks import find_remarks
from troth.model.document import Activation, Document, Finding
from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid, VersionConflict
from troth.model.value import dataclass
from troth.store.configure import append_configuration_events, lock_family
from troth.store.database import transaction
from troth.store.documents import append_document, find_versions, read_activations

T = TypeVar("T")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Saved:
    """A version that is there now; `is_new` says whether it came to be just now, `findings` what is worth a look."""

    document: Document
    is_new: bool
    findings: tuple[Finding, ...]
    revision: int


async def save_draft(
    system: System,
    family: Family[T],
    name: str,
    body: object,
    *,
    note: str = "",
    actor: str,
    expected: Expected = ANYTHING,
) -> Saved | Invalid | VersionConflict:
    """Save a body as the newest version of a name, or say what forbids it. The newest again writes nothing."""
    flaws = (*name_flaws(family, name), *_own_name_flaws(body, name))
    value = family.read(body, system.door.reference.base.currency)
    if flaws or isinstance(value, tuple):
        return Invalid((*flaws, *(flaws_of(value) if isinstance(value, tuple) else ())))
    digest, at, remarks = digest_body(body), system.door.now(), await find_remarks(system, family, value)
    async with transaction(system.pool) as connection:
        await lock_family(connection, family.key)
        newest = next(iter(await find_versions(connection, family.key, name, limit=1)), None)
        acts = family.scope(await read_activations(connection, family.key), name)
        revision = revision_of(newest, acts, name)
        conflict = expected.refuse(revision if newest else None)
        if conflict is not None:
            return conflict
        if newest is not None and newest.digest == digest:
            return Saved(newest, False, remarks, revision)
        version = newest.version + 1 if newest else 1
        document = Document(family.key, name, version, body_text(body), digest, note, at, actor)
        await append_document(connection, document)
        event = ConfigurationSet(
            family.what.replace(" ", "_"),
            name,
            {"act": "save", "version": version, "note": note, "body": body},
            before=None if newest is None else {"version": newest.version, "body": msgspec.json.decode(newest.body)},
        )
        await append_configuration_events(connection, (event,), at=at, actor=actor)
    return Saved(document, True, remarks, revision_of(document, acts, name))


def revision_of(newest: Document | None, scope: tuple[Activation, ...], name: str) -> int:
    """A number that grows by one with every version saved of a name and every act about it, so that it tells what a
    client has seen of it.

    Where names take each other's place, an act about another name counts if it puts this one out of force, or back.
    """
    count, now, before = 0, frozenset[str](), dict[int, tuple[frozenset[str], bool]]()
    for act in scope:
        if act.undoes is not None and act.undoes in before:
            now, is_about = before[act.undoes]
        else:
            is_about = act.name == name or name in now
            before[act.number] = (now, is_about)
            now = _in_force_after(act, now)
        count += is_about or act.name == name
    return (newest.version if newest else 0) + count


def _in_force_after(act: Activation, now: frozenset[str]) -> frozenset[str]:
    """The names of which anything is in force after an act: a canary stands beside what was there."""
    if act.version is None:
        return frozenset()
    return now | {act.name} if act.canary_percent is not None else frozenset({act.name})


def digest_body(body: object) -> str:
    """The name of a content, whatever the order of its fields."""
    return blake2b(msgspec.json.encode(body, order="sorted"), digest_size=16).hexdigest()


def flaws_of(findings: tuple[Finding, ...]) -> tuple[FieldFlaw, ...]:
    """What forbids a document as flaws of fields; a position within an expression stands in the sentence."""
    return tuple(FieldFlaw(finding.pointer, finding.sentence) for finding in findings)


def name_flaws(family: Family[Any], name: str) -> tuple[FieldFlaw, ...]:
    """What keeps a document from being called so."""
    if not _NAME.fullmatch(name):
        return (
            FieldFlaw("name", "must be 1 to 64 letters, digits, dots, dashes and underscores, and begin with none"),
        )
    if name in family.reserved:
        return (FieldFlaw("name", f"{name} is the name of something else under this path"),)
    return ()


def _own_name_flaws(body: object, name: str) -> tuple[FieldFlaw, ...]:
    """A content may say what it is called, and then says the same as the path."""
    own = body.get("name") if isinstance(body, dict) else None
    return (FieldFlaw("/name", f"must be {name}, as in the path"),) if own not in (None, "", name) else ()
