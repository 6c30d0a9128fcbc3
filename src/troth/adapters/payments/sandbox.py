"""The sandbox gateway: a bank that is played, with books of its own in the database, so that they outlast a restart.

What a token begins with says what happens, always the same (`tok_decline-7` is declined like `tok_decline`); any other
token, and any payment that a channel says it has, is good. It does what it is asked once for each key, and counts how
often it was asked. Its books are written in transactions of its own, as another company's would be.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from troth.flows.memory.gateways import GatewayDispute, Notice
from troth.model.asked import Declined, Lost
from troth.model.payment import (
    CAPTURED,
    ActionNeeded,
    Approved,
    Ask,
    DisputeState,
    GatewayPayment,
    Outcome,
    Pending,
    StepKind,
)
from troth.store.database import Connection, Pool, transaction
from troth.store.sandbox_payments import (
    SandboxAnswer,
    SandboxEffect,
    SandboxPayment,
    count_ask,
    create_sandbox_payment,
    lock_sandbox,
    move_sandbox_payment,
    read_effect,
    read_sandbox_disputed,
    read_sandbox_payment,
    read_sandbox_payments,
    read_used,
    write_effect,
)

DECLINE: Final = "tok_decline"
STOLEN: Final = "tok_stolen"
PARTIAL: Final = "tok_partial"
EXPIRE: Final = "tok_expire"
TIMEOUT: Final = "tok_timeout"
LOST: Final = "tok_lost"
LATE: Final = "tok_late"
TWICE: Final = "tok_twice"
NO_CAPTURE: Final = "tok_no_capture"
NO_REFUND: Final = "tok_no_refund"
UNKNOWN: Final = "tok_unknown"
ACTION: Final = "tok_action"
ACTION_NO: Final = "tok_action_no"
DISPUTE: Final = "tok_dispute"
DISPUTE_LOST: Final = "tok_dispute_lost"
DISPUTE_WON: Final = "tok_dispute_won"
VALUED: Final = ("gift_", "credit_")

LASTS: Final = timedelta(days=7)
EXPIRES_AFTER: Final = timedelta(minutes=1)
LATE_BY: Final = timedelta(seconds=5)
CONFIRMED_AFTER: Final = timedelta(seconds=30)
CONFIRM_URL: Final = "https://sandbox.invalid/confirm"
EVIDENCE_WITHIN: Final = timedelta(days=7)
DECIDED_AFTER: Final = timedelta(days=10)
SIGNATURE_HEADER: Final = "sandbox-signature"
_PAGE: Final = 500


class _Body(msgspec.Struct, frozen=True):
    """A notice of the sandbox."""

    id: str
    kind: str
    key: str = ""
    reference: str = ""


_BODY: Final = msgspec.json.Decoder(_Body)


class Sandbox:
    """The gateway over its books; notices are signed with `secret` (None: none is taken)."""

    keeps_keys_hours = 24.0 * 365

    def __init__(self, pool: Pool, clock: Callable[[], datetime], secret: str | None = None) -> None:
        self._pool = pool
        self._clock = clock
        self._secret = secret

    async def ask(self, ask: Ask) -> Outcome:
        """Do what is asked, once for each key, and answer as the token says."""
        is_first = await self._do(ask)
        if ask.token.startswith(TWICE) and is_first:
            await self._do(ask)  # the same request reaches it a second time
        if ask.token.startswith((TIMEOUT, LOST)) and is_first:
            return Lost("the connection timed out")
        found = await self.find(ask)
        return Lost("nothing is known of it") if found is None else found

    async def find(self, ask: Ask) -> Outcome | None:
        """What came of a key."""
        async with self._pool.acquire() as connection:
            effect = await read_effect(connection, ask.key)
        if effect is None or (effect.answer.approved is None and effect.answer.declined is None):
            return None
        if effect.known_at > self._clock():
            if ask.token.startswith(ACTION):
                return ActionNeeded(effect.reference, f"{CONFIRM_URL}/{ask.key}")
            return Pending(effect.reference)
        return effect.answer.approved or effect.answer.declined

    async def read_payment(self, reference: str) -> GatewayPayment | None:
        """How a payment stands in the books."""
        async with self._pool.acquire() as connection:
            found = await read_sandbox_payment(connection, reference, self._clock())
        return None if found is None else found.payment

    async def read_payments(self, since: datetime) -> AsyncIterator[GatewayPayment]:
        """The payments made since an instant, by name."""
        after = ""
        while True:
            async with self._pool.acquire() as connection:
                page = await read_sandbox_payments(connection, since, self._clock(), after=after, limit=_PAGE)
            for payment in page:
                yield payment
            if len(page) < _PAGE:
                return
            after = page[-1].reference

    async def read_disputes(self, reference: str) -> tuple[GatewayDispute, ...]:
        """The dispute of a payment of which anything was captured, where its token says so."""
        async with self._pool.acquire() as connection:
            found = await read_sandbox_payment(connection, reference, self._clock())
        is_disputed = found is not None and found.token.startswith(DISPUTE) and found.payment.captured_minor > 0
        return (self._dispute(found),) if found is not None and is_disputed else ()

    async def read_disputes_since(self, since: datetime) -> AsyncIterator[tuple[str, GatewayDispute]]:
        """The disputes of payments that were made since an instant, with which they begin here."""
        after = ""
        while True:
            async with self._pool.acquire() as connection:
                page = await read_sandbox_disputed(
                    connection, since, self._clock(), token=DISPUTE, after=after, limit=_PAGE
                )
            for found in page:
                yield found.payment.reference, self._dispute(found)
            if len(page) < _PAGE:
                return
            after = page[-1].payment.reference

    def _dispute(self, found: SandboxPayment) -> GatewayDispute:
        is_decided = found.made_at + DECIDED_AFTER <= self._clock()
        state = DisputeState.OPEN
        if is_decided and found.token.startswith(DISPUTE_LOST):
            state = DisputeState.LOST
        elif is_decided and found.token.startswith(DISPUTE_WON):
            state = DisputeState.WON
        due_at = found.made_at + EVIDENCE_WITHIN if state is DisputeState.OPEN else None
        name, captured = f"dispute-{found.payment.reference}", found.payment.captured_minor
        return GatewayDispute(name, captured, "fraudulent", state, found.made_at, due_at)

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """What a notice is about, if it is signed with our secret."""
        given = headers.get(SIGNATURE_HEADER, "")
        if self._secret is None or not hmac.compare_digest(given.encode(), sign(body, self._secret).encode()):
            return None
        try:
            read = _BODY.decode(body)
        except msgspec.DecodeError:
            return None
        return Notice(read.id, read.kind, read.key, read.reference)

    async def _do(self, ask: Ask) -> bool:
        """Whether this was the first request under its key."""
        async with transaction(self._pool) as connection:
            await lock_sandbox(connection, ask.key)
            known = await read_effect(connection, ask.key)
            if known is not None and not _was_lost(known):
                await count_ask(connection, ask.key)
                return False
            now = self._clock()
            if known is None and ask.token.startswith(LOST):
                await write_effect(connection, ask, SandboxAnswer(), "", at=now, known_at=now)
                return True
            reference = ask.payment_reference or _name(ask)
            made = await self._move(connection, ask, reference, now)
            answer = SandboxAnswer(approved=made) if isinstance(made, Approved) else SandboxAnswer(declined=made)
            known_at = now + _later_by(ask)
            await write_effect(connection, ask, answer, reference, at=now, known_at=known_at)
        return known is None

    async def _move(self, connection: Connection, ask: Ask, reference: str, now: datetime) -> Approved | Declined:
        if ask.kind in (StepKind.ADOPT, StepKind.AUTHORIZE):
            return await self._begin(connection, ask, reference, now)
        await lock_sandbox(connection, reference)
        found = await read_sandbox_payment(connection, reference, now)
        if found is None:
            return Declined("no_such_payment", f"there is no payment {reference}", is_final=True)
        declined = _refuse(ask, found, now)
        if declined is not None:
            return declined
        amount = ask.amount_minor
        await move_sandbox_payment(
            connection,
            reference,
            captured=amount if ask.kind is StepKind.CAPTURE else 0,
            refunded=amount if ask.kind is StepKind.REFUND else 0,
            is_voided=ask.kind is StepKind.VOID,
        )
        return Approved(amount, reference)

    async def _begin(self, connection: Connection, ask: Ask, reference: str, now: datetime) -> Approved | Declined:
        amount = ask.amount_minor
        if ask.kind is StepKind.AUTHORIZE:
            agreed = await self._agree(connection, ask)
            if isinstance(agreed, Declined):
                return agreed
            amount = agreed
        elif ask.token.startswith(UNKNOWN):
            return Declined("no_such_payment", f"there is no payment {ask.token}", is_final=True)
        captured = amount if ask.kind is StepKind.ADOPT and ask.reported == CAPTURED else 0
        expires_at = now + (EXPIRES_AFTER if ask.token.startswith(EXPIRE) else LASTS)
        is_new = await create_sandbox_payment(
            connection, ask, reference, authorized_minor=amount, captured_minor=captured, at=now, expires_at=expires_at
        )
        if not is_new:
            return Declined("payment_in_use", f"{reference} is the payment of another order", is_final=True)
        return Approved(amount, reference, expires_at, captured)

    async def _agree(self, connection: Connection, ask: Ask) -> int | Declined:
        """How much is authorized (minor units)."""
        if ask.token.startswith(DECLINE):
            return Declined("card_declined", "the bank does not say why")
        if ask.token.startswith(ACTION_NO):
            return Declined("authentication_failed", "the customer did not confirm it")
        if ask.token.startswith(STOLEN):
            return Declined("stolen_card", "the card is reported stolen", is_final=True)
        if ask.token.startswith(PARTIAL):
            return max(1, ask.amount_minor // 2)
        if not ask.token.startswith(VALUED):
            return ask.amount_minor
        await lock_sandbox(connection, ask.token)
        left = value_of(ask.token) - await read_used(connection, ask.token)
        if left <= 0:
            return Declined("no_value_left", "nothing is left on it", is_final=True)
        return min(left, ask.amount_minor)


def value_of(token: str) -> int:
    """What a gift card or a credit is worth (minor units), as its name says.

    >>> value_of("gift_5000"), value_of("credit_250-ada"), value_of("gift_none")
    (5000, 250, 0)
    """
    digits = token.partition("_")[2].partition("-")[0]
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 12 else 0


def sign(body: bytes, secret: str) -> str:
    """The signature of a notice: HMAC-SHA256 of its body, as hexadecimal text."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _later_by(ask: Ask) -> timedelta:
    """How long after a request its answer is there."""
    if ask.token.startswith(ACTION) and ask.kind is StepKind.AUTHORIZE:
        return CONFIRMED_AFTER
    return LATE_BY if ask.token.startswith(LATE) else timedelta()


def _was_lost(effect: SandboxEffect) -> bool:
    return effect.answer.approved is None and effect.answer.declined is None


def _name(ask: Ask) -> str:
    """What the sandbox calls a payment that it makes; one that the channel has keeps its name."""
    return ask.token if ask.kind is StepKind.ADOPT else f"sb-{ask.key}"


def _refuse(ask: Ask, found: SandboxPayment, now: datetime) -> Declined | None:
    """Why something cannot be done with a payment."""
    stands = found.payment
    if ask.kind is StepKind.REFUND:
        if ask.token.startswith(NO_REFUND):
            return Declined("refund_declined", "the account is closed")
        if stands.refunded_minor + ask.amount_minor > stands.captured_minor:
            return Declined("amount_too_large", "so much was not captured", is_final=True)
        return None
    if found.is_voided:
        return Declined("already_voided", "the payment was released", is_gone=True)
    if ask.kind is StepKind.VOID:
        return None
    if ask.token.startswith(NO_CAPTURE):
        return Declined("capture_declined", "the bank does not say why")
    if found.expires_at is not None and found.expires_at <= now:
        return Declined("authorization_expired", "its time is over", is_gone=True)
    if stands.captured_minor + ask.amount_minor > stands.authorized_minor:
        return Declined("amount_too_large", "so much was not authorized", is_final=True)
    return None
