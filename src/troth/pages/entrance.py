"""An entrance for people as one value: whom it is for, its sections, and the templates that its pages are made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from troth.flows.people.access import Actor
from troth.model.value import dataclass
from troth.pages import views

STATIC: Final = Path(__file__).parent / "static"
"""The files that all entrances serve beside their own."""

_SHARED: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an entrance: its name, where it begins, what it is called, and the scope that it needs."""

    name: str
    path: str
    text: str
    scope: str


@dataclass(frozen=True, slots=True)
class Entrance:
    """An entrance: `name` is what the log calls it, `title` what people do; `may_visit` says whom it is for, and
    `strangers` what it says to others. `sections` are what its pages lead to.
    """

    name: str
    title: str
    may_visit: Callable[[Actor], bool]
    strangers: str
    templates: Environment
    scope: str
    sections: tuple[Section, ...] = ()


def make_templates(folder: Path, **filters: Callable[..., Any]) -> Environment:
    """Templates of a folder, and those that all entrances share. Everything is escaped, and what is missing is an
    error.
    """
    environment = Environment(
        loader=FileSystemLoader([folder, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        money=views.money,
        number=views.number,
        quantity=views.quantity,
        sums=views.sums,
        count=views.count_text,
        words=views.words,
        sentence=views.sentence,
        node_type=views.node_type_text,
        moment=views.moment,
        day=views.day,
        ago=views.ago,
        duration=views.duration,
        actor=views.actor_text,
        status_chip=views.status_chip,
        state_chip=views.state_chip,
        path=views.path_part,
        promise=views.promise_text,
        **filters,
    )
    return environment
