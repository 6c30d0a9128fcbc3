"""What customers are told: found in the log and in the levels of stock, and sent."""

from typing import Final

from prometheus_client import Counter

from troth.flows.door.system import System
from troth.flows.stock.levels import ENTRIES_MAX, watch_levels
from troth.flows.telling.follow import EVENTS_MAX as TOLD_MAX
from troth.flows.telling.follow import follow_log
from troth.flows.telling.media import Senders
from troth.flows.telling.send import send_due
from troth.worker.rounds import IDLE_SECONDS, LEARN_SECONDS, Task, counting

_SENT_MAX: Final = 50

NOTIFICATIONS: Final = Counter("troth_notifications_handled_total", "Notifications to customers that were looked at")


def telling_tasks(system: System, senders: Senders) -> tuple[Task, ...]:
    """The tasks about messages to customers."""
    return (
        counting("follow notifications", lambda: follow_log(system, senders.keys()), most=TOLD_MAX, pause=IDLE_SECONDS),
        counting("stock levels", lambda: watch_levels(system), most=ENTRIES_MAX, pause=LEARN_SECONDS),
        counting(
            "notify",
            lambda: send_due(system, senders, limit=_SENT_MAX),
            most=_SENT_MAX,
            pause=IDLE_SECONDS,
            counter=NOTIFICATIONS,
        ),
    )
