"""One try at a batch of requests: load what they are about, decide each in order, write everything as one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from troth.engine.capture_ahead import plan_ahead
from troth.engine.exposure.quotas import PRODUCT_ALLOCATION
from troth.engine.lifecycle import decide
from troth.engine.promising.ahead import Ahead
from troth.engine.promising.context import Decision, Facts
from troth.engine.supply.unit_prices import UnitPrices
from troth.flows.door.aside import decide_aside
from troth.flows.door.batch_state import BatchState
from troth.flows.door.batch_write import BatchWrite
from troth.flows.door.expected import ANYTHING
from troth.flows.door.facts import NOTHING_AHEAD, facts_of
from troth.flows.door.requests import Accepted, Answer, Outcome, Request, Result
from troth.flows.memory.reference import Reference
from troth.model.capture_order import CaptureOrder
from troth.model.commands import Command, EndCartHold, HoldCart, order_ids_of
from troth.model.ids import CartHoldId, OrderId, Sku
from troth.model.refusals import Invalid, KeyReused, QuoteOutdated, StockShort, VersionConflict
from troth.store.balances import lock_stock, read_stock
from troth.store.cart_holds import find_overdue_cart_holds
from troth.store.database import Connection
from troth.store.keys import read_keys
from troth.store.save import UsedKey
from troth.store.shelf import SkuStock
from troth.store.stock_index import StockIndex

CLOCK: Final = "clock"
"""Who acts, in the log, where nobody but the time asks for it."""

_OVERDUE_MAX: Final = 128
_TOGETHER_MIN: Final = 4
"""Fewer new orders are planned one by one."""


class Attempt:
    """A batch as it is being decided; `index` is moved along with every decision, and `written` is what it comes to.

    Holds of carts whose time is over are ended first as far as `overdue` names them. Where none is named and others
    keep what is asked in vain nothing is written, and `overdue` names those.
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
        self._ending = sorted(overdue)
        self._state = BatchState(
            self._commands,
            index,
            lookup=lookup,
            ending=overdue,
            terms=reference.customer_terms,
            known=[order for request in requests for order in request.known],
        )
        self._seen = self._state.seen
        self._keys: dict[tuple[str, str], UsedKey] = {}
        self._fresh: set[Sku] = set()
        self._prices: UnitPrices | None = None
        self._ahead: Mapping[OrderId, Ahead] = NOTHING_AHEAD
        self.overdue: Collection[CartHoldId] = ()
        self.written = BatchWrite(now, self._state, reference)

    @property
    def is_plain(self) -> bool:
        """Whether it is a single statement: new orders only, and nothing to lock or look up before."""
        return not (self._state.needs_locks or self._is_locking or any(request.key for request in self._requests))

    async def run(self, connection: Connection) -> list[Result] | None:
        """Decide and write; None, with nothing written, where the balances no longer hold what was planned."""
        await self._load(connection)
        self._ahead = self._plan_ahead()
        for hold_id in self._ending:
            self._decide(EndCartHold(hold_id, is_by_clock=True), Request((), CLOCK, CLOCK))
        outcomes = [
            await decide_aside(
                request.commands, self._index, self._state.orders, partial(self._decide_request, request)
            )
            for request in self._requests
        ]
        await self._decide_again(connection, outcomes)
        if self.overdue:
            return None
        results = self._answer(outcomes)
        if not await self.written.write(connection):
            return None
        self._index.forget({key.sku for key in self.written.expiries})
        return results

    async def _load(self, connection: Connection) -> None:
        keyed = [(request.actor, request.key.key) for request in self._requests if request.key]
        if keyed:
            self._keys = await read_keys(connection, keyed)
        await self._state.load(connection, self._reference, self._now)
        doubtful = await self._state.find_doubtful(self._reference)
        skus = await self._reference.need_lines([line for one in _asked(self._commands) for line in one.lines])
        self._prices = await self._reference.need_prices(skus | doubtful)
        if self._is_locking and skus | doubtful:
            self._remember(skus | doubtful, await lock_stock(connection, skus | doubtful))
        else:
            wanted = set(self._index.missing(skus)) | doubtful
            if wanted:
                self._remember(wanted, await read_stock(connection, wanted))
        await self._state.lock_supplies(connection)

    def _plan_ahead(self) -> Mapping[OrderId, Ahead]:
        """The plans of the batch's plain new orders, made together: none waits for another, unless both want the same
        units.
        """
        captures = [command for command in self._commands if isinstance(command, CaptureOrder)]
        if len(captures) < _TOGETHER_MIN:
            return NOTHING_AHEAD
        reference, known = self._reference, dict[int, Facts]()

        def facts(command: CaptureOrder) -> Facts:
            policy = reference.policy_for(self._subject(command, command.order_id), self._now)
            if id(policy) not in known:
                known[id(policy)] = facts_of(reference, self._now, "", policy, self._prices)
            return known[id(policy)]

        return plan_ahead([(command, facts(command)) for command in captures], self._seen)

    def _remember(self, skus: Iterable[Sku], stocks: Iterable[SkuStock]) -> None:
        self._index.put(skus, stocks)
        self._fresh |= set(skus)

    def _decide_request(self, request: Request) -> list[Outcome] | UsedKey | KeyReused:
        if request.key is not None:
            used = self._keys.get((request.actor, request.key.key))
            if used is not None:
                return used if used.request_digest == request.key.request_digest else KeyReused(request.key.key)
            # A second request with this key in the same batch finds it taken.
            self._keys[request.actor, request.key.key] = UsedKey(
                request.actor, request.key.key, request.key.request_digest, 0, b""
            )
        outcomes: list[Outcome] = []
        for command in request.commands:
            outcome = self._decide(command, request, is_first=not outcomes)
            if not outcomes and isinstance(outcome, VersionConflict):
                return [outcome] * len(request.commands)
            outcomes.append(outcome)
            if request.is_chain and not isinstance(outcome, Accepted):
                break
        return outcomes

    def _decide(self, command: Command, request: Request, *, is_first: bool = True) -> Outcome:
        """Decide a command. Of several of a request the first finds the version that is expected, the others what it
        has made of it.
        """
        order_id = command.order_id if isinstance(command, CaptureOrder) else next(iter(order_ids_of(command)), None)
        policy = self._reference.policy_for(self._subject(command, order_id), self._now)
        reference = self._reference
        facts = facts_of(reference, self._now, request.actor, policy, self._prices, ahead=self._ahead)
        if is_first and request.expected is not ANYTHING and order_id is not None:
            known = self._state.orders.get(order_id)
            conflict = None if known is None else request.expected.refuse(known.version)
            if conflict is not None:
                return conflict
        decision = decide(command, self._seen, facts)
        if not isinstance(decision, Decision):
            return decision
        is_new = any(change.before is None for change in decision.changes)
        self.written.add(decision, request, policy.version, facts.exposure)
        self._state.move(decision)
        order = self._state.orders.get(order_id) if order_id else None
        return Accepted(order, is_new, decision, self._seen.failures)

    def _subject(self, command: Command, order_id: OrderId | None) -> str | None:
        """About whom a command decides, as far as policies tell them apart: the customer, else the order."""
        asked = command.asked if isinstance(command, HoldCart) else command
        if isinstance(asked, CaptureOrder):
            return asked.customer.id or (order_id if asked is command else None)
        order = None if order_id is None else self._state.orders.get(order_id)
        return order_id if order is None else order.customer.id or order_id

    async def _decide_again(self, connection: Connection, outcomes: list[list[Outcome] | UsedKey | KeyReused]) -> None:
        """Decide once more, from what is true now, what was refused because of what was only remembered."""
        doubtful = [
            (request, position, number)
            for number, request in enumerate(self._requests)
            for position, outcome in enumerate(_list(outcomes[number]))
            if isinstance(request.commands[position], CaptureOrder | HoldCart)
            and isinstance(outcome, StockShort | Invalid | QuoteOutdated)
        ]
        if not doubtful:
            return
        if await self._reference.refresh():
            self._index.use(self._reference.network)
            self._fresh.clear()
            self.written.book_again()
        asked = _asked(request.commands[position] for request, position, _ in doubtful)
        skus = await self._reference.need_lines([line for command in asked for line in command.lines])
        self._prices = await self._reference.need_prices(skus)
        stale, entries = skus - self._fresh, self.written.batch.entries
        if stale:
            self._remember(stale, await read_stock(connection, stale))
            self._index.move(entry for entry in entries if entry.key.sku in stale)
        missing = set(self._index.missing(self.written.skus))
        if missing:
            self._remember(missing, await read_stock(connection, missing))
            self._index.move(entry for entry in entries if entry.key.sku in missing)
        for request, position, number in doubtful:
            command = request.commands[position]
            outcome = await decide_aside(
                (command,), self._index, self._state.orders, partial(self._decide, command, request)
            )
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
                done = [isinstance(one, Accepted) for one in outcome]
                if all(done) if request.is_chain else any(done):
                    self.written.batch.keys.append(used)
                results.append(Result(tuple(outcome), answer))
        return results


def _asked(commands: Iterable[Command]) -> list[CaptureOrder]:
    """The orders that commands ask for, as orders or for carts."""
    asked = [command.asked if isinstance(command, HoldCart) else command for command in commands]
    return [command for command in asked if isinstance(command, CaptureOrder)]


def _list(outcome: list[Outcome] | UsedKey | KeyReused) -> list[Outcome]:
    return outcome if isinstance(outcome, list) else []
