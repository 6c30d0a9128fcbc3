"""A return: what is to come back of an order, what came, what became of it, and what is credited for it."""

from datetime import date, datetime
from enum import StrEnum

from troth.model.ids import HoldId, LineId, NodeId, OrderId, ReturnId, Sku
from troth.model.lifecycle import OPEN_RECEPTIONS, DispositionState, ReceptionState
from troth.model.serials import SerialKey
from troth.model.value import dataclass


class ReturnKind(StrEnum):
    """Whether the customer gives goods back, or complains of them (with or without goods that come back)."""

    RETURN = "return"
    CLAIM = "claim"


class ReturnMethod(StrEnum):
    """How goods come back; `none`: they do not."""

    IN_STORE = "in_store"
    MAIL = "mail"
    NONE = "none"


class RefundTiming(StrEnum):
    """When units are credited: as soon as they are announced, once they are received, or once they are graded."""

    ANNOUNCED = "announced"
    RECEIVED = "received"
    GRADED = "graded"


class CreditKind(StrEnum):
    """For what an amount is credited: units, what delivery cost, goods that the customer keeps, or as a person says."""

    UNITS = "units"
    DELIVERY = "delivery"
    KEPT = "kept"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of an order line that are to come back: of its own SKU, a substitute, or a component of its kit."""

    line_id: LineId
    sku: Sku
    quantity: int
    reason: str
    timing: RefundTiming
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivedUnits:
    """Units that came back to a node, numbered within their return, and what became of them.

    Without a `line_id` they were not expected: another item, another serial, or more than the customer had; `note` says
    which. They are kept apart all the same, and credited to nobody. So many of them are `credited`.
    """

    number: int
    line_id: LineId | None
    sku: Sku
    quantity: int
    node: NodeId
    at: datetime
    grade: str = ""
    state: DispositionState = DispositionState.WAITING
    lot: str = ""
    expires_on: date | None = None
    serials: tuple[str, ...] = ()
    note: str = ""
    credited: int = 0


@dataclass(frozen=True, slots=True)
class Credit:
    """An amount (minor units) that a return credits, after a fee; of units it says how many of which line and SKU, and
    under which `number` they were received (None: before any came).
    """

    kind: CreditKind
    amount_minor: int
    at: datetime
    by: str
    line_id: LineId | None = None
    sku: Sku | None = None
    quantity: int = 0
    fee_minor: int = 0
    reason: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """The order that replaces what comes back, and how much of the credit pays for it (minor units).

    An advance exchange ships before anything came back; another is held by `hold_id` until then.
    """

    order_id: OrderId
    is_advance: bool
    total_minor: int
    applied_minor: int
    hold_id: HoldId | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A permit to bring units of an order back, and all that came of it.

    `flags` are the rules of risk that spoke, and where it `is_refund_held` a person decides about the money.
    `exception` is why somebody let it pass whatever the rules say, `rules_version` which rules decided. `kept_minor` is
    what a claim asks for goods that the customer keeps (None: it is about whole units).
    """

    return_id: ReturnId
    kind: ReturnKind
    method: ReturnMethod
    state: ReceptionState
    node: NodeId | None
    lines: tuple[ReturnLine, ...]
    opened_at: datetime
    opened_by: str
    expires_at: datetime
    rules_version: str
    received: tuple[ReceivedUnits, ...] = ()
    credits: tuple[Credit, ...] = ()
    exchange: Exchange | None = None
    flags: tuple[str, ...] = ()
    is_refund_held: bool = False
    is_without_receipt: bool = False
    exception: str = ""
    carrier: str = ""
    tracking_number: str = ""
    closed_at: datetime | None = None
    kept_minor: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether what was announced may still come; of what comes after the end, no more is expected."""
        return self.state in OPEN_RECEPTIONS and self.closed_at is None

    @property
    def credited_minor(self) -> int:
        """What is credited so far, in minor units."""
        return sum(credit.amount_minor for credit in self.credits)

    @property
    def due_minor(self) -> int:
        """What of it goes back to the customer; below zero where a replacement was paid with more than came back."""
        return self.credited_minor - (0 if self.exchange is None else self.exchange.applied_minor)

    @property
    def serials(self) -> frozenset[SerialKey]:
        """The serials that came back with it and were expected."""
        return frozenset((one.sku, serial) for one in self.received if one.line_id for serial in one.serials)
