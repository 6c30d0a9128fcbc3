"""What a decision about one order would look at now: for what is only tried, previewed or proposed.

It is gathered as a batch gathers it, but nobody is kept from anything by that, and nothing is written.
"""

from collections.abc import Collection, Mapping

from troth.engine.money.call_offs import blanket_of
from troth.engine.money.credit import has_limit
from troth.engine.promising.context import Facts, State
from troth.flows.door.aside import network_at_rest
from troth.flows.door.facts import facts_of
from troth.flows.door.system import System
from troth.model.credit import Credit, CustomerTerms
from troth.model.ids import Sku
from troth.model.inventory import Balance
from troth.model.order import Order
from troth.store.blanket_orders import read_agreements
from troth.store.customers import read_credits, read_paid
from troth.store.database import Connection
from troth.store.failures import read_failures


async def look_at_rest(system: System, order: Order, skus: Collection[Sku], actor: str) -> tuple[State, Facts]:
    """What `actor` would decide from about an order, whatever changes meanwhile; `skus` are all that the decision may
    take, and their items are known.
    """
    door, reference = system.door, system.door.reference
    prices = await reference.need_prices(skus)
    async with system.pool.acquire() as connection:
        failures = await read_failures(connection, (order,))
        credits = await _read_credits(connection, order, reference.customer_terms)
        paid = await read_paid(connection, [order.order_id]) if credits else {}
        agreements = await read_agreements(connection, {blanket_of(order)}) if blanket_of(order) else {}
    await door.need_stock(skus)
    now = door.now()
    policy = reference.policy_for(order.customer.id or order.order_id, now)
    facts = facts_of(reference, now, actor, policy, prices, network=network_at_rest(reference.network))
    index = door.index.at_rest(skus)
    state = State(
        {order.order_id: order},
        index.rows,
        Balance,
        lambda _key, _as_of: 0,
        lambda _key: 0,
        index.rows_freed,
        backordered=index.backordered,
        failures=failures,
        credits=credits,
        agreements=agreements,
        paid=paid,
    )
    return state, facts


async def _read_credits(connection: Connection, order: Order, terms: Mapping[str, CustomerTerms]) -> dict[str, Credit]:
    """What the customer of an order may owe and does, as far as that is limited."""
    if not has_limit(terms.get(order.customer.id)):
        return {}
    found = await read_credits(connection, {order.customer.id})
    return {credit.customer_id: credit for credit, _held in found if credit is not None}
