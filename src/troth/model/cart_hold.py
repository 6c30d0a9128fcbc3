"""A cart's hold: units kept for a customer who has not ordered yet, until a time."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.capacity import Slot
from troth.model.exposure import Draw
from troth.model.ids import CartHoldId
from troth.model.inventory import SupplyKey
from troth.model.value import dataclass


class CartHoldState(StrEnum):
    """Whether a cart's hold still keeps its units."""

    HELD = "held"
    USED = "used"
    FREED = "freed"
    EXPIRED = "expired"


class CartHoldEvent(StrEnum):
    """What becomes of a cart's hold: it keeps other units instead, an order takes them, the client gives them up, or
    its time is over.
    """

    KEEP = "keep"
    USE = "use"
    FREE = "free"
    EXPIRE = "expire"


CART_HOLD: Final[Mapping[tuple[CartHoldState, CartHoldEvent], CartHoldState]] = {
    (CartHoldState.HELD, CartHoldEvent.KEEP): CartHoldState.HELD,
    (CartHoldState.FREED, CartHoldEvent.KEEP): CartHoldState.HELD,
    (CartHoldState.EXPIRED, CartHoldEvent.KEEP): CartHoldState.HELD,
    (CartHoldState.HELD, CartHoldEvent.USE): CartHoldState.USED,
    (CartHoldState.HELD, CartHoldEvent.FREE): CartHoldState.FREED,
    (CartHoldState.HELD, CartHoldEvent.EXPIRE): CartHoldState.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class HeldUnits:
    """Units of a supply that a cart's hold keeps."""

    key: SupplyKey
    quantity: int


@dataclass(frozen=True, slots=True)
class CartHold:
    """Units that a channel keeps for a cart from `held_at` until `expires_at`: at that instant they are free again.

    `days` is what the cart's shipments would take of the days of limited nodes, by slot, sorted, and `draws` what its
    units count against protections and quotas; both are kept as well.
    """

    hold_id: CartHoldId
    channel: str
    units: tuple[HeldUnits, ...]
    held_at: datetime
    expires_at: datetime
    state: CartHoldState = CartHoldState.HELD
    customer_id: str = ""
    days: tuple[tuple[Slot, int], ...] = ()
    draws: tuple[tuple[Draw, int], ...] = ()

    @property
    def quantity(self) -> int:
        """How many units it keeps, of all supplies together."""
        return sum(held.quantity for held in self.units)

    def holds_at(self, now: datetime) -> bool:
        """Whether its units are kept for the cart at an instant, also where nobody has noticed yet that time is up."""
        return self.state is CartHoldState.HELD and now < self.expires_at
