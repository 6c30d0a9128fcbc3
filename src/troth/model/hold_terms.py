"""On what terms an order is held: who looks after it, what it blocks, and what ends it."""

from enum import StrEnum
from typing import Final

from troth.model.value import dataclass


class Block(StrEnum):
    """What a hold keeps from happening: the release to nodes, changes, cancelations, that goods leave, that units are
    promised and reserved, and refunds.
    """

    RELEASE = "release"
    CHANGE = "change"
    CANCEL = "cancel"
    SHIP = "ship"
    PROMISE = "promise"
    REFUND = "refund"


class AtEnd(StrEnum):
    """What the clock does with a hold whose time is over: lift it, cancel the order, or hand it to somebody else."""

    LIFT = "lift"
    CANCEL = "cancel"
    ESCALATE = "escalate"


class Signal(StrEnum):
    """What may lift a hold by itself, because what it waited for has happened."""

    PAYMENT_AUTHORIZED = "payment_authorized"
    CREDIT_GRANTED = "credit_granted"
    RETURN_RECEIVED = "return_received"
    ADDRESS_CHANGED = "address_changed"
    PRICE_CHANGED = "price_changed"
    SOURCED = "sourced"


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """The terms of one hold; the defaults are those of a hold that keeps an order from its nodes until it is lifted.

    `owner` is the person or team that looks after it (empty: nobody in particular), `escalate_to` who does once its
    time is over. It is lifted by people of `lift_roles` (none: by all who may write orders), by any signal in
    `lift_on`, and as soon as `lift_when` (CEL of the order) holds. Where it `is_quiet` it calls no person
    before its time is over.
    """

    owner: str = ""
    blocks: tuple[Block, ...] = (Block.RELEASE,)
    at_end: AtEnd = AtEnd.LIFT
    escalate_to: str = ""
    lift_roles: tuple[str, ...] = ()
    lift_on: tuple[Signal, ...] = ()
    lift_when: str = ""
    is_quiet: bool = False


PLAIN: Final = HoldTerms()
"""The terms of a hold of which nothing else is said."""
