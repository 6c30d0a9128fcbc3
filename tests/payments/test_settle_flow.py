"""An order's money from capture to the last refund, through the sandbox gateway."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, accepted
from tests.conftest import Database
from tests.payments.paying import (
    account,
    asked,
    books,
    events,
    opened,
    order,
    ours,
    paid,
    read,
    settle_all,
    ship,
    steps,
    stored,
)
from troth.flows.door.system import System
from troth.model.change import SetQuantity
from troth.model.commands import CancelOrder, ChangeOrder, LineQuantity, ReleaseOrder
from troth.model.ids import LineId
from troth.model.refusals import Held
from troth.model.status import OrderStatus, order_status, placed_holds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def test_a_pending_payment_holds_the_order_until_it_is_authorized(system: System) -> None:
    captured = await order(system, paid())
    assert [hold.type for hold in placed_holds(captured)] == ["payment"]
    assert order_status(captured) is OrderStatus.ON_HOLD
    assert await system.door.one(ReleaseOrder(captured.order_id), actor="test") == Held(("H1",))
    await settle_all(system)
    assert await steps(system, captured.order_id) == [("authorize", "authorized", 1990)]
    assert placed_holds(await read(system, captured.order_id)) == ()
    assert await events(system, captured.order_id) == ["PaymentAuthorized"]


async def test_what_ships_is_captured_and_nothing_before(system: System) -> None:
    made = await order(system, paid(minor=5970), A=3)
    await settle_all(system)
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (5970, 0, 0)}
    await ship(system, made.order_id)
    await settle_all(system)
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (5970, 5970, 0)} == await ours(system)
    assert await events(system, made.order_id) == ["PaymentAuthorized", "PaymentCaptured"]
    assert set((await asked(system)).values()) == {1}


async def test_a_gateways_answer_never_changes_the_version_of_an_order(system: System) -> None:
    made = await order(system, paid(status="authorized"))
    await settle_all(system)
    assert (await read(system, made.order_id)).version == made.version == 1


async def test_a_declined_payment_keeps_the_hold_and_after_three_tries_needs_a_person(
    system: System, clock: Clock
) -> None:
    made = await order(system, paid("tok_decline"))
    await settle_all(system)
    assert await steps(system, made.order_id) == [("authorize", "failed", 0)]
    assert not (await stored(system, made.order_id)).is_stuck
    clock.advance(minutes=11)
    await settle_all(system)
    clock.advance(minutes=61)
    await settle_all(system)
    clock.advance(days=3)
    await settle_all(system)
    found = await stored(system, made.order_id)
    assert [step.code for step in found.account.steps] == ["card_declined"] * 3
    assert (found.is_stuck, found.is_secured, found.lacking_minor) == (True, False, 1990)
    assert [hold.type for hold in placed_holds(await read(system, made.order_id))] == ["payment"]


async def test_a_card_that_is_stolen_is_not_tried_again(system: System, clock: Clock) -> None:
    made = await order(system, paid("tok_stolen"))
    await settle_all(system)
    clock.advance(days=1)
    await settle_all(system)
    assert await steps(system, made.order_id) == [("authorize", "failed", 0)]
    assert (await stored(system, made.order_id)).is_stuck


async def test_gift_card_and_store_credit_are_used_before_the_card(system: System) -> None:
    made = await order(
        system, paid(minor=2990), paid("gift_1000", 1000, by="gift"), paid("credit_1980", 1980, by="credit"), A=3
    )
    await settle_all(system)
    found = await account(system, made.order_id)
    assert [(step.tender, step.done_minor) for step in found.steps] == [(2, 1000), (3, 1980), (1, 2990)]
    await ship(system, made.order_id)
    await settle_all(system)
    assert [(step.tender, step.done_minor) for step in (await account(system, made.order_id)).steps[3:]] == [
        (2, 1000), (3, 1980), (1, 2990),
    ]  # fmt: skip


async def test_a_gift_card_that_has_less_than_agreed_leaves_the_order_held(system: System) -> None:
    made = await order(system, paid("gift_500", 1000, by="gift"), paid(minor=990))
    await settle_all(system)
    found = await stored(system, made.order_id)
    assert (found.is_secured, found.is_stuck, found.lacking_minor) == (False, True, 500)
    assert [hold.type for hold in placed_holds(await read(system, made.order_id))] == ["payment"]


async def test_a_dearer_order_is_held_until_the_difference_is_authorized(system: System) -> None:
    made = await order(system, paid())
    await settle_all(system)
    changed = accepted(await system.door.one(ChangeOrder(made.order_id, (SetQuantity(LineId("1"), 3),)), actor="test"))
    assert [hold.type for hold in placed_holds(changed)] == ["payment"]
    await settle_all(system)
    assert await steps(system, made.order_id) == [("authorize", "authorized", 1990), ("authorize", "authorized", 3980)]
    assert placed_holds(await read(system, made.order_id)) == ()


async def test_what_is_canceled_is_released_and_what_was_captured_of_it_given_back(system: System) -> None:
    pending = await order(system, paid())
    prepaid = await order(system, paid("bank-1", status="captured"), external_id="W-2")
    await settle_all(system)
    for made in (pending, prepaid):
        accepted(await system.door.one(CancelOrder(made.order_id, "no"), actor="test"))
    await settle_all(system)
    assert await steps(system, pending.order_id) == [("authorize", "authorized", 1990), ("void", "voided", 1990)]
    assert await steps(system, prepaid.order_id) == [
        ("adopt", "authorized", 1990), ("capture", "captured", 1990), ("refund", "refunded", 1990),
    ]  # fmt: skip
    assert (await books(system))["bank-1"] == (1990, 1990, 1990)


async def test_what_was_captured_before_it_is_earned_is_kept_for_what_is_still_to_come(system: System) -> None:
    made = await order(system, paid("bank-2", 3980, status="captured"), A=2)
    await settle_all(system)
    assert await steps(system, made.order_id) == [("adopt", "authorized", 3980), ("capture", "captured", 3980)]
    accepted(await system.door.one(CancelOrder(made.order_id, "one", (LineQuantity(LineId("1"), 1),)), actor="test"))
    await settle_all(system)
    assert (await steps(system, made.order_id))[2:] == [("refund", "refunded", 1990)]


async def test_an_authorization_that_expires_is_made_anew_while_it_is_needed(system: System, clock: Clock) -> None:
    made = await order(system, paid("tok_expire"))
    await settle_all(system)
    clock.advance(seconds=61)
    await settle_all(system)
    assert await steps(system, made.order_id) == [("authorize", "expired", 1990), ("authorize", "authorized", 1990)]
    assert await events(system, made.order_id) == ["PaymentAuthorized", "PaymentExpired", "PaymentAuthorized"]
    await ship(system, made.order_id)
    await settle_all(system)
    assert (await steps(system, made.order_id))[2:] == [("capture", "captured", 1990)]


async def test_where_a_capture_releases_the_rest_the_rest_is_authorized_anew(system: System) -> None:
    made = await order(system, paid(minor=3980, by="once"), A=1, B=1)
    await settle_all(system)
    accepted(await system.door.one(CancelOrder(made.order_id, "less", (LineQuantity(LineId("2"), 1),)), actor="test"))
    await ship(system, made.order_id)
    await settle_all(system)
    assert await steps(system, made.order_id) == [("authorize", "authorized", 3980), ("capture", "captured", 1990)]


async def test_under_a_provider_that_is_not_ours_the_channel_is_told_what_is_due(system: System) -> None:
    made = await order(system, paid("pi_1", by="shop", status="authorized"))
    assert placed_holds(made) == ()
    await settle_all(system)
    assert await events(system, made.order_id) == []
    await ship(system, made.order_id)
    await settle_all(system)
    await settle_all(system)
    assert await events(system, made.order_id) == ["PaymentDue"]
    body = await system.pool.fetchval("SELECT body::jsonb - 'at' FROM events WHERE kind = 'PaymentDue'")
    assert body == (
        '{"step": 2, "action": "capture", "payment": 1, "currency": "USD", "provider": "shop", "reference": "pi_1",'
        ' "amount_minor": 1990}'
    )


async def test_an_invoice_is_due_when_the_goods_have_left(system: System) -> None:
    made = await order(system, paid("terms-30", by="invoice"))
    await settle_all(system)
    assert placed_holds(await read(system, made.order_id)) == ()
    assert await events(system, made.order_id) == []
    await ship(system, made.order_id)
    await settle_all(system)
    assert await events(system, made.order_id) == ["PaymentDue"]


async def test_a_payment_that_the_gateway_does_not_know_is_not_taken_over(system: System) -> None:
    made = await order(system, paid("tok_unknown", status="authorized"))
    await settle_all(system)
    assert await steps(system, made.order_id) == [("adopt", "failed", 0)]
    assert [hold.type for hold in placed_holds(await read(system, made.order_id))] == ["payment"]


async def test_an_order_without_payments_has_no_account(system: System) -> None:
    await order(system)
    await settle_all(system)
    assert await system.pool.fetchval("SELECT count(*) FROM payment_accounts") == 0
