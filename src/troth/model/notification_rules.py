"""Notification rules: the table of which event makes which, and how they are sent. One document decides."""

from collections.abc import Mapping
from dataclasses import field
from datetime import time
from typing import Final

from troth.model.notification import Medium
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """What is told (`tell`) of events of the kind `on`, by which media, `after_hours` of them.

    `of` are values of which each of these fields of the event has one; `when` is a condition on the order. What else
    happens within `wait_seconds` goes into the same notification. Quiet hours do not hold up what `is_urgent`.
    """

    name: str
    on: str
    tell: str
    by: tuple[Medium, ...] = (Medium.EMAIL,)
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    when: str = ""
    wait_seconds: int = 60
    after_hours: float = 0.0
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when until when, where the customer is, nothing is sent by some media."""

    begins: time
    ends: time
    by: tuple[Medium, ...] = (Medium.SMS,)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """In whose name customers of some channels and brands (none named: all) are written to.

    Without `sender` mail comes from the address of the settings; `shop` is the name that stands beside it.
    """

    shop: str
    sender: str = ""
    reply_to: str = ""
    logo_url: str = ""
    color: str = ""
    footer: str = ""
    channels: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotificationRules:
    """One document. Every rule that speaks of an event tells of it; of letterheads the first that fits counts.

    Links by which something can be chosen are good for `choice_hours`; what is not taken is sent again for
    `retry_hours`.
    """

    description: str = ""
    rules: tuple[NotificationRule, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    letterheads: tuple[Letterhead, ...] = ()
    choice_hours: float = 168.0
    retry_hours: float = 72.0


_ALL: Final = (Medium.EMAIL, Medium.WEBHOOK)
_AT_ONCE: Final = (Medium.EMAIL, Medium.SMS, Medium.WEBHOOK)

BUILT_IN: Final = NotificationRules(
    description="what is told where no document says it",
    rules=(
        NotificationRule("confirmed", "OrderCaptured", "order_confirmed", _ALL),
        NotificationRule("promise", "PromiseChanged", "promise_changed", _AT_ONCE),
        NotificationRule("late", "AlertRaised", "delay_predicted", _AT_ONCE, {"action": ("tell",)}),
        NotificationRule("shipped", "FulfillmentShipped", "shipped", _ALL),
        NotificationRule(
            "out for delivery", "TrackingRecorded", "out_for_delivery", _AT_ONCE, {"status": ("out_for_delivery",)}
        ),
        NotificationRule("delivered", "FulfillmentDelivered", "delivered", _ALL),
        NotificationRule("ready", "FulfillmentReady", "ready_for_pickup", _AT_ONCE),
        NotificationRule("reminder", "PickupReminded", "pickup_reminder", _AT_ONCE),
        NotificationRule("not picked up", "PickupExpired", "pickup_expired", _AT_ONCE),
        NotificationRule("canceled", "OrderCanceled", "canceled", _ALL),
        NotificationRule("refunded", "PaymentRefunded", "refunded", _ALL),
        NotificationRule("came back", "ReturnReceived", "return_received", _ALL),
        NotificationRule("credited", "ReturnCredited", "return_credited", _ALL),
        NotificationRule("recall", "RecallAnswered", "recall_outcome", _ALL),
    ),
    quiet_hours=(QuietHours(time(21, 0), time(8, 0)),),
)
"""What decides where no document is in force."""
