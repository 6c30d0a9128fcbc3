"""By what the coordinates of an address were found, and what a decision has to say about that."""

from typing import Final

from troth.model.network import Address

BY_POSTCODE: Final = "postcode"
BY_POSTCODE_ALONE: Final = "postcode_alone"
BY_CITY: Final = "city"
BY_REGION: Final = "region"
BY_COUNTRY: Final = "country"


def place_notes(address: Address) -> tuple[str, ...]:
    """What is worth knowing about where an address is taken to lie; nothing where that is sure.

    >>> place = {"latitude": 34.0, "longitude": -118.2, "located_by": BY_POSTCODE_ALONE}
    >>> place_notes(Address("US", region="NY", postcode="90001", **place))
    ('postcode 90001 does not lie in NY: the postcode is believed',)
    >>> place_notes(Address("US", city="Nowhere"))
    ('where it goes is not known: it is counted as the farthest zone',)
    """
    if address.latitude is None or address.longitude is None:
        return ("where it goes is not known: it is counted as the farthest zone",)
    by, city, region = address.located_by, address.city, address.region
    if by == BY_POSTCODE_ALONE:
        return (f"postcode {address.postcode} does not lie in {region or city}: the postcode is believed",)
    if by == BY_REGION and city:
        return (f"{city} is not known: it is taken for the middle of {region}",)
    if by == BY_COUNTRY:
        named = city or region or "where it goes"
        return (f"{named} is not known: it is taken for the middle of {address.country}",)
    return ()
