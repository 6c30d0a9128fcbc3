"""From a request to its answer: where it is authenticated, read and run, and every no becomes a problem."""

import logging
import re
import secrets
import time
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from troth.flows.door.system import System
from troth.http.edge.auth import admit
from troth.http.edge.body import parse_query, read_bytes
from troth.http.edge.metrics import Metrics
from troth.http.edge.operations import NO_BODY, AnyOperation, Call
from troth.http.edge.problems import Failed, MethodNotAllowed, Refused, Unavailable, problem_reply
from troth.http.edge.replies import Reply, send_reply
from troth.store.database import UNAVAILABLE

_LOG: Final = logging.getLogger("troth.http")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE"})


class Resource:
    """The ASGI app of one path: it runs the operation of the request's method."""

    def __init__(self, operations: Mapping[str, AnyOperation], system: System) -> None:
        self._operations = dict(operations)
        if "GET" in operations:
            self._operations.setdefault("HEAD", operations["GET"])
        self._system = system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            operation = self._operations.get(scope["method"])
            if operation is None:
                raise Refused(MethodNotAllowed(tuple(sorted(self._operations))))
            scope["operation"] = operation.name
            reply = await _run(operation, self._system, scope, receive)
        except Refused as refused:
            reply = problem_reply(refused.no)
        await send_reply(reply, send)


async def _run(operation: AnyOperation, system: System, scope: Scope, receive: Receive) -> Reply:
    actor = await admit(system, scope, operation.scope)
    if operation.quick is not None:
        reply = operation.quick(system, scope)
        if reply is not None:
            return reply
    query = parse_query(operation.query, scope["query_string"])
    if operation.streams:
        return await operation.run(Call(system, actor, NO_BODY.parse(b""), query, b"", scope, receive))
    if scope["method"] in _BODILESS:
        return await operation.run(Call(system, actor, NO_BODY.parse(b""), query, b"", scope))
    raw = await read_bytes(scope, receive)
    body, flawed = operation.body.parse_lines(raw)
    return await operation.run(Call(system, actor, body, query, raw, scope, flawed=flawed))


class Edge:
    """The outermost room: gives every request its id, measures it, and lets no exception out.

    A path without parameters goes straight to its resource: looking it up costs nothing beside trying one route after
    another, and two of these paths are called thousands of times a second.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, direct: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._metrics = metrics
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        header = (b"x-request-id", request_id.encode())
        began = time.perf_counter()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self._direct.get(scope["path"], self._app)(scope, receive, send_named)
        except UNAVAILABLE:
            _LOG.warning("request %s: the database is away", request_id, exc_info=True)
            if status:
                raise
            await send_reply(problem_reply(Unavailable()), send_named)
        except Exception:
            _LOG.exception("request %s: %s %s failed", request_id, scope["method"], scope["path"])
            if status:
                raise
            await send_reply(problem_reply(Failed()), send_named)
        finally:
            self._metrics.observe(scope.get("operation", "other"), status, time.perf_counter() - began)


def _request_id(scope: Scope) -> str:
    """The id that the client gave the request, where it is fit to be logged and echoed; a new one otherwise."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(given):
                return str(given)
    return secrets.token_hex(8)
