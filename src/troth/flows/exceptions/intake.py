"""The intake: what could not be captured is kept as it was sent, with what is wrong with which field, until a person
has fixed and submitted it, or put it away. No object that came is lost, and what comes twice is kept once.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, Final

import msgspec

from troth.flows.door.system import System
from troth.model.events import ConfigurationSet
from troth.model.ids import OrderId
from troth.model.intake import IntakeDocument, IntakeState
from troth.model.money import currency_decimals
from troth.model.refusals import FieldFlaw, NotFound, NotPossibleNow, Refusal, VersionConflict
from troth.model.value import dataclass
from troth.store.codec import encode
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.intake import find_waiting, lock_content, read_intake, write_intake

_TEXT_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a document: the order that it is now, or everything that is wrong with it."""

    order_id: OrderId | None = None
    findings: tuple[FieldFlaw, ...] = ()


Try = Callable[[Mapping[str, Any], bool], Awaitable[Tried]]
"""Captures a document, if need be despite what is only odd about it."""


async def take_in(
    system: System, body: Mapping[str, Any], entrance: str, attempt: Try, *, actor: str
) -> IntakeDocument | OrderId:
    """The order that a document became, or the document as it is kept."""
    tried = await attempt(body, False)
    if tried.order_id is not None:
        return tried.order_id
    now, digest = system.door.now(), digest_of(body)
    channel, external_id, currency, total = _head(body)
    async with transaction(system.pool) as connection:
        await lock_content(connection, digest)
        known = await find_waiting(connection, digest)
        if known is None:
            document = IntakeDocument(
                f"D-{secrets.token_hex(8)}", 1, IntakeState.WAITING, entrance, channel, external_id, digest,
                encode(body), tried.findings, currency, total, 1, now, actor, now, actor,
            )  # fmt: skip
        else:
            document = replace(
                known,
                version=known.version + 1,
                findings=tried.findings,
                times_received=known.times_received + 1,
                changed_at=now,
                changed_by=actor,
            )
        await write_intake(connection, document)
        await append_event(connection, _event(document), subject=_subject(document), at=now, actor=actor)
    return document


async def mend(
    system: System, intake_id: str, body: Mapping[str, Any], attempt: Try, *, version: int, actor: str
) -> IntakeDocument | Refusal:
    """A document with another content, captured where nothing is wrong with it, or with what still is."""
    found = await _waiting(system, intake_id, version, "change")
    if not isinstance(found, IntakeDocument):
        return found
    tried = await attempt(body, False)
    channel, external_id, currency, total = _head(body)
    after = replace(
        found,
        body=encode(body),
        digest=digest_of(body),
        channel=channel,
        external_id=external_id,
        currency=currency,
        total_minor=total,
    )
    return await _settle(system, after, tried, actor=actor, reason="mended")


async def submit(
    system: System, intake_id: str, attempt: Try, *, version: int, is_despite: bool, actor: str
) -> IntakeDocument | Refusal:
    """A document once more tried, where `is_despite` whatever is only odd about it."""
    found = await _waiting(system, intake_id, version, "submit")
    if not isinstance(found, IntakeDocument):
        return found
    body: dict[str, Any] = msgspec.json.decode(found.body)
    return await _settle(system, found, await attempt(body, is_despite), actor=actor, reason="submitted")


async def drop(system: System, intake_id: str, *, version: int, reason: str, actor: str) -> IntakeDocument | Refusal:
    """A document put away, for a reason; it stays where it can be read."""
    found = await _waiting(system, intake_id, version, "drop")
    if not isinstance(found, IntakeDocument):
        return found
    return await _write(system, replace(found, state=IntakeState.DROPPED), actor=actor, reason=reason)


def digest_of(body: Mapping[str, Any]) -> str:
    """What tells the same content from other content, whatever the order of its fields."""
    return blake2b(msgspec.json.encode(body, order="deterministic"), digest_size=16).hexdigest()


async def _waiting(system: System, intake_id: str, version: int, what: str) -> IntakeDocument | Refusal:
    async with system.pool.acquire() as connection:
        found = await read_intake(connection, intake_id)
    if found is None:
        return NotFound("intake document", intake_id)
    if found.state is not IntakeState.WAITING:
        return NotPossibleNow(what, found.state)
    if found.version != version:
        return VersionConflict(str(version), str(found.version))
    return found


async def _settle(
    system: System, document: IntakeDocument, tried: Tried, *, actor: str, reason: str
) -> IntakeDocument | Refusal:
    if tried.order_id is None:
        return await _write(system, replace(document, findings=tried.findings), actor=actor, reason=reason)
    done = replace(document, state=IntakeState.CAPTURED, findings=(), order_id=tried.order_id)
    return await _write(system, done, actor=actor, reason=reason)


async def _write(
    system: System, document: IntakeDocument, *, actor: str, reason: str
) -> IntakeDocument | VersionConflict:
    now = system.door.now()
    after = replace(document, version=document.version + 1, changed_at=now, changed_by=actor, reason=reason)
    async with transaction(system.pool) as connection:
        if not await write_intake(connection, after):
            return VersionConflict(str(document.version), "a later one")
        await append_event(connection, _event(after), subject=_subject(after), at=now, actor=actor)
    return after


def _subject(document: IntakeDocument) -> str:
    return f"intake:{document.intake_id}"


def _event(document: IntakeDocument) -> ConfigurationSet:
    after = {
        "state": document.state.value,
        "channel": document.channel,
        "external_id": document.external_id,
        "order_id": document.order_id,
        "findings": [f"{flaw.pointer} {flaw.detail}" for flaw in document.findings],
        "reason": document.reason,
    }
    return ConfigurationSet("intake_document", document.intake_id, after)


def _head(body: Mapping[str, Any]) -> tuple[str, str, str, int]:
    """Channel, external id, currency and total (minor units) of a document, as far as they can be read."""
    channel, external_id = (_text(body.get(name)) for name in ("channel", "external_id"))
    currency, total = "", Decimal()
    lines = body.get("lines")
    for line in lines if isinstance(lines, list) else ():
        price = line.get("unit_price") if isinstance(line, Mapping) else None
        if isinstance(price, Mapping):
            currency = currency or _text(price.get("currency"))
            total += _number(price.get("amount")) * _number(line.get("quantity"))
    if not (len(currency) == 3 and currency.isalpha()):
        return channel, external_id, "", 0
    minor = total * 10 ** currency_decimals(currency.upper())
    return channel, external_id, currency.upper(), int(minor) if 0 <= minor < 10**15 else 0


def _text(value: object) -> str:
    return value[:_TEXT_MAX] if isinstance(value, str) and value.isprintable() else ""


def _number(value: object) -> Decimal:
    """A number of what was sent; 0 where it is none."""
    try:
        is_number = isinstance(value, str | int | float) and not isinstance(value, bool)
        found = Decimal(str(value)) if is_number else Decimal()
    except InvalidOperation:
        return Decimal()
    return found if found.is_finite() and abs(found) < 10**12 else Decimal()
