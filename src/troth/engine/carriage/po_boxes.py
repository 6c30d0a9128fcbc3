"""Whether an address is a box at a post office, which only the post delivers to."""

import re
from typing import Final

from troth.model.network import Address

_BOX: Final = re.compile(
    r"""\b(?:
        (?:g\.?\s*)?p\.?\s*o\.?\s*(?:box|bx|b)\b   # PO Box 12, P.O. Box, GPO Box
        | post(?:al)?\s*office\s*box\b
        | (?:post|postal|call|caller)\s*box\b
        | locked\s*bag\b                            # Australia
        | postfach\b | packstation\b                # Germany, Austria, Switzerland
        | bo[iî]te\s*postale\b | case\s*postale\b | b\.?\s*p\.?\s*\d
        | apartado\b | apdo\b | casilla\b | caixa\s*postal\b
        | casella\s*postale\b | postbus\b | postboks\b | skrytka\s*pocztowa\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def is_po_box(address: Address) -> bool:
    """Whether a line of the address names a box at a post office.

    >>> [is_po_box(Address("US", line1=line)) for line in ("P.O. Box 12", "po box 7", "POB 9", "12 Boxwood Court")]
    [True, True, True, False]
    >>> is_po_box(Address("DE", line1="Hauptstr. 1", line2="Postfach 10 01")), is_po_box(Address("FR", line1="BP 42"))
    (True, True)
    """
    return _BOX.search(address.line1) is not None or (address.line2 != "" and _BOX.search(address.line2) is not None)
