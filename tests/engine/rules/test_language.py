"""What may be written in a rule, and what is said where it may not: always with the position."""

import numpy as np
import pytest

from tests.engine.rules.reference import world
from tests.engine.worlds import MONDAY, demand, line, network, node, supply
from troth.engine.rules.expression import MEASURE, compile_expression
from troth.engine.rules.fields import FIELDS, ORDER
from troth.engine.rules.ground import Ground
from troth.engine.rules.syntax import CHARACTERS_MAX, Flaw
from troth.model.ids import Sku
from troth.model.item import Item, Restrictions


@pytest.mark.parametrize(
    ("text", "line", "column", "detail"),
    [
        ("order.chanel == 'web'", 1, 7, "there is no field order.chanel; did you mean order.channel?"),
        ("node.typ == 'dc'", 1, 6, "there is no field node.typ; did you mean node.type?"),
        ("true &&\n  lane.mile < 5.0", 2, 8, "there is no field lane.mile; did you mean lane.miles?"),
        ("warehouse.id == 'x'", 1, 11, "there is no field warehouse.id (there is no warehouse)"),
        ("node == 'x'", 1, 1, "node by itself is no value; name one of its fields, as node.id"),
        ("node.type", 1, 1, "this must be bool, and is string"),
        ("node.type == 1", 1, 1, "string == int means nothing"),
        ("node.pickup + 1 == 2", 1, 1, "bool + int means nothing"),
        ("1.5 % 2.0 == 0.0", 1, 1, "double % double means nothing"),
        ("node.pickup && node.type", 1, 16, "&& wants bool here, and this is string"),
        ("!node.type", 1, 2, "! wants bool here, and this is string"),
        ("node.type.startsWith(1)", 1, 22, ".startsWith wants string here, and this is int"),
        ("node.id.matches('[')", 1, 17, "the pattern cannot be used: missing ]: ["),
        ("node.id.matches(node.type)", 1, 17, "a pattern must be written out as a string"),
        ("node.id.upper() == 'A'", 1, 9, "there is no method upper"),
        ("lower(node.id) == 'a'", 1, 1, "there is no function lower"),
        ("node.attributes[node.id] == 'a'", 1, 17, "the name of an attribute must be written out as a string"),
        ("node.attributes == 'a'", 1, 1, "map of strings == string means nothing"),
        ("node.type in node.id", 1, 14, "node.id is no list"),
        ("node.type in ['a', 1]", 1, 20, "string == int means nothing"),
        ("has(1)", 1, 1, "has(…) wants a field"),
        ("has(node.attributes['x'])", 1, 1, 'has(…) wants a field; for an attribute write "name" in node.attributes'),
        ("order.lines.map(x, x.sku)", 1, 13, "a list that map makes can only stand behind `in`, in size"),
        ("order.lines.map(x, x.sku) == 'A'", 1, 13, "a list that map makes can only stand"),
        ("1 in order.lines.map(x, x.sku)", 1, 1, "int == string means nothing"),
        ("item.sku in order.lines.map(x, x.sku)", 1, 1, "what is looked for in a list made of lines may not differ"),
        ("'A' in order.lines.filter(x, x.quantity > 1)", 1, 8, "`in` wants values: map lines to one"),
        ("order.lines.filter(x, x.sku)", 1, 13, "a list that filter makes"),
        ("size(order.lines.filter(x, x.sku)) > 1", 1, 28, "filter wants bool here, and this is string"),
        ("size(order.lines.filter(x)) > 1", 1, 18, "write filter(each, condition)"),
        ("order.lines.map(x, x.sku).exists(y, y.quantity > 1)", 1, 37, "y is string, and has no fields"),
        ("order.lines.map(x, x.sku).exists(y, item.sku == y)", 1, 37, "within a macro over a list, item.sku cannot"),
        ("node.services.map(s, s) == 'A'", 1, 15, "a list that map makes"),
        ("size(node.services.filter(s, s == 'A')) > 0", 1, 20, "filter is for order.lines and lists that are"),
        ("node.id.exists(x, true)", 1, 6, "a macro goes through order.lines, a list that is written out"),
        ("['a', 'b'].exists(w, w)", 1, 22, "exists wants bool here, and this is string"),
        ("['a', 1].all(w, w == 'a')", 1, 17, "int == string means nothing"),
        ("['a'].all(w, ['b'].all(w, true))", 1, 24, "w is taken; use another name"),
        ("order.lines.exists(x, x.node)", 1, 25, "a line has no field node"),
        ("order.lines.exists(x, item.sku == 'A')", 1, 23, "within a macro over lines, write x.sku instead of item.sku"),
        ("order.lines.exists(x, order.lines.exists(y, y.quantity > x.quantity))", 1, 42, "a macro cannot stand"),
        ("order.lines.exists(node, true)", 1, 20, "node is taken; use another name"),
        ("x ? 1 : 2", 1, 1, "x by itself is no value"),
        ("node.pickup ? 1 : 'a'", 1, 19, "one branch is int, the other string"),
        ("null == null", 1, 1, "null cannot be used in a rule"),
        ("node.id == b'x'", 1, 13, "bytes cannot be written in a rule"),
        ("{'a': 1}.a == 1", 1, 1, "maps and messages cannot be written in a rule"),
        ("node.id == 'x", 1, 12, "this string never ends"),
        ("(node.pickup", 1, 1, "this ( is never closed"),
        ("node.pickup)", 1, 12, "this ) closes nothing"),
        ("node.pickup &&", 1, 15, "the expression ends too early"),
        ("node.pickup & node.pickup", 1, 13, "'&' is not expected here"),
        ("node.type = 'dc'", 1, 11, "'=' is not expected here"),
        ("   ", 1, 1, "the expression is empty"),
        ("node.id == 'a' && stock", 1, 19, "stock by itself is no value"),
    ],
)
def test_a_flaw_is_named_where_it_is(text: str, line: int, column: int, detail: str) -> None:
    with pytest.raises(Flaw) as raised:
        compile_expression(text)

    assert raised.value.detail.startswith(detail)
    assert (raised.value.at.line, raised.value.at.column) == (line, column)


def test_a_field_of_a_candidate_cannot_decide_whether_a_tier_applies() -> None:
    with pytest.raises(Flaw) as raised:
        compile_expression("order.channel == 'web' && node.pickup", reads=ORDER)

    assert raised.value.detail == "node.pickup cannot be used here, where only the order can"
    assert raised.value.at.column == 27


def test_lines_may_be_asked_about_where_only_the_order_can_be_read() -> None:
    code = compile_expression("order.lines.exists(each, each.category == 'shoes')", reads=ORDER)

    assert not code.is_by_line
    assert not code.is_by_node


def test_what_only_reads_constants_is_evaluated_when_it_is_compiled() -> None:
    code = compile_expression("1 + 2 == 3 && 'a' in ['a', 'b']")

    assert code.fixed is not None
    assert code.fixed.data is True


def test_a_part_that_is_false_for_the_order_spares_the_arrays() -> None:
    _wish, ground = world()

    value = compile_expression("stock.available > 1 && order.channel == 'app'").run(ground)

    assert value.data is False
    assert value.known is True


def test_what_only_reads_nodes_is_evaluated_once_for_a_network() -> None:
    _wish, ground = world()
    code = compile_expression("node.type == 'store' || node.capacity_per_day > 3")

    assert code.run(ground) is code.run(ground)


@pytest.mark.parametrize("path", [path for path, field in FIELDS.items() if not field.kind.startswith(("map", "list"))])
def test_every_field_can_be_read_by_a_rule(path: str) -> None:
    code = compile_expression(f"{path} == {path}" if not path.startswith("order.lines") else "size(order.lines) > 0")

    assert code.reads & FIELDS[path].reads


@pytest.mark.parametrize(
    "text",
    [
        "node.pickup && " * 700 + "true",
        "'" + "\\\\" * 3000,
        "(" * 5000,
        "!" * 3900 + "node.pickup",
        "+".join(["1"] * 1500) + " == 1",
        " || ".join(["node.id == 'a'"] * 220) + " || node.id in [" + ", ".join(["'b'"] * 90) + "]",
        "node.pickup ? " * 200 + "true" + " : false" * 200,
        "x" * (CHARACTERS_MAX + 6_000),
        "node.id.matches('" + "(a{1,1000}){1,1000}" * 10 + "')",
        "node.id.matches('" + "a" * 1_000 + "')",
        "node" + ".id" * 1_200,
    ],
    ids=["long and", "endless string", "parentheses", "exclamation marks", "sum", "many", "choices", "ten thousand",
         "bomb", "long pattern", "dots"],
)  # fmt: skip
def test_hostile_expressions_are_refused_in_bounded_time(text: str) -> None:
    with pytest.raises(Flaw) as raised:
        compile_expression(text, kinds=MEASURE)

    assert len(raised.value.detail) < 200


def test_a_pattern_that_ruins_others_is_matched_in_linear_time() -> None:
    code = compile_expression("'" + "a" * 3_000 + "b'.matches('(a+)+$')")

    assert code.fixed is not None
    assert code.fixed.data is False


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("node.services.exists(s, s.startsWith('exp'))", {"N2"}),
        ("node.services.all(s, s.size() > 7)", {"N1", "N3"}),
        ("node.services.exists_one(s, s != 'express')", {"N1", "N2"}),
        ("node.services.exists(s, s == 'standard' && node.pickup)", {"N2"}),
        ("node.services.all(s, s in ['standard', 'express']) && size(node.services) > 0", {"N1", "N2"}),
        ("['express', 'freight'].exists(s, s in node.services)", {"N2"}),
        ("[1, 2, 3].filter(n, n > 1).exists_one(n, n < 3)", {"N1", "N2", "N3"}),
        ("2 in [1, 2, 3].map(n, n > 1, n * 2) || 4 in [1, 2].map(n, n * 2)", {"N1", "N2", "N3"}),
        ("size([1, 2, 3].filter(n, n > 1)) == 2", {"N1", "N2", "N3"}),
    ],
)
def test_macros_go_through_the_texts_of_a_field_and_through_lists_that_are_written_out(
    text: str, nodes: set[str]
) -> None:
    net = network(
        node("N1", services=("standard",)), node("N2", services=("express", "standard"), pickup=True), node("N3")
    )
    wish = demand(line("A"))

    value = compile_expression(text).run(Ground(wish, supply(net, A={"N1": 1}), net, currency="USD", now=MONDAY))

    found = np.broadcast_to(np.asarray(value.data & value.known), (1, 3))[0]
    assert {place.node for place, is_in in zip(net.nodes, found, strict=True) if is_in} == nodes


def test_a_macro_over_the_texts_of_lines_differs_from_line_to_line() -> None:
    net = network(node("N1"), node("N2"))
    chilled = Item(Sku("B"), restrictions=Restrictions(node_needs=("chilled", "hazardous")))
    wish = demand(line("A", item=Item(Sku("A"))), line("B", item=chilled))

    code = compile_expression("item.needs.exists(need, need.startsWith('haz'))")
    value = code.run(Ground(wish, supply(net, A={}, B={}), net, currency="USD", now=MONDAY))

    assert code.is_by_line
    assert value.data.tolist() == [[False], [True]]


def test_lists_that_macros_go_through_are_bounded() -> None:
    tens = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    text = f"{tens}.all(a, {tens}.all(b, {tens}.all(c, {tens}.all(d, a + b + c + d > 0))))"

    with pytest.raises(Flaw) as raised:
        compile_expression(text)

    assert raised.value.detail == "macros go through more than 1,000 items in all"
