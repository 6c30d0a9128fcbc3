"""Worlds in which something needs a person, one for each source of exceptions, so that a kind of fix can settle it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any, Final

from tests.builders import LOS_ANGELES, Clock, accepted, capture, item, node, set_up, stock
from tests.flows.moving import ANN
from tests.payments.paying import paid, settle_all
from troth.flows.documents.families import RELEASE_RULES, RETURN_RULES
from troth.flows.door.system import System
from troth.flows.nodes.tell import tell_nodes
from troth.flows.orders.acceptance import act_on_acceptance
from troth.flows.orders.change_wave import change_wave
from troth.flows.orders.due import act_on_due
from troth.flows.orders.returns import ReturnContent, prepare_open, prepare_receive
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.flows.records.configure import set_item
from troth.flows.records.customers import set_terms
from troth.flows.stock.expect import expect
from troth.flows.tracking.watch import Watcher, follow_watched, look_at_due
from troth.model.commands import (
    DeliverWork,
    ExpectedLine,
    LineQuantity,
    PickWork,
    PlaceHold,
    RecordTracking,
    ReleaseOrder,
    ShipWork,
)
from troth.model.credit import CustomerTerms
from troth.model.exceptions import Source
from troth.model.fix import FOR, FixKind
from troth.model.hold_rules import BUILT_IN
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.item import Substitute
from troth.model.lifecycle import WaveEvent
from troth.model.network import Calendar
from troth.model.node_link import NodeLink, Reach
from troth.model.order import Customer, Line, Order, Package, Terms
from troth.model.refusals import Invalid
from troth.model.return_moves import ArrivedUnits, AskedUnits
from troth.model.returns import ReturnMethod
from troth.model.routing_guide import ROUTING_GUIDE, RoutingGuide
from troth.store.database import Pool

CASES: Final = tuple((source, kind) for kind in FixKind for source in sorted(FOR[kind]))
"""Every source of exceptions with every kind of fix that may settle it."""
ONE: Final = LineId("1")
A, B, V, L = (Sku(name) for name in "ABVL")
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")
OFFICE: Final = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))
_WAVES: Final = {"waves": [{"name": "parcels", "times": ["11:00:00"], "where": "node.id == 'DC-PA'"}]}
_FIRST: Final = "parcels~DC-PA~20261123T1600Z"
_HOLD_REFUNDS: Final = {"risks": [{"name": "many units", "when": "rma.units > 1", "action": "hold"}]}


@dataclass(frozen=True, slots=True)
class World:
    """A system with its clock, on a Monday at ten in New York."""

    system: System
    clock: Clock

    async def order(self, name: str, sku: Sku = A, units: int = 2, **changes: Any) -> Order:
        """An order; with `line` changes of that line, and a second line of one `B` where the world is `mixed`."""
        line = Line(ONE, sku, units, 1990, **changes.pop("line", {}))
        more = (Line(LineId("2"), B, 1, 1990),) if changes.pop("is_mixed", False) else ()
        made = replace(capture(name, {str(sku): units}, **changes), lines=(line, *more))
        return accepted(await self.system.door.one(made, actor="web"))

    async def released(self, order: Order) -> Order:
        return accepted(await self.system.door.one(ReleaseOrder(order.order_id), actor="web"))

    async def follow(self) -> None:
        """Look at all work that something happened to, as a worker does."""
        while await follow_watched(self.system.pool, self.system.door.now()):
            pass
        while await look_at_due(self.system, Watcher()):
            pass

    async def publish(self, family: Any, body: Mapping[str, Any]) -> None:
        await save_draft(self.system, family, "test", dict(body), actor="ann")
        await activate(self.system, family, "test", 1, reason="test", actor="ann")


async def furnish(pool: Pool) -> None:
    """Write the nodes and items of every world."""
    link = NodeLink(Reach.API, acknowledge_minutes=60, ship_minutes=240, contact="Ben Ode, +1 717 555 0100")
    nodes = (
        node("DC-PA"),
        node("DC-IL"),
        node("DC-CA"),
        node("ST-NYC"),
        node("V-1", calendar=OFFICE, feed_minutes=15, acceptance_minutes=240, latitude=40.7),
        node("3PL-1", calendar=OFFICE, link=link, latitude=40.7, processing_hours=6.0),
    )
    await set_up(pool, nodes=nodes, items=tuple(item(sku) for sku in (A, B, V, L)))


async def _put(world: World, *lots: tuple[str, str, int]) -> None:
    """Put units on hand, by item and node."""
    await stock(world.system, {(sku, name): units for sku, name, units in lots if units})


async def _lines(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """What was promised was not found at its node."""
    count, is_mixed = len(names), kind is FixKind.PARTIAL
    wish: dict[str, Any] = {}
    if kind is FixKind.SPLIT:
        wish = {"terms": Terms(line_complete=True)}
    if kind is FixKind.NEW_DATE:
        wish = {"need_by": world.clock.now + timedelta(days=3), "terms": Terms(need_by_firm=True)}
    if kind is FixKind.SUBSTITUTE:
        await set_item(world.system, item(A, substitutes=(Substitute(B, -490),)), actor="ann")
    await _put(world, (A, PA, 2 * count), (B, PA, count if is_mixed else 0))
    for name in names:
        order = await world.released(await world.order(name, line=wish, is_mixed=is_mixed))
        rest = (LineQuantity(LineId("2"), 1),) if is_mixed else ()
        lines = (LineQuantity(ONE, 0, "not_found"), *rest)
        for work in order.fulfillments:
            accepted(await world.system.door.one(PickWork(work.fulfillment_id, lines), actor="node"))
    if kind in (FixKind.RE_SOURCE, FixKind.UPGRADE_SERVICE):
        await stock(world.system, {(A, IL): 2 * count})
    if kind is FixKind.SPLIT:
        await stock(world.system, {(A, IL): count, (A, "DC-CA"): count})
    if kind is FixKind.SUBSTITUTE:
        await stock(world.system, {(B, IL): 2 * count})
    if kind is FixKind.OTHER_PICKUP:
        await stock(world.system, {(A, "ST-NYC"): 2 * count})
    if kind is FixKind.NEW_DATE:
        later = ExpectedLine(1, IL, A, 2 * count, world.clock.now + timedelta(days=10))
        await expect(world.system, "P-1", (later,), actor=ANN)


async def _needs(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """What is promised comes after it is needed."""
    count, hours = len(names), 6
    if kind in (FixKind.RE_SOURCE, FixKind.SUBSTITUTE, FixKind.OTHER_PICKUP, FixKind.UPGRADE_SERVICE):
        hours = 40
    if kind is FixKind.SUBSTITUTE:
        await set_item(world.system, item(A, substitutes=(Substitute(B, 0),)), actor="ann")
    is_mixed = kind is FixKind.PARTIAL
    await _put(world, (A, "DC-CA", 2 * count), (B, PA, count if is_mixed else 0))
    need_by = world.clock.now + timedelta(hours=hours)
    for name in names:
        await world.order(name, line={"need_by": need_by}, is_mixed=is_mixed, service="standard")
    near = {FixKind.RE_SOURCE: (A, "ST-NYC"), FixKind.SUBSTITUTE: (B, "ST-NYC"), FixKind.OTHER_PICKUP: (A, "ST-NYC")}
    if kind in near:
        await stock(world.system, {near[kind]: 2 * count})


async def _works(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """Work is at its node after it had to leave."""
    await _at_nodes(world, kind, names, A, PA)
    world.clock.advance(days=3)


async def _acceptances(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """A vendor did not accept its work in time."""
    await _at_nodes(world, kind, names, V, NodeId("V-1"))
    world.clock.advance(hours=4, minutes=20)
    assert await act_on_acceptance(world.system, world.system.door.now(), limit=10) == len(names)


async def _silences(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """A node with a system of its own does not acknowledge what it was told."""
    await _at_nodes(world, kind, names, L, NodeId("3PL-1"))
    while await tell_nodes(world.system):
        pass
    world.clock.advance(minutes=61)


async def _alerts(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """Work that should have been picked by now will probably be late."""
    await _at_nodes(world, kind, names, A, PA)
    world.clock.advance(hours=30)
    await world.follow()


async def _at_nodes(world: World, kind: FixKind, names: Sequence[str], sku: Sku, at: NodeId) -> None:
    """Orders that are released to a node, and of which other nodes can have as many units."""
    is_mixed = kind is FixKind.PARTIAL
    far: dict[str, Any] = {"ship_to": LOS_ANGELES} if kind is FixKind.UPGRADE_SERVICE else {}
    await _put(world, (sku, at, 2 * len(names)), (B, IL, len(names) if is_mixed else 0))
    for name in names:
        order = await world.released(await world.order(name, sku, is_mixed=is_mixed, **far))
        for work in order.fulfillments:
            if is_mixed and work.node == IL:
                accepted(await world.system.door.one(ShipWork(work.fulfillment_id), actor="node"))
    if kind is FixKind.RE_SOURCE:
        await stock(world.system, {(sku, "DC-CA"): 2 * len(names)})


async def _releases(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """Work whose wave is held should have begun."""
    await world.publish(RELEASE_RULES, _WAVES)
    is_mixed = kind is FixKind.PARTIAL
    await _put(world, (A, PA, 2 * len(names)), (B, IL, len(names) if is_mixed else 0))
    for name in names:
        await world.order(name, is_mixed=is_mixed)
    world.clock.advance(minutes=31)
    await act_on_due(world.system, world.system.door.now(), limit=10)
    await change_wave(world.system, _FIRST, WaveEvent.HOLD, reason="the sorter is down", actor="ann")
    world.clock.advance(hours=8)


async def _holds(world: World, _kind: FixKind, names: Sequence[str]) -> None:
    """Orders are held for fraud."""
    await stock(world.system, {(A, PA): 2 * len(names)})
    for name in names:
        order = await world.order(name)
        held = PlaceHold(order.order_id, "fraud", "odd", None, BUILT_IN["fraud"].terms)
        accepted(await world.system.door.one(held, actor="rules"))


async def _accounts(world: World, _kind: FixKind, names: Sequence[str]) -> None:
    """A card was declined until nobody asks any more, of a customer who may be sent a bill."""
    await set_terms(world.system, CustomerTerms("C-1", terms_days=30), actor="ann")
    await stock(world.system, {(A, PA): 2 * len(names)})
    for name in names:
        await world.order(name, payments=(paid("tok_decline", 3980),))
    for _ in range(4):
        await settle_all(world.system)
        world.clock.advance(hours=2)


async def _returns(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """Units came back, and nobody has judged them."""
    await _came_back(world, names, grade="")


async def _refunds(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """Units came back, and a rule holds the refund."""
    await world.publish(RETURN_RULES, _HOLD_REFUNDS)
    await _came_back(world, names, grade="A")


async def _came_back(world: World, names: Sequence[str], *, grade: str) -> None:
    system = world.system
    for name in names:
        order = await _shipped(world, name)
        order = accepted(await system.door.one(DeliverWork(order.fulfillments[0].fulfillment_id), actor="node"))
        content = ReturnContent(order.order_id, (AskedUnits(ONE, 2, "too_small"),), ReturnMethod.IN_STORE, PA)
        opened = await prepare_open(system, order, content)
        assert not isinstance(opened, Invalid)
        order = accepted(await system.door.one(opened, actor="node"))
        lines = (ArrivedUnits(2, ONE, grade=grade),)
        received = await prepare_receive(system, order, order.returns[-1].return_id, PA, lines)
        assert not isinstance(received, Invalid)
        accepted(await system.door.one(received, actor="node"))


async def _shipped(world: World, name: str, **changes: Any) -> Order:
    await stock(world.system, {(A, PA): 2})
    order = await world.released(await world.order(name, **changes))
    parcel = Package("1", carrier="UPS", tracking_number=f"1Z-{name}")
    ship = ShipWork(order.fulfillments[0].fulfillment_id, (parcel,))
    return accepted(await world.system.door.one(ship, actor="node"))


async def _parcels(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """A carrier lost parcels."""
    orders = [await _shipped(world, name) for name in names]
    if kind is FixKind.RE_SHIP:
        await stock(world.system, {(A, PA): 2 * len(names)})
    world.clock.advance(hours=1)
    for order, name in zip(orders, names, strict=True):
        work = FulfillmentId(order.fulfillments[0].fulfillment_id)
        lost = RecordTracking(work, "UPS", f"1Z-{name}", "lost", world.clock.now)
        accepted(await world.system.door.one(lost, actor="ups"))
    world.clock.advance(seconds=1)
    await world.follow()


async def _notices(world: World, _kind: FixKind, names: Sequence[str]) -> None:
    """A trading partner waits for ship notices."""
    guide = RoutingGuide("USD", notice_minutes=60, notice_minor=20_000)
    await set_terms(world.system, CustomerTerms("PARTNER", guide=guide), actor="ann")
    for name in names:
        await _shipped(world, name, customer=Customer("PARTNER"), attributes={ROUTING_GUIDE: "PARTNER@1"})
    world.clock.advance(minutes=61)


async def _stock(world: World, kind: FixKind, names: Sequence[str]) -> None:
    """A count found less than what nodes are to send."""
    await _put(world, (A, PA, 4), (B, IL, 1 if kind is FixKind.PARTIAL else 0))
    await world.released(await world.order(names[0], is_mixed=kind is FixKind.PARTIAL))
    await stock(world.system, {(A, PA): -4})
    if kind is FixKind.RE_SOURCE:
        await stock(world.system, {(A, IL): 9})


async def _supplies(world: World, _kind: FixKind, names: Sequence[str]) -> None:
    """A purchase order should have come a day ago."""
    line = ExpectedLine(1, PA, A, 5, world.clock.now + timedelta(days=1))
    await expect(world.system, "P-1", (line,), actor=ANN)
    await world.order(names[0])
    world.clock.advance(days=2)


Scene = Callable[[World, FixKind, Sequence[str]], Awaitable[None]]

SCENES: Final[Mapping[Source, Scene]] = {
    Source.LINE: _lines,
    Source.WORK: _works,
    Source.NEED: _needs,
    Source.ACCEPTANCE: _acceptances,
    Source.RELEASE: _releases,
    Source.HOLD: _holds,
    Source.ACCOUNT: _accounts,
    Source.RETURN: _returns,
    Source.REFUND: _refunds,
    Source.STOCK: _stock,
    Source.SUPPLY: _supplies,
    Source.NOTICE: _notices,
    Source.ALERT: _alerts,
    Source.PARCEL: _parcels,
    Source.SILENCE: _silences,
}
"""How each source comes to have an exception that a kind of fix settles."""

SINGLE: Final = frozenset({Source.STOCK, Source.SUPPLY})
"""Whose exception is one, however many orders it is about."""
