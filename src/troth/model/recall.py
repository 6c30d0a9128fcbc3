"""Recalls: requests to a node to give released work back, with what is to be done then."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.lifecycle import ALLOCATION, AllocationEvent, RecallState
from troth.model.network import Address
from troth.model.release_rules import Lapse
from troth.model.value import dataclass

RECALLABLE: Final = frozenset(state for state, event in ALLOCATION if event is AllocationEvent.RECALL)
"""A part in one of these is at its node, and has not left: the node may be asked to give it back."""


class RecallKind(StrEnum):
    """What is done with what a node gives back: it is canceled, the order is changed, or it is sourced elsewhere."""

    CANCEL = "cancel"
    CHANGE = "change"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class RecallUnits:
    """Units of a line (of kits, kits)."""

    line_id: LineId
    quantity: int


@dataclass(frozen=True, slots=True)
class KeptAction:
    """An action of a change as it is kept until a node has answered: which it is, and the fields that it has."""

    action: str
    line_id: LineId | None = None
    quantity: int = 0
    unit_price_minor: int = 0
    discount_minor: int | None = None
    tax_minor: int | None = None
    not_before: datetime | None = None
    need_by: datetime | None = None
    cancel_after: datetime | None = None
    need_by_firm: bool = False
    ship_to: Address | None = None
    method: str = ""
    pickup_node: NodeId | None = None
    service: str = ""
    node: NodeId | None = None
    sku: Sku | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A request to give units of a fulfillment back, and what is to be done with them; the node answers until
    `answer_by`, after which its silence counts as it `lapses`.

    `given` are the units that it gave back. `outcome` says why nothing was done with them where that could not be.
    """

    recall_id: str
    fulfillment_id: FulfillmentId
    node: NodeId
    kind: RecallKind
    units: tuple[RecallUnits, ...]
    reason: str
    asked_by: str
    asked_at: datetime
    answer_by: datetime
    lapses: Lapse = Lapse.REFUSED
    actions: tuple[KeptAction, ...] = ()
    state: RecallState = RecallState.REQUESTED
    answered_at: datetime | None = None
    answered_by: str = ""
    answer: str = ""
    given: tuple[RecallUnits, ...] = ()
    outcome: str = ""
