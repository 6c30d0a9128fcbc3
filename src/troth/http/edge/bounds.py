"""What an actor who is bound to customers or nodes may see: only their own, and the rest is as if it were not there."""

from collections.abc import Iterable
from typing import Any

from troth.flows.people.access import Actor
from troth.http.edge.measures import decimals_of_lines
from troth.http.edge.operations import Call
from troth.http.edge.problems import Refused
from troth.model.ids import OrderId, named_order
from troth.model.order import Order
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.seller import SELLER_NODE
from troth.model.ways import places_of
from troth.store.orders import read_orders


def order_id_of(call: Call[Any, Any]) -> OrderId:
    """The order that the path names, by its id or as `channel:external_id`."""
    return named_order(call.path("order_id"))


def is_bound(actor: Actor) -> bool:
    """Whether an actor is bound to customers or nodes, so that what concerns others is not theirs to say."""
    return actor.customers is not None or actor.nodes is not None


def is_visible(actor: Actor, order: Order) -> bool:
    """Whether an order is one that the actor may see."""
    if actor.customers is not None and order.customer.id not in actor.customers:
        return False
    return actor.nodes is None or bool(actor.nodes & nodes_of(order))


def nodes_of(order: Order) -> frozenset[str]:
    """The nodes that have to do with an order: those that send it, where it is picked up, and that which sold it."""
    picked_up = () if order.pickup_node is None else (order.pickup_node,)
    sold = order.attributes.get(SELLER_NODE)
    return frozenset().union(*map(places_of, order.fulfillments), picked_up, (sold,) if sold else ())


async def read_visible(call: Call[Any, Any], order_id: OrderId) -> Order:
    """An order that the actor may see; Refused where there is none."""
    async with call.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    if order is None or not is_visible(call.actor, order):
        raise Refused(NotFound("order", order_id))
    return order


def asked_by(call: Call[Any, Any], given: By) -> By:
    """By whom something is asked: by a customer where the actor is bound to customers, whatever they say."""
    return By.CUSTOMER if call.actor.customers is not None else given


async def read_decimals(call: Call[Any, Any], order_id: OrderId) -> dict[str, int]:
    """How many decimals the lines of an order have that is sold by measure; nothing of an order that is not there."""
    async with call.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    return {} if order is None else decimals_of_lines(order)


async def ensure_visible(call: Call[Any, Any], order_id: OrderId) -> None:
    """Refused where the actor may not see an order; of an actor without bounds nothing is asked."""
    if is_bound(call.actor):
        await read_visible(call, order_id)


def choose_bound(bound: Iterable[str] | None, given: str | None, parameter: str) -> str | None:
    """The name to filter by: the one given, or the only one the actor is bound to; Refused where it is not theirs."""
    if bound is None:
        return given
    names = sorted(bound)
    if given is None:
        if len(names) == 1:
            return names[0]
        raise Refused(Invalid((FieldFlaw(f"?{parameter}", f"is required; one of {', '.join(names)}"),)))
    if given not in names:
        raise Refused(NotFound(parameter, given))
    return given
