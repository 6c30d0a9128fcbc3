"""Where items lie at nodes: taken in line by line, and read."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field, StringConstraints, TypeAdapter

from troth.flows.stock.shelf_places import PLACE_MAX, set_shelf_places
from troth.http.edge.body import Body, Id, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.line_results import LineResultAnswer, LineResultsAnswer, line_results_reply
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.replies import Reply
from troth.http.edge.sifted import Sifted
from troth.http.edge.values import Instant
from troth.http.stock.inventory import LINES_MAX
from troth.http.stock.positions import visible_nodes
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.shelf import ShelfPlace
from troth.store.shelf_places import find_shelf_places


class ShelfPlaceBody(Strict):
    """Where an item lies at a node."""

    sku: Id
    node: Id
    place: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=PLACE_MAX, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(description="Aisle, bay and shelf, as the node's people call them; empty: nowhere in particular."),
    ]


class ShelfPlacesBody(Strict):
    """Places, each taken in or refused for itself; those that it does not name stay as they are."""

    places: Annotated[tuple[ShelfPlaceBody, ...], Field(min_length=1, max_length=LINES_MAX)]


class ShelfPlaceAnswer(msgspec.Struct, frozen=True):
    """Where an item lies at a node, and since when that is known."""

    sku: str
    node: str
    place: str
    changed_at: Instant | None


class ShelfPlacesQuery(PageQuery):
    """Which places."""

    sku: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    node: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()


async def post_shelf_places(call: Call[ShelfPlacesBody, NoQuery]) -> Reply:
    """Take in where items lie."""
    places = [ShelfPlace(Sku(one.sku), NodeId(one.node), one.place) for one in call.body.places]
    sifted = Sifted(call.body.places, call.flawed)

    async def run() -> Reply:
        done = await set_shelf_places(call.system, places, actor=call.actor, numbers=sifted.places)
        return line_results_reply(sifted.results(done), "/places")

    return await once(call, run)


async def list_shelf_places(call: Call[Nothing, ShelfPlacesQuery]) -> Reply:
    """A page of places, by SKU and node."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_shelf_places(
            connection,
            skus=asked.sku or None,
            nodes=visible_nodes(call, asked.node),
            after=decode_cursor(asked.cursor, tuple[str, str]),
            limit=asked.limit + 1,
        )
    return page_reply(call, found, limit=asked.limit, shown=_answer, position=lambda one: (one.sku, one.node))


def _answer(one: ShelfPlace) -> ShelfPlaceAnswer:
    return ShelfPlaceAnswer(one.sku, one.node, one.place, one.changed_at)


_PLACE: Final = ShelfPlace(
    Sku("A-1001"), NodeId("ST-NYC"), "A-03-2", datetime.fromisoformat("2026-11-23T06:30:00-05:00")
)
_BODY: Final = Body(
    TypeAdapter(ShelfPlacesBody), {"places": [{"sku": "A-1001", "node": "ST-NYC", "place": "A-03-2"}]}, lines="places"
)
_DONE: Final = LineResultsAnswer(1, 0, (LineResultAnswer(0, ok=True, problem=None),))

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/shelf-places",
        name="post_shelf_places",
        summary="Take in where items lie at nodes, line by line",
        tag="inventory",
        run=post_shelf_places,
        shown=(Shown(200, "What became of every line; at least one was accepted", LineResultsAnswer, _DONE),),
        body=_BODY,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/places/0/sku", "there is no item A-1001"),)),),
    ),
    Operation(
        method="GET",
        path="/v1/inventory/shelf-places",
        name="list_shelf_places",
        summary="List where items lie at nodes, by SKU and node",
        tag="inventory",
        run=list_shelf_places,
        shown=(Shown(200, "A page of places", Page[ShelfPlaceAnswer], Page((_answer(_PLACE),), None)),),
        body=NO_BODY,
        query=ShelfPlacesQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "ST-NYC"),),
    ),
)
