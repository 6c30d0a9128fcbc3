"""The same expressions evaluated one candidate at a time by the CEL library's own interpreter, and random ones."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from celpy import Environment, celtypes
from celpy.evaluation import CELEvalError
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY, demand, line, network, node, supply
from troth.engine.rules.code import Code
from troth.engine.rules.ground import Ground
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.network import Address, Node, NodeType
from troth.model.plan import Demand, DemandLine

UNKNOWN = "unknown"
WORDS = ("A", "B", "web", "store", "dc", "NY", "")
INTS = (0, 1, 2, 3, 7, -2)

NODES = (
    node("DC-1", degrees=8.0, address=Address("US", region="NY"), capacity_per_day=7,
         attributes={"class": "A", "n": "3"}),
    node("ST-1", type=NodeType.STORE, address=Address("US"), pickup=True, attributes={"class": "B", "n": "x"}),
    node("ST-2", degrees=2.0, type=NodeType.STORE, address=Address("US", region="IA"), capacity_per_day=0, pickup=True),
)  # fmt: skip
STOCK = {"A": {"DC-1": 3, "ST-1": 1}, "B": {"ST-1": 2, "ST-2": 7}}
LINES = (
    line("A", 2, item=Item(Sku("A"), category="dc", attributes={"class": "A"})),
    line("B", 3, item=Item(Sku("B"), category="NY")),
)


def world() -> tuple[Demand, Ground]:
    """Two lines, three nodes, and fields that some of them lack."""
    net = network(*NODES)
    wish = demand(*LINES, channel="web", customer_class="A", priority=2, attributes={"class": "store"})
    return wish, Ground(wish, supply(net, **STOCK), net, currency="USD", now=MONDAY)


def cel(value: Any) -> Any:
    """A Python value as the interpreter's."""
    match value:
        case bool():
            return celtypes.BoolType(value)
        case int():
            return celtypes.IntType(value)
        case float():
            return celtypes.DoubleType(value)
        case str():
            return celtypes.StringType(value)
        case dict():
            return celtypes.MapType({cel(key): cel(one) for key, one in value.items() if one is not None})
        case _:
            return celtypes.ListType([cel(one) for one in value])


def facts_of(wish: Demand, one: DemandLine, place: Node) -> dict[str, Any]:
    """What the expression may ask about one candidate, from the model alone; None is missing."""
    assert one.item is not None
    units = STOCK[str(one.sku)].get(str(place.node), 0)
    return {
        "order": {
            "channel": wish.channel, "priority": wish.priority, "units": sum(each.quantity for each in LINES),
            "ship_complete": wish.ship_complete, "attributes": dict(wish.attributes), "region": None,
            "lines": [of_line(each) for each in LINES],
        },
        "customer": {"class": wish.customer_class},
        "line": {"quantity": one.quantity},
        "item": of_line(one),
        "node": {
            "id": str(place.node), "type": str(place.type), "region": place.address.region or None,
            "pickup": place.pickup, "capacity_per_day": place.capacity_per_day, "attributes": dict(place.attributes),
        },
        "stock": {"available": units, "has_all": units >= one.quantity},
    }  # fmt: skip


def of_line(one: DemandLine) -> dict[str, Any]:
    assert one.item is not None
    return {
        "sku": str(one.sku),
        "category": one.item.category,
        "attributes": dict(one.item.attributes),
        "quantity": one.quantity,
    }


def interpreted(text: str, wish: Demand) -> list[Any]:
    """What the interpreter says of each candidate, line by line."""
    limit = sys.getrecursionlimit()
    try:
        return _interpreted(text, wish)
    finally:
        sys.setrecursionlimit(limit)  # it raises it for the whole process


def _interpreted(text: str, wish: Demand) -> list[Any]:
    environment = Environment()
    program = environment.program(environment.compile(text))
    found: list[Any] = []
    for one in LINES:
        for place in NODES:
            try:
                found.append(program.evaluate({name: cel(of) for name, of in facts_of(wish, one, place).items()}))
            except CELEvalError:
                found.append(UNKNOWN)
    return found


def spread(code: Code, ground: Ground) -> list[Any]:
    """What the arrays say of each candidate, in the same order."""
    with np.errstate(all="ignore"):
        value = code.run(ground)
    shape = (len(LINES), len(NODES))
    known = np.broadcast_to(np.asarray(value.known), shape).ravel().tolist()
    data: list[Any]
    if hasattr(value.data, "codes"):
        data = [value.data.words[at] for at in np.broadcast_to(value.data.codes, shape).ravel().tolist()]
    else:
        data = np.broadcast_to(np.asarray(value.data), shape).ravel().tolist()
    return [one if is_known else UNKNOWN for one, is_known in zip(data, known, strict=True)]


def quoted(word: str) -> str:
    return f'"{word}"'


words = st.sampled_from([
    *map(quoted, WORDS), "order.channel", "customer.class", "item.sku", "item.category", "node.id", "node.type",
    "node.region", "order.region", 'node.attributes["class"]', "node.attributes.n", 'item.attributes["class"]',
    'order.attributes["class"]', 'order.attributes["none"]',
])  # fmt: skip
whole = st.sampled_from([
    *map(str, INTS), "order.priority", "order.units", "line.quantity", "node.capacity_per_day", "stock.available",
    "size(order.lines)", "size(node.id)", "size(item.category)",
])  # fmt: skip
flags = st.sampled_from([
    "true", "false", "node.pickup", "stock.has_all", "order.ship_complete", "has(node.region)", "has(order.region)",
    "has(node.capacity_per_day)", '"class" in node.attributes', '"class" in item.attributes',
    'node.type in ["dc", "store"]', "stock.available in [1, 2, 7]", 'node.id.matches("^ST-[0-9]$")',
])  # fmt: skip
of_line_flags = st.sampled_from([
    'each.sku == "A"', "each.quantity > 2", 'each.category == node.region', '"class" in each.attributes',
    'each.attributes["class"] == "A"', "node.pickup", "each.quantity <= order.priority", "has(node.region)",
])  # fmt: skip


def is_of_no_line(text: str) -> bool:
    return not any(scope in text for scope in ("item.", "line.", "stock."))


def is_always_known(text: str) -> bool:
    return not any(name in text for name in ("region", "attributes", "capacity", "priority"))


def grown(parts: st.SearchStrategy[str], templates: Sequence[str], others: dict[str, Any]) -> st.SearchStrategy[str]:
    """Expressions that put parts into templates: {0}, {1} are of the same kind, letters name other kinds."""

    def fill(draw: st.DrawFn) -> str:
        template = draw(st.sampled_from(list(templates)))
        return template.format(draw(parts), draw(parts), **{name: draw(one) for name, one in others.items()})

    return st.composite(fill)()


texts = words | grown(words, ["({0} + {1})", "({f} ? {0} : {1})"], {"f": flags})
numbers = st.recursive(
    whole,
    lambda inner: grown(
        inner, ["({0} + {1})", "({0} - {1})", "({0} * {1})", "({0} / {1})", "({0} % {1})", "({f} ? {0} : {1})",
                "-({0})"],
        {"f": flags},
    ),
    max_leaves=4,
)  # fmt: skip
# The interpreter makes a plain string of joined ones, which then contains nothing: {u} are never joined.
atoms = flags | grown(
    flags,
    [
        "({n} == {m})", "({n} != {m})", "({n} < {m})", "({n} >= {m})", "({s} == {t})", "({s} != {t})", "({s} < {t})",
        "{s}.startsWith({t})", "{u}.contains({t})", "{s}.endsWith({t})", "({n} in [1, {m}, 3])",
        "({s} in [{t}, \"A\"])",
        "order.lines.exists(each, {l})", "order.lines.all(each, {l})", "order.lines.exists(each, {l} && {k})",
        "order.lines.exists_one(each, {a})", "(size(order.lines.filter(each, {a})) > 1)",
        "({v} in order.lines.map(each, each.sku))", "({v} in order.lines.filter(each, {a}).map(one, one.category))",
        "order.lines.filter(each, {a}).all(one, {o})", '["A", {c}, "b"].exists(w, w == {p})',
        '[1, {r}].all(w, w < {q})', "order.lines.map(each, each.quantity).exists(n, n > 2)",
    ],
    {"n": numbers, "m": numbers, "s": texts, "t": texts, "u": words, "l": of_line_flags, "k": of_line_flags,
     "v": words.filter(lambda text: not text.startswith("item.") and is_always_known(text)),
     # Within a macro over a list nothing may be asked of the line that is looked at.
     "p": texts.filter(is_of_no_line), "q": numbers.filter(is_of_no_line),
     # The interpreter stops at an error within these macros, also where the other side of && or || has decided.
     "a": of_line_flags.filter(is_always_known), "c": words.filter(is_always_known),
     "r": whole.filter(is_always_known),
     "o": of_line_flags.map(lambda text: text.replace("each.", "one."))},
)  # fmt: skip
conditions = st.recursive(
    atoms,
    lambda inner: grown(
        inner, ["(({0}) && ({1}))", "(({0}) || ({1}))", "!({0})", "(({0}) ? {1} : {f})", "(({0}) == ({1}))"],
                        {"f": flags}),
    max_leaves=6,
)  # fmt: skip


def each_of(found: Sequence[Any]) -> Iterator[Any]:
    """Plain Python values, for comparison."""
    for one in found:
        yield one if one == UNKNOWN else bool(one) if isinstance(one, bool | celtypes.BoolType) else one
