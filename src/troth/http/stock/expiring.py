"""Lots on hand that expire soon, the first to expire first."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.engine.exposure.lasting import find_too_old
from troth.engine.exposure.waterfall import TOO_OLD
from troth.flows.door.system import System
from troth.flows.stock.waterfall import find_kept_back
from troth.http.edge.body import Text
from troth.http.edge.measures import Units, known_items
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.replies import Reply
from troth.http.stock.positions import LOT_EXAMPLE, answer_lot, expiry_of, visible_nodes
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.item import Item
from troth.model.refusals import NotFound
from troth.store.balances import find_lots, read_lots


class ExpiringAnswer(msgspec.Struct, frozen=True):
    """A lot on hand, and the last day on which it is good; `is_expired` where that day is over, `is_too_old` where it
    would be by the time it is with anybody, so that nothing of it is sold.
    """

    sku: str
    node: str
    lot: str
    expires_on: date | None
    on_hand: Units
    reserved: Units
    available: Units
    is_expired: bool
    is_too_old: bool


class ExpiringQuery(PageQuery):
    """Which lots."""

    node: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    before: Annotated[date, Field(description="Lots whose last good day is before this one.", examples=["2026-12-24"])]


async def list_expiring(call: Call[Nothing, ExpiringQuery]) -> Reply:
    """A page of lots on hand, the first to expire first."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_lots(
            connection,
            asked.before,
            nodes=visible_nodes(call, asked.node),
            after=decode_cursor(asked.cursor, tuple[date, str, str, str]),
            limit=asked.limit + 1,
        )
    is_over = expiry_of(call.system.door.reference.network, call.system.door.now())
    items = await known_items(call, [one.key.sku for one in found])
    too_old = await _find_too_old(call.system, found, is_over)
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: _answer_expiring(one, items, is_over=is_over(one), is_too_old=one.key in too_old),
        position=lambda one: (one.expires_on, one.key.node, one.key.sku, one.key.source),
    )


async def _find_too_old(
    system: System, found: Sequence[Balance], is_over: Callable[[Balance], bool]
) -> frozenset[SupplyKey]:
    """The lots that are good where they lie and would be too old when they arrive, whoever asks."""
    places = list(dict.fromkeys((one.key.sku, one.key.node) for one in found if not is_over(one)))
    kept = await find_kept_back(system, list(dict.fromkeys(sku for sku, _ in places)))
    units = {
        (sku, node.node): node.by_kind.get(TOO_OLD, 0) for sku, waterfall in kept.items() for node in waterfall.nodes
    }
    async with system.pool.acquire() as connection:
        lots = await read_lots(connection, [place for place in places if units.get(place)])
    by_place: dict[tuple[Sku, NodeId], list[Balance]] = {}
    for lot in lots:
        if not is_over(lot):
            by_place.setdefault((lot.key.sku, lot.key.node), []).append(lot)
    return frozenset[SupplyKey]().union(*(find_too_old(those, units[place]) for place, those in by_place.items()))


def _answer_expiring(
    lot: Balance, items: Mapping[Sku, Item], *, is_over: bool, is_too_old: bool = False
) -> ExpiringAnswer:
    one = answer_lot(lot, items, is_over=is_over or is_too_old)
    return ExpiringAnswer(
        lot.key.sku,
        lot.key.node,
        one.lot,
        one.expires_on,
        one.on_hand,
        one.reserved,
        one.available,
        is_over,
        is_too_old,
    )


_EXAMPLE: Final = _answer_expiring(LOT_EXAMPLE, {}, is_over=False)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/inventory/expiring",
        name="list_expiring",
        summary="Lots on hand that expire before a day, the first to expire first",
        tag="inventory",
        run=list_expiring,
        shown=(Shown(200, "A page of lots", Page[ExpiringAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=ExpiringQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
