"""The accounts of orders: which are due, who settles them, and what stands on them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from troth.model.ids import OrderId
from troth.model.payment import Account, Adjustment, Dispute, Step, Tender
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_TRY = sql("try_following_payments")
_READ_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_TOUCH_ALL = sql("touch_payment_accounts")
_TOUCH = sql("touch_payment_account")
_CLAIM = sql("claim_payment_accounts")
_FREE = sql("free_payment_account")
_READ = sql("read_payment_accounts")
_OPEN = sql("open_payment_account")
_WRITE = sql("write_payment_account")
_WRITE_STEPS = sql("write_payment_steps")
_FIND = sql("find_payment_accounts")
_BY_REFERENCE = sql("find_steps_by_reference")
_IN_FLIGHT = sql("count_payments_in_flight")
_DISPUTED = sql("find_disputed_orders")
_FIND_NOTICE = sql("find_payment_notice")
_KEEP_NOTICE = sql("keep_payment_notice")
_DELETE_NOTICES = sql("delete_old_payment_notices")

_READER: Final = "payments"


@dataclass(frozen=True, slots=True)
class AccountClaim:
    """The right to settle an account until a time; `touched` is how often something had happened to it by then."""

    order_id: OrderId
    touched: int
    until: datetime


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with what was found about it when it was last looked at, and when it is due (None: it is not)."""

    account: Account
    is_secured: bool
    is_stuck: bool
    lacking_minor: int
    due_at: datetime | None


async def try_following(connection: Connection) -> bool:
    """Take the right to follow the log until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def read_followed_position(connection: Connection) -> Position:
    """Up to where the log was followed."""
    row: Any = await connection.fetchrow(_READ_READER, _READER)
    if row is None:
        raise RuntimeError("the log reader of payments is gone; its migration made it")
    return row["xid"], row["seq"]


async def touch_accounts(
    connection: Connection, position: Position, *, kinds: Sequence[str], limit: int, now: datetime
) -> int:
    """Mark the accounts as due to whose orders something of some kinds happened among the next events after a position,
    and move the position; how many events were looked at.
    """
    row = await connection.fetchrow(_TOUCH_ALL, *position, list(kinds), limit, now)
    if row is None:
        return 0
    if await connection.fetchval(_ADVANCE, _READER, *position, row["xid"], row["seq"]) is None:
        raise RuntimeError("somebody else has followed the same events")
    looked_at: int = row["looked_at"]
    return looked_at


async def touch_account(connection: Connection, order_id: OrderId, now: datetime) -> bool:
    """Mark one account as due; False where there is none."""
    return await connection.fetchval(_TOUCH, order_id, now) is not None


async def claim_accounts(connection: Connection, now: datetime, *, seconds: float, limit: int) -> list[AccountClaim]:
    """Claim accounts that are due and that nobody settles now, the longest overdue first."""
    rows = await connection.fetch(_CLAIM, now, seconds, limit)
    return [AccountClaim(row["order_id"], row["touched"], row["claimed_until"]) for row in rows]


async def free_account(connection: Connection, claim: AccountClaim, *, next_at: datetime | None, now: datetime) -> None:
    """Give a claim back. The account is due again at `next_at` (None: when something happens), or at once where
    something happened meanwhile; of a claim that was lost nothing is changed.
    """
    await connection.execute(_FREE, claim.order_id, claim.until, claim.touched, next_at, now)


async def read_accounts(connection: Connection, order_ids: Collection[OrderId]) -> dict[OrderId, StoredAccount]:
    """The accounts of orders, as far as they have any."""
    rows = await connection.fetch(_READ, list(order_ids))
    return {row["order_id"]: _account_of_row(row) for row in rows}


async def open_empty_account(connection: Connection, order_id: OrderId, currency: str) -> None:
    """Open an account for an order that has none."""
    await connection.execute(_OPEN, order_id, currency)


async def write_account(connection: Connection, before: Account, stored: StoredAccount) -> bool:
    """Write an account as it now is; False, with nothing written, where it is no longer as it was before."""
    account = stored.account
    row = (encode(account.tenders), encode(account.adjustments), encode(account.disputes))
    found = (stored.is_secured, stored.is_stuck, stored.lacking_minor)
    if await connection.fetchval(_WRITE, account.order_id, before.version, *row, *found) is None:
        return False
    known = set(before.steps)
    changed = [step for step in account.steps if step not in known]
    if changed:
        await connection.execute(_WRITE_STEPS, account.order_id, *_step_columns(account, changed))
    return True


async def find_accounts_of_gateway(
    connection: Connection, gateway: str, *, since: datetime, after: str, limit: int
) -> list[OrderId]:
    """A page of orders, by id, for which a gateway was asked for something since an instant."""
    return [row["order_id"] for row in await connection.fetch(_FIND, gateway, since, after, limit)]


async def find_order_of_reference(connection: Connection, gateway: str, reference: str) -> OrderId | None:
    """The order whose payment a gateway calls so; None where it is none, or more than one."""
    rows = await connection.fetch(_BY_REFERENCE, gateway, reference)
    return rows[0]["order_id"] if len(rows) == 1 else None


async def find_disputed_orders(connection: Connection, *, after: OrderId, limit: int) -> list[OrderId]:
    """A page of the orders of which a payment is in dispute, by their ids."""
    return [row["order_id"] for row in await connection.fetch(_DISPUTED, after, limit)]


async def count_in_flight(connection: Connection, before: datetime) -> int:
    """How many steps were asked for before an instant without that anybody knows what became of them."""
    count: int = await connection.fetchval(_IN_FLIGHT, before)
    return count


async def knows_notice(connection: Connection, gateway: str, notice_id: str) -> bool:
    """Whether a notice came before, and was looked after."""
    return await connection.fetchval(_FIND_NOTICE, gateway, notice_id) is not None


async def keep_notice(
    connection: Connection, gateway: str, notice_id: str, kind: str, order_id: OrderId | None, now: datetime
) -> None:
    """Keep that a notice came and was looked after."""
    await connection.execute(_KEEP_NOTICE, gateway, notice_id, kind, order_id, now)


async def delete_old_notices(connection: Connection, before: datetime) -> None:
    """Forget notices that came before an instant."""
    await connection.execute(_DELETE_NOTICES, before)


def _account_of_row(row: Any) -> StoredAccount:
    account = Account(
        row["order_id"],
        row["currency"],
        row["version"],
        decode(row["tenders"], tuple[Tender, ...]),
        decode(row["steps"], tuple[Step, ...]),
        decode(row["adjustments"], tuple[Adjustment, ...]),
        decode(row["disputes"], tuple[Dispute, ...]),
    )
    return StoredAccount(account, row["is_secured"], row["is_stuck"], row["lacking_minor"], row["due_at"])


def _step_columns(account: Account, steps: Iterable[Step]) -> list[Sequence[Any]]:
    gateways = {tender.tender: tender.gateway for tender in account.tenders}
    rows = [
        (
            step.step,
            step.payment,
            step.tender,
            gateways[step.tender],
            step.kind.value,
            step.state.value,
            step.amount_minor,
            step.done_minor,
            step.reference,
            step.requested_at,
            step.asked_at,
            step.answered_at,
            step.expires_at,
            step.attempts,
            step.code,
            step.detail,
            step.is_final,
        )
        for step in steps
    ]
    return list(zip(*rows, strict=True))
