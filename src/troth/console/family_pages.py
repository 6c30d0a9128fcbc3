"""A family of versioned configuration as the console shows it: words, a beginning, and what is its own on its pages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, TypeAlias

from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_content import lay_out
from troth.console.views_shape import shapes_of
from troth.flows.documents.document_body import body_text, tidy_text
from troth.flows.documents.families import Family
from troth.model.value import dataclass
from troth.pages.desk import Visit
from troth.pages.session import guarded

Told: TypeAlias = tuple[str, tuple[str, ...]]
"""A refusal in words: a sentence, and the facts."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new document begins with, or why not with what was asked."""

    name: str
    written: str
    told: Told = ("", ())


@dataclass(frozen=True, slots=True)
class FamilyPages:
    """How a family is shown. Its pages lie under `path`.

    `built_in` says what holds where nothing is in force, `effect` what activating does, `hint` what holds or is to be
    done where there is nothing yet. A new document is `blank`, or what `begin` makes of the address. `tell` gives of a
    value, its content and the currency what the template `view` shows. `shape` is the template beside the editor,
    `beside` the one beside the list, `panel` one more card of a version; `more` is what they need. It `is_tried` on an
    order where it has a page for that.
    """

    family: Family[Any]
    path: str
    title: str
    built_in: str
    effect: str
    hint: str
    blank: object
    tell: Callable[[Any, object, str], object] = lambda _value, content, _currency: lay_out(content)
    view: str = "document_view.html"
    shape: str = "document_shape.html"
    beside: str = ""
    panel: str = ""
    is_tried: bool = False
    begin: "Callable[[FamilyPages, Visit], Beginning]" = lambda pages, _visit: pages.begin_blank()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """What one document is called."""
        return self.family.what

    @property
    def subject(self) -> str:
        """Under which name the audit has its documents."""
        return self.family.what.replace(" ", "_")

    @property
    def shapes(self) -> object:
        """The objects of a document with their fields."""
        return shapes_of(self.family.type)

    def begin_blank(self, told: Told = ("", ())) -> Beginning:
        """A new document without a name."""
        return Beginning("", tidy_text(body_text(self.blank)), told)


Page: TypeAlias = Callable[[FamilyPages, Visit], Awaitable[Response]]


def routed(pages: FamilyPages, path: str, page: Page, *, scope: str, methods: tuple[str, ...] = ("GET",)) -> Route:
    """The route of a page that all families have."""

    async def show(visit: Visit) -> Response:
        return await page(pages, visit)

    return Route(f"/{pages.path}{path}", guarded(show, scope=scope), methods=list(methods))
