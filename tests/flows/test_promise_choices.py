"""A customer whose promise is worse is told so once, with what they could have instead at that moment."""

from dataclasses import replace
from datetime import datetime

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.flows.moving import ANN, LATER, PA, A, B, assert_sound, line, log, order_of, read, settle
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.system import System
from troth.flows.orders.repromise import try_parked
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.http.app import OPERATIONS
from troth.model import choice
from troth.model.choice import Choice, ChoiceKind, ChoiceLine
from troth.model.commands import LineQuantity, PickWork, ReleaseOrder
from troth.model.events import PromiseChanged, PromiseMove
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.item import Substitute
from troth.model.order import Consent, Order, Terms
from troth.model.status import promise_of

ONE, C = LineId("1"), Sku("C")


async def _told(system: System, order_id: OrderId) -> list[PromiseChanged]:
    return [event for event in await log(system, order_id) if isinstance(event, PromiseChanged)]


async def _promise(system: System, order_id: OrderId) -> datetime | None:
    return promise_of(await read(system, order_id), ONE)


def _lines(units: int) -> tuple[ChoiceLine, ...]:
    return (ChoiceLine(ONE, units),)


def _keep(units: int, at: datetime | None) -> Choice:
    return Choice(ChoiceKind.KEEP, _lines(units), at)


def _cancel(units: int) -> Choice:
    return Choice(ChoiceKind.CANCEL, _lines(units), operation="cancel_order")


async def test_a_promise_that_is_lost_without_another_date_is_told_once(system: System, clock: Clock) -> None:
    await stock(system, {("A", PA): 2})
    order_id = await order_of(system, "W-1", 2)
    was = await _promise(system, order_id)

    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    await settle(system)
    await system.pool.execute("UPDATE cursors SET xid = '0', seq = 0")
    await settle(system)
    clock.advance(hours=1)
    assert await try_parked(system, system.door.now()) == 0

    (told,) = await _told(system, order_id)
    assert told.lines == (PromiseMove(ONE, A, 2, was, None),)
    assert told.choices == (_keep(2, None), _cancel(2))
    assert (told.reason, told.customer.email) == ("A at DC-PA is short", "ada@example.com")
    await assert_sound(system)


async def test_what_was_lost_and_can_be_had_again_is_told_again_also_for_the_old_date(system: System) -> None:
    await stock(system, {("A", PA): 2})
    order_id = await order_of(system, "W-1", 2)
    was = await _promise(system, order_id)
    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    await settle(system)

    await adjust(system, [Adjustment(PA, A, 2, "found")], actor=ANN)
    await settle(system)

    lost, again = await _told(system, order_id)
    assert lost.lines == (PromiseMove(ONE, A, 2, was, None),)
    assert (again.lines, again.choices) == ((PromiseMove(ONE, A, 2, None, was),), ())


async def test_of_a_line_only_the_lost_units_are_told_as_lost_and_then_those_that_come_later(system: System) -> None:
    await stock(system, {("A", PA): 3})
    order_id = await order_of(system, "W-1", 3)
    was = await _promise(system, order_id)
    await count(system, PA, system.door.now(), [Counted(A, 1)], actor=ANN)
    await settle(system)
    await expect(system, "P-1", (line(5),), actor=ANN)
    await settle(system)

    lost, later = await _told(system, order_id)
    assert (lost.lines, lost.choices) == ((PromiseMove(ONE, A, 2, was, None),), (_keep(2, None), _cancel(2)))
    now_at = await _promise(system, order_id)
    assert later.lines == (PromiseMove(ONE, A, 3, was, now_at),)
    assert later.choices == (_keep(3, now_at), _cancel(3))


async def test_what_a_node_cannot_find_and_nobody_else_has_is_told_as_lost(system: System) -> None:
    await stock(system, {("A", PA): 2})
    order_id = await order_of(system, "W-1", 2)
    was = await _promise(system, order_id)
    order = accepted(await system.door.one(ReleaseOrder(order_id), actor="ann"))

    work = order.fulfillments[0].fulfillment_id
    picked = PickWork(work, (LineQuantity(ONE, 1, "not_found"),))
    accepted(await system.door.one(picked, actor="ann"))

    (told,) = await _told(system, order_id)
    assert told.lines == (PromiseMove(ONE, A, 1, was, None),)
    assert told.choices == (_keep(1, None), _cancel(1))


async def test_better_news_has_no_choices(system: System) -> None:
    await expect(system, "P-1", (line(1),), actor=ANN)
    await expect(system, "P-2", (line(9, LATER),), actor=ANN)
    await order_of(system, "first")
    order_id = await order_of(system, "second")
    before = await _promise(system, order_id)

    await adjust(system, [Adjustment(PA, A, 3, "receipt", "P-1")], actor=ANN)

    (told,) = await _told(system, order_id)
    (move,) = told.lines
    assert move.before == before
    assert move.before is not None
    assert move.after is not None
    assert move.after < move.before
    assert told.choices == ()


async def _consenting(system: System, name: str, units: int, consent: Consent) -> Order:
    """An order of A whose customer has said so about B or C, at a dollar more and a dollar less."""
    instead = (Substitute(B, 100), Substitute(C, -100))
    await set_up(system.pool, nodes=(), items=(item(A, substitutes=instead),))
    await system.door.follow()
    terms = Terms(substitutes=consent)
    command = capture(name, {"A": units})
    lines = tuple(replace(one, terms=terms) for one in command.lines)
    return accepted(await system.door.one(replace(command, lines=lines), actor="web"))


async def _store(system: System) -> None:
    """A store that hands over, and does not ship."""
    await set_up(system.pool, nodes=(node("ST-NYC"),), items=())
    await system.door.follow()
    no_ship = {"name": "hands over only", "where": "node.type == 'store'", "methods": ["ship"]}
    saved = await save_draft(system, EXPOSURE_RULES, "stores", {"exclusions": [no_ship]}, actor="ann")
    assert isinstance(saved, Saved)
    await activate(system, EXPOSURE_RULES, "stores", saved.document.version, reason="test", actor="ann")


async def test_a_later_date_comes_with_the_substitutes_that_are_sooner(system: System) -> None:
    await expect(system, "P-1", (line(5),), actor=ANN)
    order = await _consenting(system, "W-1", 2, Consent.OFFER)
    was = promise_of(order, ONE)
    await stock(system, {("B", PA): 2, ("C", PA): 1})  # of C there are too few
    await expect(system, "P-1", (line(5, LATER),), actor=ANN)
    await settle(system)

    (told,) = await _told(system, order.order_id)
    now_at = await _promise(system, order.order_id)
    assert told.lines == (PromiseMove(ONE, A, 2, was, now_at),)
    keep, cancel, substitute = told.choices
    assert (keep, cancel) == (_keep(2, now_at), _cancel(2))
    assert (substitute.kind, substitute.sku, substitute.price_delta_minor) == (ChoiceKind.SUBSTITUTE, B, 100)
    assert substitute.operation == "change_order"
    assert substitute.promised_at is not None
    assert now_at is not None
    assert substitute.promised_at < now_at
    assert substitute.lines == _lines(2)


async def test_a_lost_promise_comes_with_the_store_that_hands_over_but_does_not_ship(system: System) -> None:
    await _store(system)
    await stock(system, {("A", PA): 2, ("A", "ST-NYC"): 2})
    order_id = await order_of(system, "W-1", 2)
    was = await _promise(system, order_id)

    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    await settle(system)

    (told,) = await _told(system, order_id)
    assert told.lines == (PromiseMove(ONE, A, 2, was, None),)
    keep, cancel, pickup = told.choices
    assert (keep, cancel) == (_keep(2, None), _cancel(2))
    assert (pickup.kind, pickup.node, pickup.lines) == (ChoiceKind.PICKUP, NodeId("ST-NYC"), ())
    assert pickup.operation == "change_order"
    assert pickup.promised_at is not None


async def test_what_does_not_suffice_for_the_whole_line_is_not_offered(system: System) -> None:
    await _store(system)
    await stock(system, {("A", PA): 2, ("A", "ST-NYC"): 1, ("B", PA): 1})
    order = await _consenting(system, "W-1", 2, Consent.OFFER)

    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    await settle(system)

    (told,) = await _told(system, order.order_id)
    assert told.choices == (_keep(2, None), _cancel(2))


def test_every_choice_that_needs_one_names_an_operation_of_the_api() -> None:
    names = {operation.name for operation in OPERATIONS}
    assert choice.OPERATIONS.keys() == set(ChoiceKind)
    assert {name for name in choice.OPERATIONS.values() if name} <= names
