"""Why units are not there, in the codes of both standards.

*Source:* X12 elements 368 and 668; EDIFACT element 4221.
"""

from collections.abc import Mapping
from typing import Final

SHORT: Final[Mapping[str, str]] = {
    "AD": "out_of_stock",
    "BK": "backordered",
    "BM": "out_of_stock",
    "BO": "backordered",
    "BP": "backordered",
    "CB": "missing",
    "CK": "canceled",
    "CU": "canceled",
    "DE": "canceled",
    "DI": "discontinued",
    "DS": "out_of_stock",
    "IC": "canceled",
    "OF": "backordered",
    "OP": "discontinued",
    "OR": "out_of_stock",
    "OS": "out_of_stock",
    "OW": "out_of_stock",
    "PH": "on_hold",
    "SD": "damaged",
    "AA": "discontinued",
    "AB": "discontinued",
    "TW": "discontinued",
}
"""Codes of the status of a line in a shipment that say why units of it are not there; the others say no reason."""

REFUSED: Final[Mapping[str, str]] = {
    "IB": "backordered",
    "ID": "canceled",
    "IR": "refused",
    "IS": "substituted",
    "R1": "refused",
    "R2": "unknown_item",
    "R3": "unknown_unit",
    "R4": "out_of_stock",
    "R5": "refused",
    "R6": "refused",
    "R7": "refused",
    "R8": "refused",
}
"""Codes of element 668 by which a vendor refuses a line, or the rest of it."""

PARTLY: Final[Mapping[str, str]] = {"IQ": "out_of_stock", "BP": "backordered"}
"""Codes of element 668 by which a vendor takes so many units of a line on, and why no more."""

ACCEPTED: Final = frozenset({"IA", "AA", "AC", "AR", "DR", "IC", "IE", "IP", "SP", *PARTLY})
"""Codes of element 668 by which a vendor takes a line on."""

WAITING: Final = frozenset({"IF", "IH", "IW"})
"""Codes of element 668 by which a vendor says that it does not know yet."""
