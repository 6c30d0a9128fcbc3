"""An operation of the API as one value: how it is called, who may, what it answers.

The routes and the OpenAPI document are made from the same values, so neither can say something else than the other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import field
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.http.edge.body import Body, NoQuery, Strict
from troth.http.edge.problems import No, Refused
from troth.http.edge.replies import Reply
from troth.http.edge.sifted import Flawed
from troth.model.refusals import NotFound
from troth.model.value import dataclass

B = TypeVar("B")
Q = TypeVar("Q", bound=BaseModel)


class Nothing(Strict):
    """An empty body."""


NO_BODY: Final[Body[Nothing]] = Body(TypeAdapter(Nothing), None, is_optional=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[B, Q]):
    """One request, read and authenticated: its body and query parameters as values, and the body's bytes.

    The body of an operation that takes a stream is not read yet: `receive` gives it. `flawed` are lines that its list
    had besides, by place.
    """

    system: System
    actor: Actor
    body: B
    query: Q
    raw: bytes
    scope: Scope
    receive: Receive | None = None
    flawed: Flawed = field(default_factory=dict)

    def path(self, name: str) -> str:
        """A part of the path; Refused where it cannot be the name of anything."""
        value: str = self.scope["path_params"][name]
        if not value.isprintable():
            raise Refused(NotFound(name.removesuffix("_id"), ascii(value)[1:-1]))
        return value

    @property
    def headers(self) -> Headers:
        """The request's headers."""
        return Headers(scope=self.scope)


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as the document shows it: its type (a msgspec struct or a dataclass) and an example of it."""

    status: int
    description: str
    type: Any = None
    example: object = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A body that is read while it comes, of a media type, and an example of it."""

    media_type: str
    example: str


@dataclass(frozen=True, slots=True)
class Operation(Generic[B, Q]):
    """`method` on `path`, called `name` by programs. Without `scope` anybody may call it.

    `refusals` are examples of what it refuses beside what every operation refuses; `has_if_match`: it takes If-Match.
    `quick` answers some of its requests from query string and headers alone, and leaves the others (None) to `run`.
    `streams` are the forms of a body that is no JSON and that it reads while it comes.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    run: Callable[[Call[B, Q]], Awaitable[Reply]]
    shown: tuple[Shown, ...]
    body: Body[B]
    query: type[Q]
    scope: str | None
    refusals: tuple[No, ...] = ()
    has_if_match: bool = False
    path_examples: tuple[tuple[str, str], ...] = ()
    quick: Callable[[System, Scope], Reply | None] | None = None
    streams: tuple[Stream, ...] = ()


AnyOperation = Operation[Any, Any]
"""An operation whatever its body and its query parameters are."""

Plain = Call[Nothing, NoQuery]
"""A request without body and query parameters."""
