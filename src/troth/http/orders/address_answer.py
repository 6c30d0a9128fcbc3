"""An address as it is shown."""

from troth.http.orders.order_shapes import AddressAnswer
from troth.model.network import Address


def answer_address(address: Address) -> AddressAnswer:
    """An address as it is shown."""
    return AddressAnswer(
        address.name,
        address.line1,
        address.line2,
        address.city,
        address.region,
        address.postcode,
        address.country,
        address.latitude,
        address.longitude,
        address.residential,
    )
