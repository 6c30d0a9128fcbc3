"""A fix: what can be done about an exception, as the engine would carry it out now, and what it would do."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.commands import OrderCommand
from troth.model.exceptions import Source
from troth.model.ids import FulfillmentId, HoldId, NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Payment
from troth.model.return_moves import ReturnCommand
from troth.model.value import dataclass


class FixKind(StrEnum):
    """What a fix does."""

    RE_SOURCE = "re_source"
    SPLIT = "split"
    SUBSTITUTE = "substitute"
    UPGRADE_SERVICE = "upgrade_service"
    OTHER_PICKUP = "other_pickup"
    NEW_DATE = "new_date"
    PARTIAL = "partial"
    RE_SHIP = "re_ship"
    REFUND = "refund"
    WAIT = "wait"
    RELEASE = "release"
    LIFT = "lift"
    CREDIT = "credit"
    RESTOCK = "restock"
    OUTLET = "outlet"
    REFURBISH = "refurbish"
    VENDOR = "vendor"
    DESTROY = "destroy"
    RETRY_PAYMENT = "retry_payment"
    OTHER_PAYMENT = "other_payment"
    GIVE_TIME = "give_time"
    DENY = "deny"
    CHASE = "chase"
    REMIND = "remind"
    RESCHEDULE = "reschedule"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"


TOLD: Final[Mapping[FixKind, str]] = {
    FixKind.RE_SOURCE: "send it from elsewhere",
    FixKind.SPLIT: "let it leave in parts",
    FixKind.SUBSTITUTE: "send another item",
    FixKind.UPGRADE_SERVICE: "send it by another service",
    FixKind.OTHER_PICKUP: "hand it over at a store",
    FixKind.NEW_DATE: "promise it for another date",
    FixKind.PARTIAL: "send what there is and cancel the rest",
    FixKind.RE_SHIP: "send it once more",
    FixKind.REFUND: "credit what did not come",
    FixKind.WAIT: "let it wait for stock",
    FixKind.RELEASE: "hand it to its node now",
    FixKind.LIFT: "lift the hold",
    FixKind.CREDIT: "credit what came back",
    FixKind.RESTOCK: "put it back on hand",
    FixKind.OUTLET: "send it to the outlet",
    FixKind.REFURBISH: "have it refurbished",
    FixKind.VENDOR: "send it to its vendor",
    FixKind.DESTROY: "have it destroyed",
    FixKind.RETRY_PAYMENT: "ask for the payment once more",
    FixKind.OTHER_PAYMENT: "send a bill instead",
    FixKind.GIVE_TIME: "give it a day",
    FixKind.DENY: "end the return without a credit",
    FixKind.CHASE: "ask whoever sends it, and look again later",
    FixKind.REMIND: "tell the node once more",
    FixKind.RESCHEDULE: "expect it on another date",
    FixKind.WITHDRAW: "expect it no longer, and promise what waits for it from elsewhere",
    FixKind.CANCEL: "cancel it",
}
"""Each kind in a few words."""

_AT_NODES: Final = frozenset({Source.WORK, Source.ACCEPTANCE, Source.SILENCE, Source.ALERT})
_OF_LINES: Final = frozenset({Source.LINE, Source.NEED})

FOR: Final[Mapping[FixKind, frozenset[Source]]] = {
    FixKind.RE_SOURCE: _OF_LINES | _AT_NODES | {Source.STOCK},
    FixKind.SPLIT: frozenset({Source.LINE}),
    FixKind.SUBSTITUTE: _OF_LINES,
    FixKind.UPGRADE_SERVICE: _OF_LINES | {Source.WORK, Source.ALERT},
    FixKind.OTHER_PICKUP: _OF_LINES,
    FixKind.NEW_DATE: _OF_LINES | {Source.WORK, Source.ALERT},
    FixKind.PARTIAL: _OF_LINES | _AT_NODES | {Source.RELEASE, Source.STOCK},
    FixKind.RE_SHIP: frozenset({Source.PARCEL}),
    FixKind.REFUND: frozenset({Source.PARCEL}),
    FixKind.WAIT: frozenset({Source.LINE}),
    FixKind.RELEASE: frozenset({Source.RELEASE}),
    FixKind.LIFT: frozenset({Source.HOLD}),
    FixKind.CREDIT: frozenset({Source.REFUND}),
    FixKind.RESTOCK: frozenset({Source.RETURN}),
    FixKind.OUTLET: frozenset({Source.RETURN}),
    FixKind.REFURBISH: frozenset({Source.RETURN}),
    FixKind.VENDOR: frozenset({Source.RETURN}),
    FixKind.DESTROY: frozenset({Source.RETURN}),
    FixKind.RETRY_PAYMENT: frozenset({Source.ACCOUNT}),
    FixKind.OTHER_PAYMENT: frozenset({Source.ACCOUNT}),
    FixKind.GIVE_TIME: frozenset({Source.ACCOUNT, Source.HOLD}),
    FixKind.DENY: frozenset({Source.REFUND}),
    FixKind.CHASE: frozenset({Source.SUPPLY, Source.SILENCE, Source.NOTICE}),
    FixKind.REMIND: frozenset({Source.SILENCE}),
    FixKind.RESCHEDULE: frozenset({Source.SUPPLY}),
    FixKind.WITHDRAW: frozenset({Source.SUPPLY}),
    FixKind.CANCEL: _OF_LINES | _AT_NODES | {Source.RELEASE, Source.HOLD, Source.ACCOUNT, Source.STOCK},
}
"""What each kind may settle, by what that is read from."""

OF_RETURNS: Final = frozenset(
    {
        FixKind.RE_SHIP,
        FixKind.REFUND,
        FixKind.CREDIT,
        FixKind.RESTOCK,
        FixKind.OUTLET,
        FixKind.REFURBISH,
        FixKind.VENDOR,
        FixKind.DESTROY,
        FixKind.DENY,
    }
)
"""What is done about returns: for whoever may take them."""

OF_MONEY: Final = frozenset(
    {
        FixKind.RE_SHIP,
        FixKind.REFUND,
        FixKind.CREDIT,
        FixKind.DENY,
        FixKind.RETRY_PAYMENT,
        FixKind.OTHER_PAYMENT,
    }
)
"""What moves money: for nobody who is bound to nodes or customers."""


OF_SUPPLY: Final = frozenset({FixKind.RESCHEDULE, FixKind.WITHDRAW})
"""What changes purchase orders and transfers: for whoever may."""


@dataclass(frozen=True, slots=True)
class RetryPayment:
    """Ask the tenders of an order once more for what they refused, but not for good."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class PayAlso:
    """Let an order be paid in one more way."""

    order_id: OrderId
    payment: Payment


@dataclass(frozen=True, slots=True)
class PutOff:
    """Call nobody before an instant, until which these holds last at least."""

    order_id: OrderId
    until: datetime
    holds: tuple[HoldId, ...] = ()


@dataclass(frozen=True, slots=True)
class RemindNode:
    """Tell a node once more of its work."""

    fulfillment_id: FulfillmentId


@dataclass(frozen=True, slots=True)
class Chase:
    """Ask whoever sends a supply for it, and call nobody before an instant."""

    until: datetime


@dataclass(frozen=True, slots=True)
class RescheduleSupply:
    """Expect what has not come yet of a supply at another time."""

    key: SupplyKey
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawSupply:
    """Expect what has not come yet of a supply no longer; of a transfer it is lost."""

    key: SupplyKey


AccountAction = RetryPayment | PayAlso
"""What is asked of the account of an order, beside which it is kept."""

SupplyAction = RescheduleSupply | WithdrawSupply
"""What is said of supply that is still to come, in the document that says that it is."""

FixCommand = OrderCommand | ReturnCommand | AccountAction | SupplyAction | PutOff | Chase | RemindNode
"""What carries a fix out: a command for the write door, an action on an account, another version of the document that
says what is to come, a mark of the exception, or a message to its node.
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that a fix would take at a node, and how many would be left there for others, of an item with so many
    `decimals`.
    """

    sku: Sku
    node: NodeId
    units: int
    left: int
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to settle an exception, and what it would do.

    It changes the order in this `version`, or, where it is of none, the purchase order or transfer that the supply is
    of. `detail` says with what (a node, an item, a service). The units concerned would be there by `promised_at` (None:
    they are not wanted, or that is not known); it costs `cost_minor` more to serve (of the policy's currency) and the
    customer pays `price_minor` more (minor units, below 0: less). `takes` are units that others could have had, and
    `waiting` how many other orders wait for the same items. Where it is not `is_whole` some units stay as they are.
    """

    kind: FixKind
    fix_id: str
    order_id: OrderId | None
    command: FixCommand
    detail: str = ""
    promised_at: datetime | None = None
    cost_minor: int = 0
    price_minor: int = 0
    takes: tuple[Taken, ...] = ()
    waiting: int = 0
    is_whole: bool = True
    version: int = 0
