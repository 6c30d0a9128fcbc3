"""Transfers: units from one node to another, planned as a whole and moved line by line."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from troth.flows.door.requests import Answer
from troth.flows.records.configure import Set
from troth.flows.stock.move_transfer import Moving, move_transfer
from troth.flows.stock.transfer_now import TransferNow, find, may_see, read
from troth.flows.stock.transfers import set_transfer
from troth.http.edge.body import Body, NoQuery, Text
from troth.http.edge.idempotency import key_of, problem_answer, reply_of
from troth.http.edge.measures import known_items
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.whole_operations import put_and_read
from troth.http.stock.transfer_answer import EXAMPLE, TransferAnswer, answer_transfer
from troth.http.stock.transfer_body import (
    EndedLineBody,
    LoseBody,
    ReceiveBody,
    ShipBody,
    ShippedLineBody,
    TransferBody,
    moved_lines,
)
from troth.model.lifecycle import TransferEvent
from troth.model.refusals import FieldFlaw, Invalid, NotFound, Refusal
from troth.store.codec import encode_bytes


class TransfersQuery(PageQuery):
    """Which transfers."""

    node: Annotated[Text | None, Field(description="Only those from or to this node.", examples=["DC-PA"])] = None


async def put_transfer(call: Call[TransferBody, NoQuery]) -> Reply:
    """Create or replace a transfer."""
    transfer_id = path_id(call, "transfer_id")
    items = await known_items(call, [line.sku for line in call.body.lines])
    done = await set_transfer(
        call.system, transfer_id, call.body.transfer(items), actor=call.actor, expected=expected_of(call)
    )
    if not isinstance(done, Set):
        raise Refused(done)
    found = await read(call.system, transfer_id)
    if found is None:
        raise Refused(NotFound("transfer", transfer_id))
    return set_reply(done, answer_transfer(transfer_id, found.value, items, call.system.door.now()))


async def get_transfer(call: Plain) -> Reply:
    """One transfer."""
    transfer_id = call.path("transfer_id")
    found = await read(call.system, transfer_id)
    if found is None or not may_see(call.actor, found.value.transfer):
        raise Refused(NotFound("transfer", transfer_id))
    items = await known_items(call, [line.sku for line in found.value.transfer.lines])
    return json_reply(
        answer_transfer(transfer_id, found.value, items, call.system.door.now()), headers=(etag(found.version),)
    )


async def list_transfers(call: Call[Nothing, TransfersQuery]) -> Reply:
    """A page of transfers, by id."""
    asked = call.query
    bound = call.actor.nodes
    if asked.node is not None and not call.actor.may_at(asked.node):
        raise Refused(NotFound("node", asked.node))
    nodes = sorted(bound) if bound is not None and asked.node is None else asked.node and [asked.node]
    after = decode_cursor(asked.cursor, tuple[str])
    found = await find(call.system, nodes=nodes or None, after=after[0] if after else None, limit=asked.limit + 1)
    items, now = (
        await known_items(call, [line.sku for _, one in found for line in one.transfer.lines]),
        call.system.door.now(),
    )
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_transfer(*one, items, now),
        position=lambda one: (one[0],),
    )


async def ship_transfer(call: Call[ShipBody, NoQuery]) -> Reply:
    """Units leave the sender."""
    return await _move(call, TransferEvent.SHIP, call.body.lines)


async def receive_transfer(call: Call[ReceiveBody, NoQuery]) -> Reply:
    """Units arrived."""
    return await _move(call, TransferEvent.RECEIVE, call.body.lines)


async def lose_transfer(call: Call[LoseBody, NoQuery]) -> Reply:
    """Units will not arrive."""
    return await _move(call, TransferEvent.LOSE, call.body.lines, call.body.reason)


async def _move(
    call: Call[Any, NoQuery],
    event: TransferEvent,
    lines: Sequence[ShippedLineBody | EndedLineBody],
    reason: str = "",
) -> Reply:
    transfer_id = path_id(call, "transfer_id")
    reference = call.system.door.reference

    def render(done: TransferNow | Refusal) -> Answer:
        if isinstance(done, TransferNow):
            return Answer(
                200, encode_bytes(answer_transfer(transfer_id, done, reference.items, call.system.door.now()))
            )
        return problem_answer(done)

    moving = Moving(event, lambda transfer: moved_lines(lines, transfer, reference.items), reason)
    return reply_of(
        await move_transfer(call.system, transfer_id, moving, actor=call.actor, key=key_of(call), render=render)
    )


_ID: Final = (("transfer_id", "T-7"),)
_NONE: Final = NotFound("transfer", "T-7")
_BODY: Final = Body(
    TypeAdapter(TransferBody),
    {
        "from": "DC-PA",
        "to": "ST-NYC",
        "expected_at": "2026-12-01T09:00:00-05:00",
        "lines": [{"sku": "A-1001", "quantity": 10}, {"sku": "A-2001", "quantity": 4, "lot": "L-77"}],
    },
)
_SHIP: Final = Body(TypeAdapter(ShipBody), {"lines": [{"line": 1, "quantity": 8}]}, is_optional=True)
_RECEIVE: Final = Body(
    TypeAdapter(ReceiveBody), {"lines": [{"line": 1, "quantity": 8, "lot": "L-77"}]}, is_optional=True
)
_LOSE: Final = Body(TypeAdapter(LoseBody), {"reason": "damaged", "lines": [{"line": 1, "quantity": 1}]})

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    *put_and_read(
        path="/v1/transfers/{transfer_id}",
        missing=_NONE,
        put=put_transfer,
        read=get_transfer,
        summaries=("Create or replace a transfer between two nodes", "Read a transfer with where its units are"),
        body=_BODY,
        answer=TransferAnswer,
        example=EXAMPLE,
        flaw=FieldFlaw("/lines/0/quantity", "8 units have left already"),
    ),
    Operation(
        method="GET",
        path="/v1/transfers",
        name="list_transfers",
        summary="List transfers, by id",
        tag="inventory",
        run=list_transfers,
        shown=(Shown(200, "A page of transfers", Page[TransferAnswer], Page((EXAMPLE,), None)),),
        body=NO_BODY,
        query=TransfersQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="POST",
        path="/v1/transfers/{transfer_id}/ship",
        name="ship_transfer",
        summary="Ship units of a transfer: they leave the sender and are supply of the receiver",
        tag="inventory",
        run=ship_transfer,
        shown=(Shown(200, "The transfer as it is now", TransferAnswer, EXAMPLE),),
        body=_SHIP,
        query=NoQuery,
        scope="inventory:write",
        refusals=(
            _NONE,
            Invalid((FieldFlaw("/lines/0/quantity", "only 4 unreserved units of A-1001 are at DC-PA"),)),
        ),
        path_examples=_ID,
    ),
    Operation(
        method="POST",
        path="/v1/transfers/{transfer_id}/receive",
        name="receive_transfer",
        summary="Receive units of a transfer: they are on hand and cover the orders that wait for them",
        tag="inventory",
        run=receive_transfer,
        shown=(Shown(200, "The transfer as it is now", TransferAnswer, EXAMPLE),),
        body=_RECEIVE,
        query=NoQuery,
        scope="inventory:write",
        refusals=(_NONE, Invalid((FieldFlaw("/lines/0/quantity", "only 4 units of line 1 are on their way"),))),
        path_examples=_ID,
    ),
    Operation(
        method="POST",
        path="/v1/transfers/{transfer_id}/lose",
        name="lose_transfer",
        summary="Give up units of a transfer that will not arrive",
        tag="inventory",
        run=lose_transfer,
        shown=(Shown(200, "The transfer as it is now", TransferAnswer, EXAMPLE),),
        body=_LOSE,
        query=NoQuery,
        scope="inventory:write",
        refusals=(_NONE, Invalid((FieldFlaw("/lines/0/quantity", "only 4 units of line 1 are on their way"),))),
        path_examples=_ID,
    ),
)
