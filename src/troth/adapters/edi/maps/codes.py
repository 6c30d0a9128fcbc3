"""The numbers of an item in transactions: ours, the partner's own, and its GTIN."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from troth.adapters.edi.segments import Syntax
from troth.adapters.edi.terms import Documents, Known, Terms
from troth.model.barcodes import is_gtin, scan_key, scan_keys
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.value import dataclass


class Whose(StrEnum):
    """By whose numbering an item is named."""

    OURS = "ours"
    THEIRS = "theirs"
    GTIN = "gtin"


_WRITTEN: Final[Mapping[tuple[Syntax, Documents], Mapping[Whose, str]]] = {
    (Syntax.X12, Documents.WAREHOUSE): {Whose.OURS: "VN", Whose.THEIRS: "SK"},
    (Syntax.X12, Documents.VENDOR): {Whose.OURS: "SK", Whose.THEIRS: "VN"},
    (Syntax.EDIFACT, Documents.WAREHOUSE): {Whose.OURS: "SA", Whose.THEIRS: "ZZZ"},
    (Syntax.EDIFACT, Documents.VENDOR): {Whose.OURS: "IN", Whose.THEIRS: "SA"},
}
"""How numbers are written: to a warehouse we are the vendor, and to a vendor the buyer (X12 element 235, EDIFACT 7143).
"""
_X12_GTIN: Final = {8: "EN", 12: "UP", 13: "EN", 14: "UK"}
_GTINS: Final = frozenset({"UP", "UK", "UA", "EN", "EO", "UI", "UN", "SRV", "GT"})
_NO_ITEM: Final = frozenset({"NB", "LT", "SN", "BN", "PV"})
"""Qualifiers of lots, serials and variants, which name no item."""


@dataclass(frozen=True, slots=True)
class SaidCode:
    """A number of an item as it was said, and by which qualifier."""

    qualifier: str
    value: str


def write_codes(sku: Sku, terms: Terms, known: Known) -> tuple[SaidCode, ...]:
    """The numbers of an item for a partner, ours first; the GTIN last."""
    item = known.items.get(sku)
    qualifiers = _WRITTEN[terms.syntax, terms.documents]
    codes = [SaidCode(qualifiers[Whose.OURS], sku)]
    theirs = "" if item is None else item.attributes.get(terms.number_attribute, "")
    if theirs:
        codes.append(SaidCode(qualifiers[Whose.THEIRS], theirs))
    if item is not None and is_gtin(item.gtin):
        codes.append(gtin_code(item.gtin, terms.syntax))
    return tuple(codes)


def gtin_code(gtin: str, syntax: Syntax) -> SaidCode:
    """A GTIN under the qualifier of its length.

    >>> gtin_code("012345678905", Syntax.X12), gtin_code("73513537", Syntax.X12).value
    (SaidCode(qualifier='UP', value='012345678905'), '0000073513537')
    """
    if syntax is Syntax.EDIFACT:
        return SaidCode("UP" if len(gtin) == 12 else "EN", gtin)
    return SaidCode(_X12_GTIN[len(gtin)], gtin.zfill(13) if len(gtin) == 8 else gtin)


def is_item_code(code: SaidCode) -> bool:
    """Whether a number names an item, and not a lot or a unit of it."""
    return bool(code.value) and code.qualifier not in _NO_ITEM


def find_items(codes: Iterable[SaidCode], terms: Terms, known: Known) -> frozenset[Sku]:
    """The items that numbers name: those that the most of them agree on. None where nobody has them; several where they
    leave a choice.
    """
    found = [skus for code in codes if (skus := _named(code, terms, known.items.values()))]
    if not found:
        return frozenset()
    agreed = frozenset.intersection(*found)
    return agreed or frozenset.union(*found)


def _named(code: SaidCode, terms: Terms, items: Iterable[Item]) -> frozenset[Sku]:
    """The items that a number names; of one that is our number of an item and the partner's of another, the one that
    its qualifier means.
    """
    if code.qualifier in _GTINS:
        key = scan_key(code.value)
        return frozenset(item.sku for item in items if key in scan_keys(item))
    items = tuple(items)
    ours = frozenset(item.sku for item in items if item.sku == code.value)
    theirs = frozenset(
        item.sku
        for item in items
        if terms.number_attribute and item.attributes.get(terms.number_attribute) == code.value
    )
    if ours and theirs and terms.documents is not Documents.CARRIER:
        meant = _WRITTEN[terms.syntax, terms.documents]
        return (
            ours
            if code.qualifier == meant[Whose.OURS]
            else theirs
            if code.qualifier == meant[Whose.THEIRS]
            else ours | theirs
        )
    if ours or theirs:
        return ours | theirs
    key = scan_key(code.value)
    return frozenset(item.sku for item in items if key in scan_keys(item)[1:])
