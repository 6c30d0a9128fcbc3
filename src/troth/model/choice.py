"""What a customer may choose when a promise is another one than before, each as it could be had at that moment."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.ids import LineId, NodeId, Sku
from troth.model.value import dataclass


class ChoiceKind(StrEnum):
    """Take it as it is now promised (or wait, where it is not), cancel it, pick it up, or take another item."""

    KEEP = "keep"
    CANCEL = "cancel"
    PICKUP = "pickup"
    SUBSTITUTE = "substitute"


OPERATIONS: Final[Mapping[ChoiceKind, str]] = {
    ChoiceKind.KEEP: "",
    ChoiceKind.CANCEL: "cancel_order",
    ChoiceKind.PICKUP: "change_order",
    ChoiceKind.SUBSTITUTE: "change_order",
}
"""The operation of the API that takes a choice; none where nothing has to be done for it."""


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """Units of a line that a choice is about."""

    line_id: LineId
    quantity: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the customer may choose: for which units (of no line: the whole order), when they would be there
    (null: that is not known, or they are not wanted), where they would be picked up, and which item at which difference
    in price for a unit.

    `operation` takes it (empty: nothing has to be sent).
    """

    kind: ChoiceKind
    lines: tuple[ChoiceLine, ...]
    promised_at: datetime | None = None
    node: NodeId | None = None
    sku: Sku | None = None
    price_delta_minor: int = 0
    operation: str = ""
