"""`troth reconcile payments`: exit codes, words and JSON."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.cli.typing_commands import type_command
from troth.adapters.payments.opening import open_gateways, settled_providers
from troth.flows.door.system import open_system
from troth.flows.money.settle import follow_orders, settle_due
from troth.model.ids import OrderId
from troth.model.order import Payment
from troth.settings import Settings


@pytest.fixture
def order_id(dsn: str) -> OrderId:
    """An order of which nobody knows whether its payment was authorized."""

    async def make() -> OrderId:
        settings = Settings()
        async with open_system(
            dsn,
            providers=settled_providers(settings),
            gateways=lambda pool, clock: open_gateways(settings, pool, clock),
        ) as system:
            await set_up(system.pool, nodes=(node("DC-PA"),), items=(item("A"),))
            await stock(system, {("A", "DC-PA"): 5})
            payment = Payment("sandbox", "tok_timeout", 1990, "pending")
            command = capture("W-1", payments=(payment,), ordered_at=datetime.now(UTC))
            made = accepted(await system.door.one(command, actor="test"))
            while await follow_orders(system.pool, system.door.now()):
                pass
            assert await settle_due(system, limit=1) == 1
            return made.order_id

    return asyncio.run(make())


def test_what_is_unknown_is_told_and_repaired_if_asked(
    dsn: str, order_id: OrderId, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("reconcile", "payments", "--database-url", dsn)
    told = type_command(capsys, *command)
    assert told.code == 1
    assert "sandbox: 1 payments, 1 differ" in told.out
    assert f"order {order_id}, payment 1: in_flight, ours 0.00 USD, theirs none" in told.out
    repaired = type_command(capsys, *command, "--repair", "--json")
    assert repaired.code == 0
    (sandbox,) = json.loads(repaired.out)["gateways"]
    assert (sandbox["repaired"], sandbox["differences"]) == (1, [])
    assert type_command(capsys, *command).code == 0


def test_the_number_of_days_must_be_one(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed = type_command(capsys, "reconcile", "payments", "--days", "0", "--database-url", dsn)
    assert typed.code == 2
