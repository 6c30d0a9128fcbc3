"""What customers were told, in the words of the console."""

from typing import Final, assert_never

from troth.model.notification import Medium, NotificationState
from troth.model.notification_events import ChoiceMade, NotificationFailed, NotificationSent
from troth.model.stock_level_events import StockLevelChanged
from troth.model.value import dataclass
from troth.pages.views import Chip, words
from troth.store.notifications import Notification

MEDIA = {Medium.EMAIL: "mail", Medium.SMS: "text message", Medium.WEBHOOK: "the shop's own system"}

STATES = {
    NotificationState.WAITING: "waits",
    NotificationState.SENDING: "being sent",
    NotificationState.RETRYING: "tried again",
    NotificationState.SENT: "sent",
    NotificationState.FAILED: "refused",
    NotificationState.BOUNCED: "came back",
    NotificationState.DROPPED: "not sent",
}


_CHIPS: Final = {
    NotificationState.WAITING: ("gray", "clock"),
    NotificationState.SENDING: ("blue", "half"),
    NotificationState.RETRYING: ("amber", "clock"),
    NotificationState.SENT: ("green", "done"),
    NotificationState.FAILED: ("red", "alert"),
    NotificationState.BOUNCED: ("red", "alert"),
    NotificationState.DROPPED: ("gray", "cross"),
}


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A notification as it is listed."""

    one: Notification
    kind: str
    medium: str
    chip: Chip


def view_notification(one: Notification) -> NotificationView:
    """A notification in words."""
    tone, shape = _CHIPS[one.state]
    return NotificationView(one, words(one.kind), MEDIA[one.medium], Chip(words(STATES[one.state]), tone, shape))


def tell_notification(event: NotificationSent | NotificationFailed | ChoiceMade | StockLevelChanged) -> str:
    """One sentence about it."""
    match event:
        case NotificationSent():
            return f"The customer was told by {MEDIA[event.medium]}: {words(event.kind).lower()}."
        case NotificationFailed():
            how = STATES[event.state]
            return f"The {MEDIA[event.medium]} about {words(event.kind).lower()} {_was(how)}: {event.reason}."
        case ChoiceMade():
            return f"The customer chose by a link: {words(event.choice).lower()}."
        case StockLevelChanged():
            where = f" at {event.node}" if event.node else ""
            channel = f" to {event.channel}" if event.channel else ""
            level = f"{words(event.after)} after {words(event.before).lower()}"
            return f"{level}{where}, as is told{channel}: {event.message}."
        case _:
            assert_never(event)


def _was(how: str) -> str:
    return how if how == "came back" else f"was {how}"
