"""Feeds of stock beside captures, shipments and receipts: whatever the order, no reservation is lost."""

import asyncio
import itertools
import random
from collections.abc import Iterable
from datetime import timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, set_up, stock
from tests.flows.feeding import ANN, HEAD, IL, PA, on_hand, taken_in
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.stock.stock import Adjustment, adjust
from troth.model.commands import PackWork, PickWork, ReleaseOrder, ShipWork
from troth.model.ids import Sku
from troth.model.refusals import StockShort


async def test_a_feed_between_captures_shipments_and_receipts_in_any_order_ends_the_same(
    system: System, clock: Clock
) -> None:
    rounds = list(itertools.permutations(("feed", "capture", "ship", "receive")))
    await set_up(system.pool, nodes=(), items=tuple(item(f"P{number}") for number in range(len(rounds))))
    for number, acts in enumerate(rounds):
        sku = f"P{number}"
        await stock(system, {(sku, PA): 20})
        shipped = accepted(await system.door.one(capture(f"{sku}-0", {sku: 5}), actor="test"))
        work = shipped.fulfillments[0].fulfillment_id
        for command in (ReleaseOrder(shipped.order_id), PickWork(work), PackWork(work)):
            accepted(await system.door.one(command, actor="test"))
        taken_at = clock.now + timedelta(minutes=1)
        clock.advance(minutes=2)

        for act in acts:
            match act:
                case "feed":
                    await taken_in(system, f"{HEAD}{sku},DC-PA,17\n", as_of=taken_at, reference=sku)
                case "capture":
                    accepted(await system.door.one(capture(f"{sku}-1", {sku: 4}), actor="test"))
                case "ship":
                    accepted(await system.door.one(ShipWork(work), actor="test"))
                case _:
                    await adjust(system, [Adjustment(PA, Sku(sku), 6, "receipt")], actor=ANN)

    assert await on_hand(system) == {(f"P{number}", PA): (17 - 5 + 6, 4) for number in range(len(rounds))}
    assert (await examine(system.pool)).is_clean


@pytest.mark.parametrize("seed", range(3))
async def test_feeds_beside_captures_lose_no_reservation_and_oversell_nothing(system: System, seed: int) -> None:
    draw = random.Random(seed)
    skus = [f"S{number:03}" for number in range(60)]
    await set_up(system.pool, nodes=(), items=tuple(map(item, skus)))

    def rows(units: int) -> Iterable[str]:
        return (f"{sku},{at},{units}\n" for sku in draw.sample(skus, len(skus)) for at in (PA, IL))

    await taken_in(system, HEAD + "".join(rows(3)), as_of=system.door.now(), reference="R-0")

    async def feed() -> None:
        for number, units in enumerate((4, 2, 5, 3), start=1):
            await taken_in(system, HEAD + "".join(rows(units)), as_of=system.door.now(), reference=f"R-{number}")

    captures = (
        system.door.one(capture(f"W-{number}", dict.fromkeys(draw.sample(skus, 2), 1)), actor="test")
        for number in range(200)
    )
    _, *outcomes = await asyncio.gather(feed(), *captures)

    promised = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert all(isinstance(outcome, Accepted | StockShort) for outcome in outcomes)
    assert sum(reserved for _, reserved in (await on_hand(system)).values()) == 2 * promised > 0
    assert await system.pool.fetchval("SELECT max(reserved - on_hand - deficit) FROM balances") <= 0
    assert (await examine(system.pool)).is_clean
