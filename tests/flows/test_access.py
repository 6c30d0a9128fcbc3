from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from tests.conftest import Database
from troth.flows.people.access import (
    ADMIN,
    SCOPES,
    Actor,
    authenticate_key,
    create_key,
    ensure_bootstrap_key,
    find_keys,
    revoke_key,
)
from troth.flows.people.users import (
    ROLES,
    authenticate_session,
    create_user,
    delete_user,
    ensure_bootstrap_user,
    log_in,
    log_out,
    set_password,
)
from troth.model.refusals import Invalid, NotFound, Unauthorized
from troth.settings import Settings
from troth.store.access import User
from troth.store.events import read_subject_events


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def _make_key(database: Database, *scopes: str) -> tuple[str, str]:
    made = await create_key(database.pool, name="Web shop", scopes=scopes or ("orders:write",), actor="user/ann")
    assert not isinstance(made, Invalid)
    return made[0].key_id, made[1]


async def test_a_key_lets_in_who_has_it_and_only_its_digest_is_stored(database: Database) -> None:
    key_id, secret = await _make_key(database)

    actor = await authenticate_key(database.pool, secret)
    row = await database.pool.fetchrow("SELECT * FROM api_keys")

    assert actor == Actor(f"key/{key_id}", frozenset({"orders:write"}))
    assert secret.startswith("troth_")
    assert len(secret) >= 38
    assert secret not in str(dict(row or {}))
    assert await authenticate_key(database.pool, secret[:-1]) is None


async def test_a_revoked_key_stops_working_at_once_where_it_was_revoked(database: Database) -> None:
    key_id, secret = await _make_key(database)
    await authenticate_key(database.pool, secret)

    await revoke_key(database.pool, key_id, actor="user/ann")

    assert await authenticate_key(database.pool, secret) is None
    assert await revoke_key(database.pool, key_id, actor="user/ann") == NotFound("API key", key_id)


async def test_a_key_that_another_process_revoked_stops_working_within_two_seconds(database: Database) -> None:
    key_id, secret = await _make_key(database)
    clock = Clock()
    await authenticate_key(database.pool, secret, clock=clock)
    await database.pool.execute("UPDATE api_keys SET revoked_at = now() WHERE key_id = $1", key_id)

    clock.seconds = 1.9
    assert await authenticate_key(database.pool, secret, clock=clock) is not None
    clock.seconds = 2.1
    assert await authenticate_key(database.pool, secret, clock=clock) is None


async def test_keys_made_and_revoked_are_in_the_audit_without_their_secret(database: Database) -> None:
    key_id, secret = await _make_key(database)
    await revoke_key(database.pool, key_id, actor="user/bob")

    async with database.pool.acquire() as connection:
        events = await read_subject_events(connection, f"api_key:{key_id}")

    assert [event.actor for event in events] == ["user/ann", "user/bob"]
    assert secret not in "".join(event.body for event in events)


async def test_a_key_with_an_unknown_scope_or_no_name_is_refused_and_nothing_is_made(database: Database) -> None:
    made = await create_key(database.pool, name=" ", scopes=("orders:write", "all"), actor="user/ann")

    assert isinstance(made, Invalid)
    assert [flaw.pointer for flaw in made.flaws] == ["/scopes/1", "/name"]
    assert await find_keys(database.pool, limit=10) == []


async def test_the_key_that_the_first_start_showed_may_be_named_in_the_settings(database: Database) -> None:
    shown = await ensure_bootstrap_key(database.pool, Settings())
    assert shown is not None
    assert await ensure_bootstrap_key(database.pool, Settings(api_key=SecretStr(shown))) is None
    assert await ensure_bootstrap_key(database.pool, Settings(api_key=SecretStr(shown))) is None
    actor = await authenticate_key(database.pool, shown)
    assert actor is not None
    assert actor.may(ADMIN)


async def test_the_first_administrators_key_is_made_once(database: Database) -> None:
    first = await ensure_bootstrap_key(database.pool, Settings())
    again = await ensure_bootstrap_key(database.pool, Settings())

    assert first is not None
    assert again is None
    actor = await authenticate_key(database.pool, first)
    assert actor is not None
    assert actor.may(ADMIN)


async def test_a_key_of_the_settings_replaces_the_one_they_named_before(database: Database) -> None:
    clock = Clock()
    await ensure_bootstrap_key(database.pool, Settings(api_key=SecretStr("first-secret")))
    assert await authenticate_key(database.pool, "first-secret", clock=clock) is not None

    shown = await ensure_bootstrap_key(database.pool, Settings(api_key=SecretStr("second-secret")))
    clock.seconds = 3.0

    assert shown is None
    assert await authenticate_key(database.pool, "first-secret", clock=clock) is None
    assert await authenticate_key(database.pool, "second-secret", clock=clock) is not None


def test_writing_includes_reading_the_same_and_administrators_may_all() -> None:
    writer = Actor("key/a", frozenset({"orders:write"}))
    administrator = Actor("key/b", frozenset({ADMIN}))

    of_orders = ["orders:read", "orders:write", "returns:read", "returns:write"]
    assert [scope for scope in SCOPES if writer.may(scope)] == of_orders
    assert all(administrator.may(scope) for scope in SCOPES)


def test_every_role_is_made_of_known_scopes() -> None:
    assert all(scopes <= SCOPES.keys() for scopes in ROLES.values())


async def test_the_first_administrator_can_log_in_and_is_made_once(database: Database) -> None:
    credentials = await ensure_bootstrap_user(database.pool)
    assert credentials is not None
    assert credentials.login == "admin"

    token = await log_in(database.pool, credentials.login, credentials.password)

    assert isinstance(token, str)
    actor = await authenticate_session(database.pool, token)
    assert actor is not None
    assert actor.name == "user/admin"
    assert actor.may(ADMIN)
    assert await ensure_bootstrap_user(database.pool) is None


async def _make_associate(database: Database, **changes: object) -> User | Invalid:
    given = {"login": "eve", "password": "correct horse", "role": "store_associate", "nodes": ["S1"], **changes}
    return await create_user(database.pool, actor="user/admin", **given)  # type: ignore[arg-type]


async def test_a_store_associate_is_bound_to_nodes(database: Database) -> None:
    await _make_associate(database)

    token = await log_in(database.pool, "eve", "correct horse")
    assert isinstance(token, str)
    actor = await authenticate_session(database.pool, token)

    assert actor is not None
    assert (actor.may_at("S1"), actor.may_at("S2")) == (True, False)
    stored = await database.pool.fetchval("SELECT password_hash FROM users WHERE login = 'eve'")
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"login": " eve"}, "/login"),
        ({"password": "short"}, "/password"),
        ({"role": "king"}, "/role"),
        ({"nodes": None}, "/nodes"),
        ({"role": "partner", "nodes": None}, "/customers"),
    ],
)
async def test_a_user_with_a_flaw_is_refused(database: Database, changes: dict[str, object], pointer: str) -> None:
    made = await _make_associate(database, **changes)

    assert isinstance(made, Invalid)
    assert [flaw.pointer for flaw in made.flaws] == [pointer]
    assert await database.pool.fetchval("SELECT count(*) FROM users") == 0


async def test_a_taken_login_is_refused(database: Database) -> None:
    await _make_associate(database)

    again = await _make_associate(database, password="another password")

    assert isinstance(again, Invalid)
    assert isinstance(await log_in(database.pool, "eve", "correct horse"), str)


async def test_a_wrong_password_and_an_unknown_login_look_the_same(database: Database) -> None:
    await _make_associate(database)

    assert await log_in(database.pool, "eve", "wrong horse") == Unauthorized()
    assert await log_in(database.pool, "adam", "correct horse") == Unauthorized()


async def test_a_session_ends_by_logging_out_by_its_age_by_a_new_password_and_with_its_user(database: Database) -> None:
    await _make_associate(database)
    tokens = []
    for _ in range(2):
        token = await log_in(database.pool, "eve", "correct horse")
        assert isinstance(token, str)
        tokens.append(token)
    first, second = tokens

    assert await authenticate_session(database.pool, first, now=datetime.now(UTC) + timedelta(hours=13)) is None
    await log_out(database.pool, first)
    assert await authenticate_session(database.pool, first) is None
    assert await authenticate_session(database.pool, second) is not None
    await set_password(database.pool, "eve", "another password", actor="user/admin")
    assert await authenticate_session(database.pool, second) is None
    third = await log_in(database.pool, "eve", "another password")
    assert isinstance(third, str)
    await delete_user(database.pool, "eve", actor="user/admin")
    assert await authenticate_session(database.pool, third) is None
