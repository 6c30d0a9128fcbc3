"""Exposure rules over a small pool, in a line each."""

from datetime import datetime
from typing import Any

from tests.engine.worlds import MONDAY, network, node, rows
from troth.engine.carriage.network import Network
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.taking import Pool, exposed_supply
from troth.engine.exposure.waterfall import Waterfall, find_waterfall
from troth.engine.supply.supply import SupplyRows
from troth.model.exposure import DemandClass, ExposureRules, SalesRate
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.network import NodeType
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine

NET = network(node("dc"), node("store-1", type=NodeType.STORE), node("store-2", type=NodeType.STORE, degrees=2.0))
ITEM = Item(Sku("A"), category="tents", brand="Acme", attributes={"season": "summer"})
KEY = DemandClass("key", 1, "customer.class == 'key'")
LOYAL = DemandClass("loyal", 2, "customer.class == 'loyal'")


def stock(*entries: tuple[str, int] | tuple[str, int, datetime], net: Network = NET) -> SupplyRows:
    """What is free, by node, and from when."""
    return rows(net, *entries)


def exposure(
    now: datetime = MONDAY,
    consumed: Consumed | None = None,
    rates: dict[str, SalesRate] | None = None,
    **rules: Any,
) -> Exposure:
    """One document of rules in force."""
    compiled = compile_exposure((("doc", "doc@1", ExposureRules(**rules)),), now)
    by_node = {Sku("A"): {NodeId(name): rate for name, rate in (rates or {}).items()}}
    return Exposure(compiled, Consumed() if consumed is None else consumed, by_node)


def pool(rules: Exposure | None, now: datetime = MONDAY, item: Item = ITEM) -> Pool:
    """The pool under these rules."""
    return Pool({item.sku: item}, NET, rules, "USD", now)


def ask(quantity: int = 1, customer_class: str = "", channel: str = "web", **facts: Any) -> Demand:
    """Units of the item, asked for by somebody."""
    line = {key: facts.pop(key) for key in ("need_by", "not_before") if key in facts}
    return Demand(
        (DemandLine(LineId("1"), Sku("A"), quantity, item=ITEM, **line),),
        None,
        facts.pop("method", Method.SHIP),
        channel=channel,
        customer_class=customer_class,
        **facts,
    )


def shown(
    rules: Exposure | None, supply: SupplyRows, demand: Demand | None = None, now: datetime = MONDAY
) -> list[int]:
    """What of each row may be taken."""
    found = exposed_supply(pool(rules, now), demand or ask(), [Sku("A")], lambda _: supply)
    units: list[int] = found[Sku("A")].available.tolist()
    return units


def fall(rules: Exposure | None, supply: SupplyRows, demand: Demand | None = None, now: datetime = MONDAY) -> Waterfall:
    """The waterfall of the pool."""
    return find_waterfall(pool(rules, now), demand or ask(), ITEM, supply)
