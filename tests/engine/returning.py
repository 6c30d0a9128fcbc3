"""A world in which orders were delivered, so that they can come back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.policies.return_rules import NO_RULES, ReturnPolicy
from troth.engine.promising.context import Decision
from troth.model.commands import AdjustStock, Command, DeliverWork, LineSerials, ReleaseOrder, ShipWork
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku, derive_order_id, return_id
from troth.model.inventory import Balance, SupplyKey
from troth.model.item import Item
from troth.model.network import Node
from troth.model.order import Line, Order
from troth.model.refusals import Refusal
from troth.model.return_moves import ArrivedUnits, AskedUnits, OpenReturn, ReceiveReturn
from troth.model.return_rules import ReturnRules
from troth.model.returns import Return, ReturnMethod
from troth.replay.world import World

WEB_1: OrderId = derive_order_id(channel="web", external_id="W-1")
R1: ReturnId = return_id(WEB_1, 1)
PA, NYC = NodeId("DC-PA"), NodeId("ST-NYC")
ONE, TWO = LineId("1"), LineId("2")
A, B = Sku("A"), Sku("B")
DELIVERED_AT = NOW + timedelta(days=2)


class Returning:
    """A world with one delivered order; commands are decided at `now`, two days after the delivery."""

    def __init__(
        self,
        lines: Mapping[str, int],
        *,
        items: tuple[Item, ...] = (item("A"), item("B"), item("C")),
        nodes: tuple[Node, ...] = (node("DC-PA"), node("ST-NYC")),
        rules: ReturnRules | None = None,
        serials: Mapping[str, tuple[str, ...]] | None = None,
        on_hand: int = 50,
        priced: tuple[Line, ...] | None = None,
        **changes: Any,
    ) -> None:
        policy = NO_RULES if rules is None else ReturnPolicy("rules@1", rules)
        self.world = World(compile_network(nodes), {one.sku: one for one in items}, returns=policy)
        self.now = NOW
        for one in items:
            if not one.kit:
                self.do(AdjustStock(SupplyKey(one.sku, PA), on_hand, "initial"))
        asked = capture("W-1", lines, **changes)
        self.do(asked if priced is None else replace(asked, lines=priced))
        self.do(ReleaseOrder(WEB_1))
        for work in self.order.fulfillments:
            named = tuple(LineSerials(LineId(line), some) for line, some in (serials or {}).items())
            self.do(ShipWork(work.fulfillment_id, serials=named))
            self.now = DELIVERED_AT
            self.do(DeliverWork(work.fulfillment_id))
        self.now = DELIVERED_AT + timedelta(days=2)

    @property
    def order(self) -> Order:
        """The order as it is."""
        return self.world.orders[WEB_1]

    @property
    def first(self) -> Return:
        """Its first return as it is."""
        return self.order.returns[0]

    @property
    def replacement(self) -> Order:
        """The order that replaces what comes back with its first return."""
        exchange = self.first.exchange
        assert exchange is not None, "nothing replaces it"
        return self.world.orders[exchange.order_id]

    def ask(self, command: Command) -> Decision | Refusal:
        """What becomes of a command."""
        return self.world.apply(command, now=self.now, actor="clerk")

    def do(self, command: Command) -> Decision:
        """Do what must succeed."""
        decision = self.ask(command)
        assert isinstance(decision, Decision), decision
        return decision

    def open(self, *lines: AskedUnits, **changes: Any) -> Decision:
        """Open a return of some units; in the store, where nothing else is said."""
        return self.do(opening(*lines, **changes))

    def receive(self, *lines: ArrivedUnits, node: NodeId = NYC, number: int = 1) -> Decision:
        """Receive units of a return at a node."""
        return self.do(self.receipt(*lines, node=node, number=number))

    def receipt(
        self, *lines: ArrivedUnits, node: NodeId = NYC, number: int = 1, is_more: bool = False
    ) -> ReceiveReturn:
        """The command that receives units."""
        replacements = tuple(one.exchange.order_id for one in self.order.returns if one.exchange is not None)
        return ReceiveReturn(return_id(WEB_1, number), node, lines, replacements=replacements, is_more=is_more)

    def held(self, sku: str, node: str = "ST-NYC") -> dict[str, int]:
        """The units that lie at a node, by source, where there are any."""
        return {
            key.source: balance.on_hand
            for key, balance in self.world.balances.items()
            if (key.sku, key.node) == (sku, node) and balance.on_hand
        }

    def balance(self, sku: str, node: str) -> Balance:
        """What is on hand."""
        key = SupplyKey(Sku(sku), NodeId(node))
        return self.world.balances.get(key, Balance(key))


def units(line: str = "1", quantity: int = 1, reason: str = "too_small", **changes: Any) -> AskedUnits:
    """Units that the customer wants to give back."""
    return AskedUnits(LineId(line), quantity, reason, **changes)


def arrived(line: str | None = "1", quantity: int = 1, grade: str = "", **changes: Any) -> ArrivedUnits:
    """Units that arrived."""
    return ArrivedUnits(quantity, None if line is None else LineId(line), grade=grade, **changes)


def opening(*lines: AskedUnits, **changes: Any) -> OpenReturn:
    """The command that opens a return in the store."""
    values: dict[str, Any] = {"method": ReturnMethod.IN_STORE, "node": NYC}
    return OpenReturn(WEB_1, lines, **values | changes)
