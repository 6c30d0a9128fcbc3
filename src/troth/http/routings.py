"""Routings: versioned, checked, tried on an order, in force for all orders or some of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from troth.flows.capture import OrderContent
from troth.flows.dry_run import DryRun, dry_run
from troth.flows.families import ROUTINGS
from troth.http import examples
from troth.http.body import Body, Id, Query, Strict
from troth.http.bounds import ensure_visible
from troth.http.document_answer import DocumentAnswer, VersionAnswer
from troth.http.document_body import Version
from troth.http.document_operations import operations_of
from troth.http.front_answer import EXAMPLE as FRONT_EXAMPLE
from troth.http.idempotency import once
from troth.http.measures import known_items
from troth.http.operations import Call, Operation, Shown
from troth.http.order_body import QUOTE_EXAMPLE, QuoteBody
from troth.http.plan_answer import DryRunAnswer, answer_dry_run
from troth.http.problems import Refused
from troth.http.replies import Reply, json_reply
from troth.model.ids import LineId, OrderId, Sku, named_order
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.plan import Peg, Plan, Shipment, Trace
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound
from troth.model.routing import Routing


class DryRunBody(Strict):
    """An order of ours by its id, or the content of one; and a version (left out: the newest) or a routing to try."""

    order_id: Id | None = None
    order: QuoteBody | None = None
    version: Version | None = None
    routing: dict[str, Any] | None = None

    def asked(self, items: Mapping[Sku, Item]) -> OrderId | OrderContent:
        """What is to be planned; Refused where that is not one order, or two routings are named."""
        if self.version is not None and self.routing is not None:
            raise Refused(Invalid((FieldFlaw("/routing", "cannot be given together with version"),)))
        if self.order_id is not None and self.order is None:
            return named_order(self.order_id)
        if self.order is not None and self.order_id is None:
            return self.order.content(items)
        either = "is required, or order" if self.order is None else "cannot be given together with order"
        raise Refused(Invalid((FieldFlaw("/order_id", either),)))


class DryRunQuery(Query):
    """How a dry run is answered."""

    explain: Annotated[bool, Field(description="Add the traces: the candidates one by one.")] = False
    front: Annotated[
        bool, Field(description="Add the fronts: what sooner and fewer shipments would cost, in money.")
    ] = False


async def dry_run_routing(call: Call[DryRunBody, DryRunQuery]) -> Reply:
    """Plan an order under a routing and under what is in force, and write nothing."""
    items = await known_items(call, () if call.body.order is None else call.body.order.skus())
    asked = call.body.asked(items)
    if isinstance(asked, str):
        await ensure_visible(call, asked)

    async def run() -> Reply:
        done = await dry_run(
            call.system,
            call.path("name"),
            asked,
            version=call.body.version,
            body=call.body.routing,
            is_explained=call.query.explain,
            has_fronts=call.query.front,
        )
        if not isinstance(done, DryRun):
            raise Refused(_at_order(done) if isinstance(asked, OrderContent) else done)
        return json_reply(answer_dry_run(done, items))

    return await once(call, run)


def _at_order(no: Invalid | NotFound | Busy) -> Invalid | NotFound | Busy:
    """Flaws of an order's content, which is a part of this body."""
    if not isinstance(no, Invalid):
        return no
    return Invalid(
        tuple(
            flaw if flaw.pointer.startswith("/routing") else FieldFlaw(f"/order{flaw.pointer}", flaw.detail)
            for flaw in no.flaws
        )
    )


_EXAMPLE: Final = {
    "description": "Distribution centers first, then stores with cover to spare, then whoever has it",
    "limits": {"shipments_max": 3},
    "weights": {"split_minor": 250},
    "exclusions": [
        {
            "name": "no hazardous goods from stores",
            "expression": "node.type == 'store' && 'hazardous' in item.attributes",
        }
    ],
    "tiers": [
        {
            "name": "DCs",
            "filters": [{"name": "DCs only", "expression": "node.type == 'dc'"}],
            "partial": "next_tier",
        },
        {
            "name": "stores with cover",
            "filters": [{"name": "three weeks", "expression": "stock.weeks_of_supply > 3.0"}],
            "sort": [{"by": "nearest"}],
        },
        {"name": "anybody", "none": "backorder", "partial": "backorder"},
    ],
}
_WORK: Final = examples.WORK
_PLAN: Final = Plan(
    (
        Shipment(
            _WORK.node,
            _WORK.method,
            _WORK.service,
            _WORK.ship_by,
            _WORK.promised_from,
            _WORK.promised_at,
            (Peg(LineId("1"), Sku("A-1001"), ON_HAND, 2),),
            _WORK.cost,
            carrier=_WORK.carrier,
        ),
    ),
    (),
    Trace("subset", 12, {"no_stock": 3}, policy_version="everyday@2", tier="DCs"),
)
_DRY_RUN: Final = DryRun(
    examples.AT,
    examples.ORDER_ID,
    _PLAN,
    _PLAN,
    examples.NETWORK,
    examples.CURRENCY,
    tried_fronts=(FRONT_EXAMPLE,),
    in_force_fronts=(FRONT_EXAMPLE,),
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/routings/{name}/dry-run",
        name="dry_run_routing",
        summary="What an order would be promised under a routing and under what is in force; writes nothing",
        tag="configuration",
        run=dry_run_routing,
        shown=(Shown(200, "Both plans", DryRunAnswer, answer_dry_run(_DRY_RUN, {})),),
        body=Body(TypeAdapter(DryRunBody), {"version": 1, "order": QUOTE_EXAMPLE}),
        query=DryRunQuery,
        scope="configuration:read",
        refusals=(
            NotFound("routing", "everyday"),
            Invalid((FieldFlaw("/order/lines/0/sku", "there is no item A-1001"),)),
        ),
        path_examples=(("name", "everyday"),),
    ),
    *operations_of(
        ROUTINGS,
        DocumentAnswer[Routing],
        VersionAnswer[Routing],
        name="everyday",
        example=_EXAMPLE,
        flaw=FieldFlaw("/tiers/0/filters/0/expression", "line 1, column 6: there is no field node.kind"),
    ),
)
