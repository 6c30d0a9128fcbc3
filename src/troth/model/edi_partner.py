"""Trading partners with whom interchanges are exchanged: who each is, which documents, and how each answers."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from troth.model.ids import NodeId
from troth.model.value import dataclass


class Syntax(StrEnum):
    """How segments are written down."""

    X12 = "x12"
    EDIFACT = "edifact"


VERSIONS: Final[Mapping[Syntax, tuple[str, ...]]] = {
    Syntax.X12: ("004010", "005010"),
    Syntax.EDIFACT: ("D.96A", "D.01B"),
}
"""The versions of each standard that are spoken."""


class Documents(StrEnum):
    """Which documents a partner sends and gets: those of a warehouse, of a vendor who ships direct, of a carrier."""

    WAREHOUSE = "warehouse"
    VENDOR = "vendor"
    CARRIER = "carrier"


class AckForm(StrEnum):
    """By what it is said that an interchange came and could be read; `none`: by nothing."""

    NONE = "none"
    X12_997 = "997"
    X12_999 = "999"
    CONTRL = "CONTRL"


FORMS: Final[Mapping[Syntax, tuple[AckForm, ...]]] = {
    Syntax.X12: (AckForm.NONE, AckForm.X12_997, AckForm.X12_999),
    Syntax.EDIFACT: (AckForm.NONE, AckForm.CONTRL),
}
"""The forms of acknowledgments that each syntax has."""


class Usage(StrEnum):
    """Whether what is exchanged is meant."""

    TEST = "test"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives an interchange: an identification, and by whose numbering (`ZZ`, `14`)."""

    identification: str
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a partner says things.

    `our_number` is by what it knows us, and `partner_number` by what we know it (a depositor, a vendor number).
    `time_zone` (IANA) is where its clock hangs. `number_attribute` is the attribute of items that has the partner's own
    number of each, and `pack_attributes` those that say how many pieces one of its units has (`{"CA": "case_units"}`).
    `carriers` are our names of carriers by their code (SCAC), and `services` ours of services by the partner's.
    """

    our_name: str = ""
    our_number: str = ""
    partner_number: str = ""
    time_zone: str = "UTC"
    number_attribute: str = ""
    pack_attributes: Mapping[str, str] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EdiPartner:
    """A partner with whom interchanges are exchanged in one syntax and version (`004010`, `D.96A`).

    It speaks for `nodes`, or for a `carrier`. It acknowledges what it is sent within `acknowledge_minutes`, and is owed
    that of what it sends within `owed_minutes` (None: nobody waits for that). Without a `folder` its interchanges are
    posted and asked for. `contact` is whom a person calls.
    """

    partner: str
    name: str
    syntax: Syntax
    version: str
    us: Party
    them: Party
    usage: Usage
    documents: Documents
    nodes: tuple[NodeId, ...] = ()
    carrier: str = ""
    acknowledgment: AckForm = AckForm.NONE
    acknowledge_minutes: int | None = None
    owed_minutes: int | None = None
    folder: str = ""
    contact: str = ""
    habits: Habits = Habits()
