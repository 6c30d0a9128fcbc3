"""`troth key` and `troth user`: who may come in, for whoever can reach the database."""

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer

from troth.cli.exits import REFUSED, Failed
from troth.cli.running import AsJson, DatabaseUrl, DataDir, command_pool, run_loop, running_database, settings_of
from troth.cli.terminal import say, show
from troth.flows.people.access import SCOPES, create_key, find_keys, revoke_key
from troth.flows.people.users import ROLES, create_user, find_users, set_password
from troth.model.refusals import Invalid, NotFound
from troth.store.access import ApiKey, User
from troth.store.database import Pool

keys = typer.Typer(help="API keys.", no_args_is_help=True)
users = typer.Typer(help="People with a login.", no_args_is_help=True)

T = TypeVar("T")

_ACTOR: Final = "cli"
_PAGE: Final = 500

Nodes = Annotated[list[str] | None, typer.Option("--node", help="A node it is bound to; repeatable.")]
Customers = Annotated[list[str] | None, typer.Option("--customer", help="A customer it is bound to; repeatable.")]


@keys.command("create")
def key_create(
    name: Annotated[str, typer.Argument(help="Says whose it is.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"What it may do, repeatable: {', '.join(SCOPES)}.")] = None,
    node: Nodes = None,
    customer: Customers = None,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make an API key and show it, this once. Without a scope it may do everything."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(pool: Pool) -> tuple[ApiKey, str] | Invalid:
        return await create_key(
            pool, name=name, scopes=scope or ["admin"], actor=_ACTOR, nodes=node, customers=customer
        )

    with running_database(settings) as dsn:
        made = run_loop(_with_pool(dsn, work))
    if isinstance(made, Invalid):
        raise _refused(made)
    key, secret = made
    show(json.dumps({"key_id": key.key_id, "key": secret}) if as_json else secret)
    say(f"Key {key.key_id}: keep it, it is not shown again.")


@keys.command("list")
def key_list(as_json: AsJson = False, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """List the API keys without their secrets; revoked ones too."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(pool: Pool) -> list[ApiKey]:
        return await find_keys(pool, limit=_PAGE)

    with running_database(settings) as dsn:
        found = run_loop(_with_pool(dsn, work))
    rows = [
        {
            "key_id": key.key_id,
            "name": key.name,
            "scopes": sorted(key.scopes),
            "nodes": _sorted(key.nodes),
            "customers": _sorted(key.customers),
            "created_at": key.created_at.isoformat(),
            "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        }
        for key in found
    ]
    _print(rows, as_json=as_json)


@keys.command("revoke")
def key_revoke(
    key_id: Annotated[str, typer.Argument(help="Its id, as troth key list shows it.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """End an API key, everywhere within two seconds."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(pool: Pool) -> ApiKey | NotFound:
        return await revoke_key(pool, key_id, actor=_ACTOR)

    with running_database(settings) as dsn:
        revoked = run_loop(_with_pool(dsn, work))
    if isinstance(revoked, NotFound):
        raise _refused(revoked)
    show(f"{key_id} is revoked")


@users.command("create")
def user_create(
    login: Annotated[str, typer.Argument(help="What they type at the login page.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    password: Annotated[str | None, typer.Option(help="Made and shown once where it is left out.")] = None,
    node: Nodes = None,
    customer: Customers = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Make a login. Store associates and vendors are bound to nodes, partners to customers."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    chosen = password or secrets.token_urlsafe(12)

    async def work(pool: Pool) -> User | Invalid:
        return await create_user(
            pool, login=login, password=chosen, role=role, actor=_ACTOR, name=name, nodes=node, customers=customer
        )

    with running_database(settings) as dsn:
        made = run_loop(_with_pool(dsn, work))
    if isinstance(made, Invalid):
        raise _refused(made)
    show(f"{made.login} ({made.role}) can log in")
    if password is None:
        show(f"Password: {chosen}")


@users.command("password")
def user_password(
    login: Annotated[str, typer.Argument(help="Whose.")],
    password: Annotated[str | None, typer.Option(help="Made and shown once where it is left out.")] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Give a user another password, which ends all of their sessions."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    chosen = password or secrets.token_urlsafe(12)

    async def work(pool: Pool) -> Invalid | NotFound | None:
        return await set_password(pool, login, chosen, actor=_ACTOR)

    with running_database(settings) as dsn:
        refusal = run_loop(_with_pool(dsn, work))
    if refusal is not None:
        raise _refused(refusal)
    show(f"{login} has another password" + ("" if password else f": {chosen}"))


@users.command("list")
def user_list(as_json: AsJson = False, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """List who can log in."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(pool: Pool) -> list[User]:
        return await find_users(pool, limit=_PAGE)

    with running_database(settings) as dsn:
        found = run_loop(_with_pool(dsn, work))
    rows = [
        {
            "login": user.login,
            "name": user.name,
            "role": user.role,
            "nodes": _sorted(user.nodes),
            "customers": _sorted(user.customers),
            "created_at": user.created_at.isoformat(),
        }
        for user in found
    ]
    _print(rows, as_json=as_json)


async def _with_pool(dsn: str, work: Callable[[Pool], Awaitable[T]]) -> T:
    async with command_pool(dsn) as pool:
        return await work(pool)


def _refused(no: Invalid | NotFound) -> Failed:
    match no:
        case Invalid(flaws):
            return Failed("\n".join(f"{flaw.pointer}: {flaw.detail}" for flaw in flaws), REFUSED)
        case NotFound(what, id_):
            return Failed(f"There is no {what} {id_}.", REFUSED)


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _print(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        show(json.dumps(rows))
        return
    for row in rows:
        show("  ".join(_plain(value) for value in row.values() if value not in (None, "")))


def _plain(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
