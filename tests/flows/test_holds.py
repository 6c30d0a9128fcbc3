"""Typed holds through the write door: what is written of them is what was decided, and rules hold new orders."""

from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, stock
from troth.flows.documents.families import HOLD_RULES
from troth.flows.door.system import System
from troth.flows.orders.capture import ContentLine, OrderContent, prepare
from troth.flows.orders.due import act_on_due, find_next_due
from troth.flows.orders.hold import HoldContent, prepare_hold
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.model.commands import AssignHold, ExtendHold, LiftHold, PlaceHold
from troth.model.hold_rules import BUILT_IN
from troth.model.hold_terms import AtEnd, Block, HoldTerms, Signal
from troth.model.ids import HoldId, LineId, OrderId, Sku
from troth.model.network import Address
from troth.model.order import Customer, Order
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.status import OrderStatus, next_due_at, order_status
from troth.store.orders import read_orders

H1 = HoldId("H1")


async def read(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def put_in_force(system: System, content: dict[str, object]) -> None:
    saved = await save_draft(system, HOLD_RULES, "desk", content, actor="ann")
    assert not isinstance(saved, Invalid), saved
    await activate(system, HOLD_RULES, "desk", 1, reason="test", actor="ann")


async def test_a_hold_is_read_as_it_was_placed_and_as_it_became(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 9})
    order = accepted(await system.door.one(capture(), actor="test"))
    until = clock.now.replace(hour=20)
    terms = HoldTerms(
        "fraud",
        (Block.RELEASE, Block.SHIP),
        AtEnd.ESCALATE,
        "boss",
        ("operator",),
        (Signal.SOURCED,),
        "order.units > 99",
    )
    placed = accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd", until, terms), actor="ann"))
    assert await read(system, order.order_id) == placed
    assert placed.holds[0].terms == terms

    given = accepted(await system.door.one(AssignHold(order.order_id, H1, "maya"), actor="ann"))
    assert await read(system, order.order_id) == given
    assert given.holds[0].terms.owner == "maya"

    later = accepted(await system.door.one(ExtendHold(order.order_id, H1, until.replace(hour=21)), actor="ann"))
    assert await read(system, order.order_id) == later
    assert await find_next_due(system) == until.replace(hour=21)

    clock.advance(hours=7)
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    handed_on = await read(system, order.order_id)
    assert (handed_on.holds[0].terms.owner, order_status(handed_on)) == ("boss", OrderStatus.ON_HOLD)
    assert (handed_on.holds[0].expires_at, next_due_at(handed_on)) == (None, None), "it is handed on once"
    assert await find_next_due(system) is None


async def test_a_type_that_is_not_there_is_refused_by_name(system: System) -> None:
    found = prepare_hold(system, OrderId("O-1"), HoldContent("frod"))
    assert isinstance(found, Invalid)
    assert found.flaws[0].pointer == "/type"
    assert "fraud" in found.flaws[0].detail


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (HoldContent("manual", blocks=()), "/blocks"),
        (HoldContent("manual", at_end=AtEnd.CANCEL), "/expires_at"),
        (HoldContent("manual", escalate_to="boss"), "/escalate_to"),
    ],
)
async def test_terms_that_do_not_fit_together_are_refused_by_field(
    system: System, content: HoldContent, flaw: str
) -> None:
    found = prepare_hold(system, OrderId("O-1"), content)
    assert isinstance(found, Invalid)
    assert [one.pointer for one in found.flaws] == [flaw]


async def test_a_hold_has_the_terms_of_its_type_but_for_what_is_said(system: System, clock: Clock) -> None:
    own = {"name": "tax", "owner": "finance", "hours": 2, "at_end": "cancel", "blocks": ["release", "change"]}
    await put_in_force(system, {"types": [own]})
    found = prepare_hold(system, OrderId("O-1"), HoldContent("tax", owner="ann"))
    assert isinstance(found, PlaceHold)
    assert found.terms == HoldTerms("ann", (Block.RELEASE, Block.CHANGE), AtEnd.CANCEL)
    assert found.expires_at is not None
    assert (found.expires_at - clock.now).total_seconds() == pytest.approx(7_200, abs=1)
    plain = prepare_hold(system, OrderId("O-1"), HoldContent("payment"))
    assert isinstance(plain, PlaceHold)
    assert plain.terms == BUILT_IN["payment"].terms


async def test_rules_look_at_what_the_customer_ordered_before(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 20})
    await put_in_force(
        system,
        {
            "rules": [
                {"name": "first", "when": "customer.orders == 0", "type": "fraud"},
                {"name": "new place", "when": "!customer.knows_address", "type": "address"},
                {"name": "twice", "when": "customer.same_orders > 0", "type": "manual"},
            ]
        },
    )

    async def types_of(external_id: str, **changes: Any) -> list[str]:
        content = content_of(external_id, **changes)
        command = await prepare(system, content)
        assert not isinstance(command, Invalid), command
        return [hold.type for hold in accepted(await system.door.one(command, actor="web")).holds]

    assert await types_of("W-1") == ["fraud", "address"]
    assert await types_of("W-2") == ["manual"], "known by now, but the very same goods again"
    assert await types_of("W-3", units=2) == []
    assert await types_of("W-4", units=3, line1="7 Other St") == ["address"]
    assert await types_of("W-5", units=3, customer="C-2", line1="7 Other St") == ["fraud", "address"]


def content_of(external_id: str, *, units: int = 1, line1: str = "1 Main St", customer: str = "C-1") -> OrderContent:
    return OrderContent(
        "web",
        external_id,
        (ContentLine(LineId("1"), Sku("A"), units),),
        ship_to=Address("US", "Ada Park", line1, "", "New York", "NY", "10001"),
        customer=Customer(customer),
    )


async def test_a_document_with_flaws_is_refused_by_field(system: System) -> None:
    flawed = {
        "types": [
            {"name": "Tax exempt"},
            {"name": "tax", "blocks": [], "at_end": "cancel"},
            {"name": "vat", "lift_when": "node.id == 'X'"},
        ],
        "rules": [{"name": "odd", "when": "order.valu > 1.0", "type": "fraud"}],
    }
    found = await save_draft(system, HOLD_RULES, "desk", flawed, actor="ann")
    assert isinstance(found, Invalid)
    assert [flaw.pointer for flaw in found.flaws] == [
        "/types/0/name",
        "/types/1/blocks",
        "/types/1/hours",
        "/types/2/lift_when",
        "/rules/0/when",
    ]
    assert FieldFlaw("/types/1/blocks", "must name something: a hold that blocks nothing is none") in found.flaws


async def test_a_promise_that_was_held_back_is_written_when_its_hold_is_lifted(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 9})
    await put_in_force(
        system,
        {
            "types": [{"name": "vet", "blocks": ["promise", "release"]}],
            "rules": [{"name": "all", "when": "order.units > 0", "type": "vet"}],
        },
    )
    order = accepted(await system.door.one(capture(), actor="web"))
    assert (await read(system, order.order_id)).allocations == ()
    assert order_status(order) is OrderStatus.ON_HOLD
    lifted = accepted(await system.door.one(LiftHold(order.order_id, H1), actor="ann"))
    assert await read(system, order.order_id) == lifted
    assert order_status(lifted) is OrderStatus.PROMISED
