"""API keys: made, listed and revoked by administrators. A key itself is answered once, when it is made."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.people.access import ADMIN, create_key, find_keys, revoke_key
from troth.http.edge.body import Body, Id, Name, NoQuery, Strict
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import NO_CONTENT, Reply, json_reply
from troth.http.edge.values import Instant as At
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.access import ApiKey

_BOUNDS_MAX: Final = 1_000


class KeyBody(Strict):
    """Whose key it is, what it allows, and the nodes and customers that it is bound to (left out: to none)."""

    name: Name
    scopes: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    nodes: Annotated[tuple[Id, ...], Field(min_length=1, max_length=_BOUNDS_MAX)] | None = None
    customers: Annotated[tuple[Id, ...], Field(min_length=1, max_length=_BOUNDS_MAX)] | None = None


class KeyAnswer(msgspec.Struct, frozen=True):
    """A key without its secret."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    nodes: tuple[str, ...] | None
    customers: tuple[str, ...] | None
    created_at: At
    revoked_at: At | None


class NewKeyAnswer(msgspec.Struct, frozen=True):
    """A key that was made; `key` goes after `Bearer`. The answer to the same Idempotency-Key again has null there."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    nodes: tuple[str, ...] | None
    customers: tuple[str, ...] | None
    created_at: At
    revoked_at: At | None
    key: str | None


async def post_key(call: Call[KeyBody, NoQuery]) -> Reply:
    """Make a key. What is kept under the Idempotency-Key lacks the secret, which is stored nowhere."""
    made: list[tuple[ApiKey, str]] = []

    async def make() -> Reply:
        body = call.body
        done = await create_key(
            call.system.pool,
            name=body.name,
            scopes=body.scopes,
            actor=call.actor.name,
            nodes=body.nodes,
            customers=body.customers,
        )
        if isinstance(done, Invalid):
            raise Refused(done)
        made.append(done)
        return json_reply(_answer_new(done[0], None), status=201)

    reply = await once(call, make)
    return json_reply(_answer_new(*made[0]), status=201) if made else reply


async def list_keys(call: Call[Nothing, PageQuery]) -> Reply:
    """A page of keys, by id."""
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str])
    found = await find_keys(call.system.pool, after=after[0] if after else None, limit=asked.limit + 1)
    return page_reply(call, found, limit=asked.limit, shown=_answer, position=lambda key: (key.key_id,))


async def delete_key(call: Plain) -> Reply:
    """Revoke a key."""
    done = await revoke_key(call.system.pool, call.path("key_id"), actor=call.actor.name)
    if isinstance(done, NotFound):
        raise Refused(done)
    return NO_CONTENT


def _answer(key: ApiKey) -> KeyAnswer:
    return KeyAnswer(
        key.key_id,
        key.name,
        tuple(sorted(key.scopes)),
        _sorted(key.nodes),
        _sorted(key.customers),
        key.created_at,
        key.revoked_at,
    )


def _answer_new(key: ApiKey, secret: str | None) -> NewKeyAnswer:
    shown = _answer(key)
    return NewKeyAnswer(
        shown.key_id,
        shown.name,
        shown.scopes,
        shown.nodes,
        shown.customers,
        shown.created_at,
        shown.revoked_at,
        secret,
    )


def _sorted(names: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(names))


_KEY: Final = ApiKey(
    "web-shop-5f0c2a",
    "Web shop",
    frozenset({"availability:read", "orders:write"}),
    None,
    None,
    datetime.fromisoformat("2026-11-23T15:00:00+00:00"),
)
_BODY: Final = Body(TypeAdapter(KeyBody), {"name": "Web shop", "scopes": ["availability:read", "orders:write"]})

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/api-keys",
        name="post_key",
        summary="Make an API key",
        tag="administration",
        run=post_key,
        shown=(Shown(201, "The key, shown this once", NewKeyAnswer, _answer_new(_KEY, "troth_…")),),
        body=_BODY,
        query=NoQuery,
        scope=ADMIN,
        refusals=(Invalid((FieldFlaw("/scopes/0", "there is no scope all"),)),),
    ),
    Operation(
        method="GET",
        path="/v1/api-keys",
        name="list_keys",
        summary="List API keys, revoked ones among them",
        tag="administration",
        run=list_keys,
        shown=(Shown(200, "A page of keys", Page[KeyAnswer], Page((_answer(_KEY),), None)),),
        body=NO_BODY,
        query=PageQuery,
        scope=ADMIN,
    ),
    Operation(
        method="DELETE",
        path="/v1/api-keys/{key_id}",
        name="delete_key",
        summary="Revoke an API key",
        tag="administration",
        run=delete_key,
        shown=(Shown(204, "It is revoked; other processes know within two seconds"),),
        body=NO_BODY,
        query=NoQuery,
        scope=ADMIN,
        refusals=(NotFound("API key", "web-shop-5f0c2a"),),
        path_examples=(("key_id", "web-shop-5f0c2a"),),
    ),
)
