"""Hold rules: the documents in which a retailer says what types of holds there are, and which orders are held by rule.

A type is configuration: who owns its holds, what they block, how long they last and what ends them.
"""

from collections.abc import Mapping
from typing import Final

from troth.model.hold_terms import AtEnd, Block, HoldTerms, Signal
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class HoldType:
    """A type of hold, with the terms of every hold that is placed as one of it, and the hours after which its clock is
    over (None: never). A type by the name of one that is built in stands instead of it.
    """

    name: str
    description: str = ""
    owner: str = ""
    blocks: tuple[Block, ...] = (Block.RELEASE,)
    hours: float | None = None
    at_end: AtEnd = AtEnd.LIFT
    escalate_to: str = ""
    lift_roles: tuple[str, ...] = ()
    lift_on: tuple[Signal, ...] = ()
    lift_when: str = ""
    is_quiet: bool = False

    @property
    def terms(self) -> HoldTerms:
        """The terms of a hold of this type."""
        return HoldTerms(
            self.owner,
            self.blocks,
            self.at_end,
            self.escalate_to,
            self.lift_roles,
            self.lift_on,
            self.lift_when,
            self.is_quiet,
        )


@dataclass(frozen=True, slots=True)
class HoldRule:
    """Every new order for which `when` (CEL of order, customer, lines and items) holds is held by a hold of `type`, for
    that `reason`. What speaks of lines holds where it does for any of them.
    """

    name: str
    when: str
    type: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HoldRules:
    """One document of hold rules; all documents in force count together."""

    description: str = ""
    types: tuple[HoldType, ...] = ()
    rules: tuple[HoldRule, ...] = ()


BUILT_IN: Final[Mapping[str, HoldType]] = {
    one.name: one
    for one in (
        HoldType("fraud", "somebody has to look whether the order is genuine", owner="fraud"),
        HoldType(
            "address",
            "the goods could not be delivered to the address",
            owner="customer_care",
            lift_on=(Signal.ADDRESS_CHANGED,),
        ),
        HoldType(
            "payment",
            "the order is not paid as it has to be",
            owner="payments",
            lift_on=(Signal.PAYMENT_AUTHORIZED,),
        ),
        HoldType("credit", "the customer's credit is used up", owner="credit", lift_on=(Signal.CREDIT_GRANTED,)),
        HoldType("price", "a price has to be looked at", owner="pricing", lift_on=(Signal.PRICE_CHANGED,)),
        HoldType("stock", "units are kept for something else first", owner="supply", lift_on=(Signal.SOURCED,)),
        HoldType("manual", "somebody wants it to wait"),
        HoldType(
            "exchange",
            "what it replaces has not come back yet",
            owner="returns",
            lift_on=(Signal.RETURN_RECEIVED,),
            is_quiet=True,
        ),
        HoldType("routing", "the routing in force wants a person to look", owner="supply"),
    )
}
"""The types that there are without any document."""
