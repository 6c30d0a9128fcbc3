"""The page on access says what the code allows."""

import re
from pathlib import Path

from troth.engine.available_to_sell import LOW_STOCK_MAX
from troth.flows.access import SCOPES
from troth.flows.users import ROLES
from troth.model.inventory import EntryKind

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_scope_is_described_as_in_the_code() -> None:
    rows = re.findall(r"^\| `([a-z:]+)` \| ([^|]+?) \|$", (DOCS / "access.md").read_text(), re.MULTILINE)

    assert dict(rows) == dict(SCOPES)


def test_every_role_is_listed_with_its_scopes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`.+?`) \| (?:\w+ )?\|$", (DOCS / "access.md").read_text(), re.MULTILINE)

    assert {role: frozenset(re.findall(r"`([a-z:]+)`", scopes)) for role, scopes in rows} == dict(ROLES)


def test_every_kind_of_entry_and_the_low_stock_threshold_are_documented() -> None:
    page = (DOCS / "inventory.md").read_text()

    assert [kind.value for kind in EntryKind if f"`{kind.value}`" not in page] == []
    assert f"| `low_stock` | 1 to {LOW_STOCK_MAX} units" in page
