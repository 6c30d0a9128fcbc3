"""Exposure rules: versioned, checked, previewed, and in force for every answer about stock at once."""

from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.publishing.draft import flaws_of
from troth.flows.publishing.remarks import find_remarks
from troth.flows.stock.preview_exposure import Hit, Preview, RuleHits, preview_exposure
from troth.flows.stock.waterfall import Inquirer
from troth.http.documents.document_answer import DocumentAnswer, FindingAnswer, VersionAnswer, answer_finding
from troth.http.documents.document_operations import operations_of
from troth.http.edge.body import Body, Id, NoQuery, Strict, Text
from troth.http.edge.measures import MeasuredUnits, Units, measured
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.model.document import Finding
from troth.model.exposure import ExposureRules
from troth.model.ids import NodeId, Sku
from troth.model.measure import PIECE
from troth.model.refusals import FieldFlaw, Invalid

_EXAMPLE: Final = {
    "classes": [{"name": "key-accounts", "rank": 1, "when": "customer.class == 'key'"}],
    "safety_stock": [
        {"name": "dairy in stores", "where": "item.category == 'dairy' && node.type == 'store'", "days_of_cover": 2.0},
        {"name": "stores keep two", "where": "node.type == 'store'", "units": 2},
    ],
    "buffers": [{"name": "marketplace", "channels": ["marketplace"], "percent": 10.0}],
    "thresholds": [{"name": "no lone units", "where": "node.type == 'store'", "below_units": 3, "methods": ["ship"]}],
    "protections": [
        {
            "name": "June window",
            "demand_class": "key-accounts",
            "where": "node.id == 'DC-PA' && item.category == 'tents'",
            "units": 400,
            "needed_from": "2027-06-01T00:00:00Z",
            "needed_until": "2027-07-01T00:00:00Z",
        }
    ],
    "allocations": [
        {"name": "scarce", "by": "customer", "period": "week", "where": "item.sku == 'A-1001'", "units": 12}
    ],
}


class PreviewBody(Strict):
    """Rules to look at as if they stood under a name, for whom, and of what."""

    name: Annotated[Id, Field(description="Under which name; what is in force under it is looked at as replaced.")]
    rules: Annotated[dict[str, Any], Field(description="The content of the document.")]
    channel: Text = ""
    customer_class: Text = ""
    skus: Annotated[tuple[Id, ...], Field(max_length=2_000, description="None: the first ones that have stock.")] = ()


class HitAnswer(msgspec.Struct, frozen=True):
    """Units that a rule would keep back of a SKU at a node."""

    sku: str
    node: str
    units: Units


class MeasuredAvailable(msgspec.Struct, frozen=True):
    """The same that could be sold then and now."""

    unit: str
    available: Units
    available_now: Units


class RuleHitsAnswer(msgspec.Struct, frozen=True):
    """What one rule would do, with some examples. `units` are pieces; what is sold by measure is in `measured`."""

    kind: str
    rule: str
    skus: int
    sku_nodes: int
    units: Units
    measured: tuple[MeasuredUnits, ...]
    examples: tuple[HitAnswer, ...]


class PreviewAnswer(msgspec.Struct, frozen=True):
    """What would be kept back by rule, and the pieces that could be sold then (`available`) and now; what is sold by
    measure is in `measured`. `findings` are worth a second look, such as a name that nothing has.
    """

    rules: tuple[RuleHitsAnswer, ...]
    skus_looked_at: int
    is_partial: bool
    available: Units
    available_now: Units
    measured: tuple[MeasuredAvailable, ...]
    findings: tuple[FindingAnswer, ...]


async def preview(call: Call[PreviewBody, NoQuery]) -> Reply:
    """What rules would hit."""
    body = call.body
    rules = EXPOSURE_RULES.read(body.rules)
    if isinstance(rules, tuple):
        raise Refused(Invalid(tuple(FieldFlaw(f"/rules{flaw.pointer}", flaw.detail) for flaw in flaws_of(rules))))
    who = Inquirer(body.channel, customer_class=body.customer_class)
    found = await preview_exposure(call.system, body.name, rules, who, skus=[Sku(sku) for sku in body.skus])
    if isinstance(found, Invalid):
        raise Refused(found)
    findings = await find_remarks(call.system, EXPOSURE_RULES, rules)
    return json_reply(_answer(found, tuple(replace(one, pointer=f"/rules{one.pointer}") for one in findings)))


def _answer(found: Preview, findings: tuple[Finding, ...] = ()) -> PreviewAnswer:
    return PreviewAnswer(
        tuple(
            RuleHitsAnswer(
                hit.kind,
                hit.rule,
                hit.skus,
                hit.sku_nodes,
                hit.units.get(PIECE, 0),
                measured(hit.units),
                tuple(HitAnswer(one.sku, one.node, one.units) for one in hit.examples),
            )
            for hit in found.rules
        ),
        found.looked_at,
        found.is_partial,
        found.available.get(PIECE, 0),
        found.available_now.get(PIECE, 0),
        tuple(
            MeasuredAvailable(unit, found.available.get(unit, 0), found.available_now.get(unit, 0))
            for unit in sorted({*found.available, *found.available_now} - {PIECE})
        ),
        tuple(map(answer_finding, findings)),
    )


_HITS: Final = RuleHits(
    "safety_stock", "everyday/stores keep two", 1, 1, {PIECE: 2}, [Hit(Sku("A-1001"), NodeId("ST-NYC"), 2)]
)
_PREVIEW: Final = {"name": "everyday", "rules": {"safety_stock": _EXAMPLE["safety_stock"]}, "channel": "web"}

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/exposure-rules/preview",
        name="preview_exposure_rules",
        summary="What exposure rules would hit if they were in force; nothing is written",
        tag="configuration",
        run=preview,
        shown=(
            Shown(
                200, "The hits by rule", PreviewAnswer, _answer(Preview((_HITS,), 1, False, {PIECE: 38}, {PIECE: 40}))
            ),
        ),
        body=Body(TypeAdapter(PreviewBody), _PREVIEW),
        query=NoQuery,
        scope="configuration:read",
        refusals=(Invalid((FieldFlaw("/rules/safety_stock/0/percent", "must be from 0 to 100"),)),),
    ),
    *operations_of(
        EXPOSURE_RULES,
        DocumentAnswer[ExposureRules],
        VersionAnswer[ExposureRules],
        name="everyday",
        example=_EXAMPLE,
        flaw=FieldFlaw("/protections/0/demand_class", "there is no class key in this document"),
    ),
)
