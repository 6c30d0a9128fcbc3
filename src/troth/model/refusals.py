"""An expected no. The docstring is the text that a person reads; code and data are for programs."""

from datetime import datetime
from typing import ClassVar, Final

from troth.model.ids import LineId, NodeId, Sku
from troth.model.order import Method
from troth.model.plan import Instead, Separately
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class ShortLine:
    """A line that cannot be promised as asked: what is asked, what could be promised, and when.

    Quantities are in the item's measure.
    `detail` says the reason in a sentence where its code is not enough; `instead` are other items that could be had,
    and `separately` is what could be promised if the order gave up wishes of its own.
    """

    line_id: LineId
    sku: Sku
    quantity: int | float
    available_quantity: int | float
    available_at: datetime | None
    reason: str
    detail: str = ""
    instead: tuple[Instead, ...] = ()
    separately: tuple[Separately, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldFlaw:
    """What is wrong with one field: an RFC 6901 pointer and a sentence."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class StockShort:
    """Not every line can be promised in full; each short line says what could be promised and when."""

    code: ClassVar[str] = "insufficient-inventory"
    transient: ClassVar[bool] = False
    lines: tuple[ShortLine, ...]


@dataclass(frozen=True, slots=True)
class Invalid:
    """The request has fields that cannot be used; each is named with what is wrong with it."""

    code: ClassVar[str] = "invalid-request"
    transient: ClassVar[bool] = False
    flaws: tuple[FieldFlaw, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is nothing by that name here."""

    code: ClassVar[str] = "not-found"
    transient: ClassVar[bool] = False
    what: str
    id: str


@dataclass(frozen=True, slots=True)
class ContentDiffers:
    """The channel has already sent an order with this external_id and other content."""

    code: ClassVar[str] = "order-differs"
    transient: ClassVar[bool] = False
    order_id: str


@dataclass(frozen=True, slots=True)
class KeyReused:
    """This Idempotency-Key was used for another request; a new request needs a new key."""

    code: ClassVar[str] = "idempotency-key-reused"
    transient: ClassVar[bool] = False
    key: str


@dataclass(frozen=True, slots=True)
class NotPossibleNow:
    """What was asked cannot be done in the state in which the order or fulfillment is."""

    code: ClassVar[str] = "not-possible-now"
    transient: ClassVar[bool] = False
    what: str
    state: str
    possible: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What cannot be done, and why: a state is one word, anything else says it by itself.

        >>> NotPossibleNow("pack", "shipped").told, NotPossibleNow("close the day", "nothing waits").told
        ('cannot pack what is shipped', 'cannot close the day: nothing waits')
        """
        return f"cannot {self.what}" + (f": {self.state}" if " " in self.state else f" what is {self.state}")


@dataclass(frozen=True, slots=True)
class Held:
    """A hold keeps this from being done with the order; it can be done when that hold is lifted."""

    code: ClassVar[str] = "order-on-hold"
    transient: ClassVar[bool] = False
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixOutdated:
    """This fix would no longer do what it was shown to do; nothing was done, and possible says what would be now."""

    code: ClassVar[str] = "fix-outdated"
    transient: ClassVar[bool] = False
    fix_id: str
    possible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiftReserved:
    """This hold is lifted only by people of certain roles."""

    code: ClassVar[str] = "lift-reserved"
    transient: ClassVar[bool] = False
    hold_id: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionConflict:
    """It was changed by somebody else in the meantime; read it again and repeat the change."""

    code: ClassVar[str] = "version-conflict"
    transient: ClassVar[bool] = False
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Too much is asked at once of the same stock, or of large plans; the same request can be sent again shortly."""

    code: ClassVar[str] = "busy"
    transient: ClassVar[bool] = True
    attempts: int
    retry_seconds: int = 1


@dataclass(frozen=True, slots=True)
class HoldLimit:
    """The customer's carts would keep more units than one customer may keep at a time."""

    code: ClassVar[str] = "hold-limit"
    transient: ClassVar[bool] = False
    units_max: int
    held: int
    asked: int


@dataclass(frozen=True, slots=True)
class OverCalledLine:
    """An item of which more is called off than is left, in its measure."""

    sku: Sku
    quantity: int | float
    remaining: int | float


@dataclass(frozen=True, slots=True)
class OverCalled:
    """More is called off than the blanket order has left; lines and value say of what, and how much is left.

    The value is in minor units of the currency, where it is that of which too much is called off.
    """

    code: ClassVar[str] = "over-called"
    transient: ClassVar[bool] = False
    blanket_order: str
    lines: tuple[OverCalledLine, ...]
    value_minor: int | None = None
    remaining_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class OfferedNow:
    """A way to have it that can be ordered at this moment, by the id of its plan."""

    plan_id: str
    method: Method
    service: str
    node: NodeId | None
    promised_at: datetime | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class QuoteOutdated:
    """What was quoted by this plan_id can no longer be had so; nothing was reserved, and options says what can be."""

    code: ClassVar[str] = "quote-outdated"
    transient: ClassVar[bool] = False
    plan_id: str
    options: tuple[OfferedNow, ...]


@dataclass(frozen=True, slots=True)
class PickupLocked:
    """Too many wrong codes were said for this pickup; for a while none is looked at, but an identity can be checked."""

    code: ClassVar[str] = "pickup-locked"
    transient: ClassVar[bool] = True
    locked_until: datetime


@dataclass(frozen=True, slots=True)
class WorkWithdrawn:
    """This work is no longer the node's: it was canceled, refused, or given to another node."""

    code: ClassVar[str] = "work-withdrawn"
    transient: ClassVar[bool] = False
    fulfillment_id: str
    node: str
    state: str


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The request carries no valid key or login."""

    code: ClassVar[str] = "unauthorized"
    transient: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The key or login is valid but does not carry the scope that this needs, or only for its own nodes or customers.

    It `is_bound` where the scope would do for somebody who is not.
    """

    code: ClassVar[str] = "forbidden"
    transient: ClassVar[bool] = False
    scope: str
    is_bound: bool = False


Refusal = (
    StockShort
    | Invalid
    | NotFound
    | ContentDiffers
    | KeyReused
    | NotPossibleNow
    | Held
    | LiftReserved
    | FixOutdated
    | VersionConflict
    | Busy
    | HoldLimit
    | QuoteOutdated
    | OverCalled
    | PickupLocked
    | Unauthorized
    | Forbidden
    | WorkWithdrawn
)

REFUSALS: Final[dict[str, type[Refusal]]] = {
    refusal.code: refusal
    for refusal in (
        StockShort,
        Invalid,
        NotFound,
        ContentDiffers,
        KeyReused,
        NotPossibleNow,
        Held,
        LiftReserved,
        FixOutdated,
        VersionConflict,
        Busy,
        HoldLimit,
        QuoteOutdated,
        OverCalled,
        PickupLocked,
        Unauthorized,
        Forbidden,
        WorkWithdrawn,
    )
}
