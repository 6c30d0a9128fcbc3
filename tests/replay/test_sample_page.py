"""The page about the sample retailer says what the code makes."""

from pathlib import Path

import numpy as np

from troth.model.network import Node, NodeType
from troth.replay.retailer import Retailer
from troth.replay.retailer.catalog import is_bulky, is_drop_ship_only
from troth.replay.retailer.categories import CATEGORIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sample-retailer.md"


def counts(retailer: Retailer) -> dict[str, int]:
    nodes, items = retailer.nodes, retailer.items
    stores = [node for node in nodes if node.type is NodeType.STORE]
    held = np.bincount(retailer.stock_sku_index, minlength=len(items))
    return {
        "Distribution centers": _count(nodes, NodeType.DC),
        "Stores": len(stores),
        "… in cities": len({(node.address.city, node.address.region) for node in stores}),
        "… in states": len({node.address.region for node in stores}),
        "Drop-ship vendors": _count(nodes, NodeType.DROP_SHIP),
        "SKUs": len(items),
        "… styles": len({item.attributes["style"] for item in items}),
        "… bulky": sum(map(is_bulky, items)),
        "… that only vendors hold": sum(map(is_drop_ship_only, items)),
        "… that nobody holds yet": int((held == 0).sum()),
        "Positions (SKU at a node) with stock": retailer.positions,
        "Units on hand": int(retailer.stock_units.sum()),
        "Purchase orders": len(retailer.purchase_orders),
        "… lines": sum(len(order.lines) for order in retailer.purchase_orders),
        "Sales rates": len(retailer.sales_rates),
    }


def test_the_page_states_the_counts_that_the_code_makes(small: Retailer, large: Retailer) -> None:
    in_large = counts(large)
    rows = [f"| {name} | {number:,} | {in_large[name]:,} |" for name, number in counts(small).items()]
    table = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert table[2 : 2 + len(rows)] == rows


def test_the_page_names_every_category() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [category.name for category in CATEGORIES if category.name not in text] == []


def _count(nodes: tuple[Node, ...], kind: NodeType) -> int:
    return sum(node.type is kind for node in nodes)
