"""What needs a person, as its rows say it: candidates by source, and what a list has to know of their orders."""

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from troth.model.exceptions import ConcernedUnits, ExceptionKind, OpenException, Source, supply_subject
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey
from troth.model.item import Item
from troth.model.lifecycle import ENDED, RESERVING, AllocationState
from troth.model.order import Line, Terms
from troth.store.charges import order_charges_of
from troth.store.database import Connection
from troth.store.orders import line_of_row
from troth.store.queries import sql

_PARKED: Final = sql("find_parked_exceptions")
_LATE: Final = sql("find_late_work")
_LATE_PROMISES: Final = sql("find_late_promises")
_UNACCEPTED: Final = sql("find_unaccepted_exceptions")
_UNRELEASED: Final = sql("find_release_exceptions")
_HOLDS: Final = sql("find_hold_exceptions")
_STUCK: Final = sql("find_stuck_payments")
_NOTICES: Final = sql("find_missing_ship_notices")
_DEFICITS: Final = sql("find_deficits")
_ORDERS: Final = sql("read_concerned_orders")
_LINES: Final = sql("read_concerned_lines")
_PARTS: Final = sql("read_concerned_parts")

NEEDED_SINCE: Final = timedelta(days=30)
"""What was needed longer ago than that, and is still promised for later, is no news."""

_LEFT_SINCE: Final = timedelta(days=30)
"""Of what left longer ago than that nobody waits for a ship notice."""

RELEASED_WITHIN: Final = timedelta(minutes=1)
"""The worker may take so long to release what is due; only then it is late."""

_OF_HOLDS: Final[Mapping[str, ExceptionKind]] = {"address": ExceptionKind.ADDRESS}

_STATES: Final[Mapping[str, AllocationState]] = {state.value: state for state in AllocationState}

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


@dataclass(frozen=True, slots=True)
class Deficit:
    """That of a supply so many more units of an item are promised than there are."""

    found: OpenException
    sku: Sku
    units: int


@dataclass(slots=True)
class _Parts:
    """Units of the parts of a line, by SKU and work, and by how they ended."""

    live: dict[tuple[str, Sku], int] = field(default_factory=dict)
    open: dict[Sku, int] = field(default_factory=dict)
    ended: set[AllocationState] = field(default_factory=set)


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
            rows = await connection.fetch(_STUCK, order_id, limit)
            return [_candidate(row, source, ExceptionKind.PAYMENT, row["since"], detail=row["detail"]) for row in rows]
        case Source.NOTICE:
            rows = await connection.fetch(_NOTICES, order_id, limit, now, now - _LEFT_SINCE)
            return [_notice(row) for row in rows]
        case Source.HOLD:
            return [_hold(row) for row in await connection.fetch(_HOLDS, order_id, limit)]
        case _:
            return []


async def find_deficits(connection: Connection, asked: Asked, *, supply: SupplyKey | None = None) -> list[Deficit]:
    """The supplies (None: all) of which more is promised than there is; none where an order is named."""
    if asked.order_id is not None:
        return []
    one = (None, None, None) if supply is None else (supply.sku, supply.node, supply.source)
    rows = await connection.fetch(_DEFICITS, asked.limit, *one)
    return [Deficit(_deficit(row, asked.now), row["sku"], row["deficit"]) for row in rows]


def with_item(deficit: Deficit, item: Item | None) -> OpenException:
    """A deficit with what its units sell for, where the item is known."""
    if item is None:
        return deficit.found
    line = Line(LineId("1"), item.sku, deficit.units, item.price_minor, terms=Terms(decimals=item.decimals))
    return replace(deficit.found, currency=item.currency, lines=(ConcernedUnits(line, deficit.units),))


async def complete(
    connection: Connection,
    found: Iterable[Candidate],
    known: MutableMapping[str, tuple[Candidate, OpenException]],
    *,
    customer: str | None = None,
    channel: str | None = None,
    node: str | None = None,
) -> list[OpenException]:
    """The candidates with what their orders say, those left out whose order does not fit the filters (None: all do),
    or of whose units none are left.

    `known` are candidates that were completed before, by id: they are the same while their orders have the same
    version, and what is new is added.
    """
    candidates = list(found)
    order_ids = sorted({one.order_id for one in candidates if one.order_id is not None})
    heads = {row["order_id"]: row for row in await connection.fetch(_ORDERS, order_ids, customer, channel, node)}
    completed: list[OpenException | None] = []
    missing: list[tuple[int, Candidate]] = []
    for one in candidates:
        if one.order_id is None or one.order_id not in heads:
            continue
        before = known.get(one.exception_id)
        if before is not None and before[1].version == heads[one.order_id]["version"] and before[0] == one:
            completed.append(before[1])
        else:
            missing.append((len(completed), one))
            completed.append(None)
    if missing:
        wanted = sorted({one.order_id for _, one in missing if one.order_id is not None})
        lines: dict[OrderId, list[Line]] = {}
        for row in await connection.fetch(_LINES, wanted):
            lines.setdefault(row["order_id"], []).append(line_of_row(row))
        parts = _parts_of(await connection.fetch(_PARTS, wanted))
        for at, one in missing:
            order_id = OrderId(one.order_id or "")
            whole = _complete(one, heads[order_id], lines.get(order_id, []), parts)
            known[one.exception_id] = (one, whole)
            completed[at] = whole
    return [one for one in completed if one is not None and one.lines]


def _complete(
    found: Candidate, head: Any, lines: Sequence[Line], parts: Mapping[tuple[OrderId, LineId], _Parts]
) -> OpenException:
    order_id = OrderId(head["order_id"])
    units: Callable[[Line, _Parts], int] = {
        Source.LINE: _missing_units,
        Source.NEED: _open_units,
        Source.HOLD: _wanted_units,
        Source.ACCOUNT: _wanted_units,
    }.get(found.source, lambda line, of_line: _work_units(line, of_line, found.subject))
    of_line_only = found.source in (Source.LINE, Source.NEED)
    concerned = []
    ended: set[AllocationState] = set()
    for line in lines:
        if of_line_only and line.line_id != found.subject:
            continue
        of_line = parts.get((order_id, line.line_id)) or _Parts()
        ended |= of_line.ended
        count = units(line, of_line)
        if count:
            concerned.append(ConcernedUnits(line, count))
    return replace(
        found,
        kind=_kind_of_line(found, ended) if found.source is Source.LINE else found.kind,
        version=head["version"],
        channel=head["channel"],
        external_id=head["external_id"],
        customer_id=head["customer_id"],
        customer_name=head["customer_name"],
        currency=head["currency"],
        prices_include_tax=order_charges_of(head).prices_include_tax,
        lines=tuple(concerned),
    )


def _kind_of_line(found: Candidate, ended: Collection[AllocationState]) -> ExceptionKind:
    if AllocationState.REJECTED in ended:
        return ExceptionKind.REJECTED
    return ExceptionKind.SHORT if AllocationState.SHORT in ended else found.kind


def _missing_units(line: Line, parts: _Parts) -> int:
    """What is wanted of a line and lies nowhere."""
    return max(0, _wanted_units(line, parts) - _whole(line, _by_sku(parts.live)))


def _open_units(line: Line, parts: _Parts) -> int:
    """What of a line has not left."""
    return min(_whole(line, parts.open), _wanted_units(line, parts))


def _work_units(line: Line, parts: _Parts, fulfillment: str) -> int:
    """What of a line lies in one work; of a kit at least one, where any component does."""
    here = {sku: count for (work, sku), count in parts.live.items() if work == fulfillment}
    return min(max(_whole(line, here), 1 if here else 0), _wanted_units(line, parts))


def _wanted_units(line: Line, _parts: _Parts) -> int:
    return line.quantity - line.canceled_quantity


def _whole(line: Line, units: Mapping[Sku, int]) -> int:
    """Units of a line that so many of each SKU make; of a kit whole kits."""
    kit = () if line.terms is None else line.terms.kit
    if not kit:
        return sum(units.values())
    return min(units.get(sku, 0) // each for sku, each in kit)


def _by_sku(live: Mapping[tuple[str, Sku], int]) -> dict[Sku, int]:
    found: dict[Sku, int] = {}
    for (_work, sku), count in live.items():
        found[sku] = found.get(sku, 0) + count
    return found


def _parts_of(rows: Iterable[Any]) -> dict[tuple[OrderId, LineId], _Parts]:
    found: dict[tuple[OrderId, LineId], _Parts] = {}
    for order_id, line_id, sku, fulfillment, state, quantity in rows:
        parts = found.setdefault((order_id, line_id), _Parts())
        how = _STATES[state]
        if how in ENDED:
            parts.ended.add(how)
            continue
        place = (fulfillment, sku)
        parts.live[place] = parts.live.get(place, 0) + quantity
        if how in RESERVING:
            parts.open[sku] = parts.open.get(sku, 0) + quantity
    return found


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


def _hold(row: Any) -> Candidate:
    kind = _OF_HOLDS.get(row["type"], ExceptionKind.HOLD)
    if row["escalated_at"] is not None:
        kind = ExceptionKind.HOLD_OVER
    since = row["escalated_at"] or row["placed_at"]
    detail = f"{row['type']}: {row['detail']}" if row["detail"] else row["type"]
    return _candidate(row, Source.HOLD, kind, since, detail=detail, owner=row["owner"] or "")


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


def _deficit(row: Any, now: datetime) -> OpenException:
    since = row["since"] or now
    subject = supply_subject(row["sku"], row["node"], row["source"])
    detail = f"{row['deficit']} more of {row['sku']} promised than there are"
    return OpenException(Source.STOCK, ExceptionKind.DEFICIT, subject, since, since, detail, NodeId(row["node"]))
