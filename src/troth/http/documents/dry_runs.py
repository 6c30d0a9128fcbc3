"""A dry run over HTTP, for each family whose documents can be tried on an order."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter

from troth.flows.documents.families import Family
from troth.flows.orders.capture import OrderContent
from troth.flows.orders.dry_run import DryRun, dry_run
from troth.http.documents.document_body import Version
from troth.http.edge.body import Body, Id, Query, Strict
from troth.http.edge.bounds import ensure_visible
from troth.http.edge.idempotency import once
from troth.http.edge.measures import known_items
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders import examples
from troth.http.orders.front_answer import EXAMPLE as FRONT_EXAMPLE
from troth.http.orders.order_body import QUOTE_EXAMPLE, QuoteBody
from troth.http.orders.plan_answer import DryRunAnswer, answer_dry_run
from troth.model.document import label_of
from troth.model.ids import LineId, OrderId, Sku, named_order
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.plan import Peg, Plan, Shipment, Trace
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound


class DryRunBody(Strict):
    """An order of ours by its id, or the content of one; and a version to try (left out: the newest). A family adds the
    field of a content to try instead, which is called as its documents are.
    """

    order_id: Id | None = None
    order: QuoteBody | None = None
    version: Version | None = None

    def asked(self, items: Mapping[Sku, Item], field: str) -> OrderId | OrderContent:
        """What is to be planned; Refused where that is not one order, or two documents are named."""
        if self.version is not None and getattr(self, field) is not None:
            raise Refused(Invalid((FieldFlaw(f"/{field}", "cannot be given together with version"),)))
        if self.order_id is not None and self.order is None:
            return named_order(self.order_id)
        if self.order is not None and self.order_id is None:
            return self.order.content(items)
        either = "is required, or order" if self.order is None else "cannot be given together with order"
        raise Refused(Invalid((FieldFlaw("/order_id", either),)))


B = TypeVar("B", bound=DryRunBody)


class DryRunQuery(Query):
    """How a dry run is answered."""

    explain: Annotated[bool, Field(description="Add the traces: the candidates one by one.")] = False
    front: Annotated[
        bool, Field(description="Add the fronts: what sooner and fewer shipments would cost, in money.")
    ] = False


def dry_run_operation(
    family: Family[Any], body: type[B], *, name: str, refusal: FieldFlaw
) -> Operation[B, DryRunQuery]:
    """The operation that plans an order under a document of a family and under what is in force, and writes nothing;
    `name` is of a document that is shown.
    """
    field = family.what.replace(" ", "_")

    async def run_dry(call: Call[B, DryRunQuery]) -> Reply:
        items = await known_items(call, () if call.body.order is None else call.body.order.skus())
        asked = call.body.asked(items, field)
        if isinstance(asked, str):
            await ensure_visible(call, asked)

        async def run() -> Reply:
            done = await dry_run(
                call.system,
                call.path("name"),
                asked,
                family=family,
                version=call.body.version,
                body=getattr(call.body, field),
                is_explained=call.query.explain,
                has_fronts=call.query.front,
            )
            if not isinstance(done, DryRun):
                raise Refused(_at_order(done, field) if isinstance(asked, OrderContent) else done)
            return json_reply(answer_dry_run(done, items))

        return await once(call, run)

    shown = DryRun(
        examples.AT,
        examples.ORDER_ID,
        _PLAN,
        _PLAN,
        examples.NETWORK,
        examples.CURRENCY,
        label_of(name, 1),
        None,
        tried_fronts=(FRONT_EXAMPLE,),
        in_force_fronts=(FRONT_EXAMPLE,),
    )
    return Operation(
        method="POST",
        path=f"/v1/{family.key}/{{name}}/dry-run",
        name=f"dry_run_{field}",
        summary=f"What an order would be promised under a {family.what} and under what is in force; writes nothing",
        tag="configuration",
        run=run_dry,
        shown=(Shown(200, "Both plans", DryRunAnswer, answer_dry_run(shown, {})),),
        body=Body(TypeAdapter(body), {"version": 1, "order": QUOTE_EXAMPLE}),
        query=DryRunQuery,
        scope="configuration:read",
        refusals=(NotFound(family.what, name), Invalid((refusal,))),
        path_examples=(("name", name),),
    )


def _at_order(no: Invalid | NotFound | Busy, field: str) -> Invalid | NotFound | Busy:
    """Flaws of an order's content, which is a part of this body."""
    if not isinstance(no, Invalid):
        return no
    return Invalid(
        tuple(
            flaw if flaw.pointer.startswith(f"/{field}") else FieldFlaw(f"/order{flaw.pointer}", flaw.detail)
            for flaw in no.flaws
        )
    )


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
