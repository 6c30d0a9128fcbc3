"""The page on money: its worked example is true, and the order that it shows comes to the total that it states."""

import doctest
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tests.builders import item
from tests.engine.test_owed import order_of
from troth.flows.orders.capture import price_line
from troth.flows.orders.charges import ContentCharges, ContentTotals, PricedLine, find_charge_flaws, settle_lines
from troth.http.orders.order_body import OrderBody
from troth.model.charges import DeliveryCharge
from troth.model.ids import LineId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.money import Money
from troth.model.order import Line, Order

_PAGE = (Path(__file__).parents[2] / "docs" / "money.md").read_text(encoding="utf-8")


def captured(of_lines: Mapping[str, tuple[int, ...]], *, discount: int, delivery: tuple[int, int]) -> Order:
    """An order of lines with these amounts in minor units, settled as capturing settles it."""
    rows = zip(*(of_lines[name] for name in ("prices", "quantities", "discounts", "taxes")), strict=True)
    lines, priced = [], []
    for number, (price, quantity, off, tax) in enumerate(rows, 1):
        stated = ContentCharges(Money(off, "USD"), Money(tax, "USD"))
        lines.append(Line(LineId(str(number)), Sku("A"), quantity, price))
        priced.append(PricedLine(quantity, price * quantity, stated))
    charges = settle_lines(ContentTotals(discount=Money(discount, "USD")), priced)
    settled = [replace(line, charges=found) for line, found in zip(lines, charges, strict=True)]
    return order_of(*settled, delivery_charge=DeliveryCharge(*delivery))


def shipped(order: Order, units: Mapping[LineId, int]) -> Order:
    """The order with so many units of its lines shipped."""
    return order_of(*order.lines, left=units, delivery_charge=order.delivery_charge)


def canceled(order: Order, units: Mapping[LineId, int]) -> Order:
    """The order with so many units canceled that have not left."""
    left = {part.line_id: part.quantity for part in order.allocations if part.state is AllocationState.SHIPPED}
    lines = [replace(line, canceled_quantity=units.get(line.line_id, 0)) for line in order.lines]
    return order_of(*lines, left=left, delivery_charge=order.delivery_charge)


def test_the_worked_example_is_true() -> None:
    (example,) = re.findall(r"^```pycon\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"captured": captured, "shipped": shipped, "canceled": canceled}
    said: list[str] = []

    failed, attempted = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(example, names, "money.md", None, 0), out=said.append
    )

    assert (failed, "".join(said)) == (0, "")
    assert attempted > 0


def test_the_order_of_the_page_comes_to_what_it_states() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL)
    items = {Sku(sku): item(sku) for sku in ("A-1001", "A-1002")}
    body: OrderBody = TypeAdapter(OrderBody).validate_json(json.dumps(json.loads(text)))
    content = body.order(items)
    assert content.totals is not None
    priced = tuple(price_line(line, items) for line in content.lines)

    assert find_charge_flaws(content.totals, priced, "USD") == ()
    less = replace(content.totals, total=Money(5200, "USD"))
    (flaw,) = find_charge_flaws(less, priced, "USD")
    assert flaw.detail in _PAGE
