"""Supplies that need a person: more is promised of them than there is, or they should have come and have not."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from troth.model.exceptions import ConcernedUnits, ExceptionKind, OpenException, Source, supply_subject
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey, dated_by
from troth.model.item import Item
from troth.model.measure import PIECE, told
from troth.model.order import Line, Terms
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.exception_candidates import Asked
from troth.store.queries import sql

_DEFICITS: Final = sql("find_deficits")
_OVERDUE: Final = sql("find_overdue_supplies")
_ELSEWHERE: Final = sql("sum_supply_elsewhere")

BOOKED_WITHIN: Final = timedelta(hours=12)
"""What came in the morning may be booked in the evening; only then it is late."""

AWAITED_SINCE: Final = timedelta(days=90)
"""What should have come longer ago than that nobody waits for."""

_LINE: Final = LineId("1")


@dataclass(frozen=True, slots=True)
class SupplyCandidate:
    """A supply that needs a person, of so many `units` of an item, of which `pledged` ones are promised and may fail.
    `orders` are those that wait for them.
    """

    found: OpenException
    key: SupplyKey
    units: int
    pledged: int
    orders: int = 0


async def find_deficits(
    connection: Connection, asked: Asked, *, supply: SupplyKey | None = None
) -> list[SupplyCandidate]:
    """The supplies (None: all) of which more is promised than there is; none where an order is named."""
    if asked.order_id is not None:
        return []
    found = []
    for row in await connection.fetch(_DEFICITS, asked.limit, *_parts(supply)):
        since = row["since"] or asked.now
        one = _candidate(row, Source.STOCK, ExceptionKind.DEFICIT)
        open_ = replace(one, since=since, due_at=since, units=((_LINE, row["deficit"]),))
        found.append(SupplyCandidate(open_, _key(row), row["deficit"], row["deficit"]))
    return found


async def find_overdue_supplies(
    connection: Connection, asked: Asked, *, supply: SupplyKey | None = None
) -> list[SupplyCandidate]:
    """The supplies (None: all) that should have come half a day ago or earlier, those first of which any is promised;
    none where an order is named.
    """
    if asked.order_id is not None:
        return []
    rows = await connection.fetch(
        _OVERDUE, asked.limit, asked.now - BOOKED_WITHIN, asked.now - AWAITED_SINCE, *_parts(supply)
    )
    return [
        SupplyCandidate(
            _candidate(row, Source.SUPPLY, ExceptionKind.OVERDUE_SUPPLY),
            _key(row),
            row["on_hand"],
            min(row["reserved"], row["on_hand"]),
            row["orders"],
        )
        for row in rows
    ]


async def sum_supply_elsewhere(connection: Connection, key: SupplyKey, now: datetime) -> int:
    """The free units of an item, on hand or still to come, that are not of this supply, whatever rules keep of them."""
    units: int = await connection.fetchval(_ELSEWHERE, key.sku, key.node, key.source, now)
    return units


def with_item(candidate: SupplyCandidate, item: Item | None) -> OpenException:
    """A candidate told in the measure of its item, with what its promised units sell for, where the item is known."""
    decimals, unit = (0, PIECE) if item is None else (item.decimals, item.unit)

    def amount(units: int) -> str:
        return told(units, decimals, unit) if decimals else str(units)

    sku, dated = candidate.key.sku, dated_by(candidate.key.source)
    if candidate.found.kind is ExceptionKind.DEFICIT:
        detail = f"{amount(candidate.units)} more of {sku} promised than there are"
    else:
        orders = f"{candidate.orders} order{'' if candidate.orders == 1 else 's'}"
        promised = f"{amount(candidate.pledged)} promised to {orders}" if candidate.pledged else "nothing promised"
        detail = f"{amount(candidate.units)} of {sku}, {dated.name if dated else 'to come'}: {promised}"
    found = replace(candidate.found, detail=detail)
    if item is None:
        return found
    line = Line(_LINE, sku, candidate.units, item.price_minor, terms=Terms(decimals=decimals))
    return replace(found, currency=item.currency, lines=(ConcernedUnits(line, candidate.pledged),))


def _candidate(row: Any, source: Source, kind: ExceptionKind) -> OpenException:
    subject = supply_subject(row["sku"], row["node"], row["source"])
    return OpenException(source, kind, subject, row["since"], row["due_at"], node=NodeId(row["node"]))


def _key(row: Any) -> SupplyKey:
    return SupplyKey(Sku(row["sku"]), NodeId(row["node"]), row["source"])


def _parts(supply: SupplyKey | None) -> tuple[str | None, str | None, str | None]:
    return (None, None, None) if supply is None else (supply.sku, supply.node, supply.source)
