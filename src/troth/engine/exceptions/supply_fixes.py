"""What could be done about supply that should have come and has not: asked for, expected later, or not at all.

Who waits for it is promised anew as soon as its document says something else, in the order of their rank: what is
proposed here is what that document would say.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from troth.model.fix import Chase, Fix, FixCommand, FixKind, RescheduleSupply, WithdrawSupply
from troth.model.inventory import Balance, DatedBy
from troth.model.measure import told
from troth.model.value import dataclass

CHASED_FOR: Final = timedelta(days=1)
"""So long nobody is called once somebody has asked for it."""


@dataclass(frozen=True, slots=True)
class OverdueSupply:
    """A supply that is late: what is left of it, the document that says so in its `version`, and how many units of its
    item are free `elsewhere`, there or to come. Units are of an item with so many `decimals`, sold by `unit`.
    """

    balance: Balance
    dated_by: DatedBy
    version: int
    elsewhere: int
    decimals: int
    unit: str


def find_supply_fixes(supply: OverdueSupply, now: datetime) -> Iterator[Fix]:
    """What could be done about a supply whose date has passed, what keeps it first."""
    key, expected_at = supply.balance.key, supply.balance.expected_at
    if expected_at is None or expected_at > now:
        return
    where = f"{supply.dated_by.name}, line {supply.dated_by.line}"
    yield _fix(supply, FixKind.CHASE, Chase(now + CHASED_FOR), where)
    again = likely_date(expected_at, now)
    yield _fix(supply, FixKind.RESCHEDULE, RescheduleSupply(key, again), where, again)
    left = told(supply.balance.on_hand, supply.decimals, supply.unit)
    free = told(supply.elsewhere, supply.decimals, supply.unit)
    yield _fix(supply, FixKind.WITHDRAW, WithdrawSupply(key), f"{left} of {where}; {free} free elsewhere")


def likely_date(expected_at: datetime, now: datetime) -> datetime:
    """When overdue supply is likely to come: as much later again as it is late, in whole days that have begun.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    >>> likely_date(at, at + timedelta(hours=5)).day, likely_date(at, at + timedelta(days=3)).day
    (22, 26)
    """
    days = -(-(now - expected_at) // timedelta(days=1))
    return expected_at + 2 * max(1, days) * timedelta(days=1)


def _fix(
    supply: OverdueSupply, kind: FixKind, command: FixCommand, detail: str, promised_at: datetime | None = None
) -> Fix:
    """A fix by a name that stays the same while it would do the same."""
    name = blake2b(f"{kind}|{detail}|{promised_at}".encode(), digest_size=5).hexdigest()
    return Fix(kind, f"{kind}-{name}", None, command, detail, promised_at, version=supply.version)
