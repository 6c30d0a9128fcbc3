"""What of an address tells places apart."""

from typing import Final, NamedTuple

from troth.model.network import Address


class Where(NamedTuple):
    """What of an address tells lanes apart: country, the names of its region, as much of the postcode as any row of
    a lane table asks for, all in capitals; and whether it is a box at a post office.
    """

    country: str
    regions: tuple[str, ...]
    postcode: str
    is_po_box: bool = False


NOWHERE: Final = Where("", (), "")


def regions_of(address: Address) -> tuple[str, ...]:
    """The names of an address' region in capitals: its code, and what was sent where that is another.

    >>> regions_of(Address("US", region="New York", region_code="NY")), regions_of(Address("US", region="ny"))
    (('NY', 'NEW YORK'), ('NY',))
    """
    sent, code = address.region.upper(), address.region_code.upper()
    if sent and code and sent != code:
        return (code, sent)
    return (code or sent,) if code or sent else ()
