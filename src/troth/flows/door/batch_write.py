"""What the decisions of a batch come to, gathered, and written as one where every balance still holds it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import asyncpg

from troth.engine.carriage.locker_room import slot_capacity
from troth.engine.carriage.node_load import cart_moves, load_moves
from troth.engine.exposure.consumed import DrawMove, cart_draw_moves, draw_moves
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.taking import most_of
from troth.engine.money.call_offs import blanket_of, taken_by
from troth.engine.money.credit import use_of
from troth.engine.promising.context import Decision
from troth.engine.supply.backorder_cap import find_capped
from troth.flows.door.batch_state import BatchState
from troth.flows.door.requests import Request
from troth.flows.memory.reference import Reference
from troth.model.capacity import Slot
from troth.model.cart_hold import CartHold
from troth.model.events import OrderReleased
from troth.model.exposure import Draw
from troth.model.ids import CartHoldId, FulfillmentId, Sku
from troth.model.inventory import CountMark, SupplyKey
from troth.model.serials import SerialKey, SerialPlace, TravelingSerial
from troth.store.backordered import lock_backordered
from troth.store.balances import write_expiries
from troth.store.blanket_orders import CallOff, write_call_offs
from troth.store.cart_holds import write_cart_holds
from troth.store.counts import write_counts
from troth.store.customers import write_credit_uses
from troth.store.database import Connection
from troth.store.draws import create_draws
from troth.store.holds import find_termed, write_hold_terms
from troth.store.parked import write_parked
from troth.store.pickups import write_pickups
from troth.store.recalls import write_recalls
from troth.store.releases import count_takes, write_planned
from troth.store.returns import write_returns
from troth.store.save import Batch, Happened, OrderChange, Saved, SlotMove, save
from troth.store.serials import claim_serials, free_serials
from troth.store.transfers import write_traveling

_UNMOVED: Final = DrawMove(0)


class BatchWrite:
    """The rows that a batch is going to write. `skus` says what to forget of the stock if it is not written, `saved`
    what was written.
    """

    def __init__(self, now: datetime, state: BatchState, reference: Reference) -> None:
        self._now = now
        self._state = state
        self._reference = reference
        self._changed_carts: dict[CartHoldId, CartHold] = {}
        self._claimed: dict[SerialKey, SerialPlace] = {}
        self._freed: dict[SerialKey, FulfillmentId] = {}
        self._traveling: dict[SerialKey, TravelingSerial] = {}
        self._counts: dict[SupplyKey, CountMark] = {}
        self.expiries: dict[SupplyKey, date] = {}
        self.batch = Batch(now)
        self.skus: set[Sku] = set()
        self.saved: Saved | None = None

    def add(self, decision: Decision, request: Request, policy_version: str, exposure: Exposure | None) -> None:
        """Add what a decision comes to, which the state does not show yet; days of nodes and counts against quotas are
        taken from others at once.
        """
        batch = self.batch
        for hold in decision.cart_holds:
            before = self._state.carts.get(hold.hold_id)
            self._book(cart_moves(before, hold))
            self._draw(cart_draw_moves(before, hold), exposure)
            self._changed_carts[hold.hold_id] = hold
        for change in decision.changes:
            order_id = change.after.order_id
            batch.orders[order_id] = OrderChange(self._state.loaded.get(order_id), change.after)
            self._book(load_moves(change.before, change.after))
            self._draw(draw_moves(change.before, change.after), exposure)
            if decision.trace is not None:
                batch.traces.append((order_id, change.after.version, decision.trace))
        self._claimed |= decision.serials or {}
        for serial, work in (decision.freed_serials or {}).items():
            if self._claimed.pop(serial, None) is None:
                self._freed[serial] = work
        self._traveling |= decision.traveling or {}
        for draw, used in decision.relies.items():
            self._join(draw, DrawMove(0, least=used - batch.draws.get(draw, _UNMOVED).amount))
        self._counts.update({mark.key: mark for mark in decision.counts})
        self.expiries |= decision.expiries or {}
        self.skus.update([entry.key.sku for entry in decision.entries])
        batch.entries += decision.entries
        batch.expected |= decision.expected or {}
        batch.events += [
            Happened(subject, event, request.actor, request.cause, policy_version) for subject, event in decision.events
        ]

    def give_back(self) -> None:
        """Take back what was booked of the days of nodes, and drawn, since it is not written."""
        self._reference.network.load.move((slot, -move.amount) for slot, move in self.batch.slots.items())
        self._reference.consumed.move((draw, -move.amount) for draw, move in self.batch.draws.items())

    def book_again(self) -> None:
        """Book the same days on a network that was read anew."""
        self._reference.network.load.move((slot, move.amount) for slot, move in self.batch.slots.items())

    async def write(self, connection: Connection) -> bool:
        """Write everything; False, to be undone by whoever began the transaction, where it no longer holds."""
        batch = self.batch
        if batch.draws:
            await create_draws(connection, batch.draws)
        if batch.orders or batch.entries or batch.events or batch.keys:
            saved = await self._save(connection)
            if saved is None or not saved.holds:
                return False
            if saved.orders_written != len(batch.orders):
                raise RuntimeError(f"{saved.orders_written} of {len(batch.orders)} orders were written")
            self.saved = saved
            await self._write_releases(connection)
        await self._write_agreements(connection)
        if self._changed_carts:
            await write_cart_holds(connection, self._changed_carts.values())
        if self._freed:
            await free_serials(connection, self._freed)
        seen = self._state.serials_seen
        if self._claimed and not await claim_serials(connection, self._claimed, seen=seen, at=self._now):
            return False
        if self._traveling and not await self._write_traveling(connection):
            return False
        if self.expiries:
            await write_expiries(connection, self.expiries)
        if self._counts:
            await write_counts(connection, self._counts.values(), self._now)
        return True

    async def _save(self, connection: Connection) -> Saved | None:
        """Write the batch, and in the same transaction what its orders have parked and returned and on what terms they
        are held; None, with nothing written, where more would be backordered than may be.
        """
        parked = [
            change.after
            for change in self.batch.orders.values()
            if change.after.parked or (change.before is not None and change.before.parked)
        ]
        termed = [
            (change.after, hold)
            for change in self.batch.orders.values()
            for hold in find_termed(change.before, change.after)
        ]
        returned = [change for change in self.batch.orders.values() if change.after.returns]
        capped = find_capped(self.batch.entries, self._reference.items)
        if not parked and not capped and not termed and not returned:
            return await save(connection, self.batch)
        async with connection.transaction():
            if capped:
                moved = {entry.key for entry in self.batch.entries}
                backordered = await lock_backordered(connection, capped, moved)
                if any(backordered.get(sku, 0) > most for sku, most in capped.items()):
                    return None
            saved = await save(connection, self.batch)
            if saved.holds:
                if parked:
                    await write_parked(connection, parked, self._now)
                if termed:
                    await write_hold_terms(connection, termed)
                if returned:
                    await write_returns(connection, [(change.before, change.after) for change in returned])
        return saved

    async def _write_releases(self, connection: Connection) -> None:
        """Write what is planned of orders, what waves have taken of them, recalls and pickups; most have none of it."""
        changes = self.batch.orders.values()
        picked_up = [(one.before, one.after) for one in changes if one.after.pickups]
        if picked_up:
            await write_pickups(connection, picked_up)
        recalled = [(one.before, one.after) for one in changes if one.after.recalls]
        if recalled:
            await write_recalls(connection, recalled)
        planned = [one.after for one in changes if one.after.planned or (one.before is not None and one.before.planned)]
        if planned:
            await write_planned(connection, planned)
        released = (one.event for one in self.batch.events if isinstance(one.event, OrderReleased))
        takes = [event.took for event in released if event.took is not None]
        if takes:
            await count_takes(connection, takes)

    async def _write_agreements(self, connection: Connection) -> None:
        """Write what changed orders use of credit and take of blanket orders; nothing for nearly every batch."""
        state = self._state
        if not state.credits and not state.agreements:
            return
        used, invoiced, called = [], [], []
        for order_id, change in self.batch.orders.items():
            order, credit = change.after, state.credits.get(change.after.customer.id)
            if credit is not None and credit.currency == order.currency:
                paid = state.paid.get(order_id)
                use = use_of(order, paid)
                used.append((credit.customer_id, order_id, use))
                more = use.invoiced_minor - use_of(change.before, paid).invoiced_minor
                if more:
                    invoiced.append((credit.customer_id, order_id, order.version, self._now, more))
            if blanket_of(order) in state.agreements:
                taken = {**dict.fromkeys(taken_by(change.before), (0, 0)), **taken_by(order)}
                called += [CallOff(blanket_of(order), order_id, sku, *units) for sku, units in taken.items()]
        await write_credit_uses(connection, used, invoiced)
        await write_call_offs(connection, called, self._now)

    async def _write_traveling(self, connection: Connection) -> bool:
        """Write where transfers have serials; False where another transfer has one of them on its way meanwhile."""
        try:
            await write_traveling(connection, self._traveling)
        except asyncpg.UniqueViolationError:
            return False
        return True

    def _book(self, moves: Iterable[tuple[Slot, int]]) -> None:
        network = self._reference.network
        network.load.move(moves)
        for slot, amount in moves:
            before = self.batch.slots.get(slot)
            capacity = slot_capacity(network, slot)
            self.batch.slots[slot] = SlotMove(amount + (before.amount if before else 0), capacity)

    def _draw(self, moves: Iterable[tuple[Draw, int]], exposure: Exposure | None) -> None:
        self._reference.consumed.move(moves)
        for draw, amount in moves:
            self._join(draw, DrawMove(amount, most_of(exposure, draw, self._reference.items)))

    def _join(self, draw: Draw, move: DrawMove) -> None:
        self.batch.draws[draw] = self.batch.draws.get(draw, _UNMOVED).joined(move)
