"""Stock as it is: positions by SKU and node, and the ledger behind them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from troth.engine.exposure.waterfall import RESERVED
from troth.flows.waterfall import find_kept_back
from troth.http.body import Instant, Text
from troth.http.bounds import choose_bound
from troth.http.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.problems import Refused
from troth.http.replies import Reply
from troth.http.values import Instant as At
from troth.model.ids import NodeId, Sku
from troth.model.inventory import EntryKind
from troth.model.refusals import NotFound
from troth.store.positions import LedgerEntry, StockPosition, find_positions, read_ledger


class PositionAnswer(msgspec.Struct, frozen=True):
    """What a node holds of a SKU, in units.

    `available` is what can still be promised of what is on hand to whoever has no class: without `safety_stock`, and
    without what is `protected` for higher classes.
    """

    sku: str
    node: str
    on_hand: int
    reserved: int
    safety_stock: int
    protected: int
    available: int
    incoming: int
    incoming_reserved: int
    next_incoming_at: At | None


class EntryAnswer(msgspec.Struct, frozen=True):
    """An entry of the ledger; `on_hand` and `reserved` are what its source held after it."""

    at: At
    kind: EntryKind
    source: str
    on_hand_delta: int
    reserved_delta: int
    on_hand: int
    reserved: int
    order_id: str | None
    allocation: int | None
    reason: str
    reference: str


class PositionsQuery(PageQuery):
    """Which positions."""

    sku: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    node: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    as_of: Annotated[
        Instant | None, Field(description="As they were at that instant, by the ledger; left out: as they are.")
    ] = None


class EntriesQuery(PageQuery):
    """Whose entries."""

    sku: Annotated[Text, Field(examples=["A-1001"])]
    node: Annotated[Text, Field(examples=["DC-PA"])]


async def list_positions(call: Call[Nothing, PositionsQuery]) -> Reply:
    """A page of positions, by SKU and node."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_positions(
            connection,
            skus=asked.sku or None,
            nodes=visible_nodes(call, asked.node),
            as_of=asked.as_of,
            after=decode_cursor(asked.cursor, tuple[str, str]),
            limit=asked.limit + 1,
        )
    # What rules keep back is known for now only.
    skus = list(dict.fromkeys(one.sku for one in found)) if asked.as_of is None else []
    kept = await find_kept_back(call.system, skus)
    by_node = {(sku, node.node): node.by_kind for sku, waterfall in kept.items() for node in waterfall.nodes}
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_position(one, by_node.get((one.sku, one.node), {})),
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
    return page_reply(call, found, limit=asked.limit, shown=_answer_entry, position=lambda one: (one.at, one.seq))


def answer_position(position: StockPosition, kept: Mapping[str, int] = MappingProxyType({})) -> PositionAnswer:
    """A position as it is answered; `kept` is what rules keep back there, by kind."""
    withheld = sum(units for kind, units in kept.items() if kind != RESERVED)
    return PositionAnswer(
        sku=position.sku,
        node=position.node,
        on_hand=position.on_hand,
        reserved=position.reserved,
        safety_stock=kept.get("safety_stock", 0),
        protected=kept.get("protected", 0),
        available=max(0, position.on_hand - position.reserved - withheld),
        incoming=position.incoming,
        incoming_reserved=position.incoming_reserved,
        next_incoming_at=position.next_incoming_at,
    )


def _answer_entry(entry: LedgerEntry) -> EntryAnswer:
    return EntryAnswer(
        entry.at,
        entry.kind,
        entry.source,
        entry.on_hand_delta,
        entry.reserved_delta,
        entry.on_hand,
        entry.reserved,
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
_POSITION_EXAMPLE: Final = answer_position(StockPosition(Sku("A-1001"), NodeId("DC-PA"), 40, 3, 100, 0, _AT))
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
