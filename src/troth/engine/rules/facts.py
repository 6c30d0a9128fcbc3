"""How each field of the catalog is made into an array, from a demand, the network and the stock."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from troth.engine.rules.history_facts import HISTORY_LOADERS
from troth.engine.rules.lane_facts import LANE_LOADERS
from troth.engine.rules.loading import (
    Facts,
    Loader,
    as_known,
    as_text,
    in_money,
    is_foreign,
    node_numbers,
    node_sets,
    node_texts,
)
from troth.engine.rules.moment_facts import MOMENT_LOADERS
from troth.engine.rules.values import NO_NUMBER, NO_TEXT, UNKNOWN, Known, Value, code_words
from troth.engine.supply.feed_age import feed_ages
from troth.engine.supply.kits import find_kits, has_kits, rows_of_kits
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.engine.supply.unit_prices import align
from troth.engine.work_times.work_rates import rates_there
from troth.model.item import Item
from troth.model.network import Address
from troth.model.plan import DemandLine
from troth.model.work_times import WorkRates

WEEKLY_UNITS: Final = "weekly_units"
"""The item attribute that says what a node sells in a week, where nothing better is known."""

_DAY_SECONDS: Final = 86_400.0


def load_entry(facts: Facts, path: str, key: str) -> Value:
    """The entry of a map by name: unknown where the map lacks it."""
    if path == "order.attributes":
        found = facts.demand.attributes.get(key)
        return NO_TEXT if found is None else Value(found)
    if path == "node.attributes":
        return facts.remember(
            (path, key), lambda _: _entries([node.attributes for node in facts.network.nodes], key, by_line=False),
            has_lane=False,
        )  # fmt: skip
    return _entries([{} if line.item is None else line.item.attributes for line in facts.demand.lines], key)


def _entries(maps: Sequence[Mapping[str, str]], key: str, *, by_line: bool = True) -> Value:
    shape = (len(maps), 1) if by_line else (len(maps),)
    is_there = np.array([key in entries for entries in maps], dtype=np.bool_).reshape(shape)
    return Value(code_words([entries.get(key, "") for entries in maps], shape), as_known(is_there))


def _of_place(read: Callable[[Address], str]) -> Loader:
    return lambda facts: NO_TEXT if facts.place is None else as_text(read(facts.place))


def _line_numbers(read: Callable[[Facts, DemandLine], float | None]) -> Loader:
    def load(facts: Facts) -> Value:
        found = [read(facts, line) for line in facts.demand.lines]
        numbers = [number or 0.0 for number in found]
        return Value(np.array(numbers, dtype=np.float64).reshape(-1, 1), _where_known(found))

    return load


def _line_bools(read: Callable[[DemandLine], bool | None]) -> Loader:
    def load(facts: Facts) -> Value:
        found = [read(line) for line in facts.demand.lines]
        return Value(np.array([bool(flag) for flag in found], dtype=np.bool_).reshape(-1, 1), _where_known(found))

    return load


def _line_texts(read: Callable[[DemandLine], str | None]) -> Loader:
    def load(facts: Facts) -> Value:
        found = [read(line) for line in facts.demand.lines]
        return Value(code_words([text or "" for text in found], (len(found), 1)), _where_known(found))

    return load


def _of_item(read: Callable[[Item], float]) -> Loader:
    return _line_numbers(lambda _, line: None if line.item is None else read(line.item))


def _item_money(read: Callable[[Item], int]) -> Loader:
    """An amount of the catalog, missing where it is in another currency than costs are."""
    return _line_numbers(
        lambda f, line: None if line.item is None or line.item.currency != f.currency else in_money(f, read(line.item))
    )


def _item_sets(read: Callable[[Item], Sequence[str]]) -> Loader:
    def load(facts: Facts) -> Value:
        items = [line.item for line in facts.demand.lines]
        sets = [frozenset() if item is None else frozenset(read(item)) for item in items]
        return Value(code_words(sets, (len(sets), 1)), _where_known(items))

    return load


def _where_known(found: Sequence[object]) -> Known:
    """Where lines have a value (K, 1)."""
    if None not in found:
        return True
    return np.array([one is not None for one in found], dtype=np.bool_).reshape(-1, 1)


def _supplies(facts: Facts) -> tuple[SupplyRows, ...]:
    lines = facts.demand.lines
    if has_kits(lines):
        return rows_of_kits(lines, find_kits(lines, facts.supply, facts.now.timestamp()))
    return tuple(facts.supply.get(line.sku, NO_SUPPLY) for line in lines)


def _incoming(facts: Facts) -> Value:
    lines, count = facts.demand.lines, len(facts.network.nodes)
    units = np.zeros((len(lines), count))
    for at, rows in enumerate(_supplies(facts)):
        if rows.has_dated:
            is_later = rows.available_from > 0.0
            units[at] = (
                np.bincount(rows.node_index[is_later], rows.available[is_later], count)[:count] / lines[at].scale
            )
    return Value(units)


def _feed_ages(facts: Facts) -> Value:
    hours = feed_ages(facts.network, facts.now.timestamp())
    is_known = np.isfinite(hours)
    return Value(np.where(is_known, hours, 0.0), as_known(is_known))


def _work_rate(name: str) -> Loader:
    at = WorkRates._fields.index(name)
    return lambda facts: Value(rates_there(facts.network)[at])


def _available(facts: Facts) -> Value:
    lines, count = facts.demand.lines, len(facts.network.nodes)
    supplies = _supplies(facts)
    available = np.empty((len(lines), count))
    for at, rows in enumerate(supplies):
        node, units = rows.node_index, rows.available
        if rows.has_dated:
            here = rows.available_from == 0.0
            node, units = node[here], units[here]
        available[at] = np.bincount(node, units, count)[:count] / lines[at].scale
    return Value(available)


def _has_all(facts: Facts) -> Value:
    asked = facts.field("line.quantity").data
    return Value(facts.field("stock.available").data >= asked)


def _lines_covered(facts: Facts) -> Value:
    has_all = facts.field("stock.has_all").data
    return Value(has_all.view(np.int8).sum(axis=0, dtype=np.int32).astype(np.float64))


def _weekly_units(facts: Facts) -> Value:
    network, prices = facts.network, facts.prices
    weekly = np.empty((len(facts.demand.lines), len(network.nodes)))
    for at, line in enumerate(facts.demand.lines):
        stated = _stated_weekly(line)
        weekly[at] = stated if prices is None else align(prices.weekly_units, line.sku, network, missing=stated)
    return Value(weekly, as_known(weekly >= 0.0))


def _weeks_of_supply(facts: Facts) -> Value:
    available, weekly = facts.field("stock.available").data, facts.field("stock.weekly_units").data
    with np.errstate(all="ignore"):
        weeks = available / weekly
    if weekly.min(initial=1.0) > 0.0:
        return Value(weeks)
    weeks[weekly == 0.0] = math.inf  # what never sells lasts forever
    return Value(weeks, as_known(weekly >= 0.0))


def _stated_weekly(line: DemandLine) -> float:
    """What the item itself says; -1 where it says nothing that is a number."""
    stated = None if line.item is None else line.item.attributes.get(WEEKLY_UNITS)
    try:
        units = -1.0 if stated is None else float(stated)
    except ValueError:
        return -1.0
    return units if units >= 0.0 else -1.0


def _days_until(facts: Facts, line: DemandLine) -> float | None:
    return None if line.need_by is None else (line.need_by - facts.now).total_seconds() / _DAY_SECONDS


def _order_value(facts: Facts) -> Value:
    if is_foreign(facts):
        return NO_NUMBER
    return Value(in_money(facts, sum(line.value_minor(line.quantity) for line in facts.order.lines)))


LOADERS: Final[Mapping[str, Loader]] = {
    "order.channel": lambda f: Value(f.demand.channel),
    "order.method": lambda f: Value(str(f.demand.method)),
    "order.service": lambda f: Value(f.demand.service),
    "order.currency": lambda f: Value(f.demand.currency or f.currency),
    "order.value": _order_value,
    "order.units": lambda f: Value(sum(line.count(line.quantity) for line in f.order.lines)),
    "order.weight_kg": lambda f: Value(sum(line.grams(line.quantity) for line in f.order.lines) / 1000),
    "order.lines": lambda f: Value(len(f.order.lines)),
    "order.country": _of_place(lambda place: place.country),
    "order.region": _of_place(lambda place: place.subdivision),
    "order.city": _of_place(lambda place: place.city),
    "order.postcode": _of_place(lambda place: place.postcode),
    "order.priority": lambda f: Value(f.demand.priority),
    "order.ship_complete": lambda f: Value(f.demand.ship_complete),
    "order.attributes": lambda f: Value(f.demand.attributes),
    "order.residential": lambda f: (
        Value(False, False) if f.place is None or f.place.residential is None else Value(f.place.residential)
    ),
    "order.tender": lambda f: Value(f.demand.tender),
    "order.shipments_max": lambda f: NO_NUMBER if f.order.shipments_max is None else Value(f.order.shipments_max),
    "customer.id": lambda f: Value(f.demand.customer_id),
    "customer.class": lambda f: Value(f.demand.customer_class),
    "line.quantity": _line_numbers(lambda _, line: line.quantity if line.scale == 1 else line.quantity / line.scale),
    "line.price": _line_numbers(lambda f, line: None if is_foreign(f) else in_money(f, line.unit_price_minor)),
    "line.value": _line_numbers(
        lambda f, line: None if is_foreign(f) else in_money(f, line.value_minor(line.quantity))
    ),
    "line.need_by_days": _line_numbers(_days_until),
    "line.not_before_days": _line_numbers(
        lambda f, line: None if line.not_before is None else (line.not_before - f.now).total_seconds() / _DAY_SECONDS
    ),
    "item.sku": _line_texts(lambda line: line.sku),
    "item.name": _line_texts(lambda line: None if line.item is None else line.item.name),
    "item.category": _line_texts(lambda line: None if line.item is None else line.item.category),
    "item.brand": _line_texts(lambda line: None if line.item is None else line.item.brand),
    "item.gtin": _line_texts(lambda line: None if line.item is None else line.item.gtin),
    "item.return_percent": _line_numbers(
        lambda _, line: (
            None if line.item is None or line.item.return_basis_points is None else line.item.return_basis_points / 100
        )
    ),
    "item.price": _item_money(lambda item: item.price_minor),
    "item.cost": _item_money(lambda item: item.cost_minor),
    "item.weight_kg": _line_numbers(lambda _, line: line.weight_grams / 1000),
    "item.volume_liters": _line_numbers(lambda _, line: line.volume_cm3 / 1000),
    "item.length_mm": _of_item(lambda item: item.dimensions_mm[0]),
    "item.width_mm": _of_item(lambda item: item.dimensions_mm[1]),
    "item.height_mm": _of_item(lambda item: item.dimensions_mm[2]),
    "item.kit": _line_bools(lambda line: None if line.item is None else bool(line.item.kit)),
    "item.serialized": _line_bools(lambda line: None if line.item is None else line.item.serialized),
    "item.needs": _item_sets(lambda item: () if item.restrictions is None else item.restrictions.node_needs),
    "item.not_to": _item_sets(lambda item: () if item.restrictions is None else item.restrictions.not_to),
    "item.ship_alone": _line_bools(lambda line: None if line.item is None else line.item.ship_alone),
    "item.attributes": lambda _: UNKNOWN,
    "node.id": node_texts(lambda node: node.node),
    "node.type": node_texts(lambda node: str(node.type)),
    "node.name": node_texts(lambda node: node.name),
    "node.country": node_texts(lambda node: node.address.country),
    "node.region": node_texts(lambda node: node.address.subdivision, is_optional=True),
    "node.city": node_texts(lambda node: node.address.city, is_optional=True),
    "node.postcode": node_texts(lambda node: node.address.postcode, is_optional=True),
    "node.time_zone": node_texts(lambda node: node.time_zone),
    "node.latitude": node_numbers(lambda _, node: node.latitude),
    "node.longitude": node_numbers(lambda _, node: node.longitude),
    "node.pickup": lambda f: Value(np.array([node.pickup for node in f.network.nodes], dtype=np.bool_)),
    "node.capacity_per_day": node_numbers(lambda _, node: node.capacity_per_day),
    "node.processing_hours": node_numbers(lambda _, node: node.processing_hours),
    "node.handling": node_numbers(lambda f, node: in_money(f, node.handling_minor)),
    "node.shipment": node_numbers(lambda f, node: in_money(f, node.shipment_minor)),
    "node.labor": node_numbers(lambda f, node: in_money(f, node.labor_minor)),
    "node.services": node_sets(lambda node: node.services),
    "node.capabilities": node_sets(lambda node: node.capabilities),
    "node.attributes": lambda _: UNKNOWN,
    "node.feed_age_hours": _feed_ages,
    "node.accept_rate": _work_rate("accept"),
    "node.short_rate": _work_rate("short"),
    "node.on_time_rate": _work_rate("on_time"),
    "node.task_minutes": _work_rate("task_minutes"),
    **LANE_LOADERS,
    **MOMENT_LOADERS,
    **HISTORY_LOADERS,
    "stock.available": _available,
    "stock.has_all": _has_all,
    "stock.lines_covered": _lines_covered,
    "stock.incoming": _incoming,
    "stock.weekly_units": _weekly_units,
    "stock.weeks_of_supply": _weeks_of_supply,
}
"""The maps have no values of their own; their entries do."""
