"""A world in memory: the same decisions on orders and balances that are plain dictionaries.

It is the twin of the write door and its tables, for replays and for the test that both agree on any history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from troth.engine.asked import settled
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import cart_moves, load_moves
from troth.engine.demand.budget import Clock
from troth.engine.demand.line_terms import named_skus
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.consumed import Consumed, cart_draw_moves, draw_moves
from troth.engine.exposure.in_force import Exposure
from troth.engine.failed import failures_in
from troth.engine.lifecycle import decide
from troth.engine.money.call_offs import blanket_of
from troth.engine.money.call_offs import moved as call_off
from troth.engine.money.credit import moved as use_credit
from troth.engine.policies.holds_in_force import HoldsInForce
from troth.engine.policies.release_rules import CompiledRelease
from troth.engine.policies.return_rules import NO_RULES, ReturnPolicy
from troth.engine.policies.work_rules import CompiledWork
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.stock.serials import is_held
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.model.blanket import Agreement
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.commands import Command, EndCartHold, HoldCart, order_ids_of
from troth.model.credit import Credit
from troth.model.exposure import ExposureRules
from troth.model.failure import FINDING, Failure
from troth.model.ids import CartHoldId, OrderId, Sku
from troth.model.inventory import Balance, CountMark, Entry, EntryKind, SupplyKey, is_on_hand, lot_of
from troth.model.item import Item
from troth.model.order import Order
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.refusals import Refusal, StockShort
from troth.model.serials import SerialKey, SerialPlace, TravelingSerial


class World:
    """Orders, balances and the ledger of a network, changed by commands; a `clock` ends what takes too long to decide
    (None: work is counted).
    """

    def __init__(
        self,
        network: Network,
        items: Mapping[Sku, Item],
        policy: Policy = DEFAULT_POLICY,
        rules: Sequence[tuple[str, str, ExposureRules]] = (),
        holds: HoldsInForce | None = None,
        clock: Clock | None = None,
        release: CompiledRelease | None = None,
        returns: ReturnPolicy = NO_RULES,
        work: CompiledWork | None = None,
    ) -> None:
        self._network = network.with_load()
        self.load = self._network.load
        self.load.rates = network.load.rates
        self._items = items
        self._policy = policy
        self._rules = rules
        self._holds = holds
        self._clock = clock
        self._release = release
        self._returns = returns
        self._work = work
        self.consumed = Consumed()
        self.orders: dict[OrderId, Order] = {}
        self.balances: dict[SupplyKey, Balance] = {}
        self.cart_holds: dict[CartHoldId, CartHold] = {}
        self.serials: dict[SerialKey, SerialPlace] = {}
        self.ledger: list[tuple[datetime, Entry]] = []
        self.counts: dict[SupplyKey, CountMark] = {}
        self.traveling: dict[SerialKey, TravelingSerial] = {}
        self.credits: dict[str, Credit] = {}
        self.agreements: dict[str, Agreement] = {}
        self._failed: dict[OrderId, dict[int, Failure]] = {}
        self._found: list[tuple[datetime, SupplyKey]] = []

    def apply(self, command: Command, *, now: datetime, actor: str = "replay") -> Decision | Refusal:
        """Decide a command and carry it out; a refused one leaves everything as it was, but for holds of carts whose
        time is over: they are ended where they keep what it lacks.
        """
        exposure = Exposure(compile_exposure(self._rules, now), self.consumed) if self._rules else None
        facts = Facts(
            now,
            actor,
            self._network,
            self._items,
            self._policy,
            exposure=exposure,
            holds=self._holds,
            clock=self._clock,
            release=self._release,
            returns=self._returns,
            work=self._work,
        )
        decision = decide(command, self._state(command), facts)
        if isinstance(decision, StockShort) and self._end_overdue(command, facts):
            decision = decide(command, self._state(command), facts)
        if isinstance(decision, Decision):
            self._carry_out(decision, now)
        return decision

    def _end_overdue(self, command: Command, facts: Facts) -> bool:
        """Whether holds whose time is over kept any of the SKUs that a command asks for; they no longer do."""
        asked = command.asked if isinstance(command, HoldCart) else command
        skus = _skus_of(asked, facts) if isinstance(asked, CaptureOrder) else frozenset()
        ended = [
            decide(end := EndCartHold(hold.hold_id, is_by_clock=True), self._state(end), facts)
            for hold in self.cart_holds.values()
            if any(held.key.sku in skus for held in hold.units)
        ]
        for decision in ended:
            if isinstance(decision, Decision):
                self._carry_out(decision, facts.now)
        return bool(ended)

    def _carry_out(self, decision: Decision, now: datetime) -> None:
        for change in decision.changes:
            self.orders[change.after.order_id] = change.after
            self._move_agreements(change, now)
            self._network.load.move(load_moves(change.before, change.after))
            self.consumed.move(draw_moves(change.before, change.after))
        for subject, event in decision.events:
            failures = failures_in(event)
            if failures:
                self._failed[OrderId(subject)] = self._failed.get(OrderId(subject), {}) | failures
        for entry in decision.entries:
            balance = self._balance(entry.key)
            self.balances[entry.key] = replace(
                balance,
                on_hand=balance.on_hand + entry.on_hand_delta,
                reserved=balance.reserved + entry.reserved_delta,
            )
            if not entry.is_witness:
                self.ledger.append((now, entry))
                if entry.kind in FINDING and entry.on_hand_delta > 0:
                    self._found.append((now, entry.key))
        self.serials |= decision.serials or {}
        self.traveling |= decision.traveling or {}
        for serial in decision.freed_serials or {}:
            self.serials.pop(serial, None)
        for hold in decision.cart_holds:
            self._network.load.move(cart_moves(self.cart_holds.get(hold.hold_id), hold))
            self.consumed.move(cart_draw_moves(self.cart_holds.get(hold.hold_id), hold))
            self.cart_holds[hold.hold_id] = hold
        self.counts.update({mark.key: mark for mark in decision.counts})
        for key, expected_at in (decision.expected or {}).items():
            self.balances[key] = replace(self._balance(key), expected_at=expected_at)
        for key, expires_on in (decision.expiries or {}).items():
            self.balances[key] = replace(self._balance(key), expires_on=expires_on)

    def _move_agreements(self, change: Change, now: datetime) -> None:
        credit = self.credits.get(change.after.customer.id)
        if credit is not None:
            self.credits[credit.customer_id] = use_credit(credit, change.before, change.after)
        agreement = self.agreements.get(blanket_of(change.after))
        if agreement is not None:
            self.agreements[blanket_of(change.after)] = call_off(agreement, change.before, change.after, now)

    def _state(self, command: Command) -> State:
        return State(
            self.orders,
            self._supply,
            self._balance,
            self._moved_since,
            self._ordered,
            self._supply_freed,
            self.cart_holds,
            self._serials(),
            self._backordered,
            self.counts.get,
            self.traveling,
            self._failures(command),
            credits=self.credits,
            agreements=self.agreements,
        )

    def _failures(self, command: Command) -> Mapping[tuple[OrderId, int], Failure]:
        """Those of the orders that a command is about, as the write door loads them."""
        found = {}
        for order_id in order_ids_of(command):
            for number, failure in self._failed.get(order_id, {}).items():
                part = next(part for part in self.orders[order_id].allocations if part.allocation == number)
                found_at = self._found_at(part.key) if failure.is_of_item else None
                found[order_id, number] = replace(failure, found_at=found_at)
        return found

    def _found_at(self, key: SupplyKey) -> datetime | None:
        """When units of a SKU last came to be at a node: of one lot, where the key is of it."""

        def is_there(other: SupplyKey) -> bool:
            is_same = other.source == key.source if lot_of(key.source) else is_on_hand(other.source)
            return (other.sku, other.node) == (key.sku, key.node) and is_same

        times = [at for at, found in self._found if is_there(found)]
        times += [mark.as_of for mark in self.counts.values() if mark.on_hand > 0 and is_there(mark.key)]
        return max(times, default=None)

    def _serials(self) -> Mapping[SerialKey, SerialPlace]:
        return {
            key: replace(place, is_held=is_held(key, place, self.orders[place.order_id]))
            for key, place in self.serials.items()
        }

    def _supply(self, sku: Sku) -> SupplyRows:
        return rows_of((balance for key, balance in self.balances.items() if key.sku == sku), self._network)

    def _supply_freed(self, sku: Sku, freed: Mapping[SupplyKey, int]) -> SupplyRows:
        balances = (balance for key, balance in self.balances.items() if key.sku == sku)
        return rows_of(
            (replace(balance, reserved=balance.reserved - freed.get(balance.key, 0)) for balance in balances),
            self._network,
        )

    def _backordered(self, sku: Sku) -> int:
        return sum(
            balance.reserved
            for key, balance in self.balances.items()
            if key.sku == sku and balance.expected_at is not None and key.node in self._network.index
        )

    def _balance(self, key: SupplyKey) -> Balance:
        return self.balances.get(key, Balance(key))

    def _moved_since(self, key: SupplyKey, as_of: datetime) -> int:
        return sum(
            entry.on_hand_delta
            for at, entry in self.ledger
            if entry.key == key and at > as_of and entry.kind is not EntryKind.COUNT
        )

    def _ordered(self, key: SupplyKey) -> int:
        return sum(
            entry.on_hand_delta for _at, entry in self.ledger if entry.key == key and entry.kind is EntryKind.EXPECT
        )


def _skus_of(asked: CaptureOrder, facts: Facts) -> frozenset[Sku]:
    lines = settled(asked, facts).lines
    return frozenset((*(line.sku for line in lines), *named_skus(lines)))
