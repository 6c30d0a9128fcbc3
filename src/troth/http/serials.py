"""Where a unit with a serial number went."""

from datetime import datetime
from typing import Final

import msgspec

from troth.flows.fulfill import read_serial
from troth.http import examples
from troth.http.body import NoQuery
from troth.http.bounds import is_visible
from troth.http.operations import NO_BODY, Operation, Plain, Shown
from troth.http.order_shapes import CustomerAnswer
from troth.http.problems import Refused
from troth.http.replies import Reply, json_reply
from troth.http.values import Instant
from troth.model.ids import Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotFound
from troth.model.status import fulfillment_status


class SerialAnswer(msgspec.Struct, frozen=True):
    """A unit, the order that it was last named for, and how far that is; `canceled` units never left."""

    sku: str
    serial: str
    order_id: str
    channel: str
    external_id: str
    customer: CustomerAnswer
    line_id: str
    fulfillment_id: str
    node: str
    status: AllocationState
    named_at: Instant
    shipped_at: Instant | None
    delivered_at: Instant | None


async def read(call: Plain) -> Reply:
    """Where one unit went."""
    sku, serial = Sku(call.path("sku")), call.path("serial")
    found = await read_serial(call.system.pool, sku, serial)
    if isinstance(found, NotFound):
        raise Refused(found)
    order, work, line_id, named_at = found
    if not is_visible(call.actor, order):
        raise Refused(NotFound("serial", f"{sku}/{serial}"))
    return json_reply(answer_serial(order, work, sku, serial, line_id=line_id, named_at=named_at))


def answer_serial(
    order: Order, work: Fulfillment, sku: str, serial: str, *, line_id: str, named_at: datetime
) -> SerialAnswer:
    """A serial as it is answered."""
    customer = order.customer
    return SerialAnswer(
        sku,
        serial,
        order.order_id,
        order.channel,
        order.external_id,
        CustomerAnswer(customer.id, customer.name, customer.email, customer.phone),
        line_id,
        work.fulfillment_id,
        work.node,
        fulfillment_status(order, work.fulfillment_id),
        named_at,
        work.shipped_at,
        work.delivered_at,
    )


_EXAMPLE: Final = answer_serial(examples.ORDER, examples.WORK, "A-1001", "SN-00417", line_id="1", named_at=examples.AT)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/serials/{sku:path}/{serial}",
        name="read_serial",
        summary="Where a unit with a serial number went",
        tag="fulfillments",
        run=read,
        shown=(Shown(200, "The unit, and the order that it was last named for", SerialAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NotFound("serial", "A-1001/SN-00417"),),
        path_examples=(("sku", "A-1001"), ("serial", "SN-00417")),
    ),
)
