"""What an order uses of its customer's credit, counted anew where its account stands otherwise than it did."""

from troth.engine.money.credit import has_limit, paid_by, use_of
from troth.flows.door.system import System
from troth.model.commands import ReviewCredit
from troth.model.order import Order
from troth.model.payment import Account
from troth.store.customers import lock_credits, read_paid, write_credit_uses, write_paid
from troth.store.database import transaction
from troth.store.orders import lock_orders, read_orders

_ACTOR = "credit"


async def count_paid(system: System, order: Order, account: Account) -> bool:
    """Count what of an order is paid as its account now says, and let it go where it fits into the credit by that;
    whether anything was counted. Orders of customers without a limit count nothing.
    """
    customer_id = order.customer.id
    if not has_limit(system.door.reference.customer_terms.get(customer_id)):
        return False
    async with transaction(system.pool) as connection:
        await lock_orders(connection, [order.order_id])
        credit = (await lock_credits(connection, {customer_id})).get(customer_id)
        now = (await read_orders(connection, [order.order_id])).get(order.order_id)
        if credit is None or now is None or credit.currency != now.currency:
            return False
        before, paid = (await read_paid(connection, [order.order_id])).get(order.order_id), paid_by(account)
        if paid == before:
            return False
        await write_paid(connection, {order.order_id: paid})
        use = use_of(now, paid)
        more = use.invoiced_minor - use_of(now, before).invoiced_minor
        invoiced = [(customer_id, now.order_id, now.version, system.door.now(), more)] if more else []
        await write_credit_uses(connection, [(customer_id, now.order_id, use)], invoiced)
    await system.door.one(ReviewCredit(order.order_id), actor=_ACTOR, cause=_ACTOR)
    return True
