"""Texts of messages: versioned, checked, previewed, and in force for quotes, orders and availability at once."""

from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.documents.families import MESSAGE_TEMPLATES
from troth.flows.publishing.draft import flaws_of
from troth.flows.publishing.preview_messages import Preview, Sample, preview_messages
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.http.edge.body import Body, Id, NoQuery, Strict, Text
from troth.http.edge.languages import Language
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.model.messages import MessageTemplates
from troth.model.refusals import FieldFlaw, Invalid

_EXAMPLE: Final = {
    "language": "en",
    "channel_languages": {"tienda": "es"},
    "low_stock": [{"units": 3, "channels": ["marketplace"]}],
    "texts": [
        {"language": "en", "texts": {"from_supplier": "Made to order", "in_store": "Here today at {place}"}},
        {
            "language": "es",
            "channels": ["tienda"],
            "texts": {"low_stock": {"one": "¡Último!", "other": "¡Últimos {units}!"}},
        },
    ],
}


class PreviewBody(Strict):
    """Texts to look at as if they stood under a name, and who is told."""

    name: Annotated[Id, Field(description="Under which name; what is in force under it is looked at as replaced.")]
    templates: Annotated[dict[str, Any], Field(description="The content of the document.")]
    channel: Text = ""
    language: Language | None = None
    brand: Text = ""


class SampleAnswer(msgspec.Struct, frozen=True):
    """A message as it would be told, of what is counted for one and for several; without `document` it is built in."""

    message: str
    when: str
    told: tuple[str, ...]
    language: str
    document: str | None


class PreviewAnswer(msgspec.Struct, frozen=True):
    """Every message, in the language that the channel speaks then."""

    language: str
    messages: tuple[SampleAnswer, ...]


async def preview(call: Call[PreviewBody, NoQuery]) -> Reply:
    """What texts would say."""
    body = call.body
    templates = MESSAGE_TEMPLATES.read(body.templates)
    if isinstance(templates, tuple):
        flaws = tuple(FieldFlaw(f"/templates{flaw.pointer}", flaw.detail) for flaw in flaws_of(templates))
        raise Refused(Invalid(flaws))
    found = preview_messages(
        call.system, body.name, templates, channel=body.channel, language=body.language or "", brand=body.brand
    )
    return json_reply(_answer(found))


def _answer(found: Preview) -> PreviewAnswer:
    return PreviewAnswer(
        found.language,
        tuple(
            SampleAnswer(one.message, one.doc, one.told, one.language, one.document or None) for one in found.samples
        ),
    )


_SAMPLE: Final = Sample("low_stock", "few units", ("¡Último!", "¡Últimos 3!"), "es", "everyday@2")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/message-templates/preview",
        name="preview_message_templates",
        summary="What texts of messages would say if they were in force; nothing is written",
        tag="configuration",
        run=preview,
        shown=(Shown(200, "Every message", PreviewAnswer, _answer(Preview("es", (_SAMPLE,)))),),
        body=Body(
            TypeAdapter(PreviewBody),
            {"name": "everyday", "templates": {"texts": _EXAMPLE["texts"]}, "channel": "tienda", "language": "es"},
        ),
        query=NoQuery,
        scope="configuration:read",
        refusals=(
            Invalid((FieldFlaw("/templates/texts/0/texts/ships", "ships has no placeholder {shop}; it has {place}"),)),
        ),
    ),
    *operations_of(
        MESSAGE_TEMPLATES,
        DocumentAnswer[MessageTemplates],
        VersionAnswer[MessageTemplates],
        name="everyday",
        example=_EXAMPLE,
        flaw=FieldFlaw("/texts/0/texts/in_store", "in_store has no placeholder {shop}; it has {place}, {units}"),
    ),
)
