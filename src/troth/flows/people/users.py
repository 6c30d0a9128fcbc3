"""Users with a role, and their sessions. Argon2id hashes the passwords, on a thread, since it is slow on purpose."""

import asyncio
import secrets
from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from troth.flows.people.access import ADMIN, Actor, digest_secret
from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid, NotFound, Unauthorized
from troth.model.value import dataclass
from troth.store import access
from troth.store.access import User
from troth.store.database import Connection, Pool, transaction
from troth.store.events import append_event

ADMINISTRATOR: Final = "administrator"
ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        ADMINISTRATOR: frozenset({ADMIN}),
        "operator": frozenset(
            {
                "availability:read",
                "orders:write",
                "fulfillments:write",
                "inventory:write",
                "configuration:read",
                "planning:read",
                "webhooks:write",
                "audit:read",
            }
        ),
        "planner": frozenset(
            {
                "availability:read",
                "orders:read",
                "fulfillments:read",
                "inventory:read",
                "configuration:write",
                "planning:write",
                "audit:read",
            }
        ),
        "store_associate": frozenset(
            {
                "availability:read",
                "orders:read",
                "returns:write",
                "fulfillments:write",
                "inventory:write",
                "configuration:read",
            }
        ),
        "vendor": frozenset({"fulfillments:write", "feeds:write"}),
        "partner": frozenset({"availability:read", "orders:write", "fulfillments:read"}),
        "integration": frozenset(
            {
                "availability:read",
                "orders:write",
                "fulfillments:write",
                "inventory:write",
                "configuration:write",
                "webhooks:write",
            }
        ),
    }
)
"""What each role may do, in scopes."""

_BOUND_TO_NODES: Final[Mapping[str, str]] = MappingProxyType(
    {"store_associate": "a store associate", "vendor": "a vendor"}
)
_BOUND_TO_CUSTOMERS: Final = "partner"
_FIRST_LOGIN: Final = "admin"
_PASSWORD_MIN: Final = 10
_SESSION_HOURS: Final = 12

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login with its password in the clear, to be shown once."""

    login: str
    password: str = field(repr=False)


async def create_user(
    pool: Pool,
    *,
    login: str,
    password: str,
    role: str,
    actor: str,
    name: str = "",
    nodes: Collection[str] | None = None,
    customers: Collection[str] | None = None,
) -> User | Invalid:
    """Make a user; store associates and vendors are bound to nodes, partners to customers, the others to neither unless
    that is said.
    """
    flaws = _flaws(login, password, role, nodes, customers)
    if flaws:
        return Invalid(flaws)
    user = User(
        login=login,
        name=name or login,
        password_hash=await asyncio.to_thread(_hasher.hash, password),
        role=role,
        nodes=None if nodes is None else frozenset(nodes),
        customers=None if customers is None else frozenset(customers),
        created_at=datetime.now(UTC),
    )
    async with transaction(pool) as connection:
        return await _create(connection, user, actor)


async def set_password(pool: Pool, login: str, password: str, *, actor: str) -> Invalid | NotFound | None:
    """Give a user another password, which ends all sessions."""
    if len(password) < _PASSWORD_MIN:
        return Invalid((_too_short(),))
    password_hash = await asyncio.to_thread(_hasher.hash, password)
    async with transaction(pool) as connection:
        if not await access.set_password_hash(connection, login, password_hash):
            return NotFound("user", login)
        await access.delete_sessions_of(connection, login)
        await _audit(connection, login, actor, after={"password": "changed"})
    return None


async def delete_user(pool: Pool, login: str, *, actor: str) -> User | NotFound:
    """Delete a user, and with them all sessions."""
    async with transaction(pool) as connection:
        deleted = await access.delete_user(connection, login)
        if deleted is None:
            return NotFound("user", login)
        await _audit(connection, login, actor, before=_audited(deleted))
    return deleted


async def find_users(pool: Pool, *, after: str | None = None, limit: int) -> list[User]:
    """A page of users by login."""
    async with pool.acquire() as connection:
        return await access.find_users(connection, after=after, limit=limit)


async def ensure_bootstrap_user(pool: Pool) -> Credentials | None:
    """See to it that somebody can log in as administrator; the credentials made for that now, to be shown once."""
    password = secrets.token_urlsafe(12)
    password_hash = await asyncio.to_thread(_hasher.hash, password)
    async with transaction(pool) as connection:
        await access.lock_access(connection)
        if await access.has_user_with_role(connection, ADMINISTRATOR):
            return None
        user = User(_FIRST_LOGIN, "Administrator", password_hash, ADMINISTRATOR, None, None, datetime.now(UTC))
        created = await _create(connection, user, "start")
    return Credentials(_FIRST_LOGIN, password) if isinstance(created, User) else None


async def log_in(pool: Pool, login: str, password: str) -> str | Unauthorized:
    """The token of a new session, for a cookie; it is good for twelve hours."""
    async with pool.acquire() as connection:
        user = await access.read_user(connection, login)
    if not await asyncio.to_thread(_is_right, user, password) or user is None:
        return Unauthorized()
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    async with transaction(pool) as connection:
        await access.delete_expired_sessions(connection, now)
        await access.create_session(
            connection,
            digest_secret(token),
            login=login,
            created_at=now,
            expires_at=now + timedelta(hours=_SESSION_HOURS),
        )
    return token


async def authenticate_session(pool: Pool, token: str, *, now: datetime | None = None) -> Actor | None:
    """Who comes with the token of a session, with the role they have now; None where it has ended."""
    async with pool.acquire() as connection:
        user = await access.read_session_user(connection, digest_secret(token), now or datetime.now(UTC))
    return None if user is None else actor_of(user)


async def log_out(pool: Pool, token: str) -> None:
    """End a session."""
    async with pool.acquire() as connection:
        await access.delete_session(connection, digest_secret(token))


def actor_of(user: User) -> Actor:
    """What a user may do."""
    return Actor(f"user/{user.login}", ROLES.get(user.role, frozenset()), user.nodes, user.customers, user.role)


@cache
def _nobodys_hash() -> str:
    """A hash that no password has, so that an unknown login takes as long as a wrong password."""
    return _hasher.hash(secrets.token_urlsafe(32))


def _is_right(user: User | None, password: str) -> bool:
    try:
        return _hasher.verify(user.password_hash if user else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


def _flaws(
    login: str, password: str, role: str, nodes: Collection[str] | None, customers: Collection[str] | None
) -> tuple[FieldFlaw, ...]:
    flaws = []
    if not login.strip() or login != login.strip():
        flaws.append(FieldFlaw("/login", "a login is not empty and has no space around it"))
    if len(password) < _PASSWORD_MIN:
        flaws.append(_too_short())
    if role not in ROLES:
        flaws.append(FieldFlaw("/role", f"there is no role {role}; there are {', '.join(ROLES)}"))
    if role in _BOUND_TO_NODES and not nodes:
        flaws.append(FieldFlaw("/nodes", f"{_BOUND_TO_NODES[role]} is bound to at least one node"))
    if role == _BOUND_TO_CUSTOMERS and not customers:
        flaws.append(FieldFlaw("/customers", "a partner is bound to at least one customer"))
    return tuple(flaws)


def _too_short() -> FieldFlaw:
    return FieldFlaw("/password", f"a password has at least {_PASSWORD_MIN} characters")


async def _create(connection: Connection, user: User, actor: str) -> User | Invalid:
    if not await access.create_user(connection, user):
        return Invalid((FieldFlaw("/login", f"the login {user.login} is taken"),))
    await _audit(connection, user.login, actor, after=_audited(user))
    return user


async def _audit(
    connection: Connection,
    login: str,
    actor: str,
    *,
    after: Mapping[str, object] | None = None,
    before: Mapping[str, object] | None = None,
) -> None:
    event = ConfigurationSet("user", login, after, before=before)
    await append_event(connection, event, subject=f"user:{login}", at=datetime.now(UTC), actor=actor)


def _audited(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "nodes": None if user.nodes is None else sorted(user.nodes),
        "customers": None if user.customers is None else sorted(user.customers),
    }
