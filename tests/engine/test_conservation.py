"""Each unit and each cent is somewhere, whatever sequence of verbs an order goes through."""

import random
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW
from tests.examples import examples
from tests.lives import (
    ITEMS,
    NODES,
    STOCKED,
    assert_ended,
    assert_step,
    cancel_rest,
    closing_commands,
    draw_capture,
    draw_command,
    units_gone,
)
from tests.lives_returns import return_commands, units_back
from troth.engine.carriage.network import compile_network
from troth.engine.evolve import fold
from troth.engine.promising.context import Decision
from troth.model.commands import AdjustStock, Command
from troth.model.events import OrderEvent, StockAdjusted
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.order import Order
from troth.replay.world import World


class Lives:
    """A world whose orders, or one in so many of them, are looked at after each step, with their logs."""

    def __init__(self, units: int, *, looked_at: int = 1) -> None:
        self.looked_at = looked_at
        self.world = World(compile_network(NODES), {item.sku: item for item in ITEMS})
        self.now = NOW
        self.logs: dict[OrderId, list[OrderEvent]] = {}
        self.recent: list[OrderId] = []
        self.moved: dict[tuple[str, str], int] = {}
        self.asked: set[type[Command]] = set()
        self.taken: set[type[Command]] = set()
        for one in NODES:
            for sku in STOCKED:
                more = units * 100 if sku == "M" else units
                self.apply(AdjustStock(SupplyKey(Sku(sku), NodeId(one.node)), more, "initial"))

    def apply(self, command: Command) -> None:
        """Carry a command out if it may be, and look."""
        self.asked.add(type(command))
        decision = self.world.apply(command, now=self.now)
        if not isinstance(decision, Decision):
            return
        if decision.changes:
            self.taken.add(type(command))
        events = [event for _, event in decision.events]
        for event in events:
            if isinstance(event, StockAdjusted):
                key = (event.sku, event.node)
                self.moved[key] = self.moved.get(key, 0) + event.delta
        for change in decision.changes:
            of_order = [event for name, event in decision.events if name == change.after.order_id]
            if change.before is None:
                self.recent = [*self.recent[-19:], change.after.order_id]
            self.logs.setdefault(change.after.order_id, []).extend(of_order)  # type: ignore[arg-type]
            if ord(change.after.order_id[-1]) % self.looked_at == 0:
                assert_step(change.before, change.after, of_order)  # type: ignore[arg-type]

    def live(self, draw: random.Random, orders: int, steps: int) -> None:
        """Let so many more orders come, and to each, in turns, so many things happen on average."""
        for number in range(orders * (steps + 1)):
            if number % (steps + 1) == 0:
                self.apply(draw_capture(draw, f"W-{len(self.world.orders)}-{number}"))
            elif self.recent:
                recent = draw.choice(self.recent)
                self.apply(draw_command(draw, self.world.orders[recent], self.now))
            self.now += timedelta(minutes=draw.choice((0, 0, 1, 10)))

    def end(self, draw: random.Random, *, returns: int) -> None:
        """Bring every order to its end, and let so many things happen to what comes back of it."""
        for order_id in self.world.orders:
            for command in closing_commands(self.world.orders[order_id]):
                self.apply(command)
            rest = cancel_rest(self.world.orders[order_id])
            if rest is not None:
                self.apply(rest)
            for command in closing_commands(self.world.orders[order_id]):
                self.apply(command)
        for _round in range(returns):
            for order_id in list(self.world.orders):
                made = return_commands(draw, self.world.orders[order_id], may_exchange=False)
                if made:
                    self.apply(draw.choices([one for _, one in made], weights=[weight for weight, _ in made])[0]())
        assert_ended(self.world.orders.values())

    def on_hand(self) -> dict[tuple[str, str], int]:
        """The units on hand, by SKU and node, of what there is any of."""
        on_hand: dict[tuple[str, str], int] = {}
        for key, balance in self.world.balances.items():
            on_hand[key.sku, key.node] = on_hand.get((key.sku, key.node), 0) + balance.on_hand
        return {place: units for place, units in on_hand.items() if units}

    def accounted_for(self) -> dict[tuple[str, str], int]:
        """The units that must be on hand: what was moved there, less what went out with orders, and what came back."""
        gone, back = units_gone(self.world.orders.values()), units_back(self.world.orders.values())
        places = {*self.moved, *back}
        units = {place: self.moved.get(place, 0) - gone.get(place, 0) + back.get(place, 0) for place in places}
        return {place: count for place, count in units.items() if count}

    def reserved(self) -> list[Balance]:
        """The balances of which anything is reserved."""
        return [balance for balance in self.world.balances.values() if balance.reserved]

    def folded(self) -> dict[OrderId, Order]:
        """The orders as their logs say."""
        return {order_id: fold(log) for order_id, log in self.logs.items()}


@given(st.randoms(use_true_random=False), st.integers(2, 30))
@settings(
    max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_no_sequence_of_verbs_loses_a_unit_or_a_cent(draw: random.Random, units: int) -> None:
    lives = Lives(units)

    lives.live(draw, orders=3, steps=8)

    lives.end(draw, returns=4)
    assert lives.on_hand() == lives.accounted_for()
    assert (lives.reserved(), lives.folded()) == ([], lives.world.orders)
