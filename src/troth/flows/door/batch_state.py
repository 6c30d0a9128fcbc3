"""What the commands of a batch are about: loaded and locked before they are decided, and as the decisions leave it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from troth.engine.demand.line_terms import named_skus
from troth.engine.failed import failures_in
from troth.engine.money.call_offs import blanket_of
from troth.engine.money.call_offs import moved as call_off
from troth.engine.money.credit import has_limit
from troth.engine.money.credit import moved as use_credit
from troth.engine.promising.context import Change, Decision, State
from troth.engine.stock.serials import SerialWork, serial_keys
from troth.engine.stock.transfer_serials import traveling_keys
from troth.flows.door.requests import supplies_of
from troth.flows.memory.reference import Reference
from troth.model.blanket import BLANKET_ORDER, Agreement
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.change import named_lines
from troth.model.commands import (
    AcceptRecall,
    ActOnDue,
    AdjustStock,
    CartCommand,
    ChangeOrder,
    CollectWork,
    Command,
    CountStock,
    ExpectSupply,
    HoldCart,
    LateWorkCommand,
    PackWork,
    PickWork,
    RecallCommand,
    RecallWork,
    RejectWork,
    RepromiseOrder,
    RunWave,
    ShipWork,
    StageWork,
    cart_hold_of,
    order_ids_of,
)
from troth.model.credit import Credit, CustomerTerms
from troth.model.failure import Failure
from troth.model.hold_terms import Block
from troth.model.ids import CartHoldId, FulfillmentId, OrderId, Sku, order_of_fulfillment
from troth.model.inventory import ON_HAND, Balance, CountMark, Entry, EntryKind, SupplyKey, lot_of
from troth.model.kept_actions import waiting_changes
from troth.model.order import Line, Order
from troth.model.return_moves import OpenReturn, ReceiveReturn, ReturnCommand
from troth.model.serials import SerialKey, SerialPlace, TravelingSerial
from troth.model.status import placed_holds
from troth.model.transfer_moves import ShipTransfer, TransferCommand
from troth.store.balances import lock_supplies, read_moves_since, read_ordered
from troth.store.blanket_orders import lock_agreements
from troth.store.cart_holds import lock_cart_holds, read_customers_cart_holds
from troth.store.counts import read_counts
from troth.store.customers import lock_credits, read_paid
from troth.store.database import Connection
from troth.store.failures import read_failures
from troth.store.orders import lock_orders, read_orders
from troth.store.save import create_balances
from troth.store.serials import read_serials
from troth.store.stock_index import StockIndex
from troth.store.transfers import read_traveling

_SOURCING_AGAIN: Final = ChangeOrder | LateWorkCommand | PickWork | RecallCommand | RejectWork | RepromiseOrder
NO_TERMS_KNOWN: Final[Mapping[str, CustomerTerms]] = MappingProxyType({})


class BatchState:
    """Orders, carts, serials and exact balances that commands name, and holds of carts that are `ending`.

    `loaded` are the orders as they were read; everything else moves along with each decision. What is in stock is
    looked up in the index, which moves along, too.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        index: StockIndex,
        *,
        lookup: Collection[OrderId],
        ending: Collection[CartHoldId],
        terms: Mapping[str, CustomerTerms] = NO_TERMS_KNOWN,
        known: Iterable[Order] = (),
    ) -> None:
        self._terms = terms
        self._known = {order.order_id: order for order in known}
        self._now: datetime | None = None
        self._commands = commands
        self._index = index
        self._locked = {order_id for command in commands for order_id in order_ids_of(command)}
        self._lookup = [one.order_id for one in commands if isinstance(one, CaptureOrder) and one.order_id in lookup]
        self._supplies = {key for command in commands for key in supplies_of(command)}
        self._cart_ids = {hold_id for hold_id in map(cart_hold_of, commands) if hold_id is not None} | {*ending}
        captures = [one for one in commands if isinstance(one, CaptureOrder)]
        self._customers = {one.customer.id for one in captures if has_limit(terms.get(one.customer.id))}
        self._blankets = {one.attributes[BLANKET_ORDER] for one in captures if BLANKET_ORDER in one.attributes}
        self._is_about_carts = bool(ending) or any(isinstance(command, CartCommand) for command in commands)
        self._exact: dict[SupplyKey, Balance] = {}
        self._moved: dict[tuple[SupplyKey, datetime], int] = {}
        self._moved_here: dict[SupplyKey, int] = {}
        self._ordered: dict[SupplyKey, int] = {}
        self._ordered_here: dict[SupplyKey, int] = {}
        self._counts: dict[SupplyKey, CountMark] = {}
        self._serials: dict[SerialKey, SerialPlace] = {}
        self._traveling: dict[SerialKey, TravelingSerial] = {}
        self._failures: dict[tuple[OrderId, int], Failure] = {}
        self.serials_seen: dict[SerialKey, FulfillmentId] = {}
        self.loaded: dict[OrderId, Order] = {}
        self.orders: dict[OrderId, Order] = {}
        self.carts: dict[CartHoldId, CartHold] = {}
        self.credits: dict[str, Credit] = {}
        self.agreements: dict[str, Agreement] = {}
        self.paid: dict[OrderId, int] = {}

    @property
    def needs_locks(self) -> bool:
        """Whether anything is locked or looked up before these commands are decided."""
        named = (self._locked, self._lookup, self._supplies, self._cart_ids, self._customers, self._blankets)
        return self._is_about_carts or any(named)

    @property
    def seen(self) -> State:
        """What decisions may look at."""
        index = self._index
        return State(
            self.orders,
            index.rows,
            self._balance,
            self._moved_since,
            self._ordered_units,
            index.rows_freed,
            self.carts,
            self._serials,
            index.backordered,
            self._counts.get,
            self._traveling,
            self._failures,
            self.credits,
            self.agreements,
            self.paid,
        )

    async def load(self, connection: Connection, reference: Reference, now: datetime) -> None:
        """Lock and read all but the stock, of which each supply that a command may make has a row then."""
        self._now = now
        versions = await lock_orders(connection, self._locked) if self._locked else {}
        if self._locked or self._lookup:
            self.loaded = {name: one for name, one in self._known.items() if versions.get(name) == one.version}
            asked = (versions.keys() | set(self._lookup)) - self.loaded.keys()
            self.loaded |= await read_orders(connection, asked) if asked else {}
            self.orders.update(self.loaded)
            self._failures |= await read_failures(connection, self.loaded.values())
        await self._lock_agreements(connection)
        holding = [one for one in self._commands if isinstance(one, HoldCart) and one.units_max is not None]
        if holding:
            customers = {(one.asked.channel, one.asked.customer.id) for one in holding}
            self.carts.update(await read_customers_cart_holds(connection, customers, now))
        if self._cart_ids:
            self.carts.update(await lock_cart_holds(connection, self._cart_ids))
        if self._supplies:
            await create_balances(connection, self._supplies)
        await self._load_serials(connection, reference)
        release = reference.release_at(now)
        if release is not None and release.asks_orders:
            timed = (one for one in self._commands if isinstance(one, ActOnDue | RunWave))
            orders = [self.loaded[one.order_id] for one in timed if one.order_id in self.loaded]
            await reference.need_lines([line for order in orders for line in order.lines])

    async def _lock_agreements(self, connection: Connection) -> None:
        """Lock and read what the orders' customers may owe, and what they agreed to call off; after the orders, before
        any stock, in sorted order.
        """
        orders = self.loaded.values()
        customers = self._customers | {one.customer.id for one in orders if has_limit(self._terms.get(one.customer.id))}
        blankets = self._blankets | {blanket_of(one) for one in orders if blanket_of(one)}
        if customers:
            self.credits.update(await lock_credits(connection, customers))
            self.paid.update(await read_paid(connection, self.loaded))
        if blankets:
            self.agreements.update(await lock_agreements(connection, blankets))

    async def find_doubtful(self, reference: Reference) -> set[Sku]:
        """The SKUs of which only what is true now will do: of orders that lose something or are changed, or of which a
        hold may end that keeps them from being promised, or on a condition.
        """
        lines: list[Line] = []
        wished: list[Line] = []
        for command in self._commands:
            if isinstance(command, _SOURCING_AGAIN) and not self._is_picked_whole(command):
                for order_id in order_ids_of(command):
                    lines += self.loaded[order_id].lines if order_id in self.loaded else ()
            elif isinstance(command, ActOnDue) and waiting_changes(self.loaded.get(command.order_id)):
                lines += self.loaded[command.order_id].lines
            elif any(map(_may_end_watched, (self.loaded.get(order_id) for order_id in order_ids_of(command)))):
                lines += [line for order_id in order_ids_of(command) for line in self.loaded[order_id].lines]
            if isinstance(command, ChangeOrder | RecallWork):
                wished += named_lines(command.actions)
            elif isinstance(command, AcceptRecall | ActOnDue):
                waiting = (waiting_changes(self.loaded.get(order_id)) for order_id in order_ids_of(command))
                wished += named_lines(action for actions in waiting for action in actions)
        skus = {line.sku for line in lines} | set(named_skus(lines)) | self._leaving_skus()
        skus |= await self._returned_skus(reference)
        await reference.need_items(skus)
        return skus | await reference.need_lines(wished) if wished else skus

    def _is_picked_whole(self, command: Command) -> bool:
        """Whether a node has found everything, so that nothing is sourced again, and none of it is of a lot, which may
        have expired by now.
        """
        if not isinstance(command, PickWork) or command.lines:
            return False
        order = self.loaded.get(order_of_fulfillment(command.fulfillment_id))
        return order is None or not any(lot_of(part.source) for part in order.allocations)

    async def _returned_skus(self, reference: Reference) -> set[Sku]:
        """The SKUs of returns that are opened, with what is to replace them, of which only what is true now will do;
        and `items` hold what returns are of.
        """
        returns = [command for command in self._commands if isinstance(command, ReturnCommand)]
        if not returns:
            return set()
        ids = {order_id for command in returns for order_id in order_ids_of(command)}
        orders = [self.loaded[order_id] for order_id in ids if order_id in self.loaded]
        parts = {part.sku for order in orders for part in order.allocations}
        lines = [line for order in orders for line in order.lines]
        named = {sku for one in returns if isinstance(one, ReceiveReturn) for sku in one.skus}
        await reference.need_items({line.sku for line in lines} | set(named_skus(lines)) | parts | named)
        opened = [command for command in returns if isinstance(command, OpenReturn)]
        if not opened:
            return set()
        replaced = [line for one in opened if one.replacement is not None for line in one.replacement.lines]
        return parts | (await reference.need_lines(replaced) if replaced else set())

    def _leaving_skus(self) -> set[Sku]:
        """The SKUs of what leaves out of lots, or may when it does: how long it is good is looked up."""
        leaving = (
            self.loaded[order_id]
            for command in self._commands
            if isinstance(command, PackWork | StageWork | ShipWork | CollectWork)
            for order_id in order_ids_of(command)
            if order_id in self.loaded
        )
        return {part.sku for order in leaving for part in order.allocations if part.source != ON_HAND}

    async def lock_supplies(self, connection: Connection) -> None:
        """Lock and read the exact balances that commands name, after the stock was read."""
        if not self._supplies:
            return
        self._exact = {balance.key: balance for balance in await lock_supplies(connection, self._supplies)}
        counts = [(one.key, one.as_of) for one in self._commands if isinstance(one, CountStock)]
        if counts:
            self._moved = dict(zip(counts, await read_moves_since(connection, counts), strict=True))
            self._counts |= await read_counts(connection, {key for key, _ in counts})
        expecting = sorted({key for one in self._commands if _asks_what_was_ordered(one) for key in supplies_of(one)})
        if expecting:
            self._ordered = dict(zip(expecting, await read_ordered(connection, expecting), strict=True))

    def move(self, decision: Decision) -> None:
        """Take over what a decision leaves of it."""
        self.carts.update({hold.hold_id: hold for hold in decision.cart_holds})
        for change in decision.changes:
            self._move_agreements(change)
        for subject, event in decision.events:
            for number, failure in failures_in(event).items():
                self._failures[OrderId(subject), number] = failure
        self.orders.update({change.after.order_id: change.after for change in decision.changes})
        self._serials |= decision.serials or {}
        for serial in decision.freed_serials or {}:
            self._serials.pop(serial, None)
        self._traveling |= decision.traveling or {}
        self._counts.update({mark.key: mark for mark in decision.counts})
        for entry in decision.entries:
            self._move_exact(entry)
        for key, expires_on in (decision.expiries or {}).items():
            self._exact[key] = replace(self._balance(key), expires_on=expires_on)
        if decision.expiries:
            self._index.expire(decision.expiries)
        self._index.move(decision.entries)

    async def _load_serials(self, connection: Connection, reference: Reference) -> None:
        """Where the serials are that reports and transfers name, and which items have any."""
        reports = [
            (command, self.loaded[order_id])
            for command in self._commands
            if isinstance(command, SerialWork)
            for order_id in order_ids_of(command)
            if order_id in self.loaded
        ]
        if reports:
            await reference.need_items({part.sku for _, order in reports for part in order.allocations})
        keys = [key for command, order in reports for key in serial_keys(command, order)]
        sent = [command for command in self._commands if isinstance(command, TransferCommand)]
        if sent:
            named = [key for command in sent for key in traveling_keys(command)]
            self._traveling |= await read_traveling(connection, named, {one.consignment.transfer_id for one in sent})
            keys += named
        if keys:
            self._serials |= await read_serials(connection, keys)
            self.serials_seen = {key: place.fulfillment_id for key, place in self._serials.items()}

    def _move_agreements(self, change: Change) -> None:
        credit = self.credits.get(change.after.customer.id)
        if credit is not None:
            self.credits[credit.customer_id] = use_credit(
                credit, change.before, change.after, self.paid.get(change.after.order_id)
            )
        agreement = self.agreements.get(blanket_of(change.after))
        if agreement is not None:
            self.agreements[blanket_of(change.after)] = call_off(agreement, change.before, change.after, self._now)

    def _move_exact(self, entry: Entry) -> None:
        known = self._exact.get(entry.key)
        if known is None:
            return
        if entry.kind is not EntryKind.COUNT:
            moved = self._ordered_here if entry.kind is EntryKind.EXPECT else self._moved_here
            moved[entry.key] = moved.get(entry.key, 0) + entry.on_hand_delta
        self._exact[entry.key] = replace(
            known, on_hand=known.on_hand + entry.on_hand_delta, reserved=known.reserved + entry.reserved_delta
        )

    def _balance(self, key: SupplyKey) -> Balance:
        return self._exact.get(key) or Balance(key)

    def _moved_since(self, key: SupplyKey, as_of: datetime) -> int:
        return self._moved[key, as_of] + self._moved_here.get(key, 0)

    def _ordered_units(self, key: SupplyKey) -> int:
        return self._ordered.get(key, 0) + self._ordered_here.get(key, 0)


def _asks_what_was_ordered(command: Command) -> bool:
    return isinstance(command, ExpectSupply | ShipTransfer) or (
        isinstance(command, AdjustStock) and command.delta < 0 and bool(command.known)
    )


def _may_end_watched(order: Order | None) -> bool:
    """Whether an order has a hold at whose end, or for whose end, its lines have to be known."""
    return order is not None and any(
        Block.PROMISE in hold.terms.blocks or hold.terms.lift_when for hold in placed_holds(order)
    )
