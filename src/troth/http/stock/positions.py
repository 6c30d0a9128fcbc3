"""Stock as it is: positions by SKU and node, and the ledger behind them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from troth.engine.carriage.network import Network
from troth.engine.exposure.lasting import find_too_old
from troth.engine.exposure.waterfall import EXPIRED, RESERVED, TOO_OLD
from troth.engine.supply.overdue import counted_from
from troth.engine.supply.supply import end_of_life
from troth.flows.stock.waterfall import find_kept_back
from troth.http.edge.body import Instant, Text
from troth.http.edge.bounds import choose_bound
from troth.http.edge.measures import Units, known_items, of_sku
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.edge.values import Instant as At
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, EntryKind, SupplyKey, lot_of, lot_source
from troth.model.item import Item
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.balances import read_lots
from troth.store.positions import LedgerEntry, StockPosition, find_positions, read_ledger

_COUNTED: Final = frozenset({RESERVED, EXPIRED})
"""What is not free of a position anyway, before anything is kept back."""


class LotAnswer(msgspec.Struct, frozen=True):
    """What a lot holds of a position, in units; nothing of it is available once it has expired, or would be too old
    when it reaches anybody.
    """

    lot: str
    expires_on: date | None
    on_hand: Units
    reserved: Units
    available: Units


class PositionAnswer(msgspec.Struct, frozen=True):
    """What a node holds of a SKU, in units, `lots` included.

    `available` is what can still be promised of what is on hand to whoever has no class: without `safety_stock`,
    without what is `protected` for higher classes, and without lots that would be too old when they reach anybody.
    `next_incoming_at` is when the next of what is to come is counted on, of overdue supply later than its date; null:
    nothing comes, or it is overdue for so long that nobody counts on it.
    """

    sku: str
    node: str
    on_hand: Units
    reserved: Units
    safety_stock: Units
    protected: Units
    available: Units
    incoming: Units
    incoming_reserved: Units
    next_incoming_at: At | None
    lots: tuple[LotAnswer, ...]


class EntryAnswer(msgspec.Struct, frozen=True):
    """An entry of the ledger; `on_hand` and `reserved` are what its source held after it."""

    at: At
    kind: EntryKind
    source: str
    on_hand_delta: Units
    reserved_delta: Units
    on_hand: Units
    reserved: Units
    order_id: str | None
    allocation: int | None
    reason: str
    reference: str


class PositionsQuery(PageQuery):
    """Which positions."""

    sku: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    node: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    as_of: Annotated[
        Instant | None,
        Field(description="As they were at that instant, by the ledger; left out: as they are. Not after now."),
    ] = None


class EntriesQuery(PageQuery):
    """Whose entries."""

    sku: Annotated[Text, Field(examples=["A-1001"])]
    node: Annotated[Text, Field(examples=["DC-PA"])]


async def list_positions(call: Call[Nothing, PositionsQuery]) -> Reply:
    """A page of positions, by SKU and node."""
    asked = call.query
    now = call.system.door.now()
    if asked.as_of is not None and asked.as_of > now:
        raise Refused(Invalid((FieldFlaw("?as_of", f"is after now, {now.isoformat(timespec='seconds')}"),)))
    async with call.system.pool.acquire() as connection:
        found = await find_positions(
            connection,
            skus=asked.sku or None,
            nodes=visible_nodes(call, asked.node),
            as_of=asked.as_of,
            after=decode_cursor(asked.cursor, tuple[str, str]),
            limit=asked.limit + 1,
        )
        # Lots, and what rules keep back, are known for now only.
        shown = found if asked.as_of is None else []
        lots = await read_lots(connection, [(one.sku, one.node) for one in shown])
    items = await known_items(call, [one.sku for one in found])
    by_place: dict[tuple[str, str], list[Balance]] = {}
    is_over = expiry_of(call.system.door.reference.network, now)
    for lot in lots:
        by_place.setdefault((lot.key.sku, lot.key.node), []).append(lot)
    kept = await find_kept_back(call.system, list(dict.fromkeys(one.sku for one in shown)))
    by_node = {(sku, node.node): node.by_kind for sku, waterfall in kept.items() for node in waterfall.nodes}
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_position(
            one,
            items,
            by_place.get((one.sku, one.node), ()),
            is_over,
            at=asked.as_of or now,
            kept=by_node.get((one.sku, one.node), {}),
        ),
        position=lambda one: (one.sku, one.node),
    )


async def list_entries(call: Call[Nothing, EntriesQuery]) -> Reply:
    """A page of the ledger of a SKU at a node, the newest entry first."""
    asked = call.query
    choose_bound(call.actor.nodes, asked.node, "node")
    async with call.system.pool.acquire() as connection:
        found = await read_ledger(
            connection,
            asked.sku,
            asked.node,
            before=decode_cursor(asked.cursor, tuple[datetime, Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]]),
            limit=asked.limit + 1,
        )
    items = await known_items(call, [asked.sku])
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: _answer_entry(one, asked.sku, items),
        position=lambda one: (one.at, one.seq),
    )


def expiry_of(network: Network, now: datetime) -> Callable[[Balance], bool]:
    """A test whether a lot's last good day is over where it lies."""

    def is_over(lot: Balance) -> bool:
        at = network.index.get(lot.key.node)
        return at is not None and end_of_life(lot.expires_on, network.nodes[at].time_zone) <= now.timestamp()

    return is_over


def answer_position(
    position: StockPosition,
    items: Mapping[Sku, Item],
    lots: Sequence[Balance] = (),
    is_over: Callable[[Balance], bool] = lambda _: False,
    *,
    at: datetime,
    kept: Mapping[str, int] = MappingProxyType({}),
) -> PositionAnswer:
    """A position as it is answered at an instant: what is available of it is what is available of each of its supplies,
    without what rules keep back there (`kept`, by kind).
    """
    on_hand = position.on_hand - sum(lot.on_hand for lot in lots)
    reserved = position.reserved - sum(lot.reserved for lot in lots)
    available = max(0, on_hand - reserved) + sum(lot.available for lot in lots if not is_over(lot))
    available = max(0, available - sum(units for kind, units in kept.items() if kind not in _COUNTED))

    dates = [
        counted_on for expected_at in position.incoming_at if (counted_on := counted_from(expected_at, at)) is not None
    ]
    gone = find_too_old((lot for lot in lots if not is_over(lot)), kept.get(TOO_OLD, 0))

    def told(units: int) -> Units:
        return of_sku(units, position.sku, items)

    return PositionAnswer(
        sku=position.sku,
        node=position.node,
        on_hand=told(position.on_hand),
        reserved=told(position.reserved),
        safety_stock=told(kept.get("safety_stock", 0)),
        protected=told(kept.get("protected", 0)),
        available=told(available),
        incoming=told(position.incoming),
        incoming_reserved=told(position.incoming_reserved),
        next_incoming_at=min(dates, default=None),
        lots=tuple(answer_lot(lot, items, is_over=is_over(lot) or lot.key in gone) for lot in lots),
    )


def answer_lot(lot: Balance, items: Mapping[Sku, Item], *, is_over: bool) -> LotAnswer:
    """A lot as it is answered; of one that is over nothing is available."""

    def told(units: int) -> Units:
        return of_sku(units, lot.key.sku, items)

    available = 0 if is_over else lot.available
    return LotAnswer(lot_of(lot.key.source), lot.expires_on, told(lot.on_hand), told(lot.reserved), told(available))


def _answer_entry(entry: LedgerEntry, sku: str, items: Mapping[Sku, Item]) -> EntryAnswer:
    return EntryAnswer(
        entry.at,
        entry.kind,
        entry.source,
        of_sku(entry.on_hand_delta, sku, items),
        of_sku(entry.reserved_delta, sku, items),
        of_sku(entry.on_hand, sku, items),
        of_sku(entry.reserved, sku, items),
        entry.order_id,
        entry.allocation,
        entry.reason,
        entry.reference,
    )


def visible_nodes(call: Call[Any, Any], given: tuple[str, ...]) -> list[str] | None:
    """The nodes to filter by: those given, within those that the actor is bound to."""
    bound = call.actor.nodes
    if bound is None:
        return list(given) or None
    for node in given:
        if node not in bound:
            raise Refused(NotFound("node", node))
    return sorted(given or bound)


_AT: Final = datetime.fromisoformat("2026-11-23T15:00:00+00:00")
LOT_EXAMPLE: Final = Balance(
    SupplyKey(Sku("A-1001"), NodeId("DC-PA"), lot_source("L-77")), 24, 3, expires_on=date(2027, 3, 31)
)
_POSITION_EXAMPLE: Final = answer_position(
    StockPosition(Sku("A-1001"), NodeId("DC-PA"), 40, 3, 100, 0, (_AT,)), {}, (LOT_EXAMPLE,), at=_AT - timedelta(days=3)
)
_ENTRY_EXAMPLE: Final = EntryAnswer(_AT, EntryKind.RECEIPT, "on_hand", 40, 0, 40, 0, None, None, "receipt", "4500017")

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/inventory",
        name="list_positions",
        summary="Positions, by SKU and node",
        tag="inventory",
        run=list_positions,
        shown=(Shown(200, "A page of positions", Page[PositionAnswer], Page((_POSITION_EXAMPLE,), None)),),
        body=NO_BODY,
        query=PositionsQuery,
        scope="inventory:read",
        refusals=(Invalid((FieldFlaw("?as_of", "is after now, 2026-11-23T15:00:00+00:00"),)),),
    ),
    Operation(
        method="GET",
        path="/v1/inventory/entries",
        name="list_entries",
        summary="The ledger of a SKU at a node, the newest entry first",
        tag="inventory",
        run=list_entries,
        shown=(Shown(200, "A page of entries", Page[EntryAnswer], Page((_ENTRY_EXAMPLE,), None)),),
        body=NO_BODY,
        query=EntriesQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
