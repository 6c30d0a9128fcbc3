"""What was agreed on with the customer of an order: their class and priority where it states none, and for a call-off
the prices of its blanket order.
"""

from collections.abc import Iterator, Mapping

from troth.engine.asked import CUSTOMER_CLASS, PRIORITY
from troth.flows.door.system import System
from troth.model.blanket import BLANKET_ORDER, BlanketOrder
from troth.model.credit import CustomerTerms
from troth.model.ids import Sku
from troth.model.money import Money
from troth.model.refusals import FieldFlaw
from troth.model.routing_guide import ROUTING_GUIDE, guide_of
from troth.store.blanket_orders import read_blanket_order


def with_terms_of(attributes: Mapping[str, str], terms: CustomerTerms | None) -> Mapping[str, str]:
    """The attributes of an order with its customer's class and priority, where it states none of its own, and with the
    name of their routing guide, which is never another.

    >>> with_terms_of({"priority": "9"}, CustomerTerms("C", customer_class="retail", priority=5))
    {'customer_class': 'retail', 'priority': '9'}
    """
    known, ours = {}, {}
    if terms is not None and terms.customer_class:
        known[CUSTOMER_CLASS] = terms.customer_class
    if terms is not None and terms.priority:
        known[PRIORITY] = str(terms.priority)
    if ROUTING_GUIDE in attributes or (terms is not None and terms.guide is not None):
        ours[ROUTING_GUIDE] = "" if terms is None or terms.guide is None else terms.guide.name
    return {**known, **attributes, **ours} if known or ours else attributes


def find_guide_flaws(system: System, attributes: Mapping[str, str], currency: str) -> Iterator[FieldFlaw]:
    """That an order is in another currency than its customer's guide: what the partner takes off is an amount, which
    nobody could weigh against it.
    """
    guide = guide_of(attributes, system.door.reference.guides)
    if guide is not None and guide.currency != currency:
        detail = f"the order is in {currency}, and routing guide {guide.name} of its customer in {guide.currency}"
        yield FieldFlaw("/lines/0/unit_price/currency", detail)


async def read_agreed(system: System, attributes: Mapping[str, str]) -> BlanketOrder | None:
    """The blanket order from which an order with these attributes calls off, if it names one that is there."""
    name = attributes.get(BLANKET_ORDER)
    if not name:
        return None
    async with system.pool.acquire() as connection:
        found = await read_blanket_order(connection, name)
    return None if found is None else found.value


def price_agreed(agreed: BlanketOrder, sku: Sku, stated: Money | None) -> Money | None:
    """What a unit of an item costs: as it is stated, else by the blanket order; None: it is no part of that."""
    if stated is not None:
        return stated
    prices = (Money(line.unit_price_minor, agreed.currency) for line in agreed.lines if line.sku == sku)
    return next(prices, None)
