"""Versioned configuration: documents by family, name and version, and the acts that put them in force."""

from collections.abc import Iterable
from typing import Any

from troth.model.document import Activation, Document
from troth.store.database import Connection
from troth.store.queries import sql

_ONE = sql("read_document")
_SOME = sql("read_documents")
_VERSIONS = sql("find_versions")
_FIND = sql("find_documents")
_APPEND = sql("append_document")
_ACTIVATIONS = sql("read_activations")
_ACT = sql("append_activation")
_BUMP = sql("bump_reference_version")


async def read_document(connection: Connection, family: str, name: str, version: int) -> Document | None:
    """One version of a document, if it is there."""
    row = await connection.fetchrow(_ONE, family, name, version)
    return _document(row) if row else None


async def read_documents(connection: Connection, family: str, wanted: Iterable[tuple[str, int]]) -> list[Document]:
    """The versions of documents of a family that are asked for by name and version."""
    pairs = list(wanted)
    rows = await connection.fetch(_SOME, family, [name for name, _ in pairs], [version for _, version in pairs])
    return [_document(row) for row in rows]


async def find_versions(
    connection: Connection, family: str, name: str, *, before: int | None = None, limit: int
) -> list[Document]:
    """A page of a document's versions, newest first, before the one given."""
    return [_document(row) for row in await connection.fetch(_VERSIONS, family, name, before, limit)]


async def find_documents(
    connection: Connection, family: str, *, after: str | None = None, limit: int
) -> list[Document]:
    """A page of a family's documents by name, each as its newest version, after the name given."""
    return [_document(row) for row in await connection.fetch(_FIND, family, after, limit)]


async def append_document(connection: Connection, document: Document) -> None:
    """Write a version that was not there."""
    await connection.execute(
        _APPEND,
        document.family,
        document.name,
        document.version,
        document.body,
        document.digest,
        document.note,
        document.created_at,
        document.created_by,
    )


async def read_activations(connection: Connection, family: str) -> tuple[Activation, ...]:
    """Everything that was put in force in a family, in the order in which it was said."""
    return tuple(_activation(row) for row in await connection.fetch(_ACTIVATIONS, family))


async def append_activation(connection: Connection, family: str, act: Activation) -> None:
    """Write an act, of which every process that holds what is in force will hear."""
    await connection.execute(
        _ACT,
        family,
        act.number,
        act.name,
        act.version,
        act.undoes,
        act.effective_from,
        act.canary_percent,
        act.reason,
        act.acted_at,
        act.acted_by,
    )
    await connection.execute(_BUMP, family)


def _document(row: Any) -> Document:
    return Document(
        row["family"],
        row["name"],
        row["version"],
        row["body"],
        row["digest"],
        row["note"],
        row["created_at"],
        row["created_by"],
    )


def _activation(row: Any) -> Activation:
    return Activation(
        row["number"],
        row["name"],
        row["version"],
        row["effective_from"],
        row["canary_percent"],
        row["undoes"],
        row["reason"],
        row["acted_at"],
        row["acted_by"],
    )
