"""What needs a person, as its rows say it: candidates by source, of which only their own row is known yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from troth.model.exceptions import ExceptionKind, OpenException, Source, waiting_subject
from troth.model.ids import LineId, NodeId, OrderId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_PARKED: Final = sql("find_parked_exceptions")
_LATE: Final = sql("find_late_work")
_LATE_PROMISES: Final = sql("find_late_promises")
_UNACCEPTED: Final = sql("find_unaccepted_exceptions")
_UNRELEASED: Final = sql("find_release_exceptions")
_HOLDS: Final = sql("find_hold_exceptions")
_STUCK: Final = sql("find_stuck_payments")
_DISPUTES: Final = sql("find_open_disputes")
_NOTICES: Final = sql("find_missing_ship_notices")
_WAITING: Final = sql("find_waiting_returns")
_HELD: Final = sql("find_held_refunds")
_ALERTS: Final = sql("find_alert_exceptions")
_PARCELS: Final = sql("find_parcel_exceptions")
_SILENT: Final = sql("find_silent_exceptions")

NEEDED_SINCE: Final = timedelta(days=30)
"""What was needed longer ago than that, and is still promised for later, is no news."""

LEFT_SINCE: Final = timedelta(days=30)
"""Of what left longer ago than that nobody waits for a ship notice."""

RELEASED_WITHIN: Final = timedelta(minutes=1)
"""The worker may take so long to release what is due; only then it is late."""

_OWED: Final[Mapping[str, str]] = {"acknowledge": "acknowledged", "ship": "shipped"}
_OF_HOLDS: Final[Mapping[str, ExceptionKind]] = {"address": ExceptionKind.ADDRESS}

Candidate = OpenException
"""An exception of which only its own row is known yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which candidates are looked for: of one order, or of all; the nodes that have to accept, and how many of a
    source at most.
    """

    now: datetime
    order_id: OrderId | None = None
    accepting: tuple[NodeId, ...] = ()
    limit: int = 2_000


async def find_candidates(connection: Connection, source: Source, asked: Asked) -> list[Candidate]:
    """The candidates of a source that is about orders, the most pressing first."""
    now, order_id, limit = asked.now, asked.order_id, asked.limit
    match source:
        case Source.LINE:
            return [_parked(row) for row in await connection.fetch(_PARKED, order_id, limit)]
        case Source.WORK:
            return [_work(row) for row in await connection.fetch(_LATE, order_id, limit, now)]
        case Source.NEED:
            rows = await connection.fetch(_LATE_PROMISES, order_id, limit, now - NEEDED_SINCE)
            return [_need(row) for row in rows]
        case Source.ACCEPTANCE:
            if not asked.accepting:
                return []
            rows = await connection.fetch(_UNACCEPTED, order_id, limit, list(asked.accepting))
            return [_unaccepted(row) for row in rows]
        case Source.RELEASE:
            rows = await connection.fetch(_UNRELEASED, order_id, limit, now - RELEASED_WITHIN)
            return [_unreleased(row) for row in rows]
        case Source.ACCOUNT:
            rows = await connection.fetch(_STUCK, order_id, limit, now)
            return [_candidate(row, source, ExceptionKind.PAYMENT, row["since"], detail=row["detail"]) for row in rows]
        case Source.DISPUTE:
            rows = await connection.fetch(_DISPUTES, order_id, limit)
            return [_candidate(row, source, ExceptionKind.DISPUTE, row["since"], detail=row["detail"]) for row in rows]
        case Source.NOTICE:
            rows = await connection.fetch(_NOTICES, order_id, limit, now, now - LEFT_SINCE)
            return [_notice(row) for row in rows]
        case Source.RETURN:
            return [_waiting(row) for row in await connection.fetch(_WAITING, order_id, limit)]
        case Source.REFUND:
            return [_held(row) for row in await connection.fetch(_HELD, order_id, limit)]
        case Source.ALERT:
            return [_alert(row) for row in await connection.fetch(_ALERTS, order_id, limit)]
        case Source.PARCEL:
            return [_parcel(row) for row in await connection.fetch(_PARCELS, order_id, limit)]
        case Source.SILENCE:
            return [_silent(row) for row in await connection.fetch(_SILENT, order_id, limit, now)]
        case Source.HOLD:
            return [_hold(row) for row in await connection.fetch(_HOLDS, order_id, limit)]
        case _:
            return []


def _parked(row: Any) -> Candidate:
    kind = ExceptionKind.UNSOURCED if row["promised_at"] is None else ExceptionKind.SHORT
    return _candidate(row, Source.LINE, kind, row["since"], detail=row["detail"])


def _work(row: Any) -> Candidate:
    return _candidate(row, Source.WORK, ExceptionKind.LATE_WORK, row["since"], detail=row["detail"], node=row["node"])


def _need(row: Any) -> Candidate:
    detail = f"promised by {row['promised_at'].isoformat(timespec='minutes')}"
    return _candidate(row, Source.NEED, ExceptionKind.LATE_PROMISE, row["since"], detail=detail)


def _unaccepted(row: Any) -> Candidate:
    return _candidate(row, Source.ACCEPTANCE, ExceptionKind.NOT_ACCEPTED, row["since"], node=row["node"])


def _unreleased(row: Any) -> Candidate:
    detail = f"in wave {row['wave']}" if row["wave"] else ""
    kind = ExceptionKind.LATE_RELEASE
    return _candidate(row, Source.RELEASE, kind, row["since"], detail=detail, node=row["node"])


def _notice(row: Any) -> Candidate:
    kind, detail = ExceptionKind.SHIP_NOTICE, f"routing guide {row['detail']}"
    return _candidate(row, Source.NOTICE, kind, row["since"], detail=detail, node=row["node"])


def _waiting(row: Any) -> Candidate:
    kind = ExceptionKind.RETURN_WAITING
    found = _candidate(row, Source.RETURN, kind, row["since"], detail=row["detail"], node=row["node"])
    return replace(
        found, subject=waiting_subject(row["subject"], row["node"]), units=_counted(row["lines"], row["units"])
    )


def _held(row: Any) -> Candidate:
    kind = ExceptionKind.REFUND_HELD
    found = _candidate(row, Source.REFUND, kind, row["since"], detail=", ".join(row["flags"]))
    return replace(found, units=_counted(row["lines"], row["units"]))


def _counted(lines: Sequence[str | None], counts: Sequence[int]) -> tuple[tuple[LineId, int], ...]:
    """Units by line, summed; those of no line count for none."""
    units: dict[LineId, int] = {}
    for line_id, count in zip(lines, counts, strict=True):
        if line_id is not None:
            units[LineId(line_id)] = units.get(LineId(line_id), 0) + count
    return tuple(sorted(units.items()))


def _hold(row: Any) -> Candidate:
    kind = _OF_HOLDS.get(row["type"], ExceptionKind.HOLD)
    if row["escalated_at"] is not None:
        kind = ExceptionKind.HOLD_OVER
    since = row["escalated_at"] or row["placed_at"]
    detail = f"{row['type']}: {row['detail']}" if row["detail"] else row["type"]
    return _candidate(row, Source.HOLD, kind, since, detail=detail, owner=row["owner"] or "")


def _alert(row: Any) -> Candidate:
    detail = f"{row['percent']} %, expected by {row['expected_at'].isoformat(timespec='minutes')}"
    kind = ExceptionKind.PREDICTED_LATE
    return _candidate(row, Source.ALERT, kind, row["since"], detail=detail, node=row["node"], owner=row["owner"])


def _parcel(row: Any) -> Candidate:
    kind = ExceptionKind.PARCEL
    return _candidate(row, Source.PARCEL, kind, row["since"], detail=row["detail"], node=row["node"])


def _silent(row: Any) -> Candidate:
    if row["refused_at"] is not None:
        kind, detail = ExceptionKind.MESSAGE_REFUSED, f"the {row['kind']} was refused: {row['refused_why']}"
        return _candidate(row, Source.SILENCE, kind, row["refused_at"], detail=detail, node=row["node"])
    detail = f"not {_OWED[row['what']]} in its time"
    return _candidate(row, Source.SILENCE, ExceptionKind.SILENT_NODE, row["since"], detail=detail, node=row["node"])


def _candidate(
    row: Any,
    source: Source,
    kind: ExceptionKind,
    since: datetime,
    *,
    detail: str = "",
    node: str | None = None,
    owner: str = "",
) -> Candidate:
    return OpenException(
        source,
        kind,
        row["subject"],
        since,
        row["due_at"],
        detail,
        None if node is None else NodeId(node),
        owner,
        OrderId(row["order_id"]),
    )
