"""Who asks: the ways in which a request can say so, tried in order."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Scope

from troth.flows.door.system import System
from troth.flows.people.access import Actor, authenticate_key
from troth.http.edge.headers import find_header
from troth.http.edge.problems import Refused
from troth.model.refusals import Forbidden, Unauthorized

Authenticator = Callable[[System, Scope], Awaitable[Actor | None]]
"""One way: the actor, or None where the request does not come this way or what it carries is not valid."""

ANYBODY: Final = Actor("", frozenset())
"""Who calls an operation that is open to all."""


async def by_key(system: System, scope: Scope) -> Actor | None:
    """The owner of the key in `Authorization: Bearer KEY`."""
    given = find_header(scope, b"authorization") or ""
    scheme, _, key = given.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    return await authenticate_key(system.pool, key.strip())


AUTHENTICATORS: Final[tuple[Authenticator, ...]] = (by_key,)


async def admit(system: System, scope: Scope, needed: str | None) -> Actor:
    """The actor, who may do what is needed; Refused otherwise. Nothing needed: anybody."""
    if needed is None:
        return ANYBODY
    for authenticate in AUTHENTICATORS:
        actor = await authenticate(system, scope)
        if actor is not None:
            if not actor.may(needed):
                raise Refused(Forbidden(needed))
            return actor
    raise Refused(Unauthorized())
