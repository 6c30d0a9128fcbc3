"""One feed while it is taken in: rows as they stream, thousands in a transaction that also says how far it has come."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.feed import Feed, FeedAccount, FeedReport
from troth.flows.stock.feed_rows import FeedCut, FeedRow, FeedUnreadable, RowFlaw, RowReader, read_lines
from troth.flows.stock.feed_supply import set_dated_supply
from troth.flows.stock.feed_write import ROWS_A_TIME, write_by_key, write_rows, zero_unnamed
from troth.flows.stock.stock_lines import KIT
from troth.model.ids import NodeId, Sku
from troth.model.measure import units_in, why_not_units
from troth.store.database import Connection, transaction
from troth.store.node_feeds import write_node_feeds
from troth.store.stock_feeds import StoredFeed, advance_stock_feed
from troth.store.stock_load import find_stocked, find_unknown_nodes

_DATED_MAX: Final = 50_000
_TRAILER: Final = "#rows,"


Refused = Callable[[Sequence[RowFlaw]], None]
"""Told of the rows that are refused, all of them, as they come."""


class OtherContent(Exception):
    """The rows that were taken in before are not those that come now."""


class Overtaken(Exception):
    """Somebody else takes in the same feed at this moment."""


class Intake:
    """One feed, its account, and what its end needs of its rows."""

    def __init__(
        self, system: System, feed: Feed, stored: StoredFeed[FeedAccount], actor: Actor, refused: Refused
    ) -> None:
        self._system = system
        self._feed = feed
        self._stored = stored
        self._actor = actor
        self._refused = refused
        self._reader = RowReader(feed.form, feed.mode)
        self._digest = blake2b(digest_size=16)
        self._account = stored.account
        self._rows_done = stored.rows_done
        self._rows = 0
        self._line = 0
        self._tail = b""
        self._broken = ""
        self._announced = feed.rows
        self._stocked: dict[str, int | None] = {}
        self._known_nodes: set[str] = set()
        self._nodes: set[NodeId] = set(feed.nodes)
        self._by_lot: set[tuple[Sku, NodeId]] = set()
        self._dated: list[FeedRow] = []

    async def read(self, chunks: AsyncIterator[bytes], progress: Callable[[int], None]) -> None:
        """Take in every whole row, as they come; those that are in the ledger already are only compared."""
        waiting: list[tuple[int, bytes]] = []
        async for lines in self._lines(chunks):
            if not lines[-1].endswith(b"\n"):
                self._tail = lines.pop()
            for line in lines:
                self._line += 1
                if self._reader.needs_header:
                    self._reader.read_header(line)
                    self._digest.update(line)
                elif line.strip() and not self._is_trailer(line):
                    waiting.append((self._line, line))
            while len(waiting) >= ROWS_A_TIME:
                await self._take(waiting[:ROWS_A_TIME], progress)
                del waiting[:ROWS_A_TIME]
        if self._is_trailer(self._tail):
            self._tail = b""
        elif self._feed.form.format == "jsonl" and isinstance(_decoded(self._tail), dict):
            waiting.append((self._line + 1, self._tail + b"\n"))
            self._tail = b""
        if waiting:
            await self._take(waiting, progress)

    async def _lines(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
        try:
            async for lines in read_lines(chunks):
                yield lines
        except FeedCut as error:
            self._broken = str(error)

    def _is_trailer(self, line: bytes) -> bool:
        """Whether a line says how many rows there are, where the feed was said to end with such a one."""
        if not self._feed.has_trailer:
            return False
        text = line.decode("utf-8", "replace").strip()
        if self._feed.form.format == "csv":
            told = text.removeprefix(_TRAILER) if text.startswith(_TRAILER) else ""
        else:
            told = text.removeprefix('{"rows":').removesuffix("}").strip() if text.startswith('{"rows":') else ""
        if not told.isdecimal():
            return False
        self._announced = int(told)
        return True

    async def _take(self, lines: Sequence[tuple[int, bytes]], progress: Callable[[int], None]) -> None:
        known = min(len(lines), max(0, self._rows_done - self._rows))
        for _, line in lines[:known]:
            self._digest.update(line)
        self._rows += known
        if known and not self._stored.is_whole:
            read = (self._reader.read(number, line) for number, line in lines[:known])
            await self._check([row for row in read if isinstance(row, FeedRow)])
        if known and self._rows == self._rows_done and self._digest.hexdigest() != self._stored.prefix_digest:
            raise OtherContent
        if known < len(lines):
            if self._stored.is_whole:
                raise OtherContent
            await self._write(lines[known:])
        progress(self._rows)

    async def _write(self, lines: Sequence[tuple[int, bytes]]) -> None:
        """Put rows into the ledger, and say in the same transaction how far the feed is."""
        read = [self._reader.read(number, line) for number, line in lines]
        texts = dict(lines)
        for _, line in lines:
            self._digest.update(line)
        rows, unknown = await self._check([row for row in read if isinstance(row, FeedRow)])
        flaws = [*(row for row in read if isinstance(row, RowFlaw)), *unknown]
        if len(self._dated) > _DATED_MAX:
            raise FeedUnreadable(f"has more than {_DATED_MAX:,} rows of supply still to come")

        async def write(connection: Connection) -> tuple[FeedAccount, tuple[RowFlaw, ...]]:
            at = self._system.door.now()
            done = await write_rows(
                connection,
                self._feed,
                rows,
                decimals=self._stocked,
                by_lot=self._by_lot,
                actor=self._actor.name,
                at=at,
            )
            refused = _with_texts((*flaws, *done.flaws), texts)
            done = replace(
                done,
                rows=len(lines),
                accepted=len(lines) - len(refused),
                refused=len(refused),
                flaws=refused,
            )
            account = self._account.add(done)
            await self._advance(connection, account, self._rows + len(lines), is_whole=False)
            return account, refused

        self._account, refused = await write_by_key(self._system.pool, write)
        self._refused(refused)
        self._rows += len(lines)
        self._rows_done = self._rows

    async def _check(self, rows: Sequence[FeedRow]) -> tuple[list[FeedRow], list[RowFlaw]]:
        """The rows whose item and node are there and the actor's, in units of their items; why others are refused."""
        await self._learn(rows)
        kept, flaws = [], []
        now = self._system.door.now()
        for row in rows:
            if row.node not in self._known_nodes:
                flaws.append(self._flaw(row, "node", f"there is no node {row.node}"))
            elif not self._actor.may_at(row.node):
                flaws.append(self._flaw(row, "node", f"you are not bound to node {row.node}"))
            elif row.sku not in self._stocked:
                flaws.append(self._flaw(row, "sku", f"there is no item {row.sku}"))
            elif self._stocked[row.sku] is None:
                flaws.append(self._flaw(row, "sku", KIT.detail))
            elif row.as_of is not None and row.as_of > now:
                flaws.append(self._flaw(row, "as_of", "cannot be in the future"))
            elif row.as_of is not None and self._feed.zeroes_missing:
                flaws.append(self._flaw(row, "as_of", "must be empty where what is missing is zero"))
            else:
                measured = self._in_units(row)
                if isinstance(measured, RowFlaw):
                    flaws.append(measured)
                else:
                    kept.append(measured)
        self._nodes |= {row.node for row in kept}
        self._by_lot |= {(row.sku, row.node) for row in kept if row.lot}
        self._dated += [row for row in kept if row.expected_at is not None]
        return kept, flaws

    def _in_units(self, row: FeedRow) -> FeedRow | RowFlaw:
        """The row with its amounts in units of its item, or what is wrong with them."""
        decimals = self._stocked[row.sku] or 0
        if not decimals and isinstance(row.units, int | None) and isinstance(row.quantity, int):
            return row
        units = None if row.units is None else units_in(row.units, decimals)
        quantity = units_in(row.quantity, decimals)
        if quantity is None:
            return self._flaw(row, "quantity", why_not_units(row.sku, decimals))
        if units is None and row.units is not None:
            column = "on_hand" if self._feed.mode == "positions" else "delta"
            return self._flaw(row, column, why_not_units(row.sku, decimals))
        return row._replace(units=units, quantity=quantity)

    def _flaw(self, row: FeedRow, column: str, reason: str) -> RowFlaw:
        return RowFlaw(row.line, self._feed.form.columns.get(column, column), reason)

    async def _learn(self, rows: Sequence[FeedRow]) -> None:
        """Which items and nodes there are of those that rows name."""
        skus = {row.sku for row in rows} - self._stocked.keys()
        nodes = {row.node for row in rows} - self._known_nodes
        if skus or nodes:
            async with self._system.pool.acquire() as connection:
                self._stocked |= await find_stocked(connection, skus)
                self._known_nodes |= nodes - set(await find_unknown_nodes(connection, nodes))

    async def _advance(self, connection: Connection, account: FeedAccount, rows: int, *, is_whole: bool) -> None:
        is_ours = await advance_stock_feed(
            connection,
            self._feed.name,
            self._feed.reference,
            rows_before=self._rows_done,
            rows_done=rows,
            prefix_digest=self._digest.hexdigest(),
            is_whole=is_whole,
            account=account,
            at=self._system.door.now(),
        )
        if not is_ours:
            raise Overtaken

    async def finish(self) -> FeedReport:
        """What only the whole feed says: supply still to come, and what it does not name."""
        feed, account = self._feed, self._account
        cut = self._cut()
        if self._stored.is_whole:
            if cut:
                raise OtherContent
            return FeedReport(feed.reference, "known", "these rows were taken in before", account)
        if cut:
            return FeedReport(feed.reference, "incomplete", cut, account)
        if self._dated:
            # A refused row may have been of a line that is there: it is no word that the line will not come.
            flaws = await set_dated_supply(
                self._system, feed.name, self._dated, withdraws=not account.refused, actor=self._actor
            )
            count = len(flaws)
            self._refused(flaws)
            account = account.add(FeedAccount(accepted=-count, dated=-count, refused=count, flaws=tuple(flaws)))
        if feed.zeroes_missing and not account.refused:
            account = account.add(
                await zero_unnamed(
                    self._system.pool, feed, self._nodes, actor=self._actor.name, now=self._system.door.now
                )
            )
        async with transaction(self._system.pool) as connection:
            await self._advance(connection, account, self._rows, is_whole=True)
            await write_node_feeds(connection, self._nodes, as_of=feed.as_of, feed=feed.name, reference=feed.reference)
        held_back = "".join(
            f"; nothing was {what}, since rows were refused"
            for what, is_so in (("withdrawn", self._dated), ("zeroed", feed.zeroes_missing))
            if is_so and account.refused
        )
        detail = f"{account.accepted:,} of {account.rows:,} rows were accepted{held_back}"
        return FeedReport(feed.reference, "taken_in", detail, account)

    def _cut(self) -> str:
        """How it shows that rows are missing at the end; empty where none are."""
        if self._broken:
            return f"{self._broken}; all whole rows before are taken in"
        if self._reader.needs_header:
            return "the first line, which names the columns, is not there"
        if self._tail.strip():
            return f"line {self._line + 1} has no line end, so it may be cut; all rows before it are taken in"
        if self._rows < self._rows_done:
            return f"{self._rows_done:,} rows were taken in before, and only {self._rows:,} came now"
        if self._feed.has_trailer and self._announced is None:
            return "the trailer that says how many rows there are is missing; the rows that came are taken in"
        if self._announced is not None and self._announced != self._rows:
            return f"{self._announced:,} rows were announced, and {self._rows:,} came; these are taken in"
        return ""


def _with_texts(flaws: Sequence[RowFlaw], texts: Mapping[int, bytes]) -> tuple[RowFlaw, ...]:
    """The flaws by line, each with its row as it came, so that it can be mended and sent again."""
    return tuple(
        sorted(
            (
                flaw
                if flaw.text
                else replace(flaw, text=texts[flaw.line].decode("utf-8", "backslashreplace").rstrip("\r\n"))
                for flaw in flaws
            ),
            key=lambda flaw: flaw.line,
        )
    )


def _decoded(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
