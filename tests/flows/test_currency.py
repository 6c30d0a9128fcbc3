"""The one currency of costs is a setting: rate cards are in it, and rules weigh prices in it and in no other."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.builders import NEW_YORK, Clock, item, node, set_up, stock
from tests.conftest import Database
from tests.documents import rate_card, routing
from troth.flows.documents.families import RATE_CARDS
from troth.flows.door.system import System, open_system
from troth.flows.orders.capture import ContentLine, OrderContent
from troth.flows.orders.dry_run import DryRun, dry_run
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.recall import recall_policy
from troth.model.ids import LineId, Sku
from troth.model.money import Money
from troth.model.refusals import Invalid
from troth.store.documents import find_versions


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=Clock(), currency="EUR") as opened:
        await stock(opened, {("A", "DC-PA"): 1})
        yield opened


def _content(currency: str) -> OrderContent:
    line = ContentLine(LineId("1"), Sku("A"), 1, unit_price=Money(99_900, currency))
    return OrderContent(channel="web", external_id="", lines=(line,), ship_to=NEW_YORK)


async def test_a_rate_card_is_in_the_currency_of_costs_or_refused(system: System) -> None:
    dollars = await save_draft(system, RATE_CARDS, "usd", rate_card(currency="USD"), actor="ann")
    euros = await save_draft(system, RATE_CARDS, "eur", rate_card(currency="EUR"), actor="ann")

    assert isinstance(dollars, Invalid)
    assert [(flaw.pointer, flaw.detail) for flaw in dollars.flaws] == [
        ("/currency", "must be EUR, in which costs are counted")
    ]
    assert isinstance(euros, Saved)
    async with system.pool.acquire() as connection:
        assert await find_versions(connection, RATE_CARDS.key, "usd", limit=1) == []


async def test_rules_weigh_prices_in_the_currency_of_costs_and_in_no_other(system: System) -> None:
    dear = routing(tiers=[], eligibility=[{"name": "dear", "expression": "order.value > 500.0"}])

    euros = await dry_run(system, "dear", _content("EUR"), body=dear)
    dollars = await dry_run(system, "dear", _content("USD"), body=dear)

    assert isinstance(euros, DryRun)
    assert isinstance(dollars, DryRun)
    assert (euros.currency, euros.tried.uncovered) == ("EUR", ())
    assert dollars.tried.shipments == ()


async def test_what_decided_by_default_is_recalled_in_the_currency_of_costs(system: System) -> None:
    assert await recall_policy(system, "default-1") == replace(system.door.reference.policy, currency="EUR")
