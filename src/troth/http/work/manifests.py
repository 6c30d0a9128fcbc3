"""Manifests: the close of a day at a node, for one carrier."""

from datetime import date
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.shipping.manifests import close_day
from troth.http.edge.body import Body, Id, NoQuery, Strict
from troth.http.edge.bounds import choose_bound
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.orders import Filter
from troth.http.work.labels import EXAMPLE as LABEL
from troth.model.ids import NodeId
from troth.model.label import MEDIA_TYPE, Paper
from troth.model.manifest import Manifest, ManifestId, ManifestParcel, ManifestState
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.printing.documents import print_manifest
from troth.store.manifests import find_manifests, read_manifest


class ManifestBody(Strict):
    """Whose parcels for whom."""

    node: Id
    carrier: Id


class ManifestsQuery(PageQuery):
    """Of which node; of all where it is left out."""

    node: Annotated[Filter | None, Field(description="Of this node only.")] = None


class ParcelAnswer(msgspec.Struct, frozen=True):
    """A parcel on a manifest."""

    label_id: str
    tracking_number: str
    service: str
    external_id: str
    weight_kg: float


class ManifestAnswer(msgspec.Struct, frozen=True):
    """A manifest: `requested` until its carrier answered. `reference` is what the carrier calls it; `code` and `detail`
    say why it refused, or has not answered.
    """

    manifest_id: str
    node: str
    carrier: str
    day: date
    state: ManifestState
    reference: str | None
    parcels: tuple[ParcelAnswer, ...]
    weight_kg: float
    requested_at: Instant
    requested_by: str
    answered_at: Instant | None
    code: str
    detail: str


def answer_manifest(manifest: Manifest) -> ManifestAnswer:
    """A manifest as it is shown."""
    return ManifestAnswer(
        manifest.manifest_id,
        manifest.node,
        manifest.carrier,
        manifest.day,
        manifest.state,
        manifest.reference or None,
        tuple(
            ParcelAnswer(one.label_id, one.tracking_number, one.service, one.order, one.grams / 1000)
            for one in manifest.parcels
        ),
        manifest.grams / 1000,
        manifest.requested_at,
        manifest.requested_by,
        manifest.answered_at,
        manifest.code,
        manifest.detail,
    )


async def close(call: Call[ManifestBody, NoQuery]) -> Reply:
    """Close the day of a node for a carrier."""
    node = NodeId(call.body.node)
    if not call.actor.may_at(node):
        raise Refused(NotFound("node", node))
    made = await close_day(call.system, node, call.body.carrier, actor=call.actor.name)
    if not isinstance(made, Manifest):
        raise Refused(made)
    return json_reply(answer_manifest(made), status=201)


async def list_manifests(call: Call[Nothing, ManifestsQuery]) -> Reply:
    """A page of manifests, the newest first."""
    asked = call.query
    one = choose_bound(call.actor.nodes, asked.node, "node")
    async with call.system.pool.acquire() as connection:
        found = await find_manifests(
            connection,
            None if one is None else [one],
            after=decode_cursor(asked.cursor, tuple[date, str]),
            limit=asked.limit + 1,
        )
    return page_reply(
        call, found, limit=asked.limit, shown=answer_manifest, position=lambda one: (one.day, one.manifest_id)
    )


async def show_manifest(call: Plain) -> Reply:
    """One manifest."""
    return json_reply(answer_manifest(await _visible(call)))


async def print_document(call: Plain) -> Reply:
    """The manifest to be signed."""
    content = await print_manifest(call.system, await _visible(call))
    return Reply(200, content, media_type=MEDIA_TYPE[Paper.PDF])


async def _visible(call: Plain) -> Manifest:
    name = ManifestId(call.path("manifest_id"))
    async with call.system.pool.acquire() as connection:
        found = await read_manifest(connection, name)
    if found is None or not call.actor.may_at(found.node):
        raise Refused(NotFound("manifest", name))
    return found


_EXAMPLE: Final = Manifest(
    examples.NODE.node,
    "parcel",
    examples.AT.date(),
    1,
    (ManifestParcel(LABEL.label_id, LABEL.tracking_number, LABEL.service, "W-1001", "Ada Park", 1_200),),
    examples.AT,
    "user/ann",
    ManifestState.CLOSED,
    reference="DC-PA.parcel.2026-11-23.1",
    answered_at=examples.AT,
)
_ANSWER: Final = answer_manifest(_EXAMPLE)
_PATH: Final = (("manifest_id", _EXAMPLE.manifest_id),)
_NONE: Final = NotFound("manifest", _EXAMPLE.manifest_id)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/manifests",
        name="close_day",
        summary="Put all parcels of a node that wait for a carrier on a manifest, and tell the carrier",
        tag="shipping",
        run=close,
        shown=(Shown(201, "The manifest, as far as the carrier answered", ManifestAnswer, _ANSWER),),
        body=Body(TypeAdapter(ManifestBody), {"node": "DC-PA", "carrier": "parcel"}),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(
            NotFound("node", "DC-PA"),
            NotPossibleNow("close the day", "no parcel waits for a manifest"),
            Invalid((FieldFlaw("/carrier", "is not connected here; connected are: parcel"),)),
            Busy(20),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/manifests",
        name="list_manifests",
        summary="Manifests, the newest first",
        tag="shipping",
        run=list_manifests,
        shown=(Shown(200, "A page of manifests", Page[ManifestAnswer], Page((_ANSWER,), None)),),
        body=NO_BODY,
        query=ManifestsQuery,
        scope="fulfillments:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="GET",
        path="/v1/manifests/{manifest_id}",
        name="read_manifest",
        summary="One manifest",
        tag="shipping",
        run=show_manifest,
        shown=(Shown(200, "The manifest", ManifestAnswer, _ANSWER),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(_NONE,),
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/manifests/{manifest_id}/document",
        name="print_manifest",
        summary="A manifest as PDF, to be signed",
        tag="shipping",
        run=print_document,
        shown=(Shown(200, "A PDF"),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(_NONE,),
        path_examples=_PATH,
    ),
)
