"""What is told of notifications, by event."""

from tests.builders import NOW
from troth.model.choice import ChoiceKind
from troth.model.events import NotificationEvent
from troth.model.ids import NodeId, Sku
from troth.model.notification import Medium, NotificationState
from troth.model.notification_events import ChoiceMade, NotificationFailed, NotificationSent
from troth.model.stock_level_events import StockLevelChanged

NOTIFICATION_EVENTS: tuple[tuple[NotificationEvent, str], ...] = (
    (
        NotificationSent("O-1-N1", "promise_changed", Medium.SMS, "promise", "<O-1-N1@tea.example>", NOW),
        "The customer was told by text message: promise changed.",
    ),
    (
        NotificationFailed("O-1-N1", "shipped", Medium.EMAIL, NotificationState.BOUNCED, "no such mailbox", NOW),
        "The mail about shipped came back: no such mailbox.",
    ),
    (
        NotificationFailed("O-1-N1", "shipped", Medium.EMAIL, NotificationState.FAILED, "550 unknown", NOW),
        "The mail about shipped was refused: 550 unknown.",
    ),
    (
        StockLevelChanged(Sku("A"), "web", NodeId("ST-NYC"), "in_stock", "low_stock", 3, None, "Only 3 left", NOW),
        "Low stock after in stock at ST-NYC, as is told to web: Only 3 left.",
    ),
    (ChoiceMade("O-1-N1", ChoiceKind.CANCEL, (), NOW), "The customer chose by a link: cancel."),
)
