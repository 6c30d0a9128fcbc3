"""Kill -9 of each process in turn while orders come in: what was acknowledged is there, once, and all adds up."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.builders import item, node, set_up, stock
from tests.flows.waiting import wait_until
from tests.worker.receiver import Receiver, open_receiver
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.log.maintain import create_partitions
from troth.flows.log.seal import seal_log
from troth.flows.log.subscribe import subscribe
from troth.flows.people.access import create_key
from troth.settings import Settings
from troth.store.database import Pool, open_pool
from troth.store.embedded import Embedded, start
from troth.store.migrate import migrate

ORDERS = 300
CLIENTS = 12
HOURS_BACK = 2
AWAY = (httpx.TransportError,)


@dataclass(slots=True)
class Fleet:
    """The processes of a small installation, on one folder and one port."""

    folder: Path
    port: int
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def begin(self, role: str) -> None:
        """Start a process and wait until it is ready."""
        hours_back = HOURS_BACK if role == "api" else 0
        arguments = ("-m", "tests.faults.process", role, str(self.folder), str(self.port), str(hours_back))
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
        self.running[role] = process
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"

    async def kill(self, role: str) -> None:
        """Kill a process without a word, and start it anew."""
        self.running[role].kill()
        await self.running[role].wait()
        await self.begin(role)

    def kill_database(self) -> Embedded:
        """Kill the server, and start it anew."""
        pid = int((self.folder / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        return start(Settings(data_dir=self.folder))

    async def end(self) -> list[int]:
        """Ask every process to stop; their exit codes."""
        for process in self.running.values():
            process.terminate()
        return [await asyncio.wait_for(process.wait(), 30) for process in self.running.values()]


def order(number: int) -> dict[str, object]:
    return {
        "channel": "web",
        "external_id": f"K-{number}",
        "customer": {"id": "C-1", "name": "Ada Park"},
        "ship_to": {"name": "Ada Park", "line1": "1 Main St", "city": "New York", "postcode": "10001", "country": "US"},
        "lines": [
            {"line_id": "1", "sku": "AB"[number % 2], "quantity": 1},
            {"line_id": "2", "sku": "C", "quantity": 2},
        ],
    }


async def send_until_acknowledged(client: httpx.AsyncClient, number: int) -> str:
    """The id of an order, sent again as a channel would until it is answered."""
    for _ in range(600):
        try:
            answered = await client.post("/v1/orders", json=order(number))
        except AWAY:
            await asyncio.sleep(0.05)  # as a client does whose server is away
            continue
        if answered.status_code in (200, 201):
            order_id: str = answered.json()["order_id"]
            return order_id
        assert answered.status_code >= 500, answered.text
        await asyncio.sleep(0.05)
    raise AssertionError(f"order {number} was never acknowledged")


async def send_all(port: int, key: str, on_acknowledged: Callable[[int], None]) -> dict[int, str]:
    """Send all orders from a number of clients; `on_acknowledged` is told after each how many there are."""
    acknowledged: dict[int, str] = {}
    numbers = iter(range(ORDERS))
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20, trust_env=False
    ) as client:

        async def send() -> None:
            for number in numbers:
                acknowledged[number] = await send_until_acknowledged(client, number)
                on_acknowledged(len(acknowledged))

        await asyncio.gather(*(send() for _ in range(CLIENTS)))
    return acknowledged


@asynccontextmanager
async def prepared(dsn: str) -> AsyncIterator[tuple[System, str]]:
    """A database with something to sell and a key."""
    await migrate(dsn)
    async with open_system(dsn) as system:
        await create_partitions(system.pool, system.door.now())
        nodes = (node("DC-PA"), node("DC-IL"))
        await set_up(system.pool, nodes=nodes, items=(item("A"), item("B"), item("C")))
        await stock(system, {(sku, one.node): 2 * ORDERS for sku in "ABC" for one in nodes})
        made = await create_key(system.pool, name="load", scopes=["admin"], actor="test")
        assert isinstance(made, tuple)
        yield system, made[1]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest.fixture
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """An installation without processes yet; those that still run at the end are killed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        opened = Fleet(tmp_path_factory.mktemp("k"), free.getsockname()[1])
    yield opened
    for process in opened.running.values():
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_nothing_that_was_acknowledged_is_lost_or_doubled_whatever_is_killed(
    fleet: Fleet, receiver: Receiver
) -> None:
    with start(Settings(data_dir=fleet.folder)) as embedded:
        async with prepared(embedded.dsn) as (system, key):
            await subscribe(system, url=receiver.url, kinds=("OrderReleased",), actor="test")
        await asyncio.gather(fleet.begin("api"), fleet.begin("worker"))

        steps = {count: asyncio.Event() for count in (50, 100, 150, 200)}

        def on_acknowledged(count: int) -> None:
            if count in steps:
                steps[count].set()

        sending = asyncio.create_task(send_all(fleet.port, key, on_acknowledged))
        await steps[50].wait()
        await fleet.kill("api")
        await steps[100].wait()
        await fleet.kill("worker")
        await steps[150].wait()
        restarted = await asyncio.to_thread(fleet.kill_database)
        await steps[200].wait()
        await asyncio.gather(fleet.kill("api"), fleet.kill("worker"))
        acknowledged = await sending

        pool = await open_pool(restarted.dsn, size=4)
        try:
            await wait_until(pool, "SELECT NOT EXISTS (SELECT FROM orders WHERE due_at IS NOT NULL)")
            await pool.execute("UPDATE subscriptions SET claimed_until = now()")  # the claim of a killed worker
            await wait_until(pool, f"SELECT sequence >= {ORDERS} FROM subscriptions")
            assert await fleet.end() == [0, 0]
            await assert_sound(pool, set(acknowledged.values()), receiver)
        finally:
            await pool.close()
            restarted.stop()


async def assert_sound(pool: Pool, acknowledged: set[str], receiver: Receiver) -> None:
    """Every acknowledged order is there once, was released once and reported; ledger, logs and seals agree."""
    assert len(acknowledged) == ORDERS
    for kind in ("OrderCaptured", "OrderReleased"):
        rows = await pool.fetch("SELECT subject, count(*) FROM events WHERE kind = $1 GROUP BY subject", kind)
        assert {row["subject"]: row["count"] for row in rows} == dict.fromkeys(acknowledged, 1)
    rows = await pool.fetch("SELECT order_id, status FROM orders")
    assert {(row["order_id"], row["status"]) for row in rows} == {(one, "released") for one in acknowledged}
    reserved = "SELECT sum(reserved)::bigint FROM balances"
    assert await pool.fetchval(reserved) == 3 * ORDERS
    while await seal_log(pool, await pool.fetchval("SELECT now()")) is not None:
        pass
    report = await examine(pool, orders_max=None)
    assert report.is_clean, report.text()

    payloads = [received.payload for received in receiver.received]
    assert {payload["subject"] for payload in payloads} == acknowledged
    first_seen = dict.fromkeys(payload["position"] for payload in payloads)
    by_number = {payload["sequence"]: payload["position"] for payload in payloads}
    assert list(by_number) == list(range(1, ORDERS + 1))
    assert list(by_number.values()) == list(first_seen)
