"""How a node is reached, as clients send it and as it is answered."""

import re
from typing import Annotated, Final

import msgspec
from pydantic import Field, StringConstraints

from troth.http.edge.body import Id, Strict, Text
from troth.http.edge.problems import Refused
from troth.model.ids import NodeId
from troth.model.node_link import AcknowledgedBy, FileFormat, NodeLink, Reach
from troth.model.refusals import FieldFlaw, Invalid

_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class LinkBody(Strict):
    """How a node with a system of its own is told of its work, and how soon it has to answer, in its opening hours."""

    by: Annotated[
        Reach,
        Field(description="api: it asks; webhook: it is posted to it; file: it lies in a folder; edi: by a partner."),
    ]
    format: Annotated[FileFormat, Field(description="Of the files in its folder.")] = FileFormat.CSV
    folder: Annotated[
        str | None,
        StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        Field(description="The name of its folder; left out: its id."),
    ] = None
    partner: Annotated[Id | None, Field(description="The trading partner, where it is reached by EDI.")] = None
    acknowledge_minutes: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | None,
        Field(description="Within so many it acknowledges a release; null: nobody waits for that."),
    ] = None
    ship_minutes: Annotated[
        Annotated[int, Field(ge=1, le=100_000)] | None,
        Field(description="Within so many it has shipped a release; null: by when that has to leave."),
    ] = None
    contact: Annotated[Text, Field(description="Whom a person calls where it is silent.")] = ""
    acknowledged_by: Annotated[
        AcknowledgedBy,
        Field(description="By webhook: delivery, where a status from 200 to 299 is enough, or answer."),
    ] = AcknowledgedBy.DELIVERY

    def link(self, node_id: NodeId) -> NodeLink:
        """The link of a node that this is; Refused where its folder would have no name, or its partner has none."""
        folder = self.folder or node_id
        if self.by is Reach.FILE and not _FOLDER.fullmatch(folder):
            raise Refused(Invalid((FieldFlaw("/link/folder", "is required: the id of the node is no name of one"),)))
        if self.by is Reach.EDI and self.partner is None:
            raise Refused(Invalid((FieldFlaw("/link/partner", "is required where a node is reached by EDI"),)))
        return NodeLink(
            self.by,
            self.format,
            folder if self.by is Reach.FILE else "",
            self.acknowledge_minutes,
            self.ship_minutes,
            self.contact,
            self.acknowledged_by,
            (self.partner or "") if self.by is Reach.EDI else "",
        )


class LinkAnswer(msgspec.Struct, frozen=True):
    """How a node with a system of its own is told of its work, and how soon it has to answer."""

    by: Reach
    format: FileFormat
    folder: str | None
    acknowledge_minutes: int | None
    ship_minutes: int | None
    contact: str
    acknowledged_by: AcknowledgedBy
    partner: str | None


def answer_link(link: NodeLink | None) -> LinkAnswer | None:
    """The link of a node as it is answered."""
    if link is None:
        return None
    return LinkAnswer(
        link.by,
        link.format,
        link.folder or None,
        link.acknowledge_minutes,
        link.ship_minutes,
        link.contact,
        link.acknowledged_by,
        link.partner or None,
    )
