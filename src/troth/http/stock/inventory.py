"""Stock that is adjusted, line by line."""

from datetime import date
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from troth.flows.stock.stock import Adjustment, LineResult, adjust
from troth.http.edge.body import Body, Id, LotName, Name, NoQuery, Strict, Text
from troth.http.edge.idempotency import key_of
from troth.http.edge.line_results import LineResultAnswer, LineResultsAnswer, line_problem, line_results_reply
from troth.http.edge.measures import Given, Measured, Scaling, known_items
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.replies import Reply
from troth.http.edge.sifted import Sifted
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid, KeyReused

LINES_MAX: Final = 20_000
UNITS_MAX: Final = 1_000_000_000


LastDay = Annotated[
    date | None,
    Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1), description="The last day on which the lot is good."),
]

_Delta = Annotated[Given, Measured(-UNITS_MAX, UNITS_MAX)]


class AdjustmentBody(Strict):
    """Units to add (or to take, where negative) at one node."""

    node: Id
    sku: Id
    delta: _Delta
    reason: Annotated[Name, Field(description="Any word; `receipt` is what arrived, from a supplier or elsewhere.")]
    reference: Annotated[Text, Field(description="Of a receipt: the number of its purchase order.")] = ""
    lot: LotName | None = None
    expires_on: LastDay = None


class AdjustmentsBody(Strict):
    """Adjustments, each done or refused for itself."""

    adjustments: Annotated[tuple[AdjustmentBody, ...], Field(min_length=1, max_length=LINES_MAX)]


async def post_adjustments(call: Call[AdjustmentsBody, NoQuery]) -> Reply:
    """Move stock."""
    items = await known_items(call, [line.sku for line in call.body.adjustments])
    sifted = Sifted(call.body.adjustments, call.flawed)
    lines = []
    for place, line in list(sifted.lines.items()):
        scaling = Scaling()
        delta = scaling.of_item(line.delta, items.get(Sku(line.sku)), "/delta")
        sifted.refuse(place, scaling.flaws)
        if not scaling.flaws:
            lot = line.lot or ""
            lines.append(
                Adjustment(NodeId(line.node), Sku(line.sku), delta, line.reason, line.reference, lot, line.expires_on)
            )
    done = await adjust(call.system, lines, actor=call.actor, key=key_of(call))
    return line_results_reply(done if isinstance(done, KeyReused) else sifted.results(done), "/adjustments")


_NO_ITEM: Final = LineResult(1, Invalid.code, flaws=(FieldFlaw("/sku", "there is no item A-1002"),))
_DONE: Final = LineResultAnswer(0, ok=True, problem=None)
_REFUSED: Final = LineResultAnswer(1, ok=False, problem=line_problem(_NO_ITEM, "/adjustments", ()))
_LINES_EXAMPLE: Final = LineResultsAnswer(1, 1, (_DONE, _REFUSED))
_ADJUSTMENTS: Final = Body(
    TypeAdapter(AdjustmentsBody),
    {
        "adjustments": [
            {"node": "DC-PA", "sku": "A-1001", "delta": 40, "reason": "receipt", "reference": "4500017"},
            {"node": "DC-PA", "sku": "A-1002", "delta": -1, "reason": "damaged"},
            {
                "node": "DC-PA",
                "sku": "A-2001",
                "delta": 24,
                "reason": "receipt",
                "lot": "L-77",
                "expires_on": "2027-03-31",
            },
        ]
    },
    lines="adjustments",
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/adjustments",
        name="post_adjustments",
        summary="Add or take units, line by line",
        tag="inventory",
        run=post_adjustments,
        shown=(Shown(200, "What became of every line; at least one was accepted", LineResultsAnswer, _LINES_EXAMPLE),),
        body=_ADJUSTMENTS,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/adjustments/0/sku", "there is no item A-1001"),)),),
    ),
)
