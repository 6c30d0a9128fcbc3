"""Versioned configuration: documents that are drafted, put in force, and taken back. No version is ever changed."""

from datetime import datetime
from enum import StrEnum

from troth.model.value import dataclass


class DocumentState(StrEnum):
    """How a version of a document stands at an instant."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    CANARY = "canary"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document; `body` is its JSON text, `digest` names the content whatever the order of its fields.

    Versions of a name are counted from 1.
    """

    family: str
    name: str
    version: int
    body: str
    digest: str
    note: str
    created_at: datetime
    created_by: str

    @property
    def label(self) -> str:
        """How decisions name it.

        >>> label_of("everyday", 4)
        'everyday@4'
        """
        return label_of(self.name, self.version)


def label_of(name: str, version: int) -> str:
    """How a version of a document is named where it decided something."""
    return f"{name}@{version}"


@dataclass(frozen=True, slots=True)
class Activation:
    """One act about what is in force; acts of a family are numbered in the order in which they were said.

    From `effective_from` on, `version` of `name` decides, or `canary_percent` of what there is to decide; None puts the
    name out of force. An act that `undoes` an earlier one has no version: from then on that one no longer counts.
    """

    number: int
    name: str
    version: int | None
    effective_from: datetime
    canary_percent: int | None = None
    undoes: int | None = None
    reason: str = ""
    acted_at: datetime | None = None
    acted_by: str = ""

    @property
    def label(self) -> str | None:
        """What it puts in force, as decisions name it; None where it puts nothing in force."""
        return None if self.version is None else label_of(self.name, self.version)


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides at an instant: `base`, and for some percent `canary` instead; None: what is built in."""

    base: Activation | None = None
    canary: Activation | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a document, or worth a second look: an RFC 6901 pointer and a sentence.

    `line` and `column` count from 1 within the text that the pointer names; 0 where the whole field is meant.
    """

    pointer: str
    detail: str
    line: int = 0
    column: int = 0

    @property
    def sentence(self) -> str:
        """The detail with its position, where there is one.

        >>> Finding("/tiers/0/filter", "there is no field nod", line=1, column=5).sentence
        'line 1, column 5: there is no field nod'
        """
        return f"line {self.line}, column {self.column}: {self.detail}" if self.line else self.detail
