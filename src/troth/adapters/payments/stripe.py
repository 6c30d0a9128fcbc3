"""Stripe, through its own library: payment intents that are captured by hand, and refunds of them.

Every request bears our key, under which Stripe does a thing once, and payments and refunds bear it in their metadata,
by which they are found again: by listing, newest first, since Stripe's search lags behind. A first capture releases the
rest of a payment there.
"""

import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import stripe
from stripe import StripeClient, StripeObject

from troth.adapters.payments.stripe_answer import (
    KEY,
    ORDER,
    Values,
    about,
    adopted,
    authorized,
    declined,
    disputes_of,
    payment_of,
    refunded,
)
from troth.adapters.payments.stripe_http import HttpxClient
from troth.flows.memory.gateways import GatewayDispute, Notice
from troth.model.asked import Declined, Lost
from troth.model.payment import Approved, Ask, GatewayPayment, Outcome, StepKind

_ANSWER_SECONDS_MAX: Final = 25.0
_SKEW: Final = timedelta(minutes=5)
_PAGE: Final = 100
_PAGES_MAX: Final = 1_000
_SIGNED_SECONDS_MAX: Final = 300
_NOT_NOW: Final = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.RateLimitError,
    stripe.IdempotencyError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)
"""After these nobody knows, or it may well work once something else was mended: the same is asked for again."""


class Stripe:
    """The gateway of one Stripe account; notices are those signed with `webhook_secret` (None: none is taken).

    With a `return_url` customers are asked to confirm a payment where their bank wants it, and are sent there
    afterwards; without one such a payment is refused. Where it `asks_multicapture`, and the account and the card allow
    it, a payment is captured in several parts.
    """

    keeps_keys_hours = 23.0  # Stripe forgets keys after a day

    def __init__(
        self,
        api_key: str,
        *,
        webhook_secret: str | None = None,
        url: str | None = None,
        return_url: str | None = None,
        asks_multicapture: bool = False,
    ) -> None:
        self._return_url = return_url
        self._asks_multicapture = asks_multicapture
        self._http = HttpxClient(seconds_max=_ANSWER_SECONDS_MAX)
        self._client = StripeClient(
            api_key,
            base_addresses={"api": url} if url is not None else None,
            http_client=self._http,
            max_network_retries=0,
        )
        self._webhook_secret = webhook_secret

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()

    async def ask(self, ask: Ask) -> Outcome:
        """Do what is asked."""
        match ask.kind:
            case StepKind.ADOPT:
                return await _told(self._adopt(ask))
            case StepKind.AUTHORIZE:
                return await _told(self._authorize(ask))
            case StepKind.CAPTURE:
                return await _told(self._capture(ask))
            case StepKind.VOID:
                return await _told(self._void(ask))
            case StepKind.REFUND:
                return await _told(self._refund(ask))

    async def find(self, ask: Ask) -> Outcome | None:
        """What became of something that was asked for."""
        if ask.kind is StepKind.ADOPT:
            return await _told(self._adopt(ask))
        try:
            return await self._find(ask)
        except stripe.StripeError as error:
            return _lost(error)

    async def read_payment(self, reference: str) -> GatewayPayment | None:
        """How a payment stands."""
        try:
            intent = await self._intent(reference)
        except stripe.InvalidRequestError:
            return None
        return payment_of(intent, await self._refunds(intent))

    async def read_payments(self, since: datetime) -> AsyncIterator[GatewayPayment]:
        """The payments made since an instant, the newest first."""
        async for intent in self._intents(since):
            yield payment_of(intent, await self._refunds(intent))

    async def read_disputes(self, reference: str) -> tuple[GatewayDispute, ...]:
        """The disputes of a payment; none where Stripe does not answer, as a notice comes again."""
        try:
            page = await self._client.v1.disputes.list_async({"payment_intent": reference, "limit": _PAGE})
        except stripe.StripeError:
            return ()
        return disputes_of([_values(told) for told in page.data])

    async def read_disputes_since(self, since: datetime) -> AsyncIterator[tuple[str, GatewayDispute]]:
        """The disputes opened since an instant, as far as Stripe tells them."""
        listed = self._client.v1.disputes.list_async
        wanted: dict[str, Any] = {"limit": _PAGE, "created": {"gte": int(since.timestamp())}}
        for _ in range(_PAGES_MAX):
            try:
                page = await listed(wanted)  # type: ignore[arg-type]
            except stripe.StripeError:
                return
            told = [_values(one) for one in page.data]
            for values, dispute in zip(told, disputes_of(told), strict=True):
                yield str(values.get("payment_intent") or ""), dispute
            if not page.has_more:
                return
            wanted["starting_after"] = told[-1]["id"]

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """What a notice is about, if Stripe signed it not long ago."""
        if self._webhook_secret is None:
            return None
        try:
            text = body.decode()
            given = headers.get("stripe-signature", "")
            stripe.WebhookSignature.verify_header(text, given, self._webhook_secret, _SIGNED_SECONDS_MAX)
            event = json.loads(text)
            about_what = event["data"]["object"]
            key = str((about_what.get("metadata") or {}).get(KEY, ""))
            is_intent = about_what.get("object") == "payment_intent"
            reference = about_what["id"] if is_intent else about_what.get("payment_intent") or ""
            return Notice(str(event["id"]), str(event["type"]), key, str(reference))
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError):
            return None

    async def _adopt(self, ask: Ask) -> Outcome:
        return adopted(ask, await self._intent(ask.token))

    async def _authorize(self, ask: Ask) -> Outcome:
        method, customer = await self._method_of(ask.token)
        wanted: dict[str, Any] = {
            "amount": ask.amount_minor,
            "currency": ask.currency.lower(),
            "payment_method": method,
            "capture_method": "manual",
            "confirm": True,
            "metadata": {KEY: ask.key, ORDER: ask.order_id},
            **self._confirming(ask),
        }
        if customer:
            wanted["customer"] = customer
        create = self._client.v1.payment_intents.create_async
        intent = await create(wanted, {"idempotency_key": ask.key})  # type: ignore[arg-type]
        return authorized(await self._intent(intent.id))

    def _confirming(self, ask: Ask) -> Mapping[str, Any]:
        """How a payment is confirmed: by the customer where they are there, and how it may be captured."""
        is_asked = ask.is_present and self._return_url is not None
        how: dict[str, Any] = {"return_url": self._return_url} if is_asked else {"off_session": True}
        if self._asks_multicapture:
            how["payment_method_options"] = {"card": {"request_multicapture": "if_available"}}
        return how

    async def _capture(self, ask: Ask) -> Outcome:
        goes_on = self._asks_multicapture and not ask.captures_once
        wanted: dict[str, Any] = {"amount_to_capture": ask.amount_minor}
        if goes_on:
            wanted["final_capture"] = False
        capture = self._client.v1.payment_intents.capture_async
        intent = await capture(ask.payment_reference, wanted, {"idempotency_key": ask.key})  # type: ignore[arg-type]
        if goes_on and intent.status == "requires_capture":
            return Approved(ask.amount_minor, intent.id)  # Stripe answers only once it is captured
        return about(ask, _values(intent)) or Lost(f"the payment is {intent.status}")

    async def _void(self, ask: Ask) -> Outcome:
        intent = await self._client.v1.payment_intents.cancel_async(
            ask.payment_reference, None, {"idempotency_key": ask.key}
        )
        return about(ask, _values(intent)) or Lost(f"the payment is {intent.status}")

    async def _refund(self, ask: Ask) -> Outcome:
        refund = await self._client.v1.refunds.create_async(
            {"payment_intent": ask.payment_reference, "amount": ask.amount_minor, "metadata": {KEY: ask.key}},
            {"idempotency_key": ask.key},
        )
        return refunded(_values(refund))

    async def _find(self, ask: Ask) -> Outcome | None:
        match ask.kind:
            case StepKind.AUTHORIZE:
                async for intent in self._intents(ask.requested_at - _SKEW):
                    if (intent.get("metadata") or {}).get(KEY) == ask.key:
                        return authorized(intent)
                return None
            case StepKind.REFUND:
                for refund in await self._refunds({"id": ask.payment_reference, "latest_charge": True}):
                    if (refund.get("metadata") or {}).get(KEY) == ask.key:
                        return refunded(refund)
                return None
            case _:
                return about(ask, await self._intent(ask.payment_reference))

    async def _method_of(self, token: str) -> tuple[str, str | None]:
        """What can be charged, and the customer whose it is: a method of payment, or that of a payment before."""
        if token.startswith("pi_"):
            intent = await self._intent(token)
            return str(intent["payment_method"]), intent.get("customer")
        method = _values(await self._client.v1.payment_methods.retrieve_async(token))
        return str(method["id"]), method.get("customer")

    async def _intent(self, reference: str) -> Values:
        retrieve = self._client.v1.payment_intents.retrieve_async
        return _values(await retrieve(reference, {"expand": ["latest_charge"]}))

    async def _intents(self, since: datetime) -> AsyncIterator[Values]:
        """Payment intents since an instant, the newest first."""
        listed = self._client.v1.payment_intents.list_async
        page = await listed({"limit": _PAGE})
        for _ in range(_PAGES_MAX):
            intents = [_values(intent) for intent in page.data]
            for intent in intents:
                if intent["created"] < int(since.timestamp()):
                    return
                yield intent
            if not page.has_more:
                return
            page = await listed({"limit": _PAGE, "starting_after": intents[-1]["id"]})

    async def _refunds(self, intent: Values) -> list[Values]:
        """The refunds of a payment; none of one that was never charged."""
        if not intent.get("latest_charge"):
            return []
        page = await self._client.v1.refunds.list_async({"payment_intent": str(intent["id"]), "limit": _PAGE})
        return [_values(refund) for refund in page.data]


def _values(told: StripeObject) -> Values:
    return told.to_dict()


async def _told(asking: Coroutine[Any, Any, Outcome]) -> Outcome:
    """The outcome of a request, whatever came of it."""
    try:
        return await asking
    except stripe.CardError as error:
        return declined(_code(error), error.user_message or "")
    except _NOT_NOW as error:
        return _lost(error)
    except stripe.InvalidRequestError as error:
        found = declined(error.code or "invalid_request", error.user_message or "")
        return Declined(found.code, found.detail, is_final=not found.is_gone, is_gone=found.is_gone)


def _lost(error: stripe.StripeError) -> Lost:
    return Lost(f"{type(error).__name__}: {error.user_message or error.code or ''}".rstrip(": "))


def _code(error: stripe.CardError) -> str:
    return str(getattr(error, "decline_code", None) or error.code or "card_declined")
