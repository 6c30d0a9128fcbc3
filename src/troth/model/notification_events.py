"""What happened to what customers are told. The order is the subject, and its version stays as it is."""

from datetime import datetime

from troth.model.choice import ChoiceKind, ChoiceLine
from troth.model.notification import Medium, NotificationState
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class NotificationSent:
    """A customer was told something: whoever carries it took it, under its `message_id`."""

    notification_id: str
    kind: str
    medium: Medium
    rule: str
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NotificationFailed:
    """A customer could not be told: it was refused for good (`failed`) or came back (`bounced`), for a reason."""

    notification_id: str
    kind: str
    medium: Medium
    state: NotificationState
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A customer chose one of what a notification offered. What it did is in the order's own events."""

    notification_id: str
    choice: ChoiceKind
    lines: tuple[ChoiceLine, ...]
    at: datetime
