"""One app on one fresh database for the tests of a module, called as a client would, but without a socket."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest_asyncio
from starlette.applications import Starlette

from tests.builders import Clock, item, node, set_up, stock
from tests.conftest import TEMPLATE
from tests.databases import copy_statement, name_database
from troth.adapters.edi.tongue import EdiTongue
from troth.flows.door.system import System, open_system
from troth.flows.people.access import create_key
from troth.http.app import create_app
from troth.settings import Settings
from troth.store.access import ApiKey
from troth.store.balances import find_balances


@dataclass(frozen=True, slots=True)
class Api:
    """The app, its system and clock, and a client that carries an administrator's key."""

    app: Starlette
    system: System
    clock: Clock
    client: httpx.AsyncClient
    dsn: str

    async def key_for(
        self, *scopes: str, nodes: Sequence[str] | None = None, customers: Sequence[str] | None = None
    ) -> str:
        """A new key with these scopes."""
        made = await create_key(
            self.system.pool, name="test", scopes=scopes, actor="test", nodes=nodes, customers=customers
        )
        assert isinstance(made, tuple)
        return made[1]

    async def stocked(self, sku: str, units_by_node: Mapping[str, int] | None = None, **changes: Any) -> str:
        """A new item with units on hand at nodes, which are made where they are not there."""
        units = {"DC-PA": 10} if units_by_node is None else units_by_node
        await set_up(self.system.pool, nodes=tuple(map(node, units)), items=(item(sku, **changes),))
        await self.system.door.follow()
        await stock(self.system, {(sku, name): count for name, count in units.items() if count})
        return sku

    async def capture(self, external_id: str, lines: Mapping[str, int], **changes: Any) -> dict[str, Any]:
        """An order that was captured; fails the test where it was refused."""
        answer = await self.post("/v1/orders", order(external_id, lines, **changes))
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def available(self, sku: str) -> dict[str, int]:
        """The units that can still be promised, by node, from the database."""
        async with self.system.pool.acquire() as connection:
            balances = await find_balances(connection, skus=[sku], limit=100)
        return {balance.key.node: balance.available for balance in balances}

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


def order(external_id: str, lines: Mapping[str, int], **changes: Any) -> dict[str, Any]:
    """The body of a web order shipped to New York; `lines` is quantity by SKU."""
    body: dict[str, Any] = {
        "channel": "web",
        "external_id": external_id,
        "ordered_at": "2026-11-23T09:58:00-05:00",
        "customer": {"id": "C-1", "name": "Ada Park", "email": "ada@example.com"},
        "ship_to": {
            "name": "Ada Park", "line1": "1 Main St", "city": "New York", "region": "NY",
            "postcode": "10001", "country": "US",
        },
        "method": "ship",
        "service": "standard",
        "lines": [
            {
                "line_id": str(number),
                "sku": sku,
                "quantity": quantity,
                "unit_price": {"amount": "19.90", "currency": "USD"},
            }
            for number, (sku, quantity) in enumerate(lines.items(), 1)
        ],
    }  # fmt: skip
    return body | changes


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(server_dsn: str) -> AsyncIterator[Api]:
    """Give the app on a fresh database. The tests must run in its loop: `pytest.mark.asyncio(loop_scope="module")`."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(server_dsn)
    try:
        await connection.execute(copy_statement(name, TEMPLATE))
        clock = Clock()
        dsn = name_database(server_dsn, name)
        async with open_system(dsn, clock=clock, cart_units_max=50, tongue=EdiTongue()) as system:
            made = await create_key(system.pool, name="administrator", scopes=["admin"], actor="test")
            assert isinstance(made, tuple)
            assert isinstance(made[0], ApiKey)
            app = create_app(system, Settings())
            headers = {"authorization": f"Bearer {made[1]}"}
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://troth.test", headers=headers) as client:
                yield Api(app, system, clock, client, dsn)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
