"""Versioned configuration as it is shown: a version with its content, and what is in force."""

from typing import Any, Generic, TypeVar

import msgspec

from troth.flows.publishing.published import Published
from troth.http.edge.values import Instant
from troth.model.document import Activation, DocumentState, Finding

T = TypeVar("T")


class FindingAnswer(msgspec.Struct, frozen=True):
    """What is wrong, or worth a second look: where, in a sentence, and where within the text of an expression."""

    pointer: str
    detail: str
    line: int | None
    column: int | None


class ActAnswer(msgspec.Struct, frozen=True):
    """A version that decides from `effective_from` on, for all or for `canary_percent` of the orders, and who said so.

    Without a version what is built in decides.
    """

    name: str
    version: int | None
    label: str | None
    effective_from: Instant
    canary_percent: int | None
    reason: str
    acted_at: Instant
    acted_by: str


class InForceAnswer(msgspec.Struct, frozen=True):
    """What decides now (null: what is built in), for some orders beside it, and what is still to take effect."""

    active: ActAnswer | None
    canary: ActAnswer | None
    scheduled: tuple[ActAnswer, ...]


class VersionAnswer(msgspec.Struct, Generic[T], frozen=True):
    """A version of a document: what it says, who wrote it, and how it stands."""

    name: str
    version: int
    state: DocumentState
    note: str
    created_at: Instant
    created_by: str
    content: T


class VersionSummary(msgspec.Struct, frozen=True):
    """A version of a document in a list: who wrote it, and how it stands."""

    name: str
    version: int
    state: DocumentState
    note: str
    created_at: Instant
    created_by: str


class DocumentAnswer(msgspec.Struct, Generic[T], frozen=True):
    """The newest version of a document, what is worth a second look about it, and what is in force."""

    name: str
    version: int
    state: DocumentState
    note: str
    created_at: Instant
    created_by: str
    content: T
    findings: tuple[FindingAnswer, ...]
    in_force: InForceAnswer


class SummaryAnswer(msgspec.Struct, frozen=True):
    """A document in a list: its newest version, and the versions of it that decide now."""

    name: str
    version: int
    state: DocumentState
    active_version: int | None
    canary_version: int | None
    canary_percent: int | None
    note: str
    created_at: Instant
    created_by: str


class CheckAnswer(msgspec.Struct, frozen=True):
    """Whether a content could be saved: what forbids it, and what is worth a second look."""

    is_valid: bool
    errors: tuple[FindingAnswer, ...]
    findings: tuple[FindingAnswer, ...]


class DifferenceAnswer(msgspec.Struct, frozen=True):
    """A field before and after, in JSON; what was added or removed has only one side."""

    pointer: str
    change: str
    before: Any
    after: Any


class DifferencesAnswer(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What differs between two versions."""

    name: str
    from_: int
    to: int
    differences: tuple[DifferenceAnswer, ...]


def answer_finding(finding: Finding) -> FindingAnswer:
    """A finding as it is shown."""
    return FindingAnswer(finding.pointer, finding.detail, finding.line or None, finding.column or None)


def answer_act(act: Activation) -> ActAnswer:
    """An act as it is shown."""
    return ActAnswer(
        act.name,
        act.version,
        act.label,
        act.effective_from,
        act.canary_percent,
        act.reason,
        act.acted_at or act.effective_from,
        act.acted_by,
    )


def answer_in_force(published: Published) -> InForceAnswer:
    """What is in force as it is shown."""
    now = published.in_force
    return InForceAnswer(
        None if now.base is None else answer_act(now.base),
        None if now.canary is None else answer_act(now.canary),
        tuple(map(answer_act, published.scheduled)),
    )


def answer_version(published: Published) -> VersionAnswer[Any]:
    """A version as it is shown."""
    document = published.document
    return VersionAnswer(
        document.name,
        document.version,
        published.state,
        document.note,
        document.created_at,
        document.created_by,
        msgspec.Raw(document.body.encode()),
    )


def answer_version_summary(published: Published) -> VersionSummary:
    """A version as a list shows it."""
    document = published.document
    return VersionSummary(
        document.name,
        document.version,
        published.state,
        document.note,
        document.created_at,
        document.created_by,
    )


def answer_document(published: Published, findings: tuple[Finding, ...]) -> DocumentAnswer[Any]:
    """A document as it is shown."""
    document = published.document
    return DocumentAnswer(
        document.name,
        document.version,
        published.state,
        document.note,
        document.created_at,
        document.created_by,
        msgspec.Raw(document.body.encode()),
        tuple(map(answer_finding, findings)),
        answer_in_force(published),
    )


def answer_summary(published: Published) -> SummaryAnswer:
    """A document as a list shows it."""
    document, now = published.document, published.in_force
    active = now.base if now.base is not None and now.base.name == document.name else None
    canary = now.canary if now.canary is not None and now.canary.name == document.name else None
    return SummaryAnswer(
        document.name,
        document.version,
        published.state,
        active.version if active else None,
        canary.version if canary else None,
        canary.canary_percent if canary else None,
        document.note,
        document.created_at,
        document.created_by,
    )
