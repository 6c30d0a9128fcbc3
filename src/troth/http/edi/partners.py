"""Trading partners: set, read, listed and deleted."""

import json
from typing import Any, Final

from pydantic import TypeAdapter

from troth.flows.edi.partners import forget_partner, set_partner
from troth.flows.records.configure import Set
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import NO_CONTENT, Reply, etag, json_reply
from troth.http.edi.partner_body import EdiPartnerAnswer, EdiPartnerBody, answer_partner
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.edi_partners import find_partners, read_partner


async def put_partner(call: Call[EdiPartnerBody, NoQuery]) -> Reply:
    """Create or replace a trading partner."""
    partner = call.body.partner(path_id(call, "partner_id"))
    done = await set_partner(call.system, partner, actor=call.actor.name, expected=expected_of(call))
    if not isinstance(done, Set):
        raise Refused(done)
    return set_reply(done, answer_partner(partner))


async def get_partner(call: Plain) -> Reply:
    """One trading partner."""
    name = call.path("partner_id")
    async with call.system.pool.acquire() as connection:
        found = await read_partner(connection, name)
    if found is None:
        raise Refused(NotFound("trading partner", name))
    return json_reply(answer_partner(found.value), headers=(etag(found.version),))


async def list_partners(call: Call[Nothing, PageQuery]) -> Reply:
    """A page of trading partners, by id."""
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str])
    async with call.system.pool.acquire() as connection:
        found = await find_partners(connection, after=after[0] if after else None, limit=asked.limit + 1)
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_partner(one.value),
        position=lambda one: (one.value.partner,),
    )


async def delete_partner(call: Plain) -> Reply:
    """Delete a trading partner."""
    refusal = await forget_partner(call.system, call.path("partner_id"), actor=call.actor.name)
    if refusal is not None:
        raise Refused(refusal)
    return NO_CONTENT


_EXAMPLE_BODY: Final[dict[str, Any]] = {
    "name": "East coast warehouse",
    "syntax": "x12",
    "version": "004010",
    "us": {"identification": "TROTHRETAIL", "qualifier": "ZZ"},
    "them": {"identification": "3PLEAST", "qualifier": "ZZ"},
    "usage": "production",
    "documents": "warehouse",
    "nodes": ["3PL-1"],
    "acknowledgment": "997",
    "acknowledge_minutes": 60,
    "by": "folder",
    "habits": {"our_number": "DEP-77", "partner_number": "WH-EAST", "time_zone": "America/New_York"},
}
_BODY: Final = Body(TypeAdapter(EdiPartnerBody), _EXAMPLE_BODY)
PARTNER: Final = _BODY.parse(json.dumps(_EXAMPLE_BODY).encode()).partner("3PL-EAST")
"""The partner of the examples."""
_EXAMPLE: Final = answer_partner(PARTNER)
PARTNER_PATH: Final = (("partner_id", PARTNER.partner),)
NO_PARTNER: Final = NotFound("trading partner", PARTNER.partner)

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="PUT",
        path="/v1/edi-partners/{partner_id}",
        name="put_edi_partner",
        summary="Create or replace a trading partner with whom interchanges are exchanged",
        tag="configuration",
        run=put_partner,
        shown=(
            Shown(200, "The partner, replaced or as it was already", EdiPartnerAnswer, _EXAMPLE),
            Shown(201, "The partner, new", EdiPartnerAnswer, _EXAMPLE),
        ),
        body=_BODY,
        query=NoQuery,
        scope="configuration:write",
        refusals=(Invalid((FieldFlaw("/version", "must be one of 004010, 005010 in x12"),)),),
        has_if_match=True,
        path_examples=PARTNER_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/edi-partners/{partner_id}",
        name="get_edi_partner",
        summary="Read a trading partner",
        tag="configuration",
        run=get_partner,
        shown=(Shown(200, "The partner; its version is the ETag", EdiPartnerAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:read",
        refusals=(NO_PARTNER,),
        path_examples=PARTNER_PATH,
    ),
    Operation(
        method="DELETE",
        path="/v1/edi-partners/{partner_id}",
        name="delete_edi_partner",
        summary="Delete a trading partner by which no node is reached; what was exchanged with it stays",
        tag="configuration",
        run=delete_partner,
        shown=(Shown(204, "It is gone"),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:write",
        refusals=(NO_PARTNER, Invalid((FieldFlaw("/partner_id", "3PL-1 must be reached by something else first"),))),
        path_examples=PARTNER_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/edi-partners",
        name="list_edi_partners",
        summary="List trading partners, by id",
        tag="configuration",
        run=list_partners,
        shown=(Shown(200, "A page of partners", Page[EdiPartnerAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=PageQuery,
        scope="configuration:read",
    ),
)
