"""What a version of exposure rules would hit if it were in force: by rule, with examples; nothing is written."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.publishing.published import read_published
from troth.flows.stock.preview_exposure import preview_exposure
from troth.flows.stock.waterfall import Inquirer
from troth.model.ids import Sku
from troth.model.refusals import Invalid, NotFound
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded

_SKUS_MAX: Final = 50
_VERSION_DIGITS_MAX: Final = 9


async def show_preview(visit: Visit) -> Response:
    """The hits of every rule, and the units that could be sold then and now."""
    name, asked = visit.request.path_params["name"], visit.asked("version")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _VERSION_DIGITS_MAX else None
    published = await read_published(visit.system, EXPOSURE_RULES, name, version)
    rules = () if isinstance(published, NotFound) else EXPOSURE_RULES.read(published.content)
    if isinstance(published, NotFound) or isinstance(rules, tuple):
        return page(visit, "missing.html", status=404, section="configuration", title="No such rule set", name=name)
    skus = [Sku(sku) for sku in visit.asked("skus").replace(",", " ").split()][:_SKUS_MAX]
    who = Inquirer(visit.asked("channel"), customer_class=visit.asked("customer_class"))
    found = await preview_exposure(visit.system, name, rules, who, skus=skus)
    return page(
        visit,
        "exposure_preview.html",
        section="configuration",
        title=f"What {published.document.label} would hit",
        document=published.document,
        asked={field: visit.asked(field) for field in ("channel", "customer_class", "skus")},
        found=None if isinstance(found, Invalid) else found,
        told="; ".join(flaw.detail for flaw in found.flaws) if isinstance(found, Invalid) else "",
    )


routes = [
    Route("/exposure-rules/{name}/preview", guarded(show_preview, scope="configuration:read"), name="exposure_preview"),
]
