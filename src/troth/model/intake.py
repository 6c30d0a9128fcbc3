"""The intake: what a channel or partner sent and what could not be captured, kept as it was sent until it is fixed."""

from datetime import datetime
from enum import StrEnum

from troth.model.ids import OrderId
from troth.model.refusals import FieldFlaw
from troth.model.value import dataclass


class IntakeState(StrEnum):
    """Whether somebody has to look, an order came of it, or it was put away."""

    WAITING = "waiting"
    CAPTURED = "captured"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class IntakeDocument:
    """One document: through which `entrance` it came, its `body` as JSON text, what was found wrong with which field,
    and what it comes to as far as that can be read (minor units). Sent again with the same content it is the same
    document, `times_received` once more. `order_id` is the order that came of it.
    """

    intake_id: str
    version: int
    state: IntakeState
    entrance: str
    channel: str
    external_id: str
    digest: str
    body: str
    findings: tuple[FieldFlaw, ...]
    currency: str
    total_minor: int
    times_received: int
    received_at: datetime
    received_by: str
    changed_at: datetime
    changed_by: str
    order_id: OrderId | None = None
    reason: str = ""
