"""The console as an entrance: operations, for those who are bound neither to nodes nor to customers."""

from pathlib import Path
from typing import Final

from troth.console.views_editor import json_text
from troth.console.views_order import supply_text
from troth.console.views_waterfall import word_of
from troth.flows.people.access import Actor
from troth.pages.entrance import Entrance, Section, make_templates

_SCOPE: Final = "orders:read"


def may_visit(actor: Actor) -> bool:
    """Whether the console is for them: it shows all nodes and customers, so not for those who are bound to some."""
    return actor.may(_SCOPE) and actor.nodes is None and actor.customers is None


ENTRANCE: Final = Entrance(
    name="console",
    title="Log in to operations",
    may_visit=may_visit,
    strangers="This login is for another part of Troth, not for the operations console.",
    templates=make_templates(
        Path(__file__).parent / "templates", supply=supply_text, tojson_text=json_text, fall_word=word_of
    ),
    scope=_SCOPE,
    sections=(
        Section("overview", "/", "Overview", "orders:read"),
        Section("orders", "/orders", "Orders", "orders:read"),
        Section("exceptions", "/exceptions", "Exceptions", "orders:read"),
        Section("returns", "/returns", "Returns", "returns:read"),
        Section("customers", "/customers", "Customers", "orders:read"),
        Section("notifications", "/notifications", "Messages", "orders:read"),
        Section("quote", "/quote", "Quote", "orders:read"),
        Section("work", "/fulfillments", "Work", "fulfillments:read"),
        Section("inventory", "/inventory", "Inventory", "inventory:read"),
        Section("nodes", "/nodes", "Nodes", "configuration:read"),
        Section("items", "/items", "Items", "configuration:read"),
        Section("partners", "/partners", "Partners", "configuration:read"),
        Section("configuration", "/routing", "Configuration", "configuration:read"),
        Section("webhooks", "/webhooks", "Webhooks", "webhooks:write"),
        Section("audit", "/audit", "Audit", "audit:read"),
    ),
)
