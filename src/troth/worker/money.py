"""The accounts of orders: followed, settled with their gateways, and disputes that nobody told of; and what trading
partners take off.
"""

from typing import Final

from prometheus_client import Counter

from troth.flows.door.system import System
from troth.flows.money.chargebacks import EVENTS_MAX as CHARGED_EVENTS_MAX
from troth.flows.money.chargebacks import charge_due, follow_guided
from troth.flows.money.disputes import ask_for_disputes
from troth.flows.money.settle import EVENTS_MAX as FOLLOWED_MAX
from troth.flows.money.settle import follow_orders, settle_due
from troth.worker.rounds import IDLE_SECONDS, LEARN_SECONDS, Task, counting

_SETTLED_MAX: Final = 8
"""Accounts side by side: each takes a connection at times, and none while its gateway is asked."""
_CHARGED_MAX: Final = 100
_DISPUTES_SECONDS: Final = 900.0

SETTLED: Final = Counter("troth_payment_accounts_settled_total", "Accounts of orders that were looked at")
DISPUTES_FOUND: Final = Counter("troth_disputes_found_total", "News of disputes that gateways were asked for")


def money_tasks(system: System) -> tuple[Task, ...]:
    """The tasks about money."""
    return (
        counting(
            "follow payments",
            lambda: follow_orders(system.pool, system.door.now()),
            most=FOLLOWED_MAX,
            pause=IDLE_SECONDS,
        ),
        counting(
            "settle",
            lambda: settle_due(system, limit=_SETTLED_MAX),
            most=_SETTLED_MAX,
            pause=IDLE_SECONDS,
            counter=SETTLED,
        ),
        counting("follow chargebacks", lambda: follow_guided(system), most=CHARGED_EVENTS_MAX, pause=LEARN_SECONDS),
        counting("chargebacks", lambda: charge_due(system, limit=_CHARGED_MAX), most=_CHARGED_MAX, pause=LEARN_SECONDS),
        Task("disputes", lambda: _ask_for_disputes(system)),
    )


async def _ask_for_disputes(system: System) -> float:
    DISPUTES_FOUND.inc(await ask_for_disputes(system))
    return _DISPUTES_SECONDS
