"""One thing: one try at a batch of requests, on one connection.

Load what they touch, decide each in order, write everything at once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from time import monotonic
from typing import Final

import asyncpg

from troth.engine.backorder_cap import find_capped
from troth.engine.context import Decision, Facts, State
from troth.engine.exposure.consumed import DrawMove, cart_draw_moves, draw_moves
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.quotas import PRODUCT_ALLOCATION
from troth.engine.exposure.taking import most_of
from troth.engine.lifecycle import decide
from troth.engine.line_terms import named_skus
from troth.engine.node_load import capacity_of, cart_moves, load_moves
from troth.engine.serials import SerialWork, serial_keys
from troth.engine.transfer_serials import traveling_keys
from troth.engine.unit_prices import UnitPrices
from troth.flows.aside import decide_aside
from troth.flows.expected import ANYTHING
from troth.flows.reference import Reference
from troth.flows.requests import Accepted, Answer, Outcome, Request, Result, supplies_of
from troth.model.capacity import Slot
from troth.model.cart_hold import CartHold
from troth.model.change import named_lines
from troth.model.commands import (
    CaptureOrder,
    CartCommand,
    ChangeOrder,
    Command,
    CountStock,
    EndCartHold,
    ExpectSupply,
    HoldCart,
    PickWork,
    RejectWork,
    RepromiseOrder,
    cart_hold_of,
    order_ids_of,
)
from troth.model.exposure import Draw
from troth.model.ids import CartHoldId, FulfillmentId, OrderId, Sku
from troth.model.inventory import Balance, CountMark, EntryKind, SupplyKey
from troth.model.order import Order
from troth.model.refusals import Invalid, KeyReused, StockShort
from troth.model.serials import SerialKey, SerialPlace, TravelingSerial
from troth.model.transfer_moves import ShipTransfer, TransferCommand
from troth.store.backordered import lock_backordered
from troth.store.balances import lock_stock, lock_supplies, read_moves_since, read_ordered, read_stock, write_expiries
from troth.store.cart_holds import (
    find_overdue_cart_holds,
    lock_cart_holds,
    read_customers_cart_holds,
    write_cart_holds,
)
from troth.store.counts import read_counts, write_counts
from troth.store.database import Connection
from troth.store.draws import create_draws
from troth.store.keys import read_keys
from troth.store.orders import lock_orders, read_orders
from troth.store.parked import write_parked
from troth.store.save import Batch, Happened, OrderChange, Saved, SlotMove, UsedKey, create_balances, save
from troth.store.serials import claim_serials, free_serials, read_serials
from troth.store.stock_index import SkuStock, StockIndex
from troth.store.transfers import read_traveling, write_traveling

CLOCK: Final = "clock"
"""Who acts, in the log, where nobody but the time asks for it."""

_UNMOVED: Final = DrawMove(0)
_OVERDUE_MAX: Final = 128


class Attempt:
    """A batch as it is being decided. `index` is moved along with every decision.

    `touched` says what to forget if it is not written. Holds of carts whose time is over are ended first as far as
    `overdue` names them. Where none is named and others keep what is asked in vain nothing is written, and `overdue`
    names those.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        *,
        reference: Reference,
        index: StockIndex,
        now: datetime,
        lookup: Collection[OrderId],
        is_locking: bool,
        overdue: Collection[CartHoldId] = (),
    ) -> None:
        self._requests = requests
        self._reference = reference
        self._index = index
        self._now = now
        self._is_locking = is_locking
        self._commands = [command for request in requests for command in request.commands]
        self._captured = [command for command in self._commands if isinstance(command, CaptureOrder)]
        self._holding = [command for command in self._commands if isinstance(command, HoldCart)]
        self._asked = [*self._captured, *(command.asked for command in self._holding)]
        self._lookup = [command.order_id for command in self._captured if command.order_id in lookup]
        self._locked = {order_id for command in self._commands for order_id in order_ids_of(command)}
        self._supplies = {key for command in self._commands for key in supplies_of(command)}
        self._loaded: dict[OrderId, Order] = {}
        self._orders: dict[OrderId, Order] = {}
        self._exact: dict[SupplyKey, Balance] = {}
        self._moved: dict[tuple[SupplyKey, datetime], int] = {}
        self._moved_here: dict[SupplyKey, int] = {}
        self._ordered: dict[SupplyKey, int] = {}
        self._ordered_here: dict[SupplyKey, int] = {}
        self._fresh: set[Sku] = set()
        self._keys: dict[tuple[str, str], UsedKey] = {}
        self._cart_ids = {hold_id for hold_id in map(cart_hold_of, self._commands) if hold_id is not None} | {*overdue}
        self._is_about_carts = bool(overdue) or any(isinstance(command, CartCommand) for command in self._commands)
        self._ending = sorted(overdue)
        self.overdue: Collection[CartHoldId] = ()
        self._carts: dict[CartHoldId, CartHold] = {}
        self._serials: dict[SerialKey, SerialPlace] = {}
        self._serials_seen: dict[SerialKey, FulfillmentId] = {}
        self._claimed: dict[SerialKey, SerialPlace] = {}
        self._freed: dict[SerialKey, FulfillmentId] = {}
        self._counts: dict[SupplyKey, CountMark] = {}
        self._new_counts: dict[SupplyKey, CountMark] = {}
        self._traveling: dict[SerialKey, TravelingSerial] = {}
        self._moved_serials: dict[SerialKey, TravelingSerial] = {}
        self._state = State(
            self._orders,
            index.rows,
            self._balance,
            self._moved_since,
            self._ordered_units,
            index.rows_freed,
            self._carts,
            self._serials,
            index.backordered,
            self._counts.get,
            self._traveling,
        )
        self._changed_carts: dict[CartHoldId, CartHold] = {}
        self._expiries: dict[SupplyKey, date] = {}
        self._exposure: Exposure | None = None
        self._prices: UnitPrices | None = None
        self.batch = Batch(now)
        self.touched: set[Sku] = set()

    @property
    def is_plain(self) -> bool:
        """Whether it is a single statement: new orders only, and nothing to lock or look up before."""
        return not (
            self._locked
            or self._lookup
            or self._supplies
            or self._cart_ids
            or self._is_about_carts
            or self._is_locking
            or any(request.key for request in self._requests)
        )

    async def run(self, connection: Connection) -> list[Result] | None:
        """Decide and write; None, with nothing written, where the balances no longer hold what was planned."""
        await self._load(connection)
        for hold_id in self._ending:
            self._decide(EndCartHold(hold_id, is_by_clock=True), Request((), CLOCK, CLOCK))
        outcomes = [
            await decide_aside(request.commands, self._index, partial(self._decide_request, request))
            for request in self._requests
        ]
        await self._decide_again(connection, outcomes)
        if self.overdue:
            return None
        results = self._answer(outcomes)
        if self.batch.draws:
            await create_draws(connection, self.batch.draws)
        if self.batch.orders or self.batch.entries or self.batch.events or self.batch.keys:
            saved = await self._save(connection)
            if saved is None or not saved.holds:
                return None
            if saved.orders_written != len(self.batch.orders):
                raise RuntimeError(f"{saved.orders_written} of {len(self.batch.orders)} orders were written")
            self.saved = saved
        if self._changed_carts:
            await write_cart_holds(connection, self._changed_carts.values())
        if self._freed:
            await free_serials(connection, self._freed)
        if self._claimed and not await claim_serials(connection, self._claimed, seen=self._serials_seen, at=self._now):
            return None
        if self._moved_serials and not await self._write_traveling(connection):
            return None
        if self._expiries:
            await write_expiries(connection, self._expiries)
            self._index.forget({key.sku for key in self._expiries})
        if self._new_counts:
            await write_counts(connection, self._new_counts.values(), self._now)
        return results

    saved: Saved | None = None

    async def _save(self, connection: Connection) -> Saved | None:
        """Write the batch, and what its orders have parked in the same transaction; None, with nothing written, where
        more would be backordered than may be.
        """
        parked = [
            change.after
            for change in self.batch.orders.values()
            if change.after.parked or (change.before is not None and change.before.parked)
        ]
        capped = find_capped(self.batch.entries, self._reference.items)
        if not parked and not capped:
            return await save(connection, self.batch)
        async with connection.transaction():
            if capped:
                moved = {entry.key for entry in self.batch.entries}
                backordered = await lock_backordered(connection, capped, moved)
                if any(backordered.get(sku, 0) > most for sku, most in capped.items()):
                    return None
            saved = await save(connection, self.batch)
            if saved.holds:
                await write_parked(connection, parked, self._now)
        return saved

    async def _write_traveling(self, connection: Connection) -> bool:
        """Write where transfers have serials; False where another transfer has one of them on its way meanwhile."""
        try:
            await write_traveling(connection, self._moved_serials)
        except asyncpg.UniqueViolationError:
            return False
        return True

    # Loading ----------------------------------------------------------------------------------------------------------

    async def _load(self, connection: Connection) -> None:
        keyed = [(request.actor, request.key.key) for request in self._requests if request.key]
        if keyed:
            self._keys = await read_keys(connection, keyed)
        if self._locked:
            await lock_orders(connection, self._locked)
        if self._locked or self._lookup:
            self._loaded = await read_orders(connection, self._locked | set(self._lookup))
            self._orders.update(self._loaded)
        customers = {(one.asked.channel, one.asked.customer.id) for one in self._holding if one.units_max is not None}
        if customers:
            self._carts.update(await read_customers_cart_holds(connection, customers, self._now))
        if self._cart_ids:
            self._carts.update(await lock_cart_holds(connection, self._cart_ids))
        if self._supplies:
            # Before the stock is read, so that it has a row for what a command of this batch puts there.
            await create_balances(connection, self._supplies)
        asked = [line for command in self._asked for line in command.lines]
        refused = [
            line
            for command in self._commands
            if isinstance(command, ChangeOrder | PickWork | RejectWork | RepromiseOrder)
            for order_id in order_ids_of(command)
            if order_id in self._loaded
            for line in self._loaded[order_id].lines
        ]
        wished = [
            line
            for command in self._commands
            if isinstance(command, ChangeOrder)
            for line in named_lines(command.actions)
        ]
        failing = {line.sku for line in refused} | set(named_skus(refused))
        if wished:
            failing |= await self._reference.need_lines(wished)
        await self._load_serials(connection)
        skus = await self._reference.need_lines(asked)
        await self._reference.need_items(failing)
        self._prices = await self._reference.need_prices(skus | failing)
        if self._is_locking and skus | failing:
            self._remember(skus | failing, await lock_stock(connection, skus | failing))
        else:
            wanted = set(self._index.missing(skus)) | failing
            if wanted:
                self._remember(wanted, await read_stock(connection, wanted))
        if self._supplies:
            await self._load_supplies(connection)

    async def _load_serials(self, connection: Connection) -> None:
        """Where the serials are that reports name, and which items have any."""
        reports = [
            (command, self._loaded[order_id])
            for command in self._commands
            if isinstance(command, SerialWork)
            for order_id in order_ids_of(command)
            if order_id in self._loaded
        ]
        if reports:
            await self._reference.need_items({part.sku for _, order in reports for part in order.allocations})
        keys = [key for command, order in reports for key in serial_keys(command, order)]
        sent = [command for command in self._commands if isinstance(command, TransferCommand)]
        if sent:
            named = [key for command in sent for key in traveling_keys(command)]
            self._traveling |= await read_traveling(connection, named, {one.consignment.transfer_id for one in sent})
            keys += named
        if keys:
            self._serials |= await read_serials(connection, keys)
            self._serials_seen = {key: place.fulfillment_id for key, place in self._serials.items()}

    async def _load_supplies(self, connection: Connection) -> None:
        self._exact = {balance.key: balance for balance in await lock_supplies(connection, self._supplies)}
        counts = [(c.key, c.as_of) for c in self._commands if isinstance(c, CountStock)]
        if counts:
            self._moved = dict(zip(counts, await read_moves_since(connection, counts), strict=True))
            self._counts |= await read_counts(connection, {key for key, _ in counts})
        expecting = sorted(
            {key for c in self._commands if isinstance(c, ExpectSupply | ShipTransfer) for key in supplies_of(c)}
        )
        if expecting:
            self._ordered = dict(zip(expecting, await read_ordered(connection, expecting), strict=True))

    def _remember(self, skus: Iterable[Sku], stocks: Iterable[SkuStock]) -> None:
        self._index.put(skus, stocks)
        self._fresh |= set(skus)

    # Deciding ---------------------------------------------------------------------------------------------------------

    def _decide_request(self, request: Request) -> list[Outcome] | UsedKey | KeyReused:
        if request.key is not None:
            used = self._keys.get((request.actor, request.key.key))
            if used is not None:
                return used if used.request_digest == request.key.request_digest else KeyReused(request.key.key)
            # A second request with this key in the same batch finds it taken.
            self._keys[request.actor, request.key.key] = UsedKey(
                request.actor, request.key.key, request.key.request_digest, 0, b""
            )
        return [self._decide(command, request) for command in request.commands]

    def _decide(self, command: Command, request: Request) -> Outcome:
        order_id = command.order_id if isinstance(command, CaptureOrder) else next(iter(order_ids_of(command)), None)
        policy = self._reference.policy_for(self._subject(command, order_id), self._now)
        reference = self._reference
        exposure = self._exposure = reference.exposure_at(self._now)
        facts = Facts(
            self._now,
            request.actor,
            reference.network,
            reference.items,
            policy,
            prices=self._prices,
            exposure=exposure,
            clock=monotonic,
        )
        if request.expected is not ANYTHING and order_id is not None:
            known = self._orders.get(order_id)
            conflict = None if known is None else request.expected.refuse(known.version)
            if conflict is not None:
                return conflict
        decision = decide(command, self._state, facts)
        if not isinstance(decision, Decision):
            return decision
        is_new = any(change.before is None for change in decision.changes)
        self._apply(decision, request, policy.version)
        return Accepted(self._orders.get(order_id) if order_id else None, is_new, decision)

    def _subject(self, command: Command, order_id: OrderId | None) -> str | None:
        """About whom a command decides, as far as policies tell them apart: the customer, else the order."""
        asked = command.asked if isinstance(command, HoldCart) else command
        if isinstance(asked, CaptureOrder):
            return asked.customer.id or (order_id if asked is command else None)
        order = None if order_id is None else self._orders.get(order_id)
        return order_id if order is None else order.customer.id or order_id

    def _apply(self, decision: Decision, request: Request, policy_version: str) -> None:
        batch = self.batch
        for hold in decision.cart_holds:
            self._book(cart_moves(self._carts.get(hold.hold_id), hold))
            self._draw(cart_draw_moves(self._carts.get(hold.hold_id), hold))
            self._carts[hold.hold_id] = self._changed_carts[hold.hold_id] = hold
        for change in decision.changes:
            order_id = change.after.order_id
            self._orders[order_id] = change.after
            batch.orders[order_id] = OrderChange(self._loaded.get(order_id), change.after)
            self._book(load_moves(change.before, change.after))
            drawn = draw_moves(change.before, change.after)
            if drawn:
                self._draw(drawn)
            if decision.trace is not None:
                batch.traces.append((order_id, change.after.version, decision.trace))
        self._serials |= decision.serials or {}
        self._claimed |= decision.serials or {}
        for serial, work in (decision.freed_serials or {}).items():
            self._serials.pop(serial, None)
            if self._claimed.pop(serial, None) is None:
                self._freed[serial] = work
        self._traveling |= decision.traveling or {}
        self._moved_serials |= decision.traveling or {}
        for draw, used in decision.relies.items():
            self._join(draw, DrawMove(0, least=used - batch.draws.get(draw, _UNMOVED).amount))
        for mark in decision.counts:
            self._counts[mark.key] = self._new_counts[mark.key] = mark
        for entry in decision.entries:
            self.touched.add(entry.key.sku)
            known = self._exact.get(entry.key)
            if known is not None:
                moved = self._ordered_here if entry.kind is EntryKind.EXPECT else self._moved_here
                if entry.kind is not EntryKind.COUNT:
                    moved[entry.key] = moved.get(entry.key, 0) + entry.on_hand_delta
                self._exact[entry.key] = replace(
                    known,
                    on_hand=known.on_hand + entry.on_hand_delta,
                    reserved=known.reserved + entry.reserved_delta,
                )
        for key, expires_on in (decision.expiries or {}).items():
            self._expiries[key] = expires_on
            self._exact[key] = replace(self._balance(key), expires_on=expires_on)
        if decision.expiries:
            self._index.expire(decision.expiries)
        self._index.move(decision.entries)
        batch.entries += decision.entries
        batch.expected |= decision.expected or {}
        batch.events += [
            Happened(subject, event, request.actor, request.cause, policy_version) for subject, event in decision.events
        ]

    def _book(self, moves: Iterable[tuple[Slot, int]]) -> None:
        network = self._reference.network
        network.load.move(moves)
        for slot, amount in moves:
            before = self.batch.slots.get(slot)
            capacity = capacity_of(network.limits, network.index.get(slot.node), slot)
            self.batch.slots[slot] = SlotMove(amount + (before.amount if before else 0), capacity)

    def _draw(self, moves: Iterable[tuple[Draw, int]]) -> None:
        self._reference.consumed.move(moves)
        for draw, amount in moves:
            self._join(draw, DrawMove(amount, most_of(self._exposure, draw, self._reference.items)))

    def _join(self, draw: Draw, move: DrawMove) -> None:
        self.batch.draws[draw] = self.batch.draws.get(draw, _UNMOVED).joined(move)

    def give_back(self) -> None:
        """Take back what was booked of the days of nodes, and drawn, since it is not written."""
        self._reference.network.load.move((slot, -move.amount) for slot, move in self.batch.slots.items())
        self._reference.consumed.move((draw, -move.amount) for draw, move in self.batch.draws.items())

    async def _decide_again(self, connection: Connection, outcomes: list[list[Outcome] | UsedKey | KeyReused]) -> None:
        """Decide once more, from what is true now, what was refused because of what was only remembered."""
        doubtful = [
            (request, position, number)
            for number, request in enumerate(self._requests)
            for position, outcome in enumerate(_list(outcomes[number]))
            if isinstance(request.commands[position], CaptureOrder | HoldCart)
            and isinstance(outcome, StockShort | Invalid)
        ]
        if not doubtful:
            return
        if await self._reference.refresh():
            self._index.use(self._reference.network)
            self._fresh.clear()
            self._reference.network.load.move((slot, move.amount) for slot, move in self.batch.slots.items())
        commands = [request.commands[position] for request, position, _ in doubtful]
        asked = [command.asked if isinstance(command, HoldCart) else command for command in commands]
        lines = [line for command in asked if isinstance(command, CaptureOrder) for line in command.lines]
        skus = await self._reference.need_lines(lines)
        self._prices = await self._reference.need_prices(skus)
        stale = skus - self._fresh
        if stale:
            self._remember(stale, await read_stock(connection, stale))
            self._index.move(entry for entry in self.batch.entries if entry.key.sku in stale)
        missing = set(self._index.missing(self.touched))
        if missing:
            self._remember(missing, await read_stock(connection, missing))
            self._index.move(entry for entry in self.batch.entries if entry.key.sku in missing)
        for request, position, number in doubtful:
            command = request.commands[position]
            outcome = await decide_aside((command,), self._index, partial(self._decide, command, request))
            _list(outcomes[number])[position] = outcome
        again = [_list(outcomes[number])[position] for _, position, number in doubtful]
        short = [outcome for outcome in again if isinstance(outcome, StockShort)]
        if short and not self._ending:
            lacks_quota = any(line.reason == PRODUCT_ALLOCATION for outcome in short for line in outcome.lines)
            self.overdue = await find_overdue_cart_holds(
                connection, self._now, skus, with_draws=lacks_quota, limit=_OVERDUE_MAX
            )

    def _answer(self, outcomes: Sequence[list[Outcome] | UsedKey | KeyReused]) -> list[Result]:
        results: list[Result] = []
        for request, outcome in zip(self._requests, outcomes, strict=True):
            if isinstance(outcome, KeyReused):
                results.append(Result((outcome,) * len(request.commands)))
            elif isinstance(outcome, UsedKey):
                used = self._keys[outcome.actor, outcome.key]
                results.append(Result((), Answer(used.status, used.answer)))
            elif request.key is None or request.answer is None:
                results.append(Result(tuple(outcome)))
            else:
                answer = request.answer(tuple(outcome))
                used = UsedKey(request.actor, request.key.key, request.key.request_digest, answer.status, answer.body)
                self._keys[request.actor, request.key.key] = used
                if any(isinstance(one, Accepted) for one in outcome):
                    self.batch.keys.append(used)
                results.append(Result(tuple(outcome), answer))
        return results

    # What the decisions look at ---------------------------------------------------------------------------------------

    def _balance(self, key: SupplyKey) -> Balance:
        return self._exact.get(key) or Balance(key)

    def _moved_since(self, key: SupplyKey, as_of: datetime) -> int:
        return self._moved[key, as_of] + self._moved_here.get(key, 0)

    def _ordered_units(self, key: SupplyKey) -> int:
        return self._ordered.get(key, 0) + self._ordered_here.get(key, 0)


def _list(outcome: list[Outcome] | UsedKey | KeyReused) -> list[Outcome]:
    return outcome if isinstance(outcome, list) else []
