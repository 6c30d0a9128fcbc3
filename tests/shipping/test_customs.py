"""Goods that cross a customs border are declared, and do not leave with less than customs want to know."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.builders import NEW_YORK, Clock, item, set_up
from tests.conftest import Database
from tests.shipping.printed import pages_of
from tests.shipping.sending import TWO, label, labels, opened, packed, work_of
from troth.flows.door.system import System
from troth.flows.shipping.label_work import label_work
from troth.model.customs import crosses_customs
from troth.model.refusals import Invalid, NotPossibleNow
from troth.printing.documents import print_customs

TORONTO = replace(
    NEW_YORK, country="CA", name="Zoë Łuk", city="Toronto", region="ON", postcode="M5V 2T6", latitude=43.65,
    longitude=-79.38,
)  # fmt: skip


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    async with opened(database, Clock()) as one:
        yield one


async def declared(system: System, **attributes: str) -> None:
    await set_up(system.pool, items=(item("A", name="Wool socks", attributes=attributes),))
    await system.door.follow()


async def test_what_customs_would_ask_for_keeps_a_label_from_being_bought(system: System) -> None:
    await declared(system, hs_code="6115.95")
    order = await packed(system, ship_to=TORONTO)

    refused = await label_work(system, order, work_of(order), actor="test")

    assert isinstance(refused, Invalid)
    assert [flaw.detail for flaw in refused.flaws] == ["A lacks origin, which customs want to know"]
    assert await labels(system, order.order_id) == []


async def test_each_package_is_declared_with_its_goods_and_their_value(system: System) -> None:
    await declared(system, hs_code="6115.95", origin="PT")
    order = await packed(system, packages=TWO, ship_to=TORONTO)
    bought = await label(system, order)

    content = await print_customs(system, order, work_of(order))

    assert isinstance(content, bytes)
    texts = pages_of(content)
    assert len(texts) == 2
    for text in texts:
        for told in ("CN 23", "Wool socks", "6115.95", "PT", "19.90 USD", "Zoë Łuk", "Total gross weight 0.6 kg"):
            assert told in text
    assert [one.consignment.is_abroad for one in bought] == [True, True]


async def test_nothing_is_declared_at_home(system: System) -> None:
    order = await packed(system)

    no = await print_customs(system, order, work_of(order))

    assert no == NotPossibleNow("declare", "sent where nothing is declared")
    assert (await label(system, order))[0].state.value == "bought"


@pytest.mark.parametrize(
    ("origin", "destination", "is_declared"),
    [("DE", "FR", False), ("DE", "CH", True), ("GB", "IE", True), ("US", "PR", True), ("FR", "MC", False)],
)
def test_a_border_of_customs_is_not_every_border(origin: str, destination: str, *, is_declared: bool) -> None:
    assert crosses_customs(origin, destination) is crosses_customs(destination, origin) is is_declared
