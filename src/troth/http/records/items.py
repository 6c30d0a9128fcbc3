"""Items: set, read and listed."""

from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.records.configure import Set, set_item
from troth.flows.records.item_parts import find_part_flaws
from troth.http.edge.body import Body, NoQuery, Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.values import MoneyAnswer, money
from troth.http.records.item_body import (
    BASIS_POINTS_A_PERCENT,
    GRAMS_A_KILOGRAM,
    MILLIMETERS_A_CENTIMETER,
    ItemBody,
)
from troth.model.ids import Sku
from troth.model.item import Item, Restrictions
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.reference import find_items, read_item


class DimensionsAnswer(msgspec.Struct, frozen=True):
    """Length, width and height in centimeters."""

    length: float
    width: float
    height: float


class ComponentAnswer(msgspec.Struct, frozen=True):
    """An item of a kit, and how many of it a kit has."""

    sku: str
    quantity: int


class SubstituteAnswer(msgspec.Struct, frozen=True):
    """An item that may stand in, and what a unit of it costs the customer more."""

    sku: str
    price_delta: MoneyAnswer


class RestrictionsAnswer(msgspec.Struct, frozen=True):
    """Where an item may not go, and what whoever keeps and carries it must be able to do."""

    not_to: tuple[str, ...]
    not_from: tuple[str, ...]
    methods: tuple[str, ...]
    node_needs: tuple[str, ...]
    service_needs: tuple[str, ...]


class ItemAnswer(msgspec.Struct, frozen=True):
    """An item, as it can be sent back."""

    sku: str
    name: str
    category: str
    brand: str
    price: MoneyAnswer
    cost: MoneyAnswer
    weight_kg: float
    dimensions_cm: DimensionsAnswer
    gtin: str
    kit: tuple[ComponentAnswer, ...]
    attributes: dict[str, str]
    substitutes: tuple[SubstituteAnswer, ...]
    ship_alone: bool
    restrictions: RestrictionsAnswer | None
    return_percent: float | None
    min_remaining_days: int
    serialized: bool
    unit: str
    decimals: int
    backorder_max: int | None
    barcodes: tuple[str, ...]


class ItemsQuery(PageQuery):
    """Which items."""

    category: Text | None = None
    q: Annotated[Text | None, Field(description="Part of the name, how the SKU begins, or the GTIN.")] = None


def answer_item(item: Item) -> ItemAnswer:
    """An item as it is answered."""
    length, width, height = item.dimensions_mm
    return ItemAnswer(
        sku=item.sku,
        name=item.name,
        category=item.category,
        brand=item.brand,
        price=money(item.price_minor, item.currency),
        cost=money(item.cost_minor, item.currency),
        weight_kg=item.weight_grams / GRAMS_A_KILOGRAM,
        dimensions_cm=DimensionsAnswer(
            length / MILLIMETERS_A_CENTIMETER, width / MILLIMETERS_A_CENTIMETER, height / MILLIMETERS_A_CENTIMETER
        ),
        gtin=item.gtin,
        kit=tuple(ComponentAnswer(sku, quantity) for sku, quantity in item.kit),
        attributes=dict(item.attributes),
        substitutes=tuple(
            SubstituteAnswer(one.sku, money(one.price_delta_minor, item.currency)) for one in item.substitutes
        ),
        ship_alone=item.ship_alone,
        restrictions=_answer_restrictions(item.restrictions),
        return_percent=None if item.return_basis_points is None else item.return_basis_points / BASIS_POINTS_A_PERCENT,
        min_remaining_days=item.min_remaining_days,
        serialized=item.serialized,
        unit=item.unit,
        decimals=item.decimals,
        backorder_max=item.backorder_max,
        barcodes=item.barcodes,
    )


def _answer_restrictions(given: Restrictions | None) -> RestrictionsAnswer | None:
    if given is None:
        return None
    return RestrictionsAnswer(given.not_to, given.not_from, given.methods, given.node_needs, given.service_needs)


async def put_item(call: Call[ItemBody, NoQuery]) -> Reply:
    """Create or replace an item."""
    item = call.body.item(Sku(path_id(call, "sku")))
    flaws = await find_part_flaws(call.system.door.reference, item)
    if flaws:
        raise Refused(Invalid(flaws))
    done = await set_item(call.system, item, actor=call.actor.name, expected=expected_of(call))
    if not isinstance(done, Set):
        raise Refused(done)
    return set_reply(done, answer_item(item))


async def get_item(call: Plain) -> Reply:
    """One item."""
    sku = Sku(call.path("sku"))
    async with call.system.pool.acquire() as connection:
        found = await read_item(connection, sku)
    if found is None:
        raise Refused(NotFound("item", sku))
    return json_reply(answer_item(found.value), headers=(etag(found.version),))


async def list_items(call: Call[Nothing, ItemsQuery]) -> Reply:
    """A page of items, by SKU."""
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str])
    async with call.system.pool.acquire() as connection:
        found = await find_items(
            connection,
            category=asked.category,
            text=asked.q,
            after=after[0] if after else None,
            limit=asked.limit + 1,
        )
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_item(one.value),
        position=lambda one: (one.value.sku,),
    )


_EXAMPLE_BODY: Final = {
    "name": "Trail shoe, size 42",
    "category": "shoes",
    "brand": "Rockfell",
    "price": {"amount": "119.90", "currency": "USD"},
    "cost": {"amount": "48.20", "currency": "USD"},
    "weight_kg": "0.82",
    "dimensions_cm": {"length": "34", "width": "21", "height": "12.5"},
    "gtin": "4006381333931",
    "barcodes": ["X001ABCDEF"],
    "attributes": {"color": "black"},
    "substitutes": [{"sku": "A-1002", "price_delta": {"amount": "-5.00", "currency": "USD"}}],
    "restrictions": {"not_to": ["CA", "US-HI"], "methods": ["ship", "pickup"]},
    "return_percent": "18.5",
}
_BODY: Final = Body(TypeAdapter(ItemBody), _EXAMPLE_BODY)
_EXAMPLE: Final = answer_item(_BODY.parse(msgspec.json.encode(_EXAMPLE_BODY)).item(Sku("A-1001")))
_SKU: Final = (("sku", "A-1001"),)

OPERATIONS = (
    Operation(
        method="PUT",
        path="/v1/items/{sku:path}",
        name="put_item",
        summary="Create or replace an item",
        tag="configuration",
        run=put_item,
        shown=(
            Shown(200, "The item, replaced or as it was already", ItemAnswer, _EXAMPLE),
            Shown(201, "The item, new", ItemAnswer, _EXAMPLE),
        ),
        body=_BODY,
        query=NoQuery,
        scope="configuration:write",
        refusals=(Invalid((FieldFlaw("/weight_kg", "is finer than a gram"),)),),
        has_if_match=True,
        path_examples=_SKU,
    ),
    Operation(
        method="GET",
        path="/v1/items/{sku:path}",
        name="get_item",
        summary="Read an item",
        tag="configuration",
        run=get_item,
        shown=(Shown(200, "The item; its version is the ETag", ItemAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:read",
        refusals=(NotFound("item", "A-1001"),),
        path_examples=_SKU,
    ),
    Operation(
        method="GET",
        path="/v1/items",
        name="list_items",
        summary="List items, by SKU",
        tag="configuration",
        run=list_items,
        shown=(Shown(200, "A page of items", Page[ItemAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=ItemsQuery,
        scope="configuration:read",
    ),
)
