"""Identifiers, and those that are derived so that the same thing always gets the same one."""

from hashlib import blake2b
from typing import NewType

OrderId = NewType("OrderId", str)
LineId = NewType("LineId", str)
FulfillmentId = NewType("FulfillmentId", str)
HoldId = NewType("HoldId", str)
CartHoldId = NewType("CartHoldId", str)
ReturnId = NewType("ReturnId", str)
LabelId = NewType("LabelId", str)
NodeId = NewType("NodeId", str)
Sku = NewType("Sku", str)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def derive_order_id(*, channel: str, external_id: str) -> OrderId:
    """The one id of the order that a channel calls `external_id`: 100 bits of a hash, in Crockford's base 32.

    That an order of a channel exists once follows from this id being the key, also on a database of many shards.

    >>> derive_order_id(channel="web", external_id="W-1001")
    'O-26SR2YAV7FYG310C5Q3V'
    """
    digest = blake2b(f"{channel}\0{external_id}".encode(), digest_size=13).digest()
    number = int.from_bytes(digest, "big") >> 4
    return OrderId("O-" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(95, -1, -5)))


def named_order(text: str) -> OrderId:
    """The id of the order that somebody names by its id, or as `channel:external_id`.

    >>> named_order("web:W-1001") == derive_order_id(channel="web", external_id="W-1001"), named_order("O-1")
    (True, 'O-1')
    """
    channel, colon, external_id = text.partition(":")
    return derive_order_id(channel=channel, external_id=external_id) if colon else OrderId(text)


def fulfillment_id(order_id: OrderId, number: int) -> FulfillmentId:
    """The id of an order's fulfillment, which names its order so that it can be found without a search.

    >>> fulfillment_id(OrderId("O-1"), 2)
    'O-1-F2'
    """
    return FulfillmentId(f"{order_id}-F{number}")


def order_of_fulfillment(fulfillment: FulfillmentId) -> OrderId:
    """The order to which a fulfillment belongs.

    >>> order_of_fulfillment(FulfillmentId("O-1-F2"))
    'O-1'
    """
    return OrderId(fulfillment.rpartition("-F")[0])


def return_id(order_id: OrderId, number: int) -> ReturnId:
    """The id of an order's return, which names its order so that it can be found without a search.

    >>> return_id(OrderId("O-1"), 2)
    'O-1-R2'
    """
    return ReturnId(f"{order_id}-R{number}")


def order_of_return(return_: ReturnId) -> OrderId:
    """The order to which a return belongs.

    >>> order_of_return(ReturnId("O-1-R2"))
    'O-1'
    """
    return OrderId(return_.rpartition("-R")[0])


def order_of_label(label: LabelId) -> OrderId:
    """The order to which a label belongs.

    >>> order_of_label(LabelId("O-1-L2"))
    'O-1'
    """
    return OrderId(label.rpartition("-L")[0])
