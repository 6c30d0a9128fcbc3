"""The link by which the customer of an order sees where the goods are, without logging in."""

import msgspec

from troth.flows.tracking.links import give_link, move_link
from troth.http.edge.body import NoQuery
from troth.http.edge.bounds import order_id_of, read_visible
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.replies import NO_CONTENT, Reply, json_reply
from troth.http.orders.orders import NO_ORDER, ORDER_PATH


class TrackingLinkAnswer(msgspec.Struct, frozen=True):
    """The path of the page on this server; null: the link was taken back, and no other one was made."""

    path: str | None


async def read_tracking_link(call: Plain) -> Reply:
    """The link of an order that counts."""
    order = await read_visible(call, order_id_of(call))
    return json_reply(_answer(await give_link(call.system, order.order_id)))


async def renew_tracking_link(call: Plain) -> Reply:
    """Take the link of an order back, and make another one."""
    order = await read_visible(call, order_id_of(call))
    return json_reply(_answer(await move_link(call.system, order.order_id, is_open=True, actor=call.actor.name)))


async def revoke_tracking_link(call: Plain) -> Reply:
    """Take the link of an order back."""
    order = await read_visible(call, order_id_of(call))
    await move_link(call.system, order.order_id, is_open=False, actor=call.actor.name)
    return NO_CONTENT


def _answer(token: str | None) -> TrackingLinkAnswer:
    return TrackingLinkAnswer(None if token is None else f"/track/{token}")


_EXAMPLE = TrackingLinkAnswer("/track/O-7HVK4NZT2QDM9WXC5RYB8.k3jWb0xk1nN2m4Qp7s9tUw")
_PATH = "/v1/orders/{order_id}/tracking-link"

OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH,
        name="read_tracking_link",
        summary="The page on which the customer of an order sees where the goods are",
        tag="orders",
        run=read_tracking_link,
        shown=(Shown(200, "Its path", TrackingLinkAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
    Operation(
        method="POST",
        path=_PATH,
        name="renew_tracking_link",
        summary="Take the link of that page back, and make another one",
        tag="orders",
        run=renew_tracking_link,
        shown=(Shown(200, "The new path", TrackingLinkAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:write",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
    Operation(
        method="DELETE",
        path=_PATH,
        name="revoke_tracking_link",
        summary="Take the link of that page back; nobody sees it any more",
        tag="orders",
        run=revoke_tracking_link,
        shown=(Shown(204, "Taken back"),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:write",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
)
