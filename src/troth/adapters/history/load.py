"""Loading order history: every order goes through the write door, and every row is accounted for."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from troth.adapters.history.account import Account
from troth.adapters.history.assemble import Draft, Overview, Unusable, assemble, refuse, survey
from troth.adapters.history.mapping import HistoryMapping, MappingWrong
from troth.adapters.history.parse import Flaw
from troth.adapters.history.refused import RefusedRows
from troth.adapters.history.rows import file_format, read_columns
from troth.flows.door.requests import Accepted, Outcome, Request
from troth.flows.door.system import System
from troth.flows.orders.capture import prepare
from troth.flows.people.access import ADMIN, Actor
from troth.flows.records.configure import set_items
from troth.flows.stock.stock import Adjustment, adjust
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, is_on_hand
from troth.model.item import Item
from troth.model.refusals import Busy, ContentDiffers, Invalid, StockShort
from troth.store.balances import find_balances
from troth.store.order_digests import read_digests

Progress = Callable[[Account, Overview], None]

_ROWS_A_TIME: Final = 40_000
_IN_FLIGHT_MAX: Final = 512
_BALANCES_A_PAGE: Final = 20_000
_BUSY_TRIES: Final = 5
_BUSY_SECONDS: Final = 0.2
_ACTOR: Final = Actor("load/orders", frozenset({ADMIN}))


async def load_history(
    system: System,
    path: Path,
    mapping: HistoryMapping,
    *,
    refused: Path,
    stop: asyncio.Event,
    progress: Progress = lambda account, overview: None,
) -> Account:
    """Capture the orders of a file; refused rows go to `refused`. Ends early, nothing half done, when `stop` is set.

    An order that was captured before is told by its id and content, so the same file can be loaded any number of times.
    Raises MappingWrong where the mapping does not fit the file, OSError where a file cannot be read or written.
    """
    columns = read_columns(path, mapping)
    if mapping.stock_node and mapping.stock_node not in system.door.reference.network.index:
        raise MappingWrong(f"stock_node: there is no node {mapping.stock_node}; troth load nodes creates it")
    overview = await asyncio.to_thread(survey, path, mapping, is_stopped=stop.is_set)
    account = Account()

    def count_row() -> None:
        account.rows_read += 1

    def count_skipped(reason: str) -> None:
        account.skipped[reason] += 1

    form = file_format(path, mapping)
    with RefusedRows(
        refused, columns=columns, form=form, delimiter=mapping.delimiter, encoding=mapping.encoding
    ) as refused_rows:
        load = _Load(system, mapping, account, refused_rows, stop, lambda: progress(account, overview))
        found = assemble(path, mapping, overview, read=count_row, skip=count_skipped)
        while not stop.is_set() and (portion := list(_portion(found))):
            await load.settle(portion)
            progress(account, overview)
    account.is_interrupted = stop.is_set()
    return account


def _portion(found: Iterator[Draft | Unusable]) -> Iterator[Draft | Unusable]:
    """The next orders, until they have some tens of thousands of rows."""
    rows = 0
    for each in found:
        yield each
        rows += len(each.rows) if isinstance(each, Draft) else len(each.flawed)
        if rows >= _ROWS_A_TIME:
            return


class _Load:
    def __init__(
        self,
        system: System,
        mapping: HistoryMapping,
        account: Account,
        refused: RefusedRows,
        stop: asyncio.Event,
        progress: Callable[[], None],
    ) -> None:
        self._system = system
        self._mapping = mapping
        self._account = account
        self._refused = refused
        self._stop = stop
        self._progress = progress
        self._room = asyncio.Semaphore(_IN_FLIGHT_MAX)

    async def settle(self, portion: Sequence[Draft | Unusable]) -> None:
        """Write down what is unusable or known already, make what is missing, and capture the rest."""
        drafts = {}
        for each in portion:
            if isinstance(each, Unusable):
                self._refuse(each)
            elif each.order_id in drafts:
                self._refuse_whole(each, Flaw("", "order occurs twice", "the order stands elsewhere in this file too"))
            else:
                drafts[each.order_id] = each
        async with self._system.pool.acquire() as connection:
            digests = await read_digests(connection, list(drafts))
        new = []
        for draft in drafts.values():
            if draft.order_id not in digests:
                new.append(draft)
            elif digests[draft.order_id] == draft.digest:
                self._account.orders_known += 1
                self._account.rows_known += len(draft.rows)
            else:
                self._refuse_outcome(draft, ContentDiffers(draft.order_id))
        if self._mapping.create_items:
            await self._create_items(new)
        if self._mapping.stock == "as_needed":
            await self._stock(new)
        async with asyncio.TaskGroup() as group:
            for draft in new:
                await self._room.acquire()
                if self._stop.is_set():
                    self._room.release()
                    break
                group.create_task(self._capture(draft))

    async def _create_items(self, drafts: Sequence[Draft]) -> None:
        reference = self._system.door.reference
        await reference.need_items({line.sku for draft in drafts for line in draft.lines})
        missing: dict[Sku, Item] = {}
        for draft in drafts:
            for line in draft.lines:
                if line.sku in reference.items:
                    continue
                known = missing.get(line.sku)
                if known is None or (line.item_name and not known.name):
                    price = line.unit_price.minor if line.unit_price else 0
                    missing[line.sku] = Item(line.sku, line.item_name, currency=draft.currency, price_minor=price)
        if missing:
            self._account.items_created += await set_items(self._system.pool, missing.values(), actor=_ACTOR.name)
            await self._system.door.follow()

    async def _stock(self, drafts: Sequence[Draft]) -> None:
        """Top the node up, so that what it has available of each SKU covers what these orders want of it."""
        node = NodeId(self._mapping.stock_node)
        wanted: Counter[Sku] = Counter()
        for draft in drafts:
            for line in draft.lines:
                wanted[line.sku] += line.quantity
        if not wanted:
            return
        available = await self._available(node, list(wanted))
        missing = {sku: units - available.get(sku, 0) for sku, units in sorted(wanted.items())}
        lines = [Adjustment(node, sku, units, "history", "as_needed") for sku, units in missing.items() if units > 0]
        results = await adjust(self._system, lines, actor=_ACTOR)
        if isinstance(results, tuple):
            self._account.stocked_units += sum(
                line.delta for line, result in zip(lines, results, strict=True) if not result.code
            )

    async def _available(self, node: NodeId, skus: Sequence[Sku]) -> dict[Sku, int]:
        available: dict[Sku, int] = {}
        last: SupplyKey | None = None
        async with self._system.pool.acquire() as connection:
            while page := await find_balances(connection, skus=skus, node=node, after=last, limit=_BALANCES_A_PAGE):
                for balance in page:
                    if is_on_hand(balance.key.source):
                        sku = balance.key.sku
                        available[sku] = available.get(sku, 0) + balance.available
                last = page[-1].key
        return available

    async def _capture(self, draft: Draft) -> None:
        try:
            outcome = await self._submit(draft)
        finally:
            self._room.release()
        if isinstance(outcome, Accepted):
            if outcome.is_new:
                self._account.orders_captured += 1
                self._account.rows_captured += len(draft.rows)
            else:
                self._account.orders_known += 1
                self._account.rows_known += len(draft.rows)
        else:
            self._refuse_outcome(draft, outcome)
        self._progress()

    async def _submit(self, draft: Draft) -> Outcome:
        command = await prepare(self._system, draft.content)
        if isinstance(command, Invalid):
            return command
        outcome: Outcome = Busy(0)
        for number in range(_BUSY_TRIES):
            result = await self._system.door.submit(Request((command,), _ACTOR.name))
            outcome = result.outcomes[0]
            if not isinstance(outcome, Busy):
                break
            await asyncio.sleep(_BUSY_SECONDS * 2**number)
        return outcome

    def _refuse_outcome(self, draft: Draft, outcome: Outcome) -> None:
        """Refuse an order with the words of the refusal, on the rows that it names where it names some."""
        match outcome:
            case StockShort(lines):
                positions = {line.line_id: position for position, line in enumerate(draft.content.lines)}
                flaws = {
                    positions[short.line_id]: (
                        Flaw(
                            self._column("sku"),
                            outcome.code,
                            f"{short.reason}: {short.available_quantity} of {short.quantity} {short.sku} available",
                        ),
                    )
                    for short in lines
                    if short.line_id in positions
                }
            case Invalid(fields):
                flaws = {}
                for field in fields:
                    position, name = _place(field.pointer)
                    detail = f"{field.pointer} {field.detail}"
                    flaws[position] = (*flaws.get(position, ()), Flaw(self._column(name), outcome.code, detail))
            case Accepted():
                return
            case _:
                flaws = {}
        if flaws:
            self._refuse(refuse(draft.rows, flaws))
        else:
            sentence = (type(outcome).__doc__ or "").partition("\n")[0]
            self._refuse_whole(draft, Flaw("", getattr(outcome, "code", "refused"), sentence))

    def _refuse_whole(self, draft: Draft, flaw: Flaw) -> None:
        self._refuse(Unusable(tuple((row, (flaw,)) for row in draft.rows)))

    def _refuse(self, unusable: Unusable) -> None:
        self._account.orders_refused += 1
        for row, flaws in unusable.flawed:
            self._account.refused[flaws[0].reason] += 1
            self._refused.write(row, flaws)

    def _column(self, name: str) -> str:
        fields = self._mapping.fields.__struct_fields__
        return (self._mapping.field(name).column or name) if name in fields else name


def _place(pointer: str) -> tuple[int, str]:
    """Position of the line and name of the field that a pointer names; the first line where it names none.

    >>> _place("/lines/2/sku"), _place("/pickup_node")
    ((2, 'sku'), (0, 'pickup_node'))
    """
    parts = pointer.strip("/").split("/")
    return (int(parts[1]), parts[2]) if len(parts) > 2 and parts[0] == "lines" else (0, parts[-1])
