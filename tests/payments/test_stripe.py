"""The same through Stripe, as localstripe plays it: what is known, what is lost, and what stands in its books."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import stripe as library

from tests.payments.local_stripe import LocalStripe, open_local_stripe
from troth.adapters.payments.stripe import Stripe
from troth.flows.money.settle import find_outcome
from troth.model.asked import Declined, Lost
from troth.model.ids import OrderId
from troth.model.payment import Approved, Ask, Outcome, StepKind, TenderKind

SECRET = "whsec_test"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalStripe]:
    async with open_local_stripe(tmp_path_factory.mktemp("stripe")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def server(started: LocalStripe) -> LocalStripe:
    """Give a Stripe of which nothing is known yet."""
    await started.forget()
    return started


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(server: LocalStripe) -> AsyncIterator[Stripe]:
    opened = Stripe("sk_test_12345", webhook_secret=SECRET, url=server.url)
    yield opened
    await opened.close()


def asking(kind: StepKind, number: int, minor: int, payment: str = "", token: str = "pm_card_visa") -> Ask:
    return Ask(
        key=f"O-1-P1-S{number}",
        order_id=OrderId("O-1"),
        kind=kind,
        tender_kind=TenderKind.CARD,
        amount_minor=minor,
        currency="USD",
        token=token,
        payment_reference=payment,
        requested_at=datetime.now(UTC) - timedelta(seconds=1),
    )


def approved(outcome: Outcome | None) -> Approved:
    assert isinstance(outcome, Approved), outcome
    return outcome


async def authorize(gateway: Stripe, minor: int = 5000) -> str:
    return approved(await gateway.ask(asking(StepKind.AUTHORIZE, 1, minor))).reference


async def test_a_payment_is_authorized_captured_in_part_and_refunded(gateway: Stripe, server: LocalStripe) -> None:
    made = approved(await gateway.ask(asking(StepKind.AUTHORIZE, 1, 5000)))
    assert (made.amount_minor, made.captured_minor) == (5000, 0)
    assert made.expires_at is not None
    stands = await gateway.read_payment(made.reference)
    assert stands is not None
    assert (stands.key, stands.order_id, stands.authorized_minor, stands.is_open) == ("O-1-P1-S1", "O-1", 5000, True)
    assert approved(await gateway.ask(asking(StepKind.CAPTURE, 2, 3000, made.reference))).amount_minor == 3000
    assert approved(await gateway.ask(asking(StepKind.REFUND, 3, 1000, made.reference))).amount_minor == 1000
    stands = await gateway.read_payment(made.reference)
    assert stands is not None
    assert (stands.captured_minor, stands.refunded_minor, stands.is_open) == (3000, 1000, False)
    assert server.posts == ["O-1-P1-S1", "O-1-P1-S2", "O-1-P1-S3"]


async def test_a_payment_that_is_not_needed_is_released(gateway: Stripe) -> None:
    reference = await authorize(gateway)
    assert approved(await gateway.ask(asking(StepKind.VOID, 2, 5000, reference))).amount_minor == 5000
    stands = await gateway.read_payment(reference)
    assert stands is not None
    assert (stands.captured_minor, stands.is_open) == (0, False)
    captured = await gateway.ask(asking(StepKind.CAPTURE, 3, 5000, reference))
    assert isinstance(captured, Declined)


async def test_a_declined_card_says_why(gateway: Stripe) -> None:
    asked = asking(StepKind.AUTHORIZE, 1, 5000, token="pm_card_chargeCustomerFail")
    declined = await gateway.ask(asked)
    assert declined == Declined("card_declined", "Your card was declined.")
    assert await gateway.find(asked) == declined


async def test_a_card_that_stripe_does_not_know_is_a_final_no(gateway: Stripe) -> None:
    declined = await gateway.ask(asking(StepKind.AUTHORIZE, 1, 5000, token="pm_none"))
    assert isinstance(declined, Declined)
    assert declined.is_final


@pytest.mark.parametrize("kind", [StepKind.CAPTURE, StepKind.VOID, StepKind.REFUND])
async def test_what_was_done_although_its_answer_was_lost_is_found_and_not_done_again(
    gateway: Stripe, server: LocalStripe, kind: StepKind
) -> None:
    reference = await authorize(gateway)
    if kind is StepKind.REFUND:
        approved(await gateway.ask(asking(StepKind.CAPTURE, 2, 5000, reference)))
    asked = asking(kind, 3, 5000, reference)
    assert await gateway.find(asked) is None
    server.lose_answers = 1
    assert isinstance(await gateway.ask(asked), Lost)
    before = list(server.posts)
    found = approved(await find_outcome(gateway, asked, datetime.now(UTC)))
    assert (found.amount_minor, server.posts) == (5000, before)


async def test_an_authorization_whose_answer_was_lost_is_found_by_its_key(gateway: Stripe, server: LocalStripe) -> None:
    asked = asking(StepKind.AUTHORIZE, 1, 5000)
    server.lose_answers = 1
    assert isinstance(await gateway.ask(asked), Lost)
    found = approved(await find_outcome(gateway, asked, datetime.now(UTC)))
    assert (found.amount_minor, server.posts) == (5000, ["O-1-P1-S1"])
    other = replace(asked, key="O-1-P2-S2")
    assert await gateway.find(other) is None


async def test_what_never_arrived_is_asked_for_again_under_the_same_key(gateway: Stripe, server: LocalStripe) -> None:
    asked = asking(StepKind.AUTHORIZE, 1, 5000)
    server.lose_requests = 1
    assert isinstance(await gateway.ask(asked), Lost)
    assert server.posts == []
    assert approved(await find_outcome(gateway, asked, datetime.now(UTC))).amount_minor == 5000
    assert server.posts == ["O-1-P1-S1"]


async def test_what_never_arrived_is_given_up_once_stripe_may_have_forgotten_the_key(
    gateway: Stripe, server: LocalStripe
) -> None:
    asked = asking(StepKind.AUTHORIZE, 1, 5000)
    found = await find_outcome(gateway, asked, asked.requested_at + timedelta(hours=24))
    assert isinstance(found, Declined)
    assert (found.code, server.posts) == ("never_arrived", [])


async def test_a_payment_that_the_channel_made_is_taken_over_as_it_stands(gateway: Stripe) -> None:
    reference = await authorize(gateway)
    adopted = approved(await gateway.ask(asking(StepKind.ADOPT, 9, 5000, token=reference)))
    assert (adopted.amount_minor, adopted.reference, adopted.captured_minor) == (5000, reference, 0)
    approved(await gateway.ask(asking(StepKind.CAPTURE, 2, 5000, reference)))
    adopted = approved(await gateway.ask(asking(StepKind.ADOPT, 9, 5000, token=reference)))
    assert (adopted.amount_minor, adopted.captured_minor) == (5000, 5000)
    unknown = await gateway.ask(asking(StepKind.ADOPT, 9, 5000, token="pi_none"))
    assert isinstance(unknown, Declined)


async def test_a_payment_before_can_be_charged_for_the_difference(gateway: Stripe) -> None:
    reference = await authorize(gateway)
    more = approved(await gateway.ask(asking(StepKind.AUTHORIZE, 2, 700, token=reference)))
    assert more.reference != reference
    assert more.amount_minor == 700


async def test_the_payments_since_an_instant_are_listed(gateway: Stripe) -> None:
    reference = await authorize(gateway)
    since = datetime.now(UTC) - timedelta(hours=1)
    assert [one.reference async for one in gateway.read_payments(since)] == [reference]
    assert [one async for one in gateway.read_payments(since + timedelta(hours=2))] == []


async def test_a_server_that_cannot_be_reached_leaves_everything_unknown() -> None:
    gateway = Stripe("sk_test_12345", url="http://127.0.0.1:9")
    assert isinstance(await gateway.ask(asking(StepKind.AUTHORIZE, 1, 5000)), Lost)
    assert isinstance(await gateway.find(asking(StepKind.AUTHORIZE, 1, 5000)), Lost)
    await gateway.close()


async def test_a_notice_counts_only_with_stripes_signature() -> None:
    gateway = Stripe("sk_test_12345", webhook_secret=SECRET)
    body = (
        b'{"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"object": "payment_intent",'
        b' "id": "pi_1", "metadata": {"troth_key": "O-1-P1-S1"}}}}'
    )
    at = int(datetime.now(UTC).timestamp())
    signature = library.WebhookSignature._compute_signature(f"{at}.{body.decode()}", SECRET)
    notice = gateway.read_notice(body, {"stripe-signature": f"t={at},v1={signature}"})
    assert notice is not None
    assert (notice.notice_id, notice.key, notice.reference) == ("evt_1", "O-1-P1-S1", "pi_1")
    assert gateway.read_notice(body + b" ", {"stripe-signature": f"t={at},v1={signature}"}) is None
    assert gateway.read_notice(body, {}) is None
    assert Stripe("sk_test_12345").read_notice(body, {"stripe-signature": f"t={at},v1={signature}"}) is None


async def test_disputes_are_read_page_by_page_since_an_instant_and_of_a_payment(
    gateway: Stripe, server: LocalStripe
) -> None:
    server.disputes += [
        {"id": f"du_{number}", "object": "dispute", "amount": 100 * number, "reason": "fraudulent", "status": status,
         "created": 1_000 + number, "payment_intent": f"pi_{number}", "evidence_details": {"due_by": 9_000}}
        for number, status in ((5, "needs_response"), (4, "lost"), (3, "won"), (2, "needs_response"))
    ]  # fmt: skip
    since = [(about, one.dispute_id, one.state.value) async for about, one in gateway.read_disputes_since(
        datetime.fromtimestamp(1_003, UTC)
    )]  # fmt: skip
    of_one = await gateway.read_disputes("pi_2")

    assert since == [("pi_5", "du_5", "open"), ("pi_4", "du_4", "lost"), ("pi_3", "du_3", "won")]
    assert [(one.dispute_id, one.amount_minor, one.evidence_due_at) for one in of_one] == [
        ("du_2", 200, datetime.fromtimestamp(9_000, UTC))
    ]


async def test_a_stripe_that_does_not_answer_tells_of_no_disputes(server: LocalStripe) -> None:
    nowhere = Stripe("sk_test_12345", webhook_secret=SECRET, url="http://127.0.0.1:9")
    assert [one async for one in nowhere.read_disputes_since(datetime.fromtimestamp(0, UTC))] == []
    await nowhere.close()
