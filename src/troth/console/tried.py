"""What somebody tried by a form and may try again: shown with what was typed, and why it was refused."""

from typing import Any

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from troth.model.value import dataclass
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.views import path_part, query
from troth.pages.views_refusal import Told


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was refused, by the name of its `action`; without one nothing was tried yet."""

    form: FormData | None = None
    action: str = ""
    told: Told = ("", ())

    def render(self, visit: Visit, template: str, section: str, title: str, **shown: Any) -> Response:
        """The page on which the form stands: what it knows, what was typed, and why not, or what was done before."""
        given = {} if self.form is None else {name: str(value) for name, value in self.form.items()}
        status = 409 if self.told[0] else 200
        fields = {"given": given, "refused": self.action, "told": self.told, **shown}
        return page(visit, template, status=status, section=section, title=title, **fields)


NOTHING_TRIED = Tried()


def show_missing(visit: Visit, section: str, title: str, name: str) -> Response:
    """That there is nothing of the name."""
    return page(visit, "missing.html", status=404, section=section, title=title, name=name)


def go_back(visit: Visit, place: str, name: str, done: str) -> Response:
    """To the page of what was set, which says so."""
    return RedirectResponse(f"{visit.base}/{place}/{path_part(name)}{query(done=done)}", 303)
