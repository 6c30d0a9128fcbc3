"""Looking at an exception: what can be done about it, as it would be carried out at this moment."""

from collections.abc import Iterable
from typing import Final

from troth.engine.demand.line_terms import named_skus
from troth.engine.exceptions.fix_proposals import skus_of_fixes
from troth.engine.exceptions.fixes import FIXES_MAX, find_fixes, in_order_of_use, with_waiting
from troth.engine.exceptions.payment_fixes import Wallet, find_payment_fixes
from troth.engine.exceptions.silence_fixes import find_notice_fixes, find_silence_fixes
from troth.engine.exceptions.supply_fixes import OverdueSupply, find_supply_fixes
from troth.engine.exceptions.time_fixes import find_time_fix
from troth.engine.priority import in_order_of_rank
from troth.flows.door.aside import aside
from troth.flows.door.at_rest import look_at_rest
from troth.flows.door.system import System
from troth.flows.exceptions.parcel_fixes import propose_for_parcels
from troth.flows.exceptions.supply_actions import read_document
from troth.model.exceptions import OpenException, Source, supply_named
from troth.model.fix import FOR, Fix, FixKind
from troth.model.ids import Sku
from troth.model.inventory import dated_by
from troth.model.item import Substitute
from troth.model.lifecycle import AllocationState
from troth.model.measure import PIECE
from troth.model.order import Order
from troth.model.refusals import Busy, NotFound
from troth.model.value import dataclass
from troth.store.orders import read_orders
from troth.store.parked import count_waiting
from troth.store.payments import read_accounts
from troth.store.repromise import read_reserved, read_supplies
from troth.store.supply_exceptions import sum_supply_elsewhere

_ORDERS_MAX: Final = 5
"""So many orders are looked at that have units of a supply which lacks some, the least important first."""
_AT_NODES: Final = frozenset({AllocationState.RELEASED, AllocationState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Looked:
    """An exception as somebody looked at it: what can be done, and its order as it is now (None: it is of none)."""

    found: OpenException
    order: Order | None
    fixes: tuple[Fix, ...]

    @property
    def version(self) -> int:
        """That of its order."""
        return 0 if self.order is None else self.order.version


async def look(system: System, found: OpenException, *, role: str = "", actor: str = "") -> Looked | NotFound | Busy:
    """What can be done about an exception, by whoever has this role."""
    if found.source is Source.INTAKE:
        return Looked(found, None, ())
    if found.source is Source.STOCK:
        return await _look_at_supply(system, found, role=role, actor=actor)
    if found.source is Source.SUPPLY:
        return await _look_at_overdue(system, found)
    order = None
    if found.order_id is not None:
        async with system.pool.acquire() as connection:
            order = (await read_orders(connection, [found.order_id])).get(found.order_id)
    if order is None:
        return NotFound("order", found.order_id or found.exception_id)
    fixes = await _fixes(system, found, order, role=role, actor=actor)
    if isinstance(fixes, Busy):
        return fixes
    if found.source is Source.ACCOUNT:
        fixes = (*await _payment_fixes(system, order), *fixes)
    if found.source is Source.SILENCE:
        network = system.door.reference.network
        position = network.index.get(found.node) if found.node is not None else None
        node = None if position is None else network.nodes[position]
        fixes = in_order_of_use((*find_silence_fixes(found, order, node, system.door.now()), *fixes))
    if found.source is Source.NOTICE:
        fixes = tuple(find_notice_fixes(found, order, system.door.now()))
    if found.source in FOR[FixKind.GIVE_TIME]:
        fixes = in_order_of_use((*fixes, *find_time_fix(found, order, system.door.now())))
    return Looked(found, order, await _with_waiting(system, fixes, order))


async def _fixes(
    system: System, found: OpenException, order: Order, *, role: str, actor: str
) -> tuple[Fix, ...] | Busy:
    proposals = await propose_for_parcels(system, found, order) if found.source is Source.PARCEL else ()
    state, facts = await look_at_rest(system, order, await _skus(system, order), actor)
    return await aside(
        lambda: find_fixes(found, order, state, facts, role=role, proposals=proposals),
        "change",
        lines=len(order.lines),
    )


async def _look_at_supply(system: System, found: OpenException, *, role: str, actor: str) -> Looked | NotFound | Busy:
    """What could be done about a supply of which more is promised than there is: by the orders whose nodes have its
    units and have not picked them, the least important first.
    """
    key = supply_named(found.subject)
    async with system.pool.acquire() as connection:
        supplies = [] if key is None else await read_supplies(connection, [key])
        if not supplies:
            return NotFound("exception", found.exception_id)
        reserved = await read_reserved(connection, supplies[0])
        orders = await read_orders(connection, {order_id for order_id, _ in reserved.parts})
    at_nodes = [
        order
        for order in orders.values()
        if any(part.key == key and part.state in _AT_NODES for part in order.allocations)
    ]
    fixes: list[Fix] = []
    for order in in_order_of_rank(at_nodes, system.door.reference.policy)[: -_ORDERS_MAX - 1 : -1]:
        more = await _fixes(system, found, order, role=role, actor=actor)
        if isinstance(more, Busy):
            return more
        fixes += await _with_waiting(system, more, order)
    return Looked(found, None, in_order_of_use(fixes)[:FIXES_MAX])


async def _look_at_overdue(system: System, found: OpenException) -> Looked | NotFound:
    """What could be done about a supply that should have come, in the document that says when it does."""
    key, now = supply_named(found.subject), system.door.now()
    dated = None if key is None else dated_by(key.source)
    document = None if dated is None else await read_document(system, dated)
    async with system.pool.acquire() as connection:
        supplies = [] if key is None else await read_supplies(connection, [key])
        if key is None or dated is None or document is None or not supplies:
            return NotFound("exception", found.exception_id)
        elsewhere = await sum_supply_elsewhere(connection, key, now)
    item = system.door.reference.items.get(key.sku)
    decimals, unit = (0, PIECE) if item is None else (item.decimals, item.unit)
    overdue = OverdueSupply(supplies[0], dated, document.version, elsewhere, decimals, unit)
    return Looked(found, None, tuple(find_supply_fixes(overdue, now)))


async def _payment_fixes(system: System, order: Order) -> tuple[Fix, ...]:
    """What could be done about the account of an order; nothing where there is none."""
    async with system.pool.acquire() as connection:
        stored = (await read_accounts(connection, [order.order_id])).get(order.order_id)
    if stored is None:
        return ()
    terms = system.door.reference.customer_terms.get(order.customer.id)
    state, _facts = await look_at_rest(system, order, (), "")
    wallet = Wallet(stored.account, system.providers, terms, state.credits.get(order.customer.id))
    return tuple(find_payment_fixes(order, wallet, system.door.now()))


async def _with_waiting(system: System, fixes: Iterable[Fix], order: Order) -> tuple[Fix, ...]:
    """The fixes with how many other orders wait for what they take."""
    fixes = tuple(fixes)
    taken = {one.sku for fix in fixes for one in fix.takes}
    async with system.pool.acquire() as connection:
        waiting = await count_waiting(connection, taken, without=order.order_id) if taken else {}
    return with_waiting(fixes, waiting)


async def _skus(system: System, order: Order) -> set[Sku]:
    """What has to be known of catalog and stock: the order's items, their components, and what may stand in for any."""
    reference = system.door.reference
    skus = await reference.need_lines(order.lines)
    skus |= {*named_skus(order.lines), *(part.sku for part in order.allocations)}
    await reference.need_items(skus)
    others = [one.sku for line in order.lines for one in _substitutes(system, line.sku)]
    await reference.need_items(others)
    return skus | set(await reference.need_kits(skus_of_fixes(order, others)))


def _substitutes(system: System, sku: Sku) -> tuple[Substitute, ...]:
    item = system.door.reference.items.get(sku)
    return () if item is None else item.substitutes
