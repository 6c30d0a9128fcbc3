"""A serial is with one fulfillment: two that claim it at once do not both get it, unless nobody looks."""

from datetime import timedelta

from tests.builders import NOW
from tests.conftest import Database
from troth.model.ids import FulfillmentId, LineId, OrderId, Sku
from troth.model.serials import SerialKey, SerialPlace
from troth.store.serials import claim_serials, find_serial, free_serials

KEY: SerialKey = (Sku("A"), "SN-1")


def place(order: str) -> SerialPlace:
    return SerialPlace(OrderId(order), FulfillmentId(f"{order}-F1"), LineId("1"), NOW)


async def test_who_saw_a_serial_free_that_another_took_meanwhile_does_not_get_it(database: Database) -> None:
    async with database.pool.acquire() as connection:
        first = await claim_serials(connection, {KEY: place("O-1")}, seen={}, at=NOW)
        second = await claim_serials(connection, {KEY: place("O-2")}, seen={}, at=NOW)
        held = await find_serial(connection, *KEY)

    assert (first, second) == (True, False)
    assert held is not None
    assert held.order_id == "O-1"


async def test_who_knows_the_last_holder_takes_a_serial_over(database: Database) -> None:
    later = NOW + timedelta(hours=1)
    async with database.pool.acquire() as connection:
        await claim_serials(connection, {KEY: place("O-1")}, seen={}, at=NOW)
        taken = await claim_serials(connection, {KEY: place("O-2")}, seen={KEY: FulfillmentId("O-1-F1")}, at=later)
        held = await find_serial(connection, *KEY)
        await free_serials(connection, {KEY: FulfillmentId("O-1-F1")})
        still = await find_serial(connection, *KEY)
        await free_serials(connection, {KEY: FulfillmentId("O-2-F1")})
        gone = await find_serial(connection, *KEY)

    assert taken
    assert held == still == SerialPlace(OrderId("O-2"), FulfillmentId("O-2-F1"), LineId("1"), later, is_held=False)
    assert gone is None
