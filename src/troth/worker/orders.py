"""What the clock does to orders, carts, returns and credit."""

from collections.abc import Awaitable, Callable
from typing import Final

from prometheus_client import Counter

from troth.flows.door.system import System
from troth.flows.orders.acceptance import act_on_acceptance
from troth.flows.orders.due import act_on_due, end_due_carts
from troth.flows.orders.repromise import repromise_moved, repromise_overdue, try_parked
from troth.flows.orders.returns import expire_returns
from troth.flows.orders.waves import run_waves
from troth.flows.records.customers import review_credit
from troth.model.ids import OrderId
from troth.worker.rounds import IDLE_SECONDS, Task, counting

_DUE_MAX: Final = 1_000
_CARTS_MAX: Final = 2_500
"""As many are ended while an order that wants the same units waits for some tens of milliseconds."""
_WAVE_SECONDS: Final = 1.0
_PARKED_SECONDS: Final = 5.0
_ACCEPTANCE_SECONDS: Final = 5.0
_RETURNS_SECONDS: Final = 5.0
_CREDIT_SECONDS: Final = 15.0
_FORGIVE_ROUNDS: Final = 240

DUE_ACTED: Final = Counter("troth_due_acted_total", "Orders that the clock changed")
WAVES_ACTED: Final = Counter("troth_waves_acted_total", "Orders that waves released or put off")
ACCEPTANCES_ACTED: Final = Counter("troth_acceptances_missed_total", "Work that was not accepted in time, and acted on")
CARTS_ENDED: Final = Counter("troth_cart_holds_expired_total", "Holds of carts that the clock ended")
RETURNS_EXPIRED: Final = Counter("troth_returns_expired_total", "Permits of returns that nobody used in time")
REPROMISED: Final = Counter("troth_repromised_total", "Orders that were promised anew because supply moved")


def order_tasks(system: System) -> tuple[Task, ...]:
    """The tasks about orders."""
    now = system.door.now
    return (
        Task("due", _forgiving(lambda left_out: _act_on_due(system, left_out))),
        Task("waves", _forgiving(lambda left_out: _run_waves(system, left_out))),
        counting(
            "carts",
            lambda: end_due_carts(system, now(), limit=_CARTS_MAX),
            most=1,
            pause=IDLE_SECONDS,
            counter=CARTS_ENDED,
        ),
        Task("repromise", lambda: _repromise(system)),
        Task("parked", lambda: _try_parked(system)),
        counting(
            "returns",
            lambda: expire_returns(system, now(), limit=_DUE_MAX),
            most=_DUE_MAX,
            pause=_RETURNS_SECONDS,
            counter=RETURNS_EXPIRED,
        ),
        counting(
            "acceptance",
            lambda: act_on_acceptance(system, now(), limit=_DUE_MAX),
            most=_DUE_MAX,
            pause=_ACCEPTANCE_SECONDS,
            counter=ACCEPTANCES_ACTED,
        ),
        Task("credit", lambda: _review_credit(system)),
    )


def _forgiving(run: Callable[[set[OrderId]], Awaitable[float]]) -> Callable[[], Awaitable[float]]:
    """Rounds that leave out the orders that could not be decided, and give them another chance once in a while."""
    left_out: set[OrderId] = set()
    rounds = 0

    async def round_() -> float:
        nonlocal rounds
        rounds += 1
        if rounds % _FORGIVE_ROUNDS == 0:
            left_out.clear()
        return await run(left_out)

    return round_


async def _act_on_due(system: System, left_out: set[OrderId]) -> float:
    acted = await act_on_due(system, system.door.now(), limit=_DUE_MAX, without=left_out)
    DUE_ACTED.inc(acted)
    return 0.0 if acted == _DUE_MAX else IDLE_SECONDS


async def _run_waves(system: System, left_out: set[OrderId]) -> float:
    ran = await run_waves(system, system.door.now(), limit=_DUE_MAX, without=left_out)
    WAVES_ACTED.inc(ran.changed)
    return 0.0 if ran.has_more else _WAVE_SECONDS


async def _repromise(system: System) -> float:
    done = await repromise_moved(system)
    REPROMISED.inc(done.changed)
    return 0.0 if done.has_more else IDLE_SECONDS


async def _try_parked(system: System) -> float:
    REPROMISED.inc(await repromise_overdue(system, system.door.now()))
    REPROMISED.inc(await try_parked(system, system.door.now()))
    return _PARKED_SECONDS


async def _review_credit(system: System) -> float:
    await review_credit(system)
    return _CREDIT_SECONDS
