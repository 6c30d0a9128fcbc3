"""The workbench: what needs a person, read from what is there, with what people said of it, ranked by its risk."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import field, replace
from datetime import datetime
from itertools import chain
from typing import Final

from troth.engine.exceptions.risk import rank, weigh_money
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.model.exceptions import KINDS_OF, ExceptionKind, Mark, OpenException, Source, parts_of_id, supply_named
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.risk import Risk
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.exception_candidates import Asked, find_candidates
from troth.store.exception_counts import Counted, count_exceptions
from troth.store.exceptions import complete
from troth.store.intake import find_intake_exceptions, read_intake_exception
from troth.store.marks import read_marks
from troth.store.supply_exceptions import SupplyCandidate, find_deficits, find_overdue_supplies, with_item

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
    Source.NOTICE,
    Source.RETURN,
    Source.REFUND,
    Source.ALERT,
    Source.PARCEL,
    Source.DISPUTE,
    Source.SILENCE,
)


_OF_SUPPLIES: Final = {Source.STOCK: find_deficits, Source.SUPPLY: find_overdue_supplies}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which exceptions: all filters must fit, and what is None is no filter. What was put off is left out unless
    `with_snoozed`, and what `seen_by` may not see is as if it were not there.
    """

    kinds: frozenset[ExceptionKind] | None = None
    order_id: OrderId | None = None
    channel: str | None = None
    customer: str | None = None
    node: str | None = None
    sku: Sku | None = None
    owner: str | None = None
    with_snoozed: bool = False
    seen_by: Actor | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """The exceptions that fit, what weighs most first, and how many of each kind fit the other filters. It `is_partial`
    where a source had more than are ranked.
    """

    items: tuple[tuple[OpenException, Risk], ...]
    counts: Mapping[ExceptionKind, int] = field(default_factory=dict)
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is open as its rows say, what is about supplies by itself, and whether there is more of any source."""

    found: list[OpenException]
    supplies: list[SupplyCandidate]
    is_partial: bool = False


async def find_open(
    system: System, filters: Filters, now: datetime | None = None, *, with_counts: bool = True
) -> Ranked:
    """What needs a person now, or as it weighs at another instant; without counts no more is read than the kinds that
    are asked for need.
    """
    at = now or system.door.now()
    sources = set(Source) if with_counts or filters.kinds is None else _sources_of(filters.kinds)
    async with system.pool.acquire() as connection:
        rows = await _read(system, connection, filters, sources)
    return await _rank(system, rows, filters, at)


async def find_one(
    system: System, exception_id: str, seen_by: Actor | None = None
) -> tuple[OpenException, Risk] | None:
    """An exception by its id; None where it is not open (any more), or nothing that `seen_by` may see."""
    named = parts_of_id(exception_id)
    if named is None:
        return None
    source, order_id, subject = named
    filters = Filters(order_id=order_id, with_snoozed=True, seen_by=seen_by)
    async with system.pool.acquire() as connection:
        if order_id is None:
            rows = await _read_one(system, connection, source, subject)
        else:
            rows = await _read(system, connection, filters, {source})
    ranked = await _rank(system, rows, filters, system.door.now())
    return next((pair for pair in ranked.items if pair[0].exception_id == exception_id), None)


async def count_open(system: System) -> dict[ExceptionKind, Counted]:
    """How many of each kind are open now, also of more than are ranked, with what was put off."""
    async with system.pool.acquire() as connection:
        return await count_exceptions(connection, system.door.now(), _accepting(system))


async def _rank(system: System, rows: _Rows, filters: Filters, at: datetime) -> Ranked:
    """What fits of what is open, with what was said of it, by its risk."""
    reference = system.door.reference
    await reference.need_items({one.key.sku for one in rows.supplies})
    found = [*rows.found, *(with_item(one, reference.items.get(one.key.sku)) for one in rows.supplies)]
    async with system.pool.acquire() as connection:
        marks = await read_marks(connection, [one.exception_id for one in found])
    marked = [_with_mark(one, marks.get(one.exception_id)) for one in found]
    fitting = [one for one in marked if _fits(one, filters, at)]
    await reference.need_items({sku for one in fitting for sku in one.skus})
    counts = Counter(one.kind for one in fitting)
    chosen = [one for one in fitting if filters.kinds is None or one.kind in filters.kinds]
    memory, items, forgotten = system.workbench, reference.items, reference.times_forgotten
    weighed = [(one, weigh_money(one, *memory.money(one, items, forgotten), at, system.risk)) for one in chosen]
    memory.tidy()
    return Ranked(tuple(rank(weighed)), counts, rows.is_partial)


async def _read(system: System, connection: Connection, filters: Filters, sources: Collection[Source]) -> _Rows:
    """All that is open of some sources and fits what can be asked of the rows."""
    asked = _asked(system, filters.order_id)
    candidates = [await find_candidates(connection, source, asked) for source in _OF_ORDERS if source in sources]
    found = await complete(
        connection,
        chain.from_iterable(candidates),
        system.workbench.completed,
        customer=filters.customer,
        channel=filters.channel,
        node=filters.node,
    )
    of_supplies: list[list[SupplyCandidate]] = []
    if filters.customer is None and filters.channel is None:
        of_supplies = [await find(connection, asked) for source, find in _OF_SUPPLIES.items() if source in sources]
    waiting: list[OpenException] = []
    if Source.INTAKE in sources and filters.customer is None and filters.order_id is None:
        waiting = await find_intake_exceptions(connection, channel=filters.channel, limit=asked.limit)
    is_partial = asked.limit in (*map(len, candidates), *map(len, of_supplies), len(waiting))
    return _Rows([*found, *waiting], list(chain.from_iterable(of_supplies)), is_partial)


async def _read_one(system: System, connection: Connection, source: Source, subject: str) -> _Rows:
    """What is open of no order: a supply, or what waits in the intake, wherever it stands among many."""
    if source is Source.INTAKE:
        document = await read_intake_exception(connection, subject)
        return _Rows([] if document is None else [document], [])
    supply = supply_named(subject)
    if source not in _OF_SUPPLIES or supply is None:
        return _Rows([], [])
    return _Rows([], await _OF_SUPPLIES[source](connection, _asked(system, None), supply=supply))


def _asked(system: System, order_id: OrderId | None) -> Asked:
    return Asked(system.door.now(), order_id, _accepting(system), SOURCE_MAX)


def _accepting(system: System) -> tuple[NodeId, ...]:
    """The nodes that have to accept their work."""
    return tuple(node.node for node in system.door.reference.network.nodes if node.acceptance_minutes)


def _sources_of(kinds: Collection[ExceptionKind]) -> set[Source]:
    return {source for source, some in KINDS_OF.items() if not some.isdisjoint(kinds)}


def _with_mark(found: OpenException, mark: Mark | None) -> OpenException:
    """The exception with what was said of it, unless that was said of an earlier one by the same name."""
    if mark is None:
        return found
    is_of_this = found.source is Source.STOCK or mark.changed_at is None or mark.changed_at >= found.since
    return replace(found, mark=mark) if is_of_this else found


def may_see(actor: Actor, found: OpenException) -> bool:
    """Whether an exception is of a customer and at a node of somebody who is bound to some."""
    if actor.customers is not None and found.customer_id not in actor.customers:
        return False
    return actor.nodes is None or found.node in actor.nodes


def _fits(found: OpenException, filters: Filters, now: datetime) -> bool:
    if filters.seen_by is not None and not may_see(filters.seen_by, found):
        return False
    until = found.mark.snoozed_until
    if until is not None and until > now and not filters.with_snoozed:
        return False
    if filters.owner is not None and found.looked_after_by != ("" if filters.owner == NOBODY else filters.owner):
        return False
    if filters.node is not None and found.order_id is None and found.node != filters.node:
        return False
    return filters.sku is None or filters.sku in found.skus
