"""The carrier's label for goods that are mailed back, paid by whoever takes them."""

from typing import Annotated, Final

from pydantic import StringConstraints, TypeAdapter

from troth.flows.shipping.label_work import label_return, shop_return_rates
from troth.http.edge.body import Body, NoQuery, Strict, Text
from troth.http.edge.operations import NO_BODY, Call, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.returns.return_examples import RETURN_PATH
from troth.http.returns.return_replies import read_visible_return
from troth.http.returns.returns import NO_RETURN
from troth.http.work.labels import EXAMPLE, LabelAnswer, answer_label
from troth.http.work.shipping_rates import EXAMPLE as RATES
from troth.http.work.shipping_rates import RatesAnswer, answer_rates
from troth.model.label import Label
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.shipping_rates import RateChoice


class ReturnLabelBody(Strict):
    """By which carrier and which of its services; left out: by the one that costs least. Another needs a `reason`."""

    carrier: Text = ""
    service: Text = ""
    reason: Annotated[str, StringConstraints(max_length=200)] = ""


async def buy(call: Call[ReturnLabelBody, NoQuery]) -> Reply:
    """The label of a return: the same one whenever it is asked for."""
    order, one = await read_visible_return(call)
    made = await label_return(
        call.system,
        order,
        one,
        carrier=call.body.carrier,
        service=call.body.service,
        reason=call.body.reason,
        actor=call.actor.name,
    )
    if not isinstance(made, Label):
        raise Refused(made)
    return json_reply(answer_label(made))


async def list_rates(call: Plain) -> Reply:
    """By which services the goods of a return could be mailed back."""
    choice = await shop_return_rates(call.system, *await read_visible_return(call))
    if not isinstance(choice, RateChoice):
        raise Refused(choice)
    return json_reply(answer_rates(choice))


_EXAMPLE: Final = {"carrier": "parcel", "service": "express", "reason": "the customer waits for a replacement"}

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/returns/{return_id}/rates",
        name="list_return_rates",
        summary="How goods could be mailed back, the best first: cost, arrival, whether that is in time",
        tag="returns",
        run=list_rates,
        shown=(Shown(200, "The rates", RatesAnswer, RATES),),
        body=NO_BODY,
        query=NoQuery,
        scope="returns:read",
        refusals=(NO_RETURN, NotPossibleNow("label", "a return by in_store")),
        path_examples=RETURN_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/returns/{return_id}/shipping-label",
        name="buy_return_label",
        summary="The carrier's label of a return by mail, bought once; it is printed as any label",
        tag="returns",
        run=buy,
        shown=(Shown(200, "The label, as far as the carrier answered", LabelAnswer, answer_label(EXAMPLE)),),
        body=Body(TypeAdapter(ReturnLabelBody), _EXAMPLE, is_optional=True),
        query=NoQuery,
        scope="returns:write",
        refusals=(
            NO_RETURN,
            NotPossibleNow("label", "a return by in_store"),
            Invalid((FieldFlaw("/carrier", "labels of ups cannot be had here; they can of: parcel"),)),
        ),
        path_examples=RETURN_PATH,
    ),
)
