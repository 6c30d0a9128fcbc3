"""Labels of packages: bought, shown, printed once more, and taken back."""

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, StringConstraints, TypeAdapter

from troth.flows.shipping.label_work import label_work
from troth.flows.shipping.labels import void_label
from troth.http.edge.body import Body, Id, NoQuery, Query, Strict, Text
from troth.http.edge.bounds import is_visible
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.http.orders import examples
from troth.http.work.fulfillments import NO_WORK, WORK_PATH, read_visible_work
from troth.model.ids import LabelId
from troth.model.label import (
    MEDIA_TYPE,
    Consignment,
    Contact,
    Goods,
    Label,
    LabelState,
    Paper,
)
from troth.model.order import Order
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.printing.documents import print_label as printed
from troth.store.labels import read_label, read_labels
from troth.store.orders import read_orders


class LabelsBody(Strict):
    """Which packages (all where they are left out), and by whom; left out: by the service that keeps the promise at
    least cost. Another one needs a `reason`.
    """

    packages: Annotated[tuple[Id, ...], Field(max_length=1_000, strict=False)] = ()
    carrier: Text = ""
    service: Text = ""
    reason: Annotated[str, StringConstraints(max_length=200)] = ""


class VoidBody(Strict):
    """Why a label is taken back."""

    reason: Annotated[str, StringConstraints(max_length=200)] = ""


class PaperQuery(Query):
    """In which form."""

    form: Annotated[Paper, Field(description="`pdf`, a page of 4 by 6 inches, or `zpl`, for label printers.")] = (
        Paper.PDF
    )


class LabelAnswer(msgspec.Struct, frozen=True):
    """A label of a package. `code` and `detail` say why its carrier refused it or has not answered, `kept` why it would
    not take it back. Until it is `bought` it has no number. The `cost` is what the carrier charges, or its rate card
    says. It was `chosen` for what was found, or by somebody for a `reason`.
    """

    label_id: str
    subject: str
    package_id: str
    node: str
    carrier: str
    service: str
    state: LabelState
    tracking_number: str | None
    sscc: str | None
    cost: MoneyAnswer | None
    weight_kg: float
    requested_at: Instant
    requested_by: str
    answered_at: Instant | None
    code: str
    detail: str
    void_reason: str
    kept: str
    chosen: str
    reason: str


class LabelsAnswer(msgspec.Struct, frozen=True):
    """The labels of a work."""

    items: tuple[LabelAnswer, ...]


def answer_label(label: Label) -> LabelAnswer:
    """A label as it is shown."""
    return LabelAnswer(
        label.label_id,
        label.subject,
        label.package_id,
        label.node,
        label.carrier,
        label.service,
        label.state,
        label.tracking_number or None,
        label.sscc or None,
        None if label.cost_minor is None else money(label.cost_minor, label.currency),
        label.consignment.grams / 1000,
        label.requested_at,
        label.requested_by,
        label.answered_at,
        label.code,
        label.detail,
        label.void_reason,
        label.kept,
        label.chosen,
        label.reason,
    )


async def buy(call: Call[LabelsBody, NoQuery]) -> Reply:
    """Ask the carrier for the labels that packages do not have yet."""
    order, work = await read_visible_work(call)
    labels = await label_work(
        call.system,
        order,
        work,
        packages=call.body.packages,
        carrier=call.body.carrier,
        service=call.body.service,
        reason=call.body.reason,
        actor=call.actor.name,
    )
    if not isinstance(labels, tuple):
        raise Refused(labels)
    return json_reply(LabelsAnswer(tuple(map(answer_label, labels))))


async def list_labels(call: Plain) -> Reply:
    """All labels that a work has had, the oldest first."""
    order, work = await read_visible_work(call)
    async with call.system.pool.acquire() as connection:
        labels = (await read_labels(connection, [order.order_id])).get(order.order_id, ())
    return json_reply(LabelsAnswer(tuple(answer_label(one) for one in labels if one.subject == work.fulfillment_id)))


async def show_label(call: Plain) -> Reply:
    """One label."""
    label, _ = await read_visible_label(call)
    return json_reply(answer_label(label))


async def print_label(call: Call[Nothing, PaperQuery]) -> Reply:
    """The label as its carrier printed it, or as it is printed here: the same however often."""
    label, _ = await read_visible_label(call)
    content = await printed(call.system, label, call.query.form)
    if not isinstance(content, bytes):
        raise Refused(content)
    return Reply(200, content, media_type=MEDIA_TYPE[call.query.form])


async def void(call: Call[VoidBody, NoQuery]) -> Reply:
    """Take a label back from its carrier."""
    label, _ = await read_visible_label(call)
    after = await void_label(call.system, label.label_id, reason=call.body.reason, actor=call.actor.name)
    if not isinstance(after, Label):
        raise Refused(after)
    return json_reply(answer_label(after))


async def read_visible_label(call: Call[Any, Any]) -> tuple[Label, Order]:
    """The label that the path names, with its order; Refused where the actor may see none."""
    name = LabelId(call.path("label_id"))
    async with call.system.pool.acquire() as connection:
        label = await read_label(connection, name)
        orders = {} if label is None else await read_orders(connection, [label.order_id])
    order = None if label is None else orders.get(label.order_id)
    if label is None or order is None or not call.actor.may_at(label.node) or not is_visible(call.actor, order):
        raise Refused(NotFound("label", name))
    return label, order


EXAMPLE: Final = Label(
    examples.ORDER_ID,
    1,
    examples.FULFILLMENT_ID,
    "1",
    examples.NODE.node,
    "parcel",
    "standard",
    Consignment(
        Contact(examples.NODE.name, examples.NODE.address),
        Contact("Ada Park", examples.ORDER.ship_to or examples.NODE.address),
        examples.ORDER.external_id,
        (Goods(examples.ORDER.lines[0].sku, "Wool socks", 2, 1990, 600),),
        examples.CURRENCY,
        1_200,
        (300, 200, 100),
        examples.WORK.ship_by,
        examples.WORK.promised_at,
    ),
    examples.AT + timedelta(hours=5),
    "user/ann",
    state=LabelState.BOUGHT,
    tracking_number="SP6826437413894",
    cost_minor=727,
    currency=examples.CURRENCY,
    sscc="106141412345678908",
    answered_at=examples.AT + timedelta(hours=5),
)
LABEL_PATH: Final = (("label_id", EXAMPLE.label_id),)
NO_LABEL: Final = NotFound("label", EXAMPLE.label_id)
_ANSWER: Final = answer_label(EXAMPLE)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/fulfillments/{fulfillment_id}/labels",
        name="buy_labels",
        summary="Labels of packed packages: those that they have, and new ones for the others",
        tag="shipping",
        run=buy,
        shown=(Shown(200, "The labels, as far as the carrier answered", LabelsAnswer, LabelsAnswer((_ANSWER,))),),
        body=Body(
            TypeAdapter(LabelsBody),
            {"service": "express", "reason": "the customer was promised so by phone"},
            is_optional=True,
        ),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(
            NO_WORK,
            NotPossibleNow("label", "picked"),
            Invalid((FieldFlaw("/reason", "must say why it goes by parcel express, since parcel standard is best"),)),
        ),
        path_examples=WORK_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/fulfillments/{fulfillment_id}/labels",
        name="list_labels",
        summary="All labels that a work has had",
        tag="shipping",
        run=list_labels,
        shown=(Shown(200, "The labels, the oldest first", LabelsAnswer, LabelsAnswer((_ANSWER,))),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NO_WORK,),
        path_examples=WORK_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/labels/{label_id}",
        name="read_label",
        summary="One label",
        tag="shipping",
        run=show_label,
        shown=(Shown(200, "The label", LabelAnswer, _ANSWER),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NO_LABEL,),
        path_examples=LABEL_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/labels/{label_id}/document",
        name="print_label",
        summary="The label as PDF or ZPL, to be printed, also once more",
        tag="shipping",
        run=print_label,
        shown=(Shown(200, "The bytes of a file, of the form that was asked for"),),
        body=NO_BODY,
        query=PaperQuery,
        scope="fulfillments:read",
        refusals=(NO_LABEL, NotPossibleNow("print", "voided")),
        path_examples=LABEL_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/labels/{label_id}/void",
        name="void_label",
        summary="Take a label back from its carrier, before its parcel left",
        tag="shipping",
        run=void,
        shown=(Shown(200, "The label as it is now", LabelAnswer, _ANSWER),),
        body=Body(TypeAdapter(VoidBody), {"reason": "the carton was too small"}, is_optional=True),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(NO_LABEL, NotPossibleNow("void", "shipped"), Busy(20)),
        path_examples=LABEL_PATH,
    ),
)
