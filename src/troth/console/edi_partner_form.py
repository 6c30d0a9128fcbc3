"""The fields of the form of a trading partner."""

from typing import Final

from troth.console.record_codecs import NUMBER, PAIRS, WORDS
from troth.console.record_form import Field, Group, Widget
from troth.model.edi_partner import VERSIONS, AckForm, Documents, Syntax, Usage

_WAYS: Final = ("folder", "http")
_VERSIONS: Final = tuple(version for versions in VERSIONS.values() for version in versions)

_WHAT: Final = Group(
    "Who it is",
    (
        Field("name", "Name", is_required=True, width=3),
        Field("contact", "Who is called", hint="name and number", width=3),
        Field("documents", "Its documents are those of a", widget=Widget.CHOICE, options=tuple(Documents)),
        Field("nodes", "Nodes that it speaks for", WORDS, hint="ids; none of a carrier"),
        Field("carrier", "Carrier that it speaks for", hint="only of a carrier's documents"),
    ),
)
_HOW: Final = Group(
    "How it is spoken with",
    (
        Field("syntax", "Syntax", widget=Widget.CHOICE, options=tuple(Syntax), start=Syntax.X12, is_required=True),
        Field("version", "Version", widget=Widget.CHOICE, options=_VERSIONS, start=_VERSIONS[0], is_required=True),
        Field("usage", "Usage", widget=Widget.CHOICE, options=tuple(Usage), start=Usage.TEST, is_required=True),
        Field("us/identification", "Our identification", is_required=True),
        Field("us/qualifier", "Its qualifier", hint="X12: ISA05, such as ZZ; EDIFACT: may be empty", width=1),
        Field("them/identification", "Their identification", is_required=True),
        Field("them/qualifier", "Its qualifier", hint="X12: ISA07", width=1),
        Field("by", "By", widget=Widget.CHOICE, options=_WAYS, start="folder", is_required=True),
        Field("folder", "Folder", hint="empty: its id"),
    ),
)
_ACKNOWLEDGED: Final = Group(
    "How what comes is acknowledged, both ways",
    (
        Field("acknowledgment", "By", widget=Widget.CHOICE, options=tuple(AckForm), start=AckForm.X12_997),
        Field("acknowledge_minutes", "It has so many minutes", NUMBER, hint="empty: nobody waits for that"),
        Field("owed_minutes", "We have so many minutes", NUMBER, hint="empty: nobody waits for that"),
    ),
)
_HABITS: Final = Group(
    "How it says things",
    (
        Field("habits/our_name", "Our name there"),
        Field("habits/our_number", "Our number there", hint="as depositor or customer"),
        Field("habits/partner_number", "Its number here", hint="as warehouse or vendor"),
        Field("habits/time_zone", "Time zone", start="UTC", hint="of times without an offset"),
        Field("habits/number_attribute", "Attribute of items with its number", hint="such as acme_sku"),
        Field(
            "habits/pack_attributes", "Pieces in its units", PAIRS, Widget.ROWS, "unit = attribute of items", width=3
        ),
        Field("habits/carriers", "Carriers", PAIRS, Widget.ROWS, "its code = our name", width=3),
        Field("habits/services", "Services", PAIRS, Widget.ROWS, "its word = our name", width=3),
    ),
)


def partner_groups(_currency: str) -> tuple[Group, ...]:
    """The groups of fields of a trading partner, of which none is in a currency."""
    return (_WHAT, _HOW, _ACKNOWLEDGED, _HABITS)
