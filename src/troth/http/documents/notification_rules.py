"""Notification rules: versioned, checked, and in force for everything that happens from then on."""

from typing import Final

from troth.flows.documents.families import NOTIFICATION_RULES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.model.notification_rules import NotificationRules
from troth.model.refusals import FieldFlaw

EXAMPLE: Final = {
    "rules": [
        {"name": "confirmed", "on": "OrderCaptured", "tell": "order_confirmed", "when": "order.channel != 'pos'"},
        {"name": "promise", "on": "PromiseChanged", "tell": "promise_changed", "by": ["email", "sms"],
         "wait_seconds": 300},
        {"name": "out for delivery", "on": "TrackingRecorded", "of": {"status": ["out_for_delivery"]},
         "tell": "out_for_delivery", "by": ["sms"], "is_urgent": True},
        {"name": "reminder", "on": "FulfillmentReady", "tell": "pickup_reminder", "after_hours": 48.0},
    ],
    "quiet_hours": [{"begins": "21:00:00", "ends": "08:00:00", "by": ["sms"]}],
    "letterheads": [{"shop": "Acme", "sender": "orders@acme.example", "color": "#1a5c8f", "brands": ["Acme"]}],
    "choice_hours": 72.0,
}  # fmt: skip

OPERATIONS = operations_of(
    NOTIFICATION_RULES,
    DocumentAnswer[NotificationRules],
    VersionAnswer[NotificationRules],
    name="everyday",
    example=EXAMPLE,
    flaw=FieldFlaw("/rules/0/on", "OrderMade is no event of an order"),
)
