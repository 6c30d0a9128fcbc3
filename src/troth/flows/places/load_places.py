"""Reading the tables of places before anybody asks: a good part of a second, in which nothing else is done."""

from typing import Final

from troth.flows.places.places import locate
from troth.model.network import Address

_ABROAD: Final = Address("DE", city="Berlin")
_AT_HOME: Final = Address("US", region="NY", city="New York", postcode="10118")


def load_places() -> None:
    """Every table that an address may need is in memory afterwards."""
    for address in (_ABROAD, _AT_HOME):
        locate(address)
