"""A trading partner, as clients send it and as it is answered."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from pydantic import AfterValidator, Field, StringConstraints

from troth.http.edge.body import Id, Name, Strict, Text
from troth.http.edge.problems import Refused
from troth.http.records.node_body import known_zone
from troth.model.edi_partner import (
    FORMS,
    VERSIONS,
    AckForm,
    Documents,
    EdiPartner,
    Habits,
    Party,
    Syntax,
    Usage,
)
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Invalid

_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_QUALIFIER_LENGTHS: Final = {Syntax.X12: (2, 2), Syntax.EDIFACT: (0, 4)}
_IDENTIFICATION_LENGTHS: Final = {Syntax.X12: (1, 15), Syntax.EDIFACT: (1, 35)}
_MINUTES_MAX: Final = 100_000

Way = Literal["folder", "http"]
Minutes = Annotated[int, Field(ge=1, le=_MINUTES_MAX)]
Code = Annotated[str, StringConstraints(max_length=35, pattern=r"^(?:[!-~](?:[ -~]*[!-~])?)?$")]
Attributes = Annotated[dict[Id, Id], Field(max_length=1_000)]


class PartyBody(Strict):
    """An identification, and by whose numbering it is one."""

    identification: Code
    qualifier: Code = ""

    def party(self, syntax: Syntax, pointer: str) -> Party:
        """Who is meant; Refused where it does not fit into an envelope of the syntax."""
        for name, value, (least, most) in (
            ("identification", self.identification, _IDENTIFICATION_LENGTHS[syntax]),
            ("qualifier", self.qualifier, _QUALIFIER_LENGTHS[syntax]),
        ):
            if not least <= len(value) <= most:
                wanted = f"{least}" if least == most else f"{least} to {most}"
                raise Refused(Invalid((FieldFlaw(f"{pointer}/{name}", f"must be {wanted} characters in {syntax}"),)))
        return Party(self.identification, self.qualifier)


class HabitsBody(Strict):
    """How a partner says things."""

    our_name: Annotated[Text, Field(description="What we are called in its documents.")] = ""
    our_number: Annotated[Text, Field(description="By what it knows us: a depositor or customer number.")] = ""
    partner_number: Annotated[Text, Field(description="By what we know it: a warehouse or vendor number.")] = ""
    time_zone: Annotated[
        str, AfterValidator(known_zone), Field(description="Of times that it tells without an offset.")
    ] = "UTC"
    number_attribute: Annotated[Text, Field(description="The attribute of items that has its own number of each.")] = ""
    pack_attributes: Annotated[
        Attributes, Field(description="By its units of measure, the attribute of items that says how many pieces.")
    ] = {}  # noqa: RUF012 - copied
    carriers: Annotated[Attributes, Field(description="Our names of carriers, by its codes.")] = {}  # noqa: RUF012 - copied
    services: Annotated[Attributes, Field(description="Our names of services, by its codes.")] = {}  # noqa: RUF012 - copied

    def habits(self) -> Habits:
        """The habits that are meant."""
        return Habits(
            self.our_name,
            self.our_number,
            self.partner_number,
            self.time_zone,
            self.number_attribute,
            self.pack_attributes,
            self.carriers,
            self.services,
        )


class EdiPartnerBody(Strict):
    """With whom interchanges are exchanged, and what was agreed about them."""

    partner_id: Annotated[Id | None, Field(description="May be left out; else the same as in the path.")] = None
    name: Name
    syntax: Syntax
    version: Annotated[str, Field(max_length=12, description="Of the standard: 004010, 005010, D.96A or D.01B.")]
    us: Annotated[PartyBody, Field(description="Who we are in its interchanges.")]
    them: Annotated[PartyBody, Field(description="Who it is in its interchanges.")]
    usage: Annotated[Usage, Field(description="Interchanges of the other usage are refused.")] = Usage.TEST
    documents: Documents
    nodes: Annotated[
        tuple[Id, ...], Field(max_length=1_000, strict=False, description="The nodes that it speaks for.")
    ] = ()
    carrier: Annotated[Id | None, Field(description="The carrier that it speaks for.")] = None
    acknowledgment: Annotated[
        AckForm, Field(description="By what it is said that an interchange came, both ways: 997, 999, CONTRL or none.")
    ]
    acknowledge_minutes: Annotated[
        Minutes | None,
        Field(description="Within so many it acknowledges what it is sent; null: nobody waits."),
    ] = None
    owed_minutes: Annotated[
        Minutes | None, Field(description="Within so many it is owed that; null: nobody waits.")
    ] = None
    by: Annotated[Way, Field(description="folder: files below TROTH_EDI_FOLDER; http: posted here and asked for.")]
    folder: Annotated[
        str | None,
        StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        Field(description="The name of its folder; left out: its id."),
    ] = None
    contact: Annotated[Text, Field(description="Whom a person calls.")] = ""
    habits: HabitsBody = HabitsBody()

    def partner(self, partner_id: str) -> EdiPartner:
        """The partner that this is; Refused where something does not fit together."""
        flaws = [*self._flaws(partner_id), *self._folder_flaws(partner_id)]
        if flaws:
            raise Refused(Invalid(tuple(flaws)))
        return EdiPartner(
            partner_id,
            self.name,
            self.syntax,
            self.version,
            self.us.party(self.syntax, "/us"),
            self.them.party(self.syntax, "/them"),
            self.usage,
            self.documents,
            tuple(map(NodeId, self.nodes)),
            self.carrier or "",
            self.acknowledgment,
            self.acknowledge_minutes,
            self.owed_minutes,
            (self.folder or partner_id) if self.by == "folder" else "",
            self.contact,
            self.habits.habits(),
        )

    def _flaws(self, partner_id: str) -> list[FieldFlaw]:
        flaws = []
        if self.partner_id is not None and self.partner_id != partner_id:
            flaws.append(FieldFlaw("/partner_id", f"must be {partner_id}, as in the path"))
        if self.version not in VERSIONS[self.syntax]:
            flaws.append(FieldFlaw("/version", f"must be one of {', '.join(VERSIONS[self.syntax])} in {self.syntax}"))
        if self.acknowledgment not in FORMS[self.syntax]:
            forms = ", ".join(FORMS[self.syntax])
            flaws.append(FieldFlaw("/acknowledgment", f"must be one of {forms} in {self.syntax}"))
        if self.documents is Documents.CARRIER and (self.carrier is None or self.nodes):
            flaws.append(FieldFlaw("/carrier", "is required, without nodes, of the documents of a carrier"))
        if self.documents is not Documents.CARRIER and (not self.nodes or self.carrier is not None):
            flaws.append(
                FieldFlaw("/nodes", f"are required, without a carrier, of the documents of a {self.documents}")
            )
        if self.acknowledgment is AckForm.NONE:
            waiting = {"acknowledge_minutes": self.acknowledge_minutes, "owed_minutes": self.owed_minutes}
            flaws += [
                FieldFlaw(f"/{name}", "must be left out where nothing is acknowledged")
                for name, minutes in waiting.items()
                if minutes is not None
            ]
        return flaws

    def _folder_flaws(self, partner_id: str) -> list[FieldFlaw]:
        if self.by == "http":
            return [FieldFlaw("/folder", "must be left out of a partner without one")] if self.folder else []
        if not _FOLDER.fullmatch(self.folder or partner_id):
            return [FieldFlaw("/folder", "is required: the id of the partner is no name of one")]
        return []


class PartyAnswer(msgspec.Struct, frozen=True):
    """An identification, and by whose numbering it is one."""

    identification: str
    qualifier: str


class HabitsAnswer(msgspec.Struct, frozen=True):
    """How a partner says things."""

    our_name: str
    our_number: str
    partner_number: str
    time_zone: str
    number_attribute: str
    pack_attributes: Mapping[str, str]
    carriers: Mapping[str, str]
    services: Mapping[str, str]


class EdiPartnerAnswer(msgspec.Struct, frozen=True):
    """A trading partner, as it can be sent back."""

    partner_id: str
    name: str
    syntax: Syntax
    version: str
    us: PartyAnswer
    them: PartyAnswer
    usage: Usage
    documents: Documents
    nodes: tuple[str, ...]
    carrier: str | None
    acknowledgment: AckForm
    acknowledge_minutes: int | None
    owed_minutes: int | None
    by: Way
    folder: str | None
    contact: str
    habits: HabitsAnswer


def answer_partner(partner: EdiPartner) -> EdiPartnerAnswer:
    """A trading partner as it is answered."""
    habits = partner.habits
    return EdiPartnerAnswer(
        partner.partner,
        partner.name,
        partner.syntax,
        partner.version,
        PartyAnswer(partner.us.identification, partner.us.qualifier),
        PartyAnswer(partner.them.identification, partner.them.qualifier),
        partner.usage,
        partner.documents,
        partner.nodes,
        partner.carrier or None,
        partner.acknowledgment,
        partner.acknowledge_minutes,
        partner.owed_minutes,
        "folder" if partner.folder else "http",
        partner.folder or None,
        partner.contact,
        HabitsAnswer(
            habits.our_name,
            habits.our_number,
            habits.partner_number,
            habits.time_zone,
            habits.number_attribute,
            dict(habits.pack_attributes),
            dict(habits.carriers),
            dict(habits.services),
        ),
    )
