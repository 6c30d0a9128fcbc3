"""What a version of texts would say if it were in force: every message with made-up places and days."""

from starlette.responses import Response
from starlette.routing import Route

from troth.console.documents import version_asked
from troth.flows.documents.families import MESSAGE_TEMPLATES
from troth.flows.publishing.preview_messages import preview_messages
from troth.flows.publishing.published import read_published
from troth.flows.telling.media import Letter, without_links
from troth.flows.telling.preview import Draft, preview_notification
from troth.model.ids import named_order
from troth.model.notification import KINDS
from troth.model.refusals import NotFound
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded


async def show_preview(visit: Visit) -> Response:
    """Every message as a channel would tell it, and whose text it is."""
    name = visit.request.path_params["name"]
    published = await read_published(visit.system, MESSAGE_TEMPLATES, name, version_asked(visit))
    texts = () if isinstance(published, NotFound) else MESSAGE_TEMPLATES.read(published.content)
    if isinstance(published, NotFound) or isinstance(texts, tuple):
        return page(
            visit, "missing.html", status=404, section="configuration", title="No such message template", name=name
        )
    asked = {field: visit.asked(field) for field in ("channel", "language", "brand")}
    order, kind = visit.asked("order"), visit.asked("kind")
    letter, why_not = None, ""
    if order and kind in KINDS:
        letter, why_not = await _letter_of(visit, order, kind, Draft(name, texts))
    return page(
        visit,
        "message_preview.html",
        section="configuration",
        title=f"What {published.document.label} would say",
        document=published.document,
        asked=asked,
        order=order,
        kind=kind,
        kinds=tuple(KINDS),
        letter=letter,
        why_not=why_not,
        found=preview_messages(visit.system, name, texts, **asked),
    )


async def _letter_of(visit: Visit, order: str, kind: str, draft: Draft) -> tuple[Letter | None, str]:
    """What the customer of a real order would be told in these words, or why nothing."""
    found = await preview_notification(
        visit.system, named_order(order), kind, visit.system.origin, language=visit.asked("language"), draft=draft
    )
    if isinstance(found, NotFound):
        return None, f"There is no order {order}."
    return (None, f"Nothing would be told: {found}.") if isinstance(found, str) else (without_links(found), "")


routes = [
    Route(
        "/message-templates/{name}/preview", guarded(show_preview, scope="configuration:read"), name="message_preview"
    ),
]
