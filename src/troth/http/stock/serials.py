"""Where a unit with a serial number went."""

from datetime import datetime
from typing import Final

import msgspec

from troth.flows.orders.fulfill import read_serial
from troth.flows.stock.transfer_now import find_journey, may_see
from troth.http.edge.body import NoQuery
from troth.http.edge.bounds import is_visible
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.order_shapes import CustomerAnswer
from troth.model.ids import Sku
from troth.model.lifecycle import AllocationState, TransferState
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotFound
from troth.model.serials import TravelingSerial
from troth.model.status import fulfillment_status
from troth.model.transfer import Transfer


class JourneyAnswer(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The transfer that last moved a unit: its line and lot (empty: none), and whether it left, arrived or is lost."""

    transfer_id: str
    from_: str
    to: str
    line: int
    lot: str
    state: TransferState
    at: Instant


class SerialAnswer(msgspec.Struct, frozen=True):
    """A unit, the order that it was last named for, and how far that is; `canceled` units never left. All of that is
    null where it was only moved by a `transfer`, which is null where none did.
    """

    sku: str
    serial: str
    order_id: str | None = None
    channel: str | None = None
    external_id: str | None = None
    customer: CustomerAnswer | None = None
    line_id: str | None = None
    fulfillment_id: str | None = None
    node: str | None = None
    status: AllocationState | None = None
    named_at: Instant | None = None
    shipped_at: Instant | None = None
    delivered_at: Instant | None = None
    transfer: JourneyAnswer | None = None


async def read(call: Plain) -> Reply:
    """Where one unit went."""
    sku, serial = Sku(call.path("sku")), call.path("serial")
    found = await read_serial(call.system.pool, sku, serial)
    moved = await find_journey(call.system, sku, serial)
    journey = None if moved is None or not may_see(call.actor, moved[1]) else _answer_journey(*moved)
    if not isinstance(found, NotFound) and is_visible(call.actor, found[0]):
        order, work, line_id, named_at = found
        answer = answer_serial(order, work, sku, serial, line_id=line_id, named_at=named_at)
        return json_reply(msgspec.structs.replace(answer, transfer=journey))
    if journey is None:
        raise Refused(NotFound("serial", f"{sku}/{serial}"))
    return json_reply(SerialAnswer(sku, serial, transfer=journey))


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


def _answer_journey(place: TravelingSerial, transfer: Transfer) -> JourneyAnswer:
    return JourneyAnswer(
        place.transfer_id, transfer.sender, transfer.receiver, place.line, place.lot, place.state, place.at
    )


_JOURNEY: Final = JourneyAnswer("T-7", "DC-IL", "DC-PA", 1, "", TransferState.RECEIVED, examples.AT)
_EXAMPLE: Final = msgspec.structs.replace(
    answer_serial(examples.ORDER, examples.WORK, "A-1001", "SN-00417", line_id="1", named_at=examples.AT),
    transfer=_JOURNEY,
)

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
