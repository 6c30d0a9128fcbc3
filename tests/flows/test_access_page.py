"""The page on access says what the code allows."""

import re
from pathlib import Path

from troth.engine.supply.available_to_sell import LOW_STOCK_ATTRIBUTE, LOW_STOCK_MAX
from troth.flows.people.access import SCOPES
from troth.flows.people.users import ROLES
from troth.flows.stock.availability import PICKUP_MILES
from troth.model.inventory import EntryKind

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_scope_is_described_as_in_the_code() -> None:
    rows = re.findall(r"^\| `([a-z:]+)` \| ([^|]+?) \|$", (DOCS / "access.md").read_text(), re.MULTILINE)

    assert dict(rows) == dict(SCOPES)


def test_every_role_is_listed_with_its_scopes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`.+?`) \| (?:\w+ )?\|$", (DOCS / "access.md").read_text(), re.MULTILINE)

    assert {role: frozenset(re.findall(r"`([a-z:]+)`", scopes)) for role, scopes in rows} == dict(ROLES)


def test_every_kind_of_entry_and_what_availability_goes_by_are_documented() -> None:
    page = (DOCS / "inventory.md").read_text()

    assert [kind.value for kind in EntryKind if f"`{kind.value}`" not in page] == []
    words = (DOCS / "availability.md").read_text()
    assert f"| `low_stock` | 1 to {LOW_STOCK_MAX} units" in words
    assert f"within {PICKUP_MILES:.0f} miles" in words
    assert f"`{LOW_STOCK_ATTRIBUTE}`" in words
