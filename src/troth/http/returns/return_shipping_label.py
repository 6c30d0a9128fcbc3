"""The carrier's label for goods that are mailed back, paid by whoever takes them."""

from typing import Final

from pydantic import TypeAdapter

from troth.flows.shipping.label_work import label_return
from troth.http.edge.body import Body, Name, NoQuery, Strict, Text
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.returns.return_examples import RETURN_PATH
from troth.http.returns.return_replies import read_visible_return
from troth.http.returns.returns import NO_RETURN
from troth.http.work.labels import EXAMPLE, LabelAnswer, answer_label
from troth.model.label import Label
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow


class ReturnLabelBody(Strict):
    """By which carrier, and which of its services."""

    carrier: Name
    service: Text = ""


async def buy(call: Call[ReturnLabelBody, NoQuery]) -> Reply:
    """The label of a return: the same one whenever it is asked for."""
    order, one = await read_visible_return(call)
    made = await label_return(
        call.system, order, one, carrier=call.body.carrier, service=call.body.service, actor=call.actor.name
    )
    if not isinstance(made, Label):
        raise Refused(made)
    return json_reply(answer_label(made))


_EXAMPLE: Final = {"carrier": "parcel", "service": "standard"}

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/returns/{return_id}/shipping-label",
        name="buy_return_label",
        summary="The carrier's label of a return by mail, bought once; it is printed as any label",
        tag="returns",
        run=buy,
        shown=(Shown(200, "The label, as far as the carrier answered", LabelAnswer, answer_label(EXAMPLE)),),
        body=Body(TypeAdapter(ReturnLabelBody), _EXAMPLE),
        query=NoQuery,
        scope="returns:write",
        refusals=(
            NO_RETURN,
            NotPossibleNow("label", "a return by in_store"),
            Invalid((FieldFlaw("/carrier", "labels of ups cannot be had here"),)),
        ),
        path_examples=RETURN_PATH,
    ),
)
