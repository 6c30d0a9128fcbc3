"""What helps to write a routing: presets to begin with, and the fields, orders and weights that it may name."""

from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.rules.fields import FIELDS
from troth.engine.rules.weights import AMOUNTS
from troth.flows.documents.families import ROUTINGS
from troth.flows.documents.presets import PRESETS, Preset, example_of, make_preset
from troth.http.documents.document_answer import DocumentAnswer
from troth.http.documents.document_operations import example_answer
from troth.http.documents.documents import Documents
from troth.http.edge.body import Body, NoQuery, Strict, Text
from troth.http.edge.operations import NO_BODY, Call, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.model.cost_rates import PARTS
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.routing import NAMED_SORTS, Routing


class ParameterAnswer(msgspec.Struct, frozen=True):
    """What a preset can be told; without a default (null) it must be."""

    name: str
    type: str
    description: str
    default: Any


class PresetAnswer(msgspec.Struct, frozen=True):
    """A routing to begin with, as it is without parameters."""

    name: str
    description: str
    parameters: tuple[ParameterAnswer, ...]
    content: Routing


class PresetsAnswer(msgspec.Struct, frozen=True):
    """All presets."""

    items: tuple[PresetAnswer, ...]


class FieldAnswer(msgspec.Struct, frozen=True):
    """What an expression may name; where it `is_optional` it may be missing, which `has` tells."""

    path: str
    type: str
    unit: str
    description: str
    is_optional: bool


class SortAnswer(msgspec.Struct, frozen=True):
    """A named order of candidates: the expression behind it, and whether the largest comes first."""

    name: str
    expression: str
    descending: bool


class FieldsAnswer(msgspec.Struct, frozen=True):
    """What a routing may name: fields in expressions, named sorts, and weights (amounts, and factors of cost parts)."""

    fields: tuple[FieldAnswer, ...]
    sorts: tuple[SortAnswer, ...]
    amounts: tuple[str, ...]
    factors: tuple[str, ...]


class FromPresetBody(Strict):
    """What the draft is to be called, and what the preset is told."""

    name: Annotated[Text, Field(description="Of the routing.")]
    parameters: Annotated[dict[str, Any], Field(default_factory=dict)]
    note: Text = ""


_DOCUMENTS: Final = Documents(ROUTINGS)


async def list_presets(_: Plain) -> Reply:
    """All presets with their parameters."""
    return json_reply(_PRESETS)


async def save_preset(call: Call[FromPresetBody, NoQuery]) -> Reply:
    """Save what a preset makes of parameters as a draft."""
    content = make_preset(call.path("preset"), call.body.parameters)
    if not isinstance(content, dict):
        raise Refused(content)
    return await _DOCUMENTS.save_new(call, call.body.name, content, call.body.note)


async def list_fields(_: Plain) -> Reply:
    """The catalog of what a routing may name."""
    return json_reply(_FIELDS)


def _answer(preset: Preset) -> PresetAnswer:
    return PresetAnswer(
        preset.name,
        preset.description,
        tuple(
            ParameterAnswer(parameter.name, parameter.kind, parameter.description, parameter.default)
            for parameter in preset.parameters
        ),
        msgspec.convert(example_of(preset), Routing),
    )


_PRESETS: Final = PresetsAnswer(tuple(map(_answer, PRESETS.values())))
_FIELDS: Final = FieldsAnswer(
    tuple(FieldAnswer(one.path, one.kind, one.unit, one.doc, one.is_optional) for one in FIELDS.values()),
    tuple(SortAnswer(name, expression, descending) for name, (expression, descending) in NAMED_SORTS.items()),
    tuple(AMOUNTS),
    PARTS,
)
_DRAFT: Final = example_answer(ROUTINGS, "own-region", example_of(PRESETS["own_region_first"]))

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/routings/presets",
        name="list_routing_presets",
        summary="Routings to begin with, and their parameters",
        tag="configuration",
        run=list_presets,
        shown=(Shown(200, "All presets", PresetsAnswer, PresetsAnswer(_PRESETS.items[-1:])),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:read",
    ),
    Operation(
        method="POST",
        path="/v1/routings/presets/{preset}",
        name="save_routing_preset",
        summary="Save what a preset makes of parameters as a draft of a routing",
        tag="configuration",
        run=save_preset,
        shown=(
            Shown(200, "The newest version, which says the same", DocumentAnswer[Routing], _DRAFT),
            Shown(201, "The new version, with what is worth a second look", DocumentAnswer[Routing], _DRAFT),
        ),
        body=Body(TypeAdapter(FromPresetBody), {"name": "own-region", "parameters": {}, "note": "To begin with"}),
        query=NoQuery,
        scope="configuration:write",
        refusals=(
            NotFound("preset", "own_region_first"),
            Invalid((FieldFlaw("/parameters/weeks", "must be a number"),)),
        ),
        path_examples=(("preset", "own_region_first"),),
    ),
    Operation(
        method="GET",
        path="/v1/routings/fields",
        name="list_routing_fields",
        summary="The fields, orders and weights that a routing may name",
        tag="configuration",
        run=list_fields,
        shown=(Shown(200, "The catalog", FieldsAnswer, _FIELDS),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:read",
    ),
)
