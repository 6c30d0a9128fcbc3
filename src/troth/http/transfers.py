"""Transfers: units from one node to another, planned as a whole and moved line by line."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from troth.flows import transfers
from troth.flows.configure import Set
from troth.flows.requests import Answer
from troth.flows.transfers import Moving, TransferNow
from troth.http.body import Body, Id, Instant, Name, NoQuery, Quantity, Strict, Text
from troth.http.idempotency import key_of, problem_answer, reply_of
from troth.http.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.preconditions import expected_of, path_id, set_reply
from troth.http.problems import Refused
from troth.http.replies import Reply, etag, json_reply
from troth.http.transfer_answer import EXAMPLE, TransferAnswer, answer_transfer
from troth.model.ids import NodeId, Sku
from troth.model.lifecycle import TransferEvent
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound, Refusal
from troth.model.transfer import Transfer, TransferLine
from troth.store.codec import encode_bytes

_LINES_MAX: Final = 5_000
LineNumber = Annotated[int, Field(ge=1, le=1_000_000)]


class TransferLineBody(Strict):
    """Units of a SKU that shall go."""

    line: Annotated[LineNumber | None, Field(description="Left out: its place in the list, from 1.")] = None
    sku: Id
    quantity: Quantity


class TransferBody(Strict):
    """All of a transfer."""

    from_: Annotated[Id, Field(alias="from", description="The node that sends.")]
    to: Annotated[Id, Field(description="The node that receives.")]
    expected_at: Annotated[Instant, Field(description="When what was shipped is on hand at the receiver.")]
    lines: Annotated[tuple[TransferLineBody, ...], Field(min_length=1, max_length=_LINES_MAX)]

    def transfer(self) -> Transfer:
        """The transfer that this is."""
        return Transfer(
            NodeId(self.from_),
            NodeId(self.to),
            self.expected_at,
            tuple(
                TransferLine(line.line or place, Sku(line.sku), line.quantity)
                for place, line in enumerate(self.lines, start=1)
            ),
        )


class MovedLineBody(Strict):
    """Units of one line, by its number."""

    line: LineNumber
    quantity: Quantity


class MoveBody(Strict):
    """Which units; without lines it is all that are left."""

    lines: Annotated[tuple[MovedLineBody, ...], Field(max_length=_LINES_MAX)] = ()


class LoseBody(Strict):
    """Which units will not arrive, and why; without lines it is all that are on their way."""

    reason: Annotated[Name, Field(description="Any word, such as `damaged` or `stolen`.")]
    lines: Annotated[tuple[MovedLineBody, ...], Field(max_length=_LINES_MAX)] = ()


class TransfersQuery(PageQuery):
    """Which transfers."""

    node: Annotated[Text | None, Field(description="Only those from or to this node.", examples=["DC-PA"])] = None


async def put_transfer(call: Call[TransferBody, NoQuery]) -> Reply:
    """Create or replace a transfer."""
    transfer_id = path_id(call, "transfer_id")
    done = await transfers.set_transfer(
        call.system, transfer_id, call.body.transfer(), actor=call.actor, expected=expected_of(call)
    )
    if not isinstance(done, Set):
        raise Refused(done)
    found = await transfers.read(call.system, transfer_id)
    if found is None:
        raise Refused(NotFound("transfer", transfer_id))
    return set_reply(done, answer_transfer(transfer_id, found.value))


async def get_transfer(call: Plain) -> Reply:
    """One transfer."""
    transfer_id = call.path("transfer_id")
    found = await transfers.read(call.system, transfer_id)
    if found is None or not _is_visible(call, found.value):
        raise Refused(NotFound("transfer", transfer_id))
    return json_reply(answer_transfer(transfer_id, found.value), headers=(etag(found.version),))


async def list_transfers(call: Call[Nothing, TransfersQuery]) -> Reply:
    """A page of transfers, by id."""
    asked = call.query
    bound = call.actor.nodes
    if asked.node is not None and not call.actor.may_at(asked.node):
        raise Refused(NotFound("node", asked.node))
    nodes = sorted(bound) if bound is not None and asked.node is None else asked.node and [asked.node]
    after = decode_cursor(asked.cursor, tuple[str])
    found = await transfers.find(
        call.system, nodes=nodes or None, after=after[0] if after else None, limit=asked.limit + 1
    )
    return page_reply(
        call, found, limit=asked.limit, shown=lambda one: answer_transfer(*one), position=lambda one: (one[0],)
    )


async def ship_transfer(call: Call[MoveBody, NoQuery]) -> Reply:
    """Units leave the sender."""
    return await _move(call, TransferEvent.SHIP, call.body.lines)


async def receive_transfer(call: Call[MoveBody, NoQuery]) -> Reply:
    """Units arrived."""
    return await _move(call, TransferEvent.RECEIVE, call.body.lines)


async def lose_transfer(call: Call[LoseBody, NoQuery]) -> Reply:
    """Units will not arrive."""
    return await _move(call, TransferEvent.LOSE, call.body.lines, call.body.reason)


async def _move(
    call: Call[MoveBody, NoQuery] | Call[LoseBody, NoQuery],
    event: TransferEvent,
    lines: tuple[MovedLineBody, ...],
    reason: str = "",
) -> Reply:
    transfer_id = path_id(call, "transfer_id")

    def render(done: TransferNow | Refusal) -> Answer:
        if isinstance(done, TransferNow):
            return Answer(200, encode_bytes(answer_transfer(transfer_id, done)))
        return problem_answer(done)

    moving = Moving(event, _quantities(lines), reason)
    answer = await transfers.move_transfer(
        call.system, transfer_id, moving, actor=call.actor, key=key_of(call), render=render
    )
    return reply_of(answer)


def _quantities(lines: tuple[MovedLineBody, ...]) -> Mapping[int, int]:
    quantities: dict[int, int] = {}
    flaws = []
    for place, line in enumerate(lines):
        if line.line in quantities:
            flaws.append(FieldFlaw(f"/lines/{place}/line", f"line {line.line} occurs twice"))
        quantities[line.line] = line.quantity
    if flaws:
        raise Refused(Invalid(tuple(flaws)))
    return quantities


def _is_visible(call: Plain, now: TransferNow) -> bool:
    return call.actor.may_at(now.transfer.sender) or call.actor.may_at(now.transfer.receiver)


_ID: Final = (("transfer_id", "T-7"),)
_NONE: Final = NotFound("transfer", "T-7")
_BODY: Final = Body(
    TypeAdapter(TransferBody),
    {
        "from": "DC-PA",
        "to": "ST-NYC",
        "expected_at": "2026-12-01T09:00:00-05:00",
        "lines": [{"sku": "A-1001", "quantity": 10}],
    },
)
_MOVE: Final = Body(TypeAdapter(MoveBody), {"lines": [{"line": 1, "quantity": 8}]}, is_optional=True)
_LOSE: Final = Body(TypeAdapter(LoseBody), {"reason": "damaged", "lines": [{"line": 1, "quantity": 1}]})

OPERATIONS = (
    Operation(
        method="PUT",
        path="/v1/transfers/{transfer_id}",
        name="put_transfer",
        summary="Create or replace a transfer between two nodes",
        tag="inventory",
        run=put_transfer,
        shown=(
            Shown(200, "The transfer, replaced", TransferAnswer, EXAMPLE),
            Shown(201, "The transfer, new", TransferAnswer, EXAMPLE),
        ),
        body=_BODY,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/lines/0/quantity", "8 units have left already"),)), Busy(1)),
        has_if_match=True,
        path_examples=_ID,
    ),
    Operation(
        method="GET",
        path="/v1/transfers/{transfer_id}",
        name="get_transfer",
        summary="Read a transfer with where its units are",
        tag="inventory",
        run=get_transfer,
        shown=(Shown(200, "The transfer; its version is the ETag", TransferAnswer, EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="inventory:read",
        refusals=(_NONE,),
        path_examples=_ID,
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
        body=_MOVE,
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
        body=_MOVE,
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
