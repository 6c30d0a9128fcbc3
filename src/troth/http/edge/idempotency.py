"""`Idempotency-Key`: the same key and request get the same answer, and another request under the key is refused."""

import re
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, Final

from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.requests import Answer, Key, Outcome, Request, Result
from troth.http.edge.headers import find_header
from troth.http.edge.operations import Call
from troth.http.edge.problems import PROBLEMS, No, Refused, problem_of
from troth.http.edge.replies import Reply
from troth.model.commands import Command
from troth.model.refusals import FieldFlaw, Invalid, KeyReused
from troth.store.codec import encode_bytes
from troth.store.database import Connection, transaction
from troth.store.keys import keep_key, read_keys
from troth.store.save import UsedKey

HEADER: Final = b"idempotency-key"
_FORM: Final = re.compile(r"[\x21-\x7e]{1,255}")


def key_of(call: Call[Any, Any]) -> Key | None:
    """The key of a request with the digest of what it asks; Refused where it is no 1 to 255 visible characters."""
    given = find_header(call.scope, HEADER)
    if given is None:
        return None
    if not _FORM.fullmatch(given):
        raise Refused(
            Invalid((FieldFlaw("Idempotency-Key", "must be 1 to 255 visible ASCII characters, without spaces"),))
        )
    digest = blake2b(call.raw, digest_size=16)
    digest.update(b"\0".join((call.scope["method"].encode(), call.scope["path"].encode(), call.scope["query_string"])))
    return Key(given, digest.hexdigest())


async def submit(
    call: Call[Any, Any],
    commands: tuple[Command, ...],
    render: Callable[[tuple[Outcome, ...]], Answer],
    *,
    expected: Expected = ANYTHING,
) -> Answer:
    """Put commands through the write door, under the request's key if it has one; the answer to them."""
    key = key_of(call)
    result: Result = await call.system.door.submit(
        Request(commands, call.actor.name, key=key, answer=render if key is not None else None, expected=expected)
    )
    if result.answer is not None:
        return result.answer
    if key is not None:
        return problem_answer(KeyReused(key.key))
    return render(result.outcomes)


async def once(call: Call[Any, Any], run: Callable[[], Awaitable[Reply]]) -> Reply:
    """The answer of something that does not go through the write door, kept under the request's key where it has one.

    Of two requests at the same time both may run, and the first answer that is kept is the answer of both: this is for
    what changes nothing, or is harmless when repeated. Refusals are not kept.
    """
    key = key_of(call)
    if key is None:
        return await run()
    used = await _used(call, key)
    if used is not None:
        return used
    reply = await run()
    if reply.status >= 400:
        return reply
    kept = UsedKey(call.actor.name, key.key, key.request_digest, reply.status, reply.body)
    async with transaction(call.system.pool) as connection:
        is_first = await keep_key(connection, kept, call.system.door.now())
    return reply if is_first else await _used(call, key) or reply


class _Taken(Exception):
    """Undoes what a request wrote whose key another request has used in the meantime."""


Keep = Callable[[Connection, Reply], Awaitable[None]]
"""Keeps an answer under the request's key, in the transaction of what it answers."""


async def once_written(call: Call[Any, Any], run: Callable[[Keep], Awaitable[Reply]]) -> Reply:
    """The answer of something that is written beside the write door and must not happen twice.

    `run` keeps its answer in its own transaction; of two requests under one key one is undone, and gets the answer of
    the other. Refusals are not kept.
    """
    key = key_of(call)

    async def keep(connection: Connection, reply: Reply) -> None:
        if key is not None:
            used = UsedKey(call.actor.name, key.key, key.request_digest, reply.status, reply.body)
            if not await keep_key(connection, used, call.system.door.now()):
                raise _Taken

    used = None if key is None else await _used(call, key)
    if used is not None:
        return used
    try:
        return await run(keep)
    except _Taken:
        found = None if key is None else await _used(call, key)
        if found is None:
            raise
        return found


def problem_answer(no: No) -> Answer:
    """A no as an answer to be kept."""
    return Answer(PROBLEMS[no.code][0], encode_bytes(problem_of(no)))


def reply_of(answer: Answer, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """The reply that an answer is, a problem from status 400 on."""
    is_problem = answer.status >= 400
    return Reply(
        answer.status,
        answer.body,
        () if is_problem else headers,
        media_type="application/problem+json" if is_problem else "application/json",
    )


async def _used(call: Call[Any, Any], key: Key) -> Reply | None:
    async with call.system.pool.acquire() as connection:
        found = await read_keys(connection, [(call.actor.name, key.key)])
    used = found.get((call.actor.name, key.key))
    if used is None:
        return None
    if used.request_digest != key.request_digest:
        raise Refused(KeyReused(key.key))
    return reply_of(Answer(used.status, used.answer))
