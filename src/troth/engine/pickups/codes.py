"""The code of a pickup."""

from hashlib import blake2b
from typing import Final

from troth.model.ids import FulfillmentId
from troth.model.order import Order

_CODE_DIGITS: Final = 6


def pickup_code(order: Order, fulfillment: FulfillmentId) -> str:
    """What a customer says at the counter: six digits that follow from the order's content, so that none are stored."""
    digest = blake2b(f"{fulfillment}\0{order.digest}".encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, "big") % 10**_CODE_DIGITS).zfill(_CODE_DIGITS)
