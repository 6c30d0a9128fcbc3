"""One app on one fresh database for the tests of a module, called as a client would, but without a socket."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest_asyncio
from starlette.applications import Starlette

from tests.builders import Clock
from tests.conftest import TEMPLATE, name_database
from troth.flows.access import create_key
from troth.flows.system import System, open_system
from troth.http.app import create_app
from troth.settings import Settings
from troth.store.access import ApiKey


@dataclass(frozen=True, slots=True)
class Api:
    """The app, its system and clock, and a client that carries an administrator's key."""

    app: Starlette
    system: System
    clock: Clock
    client: httpx.AsyncClient

    async def key_for(
        self, *scopes: str, nodes: Sequence[str] | None = None, customers: Sequence[str] | None = None
    ) -> str:
        """A new key with these scopes."""
        made = await create_key(
            self.system.pool, name="test", scopes=scopes, actor="test", nodes=nodes, customers=customers
        )
        assert isinstance(made, tuple)
        return made[1]

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """GET as administrator."""
        return await self.client.get(path, **more)

    async def post(self, path: str, body: object = None, **more: Any) -> httpx.Response:
        """POST as administrator, with a JSON body unless it is None."""
        return await self.client.post(path, json=body, **more)

    async def put(self, path: str, body: object, **more: Any) -> httpx.Response:
        """PUT as administrator."""
        return await self.client.put(path, json=body, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        """DELETE as administrator."""
        return await self.client.delete(path, **more)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(server_dsn: str) -> AsyncIterator[Api]:
    """Give the app on a fresh database. The tests must run in its loop: `pytest.mark.asyncio(loop_scope="module")`."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server_dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        clock = Clock()
        async with open_system(name_database(server_dsn, name), clock=clock) as system:
            made = await create_key(system.pool, name="administrator", scopes=["admin"], actor="test")
            assert isinstance(made, tuple)
            assert isinstance(made[0], ApiKey)
            app = create_app(system, Settings())
            headers = {"authorization": f"Bearer {made[1]}"}
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://troth.test", headers=headers) as client:
                yield Api(app, system, clock, client)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
