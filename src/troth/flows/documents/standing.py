"""The documents of a family that are in force or will be, as a process holds them: read once, compiled once."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Generic, TypeVar

import msgspec

from troth.engine.supply.in_force import find_in_force, find_next_change
from troth.flows.documents.families import Family
from troth.model.document import Activation, Document, InForce
from troth.store.database import Connection
from troth.store.documents import read_activations, read_documents

T = TypeVar("T")
V = TypeVar("V")

_LOG: Final = logging.getLogger(__name__)


class Standing(Generic[T, V]):
    """What was said about a family, and the values of the versions that decide now or later; `make` makes one of a
    document and its label.

    A version that this release cannot read decides nothing: what it replaced goes on, and the log says so.
    """

    def __init__(self, family: Family[T], make: Callable[[T, str], V]) -> None:
        self._family = family
        self._make = make
        self._acts: tuple[Activation, ...] = ()
        self._values: dict[str, V] = {}

    async def read(self, connection: Connection, now: datetime) -> None:
        """Take over what is said by now."""
        acts = await read_activations(connection, self._family.key)
        values: dict[str, V] = {}
        while wanted := {(act.name, act.version or 0) for act in self._needed(acts, now) if act.label not in values}:
            unreadable = set()
            for document in await read_documents(connection, self._family.key, wanted):
                try:
                    values[document.label] = self._values.get(document.label) or self._value(document)
                except (ValueError, TypeError) as error:
                    unreadable.add((document.name, document.version))
                    _LOG.error("%s %s is left out of force: %s", self._family.what, document.label, error)
            # Without those others may be in force, which are read in the next round.
            acts = tuple(act for act in acts if (act.name, act.version) not in unreadable)
        self._acts, self._values = acts, values

    def next_change(self, now: datetime) -> datetime | None:
        """When something else decides than now, as far as it is known."""
        return find_next_change(self._acts, now)

    def in_force(self, now: datetime) -> InForce:
        """What decides in a family of which one document does."""
        return find_in_force(self._acts, now)

    def value(self, act: Activation | None) -> V | None:
        """What an act puts in force; None where that is what is built in."""
        return None if act is None or act.label is None else self._values[act.label]

    def values(self) -> Iterable[V]:
        """All that is in force, or will be."""
        return self._values.values()

    def values_in_force(self, now: datetime) -> list[tuple[str, V]]:
        """By name, what decides in a family where each name has one in force."""
        found = [(name, self.value(find_in_force(scope, now).base)) for name, scope in self._scopes(self._acts)]
        return [(name, value) for name, value in found if value is not None]

    def _value(self, document: Document) -> V:
        read = self._family.read(msgspec.json.decode(document.body))
        if isinstance(read, tuple):
            raise ValueError("; ".join(f"{finding.pointer}: {finding.sentence}" for finding in read))
        return self._make(read, document.label)

    def _scopes(self, acts: tuple[Activation, ...]) -> Iterable[tuple[str, tuple[Activation, ...]]]:
        if self._family.is_exclusive:
            return (("", acts),)
        return ((name, self._family.scope(acts, name)) for name in sorted({act.name for act in acts}))

    def _needed(self, acts: tuple[Activation, ...], now: datetime) -> Iterable[Activation]:
        """The acts that decide now, or may when their time comes or when another one's ends."""
        undone = {act.undoes for act in acts if act.undoes is not None and act.effective_from <= now}
        for _, scope in self._scopes(acts):
            decided = find_in_force(scope, now)
            yield from (act for act in (decided.base, decided.canary) if act is not None)
            coming = (act for act in scope if act.effective_from > now and act.number not in undone)
            yield from (act for act in coming if act.version is not None)


def as_it_is(document: T, _label: str) -> T:
    """The document itself, where there is nothing to make of it."""
    return document


def with_label(document: T, label: str) -> tuple[str, T]:
    """The document with its label."""
    return label, document
