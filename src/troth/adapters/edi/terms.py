"""What was agreed with a partner: who it is, what it speaks for, and how it says things."""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from troth.flows.edi.tongue import Known as Known
from troth.model.edi_partner import VERSIONS, Party, Syntax
from troth.model.edi_partner import Documents as Documents
from troth.model.ids import NodeId
from troth.model.value import dataclass

X12_VERSIONS: Final = VERSIONS[Syntax.X12]
EDIFACT_VERSIONS: Final = VERSIONS[Syntax.EDIFACT]


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a partner that speaks for a `node` or for a `carrier`.

    `our_number` is by what it knows us, and `partner_number` by what we know it (a depositor, a vendor number); empty
    ones are not told. `time_zone` (IANA) is where its clock hangs: of times that it tells without an offset.
    `number_attribute` is the attribute of items that has the partner's own number of each, and `pack_attributes` those
    that have how many pieces are in one of its units of measure (`{"CA": "case_units"}`); without one a unit but the
    piece is not understood. `carriers` are our names of carriers by their code (SCAC), beside those that everybody
    knows, and `services` ours of services by the partner's.
    """

    syntax: Syntax
    version: str
    us: Party
    partner: Party
    documents: Documents
    node: NodeId | None = None
    carrier: str = ""
    time_zone: str = "UTC"
    our_name: str = ""
    our_number: str = ""
    partner_name: str = ""
    partner_number: str = ""
    number_attribute: str = ""
    pack_attributes: Mapping[str, str] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
