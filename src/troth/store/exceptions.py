"""Candidates for exceptions with what a list has to know of their orders."""

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from troth.model.exceptions import ConcernedUnits, ExceptionKind, OpenException, Source
from troth.model.ids import LineId, OrderId, Sku
from troth.model.lifecycle import ENDED, RESERVING, AllocationState
from troth.model.order import Line
from troth.store.charges import order_charges_of
from troth.store.database import Connection
from troth.store.exception_candidates import Candidate
from troth.store.orders import line_of_row
from troth.store.queries import sql

_ORDERS: Final = sql("read_concerned_orders")
_LINES: Final = sql("read_concerned_lines")
_PARTS: Final = sql("read_concerned_parts")

_OF_RETURNS: Final = frozenset({Source.RETURN, Source.REFUND})

_STATES: Final[Mapping[str, AllocationState]] = {state.value: state for state in AllocationState}


@dataclass(slots=True)
class _Parts:
    """Units of the parts of a line, by SKU and work, and by how they ended."""

    live: dict[tuple[str, Sku], int] = field(default_factory=dict)
    open: dict[Sku, int] = field(default_factory=dict)
    ended: set[AllocationState] = field(default_factory=set)


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
        if one.order_id is None or one.order_id not in heads or not _is_at(one, node):
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
    return [one for one in completed if one is not None and (one.lines or one.source in _OF_RETURNS)]


def _is_at(found: Candidate, node: str | None) -> bool:
    """Whether a candidate is at a node (None: wherever): units that came back where they lie, all else where its order
    has work.
    """
    return node is None or found.source is not Source.RETURN or found.node == node


def _complete(
    found: Candidate, head: Any, lines: Sequence[Line], parts: Mapping[tuple[OrderId, LineId], _Parts]
) -> OpenException:
    order_id = OrderId(head["order_id"])
    units: Callable[[Line, _Parts], int] = {
        Source.LINE: _missing_units,
        Source.NEED: _open_units,
        Source.HOLD: _wanted_units,
        Source.ACCOUNT: _wanted_units,
        Source.DISPUTE: _wanted_units,
    }.get(found.source, lambda line, of_line: _work_units(line, of_line, found.subject))
    of_returns = _units_of_lines(found, lines)
    of_line_only = found.source in (Source.LINE, Source.NEED)
    concerned = []
    ended: set[AllocationState] = set()
    for line in lines:
        if of_line_only and line.line_id != found.subject:
            continue
        of_line = parts.get((order_id, line.line_id)) or _Parts()
        ended |= of_line.ended
        count = of_returns.get(line.line_id, 0) if found.source in _OF_RETURNS else units(line, of_line)
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


def _units_of_lines(found: Candidate, lines: Sequence[Line]) -> dict[LineId, int]:
    """The units of lines that a return is about; components of a kit count as one of it, whichever they are."""
    kits = {line.line_id for line in lines if line.terms is not None and line.terms.kit}
    most = {line.line_id: line.quantity - line.canceled_quantity for line in lines}
    return {line_id: min(1 if line_id in kits else units, most.get(line_id, 0)) for line_id, units in found.units}


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
