"""The ship notice (ASN) that a trading partner waits for once goods have left: when it is due, and when it was sent."""

from datetime import datetime, timedelta

from troth.model.ids import FulfillmentId
from troth.model.order import Fulfillment
from troth.model.routing_guide import RoutingGuide
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class ShipNotice:
    """By when the notice of a fulfillment is due, and, where it was sent, when and under which name."""

    due_at: datetime
    sent_at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ShipNoticeSent:
    """A trading partner was told what is on its way; it `is_late` where that was after it was due."""

    fulfillment_id: FulfillmentId
    reference: str
    due_at: datetime
    sent_at: datetime
    is_late: bool


def notice_due_at(guide: RoutingGuide | None, work: Fulfillment) -> datetime | None:
    """When the notice of some work is due: counted from when goods left, or from when they have to; None where nobody
    waits for one.
    """
    if guide is None or guide.notice_minutes is None:
        return None
    return (work.shipped_at or work.ship_by) + timedelta(minutes=guide.notice_minutes)
