"""How soon the units of carts are free after their time is over, seen by a client of the API of a running server.

The server is `troth serve` with a worker of its own; this process holds the carts through a write door of its own, as
another API process would, and asks the server for what is available.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.report import figure, publish
from tests.builders import capture, item, node, set_up
from troth.engine.carts import HOLD_SECONDS_MAX
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System, open_system
from troth.model.commands import AdjustStock, CancelOrder, HoldCart
from troth.model.ids import CartHoldId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.settings import Settings
from troth.store.database import open_pool
from troth.store.embedded import start
from troth.store.migrate import migrate

_KEY: Final = "troth_benchmark_of_carts"
_PORT: Final = 8197
_ROUNDS: Final = 10
_MANY: Final = 10_000
_DUE: Final = 5_000
_TOGETHER: Final = 100
_LEAD_SECONDS: Final = 4.0
_SECONDS_MAX: Final = 60.0


def run(*, seed: int) -> Path:
    """Measure all cases on a server of its own."""
    with TemporaryDirectory() as folder, start(Settings(data_dir=Path(folder))) as embedded:
        asyncio.run(_prepare(embedded.dsn))
        with _serve(embedded.dsn):
            found = asyncio.run(_measure(embedded.dsn))
    figures = [figure(case, "s", delays) for case, delays in found.items()]
    notes = (
        "From the end of the holds until the API of another process says that their units are available, or until an "
        "order has them that could not be promised otherwise."
    )
    return publish("carts", figures, seed=seed, notes=notes)


async def _prepare(dsn: str) -> None:
    await migrate(dsn)
    pool = await open_pool(dsn, size=2)
    await set_up(pool, nodes=(node("DC-PA"),), items=(item("A"), item("B"), item("C")))
    await pool.close()


@contextmanager
def _serve(dsn: str) -> Iterator[None]:
    settings = {"TROTH_DATABASE_URL": dsn, "TROTH_PORT": str(_PORT), "TROTH_API_KEY": _KEY, "TROTH_LOG_LEVEL": "error"}
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "troth"), "serve"], env=os.environ | settings, stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + _SECONDS_MAX
        while time.monotonic() < until:
            try:
                _available("A")
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(timeout=_SECONDS_MAX)


async def _measure(dsn: str) -> dict[str, list[float]]:
    async with open_system(dsn) as system:
        for sku in "AB":
            await system.door.one(AdjustStock(SupplyKey(Sku(sku), NodeId("DC-PA")), 100_000, "initial"), actor="bench")
        await system.door.one(AdjustStock(SupplyKey(Sku("C"), NodeId("DC-PA")), _MANY, "initial"), actor="bench")
        idle = [await _delay(system, 1, f"idle-{number}") for number in range(_ROUNDS)]
        many = [await _delay(system, _MANY, f"many-{number}") for number in range(3)]
        ordered = [await _order_delay(system, f"ordered-{number}") for number in range(3)]
        due = [await _delay(system, 1, f"due-{number}", due=_DUE) for number in range(3)]
    return {
        "one cart": idle,
        f"{_MANY:,} carts at one instant, until the last is free": many,
        f"{_MANY:,} carts that keep all units, until an order has some": ordered,
        f"one cart, at the instant at which {_DUE:,} orders are due": due,
    }


async def _delay(system: System, carts: int, name: str, *, due: int = 0) -> float:
    """Seconds from the end of so many holds until the server says that all is available that was before."""
    await asyncio.sleep(1.0)  # the server has seen by then what was before
    before = await asyncio.to_thread(_available, "A")
    if due:
        await _capture(system, due, name)
    await _hold(system, "A", carts, name)
    ends_at = await _end_all(system, name)
    if await asyncio.to_thread(_available, "A") >= before:
        raise RuntimeError("the units were free before their time")
    while await asyncio.to_thread(_available, "A") < before:
        if datetime.now(UTC) - ends_at > timedelta(seconds=_SECONDS_MAX):
            raise RuntimeError("the units did not become free")
        await asyncio.sleep(0.02)
    return (datetime.now(UTC) - ends_at).total_seconds()


async def _order_delay(system: System, name: str) -> float:
    """Seconds from the end of holds that keep every unit until an order has one of them."""
    await _hold(system, "C", _MANY, name)
    ends_at = await _end_all(system, name)
    outcome = await system.door.one(capture(name, {"C": 1}), actor="bench")
    delay = (datetime.now(UTC) - ends_at).total_seconds()
    if not isinstance(outcome, Accepted) or outcome.order is None:
        raise RuntimeError(f"not promised: {outcome}")
    await system.door.one(CancelOrder(outcome.order.order_id, "next round"), actor="bench")
    while await system.pool.fetchval("SELECT count(*) FROM cart_holds WHERE state = 'held'"):
        if datetime.now(UTC) - ends_at > timedelta(seconds=_SECONDS_MAX):
            raise RuntimeError("the holds did not end")
        await asyncio.sleep(0.1)
    return delay


async def _hold(system: System, sku: str, carts: int, name: str) -> None:
    """So many carts of a unit each, for longer than it takes to hold them all."""
    asked = capture("cart", {sku: 1})
    for begin in range(0, carts, _TOGETHER):
        numbers = range(begin, min(carts, begin + _TOGETHER))
        holds = tuple(HoldCart(CartHoldId(f"C-{name}-{number}"), asked, HOLD_SECONDS_MAX) for number in numbers)
        held = await system.door.submit(Request(holds, "bench"))
        if not all(isinstance(outcome, Accepted) for outcome in held.outcomes):
            raise RuntimeError(f"not held: {held.outcomes[0]}")


async def _capture(system: System, count: int, name: str) -> None:
    """So many orders of another item."""
    for begin in range(0, count, _TOGETHER):
        orders = tuple(capture(f"{name}-{number}", {"B": 1}) for number in range(begin, begin + _TOGETHER))
        await system.door.submit(Request(orders, "bench"))


async def _end_all(system: System, name: str) -> datetime:
    """Let all carts end, and the orders of this name be due, at one instant that is now."""
    ends_at = datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS)
    await system.pool.execute("UPDATE cart_holds SET expires_at = $1 WHERE state = 'held'", ends_at)
    await system.pool.execute(
        "UPDATE orders SET release_at = $1, due_at = $1 WHERE external_id LIKE $2", ends_at, f"{name}-%"
    )
    if datetime.now(UTC) >= ends_at:
        raise RuntimeError("the machine is too busy to measure on")
    await asyncio.sleep((ends_at - datetime.now(UTC)).total_seconds())
    return ends_at


def _available(sku: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{_PORT}/v1/availability?sku={sku}", headers={"Authorization": f"Bearer {_KEY}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: int = json.load(answer)["items"][0]["available"]
        return found
