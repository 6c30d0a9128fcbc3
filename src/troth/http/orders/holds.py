"""Typed holds of an order: placed, given to somebody else, given time, and lifted; and the types that there are."""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, StringConstraints, TypeAdapter

from troth.engine.evolve import evolve
from troth.flows.orders.hold import HoldContent, prepare_hold
from troth.flows.people.access import ADMIN, Actor
from troth.flows.people.users import ADMINISTRATOR
from troth.http.edge.body import Body, Instant, NoQuery, Strict, Text
from troth.http.edge.bounds import ensure_visible, order_id_of
from troth.http.edge.operations import NO_BODY, Call, Operation, Plain, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders import examples
from troth.http.orders.order_answer import answer_order
from troth.http.orders.order_replies import command_order
from troth.http.orders.order_shapes import OrderAnswer
from troth.http.orders.orders import NO_ORDER, ORDER_PATH
from troth.model.commands import AssignHold, ExtendHold, LiftHold
from troth.model.events import HoldAssigned, HoldExtended, HoldLifted, HoldPlaced
from troth.model.hold_rules import BUILT_IN, HoldType
from troth.model.hold_terms import AtEnd, Block, HoldTerms, Signal
from troth.model.ids import HoldId
from troth.model.order import Hold
from troth.model.refusals import FieldFlaw, Invalid, LiftReserved, NotFound, NotPossibleNow


class HoldBody(Strict):
    """A typed reason to keep something of the order from happening, and until when; without an end until it is lifted.
    What is left out is as the type says.
    """

    type: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
    reason: Text = ""
    expires_at: Instant | None = None
    owner: Annotated[Text | None, Field(description="The person or team that looks after it.")] = None
    blocks: Annotated[
        tuple[Annotated[Block, Field(strict=False)], ...] | None, Field(description="What it keeps from happening.")
    ] = None
    at_end: Annotated[AtEnd | None, Field(strict=False, description="What the clock does at `expires_at`.")] = None
    escalate_to: Annotated[Text | None, Field(description="Who looks after it once its time is over.")] = None

    def content(self) -> HoldContent:
        """The hold that is asked for."""
        return HoldContent(
            self.type, self.reason, self.expires_at, self.owner, self.blocks, self.at_end, self.escalate_to
        )


class AssignHoldBody(Strict):
    """Who looks after the hold from now on: a person or a team."""

    owner: Text


class ExtendHoldBody(Strict):
    """Until when the hold lasts at most from now on, and why."""

    expires_at: Instant
    reason: Text = ""


class HoldTypeAnswer(msgspec.Struct, frozen=True):
    """A type of hold, as its holds are placed: who looks after them, what they block, and what ends them."""

    name: str
    description: str
    owner: str
    blocks: tuple[Block, ...]
    hours: float | None
    at_end: AtEnd
    escalate_to: str
    lift_roles: tuple[str, ...]
    lift_on: tuple[Signal, ...]
    lift_when: str
    is_quiet: bool


class HoldTypesAnswer(msgspec.Struct, frozen=True):
    """The types of holds in force, by name."""

    types: tuple[HoldTypeAnswer, ...]


async def place_hold(call: Call[HoldBody, NoQuery]) -> Reply:
    """Keep something of the order from happening."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    return await command_order(
        call, prepare_hold(call.system, order_id, call.body.content()), expected=expected_of(call)
    )


async def assign_hold(call: Call[AssignHoldBody, NoQuery]) -> Reply:
    """Let somebody else look after a hold."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    command = AssignHold(order_id, HoldId(call.path("hold_id")), call.body.owner)
    return await command_order(call, command, expected=expected_of(call))


async def extend_hold(call: Call[ExtendHoldBody, NoQuery]) -> Reply:
    """Let the clock of a hold end later."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    command = ExtendHold(order_id, HoldId(call.path("hold_id")), call.body.expires_at, call.body.reason)
    return await command_order(call, command, expected=expected_of(call))


async def lift_hold(call: Plain) -> Reply:
    """End a hold."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    command = LiftHold(order_id, HoldId(call.path("hold_id")), role_of(call.actor))
    return await command_order(call, command, expected=expected_of(call))


def role_of(actor: Actor) -> str:
    """As what somebody lifts holds: their role; a key that may do everything stands for an administrator."""
    return actor.role or (ADMINISTRATOR if actor.may(ADMIN) else "")


async def list_hold_types(call: Call[Any, NoQuery]) -> Reply:
    """The types of holds in force."""
    door = call.system.door
    known = door.reference.holds_at(door.now()).types
    return json_reply(HoldTypesAnswer(tuple(_type(known[name]) for name in sorted(known))))


def _type(one: HoldType) -> HoldTypeAnswer:
    return HoldTypeAnswer(
        one.name,
        one.description,
        one.owner,
        one.blocks,
        one.hours,
        one.at_end,
        one.escalate_to,
        one.lift_roles,
        one.lift_on,
        one.lift_when,
        one.is_quiet,
    )


_HOLD: Final = Hold(
    HoldId("H1"), "fraud", "address differs", "key/desk", examples.AT, terms=HoldTerms("fraud", (Block.RELEASE,))
)
_HELD: Final = evolve(examples.ORDER, HoldPlaced(_HOLD))
_PATH: Final = (*ORDER_PATH, ("hold_id", "H1"))
_LATER: Final = examples.AT + timedelta(days=1)
_NO_HOLD: Final = NotFound("hold", "H1")


def _shown(description: str, *events: HoldAssigned | HoldExtended | HoldLifted) -> Shown:
    order = _HELD
    for event in events:
        order = evolve(order, event)
    answer = answer_order(order, examples.NETWORK, examples.CURRENCY, examples.AT)
    return Shown(200, description, OrderAnswer, answer)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/holds",
        name="place_hold",
        summary="Keep something of an order from happening: its release, or what the type of hold blocks",
        tag="orders",
        run=place_hold,
        shown=(_shown("The order, on hold"),),
        body=Body(TypeAdapter(HoldBody), {"type": "fraud", "reason": "address differs", "owner": "fraud"}),
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(
            NO_ORDER,
            NotPossibleNow("hold", "released"),
            Invalid((FieldFlaw("/expires_at", "a hold must end in the future"),)),
        ),
        path_examples=ORDER_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/holds/{hold_id}/assign",
        name="assign_hold",
        summary="Let somebody else look after a hold",
        tag="orders",
        run=assign_hold,
        shown=(_shown("The order as it is now", HoldAssigned(HoldId("H1"), "maya", examples.AT)),),
        body=Body(TypeAdapter(AssignHoldBody), {"owner": "maya"}),
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(
            NO_ORDER,
            _NO_HOLD,
            NotPossibleNow("assign", "lifted"),
            Invalid((FieldFlaw("/owner", "is required: who looks after it from now on"),)),
        ),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/holds/{hold_id}/extend",
        name="extend_hold",
        summary="Give a hold more time before its clock ends it",
        tag="orders",
        run=extend_hold,
        shown=(_shown("The order as it is now", HoldExtended(HoldId("H1"), _LATER, "they look for it", examples.AT)),),
        body=Body(
            TypeAdapter(ExtendHoldBody), {"expires_at": _LATER.isoformat(), "reason": "the customer looks for it"}
        ),
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(
            NO_ORDER,
            _NO_HOLD,
            NotPossibleNow("extend", "lifted"),
            Invalid((FieldFlaw("/expires_at", "has no meaning: no clock ends the hold"),)),
        ),
        path_examples=_PATH,
    ),
    Operation(
        method="DELETE",
        path="/v1/orders/{order_id}/holds/{hold_id}",
        name="lift_hold",
        summary="End a hold",
        tag="orders",
        run=lift_hold,
        shown=(_shown("The order as it is now", HoldLifted(HoldId("H1"))),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(NO_ORDER, _NO_HOLD, NotPossibleNow("lift", "lifted"), LiftReserved("H1", ("fraud_desk",))),
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/hold-types",
        name="list_hold_types",
        summary="The types of holds in force: what each blocks, who looks after it and what ends it",
        tag="orders",
        run=list_hold_types,
        shown=(Shown(200, "The types", HoldTypesAnswer, HoldTypesAnswer((_type(BUILT_IN["payment"]),))),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
    ),
)
