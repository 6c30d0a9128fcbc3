"""What a channel may sell, for product pages: out of the memory of the process, some thousand times a second."""

from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field
from starlette.types import Scope

from troth.engine.supply.available_to_sell import LOW_STOCK_MAX, Stock
from troth.flows.door.door import Door
from troth.flows.door.system import System
from troth.flows.places.places import country_code
from troth.flows.stock.availability import (
    PICKUP_MILES,
    Answered,
    Asked,
    Availability,
    NodeStock,
    Place,
    PlaceStock,
    Terms,
    active_nodes,
    find_everywhere,
    find_now,
    find_terms,
    read_availability,
)
from troth.flows.wording.wording import NO_WORDING, Wording
from troth.http.edge.body import Country, Query, Text, parse_query
from troth.http.edge.languages import VARY, Language, asked_languages
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders.examples import AT, NETWORK
from troth.http.stock.availability_answer import AvailabilityAnswer, Told, answer_availability, answer_sku
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.refusals import Busy, FieldFlaw, Invalid
from troth.model.value import dataclass
from troth.store.codec import encode_bytes

_SKUS_MAX: Final = 200
_NODES_MAX: Final = 200
_QUERIES_KEPT: Final = 16_384
_QUERY_BYTES_KEPT: Final = 4_096


class AvailabilityQuery(Query):
    """Of what, by whom and for whom."""

    sku: Annotated[
        tuple[Text, ...],
        Field(min_length=1, max_length=_SKUS_MAX, description="May be given more than once.", examples=[["A-1001"]]),
    ]
    channel: Annotated[Text, Field(max_length=64, description="Which channel sells.", examples=["web"])] = ""
    region: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Z]{2}(?:-[A-Z0-9]{1,5})?$",
            description="Where the customer is, as US or US-NY: what can be sent there and picked up in it is added.",
        ),
    ] = None
    postcode: Annotated[
        Text | None,
        Field(
            max_length=20,
            description="Where the customer is: what can be sent there and picked up near it is added,"
            " and the five nearest nodes that hand over and have units.",
        ),
    ] = None
    country: Annotated[Country, Field(description="Of the postcode.")] = "US"
    node: Annotated[
        tuple[Text, ...],
        Field(max_length=_NODES_MAX, description="Answer these nodes too. May be given more than once."),
    ] = ()
    form: Annotated[
        Literal["list", "columns"],
        Field(
            description="How nodes are answered; columns are short, and of all active nodes where neither nodes nor a"
            " place are given."
        ),
    ] = "list"
    language: Language | None = None


async def read(call: Call[Nothing, AvailabilityQuery]) -> Reply:
    """The availability of every SKU."""
    found = await read_availability(
        call.system, [Sku(sku) for sku in call.query.sku], channel=call.query.channel, asked=_asked(call.query)
    )
    if not isinstance(found, Answered):
        raise Refused(found)
    door = call.system.door
    now = door.now()
    voice = door.reference.wording_at(now).voice(call.query.channel, asked_languages(call.scope, call.query.language))
    answer = answer_availability(call.query.channel, found, Told(voice, door.reference.network, now))
    return json_reply(answer, headers=(VARY,))


def _asked(query: AvailabilityQuery) -> Asked:
    country, _, region = (query.region or query.country).partition("-")
    if query.region is not None and country_code(country) is None:
        raise Refused(Invalid((FieldFlaw("?region", f"{country} is no country"),)))
    if query.region is not None and country != query.country and query.country != "US":
        raise Refused(Invalid((FieldFlaw("?country", f"is not that of the region {query.region}"),)))
    has_place = query.region is not None or query.postcode is not None
    place = Place(country, region, query.postcode or "") if has_place else None
    return Asked(tuple(NodeId(node) for node in query.node), place, query.form == "columns")


# The quick way -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kept:
    """A SKU's part of an answer as JSON: right until then, as long as no row moves and terms and texts are the same."""

    json: msgspec.Raw
    terms: Terms
    wording: Wording
    until: float


class _Quick(msgspec.Struct, frozen=True):
    """As AvailabilityAnswer, of parts that are JSON already."""

    channel: str
    language: str
    nodes: tuple[str, ...] | None
    items: list[msgspec.Raw]


def answer_quickly(system: System, scope: Scope) -> Reply | None:
    """The answer to who asks about SKUs, over all nodes or of each, where the process remembers them; None: run it.

    Nearly every product page asks so, and the same again and again. Reading its query and making its answer took two
    thirds of the time of a request, so both are kept; what is kept of a SKU goes with its next move.
    """
    query_string = scope["query_string"]
    asked = _read_plain(query_string) if len(query_string) <= _QUERY_BYTES_KEPT else None
    if asked is None:
        return None
    door = system.door
    index, reference, now = door.index, door.reference, door.now()
    exposure, at = reference.exposure_at(now), now.timestamp()
    voice = reference.wording_at(now).voice(asked.channel, asked_languages(scope, asked.language))
    name = f"{asked.form} {voice.language} {asked.channel}"
    parts = []
    for sku in asked.skus:
        kept = index.kept(sku, name)
        if (
            not isinstance(kept, _Kept)
            or at >= kept.until
            or kept.wording is not voice.wording
            or not kept.terms.stand(reference, exposure)
        ):
            terms = find_terms(door, sku)
            if terms is None:
                return None
            kept = _keep(door, sku, terms, asked, Told(voice, reference.network, now), name)
        parts.append(kept.json)
    nodes = active_nodes(door.reference.network) if asked.form == "columns" else None
    return Reply(200, encode_bytes(_Quick(asked.channel, voice.language, nodes, parts)), (VARY,))


@dataclass(frozen=True, slots=True)
class _Plain:
    """A query about nothing but SKUs."""

    channel: str
    skus: tuple[Sku, ...]
    form: str
    language: str | None


@lru_cache(maxsize=_QUERIES_KEPT)
def _read_plain(query_string: bytes) -> _Plain | None:
    """The query, if it is one that can be answered quickly; what is wrong with another is said in full."""
    try:
        query = parse_query(AvailabilityQuery, query_string)
    except Refused:
        return None
    if query.model_fields_set - {"sku", "channel", "form", "language"}:
        return None
    skus = tuple(Sku(sku) for sku in query.sku)
    return _Plain(query.channel, skus, query.form, query.language)


def _keep(door: Door, sku: Sku, terms: Terms, asked: _Plain, told: Told, name: str) -> _Kept:
    find = find_everywhere if asked.form == "columns" else find_now
    found = find(door, sku, terms, channel=asked.channel)
    json = encode_bytes(answer_sku(found, told))
    kept = _Kept(msgspec.Raw(json), terms, told.voice.wording, found.until)
    door.index.keep(sku, name, kept, size=len(json))
    return kept


_FEW: Final = Stock(3, 0, None)
_EXAMPLE: Final = answer_availability(
    "web",
    Answered(
        (
            Availability(
                Sku("A-1001"),
                Terms(Item(Sku("A-1001")), None, None, 0),
                Stock(41, 0, None),
                0.0,
                PlaceStock(41, 3),
                (NodeStock(NodeId("ST-NYC"), _FEW, 1.2),),
            ),
        )
    ),
    Told(NO_WORDING.voice("web"), NETWORK, AT),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/availability",
        name="read_availability",
        summary=f"What a channel may sell; up to {LOW_STOCK_MAX} units are low stock, unless the item says otherwise;"
        f" near a postcode is up to {PICKUP_MILES:.0f} miles away",
        tag="inventory",
        run=read,
        shown=(Shown(200, "The availability of every SKU", AvailabilityAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=AvailabilityQuery,
        scope="availability:read",
        refusals=(Invalid((FieldFlaw("?sku", "there is no item A-1001"),)), Busy(1)),
        quick=answer_quickly,
    ),
)
