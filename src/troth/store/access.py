"""Who may come in: API keys, users and sessions. Of a secret only what cannot be turned back into it is stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_LOCK = sql("lock_access")
_READ_KEY = sql("read_key")
_FIND_KEYS = sql("find_keys")
_HAS_KEY = sql("has_key_with_scope")
_CREATE_KEY = sql("create_key")
_SET_KEY = sql("set_key")
_KEY_OF_DIGEST = sql("find_key_of_digest")
_REVOKE_KEY = sql("revoke_key")
_READ_USER = sql("read_user")
_FIND_USERS = sql("find_users")
_HAS_USER = sql("has_user_with_role")
_CREATE_USER = sql("create_user")
_SET_PASSWORD = sql("set_password_hash")
_DELETE_USER = sql("delete_user")
_CREATE_SESSION = sql("create_session")
_SESSION_USER = sql("read_session_user")
_DELETE_SESSION = sql("delete_session")
_DELETE_SESSIONS_OF = sql("delete_sessions_of")
_DELETE_EXPIRED = sql("delete_expired_sessions")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. `nodes` and `customers` are those it is bound to; None is no bound."""

    key_id: str
    name: str
    scopes: frozenset[str]
    nodes: frozenset[str] | None
    customers: frozenset[str] | None
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person with a login. `nodes` and `customers` are those they are bound to; None is no bound."""

    login: str
    name: str
    password_hash: str
    role: str
    nodes: frozenset[str] | None
    customers: frozenset[str] | None
    created_at: datetime


async def lock_access(connection: Connection) -> None:
    """Wait until no other process is making the first key or user, and keep them out until the transaction ends."""
    await connection.execute(_LOCK)


async def read_key(connection: Connection, digest: bytes) -> ApiKey | None:
    """The key that has this digest, unless it is revoked."""
    row = await connection.fetchrow(_READ_KEY, digest)
    return _key(row) if row else None


async def find_keys(connection: Connection, *, after: str | None = None, limit: int) -> list[ApiKey]:
    """A page of keys by id, after the one given; revoked ones are among them."""
    return [_key(row) for row in await connection.fetch(_FIND_KEYS, after, limit)]


async def has_key_with_scope(connection: Connection, scope: str) -> bool:
    """Whether a key that is not revoked has this scope."""
    return bool(await connection.fetchval(_HAS_KEY, scope))


async def create_key(connection: Connection, key: ApiKey, digest: bytes) -> None:
    """Create a key."""
    await connection.execute(
        _CREATE_KEY,
        key.key_id,
        digest,
        key.name,
        sorted(key.scopes),
        _list(key.nodes),
        _list(key.customers),
        key.created_at,
    )


async def find_key_of_digest(connection: Connection, digest: bytes) -> str | None:
    """The id under which a key is known, revoked or not."""
    key_id: str | None = await connection.fetchval(_KEY_OF_DIGEST, digest)
    return key_id


async def set_key(connection: Connection, key: ApiKey, digest: bytes) -> bool:
    """Make a key valid in place of the one that has its id; False where it is so already."""
    changed = await connection.fetchval(_SET_KEY, key.key_id, digest, key.name, sorted(key.scopes), key.created_at)
    return changed is not None


async def revoke_key(connection: Connection, key_id: str, at: datetime) -> ApiKey | None:
    """Revoke a key; None where there is none by that id, or it was revoked before."""
    row = await connection.fetchrow(_REVOKE_KEY, key_id, at)
    return _key(row) if row else None


async def read_user(connection: Connection, login: str) -> User | None:
    """A user, if there is one by that login."""
    row = await connection.fetchrow(_READ_USER, login)
    return _user(row) if row else None


async def find_users(connection: Connection, *, after: str | None = None, limit: int) -> list[User]:
    """A page of users by login, after the one given."""
    return [_user(row) for row in await connection.fetch(_FIND_USERS, after, limit)]


async def has_user_with_role(connection: Connection, role: str) -> bool:
    """Whether there is a user with this role."""
    return bool(await connection.fetchval(_HAS_USER, role))


async def create_user(connection: Connection, user: User) -> bool:
    """Create a user; False where the login is taken."""
    created = await connection.fetchval(
        _CREATE_USER,
        user.login,
        user.name,
        user.password_hash,
        user.role,
        _list(user.nodes),
        _list(user.customers),
        user.created_at,
    )
    return created is not None


async def set_password_hash(connection: Connection, login: str, password_hash: str) -> bool:
    """Give a user another password; False where there is none by that login."""
    return await connection.fetchval(_SET_PASSWORD, login, password_hash) is not None


async def delete_user(connection: Connection, login: str) -> User | None:
    """Delete a user together with all sessions; None where there is none by that login."""
    row = await connection.fetchrow(_DELETE_USER, login)
    return _user(row) if row else None


async def create_session(
    connection: Connection, digest: bytes, *, login: str, created_at: datetime, expires_at: datetime
) -> None:
    """Begin a session of a user."""
    await connection.execute(_CREATE_SESSION, digest, login, created_at, expires_at)


async def read_session_user(connection: Connection, digest: bytes, now: datetime) -> User | None:
    """Whose session has this digest, unless it has expired."""
    row = await connection.fetchrow(_SESSION_USER, digest, now)
    return _user(row) if row else None


async def delete_session(connection: Connection, digest: bytes) -> None:
    """End a session."""
    await connection.execute(_DELETE_SESSION, digest)


async def delete_sessions_of(connection: Connection, login: str) -> None:
    """End all sessions of a user."""
    await connection.execute(_DELETE_SESSIONS_OF, login)


async def delete_expired_sessions(connection: Connection, before: datetime) -> None:
    """Forget the sessions that expired before an instant."""
    await connection.execute(_DELETE_EXPIRED, before)


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row["key_id"],
        row["name"],
        frozenset(row["scopes"]),
        _set(row["nodes"]),
        _set(row["customers"]),
        row["created_at"],
        row["revoked_at"],
    )


def _user(row: Any) -> User:
    return User(
        row["login"],
        row["name"],
        row["password_hash"],
        row["role"],
        _set(row["nodes"]),
        _set(row["customers"]),
        row["created_at"],
    )


def _list(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _set(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
