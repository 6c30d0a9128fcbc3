"""The workbench: what needs a person, read from what is there, with what people said of it, ranked by its risk."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from troth.engine.exceptions.risk import rank, weigh_money
from troth.flows.system import System
from troth.model.exceptions import KINDS_OF, ExceptionKind, Mark, OpenException, Source, parts_of_id, sku_of_supply
from troth.model.ids import OrderId, Sku
from troth.model.risk import Risk
from troth.store.database import Connection
from troth.store.exceptions import Asked, complete, find_candidates, find_deficits, with_item
from troth.store.intake import find_intake_exceptions
from troth.store.marks import read_marks

NOBODY: Final = "nobody"
"""The owner by which those are found that nobody looks after."""

SOURCE_MAX: Final = 2_000
"""So many of a source are ranked, those that are open longest or most pressing."""

_OF_ORDERS: Final = (
    Source.LINE,
    Source.WORK,
    Source.NEED,
    Source.ACCEPTANCE,
    Source.RELEASE,
    Source.HOLD,
    Source.ACCOUNT,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which exceptions: all filters must fit, and what is None is no filter. What was put off is left out unless
    `with_snoozed`.
    """

    kinds: frozenset[ExceptionKind] | None = None
    order_id: OrderId | None = None
    channel: str | None = None
    customer: str | None = None
    node: str | None = None
    sku: Sku | None = None
    owner: str | None = None
    with_snoozed: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """The exceptions that fit, what weighs most first, and how many of each kind fit the other filters. It `is_partial`
    where a source had more than are ranked.
    """

    items: tuple[tuple[OpenException, Risk], ...]
    counts: Mapping[ExceptionKind, int] = field(default_factory=dict)
    is_partial: bool = False


async def find_open(system: System, filters: Filters, now: datetime | None = None) -> Ranked:
    """What needs a person now, or as it weighs at another instant."""
    at = now or system.door.now()
    reference = system.door.reference
    accepting = tuple(node.node for node in reference.network.nodes if node.acceptance_minutes)
    asked = Asked(system.door.now(), filters.order_id, accepting, SOURCE_MAX)
    async with system.pool.acquire() as connection:
        found, is_partial = await _read(system, connection, asked, filters)
        marks = await read_marks(connection, [one.exception_id for one in found])
    marked = [_with_mark(one, marks.get(one.exception_id)) for one in found]
    fitting = [one for one in marked if _fits(one, filters, at)]
    await reference.need_items({sku for one in fitting for sku in one.skus})
    counts = Counter(one.kind for one in fitting)
    chosen = [one for one in fitting if filters.kinds is None or one.kind in filters.kinds]
    memory, items, forgotten = system.workbench, reference.items, reference.times_forgotten
    weighed = [(one, weigh_money(one, *memory.money(one, items, forgotten), at, system.risk)) for one in chosen]
    memory.tidy()
    return Ranked(tuple(rank(weighed)), counts, is_partial)


async def find_one(system: System, exception_id: str) -> tuple[OpenException, Risk] | None:
    """An exception by its id; None where it is not open (any more)."""
    named = parts_of_id(exception_id)
    if named is None:
        return None
    source, order_id, _subject = named
    filters = Filters(KINDS_OF[source], order_id, with_snoozed=True)
    ranked = await find_open(system, filters)
    return next((pair for pair in ranked.items if pair[0].exception_id == exception_id), None)


async def _read(
    system: System, connection: Connection, asked: Asked, filters: Filters
) -> tuple[list[OpenException], bool]:
    """All that is open and fits what can be asked of the rows, and whether there is more of any source."""
    of_orders: list[OpenException] = []
    is_partial = False
    for source in _OF_ORDERS:
        some = await find_candidates(connection, source, asked)
        is_partial = is_partial or len(some) == asked.limit
        of_orders += some
    found = await complete(
        connection,
        of_orders,
        system.workbench.completed,
        customer=filters.customer,
        channel=filters.channel,
        node=filters.node,
    )
    if filters.customer is None and filters.channel is None:
        found += await _deficits(system, connection, asked)
    if filters.customer is None and filters.order_id is None:
        found += await find_intake_exceptions(connection, channel=filters.channel, limit=asked.limit)
    return found, is_partial


async def _deficits(system: System, connection: Connection, asked: Asked) -> list[OpenException]:
    short = await find_deficits(connection, asked)
    skus = [sku_of_supply(one.subject) for one, _units in short]
    await system.door.reference.need_items(skus)
    items = system.door.reference.items
    return [with_item(one, units, items.get(sku)) for (one, units), sku in zip(short, skus, strict=True)]


def _with_mark(found: OpenException, mark: Mark | None) -> OpenException:
    """The exception with what was said of it, unless that was said of an earlier one by the same name."""
    if mark is None:
        return found
    is_of_this = found.source is Source.STOCK or mark.changed_at is None or mark.changed_at >= found.since
    return replace(found, mark=mark) if is_of_this else found


def _fits(found: OpenException, filters: Filters, now: datetime) -> bool:
    until = found.mark.snoozed_until
    if until is not None and until > now and not filters.with_snoozed:
        return False
    if filters.owner is not None and found.looked_after_by != ("" if filters.owner == NOBODY else filters.owner):
        return False
    if filters.node is not None and found.order_id is None and found.node != filters.node:
        return False
    return filters.sku is None or filters.sku in found.skus
