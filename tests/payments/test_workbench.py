"""Payments on the workbench: asked once more, billed instead, or given a day."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.builders import Clock, accepted, fixed
from tests.conftest import Database
from tests.payments.paying import opened, order, paid, read, settle_all, stored
from troth.flows.documents.families import HOLD_RULES
from troth.flows.door.system import System
from troth.flows.exceptions.bulk_fixes import fix_in_bulk
from troth.flows.exceptions.fixing import apply_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.flows.records.customers import set_terms
from troth.model.commands import PlaceHold
from troth.model.credit import CustomerTerms
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.fix import Fix, FixKind
from troth.model.hold_terms import AtEnd, HoldTerms
from troth.model.order import Hold, Order, Payment
from troth.model.status import placed_holds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def _stuck(system: System, clock: Clock, *payments: Payment, external_id: str = "W-1") -> OpenException:
    """An order whose payments are refused until nobody asks any more."""
    made = await order(system, *payments, external_id=external_id)
    for _ in range(4):
        await settle_all(system)
        clock.advance(hours=2)
    assert (await stored(system, made.order_id)).is_stuck
    return next(one for one, _ in (await find_open(system, Filters())).items if one.order_id == made.order_id)


async def _fixes(system: System, found: OpenException) -> dict[FixKind, Fix]:
    looked = await look(system, found, role="operator")
    assert isinstance(looked, Looked), looked
    return {fix.kind: fix for fix in looked.fixes}


async def _apply(system: System, found: OpenException, fix: Fix) -> Order:
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="called", actor="maya", role=""
    )
    return fixed(done)


def _until_the_second(hold: Hold) -> datetime | None:
    return None if hold.expires_at is None else hold.expires_at.replace(microsecond=0)


def _in_a_day(clock: Clock) -> datetime:
    return clock.now.replace(microsecond=0) + timedelta(days=1)


async def test_a_refused_payment_can_be_asked_for_once_more_given_time_or_the_order_canceled(
    system: System, clock: Clock
) -> None:
    found = await _stuck(system, clock, paid("tok_decline"))
    fixes = await _fixes(system, found)

    assert found.kind is ExceptionKind.PAYMENT
    assert list(fixes) == [FixKind.RETRY_PAYMENT, FixKind.GIVE_TIME, FixKind.CANCEL]
    assert fixes[FixKind.RETRY_PAYMENT].detail == "19.90 USD authorize at sandbox"
    assert all(fix.is_whole for fix in fixes.values())


async def test_what_is_asked_once_more_is_settled_like_everything_else_and_recorded(
    system: System, clock: Clock
) -> None:
    found = await _stuck(system, clock, paid("tok_decline"))
    before = len((await stored(system, found.order_id or "")).account.steps)  # type: ignore[arg-type]
    await _apply(system, found, (await _fixes(system, found))[FixKind.RETRY_PAYMENT])
    asked_now = (await find_open(system, Filters())).items
    await settle_all(system)

    assert asked_now == ()  # while it is asked for nobody is called
    assert len((await stored(system, found.order_id or "")).account.steps) == before + 1  # type: ignore[arg-type]
    told = await system.pool.fetch(
        "SELECT kind, body ->> 'reason' FROM events WHERE kind IN ('FixApplied', 'PaymentActedOn')"
    )
    assert sorted(tuple(row) for row in told) == [("FixApplied", "called"), ("PaymentActedOn", "called")]


async def test_who_pays_bills_is_sent_one_instead_as_far_as_the_credit_goes(system: System, clock: Clock) -> None:
    await set_terms(system, CustomerTerms("C-1", terms_days=30, credit_limit_minor=5_000), actor="ann")
    found = await _stuck(system, clock, paid("tok_decline"))
    bill = (await _fixes(system, found))[FixKind.OTHER_PAYMENT]

    done = await _apply(system, found, bill)
    await settle_all(system)

    assert bill.detail == "19.90 USD, due in 30 days"
    assert placed_holds(await read(system, done.order_id)) == ()
    assert (await stored(system, done.order_id)).is_secured
    assert (await find_open(system, Filters())).items == ()


async def test_nobody_is_sent_a_bill_who_has_no_terms_or_no_credit_left(system: System, clock: Clock) -> None:
    found = await _stuck(system, clock, paid("tok_decline"))
    assert FixKind.OTHER_PAYMENT not in await _fixes(system, found)

    await set_terms(system, CustomerTerms("C-1", terms_days=30, credit_limit_minor=1_000), actor="ann")
    assert FixKind.OTHER_PAYMENT not in await _fixes(system, found)


async def test_a_customer_who_is_given_a_day_calls_nobody_before_it_is_over(system: System, clock: Clock) -> None:
    found = await _stuck(system, clock, paid("tok_decline"))
    await _apply(system, found, (await _fixes(system, found))[FixKind.GIVE_TIME])

    assert (await find_open(system, Filters())).items == ()
    ((later, _),) = (await find_open(system, Filters(), clock.now + timedelta(hours=25))).items
    assert later.exception_id == found.exception_id


async def test_a_card_that_is_declined_for_good_is_not_asked_once_more(system: System, clock: Clock) -> None:
    found = await _stuck(system, clock, paid("tok_stolen"))
    assert list(await _fixes(system, found)) == [FixKind.GIVE_TIME, FixKind.CANCEL]


async def test_of_several_tenders_only_those_are_asked_once_more_that_may_yet_agree(
    system: System, clock: Clock
) -> None:
    found = await _stuck(system, clock, paid("tok_stolen", 1_000), paid("tok_decline", 990))
    retry = (await _fixes(system, found))[FixKind.RETRY_PAYMENT]
    order_id = (await _apply(system, found, retry)).order_id
    await settle_all(system)

    assert retry.detail == "9.90 USD authorize at sandbox"
    assert not retry.is_whole
    steps = (await stored(system, order_id)).account.steps
    assert [step.tender for step in steps] == [1, 2, 2, 2, 2]


async def test_the_day_that_a_customer_is_given_moves_the_clock_of_the_payment_hold(
    system: System, clock: Clock
) -> None:
    own = {"name": "payment", "owner": "payments", "hours": 12, "at_end": "cancel", "lift_on": ["payment_authorized"]}
    await save_draft(system, HOLD_RULES, "desk", {"types": [own]}, actor="ann")
    await activate(system, HOLD_RULES, "desk", 1, reason="test", actor="ann")
    found = await _stuck(system, clock, paid("tok_decline"))
    day = (await _fixes(system, found))[FixKind.GIVE_TIME]
    (hold,) = placed_holds(await _apply(system, found, day))

    assert day.detail == "nobody is called before, and H1 lasts until then"
    assert _until_the_second(hold) == _in_a_day(clock)


async def test_no_day_is_given_where_a_hold_about_something_else_cancels_the_order_before(
    system: System, clock: Clock
) -> None:
    found = await _stuck(system, clock, paid("tok_decline"))
    assert found.order_id is not None
    terms = HoldTerms(at_end=AtEnd.CANCEL)
    fraud = PlaceHold(found.order_id, "fraud", "odd", clock.now + timedelta(hours=3), terms)
    accepted(await system.door.one(fraud, actor="ann"))

    assert FixKind.GIVE_TIME not in await _fixes(system, found)


async def test_a_hold_that_waits_for_a_person_is_given_a_day_by_a_click(system: System, clock: Clock) -> None:
    made = await order(system, paid("tok_visa"))
    terms = HoldTerms(owner="fraud", at_end=AtEnd.CANCEL)
    placed = PlaceHold(made.order_id, "fraud", "odd", clock.now + timedelta(hours=3), terms)
    accepted(await system.door.one(placed, actor="ann"))
    await settle_all(system)
    ((found, _),) = (await find_open(system, Filters())).items
    done = await _apply(system, found, (await _fixes(system, found))[FixKind.GIVE_TIME])

    (hold,) = placed_holds(done)
    assert (hold.type, _until_the_second(hold)) == ("fraud", _in_a_day(clock))
    assert (await find_open(system, Filters())).items == ()


async def test_many_payments_are_asked_for_once_more_in_one_go(system: System, clock: Clock) -> None:
    for number in (1, 2):
        await _stuck(system, clock, paid(f"tok_decline-{number}"), external_id=f"W-{number}")
    done = await fix_in_bulk(
        system, Filters(), FixKind.RETRY_PAYMENT, is_preview=False, reason="", actor="maya", role=""
    )
    assert [line.refusal for line in done.lines] == [None, None]
    assert len(done.fixed) == 2
