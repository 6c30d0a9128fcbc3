"""What is its own about the pages of routings: presets to begin with, tiers in words, the fields of expressions."""

from itertools import groupby
from typing import Any, Final

from troth.console.family_pages import Beginning, FamilyPages
from troth.console.views_routing import view_routing
from troth.engine.rules.fields import FIELDS
from troth.engine.rules.weights import AMOUNTS
from troth.flows.documents.document_body import body_text, tidy_text
from troth.flows.documents.families import ROUTINGS
from troth.flows.documents.presets import EXAMPLES, PRESETS, make_preset
from troth.model.cost_rates import PARTS
from troth.model.refusals import Invalid, NotFound
from troth.model.routing import NAMED_SORTS
from troth.pages.desk import Visit
from troth.pages.views_refusal import tell_by_field


def begin_routing(pages: FamilyPages, visit: Visit) -> Beginning:
    """A new routing: blank, or what a preset makes of the parameters in the address."""
    preset = visit.asked("preset")
    if not preset:
        return pages.begin_blank()
    content = make_preset(preset, _parameters(visit, preset))
    if isinstance(content, NotFound | Invalid):
        return pages.begin_blank(tell_by_field(content))
    return Beginning(preset.replace("_", "-"), tidy_text(body_text(content)))


def _parameters(visit: Visit, preset: str) -> dict[str, Any]:
    """The parameters of a preset that the address gives; what is no number stays a text, and is refused by name."""
    known = PRESETS[preset].parameters if preset in PRESETS else ()
    given: dict[str, Any] = {}
    for parameter in known:
        asked = visit.asked(parameter.name, length_max=2_000)
        if parameter.kind == "true or false":
            given[parameter.name] = asked == "yes"
        elif not asked:
            continue
        elif parameter.kind in EXAMPLES:
            given[parameter.name] = [name for name in asked.replace(",", " ").split() if name]
        elif parameter.kind == "whole number":
            given[parameter.name] = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else asked
        elif parameter.kind == "number":
            given[parameter.name] = _number(asked)
        else:
            given[parameter.name] = asked
    return given


def _number(asked: str) -> float | str:
    try:
        return float(asked)
    except ValueError:
        return asked


_GROUPS: Final = [
    (scope, list(fields)) for scope, fields in groupby(FIELDS.values(), key=lambda field: field.path.split(".")[0])
]

ROUTING_PAGES: Final = FamilyPages(
    family=ROUTINGS,
    path="routing",
    title="Routing",
    built_in="no rules: the cheapest plan of all nodes",
    effect="It decides about every order from then on. Orders that were promised keep what decided them.",
    hint="Without one the cheapest plan of all nodes is taken. Begin with a preset, or write one.",
    blank={"description": "", "tiers": [{"name": "anybody", "none": "backorder", "partial": "backorder"}]},
    tell=lambda routing, _content, currency: view_routing(routing, currency),
    view="routing_view.html",
    shape="routing_shape.html",
    beside="routing_presets.html",
    is_tried=True,
    begin=begin_routing,
    more={
        "presets": list(PRESETS.values()),
        "examples": EXAMPLES,
        "groups": _GROUPS,
        "sorts": NAMED_SORTS,
        "amounts": tuple(AMOUNTS),
        "parts": PARTS,
    },
)
