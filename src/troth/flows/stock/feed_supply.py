"""Supply still to come that a feed names: set as purchase orders, so that it is promised and received like these."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock.expect import LineState, expect, read
from troth.flows.stock.feed_rows import FeedRow, RowFlaw
from troth.model.commands import ExpectedLine
from troth.model.refusals import Invalid


async def set_dated_supply(
    system: System, feed: str, rows: Sequence[FeedRow], *, withdraws: bool, actor: Actor
) -> list[RowFlaw]:
    """Set what is still to come, by the number that rows bear (that of the feed where they bear none); the rows that
    are refused.

    A feed says what has not arrived yet, and a purchase order what was ordered: what was received of a line is added.
    A row without a line number keeps that of its SKU and node, in the order of their dates. What a number no longer
    names is withdrawn as far as it has not arrived; unless it `withdraws`, it stays as it was.
    """
    by_number: dict[str, list[FeedRow]] = defaultdict(list)
    for row in rows:
        by_number[row.number or feed].append(row)
    flaws: list[RowFlaw] = []
    for number, of_number in sorted(by_number.items()):
        found = await read(system, number)
        states = {} if found is None else {state.line.line: state for state in found.value}
        numbered = _numbered(of_number, states)
        lines = [
            ExpectedLine(line, row.node, row.sku, int(row.quantity) + _received(states.get(line), row), row.expected_at)
            for line, row in numbered
            if row.expected_at is not None
        ]
        named = {line.line for line in lines}
        others = [
            was.line if not withdraws else replace(was.line, quantity=was.received)
            for line, was in states.items()
            if line not in named and (was.received or not withdraws)
        ]
        done = await expect(system, number, (*lines, *others), actor=actor)
        if not isinstance(done, Set):
            why = done.flaws[0].detail if isinstance(done, Invalid) else done.code
            flaws += [RowFlaw(row.line, "quantity", f"supply {number} is refused: {why}") for row in of_number]
    return flaws


def _numbered(rows: Sequence[FeedRow], states: dict[int, LineState]) -> list[tuple[int, FeedRow]]:
    """Each row with its line's number: its own, or that of the same SKU and node before, or the next free one."""
    taken = {row.order_line for row in rows if row.order_line is not None}
    free: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line in sorted(states, reverse=True):
        if line not in taken:
            free[states[line].line.sku, states[line].line.node].append(line)
    following = max([0, *taken, *states]) + 1
    numbered = []
    for row in sorted(rows, key=lambda row: (row.sku, row.node, str(row.expected_at), row.line)):
        if row.order_line is not None:
            numbered.append((row.order_line, row))
        elif free[row.sku, row.node]:
            numbered.append((free[row.sku, row.node].pop(), row))
        else:
            numbered.append((following, row))
            following += 1
    return numbered


def _received(state: LineState | None, row: FeedRow) -> int:
    """The units of a line that have arrived already, if it is still of the same SKU and node."""
    same = state is not None and (state.line.sku, state.line.node) == (row.sku, row.node)
    return state.received if state is not None and same else 0
