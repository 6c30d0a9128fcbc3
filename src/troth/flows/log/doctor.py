"""The doctor: everything that must be true of the data, looked at again from the ground, with what to do about it.

Every check reads set-wise and in one snapshot, so that it may run while orders come in. It changes nothing.
"""

import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from troth.flows.log.seal import verify_seals
from troth.flows.log.verify_credit import verify_credit
from troth.flows.log.verify_orders import verify_orders
from troth.model.ids import derive_order_id
from troth.model.value import dataclass
from troth.store import doctor
from troth.store.database import Connection, Pool
from troth.store.doctor import Differences
from troth.store.migrate import MigrationRefused, find_missing, read_migrations
from troth.store.subscriptions import read_lags
from troth.store.upkeep import lift_timeouts

ORDERS_MAX: Final = 10_000
_BEHIND_SECONDS: Final = 60.0
_SLOW_SECONDS: Final = 60.0
_COUNTED_MAX: Final = 10_000


class Severity(StrEnum):
    """How much a finding matters: a problem is wrong data, a warning is what goes wrong if it is left."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in a sentence, with the first rows that show it."""

    check: str
    severity: Severity
    detail: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Whether no finding is a problem."""
        return not any(finding.severity is Severity.PROBLEM for finding in self.findings)

    def text(self) -> str:
        """The report for a person: a line for each finding, its rows indented below."""
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.severity.value:>7}  {finding.check}: {finding.detail}")
            lines += [f"{'':9}- {row}" for row in finding.rows]
        return "\n".join(lines)

    def json(self) -> str:
        """The report for a program: `is_clean` and `findings`."""
        return json.dumps({"is_clean": self.is_clean, "findings": [asdict(one) for one in self.findings]}, indent=2)


@dataclass(frozen=True, slots=True)
class Examination:
    """What a check may use. `orders_max` None: every order is folded again."""

    pool: Pool
    now: datetime
    orders_max: int | None
    progress: Callable[[str], None]


Check = Callable[[Examination], Awaitable[list[Finding]]]


async def examine(
    pool: Pool,
    *,
    orders_max: int | None = ORDERS_MAX,
    now: datetime | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Make all checks. `orders_max` bounds how many orders are folded again (None: all); `progress` is told each step
    in words.
    """
    examination = Examination(pool, now or datetime.now(UTC), orders_max, progress)
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        progress(name)
        try:
            findings += await check(examination)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            findings.append(Finding(name, Severity.PROBLEM, f"could not be checked: {type(error).__name__}: {error}"))
    return Report(tuple(findings))


async def _check_server(examination: Examination) -> list[Finding]:
    async with examination.pool.acquire() as connection:
        server = await doctor.read_server(connection)
    detail = f"PostgreSQL {server['version']}, database {server['database']}, {server['bytes'] / 1e6:,.0f} MB"
    lax = tuple(f"{name} is {server[name]}" for name in ("fsync", "synchronous_commit") if server[name] == "off")
    if lax:
        detail += "; a crash can lose orders that were acknowledged"
    return [Finding("server", Severity.WARNING if lax else Severity.OK, detail, lax)]


async def _check_migrations(examination: Examination) -> list[Finding]:
    async with examination.pool.acquire() as connection:
        applied = await doctor.read_applied(connection)
    try:
        missing = find_missing(applied, read_migrations())
    except MigrationRefused as refused:
        return [Finding("migrations", Severity.PROBLEM, str(refused))]
    if missing:
        rows = tuple(f"{migration.version:04}_{migration.name}" for migration in missing)
        return [Finding("migrations", Severity.PROBLEM, "run `troth db migrate`; these are not applied", rows)]
    return [Finding("migrations", Severity.OK, f"all {len(applied)} applied")]


async def _check_constraints(examination: Examination) -> list[Finding]:
    statements = "\n".join(migration.statements for migration in read_migrations())
    dropped = set(re.findall(r"DROP CONSTRAINT (?:IF EXISTS )?(\w+)", statements))
    names = sorted(set(re.findall(r"(?<!DROP )\bCONSTRAINT (\w+) CHECK", re.sub(r"\s+", " ", statements))) - dropped)
    async with examination.pool.acquire() as connection:
        missing = await doctor.find_missing_constraints(connection, names)
    if missing:
        return [Finding("constraints", Severity.PROBLEM, "these are missing or not valid", tuple(missing))]
    return [Finding("constraints", Severity.OK, f"all {len(names)} are there")]


def _differences_check(
    name: str, find: Callable[[Connection], Awaitable[Differences]], *, fits: str, differs: str
) -> Check:
    """A check that is one query for rows that do not fit, however long it runs."""

    async def check(examination: Examination) -> list[Finding]:
        async with examination.pool.acquire() as connection, connection.transaction(readonly=True):
            await lift_timeouts(connection)
            return [_finding(name, await find(connection), fits=fits, differs=differs)]

    return check


async def _check_orders(examination: Examination) -> list[Finding]:
    begin_after = "" if examination.orders_max is None else _random_order_id()
    refolded = await verify_orders(
        examination.pool,
        begin_after=begin_after,
        limit=examination.orders_max,
        progress=lambda seen: examination.progress(f"orders: {seen:,} folded again"),
    )
    is_sample = examination.orders_max is not None and refolded.orders >= examination.orders_max
    which = f"{'a sample of ' if is_sample else 'all '}{refolded.orders:,}"
    return [
        _finding(
            "orders",
            refolded.differences,
            fits=f"{which} are what their events say",
            differs="orders differ from their events",
        )
    ]


async def _check_credit(examination: Examination) -> list[Finding]:
    found = await verify_credit(examination.pool)
    fits, differs = (
        "what counts against customers is what their orders use",
        "orders count something else than they use",
    )
    return [_finding("credit", found, fits=fits, differs=differs)]


async def _check_seals(examination: Examination) -> list[Finding]:
    verified = await verify_seals(
        examination.pool, lambda number: examination.progress(f"seals: {number:,} recomputed")
    )
    if verified.broken:
        first = verified.broken[0]
        sealed_at = first.sealed_at.isoformat()
        detail = f"seal {first.number} of {sealed_at} is the first of {len(verified.broken)} that do not fit"
        rows = tuple(f"seal {broken.number}: {broken.detail}" for broken in verified.broken[: doctor.SHOWN_MAX])
        return [Finding("seals", Severity.PROBLEM, detail, rows)]
    return [Finding("seals", Severity.OK, f"all {verified.seals:,} fit the {verified.rows:,} rows they cover")]


async def _check_due(examination: Examination) -> list[Finding]:
    before = examination.now - timedelta(seconds=_BEHIND_SECONDS)
    async with examination.pool.acquire() as connection:
        overdue = await doctor.count_due_orders(connection, before, bound=_COUNTED_MAX)
    if overdue:
        count = f"{overdue:,}{' or more' if overdue == _COUNTED_MAX else ''}"
        return [Finding("due", Severity.WARNING, f"{count} orders are due for over a minute; is a worker running?")]
    return [Finding("due", Severity.OK, "no order waits for the clock")]


async def _check_subscriptions(examination: Examination) -> list[Finding]:
    async with examination.pool.acquire() as connection:
        lags = await read_lags(connection, examination.now)
        slow = await doctor.find_slow_writers(connection, seconds=_SLOW_SECONDS)
    rows = []
    for lag in lags:
        state = f"{lag.subscription_id} {lag.name}".strip()
        if lag.state == "paused":
            state += " is paused"
        elif (lag.seconds or 0.0) > _BEHIND_SECONDS:
            state += f" is {lag.seconds:,.0f} s behind"
        else:
            continue
        rows.append(f"{state} after {lag.failures} failures: {lag.last_error or 'none said why'}")
    findings = [
        Finding("subscriptions", Severity.WARNING, "some do not receive events", tuple(rows))
        if rows
        else Finding("subscriptions", Severity.OK, f"all {len(lags)} are up to date")
    ]
    if slow:
        detail = "readers of the event log wait for transactions that do not end"
        findings.append(Finding("event log", Severity.WARNING, detail, tuple(slow)))
    return findings


async def _check_partitions(examination: Examination) -> list[Finding]:
    async with examination.pool.acquire() as connection:
        events, entries = await doctor.count_unpartitioned(connection, bound=_COUNTED_MAX)
    if events or entries:
        detail = "rows lie in no month's partition; a worker moves those of this month and the next two"
        return [Finding("partitions", Severity.WARNING, detail, (f"events: {events:,}", f"entries: {entries:,}"))]
    return [Finding("partitions", Severity.OK, "every event and entry lies in its month")]


def _finding(name: str, differences: Differences, *, fits: str, differs: str) -> Finding:
    if differences.count:
        return Finding(name, Severity.PROBLEM, f"{differences.count:,} {differs}", differences.shown)
    return Finding(name, Severity.OK, fits)


def _random_order_id() -> str:
    return derive_order_id(channel="", external_id=secrets.token_hex())


CHECKS: Final[Mapping[str, Check]] = {
    "server": _check_server,
    "migrations": _check_migrations,
    "constraints": _check_constraints,
    "balances": _differences_check(
        "balances",
        doctor.find_balance_differences,
        fits="each is the sum of its ledger entries",
        differs="balances differ from the ledger",
    ),
    "reservations": _differences_check(
        "reservations",
        doctor.find_reservation_differences,
        fits="what is reserved is what allocations and carts hold",
        differs="balances reserve something else than allocations and carts hold",
    ),
    "capacity": _differences_check(
        "capacity",
        doctor.find_node_day_differences,
        fits="what nodes have promised of their days is what orders and carts take",
        differs="days of nodes have promised something else than orders and carts take",
    ),
    "resolutions": _differences_check(
        "resolutions",
        doctor.find_resolved_twice,
        fits="each reservation was made once and resolved at most once",
        differs="allocations were reserved or resolved twice",
    ),
    "draws": _differences_check(
        "draws",
        doctor.find_draw_differences,
        fits="what is counted against protections and quotas is what orders and carts take",
        differs="counts of protections and quotas differ from what orders and carts take",
    ),
    "orphans": _differences_check(
        "orphans", doctor.find_orphans, fits="no part is without its order", differs="parts lack their order"
    ),
    "payments": _differences_check(
        "payments",
        doctor.find_payment_differences,
        fits="no payment is captured or refunded beyond what it can be, and the log says the same",
        differs="payments are not what they can be, or not what the log says",
    ),
    "totals": _differences_check(
        "totals",
        doctor.find_total_differences,
        fits="each order comes to what its lines, charges and delivery do",
        differs="orders do not come to what their lines, charges and delivery do",
    ),
    "call-offs": _differences_check(
        "call-offs",
        doctor.find_call_off_differences,
        fits="what was called off of each blanket order is what its orders take, and was agreed",
        differs="call-offs are not what their orders take, or more than was agreed",
    ),
    "credit": _check_credit,
    "orders": _check_orders,
    "seals": _check_seals,
    "due": _check_due,
    "subscriptions": _check_subscriptions,
    "partitions": _check_partitions,
}
