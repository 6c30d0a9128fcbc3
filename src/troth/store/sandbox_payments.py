"""The books of the sandbox gateway: its payments, and its effects by the key under which they were asked for."""

from datetime import datetime
from typing import Any

from troth.model.asked import Declined
from troth.model.payment import Approved, Ask, GatewayPayment
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

_LOCK = sql("lock_sandbox")
_EFFECT = sql("read_sandbox_effect")
_COUNT = sql("count_sandbox_ask")
_WRITE = sql("write_sandbox_effect")
_PAYMENT = sql("read_sandbox_payment")
_PAYMENTS = sql("read_sandbox_payments")
_DISPUTED = sql("read_sandbox_disputed")
_USED = sql("read_sandbox_used")
_CREATE = sql("create_sandbox_payment")
_MOVE = sql("move_sandbox_payment")


@dataclass(frozen=True, slots=True)
class SandboxAnswer:
    """What the sandbox answers under a key: one of the two; neither where the request was lost on its way."""

    approved: Approved | None = None
    declined: Declined | None = None


@dataclass(frozen=True, slots=True)
class SandboxEffect:
    """What the sandbox did under a key, when that is known, and how often it was asked."""

    answer: SandboxAnswer
    reference: str
    asked: int
    known_at: datetime


@dataclass(frozen=True, slots=True)
class SandboxPayment:
    """A payment in the sandbox's books (minor units)."""

    payment: GatewayPayment
    is_voided: bool
    expires_at: datetime | None
    token: str
    made_at: datetime


async def lock_sandbox(connection: Connection, name: str) -> None:
    """Keep others from a key or a token until the transaction ends."""
    await connection.execute(_LOCK, name)


async def read_effect(connection: Connection, key: str) -> SandboxEffect | None:
    """What was done under a key."""
    row = await connection.fetchrow(_EFFECT, key)
    if row is None:
        return None
    return SandboxEffect(decode(row["answer"], SandboxAnswer), row["reference"], row["asked"], row["known_at"])


async def count_ask(connection: Connection, key: str) -> None:
    """Count one more request under a key that is known."""
    await connection.execute(_COUNT, key)


async def write_effect(
    connection: Connection, ask: Ask, answer: SandboxAnswer, reference: str, *, at: datetime, known_at: datetime
) -> None:
    """Write what was done under a key."""
    await connection.execute(_WRITE, ask.key, ask.kind.value, reference, ask.amount_minor, encode(answer), at, known_at)


async def read_sandbox_payment(connection: Connection, reference: str, now: datetime) -> SandboxPayment | None:
    """A payment by the name that the sandbox gave it."""
    row = await connection.fetchrow(_PAYMENT, reference)
    return None if row is None else _payment(row, now)


async def read_sandbox_payments(
    connection: Connection, since: datetime, now: datetime, *, after: str, limit: int
) -> list[GatewayPayment]:
    """A page of the payments that were made since an instant, by their names."""
    return [_payment(row, now).payment for row in await connection.fetch(_PAYMENTS, since, after, limit)]


async def read_sandbox_disputed(
    connection: Connection, since: datetime, now: datetime, *, token: str, after: str, limit: int
) -> list[SandboxPayment]:
    """A page of the payments of tokens that begin so, made since an instant, of which anything was captured."""
    return [_payment(row, now) for row in await connection.fetch(_DISPUTED, since, token, after, limit)]


async def read_used(connection: Connection, token: str) -> int:
    """How much of a token's value is used (minor units)."""
    used: int = await connection.fetchval(_USED, token)
    return used


async def create_sandbox_payment(
    connection: Connection,
    ask: Ask,
    reference: str,
    *,
    authorized_minor: int,
    captured_minor: int,
    at: datetime,
    expires_at: datetime,
) -> bool:
    """Create a payment; False where there is one of that name."""
    row = (reference, ask.key, ask.order_id, ask.token, ask.currency, authorized_minor, captured_minor, at, expires_at)
    return await connection.fetchval(_CREATE, *row) is not None


async def move_sandbox_payment(
    connection: Connection, reference: str, *, captured: int = 0, refunded: int = 0, is_voided: bool = False
) -> None:
    """Capture or refund so much more of a payment, or release it."""
    await connection.execute(_MOVE, reference, captured, refunded, is_voided)


def _payment(row: Any, now: datetime) -> SandboxPayment:
    is_over = row["is_voided"] or (row["expires_at"] is not None and row["expires_at"] <= now)
    payment = GatewayPayment(
        row["reference"],
        row["key"],
        row["order_id"],
        row["currency"],
        row["authorized_minor"],
        row["captured_minor"],
        row["refunded_minor"],
        is_open=not is_over and row["captured_minor"] < row["authorized_minor"],
    )
    return SandboxPayment(payment, row["is_voided"], row["expires_at"], row["token"], row["made_at"])
