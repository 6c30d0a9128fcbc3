"""API keys, and what whoever comes with one may do. A key is shown once, when it is made; only its digest is stored."""

import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.value import dataclass
from troth.settings import Settings
from troth.store import access
from troth.store.access import ApiKey
from troth.store.database import Connection, Pool, transaction
from troth.store.events import append_event

ADMIN: Final = "admin"
SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "availability:read": "ask what a channel may sell",
        "orders:read": "read orders, their events and explanations",
        "orders:write": "quote, capture, change, cancel and hold orders, and take returns",
        "returns:read": "read returns, and find what may come back",
        "returns:write": "open, receive, dispose of, credit and end returns",
        "fulfillments:read": "read the work of nodes",
        "fulfillments:write": "accept, reject, pick, pack, ship and hand over, and report tracking",
        "inventory:read": "read positions, entries, purchase orders, transfers and sales rates",
        "feeds:read": "see stock feeds, and how fresh that of each node is",
        "feeds:write": "take in stock feeds",
        "inventory:write": "adjust and count stock, take in feeds, and set purchase orders, transfers and sales rates",
        "configuration:read": "read nodes, items, routings, rules and templates",
        "configuration:write": "set nodes, items, routings, rules and templates",
        "planning:read": "read replays and plans",
        "planning:write": "run replays and plans",
        "webhooks:write": "subscribe to events, and see and resend deliveries",
        "audit:read": "read who changed the configuration",
        ADMIN: "everything, API keys and users too",
    }
)
"""What each scope allows. A write scope includes reading the same, those of orders those of returns, those of inventory
those of feeds; `admin` all.
"""

_PREFIX: Final = "troth_"
_WIDER: Final[Mapping[str, str]] = MappingProxyType({"returns": "orders", "feeds": "inventory"})
"""The areas whose scopes include those of others."""
_BOOTSTRAP_ID: Final = "bootstrap"
_KNOWN_SECONDS: Final = 2.0
_KNOWN_MAX: Final = 10_000
_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a name that only they have, what they may do, and the nodes and customers that bind them, if any."""

    name: str
    scopes: frozenset[str]
    nodes: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    role: str = ""

    def may(self, scope: str) -> bool:
        """Whether a scope is carried, or included in one that is.

        >>> Actor("key/feed", frozenset({"orders:write"})).may("orders:read")
        True
        """
        area, _, way = scope.partition(":")
        if area in _WIDER and self.may(f"{_WIDER[area]}:{way}"):
            return True
        return scope in self.scopes or ADMIN in self.scopes or (way == "read" and f"{area}:write" in self.scopes)

    def may_at(self, node: str) -> bool:
        """Whether this actor is not bound, or bound to this node."""
        return self.nodes is None or node in self.nodes


@dataclass(slots=True)
class _Known:
    """The actor that a digest stood for when it was last asked, in which database, and until when that will do."""

    pool: Pool
    actor: Actor
    until: float


# Every request carries a key, so the answer is kept for two seconds: that long a revoked key may still work elsewhere.
_known: dict[bytes, _Known] = {}


async def authenticate_key(pool: Pool, key: str, *, clock: Callable[[], float] = time.monotonic) -> Actor | None:
    """Who comes with this key; None where there is no such key or it is revoked."""
    digest = digest_secret(key)
    known, now = _known.get(digest), clock()
    if known is not None and known.pool is pool:
        if now < known.until:
            return known.actor
        known.until = now + _KNOWN_SECONDS  # one asks again; the others go on meanwhile
    try:
        async with pool.acquire() as connection:
            found = await access.read_key(connection, digest)
    except BaseException:
        _known.pop(digest, None)
        raise
    if found is None:
        _known.pop(digest, None)
        return None
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    actor = Actor(f"key/{found.key_id}", found.scopes, found.nodes, found.customers)
    _known[digest] = _Known(pool, actor, now + _KNOWN_SECONDS)
    return actor


async def create_key(
    pool: Pool,
    *,
    name: str,
    scopes: Collection[str],
    actor: str,
    nodes: Collection[str] | None = None,
    customers: Collection[str] | None = None,
) -> tuple[ApiKey, str] | Invalid:
    """Make a key; what is stored of it, and the key itself, which nobody can be shown again."""
    flaws = [
        FieldFlaw(f"/scopes/{position}", f"there is no scope {scope}; there are {', '.join(SCOPES)}")
        for position, scope in enumerate(scopes)
        if scope not in SCOPES
    ]
    if not scopes:
        flaws.append(FieldFlaw("/scopes", "a key needs at least one scope"))
    if not name.strip():
        flaws.append(FieldFlaw("/name", "a key needs a name that says whose it is"))
    if flaws:
        return Invalid(tuple(flaws))
    secret = _PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        key_id=f"{_NOT_SLUG.sub('-', name.lower()).strip('-')[:40]}-{secrets.token_hex(3)}".lstrip("-"),
        name=name.strip(),
        scopes=frozenset(scopes),
        nodes=_bound(nodes),
        customers=_bound(customers),
        created_at=datetime.now(UTC),
    )
    async with transaction(pool) as connection:
        await _create(connection, key, secret, actor)
    return key, secret


async def revoke_key(pool: Pool, key_id: str, *, actor: str) -> ApiKey | NotFound:
    """End a key: here at once, in other processes within two seconds."""
    now = datetime.now(UTC)
    async with transaction(pool) as connection:
        revoked = await access.revoke_key(connection, key_id, now)
        if revoked is None:
            return NotFound("API key", key_id)
        event = ConfigurationSet("api_key", key_id, None, before=_audited(revoked))
        await append_event(connection, event, subject=f"api_key:{key_id}", at=now, actor=actor)
    for digest in [digest for digest, known in _known.items() if known.actor.name == f"key/{key_id}"]:
        del _known[digest]
    return revoked


async def find_keys(pool: Pool, *, after: str | None = None, limit: int) -> list[ApiKey]:
    """A page of keys by id, revoked ones among them."""
    async with pool.acquire() as connection:
        return await access.find_keys(connection, after=after, limit=limit)


async def ensure_bootstrap_key(pool: Pool, settings: Settings) -> str | None:
    """See to it that an administrator can come in; a key that was made for that now, to be shown once.

    A key in the settings is valid from here on, and the one that the settings named before is not. Without one, a key
    is made unless an administrator's key exists already.
    """
    now = datetime.now(UTC)
    async with transaction(pool) as connection:
        await access.lock_access(connection)
        if settings.api_key is not None:
            digest = digest_secret(settings.api_key.get_secret_value())
            # It may be a key that is known already, such as the one that the first start made and showed.
            key_id = await access.find_key_of_digest(connection, digest) or _BOOTSTRAP_ID
            key = ApiKey(key_id, "named by the settings", frozenset({ADMIN}), None, None, now)
            if await access.set_key(connection, key, digest):
                await _audit(connection, key, "settings")
            return None
        if await access.has_key_with_scope(connection, ADMIN):
            return None
        secret = _PREFIX + secrets.token_urlsafe(32)
        name = "first administrator"
        key = ApiKey(f"first-{secrets.token_hex(3)}", name, frozenset({ADMIN}), None, None, now)
        await _create(connection, key, secret, "start")
        return secret


def digest_secret(secret: str) -> bytes:
    """What is stored of a random secret, which needs no salt and no slow hash, since nobody can guess it anyway."""
    return blake2b(secret.encode(), digest_size=32).digest()


async def _create(connection: Connection, key: ApiKey, secret: str, actor: str) -> None:
    await access.create_key(connection, key, digest_secret(secret))
    await _audit(connection, key, actor)


async def _audit(connection: Connection, key: ApiKey, actor: str) -> None:
    event = ConfigurationSet("api_key", key.key_id, _audited(key))
    await append_event(connection, event, subject=f"api_key:{key.key_id}", at=key.created_at, actor=actor)


def _audited(key: ApiKey) -> dict[str, object]:
    return {
        "name": key.name,
        "scopes": sorted(key.scopes),
        "nodes": None if key.nodes is None else sorted(key.nodes),
        "customers": None if key.customers is None else sorted(key.customers),
    }


def _bound(names: Collection[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
